"""How mails say what was answered on a form."""

import unicodedata
from collections.abc import Mapping, Sequence

from rollcall.desk.event import Event
from rollcall.desk.registration import Registered
from schemas.registration import form_fields, written

LONGEST_SHOWN = 2000
"""Characters of a stranger's text that a mail shows; no answer that passes the checks is longer."""


def details(event: Event, registered: Registered) -> list[tuple[str, str]]:
    """What the person answered, in the form's order: label and text."""
    return labelled(event, written(registered.registration))


def labelled(event: Event, answers: Mapping[str, str]) -> list[tuple[str, str]]:
    """What was understood of a form, whether it is right or not, in the form's order: label and text."""
    said = {name: shown(text) for name, text in answers.items()}
    if "category" in said:
        said["category"] = event.category_label(said["category"])
    return [(field.label, said[field.name]) for field in form_fields(event) if said.get(field.name)]


def faults(event: Event, sentences: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """What is missing or wrong, in the form's order: label and sentences; a name that the form has not comes last."""
    labels = {field.name: field.label for field in form_fields(event)}
    order = {name: place for place, name in enumerate(labels)}
    names = sorted(sentences, key=lambda name: order.get(name, len(order)))
    return [(labels.get(name, shown(name)), " ".join(sentences[name])) for name in names]


def shown(text: str) -> str:
    """A stranger's text without what cannot be shown, and no longer than `LONGEST_SHOWN`."""
    lines = "\n".join(text.splitlines())
    seen = "".join(one for one in lines if one == "\n" or unicodedata.category(one) not in ("Cc", "Cs")).strip()
    return seen if len(seen) <= LONGEST_SHOWN else seen[: LONGEST_SHOWN - 1] + "…"


def one_line(text: str, longest: int) -> str:
    """As `shown`, in one line of so many characters at the most."""
    line = " ".join(shown(text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
