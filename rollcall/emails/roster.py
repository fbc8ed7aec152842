"""To the staff: the roster as it now stands, what changed since the version they had, and its files."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory

from rollcall.desk import scan
from rollcall.desk.desk import Desk
from rollcall.desk.ports import Store
from rollcall.desk.roster import Standing, changes_since, check_pages, erased_from, standing
from rollcall.desk.scan import Newest
from rollcall.desk.versions import copies, last_had
from rollcall.documents.changes import FieldChange, News, RosterChange, change_of, erased_in_words
from rollcall.documents.roster import draw, roster_title
from rollcall.documents.roster_content import (
    NOT_GIVEN,
    NOTHING,
    ROSTER_TYPES,
    Drawn,
    IncompleteForm,
    Named,
    Part,
    RosterContent,
    RosterRow,
    Shown,
)
from rollcall.emails import wording
from rollcall.emails.wording import ATTACHED, SHOWN
from rollcall.language import N_, language
from rollcall.model.email import UNDELIVERED, Attachment, Email, EmailKind, NotNeeded, OutboxEntry, Written
from rollcall.model.event import Event
from rollcall.model.inbound import FormStatus, InboundEmail, InboundForm, InboundStatus
from rollcall.model.intake import Intake, RosterVersion, e_mailed_in_time
from rollcall.model.links import VALID_FOR, LinkPurpose
from rollcall.model.registration import QuarantinedForm, Registered
from rollcall.model.stored_files import roster_file_id
from schemas.form import in_words
from templates import deadline, in_zone

LARGEST_HTML = 95_000
"""Bytes; Gmail cuts an e-mail at 102 kB."""
_SHOWN_IF_IT_FITS = (15, 8, 4, 2)
"""Rows of each list."""
IN_WORKBOOK = 1000
"""Quarantined forms, and incomplete ones; robots may send many."""
LONGEST_CELL = 250  # characters
LONGEST_ANSWER = 100  # characters, of a change
_BY_EMAIL = {
    InboundStatus.UNREAD: N_("Not read yet"),
    InboundStatus.REGISTERED: N_("Registered (including late ones)"),
    InboundStatus.CHANGED: N_("Changed or withdrew a registration"),
    InboundStatus.CONTRIBUTED: N_("Contributions"),
    InboundStatus.WAITING_FOR_SENDER: N_("Waiting for the sender"),
    InboundStatus.NEEDS_REVIEW: N_("Needs review"),
    InboundStatus.AUTOMATIC: N_("Automatic"),
    InboundStatus.SPAM: N_("Spam"),
}


@dataclass(frozen=True)
class LinkedFile:
    """`size` in bytes."""

    name: str
    size: int
    link: str


@dataclass(frozen=True)
class Changes:
    """Since `version`, the last one that the reader had; None: they had none."""

    version: RosterVersion | None = None
    erased: int = 0
    """Of those who were on it."""
    came: Shown[RosterChange] = NOTHING
    left: Shown[RosterChange] = NOTHING
    changed: Shown[RosterChange] = NOTHING


@dataclass(frozen=True)
class Roster:
    on_roster: int = 0
    changes: Changes = Changes()
    by_category: Mapping[str, int] = field(default_factory=dict)
    """By code, of those on the roster."""
    doubles: int = 0
    organizations: Named = NOTHING
    hotels: Named = NOTHING
    undelivered: Shown[RosterRow] = NOTHING
    """On the roster, first those whom no confirmation will reach."""
    late: Shown[RosterRow] = NOTHING
    withdrawn: Shown[RosterRow] = NOTHING
    """Of those on the closed list."""
    quarantined: Shown[QuarantinedForm] = NOTHING
    inbound: Mapping[InboundStatus, int] = field(default_factory=dict)
    resolved: int = 0
    """Of those that need review."""
    not_completed: Shown[IncompleteForm] = NOTHING
    attached: tuple[Attachment, ...] = ()
    linked: tuple[LinkedFile, ...] = ()
    erased: Mapping[str, int] = field(default_factory=dict)
    """By name of the version, of those on it."""


def write(desk: Desk, entry: OutboxEntry, event: Event, intake: Intake) -> Written:
    if any(copies(desk.store, event, version, entry.to) for version in intake.versions[entry.revision :]):
        return NotNeeded("a newer version of the roster is enqueued for this address")
    event = event.for_member(event.member(entry.to))
    return word(entry, event, gather(desk, event, entry, intake), intake)


def gather(
    desk: Desk,
    event: Event,
    entry: OutboxEntry,
    intake: Intake,
    draw: Callable[[Event, RosterContent, Path], Drawn] = draw,
) -> Roster:
    """Everyone as they stand now, whatever version it is.

    1. Find the version that the reader had before this one. Check that its stored pages, and the closing's, are those
       recorded.
    2. Read the inbound e-mails and the quarantined forms.
    3. Read people, pages and outbox side by side, in the order of ids; write the files and count meanwhile.
    4. Attach the files (`ATTACHED`), else store them under names of their own and make links.

    Raises `StoreUnavailable`; `ValueError` where a list is not whole.
    """
    version = version_of(entry, event, intake)
    had = last_had(desk.store, event, intake.versions[: version.number - 1], entry.to)
    check_pages(desk.store, event.slug, *{*intake.closings, had or intake.closings[0]})
    erased = erased_from(desk.store, event.slug)
    inbound, quarantined, people = _Inbound(event), Newest[QuarantinedForm](IN_WORKBOOK), _People()
    for one, status, registered in scan.inbound_emails_now(desk.store, event.slug):
        inbound.add(one, status, registered)
    for form in scan.still_quarantined(desk.store, event.slug):
        quarantined.add(form.form.received_at, form)
    content = RosterContent(
        intake.closes_at,
        people.counting(_everyone(desk.store, event, intake, had)),
        quarantined.in_order(),
        inbound.not_completed.in_order(),
        version.number,
        had.number if had else None,
        erased[version.name],
        scan.audit_entries(desk.store, event.slug),
    )
    with TemporaryDirectory(prefix="roster-") as folder:
        drawn = draw(event, content, Path(folder))
        attached, linked = _handed_out(desk, event, entry.to, intake, version, drawn.files)
    return Roster(
        on_roster=people.by_category.total(),
        changes=Changes(
            had,
            erased[had.name] if had else 0,
            *(Shown(people.news[news].in_order(), people.news[news].count) for news in News),
        ),
        by_category=people.by_category,
        doubles=drawn.doubles,
        organizations=drawn.organizations,
        hotels=drawn.hotels,
        undelivered=people.undelivered,
        late=Shown(people.late.in_order(), people.late.count),
        withdrawn=Shown(people.withdrawn.in_order(), people.withdrawn.count),
        quarantined=Shown(content.quarantined[-SHOWN:], quarantined.count),
        inbound=inbound.status,
        resolved=inbound.resolved,
        not_completed=Shown(content.not_completed[-SHOWN:], inbound.not_completed.count),
        attached=attached,
        linked=linked,
        erased=erased,
    )


def word(entry: OutboxEntry, event: Event, roster: Roster, intake: Intake) -> Email:
    for rows in _SHOWN_IF_IT_FITS:
        email = _with_rows(rows, entry, event, roster, intake)
        if len(email.html.encode()) <= LARGEST_HTML:
            break
    return email


def _with_rows(rows: int, entry: OutboxEntry, event: Event, roster: Roster, intake: Intake) -> Email:
    version, spoken = version_of(entry, event, intake), language(event.language)
    undelivered, late, withdrawn = roster.undelivered.first(rows), roster.late.last(rows), roster.withdrawn.last(rows)
    news = roster.changes
    came, left, changed = (those.last(rows) for those in (news.came, news.left, news.changed))
    not_completed, quarantined = roster.not_completed.last(rows), roster.quarantined.last(rows)
    return wording.worded(
        entry,
        event,
        _subject(event, version.number, roster.on_roster),
        "roster",
        headline=roster_title(event, version.number),
        version=version,
        checksums=_checksums(event, intake, roster.erased, rows),
        came=came,
        came_rows=[_came_row(event, one) for one in came.shown],
        left=left,
        left_rows=[_withdrawn_row(event, one.now, one.then) for one in left.shown],
        changed=changed,
        changed_rows=[_changed_row(event, one) for one in changed.shown],
        attachments=roster.attached,
        roster=roster,
        intake=intake,
        links_hold_until=intake.as_of + VALID_FOR[LinkPurpose.ROSTER],
        attached=[file.name for file in roster.attached],
        linked=[(file.name, spoken.number(round(file.size / 1_000_000, 1)), file.link) for file in roster.linked],
        by_category=[(category.label, roster.by_category.get(category.code, 0)) for category in event.categories],
        organizations=_named(event, roster.organizations.first(rows)),
        hotels=_named(event, roster.hotels.first(rows)),
        undelivered=undelivered,
        undelivered_rows=[_undelivered_row(event, one) for one in undelivered.shown],
        withdrawn=withdrawn,
        withdrawn_rows=[_withdrawn_row(event, one.registered, one.registered) for one in withdrawn.shown],
        late=late,
        late_rows=[_late_row(event, one, intake) for one in late.shown],
        not_completed=not_completed,
        not_completed_rows=[_not_completed_row(event, one) for one in not_completed.shown],
        quarantined=quarantined,
        quarantined_rows=[_row(event, one.form, *wording.about_quarantined(event, one)) for one in quarantined.shown],
        in_workbook=IN_WORKBOOK,
        by_email=by_email(event, roster.inbound, roster.resolved),
    )


def _subject(event: Event, version: int, registered: int) -> str:
    spoken = language(event.language)
    if version == 1:
        return spoken.ngettext(
            "Roster: %(event)s, %(count)s registered",
            "Roster: %(event)s, %(count)s registered",
            registered,
            event=event.title,
        )
    return spoken.ngettext(
        "Roster, version %(number)s: %(event)s, %(count)s registered",
        "Roster, version %(number)s: %(event)s, %(count)s registered",
        registered,
        number=version,
        event=event.title,
    )


def by_email(event: Event, counts: Mapping[InboundStatus, int], resolved: int) -> list[tuple[str, int]]:
    """Each e-mail counts in one row above the last. `resolved`: of those that need review."""
    if not sum(counts.values()):
        return []
    spoken = language(event.language)
    names = {status: spoken.gettext(_BY_EMAIL[status]) for status in InboundStatus}
    if counts.get(InboundStatus.NEEDS_REVIEW):
        names[InboundStatus.NEEDS_REVIEW] = spoken.ngettext(
            "Needs review (%(count)s dealt with)", "Needs review (%(count)s dealt with)", resolved
        )
    if_any = (InboundStatus.UNREAD, InboundStatus.CHANGED, InboundStatus.CONTRIBUTED)
    told = [status for status in InboundStatus if counts.get(status) or status not in if_any]
    rows = [(names[status], counts.get(status, 0)) for status in told]
    return [*rows, (spoken.pgettext("e-mails", "All"), sum(counts.values()))]


def incomplete_form(event: Event, inbound: InboundEmail, form: InboundForm) -> IncompleteForm:
    too_early = form.status is FormStatus.NOT_YET_OPEN
    spoken = language(event.language)
    labels = spoken.listed([field.label for field in event.fields if field.name in form.faults])
    return IncompleteForm(
        name=_cell(f"{form.answers.get('first_name', '')} {form.answers.get('family_name', '')}"),
        sender=_cell(inbound.sender),
        missing=spoken.gettext("nothing, but it came before registration opened") if too_early else labels,
        received_at=inbound.received_at,
    )


def _cell(text: str) -> str:
    """Without characters that XML forbids."""
    return "".join(filter(str.isprintable, wording.plain_line(text, LONGEST_CELL)))


def version_of(entry: OutboxEntry, event: Event, intake: Intake) -> RosterVersion:
    """Raises `ValueError`."""
    if entry.revision > len(intake.versions):
        raise ValueError(f"the roster of {event.slug} has no version {entry.revision}")
    return intake.versions[entry.revision - 1]


@dataclass
class _Inbound:
    event: Event
    status: Counter[InboundStatus] = field(default_factory=Counter)
    resolved: int = 0
    not_completed: Newest[IncompleteForm] = field(default_factory=lambda: Newest(IN_WORKBOOK))

    def add(self, inbound: InboundEmail, status: InboundStatus, registered: frozenset[str]) -> None:
        self.status[status] += 1
        self.resolved += inbound.resolved
        for form in inbound.forms if status is InboundStatus.WAITING_FOR_SENDER else ():
            waits = form.status in (FormStatus.INCOMPLETE, FormStatus.NOT_YET_OPEN)
            if waits and form.person not in registered:
                self.not_completed.add(inbound.received_at, incomplete_form(self.event, inbound, form))


@dataclass
class _People:
    by_category: Counter[str] = field(default_factory=Counter)
    late: Newest[RosterRow] = field(default_factory=lambda: Newest(SHOWN))
    withdrawn: Newest[RosterRow] = field(default_factory=lambda: Newest(SHOWN))
    news: Mapping[News, Newest[RosterChange]] = field(default_factory=lambda: {news: Newest(SHOWN) for news in News})
    _not_sent: int = 0
    _will_not_arrive: list[RosterRow] = field(default_factory=list)
    _may_arrive: list[RosterRow] = field(default_factory=list)

    def counting(self, people: Iterable[RosterRow]) -> Iterator[RosterRow]:
        for one in people:
            registered = one.registered
            if one.change:
                self.news[one.change.news].add(one.change.at, one.change)
            if one.part is Part.LATE:
                self.late.add(registered.received_at, one)
            elif one.part is Part.WITHDRAWN and one.on_closed_list:
                self.withdrawn.add(registered.changed_at or registered.received_at, one)
            elif one.part is Part.ROSTER:
                self.by_category[registered.registration.category] += 1
                if one.unsent:
                    self._not_sent += 1
                    first = self._will_not_arrive if one.unsent.status in UNDELIVERED else self._may_arrive
                    if len(first) < SHOWN:
                        first.append(one)
            yield one

    @property
    def undelivered(self) -> Shown[RosterRow]:
        return Shown(tuple([*self._will_not_arrive, *self._may_arrive][:SHOWN]), self._not_sent)


def _everyone(store: Store, event: Event, intake: Intake, had: RosterVersion | None) -> Iterator[RosterRow]:
    confirmations = (one for one in scan.unsent_entries(store, event.slug) if one.kind is EmailKind.CONFIRMATION)
    by_person = ((id or "", list(entries)) for id, entries in groupby(confirmations, attrgetter("registration_id")))
    unsent = scan.in_step(by_person, lambda of: of[0])
    for one in standing(store, event, intake, had):
        there = one.registered
        _, entries = unsent(there.id) or ("", [])
        last = next((entry for entry in entries if entry.revision == there.confirmed), None)
        yield RosterRow(there, not one.on_time, last, one.on_closed_list, _change(store, event, one) if had else None)


def _change(store: Store, event: Event, one: Standing) -> RosterChange | None:
    then, revisions = (None, ()) if one.listed is None else changes_since(store, event, one)
    if one.listed is None and one.is_on_roster:
        revisions = store.history(event.slug, one.registered)[-1:]
    return change_of(event, then, revisions, one.registered, is_on_roster=one.is_on_roster)


def _handed_out(
    desk: Desk, event: Event, to: str, intake: Intake, version: RosterVersion, files: Sequence[Path]
) -> tuple[tuple[Attachment, ...], tuple[LinkedFile, ...]]:
    if sum(file.stat().st_size for file in files) <= ATTACHED:
        return tuple(Attachment(file.name, ROSTER_TYPES[file.suffix], file.read_bytes()) for file in files), ()
    linked = []
    for file in files:
        id = roster_file_id(event.slug, event.language, version.sha256, intake.as_of, file.suffix)
        desk.files().put_file(id, file)
        link = desk.links.roster(event, id, to, intake.as_of + VALID_FOR[LinkPurpose.ROSTER])
        linked.append(LinkedFile(file.name, file.stat().st_size, link))
    return (), tuple(linked)


def _row(event: Event, one: Registered, *rows: tuple[str, str]) -> tuple[str, str]:
    email = wording.address(one.registration.email)
    return wording.who(event, one), wording.in_lines(event, email, wording.written_in(event, one), *rows)


def _confirmation(event: Event, one: RosterRow) -> tuple[str, str]:
    unsent = wording.standing(event, one.unsent) if one.unsent else ""
    return language(event.language).gettext("Confirmation"), unsent


def _undelivered_row(event: Event, one: RosterRow) -> tuple[str, str]:
    return _row(event, one.registered, _confirmation(event, one))


def _late_row(event: Event, one: RosterRow, intake: Intake) -> tuple[str, str]:
    spoken, registered, arrived_at, in_time = language(event.language), one.registered, one.registered.arrived_at, ""
    if arrived_at and e_mailed_in_time(registered.received_at, arrived_at, intake.closes_at):
        in_time = in_zone(arrived_at, event)
    received = (spoken.gettext("Received"), in_zone(registered.received_at, event))
    emailed = (spoken.gettext("E-mailed in time"), in_time)
    return _row(event, registered, emailed, received, _confirmation(event, one))


def _withdrawn_row(event: Event, registered: Registered, known: Registered) -> tuple[str, str]:
    """`known`: as the reader knows it."""
    spoken = language(event.language)
    at = in_zone(registered.changed_at or registered.received_at, event)
    reference = (spoken.gettext("Reference"), registered.reference)
    _, text = _row(event, registered, reference, (spoken.pgettext("when", "Withdrawn"), at), *_hotel(event, known))
    return wording.who(event, known), text


def _came_row(event: Event, one: RosterChange) -> tuple[str, str]:
    reference = (language(event.language).gettext("Reference"), one.now.reference)
    return _row(event, one.now, reference, *_hotel(event, one.now))


def _hotel(event: Event, one: Registered) -> list[tuple[str, str]]:
    """Which hotel has one room more or less."""
    field, said = event.field("hotel"), in_words(event, one.registration)
    return [(field.label, wording.one_line(said.get("hotel", ""), LONGEST_ANSWER))] if field else []


def _changed_row(event: Event, one: RosterChange) -> tuple[str, str]:
    """Under the name that the reader knows."""
    spoken = language(event.language)
    fields = [_field_row(event, change) for change, _ in one.fields]
    back = (spoken.gettext("Changed"), spoken.gettext("and changed back: it is as it was"))
    reference = (spoken.gettext("Reference"), one.now.reference)
    _, text = _row(event, one.now, reference, *(fields or [back]))
    return wording.who(event, one.then), text


def _field_row(event: Event, change: FieldChange) -> tuple[str, str]:
    spoken = language(event.language)

    def in_a_line(answer: str) -> str:
        return wording.one_line(", ".join(answer.splitlines()), LONGEST_ANSWER) or spoken.gettext(NOT_GIVEN)

    before, after = in_a_line(change.before), in_a_line(change.after)
    return change.label, spoken.gettext("%(before)s → %(after)s", before=before, after=after)


def _checksums(event: Event, intake: Intake, erased: Mapping[str, int], most: int) -> list[tuple[str, str]]:
    """Of the closing's version and the last ones."""
    spoken, (first, *later) = language(event.language), intake.versions

    def row(one: RosterVersion) -> tuple[str, str]:
        label = spoken.gettext("Version %(number)s, %(at)s", number=one.number, at=deadline(one.drawn_at, event))
        text = spoken.ngettext(
            "%(count)s person, SHA-256 %(checksum)s",
            "%(count)s people, SHA-256 %(checksum)s",
            one.count,
            checksum=one.sha256,
        )
        gone = erased.get(one.name, 0)
        return label, f"{text} ({erased_in_words(spoken, gone)})" if gone else text

    return [row(one) for one in (first, *later[-most:])]


def _not_completed_row(event: Event, one: IncompleteForm) -> tuple[str, str]:
    spoken = language(event.language)
    sender = wording.address(one.sender) or spoken.gettext("(no address)")
    received = (spoken.pgettext("of an e-mail", "Received"), in_zone(one.received_at, event))
    missing = (spoken.gettext("Missing or wrong"), one.missing)
    return wording.unlinked(one.name) or sender, wording.in_lines(event, sender, received, missing)


def _named(event: Event, names: Named) -> list[tuple[str, int | str]]:
    spoken = language(event.language)
    rows: list[tuple[str, int | str]] = [
        (spoken.gettext(NOT_GIVEN) if name is None else wording.unlinked(name), times) for name, times in names.shown
    ]
    if more := wording.not_shown(names):
        others = spoken.gettext("others, which are in the workbook")
        rows.append((others, spoken.ngettext("%(count)s name", "%(count)s names", more)))
    return rows
