"""A program that reads one e-mail within its budget, for `reader`: order and e-mail in, lines of JSON out."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from rollcall.budget import tell
from rollcall.inbound import reading
from rollcall.inbound.reader import Order
from rollcall.model.event import Event


def _answers(order: Order) -> Iterator[object]:
    raw = sys.stdin.buffer.read()
    if order.files:
        reading.take_out(raw, order.files, Path(order.into))
        return
    if order.event is None:
        yield reading.attachments(raw)
        return
    yield reading.begin(raw)  # should the rest be too much
    yield reading.read(raw, _in_all_languages(order.event, order.others), order.asked)


def _in_all_languages(event: Event, others: Iterable[Event]) -> Event:
    """As `read_event` makes it."""
    by_language: dict[str, Event] = {}

    def translated(code: str) -> Event:
        return by_language.get(code, by_language[event.language])

    by_language |= {one.language: replace(one, translated=translated) for one in (event, *others)}
    return translated(event.language)


if __name__ == "__main__":
    tell(Order, _answers)
