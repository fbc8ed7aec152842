"""A page that asks what is needed, and says what it means, before a button does it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from marshmallow import ValidationError

from handlers.request_body import Form
from handlers.staff.people import Tag
from rollcall.language import language
from rollcall.model.event import Event
from rollcall.model.form import FormField
from schemas.faults import sentences
from schemas.form import faults_of, read_form
from schemas.kinds import Answer


@dataclass(frozen=True)
class ActPage:
    heading: str
    asks: Sequence[Answer]
    values: Mapping[str, str]
    errors: Mapping[str, Sequence[str]]
    back: str
    revision: int
    """What was shown, and must still stand."""
    means: str = ""
    problem: str = ""
    name: str = ""
    reference: str = ""
    tags: Sequence[Tag] = ()
    email: str = ""
    other: tuple[str, str] | None = None
    """Reference and address of the registration that stands in the way."""
    file: str = ""
    """What is said of the file that is asked for; empty where none is."""
    remove: str = ""
    """Address of the button that takes it away."""


@dataclass(frozen=True)
class Filled:
    typed: Mapping[str, str]
    answers: Mapping[str, str]
    errors: Mapping[str, Sequence[str]]


def asking(event: Event, fields: Iterable[FormField]) -> Event:
    """These alone, in its language."""
    spoken = language(event.language)

    def said(text: str) -> str:
        return spoken.gettext(text) if text else ""

    return replace(
        event,
        fields=tuple(replace(one, label=said(one.label), ask=said(one.ask), help=said(one.help)) for one in fields),
    )


def filled_in(event: Event, fields: Sequence[FormField], form: Form) -> Filled:
    asked = asking(event, fields)
    typed = {name: text for name, text in form.typed.items() if asked.field(name)}
    try:
        read = read_form(asked, typed, form.faults)
    except ValidationError as error:
        return Filled(typed, {}, sentences(asked, faults_of(error)))
    answers = {**read.answers, "email": read.email}
    return Filled(typed, {one.name: answers.get(one.name, "") for one in fields}, {})
