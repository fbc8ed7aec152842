"""The event file, `events/<slug>.toml`, checked into an `Event`."""

import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence, ValuesView
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from marshmallow import ValidationError, fields, missing, validate, validates_schema

from rollcall.language import ENGLISH, language, languages
from rollcall.model.event import KEEP_DAYS, SMOKE_TEST, Contact, Event, Hotel, Online, Privacy, Venue, end_of
from rollcall.model.fault import Fault
from rollcall.model.registration import normalized_address
from rollcall.model.staff import Receives, Role, StaffMember
from schemas.event_form import ChoiceTable, FormTable, FormTableSchema, codes_differ, fields_of
from schemas.event_pages import (
    AgendaTable,
    ContributionsTable,
    DocumentTable,
    ParticipantsTable,
    some_sentences,
    with_pages,
)
from schemas.event_tables import LocalDate, LocalTime, Names, Table, Words, line, link
from schemas.event_words import in_no_language_of_it, in_words_of, untranslated
from schemas.faults import sentence
from schemas.look import LookTable, look_of
from schemas.toml import Lines, NoToml, read_toml

_LOG = logging.getLogger(__name__)
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SUFFIX = ".toml"
_KEPT = 10_000  # 7 kB each
_DEADLINE = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?)?")


class EventFileError(Exception):
    """A line for each fault: file, field, what is wrong and the remedy."""


def _email(*, required: bool = True) -> fields.Email:
    return fields.Email(
        required=required,
        load_default=missing if required else None,
        error_messages={"invalid": "should be an e-mail address"},
    )


_ETC = re.compile(r"Etc/GMT([+-])([1-9][0-9]?)")
_OTHER_FORMS = ("posix/", "right/")  # the same zones once more; `right/` counts leap seconds


class _Zone(fields.Field[ZoneInfo]):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> ZoneInfo:
        if isinstance(value, str) and (fixed := _ETC.fullmatch(value)):
            sign, hours = "+" if fixed[1] == "-" else "-", fixed[2]
            raise ValidationError(
                f"should be the zone of a place, as Europe/Zurich: {value} is UTC{sign}{hours}, not what it looks like "
                "(the database turns the signs of these names round)"
            )
        try:  # looked up: listing all zones took 15 ms of each start
            if value.startswith(_OTHER_FORMS):
                raise KeyError(value)
            return ZoneInfo(value)
        except (AttributeError, KeyError, OSError, TypeError, ValueError):  # a folder of the database, no text, a path
            raise ValidationError('should be an IANA zone, as "Europe/Zurich"') from None


class _HotelTable(Table):
    makes = Hotel
    says = {  # noqa: RUF012
        "name": "The hotel's name.",
        "tel": "Its telephone number.",
        "address": "Where it is, in one line.",
        "website": "Its web address.",
        "rates": "What it costs, in words, as “USD 95 a night, breakfast included”.",
        "block_code": "What people say when they book, to get the event's rate.",
        "book_by": "The last day to book at that rate.",
        "email": "Where the staff's desk sends rooming lists. Nobody else sees it.",
    }
    name = line(Names)
    tel = line(required=False)
    address = line(Names, required=False)
    website = link(required=False)
    rates = line(Words, required=False)
    block_code = line(required=False)
    book_by = LocalDate(load_default=None)
    email = _email(required=False)


class _OnlineTable(Table):
    makes = Online
    says = {  # noqa: RUF012
        "url": "Where people join. Only the confirmation tells it.",
        "text": "What else they should know to join.",
    }
    url = link()
    text = line(Words, required=False)


class _PrivacyTable(Table):
    makes = Privacy
    says = {  # noqa: RUF012
        "text": "What becomes of the answers, in a sentence. It stands above the button and in the confirmation.",
        "link": "Where the whole notice is.",
        "responsible": "Who is responsible for personal data, as people are told. The organizer, if this is missing.",
        "keep_days": "Days after the event. At the end of the last one all that names a person is deleted (365).",
    }
    text = line(Words, required=False)
    link = link(required=False)
    responsible = line(Names, required=False)
    keep_days = fields.Integer(strict=True, load_default=KEEP_DAYS, validate=validate.Range(min=1, max=3650))


