"""A desk with a hook point before and after each I/O step: `before save_entry 2`, numbered anew in each request.

The steps are the methods of the store and of the files, and `post`.
"""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Protocol, cast

import grpc

from rollcall.desk.contribution_ports import Published
from rollcall.desk.desk import Desk
from rollcall.desk.ports import Files, Post, Store
from rollcall.model.email import AsTheyStand, CircuitBreaker, OutboxEntry
from rollcall.model.event import Event
from rollcall.model.intake import Intake
from rollcall.sendgrid import SendGridPoster
from rollcall.store.firestore import FirestoreStore
from rollcall.store.sqlite import SqliteStore
from tests.support.builders import desk_with

_IMPATIENT = 1.0
"""Seconds that SendGrid has to answer."""


class Hooks:
    """Numbers the hook points, and tells `passing` of each. Threads pass them one at a time."""

    def __init__(self, passing: Callable[[str], None]) -> None:
        self._passing = passing
        self._times: Counter[str] = Counter()
        self._one_at_a_time = threading.Lock()

    def begin(self) -> None:
        self._times.clear()

    def around(self, name: str, do: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        self._pass(f"before {name}")
        done = do(*arguments, **named)
        self._pass(f"after {name}")
        return done

    def _pass(self, name: str) -> None:
        with self._one_at_a_time:
            self._times[name] += 1
            self._passing(f"{name} {self._times[name]}")


class Hooked:
    """A store, or files."""

    def __init__(self, of: Store | Files | Published, hooks: Hooks) -> None:
        self._of = of
        self._hooks = hooks

    def __getattr__(self, name: str) -> Any:
        return partial(self._hooks.around, name, getattr(self._of, name))


class Clock(Protocol):
    def __call__(self) -> timedelta:
        """By how much time is ahead of what it really is."""
        ...


class FirestoreAhead(FirestoreStore):
    """Firestore as it will be: what it reads is read later than now; what was committed stays where it was."""

    def __init__(self, project: str, address: str, ahead: Clock) -> None:
        """Calls on single documents go to this address: a faulty line may lie before the emulator."""
        channel = grpc.insecure_channel(address)
        super().__init__(project, channel)
        self._ahead = ahead

    def now(self) -> datetime:
        return super().now() + self._ahead()

    def intake(self, event: Event) -> Intake:
        intake = super().intake(event)
        return replace(intake, as_of=intake.as_of + self._ahead())

    def as_they_stand(self, entries: Sequence[OutboxEntry], *, intakes: Set[str], breaker: bool) -> AsTheyStand:
        read, ahead = super().as_they_stand(entries, intakes=intakes, breaker=breaker), self._ahead()
        return replace(
            read,
            as_of=read.as_of + ahead,
            intakes={slug: replace(one, as_of=one.as_of + ahead) for slug, one in read.intakes.items()},
            breaker=read.breaker and replace(read.breaker, as_of=read.breaker.as_of + ahead),
        )

    def circuit_breaker(self) -> CircuitBreaker:
        breaker = super().circuit_breaker()
        return replace(breaker, as_of=breaker.as_of + self._ahead())


def open_store(environment: Mapping[str, str], folder: Path, name: str, ahead: Clock = timedelta) -> Store:
    """The database of this name, in Firestore or in the folder. A process that dies loses nothing of what it wrote to
    SQLite without waiting for the disk: only a machine that dies would."""
    if environment["STORE"] == "firestore":
        return FirestoreAhead(name, environment["FIRESTORE_EMULATOR_HOST"], ahead)
    return SqliteStore(folder / f"{name}.sqlite3", lambda: datetime.now(UTC) + ahead(), durable=False)


def impatient_poster(environment: Mapping[str, str]) -> Post:
    key, sender, host = (environment[name] for name in ("SENDGRID_API_KEY", "MAIL_FROM", "SENDGRID_HOST"))
    return SendGridPoster(key, sender, host, _IMPATIENT).post


def hooked_desk(store: Store, files: Path, post: Post, events: Mapping[str, Event], hooks: Hooks) -> Desk:
    hooked_post = partial(hooks.around, "post", post)
    desk = desk_with(cast(Store, Hooked(store, hooks)), hooked_post, files, events=events)
    hooked = cast(Files, Hooked(desk.files(), hooks))
    return replace(desk, files=lambda: hooked)
