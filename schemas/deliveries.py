"""Delivery events as SendGrid's Event Webhook posts them.

Source: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validate

from rollcall.model.email import DeliveryEvent, DeliveryKind

# By SendGrid's name. What readers do with an e-mail (open, click) is none of our business.
DELIVERIES = {
    "processed": DeliveryKind.ACCEPTED,
    "deferred": DeliveryKind.ACCEPTED,
    "delivered": DeliveryKind.DELIVERED,
    "bounce": DeliveryKind.BOUNCED,
    "dropped": DeliveryKind.DROPPED,
}
LONGEST_REASON = 500  # characters that are kept


class _Event(Schema):
    class Meta:
        unknown = EXCLUDE

    event = fields.String(required=True, validate=validate.OneOf(DELIVERIES))
    email_id = fields.String(required=True, validate=validate.Regexp(r"[a-z0-9][A-Za-z0-9.\-]{0,199}\Z"))
    reason = fields.String(load_default="", allow_none=True)

    @post_load
    def _made(self, given: dict[str, Any], **_kwargs: Any) -> DeliveryEvent:
        reason = " ".join((given["reason"] or "").split())[:LONGEST_REASON]
        return DeliveryEvent(given["email_id"], DELIVERIES[given["event"]], reason)


_EVENT = _Event()


def read_deliveries(body: bytes) -> Sequence[DeliveryEvent]:
    """The events about our e-mails; others (opens, other senders of the same account) are skipped. Raises `ValueError`
    where the body is no JSON array."""
    posted = json.loads(body)
    if not isinstance(posted, list):
        raise ValueError("not an array")
    events = []
    for one in posted:
        with suppress(ValidationError):
            events.append(_EVENT.load(one))
    return events
