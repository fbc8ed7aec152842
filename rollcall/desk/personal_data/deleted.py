"""Whether an event's personal data is deleted."""

from datetime import datetime

from rollcall.desk.ports import Store
from rollcall.model.event import Event
from rollcall.model.personal_data import Retention


def deleted(store: Store, event: Event, now: datetime) -> Retention | None:
    """None while it is kept; once deleted it stays so, whatever the file says. Before the event is over nothing is
    read."""
    retention = store.retention(event.slug) if event.is_over(now) else None
    return retention if retention and retention.is_deleted else None
