"""Filled-in forms in the parts of an e-mail, checked."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, reduce
from time import process_time
from typing import NamedTuple, TypeVar

from rollcall.inbound.attachments import forms_in_file, may_hold_form
from rollcall.inbound.changes import changed, corrected, is_no_answer, is_of, news_in
from rollcall.inbound.choices import plain
from rollcall.inbound.doubts import doubts_about
from rollcall.inbound.grouping import MOST_FORMS, NOTHING_SAID, Answered, names_of
from rollcall.inbound.html import text_of_html
from rollcall.inbound.labels import UNSEEN, TooMuch, bounded
from rollcall.inbound.letter import (
    A_FORM,
    QUESTION_MARKS,
    asks,
    names_another_event,
    only_thanks,
    our_subjects,
    refuses,
    sets_a_condition,
    what_it_says,
    words_of_changes,
)
from rollcall.inbound.mime import File, Parts
from rollcall.inbound.quoting import times_forwarded, typed_lines
from rollcall.inbound.text import TextRead, read_text
from rollcall.inbound.whose import speaks_of_another
from rollcall.inbound.withdrawal import Known, withdraws
from rollcall.model.event import Event
from rollcall.model.inbound import REGISTERED, Doubt, InboundForm, ParsedForm, ReviewReason
from rollcall.model.registration import fold, reference
from schemas.form import ValidationError, faults_of, read_form

MOST_FILES = 20
"""Of kinds that are read, in an e-mail and those within it."""
SECONDS = 0.7
"""Of a processor, after which no other file is begun."""
LONGEST_DATE = 60
"""Characters."""
MOST_WORDS_OF_DATE = 9
"""As in `Friday, the 20th of February 2004, 10:30`."""
_DATES = {
    "DATE_ORDER": "DMY",
    "PARSERS": ["absolute-time"],  # none that is reckoned from today
    "REQUIRE_PARTS": ["day", "month", "year"],
    "RETURN_AS_TIMEZONE_AWARE": False,
}

_LANGUAGES = ["en", "fr", "es", "ru", "zh", "ar"]
_ARABIC_MONTHS = {
    **{"كانون الثاني": "يناير", "شباط": "فبراير", "آذار": "مارس", "نيسان": "أبريل", "أيار": "مايو", "حزيران": "يونيو"},
    **{"تموز": "يوليو", "آب": "أغسطس", "أيلول": "سبتمبر", "تشرين الأول": "أكتوبر", "تشرين الثاني": "نوفمبر"},
    **{"كانون الأول": "ديسمبر", "جانفي": "يناير", "فيفري": "فبراير", "أفريل": "أبريل", "ماي": "مايو"},
    **{"جوان": "يونيو", "جويلية": "يوليو", "أوت": "أغسطس"},
}
"""Those of the Levant and of the Maghreb, which dateparser does not know; the United Nations write `شباط/فبراير`."""
_ARABIC_MONTH = re.compile(rf"(?<!\w)({'|'.join(_ARABIC_MONTHS)})(?:/\w+)?(?!\w)")
_ERA = re.compile(r"\s*م\.?\s*\Z")
_NUMBER = re.compile(r"(?P<whole>[+-]?\d+)(?:[.,٫](?P<part>\d+))?")
_OF_THOUSANDS = re.compile(r"[+-]?\d{1,3},\d{3}")
_GROUPED = re.compile(
    r"(?P<whole>[+-]?\d{1,3}(?:(?P<mark>[ \xa0\u2009\u202f'’٬])\d{3}(?:(?P=mark)\d{3})*))(?:[.,٫](?P<part>\d+))?"
)

_TAG = re.compile(r"\[[^\[\]]*\]|=\?\S*")
"""As lists and gateways put into a subject, and what they break of it."""

_Read = TypeVar("_Read")
_NO_PAPERS = (
    *("application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"),
    *("text/vcard", "text/x-vcard", "text/directory", "text/calendar", "application/ics"),
)
"""What programs attach."""


class Left(NamedTuple):
    """A file without a form."""

    place: int
    """Among all files."""
    file: File


@dataclass(frozen=True)
class Found:
    forms: tuple[ParsedForm, ...]
    """At most `MOST_FORMS`, one a person."""
    not_read: tuple[str, ...]
    """Names, or else media types, of attachments without a form."""
    letter: str = ""
    """What stands beside them and says something."""
    asks: bool = False
    refuses: bool = False
    over: ReviewReason | None = None
    """Why not all of it was read."""
    withdraws: bool = False
    thanks: bool = False
    left: tuple[Left, ...] = field(default=(), compare=False)
    """The files of `not_read`, in the same order."""


@dataclass(frozen=True)
class About:
    """What is known of an e-mail beside its parts."""

    subject: str = ""
    sender: str = ""
    """From, with the name."""
    asked: InboundForm | None = None
    """The form that it may correct or, where that is registered, change."""

    @property
    def registered(self) -> InboundForm | None:
        return self.asked if self.asked and self.asked.status in REGISTERED else None

    @property
    def reference(self) -> str:
        return reference(self.asked.registration_id) if self.asked and self.asked.registration_id else ""


def find_forms(event: Event, parts: Parts, about: About = About(), clock: Callable[[], float] = process_time) -> Found:
    """Never raises. Where a text is too much, a person looks; a file that is counts as not read."""
    try:
        return _found(event, parts, about, clock)
    except TooMuch:
        return Found((), (), over=ReviewReason.TOO_COMPLICATED)


def _found(event: Event, parts: Parts, about: About, clock: Callable[[], float]) -> Found:
    begun = clock()
    if not parts.whole:
        raise TooMuch

    def late() -> bool:
        return clock() - begun > SECONDS

    forms: list[Answered] = []
    beside: list[str] = []
    left: list[Left] = []
    files, place = 0, -1
    registered = about.registered
    forwarded = None if registered else times_forwarded(about.subject)
    for part in all_parts(parts):
        if late():
            raise TooMuch
        own = part is parts
        read = _in_body(event, part, forwarded if own else 0, late)
        forms += _said_in(read, about, own=own)
        beside.append(read.beside)
        for file in part.files:
            place += 1
            files += may_hold_form(file)
            worth_it = files <= MOST_FILES and len(forms) <= MOST_FORMS and not late()
            found: list[Answered] = _tried(forms_in_file, event, file, []) if worth_it else []
            forms += [changed(registered, form, attached=not own) for form in found] if registered else found
            beside += [form.beside for form in found]
            if not (found or file.inline or file.type in _NO_PAPERS):
                left.append(Left(place, file))
    not_read = [one.file.name or one.file.type for one in left]
    people = _each_once(forms)
    if len(people) > MOST_FORMS:
        not_read.append(f"the forms after the first {MOST_FORMS}")
    answers = [answer for form in forms for answer in form.answers.values()]
    questions = [answer for answer in answers if answer.endswith(QUESTION_MARKS)]
    if registered:
        questions += [answer for answer in news_in(registered, forms) if is_no_answer(answer)]
    letter = "\n\n".join(filter(None, [*beside, A_FORM, *questions]))
    if names_another_event(event, f"{about.subject}\n{letter}"):
        people = [form.doubted(Doubt.ANOTHER_EVENT) for form in people]
    known = [about.sender, *(answer for answer in answers if answer not in questions)]
    if registered:
        known += [*registered.answers.values(), *our_subjects(event, about.reference)]
        known += words_of_changes(event) if people else []
    says = what_it_says(f"{_TAG.sub('', about.subject)}\n\n{letter}", event, known)
    if registered and speaks_of_another("\n\n".join(beside), registered.answers):
        people = [form.doubted(Doubt.PEOPLE_NOT_DIVIDED) if is_of(registered, form) else form for form in people]
    return Found(
        tuple(_checked(event.in_language(form.language), form) for form in people[:MOST_FORMS]),
        tuple(not_read),
        says,
        asks(says),
        refuses(f"{about.subject}\n\n{letter}") or (registered is not None and sets_a_condition(letter)),
        ReviewReason.TOO_MANY_FILES if files > MOST_FILES else None,
        not (people or not_read) and _tried(_withdraws, event, parts, False, about),
        not (people or not_read) and _tried(_thanks, event, parts, False, about),
        tuple(left),
    )


def _withdraws(event: Event, parts: Parts, about: About) -> bool:
    registered = about.registered
    if registered is None or parts.within or parts.doubts:
        return False
    texts = [bounded(text) for text in (*parts.plain, *map(text_of_html, parts.html))]
    letters = [[line.text for line in typed_lines(text)] for text in texts]
    return withdraws(about.subject, letters, Known(event, registered, about.reference, about.sender))


def _thanks(event: Event, parts: Parts, about: About) -> bool:
    registered = about.registered
    if registered is None or parts.within or parts.files or parts.doubts:
        return False
    known = [about.sender, *registered.answers.values(), *our_subjects(event, about.reference)]
    texts = [bounded(text) for text in (*parts.plain, *map(text_of_html, parts.html))]
    letters = ["\n".join(line.text for line in typed_lines(text) if not line.quoted) for text in texts]
    first, family = (registered.answers.get(name, "") for name in ("first_name", "family_name"))
    names, subject = [f"{first} {family}", first], _TAG.sub("", about.subject)
    return bool(letters) and all(only_thanks(letter, subject, event, known, names) for letter in letters)


def _said_in(read: TextRead, about: About, *, own: bool) -> list[Answered]:
    """`own`: the sender's own text, and no e-mail within."""
    said = [read.corrections] if about.asked and own and read.corrections.answers else read.forms
    if about.registered:
        return [changed(about.registered, form, attached=not own) for form in said]
    return [corrected(about.asked, form) for form in said] if about.asked and said is not read.forms else said


