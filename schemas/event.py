"""The event file, `events/<slug>.toml`, checked into an `Event`."""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from marshmallow import RAISE, Schema, ValidationError, fields, missing, post_load, validate, validates_schema

from rollcall.model.event import SMOKE_TEST, Category, Contact, Event, Hotel, Venue, end_of
from rollcall.model.fault import Fault
from schemas.faults import sentence
from schemas.form import FIELD_NAMES
from schemas.text import Text

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")
_DEADLINE = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?)?")
_ORIGIN = re.compile(r"https?://[a-z0-9-]+(\.[a-z0-9-]+)*(:[1-9][0-9]{0,4})?")


class EventFileError(Exception):
    """A line for each fault: file, field, what is wrong and the remedy."""


class _Table(Schema):
    class Meta:
        unknown = RAISE

    makes: Callable[..., Any] = dict
    error_messages = {  # noqa: RUF012
        "unknown": "is not a field of an event file; remove it or mend its name",
        "type": "should be a table: its name in brackets, its fields below",
    }

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        field_obj.error_messages["required"] = "is missing; add it"
        if isinstance(field_obj, fields.List):
            of_tables = isinstance(field_obj.inner, fields.Nested)
            field_obj.error_messages["invalid"] = (
                f"should be tables, each under [[{field_name}]]" if of_tables else 'should be a list, as ["one", "two"]'
            )

    @post_load
    def _made(self, given: dict[str, Any], **_kwargs: Any) -> Any:
        return self.makes(**{name: tuple(value) if isinstance(value, list) else value for name, value in given.items()})


class _Line(Text):
    def check(self, text: str) -> None:
        if not text:
            raise ValidationError("is empty; fill it in, or remove it where it may be missing")


def _line(*, required: bool = True, **more: Any) -> Text:
    return _Line(max_length=300, required=required, load_default=missing if required else None, **more)


def _link(**more: Any) -> Text:
    return _line(validate=validate.Regexp("https?://", error="should begin with https:// or http://"), **more)


def _email(*, required: bool = True) -> fields.Email:
    return fields.Email(
        required=required,
        load_default=missing if required else None,
        error_messages={"invalid": "should be an e-mail address"},
    )


