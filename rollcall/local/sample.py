"""A form that somebody filled in: the blank form's text, with answers after the labels."""

import re
from collections.abc import Mapping

from rollcall.documents.blank_form import blank_form_text
from rollcall.model.event import Event

SENDER = "Wanjiru Kamau <wanjiru.kamau@cck.example>"


def sample_text(event: Event, to: str) -> str:
    answers = {
        "title": "ms",
        "category": event.categories[0].code,
        "family_name": "Kamau",
        "first_name": "Wanjiru",
        "organization": "Communications Commission of Kenya",
        "address": "Waiyaki Way\nP.O. Box 14448\nNairobi 00800\nKenya",
        "tel": "+254 (0)20 424 2000",
        "email": "wanjiru.kamau@cck.example",
        "hotel": "to be confirmed",
        "signature": "Wanjiru Kamau",
    }
    return filled_in(event, to, answers)


def filled_in(event: Event, to: str | None, answers: Mapping[str, str]) -> str:
    """`answers` by field name; a choice by its value."""
    text = blank_form_text(event, to)
    for field in event.fields:
        answer = answers.get(field.name)
        if not answer:
            continue
        if field.choices:
            choice = next(one.label for one in field.choices if one.code == answer)
            text = text.replace(f"[ ] {choice}", f"[x] {choice}", 1)
        else:
            before, label, after = re.split(rf"^({re.escape(field.label)}.*:)$", text, maxsplit=1, flags=re.MULTILINE)
            text = f"{before}{label} {answer}{after}"
    return text
