"""SendGrid's signature on its posts: ECDSA on P-256 with SHA-256, over time stamp and body.

https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
"""

import base64
import binascii
from collections.abc import Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from flask import Request

SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"


def verification_keys(text: str) -> tuple[EllipticCurvePublicKey, ...]:
    """As SendGrid shows them (base64 of DER), with white space between: two while a key is being changed. Raises
    `ValueError`."""
    keys = tuple(map(_verification_key, text.split()))
    if not keys:
        raise ValueError("empty")
    return keys


def is_signed(request: Request, keys: Sequence[EllipticCurvePublicKey]) -> bool:
    """Does not parse the body."""
    # the sendgrid library's own check raises on malformed base64, a missing header, and bytes that are not UTF-8
    try:
        signature = base64.b64decode(request.headers.get(SIGNATURE, ""), validate=True)
        signed = request.headers.get(TIMESTAMP, "").encode() + request.get_data()
    except ValueError:
        return False
    return any(_verifies(key, signature, signed) for key in keys)


def why_refused(request: Request) -> str:
    return "signed by another key" if request.headers.get(SIGNATURE) else "not signed"


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
