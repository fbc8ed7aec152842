"""Papers, and the e-mails in which people send them, as different programs write them."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.utils import encode_rfc2231
from html import escape

from reportlab.pdfgen.canvas import Canvas

from tests.support.inbound import raw_post, stored

SENDER = "amina@mpt.example.org"
CONTRIBUTIONS, FORMS = "intgov04+contribution@forms.example.org", "intgov04@forms.example.org"
COVER = {"Source": "Ministère des Postes, Guinée", "Title": "Names of countries in the domain name system"}
TEXT = ("1 Introduction", "Whose are the names of countries? This paper looks at what governments have said so far.")
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ODT, PDF = "application/vnd.oasis.opendocument.text", "application/pdf"

Attached = tuple[str, str, bytes]
"""Name, declared type, content."""


def a_docx(
    cover: Mapping[str, str] = COVER,
    lines: Sequence[str] = TEXT,
    *,
    title: str = "",
    author: str = "",
    language: str = "",
) -> bytes:
    """With its cover as a table, as the ITU's template has it."""
    import docx

    document = docx.Document()
    about = document.core_properties
    about.title, about.author, about.language = title, author, language
    table = document.add_table(0, 2)
    for label, value in cover.items():
        cells = table.add_row().cells
        cells[0].text, cells[1].text = f"{label}:", value
    for line in lines:
        document.add_paragraph(line)
    content = io.BytesIO()
    document.save(content)
    return content.getvalue()


def an_odt(cover: Mapping[str, str] = COVER, lines: Sequence[str] = TEXT, *, title: str = "") -> bytes:
    names = (
        'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    )
    cell = "<table:table-cell><text:p>{}</text:p></table:table-cell>".format
    rows = [f"<table:table-row>{cell(f'{one}:')}{cell(escape(two))}</table:table-row>" for one, two in cover.items()]
    body = f"<table:table>{''.join(rows)}</table:table>" + "".join(f"<text:p>{escape(line)}</text:p>" for line in lines)
    content = f"<office:document-content {names}><office:body><office:text>{body}</office:text></office:body>"
    meta = f"<office:document-meta {names}><office:meta><dc:title>{escape(title)}</dc:title></office:meta>"
    listed = "".join(
        f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="{type}"/>'
        for name, type in (("/", ODT), ("content.xml", "text/xml"), ("meta.xml", "text/xml"))
    )
    manifest = f'<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">{listed}'
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as into:
        into.writestr("mimetype", ODT, zipfile.ZIP_STORED)
        into.writestr("content.xml", f'<?xml version="1.0" encoding="UTF-8"?>{content}</office:document-content>')
        into.writestr("meta.xml", f'<?xml version="1.0" encoding="UTF-8"?>{meta}</office:document-meta>')
        into.writestr("META-INF/manifest.xml", f"{manifest}</manifest:manifest>")
    return packed.getvalue()


def a_pdf(cover: Mapping[str, str] = COVER, lines: Sequence[str] = TEXT, *, title: str = "", script: str = "") -> bytes:
    content = io.BytesIO()
    canvas = Canvas(content, invariant=True)
    canvas.setTitle(title)
    for number, (label, value) in enumerate(cover.items()):
        canvas.drawString(72, 780 - 20 * number, f"{label}:")
        canvas.drawString(200, 780 - 20 * number, value)
    for number, line in enumerate(lines):
        canvas.drawString(72, 600 - 20 * number, line)
    if script:
        canvas._doc.Catalog.OpenAction = f"<</S/JavaScript/JS({script})>>"
    canvas.save()
    return content.getvalue()


def a_message(
    text: str = "Please find our contribution attached.\n",
    *files: Attached,
    subject: str = "Contribution",
    html: str = "",
    sender: str = f"Amina Diallo <{SENDER}>",
    answers: str = "",
    **headers: str,
) -> EmailMessage:
    """As Gmail and Thunderbird write it. `answers`: id of an e-mail of ours."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, CONTRIBUTIONS, subject
    message["Message-ID"] = headers.pop("message_id", "<paper-1@mpt.example.org>")
    if answers:
        message["In-Reply-To"] = message["References"] = f"<{answers}@desk.example.org>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    for name, type, content in files:
        main, _, sub = type.partition("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message


def apple_mail(text: str, *files: Attached, subject: str = "Contribution") -> bytes:
    """Text and files side by side, each `inline`, in the HTML's own multipart/mixed; names by RFC 2231."""
    parts = [f"Content-Type: text/html; charset=utf-8\n\n<html><body>{escape(text)}</body></html>\n"]
    for name, type, content in files:
        named = encode_rfc2231(name, "utf-8", "")
        parts.append(
            f"Content-Disposition: inline;\n\tfilename*={named}\nContent-Type: {type};\n\tname*={named}\n"
            f"Content-Transfer-Encoding: base64\n\n{_base64(content)}\n"
        )
    mixed = "".join(f"--M\n{part}" for part in parts)
    return (
        f"From: Amina Diallo <{SENDER}>\nTo: {CONTRIBUTIONS}\nSubject: {subject}\nMessage-ID: <a@mpt.example.org>\n"
        f"Mime-Version: 1.0 (Mac OS X Mail 16.0)\nContent-Type: multipart/alternative; boundary=A\n\n"
        f"--A\nContent-Type: text/plain; charset=utf-8\n\n{text}\n--A\n"
        f"Content-Type: multipart/mixed; boundary=M\n\n{mixed}--M--\n--A--\n"
    ).encode()


def old_outlook(text: str, *files: Attached, subject: str = "Contribution") -> bytes:
    """Names in encoded words within quotes, against RFC 2047, and types that say nothing."""
    from email.header import Header

    parts = [f"Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n\n{text}\n"]
    for name, _, content in files:
        word = Header(name, "utf-8").encode()
        parts.append(
            f'Content-Type: application/octet-stream;\n\tname="{word}"\nContent-Transfer-Encoding: base64\n'
            f'Content-Disposition: attachment;\n\tfilename="{word}"\n\n{_base64(content)}\n'
        )
    body = "".join(f"--X\n{part}" for part in parts)
    return (
        f"From: Amina Diallo <{SENDER}>\nTo: {CONTRIBUTIONS}\nSubject: {subject}\nMessage-ID: <o@mpt.example.org>\n"
        f"X-Mailer: Microsoft Outlook 11\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=X\n\n{body}--X--\n"
    ).encode("latin-1")


def forwarded(
    message: EmailMessage, text: str = "For your consideration.\n", subject: str = "Fwd: Contribution"
) -> EmailMessage:
    """As an attachment."""
    around = a_message(text, subject=subject, message_id="<forwarded@mpt.example.org>")
    around.add_attachment(message)
    return around


def posted(message: EmailMessage | bytes, to: str = CONTRIBUTIONS, **checks: str) -> bytes:
    """As it is kept."""
    mime = message if isinstance(message, bytes) else message.as_bytes()
    return stored(*raw_post(mime, to=to, **checks))


def _base64(content: bytes) -> str:
    import base64

    return base64.encodebytes(content).decode()
