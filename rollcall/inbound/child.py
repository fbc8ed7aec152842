"""A program that reads one e-mail within its budget, for `reader`: order and e-mail in, lines of JSON out."""

import os
import resource
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace

from rollcall.inbound import reading
from rollcall.inbound.reader import Budget, Order
from rollcall.model.event import Event
from rollcall.record import from_json, to_json

_OVER_BUDGET = 75


def main() -> None:
    order: Order = from_json(Order, sys.stdin.buffer.readline())
    _keep_within(order.budget)
    try:
        for said in _answers(order, sys.stdin.buffer.read()):
            sys.stdout.buffer.write(to_json(said) + b"\n")
            sys.stdout.buffer.flush()
    except BaseException:  # no memory, no room for the answer, a panic of a library in Rust
        os._exit(_OVER_BUDGET)


def _keep_within(budget: Budget) -> None:
    limits = (
        (resource.RLIMIT_CPU, budget.cpu),
        (resource.RLIMIT_AS, budget.memory),
        (resource.RLIMIT_FSIZE, budget.answer),
        (resource.RLIMIT_CORE, 0),
    )
    for limit, most in limits:
        with suppress(ValueError, OSError):  # it is lower already, or this system (macOS) has none for memory
            resource.setrlimit(limit, (most, most))


def _answers(order: Order, raw: bytes) -> Iterator[object]:
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
    main()
