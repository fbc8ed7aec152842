"""Programs of ours that look at what strangers sent, each in a child process with a budget: nothing sent holds, fills
or ends the function."""

# A loop can watch the clock, but nothing stops an expression, libxml2 or pypdf from inside. So the kernel ends a child
# that takes more processor time, memory or room for its answer than its budget (Linux and gVisor hold these limits),
# and the parent one that takes too long by the clock. Starting the program takes a hundred times what it takes to fork
# it. So it is started once, waits, and forks a child for each order: it never reads what was sent, and no child sees
# what another read. It is a new program and no fork of the function, since gRPC's threads do not survive one, and has
# none of the function's keys in its environment.

import gc
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from types import NoneType
from typing import IO, Any, NoReturn

from rollcall.record import from_json, to_json


@dataclass(frozen=True)
class Budget:
    """Of one child, in seconds and bytes; as an e-mail has it."""

    cpu: int = 2
    memory: int = 256_000_000
    answer: int = 16_000_000  # as base64, the largest attachments that a digest takes along (`wording.ATTACHED`)
    patience: float = 30  # by the clock: many times that processor time, for a machine with other work


OF_AN_EMAIL = Budget()


class ChildBroken(Exception):
    pass


_NEEDED = ("PYTHON", "LD_", "TZ")  # beginnings of the names that an interpreter starts by
_BROKEN = 1  # so Python ends with an exception that nobody caught
_OVER_BUDGET = 75

_one_at_a_time = threading.Lock()  # a function with several requests has memory for one


class _Waiting:
    """A program that was started."""

    def __init__(self, program: str, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self._line, its = socket.socketpair()
        with its:
            self._process = subprocess.Popen(
                [sys.executable, "-m", program, str(its.fileno())],
                pass_fds=[its.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,  # a group of its own, which ends as one
            )

    def ended(self, given: IO[bytes], answer: IO[bytes], patience: float) -> int | None:
        """As the child did; None: not by itself."""
        self._line.settimeout(patience)
        try:
            socket.send_fds(self._line, [b"."], [given.fileno(), answer.fileno()])
            return next(iter(self._line.recv(1)), None)
        except OSError:
            return None

    def is_gone(self) -> bool:
        return self._process.poll() is not None

    def end(self) -> int:
        self._line.close()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        return self._process.wait()


_waiting: dict[str, _Waiting] = {}


def told(program: str, budget: Budget, order: object, content: bytes = b"", setting: bytes = b"null") -> list[bytes]:
    """What that module says, line by line; over budget, what it said first. Raises `ChildBroken`."""
    with _one_at_a_time, tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as answer:
        given.writelines((setting, b"\n", to_json(budget), b"\n", to_json(order), b"\n", content))
        given.seek(0)
        ended = _started(program).ended(given, answer, budget.patience)
        if ended is None:
            ended = _waiting.pop(program).end()
        if ended == _BROKEN:
            raise ChildBroken
        answer.seek(0)
        return [line for line in answer.read().splitlines(keepends=True) if line.endswith(b"\n")]


def end_waiting() -> None:
    """Whoever asks next starts anew."""
    with _one_at_a_time:
        while _waiting:
            _waiting.popitem()[1].end()


def _started(program: str) -> _Waiting:
    there, environment = _waiting.get(program), _environment()
    if there and not there.is_gone() and there.environment == environment:
        return there
    if there:
        there.end()
    _waiting[program] = _Waiting(program, environment)
    return _waiting[program]


def tell(
    order_type: Any,
    answers: Callable[[Any, Any], Iterable[object]],
    setting_type: Any = NoneType,
    get_ready: Callable[[Any], object] = id,
) -> None:
    """As the program: what comes of each order, within its budget. `get_ready`: for further ones in the setting."""
    known = lru_cache(maxsize=4)(partial(from_json, setting_type))
    ready_for = lru_cache(maxsize=4)(lambda setting: get_ready(known(setting)))
    with socket.socket(fileno=int(sys.argv[1])) as line:
        while files := socket.recv_fds(line, 1, 2)[1]:
            gc.freeze()  # or the child would copy what it never changes
            if not (child := os.fork()):
                line.close()
                _tell_one(files, known, order_type, answers)
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            line.sendall(bytes([code % 256]))
            os.close(files[1])
            with open(files[0], "rb") as given:
                given.seek(0)
                setting = given.readline()
            ready_for(setting)


def _tell_one(files: list[int], known: Callable[[bytes], Any], order_type: Any, answers: Any) -> NoReturn:
    code = _BROKEN
    try:
        for file, number in zip(files, (sys.stdin.fileno(), sys.stdout.fileno()), strict=True):
            os.dup2(file, number)
        setting = known(sys.stdin.buffer.readline())
        budget: Budget = from_json(Budget, sys.stdin.buffer.readline())
        order = from_json(order_type, sys.stdin.buffer.readline())
        _keep_within(budget)
        code = _OVER_BUDGET  # no memory, no room for the answer, a panic of a library in Rust
        for said in answers(order, setting):
            sys.stdout.buffer.write(to_json(said) + b"\n")
            sys.stdout.buffer.flush()
        code = 0
    finally:
        os._exit(code)


def _keep_within(budget: Budget) -> None:
    limits = (
        (resource.RLIMIT_CPU, budget.cpu),
        (resource.RLIMIT_AS, budget.memory),
        (resource.RLIMIT_FSIZE, budget.answer),
        (resource.RLIMIT_CORE, 0),
    )
    for limit, most in limits:
        with suppress(ValueError, OSError):  # it is lower already, or this system (macOS) has none for memory
            resource.setrlimit(limit, (most, most))


def _environment() -> dict[str, str]:
    needed = {name: value for name, value in os.environ.items() if name.startswith(_NEEDED)}
    # modules are where this process found them: functions-framework appends our folder
    return {**needed, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)), "PYTHONSAFEPATH": "1"}
