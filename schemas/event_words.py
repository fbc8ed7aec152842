"""What an event file says in several languages: `title = { en = "…", fr = "…" }`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from marshmallow import fields

from rollcall.language import language
from schemas.event_tables import Names, Table, Words

_FIELD = re.compile("[a-z][a-z0-9_]*")
_COUNTRY = re.compile("[A-Z]{2}")


@dataclass(frozen=True)
class _Place:
    within: Any
    """A table or a list of the file."""
    key: Any
    at: tuple[str, ...]
    """As faults name it: `form.fields.3.label` and `form.fields.diet.label`."""
    is_name: bool

    @property
    def said(self) -> Any:
        return self.within[self.key]


def in_words_of(given: Any, table: Table, code: str, first: str) -> tuple[Any, Mapping[str, str]]:
    """The file in this language, else in its first; and in which one each is that is there in several."""
    said, found = deepcopy(given), {}
    for place in _places(said, table):
        if isinstance(by_language := place.said, dict) and by_language:
            used = next((one for one in (code, first) if one in by_language), next(iter(by_language)))
            place.within[place.key] = by_language[used]
            found.update(dict.fromkeys(place.at, used))
    return said, found


def in_no_language_of_it(given: Any, table: Table, known: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What is said in a language that the event does not have: the field and the language."""
    for place in _places(given, table):
        strange = [str(code) for code in place.said if code not in known] if isinstance(place.said, dict) else []
        yield from ((place.at[-1], code) for code in strange)


def untranslated(given: Any, table: Table, offered: Sequence[str]) -> Iterator[tuple[str, Sequence[str], str]]:
    """What people read, the languages in which it is not said, and the one in which it is said there. Names and
    addresses may be the same in all."""
    for place in _places(given, table):
        there = place.said if isinstance(place.said, dict) else {offered[0]: place.said}
        lacking = [code for code in offered if code not in there]
        if lacking and not place.is_name and not any(_is_translated(text, place, offered) for text in there.values()):
            yield place.at[-1], lacking, offered[0] if offered[0] in there else next(iter(there))


def _is_translated(text: Any, place: _Place, offered: Sequence[str]) -> bool:
    """By the catalogues, as a form's usual labels are, or by CLDR, which has the names of countries."""
    if not isinstance(text, str) or not place.at[0].startswith("form.fields."):
        return False
    return bool(_COUNTRY.fullmatch(text)) or any(language(code).gettext(text) != text for code in offered)


def _places(given: Mapping[str, Any], table: Table, above: tuple[str, ...] = ("",)) -> Iterator[_Place]:
    """Where the words of a file stand."""
    for name, field in table.fields.items():
        key = field.data_key or name
        kind = field.inner if isinstance(field, fields.List) else field
        if key in given:
            yield from _places_of(given, key, kind, tuple(f"{path}{key}" for path in above))


def _places_of(within: Any, key: Any, kind: fields.Field[Any], at: tuple[str, ...]) -> Iterator[_Place]:
    said, tables = within[key], kind.schema if isinstance(kind, fields.Nested) else None
    if isinstance(said, list) and (tables or any(isinstance(one, dict) for one in said)):
        for place, one in enumerate(said):
            name = str(one.get("name")) if isinstance(one, dict) else ""
            called = (place + 1, name) if _FIELD.fullmatch(name) else (place + 1,)
            yield from _places_of(said, place, kind, tuple(f"{path}.{one}" for one in called for path in at))
    elif isinstance(tables, Table) and isinstance(said, dict):
        yield from _places(said, tables, tuple(f"{path}." for path in at))
    elif isinstance(kind, Words) or (isinstance(tables, Table) and tables.is_text_alone and isinstance(said, str)):
        yield _Place(within, key, at, isinstance(kind, Names))