def all_parts(parts: Parts) -> Iterator[Parts]:
    waiting = [parts]
    while waiting:
        part = waiting.pop()
        yield part
        waiting += reversed(part.within)


def _in_body(event: Event, parts: Parts, forwarded: int | None, late: Callable[[], bool]) -> TextRead:
    """The text or the HTML, whichever tells more; where the other has different answers, that casts doubt."""
    nothing = TextRead([])
    plain = _together([_tried(read_text, event, text, nothing, forwarded) for text in parts.plain])
    if late():
        raise TooMuch
    shown = _together([_tried(_read_html, event, html, nothing, forwarded) for html in parts.html])
    read, other = (shown, plain) if _told(shown) > _told(plain) else (plain, shown)
    versions: dict[tuple[str, ...], list[Answered]] = {}
    for version in other.forms:
        versions.setdefault(names_of(version), []).append(version)
    forms = [_compared(form, versions.get(names_of(form), ())) for form in read.forms]
    said = _compared(read.corrections, [other.corrections] if other.corrections.answers else [])
    for doubt in parts.doubts:
        forms = [form.doubted(doubt) for form in forms]
        said = said.doubted(doubt)
    return replace(read, forms=forms, corrections=said)


def _together(texts: Sequence[TextRead]) -> TextRead:
    return TextRead(
        [form for text in texts for form in text.forms],
        "\n\n".join(text.beside for text in texts),
        reduce(_then, (text.corrections for text in texts if text.corrections.answers), NOTHING_SAID),
    )


