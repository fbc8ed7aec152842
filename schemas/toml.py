"""TOML text: what it says, and on which line."""

import re
import tomllib
from collections import Counter
from typing import Any

_HEADER = re.compile(r"\s*(\[\[?)\s*([\w.-]+)\s*\]")
_KEY = re.compile(r"\s*([\w-]+(?:\.[\w-]+)*)\s*=")
_VALUE = re.compile(r"=\s*[\"']([^\"']*)")
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")


class NoToml(Exception):
    """Where and why."""


_HINTS = (
    (re.compile(r"=\s*[^\s\"'\d\[{]"), 'text stands in straight quotes, as "Geneva"'),
    (re.compile(r"=\s*\d:"), "a time of day has two digits for the hour, as 09:30"),
    (re.compile(r"=\s*\d+[-./ ]\d"), "a date is written as 2004-02-20, a date and time as 2004-02-20T18:00:00"),
    (re.compile(r"^\[\w"), "a table is there once; where there may be several, each has double brackets: [[hotels]]"),
    (re.compile(r"=\s*\["), "a list ends with ], and a comma stands between what is in it"),
)
"""By the line at which the parser stops."""
_WITHOUT_SECONDS = re.compile(r"^(\s*\w+\s*=\s*(?:\d{4}-\d\d-\d\d[T ])?\d\d:\d\d)(?=\s*(#|$))", re.MULTILINE)
"""As TOML 1.1 has it; Python's parser reads 1.0."""


def read_toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(_WITHOUT_SECONDS.sub(r"\1:00", text))
    except tomllib.TOMLDecodeError as error:
        where = _AT_LINE.search(str(error))
        line = text.split("\n")[int(where[1]) - 1].strip() if where else ""
        hint = next((f"; {hint}" for begins, hint in _HINTS if begins.search(line)), "")
        raise NoToml(f"{error}{line and f': {line}'}{hint}") from None  # the parser names only the line's number
    except (RecursionError, ValueError) as error:  # brackets within brackets, or digits, by the thousand
        raise NoToml(str(error)) from None


class Lines:
    """Where the fields of a TOML text stand; those within `{}` where it begins. Of a list of tables by number or name:
    `form.fields.3`, `form.fields.diet`."""

    def __init__(self, text: str) -> None:
        self._at: dict[str, int] = {}
        self._called: dict[str, str] = {}
        table, seen = "", Counter[str]()
        for number, line in enumerate(text.split("\n"), 1):
            if header := _HEADER.match(line):
                table = header[2]
                above, _, last = table.rpartition(".")
                if header[1] == "[[":
                    self._at.setdefault(table, number)
                    seen[table] += 1
                    table = f"{table}.{seen[table]}"
                elif above in seen:
                    table = f"{above}.{seen[above]}.{last}"
                self._at.setdefault(table, number)
                self._at.setdefault(header[2], number)
            elif key := _KEY.match(line):
                self._at.setdefault(f"{table}.{key[1]}" if table else key[1], number)
                if key[1] == "name" and (called := _VALUE.search(line)):
                    self._called.setdefault(f"{table.rpartition('.')[0]}.{called[1]}", table)

    def of(self, field: str) -> int:
        """From 1 on, which stands for what is not there."""
        parts = field.split(".")
        ends = range(len(parts), 0, -1)
        called = next((name for end in ends if (name := ".".join(parts[:end])) in self._called), None)
        if called:
            parts = [*self._called[called].split("."), *parts[called.count(".") + 1 :]]
        return next((self._at[name] for end in ends if (name := ".".join(parts[:end])) in self._at), 1)
