"""Drawing up: the closed list and all that the staff want to know with it, as files, and as a mail tells of them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from rollcall.desk.close import list_is_whole, listed
from rollcall.desk.desk import Desk
from rollcall.desk.needs_a_person import ATTACHED, SHOWN
from rollcall.desk.ports import Store
from rollcall.desk.scan import Newest, everyone, in_step, messages_now, still_quarantined, unsent_entries
from rollcall.model.email import UNDELIVERED, Attachment, EmailKind, OutboxEntry
from rollcall.model.event import Event
from rollcall.model.inbound import FormStatus, InboundEmail, InboundStatus
from rollcall.model.intake import Closing, Intake
from rollcall.model.registration import QuarantinedForm
from rollcall.model.roster import (
    Drawn,
    IncompleteForm,
    LinkedFile,
    Roster,
    RosterContent,
    RosterRow,
    Shown,
    roster_file_id,
)

IN_WORKBOOK = 1000
"""Kept forms in the workbook, and forms not completed, the last received; robots may send so many that no mail could
carry them."""
ROSTER_LINK_HOLDS = timedelta(days=14)
"""How long the link to a file of the roster holds: it opens everybody's address to whoever has it. `make send-roster`
makes new ones."""


def draw_up_roster(desk: Desk, event: Event, intake: Intake) -> Roster:
    """The roster as its closing recorded it, with the late ones and the confirmations not sent up to now. However many
    people there are, a page of them is in memory at a time; the files are drawn up in a folder that is taken away.

    1. See that the list in the books is the one that the closing recorded.
    2. Read the messages and the kept forms, of which the last go into the workbook.
    3. Read the people, the list and the mails side by side, each in the order of the people's ids, and have the files
       drawn up of them; what the mail says is counted meanwhile.
    4. Have the files in memory where a mail can carry them (`ATTACHED`), else put them in storage and make the links.
       Each drawing has files of its own there, so that what a mail says is what its links lead to.

    Raises `StoreUnavailable`; `ValueError` where the list is not whole.
    """
    closing = intake.closing
    if closing is None:
        raise ValueError(f"the intake of {event.slug} is not closed")
    if not list_is_whole(desk.store, event, intake, closing):
        raise ValueError(f"the roster pages of {event.slug} are not those of its closing")
    messages, kept, people = _Messages(), Newest[QuarantinedForm](IN_WORKBOOK), _People()
    for inbound, status, registered in messages_now(desk.store, event.slug):
        messages.add(inbound, status, registered)
    for one in still_quarantined(desk.store, event.slug):
        kept.add(one.form.received_at, one)
    counted = people.counting(_everyone(desk.store, event, intake, closing))
    content = RosterContent(intake.closes_at, counted, kept.in_order(), messages.not_completed.in_order())
    with TemporaryDirectory(prefix="roster-") as folder:
        drawn = desk.draw(event, content, Path(folder))
        attached, linked = _handed_out(desk, event, intake, closing, drawn)
    return Roster(
        closes_at=intake.closes_at,
        as_of=intake.as_of,
        by_category=people.by_category,
        organizations=drawn.organizations,
        hotels=drawn.hotels,
        undelivered=people.undelivered,
        late=Shown(people.late.in_order(), people.late.count),
        kept=Shown(content.kept[-SHOWN:], kept.count),
        inbound=messages.status,
        resolved=messages.resolved,
        not_completed=Shown(content.not_completed[-SHOWN:], messages.not_completed.count),
        attached=attached,
        linked=linked,
        links_hold_until=intake.as_of + ROSTER_LINK_HOLDS if linked else None,
    )


@dataclass
class _Messages:
    """What came of the messages, counted."""

    status: Counter[InboundStatus] = field(default_factory=Counter)
    resolved: int = 0
    not_completed: Newest[IncompleteForm] = field(default_factory=lambda: Newest(IN_WORKBOOK))

    def add(self, inbound: InboundEmail, status: InboundStatus, registered: frozenset[str]) -> None:
        """One more; `registered` are the people in it who are in the books."""
        self.status[status] += 1
        self.resolved += inbound.resolved
        for form in inbound.forms if status is InboundStatus.WAITING_FOR_SENDER else ():
            waits = form.status in (FormStatus.INCOMPLETE, FormStatus.NOT_YET_OPEN)
            if waits and form.person not in registered:
                self.not_completed.add(
                    inbound.received_at,
                    IncompleteForm(
                        first_name=form.answers.get("first_name", ""),
                        family_name=form.answers.get("family_name", ""),
                        sender=inbound.sender,
                        faults=tuple(form.faults),
                        too_early=form.status is FormStatus.NOT_YET_OPEN,
                        received_at=inbound.received_at,
                    ),
                )


@dataclass
class _People:
    """What is said of the people, counted while they pass."""

    by_category: Counter[str] = field(default_factory=Counter)
    late: Newest[RosterRow] = field(default_factory=lambda: Newest(SHOWN))
    _not_sent: int = 0
    _will_not_arrive: list[RosterRow] = field(default_factory=list)
    _may_arrive: list[RosterRow] = field(default_factory=list)

    def counting(self, people: Iterable[RosterRow]) -> Iterator[RosterRow]:
        """The people, counted as each is taken."""
        for one in people:
            if one.late:
                self.late.add(one.registered.received_at, one)
            else:
                self.by_category[one.registered.registration.category] += 1
                if one.unsent:
                    self._not_sent += 1
                    first = self._will_not_arrive if one.unsent.status in UNDELIVERED else self._may_arrive
                    if len(first) < SHOWN:
                        first.append(one)
            yield one

    @property
    def undelivered(self) -> Shown[RosterRow]:
        """Those on the list whose confirmation did not go out."""
        return Shown(tuple([*self._will_not_arrive, *self._may_arrive][:SHOWN]), self._not_sent)


def _everyone(store: Store, event: Event, intake: Intake, closing: Closing) -> Iterator[RosterRow]:
    on_list = in_step(listed(store, event, intake, closing), str)
    unsent = in_step(_confirmations(store, event), _about)
    for one in everyone(store, event.slug):
        yield RosterRow(one, late=on_list(one.id) is None, unsent=unsent(one.id))


def _confirmations(store: Store, event: Event) -> Iterator[OutboxEntry]:
    """Those not sent, in the order of the people's ids."""
    return (one for one in unsent_entries(store, event.slug) if one.kind is EmailKind.CONFIRMATION)


def _about(entry: OutboxEntry) -> str:
    return entry.registration_id or ""


def _handed_out(
    desk: Desk, event: Event, intake: Intake, closing: Closing, drawn: Drawn
) -> tuple[tuple[Attachment, ...], tuple[LinkedFile, ...]]:
    sizes = [file.path.stat().st_size for file in drawn.files]
    if sum(sizes) <= ATTACHED:
        return tuple(Attachment(file.path.name, file.type, file.path.read_bytes()) for file in drawn.files), ()
    linked = []
    for file, size in zip(drawn.files, sizes, strict=True):
        id = roster_file_id(event.slug, closing.sha256, intake.as_of, file.path.suffix)
        desk.files().put_file(id, file.path)
        link = desk.links.roster(event, id, intake.as_of + ROSTER_LINK_HOLDS)
        linked.append(LinkedFile(file.path.name, size, link))
    return (), tuple(linked)
