"""What each command says, as people and as programs read it; `python -m tests.ops.golden` writes the files anew."""

import io
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from rollcall.desk.amend import amend
from rollcall.desk.close import close
from rollcall.desk.deliveries import record_deliveries
from rollcall.desk.desk import Desk
from rollcall.desk.receive import read_in, receive
from rollcall.desk.register import register
from rollcall.desk.send import send_due
from rollcall.desk.versions import look
from rollcall.model.email import DeliveryEvent, EmailStatus, RateLimited, confirmation
from rollcall.model.registration import Actor, BotSignal
from rollcall.ops.__main__ import main
from rollcall.ops.local_run import DATABASE_FILE, Run, announced
from rollcall.store.sqlite import SqliteStore
from schemas.event import read_events
from tests.support.builders import LINKS, a_registration, an_event, desk_with, id_of, write_event
from tests.support.clock import Clock
from tests.support.desk import Postbox
from tests.support.served_here import served_here

FOLDER = Path(__file__).parent / "golden"
NOON = datetime(2004, 2, 2, 12, tzinfo=UTC)
LINK = LINKS.roster(an_event(), "roster-intgov04-A-B.csv", "spumail@itu.int", NOON)

SAMPLES: Mapping[str, tuple[str, ...]] = {
    "status": ("status",),
    "move-deadline-as-before": ("move-deadline", "--event", "intgov04", "--to", "2004-02-20"),
    "move-deadline-asks": ("move-deadline", "--event", "intgov04", "--to", "2004-02-26T18:00"),
    "move-deadline": ("move-deadline", "--event", "intgov04", "--to", "2004-02-26T18:00", "--yes"),
    "move-deadline-too-early": ("move-deadline", "--event", "intgov04", "--to", "2004-01-14T08:00"),
    "move-deadline-after-the-event": ("move-deadline", "--event", "intgov04", "--to", "2004-03-26"),
    "move-deadline-when-closed": ("move-deadline", "--event", "closed", "--to", "2004-02-26"),
    "move-deadline-to-another-notation": ("move-deadline", "--event", "intgov04", "--to", "2004-02-19+01:00"),
    "move-deadline-without-event": ("move-deadline", "--to", "2004-02-26"),
    "move-deadline-without-time": ("move-deadline", "--event", "intgov04"),
    "move-deadline-to-no-time": ("move-deadline", "--event", "intgov04", "--to", "soon"),
    "move-deadline-of-no-event": ("move-deadline", "--event", "other", "--to", "2004-02-26"),
    "move-deadline-not-yet-known": ("move-deadline", "--event", "unseen", "--to", "2004-02-26"),
    "send-roster-when-open": ("send-roster", "--event", "intgov04"),
    "revoke-link": ("revoke-link", "--link", LINK),
    "revoke-link-again": ("revoke-link", "--link", f"<{LINK}>"),
    "revoke-link-that-is-cut": ("revoke-link", "--link", LINK[:-1]),
    "revoke-link-that-is-none": ("revoke-link", "--link", "https://www.example.org/"),
    "revoke-link-of-no-event": ("revoke-link", "--link", LINK.replace("/intgov04/", "/other/")),
    "revoke-link-without-link": ("revoke-link",),
    "event-check": ("event-check",),
    "event-check-at-no-time": ("event-check", "--at", "soon"),
    "event-check-at-another-notation": ("event-check", "--at", "2004-02-19+01:00"),
    "event-check-without-database": ("event-check", "--database", "nowhere", "--at", "2004-01-20T12:00+01:00"),
    "smoke-elsewhere": ("smoke", "--url", "https://registration.example.org"),
    "smoke-not-an-address": ("smoke", "--url", "registration.example.org/register"),
    "no-run": ("status", "--database", "nowhere"),
}
"""By name, a command and its options."""


@dataclass(frozen=True)
class World:
    """A local run at noon on 2 February 2004, with events in every state."""

    folder: Path
    desk: Desk
    postbox: Postbox

    def said(self, *arguments: str) -> str:
        """The exit code, and what was printed: numbers that differ from run to run are left out."""
        out, err = io.StringIO(), io.StringIO()
        code: object = 0
        given = [*arguments, "--events", str(self.folder / "events")]
        if "--database" not in given:
            given += ["--database", str(self.folder / "database")]
        os.environ["COLUMNS"] = "100"  # of --help
        with redirect_stdout(out), redirect_stderr(err):
            try:
                main(given)
            except SystemExit as ended:
                code = ended.code
        shown = f"{out.getvalue()}{err.getvalue()}".replace(str(self.folder), "…")
        shown = re.sub(r"localhost:\d+", "localhost:8080", shown)
        shown = re.sub(r"(T12:0\d):\d\d(\.\d+)?\+00:00", r"\1:00+00:00", shown)
        shown = re.sub(r'(_seconds": )(\d+)', lambda found: f"{found[1]}{int(found[2]) // 60 * 60}", shown)
        shown = re.sub(r"20040202T12\d{4}", "20040202T120000", shown)
        shown = re.sub(r'"[0-9a-f]{64}"', '"…"', shown)
        shown = re.sub(r"\b[0-9A-Z]{3}-[0-9A-Z]{3}-[0-9A-Z]{3}\b", "7KQ-X93-M4T", shown)
        return f"{shown}exit code {code}\n"


