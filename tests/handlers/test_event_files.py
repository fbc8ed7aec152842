"""Each event file is read when its event is first asked for. The others here cannot be used, so each that is read is
told."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

from handlers.close_intake import close_intake
from handlers.record_deliveries import record_deliveries
from handlers.register import register
from handlers.signature import verification_keys
from rollcall.desk.desk import Desk, RecentIntakes
from rollcall.desk.receive import addressed, receive
from rollcall.desk.send import send_due
from rollcall.desk.site.publish import publish_due
from schemas.event import EventFiles
from tests.support.builders import EVENTS, a_form
from tests.support.clock import Clock
from tests.support.desk import EVENT, a_desk
from tests.support.in_process import ask, start_main
from tests.support.scheduler import POST
from tests.support.webhook import PUBLIC_KEY, a_report, signed

ALIAS = "another"
"""The slug of a second event whose file can be used."""


def with_events(folder: Path, others: int, clock: Clock) -> tuple[Desk, list[str]]:
    """With so many others, and the names of those that were read."""
    files, read = folder / "events", list[str]()
    files.mkdir()
    for slug in (EVENT.slug, ALIAS):
        (files / f"{slug}.toml").write_bytes((EVENTS / "intgov04.toml").read_bytes())
    for number in range(others):
        (files / f"other-{number}.toml").touch()
    events = EventFiles(files, lambda error: read.append(Path(str(error).split(".toml")[0]).name))
    return replace(a_desk(folder, clock), events=events), read


def posted(desk: Desk, slug: str) -> int:
    headers = {"Content-Type": "application/json"}
    return ask(partial(register, desk), "POST", f"/register/{slug}", json.dumps(a_form()), headers).status


def test_of_a_thousand_files_the_one_is_read_that_is_needed(tmp_path: Path, clock: Clock) -> None:
    desk, read = with_events(tmp_path, 998, clock)
    assert len(desk.events) == 1_000
    assert ask(partial(register, desk), "GET", f"/register/{EVENT.slug}").status == 200
    assert posted(desk, EVENT.slug) == 201
    [(id, sent)] = send_due(desk)
    assert not isinstance(sent, Exception)
    report = json.dumps([a_report(event="delivered", email_id=id)]).encode()
    recorded = partial(record_deliveries, desk, verification_keys(PUBLIC_KEY))
    assert ask(recorded, "POST", "/", report, signed(report)).json == {"events": 1, "emails": 1}
    browser = {"Accept": "text/html"}
    assert ask(partial(register, desk), "GET", "/register/wp-login.php", headers=browser).status == 404
    assert addressed([f"{ALIAS}@forms.example.org"], desk.events) == desk.events[ALIAS]
    assert read == []
    receive(desk, b"to no event of ours: kept for the one that opened last")
    assert len(read) == 998


def test_a_file_that_cannot_be_used_keeps_no_other_event(tmp_path: Path, clock: Clock) -> None:
    desk, read = with_events(tmp_path, 1, clock)
    assert [posted(desk, slug) for slug in ("other-0", "other-0", EVENT.slug, ALIAS)] == [404, 404, 201, 201]
    assert read == ["other-0"]
    assert [one.slug for one in desk.events.values()] == [ALIAS, EVENT.slug]
    assert "other-0" not in desk.events
    clock.now = EVENT.closes_at + (EVENT.closes_at - EVENT.opens_at)
    assert json.loads(close_intake(desk, POST).get_data()) == {"closed": {ALIAS: 1, EVENT.slug: 1}}
    assert [result for _, result in publish_due(desk) if isinstance(result, Exception)] == []
    listed = ask(partial(register, desk), "GET", "/register").text
    assert listed.count(f"/register/{EVENT.slug}") == listed.count(f"/register/{ALIAS}") == 1


def test_the_minute_jobs_read_no_file_of_an_event_that_they_know(tmp_path: Path, clock: Clock) -> None:
    desk, read = with_events(tmp_path, 30, clock)
    for slug in desk.events:
        desk.store.intake(replace(EVENT, slug=slug))
    for _ in range(2):
        started = replace(desk, intakes=RecentIntakes(desk.store, clock.now.timestamp))
        assert close_intake(started, POST).status_code == 200
    assert read == []


def test_what_stops_a_start_is_the_name_of_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "events"
    assert "there is no such folder" in start_main(EVENTS=str(folder), SQLITE_PATH=":memory:")
    folder.mkdir()
    assert "holds no event file" in start_main(EVENTS=str(folder), SQLITE_PATH=":memory:")
    (folder / "empty.toml").touch()
    assert start_main(EVENTS=str(folder), SQLITE_PATH=":memory:") == ""
    (folder / "My Event.toml").touch()
    assert "My Event.toml: name the file with lower-case" in start_main(EVENTS=str(folder), SQLITE_PATH=":memory:")
