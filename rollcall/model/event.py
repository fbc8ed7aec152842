"""An event as its file describes it."""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Category:
    code: str
    label: str
    also: tuple[str, ...] = ()
    """Other words for it in e-mailed forms."""


@dataclass(frozen=True)
class Venue:
    """`country` is ISO 3166-1 alpha-2."""

    room: str
    building: str
    address: tuple[str, ...]
    country: str
    tel: str
    fax: str | None
    email: str | None
    website: str | None


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
    tel: str | None
    website: str | None


@dataclass(frozen=True)
class Event:
    """`starts` and `ends` are both dates (the last one included) or both instants. `opens_at` and `closes_at` are
    announced; the store's `Intake` is the truth."""

    slug: str
    title: str
    reference: str
    organizer: str
    website: str | None
    zone: ZoneInfo
    starts: date | datetime
    ends: date | datetime
    opens_at: datetime
    closes_at: datetime
    venue: Venue
    contact: Contact
    staff: tuple[str, ...]
    categories: tuple[Category, ...]
    required: frozenset[str]
    origins: tuple[str, ...]
    """Pages elsewhere that may post the form: `https://www.example.org`."""
    hotels: tuple[Hotel, ...]
    bring: tuple[str, ...]
    expected: int = 300
    """Registrations."""

    @property
    def emails_an_hour(self) -> int:
        """To all registrants together: though everybody registers within an hour, each has a confirmation, and as many
        replies and notices go out."""
        return 2 * self.expected

    @property
    def over_at(self) -> datetime:
        return self.ends if isinstance(self.ends, datetime) else end_of(self.ends, self.zone)

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
    reference="",
    organizer="Rollcall",
    website=None,
    zone=ZoneInfo("UTC"),
    starts=date(9000, 1, 2),
    ends=date(9000, 1, 2),
    opens_at=datetime(1970, 1, 1, tzinfo=UTC),
    closes_at=datetime(9000, 1, 1, tzinfo=UTC),
    venue=Venue("-", "-", ("-",), "CH", "-", None, None, None),
    contact=Contact("Rollcall", "Rollcall", "-", None, f"smoke-test@{_SINK}"),
    staff=(f"smoke-test@{_SINK}",),
    categories=(Category("test", "Test"),),
    required=frozenset({"family_name", "email", "category"}),
    origins=(),
    hotels=(),
    bring=(),
)
"""The only event whose registrations are ever deleted."""


def smoke_test_address(mark: str) -> str:
    return f"smoke-test-{mark}@{_SINK}"
