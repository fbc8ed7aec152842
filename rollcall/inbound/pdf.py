"""The pages of a PDF as rows of cells: by where the words stand, with what is drawn in its boxes."""

import math
import unicodedata
from collections import Counter
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from time import process_time
from typing import Any, NamedTuple

MOST_DRAWN = 300_000
"""Bytes of contents, of all pages; a drawing within, or a note on them, takes `_FOR_ITSELF` more."""
MOST_COMPARED = 200_000
"""Words and boxes, each with each."""
SECONDS = 0.5
"""Of a processor, after which no page is begun."""
_FOR_ITSELF = 500
_LONGEST_NOTE = 10_000
DEEPEST = 5
"""Drawings within drawings."""
MOST_SHAPES = 200
"""No larger than a box, on a page."""

_SAME_ROW, _NEXT_CELL, _NEXT_PARAGRAPH = 0.5, 1.5, 2.5
"""Times the size of the letters."""
_NEXT_ROW = 1.15
"""Times the distance of the lines within one."""
_MOST_LINES = 10
"""Of an answer above its label."""
_FEWEST_ROWS, _SHARE_OF_ROWS = 3, 0.4
"""In which a column begins."""
_SMALLEST_BOX, _LARGEST_BOX = 5, 25
"""Points."""
_PAINTS = (b"f", b"F", b"f*", b"B", b"B*", b"b", b"b*", b"S", b"s")
_PLACES = (b"Tm", b"Td", b"TD", b"T*")
_BOXES = ("[ ] ", "[x] ")
_TICKS = frozenset("xX✓✔✗✘✕✖☒☑●■•")
_NARROW = frozenset("iljtfrI.,:;'’|!()[]- ")
_WIDE = frozenset("mwMW@_%")


class Piece(NamedTuple):
    """Words; the place where they begin, in points."""

    x: float
    y: float
    size: float
    text: str
    goes_on: bool = False
    """Drawn right after the piece before, without a gap."""

    @property
    def end(self) -> float:
        """About: in letters of usual width."""
        return self.x + self.size * sum(map(_width, self.text))


