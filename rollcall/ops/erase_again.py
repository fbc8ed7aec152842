"""After a restore: whom it brought back is erased again."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from rollcall.desk.ports import Store
from rollcall.model.personal_data import Erasure, ErasureStatus
from rollcall.model.registration import ALPHABET
from rollcall.ops.commands import Answer
from rollcall.ops.connect import Database, Refused

_ERASED = re.compile(rf"\s*([a-z0-9-]+)\s+([{ALPHABET}]{{24}})\s*")
"""Event and registration, as the log has them."""
_TRIES = 5


def erase_again(database: Database, lines: Iterable[str], agrees: bool) -> Answer:
    """Safe to repeat. Nothing is erased here, which only the function `erase` may do."""
    erased = _read(lines)
    found = [(event, id) for event, id in erased if _is_back(database.store, event, id)]
    if found and not agrees:
        unknown = sum(database.store.erasure(id) is None for _, id in found)
        doubt = f" Of {unknown} there is no note that they were erased: are the lines the log's own?" if unknown else ""
        raise Refused("not_agreed", f"{_people(len(found))} would be erased again.{doubt} Say YES=1 to do it.")
    counts = Counter(_made_due(database.store, event, id) for event, id in found)
    text = (
        f"Erased before: {len(erased)}. To be erased again, within ten minutes: {counts['again']}. "
        f"Due already: {counts['due']}. Nothing of them is back: {len(erased) - len(found)}."
    )
    if counts["overtaken"]:
        text += f" Of {counts['overtaken']} somebody wrote meanwhile: give the command again."
    data = {"read": len(erased), **{name: counts[name] for name in ("again", "due", "overtaken")}}
    return Answer(data, text, is_done=not counts["overtaken"])


def _read(lines: Iterable[str]) -> list[tuple[str, str]]:
    erased = dict[tuple[str, str], None]()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        found = _ERASED.fullmatch(line)
        if found is None:
            raise Refused("not_an_erasure", f"Line {number} is not an event and a registration's id. Nothing was done.")
        erased[found[1], found[2]] = None
    return list(erased)


def _is_back(store: Store, event: str, id: str) -> bool:
    """What else may have come back without the registration is found by the erasure's ids."""
    erasure = store.erasure(id)
    return erasure.event == event if erasure else store.registered(event, id) is not None


def _made_due(store: Store, event: str, id: str) -> str:
    for _ in range(_TRIES):
        there = store.erasure(id) or Erasure(id, event, ErasureStatus.ASKED)
        if there.status is ErasureStatus.DUE:
            return "due"
        due = replace(there, status=ErasureStatus.DUE, due_at=store.now(), erased_at=None, answer="")
        if store.save_erasure(due):
            return "again"
    return "overtaken"


def _people(count: int) -> str:
    return "One person" if count == 1 else f"{count} people"
