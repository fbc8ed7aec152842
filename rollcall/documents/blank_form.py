"""The blank form: a PDF to type into or print, and a text to paste into an e-mail."""

import argparse
import io
import os
import re
import sys
import textwrap
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor, black, white
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table

from rollcall.documents.tagged import Mark, MarkingCanvas, tagged
from rollcall.language import Language, language
from rollcall.model.event import Event
from rollcall.model.form import Choice
from schemas.event import EventFileError, read_events
from schemas.form import asked_of, can_be_printed
from schemas.kinds import Answer, boxes_of
from schemas.text import in_windows_1252
from templates import days, deadline, place

COLUMNS = 72
"""Survives being quoted a few times."""
_WIDTHS = {"W": 2, "F": 2}
"""Columns of a letter, by its kind (UAX #11)."""
_WIDE = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_STOPS = "、。〉》」』】〕！），．：；？］｝"
_PARTS = re.compile(rf"\s*(?:[{_WIDE}][{_STOPS}]*|[^\s{_WIDE}]+)")

# Lengths are points, 1/72 inch.
_MARGIN = 48
_LABELS = 172
_FIELDS = A4[0] - 2 * _MARGIN - _LABELS
_LINE = 20
"""High enough to write in by hand."""
_LINES = 76
_BOX = 11
_KEPT_TOGETHER = 8
"""Choices of a question that stand on one page."""

_LOOK = {"fillColor": white, "borderColor": black, "borderWidth": 0.75, "relative": True}
"""White: a fax makes dots of every shade."""

_TEXT = ParagraphStyle("text", fontName="Helvetica", fontSize=10, leading=12.5, textColor=HexColor(0x1C2733))
_STRONG = ParagraphStyle("strong", _TEXT, fontName="Helvetica-Bold")
_TITLE = ParagraphStyle("title", _STRONG, fontSize=16, leading=20, spaceBefore=2, spaceAfter=4)
_HEADING = ParagraphStyle("heading", _STRONG, fontSize=13, leading=16, spaceBefore=12, spaceAfter=2)
_SMALL = ParagraphStyle("small", _TEXT, fontSize=8, leading=10, textColor=HexColor(0x51606F))
_ROLES = {_TITLE.name: "H1", _HEADING.name: "H2"}


def blank_form_pdf(event: Event, to: str) -> bytes:
    """With fields (ISO 32000-1, 12.7); always the same bytes for one event. `to`: the address it is returned to.

    What is printed is in Helvetica: letters outside Windows-1252 lose their accents or become question marks.
    `NeedAppearances` is not set: with it, poppler (Evince, Okular) draws no crosses in the boxes.
    """
    file = io.BytesIO()
    document = SimpleDocTemplate(
        file,
        pagesize=A4,
        leftMargin=_MARGIN - 6,  # a frame has a padding of 6 of its own
        rightMargin=_MARGIN - 6,
        topMargin=36,
        bottomMargin=36,
        title=language(event.language).gettext("Registration form: %(event)s", event=event.title),
        author=event.organizer,
        lang=language(event.language).tag,
        invariant=1,
        displayDocTitle=True,
    )
    about = " · ".join(filter(None, (event.reference, textwrap.shorten(event.title, 80, placeholder="…"))))
    each_page = _each_page(about, language(event.language))
    story = [*_head(event, to), _questions(asked_of(event))]
    marks: list[Mark] = []
    canvas = partial(MarkingCanvas, marks=marks)
    document.build(story, onFirstPage=each_page, onLaterPages=each_page, canvasmaker=canvas)
    return tagged(file.getvalue(), marks)


def blank_form_text(event: Event, to: str) -> str:
    spoken = language(event.language)
    lines = [
        *_wrapped(event.title),
        *_wrapped(days(event)),
        *_wrapped(place(event)[0]),
        "",
        *_wrapped(_returned(event, to)),
        "",
        *_wrapped(spoken.gettext("Write after the colons, and put an x between the brackets: [x]")),
        "",
        *(line for asked in asked_of(event) for line in (*_heading_of(asked), *lines_of(asked))),
    ]
    return "\n".join(lines) + "\n"


