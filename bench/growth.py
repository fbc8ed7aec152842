"""Towards a million registrations in a day, and 10,000 events: what can be computed or simulated.

- Identifiers: how many collide.
- Index entries: how many a document has, and which of them all fall into one range.
- A rush before a deadline: forms against instances, and e-mails against senders.

Nothing is measured here: each number follows from the code, from the assumptions named in it, and from seeded chance,
so every run gives the same. Prints the tables of docs/performance.md and updates the page.
"""

import json
import random
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bench.costs import cpu
from bench.machine import no_arguments
from bench.page import put
from deploy.functions import FUNCTIONS, Function
from rollcall.desk.limits import Limits
from rollcall.model.email import AT_ONCE, Attempt, AttemptOutcome, EmailStatus, confirmation
from rollcall.model.registration import Registered
from rollcall.store.codec import entry_record, first_record, person_record, versioned
from tests.support.builders import a_registration
from tests.support.served import ROOT

MILLION = 1_000_000
DAY = 86_400
PEAK = 20 * MILLION / DAY
"""Forms a second in the last hour before a deadline: twenty times the day's average."""
HOT = 500
"""Writes a second that one range of an index takes
(https://firebase.google.com/docs/firestore/solutions/shard-timestamp)."""
SLUG = "intgov04"
EXEMPT = json.loads((ROOT / "deploy" / "firestore.indexes.json").read_text("utf-8"))

AT_GOOGLE = 2.0
"""CPU time there, as a multiple of docs/deploy.md's: assumed, not measured."""
READ, COMMIT, POST = 0.010, 0.030, 0.150
"""Seconds until Firestore and SendGrid answer: assumed."""
READS, COMMITS = 2, 2
"""Calls of a confirmation, one after another, as counted."""
_ID = "0" * 24


def main() -> None:
    """`python -m bench.growth`."""
    made = tables()
    print(made)
    put(made)


def tables() -> str:
    """What docs/performance.md shows, as Markdown."""
    parts = (_collisions(), _entries(), _ranges(), _forms(), _emails())
    return "\n\n".join("\n".join(part) for part in parts)


def _collisions() -> Iterator[str]:
    yield "| registrations of one event | expected pairs with one id (120 bits) | with one reference (40 bits) |"
    yield "| --- | --- | --- |"
    for registrations in (150, 10_000, 100_000, MILLION):
        pairs = registrations * (registrations - 1) / 2
        yield f"| {registrations:,} | {pairs / 2**120:.0e} | {pairs / 2**40:.2g} |"


@dataclass(frozen=True)
class Kind:
    """Documents of one kind, as one of them is written."""

    collection: str
    document: Mapping[str, Any]
    name_bytes: int
    """Of the path, as Firestore counts it: 16, and each part with one more."""


def a_registration_document() -> Kind:
    there = Registered(_ID, a_registration(), AT_ONCE)
    record = first_record(there)
    return Kind("registrations", versioned(record), _name("events", SLUG, "registrations", _ID))


def a_person_document() -> Kind:
    return Kind("people", versioned(person_record(_ID)), _name("events", SLUG, "people", _ID))


def an_outbox_entry() -> Kind:
    """A confirmation that was sent."""
    entry = confirmation(SLUG, _ID, "amina.diallo@mpt.example.org")
    entry = replace(entry, attempts=(Attempt("0" * 16, AT_ONCE, AttemptOutcome.ACCEPTED, "202 Accepted"),))
    return Kind("outbox", versioned(entry_record(entry)), _name("outbox", entry.id))


def _name(*parts: str) -> int:
    return 16 + sum(len(part) + 1 for part in parts)


def entries(kind: Kind) -> list[tuple[str, ...]]:
    """Its entries in the indexes that are deployed, each as its fields."""
    single = [one for one in EXEMPT["fieldOverrides"] if one["collectionGroup"] == kind.collection]
    composite = [
        tuple(field["fieldPath"] for field in one["fields"])
        for one in EXEMPT["indexes"]
        if one["collectionGroup"] == kind.collection
    ]
    indexed = [(one["fieldPath"],) for one in single for _ in one["indexes"]] + composite
    return [fields for fields in indexed if kind.document.keys() >= set(fields)]  # the others have no entry


