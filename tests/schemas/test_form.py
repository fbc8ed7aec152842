"""A filled-in form, checked."""

import sys
import time
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial

import pytest
from email_validator import validate_email
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError

from rollcall.emails.wording import name_of
from rollcall.model.email import Email
from rollcall.model.fault import Fault
from rollcall.model.registration import mailbox, normalized_address, person_key
from rollcall.sendgrid import request_body
from schemas.faults import sentences
from schemas.form import faults_of, in_codes, in_labels, read_form, written
from schemas.kinds import _PLAIN_ADDRESS, EmailAddress
from schemas.stock import LETTER_FIELDS, STOCK
from schemas.text import Lines, Text, _unreadable, is_blank
from tests.support.builders import a_form, an_event

EVENT = an_event()


def errors_of(**changes: object) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as refused:
        read_form(EVENT, a_form(**changes))
    return sentences(EVENT, faults_of(refused.value))


def faults_in(**changes: object) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as refused:
        read_form(EVENT, a_form(**changes))
    return {name: [fault.code for fault in faults] for name, faults in faults_of(refused.value).items()}


def test_a_complete_form_is_read_as_it_was_written() -> None:
    registration = read_form(EVENT, a_form())
    assert registration.full_name == "Amina Diallo"
    assert registration.answers["address"] == "BP 3000\nConakry\nGuinée"
    assert registration.answers["tel"] == "+224 30 41 13 31"
    assert str(registration.signed_on) == "2004-02-02"


def test_what_is_required() -> None:
    with pytest.raises(ValidationError) as refused:
        read_form(EVENT, {})
    required = {"title", "family_name", "category", "organization", "address", "email", "signature"}
    assert faults_of(refused.value) == dict.fromkeys(required, (Fault("required"),))
    assert {field.name for field in EVENT.fields if field.required} == required


def test_what_is_missing_is_asked_for_in_words_of_its_own() -> None:
    """The summary above the form has nothing else of the field."""
    everything = replace(EVENT, fields=tuple(replace(field, required=True) for field in EVENT.fields))
    with pytest.raises(ValidationError) as refused:
        read_form(everything, {})
    said = sentences(everything, faults_of(refused.value))
    assert said["title"] == ["Choose your title."]
    assert len({sentence for (sentence,) in said.values()}) == len(LETTER_FIELDS)


@pytest.mark.parametrize(
    "blank",
    [
        *("", "   ", None, "\t\n", "\u00a0\u3000"),
        *("\u200b", "\u200d\u200c", "\u202e\u202c", "\ufeff", "\u00ad", "\u180e", "\U000e0001"),
        *("\u115f\u1160", "\u3164", "\uffa0", "\u2800", "\u034f", "\ufe0f\U000e0100", "\u17b4", "\u0301"),
    ],
)
def test_blank_is_not_given(blank: object) -> None:
    assert faults_in(family_name=blank) == {"family_name": ["required"]}
    registration = read_form(EVENT, a_form(first_name=blank, fax=blank, signed_on=blank))
    assert (registration.first_name, registration.answers.get("fax"), registration.signed_on) == ("", None, None)


def test_text_is_trimmed_and_composed_and_otherwise_kept() -> None:
    registration = read_form(EVENT, a_form(family_name="  Nguye\u0302\u0303n  ", address=" a \r\n  b\r\rc  "))
    assert registration.family_name == "Nguyễn"
    assert registration.answers["address"] == "a\nb\n\nc"


WHITE_SPACE = [character for character in map(chr, range(sys.maxunicode + 1)) if character.isspace()]


