"""The blank form: the PDF read back and filled in by pypdf, the text by eye and by the reader of e-mails."""

import io
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from rollcall.documents.blank_form import COLUMNS, blank_form_pdf, blank_form_text
from rollcall.model.event import Event
from rollcall.model.form import Choice
from schemas.event import read_event
from schemas.form import can_be_printed
from tests.support.blank_form import filled_in
from tests.support.builders import EVENTS, a_form, an_event, an_event_asking, an_event_for
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
    assert len(reader.pages) == 4
    fields: dict[str, Any] = reader.get_fields() or {}
    assert list(fields) == [field.name for field in an_event().fields]
    assert len(fields["category"]["/_States_"]) == 61
    for number, page in enumerate(reader.pages, 1):
        assert f"DM-1108 · ITU Forum: Workshop on Internet Governance · page {number}" in page.extract_text()


def test_a_choice_of_one_is_made() -> None:
    fields: dict[str, Any] = pdf(an_event_for(Choice("all", "Всё"))).get_fields() or {}
    assert fields["category"]["/V"] == "all"


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
    ("title", "is_printed"),
    [("Genève", True), ("Warsztaty w Łodzi: żółć", True), ("互联网", False), ("What??", True)],
)
def test_a_form_in_another_script_is_not_printed(title: str, is_printed: bool) -> None:
    assert can_be_printed(an_event(title=title)) == is_printed


def test_what_helvetica_lacks_is_replaced_on_paper_alone() -> None:
    reader = pdf(an_event(title="Ștefan & <b>Łódź</b> 互联网"))
    assert "Stefan & <b>?ódz</b> ???" in printed(reader)
    assert reader.metadata
    assert reader.metadata.title == "Registration form: Ștefan & <b>Łódź</b> 互联网"


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
    elements = [element.get_object() for element in root["/StructTreeRoot"]["/K"]["/K"]]
    assert [element["/S"] for element in elements[:2]] == ["/P", "/H1"]
    fields = [element["/K"]["/Obj"] for element in elements if element["/S"] == "/Form"]
    assert len(fields) == 4 + 60 + len(an_event().fields) - 2
    assert [field["/TU"] for field in fields if "/TU" in field] == [
        field.label + ("" if field.required else " (optional)") for field in an_event().fields if not field.choices
    ]
    numbered = root["/StructTreeRoot"]["/ParentTree"]["/Nums"]
    parents = dict(zip(numbered[::2], numbered[1::2], strict=True))
    for element in elements:
        if element["/S"] == "/Form":
            assert parents[element["/K"]["/Obj"]["/StructParent"]].get_object() == element
        else:
            assert parents[element["/Pg"]["/StructParents"]][element["/K"]].get_object() == element
    for page in reader.pages:
        assert str(page["/Tabs"]) == "/S"
        content = page.get_contents()
        assert content is not None
        drawn = content.get_data()
        assert drawn.count(b" BDC") == len(parents[page["/StructParents"]])
        assert drawn.count(b"BMC") == 1
