"""An event as its file describes it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
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

    def is_over(self, now: datetime) -> bool:
        if isinstance(self.ends, datetime):
            return now > self.ends
        return self.day_of(now) > self.ends

    def day_of(self, when: date | datetime) -> date:
        """On the calendar at the event."""
        return when.astimezone(self.zone).date() if isinstance(when, datetime) else when

    def takes(self, email: str) -> bool:
        """For the smoke test, only an address that nobody can have."""
        return self.slug != SMOKE_TEST.slug or email.endswith(f"@{_SINK}")


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
