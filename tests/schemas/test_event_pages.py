"""What an event file says of the event's own pages."""

import re
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from rollcall.desk.site.programme import programme_of
from rollcall.model.programme import CallForContributions, Programme, Said
from rollcall.record import from_json, to_json
from schemas.event import EventFileError, read_event
from tests.support.builders import EVENTS, an_event, an_event_in

_LETTER = (EVENTS / "intgov04.toml").read_text("utf-8")

_AGENDA = re.compile(r"\[\[agenda\]\].*?(?=\n# Documents)", re.DOTALL)
_CALL = re.compile(r"\[contributions\].*?(?=\n# Hotels)", re.DOTALL)
_AT = "day = 2004-02-26\ntitle = 'A'\n"


def letter_with(folder: Path, tables: str, *, top: str = "") -> Path:
    """The letter's file with these tables in place of its agenda and its contributions."""
    path = folder / "second.toml"
    path.write_text(f"{top}\n{_CALL.sub('', _AGENDA.sub('', _LETTER))}\n{tables}\n", "utf-8")
    return path


def faults_of(path: Path) -> str:
    with pytest.raises(EventFileError) as refused:
        read_event(path, in_all_languages=True)
    return str(refused.value)


def test_the_letters_event_has_its_pages() -> None:
    event = an_event()
    assert event.has_pages
    first = (event.programme.agenda or ())[0]
    assert (first.day, first.starts, first.ends) == (date(2004, 2, 26), time(9, 30), time(10))
    assert first.title == Said({"en": "Opening of the workshop"})
    assert {one.day for one in event.programme.agenda or ()} == {date(2004, 2, 26), date(2004, 2, 27)}
    assert not [one for one in event.programme.agenda or () if one.chair or one.speakers]
    assert not [one for one in event.programme.documents or () if one.file]
    assert event.contributions
    assert event.contributions.closes_at == datetime(2004, 2, 16, 23, tzinfo=UTC)
    assert len(event.fields) == 13


def test_a_programme_is_told_in_all_languages_of_its_event() -> None:
    event = an_event_in("fr", "ar", "en")
    programme = programme_of(event.in_language("ar"))
    assert programme == programme_of(event)
    first = (programme.agenda or ())[0].title
    assert [*first.words] == ["fr", "ar", "en"]
    assert first.in_language("ru") == "Ouverture de l’atelier"
    assert from_json(Programme, to_json(programme)) == programme


def test_what_is_the_same_in_another_language_stands_once(tmp_path: Path) -> None:
    event = read_event(letter_with(tmp_path, f"[[agenda]]\n{_AT}[[agenda]]\nday = 2004-02-27\ntitle.fr = 'B'"))
    assert [one.title for one in programme_of(event).agenda or ()] == [Said({"en": "A"}), Said({"en": "B"})]


def test_times_may_be_without_seconds(tmp_path: Path) -> None:
    event = read_event(letter_with(tmp_path, f"[[agenda]]\n{_AT}from = 09:30  # o'clock\nto = 10:15:00"))
    (item,) = event.programme.agenda or ()
    assert (item.starts, item.ends) == (time(9, 30), time(10, 15))