def _then(said: Answered, more: Answered) -> Answered:
    for name, text in more.answers.items():
        said = said.answering(name, text)
    return replace(said, doubts={**said.doubts, **more.doubts}, language=said.language or more.language)


def _read_html(event: Event, html: str, forwarded: int | None) -> TextRead:
    return read_text(event, text_of_html(html), forwarded)


def _told(read: TextRead) -> tuple[int, int]:
    answers = sum(len(form.answers) for form in read.forms)
    return answers, len(read.corrections.answers)


def _compared(form: Answered, others: Sequence[Answered]) -> Answered:
    """With the other versions of the same person's form."""
    for other in others:
        if differing := _differing(form, other):
            form = form.doubted(Doubt.VERSIONS_DIFFER, *differing)
    return form


def _differing(form: Answered, other: Answered) -> list[str]:
    """A version may lose its line breaks, or its end."""
    both = form.answers.keys() & other.answers.keys()
    said = ((name, _letters(form.answers[name]), _letters(other.answers[name])) for name in both)
    return sorted(name for name, one, two in said if one not in two and two not in one)


@lru_cache(maxsize=10_000)  # of a person with many forms each is compared with all
def _letters(text: str) -> str:
    return "".join(plain(text).split()) or fold(text)


def _tried(read: Callable[..., _Read], event: Event, source: object, nothing: _Read, *more: object) -> _Read:
    """Libraries do not document what they raise for a broken file."""
    try:
        return read(event, source, *more)
    except (MemoryError, TooMuch):
        raise
    except Exception:
        return nothing


