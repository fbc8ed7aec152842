"""The first confirmation, beyond its golden files."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from rollcall.model.registration import Registered
from templates import map_of
from tests.emails.samples import AMINA, E_MAILED_IN_TIME, EVENT, LATE, confirmed, conflicting
from tests.support.builders import a_registration, registered


@pytest.mark.parametrize(
    ("one", "begins"),
    [
        (registered(received_at=EVENT.closes_at), "Registration confirmed"),
        (registered(received_at=EVENT.closes_at + timedelta(microseconds=1)), "Received after the deadline"),
        (replace(E_MAILED_IN_TIME, arrived_at=EVENT.closes_at - timedelta(seconds=1)), "Received in time"),
        (replace(E_MAILED_IN_TIME, arrived_at=EVENT.closes_at), "Received after the deadline"),
        (replace(E_MAILED_IN_TIME, received_at=EVENT.closes_at), "Registration confirmed"),
    ],
)
def test_the_deadline_itself_is_on_time_in_the_store_and_late_at_sendgrid(one: Registered, begins: str) -> None:
    assert confirmed(one).subject.startswith(begins)


@pytest.mark.parametrize("late", [LATE, E_MAILED_IN_TIME], ids=["late", "e-mailed in time"])
def test_a_late_person_is_not_told_what_only_the_registered_need(late: Registered) -> None:
    email = confirmed(late)
    for body in (email.text.lower(), email.html.lower()):
        assert "the details we have" in body
        for needed_by_registered in ("please bring", "passport", "as registered", "calendar", "you are registered"):
            assert needed_by_registered not in body
    assert (email.attachments, email.copies_to) == ((), EVENT.staff_addresses)


@pytest.mark.parametrize("code", EVENT.languages)
def test_choices_are_in_the_registrants_language_whatever_the_form_that_was_read(code: str) -> None:
    """What is stored are codes."""
    said = {event.language: event.categories[0].label for event in map(EVENT.in_language, EVENT.languages)}
    one = replace(AMINA, registration=replace(AMINA.registration, language=code))
    email = confirmed(one, EVENT.in_language(code))
    assert said[code] in email.text
    assert said["en" if code != "en" else "fr"] not in email.text


def test_the_calendar_entry_is_attached_under_the_name_that_the_text_says() -> None:
    email = confirmed(AMINA)
    (file,) = email.attachments
    assert (file.type, email.copies_to) == ("text/calendar", ())
    assert file.name in email.text
    assert file.name in email.html


def test_the_map_is_asked_for_the_venue_whatever_its_name_holds() -> None:
    assert EVENT.venue
    venue = replace(EVENT.venue, building='A&B "Hall" #1?')
    (query,) = parse_qs(urlsplit(map_of(venue)).query)["query"]
    assert query.startswith('A&B "Hall" #1?, Place des Nations')
    assert "&amp;B" not in map_of(venue)


def test_it_is_in_the_thread_of_the_e_mail_that_it_answers() -> None:
    thread = ("<first@example.org>", "<last@example.org>")
    answer, own = confirmed(AMINA, thread=thread), confirmed(AMINA)
    assert (answer.thread, answer.answers) == (thread, True)
    assert (own.thread, own.answers) == ((), False)


def test_a_name_cannot_be_markup_or_a_template() -> None:
    hostile = "<script>alert(1)</script> {{ 7*7 }}"
    email = confirmed(registered(a_registration(family_name=hostile)))
    assert "<script>" not in email.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7*7 }}" in email.html
    assert hostile in email.text


def test_a_title_with_line_breaks_cannot_add_a_header() -> None:
    event = replace(EVENT, title="Forum\r\nBcc: all@example.org", organizer="SPU")
    assert "\n" not in confirmed(AMINA, event).subject
    assert confirmed(AMINA, event).sender_name == "SPU"


def test_a_person_without_a_title_is_addressed_by_name() -> None:
    answers = {name: text for name, text in a_registration().answers.items() if name != "title"}
    one = registered(a_registration(answers=answers))
    assert "\nDear Amina Diallo,\n" in confirmed(one).text
    assert "\nDear Amina Diallo,\n" in conflicting(one).text


@pytest.mark.parametrize(
    ("arrival", "departure", "said"),
    [
        ("2004-02-25", "2004-02-28", "3 nights: 25–28 February 2004."),
        ("2004-02-28", "2004-03-01", "2 nights: 28 February – 1 March 2004."),
        ("2004-02-25", "2004-02-26", "1 night: 25–26 February 2004."),
    ],
)
def test_the_nights_are_said_in_words(arrival: str, departure: str, said: str) -> None:
    stay = {**a_registration().answers, "arrival": arrival, "departure": departure}
    assert said in confirmed(registered(a_registration(answers=stay)), EVENT).text
