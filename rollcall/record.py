"""Dataclasses of the model as JSON and back, by their annotations: for a child process, and for what is published."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo


def to_json(value: object) -> bytes:
    return json.dumps(value, default=_plain).encode()


def from_json(type: Any, written: bytes) -> Any:
    return _made(type, json.loads(written))


def _plain(value: Any) -> Any:
    match value:
        case datetime() | date() | time():
            return value.isoformat()
        case ZoneInfo():
            return value.key
        case bytes():
            return b64encode(value).decode()
        case frozenset():
            return sorted(value)
        case _ if is_dataclass(value) and not isinstance(value, type):
            said = {field.name: getattr(value, field.name) for field in fields(value)}
            return {name: one for name, one in said.items() if not callable(one)}
        case _:
            return dict(value)


@cache
def _annotated(type: Any) -> Mapping[str, Any]:
    return get_type_hints(type)


def _made(type: Any, plain: Any) -> Any:
    kind: Any = get_origin(type) or type
    parts = get_args(type)
    if plain is None:
        return None
    if kind is UnionType:  # with None; of numbers and texts; of days and instants
        kind = next((part for part in parts if part is not NoneType), None)
        if datetime in parts:
            kind = datetime if "T" in plain else date if date in parts else datetime
        return plain if str in parts and int in parts else _made(kind, plain)
    if isinstance(plain, dict) and kind is not Mapping:
        return kind(**{name: _made(_annotated(kind)[name], one) for name, one in plain.items()})
    if kind in (tuple, frozenset):
        return kind(_made(parts[0], one) for one in plain)
    if isinstance(plain, dict):
        return {_made(parts[0], name): _made(parts[1], one) for name, one in plain.items()}
    if kind in (datetime, date, time):
        return kind.fromisoformat(plain)
    if kind is bytes:
        return b64decode(plain)
    return kind(plain) if kind is ZoneInfo or issubclass(kind, Enum) else plain
