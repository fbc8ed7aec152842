"""E-mails with several people in one text, at random: every value says whose it is."""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass

from rollcall.inbound.forms import Found, find_forms
from rollcall.inbound.mime import Parts
from rollcall.model.event import Event

LETTERHEAD, SIGNATURE, SHARED = "7", "8", "9"
"""Whose the values beside the people's are."""
_TITLES = ("mr", "mrs", "ms", "miss")
_CATEGORIES = ("member-state", "sector-member", "associate", "non-member")
_DIVIDERS = (
    *("", "", "\n", "\n", "\n\n", "-----\n", "\n=========\n\n", "\n* * *\n\n", "\n________________\n\n", "{}.\n"),
    *("\n({})\n", "\nParticipant {}:\n", "\nParticipant {}\n\n", "Delegate no. {}:\n", "\n{}) \n"),
    *("\nAnd here is my colleague:\n\n", "\nSecond participant\n", "\nThe next one.\n\n", "-- \n"),
)
_WHOSE = re.compile(r"(\d)(?=z|\b)")


@dataclass(frozen=True)
class SeveralPeople:
    text: str
    families: tuple[str, ...]


def several_people(event: Event, seed: int) -> SeveralPeople:
    dice = random.Random(seed)
    labels = {field.name: field.label for field in event.fields}
    shared = dice.sample(("category", "organization", "address"), dice.randint(1, 3)) if dice.random() < 0.3 else []
    order = [name for name in labels if name not in shared]
    order = dice.choice((order, order, order, dice.sample(order, len(order))))
    separator, between = dice.choice((": ", ": ", "\t", ":\n", " ..... ")), dice.choice(("\n", "\n", "\n\n"))
    divider = dice.choice(_DIVIDERS)
    numbers = range(1, dice.randint(2, 4) + 1)

    def written(values: Mapping[str, str]) -> str:
        return between.join(f"{labels[name]}{separator}{value}" for name, value in values.items()) + between

    pieces = []
    for number in numbers:
        asked = [name for name in order if name == "family_name" or dice.random() < 0.85]
        values = _values(str(number), number - 1)
        blank = {name for name in asked if name != "family_name" and dice.random() < 0.07}
        pieces.append(written({name: "" if name in blank else values[name] for name in asked}))
    whole = [divider.format(number) + piece for number, piece in zip(numbers, pieces, strict=True)]
    if divider.strip() == "" or dice.random() < 0.5:
        whole[0] = pieces[0]
    above = written({name: _values(SHARED, 3)[name] for name in shared}) + dice.choice(("", "\n")) if shared else ""
    text = _letterhead(dice) + above + "".join(whole) + _signature(dice)
    return SeveralPeople(text, tuple(f"Family{number}z" for number in numbers))


def _values(whose: str, place: int) -> dict[str, str]:
    return {
        "title": _TITLES[place],
        "category": _CATEGORIES[place],
        "family_name": f"Family{whose}z",
        "first_name": f"First{whose}z",
        "organization": f"Organization{whose}z",
        "address": f"Street{whose}z\nTown{whose}z",
        "tel": f"+{whose * 3} {whose * 6}",
        "fax": f"+{whose * 3} {whose * 5}",
        "email": f"person{whose}z@x.example",
        "hotel": f"Hotel{whose}z",
        "hotel_tel": f"+{whose * 2} {whose * 6}",
        "signed_on": f"2004-02-0{whose}",
        "signature": f"First{whose}z Family{whose}z",
    }


def _letterhead(dice: random.Random) -> str:
    values = _values(LETTERHEAD, 0)
    lines = [f"Fax: {values['fax']}", f"E-mail: {values['email']}", f"Organization: {values['organization']}"]
    block = "\n".join([f"Tel: {values['tel']}", *dice.sample(lines, dice.randint(0, 3))])
    below = dice.choice(("\n\n", "\n\nDear Sirs,\n\n", "\n-----\n"))
    return dice.choice(("", "", "", "Dear Sirs,\n\nplease register us.\n\n", block + below))


def _signature(dice: random.Random) -> str:
    values = _values(SIGNATURE, 0)
    lines = [f"Tel: {values['tel']}", f"Fax: {values['fax']}", f"E-mail: {values['email']}"]
    block = "\n".join(dice.sample(lines, dice.randint(1, 3)))
    above = ("\nBest regards\nPat\n", "\n-- \nPat\n", "\nPat Sec, assistant\n", "\nPat Sec, assistant\n\n", "\n")
    return dice.choice(("", "", dice.choice(above) + block + "\n"))


def found_in(event: Event, people: SeveralPeople) -> Found:
    return find_forms(event, Parts(plain=(people.text,)))


def mixed(people: SeveralPeople, found: Found) -> list[str]:
    """The forms without a doubt that have another's answers, and the people in no form."""
    wrong = []
    for form in found.forms:
        family = form.answers.get("family_name", "")
        whose = set(_WHOSE.findall(family))
        others = {name: text for name, text in form.answers.items() if not _is_of(name, text, whose)}
        if others and not form.doubts:
            wrong.append(f"{family}: {others}")
    seen = {form.answers.get("family_name") for form in found.forms}
    lost = (family for family in people.families if family not in seen and family not in found.letter)
    return wrong + [f"{family} is lost" for family in lost]


def _is_of(name: str, text: str, whose: set[str]) -> bool:
    if name == "title":
        return text in _TITLES and {str(_TITLES.index(text) + 1)} == whose
    if name == "category":
        return text == _CATEGORIES[3] or (text in _CATEGORIES and {str(_CATEGORIES.index(text) + 1)} == whose)
    owners = set(_WHOSE.findall(text[-1:] if name in ("tel", "fax", "hotel_tel", "signed_on") else text))
    return owners <= (whose | {SHARED} if name in ("organization", "address") else whose)
