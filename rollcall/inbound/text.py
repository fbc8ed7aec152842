"""Filled-in forms in text: labels, what stands beside or below them, and ticked boxes.

`forms_in_text` is called for the text of a message, for HTML and Word made into text, and for a PDF without fields.
Each line is looked through for labels (`labels_in`); `_Reading` then goes from line to line with at most one label
open, whose answer the lines below may still be. What comes of it are `Item`s, which `grouping` makes forms of.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from rollcall.inbound.grouping import NAMES, Answered, Item, forms_of
from rollcall.inbound.labels import LONGEST_LABEL, Vocabulary, plain, value_in, vocabulary
from rollcall.inbound.quoting import Line, lines_of
from rollcall.model.event import Event

LONGEST_TEXT = 2_000_000
"""Characters of a text that are read."""
_LONGEST_LINE = 20_000
"""Characters of a line in which labels are looked for."""
_MOST_LINES = 40
"""Lines that stand at one label: more than any address has, so that the schema can say so."""
_FLOWED = 50
"""Characters of a line that was wrapped, at the least: it then ends in a space (RFC 3676, 4.1)."""
_DASHES = "-- "
"""What stands above a sender's name and address below a letter (RFC 3676, 4.3)."""

_BULLET = re.compile(r"[\s*•·▪●■○□◦❑❏\-–—#+\u200b-\u200f\ufeff]*(?:\(?(?:\d{1,2}|[a-wyzA-WYZ])[.)]\s*)?[\s*_]*")
_SEPARATOR = re.compile(
    r"(?P<colon>[ \t\xa0]{0,9}[*_]{0,3}[ \xa0]{0,3}[:：])"
    r"|(?P<leaders>\s?(?:[.…_·]{2,}|…)[\s:：.…_·]*)"
    r"|(?P<wide>\t[ \xa0]*|[ \xa0]{2,}\t?[ \xa0]*)"
    r"|(?P<dash>[ \xa0][-–—=][ \xa0])"
)
_NUMBER = re.compile(r"[+(\d]")
_LAST_WORD = re.compile(r"[^\W_]{1,30}\W{0,4}\Z")
_WORD_START = re.compile(r"(?:(?<=[\s,;|/(*])|\A)[^\W_]")
_BOX = re.compile(r"\s*(?:[\[(][^\[\]()]{0,3}[\])]|[^\w\s])")
_RUNS_ON = ("organization",)
"""Fields of one line that often take two."""


def forms_in_text(event: Event, text: str, forwarded: int = 0) -> list[Answered]:
    """The filled-in forms in a text, in its order; `forwarded` is as in `lines_of`."""
    words = vocabulary(event)
    lines = lines_of(text[:LONGEST_TEXT], forwarded)
    return [form for form in forms_of(_Reading(words).items(lines)) if form.is_form]


@dataclass
class _Open:
    """A label whose answer is being read."""

    names: tuple[str, ...]
    lines: list[str]
    quoted: bool
    paragraph: int
    leaders: bool = False
    """Whether it stands before dots or the like: what is written there is written on its line."""
    done: bool = False
    """Whether nothing that follows belongs to it."""
    blank: bool = False
    """Whether an empty line was the last."""
    spaced: bool = True
    """Whether an empty line stood between any two so far."""
    flows: bool = False
    """Whether the last line goes on in the next one."""


@dataclass(frozen=True)
class _Label:
    names: tuple[str, ...]
    rest: str
    """What stands behind it, to the next label."""
    wide: bool = False
    """Whether only white space separates it from that."""


