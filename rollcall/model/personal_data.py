"""Personal data: what is held of a person, how long, who of the staff looked at it, and its erasure."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from rollcall.model.contribution import Contribution, ContributionChange
from rollcall.model.email import OutboxEntry
from rollcall.model.inbound import Doubt, FormStatus, InboundEmail, InboundForm
from rollcall.model.invitation import Invitation
from rollcall.model.registration import (
    ConflictingForm,
    QuarantinedForm,
    Registered,
    Revision,
    normalized,
    normalized_address,
)
from rollcall.model.review import DifferingForm, ItemId, ItemKind
from rollcall.model.staff import AuditEntry

ACCESSES_KEPT = timedelta(days=90)
MOST_HELD = 2000
"""Of a kind of document, of one person: what is more is not given out, and an erasure begins again for it."""
WARNED_BEFORE = timedelta(days=30)
"""The staff, that an event's personal data is deleted."""
LONGEST_ANSWER = 1000
"""Characters, of what the staff write to a person whose request they refuse."""


class Ground(StrEnum):
    """Why data is erased (GDPR, Article 17(1)). Codes alone, so that no reason names the person."""

    ASKED = "asked"
    """The person asks, or withdraws consent."""
    OBJECTS = "objects"
    NOT_NEEDED = "not_needed"
    NOT_THEIRS = "not_theirs"
    """Somebody registered them without right, or by mistake."""
    OBLIGED = "obliged"


class ErasureStatus(StrEnum):
    ASKED = "asked"
    """By the person; the staff decide."""
    TAKEN_BACK = "taken_back"
    REFUSED = "refused"
    DUE = "due"
    """Decided: the person is told, then everything goes."""
    ERASED = "erased"


@dataclass(frozen=True)
class Erasure:
    """Of one person at one event; kept when nothing else is. Says nothing of the person."""

    registration_id: str
    event: str
    status: ErasureStatus
    asked_at: datetime | None = None
    """By the person, by their own link; None: the staff began it."""
    ground: Ground | None = None
    decided_by: str = ""
    """Address of one of the staff; empty once `Event.keep_until` is past."""
    decided_at: datetime | None = None
    answer: str = ""
    """To the person, of the last refusal, until it is decided otherwise."""
    refusals: int = 0
    due_at: datetime | None = None
    """When to go on erasing; None: not, or no more."""
    erased_at: datetime | None = None
    erased: Mapping[str, int] = field(default_factory=dict)
    """How many of each kind (`Held.counts`)."""
    doubles: Sequence[str] = ()
    """Ids of the registrations that were erased with it."""
    listed: Mapping[str, int] = field(default_factory=dict)
    """How many of all these are on each version of the roster or of a rooming list, by its name."""
    version: object = field(default=None, compare=False)

    @property
    def ids(self) -> tuple[str, ...]:
        return self.registration_id, *self.doubles


def answer_by(asked: date) -> date:
    """A month later (GDPR, Article 12(3)); its last day where it has no such day."""
    year, month = asked.year + asked.month // 12, asked.month % 12 + 1
    return date(year, month, min(asked.day, monthrange(year, month)[1]))


class Opened(StrEnum):
    PERSON = "person"
    """The page of a registration, or one below it."""
    SCAN = "scan"
    REVIEW = "review"
    CONTRIBUTION = "contribution"
    PERSONAL_DATA = "personal_data"
    EXPORT = "export"
    """A file of registrations. Of everybody in it."""
    ROSTER = "roster"
    ROOMING_LIST = "rooming_list"


@dataclass(frozen=True)
class Access:
    """Kept for `ACCESSES_KEPT`."""

    id: str
    event: str
    by: str
    at: datetime
    what: Opened
    registration_id: str = ""
    """Empty where it was of many people, or of nobody registered."""
    about: str = ""
    """Id of what else it was; no personal data."""


@dataclass(frozen=True)
class Person:
    """By what a person is known in the documents of one event."""

    event: str
    ids: frozenset[str]
    """Of the registration, and of its doubles."""
    keys: frozenset[str]
    """`person_key` of every name and address that these had."""
    names: frozenset[str]
    """Normalized, family and first."""
    addresses: frozenset[str]
    """Normalized: that these had, and nobody else of the event has."""
    shared: frozenset[str]
    """Normalized: others have or had them too, or nobody knows that the mailbox was this person's; so what has only
    these is not certainly theirs."""

    def is_of(self, form: InboundForm) -> bool:
        if _says_nobody(form):
            said = {normalized(form.answers.get(name, "")) for name in ("family_name", "first_name")}
            is_named = said <= {"", *self.names}
            return is_named and normalized_address(form.answers.get("email", "@")) in self.addresses
        return form.registration_id in self.ids or form.person in self.keys

    def is_sender_of(self, inbound: InboundEmail) -> bool:
        return bool(inbound.sender) and normalized_address(inbound.sender) in self.addresses

    def is_alone_in(self, inbound: InboundEmail) -> bool:
        """Nobody else is in it. A single form that does not say whose it is, is its sender's."""
        if not inbound.forms or (len(inbound.forms) == 1 and _says_nobody(inbound.forms[0])):
            return self.is_sender_of(inbound)
        return all(map(self.is_of, inbound.forms))


@dataclass(frozen=True)
class HeldRegistration:
    registered: Registered
    history: Sequence[Revision]
    conflict: ConflictingForm | None
    differing: Sequence[DifferingForm]
    audit: Sequence[AuditEntry]
    accesses: Sequence[Access]


@dataclass(frozen=True)
class HeldContribution:
    contribution: Contribution
    history: Sequence[ContributionChange]
    audit: Sequence[AuditEntry]


