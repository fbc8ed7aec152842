"""Lists of people: a row of labels, below it a row a person. Every row counts: what fits no column needs review."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rollcall.inbound.grouping import NAMES, SHARED, Answered
from rollcall.inbound.labels import InOrder, Vocabulary, value_in
from rollcall.model.inbound import Doubt

_NUMBERS = frozenset({"", "#", "№", "n°", "nº", "no", "no.", "nr", "nr.", "item", "№ п/п", "序号", "م"})
"""Headings of a column that counts the people."""


@dataclass(frozen=True)
class Columns:
    labels: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]
    """The fields of each; empty where the label is unknown."""

    @property
    def is_heading(self) -> bool:
        """Most labels are known, and one is a name's. A row of two labels, each beside its answer, is none."""
        known = [names for names in self.names if names]
        unknown = sum(not (names or _counts(label)) for label, names in zip(self.labels, self.names, strict=True))
        return len(known) > max(1, unknown) and any(name in NAMES for names in known for name in names)


def _counts(label: str) -> bool:
    return label.strip().casefold() in _NUMBERS


def columns_of(words: Vocabulary, cells: Sequence[str]) -> Columns:
    in_order = InOrder(words)
    return Columns(tuple(cells), tuple(in_order.meant(words.called(cell)) for cell in cells))


def forms_in_rows(words: Vocabulary, rows: Iterable[Sequence[str]]) -> list[Answered]:
    """None without a heading. What all share (`Organization`, `NGO`) may stand above it, other rows are for the
    staff."""
    columns: Columns | None = None
    shared: list[tuple[str, str]] = []
    beside: list[str] = []
    forms: list[Answered] = []
    for row in rows:
        cells = [cell.strip() for cell in row]
        given = [cell for cell in cells if cell]
        if (heading := columns_of(words, cells)).is_heading:
            columns = heading
        elif columns and len(given) > 1:
            forms.append(form_in_row(words, columns, cells, shared))
        elif not columns and len(given) == 2 and set(words.called(given[0])) & set(SHARED):
            shared.append((given[0], given[1]))
        elif given:
            beside.append(" ".join(given))
    forms = [replace(form.without_blanks(), language=words.language) for form in forms]
    return [replace(forms[0], beside="\n".join(beside)), *forms[1:]] if forms else []


def form_in_row(
    words: Vocabulary, columns: Columns, cells: Sequence[str], shared: Sequence[tuple[str, str]] = ()
) -> Answered:
    blanks = {name: "" for names in columns.names for name in names}
    form = answered(words, [one for one in shared if blanks.keys().isdisjoint(words.called(one[0]))])
    form = replace(form, answers={**blanks, **form.answers})
    for label, names, cell in zip(columns.labels, columns.names, cells, strict=False):
        counts = _counts(label) and cell.strip(" .)").isdecimal()
        form = form if counts else _with(words, form, label, names, cell)
    if any(cells[len(columns.names) :]) or not any(form.answers.get(name) for name in NAMES):
        return Answered({}).doubted(Doubt.ROW_NOT_READ, "  ".join(filter(None, cells)))
    return form


def answered(words: Vocabulary, said: Iterable[tuple[str, str]]) -> Answered:
    """`said`: labels, or fields' names, each with its text."""
    form = Answered({}, language=words.language)
    for label, text in said:
        form = _with(words, form, label, words.called(label), text)
    return form


def _with(words: Vocabulary, form: Answered, label: str, names: tuple[str, ...], text: str) -> Answered:
    value = value_in(text)
    if value and not names:
        return form.doubted(Doubt.UNKNOWN_LABEL, label)
    for name, answer in words.shared_out(names, value):
        form = form.answering(name, answer)
    return form
