"""Opening the database: that of a project at Google, or that of the local run on this machine."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from rollcall.desk.ports import Store
from rollcall.model.event import Event
from rollcall.ops.local_run import DATABASE_FILE, Run, local_run, moved_clock
from rollcall.store.sqlite import OtherSchema, SqliteStore


class Refused(Exception):
    """What was asked for cannot be done; the message says why, and what then. `facts` are for programs."""

    def __init__(self, code: str, message: str, **facts: object) -> None:
        super().__init__(message)
        self.code, self.facts = code, facts


class NoDatabase(Refused):
    """There is no database to open."""

    def __init__(self, message: str) -> None:
        super().__init__("no_database", message)


@dataclass(frozen=True)
class Database:
    """A database that was opened."""

    store: Store
    name: str
    """As people are told: `the local run at …`, `project … at Google`."""
    address: str | None = None
    """Where the desk's pages are, if that is known."""
    events: Path | None = None
    """The folder of the event files that go with it, if that is known."""


@dataclass(frozen=True)
class Opened:
    """What a command works with: a database, and the events of a folder."""

    database: Database
    events: Mapping[str, Event]
    folder: Path

    @property
    def store(self) -> Store:
        return self.database.store


def connect(project: str, folder: Path) -> Database:
    """The project's database or, where `project` is empty, that of the local run whose database is in this folder, or
    would be if it were not in the emulator. Raises `NoDatabase`."""
    if project:
        return _at_google(project)
    run = local_run(folder)
    if run is None or not run.answers:
        raise NoDatabase(
            "No local run is on this machine, and no PROJECT is given: start one in another terminal (make run), "
            "or say which project at Google it is (PROJECT=...)."
        )
    return _of_run(run)


def _at_google(project: str) -> Database:
    """With the login that the person has with gcloud anyway; for the emulator with none."""
    from google.cloud import firestore
    from google.oauth2.credentials import Credentials

    from rollcall.store.firestore import FirestoreStore
    from rollcall.store.firestore_rpc import firestore_api

    emulator = os.environ.get("FIRESTORE_EMULATOR_HOST")
    if emulator:
        store = FirestoreStore(firestore.Client(project=project))
        return Database(store, f"project {project} in the Firestore emulator at {emulator}")
    # who calls with a person's login must say whose quota it is, or it is that of gcloud's own project
    # (https://cloud.google.com/docs/authentication/troubleshoot-adc)
    login = Credentials(_token(), quota_project_id=project)  # type: ignore[no-untyped-call]
    store = FirestoreStore(firestore.Client(project=project, credentials=login), firestore_api(login))
    return Database(store, f"project {project} at Google")


def _token() -> str:
    """Good for an hour; it goes no further than this process."""
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        raise NoDatabase(
            "gcloud is not installed; it has your login at Google (https://cloud.google.com/sdk/docs/install)."
        )
    asked = subprocess.run([gcloud, "auth", "print-access-token"], capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        raise NoDatabase(f"gcloud has no login of yours; log in with: gcloud auth login\n{asked.stderr.strip()}")
    return asked.stdout.strip()


def _of_run(run: Run) -> Database:
    return Database(_store_of(run), f"the local run at {run.address}", run.address, run.events)


def _store_of(run: Run) -> Store:
    shift = timedelta(seconds=run.shift)
    if run.database:
        try:
            return SqliteStore(run.database / DATABASE_FILE, moved_clock(shift))
        except OtherSchema as error:
            raise NoDatabase(f"{error}; run the commands of the version that runs.") from None
    os.environ["FIRESTORE_EMULATOR_HOST"] = run.emulator or ""
    from google.cloud import firestore

    from rollcall.store.firestore import FirestoreStore

    return FirestoreStore(firestore.Client(project=run.project), shift=shift)
