"""Whatever an event's file asks: the same answers in the database, the roster and the confirmation, by each channel."""

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

import docx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.request_body import _read_urlencoded
from rollcall.inbound.forms import find_forms
from rollcall.inbound.mime import File, Parts
from rollcall.language import languages
from rollcall.local.sample import filled_in
from rollcall.model.event import Event
from rollcall.model.form import FormField
from rollcall.model.programme import Participant, participant_of
from rollcall.model.registration import Registration
from schemas.form import asked_of, in_labels, names_sent_several_times, read_form, written
from schemas.kinds import boxes_of
from tests.emails.samples import confirmed
from tests.support.blank_form import filled_in as filled_in_pdf
from tests.support.builders import a_form, an_event, an_event_asking, registered, roster_files
from tests.support.inbound import TO
from tests.support.publishing import EVENT as PUBLISHING

_LABELS = (
    *("Table number", "Diet", "Taxi wanted", "Shirt size", "Years of service", "Badge name", "Emergency call"),
    *("Numéro de stand", "Régime", "Número de mesa", "¿Vegetariano?", "Größe", "Номер стола", "Питание"),
    *("テーブル番号", "食事", "رقم الطاولة", "الطعام", "טבלה", "ตาราง", "मेज़ संख्या"),
)
_CHOICES = (
    *("Small", "Medium", "Large size", "Extra large", "Vegetarian", "Halal", "Rouge foncé", "Bleu", "Tränke"),
    *("Да", "Красный", "赤", "青", "أحمر", "أزرق"),
)
_HEADINGS = ("Your stay", "The programme: day 1", "Le programme", "Программа", "日程", "البرنامج")
_WORD = st.sampled_from(["Alpha", "Beta", "Gamma", "Zürich", "Ökonom", "Дельта", "東京", "دلتا", "x-1", "O'Neil"])
_TEXT = st.lists(_WORD, min_size=1, max_size=3).map(" ".join)
_ANSWERS: Mapping[str, Callable[[FormField], st.SearchStrategy[str]]] = {
    "text": lambda _: _TEXT,
    "lines": lambda _: st.lists(_TEXT, min_size=1, max_size=3).map("\n".join),
    "number": lambda _: st.integers(0, 9999).map(str),
    "date": lambda _: st.dates().map(str),
    "email": lambda _: st.from_regex(r"[a-z]{3,8}@[a-z]{3,8}\.example", fullmatch=True),
    "tel": lambda _: st.from_regex(r"\+41 22 [1-9]{3} [0-9]{2} [0-9]{2}", fullmatch=True),
    "country": lambda _: st.sampled_from(["CH", "GN", "CI", "LA"]),
    "choice": lambda field: st.sampled_from([one.code for one in field.choices]),
    "yes-no": lambda field: st.sampled_from([one.code for one in field.choices]),
    "consent": lambda _: st.just("yes"),
    "choices": lambda field: st.lists(
        st.sampled_from([one.code for one in field.choices]), min_size=1, unique=True
    ).map(lambda codes: " ".join(code for code in (one.code for one in field.choices) if code in codes)),
}


@dataclass(frozen=True)
class Filled:
    event: Event
    answers: Mapping[str, str]
    """By field name, as they are posted; choices as codes."""


@st.composite
def _filled(draw: st.DrawFn) -> Filled:
    labels = draw(st.lists(st.sampled_from(_LABELS), min_size=1, max_size=7, unique=True))
    tables, depends_on = [], ""
    for place, label in enumerate(labels):
        kind = draw(st.sampled_from(sorted(_ANSWERS)))
        lines = [f'name = "own_{place}"', f'label = "{label}"', f'kind = "{kind}"']
        if kind in ("choice", "choices"):
            choices = draw(st.lists(st.sampled_from(_CHOICES), min_size=2, max_size=4, unique=True))
            tables_of = ", ".join(f'{{ code = "c{at}", label = "{one}" }}' for at, one in enumerate(choices))
            lines.append(f"choices = [{tables_of}]")
        if draw(st.booleans()):
            lines.append("required = true")
        if depends_on and draw(st.integers(0, 3)) == 0:
            lines.append(f'only_if = {{ {depends_on} = ["c0"] }}')
        elif kind == "choice":
            depends_on = f"own_{place}"
        tables.append("[[form.fields]]\n" + "\n".join(lines))
    stock = ["family_name", "first_name", "email", *draw(st.sets(st.sampled_from(["organization", "tel", "title"])))]
    tables += [f'[[form.fields]]\nname = "{name}"' for name in stock]
    headings = draw(st.lists(st.sampled_from(_HEADINGS), max_size=3, unique=True))
    for heading, place in zip(headings, draw(st.permutations(range(len(labels)))), strict=False):
        tables.append(f'[[form.sections]]\nheading = "{heading}"\nbefore = "own_{place}"')
    event = an_event_asking("\n".join(tables))
    answers = {"family_name": "Diallo", "first_name": "Amina", "email": "amina@example.org"}
    for field in event.fields:
        asked = field.name.startswith("own_") and field.applies(answers)
        if asked and (field.must_be_answered(answers) or draw(st.booleans())):
            answers[field.name] = draw(_ANSWERS[field.kind](field))
    return Filled(event, answers)


def by_json(filled: Filled) -> Registration:
    several = names_sent_several_times(filled.event)
    form = {name: text.split() if name in several else text for name, text in filled.answers.items()}
    return read_form(filled.event, form)


