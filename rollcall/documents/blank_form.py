"""The blank form: a PDF to type into or print, and a text to paste into an e-mail."""

import argparse
import os
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from rollcall.documents.fillable import Box, Typed, fillable
from rollcall.documents.typefaces import typeset
from rollcall.language import Language, language
from rollcall.model.event import Event
from schemas.event import EventFileError, read_events
from schemas.form import asked_of, can_be_printed
from schemas.kinds import Answer, boxes_of
from templates import days, deadline, place
from templates.lines import COLUMNS, columns, filled

_PAGES = Path(__file__).with_suffix(".typ")
_SHORT = 80
"""Letters of a title, at the foot of each page."""


def blank_form_pdf(event: Event, to: str) -> bytes:
    """With fields; always the same bytes for one event. `to`: the address it is returned to."""
    spoken, fields = language(event.language), list[Typed | Box]()
    about = " · ".join(filter(None, (event.reference, textwrap.shorten(event.title, _SHORT, placeholder="…"))))
    asked = {
        "document": spoken.gettext("Registration form: %(event)s", event=event.title),
        "organizer": event.organizer,
        "title": event.title,
        "place": " · ".join(place(event)),
        "days": days(event),
        "heading": spoken.gettext("Registration form"),
        "returned": _returned(event, to),
        "optional": spoken.gettext("You can leave the fields marked “optional” empty."),
        "questions": [_question(one, fields, spoken) for one in asked_of(event)],
    }
    return fillable(typeset(_PAGES, spoken, about, asked), fields)


def _question(asked: Answer, fields: list[Typed | Box], spoken: Language) -> dict[str, object]:
    """As blank_form.typ has it; its fields are added to all."""
    field, label, choices = asked.field, _label(asked), boxes_of(asked.field)
    first = len(fields)
    if len(choices) > 1 and asked.repeats:
        fields += [Box(f"{field.name}:{one.code}", one.label, "Yes") for one in choices]
    elif len(choices) > 1:
        fields += [Box(field.name, one.label, one.code, label, asked.required) for one in choices]
    else:  # a single choice stands there already: there is nothing to tick
        value = choices[0].code if choices else ""
        is_long, at_right = asked.control == "textarea", spoken.dir == "rtl"
        fields.append(Typed(field.name, label, asked.required, is_long, asked.max_length, at_right, value))
    to_tick = choices if len(choices) > 1 else ()
    return {
        "section": field.section,
        "label": label,
        "help": field.help,
        "field": first,
        "lines": asked.control == "textarea",
        "choices": [{"label": one.label, "field": at} for at, one in enumerate(to_tick, first)],
    }


def blank_form_text(event: Event, to: str) -> str:
    spoken = language(event.language)
    lines = [
        filled(event.title),
        filled(days(event)),
        filled(place(event)[0]),
        "",
        filled(_returned(event, to)),
        "",
        filled(spoken.gettext("Write after the colons, and put an x between the brackets: [x]")),
        "",
        *(line for asked in asked_of(event) for line in (*_heading_of(asked), *lines_of(asked))),
    ]
    return "\n".join(lines) + "\n"


def _returned(event: Event, to: str) -> str:
    spoken, contact = language(event.language), event.contact
    said = {"organization": contact.organization, "at": deadline(event.closes_at, event), "email": to}
    if not contact.fax:
        return spoken.gettext("Please return this form to %(organization)s by %(at)s, by e-mail to %(email)s.", **said)
    return spoken.gettext(
        "Please return this form to %(organization)s by %(at)s, by e-mail to %(email)s or by fax to %(fax)s.",
        **said,
        fax=contact.fax,
    )


def _label(asked: Answer) -> str:
    return f"{asked.field.label} ({asked.hint})" if asked.hint else asked.field.label


def _heading_of(asked: Answer) -> list[str]:
    return ["", filled(asked.field.section), ""] if asked.field.section else []


def lines_of(asked: Answer) -> Iterator[str]:
    """As the text asks it."""
    field = asked.field
    boxes = [f"[ ] {choice.label}" for choice in boxes_of(field)]
    line = f"{_label(asked)}: {'  '.join(boxes)}"
    if columns(line) <= COLUMNS:
        yield line.rstrip()
    else:
        yield f"{_label(asked)}:"
        for box in boxes:
            yield filled(box, indent="    ")
    if asked.control == "textarea":
        yield ""


def main() -> None:
    """The blank forms of all events, in each of their languages. They are returned to the event's address at
    `FORMS_HOST`, from the environment, else to its first staff address."""
    parser = argparse.ArgumentParser("python -m rollcall.documents.blank_form", description=main.__doc__)
    parser.add_argument("events", type=Path, help="folder of the event files")
    parser.add_argument("folder", type=Path, help="where the forms are written")
    given = parser.parse_args()
    folder: Path = given.folder
    try:
        events = read_events(given.events)
    except EventFileError as error:
        sys.exit(str(error))
    host = os.environ.get("FORMS_HOST")
    folder.mkdir(parents=True, exist_ok=True)
    for event in events.values():
        to = f"{event.slug}@{host}" if host else event.secretariat
        for code in event.languages:
            name = f"{event.slug}-form.{code}" if len(event.languages) > 1 else f"{event.slug}-form"
            spoken = event.in_language(code)
            forms = {"txt": blank_form_text(spoken, to).encode()}
            if can_be_printed(spoken):
                forms["pdf"] = blank_form_pdf(spoken, to)
            for ending, content in sorted(forms.items()):
                (folder / f"{name}.{ending}").write_bytes(content)
            sys.stdout.write(f"{folder / name}.{' and .'.join(sorted(forms))}, to be returned to {to}\n")


if __name__ == "__main__":
    main()
