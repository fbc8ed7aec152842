"""A program that reads one e-mail within its budget, for `reader`: order and e-mail in, lines of JSON out."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from rollcall.budget import tell
from rollcall.inbound import reading
from rollcall.inbound.forms import date_in
from rollcall.inbound.reader import Order, Setting
from rollcall.model.event import Event

_FORM = b"""
From: a@example.org
Content-Type: text/html; charset=cp1252

<table><tr><td>Title:<td>Ms.<tr><td>Family name:<td>a<tr><td>First name:<td>b<tr><td>You represent:<td>Non-Member
<tr><td>Organization:<td>c<tr><td>Address:<td>d<tr><td>Tel.:<td>+41 22 730 5111<tr><td>E-mail:<td>a@&eacute;.example
<tr><td>Signature:<td>a"""


def _answers(order: Order, setting: Setting | None) -> Iterator[object]:
    raw = sys.stdin.buffer.read()
    if order.files:
        reading.take_out(raw, order.files, Path(order.into))
        return
    if setting is None:
        yield reading.attachments(raw)
        return
    yield reading.begin(raw)  # should the rest be too much
    yield reading.read(raw, _in_all_languages(setting), order.asked)


def _in_all_languages(setting: Setting) -> Event:
    """As `read_event` makes it."""
    by_language: dict[str, Event] = {}

    def translated(code: str) -> Event:
        return by_language.get(code, by_language[setting.event.language])

    by_language |= {one.language: replace(one, translated=translated) for one in (setting.event, *setting.others)}
    return translated(setting.event.language)


def _get_ready(setting: Setting | None) -> None:
    # the event's words and libraries take longer to prepare than a form to read; PDF's takes a tenth of the memory
    if setting:
        date_in("20 فبراير 2004")  # the last of its languages
        reading.read(_FORM, _in_all_languages(setting))


if __name__ == "__main__":
    tell(Order, _answers, Setting, _get_ready)
