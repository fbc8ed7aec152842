"""The review queue: what waits, by kind; taking an item, and giving it back."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Response

from handlers.responses import NO_SUCH_PAGE, allow
from handlers.staff.pages import staff_page
from handlers.staff.people import address_of
from handlers.staff.review_item import answer, done_in_words, title_of
from handlers.staff.visit import Visit
from rollcall.desk.personal_data.ask import waiting
from rollcall.desk.staff.contributions import counts_of
from rollcall.desk.staff.review import Item, Queue, queue
from rollcall.documents.review_words import items_in_words
from rollcall.model.contribution import Stage
from rollcall.model.review import ItemId, ItemKind

_ID = re.compile(r"(?!\.)[0-9A-Za-z.-]{1,300}")
"""Of a document in a store."""
_KINDS = {kind.value: kind for kind in ItemKind}
MOST = 100
"""Of one kind alone."""


@dataclass(frozen=True)
class Row:
    address: str
    title: str
    about: str
    since: datetime | None
    holder: str


@dataclass(frozen=True)
class Section:
    name: str
    rows: Sequence[Row]
    all: str
    """Address of the page of this kind alone; empty where everything is here."""


@dataclass(frozen=True)
class ReviewPage:
    said: str
    """How the last item ended; empty where none did."""
    sections: Sequence[Section]
    elsewhere: tuple[str, str] | None
    """Address and name of what is not here, since to look for it takes long."""
    papers: tuple[str, str] | None
    """Address and words of contributions that have to be looked at."""
    start: str
    """Address of the whole queue; empty where this is it."""


def review_pages(visit: Visit, below: list[str]) -> Response:
    match below:
        case []:
            allow(visit.request, "GET", "HEAD")
            return _all(visit)
        case [kind] if kind in _KINDS:
            allow(visit.request, "GET", "HEAD")
            return _one_kind(visit, _KINDS[kind])
        case [kind, id, *rest] if kind in _KINDS and _ID.fullmatch(id):
            return answer(visit, ItemId(_KINDS[kind], id), rest)
        case _:
            raise NO_SUCH_PAGE


def _all(visit: Visit) -> Response:
    kinds = [kind for kind in ItemKind if kind is not ItemKind.DOUBLES]
    queues = [(kind, queue(visit.desk, visit.event, kind)) for kind in kinds]
    sections = [*_to_erase(visit), *(_section(visit, kind, found) for kind, found in queues if found.items)]
    doubles = ItemKind.DOUBLES
    elsewhere = visit.address("review", doubles), items_in_words(visit.event, doubles)
    return staff_page(visit, "review", ReviewPage(done_in_words(visit), sections, elsewhere, _papers(visit), ""))


def _to_erase(visit: Visit) -> list[Section]:
    """Without handling: one press decides."""
    rows = [
        Row(
            address=address_of(visit, one.there, "erase"),
            title=one.there.registration.full_name,
            about=visit.spoken.gettext("answer by %(day)s", day=visit.spoken.day(one.answer_by)),
            since=one.erasure.asked_at,
            holder="",
        )
        for one in waiting(visit.desk.store, visit.event)
    ]
    return [Section(visit.spoken.gettext("People who ask for erasure"), rows, "")] if rows else []


def _papers(visit: Visit) -> tuple[str, str] | None:
    if visit.event.contributions is None:
        return None
    count = counts_of(visit.desk.store, visit.event.slug, None).stages.get(Stage.NEEDS_REVIEW, 0)
    said = visit.spoken.ngettext(
        "%(count)s contribution to be looked at", "%(count)s contributions to be looked at", count
    )
    return (visit.address("contributions", show=Stage.NEEDS_REVIEW), said) if count else None


def _one_kind(visit: Visit, kind: ItemKind) -> Response:
    found = queue(visit.desk, visit.event, kind, MOST)
    sections = [_section(visit, kind, found)] if found.items else []
    return staff_page(visit, "review", ReviewPage(done_in_words(visit), sections, None, None, visit.address("review")))


def _section(visit: Visit, kind: ItemKind, found: Queue) -> Section:
    rows = [_row(visit, item) for item in found.items]
    return Section(items_in_words(visit.event, kind), rows, visit.address("review", kind) if found.more else "")


def _row(visit: Visit, item: Item) -> Row:
    now = visit.desk.intakes.now(visit.event)
    holder = item.handling.holder(now) if item.handling else ""
    title, about = title_of(visit.event, item)
    return Row(visit.address("review", item.id.kind, item.id.id), title, about, item.waits_since, holder)