class _VenueTable(Table):
    makes = Venue
    says = {  # noqa: RUF012
        "room": "The room, if it is known.",
        "building": "The building's name.",
        "address": "Its address, a line each.",
        "country": "Its country, as the two letters of ISO 3166: `CH`.",
        "tel": "The switchboard's telephone number.",
        "fax": "Its fax number.",
        "email": "Its e-mail address.",
        "website": "Its web address.",
        "directions": "How to get there, in some sentences.",
    }
    room = line(Names, required=False)
    building = line(Names)
    address = fields.List(
        line(Names), required=True, validate=validate.Length(min=1, error="should have a line or more")
    )
    country = line(validate=validate.Regexp("[A-Z]{2}$", error='should be a two-letter country code, as "CH"'))
    tel = line(required=False)
    fax = line(required=False)
    email = _email(required=False)
    website = link(required=False)
    directions = some_sentences()


class _ContactTable(Table):
    makes = Contact
    says = {  # noqa: RUF012
        "name": "Whom people ask.",
        "organization": "Where that person works.",
        "tel": "That person's telephone number.",
        "fax": "That person's fax number.",
        "email": "That person's e-mail address.",
    }
    name = line(Names)
    organization = line(Names)
    tel = line()
    fax = line(required=False)
    email = _email()


class _IntakeTable(Table):
    says = {  # noqa: RUF012
        "opens": "When registration opens: a date, from its beginning, or a date and time.",
        "closes": "The deadline: a date, to its end, or a date and time, as `2004-02-19T18:00:00`.",
        "changes_until": "Until when people can change their registration, as `closes`. Default: the deadline.",
        "expected": "How many people you expect (300). Within an hour twice as many e-mails go out at the most.",
    }
    opens = LocalTime(required=True)
    closes = LocalTime(required=True)
    changes_until = LocalTime(load_default=None)
    expected = fields.Integer(
        strict=True,
        load_default=Event.expected,
        error_messages={"invalid": "should be a whole number, as 150"},
        validate=validate.Range(1, 1_000_000, error="should be from 1 to 1000000"),
    )


def _is_spoken(code: str) -> None:
    if code not in languages():
        raise ValidationError(f"{code} is not a language that the desk speaks: {', '.join(languages())}")


def _one_of(kind: type[StrEnum], **more: Any) -> fields.Enum[StrEnum]:
    *some, last = codes = [*map(str, kind)]
    error = f"should be {', '.join(some)} or {last}"
    return fields.Enum(
        kind, by_value=True, error_messages={"unknown": error}, metadata={"json_schema": {"enum": codes}}, **more
    )


def _member(receives: Sequence[Receives], **said: Any) -> StaffMember:
    return StaffMember(receives=frozenset(receives), **said)


class _StaffTable(Table):
    makes = staticmethod(_member)
    says = {  # noqa: RUF012
        "address": "Whose e-mail address: they open the staff’s desk with it.",
        "role": "An `editor` may act at the desk, a `viewer` only look (`editor`).",
        "language": "The language of their pages and e-mails (`staff_language`).",
        "receives": "Which e-mails: `roster`, `digest` of what needs review, `alerts` as of a withdrawal (all).",
    }
    address = _email()
    role = _one_of(Role, load_default=Role.EDITOR)
    language = fields.String(load_default=None, validate=_is_spoken)
    receives = fields.List(_one_of(Receives), load_default=[*Receives])


class _Staff(fields.List[Any]):
    """Tables, or addresses alone: then each is an editor who receives all."""

    def __init__(self) -> None:
        addresses = {"type": "array", "items": {"type": "string"}}
        super().__init__(fields.Nested(_StaffTable), required=True, metadata={"or": addresses})

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, list) or not value:
            raise ValidationError("should name an address or more")
        if any(isinstance(one, str) for one in value):
            if not all(isinstance(one, str) for one in value):
                raise ValidationError("should be addresses alone, or tables under [[staff]] alone")
            addresses: Any = fields.List(_email()).deserialize(value)
            staff: Any = [*map(StaffMember, addresses)]
        else:
            staff = super()._deserialize(value, attr, data, **kwargs)
        _can_work(staff)
        return staff


def _can_work(staff: Sequence[StaffMember]) -> None:
    addresses = [normalized_address(one.address) for one in staff]
    if twice := [place for place, address in enumerate(addresses) if address in addresses[:place]]:
        raise ValidationError({place: ["should be another address: this one stands above"] for place in twice})
    if not any(one.role is Role.EDITOR for one in staff):
        raise ValidationError("should have an editor: viewers can do nothing")
    if not any(Receives.ROSTER in one.receives for one in staff):
        raise ValidationError("should have one who receives the roster")


def _differ(codes: Sequence[str]) -> None:
    if len({*codes}) < len(codes):
        raise ValidationError("should name each once")


