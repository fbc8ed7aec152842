"""A registration, whose it is, and the reference the person quotes."""

import base64
import hashlib
import re
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Literal, NamedTuple

UNDER_WAY = timedelta(hours=1)
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U, so nothing in it is misheard or misread."""

_CROCKFORD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", ALPHABET)
_REFERENCE_DIGITS = 8
_LONGEST_ID = 100
_ID_BYTES = 15  # 120 bits are 24 base 32 digits, without padding
_HAN_OR_HANGUL = re.compile("[々㐀-鿿가-힣\U00020000-\U0003ffff]+")
_EAST_ASIAN = re.compile(f"(?:{_HAN_OR_HANGUL.pattern[:-1]}|[ぁ-ヿ])+")
_MOST_MARKS = re.compile(r"[^\w\0-\x7f\u034f]{30}(?!\u034f)")


@dataclass(frozen=True)
class IdempotencyKey:
    id: str
    until: datetime
    """The store may delete it then."""


@dataclass(frozen=True)
class KeyUse:
    """What the first form under an `Idempotency-Key` found, or made."""

    registration_id: str
    is_duplicate: bool


@dataclass(frozen=True)
class Registration:
    """A form that passed the checks. Two of one person are equal if they say the same."""

    family_name: str = field(compare=False)
    first_name: str = field(compare=False)
    email: str = field(compare=False)
    category: str
    answers: Mapping[str, str]
    """As written, by field name; empty ones are absent."""
    signed_on: date | None = field(compare=False, default=None)
    """None: the day it was received."""
    language: str = field(compare=False, default="en")
    """BCP 47."""
    chosen: Mapping[str, str] = field(compare=False, default_factory=dict)
    """What was chosen, in the words of that day, by field name: a choice may be gone from the form."""
    form_version: str = field(compare=False, default="")
    """Of the form that was filled in: `Event.form_version`."""

    @property
    def full_name(self) -> str:
        return full_name(self.first_name, self.family_name)

    @property
    def addressed_as(self) -> str:
        """An event's own titles may be no form of address, as “None”; those are that are shortened, as “Dr.”."""
        title = self.chosen.get("title", "") if self.answers.get("title") else ""
        return f"{title} {self.family_name}" if title.endswith(".") or title == "Miss" else self.full_name


def full_name(first_name: str, family_name: str) -> str:
    if _HAN_OR_HANGUL.fullmatch(family_name) and _EAST_ASIAN.fullmatch(first_name):
        return f"{family_name}{first_name}"
    return f"{first_name} {family_name}".strip()


class RegistrationStatus(StrEnum):
    REGISTERED = "registered"
    WITHDRAWN = "withdrawn"


class Source(StrEnum):
    """From what the staff entered a form."""

    TELEPHONE = "telephone"
    FAX = "fax"
    PAPER = "paper"


@dataclass(frozen=True)
class Entered:
    source: Source
    note: str = ""
    """What the person said beyond the form."""
    scan: str = ""


@dataclass(frozen=True)
class Registered:
    id: str
    registration: Registration
    received_at: datetime
    """The commit time."""
    arrived_at: datetime | None = None
    """When SendGrid received its e-mail; None for a page or a program."""
    status: RegistrationStatus = RegistrationStatus.REGISTERED
    revision: int = 1
    confirmed: int = 1
    """The revision that the last confirmation is about."""
    until: datetime | None = None
    """A commit after this did not make this revision, whatever is stored."""
    new_email: str = ""
    """To take the place of `registration.email` once somebody there confirms it."""
    link: int = 0
    """Links to it of a lower number have been ended."""
    admitted: bool | None = None
    """By the staff, though late; False once they took that back."""
    double_of: str = ""
    """Id of the same person's other registration, for which this one was withdrawn."""
    entered: Entered | None = None
    inbound_id: str = ""
    changed_at: datetime | None = field(default=None, compare=False)
    """The commit time of this revision."""
    version: object = field(default=None, compare=False)

    @property
    def reference(self) -> str:
        return reference(self.id)

    @property
    def is_withdrawn(self) -> bool:
        return self.status is RegistrationStatus.WITHDRAWN

    @property
    def is_as_sent(self) -> bool:
        """Whoever sent the form may be somebody else than who changed it since."""
        return self.revision == 1

    @property
    def came_too_late(self) -> bool:
        """This revision: it is to be taken back."""
        return _came_too_late(self.changed_at, self.until)


class Outline(NamedTuple):
    """Of a registration: what is counted, without what it says of a person."""

    id: str
    received_at: datetime
    category: str
    language: str
    answers: Mapping[str, str]
    status: RegistrationStatus
    revision: int
    confirmed: int
    until: datetime | None
    admitted: bool | None
    changed_at: datetime

    @property
    def is_withdrawn(self) -> bool:
        return self.status is RegistrationStatus.WITHDRAWN

    @property
    def came_too_late(self) -> bool:
        return _came_too_late(self.changed_at, self.until)


