"""What SendGrid's Event Webhook posts, as its reference shows it."""

import json

import pytest

from rollcall.model.email import DeliveryEvent, DeliveryKind
from schemas.deliveries import LONGEST_REASON, read_deliveries
from tests.support.webhook import ID, a_report


def read(*reports: object) -> list[DeliveryEvent]:
    return list(read_deliveries(json.dumps(reports).encode()))


@pytest.mark.parametrize(
    ("event", "delivery"),
    [
        ("processed", DeliveryKind.ACCEPTED),
        ("deferred", DeliveryKind.ACCEPTED),
        ("delivered", DeliveryKind.DELIVERED),
        ("bounce", DeliveryKind.BOUNCED),
        ("dropped", DeliveryKind.DROPPED),
    ],
)
def test_what_becomes_of_a_message(event: str, delivery: DeliveryKind) -> None:
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
    assert read(a_report(), other, a_report()) == [DeliveryEvent(ID, DeliveryKind.BOUNCED, "500 unknown recipient")] * 2


def test_a_reason_is_a_line_of_bounded_length() -> None:
    (report,) = read(a_report(reason="550 5.1.1\r\n no " + "x" * 5000))
    assert report.reason.startswith("550 5.1.1 no x")
    assert len(report.reason) == LONGEST_REASON
    assert read(a_report(reason=None)) == [DeliveryEvent(ID, DeliveryKind.BOUNCED, "")]


@pytest.mark.parametrize("body", [b"", b"{}", b"5", b"[", b"\xff", b"[" * 100_000])
def test_no_list(body: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        read_deliveries(body)
