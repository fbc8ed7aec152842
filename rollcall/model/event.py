"""An event as its file describes it."""

from dataclasses import dataclass
from datetime import date, datetime
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
    """A workshop. `starts` and `ends` are both dates (the last one included) or both aware instants. `opens_at` and
    `closes_at` are what the file announces; the store's `Intake` is the truth."""

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

    def category_label(self, code: str) -> str:
        """The code where the file no longer names it."""
        return next((c.label for c in self.categories if c.code == code), code)

    def is_over(self, now: datetime) -> bool:
        """A date lasts to its end where the event is."""
        if isinstance(self.ends, datetime):
            return now > self.ends
        return now.astimezone(self.zone).date() > self.ends