def automatic(value: Any) -> int:
    """How many index entries Firestore makes of a field's value without exemptions: ascending and descending, one for
    each element of a list, those of its fields for a map
    (https://firebase.google.com/docs/firestore/query-data/index-overview)."""
    if isinstance(value, Mapping):
        return sum(map(automatic, value.values()))
    return len(value) if isinstance(value, list) else 2


def size(value: Any) -> int:
    """Bytes of a value (https://firebase.google.com/docs/firestore/storage-size)."""
    match value:
        case None | bool():
            return 1
        case str():
            return len(value.encode()) + 1
        case list():
            return sum(map(size, value))
        case Mapping():
            return sum(len(name) + 1 + size(one) for name, one in value.items())
        case _:
            return 8


def each_of(kind: Kind, fields: tuple[str, ...]) -> list[int]:
    """The bytes of the values in each of this index's entries: one entry for each element of a list."""
    values = [kind.document[field] for field in fields]
    together = sum(size(one) for one in values if not isinstance(one, list))
    lists = [one for one in values if isinstance(one, list)]
    return [together + size(element) for one in lists for element in one] or [together]


def stored(kind: Kind) -> int:
    """Bytes of a document (name, fields, 32) and of its index entries (name, the collection's parent, values, 32)."""
    document = kind.name_bytes + size(kind.document) + 32
    values = [value for fields in entries(kind) for value in each_of(kind, fields)]
    return document + sum(kind.name_bytes + 16 + value + 32 for value in values)


def _entries() -> Iterator[str]:
    yield "| a document | its index entries | without the exemptions | bytes stored, index entries included |"
    yield "| --- | --- | --- | --- |"
    documents = {
        "a registration": a_registration_document(),
        "its person": a_person_document(),
        "its outbox entry, sent": an_outbox_entry(),
    }
    for name, kind in documents.items():
        of = entries(kind)
        count = sum(len(each_of(kind, fields)) for fields in of)
        fields = f"{count}: {', '.join('+'.join(fields) for fields in of)}" if of else "0"
        without = automatic(kind.document) + sum(len(one) > 1 for one in of)
        yield f"| {name} | {fields} | {without} | {stored(kind):,} |"


