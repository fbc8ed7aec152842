"""What registrations cost: the arithmetic of docs/performance.md, "What it costs"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path

from rollcall.desk.roster import ROSTER_PAGE


@dataclass(frozen=True)
class Counted:
    """Firestore's bill."""

    reads: int
    writes: int
    calls: int
    """Requests to Firestore, however many documents each is about."""

    def __add__(self, other: Counted) -> Counted:
        return Counted(self.reads + other.reads, self.writes + other.writes, self.calls + other.calls)

    def times(self, count: int) -> Counted:
        return Counted(self.reads * count, self.writes * count, self.calls * count)

    def minus(self, other: Counted) -> Counted:
        return self + other.times(-1)

    def shared(self, count: int) -> Counted:
        """One of `count` equal parts. Raises `ValueError` where they are not equal."""
        parts = Counted(self.reads // count, self.writes // count, self.calls // count)
        if parts.times(count) != self:
            raise ValueError(f"{self} is not {count} times anything")
        return parts


@dataclass(frozen=True)
class Each:
    """What grows with a number."""

    fixed: Counted
    each: Counted

    def of(self, count: int) -> Counted:
        return self.fixed + self.each.times(count)


SIZES = (150, 10_000, 1_000_000)
STAFF = 1
"""Recipients of the roster, as in the letter's event."""
DAYS = 30
"""A month; the event is open for all of it. Its registrations come on one day, which leaves the least free."""

# US dollars; list prices and free amounts as docs/deploy.md has them, where their sources are named.
WRITES, READS = 0.18, 0.06
"""For 100,000 documents."""
FREE_WRITES, FREE_READS = 20_000, 50_000
"""A day."""
STORED = 0.18
"""A GiB and month, and as much again for point-in-time recovery."""
PROCESSOR, MEMORY = 0.000024, 0.0000025
"""A second of one processor, and of one GiB."""
FREE_PROCESSOR, FREE_MEMORY = 180_000, 360_000
"""Seconds a month."""
REQUESTS = 0.40
"""For a million requests to functions beyond FREE_REQUESTS a month."""
FREE_REQUESTS = 2_000_000
PER_CLIENT = 0.75
"""For a million requests that Cloud Armor looks at."""
TRAFFIC = 0.008 + 0.12
"""A GiB through the load balancer and out."""
EMAILS = {50_000: "19.95", 1_500_000: "about 750\\*"}
"""SendGrid's monthly plan by e-mails. Its page did not show the price of the second."""

# What a registration takes beside Firestore, as docs/deploy.md has it.
SECONDS_ALONE = 1.5
"""Of an instance, where no requests share one: three pages, the form, the e-mail, its delivery events."""
ALWAYS = 17_280 + 5_184
"""Seconds of an instance in a month without a registration: the two minute jobs and the uptime checks."""
GIB = 0.75
"""Of an instance, on average."""
ASKED, ANSWERED = 10, 3
"""Requests of a registrant, pages' assets included; and those of the trigger and of SendGrid's webhook."""
OUT = 2 / 10_000
"""GiB."""
STORED_BYTES = 10_200
"""Of a registration's three documents with their index entries, as `bench/growth.py` computes them."""

_DEPLOY = Path(__file__).parent.parent / "docs" / "deploy.md"
CPU = {
    "the form's page": ("the form's page, 200 times", 1),
    "the form": ("800 forms", 1),
    "the page after it": ("the form's page, 200 times", 1),
    "the e-mail": ("300 confirmations", 1),
    "its two delivery events": ("a post of 800 delivery events, 554 kB", 400),
    "a line of the closing": ("10,000 registrations", 10_000),
    "a line of the roster": ("a roster of 10,000, with its workbook", 10_000),
}
"""The row of docs/deploy.md, "The functions' settings", with the CPU time, and for how many it is."""


def cpu() -> dict[str, float]:
    """Milliseconds of a processor for each part of a registration. Raises `KeyError` where the page lacks the row."""
    rows = [[cell.strip() for cell in line.split("|")] for line in _DEPLOY.read_text("utf-8").splitlines()]
    measured = {row[2]: row[4] for row in rows if len(row) == 7}
    return {name: float(measured[work]) / count for name, (work, count) in CPU.items()}


def a_registration(counted: Mapping[str, Counted | Each]) -> dict[str, Counted]:
    """A registration on the page, from the form to its line on the roster."""
    return {
        "the form": _one(counted, "register, a form"),
        "the e-mail": _one(counted, "send_mail, a confirmation"),
        "its two delivery events": _one(counted, "record_deliveries, processed")
        + _one(counted, "record_deliveries, delivered"),
        "the closing": _grows(counted, "close_intake, a closing").each,
        "the roster": _grows(counted, "send_mail, a roster").each.times(STAFF),
    }


def an_event(counted: Mapping[str, Counted | Each], registrations: int) -> Counted:
    """An event's closing, its rosters, and a document for each page of the roster."""
    pages = ceil(registrations / ROSTER_PAGE) - 1  # one is already counted
    closing = _grows(counted, "close_intake, a closing").fixed + Counted(0, pages, 0)
    return closing + (_grows(counted, "send_mail, a roster").fixed + Counted(pages, 0, 0)).times(STAFF)


def scan(counted: Mapping[str, Counted | Each], events: int) -> int:
    """Reads a minute of the two minute jobs when idle."""
    jobs = ("close_intake, nothing to close", "send_due_mail, nothing due")
    return sum(_grows(counted, job).of(events).reads for job in jobs)


def taken(counted: Mapping[str, Counted | Each], registrations: int) -> Counted:
    """All registrations of one event, without the minute jobs."""
    each = sum(a_registration(counted).values(), Counted(0, 0, 0))
    return each.times(registrations) + an_event(counted, registrations)


def tables(counted: Mapping[str, Counted | Each]) -> str:
    """What docs/performance.md shows, as Markdown."""
    parts = (_counted(counted), _per_registration(counted), _amounts(counted), _dollars(counted), _scans(counted))
    return "\n\n".join("\n".join(part) for part in parts)


def _counted(counted: Mapping[str, Counted | Each]) -> Iterator[str]:
    yield "| counted | reads | writes | requests to Firestore |"
    yield "| --- | --- | --- | --- |"
    for name, one in counted.items():
        what, _, case = name.partition(", ")
        cells = (_cell(one, name, of) for of in ("reads", "writes", "calls"))
        yield f"| `{what}`: {case} | {' | '.join(cells)} |"


def _cell(one: Counted | Each, name: str, of: str) -> str:
    if isinstance(one, Counted):
        return str(getattr(one, of))
    fixed, each = getattr(one.fixed, of), getattr(one.each, of)
    unit = "an event" if "nothing" in name else "a registration"
    return f"{fixed} + {each} {unit}" if each else str(fixed)


def _per_registration(counted: Mapping[str, Counted | Each]) -> Iterator[str]:
    parts, milliseconds = a_registration(counted), cpu()
    whole = sum(parts.values(), Counted(0, 0, 0))
    reads, writes = (" + ".join(str(getattr(part, of)) for part in parts.values()) for of in ("reads", "writes"))
    yield "| one registration takes | |"
    yield "| --- | --- |"
    yield f"| reads: {', '.join(parts)} | {reads} = **{whole.reads}** |"
    yield f"| writes: the same | {writes} = **{whole.writes}** |"
    sums = " + ".join(f"{one:.2g}" for one in milliseconds.values())
    yield f"| milliseconds of a processor: {', '.join(milliseconds)} | {sums} = **{sum(milliseconds.values()):.1f}** |"


def _amounts(counted: Mapping[str, Counted | Each]) -> Iterator[str]:
    each, milliseconds = sum(a_registration(counted).values(), Counted(0, 0, 0)), sum(cpu().values())
    yield "| registrations in an event | " + " | ".join(f"{size:,}" for size in SIZES) + " |"
    yield "| --- |" + " --- |" * len(SIZES)
    for of in ("writes", "reads"):
        cells = [
            f"{size:,} × {getattr(each, of)} + {getattr(an_event(counted, size), of):,} = "
            f"**{getattr(taken(counted, size), of):,}**"
            for size in SIZES
        ]
        yield f"| Firestore {of} | {' | '.join(cells)} |"
    daily = scan(counted, 1) * 1440
    minutes = f"{scan(counted, 1)} × 1,440 = {daily:,} a day"
    yield f"| reads of the minute jobs | {' | '.join([minutes] + ['the same'] * (len(SIZES) - 1))} |"
    yield "| e-mails | " + " | ".join(f"{size:,} + {STAFF} = **{size + STAFF:,}**" for size in SIZES) + " |"
    cells = [f"{size:,} × {milliseconds:.1f} ms = **{size * milliseconds / 1000:,.0f}**" for size in SIZES]
    yield f"| seconds of a processor | {' | '.join(cells)} |"


def _dollars(counted: Mapping[str, Counted | Each]) -> Iterator[str]:
    yield "| US dollars, all on one day | " + " | ".join(f"{size:,}" for size in SIZES) + " |"
    yield "| --- |" + " --- |" * len(SIZES)
    bills = [dict(_bill(counted, size)) for size in SIZES]
    for name in bills[0]:
        yield f"| {name} | {' | '.join(bill[name][0] for bill in bills)} |"
    sums = [sum(dollars for _, dollars in bill.values()) for bill in bills]
    yield "| **sum, without e-mails** | " + " | ".join(f"**{dollars:.2f}**" for dollars in sums) + " |"
    plans = [next(price for most, price in EMAILS.items() if size < most) for size in SIZES]
    yield f"| SendGrid's plan | {' | '.join(plans)} |"


def _bill(counted: Mapping[str, Counted | Each], size: int) -> Iterator[tuple[str, tuple[str, float]]]:
    """Item, arithmetic, dollars."""
    amount = taken(counted, size)
    yield "Firestore writes", _priced(amount.writes, FREE_WRITES, WRITES, 100_000)
    yield "Firestore reads", _priced(amount.reads + scan(counted, 1) * 1440, FREE_READS, READS, 100_000)
    gib = size * STORED_BYTES / 2**30
    storage = max(0.0, gib - 1) * STORED + gib * STORED
    yield "stored in Firestore, twice (PITR), a month", (f"{gib:.2g} GiB: {storage:.2f}", storage)
    seconds = ALWAYS + size * SECONDS_ALONE
    yield "functions, processor, at the most", _priced(seconds, FREE_PROCESSOR, PROCESSOR, 1)
    yield "functions, memory, at the most", _priced(seconds * GIB, FREE_MEMORY, MEMORY, 1)
    yield "functions, requests", _priced(size * (ASKED + ANSWERED) + 86_400 + 51_840, FREE_REQUESTS, REQUESTS, 1e6)
    yield "Cloud Armor", _priced(size * ASKED, 0, PER_CLIENT, 1e6)
    yield "load balancer, traffic", _priced(size * OUT, 0, TRAFFIC, 1)


def _priced(amount: float, free: float, price: float, per: float) -> tuple[str, float]:
    dollars = max(0.0, amount - free) * price / per
    paid = f"{amount:,.0f} − {free:,.0f} free" if free else f"{amount:,.4g}" if amount < 1000 else f"{amount:,.0f}"
    return (f"{paid}: {dollars:.2f}", dollars)


def _scans(counted: Mapping[str, Counted | Each]) -> Iterator[str]:
    yield "| events open | reads a minute | reads a day | dollars a day |"
    yield "| --- | --- | --- | --- |"
    for events in (1, 100, 10_000):
        minutely = scan(counted, events)
        dollars = _priced(minutely * 1440, FREE_READS, READS, 100_000)[1]
        yield f"| {events:,} | {minutely:,} | {minutely * 1440:,} | {dollars:.2f} |"


def _one(counted: Mapping[str, Counted | Each], name: str) -> Counted:
    one = counted[name]
    assert isinstance(one, Counted)
    return one


def _grows(counted: Mapping[str, Counted | Each], name: str) -> Each:
    one = counted[name]
    assert isinstance(one, Each)
    return one
