"""Delivery reports as SendGrid's Event Webhook posts them, checked into the desk's own.

Source: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
"""

import json
from collections.abc import Sequence
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validate

from rollcall.model.email import DeliveryEvent, DeliveryKind

DELIVERIES = {
    "processed": DeliveryKind.ACCEPTED,
    "deferred": DeliveryKind.ACCEPTED,
    "delivered": DeliveryKind.DELIVERED,
    "bounce": DeliveryKind.BOUNCED,
    "dropped": DeliveryKind.DROPPED,
}
"""SendGrid's words for what becomes of a message. What readers do with it (open, click) is none of our business."""
LONGEST_REASON = 500
"""Characters of a reason that are kept."""


class _Report(Schema):
    class Meta:
        unknown = EXCLUDE

    event = fields.String(required=True, validate=validate.OneOf(DELIVERIES))
    email_id = fields.String(required=True, validate=validate.Regexp(r"[a-z0-9][A-Za-z0-9.\-]{0,199}\Z"))
    reason = fields.String(load_default="", allow_none=True)

    @post_load
    def _made(self, given: dict[str, Any], **_kwargs: Any) -> DeliveryEvent:
        reason = " ".join((given["reason"] or "").split())[:LONGEST_REASON]
        return DeliveryEvent(given["email_id"], DELIVERIES[given["event"]], reason)


_REPORT = _Report()


def read_deliveries(body: bytes) -> Sequence[DeliveryEvent]:
    """The reports about mails of ours in a body that SendGrid posted: a JSON array. What else SendGrid tells (opens,
    other senders of the same account, kinds of report that are yet to come) is passed over.

    Raises `ValueError` where it is no JSON array.
    """
    told = json.loads(body)
    if not isinstance(told, list):
        raise ValueError("not an array")
    reports = []
    for one in told:
        try:
            reports.append(_REPORT.load(one))
        except ValidationError:
            continue
    return reports
