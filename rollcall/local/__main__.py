"""`make run`: the whole desk on one port of a laptop.

Settings, from the environment: `PORT` (8080), `STORE` (`sqlite`, or `firestore` for the official emulator), `AT` (an
ISO 8601 time to start the clock at), `EVENTS` (the folder of event files), `DATABASE` (the folder of the SQLite file
and the outbox), `SENDGRID_ANSWERS` (what SendGrid's stand-in answers to every e-mail instead of accepting it: a status,
as 400, 401, 429 or 500, or 0 for hanging up; to see what docs/operations.md says of its faults).
"""

import argparse
import fcntl
import logging
import os
import secrets
import signal
import socket
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from werkzeug.serving import make_server

from handlers.logs import hide_requests
from rollcall.desk.contributions.emailed import take_papers
from rollcall.desk.desk import Desk, RecentIntakes
from rollcall.desk.ports import Store
from rollcall.desk.site.publish import republish
from rollcall.emails import write
from rollcall.inbound.reader import InboxReader
from rollcall.inspection.inspector import ChildInspector
from rollcall.links import SignedLinks
from rollcall.local.app import local_app
from rollcall.local.emulator import NoEmulator, firestore_emulator
from rollcall.local.sendgrid import HANGS_UP, Outbox, StandIn
from rollcall.local.trigger import LOOK_EVERY, run_schedule
from rollcall.model.errors import StoreUnavailable
from rollcall.model.event import Event
from rollcall.ops import local_run
from rollcall.sendgrid import SendGridPoster
from rollcall.store.folder import FolderFiles
from rollcall.store.folder_published import FolderPublished
from rollcall.store.folder_uploads import FolderUploads
from rollcall.store.sqlite import OtherSchema, SqliteStore
from schemas.event import EventFileError, read_events
from templates import deadline

OFFICE_OPENS = timedelta(hours=9)
"""On the letter's day, where nobody says when to start."""

SENDER = "registration@rollcall.example"
FORMS_HOST = "forms.rollcall.example"

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Database:
    store: Store
    outbox: Outbox
    folder: Path
    """Of all but its documents."""
    clock: Callable[[], datetime]
    link_key: str
    shift: timedelta = timedelta(0)
    """Of its clock, ahead of real time."""
    note: str = ""
    """What happened to the database of the last run."""
    emulator: str | None = None
    """Address and project, where the database is in the Firestore emulator."""
    project: str | None = None


def main(arguments: list[str] | None = None) -> None:
    """Serve until interrupted."""
    as_it_stands = argparse.RawDescriptionHelpFormatter
    argparse.ArgumentParser("make run", description=__doc__, formatter_class=as_it_stands).parse_args(arguments)
    env = os.environ.get
    try:
        port = _port(env("PORT") or "8080")
        events_folder = Path(env("EVENTS") or "events")
        events = read_events(events_folder, in_all_languages=True)
        at = local_run.time_from(env("AT", ""), "2004-02-20T23:59:50+01:00")
        answers = _answers(env("SENDGRID_ANSWERS", ""))
        store, folder = env("STORE") or "sqlite", Path(env("DATABASE") or local_run.DATABASE_FOLDER)
        # a run that cannot begin must not touch the database of another
        with _listening(port) as listening, _database(store, folder, events, at) as db:
            sqlite = str(folder.absolute()) if store == "sqlite" else None
            run = local_run.Run(
                port, str(events_folder.absolute()), sqlite, db.shift.total_seconds(), db.emulator, db.project
            )
            sendgrid = StandIn(db.outbox, answers)
            with local_run.announced(run, folder), serving(listening, events, db, sendgrid):
                print(_welcome(port, events, db, sendgrid), flush=True)
                while not _told:
                    time.sleep(0.5)
    except (EventFileError, NoEmulator, local_run.NoTime) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        pass
    print("\nStopped.")


_told: list[int] = []
"""To stop: by which signal. The exception alone may be lost, in a callback (gRPC's) that ignores all."""


