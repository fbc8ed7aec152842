"""How mails say what was answered on a form."""

import unicodedata
from collections.abc import Mapping, Sequence

from rollcall.model.event import Event
from rollcall.model.fault import Fault
from rollcall.model.registration import Registered
from schemas.faults import sentences
from schemas.form import ValidationError, form_fields, in_labels, read_form, written

NOT_GIVEN = "(not given)"
LONGEST_SHOWN = 2000
"""Characters of a stranger's text that a mail shows, and no more are kept of what a message says; no answer that passes
the checks is longer."""


def details(event: Event, registered: Registered) -> list[tuple[str, str]]:
    """What the person answered, in the form's order: label and text."""
    return labelled(event, written(registered.registration))


def labelled(event: Event, answers: Mapping[str, str]) -> list[tuple[str, str]]:
    """What was understood of a form, whether it is right or not, in the form's order: label and text."""
    said = {name: shown(text) for name, text in in_labels(event, answers).items()}
    return [(field.label, said[field.name]) for field in form_fields(event) if said.get(field.name)]


def differences(event: Event, registered: Registered, answers: Mapping[str, str]) -> list[tuple[str, str]]:
    """What another form of the same person says otherwise, in the form's order: label, and what stands → what came."""
    stands, came = dict(details(event, registered)), dict(labelled(event, _as_registered(event, answers)))
    return [
        (field.label, f"{_in_a_line(stands.get(field.label))} → {_in_a_line(came.get(field.label))}")
        for field in form_fields(event)
        if stands.get(field.label) != came.get(field.label)
    ]


def _as_registered(event: Event, answers: Mapping[str, str]) -> Mapping[str, str]:
    """The answers tidied, as those in the books are; as they came, where the form has since come to ask for more."""
    try:
        return written(read_form(event, answers))
    except ValidationError:
        return answers


def _in_a_line(answer: str | None) -> str:
    return ", ".join(answer.splitlines()) if answer else NOT_GIVEN


def faults(event: Event, found: Mapping[str, Sequence[Fault]]) -> list[tuple[str, str]]:
    """What is missing or wrong, in the form's order: label and sentences; a name that the form has not comes last."""
    labels = {field.name: field.label for field in form_fields(event)}
    order = {name: place for place, name in enumerate(labels)}
    said = sentences(event, found)
    names = sorted(said, key=lambda name: order.get(name, len(order)))
    return [(labels.get(name, shown(name)), " ".join(said[name])) for name in names]


def name_of(answers: Mapping[str, str]) -> str:
    """Whose form it is, as far as that was understood."""
    return one_line(f"{answers.get('first_name', '')} {answers.get('family_name', '')}", 100) or "(no name)"


def shown(text: str) -> str:
    """A stranger's text without what cannot be shown, and no longer than `LONGEST_SHOWN`."""
    lines = "\n".join(text.splitlines())
    seen = "".join(one for one in lines if one == "\n" or unicodedata.category(one) not in ("Cc", "Cs")).strip()
    return seen if len(seen) <= LONGEST_SHOWN else seen[: LONGEST_SHOWN - 1] + "…"


def one_line(text: str, longest: int) -> str:
    """As `shown`, in one line of so many characters at the most."""
    line = " ".join(shown(text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
