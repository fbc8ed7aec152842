"""Labels of a form, in any spelling, case and punctuation, and in every language that the desk speaks."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice, pairwise
from typing import NamedTuple

from rollcall.inbound.choices import HAS_BOX, Choices, choices_of, plain, plain_word
from rollcall.language import Language, language, languages
from rollcall.model.event import Event
from rollcall.model.form import Choice, FormField
from rollcall.model.registration import normal_form
from schemas.kinds import KINDS, boxes_of
from schemas.stock import STOCK, other_words

MOST_TEXT = 150_000
"""Characters, accents and ligatures apart; a line takes twenty. A form above ten e-mails has 30,000; the hardest take a
second."""
LONGEST_LINE = 20_000
LONGEST_LABEL = 120
"""Characters, hints included."""

STRUCK_OUT = "\ufdd0"
"""A noncharacter where text was struck out: `text_of_html` and Word leave it in its place, and the answer it stands in
is doubted. Choices are made by striking out; there it means nothing."""

UNSEEN = "\u200b\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
"""Marks of direction, as mail programs put them around Arabic, and others that nobody sees."""

_BULLET = re.compile(
    rf"[\s*•·▪●■○□◦❑❏\-–—#+\u200c\u200d{UNSEEN}]*"
    r"(?:[(（]?(?:\d{1,2}|[a-wyzA-WYZ]|[一二三四五六七八九十]{1,2})[.)、．）]\s*)?[\s*_]*"
)
_SEPARATOR = re.compile(
    r"(?=[\s*_:：.…·】])(?:"  # most letters are none of these
    r"(?P<colon>[ \t\xa0\u3000]{0,9}[*_]{0,3}[ \xa0]{0,3}[:：]|】[ \xa0\u3000]*[:：]?)"
    r"|(?P<leaders>\s?(?:[.…_·]{2,}|…)[\s:：.…_·]*)"
    r"|(?P<wide>\t[ \xa0]*|(?:[ \xa0]{2,}|\u3000)[\t \xa0\u3000]*)"
    r"|(?P<dash>[ \xa0][-–—=][ \xa0]))"
)
_NUMBER = re.compile(r"[+(\d]")
_MOST_WORDS = 12
"""Of a label."""
_LAST_WORD = re.compile(r"[^\W_]{1,30}\W{0,4}\Z")
_WORD_START = re.compile(r"(?:(?<=[\s,;|/(*，、；،؛／（])|\A)[^\W_]")
_HINT = re.compile(r"\([^()]*\)|（[^（）]*）")
_COMMA = re.compile("[,，、،]")
_COLON = re.compile("[:：]")
_IDEOGRAPH = re.compile("[\u2e80-\u9fff]")
_LEADERS = "_.…·"
_DECORATION = re.compile(rf"[\s{_LEADERS}*]*[_…·*][\s{_LEADERS}*]*|\.{{2,}}\s*")
_CELL = re.compile(r"[:：\t_…】]|\.{2,}|[ \xa0]{2,}|(?<![\u2e80-\u9fff])\u3000")
_MOST_CELLS = 60
_LINK = re.compile(r"(?<!\s)\s*[<\[(](?:mailto|tel):[^<>\[\]()\s]*[>\])]", re.IGNORECASE)

_NAMED_ADDRESS = re.compile(r"[^<>]*+<\s*+([^<>\s@]++@[^<>\s]++)\s*+>[\s,;.]*+")


_plain_label = lru_cache(maxsize=2000)(plain)  # first for the language, then for the label itself


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
    helps: Mapping[str, tuple[str, ...]]
    """Plain, by field."""
    headings: frozenset[str] = frozenset()
    """Plain, of the form's sections."""
    longest: int = LONGEST_LABEL
    """Characters of a label."""
    language: str = ""
    """Of the form that it reads, where its labels tell."""

    def called(self, text: str) -> tuple[str, ...]:
        """Skips hints in brackets; of `Nom / Family name` the first known label counts."""
        if len(text) > self.longest or HAS_BOX.search(text):
            return ()
        for said in _sayings(text):
            if names := self.labels.get(_plain_label(said)):
                return names
        return ()

    def place_of_answer(self, line: str) -> int:
        """Where one blank ends the longest label that begins the line; 0 if none does, or a colon ends a label."""
        if ":" in line or "：" in line:
            return 0
        blanks = [blank.start() for blank in islice(re.finditer(r"(?<=[\w.)]) (?=\S)", line[: self.longest]), 8)]
        return next((at for at in reversed(blanks) if self.called(line[:at])), 0)

    def explains(self, names: tuple[str, ...], text: str) -> bool:
        said = plain(text)
        return bool(said) and any(said in help for name in names for help in self.helps[name])

    def shared_out(self, names: tuple[str, ...], text: str) -> Iterator[tuple[str, str]]:
        """Of two fields, the first takes the first line, or what stands before the first comma."""
        if len(names) == 2:
            first, rest = [*(text.split("\n", 1) if "\n" in text else _COMMA.split(text, maxsplit=1)), ""][:2]
            yield names[0], first.strip().rstrip(",;，、；،؛")
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


def vocabulary(event: Event, said: Iterable[str] = ()) -> Vocabulary:
    """With all languages' words. `said`: lines or cells of a form, whose language decides what a label of two means."""
    spoken = _words_of(event).spoken
    counted = Counter(code for line in said for label in _labels_of(line) for code in spoken.get(label, ()))
    most = max(counted.values(), default=0)
    likely = frozenset(code for code, times in counted.items() if times == most)
    return _vocabulary(event, frozenset({event.language}) if event.language in likely else likely)