def _as_interrupted(sign: int, _frame: object) -> None:
    """So that what was begun is ended, our emulator too. Once: make hands on what its whole group got."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _told.append(sign)
    raise KeyboardInterrupt


def _port(said: str) -> int:
    if not (said.isascii() and said.isdigit() and 1 <= int(said) <= 65535):
        sys.exit(f"PORT={said} is not a port; say a number from 1 to 65535, as PORT=8080")
    return int(said)


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port))
    except PermissionError:
        sys.exit(f"This machine lets only its administrator use port {port}; choose a higher one: make run PORT=8080")
    except OSError:
        other = port + 1 if port < 65535 else port - 1
        sys.exit(f"Port {port} is taken; choose another: make run PORT={other}")


@contextmanager
def serving(
    listening: socket.socket,
    events: Mapping[str, Event],
    db: Database,
    sendgrid: StandIn,
    every: timedelta = LOOK_EVERY,
) -> Iterator[None]:
    """The desk on localhost; trigger and schedule beside it look so often."""
    port = listening.getsockname()[1]
    poster = SendGridPoster("local", SENDER, f"http://127.0.0.1:{port}/sendgrid")
    desk = Desk(
        store=db.store,
        intakes=RecentIntakes(db.store, lambda: db.clock().timestamp()),
        events=events,
        write=write,
        post=poster.post,
        files=lambda: FolderFiles(db.folder / "messages"),
        reader=InboxReader,
        links=SignedLinks(db.link_key, f"http://localhost:{port}/register", FORMS_HOST),
        sender=SENDER,
        uploads=lambda: FolderUploads(db.folder / "messages"),
        inspect=ChildInspector,
        published=lambda: FolderPublished(db.folder / "published"),
        take_papers=take_papers,
        republish=republish,
    )
    app = local_app(desk, sendgrid, db.clock)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # the desk says what happened, without anybody's address
    hide_requests("werkzeug", app.name)
    server = make_server("127.0.0.1", port, app, threaded=True, fd=listening.fileno())
    stop = threading.Event()
    schedule = threading.Thread(target=run_schedule, args=(app, desk, sendgrid, db.clock, stop, every), daemon=True)
    serving = threading.Thread(target=server.serve_forever, args=(every.total_seconds(),), daemon=True)
    serving.start()
    schedule.start()
    try:
        yield
    finally:
        stop.set()
        schedule.join()  # it may be posting to the stand-in, which is served until it is done
        server.shutdown()
        serving.join()


def _answers(said: str) -> int | None:
    if not said:
        return None
    if said != str(HANGS_UP) and not (said.isascii() and said.isdigit() and 400 <= int(said) <= 599):
        sys.exit(f"SENDGRID_ANSWERS={said} is no error of SendGrid's; say 400, 401, 429, 500, or 0 for hanging up")
    return int(said)


@contextmanager
def _database(kind: str, folder: Path, events: Mapping[str, Event], at: datetime | None) -> Iterator[Database]:
    letter_day = min(event.opens_at for event in events.values()) + OFFICE_OPENS
    if kind not in ("sqlite", "firestore"):
        sys.exit(f"STORE={kind} is not known; say STORE=sqlite or STORE=firestore")
    with _to_ourselves(folder):
        if kind == "sqlite":
            try:
                db = _sqlite(folder, events, at, letter_day)
            except (OSError, StoreUnavailable, sqlite3.Error) as error:
                why = error.__cause__ or error
                sys.exit(f"DATABASE={folder} cannot be used: {why}. Name another folder: make run DATABASE=<folder>")
            yield db
        else:
            with firestore_emulator() as address, tempfile.TemporaryDirectory() as outbox:
                yield _firestore(address, Path(outbox), at or letter_day)


@contextmanager
def _to_ourselves(folder: Path) -> Iterator[None]:
    """The lock lies beside the folder, which may be set aside."""
    other = "name another folder: make run DATABASE=<folder>"
    try:
        if folder.exists() and any(folder.iterdir()) and not (folder / local_run.DATABASE_FILE).exists():
            sys.exit(f"DATABASE={folder} holds other things; {other}")
        local_run.beside(folder, "lock").parent.mkdir(parents=True, exist_ok=True)
        lock = local_run.beside(folder, "lock").open("w")
    except OSError as error:
        sys.exit(f"DATABASE={folder} cannot be used: {error}; {other}")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sys.exit(f"DATABASE={folder} is in use by another run; stop that one, or {other}")
        yield


def _sqlite(folder: Path, events: Mapping[str, Event], at: datetime | None, letter_day: datetime) -> Database:
    """The database of the last run goes on where it stopped. Time cannot run backwards in it: to start earlier, or
    again after the deadline, sets it aside and begins a new one."""
    note = ""
    try:
        stopped_at = _stopped_at(folder)
    except OtherSchema:
        stopped_at = None
        note = f"The database of the last run is another version's, and is now {_set_aside(folder)}."
    if stopped_at:
        all_closed = all(stopped_at > event.closes_at for event in events.values())
        if (at and at < stopped_at) or (at is None and all_closed):
            came_to, aside = f"{stopped_at:%d %B %Y %H:%M} UTC", _set_aside(folder)
            note = f"The database of the last run, which had come to {came_to}, is now {aside}."
            stopped_at = None
        else:
            note = "The database of the last run goes on."
    shift = (at or stopped_at or letter_day) - datetime.now(UTC)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # an older version's may be open to others
    return in_folder(folder, local_run.moved_clock(shift), shift, note)


def in_folder(folder: Path, clock: Callable[[], datetime], shift: timedelta = timedelta(0), note: str = "") -> Database:
    store = SqliteStore(folder / local_run.DATABASE_FILE, clock)
    return Database(store, Outbox(folder / "outbox.jsonl"), folder, clock, _link_key(folder), shift, note)


def _link_key(folder: Path) -> str:
    """The database's own: its links work in the next run too."""
    path = folder / "link-key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32), "ascii")
    return path.read_text("ascii")


