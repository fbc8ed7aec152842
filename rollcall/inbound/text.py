"""Filled-in forms in text: at most one label is open, whose answer the lines below may continue."""

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace

from rollcall.inbound.choices import plain
from rollcall.inbound.grouping import CONTACT, MOST_FORMS, NAMES, NOTHING, NOTHING_SAID, Answered, Gap, Item, grouped
from rollcall.inbound.labels import (
    LONGEST_LABEL,
    LONGEST_LINE,
    STRUCK_OUT,
    UNSEEN,
    InOrder,
    Label,
    TooMuch,
    Vocabulary,
    bounded,
    labels_in,
    unknown_label,
    value_in,
    vocabulary,
)
from rollcall.inbound.letter import (
    A_FORM,
    ends_a_sentence,
    is_closing,
    is_greeting,
    is_heading,
    is_only_heading,
    says_something,
    words_of,
)
from rollcall.inbound.lists import Columns, columns_of, form_in_row
from rollcall.inbound.quoting import Line, lines_of, typed_lines
from rollcall.model.event import Event
from rollcall.model.inbound import Doubt
from schemas.kinds import boxes_of

_ASKED_FOR = ("lines", "tel", "email", "date")
"""Kinds of answers that look like what they are."""
_MOST_LINES = 40
"""More than any address; the schema then says so."""
_MOST_WITHOUT_COLONS = 500
_FEWEST_WITHOUT_COLONS = 6
_FLOWED = 50
"""Characters of a wrapped line, which ends in a space (RFC 3676, 4.1)."""

_BOX = re.compile(r"\s*(?:[\[(][^\[\]()]{0,3}[\])]|[^\w\s])")
_CELL = re.compile(r"[^\s\xa0]+(?:[ \xa0][^\s\xa0]+)*")
_NEXT_CELL = re.compile(r"\t|[ \xa0]{3,}")
_ASIDE = re.compile(r"\s*(?:\([^()]*\)|（[^（）]*）)\s*")
_RULE = re.compile(r"\s*(?:[-=*#~+–—_]\s*){3,}")
"""But below a label it is where the answer goes."""
_RUNS_ON = ("organization",)
"""Often wrap to a second line."""


@dataclass(frozen=True)
class TextRead:
    forms: list[Answered]
    beside: str = ""
    """The sender's own lines that belong to no form."""
    corrections: Answered = NOTHING_SAID


def read_text(event: Event, text: str, forwarded: int | None = 0) -> TextRead:
    """`forwarded` as in `lines_of`; None: only what the sender typed. Raises `TooMuch`."""
    lines = typed_lines(bounded(text)) if forwarded is None else lines_of(bounded(text), forwarded)
    if any(len(line.text) > LONGEST_LINE for line in lines):
        raise TooMuch
    read = _read(event, lines)
    marked = [] if read.forms else _with_colons(vocabulary(event), lines)
    return _read(event, marked) if marked else read


def _with_colons(words: Vocabulary, lines: Sequence[Line]) -> Sequence[Line]:
    """`Family name Diallo`, with one blank, is unmistakable only among several lines that begin with labels."""
    places = [words.place_of_answer(line.text) for line in lines[:_MOST_WITHOUT_COLONS]]
    labels = {name for line, place in zip(lines, places, strict=False) for name in words.called(line.text[:place])}
    if len(labels) < _FEWEST_WITHOUT_COLONS or labels.isdisjoint(NAMES):
        return []
    marked = [
        line._replace(text=f"{line.text[:place]}:{line.text[place:]}") if place else line
        for line, place in zip(lines, places, strict=False)
    ]
    return [*marked, *lines[len(marked) :]]


def _read(event: Event, lines: Sequence[Line]) -> TextRead:
    own = (line.text for line in lines if not line.quoted)
    words = vocabulary(event, own)
    words = words if words.language else vocabulary(event, (line.text for line in lines))
    reading = _Reading(words, words_of(event))
    items = reading.items(lines)
    found = grouped(items, words.fields)
    marks = [(line, f"\n{A_FORM}\n") for line in found.begin]
    beside = sorted([*reading.beside, *((item.line, item.said) for item in found.unused), *marks])
    forms = [replace(form, language=words.language) for form in found.forms]
    said = replace(found.corrections, language=words.language)
    return TextRead(forms, "\n".join(line for _, line in beside), said)


