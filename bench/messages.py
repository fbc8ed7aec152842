"""How many messages are read in a second, and whether time and memory grow linearly with a message's size.

1. Every mail of the corpus (`tests/mails`) is read, in several rounds. The floor is Python's own email package, which
   takes the same mails apart and decodes them, and understands nothing.
2. Mails of 0.1 to 30 MB are read, each in a process of its own, for its peak of memory: a form with a large attachment,
   with a long text, and with a long page of HTML. It is linear where a megabyte of the largest takes as long as one of
   a smaller mail.
3. Forms are received on a desk whose books are SQLite in a folder: kept, noted, read, registered, all on disk. The
   floor is to keep the same messages as files.

Prints what it found, and writes it to `bench/results/messages.json`. Needs Linux, which says what memory a process had.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from pathlib import Path
from typing import Any

from rollcall.desk.desk import Desk
from rollcall.desk.intakes import RecentIntakes
from rollcall.desk.receive import read_in, receive
from rollcall.emails import write
from rollcall.inbound.reader import InboxReader
from rollcall.links import SignedLinks
from rollcall.local.inbound_parse import inbound_post, written
from rollcall.local.sample import SENDER, filled_in, sample_text
from rollcall.model.email import Attachment, Email, SendResult
from rollcall.model.event import Event
from rollcall.model.inbound import InboundStatus
from rollcall.store.folder import FolderFiles
from rollcall.store.sqlite import SqliteStore
from schemas.event import read_event

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "bench" / "results" / "messages.json"
ROUNDS = 5
MEGABYTES = (0.1, 1, 5, 10, 20, 30)
SMALLER = 5
"""Megabytes with which the largest is compared: smaller ones are lost in what reading takes anyway."""
RECEIVED = 200
AT = datetime(2004, 2, 2, 12, tzinfo=UTC)
TO = "intgov04@forms.rollcall.example"


def main() -> None:
    """`python -m bench.messages`."""
    event = read_event(ROOT / "events" / "intgov04.toml")
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    found = {
        "corpus": reading_the_corpus(event),
        "sizes": {kind: by_size(kind, event) for kind in LARGE},
        "received": receiving(event),
    }
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"\nWritten to {RESULTS.relative_to(ROOT)}")


def reading_the_corpus(event: Event) -> dict[str, float]:
    """Messages per second, against the floor."""
    mails = [path.read_bytes() for path in sorted((ROOT / "tests" / "mails").glob("*.eml"))]
    posts = [_post(mail) for mail in mails]
    reader = InboxReader()
    ours = _per_second(posts, lambda raw: reader.read(raw, event))
    floor = _per_second(mails, _taken_apart)
    print(f"Reading {len(mails)} mails, median of {ROUNDS} rounds")
    print(f"  {ours:8.0f} messages per second, {floor / ours:.1f} times as long as the email package alone")
    return {"mails": len(mails), "per_second": ours, "times_the_floor": floor / ours}


def by_size(kind: str, event: Event) -> list[dict[str, float]]:
    """Seconds and megabytes of memory for each size; against the floor, and for each megabyte."""
    print(f"\nReading a form with {kind}")
    print(f"  {'MB':>5} {'seconds':>8} {'per MB':>7} {'x floor':>8} {'memory MB':>10} {'per MB':>7}")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for megabytes in MEGABYTES:
            path = Path(folder) / "message"
            path.write_bytes(_post(LARGE[kind](event, int(megabytes * 1_000_000))))
            ran = subprocess.run(
                [sys.executable, "-m", "bench.messages", str(path)], cwd=ROOT, stdout=subprocess.PIPE, check=True
            )
            one = {"megabytes": path.stat().st_size / 1_000_000, **json.loads(ran.stdout)}
            rows.append(one)
            print(
                f"  {one['megabytes']:5.1f} {one['seconds']:8.3f} {one['seconds'] / one['megabytes']:7.3f} "
                f"{one['seconds'] / one['floor_seconds']:8.1f} {one['memory']:10.1f} "
                f"{one['memory'] / one['megabytes']:7.1f}"
            )
    smaller, largest = rows[MEGABYTES.index(SMALLER)], rows[-1]
    longer, more = (
        (largest[name] / largest["megabytes"]) / (smaller[name] / smaller["megabytes"])
        for name in ("seconds", "memory")
    )
    print(
        f"  A megabyte of the largest takes {longer:.2f} times as long as one of {SMALLER} MB, "
        f"and {more:.2f} times the memory"
    )
    return rows


def measure_one(path: Path) -> None:
    """`python -m bench.messages FILE`: print as JSON what reading this message takes, once everything is loaded."""
    event = read_event(ROOT / "events" / "intgov04.toml")
    reader = InboxReader()
    _read_whole(reader, _post(_a_mail(event)), event)
    before = _peak()
    raw = path.read_bytes()
    started = time.perf_counter()
    _read_whole(reader, raw, event)
    seconds, peak = time.perf_counter() - started, _peak()
    started = time.perf_counter()
    _taken_apart(raw.partition(b'name="email"\r\n\r\n')[2])
    floor_seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "floor_seconds": floor_seconds, "memory": (peak - before) / 1_000_000}))


def receiving(event: Event) -> dict[str, float]:
    """Messages per second from the post to the registration, against the floor."""
    posts = [_post(_a_mail(event, place)) for place in range(RECEIVED)]
    with tempfile.TemporaryDirectory(dir=RESULTS.parent) as folder:  # on a disk; /tmp may be in memory
        desk = _desk(event, Path(folder))
        started = time.perf_counter()
        standings = [inbound.status for raw in posts if (inbound := read_in(desk, receive(desk, raw)))]
        seconds = time.perf_counter() - started
        floor = FolderFiles(Path(folder) / "floor")
        started = time.perf_counter()
        for place, raw in enumerate(posts):
            floor.put(str(place), raw)
        floor_seconds = time.perf_counter() - started
    registered = standings.count(InboundStatus.REGISTERED)
    per_second, times = RECEIVED / seconds, seconds / floor_seconds
    print(f"\nReceiving {RECEIVED} forms on SQLite, of which {registered} are registered")
    print(f"  {per_second:8.0f} messages per second, {times:.1f} times as long as keeping the files alone")
    return {"messages": RECEIVED, "registered": registered, "per_second": per_second, "times_the_floor": times}


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


def _a_mail(event: Event, place: int = 0) -> bytes:
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


def _post(mail: bytes) -> bytes:
    post = inbound_post(mail, TO, AT)
    return f"Content-Type: {post.content_type}\r\n\r\n".encode() + post.body


def _read_whole(reader: InboxReader, raw: bytes, event: Event) -> None:
    reader.glance(raw)
    reader.read(raw, event)


def _taken_apart(mail: bytes) -> None:
    for part in message_from_bytes(mail).walk():
        part.get_payload(decode=True)


def _per_second(messages: Sequence[bytes], read: Callable[[bytes], Any]) -> float:
    return statistics.median(len(messages) / seconds for seconds in _rounds(messages, read))


def _rounds(messages: Sequence[bytes], read: Callable[[bytes], Any]) -> Iterator[float]:
    """Seconds for all of them, round by round, after one that is not counted."""
    for round in range(ROUNDS + 1):
        started = time.perf_counter()
        for message in messages:
            read(message)
        if round:
            yield time.perf_counter() - started


def _peak() -> int:
    """Bytes of memory that this process had at the most: `VmHWM`, proc(5). What getrusage(2) says would begin with what
    the process that started this one had."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024


def _desk(event: Event, folder: Path) -> Desk:
    store = SqliteStore(folder / "books.sqlite3", lambda: AT)
    files = FolderFiles(folder / "messages")
    links = SignedLinks("bench", "https://rollcall.example/register", "forms.rollcall.example")
    intakes = RecentIntakes(store, time.monotonic)
    return Desk(
        store,
        intakes,
        {event.slug: event},
        write,
        _not_posted,
        lambda: files,
        InboxReader,
        links,
        "desk@rollcall.example",
    )


def _not_posted(_message: Email) -> SendResult:
    raise AssertionError("nothing is sent here")


if __name__ == "__main__":
    measure_one(Path(sys.argv[1])) if len(sys.argv) > 1 else main()