def _set_aside(folder: Path) -> Path:
    aside = folder.with_name(f"{folder.name}-{datetime.now(UTC):%Y%m%dT%H%M%S}")
    folder.rename(aside)
    return aside


def _stopped_at(folder: Path) -> datetime | None:
    path = folder / local_run.DATABASE_FILE
    if not path.exists():
        return None
    store = SqliteStore(path, lambda: datetime.now(UTC))
    try:
        return store.last_time()
    finally:
        store.close()


def _firestore(address: str, folder: Path, start: datetime) -> Database:
    os.environ["FIRESTORE_EMULATOR_HOST"] = address
    from rollcall.store.firestore import FirestoreStore

    # a project of this run's own: an emulator that goes on has the databases of other runs, at other times
    project = f"rollcall-{datetime.now(UTC):%Y%m%dt%H%M%S}-{secrets.token_hex(2)}"
    shift = start - datetime.now(UTC)
    store = FirestoreStore(project, shift=shift)
    note = f"The database is in the Firestore emulator at {address}, project {project}, for this run."
    clock, key = local_run.moved_clock(shift), secrets.token_urlsafe(32)
    outbox = Outbox(folder / "outbox.jsonl")
    return Database(store, outbox, folder, clock, key, shift, note, address, project)


def _welcome(port: int, events: Mapping[str, Event], db: Database, sendgrid: StandIn) -> str:
    here = f"http://localhost:{port}"
    lines = ["", f"Rollcall is open at {here}/", *([db.note] if db.note else [])]
    for event in events.values():
        lines += ["", f"  {event.title}", f"    the form     {here}/register/{event.slug}"]
        lines += [f"    closes at    {deadline(db.store.intake(event).closes_at, event)}"]
        lines += [f"    it is now    {db.clock().astimezone(event.zone):%d %B %Y %H:%M:%S}"]
    if sendgrid.answers is not None:
        does = "hangs up" if sendgrid.answers == HANGS_UP else f"answers {sendgrid.answers}"
        lines += ["", f"  No e-mail goes out: SendGrid's stand-in {does}. Without SENDGRID_ANSWERS it accepts e-mails."]
    lines += ["", f"  e-mail from it and to it    {here}/outbox", "", "Ctrl-C stops it.", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    os.umask(0o077)  # what people sent is nobody else's on this machine
    signal.signal(signal.SIGTERM, _as_interrupted)
    main()
    sys.stdout.flush()
    os._exit(0)  # all is closed; threads of gRPC may still wait for the emulator that is gone
