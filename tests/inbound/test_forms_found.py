"""Filled-in forms in what a message is made of."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.inbound.forms import Found, find_forms
from rollcall.inbound.grouping import MOST_FORMS
from rollcall.inbound.labels import vocabulary
from rollcall.inbound.mime import File, Parts
from tests.support.builders import a_form, a_registration, an_event, an_event_asking

EVENT = an_event()
LABELS = {field.name: field.label for field in EVENT.fields}


def text_of(**changes: object) -> str:
    """A form filled in completely, as text."""
    return "\n".join(f"{LABELS[name]}: {answer}" for name, answer in a_form(**changes).items() if answer)


def list_of(*people: dict[str, object]) -> File:
    """A list as an organisation has it."""
    return File("list.json", "application/json", json.dumps(people).encode())


def test_more_forms_than_are_read_are_told() -> None:
    people = [a_form(first_name=f"A{number}") for number in range(MOST_FORMS + 1)]
    found = find_forms(EVENT, Parts(files=(list_of(*people),)))
    assert (len(found.forms), found.not_read) == (MOST_FORMS, (f"the forms after the first {MOST_FORMS}",))


def test_a_form_is_checked() -> None:
    (form,) = find_forms(EVENT, Parts(plain=(text_of(signed_on="2 février 2004"),))).forms
    assert form.registration == a_registration()
    assert (form.answers, form.faults, form.quoted) == (a_form(), {}, False)


def test_what_is_missing_or_wrong_is_told() -> None:
    text = text_of(email="amina", category="Journalist", address="", signed_on="soon")
    (form,) = find_forms(EVENT, Parts(plain=(text,))).forms
    assert form.registration is None
    assert set(form.faults) == {"email", "category", "address", "signed_on"}
    assert all(isinstance(said, tuple) and said for said in form.faults.values())
    assert form.answers["category"] == "Journalist"


def test_a_text_and_its_html_are_one_form() -> None:
    html = f"<p>{text_of(hotel='No')}</p>".replace("\n", "<br>")
    (form,) = find_forms(EVENT, Parts(plain=(text_of(),), html=(html,))).forms
    assert form.answers == a_form()


@pytest.mark.parametrize("plain", ["", "See the HTML.", "Family name: Diallo\nFirst name: Amina"])
def test_html_is_read_where_the_text_tells_less(plain: str) -> None:
    html = text_of().replace("\n", "<br>")
    (form,) = find_forms(EVENT, Parts(plain=(plain,), html=(html,))).forms
    assert form.answers == a_form()


def test_of_one_person_the_fuller_form_counts_and_the_other_fills_it_in() -> None:
    body = "Family name: DIALLO\nFirst name: amina\nHotel: Beau-Rivage\nTel. of the hotel: 1"
    (form,) = find_forms(EVENT, Parts(plain=(body,), files=(list_of(a_form(hotel_tel="")),))).forms
    assert form.answers == a_form(hotel_tel="1")


def test_what_is_quoted_counts_less_though_it_is_fuller() -> None:
    quoted = "\n".join(f"> {line}" for line in text_of(hotel="No").split("\n"))
    own = list_of({"family_name": "Diallo", "first_name": "Amina", "hotel": "Yes"})
    (form,) = find_forms(EVENT, Parts(plain=(quoted,), files=(own,))).forms
    assert (form.answers["hotel"], form.answers["tel"], form.quoted) == ("Yes", a_form()["tel"], False)


def test_namesakes_are_two_people() -> None:
    people = list_of(a_form(), a_form(email="other@example.org"))
    assert len(find_forms(EVENT, Parts(files=(people,))).forms) == 2


def test_messages_within_are_read_as_the_senders_own() -> None:
    deepest = Parts(plain=(text_of(),))
    for _ in range(2000):
        deepest = Parts(within=(deepest,))
    (form,) = find_forms(EVENT, deepest).forms
    assert not form.quoted


def test_files_without_a_form_are_named() -> None:
    files = (
        File("scan.tif", "image/tiff", b"II*\0"),
        File("logo.png", "image/png", b"\x89PNG", inline=True),
        File("", "application/msword", b"\xd0\xcf"),
        File("smime.p7s", "application/pkcs7-signature", b"0"),
        File("amina.vcf", "text/x-vcard", b"BEGIN:VCARD"),
        File("reply.ics", "text/calendar", b"BEGIN:VCALENDAR"),
        list_of(a_form()),
    )
    found = find_forms(EVENT, Parts(files=files))
    assert found.not_read == ("scan.tif", "application/msword")
    assert len(found.forms) == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", b"%PDF-1.7\nbroken"),
        ("a.pdf", b"%PDF-"),
        ("a.docx", b"PK\x03\x04broken"),
        ("a.json", b"["),
        ("a.json", b"[" * 200_000),
        ("a.json", b"1" * 10_000),
        ("a.csv", b'family_name,first_name\n"' + b"x" * 200_000),
        ("a.csv", b"\0"),
        ("a.csv", b""),
        ("a.txt", b"\xff\xfe\xff"),
    ],
)
def test_a_broken_file_is_named(name: str, content: bytes) -> None:
    assert find_forms(EVENT, Parts(files=(File(name, "", content),))) == Found((), (name,))


_BYTES = st.binary() | st.builds(
    lambda start, rest: start + rest, st.sampled_from([b"%PDF-1.4\n", b"PK\x03\x04", b"[{", b"tel,"]), st.binary()
)
_NAMES = st.sampled_from(["a.pdf", "a.docx", "a.json", "a.csv", "a.txt", "a.html", "a", ""])
_FILES = st.builds(File, _NAMES, st.sampled_from(["", "text/plain", "text/html"]), _BYTES, st.booleans())
_TEXTS = st.lists(st.text(), max_size=2).map(tuple)
_LEAVES = st.builds(Parts, _TEXTS, _TEXTS, st.lists(_FILES, max_size=3).map(tuple))


@given(st.recursive(_LEAVES, lambda within: st.builds(Parts, _TEXTS, within=st.lists(within, max_size=2).map(tuple))))
def test_any_parts_can_be_read(parts: Parts) -> None:
    assert isinstance(find_forms(EVENT, parts), Found)


def test_what_the_form_calls_one_field_is_no_others() -> None:
    own = '[[form.fields]]\nname = "family_name"\n[[form.fields]]\nname = "email"\n'
    own += '[[form.fields]]\nname = "second"\nlabel = "Email"\nkind = "email"\n'
    words = vocabulary(an_event_asking(own))
    assert words.called("Email") == ("second",)
    assert words.called("E-mail") == ("email",)


def test_a_choice_that_differs_by_an_accent_alone_is_not_the_other() -> None:
    own = '[[form.fields]]\nname = "family_name"\n[[form.fields]]\nname = "email"\n'
    own += '[[form.fields]]\nname = "own"\nlabel = "Own"\nkind = "choice"\nchoices = ["Ou", "Où"]\n'
    words = vocabulary(an_event_asking(own))
    assert dict(words.shared_out(("own",), "Où")) == {"own": "Où"}


def test_a_long_label_is_no_part_of_the_answer_above_it() -> None:
    own = (
        '[[form.fields]]\nname = "family_name"\n[[form.fields]]\nname = "first_name"\n[[form.fields]]\nname = "email"\n'
    )
    label = "Dietary needs, " + "and whatever else the kitchen should know " * 6
    own += '[[form.fields]]\nname = "before"\nlabel = "Before"\nkind = "lines"\n'
    own += f'[[form.fields]]\nname = "own"\nlabel = "{label.strip()}"\n'
    text = f"Family name: Diallo\nFirst name: Amina\nE-mail: a@example.org\nBefore: tea\n{label.strip()}: none of it\n"
    (form,) = find_forms(an_event_asking(own), Parts(plain=(text,))).forms
    assert (form.answers["before"], form.answers["own"]) == ("tea", "none of it")


def test_a_form_of_two_fields_is_one() -> None:
    """As of an event online; of the letter's event, a name and an address are a letterhead."""
    few = an_event_asking('[[form.fields]]\nname = "family_name"\n[[form.fields]]\nname = "email"\n')
    said = Parts(plain=("Family name: Diallo\nE-mail: amina@mpt.example.org\n",))
    (form,) = find_forms(few, said).forms
    assert form.registration
    assert find_forms(EVENT, said).forms == ()
    assert find_forms(few, Parts(plain=("Family name: Diallo\n",))).forms == ()


def test_each_date_is_read_as_people_write_it() -> None:
    stay = an_event_asking(
        "".join(f'[[form.fields]]\nname = "{name}"\n' for name in ("family_name", "email", "first_name", "arrival"))
    )
    text = "Family name: Diallo\nFirst name: Amina\nE-mail: a@mpt.example.org\nArrival: 25 February 2004\n"
    (form,) = find_forms(stay, Parts(plain=(text,))).forms
    assert form.registration
    assert form.registration.answers["arrival"] == "2004-02-25"
