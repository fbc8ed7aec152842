"""What the local run says of itself while it runs, in a file, so that whoever is on duty finds its books."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

DATABASE_FILE = "rollcall.sqlite3"
"""In the folder of the books."""


@dataclass(frozen=True)
class Run:
    """A local run."""

    port: int
    events: Path
    """The folder of its event files."""
    database: Path | None
    """The folder of its SQLite books; None where they are in the Firestore emulator."""
    shift: float
    """Seconds by which its time is ahead of real time."""
    emulator: str | None
    """The emulator's address, and the project in it."""
    project: str | None

    @property
    def address(self) -> str:
        """Where its pages are."""
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
    """Say of the run what is to be known, beside the folder of the books, for as long as it lasts."""
    path = _beside(folder)
    text = json.dumps(
        asdict(replace(run, events=run.events.absolute(), database=run.database and run.database.absolute())),
        default=str,
    )
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
    """The run that has, or had, its books in this folder, or would have them there if they were not in the emulator."""
    try:
        said = json.loads(_beside(folder).read_text("utf-8"))
    except FileNotFoundError:
        return None
    return Run(
        **{**said, "events": Path(said["events"]), "database": Path(said["database"]) if said["database"] else None}
    )


def moved_clock(shift: timedelta) -> Callable[[], datetime]:
    """A clock that is ahead of real time by so much."""
    return lambda: datetime.now(UTC) + shift


class NoTime(Exception):
    """What `AT` says is no time; the message says how to write it."""


def time_from(at: str, example: str) -> datetime | None:
    """The time that the setting `AT` says (ISO 8601, with its offset), in UTC; None where it says none. Raises
    `NoTime`, which shows the example."""
    if not at:
        return None
    try:
        then = datetime.fromisoformat(at)
    except ValueError:
        raise NoTime(f"AT={at} is not a time; write it as AT={example}") from None
    if then.tzinfo is None:
        raise NoTime(f"AT={at} does not say in which zone; write it as AT={at}+01:00")
    return then.astimezone(UTC)


def _beside(folder: Path) -> Path:
    """As the folder is named: other books beside it have a run of their own."""
    return folder.with_name(f"{folder.name}.run.json")
