"""`python -m rollcall.ops COMMAND`: what the on-call person runs, as `make status` and the like."""

import argparse
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from rollcall.model.errors import StoreUnavailable
from rollcall.ops.commands import (
    EXAMPLE_TIME,
    Answer,
    check,
    chosen,
    move,
    revoke_link,
    run_smoke,
    send_roster,
    show_status,
)
from rollcall.ops.connect import Database, NoDatabase, Refused, connect
from rollcall.ops.erase_again import erase_again
from rollcall.ops.erase_at_sendgrid import addresses_in, addresses_of, erase_at_sendgrid, host_of
from rollcall.ops.local_run import DATABASE_FOLDER, NoTime, time_from
from rollcall.ops.new_event import new_event
from rollcall.ops.smoke import SmokeFailed, until_stopped
from schemas.event import EventFileError


def main(arguments: list[str] | None = None) -> None:
    """Exit code 1 where what was asked for was not done."""
    options = _parser().parse_args(arguments)
    try:
        answer: Answer = options.command(options)
    except KeyboardInterrupt:
        sys.exit("Stopped.")
    except Refused as refused:
        failed = "FAILED. " if isinstance(refused, SmokeFailed) else ""
        answer = _refusal(refused.code, f"{failed}{refused}", **refused.facts)
    except EventFileError as error:
        answer = _refusal("event_files", str(error))
    except NoTime as error:
        answer = _refusal("not_a_time", str(error))
    except StoreUnavailable as error:
        why = error.__cause__ or error
        answer = _refusal("store_unavailable", f"The database cannot be reached, or read, now: {why}")
    if options.json:
        print(json.dumps({"database": options.opened, **answer.data}, ensure_ascii=False, indent=2))
    else:
        print(answer.text, file=sys.stdout if answer.is_done else sys.stderr)
    sys.exit(0 if answer.is_done else 1)