class EventFile(Table):
    says = {  # noqa: RUF012
        "title": "What the event is called.",
        "reference": "The number of the letter that invites, if there is one.",
        "organizer": "Who invites. E-mails come under this name.",
        "website": "The event's web address, if it has pages elsewhere: then it has none of its own here.",
        "time_zone": "The IANA zone of the place, as `Europe/Zurich`. All dates and times in the file are in it.",
        "starts": "The first day, or when it begins: `2004-02-26T09:30:00`.",
        "ends": "The last day, or when it ends. A date where `starts` is one.",
        "bring": "What people must bring, a line each. The confirmation lists it.",
        "languages": 'The languages in which people can register, the first for those who ask for no other: `["en"]`.',
        "staff_language": "The language of what the staff get (`en`).",
        "staff": "Who answers for the event. Their addresses alone: editors, who receive all.",
        "intake": "",
        "form": "",
        "categories": "",
        "venue": "",
        "online": "",
        "contact": "",
        "privacy": "",
        "look": "",
        "hotels": "",
        "agenda": "",
        "documents": "",
        "contributions": "",
        "participants": "",
    }
    title = line(Words)
    reference = line(required=False)
    organizer = line(Names)
    website = link(required=False)
    time_zone = _Zone(required=True)
    starts = LocalTime(required=True)
    ends = LocalTime(required=True)
    bring = fields.List(line(Words), load_default=list)
    languages = fields.List(
        fields.String(validate=_is_spoken),
        load_default=[ENGLISH],
        validate=[validate.Length(min=1, error="should name one"), _differ],
    )
    staff_language = fields.String(load_default=ENGLISH, validate=_is_spoken)
    staff = _Staff()
    intake = fields.Nested(_IntakeTable, required=True)
    form = fields.Nested(FormTableSchema, load_default=FormTable)
    categories = fields.List(fields.Nested(ChoiceTable), load_default=list, validate=codes_differ)
    venue = fields.Nested(_VenueTable, load_default=None)
    online = fields.Nested(_OnlineTable, load_default=None)
    privacy = fields.Nested(_PrivacyTable, load_default=Privacy)
    look = fields.Nested(LookTable, load_default=dict)
    contact = fields.Nested(_ContactTable, required=True)
    hotels = fields.List(fields.Nested(_HotelTable), load_default=list)
    agenda = fields.List(fields.Nested(AgendaTable), load_default=list)
    documents = fields.List(fields.Nested(DocumentTable), load_default=list)
    contributions = fields.Nested(ContributionsTable, load_default=None)
    participants = fields.Nested(ParticipantsTable, load_default=None)

    @validates_schema
    def _times_are_in_order(self, given: dict[str, Any], **_kwargs: Any) -> None:
        if type(given["starts"]) is not type(given["ends"]):
            raise ValidationError("should be a date where starts is one, a date and time where starts is one", "ends")
        if given["ends"] < given["starts"]:
            raise ValidationError("should not be before starts", "ends")

    @validates_schema
    def _it_is_somewhere(self, given: dict[str, Any], **_kwargs: Any) -> None:
        if not given.get("venue") and not given.get("online"):
            raise ValidationError("is missing; add it, or [online] with a url", "venue")


def read_events(folder: Path, *, in_all_languages: bool = False) -> dict[str, Event]:
    """By slug, as `read_event`. Raises `EventFileError`."""
    events, faults = read_folder(folder, in_all_languages=in_all_languages)
    if faults:
        raise EventFileError("\n".join(faults))
    return events


def read_folder(folder: Path, *, in_all_languages: bool = True) -> tuple[dict[str, Event], list[str]]:
    """The events by slug, and a line for each fault of files that make none."""
    events: dict[str, Event] = {}
    faults: list[str] = []
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        try:
            events[path.stem] = read_event(path, in_all_languages=in_all_languages)
        except EventFileError as error:
            faults += str(error).splitlines()
    if not events and not faults:
        faults.append(_no_file_in(folder))
    return events, faults


def _no_file_in(folder: Path) -> str:
    stands = "holds no event file" if folder.is_dir() else "there is no such folder"
    return f"{folder}: {stands}; write one: make new-event SLUG=your-event EVENTS={folder}"


class EventFiles(Mapping[str, Event]):
    """By slug, each read when first asked for. One that cannot be used is told, and its event alone is not there."""

    def __init__(self, folder: Path, tell: Callable[[EventFileError], None]) -> None:
        """Raises `EventFileError`, also for a name that is no slug."""
        names = os.listdir(folder) if folder.is_dir() else ()  # a `Path` of each would take six times as long
        self._slugs = dict.fromkeys(sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)))
        if not self._slugs:
            raise EventFileError(_no_file_in(folder))
        for slug in self._slugs:
            _check_name(slug, folder)

        @lru_cache(_KEPT)
        def read(slug: str) -> Event | None:
            try:
                return read_event(folder / f"{slug}{_SUFFIX}")
            except EventFileError as error:
                tell(error)
                return None

        self._read = read

    def __getitem__(self, slug: str) -> Event:
        if slug in self._slugs and (event := self._read(slug)):
            return event
        raise KeyError(slug)

    def __iter__(self) -> Iterator[str]:
        return iter(self._slugs)

    def __len__(self) -> int:
        return len(self._slugs)

    def values(self) -> ValuesView[Event]:
        return {slug: event for slug in self if (event := self.get(slug))}.values()


