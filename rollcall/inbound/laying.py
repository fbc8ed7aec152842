"""Laying out marked-up text (HTML, Word) as lines: a table's row is one line, a tab between its cells."""

DEEPEST = 10
"""Quotations within quotations that are told apart."""


class Page:
    """Lines, as they are laid out one after the other."""

    def __init__(self) -> None:
        self.quoted = 0
        """How deep in quotations what is written now stands."""
        self._lines: list[str] = []
        self._line: list[str] = []
        self._mark = ""
        self._breaks = 0
        self._tabs = 0
        self._cells: list[int] = []  # how many cells have begun in each row that has, the outermost first

    def write(self, text: str) -> None:
        """Go on in the present line, or in the next one where it was ended."""
        if not text:
            return
        if self._breaks:
            self._end_line()
            self._lines += [self._mark] * (self._breaks - 1)
            self._breaks = 0
        if not self._line:
            self._mark = "> " * min(self.quoted, DEEPEST)
        self._line += ["\t"] * self._tabs
        self._tabs = 0
        self._line.append(text)

    def space(self) -> None:
        """A space between two words; nothing at the beginning of a line."""
        if self._line and not self._breaks and not self._tabs and not self._line[-1].endswith((" ", "\n", "\t")):
            self._line.append(" ")

    def end_line(self) -> None:
        """What comes next stands on a line of its own."""
        if self._line and not self._tabs:
            self._breaks = max(self._breaks, 1)

    def end_paragraph(self) -> None:
        """What comes next stands on a line of its own, after an empty one."""
        if self._line and not self._tabs:
            self._breaks = max(self._breaks, 2)

    def break_line(self) -> None:
        """Leave the line, even where nothing stands on it."""
        self._breaks += 1

    def begin_row(self) -> None:
        """A table's row begins."""
        self._end_line()
        self._breaks = self._tabs = 0
        self._cells.append(0)

    def begin_cell(self) -> None:
        """A cell begins: of a row, in the line in which the last one ended; without a row it is none."""
        if not self._cells:
            return
        if self._cells[-1]:
            self._breaks = 0
            self._tabs += 1
        self._cells[-1] += 1

    def end_row(self) -> None:
        """The row ends, if one has begun."""
        if self._cells:
            self._cells.pop()
            self.end_line()

    def text(self) -> str:
        """All lines."""
        self._end_line()
        return "\n".join(self._lines)

    def _end_line(self) -> None:
        if self._line:
            self._lines.append(self._mark + "".join(self._line).rstrip(" "))
        self._line = []
        self._tabs = 0
