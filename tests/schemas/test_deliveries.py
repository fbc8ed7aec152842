"""What SendGrid's Event Webhook posts, as its reference shows it."""

import json
from datetime import UTC, datetime

import pytest

from rollcall.model.email import DeliveryEvent, EmailStatus, LateBounce
from schemas.deliveries import LONGEST_REASON, read_deliveries
from tests.support.webhook import ID, a_report


def read(*reports: object) -> list[DeliveryEvent | LateBounce]:
    return list(read_deliveries(json.dumps(reports).encode()))


@pytest.mark.parametrize(
    ("event", "delivery"),
    [
        ("processed", EmailStatus.SENT),
        ("deferred", EmailStatus.SENT),
        ("delivered", EmailStatus.DELIVERED),
        ("bounce", EmailStatus.BOUNCED),
        ("dropped", EmailStatus.DROPPED),
    ],
)
def test_what_becomes_of_a_message(event: str, delivery: EmailStatus) -> None:
    assert read(a_report(event=event)) == [DeliveryEvent(ID, delivery, "500 unknown recipient")]


@pytest.mark.parametrize(
    "other",
    [
        a_report(event="open"),
        a_report(event="spamreport"),
        a_report(event="something new"),
        a_report(event=None),
        {"event": "account_status_change", "type": "compliance_suspend", "timestamp": 1709142428},
        {name: value for name, value in a_report().items() if name != "email_id"},
        a_report(email_id="../../intakes"),
        a_report(email_id="a/b"),
        a_report(email_id="__a__"),
        a_report(email_id=ID + "\n"),
        a_report(email_id="x" * 1500),
        a_report(email_id=["a"]),
        a_report(reason={"a": 1}),
        5,
        None,
        [],
    ],
)
def test_what_is_not_ours_is_passed_over_and_the_rest_is_read(other: object) -> None:
    assert read(a_report(), other, a_report()) == [DeliveryEvent(ID, EmailStatus.BOUNCED, "500 unknown recipient")] * 2


def test_a_reason_is_a_line_of_bounded_length() -> None:
    (report,) = read(a_report(reason="550 5.1.1\r\n no " + "x" * 5000))
    assert report.reason.startswith("550 5.1.1 no x")
    assert len(report.reason) == LONGEST_REASON
    assert read(a_report(reason=None)) == [DeliveryEvent(ID, EmailStatus.BOUNCED, "")]


def a_late_bounce(**changes: object) -> dict[str, object]:
    """As SendGrid posts it: https://github.com/sendgrid/docs/issues/5177."""
    return {
        "email": "foo@bar.example.com",
        "timestamp": 1556628023,
        "status": "5.1.10",
        "reason": "550 5.1.10 RESOLVER.ADR.RecipientNotFound",
        "sg_message_id": "",
        "sg_event_id": "6g4ZI7SA-xmRDv57GoPIPw==",
        "type": "bounce",
        "event": "bounce",
    } | changes


def test_a_late_bounce_names_address_and_time() -> None:
    at = datetime(2019, 4, 30, 12, 40, 23, tzinfo=UTC)
    late = LateBounce("foo@bar.example.com", at, "550 5.1.10 RESOLVER.ADR.RecipientNotFound")
    without = {name: value for name, value in a_late_bounce().items() if name != "sg_message_id"}
    assert read(a_late_bounce(), without, a_late_bounce(sg_message_id=None, email_id=None)) == [late] * 3


@pytest.mark.parametrize(
    "other",
    [
        a_late_bounce(sg_message_id="14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0"),  # another sender's
        a_late_bounce(event="delivered"),
        a_late_bounce(event="dropped"),
        a_late_bounce(email_id="../x"),
        a_late_bounce(email=""),
        a_late_bounce(email="foo"),
        a_late_bounce(email=5),
        a_late_bounce(timestamp="soon"),
        a_late_bounce(timestamp=10**40),
        a_late_bounce(timestamp=-1),
        a_late_bounce(timestamp=None),
    ],
)
def test_what_could_be_anybodys_is_passed_over(other: object) -> None:
    assert read(other) == []


def test_an_undecodable_byte_loses_no_other_event() -> None:
    """A mail server's reason may be in any character set."""
    body = json.dumps([a_report(reason="550 BYTE"), a_report(email_id="a.BYTE.b"), a_report()]).encode()
    first, last = read_deliveries(body.replace(b"BYTE", b"\xe9"))
    assert (first.reason, last.reason) == ("550 \ufffd", "500 unknown recipient")


@pytest.mark.parametrize("reason", ["550 \ud800 no", "550 \0 no", "550 \x1b\u2028 no"])
def test_a_reason_can_be_stored_and_shown(reason: str) -> None:
    (report,) = read(a_report(reason=reason))
    assert report.reason == "550 no"


@pytest.mark.parametrize("body", [b"", b"{}", b"5", b"[", b"\xff", b"[" * 100_000])
def test_no_list(body: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        read_deliveries(body)