@pytest.mark.parametrize("space", [*WHITE_SPACE, "\r\n", " \t "], ids=ascii)
def test_white_space_of_any_kind_is_white_space(space: str) -> None:
    """From a sheet or a document people paste a tab, or the end of a line, along with the name."""
    form = a_form(**{name: f"{space}{str(text).replace(' ', space)}{space}" for name, text in a_form().items()})
    form["address"] = f"Rue{space}7"
    registration, plain = read_form(EVENT, form), read_form(EVENT, a_form(address="Rue 7"))
    broken = bool(f"a{space}b".splitlines()[1:])
    assert registration.answers["address"] == ("Rue\n7" if broken else "Rue 7")
    assert {**written(registration), "address": ""} == {**written(plain), "address": ""}


@pytest.mark.parametrize("control", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u2060\ufeff")
def test_what_a_telephone_puts_around_a_pasted_number_goes(control: str) -> None:
    registration = read_form(
        EVENT, a_form(tel=f"{control}+41 22{control} 730{control}", family_name=f"e{control}\u0301")
    )
    assert (registration.answers["tel"], registration.family_name) == ("+41 22 730", "é")


@pytest.mark.parametrize("mark", "\u200c\u200d\u200e\u200f\u061c\ufe0f")
def test_what_scripts_need_stays(mark: str) -> None:
    assert read_form(EVENT, a_form(family_name=f"نم{mark}ی")).family_name == f"نم{mark}ی"


texts = st.text(st.characters() | st.sampled_from("\u200b\u202e\u2066\ufeff\u0301\u0327 \n\r\v\u2028e\u1100\u1161"))


@given(texts)
def test_tidied_text_is_tidy(text: str) -> None:
    for kind in (Text(max_length=9), Lines(max_length=9)):
        tidy = kind.tidy(text)
        assert kind.tidy(tidy) == tidy
        assert unicodedata.is_normalized("NFC", tidy)
        assert is_blank(tidy) == is_blank(text)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("a\n\n\n\nb", "a\n\nb"),
        ("a\n \n\t\n\u200b\nb", "a\n\nb"),
        ("\n\na\n\n", "a"),
        ("a\u2028b\vc", "a\nb\nc"),
        ("a\n" * 20, "\n".join("a" * 20)),
    ],
)
def test_lines(typed: str, kept: str) -> None:
    assert read_form(EVENT, a_form(address=typed)).answers["address"] == kept


def test_too_many_lines() -> None:
    (sentence,) = errors_of(address="a\n" * 21)["address"]
    assert sentence == "Please write this in 20 lines at the most; it has 21."


@pytest.mark.parametrize("name", ["محمد", "山田太郎", "O'Brien-Łukasz", "ສົມ", "X Æ"])
def test_names_in_any_script(name: str) -> None:
    assert read_form(EVENT, a_form(family_name=name, first_name="")).full_name == name


@pytest.mark.parametrize(
    ("family_name", "first_name", "full_name"),
    [
        ("王", "小明", "王小明"),
        ("佐々木", "さくら", "佐々木さくら"),
        ("김", "민준", "김민준"),
        ("Wang", "Xiaoming", "Xiaoming Wang"),
        ("王", "David", "David 王"),
        ("スミス", "ジョン", "ジョン スミス"),
    ],
)
def test_whoever_writes_a_name_as_in_east_asia_is_named_so(family_name: str, first_name: str, full_name: str) -> None:
    form = a_form(family_name=family_name, first_name=first_name)
    assert read_form(EVENT, form).full_name == full_name
    assert name_of(EVENT, {"family_name": family_name, "first_name": first_name}) == full_name


def test_what_is_printable_needs_no_look_at_each_character() -> None:
    every = map(chr, range(sys.maxunicode + 1))
    assert not [character for character in every if character.isprintable() and _unreadable(character)]


@pytest.mark.parametrize(
    "character",
    ["\x00", "\x1b", "\ud800", "\x7f", "\x80", "\ufffe", "\uffff", "\ufdd0", "\ufdef", "\U0001fffe"],
)
def test_control_characters_are_refused(character: str) -> None:
    assert "cannot be shown" in errors_of(family_name=f"a{character}b")["family_name"][0]


