"""What the workers of one run share (pytest-xdist): starting Java once is enough for a machine of two cores."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path


@contextmanager
def shared(folder: Path, name: str, start: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """The address of a server that runs once for all workers.

    The worker that asks first starts it, and stops it when no other uses it any more.
    """
    folder.mkdir(exist_ok=True)
    address = folder / f"{name}.address"
    with (folder / f"{name}.starting").open("w") as starting, (folder / f"{name}.users").open("w") as users:
        fcntl.flock(starting, fcntl.LOCK_EX)
        if address.exists():
            fcntl.flock(users, fcntl.LOCK_SH)
            fcntl.flock(starting, fcntl.LOCK_UN)
            yield address.read_text("utf-8")
            return
        with start() as started:
            address.write_text(started, "utf-8")
            fcntl.flock(starting, fcntl.LOCK_UN)
            try:
                yield started
            finally:
                fcntl.flock(starting, fcntl.LOCK_EX)
                address.unlink()
                fcntl.flock(starting, fcntl.LOCK_UN)
                fcntl.flock(users, fcntl.LOCK_EX)  # waits for whoever still uses it