def forms_in_text(event: Event, text: str) -> list[Answered]:
    """The first has what stands beside them."""
    read = read_text(event, text)
    return [replace(form, beside=read.beside if form is read.forms[0] else "") for form in read.forms]


@dataclass
class _Open:
    names: tuple[str, ...]
    """None, of a label that is not known."""
    lines: list[str]
    quoted: bool
    gap: Gap
    line: int
    label: str = ""
    asked_in_quote: bool = False
    unsure: bool = False
    """Another cell follows, perhaps another person's."""
    leaders: bool = False
    """Dots follow: the answer is on its own line."""
    done: bool = False
    blank: bool = False
    spaced: bool = True
    """Empty lines separate all lines so far."""
    flows: bool = False
    """The last line is wrapped."""
    signs: bool = False
    """It may be of a signature block."""


class _Reading:
    def __init__(self, words: Vocabulary, nothing: Set[str]) -> None:
        self._words = words
        self._nothing = nothing
        """Words that say nothing."""
        self._items: list[Item] = []
        self.beside: list[tuple[int, str]] = []
        """By number of the line."""
        self._open: _Open | None = None
        self._columns: Columns | None = None
        self._starts: tuple[int, ...] = ()
        """Of the columns, where blanks align them."""
        self._at_columns = -1
        """The line of their labels."""
        self._gaps = {False: Gap.NONE, True: Gap.NONE}
        self._in_order = InOrder(words)
        self._wide = False
        """Blanks divide labels from answers."""
        self._answers_below = False
        self._headings: set[str] = set()
        self._signs = False
        """A name or a closing stands above."""
        self._at = 0

    def items(self, lines: Sequence[Line]) -> list[Item]:
        labelled = _labelled(self._words, lines)
        last = {line.quoted: at for at, (line, labels) in enumerate(labelled) if labels}
        own = ((at, labels) for at, (line, labels) in enumerate(labelled) if not line.quoted)
        named = max(
            (at for at, labels in own for label in labels if not set(NAMES).isdisjoint(label.names)), default=-1
        )
        for at, (line, labels) in enumerate(labelled):
            self._at = at
            if len(self._items) > 2 * MOST_FORMS * len(self._words.fields):
                self._outside(line)
                continue
            self._read(line, labels, more=at < last.get(line.quoted, -1), form=at < named)
        self._close()
        return self._items

    def _read(self, line: Line, labels: Sequence[Label], *, more: bool, form: bool) -> None:
        """`more`: labels follow further down; `form`: the sender's own form does."""
        if not line.text.strip(f"{STRUCK_OUT}{UNSEEN} \t\xa0\u3000"):
            if not self._is_left_blank():
                self._mark(line, Gap.BLANKS if self._gaps[line.quoted] is Gap.BLANK else Gap.BLANK)
            if self._open:
                self._open.blank = True
            if not line.quoted:
                self.beside.append((self._at, ""))
        elif self._begin_list(line):
            return
        elif labels:
            self._read_labels(line, labels)
        elif self._words.headings and plain(line.text) in self._words.headings:
            self._close()  # or it would be the answer to an empty field above it
        elif is_closing(line.text):
            self._aside(line, Gap.CLOSING)
            self._columns = None
        elif _RULE.fullmatch(line.text) and not self._is_asking():
            self._aside(line, Gap.DIVIDER)
        elif self._columns and self._read_row(line):
            return
        elif not self._read_choices(line) and not self._begin_unknown(line):
            self._go_on(line, more=more, form=form)

    def _mark(self, line: Line, gap: Gap) -> None:
        self._gaps[line.quoted] = max(self._gaps[line.quoted], gap)

    def _aside(self, line: Line, gap: Gap) -> None:
        self._close()
        self._mark(line, gap)
        if not line.quoted:
            self._signs = self._signs or not is_greeting(line.text)
            self.beside.append((self._at, line.text))

    def _is_left_blank(self) -> bool:
        """An empty line where the answer would stand, as others stand below their labels."""
        return self._answers_below and self._is_asking()

    def _is_asking(self) -> bool:
        return self._open is not None and not (self._open.lines or self._open.blank)

    def _gap(self, quoted: bool) -> Gap:
        gap, self._gaps[quoted] = self._gaps[quoted], Gap.NONE
        return gap

    def _read_labels(self, line: Line, labels: Sequence[Label]) -> None:
        self._columns = None
        self._close(by_label=True)
        if len(labels) > 1 and all(label.wide and not label.rest.strip() for label in labels):
            self._begin_columns(_cells(line.text))
        for label in labels:
            self._close(by_label=True)
            self._begin(label, line)

    def _begin_list(self, line: Line) -> bool:
        cells = _cells(line.text)
        if len(cells) < 3 or not columns_of(self._words, [cell for _, cell in cells]).is_heading:
            return False
        self._close()
        self._begin_columns(cells)
        return True

    def _begin_columns(self, cells: Sequence[tuple[int, str]]) -> None:
        self._columns = columns_of(self._words, [cell for _, cell in cells])
        self._starts = tuple(start for start, _ in cells)
        self._at_columns = self._at

    def _begin(self, label: Label, line: Line) -> None:
        names = self._in_order.meant(label.names)
        self._wide = label.wide
        self._open = _Open(names, [], line.quoted, self._gap(line.quoted), self._at, asked_in_quote=line.quoted)
        self._open.signs = self._signs and self._is_contact(names)
        rest = label.rest.strip()
        if rest:
            is_choice = self._kind(names) == "choice"
            said = rest if is_choice else value_in(rest)
            self._open.unsure = not is_choice and bool(_NEXT_CELL.search(said))
            self._open.leaders = not said
            self._answers_below = self._answers_below and not said
            if said or rest in ("-", "–", "—"):
                self._open.lines.append(said or NOTHING)
                self._open.flows = self._flows(line)

    def _begin_unknown(self, line: Line) -> bool:
        """What is not known is not the answer above it."""
        here = self._open
        found = unknown_label(line.text, wide=self._wide)
        if not found or (here and here.quoted != line.quoted) or not says_something(line.text, self._nothing):
            return False
        label, rest = found
        self._close(by_label=True)
        self._open = _Open((), [rest] if rest else [], line.quoted, self._gap(line.quoted), self._at, label)
        return True

    def _is_contact(self, names: tuple[str, ...]) -> bool:
        kind = self._words.fields[names[0]].kind if names else ""
        return not CONTACT.isdisjoint(names) or (kind in ("tel", "email") and names != ("hotel_tel",))

    def _kind(self, names: tuple[str, ...]) -> str:
        if len(names) != 1:
            return "lines"
        field = self._words.fields[names[0]]
        return "choice" if boxes_of(field) else field.kind if field.kind in _ASKED_FOR else "text"

    def _read_row(self, line: Line) -> bool:
        columns = self._columns
        cells = _cells(line.text)
        texts = [cell for _, cell in cells]
        if not columns or sum(map(bool, texts)) < 2:
            return False
        if "\t" not in line.text and len(cells) != len(columns.names):
            texts = _aligned(cells, self._starts)
        if columns.is_heading:
            self._close()
            form = form_in_row(self._words, columns, texts) if texts else _unread(cells)
            form = replace(form, quoted=line.quoted)
            self._items.append(Item("", "", quoted=line.quoted, gap=self._gap(line.quoted), line=self._at, row=form))
            return True
        self._columns = None
        if not texts or len(texts) > len(columns.names):
            return False
        self._open = None
        while self._items and self._items[-1].line == self._at_columns:
            self._items.pop()
        for names, cell in zip(columns.names, texts, strict=False):
            for name, value in self._words.shared_out(names, value_in(cell)):
                self._items.append(Item(name, value, quoted=line.quoted, gap=self._gap(line.quoted), line=self._at))
        return True

    def _read_choices(self, line: Line) -> bool:
        here = self._open
        fields = self._words.choices.fields_in(line.text)
        if here and here.names and self._kind(here.names) == "choice" and not here.done:
            if here.quoted == line.quoted:
                wrapped = bool(here.lines) and line.text[0].isspace() and not here.blank
                box = _BOX.match(line.text) and not here.blank and not is_only_heading(line.text)
                if fields == here.names or (not fields and (wrapped or box)):
                    here.lines.append(line.text)
                    return True
            elif here.quoted and fields == here.names:
                here.lines, here.quoted = [line.text], False
                return True
        if not fields or (self._goes_on(line) and not self._words.choices.has_box(line.text)):
            return False
        for name in fields:
            self._close()
            self._open = _Open((name,), [line.text], line.quoted, self._gap(line.quoted), self._at)
            self._open.asked_in_quote = line.quoted
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
        if here and not here.lines and self._words.explains(here.names, line.text[:_FLOWED]):
            return
        said = value_in(line.text)
        if not here or here.done:
            self._outside(line)
        elif here.lines and here.flows and not here.blank and here.quoted == line.quoted:
            here.lines[-1] = f"{here.lines[-1]} {said}".strip()
        elif here.lines and here.quoted == line.quoted and self._may_follow(here, line.text, more=more):
            here.spaced = here.spaced and here.blank
            here.lines.append(said)
        elif not here.lines and self._may_begin(here, line, more=more, form=form):
            self._answers_below = True
            here.quoted = line.quoted
            here.lines.append(said)
        else:
            here.done = True
            self._outside(line)
        here = self._open
        if here:
            here.blank = False
            here.flows = self._flows(line)

    def _outside(self, line: Line) -> None:
        if not _ASIDE.fullmatch(line.text) and value_in(line.text):
            if is_heading(line.text):
                self._headings.add(_without_digits(line.text))
                self._mark(line, Gap.DIVIDER)
            else:
                self._mark(line, Gap.PROSE)
        if not line.quoted:
            self._signs = self._signs or not ends_a_sentence(line.text)
            self.beside.append((self._at, line.text))

    def _may_begin(self, here: _Open, line: Line, *, more: bool, form: bool) -> bool:
        """An unquoted line may answer a quoted label."""
        if not here.names or not _looks_like(self._kind(here.names), line.text):
            return not here.names and not here.blank
        if here.quoted == line.quoted:
            kind = self._kind(here.names)
            numbers = is_only_heading(line.text) and (here.blank or kind in ("text", "choice"))
            again = _without_digits(line.text) in self._headings or kind != "lines"
            numbers = numbers or (here.blank and again and is_heading(line.text))
            apart = here.blank and (kind == "choice" or not more)
            return not (here.leaders or numbers or apart)
        return here.quoted and not (here.blank and form)

    def _may_follow(self, here: _Open, said: str, *, more: bool) -> bool:
        if not self._takes_lines(here) or len(here.lines) >= _MOST_LINES or is_only_heading(said):
            return False
        return not here.blank or (here.spaced and more and self._kind(here.names) == "lines" and bool(here.names))

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
        if not here.names:
            self._close_unknown(here)
            return
        kind = self._kind(here.names)
        lines = [line for line in here.lines if line]
        if kind not in ("lines", "choice"):
            whole = by_label and not here.done and not here.blank
            lines = [" ".join(lines)] if whole else lines[:1]
        inline = here.asked_in_quote and not here.quoted
        gap = here.gap
        for name, value in self._words.shared_out(here.names, "\n".join(lines)):
            quoted = here.quoted or inline
            item = Item(name, value, quoted=quoted, inline=inline, gap=gap, line=here.line, unsure=here.unsure)
            self._items.append(replace(item, signs=here.signs))
            gap = Gap.NONE

    def _close_unknown(self, here: _Open) -> None:
        if here.lines:
            said = "\n".join(here.lines)
            self._items.append(Item("", said, here.label, quoted=here.quoted, gap=here.gap, line=here.line))
            return
        self._gaps[here.quoted] = max(self._gaps[here.quoted], here.gap, Gap.DIVIDER)
        if not here.quoted:
            self.beside.append((here.line, here.label))


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


