"""A form that somebody filled in: the blank form's text, with answers after the labels."""

from collections.abc import Mapping

from rollcall.documents.blank_form import blank_form_text, lines_of
from rollcall.model.event import Event
from schemas.form import asked_of
from schemas.kinds import Answer, boxes_of

SENDER = "Wanjiru Kamau <wanjiru.kamau@cck.example>"
SAMPLE_PAPER = """\
Title: Names of countries in the domain name system
Source: Communications Commission of Kenya

Please find our contribution attached.
"""
_BY_NAME = {
    "family_name": "Kamau",
    "first_name": "Wanjiru",
    "organization": "Communications Commission of Kenya",
    "address": "Waiyaki Way\nP.O. Box 14448\nNairobi 00800\nKenya",
    "tel": "+254 (0)20 424 2000",
    "email": "wanjiru.kamau@cck.example",
    "hotel": "to be confirmed",
    "signature": "Wanjiru Kamau",
}


def sample_text(event: Event, to: str) -> str:
    return filled_in(event, to, sample_answers(event))


def sample_answers(event: Event) -> dict[str, str]:
    """To what must be answered, and to some more."""
    answers: dict[str, str] = {}
    for asked in asked_of(event):
        field = asked.field
        codes = [choice.code for choice in field.choices]
        if codes and field.must_be_answered(answers):
            answers[field.name] = "ms" if "ms" in codes else codes[0]
        elif not codes and (field.name in _BY_NAME or field.must_be_answered(answers)):
            answers[field.name] = _BY_NAME.get(field.name) or field.least or asked.example
    return answers


def filled_in(event: Event, to: str, answers: Mapping[str, str]) -> str:
    """`answers` by field name; choices by their codes."""
    text = blank_form_text(event, to)
    for asked in asked_of(event):
        if answer := answers.get(asked.field.name):
            blank = "\n".join(lines_of(asked))
            text = text.replace(blank, _answered(asked, blank, answer), 1)
    return text


def _answered(asked: Answer, blank: str, answer: str) -> str:
    boxes = boxes_of(asked.field)
    if not boxes:
        return f"{blank.rstrip()} {answer}" + ("\n" if blank.endswith("\n") else "")
    before, *parts = blank.split("[ ]")  # one label may begin another: `Sra.`, `Sra. (Mrs.)`
    ticked = [choice.code in answer.split() for choice in boxes]
    return before + "".join(f"[{'x' if one else ' '}]{part}" for one, part in zip(ticked, parts, strict=True))
