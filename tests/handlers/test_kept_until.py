"""Who is responsible for personal data and until when it is kept, where people read it; and what they and the staff see
after that."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from html import unescape
from typing import Any, cast

import pytest

from handlers.contribute import contribute
from handlers.register import register as register_page
from rollcall.desk.close import close
from rollcall.desk.contributions import change
from rollcall.desk.contributions.change import By
from rollcall.desk.desk import Desk
from rollcall.desk.personal_data.expire import expire_due
from rollcall.desk.register import register
from rollcall.desk.send import send_due
from rollcall.desk.staff.status import status
from rollcall.model.event import Privacy
from rollcall.model.personal_data import WARNED_BEFORE
from rollcall.model.registration import Actor, Way, reference
from rollcall.model.staff import Press
from rollcall.ops.report import status_data, status_text
from tests.support.builders import EVENTS, LINKS, a_registration, an_event_in, id_of
from tests.support.clock import Clock
from tests.support.desk import Postbox
from tests.support.in_process import ask
from tests.support.served import Answer
from tests.support.staff_contributions import EDITOR, an_event_with_papers, numbered, submitted
from tests.support.staff_pages import StaffPages

EVENT = an_event_with_papers()
HOUR = WARNED_BEFORE / 720
PERSONAL = ("Diallo", "Amina", "amina", EDITOR)


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return replace(desk, events={EVENT.slug: EVENT})


@pytest.fixture
def pages(desk: Desk) -> StaffPages:
    return StaffPages(desk, EDITOR, EVENT)


def get(desk: Desk, handle: Any, path: str) -> Answer:
    return ask(partial(handle, desk), "GET", path, headers={"Accept": "text/html"})


def path_of(link: str) -> str:
    return "/" + link.split("/", 3)[3]


def said(text: str) -> str:
    return unescape(re.sub(r"<[^>]+>|[\u2066-\u2069]", "", text))


def people_read(desk: Desk, postbox: Postbox) -> Sequence[str]:
    """The form's page, a person's own, the form for contributions, and the confirmation in both its forms."""
    (event,) = desk.events.values()
    form = get(desk, register_page, f"/register/{event.slug}")
    if not desk.store.registrations(event.slug, None, 1):
        register(desk, event, a_registration())
        list(send_due(desk))
    there = desk.store.registered(event.slug, id_of(desk.store, a_registration()))
    assert there
    own = get(desk, register_page, path_of(LINKS.own(event, there)))
    paper = get(desk, contribute, f"/contribute/{event.slug}")
    (email,) = postbox.messages
    assert (form.status, own.status, paper.status) == (200, 200, 200)
    return [said(form.text), said(own.text), said(paper.text), said(email.html), said(email.text).replace("\n", " ")]


def test_people_read_who_is_responsible_and_until_when(desk: Desk, postbox: Postbox) -> None:
    """Though the event file says nothing of it."""
    assert EVENT.privacy == Privacy()
    told = f"{EVENT.organizer} is responsible for your personal data. We keep it until 26 February 2005, then we delete"
    assert [text.count(told) for text in people_read(desk, postbox)] == [1] * 5


def test_people_read_what_the_event_file_says_of_it(desk: Desk, postbox: Postbox) -> None:
    told = Privacy("Used <b>for</b> the workshop.", "https://example.org/privacy", "Example & Co", 30)
    event = replace(EVENT, privacy=told)
    said_of_it = (
        "Used <b>for</b> the workshop. Example & Co is responsible for your personal data. "
        "We keep it until 28 March 2004, then we delete it. https://example.org/privacy"
    )
    for text in people_read(replace(desk, events={event.slug: event}), postbox):
        assert said_of_it.replace("<b>", "").replace("</b>", "") in text.replace("<b>", "").replace("</b>", "")


def test_the_day_is_in_the_language_of_the_page(desk: Desk) -> None:
    event = an_event_in("fr", "en")
    page = get(replace(desk, events={event.slug: event}), register_page, f"/register/{event.slug}")
    assert "26 février 2005" in page.text


def test_the_staff_read_until_when_and_are_warned(desk: Desk, pages: StaffPages, clock: Clock) -> None:
    kept, warned = "Personal data is kept until 26 February 2005, then it is deleted.", "Please save before that day"
    list(expire_due(desk))
    assert kept in pages.get().text
    assert warned not in pages.get().text
    assert "kept until 26 February 2005, 23:00 UTC" in status_text(status(desk.store, desk.events), EVENTS)
    clock.now = EVENT.keep_until - WARNED_BEFORE + HOUR
    assert pages.get().text.count(kept) == 1
    assert warned in pages.get().text
    assert "DELETED IN 29 days" in status_text(status(desk.store, desk.events), EVENTS)


def over(desk: Desk, clock: Clock) -> str:
    """Everything is deleted; the id of a contribution that is published."""
    list(expire_due(desk))
    register(desk, EVENT, a_registration())
    list(send_due(desk))
    press = Press("Q", EDITOR, clock.now)
    public = numbered(desk, EVENT)
    change.publish(desk, EVENT, public.id, public.revision, [0], press)
    submitted(desk, EVENT, name="Nobody Else")
    clock.now = EVENT.closes_at + HOUR
    close(desk, EVENT)
    clock.now = EVENT.keep_until + HOUR
    assert not [came for _, came in expire_due(desk) if isinstance(came, Exception)]
    return public.id


def test_the_staff_see_what_is_left(desk: Desk, pages: StaffPages, clock: Clock) -> None:
    public = over(desk, clock)
    overview = pages.get()
    assert overview.status == 200
    assert "was deleted on 27 February 2005" in overview.text
    rows = re.findall(r'<th scope="row">(.*?)</th><td class="count">(\d+)', overview.text)
    counts = {said(label): int(count) for label, count in rows}
    assert counts == {
        "Registered": 1,
        "Withdrawn": 0,
        "Late": 0,
        "Contributions": 2,
        "Administration of ITU Member State": 1,
    }
    id = reference(public)
    for below in ("registrations", "rosters", "hotels", "review", "write", "deadline", "add", f"registrations/{id}"):
        page = pages.get(below)
        assert (page.status, "was deleted on 27 February 2005" in page.text) == (410, True), below
    assert pages.post("add").status == 410
    for below in (
        "contributions",
        f"contributions/{public}",
        f"contributions/{public}/correct",
        "programme",
        "log",
        "erasures",
    ):
        page = pages.get(below)
        assert page.status == 200, below
        assert not [one for one in PERSONAL if one in page.text.replace(EDITOR, "", 1)], below
    assert "Contribution published" in pages.get("log").text


def test_status_tells_what_is_left_and_finds_no_damage(desk: Desk, clock: Clock) -> None:
    over(desk, clock)
    found = status(desk.store, desk.events)
    text = status_text(found, EVENTS)
    assert "there were 1 registered, 0 withdrawn, 0 late, 2 contributions" in text
    assert "NOT those that were closed" not in text
    (event,) = cast(Any, status_data(found)["events"])
    assert event["personal_data"]["tally"]["by_category"] == {"member-state": 1}


def test_the_staff_withdraw_what_nobody_sent_any_more(desk: Desk, pages: StaffPages, clock: Clock) -> None:
    public = over(desk, clock)
    assert "receipt" not in pages.get(f"contributions/{public}").text
    assert pages.post(f"contributions/{public}/receipt").status == 303
    by = By(Actor.STAFF, Way.DESK, Press("R", EDITOR, clock.now))
    assert isinstance(change.withdraw(desk, EVENT, public, by), change.Changed)
    assert desk.store.contribution_history(public) == []
    assert [one for one in desk.store.due_entries(99) if public in one] == []


def test_an_old_link_says_that_all_is_deleted(desk: Desk, clock: Clock) -> None:
    register(desk, EVENT, a_registration())
    there = desk.store.registered(EVENT.slug, id_of(desk.store, a_registration()))
    assert there
    paper = submitted(desk, EVENT)
    links = {LINKS.own(EVENT, there): register_page, LINKS.contribution(EVENT, paper): contribute}
    over(desk, clock)
    paths = [(path_of(link), handle) for link, handle in links.items()]
    for path, handle in [*paths, (f"/register/{EVENT.slug}/find", register_page)]:
        page = get(desk, handle, path)
        assert page.status == 410
        assert "Personal data of this event was deleted" in page.text
        assert "It was kept until 26 February 2005" in page.text
