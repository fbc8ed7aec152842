"""Who stays where, and what the hotels were sent."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from rollcall.model.email import OutboxEntry
from rollcall.model.event import Event, Hotel
from rollcall.model.intake import RosterVersion
from rollcall.model.registration import ALPHABET, Registration, base32, without_accents


def hotel_key(name: str) -> str:
    """The same for `Hotel Beau-Rivage`, `HÔTEL BEAU RIVAGE` and `Beau Rivage hotel`."""
    words = re.findall(r"\w+", without_accents(name))
    return "".join(word for word in words if word != "hotel") or "".join(words)


@lru_cache(4096)
def hotel_id(name: str) -> str:
    """Of all spellings; in addresses and ids."""
    return base32(hashlib.sha256(hotel_key(name).encode()).digest()[:10])


def is_hotel_id(text: str) -> bool:
    return len(text) == 16 and set(text) <= set(ALPHABET)


def hotel_of(event: Event, answers: Mapping[str, str]) -> str:
    """Its name as the person wrote it, or the event in its first language; empty where it is not known."""
    return event.in_language(event.languages[0]).hotel_of(answers).strip()


def listed_hotel(event: Event, id: str) -> Hotel | None:
    """Of the event file."""
    hotels = event.in_language(event.languages[0]).hotels
    return next((one for one in hotels if hotel_id(one.name) == id), None)


def as_the_hotel_sees(event: Event, registration: Registration) -> tuple[str, ...]:
    """What another list would say otherwise."""
    said = {**registration.answers, "email": registration.email, "category": registration.category}
    return (
        registration.family_name,
        registration.first_name,
        *(said.get(name, "") for name in asked_for_hotel(event)),
    )


def asked_for_hotel(event: Event) -> list[str]:
    """The fields that a hotel is told, beside the names."""
    asked = [one.name for one in event.fields if one.for_hotel or one.name in ("arrival", "departure")]
    return [name for name in asked if name not in ("family_name", "first_name")]


@dataclass(frozen=True)
class SentList:
    version: int
    entry_id: str
    """Of the outbox entry."""


@dataclass(frozen=True)
class RoomingLists:
    """All of one hotel."""

    hotel: str
    """Its id."""
    versions: tuple[RosterVersion, ...] = ()
    """Their numbers are one after another, from 1."""
    sent: tuple[SentList, ...] = ()
    """The first first."""
    name: str = ""
    """Of the hotel, on the last one."""
    version: object = field(default=None, compare=False)
    """The store's mark of this reading; None: there were none."""

    def with_sent(self, version: RosterVersion, entry: OutboxEntry, name: str) -> "RoomingLists":
        versions = self.versions if version in self.versions else (*self.versions, version)
        return replace(self, name=name, versions=versions, sent=(*self.sent, SentList(version.number, entry.id)))