def _cells(line: str) -> list[tuple[int, str]]:
    """Each with where it starts."""
    if "\t" in line:
        return list(enumerate(cell.strip() for cell in line.split("\t")))
    return [(cell.start(), cell.group()) for cell in _CELL.finditer(line)]


def _aligned(cells: Sequence[tuple[int, str]], starts: Sequence[int]) -> list[str]:
    """Empty where a cell stands below no heading."""
    placed = {start: text for start, text in cells}
    by_column = [placed.pop(near, "") for start in starts for near in [_near(start, placed)]]
    return [] if placed else by_column


def _near(start: int, placed: Mapping[int, str]) -> int:
    return next((at for at in (start, start - 1, start + 1) if at in placed), -1)


def _unread(cells: Sequence[tuple[int, str]]) -> Answered:
    return Answered({}).doubted(Doubt.ROW_NOT_READ, "  ".join(cell for _, cell in cells))


def _without_digits(text: str) -> str:
    return "".join(character for character in text if character.isalpha()).casefold()


def _looks_like(kind: str, text: str) -> bool:
    if kind == "email":
        return "@" in text
    digits = sum(map(str.isdigit, text))
    if kind == "tel":
        return digits > sum(map(str.isalpha, text))
    return digits > 0 if kind == "date" else True
