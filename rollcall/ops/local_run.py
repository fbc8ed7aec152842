"""What the local run says of itself while it runs, in a file, so that the on-call commands find its database."""

import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

DATABASE_FOLDER = Path(".rollcall/database")
DATABASE_FILE = "rollcall.sqlite3"


@dataclass(frozen=True)
class Run:
    port: int
    events: str
    """As the database, an absolute folder."""
    database: str | None
    """None where it is in the Firestore emulator."""
    shift: float
    """Seconds by which its time is ahead of real time."""
    emulator: str | None
    project: str | None

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def answers(self) -> bool:
        """A run that was killed leaves its file."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
        except OSError:
            return False
        return True


@contextmanager
def announced(run: Run, folder: Path) -> Iterator[None]:
    """A file beside the database's folder says so as long as the run lasts."""
    path, text = beside(folder, "run.json"), json.dumps(asdict(run))
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
    """The run that has, or had, this `DATABASE`, whether or not its database is in the emulator."""
    try:
        return Run(**json.loads(beside(folder, "run.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError):  # not there, or another version's
        return None


def moved_clock(shift: timedelta) -> Callable[[], datetime]:
    return lambda: datetime.now(UTC) + shift


def beside(folder: Path, what: str) -> Path:
    folder = folder.absolute()
    return folder.with_name(f"{folder.name}.{what}")


_TIME = re.compile(
    r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}"
    r"(?P<time>T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?)?"
)


class NoTime(Exception):
    """The message says how to write it."""


def time_from(at: str, example: str) -> datetime | None:
    """ISO 8601 with its offset; None where `at` is empty. Raises `NoTime`."""
    if not at:
        return None
    written = _TIME.fullmatch(at)
    if not written:
        raise NoTime(f"AT={at} is not a time; write it as AT={example}")
    if not written["zone"]:
        local = at if written["time"] else f"{at}T00:00:00"
        raise NoTime(f"AT={at} does not say in which zone; write it as AT={local}+01:00")
    try:
        return datetime.fromisoformat(at).astimezone(UTC)
    except ValueError:
        raise NoTime(f"AT={at} is not a time; write it as AT={example}") from None
