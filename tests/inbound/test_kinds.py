"""What strangers attach reaches the staff if it is of a kind that we read, by its content, and nothing in it runs."""

import io
import json
import random
import shutil
import subprocess
from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml
from hypothesis import given
from hypothesis import strategies as st
from pypdf.actions import JavaScript

from rollcall.documents.blank_form import blank_form_pdf
from rollcall.inbound.active import Bounds
from rollcall.inbound.kinds import handed_on
from rollcall.inbound.mime import File
from tests.support.builders import an_event, roster_files
from tests.support.documents import a_docx, a_pdf, changed, packed_pdf, related, streamed, written_by_pypdf

CASES = Path(__file__).parents[1] / "cases"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
LIST = (CASES / "list.ods").read_bytes()
TABLE, WORKBOOK = roster_files()


def in_word(xml: str) -> bytes:
    document = docx.Document()
    namespace = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    document.element.body.insert(0, parse_xml(f"<w:p {namespace}>{xml}</w:p>"))
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()


PDF, DOCX = a_pdf(), a_docx()
JPEG, PNG, GIF = b"\xff\xd8\xff\xe0\x00\x10JFIF", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", b"GIF89a\x01\x00\x01\x00"
FIELD = (
    "word/document.xml",
    b"<w:body>",
    b"<w:body><w:p><w:r><w:instrText>D&#68;</w:instrText><w:instrText>EAUTO c</w:instrText></w:r></w:p>",
)
AFTER = b"<w:body><w:p><w:instrText>PAGE</w:instrText><w:fldChar/><w:instrText>DDE c</w:instrText></w:p>"
HARMLESS = (
    b"<w:body><w:p><w:r><w:t>Photograph: image (1), DDE de l\xe2\x80\x99Ain</w:t></w:r><w:r><w:instrText>"
    b' HYPERLINK "http://dde.example/link"</w:instrText></w:r></w:p>'
)
DRIVE, SHARE = r"file:///C:\Users\a\form.dotx", r"file:///\\evil.example\form.dotx"
HYPERLINK = changed(DOCX, {}, related("hyperlink"))


@pytest.mark.parametrize(
    ("name", "content", "handed", "type"),
    [
        ("form.pdf", PDF, "form.pdf", "application/pdf"),
        ("form.PDF", a_pdf(b"/OpenAction[1 0 R/XYZ null null 0]"), "form.pdf", "application/pdf"),
        ("ours.pdf", blank_form_pdf(an_event(), "forms@example.org"), "ours.pdf", "application/pdf"),
        ("objects.pdf", a_pdf(more=streamed(b"5 0 <</S/URI>>")), "objects.pdf", "application/pdf"),
        ("packed.pdf", packed_pdf(b"<</S/URI/URI(http://www.example.org)>>", 2), "packed.pdf", "application/pdf"),
        ("form.docx", DOCX, "form.docx", WORD),
        ("dde.docx", changed(DOCX, {}, (*FIELD[:2], HARMLESS)), "dde.docx", WORD),
        ("ours.docx", changed(DOCX, {}, related("attachedTemplate", target=DRIVE)), "ours.docx", WORD),
        ("link.docx", HYPERLINK, "link.docx", WORD),
        ("list.xlsx", WORKBOOK, "list.xlsx", SHEET),
        ("list.ods", LIST, "list.ods", ODS),
        ("list.csv", TABLE, "list.csv", "text/csv"),
        ("list.csv", b"Tel.;Paid\r\n+41 22 730 5111;-5\r\n", "list.csv", "text/csv"),
        ("list.tsv", "Name\tTel.\nÉ\t1".encode("utf-16"), "list.tsv", "text/tab-separated-values"),
        ("form.json", b'{"family_name": "Diallo"}', "form.json", "application/json"),
        ("form.txt", b"Family name: Diallo <form@mpt.example.org>\r\n", "form.txt", "text/plain"),
        ("README", "Дьяло".encode("cp1251"), "README.txt", "text/plain"),
        ("scan.jpg", JPEG, "scan.jpg", "image/jpeg"),
        ("scan.png", PNG, "scan.png", "image/png"),
        ("scan.gif", GIF, "scan.gif", "image/gif"),
        ("scan.webp", b"RIFF\x00\x00\x00\x00WEBPVP8 ", "scan.webp", "image/webp"),
        ("scan.tiff", b"II*\x00\x08\x00\x00\x00", "scan.tif", "image/tiff"),
        ("fax", b"MM\x00*\x00\x00\x00\x08", "fax.tif", "image/tiff"),
        ("IMG.HEIC", b"\x00\x00\x00\x18ftypheic", "IMG.heic", "image/heic"),
        # the content says what it is, and the name is made after it
        ("form.doc", DOCX, "form.docx", WORD),
        ("form.pdf.exe", PDF, "form_pdf.pdf", "application/pdf"),
        ("photo.html", JPEG, "photo.jpg", "image/jpeg"),
        ("\u202efdp.exe", PDF, "_fdp.pdf".removeprefix("_"), "application/pdf"),
        ("a.exe                                        .txt", b"x", "a_exe.txt", "text/plain"),
        ('<b>"x":|?*\x00\n\u2066.png', PNG, "b__x.png", "image/png"),
        ("..\\..\\boot.pdf", PDF, "boot.pdf", "application/pdf"),
        ("../../etc/passwd", b"x", "passwd.txt", "text/plain"),
        ("Анкета — Дьяло.docx", DOCX, "Анкета _ Дьяло.docx", WORD),
        ("हिन्दी.pdf", PDF, "हिन्दी.pdf", "application/pdf"),
        ("", b"x", "attachment.txt", "text/plain"),
        ("...", PDF, "attachment.pdf", "application/pdf"),
        (300 * "a" + ".pdf", PDF, 80 * "a" + ".pdf", "application/pdf"),
    ],
)
def test_what_we_read_is_handed_on_under_a_name_of_its_kind(name: str, content: bytes, handed: str, type: str) -> None:
    attachment = handed_on(File(name, "text/html", content))
    assert (attachment.name, attachment.type) == (handed, type)
    assert (attachment.content, attachment.withheld) == (content, False)


