"""What an event asks of those who register."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

ANOTHER_HOTEL = "another"
"""A choice of the field `hotel`, where an event lists hotels."""
HOTEL_NAME = "hotel_name"
"""The field for that one's name."""


def nights(answers: Mapping[str, str]) -> int | None:
    """Between the fields `arrival` and `departure`."""
    arrival, departure = answers.get("arrival"), answers.get("departure")
    if not arrival or not departure:
        return None
    return (date.fromisoformat(departure) - date.fromisoformat(arrival)).days


@dataclass(frozen=True)
class Choice:
    code: str
    """What is stored."""
    label: str
    also: tuple[str, ...] = ()
    """Other words for it in e-mailed forms."""


@dataclass(frozen=True)
class Condition:
    """Holds where another field's answer is one of these: codes of its choices."""

    field: str
    values: tuple[str, ...]

    def holds(self, answers: Mapping[str, str]) -> bool:
        return not set(self.values).isdisjoint(answers.get(self.field, "").split())


@dataclass(frozen=True)
class FormField:
    name: str
    kind: str
    """One of `schemas.kinds`."""
    label: str
    ask: str
    """What is said where it is missing."""
    max_length: int | None = None
    help: str = ""
    autocomplete: str = ""
    """Autofill detail tokens (HTML Standard, 4.10.18.7), for the registrant's own data; never `off`, or Back loses what
    was typed there."""
    also: tuple[str, ...] = ()
    """Other labels in e-mailed forms. A label of two fields holds both."""
    required: bool = False
    """Where it is asked for at all."""
    choices: tuple[Choice, ...] = ()
    required_if: Condition | None = None
    only_if: Condition | None = None
    """Else it is not asked for."""
    least: str | None = None
    most: str | None = None
    """Bounds of a number or a date (ISO 8601), both included."""
    section: str = ""
    """The heading that it begins."""
    for_hotel: bool = field(default=False, repr=False)
    """Its answers stand in the rooming list of the person's hotel. Without it in its text, the form stays the same
    (`Event.form_version`)."""

    def applies(self, answers: Mapping[str, str]) -> bool:
        return self.only_if is None or self.only_if.holds(answers)

    def must_be_answered(self, answers: Mapping[str, str]) -> bool:
        needed = self.required or (self.required_if is not None and self.required_if.holds(answers))
        return needed and self.applies(answers)
