"""The fields and files of a post of SendGrid's Inbound Parse.

https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook. The boundary is
always `xYzZY`, so a sender can add fields. Then SendGrid's own stand there twice, and nothing is proven.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from rollcall.inbound.charsets import Decoded, clean, decode, text_of
from rollcall.inbound.mime import headers_of, likely_boundary, parameter, parts_between
from rollcall.model.inbound import Envelope
from rollcall.model.registration import base32

# A sender can add fields; each costs time before the e-mail is stored.
MOST_FIELDS = 500
"""SendGrid posts about twenty, and one for each attachment."""
LONGEST_FIELD_HEADERS = 4096
"""Bytes; twice the longest file name."""
LONGEST_OBJECT = 256 * 1024
"""Bytes of JSON: what SendGrid says of 500 files."""

_IN_A_CHARSET = ("from", "to", "cc", "subject", "text", "html")
_SENT = ("email", "headers", "text", "html")
_IN_MESSAGES = ("from", "to", "subject", "date", "message-id", "mime-version", "content-type", "received")
_SIGNATURE = r"[^\s:@{}(),]*@([^\s:@{}(),]+)\s*:\s*([a-z]+)"
_DKIM = re.compile(_SIGNATURE, re.IGNORECASE)
_ALL_DKIM = re.compile(rf"\s*\{{\s*{_SIGNATURE}(?:\s*,\s*{_SIGNATURE})*\s*\}}\s*", re.IGNORECASE)
_ID_BYTES = 15  # 24 base 32 digits


@dataclass(frozen=True)
class PostedFile:
    field: str
    name: str
    """May be empty."""
    type: str
    """With parameters."""
    content: bytes


@dataclass(frozen=True)
class Post:
    fields: Mapping[str, bytes] = field(default_factory=dict)
    """By name; one of each."""
    files: tuple[PostedFile, ...] = ()
    tampered: bool = False
    """Fields may be forged."""

    def text(self, name: str) -> str:
        """Empty where absent."""
        return self.decoded(name).text

    def decoded(self, name: str) -> Decoded:
        charsets = _texts(self._object("charsets")) if name in _IN_A_CHARSET else {}
        return decode(self.fields.get(name, b""), charsets.get(name, ""))

    @property
    def about_files(self) -> Mapping[str, Mapping[str, str]]:
        """In parsed mode: `filename`, `type`, `content-id`."""
        return {str(name): _texts(value) for name, value in self._object("attachment-info").items()}

    @property
    def envelope_from(self) -> str | None:
        """Empty for the null sender, None without an envelope."""
        sender = self._object("envelope").get("from")
        return clean(sender).strip().strip("<>") if isinstance(sender, str) else None

    @property
    def envelope_to(self) -> tuple[str, ...]:
        to = self._object("envelope").get("to")
        recipients = [to] if isinstance(to, str) else to if isinstance(to, list) else []
        return tuple(clean(one).strip().strip("<>") for one in recipients if isinstance(one, str))

    @property
    def spf(self) -> str:
        """One word (RFC 7208, 2.6); empty where absent."""
        word = re.match(r"\s*([a-z]{1,20})", self.text("SPF").lower())
        return word[1] if word else ""

    @property
    def dkim(self) -> tuple[tuple[str, str], ...]:
        """Domain and outcome of each signature: `{@example.org : pass}`. More may be the sender's words; then a pass
        does not count."""
        written = self.text("dkim").lower()
        outcomes = _DKIM.findall(written)
        plain = _ALL_DKIM.fullmatch(written) is not None
        return tuple((domain, outcome) for domain, outcome in outcomes if plain or outcome != "pass")

    @property
    def spam_score(self) -> float | None:
        """SpamAssassin's; None where unreadable."""
        try:
            return float(self.text("spam_score"))
        except ValueError:
            return None

    def _object(self, name: str) -> dict[str, object]:
        written = self.fields.get(name, b"")
        try:
            value = json.loads(text_of(written)) if len(written) <= LONGEST_OBJECT else {}
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}


def open_post(raw: bytes) -> Post:
    """An e-mail in place of a form becomes the field `email`. Never raises."""
    request, start = headers_of(raw, 0, len(raw))
    declared = parameter(request.first("content-type"), "boundary").encode()
    for boundary in filter(None, (declared, likely_boundary(raw, start, len(raw)))):
        places = islice(parts_between(raw, start, len(raw), boundary), MOST_FIELDS + 1)
        parts = [_part(raw, begin, end) for begin, end in places]
        if any(parts):
            return _post(parts)
    headers, _ = headers_of(raw, start, len(raw))
    return Post({"email": raw[start:]} if any(map(headers.first, _IN_MESSAGES)) else {})


def glance(raw: bytes) -> Envelope:
    """Before the e-mail is stored: in time and memory that its length bounds."""
    try:
        post = open_post(raw)
        return Envelope(delivery_id(post, raw), post.envelope_to)
    except Exception:
        return Envelope(delivery_id(Post(), raw), ())


def delivery_id(post: Post, raw: bytes) -> str:
    """24 base 32 digits, the same for each retry: a hash of content, sender and recipients, or of the whole."""
    sent = [(name, post.fields[name]) for name in _SENT if name in post.fields]
    sent += sorted((file.field, file.content) for file in post.files)
    names = [name.encode() for name, _ in sent]
    envelope = [one.encode() for one in (post.envelope_from or "", *sorted(post.envelope_to))]
    digest = hashlib.sha256()
    for part in [*names, *(content for _, content in sent), *envelope] if sent else [raw]:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return base32(digest.digest()[:_ID_BYTES])


def _part(raw: bytes, start: int, end: int) -> PostedFile | None:
    """None for what is neither field nor file."""
    headers, content = headers_of(raw, start, end, LONGEST_FIELD_HEADERS)
    disposition = headers.first("content-disposition")
    name = parameter(disposition, "name")
    if not name or not disposition.lower().startswith("form-data"):
        return None
    return PostedFile(name, parameter(disposition, "filename"), headers.first("content-type"), raw[content:end])


def _post(parts: Sequence[PostedFile | None]) -> Post:
    """Tampered where a name stands twice, a part is no field, both modes are there, or too many parts."""
    known = [part for part in parts if part]
    fields = {part.field: part.content for part in known if not _is_file(part)}
    both_modes = "email" in fields and not fields.keys().isdisjoint(("headers", "text", "html"))
    tampered = len({part.field for part in known}) < len(parts) or len(parts) > MOST_FIELDS or both_modes
    return Post(fields, tuple(filter(_is_file, known)), tampered)


def _is_file(part: PostedFile) -> bool:
    """SendGrid's are `attachment1` and so on, even without a name."""
    if part.field in _SENT:
        return False
    return bool(part.name) or re.fullmatch(r"attachment\d+", part.field) is not None


def _texts(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {clean(str(key)): clean(one) for key, one in value.items() if isinstance(one, str)}
