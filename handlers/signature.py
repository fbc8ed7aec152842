"""SendGrid's signature on its posts: ECDSA on P-256 with SHA-256, over time stamp and body.

https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
"""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from flask import Request

from handlers.request_body import discard_rest, read_body

SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"
# Of every year from 2001 to 2286. Signed are time stamp and body, one right after the other: with any other number, the
# body's first digits could be passed off as the time stamp's last, or the reverse.
_TEN_DIGITS = re.compile(r"[0-9]{10}")
# SendGrid repeats an inbound e-mail for three days, delivery events for one, and does not say whether it signs anew
_REPEATED_FOR = timedelta(days=4)
# Seconds. Anybody can make up a signature, which is known only when the body is there; SendGrid sends at once, or again
PATIENCE = 2.0


def verification_keys(text: str) -> tuple[EllipticCurvePublicKey, ...]:
    """As SendGrid shows them (base64 of DER), with white space between: two while a key is being changed. Raises
    `ValueError`."""
    keys = tuple(map(_verification_key, text.split()))
    if not keys:
        raise ValueError("empty")
    return keys


@dataclass(frozen=True)
class Unsigned:
    why: str


def signed_body(
    request: Request, keys: Sequence[EllipticCurvePublicKey], most: int, now: Callable[[], float]
) -> bytes | Unsigned:
    """Not a byte is read where a header shows that SendGrid did not sign it. `now` in seconds since 1970. Raises
    `HttpProblem`."""
    # the sendgrid library's own check raises on malformed base64, a missing header, and bytes that are not UTF-8
    signature, timestamp = _signature(request), request.headers.get(TIMESTAMP, "")
    why = None
    if not signature:
        why = "not signed"
    elif not _TEN_DIGITS.fullmatch(timestamp):
        why = "no time stamp"
    elif abs(now() - int(timestamp)) > _REPEATED_FOR.total_seconds():
        why = "signed long ago"
    if why:
        discard_rest(request)
        return Unsigned(why)
    body = read_body(request, most, PATIENCE)
    signed = timestamp.encode() + body
    return body if any(_verifies(key, signature, signed) for key in keys) else Unsigned("signed by another key")


def _signature(request: Request) -> bytes:
    """Empty where the header is none."""
    try:
        signature = base64.b64decode(request.headers.get(SIGNATURE, ""), validate=True)
        decode_dss_signature(signature)
    except ValueError:
        return b""
    return signature


def _verification_key(text: str) -> EllipticCurvePublicKey:
    try:
        key = load_der_public_key(base64.b64decode(text, validate=True))
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError("not a key on P-256")
    return key


def _verifies(key: EllipticCurvePublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify(signature, signed, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True
