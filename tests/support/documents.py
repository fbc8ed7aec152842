"""Documents as programs make them, and as no program makes them."""

import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import docx
from pypdf import PdfReader, PdfWriter

CASES = Path(__file__).parents[1] / "cases"
OPEN_DOCUMENT = "urn:oasis:names:tc:opendocument:xmlns"


EXTERNAL = 'TargetMode="External"'


def a_docx() -> bytes:
    made = io.BytesIO()
    docx.Document().save(made)
    return made.getvalue()


def a_pdf(objects: bytes = b"", more: bytes = b"") -> bytes:
    body = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog " + objects + b">>\nendobj\n" + more
    table = b"xref\n0 2\n0000000000 65535 f \n0000000009 00000 n \n"
    if more.startswith(b"9 0 obj"):
        table += b"9 1\n%010d 00000 n \n" % (len(body) - len(more))
    table += b"trailer <</Size 10/Root 1 0 R>>\n"
    return body + table + b"startxref\n%d\n%%%%EOF\n" % len(body)


def streamed(content: bytes, dictionary: bytes = b"/Filter/FlateDecode", end: bytes = b"\nendstream endobj\n") -> bytes:
    return b"9 0 obj <</Type/ObjStm/N 1/First 4 " + dictionary + b">> stream\r\n" + zlib.compress(content) + end


def packed_pdf(found: bytes, times: int) -> bytes:
    """With this object in a stream of objects, and the table by which it is found (ISO 32000-1, 7.5.7, 7.5.8)."""
    content = b"5 0 " + found
    for _ in range(times):
        content = zlib.compress(content)
    filters = b"/FlateDecode" * times
    objects = b"4 0 obj <</Type/ObjStm/N 1/First 4/Length %d/Filter[%b]>> stream\n%b\nendstream endobj\n"
    head = b"%PDF-1.7\n1 0 obj <</Type/Catalog/X 5 0 R>> endobj\n"
    body = head + objects % (len(content), filters, content)
    places = [(0, 0), (1, head.index(b"1 0 obj")), (0, 0), (0, 0), (1, len(head)), (2, 4), (1, len(body))]
    table = b"".join(bytes([kind]) + place.to_bytes(4, "big") + b"\0" for kind, place in places)
    last = b"6 0 obj <</Type/XRef/Size 7/Root 1 0 R/W[1 4 1]/Length %d>> stream\n%b\nendstream endobj\n" % (
        len(table),
        table,
    )
    return body + last + b"startxref\n%d\n%%%%EOF\n" % len(body)


def changed(package: bytes, add: Mapping[str, bytes], instead: tuple[str, bytes, bytes] = ("", b"", b"")) -> bytes:
    """With these parts, and in one part one text instead of another."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name)
            if name == instead[0]:
                assert instead[1] in part
                part = part.replace(instead[1], instead[2])
            new.writestr(name, part)
        for name, part in add.items():
            new.writestr(name, part)
    return made.getvalue()


class _Stream(io.BytesIO):
    def tell(self) -> int:
        raise OSError


def with_bytes_between(package: bytes, between: bytes) -> bytes:
    """As a stream writes it, which says a part's size behind it; with these bytes before the last part."""
    made = _Stream()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name == old.namelist()[-1]:
                cast(Any, new).fp.write(between)
            with new.open(name, "w") as part:
                part.write(old.read(name))
    return made.getvalue()


def related(type: str, more: str = EXTERNAL, target: str = "http://evil.example/>x") -> tuple[str, bytes, bytes]:
    uri = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    added = f'<Relationship Id="r99" Type="{uri}/{type}" Target="{target}" {more}/></Relationships>'
    return "word/_rels/document.xml.rels", b"</Relationships>", added.encode()


def written_by_pypdf(**changes: object) -> bytes:
    writer, made = PdfWriter(clone_from=PdfReader(CASES / "own-form-flattened.pdf")), io.BytesIO()
    for name, said in changes.items():
        getattr(writer, name)(*said if isinstance(said, tuple) else (said,))
    writer.write(made)
    return made.getvalue()


def an_odt(meta: str = "", body: str = "<text:p>Words</text:p>", manifest: str = "") -> bytes:
    """With the parts that LibreOffice writes."""
    office = f'xmlns:office="{OPEN_DOCUMENT}:office:1.0"'
    more = f'xmlns:text="{OPEN_DOCUMENT}:text:1.0" xmlns:draw="{OPEN_DOCUMENT}:drawing:1.0"'
    more += ' xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:script="s" xmlns:presentation="p"'
    kinds = f'xmlns:meta="{OPEN_DOCUMENT}:meta:1.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        for name, part in {
            "Configurations2/": "",
            "Configurations2/accelerator/current.xml": "",
            "META-INF/manifest.xml": f"<manifest>{manifest}</manifest>",
            "Thumbnails/thumbnail.png": "\x89PNG",
            "layout-cache": "\x00\x01",
            "manifest.rdf": "<rdf/>",
            "settings.xml": f"<office:document-settings {office}/>",
            "styles.xml": f"<office:document-styles {office}/>",
            "meta.xml": f"<office:document-meta {office} {kinds}><office:meta>{meta}</office:meta>"
            "</office:document-meta>",
            "content.xml": f"<office:document-content {office} {more}><office:body>{body}</office:body>"
            "</office:document-content>",
        }.items():
            package.writestr(name, part, zipfile.ZIP_DEFLATED)
    return made.getvalue()