@pytest.mark.parametrize("name", ["family_name", "address", "tel", "email"])
def test_text_that_was_lost_on_the_way(name: str) -> None:
    (sentence,) = errors_of(**{name: "1 H\ufffdtel"})[name]
    assert sentence == "This holds a character that got lost on the way (\ufffd). Please write it again."


@pytest.mark.parametrize(
    ("name", "lost"),
    [
        *(("family_name", name) for name in ("??????", "?", "M?ller", "Universit?")),
        *((name, "?? ???") for name in ("first_name", "organization", "address", "hotel", "signature", "email")),
        *((name, "Gen?ve") for name in ("organization", "address", "hotel", "signature", "email", "title", "category")),
    ],
)
def test_letters_lost_to_question_marks_are_asked_about(name: str, lost: str) -> None:
    assert faults_in(**{name: lost}) == {name: ["lost_letters"]}


@pytest.mark.parametrize("hotel", ["?", "Hotel Cornavin?", "not yet known (where?)"])
def test_a_question_mark_may_be_meant(hotel: str) -> None:
    assert read_form(EVENT, a_form(hotel=hotel)).answers["hotel"] == hotel


def test_too_long_says_how_long() -> None:
    (sentence,) = errors_of(address="x" * 1001)["address"]
    assert sentence == "Please shorten this to 1,000 characters; it has 1,001."


_MARKS = "a" + "\u0301\u0316" * 15_500
_LARGE = {  # each near the 64 kB that a form may have
    "marks to sort": _MARKS,
    "marks the other way round": "a" + "\u0301" * 15_000 + "\u0316" * 15_000,
    "one long compatibility character": "\ufdfa" * 20_000,
    "jamo": "\u1100\u1161\u11a8" * 7_000,
    "blanks": "a" + "\n" * 60_000 + "a",
    "lines": "a\n" * 30_000,
    "labels of a domain": "é@" + "é." * 20_000 + "org",
    "hyphens": "a@" + "a-" * 30_000 + "!",
    "brackets": "+(" * 30_000 + "1",
    "extensions": "1" + " ext" * 15_000,
    "question marks": "?a" * 30_000,
    "digits": "1" * 60_000,
}


def _processor_time(work: Callable[[], object]) -> float:
    """Seconds, the best of three."""
    times = []
    for _ in range(3):
        before = time.process_time()
        work()
        times.append(time.process_time() - before)
    return min(times)


@pytest.mark.parametrize("cut", [False, True], ids=["as sent", "at each limit"])
@pytest.mark.parametrize("text", _LARGE.values(), ids=_LARGE)
def test_no_answer_takes_long_to_check(text: str, cut: bool) -> None:
    longest = {field.name: field.max_length or 300 for field in EVENT.fields}
    forms: list[dict[str, object]]
    if cut:  # all at once
        forms = [{name: text[: Text.AS_SENT * length] for name, length in longest.items()}]
    else:
        forms = [a_form(**{name: text}) for name in longest]

    def check(form: Mapping[str, object]) -> None:
        with suppress(ValidationError):
            read_form(EVENT, form)
        in_codes(EVENT, {name: str(answer) for name, answer in form.items()})

    read_form(EVENT, a_form(email="é@é.org"))  # loads the libraries
    assert max(_processor_time(partial(check, form)) for form in forms) < 0.05


def test_a_letter_may_come_in_parts() -> None:
    name = "\u1ec7" * 99
    parts = unicodedata.normalize("NFD", name)
    assert read_form(EVENT, a_form(family_name=f"{'  ' * 100}{parts}")).family_name == name


def test_a_field_the_form_has_not_is_named() -> None:
    assert errors_of(famly_name="x") == {"famly_name": ["The form has no such field."]}