class Actor(StrEnum):
    REGISTRANT = "registrant"
    STAFF = "staff"
    ROLLCALL = "rollcall"


class Way(StrEnum):
    LINK = "link"
    FORM = "form"
    """Sent again by somebody who had withdrawn."""
    EMAIL = "email"
    COMMAND = "command"
    DESK = "desk"
    STORE = "store"
    """By the store's clock: it came too late."""


class Why(StrEnum):
    CHANGED = "changed"
    WITHDRAWN = "withdrawn"
    NOT_ME = "not_me"
    """Withdrawn by whoever has the mailbox, since somebody else registered with it."""
    BACK = "back"
    ADDRESS_CONFIRMED = "address_confirmed"
    ADDRESS_KEPT = "address_kept"
    ADDRESS_CORRECTED = "address_corrected"
    """By the staff: it counts at once."""
    RESENT = "resent"
    """Only the confirmation, which is then the one that did or did not arrive."""
    LINKS_ENDED = "links_ended"
    ADMITTED = "admitted"
    NOT_ADMITTED = "not_admitted"
    DOUBLE = "double"
    """Withdrawn, since the person has another registration."""
    ONE_OF_TWO = "one_of_two"
    """That other one, which counts."""
    TOO_LATE = "too_late"


@dataclass(frozen=True)
class Change:
    by: Actor
    way: Way
    why: Why
    inbound_id: str = ""
    """Of the e-mail that asked for it."""
    who: str = ""
    """Address of the one of the staff who made it at the desk."""


Beside = tuple[Registered, Registered, Change]
"""Another registration that changes in the same commit: before, after, why."""


@dataclass(frozen=True)
class Revision:
    change: Change
    before: Registered
    after: Registered

    @property
    def number(self) -> int:
        return self.after.revision


@dataclass(frozen=True)
class ConflictingForm:
    """The last form of a registered person that said something else; it changed nothing."""

    registration: Registration
    until: datetime
    """So long the person may take it over; the store may delete it then."""


class BotSignal(StrEnum):
    HIDDEN_FIELD = "hidden_field"
    TOO_FAST = "too_fast"
    """Sooner than a person could have."""


SHORTEST = timedelta(seconds=3)
"""In which a person fills in a form."""


def bot_signal_in(hidden: str, shown_at: datetime | None, now: datetime) -> BotSignal | None:
    if hidden.strip():
        return BotSignal.HIDDEN_FIELD
    if shown_at is not None and timedelta(0) <= now - shown_at < SHORTEST:
        return BotSignal.TOO_FAST
    return None


@dataclass(frozen=True)
class QuarantinedForm:
    form: Registered
    """Under the `person_key` for an id; `received_at` is when this person's last one came."""
    signal: BotSignal
    waits_since: datetime | None = datetime(1970, 1, 1, tzinfo=UTC)
    """None: one of the staff has set it aside, as a robot's."""
    item: str = field(default="", compare=False)
    """Its id in the review queue, which says nothing about its person; each form has another."""

    @property
    def id(self) -> str:
        return self.form.id


def _came_too_late(changed_at: datetime | None, until: datetime | None) -> bool:
    """No commit is under way for so long as `UNDER_WAY`: one that seems to have been is a restored document's, which
    has a time of its own."""
    late_by = changed_at - until if changed_at and until else timedelta(0)
    return timedelta(0) < late_by < UNDER_WAY


def says_the_same(one: Registration, other: Registration) -> bool:
    """Also of whom, and when it was signed."""
    return one == other and all(
        getattr(one, name) == getattr(other, name) for name in ("family_name", "first_name", "email", "signed_on")
    )


def as_asked(there: Registered) -> Registration:
    """With the e-mail address that waits to be confirmed, if any."""
    return replace(there.registration, email=there.new_email or there.registration.email)


def written(registration: Registration) -> dict[str, str]:
    """Text by field name; choices as codes; empty answers absent."""
    answers = {
        **registration.answers,
        "family_name": registration.family_name,
        "first_name": registration.first_name,
        "email": registration.email,
        "category": registration.category,
        "signed_on": registration.signed_on.isoformat() if registration.signed_on else "",
    }
    return {name: text for name, text in answers.items() if text}


def new_id() -> str:
    """120 random bits as 24 base 32 digits."""
    return base32(secrets.token_bytes(_ID_BYTES))


def may_be_id(text: str) -> bool:
    """Not every text can be an id in a store."""
    return 0 < len(text) <= _LONGEST_ID and set(text) <= set(ALPHABET)


def person_key(registration: Registration) -> str:
    """The same for every form of one person. An e-mail address alone is none: focal points register many from one."""
    person = (
        normalized_address(registration.email),
        normalized(registration.family_name),
        normalized(registration.first_name),
    )
    return base32(hashlib.sha256("\x1f".join(person).encode()).digest()[:_ID_BYTES])


