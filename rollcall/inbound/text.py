"""Filled-in forms in text: at most one label is open, whose answer the lines below may continue."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rollcall.inbound.grouping import NAMES, Answered, Item, forms_of
from rollcall.inbound.labels import LONGEST_LABEL, Label, Vocabulary, labels_in, value_in, vocabulary
from rollcall.inbound.quoting import Line, lines_of
from rollcall.model.event import Event

LONGEST_TEXT = 2_000_000
"""Characters."""
_MOST_LINES = 40
"""More than any address; the schema then says so."""
_FLOWED = 50
"""Characters of a wrapped line, which ends in a space (RFC 3676, 4.1)."""
_DASHES = "-- "
"""Above a letterhead (RFC 3676, 4.3)."""

_BOX = re.compile(r"\s*(?:[\[(][^\[\]()]{0,3}[\])]|[^\w\s])")
_RUNS_ON = ("organization",)
"""Often wrap to a second line."""


def forms_in_text(event: Event, text: str, forwarded: int = 0) -> list[Answered]:
    """`forwarded` as in `lines_of`."""
    words = vocabulary(event)
    lines = lines_of(text[:LONGEST_TEXT], forwarded)
    return [form for form in forms_of(_Reading(words).items(lines)) if form.is_form]


@dataclass
class _Open:
    names: tuple[str, ...]
    lines: list[str]
    quoted: bool
    paragraph: int
    leaders: bool = False
    """Dots follow: the answer is on its own line."""
    done: bool = False
    blank: bool = False
    spaced: bool = True
    """Empty lines separate all lines so far."""
    flows: bool = False
    """The last line is wrapped."""


class _Reading:
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
        labelled = _labelled(self._words, lines)
        last = {line.quoted: at for at, (line, labels) in enumerate(labelled) if labels}
        own = ((at, labels) for at, (line, labels) in enumerate(labelled) if not line.quoted)
        named = max(
            (at for at, labels in own for label in labels if not set(NAMES).isdisjoint(label.names)), default=-1
        )
        for at, (line, labels) in enumerate(labelled):
            self._read(line, labels, more=at < last.get(line.quoted, -1), form=at < named)
        self._close()
        return self._items

    def _read(self, line: Line, labels: Sequence[Label], *, more: bool, form: bool) -> None:
        """`more`: labels follow further down; `form`: the sender's own form does."""
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

    def _read_labels(self, line: Line, labels: Sequence[Label]) -> None:
        self._columns = ()
        for label in labels:
            self._close(by_label=True)
            self._begin(label, line)
        if len(labels) > 1 and all(label.wide and not label.rest.strip() for label in labels):
            self._columns = tuple(label.names for label in labels)

    def _begin(self, label: Label, line: Line) -> None:
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
        """Annex 1's second `Tel.`, below the hotel, is the hotel's."""
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
        here = self._open
        fields = self._words.choices.fields_in(line.text)
        if here and self._kind(here.names) == "choice" and here.quoted == line.quoted and not here.done:
            wrapped = bool(here.lines) and line.text[0].isspace() and not here.blank
            if fields == here.names or (not fields and (wrapped or _BOX.match(line.text))):
                here.lines.append(line.text)
                return True
        if not fields or (self._goes_on(line) and not self._words.choices.has_box(line.text)):
            return False
        for name in fields:
            self._close()
            self._open = _Open((name,), [line.text], line.quoted, self._paragraph)
        return True

    def _goes_on(self, line: Line) -> bool:
        """Only where the answer is words."""
        here = self._open
        if not here or here.done or not here.lines or here.quoted != line.quoted:
            return False
        return here.flows or self._takes_lines(here)

    def _takes_lines(self, here: _Open) -> bool:
        return self._kind(here.names) == "lines" or here.names[0] in _RUNS_ON

    def _go_on(self, line: Line, *, more: bool, form: bool) -> None:
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
        """An unquoted line may answer a quoted label."""
        if not _looks_like(self._kind(here.names), line.text):
            return False
        if here.quoted == line.quoted:
            return not here.leaders and (more or not here.blank)
        return here.quoted and not (here.blank and form)

    def _may_follow(self, here: _Open, *, more: bool) -> bool:
        if not self._takes_lines(here) or len(here.lines) >= _MOST_LINES:
            return False
        return not here.blank or (here.spaced and more and self._kind(here.names) == "lines")

    def _flows(self, line: Line) -> bool:
        """Never of several lines: each may stand for itself."""
        here = self._open
        return bool(
            here and self._kind(here.names) != "lines" and line.text.endswith(" ") and len(line.text) >= _FLOWED
        )

    def _close(self, *, by_label: bool = False) -> None:
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


def _labelled(words: Vocabulary, lines: Sequence[Line]) -> list[tuple[Line, list[Label]]]:
    """A label may be wrapped over two lines."""
    labelled: list[tuple[Line, list[Label]]] = []
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
    begins, goes_on = line.text.strip(), following.text.strip()
    if line.quoted != following.quoted or not begins or not goes_on or len(begins) > LONGEST_LABEL:
        return None
    return Line(f"{begins} {goes_on}", line.quoted)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in (line.split("\t") if "\t" in line else re.split(r"[ \xa0]{2,}", line.strip()))]


def _looks_like(kind: str, text: str) -> bool:
    if kind == "email":
        return "@" in text
    if kind in ("tel", "date"):
        return any(character.isdigit() for character in text)
    return True