@pytest.mark.parametrize(
    "email", ["amina", "a@b", "a b@example.org", "a@example.org, b@example.org", "v\ufe0f@x.org", "v\u034f@x.org"]
)
def test_what_is_no_address(email: str) -> None:
    assert errors_of(email=email)["email"][0].startswith("This does not read as an e-mail address")


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=[HealthCheck.filter_too_much])  # look-aheads forbid much that is drawn
@given(st.from_regex(_PLAIN_ADDRESS, fullmatch=True))
def test_an_address_that_is_taken_without_the_library_is_one_for_the_library(email: str) -> None:
    validate_email(email, check_deliverability=False)


@pytest.mark.parametrize("email", ["δοκιμή@παράδειγμα.gr", "info@bücher.example.org", "A.Diallo+itu@EXAMPLE.org"])
def test_international_addresses_are_kept_as_written(email: str) -> None:
    assert read_form(EVENT, a_form(email=email)).email == email


@pytest.mark.parametrize(
    "email",
    [
        "ada@ｂücher.example.org",
        "Ada@bu\u0308cher.Example.org",
        "ada@BÜCHER。example．org",
        "ada@bücher｡example.org",
        "ada@bücher.exam\u034fple.org",
        "ada@bücher.exam\ufe0fple.org",
        "ada@xn--bcher-kva.example.org",
        "ada@XN--BCHER-KVA.EXAMPLE.ORG",
        "ada@bücher.ⓔⓧample.org\u200b",
    ],
)
def test_an_address_is_one_however_its_domain_is_written(email: str) -> None:
    registration = read_form(EVENT, a_form(email=email))
    assert registration.email.lower() == "ada@bücher.example.org"
    assert person_key(registration) == person_key(read_form(EVENT, a_form(email="ada@bücher.example.org")))


def test_addresses_are_one_if_and_only_if_they_are_posted_as_one() -> None:
    """Each character that a domain may be written with in several ways."""
    field = EmailAddress(STOCK["email"])
    keys: dict[str, set[str]] = {}
    for character in map(chr, (*range(0x80, 0xD800), *range(0xE000, 0x31000))):
        if unicodedata.normalize("NFKC", character).casefold() == character and unicodedata.category(character) != "Mn":
            continue
        with suppress(ValidationError):
            address = field.deserialize(f"ada@a{character}b.org")
            posted = request_body(Email("-", address, "a@example.org", "", "", "", ""), "a@example.org")[
                "personalizations"
            ][0]["to"][0]["email"]
            keys.setdefault(posted.lower(), set()).add(normalized_address(address))
    assert len(keys) > 1000
    assert {len(found) for found in keys.values()} == {1}
    assert len(set.union(*keys.values())) == len(keys)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ada@example.org", "ADA@Example.ORG."),
        ("ada@example.org", '"ada"@example.org'),
        ("ada@example.org", "ada@exam\u00adple。org"),
        ("ada@tel.org", "ada@℡.org"),
    ],
)
def test_a_senders_address_is_one_however_it_is_written(one: str, other: str) -> None:
    assert normalized_address(one) == normalized_address(other)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("ada+1@example.org", "ada+2+x@example.org", True),
        ("a.da@gmail.com", "ad.a+itu@GoogleMail.com", True),
        ("a.da@example.org", "ada@example.org", False),
        ("ada@example.org", "ada@example.net", False),
    ],
)
def test_a_limit_counts_by_mailbox(one: str, other: str, same: bool) -> None:
    assert (mailbox(one) == mailbox(other)) is same
    assert normalized_address(one) != normalized_address(other)


@pytest.mark.parametrize("tel", ["+41 (0)22 730.51.11", "022 730 51 11", "to be confirmed 5"])
def test_telephone_numbers_are_kept_as_written(tel: str) -> None:
    assert read_form(EVENT, a_form(tel=tel)).answers["tel"] == tel


def test_a_telephone_number_without_a_digit_is_none() -> None:
    assert faults_in(tel="none") == {"tel": ["not_a_telephone_number"]}
    assert faults_in(tel="4.1227E+11") == {"tel": ["not_a_telephone_number"]}


