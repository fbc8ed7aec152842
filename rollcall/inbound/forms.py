"""Filled-in forms in the parts of an e-mail, checked."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TypeVar

from rollcall.inbound.attachments import forms_in_file
from rollcall.inbound.grouping import MOST_FORMS, Answered, names_of
from rollcall.inbound.html import text_of_html
from rollcall.inbound.mime import Parts
from rollcall.inbound.text import forms_in_text
from rollcall.model.event import Event
from rollcall.model.inbound import ParsedForm
from rollcall.model.registration import fold
from schemas.form import ValidationError, faults_of, read_form

MOST_FILES = 100
LONGEST_DATE = 60
"""Characters."""
_DATES = {
    "DATE_ORDER": "DMY",
    "PARSERS": ["absolute-time"],  # none that is reckoned from today
    "REQUIRE_PARTS": ["day", "month", "year"],
    "RETURN_AS_TIMEZONE_AWARE": False,
}

_Source = TypeVar("_Source")
_NO_PAPERS = (
    *("application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"),
    *("text/vcard", "text/x-vcard", "text/directory", "text/calendar", "application/ics"),
)
"""What programs attach."""


@dataclass(frozen=True)
class Found:
    forms: tuple[ParsedForm, ...]
    """At most `MOST_FORMS`, one a person."""
    not_read: tuple[str, ...]
    """Names, or else media types, of attachments without a form."""


def find_forms(event: Event, parts: Parts, forwarded: int = 0) -> Found:
    """`forwarded`: how often, by the subject. Never raises."""
    forms: list[Answered] = []
    not_read: list[str] = []
    left = MOST_FILES
    for part in _all_parts(parts):
        forms += _in_body(event, part, forwarded if part is parts else 0)
        for file in part.files:
            left -= 1
            found = _tried(forms_in_file, event, file) if left >= 0 else []
            forms += found
            if not (found or file.inline or file.type in _NO_PAPERS):
                not_read.append(file.name or file.type)
    people = _each_once(forms)
    if len(people) > MOST_FORMS:
        not_read.append(f"the forms after the first {MOST_FORMS}")
    return Found(tuple(_checked(event, form) for form in people[:MOST_FORMS]), tuple(not_read))


def _all_parts(parts: Parts) -> Iterator[Parts]:
    waiting = [parts]
    while waiting:
        part = waiting.pop()
        yield part
        waiting += reversed(part.within)


def _in_body(event: Event, parts: Parts, forwarded: int) -> list[Answered]:
    in_text = partial(forms_in_text, forwarded=forwarded)
    plain = [form for text in parts.plain for form in _tried(in_text, event, text)]
    if not parts.html or (plain and all(_checked(event, form).registration for form in plain)):
        return plain
    in_html = partial(_forms_in_html, forwarded=forwarded)
    shown = [form for html in parts.html for form in _tried(in_html, event, html)]
    return shown if _told(shown) > _told(plain) else plain


def _forms_in_html(event: Event, html: str, forwarded: int) -> list[Answered]:
    return forms_in_text(event, text_of_html(html), forwarded)


def _told(forms: Sequence[Answered]) -> int:
    return sum(len(form.answers) for form in forms)


def _tried(read: Callable[[Event, _Source], list[Answered]], event: Event, source: _Source) -> list[Answered]:
    """Libraries do not document what they raise for a broken file."""
    try:
        return read(event, source)
    except Exception:
        return []


def _each_once(forms: Sequence[Answered]) -> list[Answered]:
    kept: dict[tuple[str, ...], list[Answered]] = {}
    for form in forms:
        namesakes = kept.setdefault(names_of(form), [])
        for place, other in enumerate(namesakes):
            if _may_be_one_person(form, other):
                namesakes[place] = _joined(other, form)
                break
        else:
            namesakes.append(form)
    return [form for namesakes in kept.values() for form in namesakes]


def _may_be_one_person(one: Answered, other: Answered) -> bool:
    first, second = (fold(form.answers.get("email", "")) for form in (one, other))
    return not first or not second or first == second


def _joined(one: Answered, other: Answered) -> Answered:
    """Unquoted answers win, then the fuller form's, then the first's."""
    first, second = sorted((one, other), key=lambda form: (form.quoted, -len(form.answers)))
    return Answered({**second.answers, **first.answers}, first.quoted)


def _checked(event: Event, form: Answered) -> ParsedForm:
    answers = dict(form.answers)
    if written := answers.get("signed_on"):
        answers["signed_on"] = date_in(written)
    try:
        return ParsedForm(answers, read_form(event, answers), {}, form.quoted, form.doubts)
    except ValidationError as error:
        return ParsedForm(answers, None, faults_of(error), form.quoted, form.doubts)


def date_in(text: str) -> str:
    """English, French or Spanish to ISO 8601, else unchanged. The day stands before the month."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return _parsed(text) if len(text) <= LONGEST_DATE and any(character.isdigit() for character in text) else text


def _parsed(text: str) -> str:
    import dateparser

    try:
        read = dateparser.parse(text, languages=["en", "fr", "es"], settings=_DATES)
    except (ArithmeticError, LookupError, TypeError, ValueError):  # as it does for some that are none
        return text
    return read.date().isoformat() if read else text
