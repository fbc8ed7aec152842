"""Steps of a deployment: each creates one thing, reports it, and may be applied again at any time."""

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
    """A command to run; secrets and long input go in by standard input."""

    argv: tuple[str, ...]
    stdin: str = ""
    retries: bool = True
    """Whether a transient failure is retried."""

    def __str__(self) -> str:
        line = shlex.join(self.argv)
        return f"{line} <<'END'\n{self.stdin.rstrip()}\nEND" if self.stdin else line


@dataclass(frozen=True)
class Completed:
    """The result of a command."""

    ok: bool
    stdout: str
    stderr: str


Run = Callable[[Command], Completed]


class StepFailed(Exception):
    """A step failed; the message has the command and its error."""


class NotRepeatable(StepFailed):
    """Running the same command again would do harm; the message says how to continue."""


class Result(StrEnum):
    """What a step did."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DELETED = "deleted"
    ABSENT = "not there"


class Step(Protocol):
    """One thing to create. Applying it again changes nothing; after a failure it continues."""

    @property
    def title(self) -> str:
        """What it title, in the words of whoever reads the plan."""
        ...

    @property
    def holds_data(self) -> bool:
        """Whether it holds what people sent: `make destroy` keeps it unless told otherwise."""
        ...

    def plan(self) -> Sequence[str]:
        """The commands, or requests, for an empty project. Calls nothing."""
        ...

    def apply(self, run: Run) -> Result:
        """Create or update the thing. Raises `StepFailed`."""
        ...

    def plan_removal(self) -> Sequence[str]:
        """Like `plan`, for `remove`."""
        ...

    def remove(self, run: Run) -> Result:
        """Delete the thing. Raises `StepFailed`."""
        ...


def _always(_: Any) -> bool:
    return True


@dataclass(frozen=True)
class GcloudStep:
    """One thing, created by gcloud."""

    title: str
    look: Command
    """Prints the thing as JSON (`--format=json`); fails where it does not exist."""
    create: tuple[Command, ...] = ()
    is_current: Callable[[Any], bool] = _always
    """Whether the thing that `look` printed needs no update."""
    update: tuple[Command, ...] = ()
    delete: tuple[Command, ...] = ()
    holds_data: bool = False

    def plan(self) -> Sequence[str]:
        """See `Step`."""
        return [str(command) for command in self.create or self.update]

    def apply(self, run: Run) -> Result:
        """See `Step`."""
        there = find(run, self.look)
        if there is None:
            return _all(run, self.create, Result.CREATED)
        return Result.UNCHANGED if self.is_current(there) else _all(run, self.update, Result.UPDATED)

    def plan_removal(self) -> Sequence[str]:
        """See `Step`."""
        return [str(command) for command in self.delete]

    def remove(self, run: Run) -> Result:
        """See `Step`."""
        if not self.delete or find_if_enabled(run, self.look) is None:
            return Result.ABSENT
        return _all(run, self.delete, Result.DELETED)


def _nothing(_: Any) -> Sequence[Command]:
    return ()


@dataclass(frozen=True)
class GcloudSet:
    """Things of one kind that gcloud lists at once: missing ones are created, surplus ones deleted."""

    title: str
    look: Command
    """Prints the things as JSON (`--format=json`)."""
    changes: Callable[[Any], Sequence[Command]]
    """The commands that bring what `look` printed up to date."""
    empty: Any
    """What `look` prints in an empty project."""
    delete: Callable[[Any], Sequence[Command]] = _nothing
    """The commands that delete ours among what `look` printed."""
    holds_data: bool = False

    def plan(self) -> Sequence[str]:
        """See `Step`."""
        return [str(command) for command in self.changes(self.empty)]

    def apply(self, run: Run) -> Result:
        """See `Step`."""
        commands = self.changes(read_json(run, self.look) or self.empty)
        if not commands:
            return Result.UNCHANGED
        return _all(run, commands, Result.CREATED if commands == self.changes(self.empty) else Result.UPDATED)

    def plan_removal(self) -> Sequence[str]:
        return [f"{self.look}    # and each of ours in it is deleted"] if self.delete is not _nothing else []

    def remove(self, run: Run) -> Result:
        """See `Step`."""
        commands = self.delete(find_if_enabled(run, self.look) or self.empty)
        return _all(run, commands, Result.DELETED) if commands else Result.ABSENT


def _all(run: Run, commands: Sequence[Command], came: Result) -> Result:
    for command in commands:
        run_checked(run, command)
    return came


def run_checked(run: Run, command: Command) -> str:
    """What the command prints. Raises `StepFailed`."""
    ran = run(command)
    if not ran.ok:
        raise StepFailed(f"{shlex.join(command.argv)}\n{ran.stderr.strip()}{_advice(ran)}")
    return ran.stdout


def read_json(run: Run, command: Command) -> Any:
    """The JSON that the command prints. Raises `StepFailed`."""
    return json.loads(run_checked(run, command) or "null")


def find(run: Run, look: Command) -> Any:
    """The JSON that `look` prints; None where Google says that there is no such thing. Raises `StepFailed` for other
    errors: an expired login must not pass for a thing that is gone."""
    ran = run(look)
    return None if not ran.ok and _ABSENT.search(ran.stderr) else read_json(lambda _: ran, look)


def find_if_enabled(run: Run, look: Command) -> Any:
    """Like `find`; None, without a retry, also where the service is not switched on."""
    ran = run(replace(look, retries=False))
    if ran.ok or _ABSENT.search(ran.stderr):
        return find(lambda _: ran, look)
    return None if _OFF.search(ran.stderr) else find(run, look)


_OFF = re.compile(r"has not been used in project|SERVICE_DISABLED")
_ABSENT = re.compile(r"not.?found|cannot find|does not exist", re.IGNORECASE)


def _advice(ran: Completed) -> str:
    """What to do about an error that Google does not explain."""
    if "permitted customer" in ran.stderr:
        return (
            "\nYour organisation forbids that everybody may call a function. Its administrator can allow it for this"
            "\nproject (constraint iam.allowedPolicyMemberDomains; https://cloud.google.com/run/docs/authenticating/public)."
        )
    return ""


def gcloud(words: str, *more: str, project: str, stdin: str = "", retries: bool = True) -> Command:
    """A gcloud command in this project: `words` is split at spaces, `more` is not."""
    return Command(("gcloud", *words.split(), *more, f"--project={project}", "--quiet"), stdin, retries)


_TRANSIENT = re.compile(
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
"""Google's errors while a new thing, or a new role, has not propagated yet
(https://cloud.google.com/iam/docs/access-change-propagation: some minutes)."""
_TRANSIENT_LOOKS = re.compile(r"enabled this API recently|UNAVAILABLE", re.IGNORECASE)
"""The same for looking: what is not found now will not appear."""
_LOOKS = {"describe", "list", "get-iam-policy", "access"}
_RETRY_AFTER = 15.0
"""Seconds."""
_TRIES = 48


def run_command(
    command: Command, wait: Callable[[float], None] = time.sleep, environment: Mapping[str, str] | None = None
) -> Completed:
    """Run it, by default in our own environment. A transient failure is retried for some twelve minutes."""
    looks = _LOOKS & set(command.argv)
    for left in reversed(range(_TRIES)):
        done = subprocess.run(
            command.argv, input=command.stdin, env=environment, capture_output=True, text=True, check=False
        )
        reason = transient_error(done.stderr, looks=bool(looks)) if done.returncode and command.retries else ""
        if not reason or left == 0:
            break
        say(f"    not yet; retrying in {_RETRY_AFTER:.0f} seconds: {reason}")
        wait(_RETRY_AFTER)
    return Completed(done.returncode == 0, done.stdout, done.stderr)


def transient_error(said: str, looks: bool) -> str:
    """The line of Google's error that names a transient reason; empty where there is none."""
    patterns = [_TRANSIENT_LOOKS] if looks else [_TRANSIENT, _TRANSIENT_LOOKS]
    return next((line.strip() for line in said.splitlines() if any(pattern.search(line) for pattern in patterns)), "")


def show_plan(steps: Sequence[Step], lines: Callable[[Step], Sequence[str]]) -> None:
    """Print the steps and their commands."""
    for step in steps:
        commands = lines(step)
        if commands:
            say(f"\n# {step.title}")
            for command in commands:
                say(_wrapped(command))


def _wrapped(command: str) -> str:
    """A long command with each setting on its own line; standard input stays as it is."""
    words, feeds, rest = command.partition(" <<")
    return command if len(words) <= 120 else re.sub(r" ('?--)", r" \\\n    \1", words) + feeds + rest


def apply_all(steps: Sequence[Step], run: Run) -> None:
    """Apply the steps in order, and report each. Raises `StepFailed` at the first failure."""
    for step in steps:
        say(f"{step.title} ...")
        say(f"    {step.apply(run)}")


def remove_all(steps: Sequence[Step], run: Run) -> None:
    """Remove what the steps created, the last first. Steps that remove nothing are not reported. Raises `StepFailed` at
    the first failure."""
    for step in reversed([step for step in steps if step.plan_removal()]):
        say(f"{step.title} ...")
        say(f"    {step.remove(run)}")


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
