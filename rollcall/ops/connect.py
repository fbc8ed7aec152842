"""Opening the database: that of a project at Google, or that of the local run on this machine."""

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

from rollcall.desk.desk import Desk, RecentIntakes
from rollcall.desk.ports import Store
from rollcall.links import SignedLinks
from rollcall.ops.local_run import DATABASE_FILE, Run, local_run, moved_clock
from rollcall.store.sqlite import OtherSchema, SqliteStore
from schemas.event import read_events


class Refused(Exception):
    """The message says why, and what to do. `facts` are for programs."""

    def __init__(self, code: str, message: str, **facts: object) -> None:
        super().__init__(message)
        self.code, self.facts = code, facts


class NoDatabase(Refused):
    def __init__(self, message: str) -> None:
        super().__init__("no_database", message)


@dataclass(frozen=True)
class Database:
    store: Store
    name: str
    """As people are told: `the local run at …`, `project … at Google`."""
    events: Path
    address: str | None = None
    """Of the desk's pages, if known."""

    def desk(self) -> Desk:
        """For verbs that read and write the store alone: the functions send the e-mail that is enqueued."""

        def elsewhere(*_: object) -> NoReturn:
            raise RuntimeError("nothing is sent or read from here")

        return Desk(
            store=self.store,
            intakes=RecentIntakes(self.store, time.monotonic),
            events=read_events(self.events),
            write=elsewhere,
            post=elsewhere,
            files=elsewhere,
            reader=elsewhere,
            links=SignedLinks("", ""),
            sender="",
        )


def connect(project: str, folder: Path, events: str = "") -> Database:
    """The project's database or, where `project` is empty, that of the local run with this `DATABASE`. `events` is the
    folder of the event files, if not the local run's. Raises `NoDatabase`."""
    if project:
        return _at_google(project, Path(events or "events"))
    run = local_run(folder)
    if run is None or not run.answers:
        raise NoDatabase(
            f"Nothing runs here with DATABASE={folder}. Start it in another terminal: make run. If it has another "
            "database, say which: DATABASE=<its folder>, or PROJECT=<its project at Google>."
        )
    return Database(_store_of(run), f"the local run at {run.address}", Path(events or run.events), run.address)


def _at_google(project: str, events: Path) -> Database:
    """With the person's own login; for the emulator with none."""
    from rollcall.store.firestore import FirestoreStore

    emulator = os.environ.get("FIRESTORE_EMULATOR_HOST")
    if emulator:
        store = FirestoreStore(project)
        return Database(store, f"project {project} in the Firestore emulator at {emulator}", events)
    # who calls with a person's login must say whose quota it is, or it is that of gcloud's own project
    # (https://cloud.google.com/docs/authentication/troubleshoot-adc)
    login = [("authorization", f"Bearer {_token()}"), ("x-goog-user-project", project)]
    store = FirestoreStore(project, account=lambda: login)
    return Database(store, f"project {project} at Google", events)


def _token() -> str:
    """Good for an hour."""
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        raise NoDatabase(
            "gcloud is not installed; it has your login at Google (https://cloud.google.com/sdk/docs/install)."
        )
    asked = subprocess.run([gcloud, "auth", "print-access-token"], capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        raise NoDatabase(f"gcloud has no login of yours; log in with: gcloud auth login\n{asked.stderr.strip()}")
    return asked.stdout.strip()


def _store_of(run: Run) -> Store:
    shift = timedelta(seconds=run.shift)
    if run.database:
        try:
            return SqliteStore(Path(run.database) / DATABASE_FILE, moved_clock(shift))
        except OtherSchema as error:
            raise NoDatabase(f"{error}; run the commands of the version that runs.") from None
    os.environ["FIRESTORE_EMULATOR_HOST"] = run.emulator or ""

    from rollcall.store.firestore import FirestoreStore

    return FirestoreStore(run.project or "", shift=shift)
