"""To a hotel: its guests, as one version of its rooming list has them."""

from rollcall.desk.desk import Desk
from rollcall.desk.roster import as_listed, between, erased_from
from rollcall.desk.staff.hotels import has_newer, last_sent, version_numbered
from rollcall.documents.rooming_list import (
    RoomingList,
    change_rows,
    counted,
    rooming_list,
    rooming_list_files,
    rooming_list_title,
    with_changes,
)
from rollcall.emails import wording
from rollcall.emails.wording import LONGEST_SHOWN, SHOWN, worded
from rollcall.language import language
from rollcall.model import email
from rollcall.model.email import Email, NotNeeded, OutboxEntry, Written
from rollcall.model.event import Event
from rollcall.model.intake import Intake


def write(desk: Desk, entry: OutboxEntry, event: Event, intake: Intake) -> Written:
    """Raises `ValueError` where a list is not whole."""
    store, hotel = desk.store, email.hotel_of(entry)
    lists = store.rooming_lists(event.slug, hotel)
    version = version_numbered(lists, entry.revision)
    if version is None:
        raise ValueError(f"a hotel of {event.slug} has no rooming list {entry.revision}")
    if has_newer(store, lists, version, entry.to):
        return NotNeeded("a newer version of the rooming list is enqueued for this address")
    had = last_sent(store, lists, version.number)
    guests = as_listed(store, event.slug, version)
    event = event.in_language(event.staff_language)
    erased = erased_from(store, event.slug)
    said = rooming_list(event, lists.name, version.number, version.drawn_at, guests, erased[version.name])
    if had:
        said = with_changes(event, said, had.number, between(store, event.slug, had, version), erased[had.name])
    return word(entry, event, said)


def word(entry: OutboxEntry, event: Event, said: RoomingList) -> Email:
    spoken = language(event.language)
    subject = spoken.gettext("%(title)s, %(event)s", title=rooming_list_title(event, said), event=event.title)
    rows = [(wording.unlinked(who), wording.unlinked(what[:LONGEST_SHOWN])) for who, what in change_rows(event, said)]
    files = rooming_list_files(event, said)
    return worded(
        entry,
        event,
        subject,
        "rooming-list",
        reply_to=event.contact.email,
        attachments=files,
        headline=wording.unlinked(rooming_list_title(event, said)),
        said=said,
        count=counted(event, said),
        rows=rows[:SHOWN],
        files=[file.name for file in files],
    )
