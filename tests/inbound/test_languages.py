"""In which language a form is, and what its labels mean there."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from rollcall.inbound.forms import find_forms
from rollcall.inbound.labels import vocabulary
from rollcall.inbound.mime import File, Parts
from rollcall.inbound.reader import InboxReader
from rollcall.model.event import Event
from schemas.event import read_event
from schemas.stock import STOCK, UNTRANSLATED
from tests.support.builders import EVENTS, a_form, an_event, an_event_asking
from tests.support.inbound import raw_post, stored

FORMS = {
    "en": "Family name: Diallo\nFirst name: Amina\nE-mail: a@example.org\n",
    "fr": "Nom de famille : Diallo\nPrénom : Amina\nE-mail : a@example.org\n",
    "es": "Apellidos: Diallo\nNombre: Amina\nE-mail: a@example.org\n",
}


def an_event_in(folder: Path, *codes: str, form: str = "") -> Event:
    letter = (EVENTS / "intgov04.toml").read_text("utf-8")
    letter = re.sub("^(languages|required) = .*\n" if form else "^languages = .*\n", "", letter, flags=re.MULTILINE)
    path = folder / "intgov04.toml"
    path.write_text(f"languages = {list(codes)}\n{letter}\n{form}", "utf-8")
    return read_event(path)


@pytest.fixture(scope="module")
def event(tmp_path_factory: pytest.TempPathFactory) -> Event:
    return an_event_in(tmp_path_factory.mktemp("events"), "en", "fr", "es", "ru", "zh", "ar")


@pytest.mark.parametrize("code", FORMS)
def test_a_form_is_in_the_language_of_its_labels(code: str, event: Event) -> None:
    """And what comes of it, where the event offers that."""
    for offered in (event, replace(an_event(), languages=("en",), translated=None)):
        (form,) = find_forms(offered, Parts(plain=(FORMS[code],))).forms
        assert (form.answers["family_name"], form.answers["first_name"], form.language) == ("Diallo", "Amina", code)


@pytest.mark.parametrize(
    ("file", "language"),
    [
        (File("a.json", "application/json", b'{"Apellidos": "Diallo", "Nombre": "Amina"}'), "es"),
        (File("a.csv", "text/csv", "Nom de famille;Prénom;Courriel\nDiallo;Amina;a@x.org".encode()), "fr"),
    ],
)
def test_a_file_is_in_the_language_of_its_labels(file: File, language: str, event: Event) -> None:
    (form,) = find_forms(event, Parts(files=(file,))).forms
    assert (form.answers["family_name"], form.answers["first_name"], form.language) == ("Diallo", "Amina", language)


@pytest.mark.parametrize(
    ("labels", "language"),
    [({"family_name": "Nom de famille", "first_name": "Prénom"}, "fr"), ({}, "en")],
)
def test_a_registration_is_in_the_language_of_its_form(labels: dict[str, str], language: str, event: Event) -> None:
    content = json.dumps({labels.get(name, name.upper()): text for name, text in a_form().items()}).encode()
    file = File("a.json", "application/json", content)
    (form,) = find_forms(event, Parts(files=(file,))).forms
    assert form.registration
    assert form.registration.language == language


def test_the_child_process_reads_it_too(event: Event) -> None:
    head = "From: a@example.org\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Language: ru-RU\r\n\r\n"
    email = InboxReader().read(stored(*raw_post((head + FORMS["fr"]).encode())), event)
    assert ([form.language for form in email.forms], email.language) == (["fr"], "ru")


def test_a_label_of_two_languages_is_that_of_the_forms_own() -> None:
    """A cargo is a freight in English, a position in Spanish."""
    names = ("family_name", "email", "job_title", "fax")
    own = "".join(f'[[form.fields]]\nname = "{name}"\n' for name in names)
    event = an_event_asking(f'{own}[[form.fields]]\nname = "freight"\nlabel = {{ en = "Cargo", es = "Carga" }}\n')
    said = {
        "en": vocabulary(event, ["Surname: Diallo", "Cargo: 3"]),
        "es": vocabulary(event, ["Apellidos: Diallo", "Cargo: 3"]),
    }
    assert {code: words.language for code, words in said.items()} == {code: code for code in said}
    called = {code: words.called("Cargo") for code, words in said.items()}
    assert called == {"en": ("freight",), "es": ("job_title",)}


def test_a_label_of_two_languages_that_are_not_the_forms_is_not_guessed_at(tmp_path: Path) -> None:
    own = '[[form.fields]]\nname = "freight"\nlabel = { en = "Freight", fr = "Cargo" }\n'
    for name in ("family_name", "email", "job_title"):
        own += f'[[form.fields]]\nname = "{name}"\n'
    event = an_event_in(tmp_path, "en", "fr", form=own)
    assert vocabulary(event, ["Surname: Diallo", "Cargo: 3"]).called("Cargo") == ()
    assert vocabulary(event, ["Nom de famille: Diallo", "Cargo: 3"]).called("Cargo") == ("freight",)


def test_no_word_that_we_knew_is_lost() -> None:
    known = {*STOCK, "yes", "no", *(choice.code for choice in STOCK["title"].choices)}
    assert all(words.keys() <= known for words in UNTRANSLATED.values())
