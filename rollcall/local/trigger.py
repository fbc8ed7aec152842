"""What calls the functions in the cloud: Firestore's trigger, Cloud Scheduler, SendGrid's Event Webhook."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from flask import Flask

from rollcall.desk.desk import Desk
from rollcall.local.sendgrid import StandIn
from rollcall.model.errors import StoreUnavailable

LOOK_EVERY = timedelta(seconds=0.3)
_EVERY_MINUTE = ("/close-intake", "/send-due-mail", "/erase")


def run_schedule(
    app: Flask,
    desk: Desk,
    sendgrid: StandIn,
    clock: Callable[[], datetime],
    stop: threading.Event,
    every: timedelta = LOOK_EVERY,
) -> None:
    caller = app.test_client()
    minute = None
    while not stop.wait(every.total_seconds()):
        if minute != (minute := clock().replace(second=0, microsecond=0)):
            for path in _EVERY_MINUTE:
                caller.post(path)
        for email_id in _newly_enqueued(desk):
            caller.post("/send-mail", headers=trigger_of(email_id))
        if events := sendgrid.events_due():
            caller.post("/record-deliveries", data=events, headers=sendgrid.signed(events))


def _newly_enqueued(desk: Desk) -> list[str]:
    try:
        entries = desk.store.due_entries(20).values()
    except StoreUnavailable:
        return []
    return [entry.id for entry in entries if entry and not entry.attempts]


def trigger_of(email_id: str) -> dict[str, str]:
    """As Eventarc posts it, in binary mode."""
    return {
        "ce-specversion": "1.0",
        "ce-id": email_id,
        "ce-type": "google.cloud.firestore.document.v1.created",
        "ce-source": "//firestore.googleapis.com/projects/local/databases/(default)",
        "ce-subject": f"documents/outbox/{email_id}",
    }
