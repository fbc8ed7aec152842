"""`send_mail`: Firestore's trigger calls it for a new outbox entry."""

from cloudevents.http import CloudEvent
from werkzeug.exceptions import ServiceUnavailable

from handlers.internal import log_attempt
from handlers.logs import log_broken
from rollcall.desk.desk import Desk
from rollcall.desk.send import send

_COLLECTION = "documents/outbox/"


def send_mail(desk: Desk, trigger: CloudEvent) -> None:
    """Send the e-mail whose document the trigger names. The same trigger again is harmless. Raises
    `ServiceUnavailable` for any fault, so that Eventarc retries."""
    subject = str(trigger.get("subject") or "")
    if not subject.startswith(_COLLECTION):
        raise ValueError("this trigger is not about an e-mail")
    email_id = subject.removeprefix(_COLLECTION)
    try:
        brought = trigger.get_data()
        seen = desk.store.triggered_entry(email_id, brought) if isinstance(brought, bytes) else None
        attempted = send(desk, email_id, seen)
    except Exception as error:
        log_broken(error, email=email_id)
        raise ServiceUnavailable from None
    if attempted is not None:
        log_attempt(email_id, attempted)