def _returned(event: Event, to: str) -> str:
    spoken, contact = language(event.language), event.contact
    said = {"organization": contact.organization, "at": deadline(event.closes_at, event), "email": to}
    if not contact.fax:
        return spoken.gettext("Please return this form to %(organization)s by %(at)s, by e-mail to %(email)s.", **said)
    return spoken.gettext(
        "Please return this form to %(organization)s by %(at)s, by e-mail to %(email)s or by fax to %(fax)s.",
        **said,
        fax=contact.fax,
    )


def _wrapped(text: str, indent: str = "") -> list[str]:
    """In lines of `COLUMNS`; Chinese and Japanese are broken between any two letters, though not before a stop."""
    lines = [""]
    for part in _PARTS.findall(text):
        if _columns(lines[-1] + part.rstrip()) > COLUMNS and lines[-1].strip():
            lines.append(indent + part.lstrip())
        else:
            lines[-1] += part
    return [line.rstrip() for line in lines]


def _columns(text: str) -> int:
    return sum(_WIDTHS.get(unicodedata.east_asian_width(one), 1) for one in text if not unicodedata.combining(one))


def _label(asked: Answer) -> str:
    return f"{asked.field.label} ({asked.hint})" if asked.hint else asked.field.label


def _heading_of(asked: Answer) -> list[str]:
    return ["", *_wrapped(asked.field.section), ""] if asked.field.section else []


def lines_of(asked: Answer) -> Iterator[str]:
    """As the text asks it."""
    field = asked.field
    boxes = [f"[ ] {choice.label}" for choice in boxes_of(field)]
    line = f"{_label(asked)}: {'  '.join(boxes)}"
    if _columns(line) <= COLUMNS:
        yield line.rstrip()
    else:
        yield f"{_label(asked)}:"
        for box in boxes:
            yield from _wrapped(box, indent="    ")
    if asked.control == "textarea":
        yield ""


def _head(event: Event, to: str) -> list[Flowable]:
    spoken = language(event.language)
    return [
        _words(event.organizer, _TEXT),
        _words(event.title, _TITLE),
        _words(" · ".join(place(event)), _TEXT),
        _words(days(event), _TEXT),
        _words(spoken.gettext("Registration form"), _HEADING),
        _words(_returned(event, to), _STRONG),
        _words(spoken.gettext("You can leave the fields marked “optional” empty."), _SMALL),
        Spacer(0, 10),
    ]


def _questions(asks: Sequence[Answer]) -> Table:
    """Pages break between rows, but not below a heading, nor among a few choices."""
    rows: list[list[object]] = []
    together: list[tuple[object, ...]] = []
    for asked in asks:
        field, first = asked.field, len(rows)
        if field.section:
            rows.append([_words(field.section, _HEADING), ""])
        label = [_words(_label(asked), _STRONG), *([_words(field.help, _SMALL)] if field.help else [])]
        answers = _answers(asked)
        question = len(rows)
        rows += [[label if row == 0 else [], answer] for row, answer in enumerate(answers)]
        last = len(rows) - 1
        if len(answers) <= _KEPT_TOGETHER:
            together += [("SPAN", (0, question), (0, last)), ("NOSPLIT", (0, first), (-1, last))]
    return Table(
        rows, colWidths=[_LABELS, _FIELDS], style=[*_style(leaving=3), ("RIGHTPADDING", (0, 0), (0, -1), 8), *together]
    )


def _answers(asked: Answer) -> list[Flowable]:
    choices = boxes_of(asked.field)
    if len(choices) < 2:
        return [_Typed(asked)]
    labels = [in_windows_1252(choice.label) for choice in choices]
    widths = [3 * _BOX + stringWidth(label, _TEXT.fontName, _TEXT.fontSize) for label in labels]
    boxes = [(_Box(asked, choice), _words(choice.label, _TEXT)) for choice in choices]
    if sum(widths) <= _FIELDS:
        return [_line_of([part for box in boxes for part in box], [part for w in widths for part in (18, w - 18)])]
    return [_line_of(box, [18, _FIELDS - 18]) for box in boxes]


def _line_of(parts: Sequence[Flowable], widths: Sequence[float]) -> Table:
    return Table([parts], colWidths=widths, style=_style(leaving=0), hAlign="LEFT")


