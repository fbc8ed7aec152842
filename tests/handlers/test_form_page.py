"""The form's page, which is kept once it was made."""

import gzip
from dataclasses import replace
from datetime import timedelta
from functools import partial

from handlers.register import register
from rollcall.desk.desk import Desk
from tests.support.clock import Clock
from tests.support.desk import EVENT
from tests.support.in_process import ask

PATH = f"/register/{EVENT.slug}"


def shown(desk: Desk, **headers: str) -> str:
    page = ask(partial(register, desk), "GET", PATH, headers={"Accept": "text/html", **headers})
    return page.text or gzip.decompress(page.content).decode()


def test_it_says_when_it_is_shown(desk: Desk, clock: Clock) -> None:
    first = shown(desk)
    clock.forward(timedelta(seconds=9))
    later = shown(desk)
    assert later == first.replace("12:00:00.000", "12:00:09.000") != first
    assert shown(desk, **{"Accept-Encoding": "gzip"}) == later


def test_it_says_what_the_deadline_and_the_events_file_are_now(desk: Desk, clock: Clock) -> None:
    events = {EVENT.slug: EVENT}
    desk = replace(desk, events=events)
    assert "21 February" not in shown(desk)
    assert desk.store.move_deadline(EVENT.slug, desk.store.intake(EVENT), EVENT.closes_at + timedelta(days=1))
    clock.forward(timedelta(minutes=1))
    assert "21 February" in shown(desk)
    events[EVENT.slug] = replace(EVENT, title="Another title")
    assert "Another title" in shown(desk)
