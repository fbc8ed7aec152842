"""Agenda, documents, contributions and participants."""

from collections.abc import Sequence
from itertools import groupby

from flask import Response

from handlers.pages.visit import AGENDA, CONTRIBUTIONS, DOCUMENTS, LIST, PARTICIPANTS, Visit
from handlers.request_body import number_in
from handlers.responses import NO_SUCH_PAGE, as_file
from rollcall.documents.participants import HEAD, Row, grouped, in_order
from rollcall.documents.participants import participants_pdf as as_pdf

_NOT_SEARCHED = {"X-Robots-Tag": "noindex"}
"""Whoever withdraws their consent would stay in a search engine's memory."""


def agenda(visit: Visit) -> Response:
    code = visit.event.language
    rows, number, parts = visit.part(
        visit.site.agenda, lambda one: " ".join((one.title.in_language(code), one.chair, *one.speakers))
    )
    days = [(day, list(items)) for day, items in groupby(rows, key=lambda one: one.day)]
    there = {one.number for one in visit.site.contributions}
    return visit.page(200, AGENDA, "agenda", days=days, number=number, parts=parts, there=there)


def documents(visit: Visit) -> Response:
    code = visit.event.language
    rows, number, parts = visit.part(
        visit.site.documents, lambda one: " ".join((one.title.in_language(code), one.link, *one.languages))
    )
    return visit.page(200, DOCUMENTS, "documents", rows=rows, number=number, parts=parts)


def contributions(visit: Visit) -> Response:
    """The last first."""
    last_first = sorted(visit.site.contributions, key=lambda one: -one.number)
    rows, number, parts = visit.part(last_first, lambda one: " ".join((one.title, one.source, one.item)))
    return visit.page(200, CONTRIBUTIONS, "contributions", rows=rows, number=number, parts=parts)


def contribution(visit: Visit, number: str) -> Response:
    found = [one for one in visit.site.contributions if one.number == number_in(number, 6)]
    if not found or str(found[0].number) != number:
        raise NO_SUCH_PAGE
    return visit.page(200, CONTRIBUTIONS, "contribution", one=found[0])


def participants(visit: Visit) -> Response:
    listed = in_order(visit.event, visit.site.participants or ())
    rows, number, parts = visit.part(listed, lambda row: " ".join((row.one.name, row.one.organization, row.country)))
    response = visit.page(
        200,
        PARTICIPANTS,
        "participants",
        groups=grouped(rows),
        number=number,
        parts=parts,
        count=len(listed),
        head=HEAD,
        categories=_categories(parts),
    )
    response.headers.update(_NOT_SEARCHED)
    return response


def _categories(parts: Sequence[Sequence[Row]]) -> list[tuple[str, int, int]]:
    """Each with how many it has, and the page on which it begins."""
    found: dict[str, tuple[int, int]] = {}
    for number, part in enumerate(parts, 1):
        for row in part:
            count, first = found.get(row.category, (0, number))
            found[row.category] = count + 1, first
    return [(category, count, first) for category, (count, first) in found.items() if category]


def participants_pdf(visit: Visit) -> Response:
    if visit.site.participants is None:
        raise NO_SUCH_PAGE
    pdf = as_pdf(visit.event, visit.site.participants, visit.site.as_of)
    headers = {**as_file(f"{visit.event.slug}-{LIST}"), **_NOT_SEARCHED}
    return visit.said(Response(pdf, content_type="application/pdf", headers=headers))
