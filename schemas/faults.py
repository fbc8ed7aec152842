"""The sentences for faults in a form: for the page, JSON clients and e-mails."""

from collections.abc import Mapping, Sequence

from rollcall.model.event import Event
from rollcall.model.fault import Fault
from schemas.form import FormField, form_fields
from schemas.text import LOST

_SENTENCES = {
    "not_found": "We did not find this in your e-mail.",
    "not_text": "This should be text.",
    "not_an_object": "This should be an object with the form's fields.",
    "no_such_field": "The form has no such field.",
    "repeated": "This was sent more than once. Please write it once.",
    "file": "This should be text, not a file.",
    "too_long": "Please shorten this to {max_length:,} characters; it has {length:,}.",
    "too_many_lines": "Please write this in {most} lines at the most; it has {lines}.",
    "control_character": "This holds a character that cannot be shown ({character}). Please remove it.",
    "lost_character": f"This holds a character that got lost on the way ({LOST}). Please write it again.",
    "lost_letters": "This holds question marks: perhaps letters got lost on the way. Please write it again.",
    "web_address": "This reads as a web or e-mail address. Please write a name only, with a space after a full stop.",
    "cut": "This was shortened in our e-mail. Please write it in full.",
    "not_a_choice": "Please choose one of: {choices}.",
    "not_a_telephone_number": "This should be a telephone number, as +41 22 730 51 11.",
    "not_an_email_address": "This does not read as an e-mail address. Please write one, as name@example.org.",
    "not_a_date": "This should be a date, as 2004-02-20.",
    "not_when_signed": "This should be the day on which you sign, between {first} and {last}.",
}


def sentence(fault: Fault, field: FormField | None = None) -> str:
    if fault.code == "required" and field:
        return field.ask
    choices = ", ".join(label for _, label in field.choices) if field else ""
    return _SENTENCES[fault.code].format(**fault.params, choices=choices)


def sentences(event: Event, faults: Mapping[str, Sequence[Fault]]) -> dict[str, list[str]]:
    """By field name."""
    fields = {field.name: field for field in form_fields(event)}
    return {name: [sentence(fault, fields.get(name)) for fault in found] for name, found in faults.items()}
