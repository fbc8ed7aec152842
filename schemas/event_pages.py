"""What an event file says of the event's own pages: `[[agenda]]`, `[[documents]]`, `[contributions]`,
`[participants]`."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

from marshmallow import ValidationError, fields, validate

from rollcall.model.event import Event
from rollcall.model.programme import DOCUMENT_TYPES, LISTED, AgendaItem, CallForContributions, Document, Programme, Said
from rollcall.model.registration import base32
from schemas.event_tables import LocalDate, LocalTime, Names, Table, Words, line, link

_BEGINNINGS = {".pdf": b"%PDF-", ".txt": b""}
_ZIP = b"PK\x03\x04"
_LANGUAGE = re.compile("[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
PAGES_ALONE = ("agenda", "documents", "participants")
"""Where an event has its website elsewhere, nobody would show them."""


class _TimeOfDay(fields.Field[time]):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> time:
        if not isinstance(value, time):
            raise ValidationError("should be a time of day, as 09:30, without quotation marks")
        return value


def some_sentences() -> Words:
    return Words(max_length=2000, load_default=None)


def _is_language(code: str) -> None:
    if not _LANGUAGE.fullmatch(code):
        raise ValidationError(f"{code} is not a language; write its code, as fr or zh")


class AgendaTable(Table):
    says = {  # noqa: RUF012
        "day": "The day, within the event.",
        "from": "When it begins on the clocks there: `09:30`.",
        "to": "When it ends.",
        "title": "What it is about.",
        "chair": "Who chairs it.",
        "speakers": "Who speaks, in order.",
        "contributions": "The numbers of the contributions that are presented: `[3, 7]`.",
    }
    day = LocalDate(required=True)
    starts = _TimeOfDay(load_default=None, data_key="from")
    ends = _TimeOfDay(load_default=None, data_key="to")
    title = line(Words)
    chair = line(Names, required=False)
    speakers = fields.List(line(Names), load_default=list)
    contributions = fields.List(
        fields.Integer(
            strict=True,
            error_messages={"invalid": "should be a whole number, as 7"},
            validate=validate.Range(1, error="should be 1 or more"),
        ),
        load_default=list,
    )


class DocumentTable(Table):
    says = {  # noqa: RUF012
        "title": "What it is called.",
        "file": f"A file beside this one: {', '.join(DOCUMENT_TYPES)}.",
        "link": "Or where it is, on the web.",
        "languages": 'In which languages it is: `["en", "fr"]`.',
        "date": "Its date.",
    }
    title = line(Words)
    file = line(required=False)
    link = link(required=False)
    languages = fields.List(fields.String(validate=_is_language), load_default=list)
    day = LocalDate(load_default=None, data_key="date")


class ContributionsTable(Table):
    says = {  # noqa: RUF012
        "closes": "The deadline for contributions: a date, to its end, or a date and time.",
        "text": "What you ask for, in some sentences.",
        "items": "Agenda items or questions, of which people choose the one they contribute to.",
        "publish": "`at once`: contributions are published as they come; else once the staff publish them.",
    }
    closes = LocalTime(required=True)
    text = some_sentences()
    items = fields.List(line(Words), load_default=list)
    publish = fields.String(
        load_default="",
        validate=validate.Equal("at once", error="should be “at once”, or be left out"),
        metadata={"json_schema": {"enum": ["at once"]}},
    )


class ParticipantsTable(Table):
    says = {  # noqa: RUF012
        "from": f"When the list of participants is published: of those who agree in the field `{LISTED}`.",
    }
    starts = LocalTime(required=True, data_key="from")


Instant = Callable[..., datetime]
"""Of a local time in the event's zone: the time, and the name of its field."""


def with_pages(
    event: Event,
    folder: Path,
    instant: Instant,
    *,
    agenda: Sequence[Mapping[str, Any]],
    documents: Sequence[Mapping[str, Any]],
    contributions: Mapping[str, Any] | None,
    participants: Mapping[str, Any] | None,
) -> Event:
    """Raises `ValidationError`."""
    if event.website:
        _see_that_all_are_shown(event, contributions, agenda=agenda, documents=documents, participants=participants)
    items = tuple(_agenda_item(event.language, **one) for one in agenda)
    see_that_it_can_be(event, items)
    programme = Programme(items, _documents(event, folder, documents))
    if participants:
        if event.field(LISTED) is None:
            raise ValidationError(
                f"lists those who agree, and the form does not ask: add [[form.fields]] with name = {LISTED!r}",
                "participants",
            )
        begins = instant(participants["starts"], "participants.from")
        programme = replace(programme, participants_from=begins)
    call = _call(event, instant, **contributions) if contributions else None
    return replace(event, programme=programme, contributions=call, folder=str(folder))


