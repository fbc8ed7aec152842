"""Labels of a form, in any spelling, case and punctuation."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise
from typing import NamedTuple

from rollcall.inbound.choices import HAS_BOX, Choices, choices_of, plain, plain_word
from rollcall.model.event import Event
from rollcall.model.form import FormField
from rollcall.model.registration import normal_form
from schemas.kinds import KINDS, boxes_of

MOST_TEXT = 150_000
"""Characters, accents and ligatures apart; a line takes twenty. A form above ten e-mails has 30,000; the hardest take a
second."""
LONGEST_LINE = 20_000
LONGEST_LABEL = 120
"""Characters, hints included."""

STRUCK_OUT = "\ufdd0"
"""A noncharacter where text was struck out: `text_of_html` and Word leave it in its place, and the answer it stands in
is doubted. Choices are made by striking out; there it means nothing."""

_BULLET = re.compile(r"[\s*•·▪●■○□◦❑❏\-–—#+\u200b-\u200f\ufeff]*(?:\(?(?:\d{1,2}|[a-wyzA-WYZ])[.)]\s*)?[\s*_]*")
_SEPARATOR = re.compile(
    r"(?=[\s*_:：.…·])(?:"  # most letters are none of these
    r"(?P<colon>[ \t\xa0]{0,9}[*_]{0,3}[ \xa0]{0,3}[:：])"
    r"|(?P<leaders>\s?(?:[.…_·]{2,}|…)[\s:：.…_·]*)"
    r"|(?P<wide>\t[ \xa0]*|[ \xa0]{2,}\t?[ \xa0]*)"
    r"|(?P<dash>[ \xa0][-–—=][ \xa0]))"
)
_NUMBER = re.compile(r"[+(\d]")
_MOST_WORDS = 12
"""Of a label."""
_LAST_WORD = re.compile(r"[^\W_]{1,30}\W{0,4}\Z")
_WORD_START = re.compile(r"(?:(?<=[\s,;|/(*])|\A)[^\W_]")
_HINT = re.compile(r"\([^()]*\)")
_LEADERS = "_.…·"
_DECORATION = re.compile(rf"[\s{_LEADERS}*]*[_…·*][\s{_LEADERS}*]*|\.{{2,}}\s*")
_LINK = re.compile(r"(?<!\s)\s*[<\[(](?:mailto|tel):[^<>\[\]()\s]*[>\])]", re.IGNORECASE)

_NAMED_ADDRESS = re.compile(r"[^<>]*+<\s*+([^<>\s@]++@[^<>\s]++)\s*+>[\s,;.]*+")


class TooMuch(ValueError):
    """A person looks."""


def bounded(text: str, most: int = MOST_TEXT) -> str:
    """Raises `TooMuch`."""
    if len(text) <= most:
        spelled_out = text if text.isascii() else normal_form("NFKD", text)  # one letter may stand for a sentence
        if len(spelled_out) + 20 * len(text.splitlines()) <= most:
            return text
    raise TooMuch


@dataclass(frozen=True)
class Vocabulary:
    fields: Mapping[str, FormField]
    labels: Mapping[str, tuple[str, ...]]
    """By plain label; most name one field."""
    last_words: frozenset[str]
    choices: Choices
    headings: frozenset[str] = frozenset()
    """Plain, of the form's sections."""

    def called(self, text: str) -> tuple[str, ...]:
        """Skips hints in brackets; of `Nom / Family name` the first known label counts."""
        if len(text) > LONGEST_LABEL or HAS_BOX.search(text):
            return ()
        for said in _sayings(text):
            if names := self.labels.get(plain(said)):
                return names
        return ()

    def place_of_answer(self, line: str) -> int:
        """Where one blank ends the longest label that begins the line; 0 if none does, or a colon ends a label."""
        if ":" in line or "：" in line:
            return 0
        blanks = [blank.start() for blank in islice(re.finditer(r"(?<=[\w.)]) (?=\S)", line[:LONGEST_LABEL]), 8)]
        return next((at for at in reversed(blanks) if self.called(line[:at])), 0)

    def explains(self, names: tuple[str, ...], text: str) -> bool:
        said = plain(text)
        return bool(said) and any(said in plain(self.fields[name].help) for name in names)

    def shared_out(self, names: tuple[str, ...], text: str) -> Iterator[tuple[str, str]]:
        """Of two fields, the first takes the first line, or what stands before the first comma."""
        if len(names) == 2:
            first, _, rest = text.partition("\n" if "\n" in text else ",")
            yield names[0], first.strip().rstrip(",;")
            yield names[1], rest.strip()
        elif names:
            yield names[0], self._understood(self.fields[names[0]], text)

    def _understood(self, field: FormField, text: str) -> str:
        if boxes_of(field):
            several = KINDS[field.kind].repeats
            return self.choices.chosen(field.name, text.replace(STRUCK_OUT, " "), several=several)
        if field.kind == "email":
            return address[1] if (address := _NAMED_ADDRESS.fullmatch(text)) else text
        return text


