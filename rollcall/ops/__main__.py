"""`make status`, `make smoke`, `make move-deadline`, `make send-roster`, `make event-check`.

Settings, from the environment: `PROJECT` (a project at Google; without it the local run of this machine), `EVENTS` (the
folder of event files; the local run's own, else `events`), `EVENT` (which one), `URL` (`smoke`: where the desk's pages
are), `TO` (`move-deadline`: the new deadline, in the event's zone), `AT` (`event-check`: as if it were then), `BOOKS`
(the folder of the local run's books).
"""

import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import assert_never
from urllib.parse import urlsplit

from environs import Env, EnvError

from rollcall.desk.deadline import AlreadyClosed, Moved, TooEarly, move_deadline
from rollcall.desk.intakes import RecentIntakes
from rollcall.desk.ports import Store
from rollcall.desk.resend import resend_to_staff
from rollcall.ops.local_run import NoTime, time_from
from rollcall.model.errors import StoreUnavailable
from rollcall.model.event import Event
from rollcall.model.intake import Intake
from rollcall.ops.connect import Database, NoDatabase, connect
from rollcall.ops.event_check import after_its_end, check_folder
from rollcall.ops.report import status_said
from rollcall.ops.smoke import Smoke, SmokeFailed, look_at_page_of_closed, smoke
from rollcall.ops.status import status
from schemas.event import EventFileError, as_written, deadline_from, read_events
from templates import deadline, in_utc, in_zone

env = Env()


class _Refused(Exception):
    """What was asked for cannot be done; the message says why, and what then."""


@dataclass(frozen=True)
class _Duty:
    """What a command works with."""

    db: Database
    store: Store
    intakes: RecentIntakes
    events: Mapping[str, Event]
    folder: Path


def main() -> None:
    """`python -m rollcall.ops COMMAND`: exit code 1 where what was asked for was not done."""
    command = _COMMANDS.get(sys.argv[1] if len(sys.argv) > 1 else "")
    if command is None:
        sys.exit(f"Say which: {', '.join(_COMMANDS)}")
    try:
        command()
    except (EnvError, EventFileError, NoDatabase, NoTime, _Refused) as error:
        sys.exit(str(error))
    except SmokeFailed as error:
        sys.exit(f"FAILED. {error}")
    except StoreUnavailable as error:
        sys.exit(f"The books cannot be reached, or read, now: {error.__cause__ or error}")
    except KeyboardInterrupt:
        sys.exit("Stopped.")


def show_status() -> None:
    """How each event stands."""
    duty = _opened_and_said()
    print(status_said(status(duty.store, duty.events), duty.folder))


def run_smoke() -> None:
    """A test person registers at the URL, and is removed. Where no event is open, only a page is looked at."""
    duty = _opened()
    url = _pages(duty)
    now = duty.store.now()
    event = _chosen(duty) if env.str("EVENT", "") else _open_or_nearest(duty, now)
    opens_at, closes_at = _open_between(duty, event)
    print(f"{url}/register/{event.slug}, with the books of {duty.db.told}:")
    test = Smoke(duty.store, event, url, lambda line: print(line, flush=True), _until_stopped(), time.monotonic)
    if env.str("EVENT", "") or opens_at <= now < closes_at:
        smoke(test)
        print("The desk takes registrations, and its mail arrives.")
        return
    look_at_page_of_closed(test, not_yet_open=now < opens_at)
    print(
        f"No event in {duty.folder} is open now, and nobody can register: so only the page was tried, and no mail. "
        "make status says when each closes."
    )


def move() -> None:
    """Move a deadline."""
    duty = _opened_and_said()
    event = _chosen(duty)
    to = env.str("TO", "")
    if not to:
        raise _Refused("TO is missing, as TO=2004-02-27T18:00")
    try:
        closes_at = deadline_from(to, event)
    except ValueError as error:
        raise _Refused(f"TO={to}: {error}") from None
    old = _known(duty, event)
    if after_its_end(event, closes_at):
        raise _Refused(f"{deadline(closes_at, event)} is after the event's end; nothing was moved.")
    moved = move_deadline(duty.store, event, closes_at)
    match moved:
        case Moved():
            if old.closes_at == closes_at:
                print(f"{event.title}: registration closes at {deadline(closes_at, event)}, as it was.")
            else:
                print(f"{event.title}: registration was to close at {deadline(old.closes_at, event)};")
                print(f"now it closes at {deadline(closes_at, event)}.")
            if event.closes_at != closes_at:
                print(f"Write it in the event's file too: closes = {as_written(closes_at, event, ends=True)}")
        case TooEarly(earliest):
            raise _Refused(
                f"Not moved: an earlier deadline must lie some minutes ahead, at {in_zone(earliest, event)} or later, "
                "until every instance has heard of it. Give such a time."
            )
        case AlreadyClosed():
            raise _Refused(
                "Not moved: the intake is closed and the staff have the roster, which stands. Whoever comes now writes "
                f"to {event.contact.email}; the staff decide, and add them by hand."
            )
        case _:
            assert_never(moved)