def by_page(filled: Filled) -> Registration:
    several = names_sent_several_times(filled.event)
    pairs = [
        (name, one)
        for name, text in filled.answers.items()
        for one in (text.split() if name in several else [text.replace("\n", "\r\n")])
    ]
    form = _read_urlencoded(urlencode(pairs).encode(), None, several)  # type: ignore[arg-type]
    assert not form.faults
    return read_form(filled.event, form.answers)


def only(event: Event, parts: Parts) -> Registration:
    (form,) = find_forms(event, parts).forms
    assert form.registration is not None, (form.answers, form.faults)
    return form.registration


def by_text(filled: Filled) -> Registration:
    return only(filled.event, Parts(plain=(filled_in(filled.event, TO, filled.answers),)))


def by_pdf(filled: Filled) -> Registration:
    typed: dict[str, str] = {}
    for asked in asked_of(filled.event):
        answer = filled.answers.get(asked.field.name, "")
        if asked.repeats:
            typed |= {f"{asked.field.name}:{code}": "/Yes" for code in answer.split()}
        elif answer:
            typed[asked.field.name] = f"/{answer}" if len(boxes_of(asked.field)) > 1 else answer
    file = File("form.pdf", "application/pdf", filled_in_pdf(filled.event, typed))
    return only(filled.event, Parts(files=(file,)))


def by_word(filled: Filled) -> Registration:
    """A table: labels on the left, answers in words on the right."""
    document = docx.Document()
    table = document.add_table(rows=0, cols=2)
    said = in_labels(filled.event, filled.answers)
    for field in filled.event.fields:
        label, cell = table.add_row().cells
        label.text = field.label
        cell.text = said.get(field.name, "")
    content = io.BytesIO()
    document.save(content)
    type = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    return only(filled.event, Parts(files=(File("form.docx", type, content.getvalue()),)))


CHANNELS = {"JSON": by_json, "page": by_page, "text": by_text, "PDF": by_pdf, "Word": by_word}
quick = partial(settings, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@pytest.mark.parametrize("channel", CHANNELS.values(), ids=CHANNELS)
def test_what_is_answered_is_what_is_kept(channel: Callable[[Filled], Registration]) -> None:
    @quick(max_examples=30)
    @given(_filled())
    def run(filled: Filled) -> None:
        kept = written(channel(filled))
        assert kept == filled.answers

    run()


@pytest.mark.parametrize("channel", CHANNELS.values(), ids=CHANNELS)
def test_who_agrees_to_be_listed_agrees_in_the_words_of_that_day(channel: Callable[[Filled], Registration]) -> None:
    answers = {"family_name": "Diallo", "email": "a@example.org", "category": "associate", "head_of_delegation": "yes"}
    silent, agrees = (channel(Filled(PUBLISHING, answers | said)) for said in ({}, {"listed": "yes"}))
    assert participant_of(silent) is None
    assert participant_of(agrees) == Participant("Diallo", "", "", "associate", head=True)
    assert agrees.chosen["listed"].startswith("I agree that my name, organization, country and category")


def test_roster_and_confirmation_say_what_is_kept() -> None:
    @quick(max_examples=20)
    @given(_filled())
    def run(filled: Filled) -> None:
        one = registered(by_json(filled))
        kept = written(one.registration)
        table, _ = roster_files(one, event=filled.event)
        (row,) = csv.DictReader(io.StringIO(table.decode("utf-8"), newline=""))
        assert {name: row[name] for name in kept} == kept
        email = confirmed(one, event=filled.event)
        for name, text in in_labels(filled.event, kept).items():
            label = next(field.label for field in filled.event.fields if field.name == name)
            assert f"    {label}: {text.splitlines()[0]}" in email.text

    run()


_SAID = {
    "family_name": ("Diallo", "Иванова", "张", "الزهراني", "Núñez"),
    "first_name": ("Amina", "Ольга", "小明", "فهد", "Jean Pierre"),
    "organization": ("Ministère des Postes", "Министерство связи", "工业和信息化部", "هيئة الاتصالات"),
    "address": ("BP 3000\nConakry\nGuinée", "ул. Тверская, 7\nМосква", "北京市西长安街13号", "ص.ب. 75606، الرياض"),
    "signature": ("Amina Diallo", "Ольга", "张小明", "فهد الزهراني"),
    "hotel": ("Hôtel Cornavin", "Гостиница «Россия»", "北京饭店", "فندق الرياض"),
}


@pytest.mark.parametrize("code", languages())
def test_the_blank_form_of_each_language_is_read_to_the_letter(code: str) -> None:
    event = an_event()
    there = event.in_language(code)

    @quick(max_examples=15)
    @given(st.fixed_dictionaries({name: st.sampled_from(texts) for name, texts in _SAID.items()}))
    def run(said: Mapping[str, str]) -> None:
        answers = {name: str(text) for name, text in {**a_form(), **said}.items() if there.field(name)}
        (form,) = find_forms(event, Parts(plain=(filled_in(there, TO, answers),))).forms
        assert {name: text for name, text in form.answers.items() if text} == answers
        assert form.language == (code if there.fields[0].label != event.fields[0].label else event.language)

    run()


@pytest.mark.parametrize("code", languages())
def test_the_pdf_of_each_language_is_read_to_the_letter(code: str) -> None:
    event = an_event()
    there = event.in_language(code)
    answers = {name: str(text) for name, text in a_form().items()}
    typed = {name: f"/{text}" if there.field(name).choices else text for name, text in answers.items()}  # type: ignore[union-attr]
    file = File("form.pdf", "application/pdf", filled_in_pdf(there, typed))
    (form,) = find_forms(event, Parts(files=(file,))).forms
    assert {name: text for name, text in form.answers.items() if text} == answers
    assert form.language == (code if there.fields[0].label != event.fields[0].label else event.language)
