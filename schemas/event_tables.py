"""What the tables of an event file share."""

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, ClassVar

from marshmallow import RAISE, Schema, ValidationError, fields, missing, post_load, validate

from schemas.text import Text

_ORIGIN = re.compile(r"https?://[a-z0-9-]+(\.[a-z0-9-]+)*(:[1-9][0-9]{0,4})?")


class Table(Schema):
    class Meta:
        unknown = RAISE

    makes: Callable[..., Any] = dict
    is_text_alone: ClassVar[bool] = False
    """A text may stand for the table, which people read."""
    says: ClassVar[dict[str, str]] = {}
    """What each field is, for docs/event-file.md and for editors (docs/event.schema.json)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        names = ", ".join(field.data_key or name for name, field in self.fields.items())
        self.error_messages = {
            **self.error_messages,
            "unknown": f"is not a field here; mend its name or remove it. There are: {names}",
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


class Words(_Line):
    """People read it, in one language or in each."""

    default_error_messages = {  # noqa: RUF012
        "invalid": ['should be text, or a text in each language, as { en = "…", fr = "…" }']
    }


class Names(Words):
    """Of people and places, and addresses: they may be the same in all languages."""


def line(kind: type[Text] = _Line, *, required: bool = True, **more: Any) -> Text:
    return kind(max_length=300, required=required, load_default=missing if required else None, **more)


def link(kind: type[Text] = Names, **more: Any) -> Text:
    return line(kind, validate=validate.Regexp("https?://", error="should begin with https:// or http://"), **more)


def is_origin(text: str) -> None:
    """As browsers write it (RFC 6454, 6.2), since it is compared letter by letter."""
    default_port = ":80" if text.startswith("http:") else ":443"
    if not _ORIGIN.fullmatch(text) or text.endswith(default_port):
        raise ValidationError(
            f'{text} is not an origin; write scheme, host and an unusual port alone, as "https://www.example.org": '
            "lower case, no path, no *"
        )


class LocalTime(fields.Field[date | datetime]):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date | datetime:
        if not isinstance(value, date) or (isinstance(value, datetime) and value.tzinfo):
            raise ValidationError("should be a date (2004-02-20) or a local date and time (2004-02-20T18:00:00)")
        if not 1970 <= value.year <= 9000:
            raise ValidationError("should be in a year of our time")
        return value


class LocalDate(fields.Field[date]):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        if not isinstance(value, date) or isinstance(value, datetime):
            raise ValidationError("should be a date, as 2004-02-20")
        return value