PEOPLES = [case for case in CASES.iterdir() if case.suffix in (".pdf", ".docx", ".csv", ".json")]


def test_a_pdf_that_opens_without_a_password_is_handed_on() -> None:
    assert not handed_on(File("form.pdf", "", written_by_pypdf(encrypt=("", "owner")))).withheld


@pytest.mark.parametrize("case", PEOPLES, ids=lambda case: case.name)
def test_what_people_sent_is_handed_on(case: Path) -> None:
    assert not handed_on(File(case.name, "", case.read_bytes())).withheld


FILES = {
    "form.pdf": PDF,
    "form.docx": DOCX,
    "list.xlsx": WORKBOOK,
    "list.ods": LIST,
    "form.txt": b"Family name: Diallo",
    "scan.jpg": JPEG,
    "scan.png": PNG,
    "scan.gif": GIF,
    "scan.tif": b"II*\x00\x08\x00\x00\x00\x00\x00",
}


@pytest.mark.skipif(shutil.which("file") is None, reason="libmagic's program is not here")
@pytest.mark.parametrize("name", FILES)
def test_libmagic_calls_it_the_same(tmp_path: Path, name: str) -> None:
    (tmp_path / "attached").write_bytes(FILES[name])
    call = ["file", "--brief", "--mime-type", str(tmp_path / "attached")]
    called = subprocess.run(call, capture_output=True, text=True, check=True).stdout.strip()
    assert handed_on(File(name, "", FILES[name])).type == called


NOISE = b"%" + random.Random(1).randbytes(99_999) + bytes(99_999)
LAUNCH = b"/OpenAction<</S/Launch/F(cmd.exe)>>"
ZIP = changed(DOCX, {})
ENTITY = b'<!DOCTYPE x [<!ENTITY a "a">]><x/>'
MACROS = b"application/vnd.ms-word.document.macroEnabled.main+xml"
TYPED = ("[Content_Types].xml", WORD.encode() + b".main+xml", MACROS)
CALL = ("xl/workbook.xml", b"<sheets>", b"<f>_xlfn.WEBSERVICE(A1)</f><sheets>")