def send_roster() -> None:
    """Owe the staff anew what they did not get."""
    duty = _opened_and_said()
    event = _chosen(duty)
    intake = _known(duty, event)
    entries = resend_to_staff(duty.store, event)
    for entry in entries:
        print(f"Owed to {entry.to}: {entry.kind.value} ({entry.id})")
    if not entries:
        print("Nothing to send now.")
    if intake.closing is None:
        print(
            f"The intake closes at {deadline(intake.closes_at, event)}; the roster then goes to whom the deployed "
            f"event file names. The one here names {', '.join(event.staff)}."
        )
    if entries:
        print("They go out within a minute or two; make status says what became of them.")


def check() -> None:
    """What speaks against deploying the event files."""
    try:
        db = connect(env.str("PROJECT", ""), _books_folder())
    except NoDatabase:
        if env.str("PROJECT", ""):
            raise
        db = None
    folder = _events_folder(db)
    now = time_from(env.str("AT", ""), "2004-01-20T12:00+01:00") or (db.store.now() if db else datetime.now(UTC))
    events, faults = check_folder(folder, db.store if db else None, now)
    beside = f"beside the books of {db.told}" if db else "without any books (PROJECT=... says which)"
    if faults:
        sys.exit("\n".join([*faults, f"Checked {beside}, as of {in_utc(now)}."]))
    for event in events.values():
        print(f"{folder / event.slug}.toml: {event.title}; closes at {deadline(event.closes_at, event)}")
    print(f"Nothing is wrong with them, checked {beside}, as of {in_utc(now)}.")


_COMMANDS: Mapping[str, Callable[[], None]] = {
    "status": show_status,
    "smoke": run_smoke,
    "move-deadline": move,
    "send-roster": send_roster,
    "event-check": check,
}


def _until_stopped() -> Callable[[float], None]:
    """Waits, and stops only there when told to (Ctrl-C, SIGTERM): a call that is under way ends first, so that what it
    wrote can be removed."""
    told: list[int] = []
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda number, _frame: told.append(number))

    def wait(seconds: float) -> None:
        time.sleep(seconds)
        if told:
            raise KeyboardInterrupt

    return wait


def _opened() -> _Duty:
    db = connect(env.str("PROJECT", ""), _books_folder())
    folder = _events_folder(db)
    return _Duty(db, db.store, RecentIntakes(db.store, time.monotonic), read_events(folder), folder)


def _opened_and_said() -> _Duty:
    """Whose books they are is said first: what follows would be another's."""
    duty = _opened()
    print(f"Books: {duty.db.told}.")
    return duty


def _pages(duty: _Duty) -> str:
    """Where the desk's pages are: of the URL only scheme and host count, since it may be that of any page."""
    url = env.str("URL", "") or duty.db.address
    if not url:
        raise _Refused("Say where the desk's pages are: URL=https://registration.example.org")
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise _Refused(f"URL={url} is no address of a page; write it as URL=https://registration.example.org")
    url = f"{parts.scheme}://{parts.netloc}"
    if duty.db.address and not parts.netloc.endswith(f":{urlsplit(duty.db.address).port}"):
        raise _Refused(f"The books are those of {duty.db.told}, not of {url}: PROJECT=... says whose they are.")
    return url


def _events_folder(db: Database | None) -> Path:
    said = env.str("EVENTS", "")
    return Path(said) if said else (db and db.events) or Path("events")


def _books_folder() -> Path:
    return env.path("BOOKS", Path(".rollcall/books"))


def _chosen(duty: _Duty) -> Event:
    slug = env.str("EVENT", "")
    if slug in duty.events:
        return duty.events[slug]
    there = ", ".join(duty.events)
    if not slug:
        raise _Refused(f"EVENT is missing, as EVENT={next(iter(duty.events))}; in {duty.folder} there are: {there}")
    raise _Refused(f"EVENT={slug}: no such event in {duty.folder}; there are: {there}")


def _open_or_nearest(duty: _Duty, now: datetime) -> Event:
    """An event that is open, the next to close; else the one whose deadline is next, or was last."""

    def place(event: Event) -> tuple[bool, bool, timedelta]:
        opens_at, closes_at = _open_between(duty, event)
        return not opens_at <= now < closes_at, closes_at <= now, abs(closes_at - now)

    return min(duty.events.values(), key=place)


def _open_between(duty: _Duty, event: Event) -> tuple[datetime, datetime]:
    known = duty.store.known_intake(event.slug) or event
    return known.opens_at, known.closes_at


def _known(duty: _Duty, event: Event) -> Intake:
    intake = duty.store.known_intake(event.slug)
    if intake is None:
        raise _Refused(
            f"The books do not know {event.slug} yet: nobody looked at its form. Its deadline and its staff are what "
            "its file says when that is deployed."
        )
    return intake


if __name__ == "__main__":
    main()
