"""Who of the staff opened what."""

from rollcall.desk.desk import Desk
from rollcall.model.event import Event
from rollcall.model.personal_data import Access, Opened
from rollcall.model.registration import new_id


def note_access(desk: Desk, event: Event, by: str, what: Opened, *registration_ids: str, about: str = "") -> None:
    """One entry for each of these people; one alone where it is of nobody registered, or of many. Raises
    `StoreUnavailable`: then nothing may be shown."""
    at = desk.intakes.now(event)
    of = dict.fromkeys(registration_ids) or ("",)
    desk.store.note_access(*(Access(new_id(), event.slug, by, at, what, id, about) for id in of))
