"""How many inbound e-mails are read a second, and whether time and memory grow linearly with their size.

1. Every e-mail of the corpus (`tests/mails`), in several rounds, in this process and in a child each. The floor is
   Python's email package, which parses and decodes the same e-mails. And what the first child takes, with the start of
   the program that it is forked from.
2. E-mails of 0.1 to 30 MB, each read in a child process within the budget, as the functions do it: a form with a large
   attachment, with a long text, and with a long page of HTML. It is linear if a megabyte of the largest takes as long
   as one of a smaller e-mail.
3. The worst of each kind that costs more than it weighs (`tests/support/bombs.py`), the same way. It fails if one takes
   more than the budget.
4. Forms received on a desk with SQLite: stored, read and registered, all on disk. The floor writes the same files.

Prints what it measured and writes `bench/results/messages.json`. Needs Linux.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from pathlib import Path
from typing import Any

from bench.machine import no_arguments, write_results
from bench.serving import MB, ROOT, peak_memory
from rollcall.budget import Budget, end_waiting
from rollcall.desk.receive import read_in, receive
from rollcall.inbound import reading
from rollcall.inbound.reader import InboxReader
from rollcall.local.inbound_parse import inbound_post, written
from rollcall.local.sample import SENDER, filled_in, sample_text
from rollcall.model.email import Attachment, Email, SendResult
from rollcall.model.event import Event
from rollcall.model.inbound import InboundStatus, ParsedEmail
from rollcall.store.folder import FolderFiles
from rollcall.store.sqlite import SqliteStore
from schemas.event import read_event
from tests.support import bombs
from tests.support.builders import LINKS, desk_with

ROUNDS = 5
MEGABYTES = (0.1, 1, 5, 10, 20, 30)
SMALLER = 5
"""Megabytes with which the largest is compared: below, the fixed cost of reading hides the rest."""
RECEIVED = 50
AT = datetime(2004, 2, 2, 12, tzinfo=UTC)
TO = f"intgov04@{LINKS.forms_host}"


def main() -> None:
    """`python -m bench.messages`."""
    event = read_event(ROOT / "events" / "intgov04.toml")
    found = {
        "corpus": reading_the_corpus(event),
        "sizes": {kind: by_size(kind, event) for kind in LARGE},
        "worst": the_worst(),
        "received": receiving(event),
    }
    write_results("messages", found)


def reading_the_corpus(event: Event) -> dict[str, float]:
    """E-mails a second, against the floor."""
    emails = [path.read_bytes() for path in sorted((ROOT / "tests" / "mails").glob("*.eml"))]
    posts = [_post(raw) for raw in emails]
    ours = _per_second(posts, lambda raw: reading.read(raw, event))
    floor = _per_second(emails, _parsed)
    print(f"Reading {len(emails)} e-mails, median of {ROUNDS} rounds")
    print(f"  {ours:8.0f} e-mails a second, {floor / ours:.1f} times as long as the email package alone")
    reader = InboxReader()
    first, started = _first_read(posts[0], event)
    used = _used_by_children(lambda: [reader.read(raw, event) for raw in (posts[0], *posts)])
    in_child = len(posts) / _seconds(lambda: [reader.read(raw, event) for raw in posts])
    child = (used - started) / len(posts)
    print(f"  {in_child:8.0f} a second in a child each, {1000 * child:.0f} ms of a processor for one")
    print(f"  {started:8.2f} s of a processor for the first, with its program's start; {first:.2f} s by the clock")
    return {
        **{"emails": len(emails), "per_second": ours, "times_the_floor": floor / ours},
        **{"per_second_in_a_child": in_child, "seconds_in_a_child": child},
        **{"seconds_of_the_first": started, "seconds_of_the_first_by_the_clock": first},
    }


def _first_read(raw: bytes, event: Event) -> tuple[float, float]:
    """Seconds by the clock, and of a processor."""
    reader = InboxReader()
    used = [(_seconds(lambda: reader.read(raw, event)), _used_by_children(int)) for _ in range(ROUNDS)]
    first, started = zip(*used, strict=True)
    return statistics.median(first), statistics.median(started)


def _used_by_children(work: Callable[[], object]) -> float:
    """Seconds of a processor, with those of the program from which they are forked: as it ends, they are counted."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    end_waiting()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def by_size(kind: str, event: Event) -> list[dict[str, Any]]:
    print(f"\nReading a form with {kind}\n{_HEADING}")
    rows = [_measured(LARGE[kind](event, int(megabytes * 1_000_000)), f"{megabytes} MB") for megabytes in MEGABYTES]
    smaller, largest = rows[MEGABYTES.index(SMALLER)], rows[-1]
    longer = (largest["seconds"] / largest["megabytes"]) / (smaller["seconds"] / smaller["megabytes"])
    print(f"  A megabyte of the largest takes {longer:.2f} times as long as one of {SMALLER} MB")
    return rows


