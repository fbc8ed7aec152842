"""What is new, as an Atom feed; and the event as a calendar to subscribe to."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from xml.etree import ElementTree

from flask import Response

from handlers.pages.visit import CONTRIBUTIONS, DOCUMENTS, FEED, HEADINGS, Visit
from handlers.responses import as_file
from rollcall.language import language
from rollcall.model.programme import PublishedFile

_MOST = 30
_SUMMARY = 300
"""Characters."""
_ATOM = "http://www.w3.org/2005/Atom"


@dataclass(frozen=True)
class New:
    id: str
    """Its address, which never leads to another."""
    title: str
    title_language: str
    """BCP 47; empty: nobody said."""
    href: str
    on: date | None
    source: str
    abstract: str
    files: tuple[PublishedFile, ...]


def newest(visit: Visit) -> list[New]:
    """Documents and papers, the last first."""
    return sorted(_all(visit), key=lambda one: one.on or date.min, reverse=True)


def _all(visit: Visit) -> Iterator[New]:
    code = visit.event.language
    for one in visit.site.contributions:
        href = f"{visit.here}/{CONTRIBUTIONS}/{one.number}"
        for paper in one.papers:
            id, title = f"{href}#{paper.designation.replace(' ', '')}", f"{paper.designation}: {one.title}"
            yield New(id, title, "", href, paper.published_on, one.source, one.abstract, paper.files)
    for document in visit.site.documents:
        title, in_language = document.title.in_language(code), document.title.language_for(code)
        href = f"{visit.here}/files/{document.file.name}" if document.file else document.link
        files = (document.file,) if document.file else ()
        yield New(href, title, in_language, href, document.day, "", "", files)


def feed(visit: Visit) -> Response:
    """RFC 4287."""
    event, spoken = visit.event, language(visit.event.language)
    shown = newest(visit)[:_MOST]
    dated = [_midnight(visit, one.on) for one in shown]
    root = ElementTree.Element("feed", {"xmlns": _ATOM, "xml:lang": spoken.code})

    def add(parent: ElementTree.Element, tag: str, text: str = "", **attributes: str) -> ElementTree.Element:
        element = ElementTree.SubElement(parent, tag, attributes)
        element.text = text or None
        return element

    add(root, "id", visit.address(FEED))
    add(root, "title", event.title)
    add(
        root,
        "subtitle",
        spoken.listed([spoken.gettext(HEADINGS[one]) for one in (DOCUMENTS, CONTRIBUTIONS) if visit.has(one)]),
    )
    add(root, "updated", max([event.opens_at, *dated]).isoformat())
    add(root, "link", rel="self", href=visit.address(FEED), type="application/atom+xml")
    add(root, "link", rel="alternate", href=visit.address(), type="text/html", hreflang=spoken.code)
    add(add(root, "author"), "name", event.organizer)
    for one, at in zip(shown, dated, strict=True):
        entry = add(root, "entry")
        add(entry, "id", visit.absolute(one.id))
        add(entry, "title", one.title, **({"xml:lang": one.title_language} if one.title_language else {}))
        add(entry, "updated", at.isoformat())
        add(entry, "link", rel="alternate", href=visit.absolute(one.href))
        if one.source:
            add(add(entry, "author"), "name", one.source)
        if one.abstract:
            add(entry, "summary", one.abstract if len(one.abstract) <= _SUMMARY else f"{one.abstract[:_SUMMARY]}…")
        for file in one.files:
            href = visit.address("files", file.name)
            said = {"hreflang": file.language} if file.language else {}
            add(
                entry,
                "link",
                rel="enclosure",
                href=href,
                type=file.type,
                length=str(file.size),
                title=file.shown,
                **said,
            )
    body = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    return visit.said(Response(body, content_type="application/atom+xml; charset=utf-8"))


def _midnight(visit: Visit, day: date | None) -> datetime:
    """At the event; of what has no day, when the event was announced."""
    return datetime.combine(day, time(), visit.event.zone) if day else visit.event.opens_at


def calendar(visit: Visit) -> Response:
    from rollcall.documents.calendar import public_calendar

    body = public_calendar(visit.event, visit.site, visit.address())
    headers = as_file(f"{visit.event.slug}.ics")
    return visit.said(Response(body, content_type="text/calendar; charset=utf-8", headers=headers))