def similarity_key(registration: Registration) -> str:
    """The same for people who may be one: names differ by accents, order, or letters that keyboards swap."""
    names = sorted(map(_skeleton, (registration.family_name, registration.first_name)))
    return "\x1f".join((normalized_address(registration.email), *names))


def similarity_hash(registration: Registration) -> str:
    return base32(hashlib.sha256(similarity_key(registration).encode()).digest()[:_ID_BYTES])


def fold(text: str) -> str:
    """For comparing only: NFKC, casefold, spacing; without joiners and direction marks."""
    if text.isascii():
        return " ".join(text.lower().split())
    folded = normal_form("NFKC", normal_form("NFKC", text).casefold())
    if not folded.isprintable():
        folded = "".join(character for character in folded if unicodedata.category(character) != "Cf")
    return " ".join(folded.split())


def normal_form(form: Literal["NFD", "NFKC", "NFKD"], text: str) -> str:
    """For comparing only, in linear time: with a joiner after 30 marks (Stream-Safe Text Format, UAX #15, 13)."""
    # since Unicode sorts the marks upon a letter one by one
    text = text.replace("\uff9e", "\u3099").replace("\uff9f", "\u309a")  # the two letters that become marks
    return unicodedata.normalize(form, _MOST_MARKS.sub("\\g<0>\u034f", text))


def normalized(name: str) -> str:
    """As `fold`, with apostrophes and hyphens of every kind as one."""
    return fold(name if name.isascii() and "`" not in name else name.translate(_ONE_OF_ITS_KIND))


def without_accents(name: str) -> str:
    """As `normalized`, in base letters only."""
    if name.isascii():
        return normalized(name)
    letters = normal_form("NFKD", normalized(name).translate(_LOOK_ALIKES))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def normalized_address(email: str) -> str:
    """As it is posted, for comparing: as `fold`, the local part unquoted, the domain in its ASCII form (RFC 5890)."""
    local, _, domain = email.rpartition("@")
    if not domain.isascii():
        # lower case, no case folding: ß and ς are letters of their own in a domain name (RFC 5894, 7.2)
        domain = normal_form("NFKC", normal_form("NFKC", domain).lower())
        letters = (letter for letter in domain.replace("。", ".") if unicodedata.category(letter) != "Cf")
        domain = ".".join(map(_ascii_label, "".join(letters).split(".")))
    local = fold(local.strip('"'))
    return f"{local}@{domain.lower().rstrip('.')}"


def same_mailbox(one: str, other: str) -> bool:
    """Whether what is for one may be sent to the other. Providers deliver `ß` and `ss` to two people, who have one
    `normalized_address`."""
    letters = (address.rpartition("@")[0] for address in (one, other))
    same = normalized_address(one) == normalized_address(other)
    return same and (one.rpartition("@")[0] == other.rpartition("@")[0] or all(map(str.isascii, letters)))


def mailbox(email: str) -> str:
    """For limits: without a subaddress (RFC 5233), nor the dots that Gmail leaves out."""
    local, _, domain = normalized_address(email).rpartition("@")
    local = local.partition("+")[0]
    return f"{local.replace('.', '')}@gmail.com" if domain in ("gmail.com", "googlemail.com") else f"{local}@{domain}"


def reference(id: str) -> str:
    """As `7KQ-X93-M4T`: the id's first eight digits and a check character (Luhn's over base 32)."""
    digits = id[:_REFERENCE_DIGITS]
    digits += check_character(digits)
    return "-".join(digits[start : start + 3] for start in range(0, len(digits), 3))


def is_reference(text: str) -> bool:
    digits = text.replace("-", "")
    return set(digits) <= set(ALPHABET) and reference(digits).replace("-", "") == digits


def check_character(digits: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = ALPHABET.index(digit) * (2 if place % 2 == 0 else 1)
        total += value // 32 + value % 32
    return ALPHABET[-total % 32]


def base32(octets: bytes) -> str:
    return base64.b32encode(octets).decode().translate(_CROCKFORD)


def _ascii_label(label: str) -> str:
    # a longer one is no name in DNS, and Punycode's time grows with its square
    return label if label.isascii() or len(label) > 63 else f"xn--{label.encode('punycode').decode()}"


_APOSTROPHES = "`´ʹʻʼʽʾʿˈˊˋ΄՚׳‘’‛′‵ꞌ＇"
_HYPHENS = "־᐀᠆‐‑‒–—―⁃−⸗⸚⸺⸻﹘﹣－"
_ONE_OF_ITS_KIND = {**dict.fromkeys(map(ord, _APOSTROPHES), "'"), **dict.fromkeys(map(ord, _HYPHENS), "-")}
# Latin letters, and Arabic and Persian yeh, kaf and heh, that keyboards lack.
_LOOK_ALIKES = str.maketrans(
    {"ı": "i", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe"}
    | dict.fromkeys("یىې", "ي")
    | {"ک": "ك", "ہ": "ه", "ة": "ه"}
)


def _skeleton(name: str) -> str:
    return "".join(filter(str.isalnum, without_accents(name)))
