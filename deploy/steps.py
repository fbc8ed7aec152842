"""Steps: each makes one thing, says so, and can be taken again at any time."""

import json
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol


@dataclass(frozen=True)
class Command:
    """A command as it is run; what is secret, or long, goes in by standard input."""

    argv: tuple[str, ...]
    feed: str = ""

    def __str__(self) -> str:
        line = shlex.join(self.argv)
        return f"{line} <<'END'\n{self.feed.rstrip()}\nEND" if self.feed else line


@dataclass(frozen=True)
class Ran:
    """What came of a command."""

    ok: bool
    output: str
    said: str
    """What it wrote to standard error."""


Run = Callable[[Command], Ran]


class StepFailed(Exception):
    """A step could not be taken; the message says which command failed and what it said."""


class Came(StrEnum):
    """What a step found, and so did."""

    MADE = "made"
    CHANGED = "brought up to date"
    AS_IT_WAS = "as it was"
    TAKEN_AWAY = "taken away"
    NOT_THERE = "not there"


class Step(Protocol):
    """One thing that is made. Taking the step again changes nothing; after a failure it goes on."""

    @property
    def makes(self) -> str:
        """What it makes, in the words of whoever reads the plan."""
        ...

    @property
    def holds_data(self) -> bool:
        """Whether what people sent is in it: it is kept unless the person says otherwise."""
        ...

    def plan(self) -> Sequence[str]:
        """The commands, or requests, that it would take where nothing is there; nothing is asked or done for this."""
        ...

    def take(self, run: Run) -> Came:
        """See to it that the thing is there as it should be. Raises `StepFailed`."""
        ...

    def plan_away(self) -> Sequence[str]:
        """As `plan`, for `take_away`."""
        ...

    def take_away(self, run: Run) -> Came:
        """See to it that the thing is not there. Raises `StepFailed`."""
        ...


def _always(_: Any) -> bool:
    return True


@dataclass(frozen=True)
class GcloudStep:
    """A thing that gcloud makes."""

    makes: str
    look: Command
    """Prints the thing as JSON (`--format=json`); fails where it is not there."""
    make: tuple[Command, ...] = ()
    wanted: Callable[[Any], bool] = _always
    """Whether what `look` printed is as it should be."""
    change: tuple[Command, ...] = ()
    """What is done where it is there and is not as it should be."""
    unmake: tuple[Command, ...] = ()
    holds_data: bool = False

    def plan(self) -> Sequence[str]:
        """See `Step`."""
        return [str(command) for command in self.make or self.change]

    def take(self, run: Run) -> Came:
        """See `Step`."""
        looked = run(self.look)
        if not looked.ok and self.make:
            return _all(run, self.make, Came.MADE)
        if looked.ok and self.wanted(json.loads(looked.output or "null")):
            return Came.AS_IT_WAS
        return _all(run, self.change, Came.CHANGED)

    def plan_away(self) -> Sequence[str]:
        """See `Step`."""
        return [str(command) for command in self.unmake]

    def take_away(self, run: Run) -> Came:
        """See `Step`."""
        if not self.unmake or not run(self.look).ok:
            return Came.NOT_THERE
        return _all(run, self.unmake, Came.TAKEN_AWAY)


def _nothing(_: Any) -> Sequence[Command]:
    return ()


@dataclass(frozen=True)
class GcloudSet:
    """Things of one kind that gcloud shows at one look: what is wanting is made, what is too much is taken away."""

    makes: str
    look: Command
    """Prints what is there as JSON (`--format=json`)."""
    lacking: Callable[[Any], Sequence[Command]]
    """What is to be done about what `look` printed: nothing where all is as it should be."""
    none: Any
    """What `look` prints where nothing is there."""
    unmake: Callable[[Any], Sequence[Command]] = _nothing
    """What takes away those that are ours, of what `look` printed."""
    holds_data: bool = False

    def plan(self) -> Sequence[str]:
        """See `Step`."""
        return [str(command) for command in self.lacking(self.none)]

    def take(self, run: Run) -> Came:
        """See `Step`."""
        looked = run(self.look)
        if not looked.ok:
            raise StepFailed(f"{shlex.join(self.look.argv)}\n{looked.said.strip()}")
        commands = self.lacking(json.loads(looked.output or "null") or self.none)
        if not commands:
            return Came.AS_IT_WAS
        return _all(run, commands, Came.MADE if commands == self.lacking(self.none) else Came.CHANGED)

    def plan_away(self) -> Sequence[str]:
        """See `Step`. What there is, only a look would tell."""
        return [f"{self.look}    # and each of ours in it is taken away"] if self.unmake is not _nothing else []

    def take_away(self, run: Run) -> Came:
        """See `Step`."""
        looked = run(self.look)
        commands = self.unmake(json.loads(looked.output or "null") or self.none) if looked.ok else ()
        return _all(run, commands, Came.TAKEN_AWAY) if commands else Came.NOT_THERE


def _all(run: Run, commands: Sequence[Command], came: Came) -> Came:
    for command in commands:
        ran = run(command)
        if not ran.ok:
            raise StepFailed(f"{shlex.join(command.argv)}\n{ran.said.strip()}")
    return came


def gcloud(words: str, *more: str, project: str, feed: str = "") -> Command:
    """A gcloud command in this project: `words` is split at spaces, `more` goes in as it is."""
    return Command(("gcloud", *words.split(), *more, f"--project={project}", "--quiet"), feed)


_PASSING = (
    "does not exist",  # an account that was made a moment ago
    "Permission denied while using the Eventarc Service Agent",
    "may take a few minutes",
    "is not ready",
    "UNAVAILABLE",
    "ABORTED",
    "RESOURCE_EXHAUSTED",
)
"""What Google says while what was just made, or permitted, has not got round yet
(https://cloud.google.com/iam/docs/access-change-propagation: some minutes)."""
_LOOKS = {"describe", "list", "get-iam-policy", "access"}
"""What these do not find is not there, and will not come."""
_AGAIN_AFTER = 15.0
"""Seconds."""
_TRIES = 12


def run_command(
    command: Command, wait: Callable[[float], None] = time.sleep, environment: Mapping[str, str] | None = None
) -> Ran:
    """Run it, in our own environment unless another is given. What fails for a reason that passes is tried again, for
    some three minutes in all."""
    for left in reversed(range(_TRIES)):
        done = subprocess.run(
            command.argv, input=command.feed, env=environment, capture_output=True, text=True, check=False
        )
        passes = any(words in done.stderr for words in _PASSING) and not _LOOKS & set(command.argv)
        if done.returncode == 0 or not passes or left == 0:
            break
        wait(_AGAIN_AFTER)
    return Ran(done.returncode == 0, done.stdout, done.stderr)


def show_plan(steps: Sequence[Step], lines: Callable[[Step], Sequence[str]]) -> None:
    """Print what would be done."""
    for step in steps:
        commands = lines(step)
        if commands:
            say(f"\n# {step.makes}")
            for command in commands:
                say(command)


def take_all(steps: Sequence[Step], run: Run) -> None:
    """Take the steps in their order, and say of each what came of it. Raises `StepFailed` at the first that fails."""
    for step in steps:
        say(f"{step.makes} ...")
        say(f"    {step.take(run)}")


def take_all_away(steps: Sequence[Step], run: Run) -> None:
    """Take away what the steps made, the last first; what a step does not take away is not spoken of. Raises
    `StepFailed` at the first that fails."""
    for step in reversed([step for step in steps if step.plan_away()]):
        say(f"{step.makes} ...")
        say(f"    {step.take_away(run)}")


def say(line: str) -> None:
    """Tell the person at the terminal, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
