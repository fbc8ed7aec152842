"""Each metric counts the entries that it is meant for, and no others: the functions' own lines, as they come out."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn, cast

import pytest
from flask import Flask, Request, request
from werkzeug.test import EnvironBuilder

from deploy.alerts import LONGEST_WAITING, METRICS
from deploy.watch import REQUESTS
from handlers.close_intake import close_intake
from handlers.erase import erase
from handlers.receive_email import receive_email
from handlers.record_deliveries import record_deliveries
from handlers.register import register as register_page
from handlers.send_due_mail import send_due_mail
from rollcall.desk.desk import Desk
from rollcall.desk.ports import Store
from rollcall.desk.register import register
from rollcall.model.email import Email, RateLimited, Rejected, SendResult, confirmation
from rollcall.model.errors import StoreUnavailable
from tests.support.builders import a_registration
from tests.support.clock import Clock
from tests.support.desk import EVENT, Postbox, a_desk
from tests.support.webhook import KEY, a_report, signed

MINUTE = timedelta(minutes=1)
HELD = RateLimited(True, "SendGrid answered 401")
SWEPT = {"rollcall_sweeps", "rollcall_longest_waiting"}
"""What each sweep counts for."""
QUIET = SWEPT | {"rollcall_emails_postponed"}
"""What does not alert."""


def entry(line: str) -> dict[str, Any]:
    """The line as Cloud Run hands it on (https://cloud.google.com/logging/docs/structured-logging): special fields go
    where they belong, the rest is the payload; a message alone would be `textPayload`."""
    fields = json.loads(line)
    special = {name: fields.pop(name) for name in list(fields) if name == "severity" or "/" in name}
    payload = {"jsonPayload": fields} if fields.keys() > {"message"} else {"textPayload": fields["message"]}
    return {"resource": {"type": "cloud_run_revision"}, "severity": special["severity"], **payload}


def meets(filter: str, found: Mapping[str, Any]) -> bool:
    """Whether the entry meets the filter: as much of the Logging query language as ours use."""
    return all(_meets_one(one, found) for one in filter.split(" AND "))


def _meets_one(comparison: str, found: Mapping[str, Any]) -> bool:
    if log := re.fullmatch(r'log_id\("([\w./]+)"\)', comparison):
        return str(found.get("logName", "")).endswith("/logs/" + log[1].replace("/", "%2F"))
    asked = re.fullmatch(r'([\w.]+)=(?:("[^"]*")|(\d+|true|false)|\(("[^"]*"(?: OR "[^"]*")*)\))', comparison)
    assert asked, f"{comparison} is not in the language that the tests know"
    path, text, plain, several = asked.groups()
    value: Any = found
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    if plain:
        return bool(value == json.loads(plain))
    return value in [json.loads(one) for one in (text or several).split(" OR ")]


def counted_for(lines: Iterator[str] | list[str]) -> set[str]:
    """The metrics that count any of these lines."""
    entries = [entry(line) for line in lines]
    return {metric.id for metric in METRICS for found in entries if meets(metric.filter, found)}


def a_post(body: bytes = b"", headers: Mapping[str, str] | None = None) -> Request:
    return Request(EnvironBuilder(method="POST", data=body, headers=list((headers or {}).items())).get_environ())


class Unforeseen(Postbox):
    """A poster with a fault, which quotes what it was given."""

    def post(self, message: Email) -> NoReturn:
        raise ValueError(message.to, message.text)


class Away:
    """A store that cannot be reached; what says so quotes what was asked."""

    def __getattr__(self, name: str) -> Callable[..., NoReturn]:
        def unavailable(*_: object) -> NoReturn:
            raise StoreUnavailable(timedelta(seconds=1)) from ConnectionError(a_registration().email)

        return unavailable


def answering(*answers: SendResult) -> Postbox:
    postbox = Postbox()
    postbox.answers = list(answers)
    return postbox


def sweep(desk: Desk) -> None:
    send_due_mail(desk, a_post())


def mail_waits(desk: Desk, clock: Clock) -> None:
    clock.forward(timedelta(seconds=LONGEST_WAITING) + MINUTE)
    sweep(desk)


def mail_goes(desk: Desk, _: Clock) -> None:
    sweep(desk)


def a_mail_cannot_be_composed(desk: Desk, _: Clock) -> None:
    desk.store.enqueue(confirmation(EVENT.slug, "0NOBODY", "nobody@example.org"))
    sweep(desk)


def a_bounce_is_reported(desk: Desk, _: Clock) -> None:
    (record,) = desk.store.unsent_entries(EVENT.slug, None, 99)
    body = json.dumps([a_report(event="bounce", email_id=record.id)]).encode()
    assert record_deliveries(desk, [KEY.public_key()], a_post(body, signed(body))).status_code == 200


def a_delivery_is_reported(desk: Desk, _: Clock) -> None:
    (record,) = desk.store.unsent_entries(EVENT.slug, None, 99)
    body = json.dumps([a_report(event="delivered", email_id=record.id)]).encode()
    assert record_deliveries(desk, [KEY.public_key()], a_post(body, signed(body))).status_code == 200


def a_report_is_not_signed(desk: Desk, _: Clock) -> None:
    assert record_deliveries(desk, [KEY.public_key()], a_post(b"[]")).status_code == 401


def a_message_is_not_signed(desk: Desk, _: Clock) -> None:
    assert receive_email(desk, [KEY.public_key()], a_post(b"email=x")).status_code == 401


def the_deadline_passed_and_nobody_closed(desk: Desk, clock: Clock) -> None:
    sweep(desk)
    clock.now = EVENT.closes_at + 2 * MINUTE
    sweep(desk)


def the_intake_is_closed(desk: Desk, clock: Clock) -> None:
    clock.now = EVENT.closes_at + 2 * MINUTE
    close_intake(desk, a_post())
    sweep(desk)


def an_events_file_is_gone(desk: Desk, _: Clock) -> None:
    assert erase(replace(desk, events={}), a_post()).status_code == 200


def an_event_is_deleted(desk: Desk, clock: Clock) -> None:
    erase(desk, a_post())
    clock.now = EVENT.keep_until + 2 * MINUTE
    assert erase(desk, a_post()).status_code == 200
    assert desk.store.registrations_under(EVENT.slug, a_registration().email, 1) == []


def the_books_are_away(desk: Desk, _: Clock) -> None:
    assert send_due_mail(replace(desk, store=cast(Store, Away())), a_post()).status_code == 503


def a_forged_link_is_opened(desk: Desk, _: Clock) -> None:
    link = f"/register/{EVENT.slug}/complete/forged"
    with Flask(__name__).test_request_context(link):
        assert register_page(desk, request).status_code == 410


def enough_went_to_the_address(desk: Desk, _: Clock) -> None:
    sweep(replace(desk, limits=replace(desk.limits, to_one_address=0)))


@pytest.mark.parametrize(
    ("happens", "poster", "counted"),
    [
        (mail_goes, answering(), SWEPT),
        (mail_waits, answering(), SWEPT),
        (mail_goes, answering(HELD), SWEPT),
        (mail_goes, answering(Rejected(True, "SendGrid answered 400")), {*SWEPT, "rollcall_emails_failed"}),
        (mail_goes, answering(Rejected(False, "SendGrid answered 404")), SWEPT),
        (mail_goes, Unforeseen(), {*SWEPT, "rollcall_faults"}),
        (a_mail_cannot_be_composed, answering(), {*SWEPT, "rollcall_faults"}),
        (a_bounce_is_reported, answering(), {"rollcall_undelivered"}),
        (a_delivery_is_reported, answering(), set()),
        (a_report_is_not_signed, answering(), {"rollcall_delivery_events_refused"}),
        (a_message_is_not_signed, answering(), {"rollcall_inbound_refused"}),
        (a_forged_link_is_opened, answering(), {"rollcall_links_refused"}),
        (enough_went_to_the_address, answering(), {*SWEPT, "rollcall_emails_postponed"}),
        (the_deadline_passed_and_nobody_closed, answering(), {*SWEPT, "rollcall_closings_missed"}),
        (the_intake_is_closed, answering(), SWEPT),
        (an_events_file_is_gone, answering(), {"rollcall_kept_without_end"}),
        (an_event_is_deleted, answering(), set()),
        (the_books_are_away, answering(), {"rollcall_store_unavailable"}),
    ],
)
def test_each_happening_is_counted_by_its_metrics(
    tmp_path: Path,
    clock: Clock,
    capsys: pytest.CaptureFixture[str],
    happens: Callable[[Desk, Clock], None],
    poster: Postbox,
    counted: set[str],
) -> None:
    desk, registration = a_desk(tmp_path, clock, poster), a_registration()
    register(desk, EVENT, registration)
    happens(desk, clock)
    lines = capsys.readouterr().out.splitlines()
    assert counted_for(lines) == counted
    for line in lines:
        assert warns_if_it_alerts(line), line
        assert registration.email not in line
        assert registration.family_name not in line


def warns_if_it_alerts(line: str) -> bool:
    """The duty's first look is at what is a WARNING or worse: all that alerts, and nothing else. Of a hold that begins
    the next sweeps tell."""
    alerts = counted_for([line]) - QUIET or "circuit breaker opened" in line
    return bool(alerts) == (entry(line)["severity"] in ("WARNING", "ERROR"))


@pytest.mark.parametrize("held", [HELD, RateLimited(False, "SendGrid answered 429")])
def test_an_open_circuit_breaker_is_counted_each_minute(
    tmp_path: Path, clock: Clock, capsys: pytest.CaptureFixture[str], held: RateLimited
) -> None:
    """So that its incident lasts as long as it does: nobody is told that it is over while it is not."""
    desk = a_desk(tmp_path, clock, answering(*[held] * 5))
    register(desk, EVENT, a_registration())
    sweep(desk)
    for _ in range(5):
        clock.forward(MINUTE)
        capsys.readouterr()
        sweep(desk)
        lines = capsys.readouterr().out.splitlines()
        assert counted_for(lines) == {*SWEPT, "rollcall_circuit_open"}
        assert all(map(warns_if_it_alerts, lines))


def test_the_metric_extracts_the_age(tmp_path: Path, clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    desk = a_desk(tmp_path, clock)
    register(desk, EVENT, a_registration())
    mail_waits(desk, clock)
    (metric,) = (metric for metric in METRICS if metric.value)
    (found,) = (one for one in map(entry, capsys.readouterr().out.splitlines()) if meets(metric.filter, one))
    assert found["jsonPayload"][metric.value] > LONGEST_WAITING


@pytest.mark.parametrize(
    ("function", "counted"),
    [("receive-email", {"rollcall_no_instance"}), ("register", {"rollcall_no_instance"}), ("send-mail", set())],
)
def test_a_429_of_cloud_run_is_counted_for_public_functions(function: str, counted: set[str]) -> None:
    """As https://cloud.google.com/run/docs/troubleshooting shows it; no function of ours writes it. Where Eventarc
    calls, it is only told to come again."""
    refused = {
        "resource": {"type": "cloud_run_revision", "labels": {"service_name": function}},
        "logName": "projects/p-test/logs/run.googleapis.com%2Frequests",
        "httpRequest": {"status": 429},
    }
    assert {one.id for one in METRICS if meets(one.filter, refused)} == counted


@pytest.mark.parametrize(
    ("policy", "counted"),
    [({"outcome": "DENY"}, {"rollcall_clients_refused"}), ({"outcome": "ACCEPT"}, set()), ({}, set())],
)
def test_a_refusal_by_cloud_armor_is_counted_and_not_kept(policy: Mapping[str, str], counted: set[str]) -> None:
    """As https://cloud.google.com/armor/docs/request-logging shows it: with the address, and the URL with a link's
    token."""
    refused = {
        "resource": {"type": "http_load_balancer", "labels": {"backend_service_name": "register"}},
        "logName": "projects/p-test/logs/requests",
        "httpRequest": {"status": 429, "remoteIp": "198.51.100.7"},
        "jsonPayload": {"enforcedSecurityPolicy": {"name": "rollcall", "configuredAction": "THROTTLE", **policy}},
    }
    assert {one.id for one in METRICS if meets(one.filter, refused)} == counted
    assert any(meets(one, refused) for one in REQUESTS.split(" OR "))
