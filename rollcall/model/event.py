"""An event as its file describes it."""

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from rollcall.model.form import ANOTHER_HOTEL, HOTEL_NAME, Choice, FormField
from rollcall.model.programme import NO_PROGRAMME, CallForContributions, Programme
from rollcall.model.registration import base32, normalized_address
from rollcall.model.staff import Receives, Role, StaffMember

KEEP_DAYS = 365
"""After the event, where its file does not say: a year in which people ask for a letter of attendance."""


@dataclass(frozen=True)
class Venue:
    """`country` is ISO 3166-1 alpha-2."""

    building: str
    address: tuple[str, ...]
    country: str
    room: str | None = None
    tel: str | None = None
    fax: str | None = None
    email: str | None = None
    website: str | None = None
    directions: str | None = None
    """How to get there."""

    @property
    def inside(self) -> str:
        return ", ".join(filter(None, (self.room, self.building)))


@dataclass(frozen=True)
class Online:
    """Told in the confirmation alone."""

    url: str
    text: str | None = None


@dataclass(frozen=True)
class Contact:
    name: str
    organization: str
    tel: str
    fax: str | None
    email: str


@dataclass(frozen=True)
class Hotel:
    name: str
    tel: str | None = None
    address: str | None = None
    website: str | None = None
    rates: str | None = None
    block_code: str | None = None
    """What to say when booking."""
    book_by: date | None = None
    email: str | None = None
    """Where rooming lists go."""


@dataclass(frozen=True)
class Privacy:
    """`responsible`: for what becomes of personal data, as people are told; None: the organizer."""

    text: str | None = None
    link: str | None = None
    responsible: str | None = None
    keep_days: int = KEEP_DAYS
    """After the event, by when all that names a person is deleted."""


@dataclass(frozen=True)
class Logo:
    name: str
    """In its address: changes with its content."""
    type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Look:
    colour: str | None = None
    """`#0b5394`."""
    logo: Logo | None = None