def the_worst() -> list[dict[str, Any]]:
    print(f"\nReading the worst of each kind\n{_HEADING}")
    rows = [_measured(kind(hardest), kind.__name__) for kind, (_, hardest) in bombs.KINDS.items()]
    worst, most = max(row["seconds"] + row["here"] for row in rows), max(row["memory"] for row in rows)
    print(f"  The worst: {worst:.1f} s, {most:.0f} MB")
    assert max(row["seconds"] for row in rows) < Budget().cpu + 0.2
    return rows


_HEADING = f"  {'':27} {'MB':>5} {'child, s':>9} {'MB':>5} {'here, s':>8} {'MB':>5} {'x floor':>8}"


def _measured(email: bytes, name: str) -> dict[str, Any]:
    """Seconds of a processor, and maximum memory: of the child, and of the process that starts it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "message"
        path.write_bytes(_post(email))
        command = [sys.executable, "-m", "bench.messages", str(path)]
        row: dict[str, Any] = json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
        row |= {"name": name, "megabytes": path.stat().st_size / 1_000_000}
    print(
        f"  {name:27} {row['megabytes']:5.1f} {row['seconds']:9.2f} {row['memory']:5.0f} {row['here']:8.2f} "
        f"{row['memory_here']:5.0f} {row['seconds'] / row['floor']:8.1f} {row['came']}",
        flush=True,
    )
    return row


def measure_one(path: Path) -> None:
    """`python -m bench.messages FILE`: print as JSON what reading it takes."""
    event = read_event(ROOT / "events" / "intgov04.toml")
    raw, reader = path.read_bytes(), InboxReader()
    alone = statistics.median(_used_by_children(lambda: reader.read(b"", event)) for _ in range(3))
    started = time.process_time()
    reader.glance(raw)
    found_in: list[ParsedEmail] = []
    seconds = _used_by_children(lambda: found_in.append(reader.read(raw, event)))
    here, child = time.process_time() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    read, memory_here = found_in[0], peak_memory()
    started = time.process_time()
    _parsed(raw.partition(b'name="email"\r\n\r\n')[2])
    found = {
        "seconds": seconds - alone,
        "memory": child.ru_maxrss * 1024 / MB,
        "here": here,
        "memory_here": memory_here,
        "floor": time.process_time() - started,
        "came": read.unproven.code if read.unproven else f"{len(read.forms)} forms",
    }
    print(json.dumps(found))


def receiving(event: Event) -> dict[str, float]:
    """E-mails a second from the webhook to the registration, against the floor."""
    posts = [_post(_an_email(event, place)) for place in range(RECEIVED)]
    with tempfile.TemporaryDirectory(dir=ROOT / "bench") as folder:  # on a disk; /tmp may be in memory
        store = SqliteStore(Path(folder) / "rollcall.sqlite3", lambda: AT)
        desk = desk_with(store, _not_posted, Path(folder) / "inbound", events={event.slug: event})
        desk = replace(desk, reader=InboxReader)
        started = time.perf_counter()
        statuses = [inbound.status for raw in posts if (inbound := read_in(desk, receive(desk, raw)))]
        seconds = time.perf_counter() - started
        floor = FolderFiles(Path(folder) / "floor")
        started = time.perf_counter()
        for place, raw in enumerate(posts):
            floor.put(str(place), raw)
        floor_seconds = time.perf_counter() - started
    registered = statuses.count(InboundStatus.REGISTERED)
    per_second, times = RECEIVED / seconds, seconds / floor_seconds
    print(f"\nReceiving {RECEIVED} forms on SQLite, of which {registered} are registered")
    print(f"  {per_second:8.0f} e-mails a second, {times:.1f} times as long as writing the files alone")
    return {"emails": RECEIVED, "registered": registered, "per_second": per_second, "times_the_floor": times}


def _with_attachment(event: Event, size: int) -> bytes:
    scan = Attachment("scan.tif", "image/tiff", os.urandom(size * 57 // 78))  # 57 bytes make a line of base64
    return written(SENDER, TO, "Registration", sample_text(event, TO), AT, (scan,))


def _with_long_text(event: Event, size: int) -> bytes:
    line = "We look forward to the workshop and to the papers that will be there.\n"
    text = f"{sample_text(event, TO)}\n{line * (size // len(line))}"
    return written(SENDER, TO, "Registration", text, AT)


def _with_long_html(event: Event, size: int) -> bytes:
    rows = [row.split(":", 1) for row in sample_text(event, TO).splitlines()]
    row = "<tr><td class=MsoNormal>We look forward to</td><td><b>the workshop</b> &amp; the papers</td></tr>\n"
    table = "".join(f"<tr><td>{'</td><td>'.join(map(escape, cells))}</td></tr>\n" for cells in rows)
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = SENDER, TO, "Registration"
    page = f"<html><body><table>{table}{row * (size // len(row))}</table></body></html>"
    message.set_content(page, subtype="html", cte="8bit")
    return message.as_bytes()


LARGE: dict[str, Callable[[Event, int], bytes]] = {
    "a large attachment": _with_attachment,
    "a long text": _with_long_text,
    "a long page of HTML": _with_long_html,
}


def _an_email(event: Event, place: int = 0) -> bytes:
    answers = {
        "title": "mrs",
        "category": "associate",
        "family_name": f"Number {place}",
        "organization": "Telecom",
        "address": "Main Street 1\nCapital",
        "email": f"number.{place}@telecom.example",
        "signature": "Number",
    }
    return written(f"number.{place}@telecom.example", TO, "Registration", filled_in(event, TO, answers), AT)


def _post(email: bytes) -> bytes:
    post = inbound_post(email, TO, AT)
    return f"Content-Type: {post.content_type}\r\n\r\n".encode() + post.body


def _parsed(email: bytes) -> None:
    with suppress(RecursionError):  # parts within parts
        for part in message_from_bytes(email).walk():
            part.get_payload(decode=True)


def _per_second(messages: Sequence[bytes], read: Callable[[bytes], Any]) -> float:
    return statistics.median(len(messages) / seconds for seconds in _rounds(messages, read))


def _rounds(messages: Sequence[bytes], read: Callable[[bytes], Any]) -> Iterator[float]:
    """Seconds of each round, without a first one."""
    for round in range(ROUNDS + 1):
        started = time.perf_counter()
        for message in messages:
            read(message)
        if round:
            yield time.perf_counter() - started


def _not_posted(_email: Email) -> SendResult:
    raise AssertionError("nothing is sent here")


if __name__ == "__main__":
    if len(sys.argv) > 1 and Path(sys.argv[1]).is_file():
        measure_one(Path(sys.argv[1]))
    else:
        no_arguments(__doc__)
        main()
