"""A registration, who it is of, and the reference the person quotes."""

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from rollcall.model.title import TITLES

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U, so nothing in it is misheard or misread for another."""

_REFERENCE_DIGITS = 8
_ID_BYTES = 15  # 120 bits are 24 base 32 digits: no padding, and no two people in any event meet


@dataclass(frozen=True)
class IdempotencyKey:
    """What a client calls one form that it may send again (an `Idempotency-Key`)."""

    id: str
    until: datetime
    """From then on nobody needs it, and the books may forget it."""


@dataclass(frozen=True)
class Registration:
    """A filled-in form that passed the checks.

    Names and e-mail address say whose it is (`registration_id`), so they take no part in telling two forms of one
    person apart; nor does the day it was signed, nor the E.164 numbers, which are read out of the answers.
    """

    family_name: str = field(compare=False)
    first_name: str = field(compare=False)
    email: str = field(compare=False)
    category: str
    answers: Mapping[str, str]
    """Every other answer as the person wrote it, by field name; a field left empty is absent."""
    e164: Mapping[str, str] = field(compare=False, default_factory=dict)
    """Telephone numbers in E.164, by field name, where they could be understood."""
    signed_on: date | None = field(compare=False, default=None)
    """None where left out: the day it was received."""

    @property
    def full_name(self) -> str:
        """First name, family name; the one name of a person who has one."""
        return f"{self.first_name} {self.family_name}".strip()

    @property
    def addressed_as(self) -> str:
        """How a letter begins: title and family name, where the person gave a title."""
        return f"{TITLES.get(self.answers.get('title', ''), '')} {self.family_name}".strip()


@dataclass(frozen=True)
class Registered:
    """A registration in the books; `received_at` is the store's commit time."""

    id: str
    registration: Registration
    received_at: datetime
    arrived_at: datetime | None = None
    """When SendGrid received the message that it came in; None where it came from a page or a program."""

    @property
    def reference(self) -> str:
        """What the person quotes."""
        return reference(self.id)


class BotSignal(StrEnum):
    """Why a form looks as if no person had filled it in."""

    HIDDEN_FIELD = "hidden-field"
    """A field that people do not see was filled in."""
    TOO_FAST = "too-fast"
    """It was sent sooner than a person could have filled it in."""


@dataclass(frozen=True)
class QuarantinedForm:
    """A form that is kept for the staff: nobody is registered by it."""

    form: Registered
    """As it would be in the books; `received_at` is when the last one of this person was kept."""
    sign: BotSignal

    @property
    def id(self) -> str:
        """The id that its registration would have."""
        return self.form.id


def registration_id(event: str, registration: Registration) -> str:
    """The id of this person's registration for the event with this slug: 24 base 32 digits, the same every time.

    A person is an e-mail address with a family and a first name: focal points register many from one address.
    """
    person = (registration.email, registration.family_name, registration.first_name)
    digest = hashlib.sha256("\x1f".join((event, *map(fold, person))).encode()).digest()
    number = int.from_bytes(digest[:_ID_BYTES], "big")
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range(_ID_BYTES * 8 - 5, -1, -5))


def fold(text: str) -> str:
    """The text with case, width and spacing folded (Unicode NFKC and casefold) and without characters that only shape
    what stands beside them (joiners, direction marks), for comparing only."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join("".join(character for character in folded if unicodedata.category(character) != "Cf").split())


def reference(registration_id: str) -> str:
    """Three groups of three, as `7KQ-X93-M4T`: the id's first eight digits and a check character."""
    digits = registration_id[:_REFERENCE_DIGITS]
    digits += check_character(digits)
    return "-".join(digits[start : start + 3] for start in range(0, len(digits), 3))


def is_reference(text: str) -> bool:
    """Whether the text is a reference that was not misheard or mistyped."""
    digits = text.replace("-", "")
    return (
        len(digits) == _REFERENCE_DIGITS + 1
        and set(digits) <= set(ALPHABET)
        and check_character(digits[:-1]) == digits[-1]
    )


def check_character(digits: str) -> str:
    """Luhn's check over base 32: any one wrong character shows, and nearly any two swapped neighbours."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = ALPHABET.index(digit) * (2 if place % 2 == 0 else 1)
        total += value // 32 + value % 32
    return ALPHABET[-total % 32]