def _ranges() -> Iterator[str]:
    """The keys that one second of the rush writes, where Firestore has split each index evenly by the writes of the
    minute before: the share in the fullest of 64 ranges. 1.6 % would be even; chance alone makes some 4 %."""
    chance, second = random.Random(SLUG), round(PEAK)
    ids = [f"{chance.getrandbits(120):030x}" for _ in range(61 * second)]
    before, now = ids[: 60 * second], ids[60 * second :]
    yield f"| written in a second of {second} forms and {second} e-mails | entries | in the fullest of 64 | a second |"
    yield "| --- | --- | --- | --- |"
    for what, keys in _KEYS.items():
        earlier = sorted(key for place, id in enumerate(before) for key in keys(place / second, id))
        limits = [earlier[len(earlier) * part // 64] for part in range(1, 64)]
        written = [key for place, id in enumerate(now) for key in keys(60 + place / second, id)]
        most = max(Counter(bisect_right(limits, key) for key in written).values())
        yield f"| {what} | {len(written) // second} a form | {most / len(written):.0%} | {most} |"


IndexKey = tuple[Any, ...]
_NOTHING, _TIME = 0, 1
"""Firestore orders null before every time."""


def _due(second: float, id: str) -> list[IndexKey]:
    """At once, then the lease's end, then nothing; each removes the entry before it."""
    lease = (_TIME, second + 1 + Limits().lease.total_seconds(), id)
    at_once = (_TIME, 0.0, id)
    return [at_once, at_once, lease, lease, (_NOTHING, 0.0, id)]


def _statuses(_second: float, id: str) -> list[IndexKey]:
    """Four statuses, three of them left."""
    statuses = (EmailStatus.PENDING, EmailStatus.SENDING, EmailStatus.SENT, EmailStatus.DELIVERED)
    return [(SLUG, status.value, id) for status in (*statuses, *statuses[:-1])]


def _addresses(second: float, id: str) -> list[IndexKey]:
    """Nothing, then the claim's time. The addresses are as mixed as names are."""
    address = f"{id[-5:]}@example.org"
    return [(address, _NOTHING, 0.0, id), (address, _NOTHING, 0.0, id), (address, _TIME, second + 1, id)]


_KEYS: Mapping[str, Callable[[float, str], list[IndexKey]]] = {
    "`registrations`, the documents": lambda _second, id: [(id,)],
    "`people`, the documents": lambda _second, id: [(id[::-1],)],
    "`outbox`, the documents, each written four times": lambda _second, id: [(id,)] * 4,
    "`outbox`, index `event`, `status`": _statuses,
    "`outbox`, index `address`, `last_sent_at`": _addresses,
    "`outbox`, index `due_at`": _due,
    "for comparison: an indexed time of receipt": lambda second, id: [(second, id)],
}


@dataclass(frozen=True)
class Served:
    """How long requests waited for a processor or a place, in seconds."""

    longest: float
    median: float
    busy: float
    """Load of the processors; above 1 they cannot keep up."""


def served(arrivals: Sequence[float], instances: int, places: int, processor: float, waits: float) -> Served:
    """Requests that arrive at these seconds. Each takes `processor` seconds of an instance and then `waits` seconds for
    others, in one of an instance's `places`; one that finds none waits for the next, in order."""
    free = [0.0] * instances
    inside: deque[float] = deque()
    waited: list[float] = []
    for number, came in enumerate(arrivals):
        while inside and inside[0] <= came:
            inside.popleft()
        begins = came
        if len(inside) >= instances * places:
            begins = inside.popleft()
        place = number % instances  # the one that is free the longest: each takes the same
        begins = max(begins, free[place])
        free[place] = begins + processor
        inside.append(begins + processor + waits)
        waited.append(begins - came)
    waited.sort()
    return Served(
        longest=waited[-1],
        median=waited[len(waited) // 2],
        busy=len(arrivals) * processor / instances / (arrivals[-1] - arrivals[0]),
    )


def rush(seconds: int, rate: float, last_minute: float) -> list[float]:
    """When forms arrive (Poisson), `last_minute` times as many in the last minute."""
    chance, now, came = random.Random(SLUG), 0.0, []
    while now < seconds:
        now += chance.expovariate(rate * (last_minute if now >= seconds - 60 else 1))
        came.append(now)
    return came


def _forms() -> Iterator[str]:
    """With the pages around a form, all on the instance's one processor."""
    takes = sum(cpu()[name] for name in ("the form's page", "the form", "the page after it")) / 1000 * AT_GOOGLE
    register = _settings("register")
    came = rush(600, PEAK, 5)
    last = sum(one > 540 for one in came)
    yield (
        f"| `register`: {len(came):,} forms in ten minutes, {last:,} of them in the last minute; "
        f"{takes * 1000:.0f} ms of a processor each | longest wait | median wait | processors needed |"
    )
    yield "| --- | --- | --- | --- |"
    for instances in (2, 4, 8, 12, register.max_instances):
        one = served(came, instances, register.concurrency, takes, COMMIT)
        yield f"| {instances} instances | {_duration(one.longest)} | {_duration(one.median)} | {one.busy:.0%} |"
    rate = register.max_instances / takes
    daily = rate * DAY / MILLION
    yield f"| what {register.max_instances} can take | {rate:,.0f} a second | {daily:,.0f} million a day | 100% |"


def _emails() -> Iterator[str]:
    """Each sender has one e-mail at a time, from the first read to the last commit."""
    sender = _settings("send-mail")
    processor = cpu()["the e-mail"] / 1000 * AT_GOOGLE
    waits = READS * READ + COMMITS * COMMIT + POST
    came = rush(3600, PEAK, 1)
    yield (
        f"| `send-mail`: {len(came):,} e-mails in the last hour; {processor + waits:.2f} s each "
        "| e-mails a second at most | median wait | longest wait | `due_at` entries a second |"
    )
    yield "| --- | --- | --- | --- | --- |"
    for instances in (sender.max_instances, 10, 15, 40):
        bound = instances * min(sender.concurrency / (processor + waits), 1 / processor)
        one = served(came, instances, sender.concurrency, processor, waits)
        yield (
            f"| {instances} instances of {sender.concurrency} | {bound:.0f} | {_duration(one.median)} "
            f"| {_duration(one.longest)} | {2 * bound:.0f} of {HOT} |"
        )


def _settings(name: str) -> Function:
    return next(one for one in FUNCTIONS if one.name == name)


def _duration(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


if __name__ == "__main__":
    no_arguments(__doc__)
    main()
