"""What a screen reader needs of a PDF: its texts and fields in reading order (ISO 32000-1, 14.7 and 14.8)."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pypdf import PdfWriter
from pypdf.generic import ArrayObject, BooleanObject, DictionaryObject, IndirectObject, NameObject, NumberObject
from reportlab.pdfgen.canvas import Canvas


@dataclass(frozen=True)
class Mark:
    page: int
    role: str
    """A standard structure type, as `P`."""
    content: int | None
    """Of a text: its number in the page's content. None is the page's next form field."""


class MarkingCanvas(Canvas):  # type: ignore[misc]  # reportlab says no types
    """Notes what is drawn on it, in `marks`."""

    def __init__(self, *args: Any, marks: list[Mark], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.marks = marks

    @contextmanager
    def text(self, role: str) -> Iterator[None]:
        page = self.getPageNumber() - 1
        content = sum(mark.page == page and mark.content is not None for mark in self.marks)
        self.marks.append(Mark(page, role, content))
        with self._marked(f"/{role} <</MCID {content}>> BDC"):
            yield

    @contextmanager
    def decoration(self) -> Iterator[None]:
        with self._marked("/Artifact BMC"):
            yield

    def field(self) -> None:
        self.marks.append(Mark(self.getPageNumber() - 1, "Form", None))

    @contextmanager
    def _marked(self, begin: str) -> Iterator[None]:
        self._code.append(begin)
        yield
        self._code.append("EMC")


def tagged(pdf: bytes, marks: Sequence[Mark]) -> bytes:
    """The PDF with a structure tree of these marks, one level deep; the tab key follows it."""
    writer = PdfWriter(clone_from=io.BytesIO(pdf))
    tree, document = _add(writer, Type="StructTreeRoot"), _add(writer, Type="StructElem", S="Document")
    document[NameObject("/P")] = _reference(tree)
    texts: list[ArrayObject] = [ArrayObject() for _ in writer.pages]
    fields = [iter(page.get("/Annots", ())) for page in writer.pages]
    parents: list[Any] = [*texts]
    elements = ArrayObject()
    for mark in marks:
        page = writer.pages[mark.page]
        element = _add(writer, Type="StructElem", S=mark.role, P=_reference(document), Pg=_reference(page))
        elements.append(_reference(element))
        if mark.content is None:
            field: Any = next(fields[mark.page])
            field.get_object().update(_dictionary(StructParent=NumberObject(len(parents))))
            parents.append(_reference(element))
            element[NameObject("/K")] = _dictionary(Type="OBJR", Obj=field)
        else:
            element[NameObject("/K")] = NumberObject(mark.content)
            texts[mark.page].append(_reference(element))
    for number, page in enumerate(writer.pages):
        page.update(_dictionary(StructParents=NumberObject(number), Tabs="S"))
    document[NameObject("/K")] = elements
    numbered = ArrayObject(part for number, one in enumerate(parents) for part in (NumberObject(number), one))
    tree.update(_dictionary(K=_reference(document), ParentTree=_dictionary(Nums=numbered)))
    writer.root_object.update(
        _dictionary(StructTreeRoot=_reference(tree), MarkInfo=_dictionary(Marked=BooleanObject(True)))
    )
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def _dictionary(**entries: Any) -> DictionaryObject:
    """A `str` is a name."""
    return DictionaryObject(
        {NameObject(f"/{key}"): NameObject(f"/{one}") if isinstance(one, str) else one for key, one in entries.items()}
    )


def _add(writer: PdfWriter, **entries: Any) -> DictionaryObject:
    added = _dictionary(**entries)
    writer._add_object(added)
    return added


def _reference(added: DictionaryObject) -> IndirectObject:
    reference = added.indirect_reference
    assert reference is not None
    return reference
