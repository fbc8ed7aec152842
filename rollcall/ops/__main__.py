"""`python -m rollcall.ops COMMAND`: what the on-call person runs, as `make status` and the like."""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from rollcall.model.errors import StoreUnavailable
from rollcall.ops.commands import Answer, check, move, run_smoke, send_roster, show_status
from rollcall.ops.connect import Database, NoDatabase, Opened, Refused, connect
from rollcall.ops.local_run import DATABASE_FOLDER, NoTime, time_from
from rollcall.ops.smoke import SmokeFailed, until_stopped
from schemas.event import EventFileError, read_events


def main(arguments: list[str] | None = None) -> None:
    """Exit code 1 where what was asked for was not done."""
    options = _parser().parse_args(arguments)
    try:
        answer: Answer = options.command(options)
    except KeyboardInterrupt:
        sys.exit("Stopped.")
    except Exception as error:
        answer = _refusal(error)
    if options.json:
        print(json.dumps({"database": options.opened, **answer.data}, ensure_ascii=False, indent=2))
    else:
        print(answer.text, file=sys.stdout if answer.is_done else sys.stderr)
    sys.exit(0 if answer.is_done else 1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m rollcall.ops", description=main.__doc__)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="answer for programs")
    common.add_argument("--project", default="", help="a project at Google (default: this machine's local run)")
    common.add_argument("--events", type=Path, help="folder of the event files (default: the local run's, or events)")
    common.add_argument(
        "--database", type=Path, default=DATABASE_FOLDER, help="folder of the local run's database (%(default)s)"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, does: Callable[[argparse.Namespace], Answer], help: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, parents=[common], help=help, description=help)
        added.set_defaults(command=does, opened=None)
        return added

    command("status", lambda given: show_status(_opened(given)), "how each event stands; reads only")
    smoke = command("smoke", _smoke, "register a test person, wait for the confirmation, delete both")
    smoke.add_argument("--url", default="", help="where the desk's pages are (default: the local run's)")
    deadline = command(
        "move-deadline", lambda given: move(_opened(given), given.event, given.to), "move an event's deadline"
    )
    roster = command(
        "send-roster", lambda given: send_roster(_opened(given), given.event), "send the staff again what they missed"
    )
    for one in (deadline, roster):
        one.add_argument("--event", required=True, help="which event, as intgov04")
    deadline.add_argument("--to", required=True, help="the new deadline in the event's zone, as 2004-02-27T18:00")
    check = command("event-check", _check, "what speaks against deploying the event files")
    check.add_argument("--at", default="", help="as if it were this time, as 2004-01-20T12:00+01:00")
    return parser


def _smoke(given: argparse.Namespace) -> Answer:
    with until_stopped() as wait:
        return run_smoke(_opened(given), given.url, lambda line: _say(given, line), wait)


def _check(given: argparse.Namespace) -> Answer:
    database: Database | None = None
    try:
        database = connect(given.project, given.database)
        given.opened = database.name
    except NoDatabase:
        if given.project:
            raise
    now = time_from(given.at, "2004-01-20T12:00+01:00") or (database.store.now() if database else datetime.now(UTC))
    return check(database, _folder(given, database), now)


def _opened(given: argparse.Namespace) -> Opened:
    """Which database it is is said first: what follows could be another's."""
    database = connect(given.project, given.database)
    given.opened = database.name
    _say(given, f"Database: {database.name}.")
    folder = _folder(given, database)
    return Opened(database, read_events(folder), folder)


def _folder(given: argparse.Namespace, database: Database | None) -> Path:
    return given.events or (database and database.events) or Path("events")


def _say(given: argparse.Namespace, line: str) -> None:
    if not given.json:
        print(line, flush=True)


def _refusal(error: Exception) -> Answer:
    match error:
        case Refused():
            code, facts, text = error.code, error.facts, str(error)
        case EventFileError():
            code, facts, text = "event_files", {}, str(error)
        case NoTime():
            code, facts, text = "not_a_time", {}, str(error)
        case StoreUnavailable():
            code, facts = "store_unavailable", {}
            text = f"The database cannot be reached, or read, now: {error.__cause__ or error}"
        case _:
            raise error
    failed = "FAILED. " if isinstance(error, SmokeFailed) else ""
    return Answer({"error": {"code": code, "message": text, **facts}}, failed + text, is_done=False)


if __name__ == "__main__":
    main()