def _labels_of(line: str) -> Iterator[str]:
    """What may be one, plain."""
    bullet = _BULLET.match(line)
    for cell in islice(_CELL.split(line[bullet.end() if bullet else 0 : LONGEST_LINE]), _MOST_CELLS):
        if cell and len(cell) <= 2 * LONGEST_LABEL:
            yield from map(_plain_label, _sayings(cell))


@dataclass(frozen=True)
class _Words:
    """What forms of an event say, in each language."""

    labels: Mapping[str, Mapping[str, tuple[str, ...]]]
    """By language and plain label."""
    spoken: Mapping[str, frozenset[str]]
    """The languages of each plain label."""
    choices: Choices
    helps: Mapping[str, tuple[str, ...]]
    headings: frozenset[str]
    longest: int


@lru_cache(maxsize=64)
def _words_of(event: Event) -> _Words:
    by_language = {code: _fields_in(code, event) for code in languages()}
    fields = [field for those in by_language.values() for field in those]
    codes = {field.name: {choice.code for choice in field.choices} for field in event.fields}
    spelled = [
        (field.name, choice.code, word)
        for field in fields
        for choice in boxes_of(field)
        if choice.code in codes[field.name]
        for word in (choice.code, choice.label, *choice.also)
    ]
    labels = {code: _labelled(those) for code, those in by_language.items()}
    return _Words(
        labels,
        {one: frozenset(code for code in labels if one in labels[code]) for those in labels.values() for one in those},
        choices_of(spelled),
        {name: tuple(plain(field.help) for field in fields if field.name == name) for name in codes},
        frozenset(plain(field.section) for field in fields if field.section),
        max(LONGEST_LABEL, *(len(field.label) + LONGEST_LABEL // 2 for field in fields)),
    )


def _fields_in(code: str, event: Event) -> list[FormField]:
    """Where the event does not offer this language, what the catalogues have."""
    spoken = language(code)
    if code in (event.language, *event.languages):
        return [_in_other_words(field, spoken) for field in event.in_language(code).fields]
    known = (STOCK.get(field.name, replace(field, label="", help="", also=(), section="")) for field in event.fields)
    return [
        _in_other_words(replace(stock, choices=stock.choices or field.choices, section=""), spoken)
        for stock, field in zip(known, event.fields, strict=True)
    ]


def _in_other_words(field: FormField, spoken: Language) -> FormField:
    def said(one: Choice) -> Choice:
        return replace(one, label=spoken.gettext(one.label), also=other_words(one.also, spoken))

    return replace(
        field,
        label=spoken.gettext(field.label),
        help=spoken.gettext(field.help),
        also=other_words(field.also, spoken),
        choices=tuple(map(said, boxes_of(field))),
    )


def _labelled(fields: Iterable[FormField]) -> Mapping[str, tuple[str, ...]]:
    labels: dict[str, tuple[str, ...]] = {}
    shown: dict[str, list[str]] = {}
    for field in fields:
        for label in {plain(label) for label in (field.label, *field.also)} - {""}:
            labels[label] = (*labels.get(label, ()), field.name)
        shown.setdefault(plain(field.label), []).append(field.name)
    # what the form itself calls one field is no other's, whatever else that one may be called
    return labels | {label: (names[0],) for label, names in shown.items() if label and len(names) == 1}


@lru_cache(maxsize=64)
def _vocabulary(event: Event, likely: Set[str]) -> Vocabulary:
    """`likely`: the languages of the form, several where its labels do not tell."""
    words = _words_of(event)
    labels: dict[str, tuple[str, ...]] = {plain(field.name): (field.name,) for field in event.fields}
    labels |= {label: names for label in words.spoken if (names := _meant(label, words, likely or {event.language}))}
    return Vocabulary(
        {field.name: field for field in event.fields},
        labels,
        frozenset(label.rpartition(" ")[2] for label in labels),
        words.choices,
        words.helps,
        words.headings,
        words.longest,
        next(iter(likely)) if len(likely) == 1 else "",
    )


def _meant(label: str, words: _Words, likely: Set[str]) -> tuple[str, ...]:
    """None where languages differ and the form's own does not say: it is asked about as an unknown label is."""
    own = {words.labels[code][label] for code in words.spoken[label] & likely}
    all = own or {words.labels[code][label] for code in words.spoken[label]}
    return all.pop() if len(all) == 1 else ()


def _sayings(text: str) -> Iterator[str]:
    yield text
    without = _HINT.sub(" ", text)
    if without != text:
        yield without
    if "/" in without or "／" in without:
        yield from re.split("[/／]", without, maxsplit=4)
    if _IDEOGRAPH.search(without):
        yield "".join(without.split())  # blanks make `姓　名` as wide as the labels below it


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
    rests = [body[one.end : following.start].rstrip(" \t\xa0,;|/(，、；،؛／（") for one, following in pairwise(places)]
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
    colon = _COLON.search(body, 0, words.longest) if _IDEOGRAPH.match(body) else None
    if colon and (names := words.called(body[: colon.start()])):
        return _Place(names, 0, colon.end(), False)
    for separator in _SEPARATOR.finditer(body[: words.longest + 20]):
        if names := words.called(body[: separator.start()]):
            return _Place(names, 0, separator.end(), separator.lastgroup == "wide")
        if separator.lastgroup == "colon":
            break
    if len(body) > 2 * words.longest:
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
