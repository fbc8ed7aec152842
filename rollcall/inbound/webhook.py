"""The fields and files of a post of SendGrid's Inbound Parse.

https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook. The boundary is
always `xYzZY`, so a sender can add fields, as an SPF that passes. Then SendGrid's own stand there twice, and nothing is
proven.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from rollcall.inbound.charsets import clean, text_of
from rollcall.inbound.mime import headers_of, likely_boundary, parameter, parts_between
from rollcall.model.registration import ALPHABET

MOST_FIELDS = 1000
"""SendGrid posts about twenty fields, and a file for each attachment."""

_SENT = ("email", "headers", "text", "html")
_IN_MESSAGES = ("from", "to", "subject", "date", "message-id", "mime-version", "content-type", "received")
_SIGNATURE = r"[^\s:@{}(),]*@([^\s:@{}(),]+)\s*:\s*([a-z]+)"
_DKIM = re.compile(_SIGNATURE, re.IGNORECASE)
_ALL_DKIM = re.compile(rf"\s*\{{\s*{_SIGNATURE}(?:\s*,\s*{_SIGNATURE})*\s*\}}\s*", re.IGNORECASE)
_ID_DIGITS = 24


@dataclass(frozen=True)
class PostedFile:
    field: str
    """As `attachment1`."""
    name: str
    """As the sender named it; may be empty."""
    type: str
    """With parameters, as posted."""
    content: bytes


@dataclass(frozen=True)
class Post:
    fields: Mapping[str, bytes] = field(default_factory=dict)
    """By name; one of each."""
    files: tuple[PostedFile, ...] = ()
    tampered: bool = False
    """Fields may be forged: a name twice, both modes, a part that is no field, too many parts."""

    def text(self, name: str) -> str:
        """Empty where absent."""
        charset = self.charsets.get(name, "") if name in ("from", "to", "cc", "subject", "text", "html") else ""
        return text_of(self.fields.get(name, b""), charset)

    @property
    def charsets(self) -> Mapping[str, str]:
        """As SendGrid detected them, by field; empty where unreadable."""
        return _texts(self._object("charsets"))

    @property
    def about_files(self) -> Mapping[str, Mapping[str, str]]:
        """In parsed mode, by field: `filename`, `type`, `content-id`, others."""
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
        """One word (RFC 7208, 2.6), lower case; empty where absent."""
        word = re.match(r"\s*([a-z]{1,20})", self.text("SPF").lower())
        return word[1] if word else ""

    @property
    def dkim(self) -> tuple[tuple[str, str], ...]:
        """Domain and outcome of each signature. Looks like JSON and is not: `{@example.org : pass}`. More (`invalid
        (...)`) may be the sender's words: then a pass does not count."""
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
        try:
            value = json.loads(text_of(self.fields.get(name, b"")))
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
    return Post({"email": raw[start:]} if _is_message(raw, start) else {})


def delivery_id(post: Post, raw: bytes) -> str:
    """24 base 32 digits, the same for each retry of a delivery: a hash of content, sender and recipients; of the whole
    where there is none."""
    sent = [(name, post.fields[name]) for name in _SENT if name in post.fields]
    sent += sorted((file.field, file.content) for file in post.files)
    if not sent:
        return _digits([raw])
    names = [name.encode() for name, _ in sent]
    envelope = [one.encode() for one in (post.envelope_from or "", *sorted(post.envelope_to))]
    return _digits([*names, *(content for _, content in sent), *envelope])


def _digits(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    number = int.from_bytes(digest.digest(), "big")
    return "".join(ALPHABET[(number >> 5 * place) & 31] for place in range(_ID_DIGITS))


def _part(raw: bytes, start: int, end: int) -> PostedFile | None:
    """None for what is neither field nor file."""
    headers, content = headers_of(raw, start, end)
    disposition = headers.first("content-disposition")
    name = parameter(disposition, "name")
    if not name or not disposition.lower().startswith("form-data"):
        return None
    return PostedFile(name, parameter(disposition, "filename"), headers.first("content-type"), raw[content:end])


def _post(parts: Sequence[PostedFile | None]) -> Post:
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


def _is_message(raw: bytes, start: int) -> bool:
    headers, _ = headers_of(raw, start, len(raw))
    return any(headers.all(name) for name in _IN_MESSAGES)


def _texts(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {clean(str(key)): clean(one) for key, one in value.items() if isinstance(one, str)}
