"""How the files were made that are attached to mails of the corpus: `python tests/mails/write.py FOLDER` writes them.

The mails around them were written by hand. A maker returns the same bytes every time, but for
the locked PDF, whose key is drawn at random.
"""

import io
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

PERSON = {
    "title": "Ms.",
    "category": "member-state",
    "family_name": "Kovačević",
    "first_name": "Jelena",
    "organization": "Ministry of Communications",
    "address": "Nemanjina 22\n11000 Belgrade",
    "tel": "+381 11 555 0101",
    "fax": "+381 11 555 0102",
    "email": "jelena.kovacevic@mincom.example.org",
    "hotel": "Hotel Drake",
    "hotel_tel": "+41 22 555 0199",
    "signed_on": "2004-02-02",
    "signature": "Jelena Kovačević",
}
LINES = (
    "Mr. [ ]   Mrs. [ ]   Ms. [X]   Miss [ ]",
    "Family Name: Kovacevic",
    "First Name: Jelena",
    "Administration of ITU Member State [X]   ITU Sector Member [ ]",
    "ITU Associate [ ]   Non-Member [ ]",
    "Name and complete address of Administration or Organization:",
    "Ministry of Communications",
    "Nemanjina 22",
    "11000 Belgrade",
    "Tel.: +381 11 555 0101     Fax: +381 11 555 0102",
    "E-mail: jelena.kovacevic@mincom.example.org",
    "Hotel: Hotel Drake     Tel.: +41 22 555 0199",
    "Date: 2 February 2004     Signature: Jelena Kovacevic",
)
CHOICES = {
    "title": ("Mr.", "Mrs.", "Ms.", "Miss"),
    "category": ("member-state", "sector-member", "associate", "non-member"),
}


def fillable_pdf(answers: Mapping[str, str]) -> bytes:
    """A PDF with form fields (ISO 32000-1, 12.7) that bear the names of the form's fields, filled in."""
    from pypdf import PdfWriter
    from reportlab.pdfgen.canvas import Canvas

    blank, filled = io.BytesIO(), io.BytesIO()
    page = Canvas(blank, invariant=1)
    for place, (name, answer) in enumerate(answers.items()):
        height = 780 - 40 * place
        page.drawString(40, height, name)
        if name not in CHOICES:
            flags = "multiline" if name == "address" else ""
            page.acroForm.textfield(name=name, x=200, y=height, width=300, height=30, fieldFlags=flags)
            continue
        for step, choice in enumerate(CHOICES[name]):
            page.acroForm.radio(name=name, value=choice, selected=choice == answer, x=200 + 60 * step, y=height)
    page.save()
    writer = PdfWriter(clone_from=blank)
    typed = {name: answer for name, answer in answers.items() if name not in CHOICES}
    writer.update_page_form_field_values(writer.pages[0], typed, auto_regenerate=False)
    writer.write(filled)
    return filled.getvalue()


def locked_pdf(content: bytes) -> bytes:
    """That PDF behind a password."""
    from pypdf import PdfWriter

    locked = io.BytesIO()
    writer = PdfWriter(clone_from=io.BytesIO(content))
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(locked)
    return locked.getvalue()


def printed_pdf(lines: Sequence[str]) -> bytes:
    """A PDF of lines of text alone, as a word processor prints it."""
    from reportlab.pdfgen.canvas import Canvas

    content = io.BytesIO()
    page = Canvas(content, invariant=1)
    for place, line in enumerate(lines):
        page.drawString(72, 760 - 20 * place, line)
    page.save()
    return content.getvalue()


def scan(kind: str) -> bytes:
    """A picture of some strokes: `JPEG`, `TIFF`, `PNG` or `PDF`, as a scanner or a fax machine makes it."""
    from PIL import Image, ImageDraw

    picture = Image.new("1" if kind == "TIFF" else "L", (200, 280), "white")
    strokes = ImageDraw.Draw(picture)
    for height in range(20, 260, 20):
        strokes.line((20, height, 180, height + 5), fill=0, width=2)
    content = io.BytesIO()
    if kind == "PDF":
        from reportlab.lib.utils import ImageReader
        from reportlab.pdfgen.canvas import Canvas

        page = Canvas(content, invariant=1)
        page.drawImage(ImageReader(picture.convert("RGB")), 0, 0, 595, 842)
        page.save()
    else:
        picture.save(content, kind, **({"compression": "group4"} if kind == "TIFF" else {}))
    return content.getvalue()


def docx_table(rows: Sequence[Sequence[str]], heading: str) -> bytes:
    """A Word document: a heading, then a table."""
    import docx

    document = docx.Document()
    document.add_heading(heading, 1)
    table = document.add_table(0, len(rows[0]))
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    return _slim(document)


def docx_paragraphs(lines: Sequence[str]) -> bytes:
    """A Word document of paragraphs."""
    import docx

    document = docx.Document()
    for line in lines:
        document.add_paragraph(line)
    return _slim(document)


def _slim(document: object) -> bytes:
    """The document without its preview and its times."""
    content = io.BytesIO()
    document.save(content)  # type: ignore[attr-defined]
    slim = io.BytesIO()
    with zipfile.ZipFile(content) as full, zipfile.ZipFile(slim, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as kept:
        for one in full.infolist():
            kept.writestr(zipfile.ZipInfo(one.filename), full.read(one), zipfile.ZIP_DEFLATED)
    return slim.getvalue()


TABLE = (
    ("Mr. / Mrs. / Ms. / Miss", "Ms."),
    ("Administration of ITU Member State", "☒"),
    ("ITU Sector Member", "☐"),
    ("ITU Associate", "☐"),
    ("Non-Member", "☐"),
    ("Family Name", "Kovačević"),
    ("First Name", "Jelena"),
    (
        "Name and complete address of Administration or Organization",
        "Ministry of Communications\nNemanjina 22\n11000 Belgrade",
    ),
    ("Tel", "+381 11 555 0101"),
    ("Fax", "+381 11 555 0102"),
    ("E-mail", "jelena.kovacevic@mincom.example.org"),
    ("Hotel", "Hotel Drake"),
    ("Tel. (of the hotel)", "+41 22 555 0199"),
    ("Date", "02.02.2004"),
    ("Signature", "Jelena Kovačević"),
)
PAPER = (
    "Contribution to the ITU Forum on Internet Governance",
    "This paper argues that the administration of country code domains is a matter of national policy.",
    "Date of this version: 30 January 2004",
)


def all_files() -> dict[str, bytes]:
    """Every file that is attached somewhere, by what it is."""
    table = docx_table(TABLE, "ITU Forum: Workshop on Internet Governance - Registration form")
    return {
        "fillable.pdf": fillable_pdf(PERSON),
        "blank.pdf": fillable_pdf(dict.fromkeys(PERSON, "")),
        "locked.pdf": locked_pdf(printed_pdf(LINES)),
        "printed.pdf": printed_pdf(LINES),
        "scan.pdf": scan("PDF"),
        "fax.tiff": scan("TIFF"),
        "scan.jpg": scan("JPEG"),
        "logo.png": scan("PNG"),
        "table.docx": table,
        "paragraphs.docx": docx_paragraphs(LINES),
        "paper.docx": docx_paragraphs(PAPER),
        "broken.docx": table[: len(table) // 3],
    }


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in all_files().items():
        (folder / name).write_bytes(content)