class InOrder:
    """The fields of labels that follow one another: Annex 1's second `Tel.`, below the hotel, is the hotel's."""

    def __init__(self, words: Vocabulary) -> None:
        self._hotel_has_tel = "hotel_tel" in words.fields
        self._before: tuple[str, ...] = ()
        self._tel_asked = False

    def meant(self, names: tuple[str, ...]) -> tuple[str, ...]:
        self._tel_asked = self._tel_asked and "family_name" not in names
        is_hotels = names == ("tel",) and self._tel_asked and self._before == ("hotel",) and self._hotel_has_tel
        self._tel_asked = self._tel_asked or names == ("tel",)
        self._before = ("hotel_tel",) if is_hotels else names
        return self._before


def vocabulary(event: Event) -> Vocabulary:
    return _vocabulary(event.fields)


@lru_cache(maxsize=64)
def _vocabulary(fields: tuple[FormField, ...]) -> Vocabulary:
    labels: dict[str, tuple[str, ...]] = {}
    spelled: list[tuple[str, str, str]] = []
    for field in fields:
        for label in {plain(label) for label in (field.name, field.label, *field.also)}:
            labels[label] = (*labels.get(label, ()), field.name)
        for choice in boxes_of(field):
            spelled += ((field.name, choice.code, word) for word in (choice.code, choice.label, *choice.also))
    last_words = frozenset(label.rpartition(" ")[2] for label in labels)
    headings = frozenset(plain(field.section) for field in fields if field.section)
    return Vocabulary({field.name: field for field in fields}, labels, last_words, choices_of(spelled), headings)


def _sayings(text: str) -> Iterator[str]:
    yield text
    without = _HINT.sub(" ", text)
    if without != text:
        yield without
    if "/" in without:
        yield from without.split("/", 4)


def value_in(text: str) -> str:
    """Without leaders, asterisks, and the links that mail programs add."""
    written = _LINK.sub("", text) if "<" in text or "[" in text or "(" in text else text
    if not written.strip():
        written = re.sub(r"(?i)(?:mailto|tel):", "", text).strip().strip("<>[]()")
    written = _shorn(written)
    if written.startswith("<") and written.endswith(">"):
        written = written[1:-1].strip()
    says_nothing = all(unicodedata.category(character)[0] in "PZC" for character in written)
    return "" if says_nothing else written


def _shorn(text: str) -> str:
    start, end = 0, len(text)
    leading = _DECORATION.match(text)
    if leading:
        start = leading.end()
    while end > start and (text[end - 1] in "_…·*" or text[end - 1].isspace() or _formats(text[end - 1])):
        end -= 1
    while end - start > 1 and text[end - 2 : end] == "..":
        end -= 1
        while end > start and text[end - 1] in _LEADERS:
            end -= 1
    while start < end and (text[start].isspace() or _formats(text[start])):
        start += 1
    return text[start:end].strip()


def _formats(character: str) -> bool:
    return unicodedata.category(character) == "Cf"


@dataclass(frozen=True)
class Label:
    names: tuple[str, ...]
    rest: str
    wide: bool = False
    """Only white space stands before the answer."""