def _parser() -> argparse.ArgumentParser:
    """Each option's default is the environment's variable of its name, as make passes it on."""
    env = os.environ.get
    common = argparse.ArgumentParser(add_help=False)

    def option(name: str, help: str, to: argparse.ArgumentParser = common) -> None:
        to.add_argument(f"--{name}", default=env(name.upper(), ""), help=help)

    common.add_argument("--json", action="store_true", default=bool(env("JSON")), help="answer for programs")
    option("project", "a project at Google (default: this machine's local run)")
    option("events", "folder of the event files (default: the local run's, or events)")
    option("database", f"folder of the local run's database ({DATABASE_FOLDER})")
    parser = argparse.ArgumentParser(prog="python -m rollcall.ops", description=main.__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, does: Callable[[argparse.Namespace], Answer], help: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, parents=[common], help=help, description=help)
        added.set_defaults(command=does, opened=None)
        return added

    def unless_asked(help: str, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--yes", action="store_true", default=bool(env("YES")), help=help)

    command("status", lambda given: show_status(_opened(given)), "how each event stands; reads only")
    smoke = command("smoke", _smoke, "register a test person, wait for the confirmation, delete both")
    option("url", "where the desk's pages are (default: the local run's)", smoke)
    deadline = command("move-deadline", _move, "say what would change, ask, and move an event's deadline")
    option("event", "which event, as intgov04", deadline)
    option("to", "the new deadline in the event's zone, as 2004-02-27T18:00", deadline)
    unless_asked("move it without asking", deadline)
    sends = "send the staff the roster, the next version if it changed, and what they missed"
    roster = command("send-roster", lambda given: send_roster(_opened(given), given.event), sends)
    option("event", "which event, as intgov04", roster)
    new = command("new-event", _new_event, "write an event file to start from")
    option("slug", "how its web address ends, as spectrum-27", new)
    ends = "end one link of our e-mails; of a person's own link, all, and send a new one"
    revoking = command("revoke-link", lambda given: revoke_link(_opened(given), given.link), ends)
    option("link", "the link, whole, as it stands in the e-mail", revoking)
    again = "after a restore, erase again whom standard input names: a line each, event and id, from the log"
    erasing = command("erase-again", _erase_again, again)
    unless_asked("do it; without, say how many", erasing)
    there = "have SendGrid erase what it keeps of addresses: those of standard input, or all of an event"
    at_sendgrid = command("erase-at-sendgrid", _erase_at_sendgrid, there)
    option("event", "which event, as intgov04 (default: addresses from standard input)", at_sendgrid)
    option("sendgrid_region", "global or eu", at_sendgrid)
    unless_asked("do it; without, say how many", at_sendgrid)
    check = command("event-check", _check, "what speaks against deploying the event files")
    option("at", f"as if it were this time, as {EXAMPLE_TIME}", check)
    return parser


def _smoke(given: argparse.Namespace) -> Answer:
    with until_stopped() as wait:
        return run_smoke(_opened(given), given.url, lambda line: _say(given, line), wait)


def _move(given: argparse.Namespace) -> Answer:
    def agrees(what_would_change: str) -> bool:
        if given.yes:
            return True
        if given.json or not sys.stdin.isatty():
            raise Refused(
                "not_agreed", f"{what_would_change}\nNot moved: nobody can be asked here. Say YES=1 to move it."
            )
        print(what_would_change)
        return input("Move it? [y/N] ").strip().lower() in ("y", "yes")

    return move(_opened(given), given.event, given.to, agrees)


def _erase_again(given: argparse.Namespace) -> Answer:
    return erase_again(_opened(given), _piped("event and id of a registration"), given.yes)


def _erase_at_sendgrid(given: argparse.Namespace) -> Answer:
    """The key comes from the environment alone: a command line is seen by others, and kept."""
    host = host_of(given.sendgrid_region or "global", os.environ.get("SENDGRID_HOST", ""))
    if given.event:
        database = _opened(given)
        addresses = addresses_of(database.store, chosen(database, given.event))
    else:
        addresses = addresses_in(_piped("an address"))
    return erase_at_sendgrid(addresses, os.environ.get("SENDGRID_ERASURE_KEY", ""), host, given.yes)


def _piped(what: str) -> TextIO:
    if sys.stdin.isatty():
        raise Refused("no_input", f"Give {what} a line by standard input (docs/operations-procedures.md).")
    return sys.stdin


def _check(given: argparse.Namespace) -> Answer:
    database: Database | None = None
    try:
        database = _connected(given)
    except NoDatabase:
        if given.project:
            raise
    now = time_from(given.at, EXAMPLE_TIME) or (database.store.now() if database else datetime.now(UTC))
    return check(database, database.events if database else Path(given.events or "events"), now)


def _new_event(given: argparse.Namespace) -> Answer:
    return new_event(Path(given.events or "events"), given.slug, datetime.now(UTC).date())


def _opened(given: argparse.Namespace) -> Database:
    """Which database it is is said first: what follows could be another's."""
    wanted = {
        "event": "which event: EVENT=intgov04",
        "to": "the new deadline: TO=2004-02-27T18:00",
        "link": "which link: LINK=https://…",
    }
    for name, what in wanted.items():
        if not getattr(given, name, what):
            raise Refused(f"no_{name}", f"Say {what}")
    database = _connected(given)
    _say(given, f"Database: {database.name}.")
    return database


def _connected(given: argparse.Namespace) -> Database:
    database = connect(given.project, Path(given.database or DATABASE_FOLDER), given.events)
    given.opened = database.name
    return database


def _refusal(code: str, message: str, **facts: object) -> Answer:
    return Answer({"error": {"code": code, "message": message, **facts}}, message, is_done=False)


def _say(given: argparse.Namespace, line: str) -> None:
    if not given.json:
        print(line, flush=True)


if __name__ == "__main__":
    main()
