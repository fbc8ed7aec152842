"""Form fields of a PDF (ISO 32000-1, 12.7), where its links are."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    DecodedStreamObject,
    DictionaryObject,
    FloatObject,
    IndirectObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

_REQUIRED, _SEVERAL_LINES, _ONE_OF_SEVERAL = 1 << 1, 1 << 12, 1 << 15
_PRINTED = 1 << 2
_LETTERS = "/Helv 10 Tf 0 g"


@dataclass(frozen=True)
class Typed:
    name: str
    label: str
    required: bool
    several_lines: bool
    max_length: int | None
    at_right: bool
    value: str = ""
    """In ASCII."""


@dataclass(frozen=True)
class Box:
    name: str
    label: str
    value: str
    question: str | None = None
    """Of a box that is one of several to choose from."""
    required: bool = False


def fillable(pdf: bytes, fields: Sequence[Typed | Box]) -> bytes:
    """Each link to `field:<number>` becomes that field, also in what a screen reader says."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf)))
    root: Any = writer.root_object
    helvetica = _dictionary(Type="Font", Subtype="Type1", BaseFont="Helvetica", Encoding="WinAnsiEncoding")
    fonts = _dictionary(Font=_dictionary(Helv=writer._add_object(helvetica)))
    made = ArrayObject()
    groups: dict[str, Any] = {}
    for page in writer.pages:
        page[NameObject("/Tabs")] = NameObject("/S")  # the tab key follows the structure
        for place in page.get("/Annots", ()):
            field: Any = place.get_object()
            asked = fields[int(field.pop("/A")["/URI"].removeprefix("field:"))]
            del field["/Contents"]  # as the link was called
            drawn = _Drawn(writer, field["/Rect"], fonts)
            field.update(_dictionary(Subtype="Widget", F=NumberObject(_PRINTED), TU=TextStringObject(asked.label)))
            if isinstance(asked, Typed):
                field.update(_typed(asked, drawn))
                made.append(place)
            elif asked.question is None:
                field.update(_box(asked, drawn), **_dictionary(FT="Btn", T=TextStringObject(asked.name)))
                made.append(place)
            else:
                if asked.name not in groups:
                    groups[asked.name] = _group(asked)
                    made.append(writer._add_object(groups[asked.name]))
                groups[asked.name]["/Kids"].append(place)
                field.update(_box(asked, drawn), **_dictionary(Parent=groups[asked.name].indirect_reference))
    form = _dictionary(Fields=made, DR=fonts, DA=TextStringObject(_LETTERS))
    root[NameObject("/AcroForm")] = writer._add_object(form)
    for element in _elements(root["/StructTreeRoot"]):
        if element.get("/S") == "/Link":
            element[NameObject("/S")] = NameObject("/Form")
    root["/ViewerPreferences"][NameObject("/DisplayDocTitle")] = BooleanObject(True)
    del root["/MarkInfo"]["/Suspects"]  # poppler complains of what says that there are none
    writer.pdf_header = "%PDF-1.7"
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def _elements(element: Any) -> Iterator[Any]:
    yield element
    kids = element.get("/K", ())
    for kid in kids if isinstance(kids, ArrayObject) else [kids]:
        if isinstance(one := kid.get_object(), DictionaryObject) and one.get("/Type") in (None, "/StructElem"):
            yield from _elements(one)


class _Drawn:
    """How a field looks: its border is on the page."""

    def __init__(self, writer: PdfWriter, rect: Sequence[float], fonts: DictionaryObject) -> None:
        left, bottom, right, top = map(float, rect)
        self.width, self.height = abs(right - left), abs(top - bottom)
        self._writer, self._fonts = writer, fonts

    def __call__(self, content: str) -> IndirectObject:
        form = DecodedStreamObject()
        box = ArrayObject(FloatObject(one) for one in (0, 0, self.width, self.height))
        form.update(_dictionary(Type="XObject", Subtype="Form", BBox=box, Resources=self._fonts))
        form.set_data(content.encode())
        return self._writer._add_object(form)


def _typed(asked: Typed, drawn: _Drawn) -> DictionaryObject:
    flags = _REQUIRED * asked.required | _SEVERAL_LINES * asked.several_lines
    text = f"BT {_LETTERS} 3 {drawn.height / 2 - 3.5:.1f} Td ({asked.value}) Tj ET" if asked.value else ""
    field = _dictionary(
        FT="Tx",
        Ff=NumberObject(flags),
        T=TextStringObject(asked.name),
        V=TextStringObject(asked.value),
        DA=TextStringObject(_LETTERS),
        Q=NumberObject(2 if asked.at_right else 0),
        AP=_dictionary(N=drawn(f"/Tx BMC {text} EMC")),
    )
    if asked.max_length:
        field[NameObject("/MaxLen")] = NumberObject(asked.max_length)
    return field


def _box(asked: Box, drawn: _Drawn) -> DictionaryObject:
    right, top = drawn.width - 2.5, drawn.height - 2.5
    cross = f"q 1.2 w 2.5 2.5 m {right:.2f} {top:.2f} l 2.5 {top:.2f} m {right:.2f} 2.5 l S Q"
    looks = DictionaryObject({NameObject(f"/{asked.value}"): drawn(cross), NameObject("/Off"): drawn("")})
    style = _dictionary(CA=TextStringObject("8"))  # a cross, for viewers that draw it themselves
    return _dictionary(AS="Off", AP=_dictionary(N=looks), MK=style)


def _group(asked: Box) -> DictionaryObject:
    return _dictionary(
        FT="Btn",
        Ff=NumberObject(_ONE_OF_SEVERAL | _REQUIRED * asked.required),
        T=TextStringObject(asked.name),
        TU=TextStringObject(asked.question or ""),
        Kids=ArrayObject(),
    )


def _dictionary(**entries: Any) -> DictionaryObject:
    """A plain `str` is a name."""
    return DictionaryObject(
        {NameObject(f"/{key}"): NameObject(f"/{one}") if type(one) is str else one for key, one in entries.items()}
    )
