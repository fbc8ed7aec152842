"""E-mails made to keep the reader busy. Where time is measured, twice as much may take three times as long, on any
machine; steps that grow with the square take four times, or far more than the second that stops them."""

import io
import json
import signal
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from time import process_time
from types import MappingProxyType

import pytest
from pypdf import PdfReader

from rollcall.inbound import attachments, forms, letter, sheets
from rollcall.inbound.attachments import forms_in_file
from rollcall.inbound.choices import plain
from rollcall.inbound.doubts import doubts_about
from rollcall.inbound.forms import date_in, find_forms
from rollcall.inbound.html import text_of_html
from rollcall.inbound.labels import LONGEST_LINE, MOST_TEXT, TooMuch, bounded, unknown_label
from rollcall.inbound.letter import refuses, sets_a_condition
from rollcall.inbound.message import take_apart
from rollcall.inbound.mime import File, Parts
from rollcall.inbound.pdf import rows_of
from rollcall.inbound.quoting import lines_of, typed_lines
from rollcall.inbound.text import forms_in_text
from rollcall.inbound.whose import speaks_of_another
from rollcall.inbound.withdrawal import Known, withdraws
from rollcall.model.inbound import FormStatus, InboundForm, ReviewReason
from rollcall.model.registration import fold, normal_form, normalized_address, without_accents
from tests.support.desk import EVENT

KNOWN = Known(EVENT, InboundForm(FormStatus.REGISTERED), "", "")
OURS = "Family name: Diallo\nFirst name: Amina\nOrganization: MPT\nE-mail: amina@mpt.example.org\n"


class TooSlow(Exception):
    pass


@pytest.fixture(autouse=True)
def stopped() -> Iterator[None]:
    """Far more than any of them takes: so that a broken one fails, and does not go on for minutes."""

    def stop(*_: object) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, 20)
    yield
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, before)