def labels_in(words: Vocabulary, line: str) -> list[Label]:
    if not line or line.isspace():
        return []
    bullet = _BULLET.match(line)
    body = line[bullet.end() :] if bullet else line
    first = _first_label(words, body)
    if not first:
        return []
    places = [first, *_further_labels(words, body, first)]
    rests = [body[one.end : following.start].rstrip(" \t\xa0,;|/(") for one, following in pairwise(places)]
    rests.append(body[places[-1].end :])
    return [Label(place.names, rest, place.wide) for place, rest in zip(places, rests, strict=True)]


_UNKNOWN = re.compile(
    r"(?P<label>[^\W\d_][^:：\t?!;,<>@]{0,39}?)(?:\s*+(?:：|:(?=\s|\Z)|\.{3,}|…|_{3,}|(?<=\t)(?=\S)(?!.*\t))"
    r"|(?P<wide>[ \xa0]{2,}+))\s*+(?P<rest>.*)"
)
_MOST_UNKNOWN_WORDS = 5


def unknown_label(line: str, *, wide: bool) -> tuple[str, str] | None:
    """What looks like a label, and the answer beside it. `wide`: blanks may divide them."""
    body = line[bullet.end() :] if (bullet := _BULLET.match(line)) else line
    found = _UNKNOWN.fullmatch(body.rstrip())
    if not found or len(found["label"].split()) > _MOST_UNKNOWN_WORDS or (found["wide"] and not wide):
        return None
    return found["label"].strip(" *_"), value_in(found["rest"])


class _Place(NamedTuple):
    names: tuple[str, ...]
    start: int
    end: int
    """Past the separator."""
    wide: bool


def _first_label(words: Vocabulary, body: str) -> _Place | None:
    for separator in _SEPARATOR.finditer(body[: LONGEST_LABEL + 20]):
        if names := words.called(body[: separator.start()]):
            return _Place(names, 0, separator.end(), separator.lastgroup == "wide")
        if separator.lastgroup == "colon":
            break
    if len(body) > 2 * LONGEST_LABEL:
        return None
    if names := words.called(body.rstrip(" \t\xa0*_")):
        return _Place(names, 0, len(body), True)
    return _known_by_its_value(words, body)


def _known_by_its_value(words: Vocabulary, body: str) -> _Place | None:
    """As in `Tel. +41 22 730 51 11`, `E-mail a@example.org`."""
    number = _NUMBER.search(body)
    if number and body[: number.start()].endswith(" "):
        names = words.called(body[: number.start()])
        if names and words.fields[names[0]].kind == "tel":
            return _Place(names, 0, number.start(), False)
    if "@" in body:
        before, _, word = body.rstrip().rpartition(" ")
        names = words.called(before) if "@" in word else ()
        if names and words.fields[names[0]].kind == "email":
            return _Place(names, 0, len(before), False)
    return None


def _further_labels(words: Vocabulary, body: str, first: _Place) -> Iterator[_Place]:
    nowhere = len(body)
    start = first.end if first.wide else nowhere
    for separator in _SEPARATOR.finditer(body, first.end):
        kind = separator.lastgroup
        end = separator.start()
        if kind != "dash":
            names, begin = words.called(body[start:end]) if start < end else (), start
            if not names and kind == "colon":
                names, begin = _label_before(words, body, first.end, end)
            if names:
                yield _Place(names, begin, separator.end(), kind == "wide")
        if kind in ("wide", "leaders"):
            start = separator.end()
        elif kind == "colon":
            start = nowhere
    if start < nowhere and (names := words.called(body[start:])):
        yield _Place(names, start, nowhere, True)


def _label_before(words: Vocabulary, body: str, at: int, end: int) -> tuple[tuple[str, ...], int]:
    """Labels hold no colons."""
    at = max(at, body.rfind(":", at, end) + 1, body.rfind("：", at, end) + 1)
    before = max(at, end - 60)
    last = _LAST_WORD.search(body[before:end])
    if last and plain_word(last.group()) in words.last_words:
        starts = [before + word.start() for word in _WORD_START.finditer(body[before:end])]
        for begin in starts[-_MOST_WORDS:]:
            if (begin > before or before == at) and (names := words.called(body[begin:end])):
                return names, begin
    return (), end
