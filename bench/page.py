"""Replaces tables of docs/performance.md, each by the one that begins as it does."""

import re
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
_TABLE = re.compile(r"^\|.*\n\| ---.*\n(?:\|.*\n)*", re.MULTILINE)


def put(tables: str) -> None:
    """Tables are separated by empty lines. Raises `ValueError` if one has no place, or more than one."""
    page = PAGE.read_text("utf-8")
    for table in tables.split("\n\n"):
        places = [one for one in _TABLE.finditer(page) if _beginning(one[0]) == _beginning(table)]
        if len(places) != 1:
            raise ValueError(f"{len(places)} tables of {PAGE.name} begin with {_beginning(table)!r}")
        page = f"{page[: places[0].start()]}{table}\n{page[places[0].end() :]}"
    PAGE.write_text(page, "utf-8")


def _beginning(table: str) -> str:
    """Its first line up to a number or a colon."""
    return re.match(r"\| [^|:\d]*", table)[0]  # type: ignore[index]
