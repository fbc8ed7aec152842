"""The overview: numbers that balance, and what they lead to."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest

from rollcall.desk.close import close
from rollcall.desk.desk import Desk
from rollcall.desk.staff.status import Status, event_status
from rollcall.documents.chart import columns_by_day
from rollcall.language import language
from rollcall.model.contribution import PaperDoubt
from rollcall.model.email import CircuitBreaker, EmailStatus
from rollcall.model.inbound import InboundStatus
from rollcall.model.personal_data import Erasure, ErasureStatus
from rollcall.model.registration import Actor, BotSignal, Change, RegistrationStatus, Way, Why
from rollcall.ops.report import status_text
from tests.support.builders import EVENTS, a_registration, an_event_in
from tests.support.clock import Clock
from tests.support.desk import EVENT
from tests.support.people import settle, someone
from tests.support.staff_contributions import CLOSES_AT, EDITOR, an_event_with_papers, numbered, submitted
from tests.support.staff_pages import StaffPages

DAY = timedelta(days=1)


@pytest.fixture
def at_desk(desk: Desk) -> StaffPages:
    return StaffPages(desk, EVENT.staff[0].address)


def numbers(text: str, table: str = "") -> dict[str, int]:
    """Each row of the page's tables, or of this one; of two that are called the same the first one's."""
    text = next(one for one in text.split("<table>") if f"<caption>{table}</caption>" in one) if table else text
    rows = re.findall(r'<th scope="row">(.*?)</th><td class="count">(.*?)</td>', text)
    return {
        re.sub("<[^>]+>|[\u2066-\u2069]", "", label): int(re.sub("[^0-9]", "", count))
        for label, count in reversed(rows)
    }


def changed(desk: Desk, id: str, **change: object) -> None:
    there = desk.store.registered(EVENT.slug, id)
    assert there is not None
    after = replace(there, revision=there.revision + 1, **change)  # type: ignore[arg-type]
    assert desk.store.save_registration(EVENT.slug, there, after, Change(Actor.STAFF, Way.DESK, Why.CHANGED))


def inbound(desk: Desk, id: str, status: InboundStatus) -> None:
    desk.store.add_inbound(EVENT.slug, id)
    there = desk.store.inbound(id)
    assert there is not None
    assert desk.store.save_inbound(replace(there, status=status, due_at=None))


def test_what_came_in_is_the_sum_of_what_became_of_it(desk: Desk, at_desk: StaffPages, clock: Clock) -> None:
    for id in "ABC":
        someone(desk, EVENT, id)
    changed(desk, "A", status=RegistrationStatus.WITHDRAWN)
    inbound(desk, "M", InboundStatus.REGISTERED)
    for number, status in enumerate((InboundStatus.NEEDS_REVIEW, InboundStatus.SPAM, InboundStatus.AUTOMATIC)):
        inbound(desk, f"N{number}", status)
    desk.store.quarantine(EVENT.slug, a_registration(first_name="Robot"), BotSignal.TOO_FAST)
    clock.now = EVENT.closes_at + DAY
    for id in "DE":
        someone(desk, EVENT, id)
    changed(desk, "E", admitted=True)
    text = at_desk.get().text
    counted = numbers(text)
    assert {name: counted[name] for name in ("On time", "Admitted late", "Late", "Withdrawn")} == {
        "On time": 2,
        "Admitted late": 1,
        "Late": 1,
        "Withdrawn": 1,
    }
    parts = ("Registered", "E-mails that need review", "Spam", "Automatic", "Forms in quarantine")
    assert [counted[part] for part in parts] == [5, 1, 1, 1, 1]
    assert counted["Received in all"] == 9
    assert "It balances" in text


def test_contributions_are_counted_by_where_they_stand(desk: Desk, clock: Clock) -> None:
    event = an_event_with_papers()
    desk = replace(desk, events={event.slug: event})
    numbered(desk, event)
    numbered(desk, event, doubt=PaperDoubt.ACTIVE)
    clock.now = CLOSES_AT + timedelta(seconds=1)
    submitted(desk, event)
    at_desk = StaffPages(desk, EDITOR, event)
    text = at_desk.get().text
    assert numbers(text, "Contributions") == {
        "To be looked at": 1, "New": 2, "Published": 0, "Held": 0, "Withdrawn": 0, "Late": 1
    }  # fmt: skip
    assert (numbers(text)["Contributions"], numbers(text)["Received in all"]) == (3, 3)
    assert "It balances" in text
    assert "contributions?show=needs_review" in text
    queue = at_desk.get("review").text
    assert "1 contribution to be looked at" in queue
    assert "Nothing waits for you" not in queue
    stand = event_status(desk.store, event.slug, event, desk.store.intake(event), desk.store.now())
    assert "3 (1 needs review, 2 waiting); 1 late" in status_text(Status(CircuitBreaker(clock.now), (stand,)), EVENTS)


@pytest.mark.parametrize("name", ["stored", "count_contributions"])
def test_what_is_not_counted_is_said(
    desk: Desk, at_desk: StaffPages, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    someone(desk, EVENT, "A")
    monkeypatch.setattr(desk.store, name, lambda _event: 2)
    assert "It does not balance" in at_desk.get().text


def test_registrations_a_day_are_a_picture_and_a_table(desk: Desk, at_desk: StaffPages, clock: Clock) -> None:
    for days, id in ((0, "A"), (0, "B"), (2, "C")):
        clock.now = EVENT.opens_at + days * DAY + timedelta(hours=2)
        someone(desk, EVENT, id)
    text = at_desk.get().text
    picture = re.search(r'<img src="/staff/[^/]+/([^"]+)" alt="([^"]+)"', text)
    assert picture
    assert "counts=2.0.1" in unescape(picture[1])
    assert "The most, 2, came on 14 January 2004" in unescape(picture[2])
    answer = at_desk.get(unescape(picture[1]))
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/svg+xml; charset=utf-8")
    assert "14 Jan" in answer.text
    assert numbers(text)["14 January 2004"] == 2
    first_day = re.search(r'href="/staff/[^/]+/(registrations\?day=2004-01-14)"', text)
    assert first_day
    assert at_desk.get(first_day[1]).text.count('<th scope="row">') == 2


@pytest.mark.parametrize(
    "query",
    [
        "",
        "from=x&counts=1",
        "from=2004-01-01&counts=-1",
        "from=2004-01-01&counts=" + "1." * 99,
        "from=9999-12-31&counts=1.2",
    ],
)
def test_a_chart_of_nothing_is_not_there(at_desk: StaffPages, query: str) -> None:
    assert at_desk.get(f"chart.svg?{query}").status == 404


def test_a_chart_runs_as_its_language_is_read() -> None:
    english, arabic = (columns_by_day(language(code), EVENT.opens_at.date(), 1, [9, 1]) for code in ("en", "ar"))
    heights = [re.findall(r'<rect[^>]*height="([\d.]+)"[^>]*fill="#0b5394"', one) for one in (english, arabic)]
    assert heights[0] == heights[1][::-1]
    assert "style=" not in english


def test_people_are_counted_by_category_and_by_country(desk: Desk) -> None:
    names = ("family_name", "first_name", "email", "country")
    event = an_event_in("en", fields="".join(f'[[form.fields]]\nname = "{name}"\n' for name in names))
    both = replace(desk, events={event.slug: event})
    for id, country in (("A", "GN"), ("B", "GN"), ("C", "CH"), ("D", "")):
        someone(both, event, id, answers={"country": country} if country else {})
    someone(both, event, "E", answers={"country": "FR"})
    changed(both, "E", status=RegistrationStatus.WITHDRAWN)
    text = StaffPages(both, event.staff[0].address, event).get().text
    counted = numbers(text)
    assert [counted[name] for name in ("Guinea", "Switzerland", "(not given)")] == [2, 1, 1]
    assert "France" not in counted
    assert "registrations?is-country=GN" in text


def test_a_confirmation_that_came_back_leads_to_whom_it_was_for(desk: Desk, at_desk: StaffPages) -> None:
    for id in "ABC":
        someone(desk, EVENT, id)
    assert "No confirmation came back" in at_desk.get().text
    for id in "AB":
        settle(desk, EVENT, id, EmailStatus.BOUNCED)
    changed(desk, "B", confirmed=2)
    link = 'registrations?delivery=undelivered">Confirmations not delivered</a> <span class="tag bad">1<'
    assert link in at_desk.get().text


def test_says_what_happens_at_the_deadline_and_what_happened(desk: Desk, at_desk: StaffPages, clock: Clock) -> None:
    someone(desk, EVENT, "A")
    assert f"the roster goes to {EVENT.staff[0].address}" in at_desk.get().text
    clock.now = EVENT.closes_at + timedelta(seconds=5)
    assert "The deadline has just passed" in at_desk.get().text
    clock.now += timedelta(minutes=9)
    assert "no roster was drawn" in at_desk.get().text
    close(desk, EVENT)
    assert "Version 1 of the roster has 1 people" in at_desk.get().text
    (version,) = desk.store.intake(EVENT).versions
    erased = Erasure("0" * 24, EVENT.slug, ErasureStatus.ERASED, erased_at=clock.now, listed={version.name: 1})
    assert desk.store.save_erasure(erased)
    assert "<p>1 erased</p>" in at_desk.get().text


def test_says_when_no_e_mail_goes_out(desk: Desk, at_desk: StaffPages) -> None:
    someone(desk, EVENT, "A")
    text = at_desk.get().text
    assert "E-mails go out." in text
    assert "1 e-mail waits" in text
    now = desk.store.now()
    opened = replace(CircuitBreaker(now), opened_at=now, open_until=now + timedelta(hours=1), account_refused=True)
    assert desk.store.save_circuit_breaker(opened, [])
    stopped = at_desk.get().text
    assert "No e-mail goes out" in stopped
    assert "refuses our account" in stopped


def test_the_page_counts_as_ops_does(desk: Desk, clock: Clock) -> None:
    someone(desk, EVENT, "A")
    clock.now = EVENT.closes_at + DAY
    close(desk, EVENT)
    changed(desk, "A", registration=a_registration(first_name="Other"))
    intake, now = desk.store.intake(EVENT), desk.store.now()
    page, ops = (event_status(desk.store, EVENT.slug, EVENT, intake, now, news=news) for news in (False, True))
    assert ops.not_on_last_version == 1
    assert replace(ops, not_on_last_version=0) == page
