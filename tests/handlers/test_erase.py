"""`erase`: what it does is logged by ids and counts, and what goes wrong keeps nothing else waiting."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from handlers.erase import erase
from rollcall.desk.desk import Desk
from rollcall.desk.ports import Store
from rollcall.desk.register import register
from rollcall.model.personal_data import ACCESSES_KEPT, Access, Opened
from tests.support.builders import a_registration, an_event
from tests.support.clock import Clock
from tests.support.desk import EVENT
from tests.support.in_process import ask, desk_without_store
from tests.support.scheduler import POST

HOUR = timedelta(hours=1)


class Failing:
    """A store in which one call fails."""

    def __init__(self, store: Store, call: str, error: Exception) -> None:
        self._store, self._call, self._error = store, call, error

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name == self._call:
            raise self._error
        return cast(Callable[..., Any], getattr(self._store, name))


def over(desk: Desk, clock: Clock) -> None:
    erase(desk, POST)
    register(desk, EVENT, a_registration())
    desk.store.note_access(Access("A", EVENT.slug, "staff@example.org", clock.now, Opened.PERSON))
    clock.now = EVENT.keep_until + HOUR


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_what_was_deleted_is_counted_and_nobody_named(
    desk: Desk, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    over(desk, clock)
    assert erase(desk, POST).json == {"erased": 0, "deleted": {EVENT.slug: 4}, "accesses": 0}
    (entry,) = logged(capsys)
    counts = {"outbox": 1, "accesses": 1, "people": 1, "registrations": 1}
    assert entry == {"severity": "INFO", "message": "event deleted", "event": EVENT.slug, "done": True, **counts}
    assert erase(desk, POST).json == {"erased": 0, "deleted": {}, "accesses": 0}
    assert logged(capsys) == []


def test_who_looked_is_forgotten_after_its_time(desk: Desk, clock: Clock) -> None:
    desk.store.note_access(Access("A", EVENT.slug, "staff@example.org", clock.now, Opened.PERSON))
    clock.forward(ACCESSES_KEPT - HOUR)
    assert erase(desk, POST).json == {"erased": 0, "deleted": {}, "accesses": 0}
    clock.forward(2 * HOUR)
    assert erase(desk, POST).json == {"erased": 0, "deleted": {}, "accesses": 1}
    assert desk.store.accesses(EVENT.slug, None, 9) == []


def test_a_fault_is_logged_and_what_follows_is_done(
    desk: Desk, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    over(desk, clock)
    clock.now = EVENT.keep_until + ACCESSES_KEPT
    for call in ("due_erasures", "retentions", "outlines"):
        failing = cast(Store, Failing(desk.store, call, ValueError("Amina Diallo")))
        answer = erase(replace(desk, store=failing), POST)
        assert answer.status_code == 200
    text = capsys.readouterr().out
    assert "unexpected fault" in text
    assert "Diallo" not in text
    assert desk.store.accesses(EVENT.slug, None, 9) == []


def test_an_event_that_nobody_would_delete_is_an_error(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.store.intake(an_event(slug="forgotten"))
    erase(desk, POST)
    (entry,) = logged(capsys)
    assert entry == {"severity": "ERROR", "message": "event kept without end", "event": "forgotten"}


def test_a_store_that_is_away_is_asked_again(tmp_path: Path) -> None:
    with desk_without_store(tmp_path, {EVENT.slug: EVENT}) as desk:
        assert ask(lambda request: erase(desk, request), "POST", "/").status == 503


def test_only_a_post_erases(desk: Desk, clock: Clock) -> None:
    over(desk, clock)
    assert ask(lambda request: erase(desk, request), "GET", "/").status == 405
    assert len(desk.store.registrations(EVENT.slug, None, 9)) == 1
