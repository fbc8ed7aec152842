"""Moving a deadline: what would change is said first, and nothing is moved that nobody wanted."""

import io
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from rollcall.desk.ports import Store
from rollcall.model.email import confirmation
from rollcall.model.registration import new_id
from rollcall.ops import __main__ as ops
from rollcall.ops.commands import move
from rollcall.ops.connect import Database, Refused
from rollcall.store.sqlite import SqliteStore
from tests.support.builders import EVENTS, a_registration, an_event
from tests.support.clock import Clock

EVENT = an_event()
DAY = timedelta(days=1)
TO = "2004-02-26T18:00"


class Typed(io.StringIO):
    """What somebody types at a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def database(tmp_path: Path, clock: Clock) -> Database:
    store = SqliteStore(tmp_path / "rollcall.sqlite3", clock, durable=False)
    store.intake(EVENT)
    return Database(store, "a database", EVENTS)


def register(store: Store, name: str) -> None:
    id, one = new_id(), a_registration(first_name=name)
    assert store.accept(EVENT.slug, id, one, confirmation(EVENT.slug, id, one.email), None)


class Asked(list[str]):
    """What somebody is asked, who always answers this."""

    def __init__(self, answer: bool) -> None:
        self.answer = answer

    def __call__(self, what_would_change: str) -> bool:
        self.append(what_would_change)
        return self.answer


def test_what_would_change_is_said_and_nothing_is_done(database: Database) -> None:
    asked = Asked(False)
    with pytest.raises(Refused) as refused:
        move(database, "intgov04", TO, asked)
    assert refused.value.code == "not_agreed"
    assert "at the end of 20 February 2004" in asked[0]
    assert "at 26 February 2004, 18:00 (Zurich time), 5 days later" in asked[0]
    assert database.store.intake(EVENT).closes_at == EVENT.closes_at


def test_who_is_late_is_counted(database: Database, clock: Clock) -> None:
    for days, name in ((-1, "A"), (1, "B"), (2, "C"), (7, "D")):
        clock.now = EVENT.closes_at + days * DAY
        register(database.store, name)
    clock.now = EVENT.closes_at + DAY
    asked = Asked(True)
    move(database, "intgov04", TO, asked)
    assert "Of 3 late registrations 2 would be on the roster." in asked[0]
    assert database.store.intake(EVENT).closes_at > EVENT.closes_at


def test_what_cannot_be_done_is_not_asked(database: Database) -> None:
    for to in ("2004-01-13", "2004-03-01", "2004-02-19+01:00"):
        with pytest.raises(Refused):
            move(database, "intgov04", to, lambda said: pytest.fail(said))


@pytest.mark.parametrize(("typed", "code"), [("y\n", 0), ("Yes\n", 0), ("\n", 1), ("no\n", 1)])
def test_who_sits_at_a_terminal_is_asked(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: str, code: int
) -> None:
    monkeypatch.setattr(ops, "connect", lambda *_: database)
    monkeypatch.setattr(sys, "stdin", Typed(typed))
    with pytest.raises(SystemExit) as ended:
        ops.main(["move-deadline", "--event", "intgov04", "--to", TO])
    assert ended.value.code == code
    assert "5 days later" in capsys.readouterr().out
    assert (database.store.intake(EVENT).closes_at > EVENT.closes_at) == (code == 0)
