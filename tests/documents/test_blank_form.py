"""The blank form: the PDF read back and filled in by pypdf, the text by eye and by the reader of e-mails."""

import io
import re
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from pypdf import PdfReader
from typst import Compiler, TypstError

from rollcall.documents.blank_form import blank_form_pdf, blank_form_text
from rollcall.documents.typefaces import fonts
from rollcall.model.event import Event
from rollcall.model.form import Choice, FormField
from schemas.event import read_event
from schemas.form import can_be_printed, is_printed
from templates.lines import COLUMNS
from tests.support.blank_form import filled_in
from tests.support.builders import EVENTS, a_form, an_event, an_event_asking, an_event_for
from tests.support.left_out import leave_out
from tests.support.served import ROOT

TO = "intgov04@forms.example.org"


def pdf(event: Event, to: str = TO) -> PdfReader:
    return PdfReader(io.BytesIO(blank_form_pdf(event, to)))


def printed(reader: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def test_the_pdf_asks_for_the_forms_fields_in_order() -> None:
    asked: dict[str, Any] = pdf(an_event()).get_fields() or {}
    fields = an_event().fields
    assert list(asked) == [field.name for field in fields]
    for field in fields:
        about = asked[field.name]
        assert about["/TU"] == field.label + ("" if field.required else " (optional)")
        assert bool(about["/Ff"] & 1 << 1) == field.required
        assert about.get("/FT") == ("/Btn" if field.choices else "/Tx")
        assert about.get("/V", "") == ""
        values = {f"/{choice.code}" for choice in field.choices}
        assert {*about.get("/_States_", [])} == (values | {"/Off"} if values else set())
    assert asked["address"]["/Ff"] & 1 << 12  # several lines


def test_the_pdf_says_what_annex_1_says() -> None:
    reader = pdf(an_event())
    (page,) = reader.pages
    assert [float(side) for side in page.mediabox.upper_right] == pytest.approx([595.3, 841.9], abs=0.1)
    text = printed(reader)
    for said in (
        "ITU Strategy and Policy Unit (SPU) ITU Forum: Workshop on Internet Governance",
        "Salle B, ITU Headquarters",
        "26–27 February 2004",
        f"by the end of 20 February 2004 (Zurich time), by e-mail to {TO} or by fax to +41 22 730 6453.",
        "Administration of ITU Member State",
        "With the country code",
        "First name (optional)",
    ):
        assert said in text
    assert reader.metadata
    assert reader.metadata.title == "Registration form: ITU Forum: Workshop on Internet Governance"
    root: Any = reader.trailer["/Root"]
    assert root["/Lang"] == "en-GB"


def test_the_same_event_gives_the_same_bytes() -> None:
    assert blank_form_pdf(an_event(), TO) == blank_form_pdf(an_event(), TO)


def test_a_pdf_that_was_filled_in_holds_the_answers() -> None:
    answers = {name: str(value) for name, value in a_form(family_name="Дьяло", first_name="Åmîna").items()}
    typed = {name: f"/{value}" if name in ("title", "category") else value for name, value in answers.items()}
    fields: dict[str, Any] = PdfReader(io.BytesIO(filled_in(an_event(), typed))).get_fields() or {}
    assert {name: str(field["/V"]).removeprefix("/") for name, field in fields.items()} == answers


def test_a_form_too_long_for_a_page_goes_on_on_the_next() -> None:
    categories = tuple(Choice(f"kind-{place}", f"Kind {place} " + "of member " * 9) for place in range(60))
    reader = pdf(an_event_for(*categories))
    assert len(reader.pages) == 3
    fields: dict[str, Any] = reader.get_fields() or {}
    assert list(fields) == [field.name for field in an_event().fields]
    assert len(fields["category"]["/_States_"]) == 61
    for number, page in enumerate(reader.pages, 1):
        assert f"DM-1108 · ITU Forum: Workshop on Internet Governance · page {number}" in page.extract_text()


def test_a_choice_of_one_is_made() -> None:
    fields: dict[str, Any] = pdf(an_event_for(Choice("all", "Всё"))).get_fields() or {}
    assert fields["category"]["/V"] == "all"


def test_choices_by_the_hundred_are_laid_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for the PDF makes the desk draw it."""
    choices = ", ".join(f'{{ code = "c{n}", label = "Quest {n}" }}' for n in range(12))
    names = ("family_name", "email", *(f"one{n}" for n in range(80)))
    fields = "".join(
        f'[[form.fields]]\nname = "{name}"\n'
        + (f'kind = "choice"\nlabel = "{name}"\nchoices = [{choices}]\n' if name[:3] == "one" else "")
        for name in names
    )
    event = an_event_asking(fields)
    monkeypatch.setattr("rollcall.documents.blank_form.fillable", lambda pages, _fields: pages)
    began = process_time()
    blank_form_pdf(event, TO)
    assert process_time() - began < 1.2


def test_no_page_ends_with_a_heading() -> None:
    event = read_event(EVENTS / "examples" / "conference.toml")
    (page,) = [text for one in pdf(event).pages if "The programme" in (text := one.extract_text())]
    assert "Sessions in which you take part" in page


@pytest.mark.parametrize("above", range(17, 22))
def test_no_page_begins_among_a_few_choices(above: int) -> None:
    asked = "".join(f'[[form.fields]]\nname = "own_{at}"\nlabel = "Own {at}"\nkind = "text"\n' for at in range(above))
    choices = [f"{colour} or something like it" for colour in ("Red", "Green", "Blue", "Violet", "Black")]
    last = f'[[form.fields]]\nname = "colour"\nlabel = "Colour"\nkind = "choice"\nchoices = {choices}'
    needed = "".join(f'[[form.fields]]\nname = "{name}"\n' for name in ("family_name", "email"))
    event = an_event_asking(f"{needed}{asked}{last}")
    (page,) = [text for one in pdf(event).pages if "Colour" in (text := one.extract_text())]
    assert "Black" in page


@pytest.mark.parametrize(
    ("title", "as_pdf"),
    [("互联网 日本語 한국어 Łodzi żółć ἀρχή Việt", True), ("اختياري עברית हिन्दी ไทย ?? →", True), ("Համաժողով", False)],
)
def test_only_a_form_with_a_letter_of_no_font_is_not_printed(title: str, as_pdf: bool) -> None:
    assert can_be_printed(an_event(title=title)) == as_pdf


def test_the_fonts_have_the_letters_that_can_be_printed() -> None:
    letters = [one for one in map(chr, range(0x20, 0x10000)) if one.isalpha() and is_printed(one)]
    east = letters.index("\u3400")
    printed = letters[:east] + letters[east::29]
    assert len(printed) > 3000
    with pytest.raises(TypstError, match="could not be displayed"):
        drawn(["Հ"])
    drawn(printed)


def drawn(letters: list[str]) -> None:
    """Under PDF/UA, which wants every letter to have a shape."""
    faces = '#set document(title: "letters")\n#set text(font: ("FiraGO", "Noto Sans CJK SC"))\n'
    pages = Compiler((faces + " ".join(letters)).encode(), font_paths=fonts()[0])
    pages.compile(format="pdf", pdf_standards="ua-1")


def test_words_of_any_script_are_printed_as_they_are() -> None:
    reader = pdf(an_event(title="Ștefan & <b>Łódź</b> #[] *_` 互联网"))
    assert "Ștefan & <b>Łódź</b> #[] *_` 互联网" in printed(reader)
    assert reader.metadata
    assert reader.metadata.title == "Registration form: Ștefan & <b>Łódź</b> #[] *_` 互联网"


OWN = {
    "ar": ("الاسم الأول للضيف", "غرفة واحدة", "غرفتان"),
    "en": ("Name of the guest", "One room", "Two rooms"),
    "es": ("¿Cómo se llama el huésped?", "Una habitación", "Dos habitaciones"),
    "fr": ("Prénom de l’hôte", "Une chambre", "Deux chambres"),
    "ru": ("Имя гостя", "Одна комната", "Две комнаты"),
    "zh": ("客人的名字", "一间房", "两间房"),
}


def in_each(code: str) -> Event:
    """The letter's, in this language, with a label and choices of its own."""
    label, *choices = OWN[code]
    own = FormField("guest", "text", label, label, help=label)
    rooms = tuple(Choice(f"rooms-{at}", one) for at, one in enumerate(choices))
    asked = FormField("rooms", "choice", label, label, choices=rooms)
    event = an_event().in_language(code)
    return replace(event, fields=(*event.fields, own, asked))


@pytest.mark.parametrize("code", OWN)
def test_each_language_is_printed_with_its_own_fonts(code: str, tmp_path: Path) -> None:
    event, began = in_each(code), process_time()
    content = blank_form_pdf(event, TO)
    assert process_time() - began < 1
    assert len(content) < 300_000
    assert content == blank_form_pdf(event, TO)
    reader = PdfReader(io.BytesIO(content))
    assert list(reader.get_fields() or {}) == [field.name for field in event.fields]
    root: Any = reader.trailer["/Root"]
    assert root["/Lang"].split("-")[0] == code
    fonts = of_poppler("pdffonts", content, tmp_path).splitlines()[2:]
    assert all(" yes yes yes " in font or font.startswith("Helvetica ") for font in fonts)  # that is of empty fields
    said = as_poppler_has_it(of_poppler("pdftotext", content, tmp_path))
    assert [one for one in OWN[code] if as_poppler_has_it(one) not in said] == []


@pytest.mark.parametrize("code", OWN)
def test_no_field_covers_a_word_and_each_is_after_its_label(code: str, tmp_path: Path) -> None:
    content = blank_form_pdf(in_each(code), TO)
    words = of_poppler("pdftotext", content, tmp_path, "-bbox")
    places = [
        [float(place) for place in found]
        for found in re.findall(r'<word xMin="([^"]*)" yMin="([^"]*)" xMax="([^"]*)" yMax="([^"]*)"', words)
    ]
    (page,) = PdfReader(io.BytesIO(content)).pages
    notes: Any = page["/Annots"]
    top, middle = float(page.mediabox.top), float(page.mediabox.right) / 2
    for note in notes:
        left, low, right, high = (float(side) for side in note.get_object()["/Rect"])
        beside = [(x0, x1) for x0, y0, x1, y1 in places if y0 < top - low and y1 > top - high]
        assert beside, note.get_object()
        assert all(x1 <= left or x0 >= right for x0, x1 in beside)
        if note.get_object().get("/FT") == "/Tx":
            assert (left < middle) if code == "ar" else (right > middle)
            assert all((x0 >= right) if code == "ar" else (x1 <= left) for x0, x1 in beside)


def of_poppler(command: str, content: bytes, folder: Path, *options: str) -> str:
    if not shutil.which(command):
        leave_out("looking at a PDF needs Poppler (apt-get install poppler-utils)")
    (folder / "form.pdf").write_bytes(content)
    end = ["-"] if command == "pdftotext" else []
    asked = [command, *options, str(folder / "form.pdf"), *end]
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout


def as_poppler_has_it(text: str) -> str:
    """It turns the two letters of a lam-alef round, and puts marks of direction between."""
    seen = "".join(one for one in text if unicodedata.category(one) != "Cf")
    return re.sub("ل([اأإآ])", r"\1ل", seen)


def test_the_text_has_a_line_to_fill_in_for_each_field() -> None:
    text = blank_form_text(an_event(), TO)
    assert text == TEXT
    assert max(map(len, text.splitlines())) <= COLUMNS


TEXT = """\
ITU Forum: Workshop on Internet Governance
26–27 February 2004 (Thursday and Friday)
Salle B, ITU Headquarters

Please return this form to ITU Strategy and Policy Unit (SPU) by the end
of 20 February 2004 (Zurich time), by e-mail to
intgov04@forms.example.org or by fax to +41 22 730 6453.

Write after the colons, and put an x between the brackets: [x]

Title: [ ] Mr.  [ ] Mrs.  [ ] Ms.  [ ] Miss
You represent:
[ ] Administration of ITU Member State
[ ] ITU Sector Member
[ ] ITU Associate
[ ] Non-Member
Family name:
First name (optional):
Administration or organization:
Complete address:

Tel. (optional):
Fax (optional):
E-mail:
Hotel (optional):
Tel. of the hotel (optional):
Date (optional):
Signature:
"""


def test_long_words_stay_within_the_columns() -> None:
    category = Choice("long", "Organization that takes part in the work of the sector " * 3)
    event = an_event_for(category, title="A forum on a very long subject " * 5)
    text = blank_form_text(replace(event, closes_at=datetime(2004, 2, 20, 18, 30, tzinfo=event.zone)), TO)
    assert max(map(len, text.splitlines())) <= COLUMNS
    assert "[ ] Organization" in text
    assert "by 20 February 2004, 18:30 (Zurich time)" in " ".join(text.split())


def test_wide_letters_take_two_columns_and_no_line_begins_with_a_stop() -> None:
    title = 36 * "国" + "，" + 33 * "互" + "（电）"
    text = blank_form_text(an_event(title=title), TO)
    assert text.splitlines()[:3] == [35 * "国", "国，" + 33 * "互", "（电）"]


def test_make_form_writes_both_for_each_event(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rollcall.documents.blank_form", "events", str(tmp_path / "forms")]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert "spumail@itu.int" in ran.stdout
    assert (tmp_path / "forms" / "intgov04-form.en.pdf").read_bytes() == blank_form_pdf(an_event(), "spumail@itu.int")
    assert (tmp_path / "forms" / "intgov04-form.en.txt").read_text("utf-8") == blank_form_text(
        an_event(), "spumail@itu.int"
    )


def test_a_screen_reader_meets_texts_and_fields_in_order() -> None:
    reader = pdf(an_event_for(*(Choice(f"kind-{place}", f"Kind {place}") for place in range(60))))
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    elements = [one for one in below(root["/StructTreeRoot"]) if one.get("/S") in ("/P", "/H1", "/H2", "/Form")]
    assert [element["/S"] for element in elements[:2]] == ["/P", "/H1"]
    fields = [next(iter(element["/K"]))["/Obj"] for element in elements if element["/S"] == "/Form"]
    assert len(fields) == 4 + 60 + len(an_event().fields) - 2
    assert [field["/TU"] for field in fields if "/Parent" not in field] == [
        field.label + ("" if field.required else " (optional)") for field in an_event().fields if not field.choices
    ]
    assert not any("/Contents" in field for field in fields)
    numbered = root["/StructTreeRoot"]["/ParentTree"]["/Nums"]
    parents = dict(zip(numbered[::2], numbered[1::2], strict=True))
    for field in fields:
        assert parents[field["/StructParent"]].get_object()["/K"][0]["/Obj"] == field
    for page in reader.pages:
        assert str(page["/Tabs"]) == "/S"
        content = page.get_contents()
        assert content is not None
        assert content.get_data().count(b"/MCID") == len(parents[page["/StructParents"]].get_object())


def below(element: Any) -> Iterator[Any]:
    """In reading order."""
    yield element
    kids = element.get("/K", ())
    for kid in kids if isinstance(kids, list) else [kids]:
        if not isinstance(kid, int) and kid.get_object().get("/Type") != "/OBJR":
            yield from below(kid.get_object())
