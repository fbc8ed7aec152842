"""What a file is by its content, and what is refused, held, or taken."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf.actions import JavaScript as javascript

from rollcall.desk.contribution_ports import Inspected
from rollcall.inspection import look
from rollcall.model.contribution import LARGEST_FILE, PaperDoubt
from tests.support.documents import (
    CASES,
    a_docx,
    a_pdf,
    an_odt,
    changed,
    packed_pdf,
    related,
    streamed,
    with_bytes_between,
    written_by_pypdf,
)

PDF, DOCX, ODT = a_pdf(), a_docx(), an_odt()
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
OPEN = "application/vnd.oasis.opendocument.text"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
OLD_WORD = OLE + "WordDocument".encode("utf-16-le")
LAUNCH = b"/OpenAction<</S/Launch/F(cmd.exe)>>"
SOFTWARE = b"MZ\x90\x00\x03"
LINK = '<text:p><text:a xlink:href="https://www.example.org/">there</text:a></text:p>'
CHART = '<draw:frame><draw:object xlink:href="./Object 1"/></draw:frame>'
PICTURE = '<draw:frame><draw:image xlink:href="{}"/></draw:frame>'


def seen(content: bytes, name: str, folder: Path) -> Inspected:
    path = folder / "upload"
    path.write_bytes(content)
    return look.inspect(path, name)


TAKEN = {
    "a PDF": (PDF, "paper.pdf", "paper.pdf", "application/pdf"),
    "a PDF whose name lies": (PDF, "paper.docx", "paper.pdf", "application/pdf"),
    "a PDF with links": (a_pdf(b"/X<</S/URI/URI(http://www.example.org)>>"), "a.pdf", "a.pdf", "application/pdf"),
    "a PDF that may not be printed": (written_by_pypdf(encrypt=("", "owner")), "a.pdf", "a.pdf", "application/pdf"),
    "a PDF packed twice": (packed_pdf(b"<</S/URI/URI(http://e.example)>>", 2), "a.pdf", "a.pdf", "application/pdf"),
    "Word": (DOCX, "Paper on routing.docx", "Paper on routing.docx", WORD),
    "Word called .doc": (DOCX, "paper.doc", "paper.docx", WORD),
    "Word with a link": (changed(DOCX, {}, related("hyperlink")), "a.docx", "a.docx", WORD),
    "Word with a photograph": (changed(DOCX, {"word/media/a.jpeg": b"\xff\xd8\xff\xe0JFIF"}), "a.docx", "a.docx", WORD),
    "Word as a stream writes it": (with_bytes_between(DOCX, b""), "a.docx", "a.docx", WORD),
    "OpenDocument": (ODT, "paper.odt", "paper.odt", OPEN),
    "OpenDocument with a link, a chart and a picture": (
        changed(
            an_odt(body=LINK + CHART + PICTURE.format("Pictures/1.png")),
            {"Object 1/content.xml": b"<x/>", "ObjectReplacements/Object 1": b"\x01", "Pictures/1.png": b"\x89PNG"},
        ),
        "paper.odt",
        "paper.odt",
        OPEN,
    ),
    "text": (b"A paper.\r\n", "paper.txt", "paper.txt", "text/plain"),
    "text of old": ("Доклад о маршрутизации".encode("cp1251"), "paper", "paper.txt", "text/plain"),
    "text of Windows": ("Доклад".encode("utf-16"), "paper.txt", "paper.txt", "text/plain"),
    "a name that is none": (PDF, "../../\x00<b>.pdf", "b.pdf", "application/pdf"),
}


@pytest.mark.parametrize(("content", "name", "shown", "type"), TAKEN.values(), ids=TAKEN)
def test_what_is_taken(tmp_path: Path, content: bytes, name: str, shown: str, type: str) -> None:
    one = seen(content, name, tmp_path)
    assert (one.fault, one.doubt, one.name, one.type) == ("", None, shown, type)
    assert one.name.endswith(one.ending)
    assert (one.size, len(one.sha256)) == (len(content), 64)


@pytest.mark.parametrize(
    "case", [one for one in CASES.iterdir() if one.suffix in (".pdf", ".docx")], ids=lambda p: p.name
)
def test_what_people_sent_is_taken(case: Path) -> None:
    one = look.inspect(case, case.name)
    assert (one.fault, one.doubt) == ("", None)


REFUSED = {
    "nothing": (b"", "a.pdf", "file_empty"),
    "a program": (SOFTWARE, "paper.exe", "file_kind"),
    "a program called text": (SOFTWARE, "paper.txt", "file_kind"),
    "a program called PDF": (SOFTWARE, "paper.pdf", "file_kind"),
    "HTML": (b"<html><script>alert(1)</script>", "paper.html", "file_kind"),
    "HTML called text": (b"<!doctype html><p>paper", "paper.txt", "file_kind"),
    "HTML called PDF": (b"<html>", "paper.pdf", "file_kind"),
    "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "paper.svg", "file_kind"),
    "SVG called text": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "paper.txt", "file_kind"),
    "RTF": (b"{\\rtf1\\ansi {\\object\\objdata 01}}", "paper.rtf", "file_kind"),
    "RTF called Word": (b"{\\rtf1\\ansi form}", "paper.doc", "file_kind"),
    "a script": (b"alert(1)", "paper.js", "file_kind"),
    "a shell's script called text": (b"#!/bin/sh\nrm -rf ~\n", "paper.txt", "file_kind"),
    "a picture": (b"\x89PNG\r\n\x1a\n", "scan.png", "file_kind"),
    "an archive": (changed(DOCX, {}).replace(b"word/document.xml", b"word/documents.xm"), "a.zip", "file_kind"),
    "an old workbook": (OLE + "Workbook".encode("utf-16-le"), "a.doc", "file_kind"),
    "Word that cannot be read without a password": (
        OLE + "EncryptedPackage".encode("utf-16-le"),
        "a.docx",
        "file_encrypted",
    ),
    "a PDF under a password": (written_by_pypdf(encrypt="secret"), "a.pdf", "file_encrypted"),
    "OpenDocument under a password": (
        an_odt(manifest="<encryption-data/>"),
        "a.odt",
        "file_encrypted",
    ),
    "half a PDF": (written_by_pypdf()[:5000], "a.pdf", "file_damaged"),
    "half a Word file": (DOCX[:-100], "a.docx", "file_damaged"),
    "a PDF that launches": (a_pdf(LAUNCH), "a.pdf", "file_active"),
    "a PDF that launches by another name": (a_pdf(LAUNCH.replace(b"Launch", b"L#61unch")), "a.pdf", "file_active"),
    "a PDF with a script": (written_by_pypdf(add_open_action=javascript("app.alert(1)")), "a.pdf", "file_active"),
    "a PDF with a script, packed": (packed_pdf(b"<</S/JavaScript/JS(1)>>", 2), "a.pdf", "file_active"),
    "a PDF with a file": (written_by_pypdf(add_attachment=("a.exe", b"MZ")), "a.pdf", "file_active"),
    "a PDF and HTML": (PDF + b"<html><script>alert(1)</script>", "a.pdf", "file_active"),
    "a PDF and an archive": (PDF + changed(DOCX, {}), "a.pdf", "file_active"),
    "Word with macros": (changed(DOCX, {"word/vbaProject.bin": b"x"}), "a.docx", "file_active"),
    "Word with macros in capitals": (changed(DOCX, {"WORD\\VBAPROJECT.BIN": b"x"}), "a.docx", "file_active"),
    "Word with a control": (changed(DOCX, {"word/activeX/activeX1.xml": b"<x/>"}), "a.docx", "file_active"),
    "Word with a program as a picture": (changed(DOCX, {"word/media/a.png": SOFTWARE}), "a.docx", "file_active"),
    "Word with entities": (
        changed(DOCX, {"word/x.xml": b'<!DOCTYPE x [<!ENTITY a "a">]><x/>'}),
        "a.docx",
        "file_active",
    ),
    "Word with HTML": (changed(DOCX, {"word/x.xml": b"<p/>"}, related("aFChunk", "")), "a.docx", "file_active"),
    "Word with a part twice": (changed(DOCX, {"word/Document.xml": b"<x/>"}), "a.docx", "file_active"),
    "Word with macros, and Word without": (
        changed(DOCX, {"word/vbaProject.bin": b"x"}) + DOCX,
        "a.docx",
        "file_active",
    ),
    "Word with another file between its parts": (with_bytes_between(DOCX, PDF), "a.docx", "file_active"),
    "Word of before 2007 with macros": (OLD_WORD + "_VBA_PROJECT".encode("utf-16-le"), "a.doc", "file_active"),
    "OpenDocument with macros": (changed(ODT, {"Basic/Standard/Module1.xml": b"<x/>"}), "a.odt", "file_active"),
    "OpenDocument with a script": (an_odt(body="<script:event-listener/>"), "a.odt", "file_active"),
}


@pytest.mark.parametrize(("content", "name", "fault"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(tmp_path: Path, content: bytes, name: str, fault: str) -> None:
    one = seen(content, name, tmp_path)
    assert (one.fault, one.doubt) == (fault, None)


HELD = {
    "Word of before 2007": (OLD_WORD, "a.doc"),
    "Word with an object": (changed(DOCX, {"word/embeddings/oleObject1.bin": b"x"}), "a.docx"),
    "Word with the workbook of a chart": (changed(DOCX, {"word/embeddings/a.xlsx": b"PK\x03\x04"}), "a.docx"),
    "Word with a template elsewhere": (changed(DOCX, {}, related("attachedTemplate")), "a.docx"),
    "Word with a picture elsewhere": (changed(DOCX, {}, related("image")), "a.docx"),
    "Word in another encoding": (changed(DOCX, {"word/x.xml": "<x/>".encode("utf-16")}), "a.docx"),
    "Word with an archive as a picture": (changed(DOCX, {"word/media/a.png": b"PK\x03\x04"}), "a.docx"),
    "OpenDocument with a picture elsewhere": (an_odt(body=PICTURE.format("http://evil.example/1.png")), "a.odt"),
    "OpenDocument with a film": (changed(ODT, {"Media/1.mp4": b"ftyp"}), "a.odt"),
    "a PDF that opens a page elsewhere": (a_pdf(b"/OpenAction<</S/URI/URI(http://evil.example)>>"), "a.pdf"),
    "a PDF that leads to another file": (a_pdf(b"/X<</S/GoToR/F(a.pdf)>>"), "a.pdf"),
    "a PDF that hides something": (a_pdf(more=streamed(b"5 0 <<" + LAUNCH + b">>")), "a.pdf"),
    "a PDF that hides it where windows meet": (
        a_pdf(more=b"9 0 obj<</Length 1>>stream\n" + b"%" * ((1 << 20) - 120) + LAUNCH + b"\nendstream endobj\n"),
        "a.pdf",
    ),
}


@pytest.mark.parametrize(("content", "name"), HELD.values(), ids=HELD)
def test_what_the_staff_look_at_first(tmp_path: Path, content: bytes, name: str) -> None:
    one = seen(content, name, tmp_path)
    assert (one.fault, one.doubt) == ("", PaperDoubt.ACTIVE)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (changed(DOCX, {"word/x.xml": bytes(look.BOUNDS.xml)}), "a.docx"),
        (changed(DOCX, {f"word/{number}.xml": b"" for number in range(look.BOUNDS.parts)}), "a.docx"),
        (a_pdf(more=b"stream\n" * (look.BOUNDS.streams + 1)), "a.pdf"),
        (b"a\n" * (look.LONGEST_TEXT // 2 + 1), "a.txt"),
    ],
    ids=["XML", "parts", "streams", "text"],
)
def test_too_much_to_look_into_is_held(tmp_path: Path, content: bytes, name: str) -> None:
    one = seen(content, name, tmp_path)
    assert (one.fault, one.doubt) == ("", PaperDoubt.NOT_INSPECTED)


def test_a_stream_that_unpacks_to_too_much_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = a_pdf(more=streamed(b"5 0 " + bytes(3_000_000)))
    assert seen(content, "a.pdf", tmp_path).doubt is None
    monkeypatch.setattr(look, "BOUNDS", replace(look.BOUNDS, unpacked=2_000_000))
    assert seen(content, "a.pdf", tmp_path).doubt is PaperDoubt.NOT_INSPECTED


def test_larger_than_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.touch()
    with path.open("r+b") as file:
        file.truncate(LARGEST_FILE)
        assert look.begin(path, "a.txt").fault == ""
        file.truncate(LARGEST_FILE + 1)
    assert look.begin(path, "a.txt").fault == "file_too_large"


def test_a_name_across_the_windows_of_a_packed_stream(tmp_path: Path) -> None:
    for place in ((1 << 20) - 1, (1 << 20) - 5):
        one = seen(a_pdf(more=streamed(b"5 0 ".ljust(place) + b"/Launch x")), "a.pdf", tmp_path)
        assert one.doubt is PaperDoubt.ACTIVE


def test_many_photographs(tmp_path: Path) -> None:
    """Each unpacks to what it is; only what is XML has to be read whole."""
    made = io.BytesIO(DOCX)
    with zipfile.ZipFile(made, "a", zipfile.ZIP_STORED) as package:
        for number in range(40):
            package.writestr(f"word/media/{number}.jpeg", b"\xff\xd8\xff\xe0" + bytes(1_000_000))
    one = seen(made.getvalue(), "a.docx", tmp_path)
    assert (one.fault, one.doubt) == ("", None)


@given(st.binary())
def test_nothing_is_taken_for_what_it_is_not(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    for beginning in (b"%PDF-1.7\n1 0 obj stream\n", b"PK\x03\x04", DOCX[:500], OLE):
        path = folder / "upload"
        path.write_bytes(beginning + content)
        begun = look.begin(path, "a.txt")
        try:
            finished = look.finish(path, begun)
        except Exception:  # then it is in doubt, as it was begun
            continue
        assert finished.fault or finished.doubt


def test_what_is_begun_is_in_doubt(tmp_path: Path) -> None:
    (tmp_path / "upload").write_bytes(PDF)
    begun = look.begin(tmp_path / "upload", "a.pdf")
    assert begun.doubt is PaperDoubt.NOT_INSPECTED
    assert replace(look.inspect(tmp_path / "upload", "a.pdf"), doubt=begun.doubt, properties=None) == begun