def _style(leaving: float) -> list[tuple[object, ...]]:
    """`leaving`: points above and below each cell."""
    cells = ((0, 0), (-1, -1))
    sides = {"LEFTPADDING": 0, "RIGHTPADDING": 0, "TOPPADDING": leaving, "BOTTOMPADDING": leaving}
    return [("VALIGN", *cells, "TOP"), *((side, *cells, padding) for side, padding in sides.items())]


class _Typed(Flowable):  # type: ignore[misc]  # reportlab says no types
    """A single choice stands there already: there is nothing to tick."""

    def __init__(self, asked: Answer) -> None:
        super().__init__()
        self.width, self.height = _FIELDS, _LINES if asked.control == "textarea" else _LINE
        self._asked = asked

    def draw(self) -> None:
        asked = self._asked
        self.canv.field()
        self.canv.acroForm.textfield(
            name=asked.field.name,
            tooltip=_label(asked),
            value=boxes[0].code if (boxes := boxes_of(asked.field)) else "",
            maxlen=asked.max_length,
            fieldFlags=" ".join(["multiline"] * (asked.control == "textarea") + ["required"] * asked.required),
            width=self.width,
            height=self.height,
            fontName=_TEXT.fontName,
            fontSize=_TEXT.fontSize,
            **_LOOK,
        )


class _Box(Flowable):  # type: ignore[misc]
    def __init__(self, asked: Answer, choice: Choice) -> None:
        super().__init__()
        self.width = self.height = _BOX
        self._asked, self._value, self._label = asked, choice.code, choice.label

    def draw(self) -> None:
        self.canv.field()
        if self._asked.repeats:
            name = f"{self._asked.field.name}:{self._value}"
            self.canv.acroForm.checkbox(name=name, tooltip=self._label, buttonStyle="cross", size=_BOX, **_LOOK)
            return
        self.canv.acroForm.radio(
            name=self._asked.field.name,
            tooltip=_label(self._asked),
            value=self._value,
            fieldFlags="radio required" if self._asked.required else "radio",
            buttonStyle="cross",
            shape="square",
            size=_BOX,
            **_LOOK,
        )


class _Words(Paragraph):  # type: ignore[misc]
    def draw(self) -> None:
        with self.canv.text(_ROLES.get(self.style.name, "P")):
            super().draw()


def _words(text: str, style: ParagraphStyle) -> Paragraph:
    return _Words(escape(in_windows_1252(text)), style)


def _each_page(event: str, spoken: Language) -> Callable[[MarkingCanvas, object], None]:
    """Faxed pages come apart: each says what it is of."""

    def draw(canvas: MarkingCanvas, _document: object) -> None:
        foot = spoken.gettext("%(event)s · page %(number)s", event=event, number=canvas.getPageNumber())
        words = Paragraph(escape(in_windows_1252(foot)), _SMALL)
        words.wrap(A4[0] - 2 * _MARGIN, _LINE)
        with canvas.decoration():
            words.drawOn(canvas, _MARGIN, 24)

    return draw


def main() -> None:
    """The blank forms of all events, in each of their languages. They are returned to the event's address at
    `FORMS_HOST`, from the environment, else to its first staff address."""
    parser = argparse.ArgumentParser("python -m rollcall.documents.blank_form", description=main.__doc__)
    parser.add_argument("events", type=Path, help="folder of the event files")
    parser.add_argument("folder", type=Path, help="where the forms are written")
    given = parser.parse_args()
    folder: Path = given.folder
    try:
        events = read_events(given.events)
    except EventFileError as error:
        sys.exit(str(error))
    host = os.environ.get("FORMS_HOST")
    folder.mkdir(parents=True, exist_ok=True)
    for event in events.values():
        to = f"{event.slug}@{host}" if host else event.staff[0]
        for code in event.languages:
            name = f"{event.slug}-form.{code}" if len(event.languages) > 1 else f"{event.slug}-form"
            spoken = event.in_language(code)
            forms = {"txt": blank_form_text(spoken, to).encode()}
            if can_be_printed(spoken):
                forms["pdf"] = blank_form_pdf(spoken, to)
            for ending, content in sorted(forms.items()):
                (folder / f"{name}.{ending}").write_bytes(content)
            sys.stdout.write(f"{folder / name}.{' and .'.join(sorted(forms))}, to be returned to {to}\n")


if __name__ == "__main__":
    main()
