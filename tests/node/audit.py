"""`make audit`: each page, state and e-mail in a real browser, measured by audit.mjs, on desks that are served here.

Options are audit.mjs's, as `make audit AUDIT=--only=form,outbox`.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from rollcall.language import languages
from rollcall.local.sample import filled_in
from rollcall.record import to_json
from schemas.event import read_events
from tests.support.builders import EVENTS, a_form, an_event_in
from tests.support.busy_desk import ARABIC, SECRETARY, busy_desk, erased_and_to_erase, worked_on
from tests.support.clock import Clock
from tests.support.event_pages import SITE
from tests.support.local_run import outbox, run_here
from tests.support.served import Served, until
from tests.support.served_here import served_here

HERE = Path(__file__).parent
EVENT = an_event_in(*languages())
OPEN = datetime(2004, 2, 2, 12, tzinfo=UTC)
EXAMPLES_OPEN = datetime(2026, 12, 1, 12, tzinfo=UTC)
TO = f"{EVENT.slug}@forms.rollcall.example"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class RunningClock:
    """Time goes on, or a person would be too fast to be one."""

    def __init__(self, now: datetime) -> None:
        self.set(now)

    def set(self, now: datetime) -> None:
        self._shift = now - datetime.now(UTC)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._shift


def main(arguments: list[str]) -> int:
    _, options = argparse.ArgumentParser("make audit", description=__doc__).parse_known_args(arguments)
    for program, why in {"node": "runs it", "chromium": "shows the pages", "java": "runs the checker vnu"}.items():
        if shutil.which(program) is None:
            sys.exit(f"The audit needs {program}, which {why}. Install it, then: make audit")
    if not (HERE / "node_modules").is_dir():
        sys.exit("The audit needs the packages of tests/node/package-lock.json. Install npm, then: make audit")
    with ExitStack() as stack:
        stack.enter_context(redirect_stdout(stack.enter_context(open(os.devnull, "w"))))  # the desks' logs
        folder = Path(stack.enter_context(TemporaryDirectory()))

        def desk(name: str, now: datetime) -> tuple[Served, RunningClock]:
            clock = RunningClock(now)
            return stack.enter_context(run_here(folder / name, clock, events={EVENT.slug: EVENT})), clock

        is_open, _ = desk("open", OPEN)
        not_open, _ = desk("not-open", EVENT.opens_at - timedelta(days=4))
        urls = [_url(is_open), f"--not-open={_url(not_open)}"]
        examples = run_here(folder / "examples", RunningClock(EXAMPLES_OPEN), events=read_events(EVENTS / "examples"))
        urls.append(f"--examples={_url(stack.enter_context(examples))}")
        urls += [f"--closed={_url(_closed(*desk('closed', OPEN)))}", f"--staff={_url(_staffs(*desk('staff', OPEN)))}"]
        urls.append(f"--desk={_desk(stack, folder / 'desk')}")
        return subprocess.run(["node", HERE / "audit.mjs", *urls, *options], cwd=HERE, check=False).returncode


def _url(served: Served) -> str:
    return f"http://127.0.0.1:{served.port}"


def _desk(stack: ExitStack, folder: Path) -> Path:
    """The staff's, after a day of work, and the event's own pages. What it is, as JSON."""
    folder.mkdir()
    busy = busy_desk(folder, Clock(OPEN))
    pages = {**worked_on(busy), **erased_and_to_erase(busy)}
    port = stack.enter_context(served_here(busy.desk, folder, busy.clock))
    sent = [(busy.desk.store.entry(one.email_id), one.html) for one in busy.postbox.messages]
    emails = {entry.kind.value: html for entry, html in sent if entry}
    busy.desk.published().put_site(EVENT.slug, to_json(SITE), None)
    about = {
        "events": f"http://127.0.0.1:{port}/events",
        "url": f"http://127.0.0.1:{port}/staff/{EVENT.slug}",
        "staff": {"en": SECRETARY, "ar": ARABIC},
        "pages": pages,
        "emails": emails,
    }
    path = folder / "desk.json"
    path.write_text(json.dumps(about), "utf-8")
    return path


def _closed(served: Served, clock: RunningClock) -> Served:
    """Somebody is on its roster."""
    assert served.post_json(f"/register/{EVENT.slug}", a_form()).status == 201
    clock.set(EVENT.closes_at + timedelta(hours=11))
    until(lambda: outbox(served, "roster"))
    return served


def _staffs(served: Served, clock: RunningClock) -> Served:
    """A letter without a form is in the staff's digest; a form without its organization has a reply."""
    answers = {name: str(value) for name, value in a_form(organization="").items()}
    for text in ("When does it begin?", filled_in(EVENT, TO, answers)):
        fields = {"to": TO, "from": "Amina Diallo <amina.diallo@mpt.example.org>", "subject": "My form", "text": text}
        assert served.ask("POST", "/send-in", urlencode(fields), FORM).status == 303
    until(lambda: outbox(served, "reply"))
    clock.set(OPEN.replace(day=3, hour=7))
    until(lambda: outbox(served, "staff-digest"))
    return served


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