def is_slug(text: str) -> bool:
    return bool(_SLUG.fullmatch(text)) and text != SMOKE_TEST.slug


def read_event(path: Path, *, in_all_languages: bool = False) -> Event:
    """In its first language; the others are read when they are first asked for, since each takes 2 ms of a cold start,
    or at once, so that what is wrong in them is said. Raises `EventFileError`."""
    _check_name(path.stem, path.parent)
    text, given = _opened(path)
    first, *others = spoken = _languages_of(given)

    def read(code: str) -> Event:
        return _read(path, text, code, given, None if code == first else translated(first), spoken)

    @cache
    def translated(code: str) -> Event:
        try:
            return replace(read(code), translated=translated)
        except EventFileError as error:
            if code == first:
                raise
            _LOG.error("an event file cannot be used in one of its languages: %s", error)  # `event-check` refuses it
            return translated(first)

    event = translated(first)
    faults = [*_in_no_language(path, text, given, spoken), *_faults_in(others, read)] if in_all_languages else []
    if faults:
        raise EventFileError("\n".join(faults))
    return event


def _check_name(slug: str, folder: Path) -> None:
    if is_slug(slug):
        return
    path = folder / f"{slug}{_SUFFIX}"
    if slug == SMOKE_TEST.slug:
        raise EventFileError(f"{path}: choose another name: the smoke test's event has this one")
    raise EventFileError(f"{path}: name the file with lower-case letters, digits and hyphens: it is the web address")


def _in_no_language(path: Path, text: str, given: Mapping[str, Any], spoken: Sequence[str]) -> Iterator[str]:
    lines, known = Lines(text), ", ".join(spoken)
    for field, code in in_no_language_of_it(given, _table(), spoken):
        at = f"{field}.{code}"
        yield f"{path}:{lines.of(at)}: {at}: is in no language of the event: {known}; mend it, or add it to languages"


def _faults_in(others: Sequence[str], read: Callable[[str], Event]) -> Iterator[str]:
    for code in others:
        try:
            read(code)
        except EventFileError as error:
            yield str(error)


def remarks_on(path: Path) -> list[str]:
    """Of a file without faults: a line for each text that is not there in all languages."""
    text, given = _opened(path)
    offered, lines = given.get("languages", [ENGLISH]), Lines(text)
    return [
        f"{path}:{lines.of(field)}: {field}: is not there in {', '.join(codes)}; people read it in {used}"
        for field, codes, used in untranslated(given, _table(), offered)
    ]