WITHHELD = {
    "a program": ("form.pdf", b"MZ\x90\x00\x03"),
    "a program of Linux": ("form", b"\x7fELF\x02\x01\x01"),
    "an archive": ("form.zip", changed(DOCX, {"a.exe": b"MZ"})),
    "an empty archive": ("form.docx", b"PK\x05\x06" + bytes(18)),
    "RAR": ("form.rar", b"Rar!\x1a\x07\x01\x00"),
    "7z": ("form.7z", b"7z\xbc\xaf\x27\x1c"),
    "gzip": ("form.gz", b"\x1f\x8b\x08\x00"),
    "Word 97": ("form.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)),
    "RTF": ("form.rtf", b"{\\rtf1\\ansi form}"),
    "RTF called text": ("form.txt", b"\r\n{\\rtf1\\ansi {\\object\\objdata 01}}"),
    "HTML": ("form.html", b"<p>form</p>"),
    "HTML called text": ("form.txt", b"\n\n<HTML><p>form"),
    "a script within a text": ("form.txt", b"Family name: Diallo\n<script src=//evil.example>"),
    "HTML in UTF-16": ("form.txt", "<svg onload='alert(1)'>".encode("utf-16")),
    "SVG": ("form.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    "SVG called a picture": ("form.png", b"<?xml version='1.0'?><svg/>"),
    "PHP": ("form.txt", b"<?php system($_GET['c']);"),
    "a batch file": ("form.bat", b"@echo off\r\ncalc\r\n"),
    "PowerShell": ("form.ps1", b"Start-Process calc"),
    "a script of a shell": ("form.txt", b"#!/bin/sh\nrm -rf ~\n"),
    "a script by its name": ("form.js", b"alert(1)"),
    "a shortcut": ("form.url", b"[InternetShortcut]\nURL=file://evil.example/x.exe"),
    "settings of a server": (".htaccess", b"AddType x y"),
    "a name that ends in a dot": ("form.exe.", b"x"),
    "control characters": ("form.txt", b"x\x1b[2J\x07"),
    "a NUL": ("form.txt", b"MZ\x00"),
    "control characters in UTF-16": ("form.txt", "x\x1b[2J".encode("utf-16")),
    "half a character": ("form.txt", "x".encode("utf-16") + b"x"),
    "a formula": ("list.csv", b"Name;Tel.\nDiallo;=cmd|'/C calc'!A0\n"),
    "a formula in quotes": ("list.csv", b'Name,Tel.\n" =HYPERLINK(""http://evil.example"")",1\n'),
    "a formula of numbers": ("list.csv", b"Name,Tel.\nDiallo,-2+3+cmd|' /C calc'!A0\n"),
    "a formula by name": ("list.tsv", b"Name\tTel.\nDiallo\t@SUM(1)\n"),
    "a formula after a line of Excel for Mac": ("list.csv", b"Name\r=1+1\r"),
    "a formula of wide signs": ("list.csv", "Name,\uff1d1+1\n".encode()),
    "a PDF and HTML": ("form.pdf", PDF.replace(b"\n", b"\n%<html><script>alert(1)</script>\n", 1)),
    "a formula of a function": ("list.csv", b"a,b\n+1+HYPERLINK(1),x\n"),
    "a formula of a cell": ("list.csv", b"a,b\n-$A$1,x\n"),
    "a formula after what is not seen": ("list.csv", "a,b\n\u200b\u00a0=1,x\n".encode()),
    "another separator": ("list.csv", b"sep=:\na:=1\n"),
    "SYLK": ("list.csv", b"ID;PWXL;N;E\nC;Y1;X1;EEXEC(1)\nE\n"),
    "a table of HTML": ("list.csv", b"<table><tr><td>=1</table>"),
    "an archive of an e-mail": ("form.txt", b"\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related"),
    "HTML in UTF-7": ("form.txt", b"+ADw-script+AD4-alert(1)"),
    "an attribute that runs": ("form.txt", b"<x y onerror=alert(1)>"),
    "a picture and RAR": ("form.jpg", JPEG + b"Rar!\x1a\x07\x00"),
    "a picture and a PDF": ("form.jpg", JPEG + PDF),
    "a PDF and HTML after it": ("form.pdf", PDF + b"<html><script>alert(1)</script>"),
    "a PDF that then opens a page": ("form.pdf", a_pdf(b"/OpenAction<</S/GoTo/D[0]/Next<</S/URI/URI(http://e.e)>>>>")),
    "a PDF with an associated file": ("form.pdf", a_pdf(b"/AF[<</F(a.exe)/EF<</F 6 0 R>>>>]")),
    "a PDF that names a picture elsewhere": ("form.pdf", a_pdf(b"/X<</OPI<</F(a)>>>>")),
    "a PDF that opens a page": ("form.pdf", a_pdf(b"/OpenAction<</S/URI/URI(http://evil.example)>>")),
    "a PDF that does something on a page": ("form.pdf", a_pdf(b"/AA<</O<</S/URI/URI(http://evil.example)>>>>")),
    "a PDF whose stream is elsewhere": (
        "form.pdf",
        a_pdf(more=b"9 0 obj <</Length 1/F(\\\\evil\\a)>> stream\nx\nendstream endobj\n"),
    ),
    "a PDF with a script, packed twice": ("form.pdf", packed_pdf(b"<</S/JavaScript/JS(1)>>", 2)),
    "a formula within": ("list.xlsx", changed(WORKBOOK, {"xl/worksheets/s.xml": b"<x><f>cmd|'/c calc'!A0</f></x>"})),
    "a formula by a reference": ("list.xlsx", changed(WORKBOOK, {"xl/worksheets/s.xml": b"<x><f>EX&#69;C(1)</f></x>"})),
    "a formula of ODS": ("list.ods", changed(LIST, {"styles9.xml": b'<x xmlns:t="t" t:formula="of:=DDE(1)"/>'})),
    "a picture by a field": (
        "form.docx",
        changed(DOCX, {}, (*FIELD[:2], FIELD[2].replace(b"D&#68;</w:instrText><w:instrText>EAUTO", b"INCLUDEPICTURE"))),
    ),
    "a quoted field": ("form.docx", changed(DOCX, {}, (*FIELD[:2], FIELD[2].replace(b"D&#68;", b" QUOTE 68 ")))),
    "a picture of VML": (
        "form.docx",
        changed(DOCX, {"word/x.xml": b"<v:imagedata xmlns:v='v' src='http://evil.example'/>"}),
    ),
    "a file without its mode": ("form.docx", changed(DOCX, {}, related("image", "", "file://evil/a.png"))),
    "a link that runs": ("form.docx", changed(DOCX, {}, related("hyperlink", target="ms-msdt:/id"))),
    "a program called a picture": ("form.docx", changed(DOCX, {"word/media/a.png": b"MZ"})),
    "SVG that runs": ("form.docx", changed(DOCX, {"word/media/a.svg": b"<svg onload='alert(1)'/>"})),
    "HTML after a document": ("form.docx", DOCX + b"<html>"),
    "a formula that calls": ("list.xlsx", changed(WORKBOOK, {}, CALL)),
    "a DDE field with a comment": (
        "form.docx",
        changed(DOCX, {}, (*FIELD[:2], FIELD[2].replace(b"EAUTO", b"<!-- -->E"))),
    ),
    "a picture and HTML": ("form.gif", GIF + b"/*<script>alert(1)</script>*/"),
    "a picture and an archive": ("form.jpg", JPEG + ZIP),
    "a PDF and an archive": ("form.pdf", PDF + ZIP),
    "a PDF and a program": ("form.pdf", PDF + bytes(9999)),
    "a PDF within something": ("form.pdf", b"<html>" + PDF),
    "a PDF that launches": ("form.pdf", a_pdf(LAUNCH)),
    "a PDF with an escaped name": ("form.pdf", a_pdf(LAUNCH.replace(b"Launch", b"L#61unch"))),
    "a PDF with a script": ("form.pdf", written_by_pypdf(add_open_action=JavaScript("app.alert(1)"))),
    "a PDF with a file": ("form.pdf", written_by_pypdf(add_attachment=("a.exe", b"MZ"))),
    "a PDF under a password": ("form.pdf", written_by_pypdf(encrypt="secret")),
    "a PDF that hides it": ("form.pdf", a_pdf(more=streamed(b"5 0 <<" + LAUNCH + b">>"))),
    "a PDF that hides it below": (
        "form.pdf",
        a_pdf(more=streamed(bytes(50_000) + NOISE + LAUNCH)),
    ),
    "a PDF that hides it at the end": ("form.pdf", a_pdf(more=streamed(b"5 0 " + NOISE + LAUNCH))),
    "a PDF that hides it without an end": ("form.pdf", a_pdf(more=streamed(b"5 0 " + LAUNCH, end=b"\n"))),
    "a PDF of too many streams": ("form.pdf", a_pdf(more=b"stream\n" * (Bounds().streams + 1))),
    "a PDF that is a bomb": ("form.pdf", a_pdf(more=streamed(b"5 0 " + bytes(Bounds().unpacked)))),
    "macros": ("form.docm", changed(DOCX, {"word/vbaProject.bin": b"x"})),
    "macros in capitals": ("form.docx", changed(DOCX, {"WORD\\VBAPROJECT.BIN": b"x"})),
    "a type with macros": ("form.docx", changed(DOCX, {}, TYPED)),
    "macros of Excel 4": ("list.xlsx", changed(WORKBOOK, {"xl/macrosheets/sheet1.xml": b"<x/>"})),
    "a binary workbook": ("list.xlsb", changed(WORKBOOK, {"xl/workbook.bin": b"x"})),
    "a program within": ("form.docx", changed(DOCX, {"word/embeddings/oleObject1.bin": b"x"})),
    "a control within": ("form.docx", changed(DOCX, {"word/activeX/activeX1.xml": b"<x/>"})),
    "HTML within": ("form.docx", changed(DOCX, {"word/afchunk.html": b"<p>"})),
    "HTML within, as XML": ("form.docx", changed(DOCX, {"word/x.xml": b"<p/>"}, related("aFChunk", ""))),
    "a template elsewhere": ("form.docx", changed(DOCX, {}, related("attachedTemplate"))),
    "a template on a share": ("form.docx", changed(DOCX, {}, related("attachedTemplate", target=SHARE))),
    "an object on a drive": ("form.docx", changed(DOCX, {}, related("oleObject", target=DRIVE))),
    "a picture elsewhere": ("form.docx", changed(DOCX, {}, related("image", "TargetMode = 'External'"))),
    "a DDE field": ("form.docx", changed(DOCX, {}, FIELD)),
    "a DDE field after another": ("form.docx", changed(DOCX, {}, (*FIELD[:2], AFTER))),
    "a simple DDE field": ("form.docx", in_word('<w:fldSimple w:instr=" DDEAUTO c"/>')),
    "entities": ("form.docx", changed(DOCX, {"customXml/item9.xml": ENTITY})),
    "another encoding": ("form.docx", changed(DOCX, {"customXml/item9.xml": "<x/>".encode("utf-16")})),
    "another workbook": ("list.xlsx", changed(WORKBOOK, {"xl/externalLinks/externalLink1.xml": b"<x/>"})),
    "data from elsewhere": ("list.xlsx", changed(WORKBOOK, {"xl/connections.xml": b"<x/>"})),
    "a script in ODS": ("list.ods", changed(LIST, {"Basic/A/B.xml": b"<x/>"})),
    "two parts of one name": ("form.docx", changed(DOCX, {"word/Document.xml": b"<x/>"})),
    "too many parts": ("form.docx", changed(DOCX, {f"word/{number}.xml": b"" for number in range(1000)})),
    "a bomb": ("form.docx", changed(DOCX, {"word/x.xml": bytes(Bounds().unpacked)})),
    "no document": ("form.docx", changed(DOCX, {}).replace(b"word/document.xml", b"word/documents.xm")),
    "broken": ("form.docx", DOCX[:-100]),
    "blank": ("form.txt", b" \n"),
}


@pytest.mark.parametrize(("name", "content"), WITHHELD.values(), ids=WITHHELD)
def test_what_may_do_something_is_named_and_stays(name: str, content: bytes) -> None:
    attachment = handed_on(File(name, "application/pdf", content))
    assert (attachment.name, attachment.content, attachment.withheld) == (name or "attachment", b"", True)


def test_an_empty_file_is_empty_and_not_withheld() -> None:
    assert not handed_on(File("form.pdf", "", b"")).withheld


@given(st.text(), st.sampled_from([PDF, DOCX, PNG, b"x"]))
def test_every_name_is_harmless(name: str, content: bytes) -> None:
    attachment = handed_on(File(name, "", content))
    if attachment.withheld:
        assert content == b"x"
        return
    stem, _, ending = attachment.name.partition(".")
    assert stem.strip(" _") == stem != ""
    assert ending in ("pdf", "docx", "png", "txt", "csv", "tsv", "json")
    assert stem.isprintable() or any(map(str.isalnum, stem))
    assert not set(stem) & set('<>:"/\\|?*\x00\r\n')
    json.dumps(attachment.name).encode()


@given(st.binary())
def test_nothing_raises(content: bytes) -> None:
    for beginning in (b"", b"%PDF-1.7\n1 0 obj stream\n", b"PK\x03\x04", DOCX[:500], JPEG):
        handed_on(File("form.txt", "", beginning + content))
