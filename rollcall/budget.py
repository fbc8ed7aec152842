"""Programs of ours that look at what strangers sent, each in a child process with a budget: nothing sent holds, fills
or ends the function."""

# A loop can watch the clock, but nothing stops an expression, libxml2 or pypdf from inside. So the kernel ends a child
# that takes more processor time, memory or room for its answer than its budget (Linux and gVisor hold these limits),
# and the parent one that takes too long by the clock. It is a new program and no fork, since gRPC's threads do not
# survive one, and has none of the function's keys in its environment.

import os
import resource
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from rollcall.record import from_json, to_json


@dataclass(frozen=True)
class Budget:
    """Of one child, its start included, in seconds and bytes; as an e-mail has it."""

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


def told(program: str, budget: Budget, order: object, content: bytes = b"") -> list[bytes]:
    """What that module says, line by line; over budget, what it said first. Raises `ChildBroken`."""
    with _one_at_a_time, tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as answer:
        given.writelines((to_json(budget), b"\n", to_json(order), b"\n", content))
        given.seek(0)
        child = subprocess.Popen(
            [sys.executable, "-m", program],
            stdin=given,
            stdout=answer,
            stderr=subprocess.DEVNULL,
            env=_environment(),
        )
        try:
            ended = child.wait(budget.patience)
        except subprocess.TimeoutExpired:
            ended = None
        finally:
            child.kill()
            child.wait()
        if ended == _BROKEN:
            raise ChildBroken
        answer.seek(0)
        return [line for line in answer.read().splitlines(keepends=True) if line.endswith(b"\n")]


def tell(order_type: Any, answers: Callable[[Any], Iterable[object]]) -> None:
    """In the child: what comes of the order, within the budget."""
    budget: Budget = from_json(Budget, sys.stdin.buffer.readline())
    order = from_json(order_type, sys.stdin.buffer.readline())
    _keep_within(budget)
    try:
        for said in answers(order):
            sys.stdout.buffer.write(to_json(said) + b"\n")
            sys.stdout.buffer.flush()
    except BaseException:  # no memory, no room for the answer, a panic of a library in Rust
        os._exit(_OVER_BUDGET)


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
