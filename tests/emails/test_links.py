"""No e-mail of ours carries a stranger's link, whatever was answered."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from linkify_it import LinkifyIt

from rollcall.documents.roster_content import IncompleteForm, RosterRow
from rollcall.emails.wording import FIRST_LINES, LONGEST_ANSWER, address, unlinked
from rollcall.inbound.charsets import clean
from rollcall.inbound.forms import find_forms
from rollcall.inbound.mime import Parts
from rollcall.model import email
from rollcall.model.contribution import PaperStatus
from rollcall.model.email import CircuitBreaker, Email, EmailStatus
from rollcall.model.fault import Fault
from rollcall.model.inbound import Doubt, FormStatus, InboundForm, Reason, ReviewReason
from rollcall.model.registration import BotSignal, QuarantinedForm, Registered, RegistrationStatus, Why
from schemas.form import ValidationError, faults_of, read_form
from schemas.stock import LETTER_FIELDS
from schemas.text import Lines
from tests.emails.samples import (
    AMINA,
    EVENT,
    INCOMPLETE,
    LATE,
    NOON,
    PAPER,
    PAST,
    about,
    address_checked,
    an_inbound,
    confirmed,
    conflicting,
    digested,
    disowned,
    for_review,
    linked,
    moved_away,
    newly_linked,
    noticed,
    receipted,
    replied,
    revised,
    rostered,
    some,
    unsent,
)
from tests.support.builders import a_form, a_registration, registered

PROGRAM = LinkifyIt(options={"fuzzy_link": True, "fuzzy_email": True, "fuzzy_ip": True})
"""It takes more for a link than mail programs do: any two letters for a country, IP addresses."""
HOSTILE = (
    "http://evil.com/pay",
    "HTTPS://evil.example/ click",
    "ftp://evil",
    "www.evil.shop",
    "WWW.e.vil",
    "evil.com",
    "Evil.co.uk/x",
    "evil。com evil．com evil｡com",
    "evil.рф",
    "//evil.com",
    r"\\evil.com\share",
    "evil@evil.com",
    "mailto:evil@evil.com",
    "evil:80",
    "evil:evil.com",
    "10.11.12.13",
    "(evil.com)evil.com.",
    '=HYPERLINK("http://evil.com/"&A1)',
    "evil.pdf.com",
    "evil.com/a@evil.com",
    "www.evil.com@evil.com",
)


def of(name: str) -> dict[str, str]:
    return dict.fromkeys(LETTER_FIELDS, name)


def hostile(text: str, one: Registered = AMINA) -> Registered:
    said = {name: answer for name, answer in of(text).items() if name not in ("category", "title")}
    changed = {name: said.pop(name) for name in ("family_name", "first_name", "email")}
    said.pop("signed_on")
    return replace(one, registration=a_registration(**changed, answers={**said, "title": "ms"}))


def e_mails(text: str) -> Iterator[Email]:
    amina, late = hostile(text), hostile(text, LATE)
    faults = {**INCOMPLETE.faults, text: (Fault("no_such_field"),)}
    doubts = {Doubt.UNKNOWN_LABEL: (text,), Doubt.ROW_NOT_READ: (text,), Doubt.TWO_ANSWERS: (text,)}
    known = InboundForm(FormStatus.REGISTERED, amina.id)
    asked = InboundForm(FormStatus.INCOMPLETE, answers=of(text), faults=faults, doubts=doubts)
    left = InboundForm(FormStatus.NEEDS_REVIEW, amina.id, answers=of(text), doubts=doubts)
    differs = InboundForm(FormStatus.CONFLICT, amina.id, answers=of(text))
    people = {amina.id: amina}
    bounced = unsent(amina, EmailStatus.BOUNCED, f"550 {text}")
    yield confirmed(amina)
    yield confirmed(late)
    yield conflicting(amina)
    yield disowned(amina, NOON)
    for before, after in ((AMINA, amina), (amina, AMINA), (late, late)):
        yield about(revised(before, registration=after.registration, new_email=text))
        yield about(revised(before, Why.BACK, registration=after.registration))
    yield about(revised(amina, Why.WITHDRAWN, status=RegistrationStatus.WITHDRAWN))
    yield about(revised(amina, Why.ADDRESS_CONFIRMED, registration=replace(amina.registration, email="a@example.org")))
    yield moved_away(revised(amina, new_email=text))
    yield address_checked(replace(amina, new_email=text))
    yield linked(amina, late, replace(amina, status=RegistrationStatus.WITHDRAWN))
    yield newly_linked(amina)
    for forms in ((known,), (asked,), (left,), (differs,), (known, asked, left, differs), ()):
        yield replied(*forms, people=(amina,), subject=text, not_read=(text,))
    yield replied(known, people=(late,), intake=PAST)
    yield rostered(
        organizations=some((text, 7)),
        hotels=some((text, 9)),
        undelivered=some(RosterRow(amina, unsent=bounced)),
        late=some(RosterRow(late, late=True, unsent=bounced)),
        withdrawn=some(RosterRow(amina)),
        quarantined=some(QuarantinedForm(amina, BotSignal.TOO_FAST)),
        not_completed=some(IncompleteForm(text, text, "nothing", NOON)),
    )
    said = dict.fromkeys(("title", "source", "item", "name"), text)
    yield receipted(said=said, files=(replace(PAPER.files[0], name=text),))
    yield receipted(said=said, status=PaperStatus.HELD, reason=text)
    yield noticed(said=said)
    yield noticed(withdrawn=True, said=said)
    reason = Reason(ReviewReason.SPF_NOT_PASSED, {"outcome": text})
    yield digested(
        undelivered=some((amina, bounced), (None, replace(email.reply_entry(an_inbound(), text), reason=text))),
        quarantined=some(QuarantinedForm(amina, BotSignal.HIDDEN_FIELD)),
        breaker=CircuitBreaker(NOON),
        inbound=some(
            for_review(1, forms=(asked, left, differs), people=people, subject=text, sender=text, text=f"See {text}"),
            for_review(2, email.Attachment(text, "text/plain", b"x"), not_read=(text,), reasons=(reason,)),
            for_review(3, not_read=(text,)),
        ),
        remarks=some(an_inbound(text=text, sender=text)),
    )


class Seen(HTMLParser):
    """The addresses of links, and the pieces of text outside of them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.text: list[str] = []
        self._in_link = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_link = tag == "a"
        self.links += [value for name, value in attrs if value and name in ("href", "src", "action", "background")]

    def handle_endtag(self, tag: str) -> None:
        self._in_link = False

    def handle_data(self, data: str) -> None:
        if not self._in_link:
            self.text.append(data)


