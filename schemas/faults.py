"""The sentences for faults in a form: for the page, JSON clients and e-mails."""

import re
from collections.abc import Mapping, Sequence
from datetime import date

from rollcall.language import N_, Language, language
from rollcall.model.event import Event
from rollcall.model.fault import Fault
from rollcall.model.form import FormField
from schemas.text import LOST

_SENTENCES = {
    "required": N_("Please fill this in."),
    "not_found": N_("We did not find this in your e-mail."),
    "not_text": N_("This should be text."),
    "not_an_object": N_("This should be an object with the form's fields."),
    "no_such_field": N_("The form has no such field."),
    "repeated": N_("This was sent more than once. Please write it once."),
    "file": N_("This should be text, not a file."),
    "control_character": N_("This holds a character that cannot be shown (%(character)s). Please remove it."),
    "lost_character": N_("This holds a character that got lost on the way (%(lost)s). Please write it again."),
    "lost_letters": N_("This holds question marks: perhaps letters got lost on the way. Please write it again."),
    "web_address": N_(
        "This reads as a web or e-mail address. Please write a name only, with a space after a full stop."
    ),
    "cut": N_("This was shortened in our e-mail. Please write it in full."),
    "not_a_choice": N_("Please choose one of: %(choices)s."),
    "not_a_telephone_number": N_("This should be a telephone number, as +44 20 7946 0000."),
    "not_an_email_address": N_("This does not read as an e-mail address. Please write one, as name@example.org."),
    "not_a_date": N_("This should be a date, as 2004-02-20."),
    "before_arrival": N_("This should not be before the day of your arrival."),
    "not_a_number": N_("This should be a number, in digits."),
    "out_of_bounds": N_("This should be between %(least)s and %(most)s."),
    "not_in_days": N_("This should be a day between %(least)s and %(most)s."),
    "too_small": N_("This should be %(least)s or more."),
    "too_large": N_("This should be %(most)s or less."),
    "too_early": N_("This should not be before %(least)s."),
    "too_late": N_("This should not be after %(most)s."),
    "not_a_reference": N_("This is no reference. Please look it up in the confirmation, or leave it empty."),
    "not_certain": N_("We are not sure of this. Please check it."),
    "papers_one_or_several": N_(
        "We cannot tell whether these files are one contribution. If they are several, please send each by itself."
    ),
    "file_needed": N_("Please choose the file."),
    "file_language": N_("Please choose the language of this file."),
    "file_gone": N_("This file did not arrive completely. Please choose it again."),
    "file_too_large": N_("A file may have at most 50 MB. Please choose a smaller one."),
    "file_empty": N_("This file is empty. Please choose another."),
    "file_kind": N_("We do not take files of this kind. Please save it as PDF, Word, OpenDocument or plain text."),
    "file_active": N_("This file has macros, scripts or other active content. Please save it without, or as PDF."),
    "file_encrypted": N_("This file is protected by a password. Please save it without one."),
    "file_damaged": N_("This file is damaged. Please save it once more, and choose it again."),
    "file_virus": N_("A virus was found in this file. Please clean it, and choose it again."),
    "not_asked": N_("This is not asked of you, by what you answered above. Please leave it empty."),
}
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def sentence(fault: Fault, spoken: Language, field: FormField | None = None) -> str:
    said = {name: _said(value, spoken) for name, value in fault.params.items()}
    match fault.code:
        case "required" if field:
            return field.ask
        case "too_long":
            most = int(fault.params["max_length"])
            return spoken.ngettext(
                "Please shorten this to %(max_length)s character; it has %(length)s.",
                "Please shorten this to %(max_length)s characters; it has %(length)s.",
                most,
                **said,
            )
        case "too_many_lines":
            most = int(fault.params["most"])
            return spoken.ngettext(
                "Please write this in %(most)s line at the most; it has %(lines)s.",
                "Please write this in %(most)s lines at the most; it has %(lines)s.",
                most,
                **said,
            )
        case "not_a_choice" if field:
            said["choices"] = spoken.either([choice.label for choice in field.choices])
        case "lost_character":
            said["lost"] = LOST
    return spoken.gettext(_SENTENCES[fault.code], **said)


def _said(value: str | int, spoken: Language) -> str:
    """Counts and days, as people of this language write them; a number's bound as it is to be typed."""
    if isinstance(value, int):
        return spoken.number(value)
    return spoken.day(date.fromisoformat(value)) if _DAY.fullmatch(value) else value


def sentences(event: Event, faults: Mapping[str, Sequence[Fault]]) -> dict[str, list[str]]:
    """By field name."""
    fields, spoken = {field.name: field for field in event.fields}, language(event.language)
    return {name: [sentence(fault, spoken, fields.get(name)) for fault in found] for name, found in faults.items()}
