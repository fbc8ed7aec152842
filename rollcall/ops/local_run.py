"""What the local run says of itself while it runs, in a file, so that the on-call commands find its database."""

import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

DATABASE_FOLDER = Path(".rollcall/database")
DATABASE_FILE = "rollcall.sqlite3"


@dataclass(frozen=True)
class Run:
    """A local run."""

    port: int
    events: Path
    """The folder of its event files."""
    database: Path | None
    """The folder of its SQLite file; None where its database is in the Firestore emulator."""
    shift: float
    """Seconds by which its time is ahead of real time."""
    emulator: str | None
    """The emulator's address, and the project in it."""
    project: str | None

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def answers(self) -> bool:
        """Whether somebody is there: who was killed takes no file away."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
        except OSError:
            return False
        return True


@contextmanager
def announced(run: Run, folder: Path) -> Iterator[None]:
    """Write what is to be known of the run beside its database's folder, for as long as it lasts."""
    path = _beside(folder)
    absolute = replace(run, events=run.events.absolute(), database=run.database and run.database.absolute())
    text = json.dumps(asdict(absolute), default=str)
    path.parent.mkdir(parents=True, exist_ok=True)
    being_written = path.with_name(f"{path.name}.{run.port}")
    being_written.write_text(text, "utf-8")
    being_written.replace(path)
    try:
        yield
    finally:
        if path.exists() and path.read_text("utf-8") == text:  # else it is another run's
            path.unlink()


def local_run(folder: Path) -> Run | None:
    """The run that has, or had, its database in this folder, or would have it there if it were not in the emulator."""
    try:
        said = json.loads(_beside(folder).read_text("utf-8"))
    except FileNotFoundError:
        return None
    database = Path(said["database"]) if said["database"] else None
    return Run(**{**said, "events": Path(said["events"]), "database": database})


def moved_clock(shift: timedelta) -> Callable[[], datetime]:
    return lambda: datetime.now(UTC) + shift


def _beside(folder: Path) -> Path:
    """As the folder is named: another database beside it has a run of its own."""
    return folder.with_name(f"{folder.name}.run.json")


_TIME = re.compile(
    r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?"
)


class NoTime(Exception):
    """What `AT` says is no time; the message says how to write it."""


def time_from(at: str, example: str) -> datetime | None:
    """The time that `AT` says (ISO 8601, with its offset), in UTC; None where it says none. Raises `NoTime`."""
    if not at:
        return None
    try:
        if not (written := _TIME.fullmatch(at)):
            raise ValueError(at)
        then = datetime.fromisoformat(at)
    except ValueError:
        raise NoTime(f"AT={at} is not a time; write it as AT={example}") from None
    if not written["zone"]:
        raise NoTime(f"AT={at} does not say in which zone; write it as AT={at}+01:00")
    return then.astimezone(UTC)
