"""How a registration is found: what is indexed of it, and what the staff type.

A database finds it by one of its terms. A word is indexed by a few of its beginnings, so that few entries serve many;
whoever asks checks on what was read whether it begins as was typed.
"""

import re
from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from rollcall.model.registration import (
    Registered,
    Registration,
    is_reference,
    normalized_address,
    reference,
    without_accents,
)

BEGINNINGS = (2, 3, 4, 6, 9)
"""Characters; and the whole word."""
LONGEST = 24
MOST_WORDS = 60
"""Of one registration. Names come first, the organization last."""
EVERYONE = "=everyone"
"""A term of every registration."""
STATUS, LANGUAGE, RECEIVED = "=status", "=language", "=received"
"""Names of facets. No field of a form begins so."""
ADMITTED = "admitted"
"""Beside the status."""
_SHORTER = {length: [one for one in BEGINNINGS if one < length] for length in range(LONGEST + 1)}
_WORD = re.compile(r"[^\W_]+")
_REFERENCE_DIGITS = 8
_MISHEARD = str.maketrans("OILU", "011V")
"""Crockford's base 32 has no such letters."""


def name_in_order(person: Registration) -> str:
    """Sorts letters first, then accents, as English and most languages in Latin script do; others by code point."""
    names = person.family_name, person.first_name
    return "\x1f".join((*map(without_accents, names), *names))


def terms(registered: Registered, received_on: date) -> list[str]:
    """What it is found by; `received_on` in UTC."""
    person = registered.registration
    found = [
        EVERYONE,
        facet(STATUS, registered.status.value),
        *([facet(STATUS, ADMITTED)] if registered.admitted else []),
        facet(LANGUAGE, person.language),
        facet(RECEIVED, received_on.isoformat()),
        *(facet(name, code) for name in person.chosen for code in codes(person, name)),
        *(f"~{sound(word)}" for word in names(person)),
        *(term for word in words_of(registered) for term in _beginnings(word)),
    ]
    return list(dict.fromkeys(found))


def facet(name: str, code: str) -> str:
    """The term of an answer."""
    return f"{name}={code}"


def codes(person: Registration, name: str) -> list[str]:
    """Which choices of this field were chosen."""
    return (person.category if name == "category" else person.answers.get(name, "")).split()


def words(text: str) -> list[str]:
    return [word[:LONGEST] for word in _WORD.findall(without_accents(text))]


def words_of(registered: Registered) -> list[str]:
    person = registered.registration
    address, organization = normalized_address(person.email), person.answers.get("organization", "")
    said = (*names(person), *_of_reference(registered.id), *words(address), *words(organization))
    return list(dict.fromkeys(said))[:MOST_WORDS]


def names(person: Registration) -> list[str]:
    return [*words(person.family_name), *words(person.first_name)]


def typed(text: str) -> tuple[str, ...]:
    """The words that somebody looks for."""
    if said := reference_in(text):
        return (said.replace("-", "")[:_REFERENCE_DIGITS].lower(),)
    return tuple(dict.fromkeys(words(text)))


def reference_in(text: str) -> str | None:
    """As we write it; it may be written with blanks, or as it was heard."""
    digits = re.sub(r"[\s-]", "", text).upper().translate(_MISHEARD)
    return reference(digits) if len(digits) == _REFERENCE_DIGITS + 1 and is_reference(digits) else None


def term_for(word: str) -> str | None:
    """The longest that every word has which begins so; None where that is no help."""
    if len(word) == 1:
        return None if word.isascii() else word
    return word[: max(length for length in BEGINNINGS if length <= len(word))]


def matches(registered: Registered, sought: Iterable[str]) -> bool:
    """Whether each begins one of its words."""
    there = words_of(registered)
    return all(any(word.startswith(one) for word in there) for one in sought)


def sounds_like(registered: Registered, sought: Iterable[str]) -> bool:
    """Whether each begins one of its words, or sounds as one of its names."""
    there, heard = words_of(registered), {sound(word) for word in names(registered.registration)}
    return all(sound(one) in heard or any(word.startswith(one) for word in there) for one in sought)


@lru_cache(maxsize=4096)
def sound(word: str) -> str:
    """The same for names that are heard alike: Diallo and Dialo, Müller and Mueller, Mohamed and Muhammad. Another
    script is left as it is."""
    if not word.isascii():
        return word
    for written, heard in _HEARD:
        word = word.replace(written, heard)
    once = _TWICE.sub(r"\1", word.translate(_ALIKE))
    first = "a" if once[0] in _VOWELS else once[0]
    return first + "".join(letter for letter in once[1:] if letter not in _VOWELS)


_HEARD = (("sch", "s"), ("sh", "s"), ("ch", "k"), ("ck", "k"), ("ph", "f"), ("th", "t"), ("dt", "t"), ("x", "ks"))
_ALIKE = str.maketrans("bdgcqzvw", "ptkkksff")
_VOWELS = "aeiouhy"
_TWICE = re.compile(r"(.)\1+")


def _beginnings(word: str) -> list[str]:
    """In scripts without blanks a first character says much."""
    begun = [word[:length] for length in _SHORTER[len(word)]]
    return [word, *begun] if word.isascii() else [word, word[0], *begun]


def _of_reference(id: str) -> list[str]:
    """Without its check character, which says nothing more."""
    digits = id[:_REFERENCE_DIGITS].lower()
    return [digits, digits[3:6]] if len(digits) == _REFERENCE_DIGITS else [digits]