def _opened(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = path.read_text("utf-8-sig")
        return text, read_toml(text)
    except NoToml as error:
        raise EventFileError(f"{path}: is not TOML: {error}") from None
    except UnicodeDecodeError:
        raise EventFileError(f"{path}: is not in UTF-8; save it in that encoding") from None
    except OSError as error:
        raise EventFileError(f"{path}: cannot be read: {error.strerror}") from None


def _languages_of(given: Mapping[str, Any]) -> list[str]:
    """As far as they are right; those of the staff come last."""
    offered, staff = given.get("languages"), given.get("staff")
    codes = [*(offered if isinstance(offered, list) else ()), *([] if offered else [ENGLISH])]
    codes.append(given.get("staff_language", ENGLISH))
    codes += [one.get("language") for one in (staff if isinstance(staff, list) else ()) if isinstance(one, dict)]
    return list(dict.fromkeys(code for code in codes if code in languages()))


def _read(
    path: Path, text: str, code: str, given: Mapping[str, Any], first: Event | None, spoken: Sequence[str]
) -> Event:
    """`first`: the event in its first language, unless that is this one. Raises `EventFileError`."""
    table = _table()
    said, by_language = in_words_of(given, table, code, spoken[0])
    try:
        return _made(path, code, table.load(said), first)
    except ValidationError as error:
        faults = _faults(error.normalized_messages())  # type: ignore[no-untyped-call]
        named = (_in_its_language(field, fault, by_language, code if first else "") for field, fault in faults)
        lines = Lines(text)
        raise EventFileError(
            "\n".join(f"{path}:{lines.of(field)}: {field}: {fault}" for field, fault in named)
        ) from None


@cache
def _table() -> EventFile:  # made once: it takes a fifth of reading a file
    return EventFile()


def _in_its_language(field: str, fault: str, by_language: Mapping[str, str], code: str) -> tuple[str, str]:
    """`code`: of the language, where the first one has no fault."""
    for at, used in by_language.items():
        if f"{field}.".startswith(f"{at}."):
            return f"{at}.{used}{field[len(at) :]}", fault
    return field, f"{fault} (in {code})" if code else fault


def _made(path: Path, code: str, given: dict[str, Any], first: Event | None) -> Event:
    """Raises `ValidationError`."""
    zone, intake, form = given.pop("time_zone"), given.pop("intake"), given.pop("form")
    categories, look = given.pop("categories"), given.pop("look")
    pages = {name: given.pop(name) for name in ("agenda", "documents", "contributions", "participants")}
    event = Event(
        slug=path.stem,
        zone=zone,
        starts=_in_zone(given.pop("starts"), zone, "starts"),
        ends=_in_zone(given.pop("ends"), zone, "ends"),
        opens_at=_instant(intake["opens"], zone, "intake.opens"),
        closes_at=_instant(intake["closes"], zone, "intake.closes", ends=True),
        expected=intake["expected"],
        language=code,
        fields=(),
        origins=form.origins,
        staff_may_leave_out=form.staff_may_leave_out,
        **given,
    )
    if event.closes_at <= event.opens_at:
        raise ValidationError("should be after intake.opens", "intake.closes")
    if intake["changes_until"]:
        until = _instant(intake["changes_until"], zone, "intake.changes_until", ends=True)
        if not event.opens_at < until <= event.over_at:
            raise ValidationError("should be after intake.opens, and before the event ends", "intake.changes_until")
        event = replace(event, changes_until=until)
    event = replace(event, fields=fields_of(form, categories, event, first or event))
    event = with_pages(event, path.parent, lambda when, at, **which: _instant(when, zone, at, **which), **pages)
    return replace(event, look=look_of(path.parent, **look))


def deadline_from(text: str, event: Event) -> datetime:
    """As in an event file: a date, to its end, or a local date and time. Raises `ValueError` with a sentence."""
    try:
        if not _DEADLINE.fullmatch(text):
            raise ValueError(text)
        closes = datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{text} is not a date (2004-02-20) nor a date and time (2004-02-20T18:00) as clocks in {event.zone.key} "
            "show it"
        ) from None
    try:
        return _instant(LocalTime().deserialize(closes), event.zone, "", ends=True)
    except ValidationError as error:
        raise ValueError(f"{text}: {' '.join(error.messages)}") from None


def deadline_typed(day: str, time: str, event: Event) -> datetime | None:
    """As a page asks for it."""
    try:
        return deadline_from(f"{day}T{time}" if time else day, event)
    except ValueError:
        return None


def as_written(instant: datetime, event: Event, *, ends: bool) -> str:
    """A date where a day begins or, with `ends`, has ended."""
    if day := event.day_ended_at(instant):
        return (day if ends else day + timedelta(days=1)).isoformat()
    return instant.astimezone(event.zone).replace(tzinfo=None).isoformat()


def _in_zone(when: date | datetime, zone: ZoneInfo, field: str) -> date | datetime:
    return _instant(when, zone, field) if isinstance(when, datetime) else when


def _instant(when: date | datetime, zone: ZoneInfo, field: str, *, ends: bool = False) -> datetime:
    """A date names its beginning or, with `ends`, its end. Raises where clocks skip or repeat the time (PEP 495)."""
    if not isinstance(when, datetime):
        begins, end = end_of(when - timedelta(days=1), zone), end_of(when, zone)
        if begins == end:
            raise _not_once(when, "never", zone, field)
        return end if ends else begins
    first, second = (when.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() != second.utcoffset():
        raise _not_once(when, "twice" if first.utcoffset() > second.utcoffset() else "never", zone, field)  # type: ignore[operator]
    return first.astimezone(UTC)


def _not_once(when: date, happens: str, zone: ZoneInfo, field: str) -> ValidationError:
    return ValidationError(f"{when} happens {happens} in {zone.key}, when the clocks change; choose another", field)


def _faults(messages: Mapping[Any, Any], within: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, fault in messages.items():
        field = f"{within}{name + 1 if isinstance(name, int) else name}"
        if isinstance(fault, Mapping):
            found += _faults(fault, f"{field}.")
        else:
            found += [(field, sentence(one, language(ENGLISH)) if isinstance(one, Fault) else one) for one in fault]
    return found
