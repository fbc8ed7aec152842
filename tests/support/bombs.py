"""E-mails that cost more than they weigh, a function a kind: `n` is how hard, most often bytes."""

import io
import json
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from email.message import EmailMessage
from email.policy import SMTP

FROM = "eve@example.org"
_HEAD = f"From: Eve <{FROM}>\r\nSubject: Registration\r\n".encode()
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def an_email(*files: tuple[str, str, bytes], text: str = "Please see the attachment.", html: str = "") -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"], message["Subject"] = f"Eve <{FROM}>", "Registration"
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    for name, type, content in files:
        main, sub = type.split("/")
        message.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return message.as_bytes()


def long_text(n: int) -> bytes:
    return _HEAD + b"Content-Type: text/plain\r\n\r\n" + b"\n" * n


def long_html(n: int) -> bytes:
    return _HEAD + b"Content-Type: text/html\r\n\r\n" + b"<p>a" * (n // 4)


def tag_of_many_attributes(n: int) -> bytes:
    return an_email(html="<a " + " ".join(f"a{number}=1" for number in range(n // 10)) + ">x")


def many_texts(n: int) -> bytes:
    line = "Name: a: a: a: a: a: a: a: a: a: a: a: a: a:\n"
    return an_email(*((f"{number}.txt", "text/plain", (line * (n // 14 // 45)).encode()) for number in range(14)))


def many_pages_of_html(n: int) -> bytes:
    row = b"<table><tr><td>Name:</td><td>a</td></tr></table>"
    return an_email(*((f"{number}.html", "text/html", row * (n // 14 // 48)) for number in range(14)))


def list_of_wide_headings(n: int) -> bytes:
    heading, row = ",".join(["a/" * 50] * 100), "\n" + "," * 99
    return an_email(("list.csv", "text/csv", (heading + row * (n // 100)).encode()))


def json_of_objects(n: int) -> bytes:
    return an_email(("form.json", "application/json", b"[" + b'{"a":1},' * (n // 8) + b"{}]"))


def address_of_ats(n: int) -> bytes:
    return _form_in_json(email="<" + "@" * n)


def marks_in_the_wrong_order(n: int) -> bytes:
    return _form_in_json(family_name="a" + "\u0301" * (n // 4) + "\u0316" * (n // 4))


def many_dates(n: int) -> bytes:
    form = "Family name: a{}\nFirst name: b\nOrganization: o\nDate: " + "1 " * 29 + "\n\n"
    return an_email(text="".join(form.format(number) for number in range(n // 110)))


def word_of_labels(n: int) -> bytes:
    run = "<w:r><w:t>Name:" + " a:" * 40 + "</w:t><w:br/></w:r>"
    return _word_files(f"<w:p>{run * (n // 160)}</w:p>", 3)


def many_word_files(n: int) -> bytes:
    return _word_files("<w:p><w:r><w:t>a</w:t></w:r></w:p>" * (n // 34), 5)


def pdf_of_text(n: int) -> bytes:
    line = b"BT /F1 9 Tf 1 0 0 1 5 5 Tm (Name: a) Tj ET\n"
    return _pdf_files({4: _stream(zlib.compress(line * (n // len(line)), 9), b"/Filter/FlateDecode")}, 20)


def pdf_of_nothing(n: int) -> bytes:
    return _pdf_files({4: _stream(zlib.compress(b" " * n, 9), b"/Filter/FlateDecode")}, 1)


def pdf_of_drawings_in_drawings(n: int) -> bytes:
    """Each draws the next one ten times: `n` deep."""
    drawn = {
        10 + level: _stream(
            b"/X Do " * 10 if level < n - 1 else b"BT /F1 9 Tf (a) Tj ET",
            b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X %d 0 R>>>>" % (11 + level),
        )
        for level in range(n)
    }
    return _pdf_files({4: _stream(b"/X Do " * 10), **drawn}, 1, b"/XObject<</X 10 0 R>>")


def pdf_of_shared_pages(n: int) -> bytes:
    """Ten times the same node on each level: `n` deep."""
    tree = {2 + level: b"<</Type/Pages/Count 1/Kids[%s]>>" % (b"%d 0 R " % (3 + level) * 10) for level in range(n)}
    return _pdf_files({**tree, 2 + n: b"<</Type/Page/MediaBox[0 0 9 9]>>"}, 1)


def many_parts(n: int) -> bytes:
    return _multipart(b"--b\r\n\r\nx\r\n" * (n // 10))


def headers_of_parts(n: int) -> bytes:
    return _multipart((b"--b\r\n" + b"a:\n" * 80_000 + b"\r\nx\r\n") * (n // 240_000))


def parameters_of_parts(n: int) -> bytes:
    quotes = b'a="' + b";" * 8100
    part = b"--b\r\nContent-Type: text/plain; " + quotes + b"\r\nContent-Disposition: attachment; " + quotes
    return _multipart((part + b"\r\n\r\nx\r\n") * (n // 16_000))


def names_in_unknown_charsets(n: int) -> bytes:
    words = (b"".join(b"=?c%d-%d?q?x?= " % (part, word) for word in range(70)) for part in range(n // 1000))
    return _multipart(
        b"".join(b'--b\r\nContent-Disposition: attachment; filename="%s"\r\n\r\nx\r\n' % word for word in words)
    )


def boundary_of_a_dash(n: int) -> bytes:
    return _HEAD + b"Content-Type: multipart/mixed; boundary=-\r\n\r\n" + b"-" * n


def parts_in_parts(n: int) -> bytes:
    body = b"x"
    for level in range(n // 70):
        b = b"b%d" % level
        body = b"Content-Type: multipart/mixed; boundary=%s\r\n\r\n--%s\r\n%s\r\n--%s--\r\n" % (b, b, body, b)
    return _HEAD + body


def folded_returns(n: int) -> bytes:
    return _HEAD + b"X: " + b"\r" * n + b"\n y\r\n\r\nx"


def many_files(n: int) -> bytes:
    return an_email(*((f"{number}", "application/octet-stream", b"x") for number in range(n // 200)))


KINDS: Mapping[Callable[[int], bytes], tuple[int, int]] = {
    long_text: (300_000, 29_000_000),
    long_html: (300_000, 29_000_000),
    tag_of_many_attributes: (300_000, 20_000_000),
    many_texts: (300_000, 21_000_000),
    many_pages_of_html: (300_000, 21_000_000),
    list_of_wide_headings: (200_000, 1_900_000),
    json_of_objects: (200_000, 1_900_000),
    address_of_ats: (32_000, 1_900_000),
    marks_in_the_wrong_order: (40_000, 1_900_000),
    many_dates: (20_000, 1_900_000),
    word_of_labels: (300_000, 2_900_000),
    many_word_files: (300_000, 2_900_000),
    pdf_of_text: (40_000, 290_000),
    pdf_of_nothing: (1_000_000, 200_000_000),
    pdf_of_drawings_in_drawings: (4, 6),
    pdf_of_shared_pages: (4, 7),
    many_parts: (200_000, 20_000_000),
    headers_of_parts: (1_000_000, 25_000_000),
    parameters_of_parts: (400_000, 8_000_000),
    names_in_unknown_charsets: (100_000, 500_000),
    boundary_of_a_dash: (1_000_000, 29_000_000),
    parts_in_parts: (20_000, 140_000),
    folded_returns: (40_000, 250_000),
    many_files: (20_000, 1_000_000),
}
"""How hard for a test, and as hard as an e-mail can be."""


def _form_in_json(**answers: str) -> bytes:
    form = {"family_name": "a", "first_name": "b", "organization": "c", **answers}
    return an_email(("form.json", "application/json", json.dumps(form, ensure_ascii=False).encode()))


def _multipart(parts: bytes) -> bytes:
    return _HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + parts + b"--b--"


def _word_files(body: str, files: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
        package.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{_PACKAGE}/content-types">'
            f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/word/document.xml" ContentType="{_DOCX}.main+xml"/></Types>',
        )
        package.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" Target="word/document.xml" '
            f'Type="{_OFFICE}/relationships/officeDocument"/></Relationships>',
        )
        package.writestr("word/document.xml", f'<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>')
    return an_email(*((f"{number}.docx", _DOCX, packed.getvalue()) for number in range(files)))


def _stream(content: bytes, more: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (more, len(content), content)


def _pdf_files(objects: Mapping[int, bytes], files: int, resources: bytes = b"") -> bytes:
    font = b"/Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>"
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Contents 4 0 R/Resources<<%s%s>>>>" % (font, resources)
    one_page = {1: b"<</Type/Catalog/Pages 2 0 R>>", 2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>", 3: page}
    content = _pdf([(number, said) for number, said in sorted((one_page | dict(objects)).items())])
    return an_email(*((f"{number}.pdf", "application/pdf", content) for number in range(files)))


def _pdf(objects: Sequence[tuple[int, bytes]]) -> bytes:
    written, places = b"%PDF-1.7\n", {}
    for number, said in objects:
        places[number] = len(written)
        written += b"%d 0 obj\n%s\nendobj\n" % (number, said)
    size = max(places) + 1
    table = b"".join(b"%010d 00000 n \n" % places.get(number, 0) for number in range(1, size))
    end = b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, len(written))
    return written + b"xref\n0 %d\n0000000000 65535 f \n%s%s" % (size, table, end)