@contextmanager
def world() -> Iterator[World]:
    clock = Clock(NOON - timedelta(days=9))
    with TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "database").mkdir()
        (folder / "events").mkdir()
        for slug, opens, closes in (
            ("intgov04", date(2004, 1, 14), date(2004, 2, 20)),
            ("closed", date(2004, 1, 10), date(2004, 1, 26)),
            ("to-come", date(2004, 2, 10), date(2004, 2, 21)),
            ("unseen", date(2004, 1, 14), date(2004, 2, 22)),
            ("gone", date(2004, 1, 14), date(2004, 2, 23)),
        ):
            write_event(folder / "events", slug, opens, closes)
        store = SqliteStore(folder / "database" / DATABASE_FILE, clock, durable=False)
        postbox = Postbox()
        desk = desk_with(store, postbox.post, folder / "messages", events=read_events(folder / "events"))
        _fill(desk, clock)
        (folder / "events" / "gone.toml").unlink()
        desk = replace(desk, events={slug: one for slug, one in desk.events.items() if slug != "gone"})
        with served_here(desk, folder, clock) as port:
            shift = (NOON - datetime.now(UTC)).total_seconds()
            run = Run(port, str(folder / "events"), str(folder / "database"), shift, None, None)
            with announced(run, folder / "database"):
                yield World(folder, desk, postbox)


def _fill(desk: Desk, clock: Clock) -> None:
    """A registration, a bounce and a form in quarantine for each; an inbound e-mail; a roster that bounced."""
    for slug in ("intgov04", "closed", "gone"):
        event = desk.events[slug]
        for name in ("A", "B"):
            register(desk, event, a_registration(first_name=name))
        register(desk, event, a_registration(first_name="C"), signal=BotSignal.TOO_FAST)
    desk.store.intake(desk.events["to-come"])
    list(send_due(desk))
    entry = confirmation("intgov04", id_of(desk.store, a_registration(first_name="B")), "")
    record_deliveries(desk, [DeliveryEvent(entry.id, EmailStatus.BOUNCED, "550 No such mailbox")])
    clock.now = NOON - timedelta(days=6)
    assert close(desk, desk.events["closed"])
    (roster,) = (id for id in desk.store.due_entries(99) if ".roster." in id)
    list(send_due(desk))
    record_deliveries(desk, [DeliveryEvent(roster, EmailStatus.BOUNCED, "550 No such mailbox")])
    clock.now = NOON - timedelta(minutes=7)
    look(desk.store, desk.events["closed"])
    there = desk.store.registered("closed", id_of(desk.store, a_registration(first_name="A"), "closed"))
    assert there
    changed = replace(there.registration, answers={**there.registration.answers, "hotel": "Hôtel Royal"})
    amend(desk, desk.events["closed"], there.id, 1, changed, Actor.STAFF)
    list(send_due(desk))
    read_in(desk, receive(desk, b""))
    register(desk, desk.events["intgov04"], a_registration(first_name="D"))
    clock.now = NOON


def samples() -> Iterator[tuple[str, str]]:
    """Each golden file's name and text."""
    with world() as here:
        for name, arguments in SAMPLES.items():
            yield from _both(here, name, *arguments)
        here.postbox.answers = [RateLimited(account_refused=True, note="SendGrid answered 401")]
        list(send_due(here.desk))
        yield from _both(here, "status-circuit-open", "status")
        yield from _both(here, "send-roster", "send-roster", "--event", "closed")
        yield from _both(here, "status-version-2", "status")
        event, person = here.desk.events["intgov04"], a_registration(first_name="A")
        there = here.desk.store.registered(event.slug, id_of(here.desk.store, person))
        assert there
        yield from _both(here, "revoke-own-link", "revoke-link", "--link", LINKS.own(event, there))
        for command in ("status", "smoke", "move-deadline", "send-roster", "revoke-link", "event-check"):
            yield f"help-{command}.txt", here.said(command, "--help")


def _both(here: World, name: str, *arguments: str) -> Iterator[tuple[str, str]]:
    yield f"{name}.txt", here.said(*arguments)
    yield f"{name}.json", here.said(*arguments, "--json")


if __name__ == "__main__":
    sys.stdin = io.StringIO()  # nobody is asked
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.iterdir():
        path.unlink()
    for name, text in samples():
        (FOLDER / name).write_text(text, "utf-8")
