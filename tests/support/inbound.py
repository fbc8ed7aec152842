"""Posts as SendGrid's Inbound Parse makes them, and the file that we keep of one."""

import json
import re
from collections.abc import Mapping, Sequence

A_PDF = (
    b"%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\n"
    b"xref\n0 2\n0000000000 65535 f \n0000000009 00000 n \ntrailer <</Size 2/Root 1 0 R>>\nstartxref\n42\n%%EOF\n"
)

TO = "intgov04@forms.example.org"
BOUNDARY = "xYzZY"  # SendGrid's own, always
LONGEST_HEADERS = 4096


def raw_post(
    mime: bytes,
    *,
    sender: str | None = None,
    to: str | Sequence[str] = TO,
    spf: str | None = "pass",
    dkim: str | None = "none",
    spam_score: str | float | None = None,
    boundary: str = BOUNDARY,
) -> tuple[str, bytes]:
    """The content type and the body of a post in "send raw" mode. The envelope's sender is From's address unless said
    otherwise; None for `spf` or `dkim` leaves the field out."""
    fields = {
        **_checks(spf, dkim, spam_score),
        "email": mime,
        "envelope": _envelope(_sender(mime) if sender is None else sender, to),
    }
    return _form(fields, (), boundary)


def parsed_post(
    headers: bytes,
    *,
    text: bytes | None = None,
    html: bytes | None = None,
    charsets: Mapping[str, str] | None = None,
    files: Sequence[tuple[str, str, bytes]] = (),
    content_ids: Mapping[str, str] | None = None,
    sender: str | None = None,
    to: str | Sequence[str] = TO,
    spf: str | None = "pass",
    dkim: str | None = "none",
    spam_score: str | float | None = None,
    boundary: str = BOUNDARY,
) -> tuple[str, bytes]:
    """The content type and the body of a post in parsed mode. `charsets` says in which charset `text` and `html` are;
    `files` are (name, type, content); `content_ids` gives a file's Content-ID by its name."""
    fields = {
        **_checks(spf, dkim, spam_score),
        "headers": headers,
        "text": text,
        "html": html,
        "charsets": json.dumps({"to": "UTF-8", "subject": "UTF-8", "from": "UTF-8", **(charsets or {})}).encode(),
        "attachments": str(len(files)).encode(),
        "envelope": _envelope(_sender(headers) if sender is None else sender, to),
    }
    ids = content_ids or {}
    if files:
        about = {
            f"attachment{place}": {"filename": name, "name": name, "type": type}
            | ({"content-id": ids[name]} if name in ids else {})
            for place, (name, type, _) in enumerate(files, 1)
        }
        fields["attachment-info"] = json.dumps(about).encode()
    return _form({name: value for name, value in fields.items() if value is not None}, files, boundary)


def stored(content_type: str, body: bytes) -> bytes:
    """The file that is kept of a post: what an `EmailReader` is given."""
    return b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body


def _checks(spf: str | None, dkim: str | None, spam_score: str | float | None) -> dict[str, bytes | None]:
    return {
        name: str(value).encode()
        for name, value in {"SPF": spf, "dkim": dkim, "spam_score": spam_score, "sender_ip": "192.0.2.7"}.items()
        if value is not None
    }


def _sender(headers: bytes) -> str:
    """The last address in From; a null sender where there is none."""
    found = re.search(
        rb"^From:[^\n]*?([^\s<>\"]+@[^\s<>\"]+)[^@\n]*$", headers[:LONGEST_HEADERS], re.IGNORECASE | re.MULTILINE
    )
    return found[1].decode("utf-8", "replace") if found else ""


def _envelope(sender: str, to: str | Sequence[str]) -> bytes:
    return json.dumps({"to": [to] if isinstance(to, str) else list(to), "from": sender}).encode()


def _form(
    fields: Mapping[str, bytes | None], files: Sequence[tuple[str, str, bytes]], boundary: str
) -> tuple[str, bytes]:
    parts = [f'name="{name}"\r\n\r\n'.encode() + (value or b"") for name, value in fields.items()]
    parts += [
        f'name="attachment{place}"; filename="{name}"\r\nContent-Type: {type}\r\n\r\n'.encode() + content
        for place, (name, type, content) in enumerate(files, 1)
    ]
    start = f"--{boundary}\r\nContent-Disposition: form-data; ".encode()
    body = b"".join(start + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()
    return f"multipart/form-data; boundary={boundary}", body