def _each_once(forms: Sequence[Answered]) -> list[Answered]:
    kept: dict[tuple[str, ...], list[Answered]] = {}
    for form in forms:
        namesakes = kept.setdefault(names_of(form), [])
        for place, other in enumerate(namesakes):
            if form.has_name and _may_be_one_person(form, other):
                namesakes[place] = _joined(other, form)
                break
        else:
            namesakes.append(form)
    return [_alone(form, namesakes) for namesakes in kept.values() for form in namesakes]


def _alone(form: Answered, namesakes: Sequence[Answered]) -> Answered:
    """The same person with two e-mail addresses, or two namesakes of one organization."""
    same = [other for other in namesakes if form.has_name and "organization" not in _differing(form, other)]
    return form.doubted(Doubt.VERSIONS_DIFFER, "email") if len(same) > 1 else form


def _may_be_one_person(one: Answered, other: Answered) -> bool:
    first, second = (_folded(form.answers.get("email", "")) for form in (one, other))
    return not first or not second or first == second


_folded = lru_cache(maxsize=1000)(fold)


def _joined(one: Answered, other: Answered) -> Answered:
    """Unquoted answers win, then the fuller form's, then the first's."""
    first, second = sorted((one, other), key=lambda form: (form.quoted, -len(form.answers)))
    joined = replace(
        first,
        answers={**second.answers, **first.answers},
        doubts={**second.doubts, **first.doubts},
        language=first.language or second.language,
    )
    differing = [] if first.quoted != second.quoted else _differing(first, second)
    return joined.doubted(Doubt.VERSIONS_DIFFER, *differing) if differing else joined


def _checked(event: Event, form: Answered) -> ParsedForm:
    answers = dict(form.answers)
    for one in event.fields:
        read = _READ.get(one.kind)
        if read and (written := answers.get(one.name)):
            answers[one.name] = read(written)
    doubts = {**form.doubts, **doubts_about(answers)}
    try:
        return ParsedForm(answers, read_form(event, answers), {}, form.quoted, doubts, form.language)
    except ValidationError as error:
        return ParsedForm(answers, None, faults_of(error), form.quoted, doubts, form.language)


def date_in(text: str) -> str:
    """As people write it, in the languages of `_LANGUAGES`, to ISO 8601; else unchanged. The day stands before the
    month."""
    if len(text) > LONGEST_DATE:
        return text
    said = _in_our_digits(text)
    if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", said):
        return said
    may_be = len(re.findall(r"\w+", said)) <= MOST_WORDS_OF_DATE and any(map(str.isdigit, said))
    return (_parsed(said) or text) if may_be else text


def number_in(text: str) -> str:
    """As people write it, `1 234,5`, in ASCII digits; unchanged where it may be another: `1,234`."""
    if len(text) > LONGEST_DATE:
        return text
    said = _in_our_digits(text).replace("−", "-").strip()
    if (found := _GROUPED.fullmatch(said)) or (
        (found := _NUMBER.fullmatch(said)) and not _OF_THOUSANDS.fullmatch(said)
    ):
        whole = re.sub(r"[^\d+-]", "", found["whole"])
        return f"{whole}.{found['part']}" if found["part"] else whole
    return text


_READ: Mapping[str, Callable[[str], str]] = {"date": date_in, "number": number_in}
"""By kind: what is said otherwise where our answers are of one form."""


def _in_our_digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(one)) if one.isdecimal() else one for one in text if one not in UNSEEN)


@lru_cache(maxsize=1000)  # the library takes a thousandth of a second, and a delegation signs on one day
def _parsed(text: str) -> str | None:
    import dateparser

    said = _ARABIC_MONTH.sub(lambda month: _ARABIC_MONTHS[month[1]], text)
    try:
        read = dateparser.parse(_ERA.sub("", said), languages=_LANGUAGES, settings=_DATES)
    except (ArithmeticError, LookupError, TypeError, ValueError):  # as it does for some that are none
        return None
    return read.date().isoformat() if read else None