def links_in(text: str) -> list[str]:
    return [match.url for match in PROGRAM.match(text) or ()]


def ours(link: str) -> bool:
    return not re.search(r"evil|10\.11\.12\.13|[.。]vil", link)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_answer_becomes_a_link(text: str) -> None:
    found = 0
    for written in e_mails(text):
        seen = Seen(written.html)
        assert all(map(ours, seen.links))
        for part in (written.subject, written.text, *seen.text):
            links = links_in(part)
            found += len(links)
            plain = [f"mailto:{text}"] if address(text) == text else []
            assert [link for link in links if not ours(link) and link not in plain] == []
    assert found > 20  # our own


def test_a_checked_address_can_be_copied_and_nothing_more_is_made_of_it() -> None:
    for text in ("ada.lovelace+itu@example.org", "info@bücher.example.org"):
        assert address(text) == text
        assert links_in(text) == [f"mailto:{text}"]
    for text in ("evil.com/a@example.org", "www.evil.com@example.org", "evil.com a@example.org", "http:a@example.org"):
        assert links_in(text)
        assert links_in(address(text)) == []


@pytest.mark.parametrize(
    "text", ["S.A.R.L.", "Dr. Ada", "+41 22 730 51 11", "form.pdf", "Room 12:30", "and/or", "A. St. B"]
)
def test_what_no_program_links_stays_as_it_is(text: str) -> None:
    assert unlinked(text) == text
    assert unlinked(unlinked("http://a.example")) == unlinked("http://a.example")


def test_an_answer_comes_back_from_a_reply_as_it_was_written() -> None:
    hard = {"hotel": "Booking.com", "organization": "itu.int", "address": "c/o www.a.example\nhttp://b.example/"}
    asked = replace(INCOMPLETE, answers={**INCOMPLETE.answers, **hard, "fax": "none yet"})
    quoted = "\n".join(f"> {line}" for line in replied(asked).text.splitlines())
    above = "E-mail: amina.diallo@mpt.example.org\nSignature: Amina Diallo\nFax: +224 30 45 31 16\n"
    (form,) = find_forms(EVENT, Parts(plain=(clean(f"{above}\nOn Mon, 2 Feb 2004, we wrote:\n\n{quoted}\n"),))).forms
    assert form.registration is not None
    assert (
        {name: form.answers[name] for name in hard} == {name: form.registration.answers[name] for name in hard} == hard
    )


@pytest.mark.parametrize("long", ["Street\n" * FIRST_LINES + "Town", "a " * LONGEST_ANSWER])
def test_a_long_answer_is_shortened_in_a_confirmation_and_not_taken_from_one(long: str) -> None:
    answers = {**AMINA.registration.answers, "address": long}
    written = confirmed(registered(a_registration(answers=answers)))
    for body in (written.text, written.html):
        assert Lines.CUT in body
        assert body.count("Street") <= FIRST_LINES
        assert body.count("a a") <= LONGEST_ANSWER
    with pytest.raises(ValidationError) as refused:
        read_form(EVENT, a_form(address=f"{long[:100]} {Lines.CUT}"))
    assert [fault.code for fault in faults_of(refused.value)["address"]] == ["cut"]


NAMES: Mapping[str, Any] = {"family_name": True, "first_name": True, "signature": True, "organization": False}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "text", [text for text in HOSTILE if text not in ("evil:80", "ftp://evil")] + ["ada@itu.int", "Booking.com"]
)
def test_a_name_is_no_web_address(name: str, text: str) -> None:
    if NAMES[name]:
        with pytest.raises(ValidationError) as refused:
            read_form(EVENT, a_form(**{name: f"Ada {text}"}))
        assert [fault.code for fault in faults_of(refused.value)[name]] == ["web_address"]
    else:
        assert read_form(EVENT, a_form(**{name: text})).answers[name] == text


REAL = (
    *("D.Com", "St.John", "J.Li", "Md.Nazmul", "J.R.R.Tolkien", "A.K.M. Shafi", "Ph.D.", "M.Sc.", "Dr.med. Ada", "Jr."),
    *("Ma.Theresa", "Chr.Sørensen", "N.N.", "O'Brien", "Ada / Bob", "/s/ Ada", "Mary-Jo.Anne", "@Ada", "Abd.Al-Rahman"),
)


@pytest.mark.parametrize("text", REAL)
def test_a_name_may_have_full_stops(text: str) -> None:
    assert read_form(EVENT, a_form(family_name=text, signature=text)).family_name == text
