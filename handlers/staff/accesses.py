"""Who of the staff opened which person: of one person, and of the event, also as CSV."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Response

from handlers.logs import log
from handlers.responses import allow, as_file
from handlers.roster_files import whole_or_broken_off
from handlers.staff.pages import staff_page
from handlers.staff.people import address_of
from handlers.staff.registrations import as_csv
from handlers.staff.visit import Visit
from rollcall.documents.roster_content import ROSTER_TYPES
from rollcall.language import N_
from rollcall.model.personal_data import ACCESSES_KEPT, Access, Opened
from rollcall.model.registration import Registered, may_be_id, reference

MOST_SHOWN = 100
_OF_ONE = 1000
_AT_ONCE = 500
_BETWEEN = "~"
_WORDS = {
    Opened.PERSON: N_("Registration"),
    Opened.SCAN: N_("Scan"),
    Opened.REVIEW: N_("Review queue"),
    Opened.CONTRIBUTION: N_("Contribution"),
    Opened.PERSONAL_DATA: N_("All that is held of this person"),
    Opened.EXPORT: N_("Registrations"),
    Opened.ROSTER: N_("Roster"),
    Opened.ROOMING_LIST: N_("Rooming list"),
}


_HEAD = (N_("Date and time"), N_("Opened by"), N_("What"), N_("Reference"))


@dataclass(frozen=True)
class Row:
    at: datetime
    by: str
    what: str
    address: str
    """Of what was opened; empty where that has no page."""
    reference: str
    person: str
    """Address of the page of the person; empty, as is `reference`, where it was of nobody, or of many."""


@dataclass(frozen=True)
class AccessesPage:
    about: tuple[str, str] | None
    """Reference and address of the one person; None: of the event."""
    rows: Sequence[Row]
    kept_days: int
    older: str
    """Address of the next page of results; empty where there is none."""
    file: str
    """Address of all as CSV; empty on a person's page."""


def person_accesses(visit: Visit, there: Registered) -> Response:
    allow(visit.request, "GET", "HEAD")
    rows = _rows(visit, visit.desk.store.accesses_of(there.id)[:_OF_ONE])
    about = there.reference, address_of(visit, there)
    return staff_page(visit, "accesses", AccessesPage(about, rows, ACCESSES_KEPT.days, "", ""))


def accesses_page(visit: Visit) -> Response:
    allow(visit.request, "GET", "HEAD")
    found = visit.desk.store.accesses(visit.event.slug, _after(visit), MOST_SHOWN + 1)
    last = found[MOST_SHOWN - 1] if len(found) > MOST_SHOWN else None
    older = visit.address("accesses", after=f"{last.at.isoformat()}{_BETWEEN}{last.id}") if last else ""
    file = visit.address("accesses", "accesses.csv")
    rows = _rows(visit, found[:MOST_SHOWN])
    return staff_page(visit, "accesses", AccessesPage(None, rows, ACCESSES_KEPT.days, older, file))


def accesses_file(visit: Visit) -> Response:
    allow(visit.request, "GET", "HEAD")
    event, spoken = visit.event, visit.spoken
    head = [spoken.gettext(label) for label in _HEAD]
    lines = (
        [one.at.astimezone(event.zone).isoformat(" ", "seconds"), one.by, one.what, one.reference]
        for one in _all(visit)
    )
    log("INFO", "accesses downloaded", event=event.slug)
    headers = as_file(f"{event.slug}-accesses.csv")
    return Response(whole_or_broken_off(as_csv(head, lines)), mimetype=ROSTER_TYPES[".csv"], headers=headers)


def _after(visit: Visit) -> tuple[datetime, str] | None:
    """Where a page of results begins; the first one where the address is none of ours."""
    at, _, id = visit.request.args.get("after", "").partition(_BETWEEN)
    try:
        return (datetime.fromisoformat(at).astimezone(UTC), id) if may_be_id(id) else None
    except (ValueError, OverflowError):
        return None


def _all(visit: Visit) -> Iterator[Row]:
    after = None
    while found := visit.desk.store.accesses(visit.event.slug, after, _AT_ONCE):
        yield from _rows(visit, found)
        after = found[-1].at, found[-1].id


def _rows(visit: Visit, accesses: Iterable[Access]) -> list[Row]:
    return [_row(visit, one) for one in accesses]


def _row(visit: Visit, one: Access) -> Row:
    spoken, person = visit.spoken, one.registration_id
    what, address = spoken.gettext(_WORDS[one.what]), ""
    if one.what is Opened.REVIEW:
        address = visit.address("review", *one.about.split("-", 1))
    elif one.what is Opened.CONTRIBUTION and may_be_id(one.about):
        address = visit.address("contributions", one.about)
    elif one.about:
        what = spoken.gettext("%(label)s: %(text)s", label=what, text=one.about)
    return Row(
        at=one.at,
        by=one.by,
        what=what,
        address=address,
        reference=reference(person) if person else "",
        person=visit.address("registrations", person) if person else "",
    )
