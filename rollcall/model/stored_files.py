"""Ids in `Files` of what is drawn or kept for an event. Another event's slug may begin with this one's."""

import re
from datetime import datetime
from typing import NamedTuple


class RosterFile(NamedTuple):
    drawn_at: str
    """`20040221T000005000000`, in UTC."""
    ending: str


def roster_file_id(event: str, language: str, sha256: str, as_of: datetime, ending: str) -> str:
    """In each language another file."""
    return f"{roster_files_begin(event)}{sha256[:16]}-{stamp(as_of)}{language.replace('-', '')}{ending}"


def roster_file_of(event: str, id: str) -> RosterFile | None:
    """None where it is not the id of a roster of this event."""
    begins = re.escape(roster_files_begin(event))
    found = re.fullmatch(rf"{begins}[0-9a-f]+-([0-9]{{8}}T[0-9]{{1,12}})[0-9A-Za-z]*(\.[a-z]+)", id)
    return RosterFile(found[1], found[2]) if found else None


def roster_files_begin(event: str) -> str:
    return f"roster-{event}-"


def stamp(at: datetime) -> str:
    """Of one width, so that they sort as instants do."""
    return f"{at:%Y%m%dT%H%M%S%f}"


def scan_id(event: str, sha256: str, ending: str) -> str:
    return f"{scans_begin(event)}{sha256[:40]}{ending}"


def is_scan(event: str, id: str) -> bool:
    return re.fullmatch(rf"{re.escape(scans_begin(event))}[0-9a-f]{{40}}\.[a-z]+", id) is not None


def scans_begin(event: str) -> str:
    return f"scan-{event}-"
