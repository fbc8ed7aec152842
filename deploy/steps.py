"""Steps: each makes one thing, says so, and can be taken again at any time."""

import json
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Protocol


@dataclass(frozen=True)
class Command:
    """A command as it is run; what is secret, or long, goes in by standard input."""

    argv: tuple[str, ...]
    feed: str = ""
    waits: bool = True
    """Whether it is tried again while it fails for a reason that passes."""

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


class NotAgain(StepFailed):
    """The same command would not go on from here; the message says what does."""


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
        there = find(run, self.look)
        if there is None:
            return _all(run, self.make, Came.MADE)
        return Came.AS_IT_WAS if self.wanted(there) else _all(run, self.change, Came.CHANGED)

    def plan_away(self) -> Sequence[str]:
        """See `Step`."""
        return [str(command) for command in self.unmake]

    def take_away(self, run: Run) -> Came:
        """See `Step`."""
        if not self.unmake or find_if_on(run, self.look) is None:
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
        commands = self.lacking(printed(run, self.look) or self.none)
        if not commands:
            return Came.AS_IT_WAS
        return _all(run, commands, Came.MADE if commands == self.lacking(self.none) else Came.CHANGED)

    def plan_away(self) -> Sequence[str]:
        """See `Step`. What there is, only a look would tell."""
        return [f"{self.look}    # and each of ours in it is taken away"] if self.unmake is not _nothing else []

    def take_away(self, run: Run) -> Came:
        """See `Step`."""
        commands = self.unmake(find_if_on(run, self.look) or self.none)
        return _all(run, commands, Came.TAKEN_AWAY) if commands else Came.NOT_THERE


def _all(run: Run, commands: Sequence[Command], came: Came) -> Came:
    for command in commands:
        do(run, command)
    return came


def do(run: Run, command: Command) -> str:
    """What the command prints. Raises `StepFailed`."""
    ran = run(command)
    if not ran.ok:
        raise StepFailed(f"{shlex.join(command.argv)}\n{ran.said.strip()}{_advice(ran)}")
    return ran.output


def printed(run: Run, command: Command) -> Any:
    """The JSON that the command prints. Raises `StepFailed`."""
    return json.loads(do(run, command) or "null")


def find(run: Run, look: Command) -> Any:
    """The JSON that `look` prints; None where Google says that there is no such thing. Raises `StepFailed` where that
    could not be found out: a login that expired must not pass for a thing that is gone."""
    ran = run(look)
    return None if not ran.ok and _ABSENT.search(ran.said) else printed(lambda _: ran, look)


def find_if_on(run: Run, look: Command) -> Any:
    """As `find`, of a service that may not be switched on: then there is nothing, and nothing is waited for."""
    ran = run(replace(look, waits=False))
    if ran.ok or _ABSENT.search(ran.said):
        return find(lambda _: ran, look)
    return None if _OFF.search(ran.said) else find(run, look)


_OFF = re.compile(r"has not been used in project|SERVICE_DISABLED")
_ABSENT = re.compile(r"not.?found|cannot find|does not exist", re.IGNORECASE)


def _advice(ran: Ran) -> str:
    """What to do about what Google does not explain."""
    if "permitted customer" in ran.said:
        return (
            "\nYour organisation forbids that everybody may call a function. Its administrator can allow it for this"
            "\nproject (constraint iam.allowedPolicyMemberDomains; https://cloud.google.com/run/docs/authenticating/public)."
        )
    return ""


def gcloud(words: str, *more: str, project: str, feed: str = "", waits: bool = True) -> Command:
    """A gcloud command in this project: `words` is split at spaces, `more` goes in as it is."""
    return Command(("gcloud", *words.split(), *more, f"--project={project}", "--quiet"), feed, waits)


_PASSING = re.compile(
    r"service account .* does not exist"  # one that was made a moment ago
    r"|Role .* does not exist in the resource's hierarchy"  # likewise
    r"|Permission denied while using the Eventarc Service Agent"
    r"|Permission denied on secret"
    r"|missing permission on the build service account"
    r"|Access to bucket gcf-\S+ denied"  # the same account's
    r"|Ensure that the Cloud Functions service account has"  # Google's own, in a fresh project
    r"|may take a few minutes"
    r"|could take up to 10 minutes to become available"  # a metric that was made a moment ago
    r"|The resource \S+ is not ready"  # not "Revision ... is not ready": a function that does not start never will
    r"|UNAVAILABLE|ABORTED|RESOURCE_EXHAUSTED",
    re.IGNORECASE,
)
"""What Google says while what was just made, or permitted, has not got round yet
(https://cloud.google.com/iam/docs/access-change-propagation: some minutes)."""
_PASSING_LOOKS = re.compile(r"enabled this API recently|UNAVAILABLE", re.IGNORECASE)
"""The same where something is looked for: what is not found is not there, and will not come."""
_LOOKS = {"describe", "list", "get-iam-policy", "access"}
_AGAIN_AFTER = 15.0
"""Seconds."""
_TRIES = 48


def run_command(
    command: Command, wait: Callable[[float], None] = time.sleep, environment: Mapping[str, str] | None = None
) -> Ran:
    """Run it, in our own environment unless another is given. What fails for a reason that passes is tried again, for
    some twelve minutes in all."""
    looks = _LOOKS & set(command.argv)
    for left in reversed(range(_TRIES)):
        done = subprocess.run(
            command.argv, input=command.feed, env=environment, capture_output=True, text=True, check=False
        )
        passes = passing(done.stderr, looks=bool(looks)) if done.returncode and command.waits else ""
        if not passes or left == 0:
            break
        say(f"    not yet, and again in {_AGAIN_AFTER:.0f} seconds: {passes}")
        wait(_AGAIN_AFTER)
    return Ran(done.returncode == 0, done.stdout, done.stderr)


def passing(said: str, looks: bool) -> str:
    """The line in what Google said that tells of something that passes by itself; empty where there is none."""
    signs = [_PASSING_LOOKS] if looks else [_PASSING, _PASSING_LOOKS]
    return next((line.strip() for line in said.splitlines() if any(sign.search(line) for sign in signs)), "")


def show_plan(steps: Sequence[Step], lines: Callable[[Step], Sequence[str]]) -> None:
    """Print what would be done."""
    for step in steps:
        commands = lines(step)
        if commands:
            say(f"\n# {step.makes}")
            for command in commands:
                say(_broken(command))


def _broken(command: str) -> str:
    """A long command, with each of its settings on a line of its own; what goes in by standard input stays as it is."""
    words, feeds, rest = command.partition(" <<")
    return command if len(words) <= 120 else re.sub(r" ('?--)", r" \\\n    \1", words) + feeds + rest


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