def _see_that_all_are_shown(event: Event, contributions: Mapping[str, Any] | None, **said: Any) -> None:
    shown_nowhere = [name for name in PAGES_ALONE if said[name]]
    shown_nowhere += ["contributions.publish"] if contributions and contributions["publish"] else []
    for name in shown_nowhere:
        raise ValidationError(
            f"is shown on the event’s own pages, which are off since there is a website ({event.website}); remove one "
            "of the two",
            name,
        )


def _agenda_item(code: str, title: str, chair: str | None, **said: Any) -> AgendaItem:
    return AgendaItem(title=Said({code: title}), chair=chair or "", **said)


def see_that_it_can_be(event: Event, items: Sequence[AgendaItem]) -> None:
    """Days within the event, times in order. Raises `ValidationError`, whose field is as `agenda.3.to`."""
    first, last = event.day_of(event.starts), event.day_of(event.ends)
    for place, one in enumerate(items, 1):
        if not first <= one.day <= last:
            raise ValidationError(f"should be a day of the event, from {first} to {last}", f"agenda.{place}.day")
        if one.ends and one.starts is None:
            raise ValidationError("needs from too; add that, or remove this", f"agenda.{place}.to")
        if one.ends and one.starts and one.ends <= one.starts:
            raise ValidationError("should be after from", f"agenda.{place}.to")
    for place, (one, after) in enumerate(pairwise(items), 2):
        if after.day < one.day:
            raise ValidationError(f"should stand before {one.day}: the agenda is in order", f"agenda.{place}.day")
        if after.day == one.day and one.starts and after.starts and after.starts < one.starts:
            raise ValidationError(
                f"should stand before {one.starts:%H:%M}: the agenda is in order", f"agenda.{place}.from"
            )


def _documents(event: Event, folder: Path, said: Sequence[Mapping[str, Any]]) -> tuple[Document, ...]:
    documents: list[Document] = []
    for place, one in enumerate(said, 1):
        documents.append(_document(event, folder, f"documents.{place}", **one))
        if documents[-1].id in [before.id for before in documents[:-1]]:
            raise ValidationError("is there twice; remove one", f"documents.{place}")
    return tuple(documents)


def _document(
    event: Event,
    folder: Path,
    at: str,
    title: str,
    file: str | None,
    link: str | None,
    languages: Sequence[str],
    day: date | None,
) -> Document:
    """Its id stays the same whatever its title."""
    if (file is None) is (link is None):
        raise ValidationError("should have a file or a link, one of the two", at)
    id = base32(sha256(f"{event.slug}\x1f{file or link}".encode()).digest()[:10])
    document = Document(id, Said({event.language: title}), day, tuple(languages), link=link or "")
    if file is None:
        return document
    type, size = _seen_to_be_one(folder, file, f"{at}.file")
    return replace(document, file=file, type=type, size=size)


def _seen_to_be_one(folder: Path, name: str, at: str) -> tuple[str, int]:
    path = folder / name
    ending = path.suffix.lower()
    if ending not in DOCUMENT_TYPES or Path(name).name != name:
        raise ValidationError(f"{name} should be a file beside the event file, of {', '.join(DOCUMENT_TYPES)}", at)
    try:
        with path.open("rb") as file:
            begins, size = file.read(8), path.stat().st_size
    except OSError as error:
        raise ValidationError(f"{path} cannot be read: {error.strerror}", at) from None
    if not begins.startswith(_BEGINNINGS.get(ending, _ZIP)) or not size:
        raise ValidationError(f"{name} is not what its name says", at)
    return DOCUMENT_TYPES[ending], size


def _call(
    event: Event, instant: Instant, closes: date | datetime, text: str | None, items: Sequence[str], publish: str
) -> CallForContributions:
    closes_at = instant(closes, "contributions.closes", ends=True)
    if closes_at > event.over_at:
        raise ValidationError("should not be after the event", "contributions.closes")
    if len({*items}) < len(items):
        raise ValidationError("should name each once", "contributions.items")
    return CallForContributions(closes_at, text or "", tuple(items), publish_at_once=bool(publish))