def _is_origin(text: str) -> None:
    """As browsers write it (RFC 6454, 6.2), since it is compared letter by letter."""
    default_port = ":80" if text.startswith("http:") else ":443"
    if not _ORIGIN.fullmatch(text) or text.endswith(default_port):
        raise ValidationError(
            f'{text} is not an origin; write scheme, host and an unusual port alone, as "https://www.example.org": '
            "lower case, no path, no *"
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


class _LocalTime(fields.Field[date | datetime]):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date | datetime:
        if not isinstance(value, date) or (isinstance(value, datetime) and value.tzinfo):
            raise ValidationError("should be a date (2004-02-20) or a local date and time (2004-02-20T18:00:00)")
        if not 1970 <= value.year <= 9000:
            raise ValidationError("should be in a year of our time")
        return value


class _CategoryTable(_Table):
    makes = Category
    code = _line(
        validate=validate.Regexp(_SLUG.pattern + "$", error="should be lower-case letters, digits and hyphens")
    )
    label = _line()
    also = fields.List(_line(), load_default=list)


def _codes_differ(categories: Sequence[Category]) -> None:
    if len({category.code for category in categories}) < len(categories):
        raise ValidationError("should each have a code of its own")


class _HotelTable(_Table):
    makes = Hotel
    name = _line()
    tel = _line(required=False)
    website = _link(required=False)


class _VenueTable(_Table):
    makes = Venue
    room = _line()
    building = _line()
    address = fields.List(_line(), required=True, validate=validate.Length(min=1, error="should have a line or more"))
    country = _line(validate=validate.Regexp("[A-Z]{2}$", error='should be a two-letter country code, as "CH"'))
    tel = _line()
    fax = _line(required=False)
    email = _email(required=False)
    website = _link(required=False)


class _ContactTable(_Table):
    makes = Contact
    name = _line()
    organization = _line()
    tel = _line()
    fax = _line(required=False)
    email = _email()


class _IntakeTable(_Table):
    opens = _LocalTime(required=True)
    closes = _LocalTime(required=True)
    expected = fields.Integer(
        strict=True,
        load_default=Event.expected,
        error_messages={"invalid": "should be a whole number, as 150"},
        validate=validate.Range(1, 1_000_000, error="should be from 1 to 1000000"),
    )


class _FormTable(_Table):
    required = fields.List(
        fields.String(validate=validate.OneOf(FIELD_NAMES, error="{input} is not a field of the form")), required=True
    )
    origins = fields.List(_line(validate=_is_origin), load_default=list)

    @validates_schema
    def _a_person_can_be_told_apart(self, given: dict[str, Any], **_kwargs: Any) -> None:
        for name in ("family_name", "email", "category"):
            if name not in given.get("required", ()):
                raise ValidationError(f"should name {name}; the desk cannot do without it", "required")


class _EventFile(_Table):
    title = _line()
    reference = _line()
    organizer = _line()
    website = _link(required=False)
    time_zone = _Zone(required=True)
    starts = _LocalTime(required=True)
    ends = _LocalTime(required=True)
    bring = fields.List(_line(), load_default=list)
    staff = fields.List(
        _email(), required=True, validate=validate.Length(min=1, error="should name an address or more")
    )
    intake = fields.Nested(_IntakeTable, required=True)
    form = fields.Nested(_FormTable, required=True)
    categories = fields.List(
        fields.Nested(_CategoryTable),
        required=True,
        validate=[validate.Length(min=1, error="should be one or more"), _codes_differ],
    )
    venue = fields.Nested(_VenueTable, required=True)
    contact = fields.Nested(_ContactTable, required=True)
    hotels = fields.List(fields.Nested(_HotelTable), load_default=list)

    @validates_schema
    def _times_are_in_order(self, given: dict[str, Any], **_kwargs: Any) -> None:
        if type(given["starts"]) is not type(given["ends"]):
            raise ValidationError("should be a date where starts is one, a date and time where starts is one", "ends")
        if given["ends"] < given["starts"]:
            raise ValidationError("should not be before starts", "ends")


def read_events(folder: Path) -> dict[str, Event]:
    """By slug. Raises `EventFileError`."""
    events, faults = read_folder(folder)
    if faults:
        raise EventFileError("\n".join(faults))
    return events


def read_folder(folder: Path) -> tuple[dict[str, Event], list[str]]:
    """The events by slug, and a line for each fault of files that make none."""
    events: dict[str, Event] = {}
    faults: list[str] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            events[path.stem] = read_event(path)
        except EventFileError as error:
            faults += str(error).splitlines()
    if not events and not faults:
        stands = "holds no event file" if folder.is_dir() else "there is no such folder"
        faults.append(f"{folder}: {stands}; copy events/intgov04.toml there, under your event's name, and change it")
    return events, faults


def read_event(path: Path) -> Event:
    """Raises `EventFileError`."""
    if not _SLUG.fullmatch(path.stem):
        raise EventFileError(
            f"{path}: name the file with lower-case letters, digits and hyphens: it is the web address"
        )
    if path.stem == SMOKE_TEST.slug:
        raise EventFileError(f"{path}: choose another name: the smoke test's event has this one")
    try:
        given = _EventFile().load(_toml(path.read_text("utf-8-sig")))
        zone, intake, form = given.pop("time_zone"), given.pop("intake"), given.pop("form")
        event = Event(
            slug=path.stem,
            zone=zone,
            starts=_in_zone(given.pop("starts"), zone, "starts"),
            ends=_in_zone(given.pop("ends"), zone, "ends"),
            opens_at=_instant(intake["opens"], zone, "intake.opens"),
            closes_at=_instant(intake["closes"], zone, "intake.closes", ends=True),
            expected=intake["expected"],
            required=frozenset(form["required"]),
            origins=form["origins"],
            **given,
        )
        if event.closes_at <= event.opens_at:
            raise ValidationError("should be after intake.opens", "intake.closes")
    except _NoToml as error:
        raise EventFileError(f"{path}: is not TOML: {error}") from None
    except UnicodeDecodeError:
        raise EventFileError(f"{path}: is not in UTF-8; save it in that encoding") from None
    except OSError as error:
        raise EventFileError(f"{path}: cannot be read: {error.strerror}") from None
    except ValidationError as error:
        faults = _faults(error.normalized_messages())  # type: ignore[no-untyped-call]
        raise EventFileError("\n".join(f"{path}: {field}: {fault}" for field, fault in faults)) from None
    return event


class _NoToml(Exception):
    pass


_HINTS = (
    (r"\d[T ]\d\d:\d\d$", "; a time of day has seconds, as 18:00:00"),
    (r"=\s*[^\s\"'\d\[{]", '; text stands in straight quotes, as "Geneva"'),
)
"""What is wrong in most lines of this pattern that are not TOML."""


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        where = _AT_LINE.search(str(error))
        line = text.splitlines()[int(where[1]) - 1].strip() if where else ""
        hint = next((hint for pattern, hint in _HINTS if re.search(pattern, line)), "")
        raise _NoToml(f"{error}{line and f': {line}'}{hint}") from None  # the parser names only the line's number


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
        return _instant(_LocalTime().deserialize(closes), event.zone, "", ends=True)
    except ValidationError as error:
        raise ValueError(f"{text}: {' '.join(error.messages)}") from None


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
        field = f"{within}{name}"
        if isinstance(fault, Mapping):
            found += _faults(fault, f"{field}.")
        else:
            found += [(field, sentence(one) if isinstance(one, Fault) else one) for one in fault]
    return found