class Shape(NamedTuple):
    left: float
    bottom: float
    right: float
    top: float

    @property
    def may_be_box(self) -> bool:
        width, height = self.right - self.left, self.top - self.bottom
        return abs(width - height) <= 2 and _SMALLEST_BOX <= width <= _LARGEST_BOX

    @property
    def middle(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2

    def is_within(self, words: Piece) -> bool:
        return self.bottom - 2 < words.y < self.top and words.x < self.left < words.end - words.size

    def holds(self, x: float, y: float) -> bool:
        """Well within, not on the border."""
        inset = 0.06 * (self.right - self.left)
        return self.left + inset < x < self.right - inset and self.bottom + inset < y < self.top - inset


def rows_of(pages: Sequence[Any], clock: Callable[[], float] = process_time) -> Iterator[list[str]]:
    """Cells from left to right, rows from top to bottom. Raises `ValueError` for too much, and what pypdf raises for a
    broken file."""
    left = MOST_DRAWN
    until = clock() + SECONDS
    for page in pages:
        if clock() > until:
            raise ValueError("the pages take too long")
        fonts: dict[str, Any] = {}
        operations, left = _operations(page, page.get("/Contents"), fonts, left)
        notes = page["/Annots"] if "/Annots" in page else ()  # noqa: SIM401 - `get` does not follow references
        left -= _FOR_ITSELF * len(notes)
        laid_over: list[Piece] = []
        for piece in _laid_over(notes) if left >= 0 else ():
            left -= len(piece.text)
            laid_over.append(piece)
        if left < 0:
            raise ValueError("too much is drawn")
        seen = _seen(page, operations, fonts)
        yield from _rows([*seen.pieces, *laid_over], seen.shapes)


@dataclass
class _Seen:
    pieces: list[Piece] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    path: list[tuple[float, float]] = field(default_factory=list)
    open: bool = False
    """The last piece has not ended its line."""

    def words(self, text: str, cm: Sequence[float], tm: Sequence[float], _: Any, size: float) -> None:
        said = _presented(text.strip("\n"))
        if self.pieces and _is_mark(said[:1]):  # its place may be before its letter's
            self.pieces[-1] = self.pieces[-1]._replace(text=self.pieces[-1].text + said)
        elif said:
            x, y = _moved(cm, tm[4], tm[5])
            up = (tm[2] * cm[0] + tm[3] * cm[2], tm[2] * cm[1] + tm[3] * cm[3])
            self.pieces.append(Piece(x, y, abs(size) * math.hypot(*up), said, self.open and text[0] not in " \n"))
        self.open = not text.endswith("\n") and (self.open or bool(said))

    def drawing(self, operator: bytes, operands: Sequence[Any], cm: Sequence[float], _: Any) -> None:
        numbers = [float(one) for one in operands if isinstance(one, int | float)]
        if operator in (b"m", b"l", b"c", b"v", b"y") and len(numbers) > 1:
            self.path.append(_moved(cm, *numbers[-2:]))
        elif operator == b"re" and len(numbers) == 4:
            x, y, width, height = numbers
            self.path += [_moved(cm, x, y), _moved(cm, x + width, y + height)]
        elif operator in _PAINTS or operator == b"n":
            xs, ys = [x for x, _ in self.path], [y for _, y in self.path]
            if xs and operator != b"n" and max(xs) - min(xs) <= _LARGEST_BOX and max(ys) - min(ys) <= _LARGEST_BOX:
                self.shapes.append(Shape(min(xs), min(ys), max(xs), max(ys)))
            self.path = []


def _operations(within: Any, contents: Any, fonts: dict[str, Any], left: int, depth: int = 0) -> tuple[list[Any], int]:
    """With what it draws from elsewhere in place (a flattened form's fields are drawn so), under one set of font names;
    a font is named afresh before each move, so that pypdf hands out what stands there by itself. And how many bytes may
    still be drawn."""
    from pypdf.generic import ContentStream, DictionaryObject, NameObject, NumberObject

    stream = ContentStream(contents, within.pdf if depth == 0 else None, "bytes")
    left -= len(stream.get_data()) + (_FOR_ITSELF if depth else 0)
    nothing = DictionaryObject()
    resources = within.get("/Resources", nothing).get_object()
    known, drawn = (resources.get(kind, nothing).get_object() for kind in ("/Font", "/XObject"))
    operations: list[Any] = []
    font: list[Any] = [NameObject("/None"), NumberObject(1)]
    for operands, operator in stream.operations if left >= 0 else ():
        if operator == b"Tf" and len(operands) == 2 and operands[0] in known:
            name = NameObject(f"/{depth}.{id(known[operands[0]])}")
            fonts[name] = known[operands[0]]
            font = [name, operands[1]]
            operations.append((font, operator))
        elif operator == b"Do" and operands and operands[0] in drawn:
            form = drawn[operands[0]].get_object()
            if form.get("/Subtype") != "/Form" or depth >= DEEPEST:
                continue
            inner, left = _operations(form, form, fonts, left, depth + 1)
            operations += [([], b"q"), (form.get("/Matrix", [1, 0, 0, 1, 0, 0]), b"cm"), *inner, ([], b"Q")]
        else:
            operations += [(font, b"Tf"), (operands, operator)] if operator in _PLACES else [(operands, operator)]
    return operations, left


def _seen(page: Any, operations: Sequence[Any], fonts: dict[str, Any]) -> _Seen:
    from pypdf.generic import ContentStream, DictionaryObject, NameObject

    drawn = ContentStream(None, page.pdf)
    drawn.operations = list(operations)
    page[NameObject("/Contents")] = drawn
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): DictionaryObject(fonts)})
    seen = _Seen()
    page.extract_text(visitor_text=seen.words, visitor_operand_before=seen.drawing)
    return seen


def _laid_over(notes: Sequence[Any]) -> Iterator[Piece]:
    """What stands in fields, and the text that programs lay over a page without any (ISO 32000-1, 12.5.6)."""
    for annotation in notes:
        one = annotation.get_object()
        if not one or one.get("/Subtype") not in ("/FreeText", "/Widget"):
            continue
        left, bottom, _, top = map(float, one["/Rect"])
        said = one.get("/Contents") if one["/Subtype"] == "/FreeText" else _inherited(one, "/V")
        if "/AS" in one:
            yield Piece(left, bottom, top - bottom, _BOXES[one["/AS"] != "/Off"])
        elif isinstance(said, str) and len(said) > _LONGEST_NOTE:
            raise ValueError("a note is too long")
        elif isinstance(said, str):
            lines = said.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            first = (top + bottom) / 2 - 3 if len(lines) == 1 else top - 12
            yield from (Piece(left, first - 12 * place, 10, line) for place, line in enumerate(lines) if line)


def _inherited(field: Any, key: str) -> Any:
    return field[key] if key in field or "/Parent" not in field else field["/Parent"].get_object().get(key)