@dataclass(frozen=True)
class Event:
    """`starts` and `ends` are both dates (the last one included) or both instants. `opens_at` and `closes_at` are
    announced; the store's `Intake` is the truth."""

    slug: str
    title: str
    reference: str | None
    """Of the letter that invites."""
    organizer: str
    website: str | None
    zone: ZoneInfo
    starts: date | datetime
    ends: date | datetime
    opens_at: datetime
    closes_at: datetime
    venue: Venue | None
    """None where the event is online alone."""
    contact: Contact
    staff: tuple[StaffMember, ...]
    fields: tuple[FormField, ...]
    """Of its form, top to bottom."""
    origins: tuple[str, ...]
    """Pages elsewhere that may post the form: `https://www.example.org`."""
    hotels: tuple[Hotel, ...]
    bring: tuple[str, ...]
    expected: int = 300
    """Registrations."""
    changes_until: datetime | None = None
    """None: until the deadline."""
    online: Online | None = None
    privacy: Privacy = Privacy()
    look: Look = Look()
    language: str = "en"
    """Of the words that stand here (BCP 47)."""
    languages: tuple[str, ...] = ("en",)
    """In which people can register; the first is that of those who say nothing else."""
    staff_language: str = "en"
    programme: Programme = NO_PROGRAMME
    """As the file says it: in this language alone."""
    contributions: CallForContributions | None = None
    """None: none are asked for."""
    staff_may_leave_out: tuple[str, ...] = ()
    """Fields that must be answered, but where the staff enter a form."""
    folder: str = field(default="", repr=False, compare=False)
    """Where its file is, and the documents beside it."""
    translated: Callable[[str], "Event"] | None = field(default=None, repr=False, compare=False)
    """The event file, read in another language."""

    def in_language(self, code: str) -> "Event":
        """The same event in the words of this language; unchanged where nobody offers that."""
        known = code in (*self.languages, self.staff_language, *(one.language for one in self.staff))
        return self.translated(code) if known and self.translated and code != self.language else self

    def for_member(self, member: StaffMember | None) -> "Event":
        """In the language of this one of the staff."""
        return self.in_language((member and member.language) or self.staff_language)

    def member(self, address: str) -> StaffMember | None:
        """Of the staff."""
        known = normalized_address(address)
        return next((one for one in self.staff if normalized_address(one.address) == known), None)

    def told(self, what: Receives) -> tuple[str, ...]:
        """The addresses to which these e-mails go."""
        return tuple(one.address for one in self.staff if what in one.receives)

    @property
    def staff_addresses(self) -> tuple[str, ...]:
        return tuple(one.address for one in self.staff)

    @property
    def secretariat(self) -> str:
        """The address to which people write: of the first who can do something about it."""
        return next(one.address for one in self.staff if one.role is Role.EDITOR)

    def as_staff_ask(self) -> "Event":
        """What they may leave out is optional; no browser fills in the data of whoever types."""
        left_out = self.staff_may_leave_out
        fields = (
            replace(one, required=False, required_if=None) if one.name in left_out else one for one in self.fields
        )
        return replace(self, fields=tuple(replace(one, autocomplete="") for one in fields))

    def field(self, name: str) -> FormField | None:
        return next((field for field in self.fields if field.name == name), None)

    def __hash__(self) -> int:
        return hash((self.slug, self.language))  # schemas are cached by it: hashing all costs more than they save

    @cached_property
    def form_version(self) -> str:
        """The same for the same fields, in whatever language they were read."""
        fields = self.in_language(self.languages[0]).fields
        return base32(hashlib.sha256(repr(fields).encode()).digest()[:5])

    @property
    def asks_only_some(self) -> bool:
        return any(field.only_if for field in self.fields)

    @property
    def categories(self) -> tuple[Choice, ...]:
        """Whom people represent; none where the form does not ask."""
        field = self.field("category")
        return field.choices if field else ()

    def hotel_of(self, answers: Mapping[str, str]) -> str:
        """The name, chosen or written; empty where it is not known yet."""
        hotel = answers.get("hotel", "")
        if (field := self.field("hotel")) is None or not field.choices:
            return hotel
        listed = {choice.code: choice.label for choice in field.choices if choice.code != ANOTHER_HOTEL}
        return listed.get(hotel) or answers.get(HOTEL_NAME, "")

    @property
    def has_pages(self) -> bool:
        """Of its own here, at `/events/<slug>/`."""
        return self.website is None and self.slug != SMOKE_TEST.slug

    @property
    def emails_an_hour(self) -> int:
        """To all registrants together: though everybody registers within an hour, each has a confirmation, and as many
        replies and notices go out."""
        return 2 * self.expected

    @cached_property
    def over_at(self) -> datetime:
        return self.ends if isinstance(self.ends, datetime) else end_of(self.ends, self.zone)

    @property
    def last_day_kept(self) -> date:
        """At its end what names people goes."""
        return self.day_of(self.over_at - timedelta(microseconds=1)) + timedelta(days=self.privacy.keep_days)

    @cached_property
    def keep_until(self) -> datetime:
        return end_of(self.last_day_kept, self.zone)

    @property
    def responsible(self) -> str:
        """For personal data (the controller, GDPR, Article 4(7))."""
        return self.privacy.responsible or self.organizer

    def changes_end(self, closes_at: datetime) -> datetime:
        """Until when registrants may change their registrations; `closes_at` is the deadline as it now stands."""
        return self.changes_until or closes_at

    def is_over(self, now: datetime) -> bool:
        return now > self.over_at

    def day_of(self, when: date | datetime) -> date:
        """On the calendar at the event."""
        return when.astimezone(self.zone).date() if isinstance(when, datetime) else when

    def day_ended_at(self, instant: datetime) -> date | None:
        """The day whose last instant this is; None where it is within a day."""
        day = self.day_of(instant - timedelta(microseconds=1))
        return day if end_of(day, self.zone) == instant else None

    def takes(self, email: str) -> bool:
        """For the smoke test, only an address that nobody can have."""
        return self.slug != SMOKE_TEST.slug or email.endswith(f"@{_SINK}")


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The day's last instant, and the next day's first. In some zones clocks skip midnight, or repeat it (PEP 495)."""
    midnight = datetime.combine(day + timedelta(days=1), time(), zone)
    first, second = (midnight.replace(fold=fold).astimezone(UTC) for fold in (0, 1))

    def is_over(instant: datetime) -> bool:
        return instant.astimezone(zone).date() > day

    if second < first:  # skipped: the day ends when the clocks go forward
        seconds = range(int((first - second).total_seconds()))
        return second + timedelta(seconds=bisect_left(seconds, True, key=lambda one: is_over(second + one * _SECOND)))
    return first if is_over(second - _SECOND) else second  # repeated, or went back from midnight into the day


_SECOND = timedelta(seconds=1)

_SINK = "sink.sendgrid.net"
"""SendGrid deletes e-mails to this host of its own (https://github.com/sendgrid/docs/pull/2614)."""

SMOKE_TEST = Event(
    slug="smoke-test",
    title="Smoke test",
    reference=None,
    organizer="Rollcall",
    website=None,
    zone=ZoneInfo("UTC"),
    starts=date(9000, 1, 2),
    ends=date(9000, 1, 2),
    opens_at=datetime(1970, 1, 1, tzinfo=UTC),
    closes_at=datetime(9000, 1, 1, tzinfo=UTC),
    venue=None,
    contact=Contact("Rollcall", "Rollcall", "-", None, f"smoke-test@{_SINK}"),
    staff=(StaffMember(f"smoke-test@{_SINK}"),),
    fields=(
        FormField("family_name", "name", "Family name", "", required=True),
        FormField("email", "email", "E-mail", "", required=True),
        FormField("category", "choice", "You represent", "", required=True, choices=(Choice("test", "Test"),)),
    ),
    origins=(),
    hotels=(),
    bring=(),
)
"""Its registrations are deleted at once."""


def smoke_test_address(mark: str) -> str:
    return f"smoke-test-{mark}@{_SINK}"