@pytest.mark.parametrize("day", ["2003-08-01", "2004-01-14", "2004-02-20", "2004-02-27", " 2004-02-20\t"])
def test_the_day_of_signing(day: str) -> None:
    assert str(read_form(EVENT, a_form(signed_on=day)).signed_on) == day.strip()


@pytest.mark.parametrize("day", ["0004-02-20", "1968-02-20", "2003-02-20", "2004-05-02", "2005-02-20", "9999-12-31"])
def test_a_day_on_which_nobody_can_have_signed_is_asked_about(day: str) -> None:
    """A year mistyped, a date of birth, day and month swapped."""
    assert faults_in(signed_on=day) == {"signed_on": ["not_in_days"]}
    assert "15 July 2003" in errors_of(signed_on=day)["signed_on"][0]


@pytest.mark.parametrize(
    "text",
    ["20040220", "2004-W08-5", "2004-2-20", "2004-02-30", "20.2.2004", "2004-02-20T00:00", 20040220],
)
def test_what_is_no_date(text: object) -> None:
    assert faults_in(signed_on=text) == {"signed_on": ["not_a_date"]}


@pytest.mark.parametrize("wrong", [5, [], {}, True])
def test_wrong_types(wrong: object) -> None:
    assert errors_of(organization=wrong) == {"organization": ["This should be text."]}


@pytest.mark.parametrize("form", [[], "text", 5, None])
def test_not_an_object(form: object) -> None:
    with pytest.raises(ValidationError):
        read_form(EVENT, form)  # type: ignore[arg-type]


def test_choices_are_those_of_the_event() -> None:
    (of_categories,) = errors_of(category="press")["category"]
    assert all(category.label in of_categories for category in EVENT.categories)
    assert errors_of(title="Dr.")["title"] == ["Please choose one of: Mr., Mrs., Ms. or Miss."]


@pytest.mark.parametrize("spelling", ["ms", "Ms.", "Ms", "MS", " ms. ", "ｍｓ"])
def test_a_title_is_stored_as_its_code(spelling: str) -> None:
    registration = read_form(EVENT, a_form(title=spelling))
    assert registration.answers["title"] == "ms"
    assert registration.addressed_as == "Ms. Diallo"
    assert in_labels(EVENT, written(registration))["title"] == "Ms."


@pytest.mark.parametrize(
    ("spelling", "code"),
    [
        ("Non-Member", "non-member"),
        ("NON-MEMBER.", "non-member"),
        ("non member", "non-member"),
        ("Administration of ITU Member State", "member-state"),
        ("Member State", "member-state"),
        ("Associé de l'UIT", "associate"),
    ],
)
def test_a_category_is_stored_as_its_code(spelling: str, code: str) -> None:
    assert read_form(EVENT, a_form(category=spelling)).category == code


WRONG: tuple[object, ...] = (None, [], "x\0y", "\ufffd", "x" * 2000, "x\n" * 30, "?", "??", "1990-01-01")


def test_a_choice_sent_by_its_label_is_ticked_when_the_page_is_shown_again() -> None:
    typed = {"title": "Ms.", "category": "Member State", "hotel": "Ms.", "shown_at": "x"}
    assert in_codes(EVENT, typed) == typed | {"title": "ms", "category": "member-state"}
    assert in_codes(EVENT, {"title": "Dr."}) == {"title": "Dr."}


@pytest.mark.parametrize("name", [*LETTER_FIELDS, "unknown"])
def test_every_fault_has_a_sentence(name: str) -> None:
    """A code that the table has not would be an error only where somebody reads it."""
    for wrong in WRONG:
        try:
            read_form(EVENT, a_form(**{name: wrong}))
        except ValidationError as error:
            said = sentences(EVENT, faults_of(error))
            assert set(said) == {name}
            assert all(map(all, said.values()))