@dataclass(frozen=True)
class Held:
    """All that is held of a person at one event: what an export gives out is what an erasure takes."""

    person: Person
    registrations: Sequence[HeldRegistration]
    """The one that counts first, then its doubles."""
    quarantined: Sequence[QuarantinedForm]
    emails: Sequence[OutboxEntry]
    """To the person, or about the registration."""
    inbound: Sequence[InboundEmail]
    """Sent by the person, or with a form of theirs; it may have other people's too."""
    contributions: Sequence[HeldContribution]
    invitations: Sequence[Invitation]
    erasure: Erasure | None = None

    @property
    def counts(self) -> dict[str, int]:
        """How many of each kind, without those of which there are none."""
        counted = {
            "registrations": len(self.registrations),
            "revisions": sum(len(one.history) for one in self.registrations),
            "forms": sum(len(one.differing) + (one.conflict is not None) for one in self.registrations)
            + len(self.quarantined),
            "emails": len(self.emails),
            "inbound": len(self.inbound),
            "contributions": len(self.contributions),
            "invitations": len(self.invitations),
        }
        return {kind: count for kind, count in counted.items() if count}

    @property
    def is_cut(self) -> bool:
        """There may be more."""
        return max(len(self.emails), len(self.inbound), len(self.contributions)) >= MOST_HELD


@dataclass(frozen=True)
class Left:
    """What stays, without the person, of documents in which others are too."""

    inbound: Sequence[InboundEmail] = ()
    contributions: Sequence[Contribution] = ()
    """Those that are published."""
    audit: Sequence[AuditEntry] = ()


def without(held: Held, inbound: InboundEmail) -> InboundEmail | None:
    """What stays of an e-mail that has others' forms or papers too; None: nothing. Its own words may be about anybody
    in it."""
    person, theirs = held.person, {one.contribution.id for one in held.contributions}
    forms = [InboundForm(FormStatus.ERASED) if person.is_of(one) else _without_rows(one) for one in inbound.forms]
    papers = [one for one in inbound.papers if one.contribution_id not in theirs]
    if person.is_sender_of(inbound):
        papers, inbound = [], replace(inbound, sender="", message_id="", references=())
    if not papers and (person.is_alone_in(inbound) or all(one.status is FormStatus.ERASED for one in forms)):
        return None
    said = replace(inbound, subject="", text="", sender_name="", not_read=())
    return replace(said, forms=tuple(forms), papers=tuple(papers))


def _without_rows(form: InboundForm) -> InboundForm:
    """Those that nobody could read, as they were written: anybody's."""
    return replace(form, doubts={doubt: () if doubt is Doubt.ROW_NOT_READ else of for doubt, of in form.doubts.items()})


def review_items(held: Held) -> list[ItemId]:
    """That are about the person alone."""
    ids = sorted(held.person.ids)
    return [
        *(ItemId(ItemKind.DIFFERING, id) for id in ids),
        *(ItemId(ItemKind.DOUBLES, f"{one}-{other}") for one in ids for other in ids if one < other),
        *(ItemId(ItemKind.QUARANTINED, one.item) for one in held.quarantined if one.item),
        *(ItemId(ItemKind.INBOUND, one.id) for one in held.inbound),
        *(ItemId(ItemKind.UNDELIVERED, one.id) for one in held.emails),
    ]


def skeleton(entry: AuditEntry) -> AuditEntry:
    """Who did what, and when. The id of an e-mail may have been made of its address."""
    about = "" if entry.about.startswith(f"{ItemKind.UNDELIVERED}-") else entry.about
    return replace(entry, about=about, reason="", before={}, after={})


class Kept(StrEnum):
    """A kind of document of an event that goes after `Event.keep_until`, in this order: registrations last, since what
    else there is may be found by them."""

    OUTBOX = "outbox"
    INBOUND = "inbound"
    QUARANTINE = "quarantine"
    CONFLICTS = "conflicts"
    DIFFERING = "differing"
    REVIEW = "review"
    INVITATIONS = "invitations"
    ANNOUNCEMENTS = "announcements"
    HOTELS = "hotels"
    CONTRIBUTIONS = "contributions"
    IDEMPOTENCY = "idempotency"
    ACCESSES = "accesses"
    ERASURES = "erasures"
    """Those that are done keep id, day and counts."""
    AUDIT = "audit"
    """Keeps who did what to which id as: one of the staff did this, then."""
    PROGRAMME = "programme"
    """Stays, without who of the staff changed it."""
    ROSTERS = "rosters"
    PEOPLE = "people"
    REGISTRATIONS = "registrations"


@dataclass(frozen=True)
class Tally:
    """What is left of an event's registrations: how many, and of nobody who."""

    registered: int = 0
    """On the roster."""
    withdrawn: int = 0
    late: int = 0
    """Not admitted."""
    contributions: int = 0
    by_category: Mapping[str, int] = field(default_factory=dict)
    """By code, of those on the roster."""
    by_country: Mapping[str, int] = field(default_factory=dict)
    """By ISO 3166-1 alpha-2."""


@dataclass(frozen=True)
class Retention:
    """Of an event, also when its file is gone. Written anew where the file says something else."""

    event: str
    keep_until: datetime
    looks_at: datetime
    """When to delete, or to go on, or to look what came in since."""
    tally: Tally | None = None
    """Once anything is deleted."""
    last_deleted_at: datetime | None = None
    """None: not yet, or not all."""
    version: object = field(default=None, compare=False)

    @property
    def is_deleted(self) -> bool:
        """Or being deleted: nothing of people is shown any more."""
        return self.tally is not None


def _says_nobody(form: InboundForm) -> bool:
    return form.registration_id is None and form.person is None
