"""Delivery events as SendGrid's Event Webhook posts them.

Source: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validate

from rollcall.model.email import DeliveryEvent, EmailStatus, LateBounce

# By SendGrid's name. What readers do with an e-mail (open, click) is none of our business.
DELIVERIES = {
    "processed": EmailStatus.SENT,
    "deferred": EmailStatus.SENT,
    "delivered": EmailStatus.DELIVERED,
    "bounce": EmailStatus.BOUNCED,
    "dropped": EmailStatus.DROPPED,
}
LONGEST_REASON = 500  # characters that are kept


class _Event(Schema):
    class Meta:
        unknown = EXCLUDE

    event = fields.String(required=True, validate=validate.OneOf(DELIVERIES))
    email_id = fields.String(required=True, validate=validate.Regexp(r"[a-z0-9][A-Za-z0-9.\-]{0,199}\Z"))
    reason = fields.String(load_default="", allow_none=True)

    @post_load
    def _made(self, given: dict[str, Any], **_kwargs: Any) -> DeliveryEvent | LateBounce:
        return DeliveryEvent(given["email_id"], DELIVERIES[given["event"]], _line(given["reason"] or ""))


class _LateBounce(_Event):
    """Without our arguments and SendGrid's id (https://github.com/sendgrid/docs/issues/5177). Those that lack only our
    arguments are of other senders."""

    event = fields.String(required=True, validate=validate.Equal("bounce"))
    email_id = fields.String(load_default="", allow_none=True, validate=validate.Length(max=0))
    sg_message_id = fields.String(load_default="", allow_none=True, validate=validate.Length(max=0))
    email = fields.String(required=True, validate=validate.Regexp(r"[^@\s]+@[^@\s]+\Z"))
    timestamp = fields.AwareDateTime(format="timestamp", default_timezone=UTC, required=True)

    @post_load
    def _made(self, given: dict[str, Any], **_kwargs: Any) -> LateBounce:
        return LateBounce(given["email"], given["timestamp"], _line(given["reason"] or ""))


_SCHEMAS = (_Event(), _LateBounce())


def _line(text: str) -> str:
    shown = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(shown.split())[:LONGEST_REASON]


def read_deliveries(body: bytes) -> Sequence[DeliveryEvent | LateBounce]:
    """The events about our e-mails; others (opens, other senders of the same account) are skipped. Raises `ValueError`
    where the body is no JSON array."""
    posted = json.loads(body.decode("utf-8", "replace"))  # servers put bytes of any character set into their reasons
    if not isinstance(posted, list):
        raise ValueError("not an array")
    events: list[DeliveryEvent | LateBounce] = []
    for one in posted:
        for schema in _SCHEMAS:
            with suppress(ValidationError):
                events.append(schema.load(one))
    return events
