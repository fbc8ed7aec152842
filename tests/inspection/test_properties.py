"""What a document says of itself."""

import io
import zipfile
from collections.abc import Mapping

import docx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.inspection.properties import LONGEST, properties
from tests.support.documents import a_docx, a_pdf, an_odt, changed, written_by_pypdf

XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Trafic de 2003</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>A. Diallo</rdf:li><rdf:li>K. Barry</rdf:li></rdf:Seq></dc:creator>
<dc:language><rdf:Bag><rdf:li>fr</rdf:li></rdf:Bag></dc:language></rdf:Description></rdf:RDF></x:xmpmeta>"""


def word(**said: str) -> bytes:
    document, made = docx.Document(), io.BytesIO()
    for name, one in said.items():
        setattr(document.core_properties, name, one)
    document.save(made)
    return made.getvalue()


def with_xmp() -> bytes:
    stream = XMP.encode()
    metadata = b"9 0 obj<</Type/Metadata/Subtype/XML/Length %d>>stream\n%b\nendstream endobj\n" % (len(stream), stream)
    return a_pdf(b"/Metadata 9 0 R/Lang(fr-CH)", metadata)


@pytest.mark.parametrize(
    ("content", "ending", "said"),
    [
        (
            word(title="Trafic de 2003", author="A. Diallo", language="fr-FR"),
            ".docx",
            {"title": "Trafic de 2003", "author": "A. Diallo", "language": "fr-FR"},
        ),
        (
            an_odt(
                "<dc:title>Трафик</dc:title><meta:initial-creator>А. Дьяло</meta:initial-creator>"
                "<dc:creator>A clerk</dc:creator><dc:language>ru-RU</dc:language>"
            ),
            ".odt",
            {"title": "Трафик", "author": "А. Дьяло", "language": "ru-RU"},
        ),
        (an_odt("<dc:creator>A clerk</dc:creator>"), ".odt", {"author": "A clerk"}),
        (
            written_by_pypdf(add_metadata=({"/Title": "حركة الإنترنت", "/Author": "A. Diallo"},)),
            ".pdf",
            {"title": "حركة الإنترنت", "author": "A. Diallo"},
        ),
        (with_xmp(), ".pdf", {"title": "Trafic de 2003", "author": "A. Diallo, K. Barry", "language": "fr-CH"}),
        (b"A paper.", ".txt", {}),
    ],
    ids=["Word", "OpenDocument", "OpenDocument's last author", "PDF", "XMP", "text"],
)
def test_what_it_says(content: bytes, ending: str, said: Mapping[str, str]) -> None:
    found = properties(io.BytesIO(content), ending)
    assert {name: one for name, one in found.items() if name in said or ending != ".pdf"} == said


@pytest.mark.parametrize(
    ("title", "seen"),
    [
        ("Microsoft Word - Paper.doc", ""),
        ("Microsoft Word - On routing", "On routing"),
        ("Untitled", ""),
        ("Document1", ""),
        ("paper_v3 final.docx", ""),
        ("  On\n routing\t ", "On routing"),
        ("x" * 2000, "x" * LONGEST),
    ],
)
def test_what_programs_write_for_want_of_a_title(title: str, seen: str) -> None:
    core = f"<c xmlns:dc='http://purl.org/dc/elements/1.1/'><dc:title>{title}</dc:title></c>".encode()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as package:
        package.writestr("docProps/core.xml", core)
    assert properties(made, ".docx").get("title", "") == seen


@pytest.mark.parametrize("language", ["French", "fr_FR.UTF-8", "<b>", "x" * 50, "1"])
def test_a_language_that_is_no_code(language: str) -> None:
    said = properties(io.BytesIO(word(language=language)), ".docx").get("language", "")
    assert said in ("", "French") or said.isascii()
    assert "<" not in said


def test_no_entity_is_read() -> None:
    core = b"<!DOCTYPE c [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><c xmlns:dc='http://purl.org/dc/elements/1.1/'>"
    content = changed(a_docx(), {"other.xml": b""}, ("docProps/core.xml", b"<cp:coreProperties", core + b"</c>"))
    assert "root" not in str(properties(io.BytesIO(content), ".docx"))


@given(st.binary(), st.sampled_from([".docx", ".odt", ".pdf", ".txt", ""]))
def test_nothing_raises(content: bytes, ending: str) -> None:
    for beginning in (b"", b"%PDF-1.7\n", b"PK\x03\x04"):
        assert properties(io.BytesIO(beginning + content), ending) == {}