@pytest.mark.parametrize(
    ("tables", "fault"),
    [
        ("[[agenda]]\nday = 2004-02-28\ntitle = 'A'", "agenda.1.day: should be a day of the event, from 2004-02-26 to"),
        (f"[[agenda]]\n{_AT}from = 10:00\nto = 10:00", "agenda.1.to: should be after from"),
        (f"[[agenda]]\n{_AT}to = 10:00", "agenda.1.to: needs from too"),
        (
            f"[[agenda]]\n{_AT}from = '10:00'",
            "agenda.1.from: should be a time of day, as 09:30, without quotation marks",
        ),
        (f"[[agenda]]\n{_AT}from = 9:30", "a time of day has two digits for the hour, as 09:30"),
        (f"[[agenda]]\n{_AT}from = 10:00\n[[agenda]]\n{_AT}from = 09:00", "agenda.2.from: should stand before 10:00"),
        (
            f"[[agenda]]\nday = 2004-02-27\ntitle = 'A'\n[[agenda]]\n{_AT}",
            "agenda.2.day: should stand before 2004-02-27: the agenda is in order",
        ),
        (f"[[agenda]]\n{_AT}contributions = [0]", "agenda.1.contributions.1: should be 1 or more"),
        (f"[[agenda]]\n{_AT}contributions = ['7']", "agenda.1.contributions.1: should be a whole number, as 7"),
        (f"[[agenda]]\n{_AT}begins = 10:00", "agenda.1.begins: is not a field here; mend its name or remove it"),
        ("[[documents]]\ntitle = 'A'", "documents.4: should have a file or a link, one of the two"),
        (
            "[[documents]]\ntitle = 'A'\nlink = 'https://a.example'\nfile = 'a.pdf'",
            "documents.4: should have a file or",
        ),
        ("[[documents]]\ntitle = 'A'\nlink = 'a.example'", "documents.4.link: should begin with https:// or http://"),
        ("[[documents]]\ntitle = 'A'\nfile = 'a.pdf'", "documents.4.file: "),
        (
            "[[documents]]\ntitle = 'A'\nfile = '../a.pdf'",
            "documents.4.file: ../a.pdf should be a file beside the event",
        ),
        ("[[documents]]\ntitle = 'A'\nfile = 'a.html'", "documents.4.file: a.html should be a file beside the event"),
        ("[[documents]]\ntitle = 'A'\nfile = 'page.pdf'", "documents.4.file: page.pdf is not what its name says"),
        ("[[documents]]\ntitle = 'A'\nfile = 'empty.txt'", "documents.4.file: empty.txt is not what its name says"),
        (
            "[[documents]]\ntitle = 'A'\nlink = 'https://a.example'\nlanguages = ['English']",
            "English is not a language",
        ),
        (
            "[[documents]]\ntitle = 'A'\nlink = 'https://a.example'\n" * 2,
            "documents.5: is there twice; remove one",
        ),
        ("[contributions]\ntext = 'A'", "contributions.closes: is missing; add it"),
        ("[contributions]\ncloses = 2004-03-01", "contributions.closes: should not be after the event"),
        ("[contributions]\ncloses = 2004-02-01\npublish = 'now'", "contributions.publish: should be “at once”"),
        ("[contributions]\ncloses = 2004-02-01\nitems = ['A', 'A']", "contributions.items: should name each once"),
        ("[participants]\nfrom = 2004-02-01", "participants: lists those who agree, and the form does not ask: add"),
    ],
)
def test_a_fault_names_its_field_and_the_remedy(tmp_path: Path, tables: str, fault: str) -> None:
    (tmp_path / "page.pdf").write_text("<html>")
    (tmp_path / "empty.txt").touch()
    assert fault in faults_of(letter_with(tmp_path, tables))


@pytest.mark.parametrize(
    ("tables", "field"),
    [
        (f"[[agenda]]\n{_AT}", "agenda"),
        ("", "documents"),
        ("[contributions]\ncloses = 2004-02-01\npublish = 'at once'", "contributions.publish"),
    ],
)
def test_beside_a_website_nobody_would_show_them(tmp_path: Path, tables: str, field: str) -> None:
    path = letter_with(tmp_path, tables, top='website = "https://www.example.org"')
    if field != "documents":
        path.write_text(re.sub(r"\[\[documents\]\].*?(?=\n\n)", "", path.read_text("utf-8"), flags=re.DOTALL), "utf-8")
    said = faults_of(path)
    assert f": {field}: is shown on the event’s own pages, which are off since there is a website" in said


def test_contributions_may_be_asked_for_beside_a_website(tmp_path: Path) -> None:
    path = letter_with(tmp_path, "[contributions]\ncloses = 2004-02-01T18:00", top='website = "https://a.example"')
    path.write_text(re.sub(r"\[\[documents\]\].*?(?=\n\n)", "", path.read_text("utf-8"), flags=re.DOTALL), "utf-8")
    event = read_event(path)
    assert not event.has_pages
    assert event.contributions == CallForContributions(datetime(2004, 2, 1, 17, tzinfo=UTC))


def test_a_documents_id_stays_when_its_title_changes(tmp_path: Path) -> None:
    document = "[[documents]]\nlink = 'https://a.example'\ntitle = '{}'"
    ids = [
        (read_event(letter_with(tmp_path, document.format(title))).programme.documents or ())[-1].id
        for title in ("One", "Other")
    ]
    assert ids[0] == ids[1]


def test_the_example_of_a_conference() -> None:
    event = read_event(EVENTS / "examples" / "conference.toml", in_all_languages=True)
    rules, elsewhere = event.programme.documents or ()
    assert (rules.file, rules.type, rules.size > 0, rules.link) == ("conference-rules.pdf", "application/pdf", True, "")
    assert (elsewhere.file, elsewhere.link) == ("", "https://www.example.org/crc/2024")
    assert (Path(event.folder) / rules.file).is_file()
    assert event.programme.participants_from == datetime(2027, 4, 18, 22, tzinfo=UTC)


@pytest.mark.parametrize("said", ["required = true", 'required_if = { category = ["associate"] }'])
def test_nobody_must_agree_to_be_listed(tmp_path: Path, said: str) -> None:
    asked = "".join(f'[[form.fields]]\nname = "{name}"\n' for name in ("category", "family_name", "email", "listed"))
    path = tmp_path / "second.toml"
    text = re.sub(r"^(required|staff_may_leave_out) = .*$", "", _LETTER, flags=re.M)
    path.write_text(f"{text}\n{asked}{said}\n", "utf-8")
    assert "form.fields.4.required: should stay optional: nobody agrees who has to" in faults_of(path)
