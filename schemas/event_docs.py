"""What an event file may hold, for people and for their editors. `python -m schemas.event_docs` writes both."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from marshmallow import Schema, fields

from rollcall.language import languages
from schemas.event import EventFile
from schemas.event_tables import Table, Words
from schemas.kinds import KINDS
from schemas.stock import LETTER_FIELDS, STOCK

PAGE, SCHEMA = Path("docs/event-file.md"), Path("docs/event.schema.json")
_STRING = {"type": "string"}
_TEXT = {"allOf": [{"$ref": "#/definitions/text"}]}  # beside a bare $ref a description does not count
_BEGIN, _END = "<!-- from the schema -->\n", "<!-- to here -->"


def json_schema() -> str:
    """JSON Schema, draft 7 (what Taplo and VS Code read). Dates of TOML are texts there."""
    definitions = {"text": _in_each_language(_STRING), "texts": _in_each_language({"type": "array", "items": _TEXT})}
    about = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "An event of Rollcall"}
    described = {**about, "definitions": definitions}
    return json.dumps(described | _table(EventFile()), indent=2, ensure_ascii=False) + "\n"


def _in_each_language(one: dict[str, Any]) -> dict[str, Any]:
    """As it is, or a table of it by language."""
    names = {"enum": list(languages())}
    return {"anyOf": [one, {"type": "object", "propertyNames": names, "additionalProperties": one}]}


def page(written: str) -> str:
    """The page, with its tables made anew."""
    before, _, rest = written.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}{''.join(_tables(EventFile(), ''))}{_stock()}{_kinds()}{_END}{after}"


def _table(table: Table) -> dict[str, Any]:
    said = {_key(name, field): field for name, field in table.fields.items()}
    properties = {key: _field(field) | _described(table, key) for key, field in said.items()}
    required = [key for key, field in said.items() if field.required]
    return {"type": "object", "additionalProperties": False, "properties": properties, "required": required}


def _described(table: Table, key: str) -> dict[str, str]:
    return {"description": text} if (text := table.says[key]) else {}


def _field(field: fields.Field[Any]) -> dict[str, Any]:
    if described := field.metadata.get("json_schema"):
        return dict(described)
    match field:
        case Words():
            return dict(_TEXT)
        case fields.List(inner=Words()):
            return {"allOf": [{"$ref": "#/definitions/texts"}]}
        case fields.Nested():
            return _table(_schema(field))
        case fields.List():
            listed = {"type": "array", "items": _field(field.inner)}
            alone = field.metadata.get("or")
            return {"anyOf": [alone, listed]} if alone else listed
        case fields.Boolean():
            return {"type": "boolean"}
        case fields.Integer():
            return {"type": "integer"}
    return dict(_STRING)


def _schema(field: fields.Nested) -> Table:
    schema: Schema = field.schema
    assert isinstance(schema, Table)
    return schema


def _key(name: str, field: fields.Field[Any]) -> str:
    return field.data_key or name


def _tables(table: Table, path: str, *, many: bool = False) -> Iterator[str]:
    inner = []
    rows = []
    for name, field in table.fields.items():
        key = _key(name, field)
        of = field.inner if isinstance(field, fields.List) else field
        if isinstance(of, fields.Nested) and "json_schema" not in field.metadata:
            inner.append((_schema(of), f"{path}.{key}" if path else key, of is not field))
        else:
            rows.append(f"| `{key}` | {'yes' if field.required else ''} | {table.says[key]} |\n")
    heading = f"`{'[[' if many else '['}{path}{']]' if many else ']'}`" if path else "At the top"
    yield f"\n### {heading}\n\n| field | needed | what it is |\n| --- | --- | --- |\n{''.join(rows)}"
    for below, at, several in inner:
        yield from _tables(below, at, many=several)


def _stock() -> str:
    rows = (
        f"| `{field.name}` | {field.kind} | {field.label} | {'yes' if field.name in LETTER_FIELDS else ''} |\n"
        for field in STOCK.values()
    )
    return (
        "\n### Fields of the stock\n\n| name | kind | label | of the letter's form |\n| --- | --- | --- | --- |\n"
        + "".join(rows)
    )


def _kinds() -> str:
    rows = (f"| `{name}` | {kind.says} |\n" for name, kind in KINDS.items())
    return "\n### Kinds\n\n| kind | what it takes |\n| --- | --- |\n" + "".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
    SCHEMA.write_text(json_schema(), "utf-8")