def grows(work: Callable[[int], object], size: int) -> float:
    """How many times as long twice the size takes; below a hundredth of a second, nobody can tell. The best of three:
    other work on the machine only adds."""
    work(size // 10)
    once, twice = (max(min(_seconds(work, each) for _ in range(3)), 0.01) for each in (size, 2 * size))
    return twice / once


def _seconds(work: Callable[[int], object], size: int) -> float:
    for kept in (lines_of, typed_lines, text_of_html):
        kept.cache_clear()
    begun = process_time()
    work(size)
    return process_time() - begun


LINEAR = 3.0


@pytest.mark.parametrize("compare", [fold, plain, without_accents, normalized_address])
@pytest.mark.parametrize("unit", ["\u0301\u0316", "\uff9e\u0334", "\u0f73\u0316", "é", "각"])
def test_text_is_compared_in_time_that_grows_with_its_length(compare: Callable[[str], str], unit: str) -> None:
    half, other = unit[0], unit[-1]
    assert grows(lambda size: compare(half * size + other * size + unit * size + "@é.example"), 10_000) < LINEAR


def test_a_joiner_stands_among_marks_that_no_language_has() -> None:
    marks = "\u0301\u0316" * 40
    once = normal_form("NFKC", f"a{marks}b")
    assert once.count("\u034f") == 2
    assert normal_form("NFKC", once) == once
    assert normal_form("NFKC", f"a{marks[:29]}") == "á" + "\u0316" * 14 + "\u0301" * 14


@pytest.mark.parametrize(
    ("read", "unit"),
    [
        (lambda text: unknown_label(f"a{text}b\tc", wide=False), "\t"),
        (lambda text: unknown_label(f"a{text}!", wide=True), "\u2003"),
        (lambda text: refuses(f"n {text}."), "inscri"),
        (lambda text: refuses(f"nicht {text}"), "a "),
        (lambda text: forms._TAG.sub("", text), "["),
        (lambda text: letter.asks(text), "a@"),
        (lambda text: sets_a_condition(text), "may "),
        (lambda text: speaks_of_another(text, {"family_name": "ab", "first_name": "a"}), "a ab "),
        (lambda text: typed_lines(text), "> a\nb\n\n"),
        (lambda text: withdraws("", [text.splitlines()], KNOWN), "i "),
        (lambda text: withdraws(text[:300], [["I cannot attend."], [text]], KNOWN), "due to a personal "),
        (lambda text: doubts_about({"signature": text, "family_name": text.replace("ab", "cd")}), "ab "),
    ],
    ids=[
        *("tabs", "blanks", "a word", "words", "brackets", "addresses"),
        *("conditions", "names", "quotations", "a letter", "reasons", "signature"),
    ],
)
def test_no_expression_tries_a_line_again_and_again(read: Callable[[str], object], unit: str) -> None:
    assert grows(lambda size: read(unit * (size // len(unit))), 9000) < LINEAR


LINES = {
    "labels": "Name:" + " a:" * 30,
    "one label": "Name:",
    "marks": "sigNGOne\u0301" + "\u0301\u0316" * 20 + "/Participant 2:",
    "brackets": "a: " + "(" * 280,
    "headers": "De: a@b 12.12.2012 12:12 <" + "[" * 200,
    "blanks": "Ab" + " " * 200,
    "tabs": "a\t" * 100,
    "quoted": "> " * 40 + "On 12.12.2012 a@b.cc wrote:",
    "dots": "a..b..Tel...hotel..." * 5,
    "slashes": "a/b/c/d/e/f/" * 20 + ":",
    "boxes": "[x] Mr. [ ] Ms. " * 20,
    "addresses": "a@b.cc " * 20,
    "a reply": "De: a@b\nA:\nA:\nA:\n",
}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_no_line_makes_the_next_ones_dearer(line: str) -> None:
    assert grows(lambda size: find_forms(EVENT, Parts((f"{line}\n" * (size // len(line)),))), 12_000) < LINEAR


def people(count: int) -> str:
    """Of one name."""
    one = "Family name: a\nFirst name: b\nE-mail: x{at}@example.org\nOrganization: o{at}\nAddress: " + "é" * 200
    return "\n\n".join(one.format(at=at) for at in range(count))


def test_people_of_one_name_are_compared_once() -> None:
    assert len(find_forms(EVENT, Parts((people(200),))).forms) == 200
    assert _seconds(lambda count: find_forms(EVENT, Parts((people(count),))), 200) < 3


@pytest.mark.parametrize(
    "made",
    [
        lambda size: {f"k{at}": "x" for at in range(size)},
        lambda size: {"Name" + "_" * (at % 90) + " " * (at // 90): "x" * 10 for at in range(size)},
        lambda size: [{"a": at} for at in range(size)],
    ],
    ids=["unknown labels", "spellings of one", "objects"],
)
def test_json_takes_time_by_its_length(made: Callable[[int], object]) -> None:
    def read(size: int) -> object:
        content = json.dumps(made(size)).encode()
        return forms_in_file(EVENT, File("list.json", "application/json", content))

    assert grows(read, 4000) < LINEAR


def test_columns_are_looked_up_once() -> None:
    def read(size: int) -> object:
        head = ",".join(["Family name", "First name", *(f"k{at}" for at in range(size))])
        return forms_in_file(EVENT, File("a.csv", "text/csv", f"{head}\n{',1' * size}\n{'1,' * size}".encode()))

    assert grows(read, 4000) < LINEAR


def test_a_doubt_names_only_so_many() -> None:
    told = json.dumps({"Family name": "a", "First name": "b", **{f"k{at}": 1 for at in range(1000)}}).encode()
    (form,) = forms_in_file(EVENT, File("form.json", "application/json", told))
    assert [len(about) for about in form.doubts.values()] == [50]


@pytest.mark.parametrize(
    "text",
    ["a" * (LONGEST_LINE + 1), "a" * MOST_TEXT, "\n" * (MOST_TEXT // 20), "\ufdfa" * (MOST_TEXT // 18 + 1)],
    ids=["a line", "characters", "lines", "ligatures"],
)
def test_a_text_that_is_too_much_is_put_before_a_person(text: str) -> None:
    """Its form, too: what contradicts it may stand at the end."""
    found = find_forms(EVENT, Parts((OURS + text,)))
    assert (found.forms, found.over) == ((), ReviewReason.TOO_COMPLICATED)
    assert find_forms(EVENT, Parts((OURS,))).over is None


def test_a_file_that_is_too_much_is_not_read_and_the_others_are() -> None:
    long = File("long.txt", "text/plain", b"a\n" * MOST_TEXT)
    found = find_forms(EVENT, Parts((), (), (long, File("form.txt", "text/plain", OURS.encode()))), clock=lambda: 0)
    assert (len(found.forms), found.not_read, found.over) == (1, ("long.txt",), None)


def test_html_of_too_many_elements_is_put_before_a_person() -> None:
    assert find_forms(EVENT, Parts((), ("<p>a" * 60_000,))).over is ReviewReason.TOO_COMPLICATED
    with pytest.raises(TooMuch):
        text_of_html("<" * 200_000)


def test_once_the_time_is_over_no_file_is_begun_and_no_other_text() -> None:
    texts = (File("a.txt", "text/plain", OURS.encode()), File("b.txt", "text/plain", OURS.encode()))
    clock = iter([0, 0, 0, 0, 1])
    found = find_forms(EVENT, Parts((), (), texts), clock=lambda: next(clock))
    assert (len(found.forms), found.not_read) == (1, ("b.txt",))
    clock = iter([0, 0, 1])
    assert find_forms(EVENT, Parts((OURS,), (OURS,)), clock=lambda: next(clock)).over is ReviewReason.TOO_COMPLICATED


def docx_of(body: str) -> bytes:
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    types = "http://schemas.openxmlformats.org/package/2006/content-types"
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    return package(
        {
            "[Content_Types].xml": f'<Types xmlns="{types}"><Override PartName="/word/d.bin" ContentType="{kind}"/>'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/></Types>',
            "_rels/.rels": f'<Relationships xmlns="{relations}"><Relationship Id="r" Type="{office}" '
            'Target="word/d.bin"/></Relationships>',
            "word/document.xml": "<a/>",
            "word/d.bin": f'<w:document xmlns:w="{word}"><w:body>{body}</w:body></w:document>',
        }
    )


def package(parts: dict[str, str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return file.getvalue()


SAYS = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in OURS.splitlines())


@pytest.mark.parametrize(
    "more",
    [
        "<w:p/>" * 60_000,
        "<w:p><w:r>" * 30 + "<w:a/>" * 1000 + "</w:r></w:p>" * 30,
        " " * attachments.MOST_XML,
    ],
    ids=["elements", "within one another", "a part of another name"],
)
def test_a_word_file_that_is_too_much_is_not_read(more: str) -> None:
    assert len(forms_in_file(EVENT, File("a.docx", "", docx_of(SAYS)))) == 1
    assert forms_in_file(EVENT, File("a.docx", "", docx_of(SAYS + more))) == []


def workbook(
    rows: str, shared: str = "", copies: int = 1, part: str = "xl/s.dat", more: Mapping[str, str] = MappingProxyType({})
) -> bytes:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    relations = "http://schemas.openxmlformats.org/package/2006/relationships"
    names = "".join(f'<sheet name="s{at}" sheetId="{at + 1}" r:id="r1"/>' for at in range(copies))
    related = f'<Relationship Id="r1" Type="{office}/worksheet" Target="{part[3:]}"/>'
    related += f'<Relationship Id="r2" Type="{office}/sharedStrings" Target="sharedStrings.xml"/>'
    return package(
        {
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": f'<Relationships xmlns="{relations}"><Relationship Id="r1" Type="{office}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{names}</sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{relations}">{related}</Relationships>',
            "xl/sharedStrings.xml": f'<sst xmlns="{main}">{shared}</sst>',
            part: f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>',
            **more,
        }
    )


def cells(row: int, *texts: str, column: str = "A", equals: str = "=") -> str:
    places = [f"{chr(ord(column) + at)}{row}" for at in range(len(texts))] if len(column) == 1 else [f"{column}{row}"]
    said = (
        f'<c r{equals}"{at}" t="inlineStr"><is><t>{text}</t></is></c>' for at, text in zip(places, texts, strict=True)
    )
    return f'<row r="{row}">{"".join(said)}</row>'


LISTED = cells(1, "Family name", "First name", "Organization") + cells(2, "Diallo", "Amina", "MPT")


@pytest.mark.parametrize(
    "file",
    [
        workbook(LISTED + cells(1_048_576, "a", column="XFD")),
        workbook(LISTED + cells(1_048_576, "a", column="XFD", equals=" =")),
        workbook(LISTED + f'<row r="1048576">{"<c/>" * 16_000}<c><v>1</v></c></row>'),
        workbook(LISTED + cells(1_048_576, "a", column="xfd")),
        workbook(LISTED, copies=sheets.MOST_SHEETS + 1),
        workbook(
            LISTED + "".join(f'<row r="{at}"><c r="A{at}" t="s"><v>0</v></c></row>' for at in range(3, 900)),
            f"<si><t>{'x' * 10_000}</t></si>",
        ),
    ],
    ids=["far", "a blank before =", "cells without a place", "in small letters", "sheets", "one text in many cells"],
)
def test_a_workbook_that_would_take_all_memory_is_not_read(file: bytes) -> None:
    assert len(forms_in_file(EVENT, File("a.xlsx", "", workbook(LISTED)))) == 1
    assert forms_in_file(EVENT, File("a.xlsx", "", file)) == []


def ods(rows: str) -> bytes:
    names = " ".join(
        f'xmlns:{one}="urn:oasis:names:tc:opendocument:xmlns:{one}:1.0"' for one in ("office", "table", "text")
    )
    return package(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": f"<!--{'x' * 5000}--><office:document-content {names}><office:body><office:spreadsheet>"
            f'<table:table table:name="a">{rows}</table:table></office:spreadsheet></office:body>'
            "</office:document-content>",
            "META-INF/manifest.xml": '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        }
    )


@pytest.mark.parametrize(
    "said", ['office:value-type="float" office:value="1"/>', "><text:p>1</text:p></table:table-cell>"]
)
def test_ods_cells_that_stand_for_many_are_counted(said: str) -> None:
    many = '<table:table-row table:number-rows-repeated="4000">'
    many += f'<table:table-cell table:number-columns-repeated="4000" {said}</table:table-row>'
    with pytest.raises(TooMuch):
        attachments._forms_in_file(EVENT, File("a.ods", "", ods(many)))


def test_what_is_read_of_a_text_is_all_or_nothing() -> None:
    text = "a" * 79 + "\n"
    assert bounded(text * (MOST_TEXT // 100))
    with pytest.raises(TooMuch):
        forms_in_text(EVENT, text * (MOST_TEXT // 100 + 1))


def pdf(contents: str, more: str = "", objects: Sequence[str] = (), resources: str = "", pages: int = 1) -> bytes:
    """`more`: of each page, `objects`: from the tenth on."""
    font = "/Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>"
    page = f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 500 500]/Contents 4 0 R/Resources<<{font}{resources}>>{more}>>"
    all_of_them = {
        1: "<</Type/Catalog/Pages 2 0 R>>",
        2: f"<</Type/Pages/Count {pages}/Kids[{'3 0 R ' * pages}]>>",
        3: page,
        4: stream(contents),
        **dict(enumerate(objects, start=10)),
    }
    file, places = "%PDF-1.7\n", {}
    for number, content in all_of_them.items():
        places[number] = len(file)
        file += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{places.get(number, 0):010} 00000 n \n" for number in range(1, 10 + len(objects)))
    size = 10 + len(objects)
    end = f"trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{len(file)}\n%%EOF\n"
    return f"{file}xref\n0 {size}\n0000000000 65535 f \n{table}{end}".encode()


def stream(contents: str, about: str = "") -> str:
    return f"<</Length {len(contents)}{about}>>\nstream\n{contents}\nendstream"


DRAWN = (
    "BT /F1 9 Tf "
    + "".join(f"1 0 0 1 50 {400 - 20 * at} Tm ({line}) Tj " for at, line in enumerate(OURS.splitlines()))
    + "ET "
)
NOTE = "<</Subtype/FreeText/Rect[0 0 9 9]/Contents({})>>"
DRAWING = "/Type/XObject/Subtype/Form/BBox[0 0 9 9]"


@pytest.mark.parametrize(
    "file",
    [
        pdf(DRAWN, "/Annots 10 0 R", [f"[{'11 0 R ' * 2000}]", NOTE.format("a")]),
        pdf(DRAWN, "/Annots[10 0 R]", [NOTE.format("a\n" * 10_000)]),
        pdf(DRAWN + "/X Do " * 1000, "", [stream("", DRAWING)], "/XObject<</X 10 0 R>>"),
        pdf(DRAWN + "".join(f"{20 * at} 0 9 9 re S " for at in range(100)) + "BT /F1 9 Tf " + "0 9 Td(a)Tj " * 3000),
        pdf(DRAWN + "q " * 120_000),
        pdf(DRAWN, pages=1000),
    ],
    ids=["notes", "a long note", "drawings", "boxes", "operations", "pages"],
)
def test_a_pdf_that_is_too_much_is_not_read(file: bytes) -> None:
    assert len(forms_in_file(EVENT, File("a.pdf", "", pdf(DRAWN)))) == 1
    files = File("a.pdf", "", file), File("b.pdf", "", pdf(DRAWN))
    found = find_forms(EVENT, Parts((), (), files), clock=lambda: 0)
    assert (len(found.forms), found.not_read) == (1, ("a.pdf",))


def test_once_the_time_is_over_no_page_is_begun() -> None:
    clock = iter([0, 0, 1])
    pages = PdfReader(io.BytesIO(pdf(DRAWN, pages=2))).pages
    with pytest.raises(ValueError, match="too long"):
        list(rows_of(pages, lambda: next(clock)))


def test_a_workbook_at_which_its_library_panics_is_not_read_and_the_others_are() -> None:
    """A date of -1e300: Rust's panic is no `Exception`, and would end the reader."""
    date = '<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs><xf numFmtId="14"/>'
    parts = {"xl/styles.xml": f"{date}</cellXfs></styleSheet>"}
    broken = workbook('<row r="1"><c r="A1" s="0"><v>-1e300</v></c></row>', more=parts)
    files = (File("a.xlsx", "", broken), File("b.xlsx", "", workbook(LISTED)))
    found = find_forms(EVENT, Parts((), (), files))
    assert (len(found.forms), found.not_read) == (1, ("a.xlsx",))


def test_what_is_longer_than_a_date_is_not_tried_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    monkeypatch.setattr("dateparser.parse", lambda text, **_: tried.append(text))
    for text in (
        "1 " * 29,
        "1/" * 28,
        "Friday, the 20th of February 2004, 10:31",
        "Friday, the 20th of February 2004, 10:31",
    ):
        assert date_in(text) == text
    assert tried == ["Friday, the 20th of February 2004, 10:31"]


def multipart(boundary: str, body: bytes) -> bytes:
    return f'From: a@example.org\r\nContent-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n'.encode() + body


@pytest.mark.parametrize(
    "made",
    [
        lambda size: multipart("-", b"-" * size),
        lambda size: multipart("-", b"---a\n" * (size // 5)),
        lambda size: multipart("-", b"---" + b" " * size + b"a"),
        lambda size: multipart("b", b"--b\r\n" + b"a:\n" * (size // 3)),
        lambda size: multipart("b", (b"--b\r\n" + b"a:\n" * 20_000 + b"\r\n\r\nx\r\n") * (size // 60_000)),
        lambda size: b"Content-Type: message/rfc822\r\n\r\n" * 18 + b"\r\n" + b"--a b\r\n" * (size // 7),
        lambda size: b"From: a@example.org\r\nX: " + b"\r" * size + b"\n y\r\n\r\nx",
    ],
    ids=["dashes", "half a boundary", "blanks", "a header", "headers", "nested", "carriage returns"],
)
def test_a_message_is_taken_apart_in_time_that_grows_with_its_length(made: Callable[[int], bytes]) -> None:
    messages = {size: made(size) for size in (30_000, 300_000, 600_000)}
    assert grows(lambda size: take_apart(messages[size]), 300_000) < LINEAR


def test_of_the_header_of_a_part_only_so_many_lines_are_read() -> None:
    header = b"a:\r\n" * 1000 + b"Content-Type: text/html\r\n"
    assert take_apart(header + b"\r\nx").parts.html == ("x",)
    (inner,) = take_apart(b"Content-Type: message/rfc822\r\n\r\n" + header + b"\r\nx").parts.within
    assert (inner.html, inner.plain) == ((), ("x",))


def test_an_email_of_more_parts_than_are_read_is_put_before_a_person() -> None:
    for count, whole in ((499, True), (501, False)):
        parts = take_apart(multipart("b", b"--b\r\n\r\nx\r\n" * count + b"--b--")).parts
        assert parts.whole is whole
        assert (find_forms(EVENT, parts).over is None) is whole