class _Reading:
    """Goes through a text from top to bottom."""

    def __init__(self, words: Vocabulary) -> None:
        self._words = words
        self._items: list[Item] = []
        self._open: _Open | None = None
        self._columns: tuple[tuple[str, ...], ...] = ()
        self._paragraph = 0
        self._last: tuple[str, ...] = ()
        self._tel_asked = False
        self._below_dashes = False

    def items(self, lines: Sequence[Line]) -> list[Item]:
        """What stands at which label."""
        labelled = _labelled(self._words, lines)
        last = {line.quoted: at for at, (line, labels) in enumerate(labelled) if labels}
        named = max(
            (at for at, (line, labels) in enumerate(labelled) if not line.quoted and _asks_name(labels)), default=-1
        )
        for at, (line, labels) in enumerate(labelled):
            self._read(line, labels, more=at < last.get(line.quoted, -1), form=at < named)
        self._close()
        return self._items

    def _read(self, line: Line, labels: Sequence[_Label], *, more: bool, form: bool) -> None:
        """Read a line; `more` says whether labels follow further down, `form` whether the sender's own form does."""
        if line.text == _DASHES and not line.quoted:
            self._close()
            self._below_dashes = True
        elif not line.text.strip():
            self._paragraph += 1
            if self._open:
                self._open.blank = True
        elif labels:
            self._read_labels(line, labels)
        elif not (self._columns and self._read_row(line)) and not self._read_choices(line):
            self._go_on(line, more=more, form=form)

    def _read_labels(self, line: Line, labels: Sequence[_Label]) -> None:
        self._columns = ()
        for label in labels:
            self._close(by_label=True)
            self._begin(label, line)
        if len(labels) > 1 and all(label.wide and not label.rest.strip() for label in labels):
            self._columns = tuple(label.names for label in labels)

    def _begin(self, label: _Label, line: Line) -> None:
        names = self._meant(label.names)
        if any(name in NAMES for name in names):
            self._below_dashes = False
        self._last = names
        self._open = _Open(names, [], line.quoted, self._paragraph)
        rest = label.rest.strip()
        if rest:
            said = rest if self._kind(names) == "choice" else value_in(rest)
            self._open.leaders = not said
            if said:
                self._open.lines.append(said)
                self._open.flows = self._flows(line)

    def _meant(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """In Annex 1 the second `Tel.`, below the hotel, is the hotel's."""
        if "family_name" in names:
            self._tel_asked = False
        if names == ("tel",):
            if self._tel_asked and self._last == ("hotel",):
                return ("hotel_tel",)
            self._tel_asked = True
        return names

    def _kind(self, names: tuple[str, ...]) -> str:
        return "lines" if len(names) > 1 else self._words.fields[names[0]].kind

    def _read_row(self, line: Line) -> bool:
        """A row of a table whose first row is labels."""
        cells = _cells(line.text)
        if not 1 < len(cells) <= len(self._columns) or ("\t" not in line.text and len(cells) != len(self._columns)):
            self._columns = ()
            return False
        self._open = None
        begins = any(name in NAMES for names in self._columns for name in names)
        for names, cell in zip(self._columns, cells, strict=False):
            for name, value in self._words.shared_out(names, value_in(cell)):
                self._note(name, value, line.quoted, begins=begins)
                begins = False
        return True

    def _read_choices(self, line: Line) -> bool:
        """A line of boxes and choices, with or without a label above."""
        here = self._open
        fields = self._words.choice_fields(line.text)
        if here and self._kind(here.names) == "choice" and here.quoted == line.quoted and not here.done:
            wrapped = bool(here.lines) and line.text[0].isspace() and not here.blank
            if fields == here.names or (not fields and (wrapped or _BOX.match(line.text))):
                here.lines.append(line.text)
                return True
        if not fields or (self._goes_on(line) and not self._words.has_box(line.text)):
            return False
        for name in fields:
            self._close()
            self._open = _Open((name,), [line.text], line.quoted, self._paragraph)
        return True

    def _goes_on(self, line: Line) -> bool:
        """Whether the answer to the label above is words, and they may go on here."""
        here = self._open
        if not here or here.done or not here.lines or here.quoted != line.quoted:
            return False
        return here.flows or self._takes_lines(here)

    def _takes_lines(self, here: _Open) -> bool:
        return self._kind(here.names) == "lines" or here.names[0] in _RUNS_ON

    def _go_on(self, line: Line, *, more: bool, form: bool) -> None:
        """A line without a label: it may belong to the label above."""
        here = self._open
        if not here or here.done or (not here.lines and self._words.explains(here.names, line.text[:_FLOWED])):
            return
        said = value_in(line.text)
        if here.lines and here.flows and not here.blank and here.quoted == line.quoted:
            here.lines[-1] = f"{here.lines[-1]} {said}".strip()
        elif here.lines:
            here.done = here.quoted != line.quoted or not self._may_follow(here, more=more)
            here.spaced = here.spaced and here.blank
            here.lines += [] if here.done else [said]
        elif self._may_begin(here, line, more=more, form=form):
            here.quoted = line.quoted
            here.lines.append(said)
        else:
            here.done = True
        here.blank = False
        here.flows = self._flows(line)

    def _may_begin(self, here: _Open, line: Line, *, more: bool, form: bool) -> bool:
        """Whether the answer to a label that has none yet begins in this line: one that is quoted may be answered in a
        line that is not."""
        if not _looks_like(self._kind(here.names), line.text):
            return False
        if here.quoted == line.quoted:
            return not here.leaders and (more or not here.blank)
        return here.quoted and not (here.blank and form)

    def _may_follow(self, here: _Open, *, more: bool) -> bool:
        """Whether the answer goes on in a line of its own."""
        if not self._takes_lines(here) or len(here.lines) >= _MOST_LINES:
            return False
        return not here.blank or (here.spaced and more and self._kind(here.names) == "lines")

    def _flows(self, line: Line) -> bool:
        """Whether the line goes on in the next one. Of several lines each may as well stand for itself."""
        here = self._open
        return bool(
            here and self._kind(here.names) != "lines" and line.text.endswith(" ") and len(line.text) >= _FLOWED
        )

    def _close(self, *, by_label: bool = False) -> None:
        """The present label's answer is over."""
        here, self._open = self._open, None
        if not here:
            return
        kind = self._kind(here.names)
        lines = [line for line in here.lines if line]
        if kind not in ("lines", "choice"):
            whole = by_label and not here.done and not here.blank
            lines = [" ".join(lines)] if whole else lines[:1]
        for name, value in self._words.shared_out(here.names, "\n".join(lines)):
            self._note(name, value, here.quoted, here.paragraph)

    def _note(self, name: str, value: str, quoted: bool, paragraph: int | None = None, begins: bool = False) -> None:
        if quoted or not self._below_dashes:
            within = self._paragraph if paragraph is None else paragraph
            self._items.append(Item(name, value, quoted, within, begins))


def _asks_name(labels: Sequence[_Label]) -> bool:
    return any(name in NAMES for label in labels for name in label.names)


def _labelled(words: Vocabulary, lines: Sequence[Line]) -> list[tuple[Line, list[_Label]]]:
    """The lines, each with the labels in it; two over which a label is wrapped are one line."""
    labelled: list[tuple[Line, list[_Label]]] = []
    for line in lines:
        labels = labels_in(words, line.text)
        if labelled and not labelled[-1][1] and (joined := _joined(labelled[-1][0], line)):
            found = labels_in(words, joined.text)
            if found and (not labels or labels[0].names != found[0].names):
                labelled[-1] = joined, found
                continue
        labelled.append((line, labels))
    return labelled


def _joined(line: Line, following: Line) -> Line | None:
    """Both lines as one, where a label may be wrapped over them."""
    begins, goes_on = line.text.strip(), following.text.strip()
    if line.quoted != following.quoted or not begins or not goes_on or len(begins) > LONGEST_LABEL:
        return None
    return Line(f"{begins} {goes_on}", line.quoted)


def labels_in(words: Vocabulary, line: str) -> list[_Label]:
    """The labels in a line that begins with one, each with what stands behind it; none where it does not."""
    if not line or line.isspace():
        return []
    line = line[:_LONGEST_LINE]
    bullet = _BULLET.match(line)
    body = line[bullet.end() :] if bullet else line
    first = _first_label(words, body)
    if not first:
        return []
    places = [first, *_further_labels(words, body, first)]
    rests = [body[one.end : following.start].rstrip(" \t\xa0,;|/(") for one, following in pairwise(places)]
    rests.append(body[places[-1].end :])
    return [_Label(place.names, rest, place.wide) for place, rest in zip(places, rests, strict=True)]


class _Place(NamedTuple):
    """Where a label stands in a line."""

    names: tuple[str, ...]
    start: int
    end: int
    """Behind what separates it from its answer."""
    wide: bool
    """Whether that is only white space."""


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
    """As in `Tel. +41 22 730 51 11` and `E-mail a@example.org`."""
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
    """The label in running text that ends there, and where it begins."""
    before = max(at, end - 60)
    last = _LAST_WORD.search(body[before:end])
    if last and plain(last.group()) in words.last_words:
        for word in _WORD_START.finditer(body[before:end]):
            begin = before + word.start()
            if (begin > before or before == at) and (names := words.called(body[begin:end])):
                return names, begin
    return (), end


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in (line.split("\t") if "\t" in line else re.split(r"[ \xa0]{2,}", line.strip()))]


def _looks_like(kind: str, text: str) -> bool:
    """Whether a line can be the answer to a label above it."""
    if kind == "email":
        return "@" in text
    if kind in ("tel", "date"):
        return any(character.isdigit() for character in text)
    return True