def _rows(pieces: Sequence[Piece], shapes: Sequence[Shape]) -> Iterator[list[str]]:
    """An empty one between paragraphs."""
    found = list(_in_rows(_with_boxes(pieces, shapes)))
    begins = Counter(round(piece.x) for row in found for piece in row if piece.text[0] == " ")
    columns = {x for x, times in begins.items() if times >= max(_FEWEST_ROWS, _SHARE_OF_ROWS * len(found))}
    rows = [_cells(row, columns) for row in found]
    at = 0
    while at < len(rows):
        below = at + _lines_of_the_row_below(rows, at)
        row = [cell.text for cell in rows[below]]
        if below > at:
            row[1:2] = ["\n".join([*(cell.text for (cell,) in rows[at:below]), *row[1:2]])]
        yield row
        at = below + 1
        if at < len(rows) and rows[below][0].y - rows[at][0].y > _NEXT_PARAGRAPH * rows[below][0].size:
            yield []
    yield []


def _lines_of_the_row_below(rows: Sequence[list[Piece]], at: int) -> int:
    """How many lines of an answer stand above its label, which is in the middle or at the foot of its row. Such lines
    are nearer to it than to the row above them."""
    x, size = rows[at][0].x, rows[at][0].size
    after = at
    while after < min(at + _MOST_LINES, len(rows)) and len(rows[after]) == 1 and abs(rows[after][0].x - x) < 2:
        after += 1
    if after in (at, len(rows)) or rows[after][0].x > x - size:
        return 0
    label, *answer = rows[after]
    gap = rows[after - 1][0].y - label.y
    beside = abs(answer[0].x - x) < 2 if answer else gap < size
    apart = at == 0 or rows[at - 1][0].y - rows[at][0].y > _NEXT_ROW * gap
    return after - at if beside and apart and gap < _NEXT_PARAGRAPH * size else 0


def _in_rows(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    row: list[Piece] = []
    for piece in sorted(pieces, key=lambda one: -one.y):
        if row and row[0].y - piece.y > _SAME_ROW * max(piece.size, row[0].size):
            yield row
            row = []
        if row or not piece.text.isspace():
            row.append(piece)
    if row:
        yield row


def _cells(row: list[Piece], columns: Container[int]) -> list[Piece]:
    row.sort(key=lambda one: one.x)
    cells = [row[0]]
    for before, piece in pairwise(row):
        aligned = piece.text[0] == " " and round(piece.x) in columns
        far = aligned or (piece.x - before.end > _NEXT_CELL * piece.size and not piece.goes_on)
        if piece.text in _BOXES or (far and before.text not in _BOXES):
            cells.append(piece)
        else:
            cells[-1] = cells[-1]._replace(text=cells[-1].text + piece.text)
    return [cell._replace(text=cell.text.strip()) for cell in cells if not cell.text.isspace()]


def _with_boxes(pieces: Sequence[Piece], shapes: Sequence[Shape]) -> list[Piece]:
    """Boxes only where one is ticked (a square may be anything) and none stands within words, whose places are then
    unknown."""
    boxes: list[Shape] = []
    for shape in sorted(shapes, key=lambda one: one.left - one.right) if len(shapes) <= MOST_SHAPES else ():
        if shape.may_be_box and not any(box.holds(*shape.middle) for box in boxes):
            boxes.append(shape)
    ticked = {box for box in boxes for shape in shapes if box.holds(*shape[:2]) and box.holds(*shape[2:])}
    if len(pieces) * len(boxes) > MOST_COMPARED:
        raise ValueError("too much is drawn")
    letters = {piece: box for piece in pieces if len(piece.text.strip()) == 1 for box in boxes if box.holds(*piece[:2])}
    spelled = {round(box.bottom) for piece, box in letters.items() if piece.text.strip() not in _TICKS}
    boxes = [box for box in boxes if round(box.bottom) not in spelled]  # a row of squares is for the letters of a word
    ticks = {piece: box for piece, box in letters.items() if box in boxes}
    ticked |= set(ticks.values())
    words = [piece for piece in pieces if piece not in ticks]
    if ticked.isdisjoint(boxes) or any(box.is_within(piece) for box in boxes for piece in words):
        return list(pieces)
    return words + [Piece(box.left, box.bottom, box.top - box.bottom, _BOXES[box in ticked]) for box in boxes]


def _is_mark(character: str) -> bool:
    return character == "\ufffd" or (character != "" and unicodedata.category(character)[0] == "M")


def _presented(text: str) -> str:
    """Letters in place of their shapes (`ﬁ`, Arabic), and a mark for those that the font does not tell."""
    if text.isascii() and "\0" not in text:
        return text
    letters = (unicodedata.normalize("NFKC", one) if "\ufb00" <= one <= "\ufefc" else one for one in text)
    return "".join(letters).replace("\0", "\ufffd")


def _moved(matrix: Sequence[float], x: float, y: float) -> tuple[float, float]:
    return matrix[0] * x + matrix[2] * y + matrix[4], matrix[1] * x + matrix[3] * y + matrix[5]


def _width(letter: str) -> float:
    if letter in _NARROW:
        return 0.3
    return 0.7 if letter in _WIDE or letter.isupper() else 0.5
