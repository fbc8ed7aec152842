"""Rosters: the versions, what changed between them, and whom they are sent to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import assert_never

from flask import Response

from handlers.logs import log
from handlers.request_body import number_in, read_page_form
from handlers.responses import NO_SUCH_PAGE, allow, as_file, see_other
from handlers.staff.deliveries import Delivery, delivery_of
from handlers.staff.pages import staff_page
from handlers.staff.visit import Visit
from rollcall.desk.roster import Pair, as_listed, between, erased_from, until_now
from rollcall.desk.staff.rosters import Copied, Drawn, NotClosed, NothingNew, PressedBefore, draw_now, send_copies
from rollcall.desk.versions import copies
from rollcall.documents.changes import changes_between
from rollcall.documents.roster import draw
from rollcall.documents.roster_content import NOT_GIVEN, ROSTER_TYPES, RosterContent, RosterRow, roster_file_name
from rollcall.language import N_, language
from rollcall.model.email import Email, roster_entry
from rollcall.model.event import Event
from rollcall.model.intake import Intake, RosterVersion
from rollcall.model.personal_data import Opened
from rollcall.model.registration import says_the_same
from rollcall.model.staff import Receives
from templates import deadline

MOST_SHOWN = 200
"""People, of the changes."""
_MOST_VERSIONS = 100
_DELIVERIES_OF = 3
"""The last versions: each reads several entries of the outbox for each of the staff."""
_NOW = "now"
_PIECE = 1 << 16
_SAID = {
    "drawn": N_("The next version is drawn and on its way."),
    "copied": N_("Another copy is on its way."),
    "same": N_("Nothing changed since the last version: there is no new one. You can send a copy of the last one."),
    "open": N_("There is no roster before registration has closed."),
    "nobody": N_("Choose whom it goes to. Nothing was sent."),
}


@dataclass(frozen=True)
class Recipient:
    address: str
    receives: bool


@dataclass(frozen=True)
class VersionRow:
    version: RosterVersion
    at: str
    since_then: str
    """The address of what changed since, until now."""
    files: Sequence[tuple[str, str]]
    erased: int
    """Of those on it."""


@dataclass(frozen=True)
class RostersPage:
    address: str
    said: str
    """What the last press of a button did."""
    closed: bool
    closes_at: str
    versions: Sequence[VersionRow]
    """The last first."""
    more: int
    changes: str
    """The address of the changes between two."""
    numbers: Sequence[int]
    recipients: Sequence[Recipient]
    deliveries: Sequence[Delivery]


@dataclass(frozen=True)
class PersonChange:
    address: str
    name: str
    reference: str
    what: str
    fields: Sequence[tuple[str, str, str]]
    """Label, before, after."""


@dataclass(frozen=True)
class ChangesPage:
    rosters: str
    since: int
    until: int | None
    """None: now."""
    people: Sequence[PersonChange]
    more: bool
    erased: int
    """Of those on the earlier version."""


def rosters_page(visit: Visit) -> Response:
    allow(visit.request, "GET", "HEAD", "POST")
    if visit.is_post:
        return _done(visit)
    store, event = visit.desk.store, visit.event
    intake, spoken = store.intake(event), language(event.language)
    said = _SAID.get(visit.request.args.get("did", ""), "")
    shown, erased = intake.versions[-_MOST_VERSIONS:], erased_from(store, event.slug)
    page = RostersPage(
        address=visit.address("rosters"),
        said=spoken.gettext(said) if said else "",
        closed=intake.closing is not None,
        closes_at=deadline(intake.closes_at, event),
        versions=[_row(visit, one, erased[one.name]) for one in reversed(shown)],
        more=len(intake.versions) - len(shown),
        changes=visit.address("rosters", "changes"),
        numbers=[one.number for one in reversed(shown)],
        recipients=[Recipient(one.address, Receives.ROSTER in one.receives) for one in event.staff],
        deliveries=_deliveries(visit, intake),
    )
    return staff_page(visit, "rosters", page)


def changes_page(visit: Visit) -> Response:
    allow(visit.request, "GET", "HEAD")
    store, event = visit.desk.store, visit.event
    intake, given = store.intake(event), visit.request.args
    since, until = _version(intake, given.get("since", "")), given.get("until", _NOW)
    if until == _NOW:
        to, pairs = None, until_now(store, event, intake, since)
    else:
        to = _version(intake, until)
        if to.number < since.number:
            since, to = to, since
        pairs = between(store, event.slug, since, to)
    visit.opened(Opened.ROSTER, about=f"{since.number}-{to.number if to else _NOW}")
    people = list(islice(filter(None, (_person_change(visit, pair) for pair in pairs)), MOST_SHOWN + 1))
    page = ChangesPage(
        rosters=visit.address("rosters"),
        since=since.number,
        until=to.number if to else None,
        people=people[:MOST_SHOWN],
        more=len(people) > MOST_SHOWN,
        erased=erased_from(store, event.slug)[since.name],
    )
    return staff_page(visit, "changes", page)


def version_file(visit: Visit, number: str, ending: str) -> Response:
    """The last version as it is sent, earlier ones as they were listed."""
    allow(visit.request, "GET", "HEAD")
    event = visit.event
    intake = visit.desk.store.intake(event)
    version = _version(intake, number)
    headers = as_file(roster_file_name(event.slug, ending))
    visit.opened(Opened.ROSTER, about=f"{version.number}{ending}")
    log("INFO", "roster downloaded", event=event.slug, ending=ending)
    body = _as_sent(visit, intake, version, ending) if version == intake.versions[-1] else None
    return Response(body or _as_listed(visit, intake, version, ending), mimetype=ROSTER_TYPES[ending], headers=headers)


def _done(visit: Visit) -> Response:
    form = read_page_form(visit.request, ("to",))
    press = visit.press(form.typed)
    store, event = visit.desk.store, visit.event
    chosen = form.answers.get("to", "")
    to = [one for one in event.staff_addresses if one in chosen.splitlines()]
    if not to:
        return _back(visit, "nobody")
    outcome = (draw_now if "draw" in form.typed else send_copies)(store, event, to, press)
    match outcome:
        case Drawn():
            log("INFO", "roster drawn", event=event.slug, version=outcome.version.number)
            return _back(visit, "drawn")
        case Copied():
            log("INFO", "roster sent again", event=event.slug, version=outcome.version.number)
            return _back(visit, "copied")
        case PressedBefore():
            return _back(visit, "drawn" if "draw" in form.typed else "copied")
        case NothingNew():
            return _back(visit, "same")
        case NotClosed():
            return _back(visit, "open")
        case _:
            assert_never(outcome)


def _back(visit: Visit, did: str) -> Response:
    return see_other(visit.address("rosters", did=did))


def _version(intake: Intake, number: str) -> RosterVersion:
    known = number_in(number, 5)
    found = next((one for one in intake.versions if one.number == known), None)
    if found is None:
        raise NO_SUCH_PAGE
    return found


def _row(visit: Visit, version: RosterVersion, erased: int) -> VersionRow:
    number = str(version.number)
    return VersionRow(
        version,
        deadline(version.drawn_at, visit.event),
        visit.address("rosters", "changes", since=number, until=_NOW),
        [(name, visit.address("rosters", number, f"roster.{name.lower()}")) for name in ("XLSX", "CSV")],
        erased,
    )


def _deliveries(visit: Visit, intake: Intake) -> list[Delivery]:
    return [
        delivery_of(visit.event, version.number, entry)
        for version in reversed(intake.versions[-_DELIVERIES_OF:])
        for to in visit.event.staff_addresses
        for entry in copies(visit.desk.store, visit.event, version, to)
    ]


def _person_change(visit: Visit, pair: Pair) -> PersonChange | None:
    event, (then, now) = visit.event, pair
    one, spoken = now or then, language(event.language)
    if one is None:
        return None
    fields, what = [], spoken.gettext("New") if now else spoken.gettext("Withdrew")
    if then and now:
        if says_the_same(then.registration, now.registration):
            return None
        not_given = spoken.gettext(NOT_GIVEN)
        found = changes_between(event, then.registration, now.registration)
        what = spoken.gettext("Changed")
        fields = [(one.label, one.before or not_given, one.after or not_given) for one in found]
    person = (then or one).registration
    name = " ".join(filter(None, (person.family_name, person.first_name)))
    return PersonChange(visit.address("registrations", one.id), name, one.reference, what, fields)


def _as_sent(visit: Visit, intake: Intake, version: RosterVersion, ending: str) -> bytes | None:
    """None where it is too large for an e-mail."""
    event = visit.desk.events[visit.event.slug]
    entry = roster_entry(event.slug, version.number, visit.member.address)
    email = visit.desk.write(visit.desk, entry, event, intake, None)
    files = email.attachments if isinstance(email, Email) else ()
    return next((one.content for one in files if one.name.endswith(ending)), None)


def _as_listed(visit: Visit, intake: Intake, version: RosterVersion, ending: str) -> Iterator[bytes]:
    event: Event = visit.event
    people = (RosterRow(one) for one in as_listed(visit.desk.store, event.slug, version))
    with TemporaryDirectory(prefix="roster-") as folder:
        erased = erased_from(visit.desk.store, event.slug)[version.name]
        content = RosterContent(intake.closes_at, people, version=version.number, erased=erased)
        drawn = draw(event, content, Path(folder))
        with next(file for file in drawn.files if file.suffix == ending).open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece
