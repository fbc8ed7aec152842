"""Towards a million registrations in a day, and 10,000 events: what can be reckoned or played through.

- Where the keys fall: a million ids, made as the service makes them, over equal ranges; how many references meet.
- Index entries: how many a document has, and which of them all fall on one spot.
- A rush before a deadline: forms against instances, and mails against senders, played through second by second.

Nothing is measured here: each number follows from the code, from the assumptions named in it, and from seeded chance,
so that the same comes out every time. Prints the tables of docs/performance.md, and brings the page up to date.
"""

import json
import random
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bench.costs import cpu
from bench.page import put
from deploy.functions import FUNCTIONS
from rollcall.desk.limits import Limits
from rollcall.model.email import AT_ONCE, Attempt, AttemptOutcome, confirmation
from rollcall.model.registration import ALPHABET, reference, registration_id
from rollcall.store.codec import mail_record, mail_state, registration_record, shaped
from tests.support.builders import a_registration
from tests.support.served import ROOT

MILLION = 1_000_000
DAY = 86_400
PEAK = 20 * MILLION / DAY
"""Forms a second in the hour before a deadline: twenty times the day's average."""
HOT = 500
"""Writes a second that one spot of an index bears
(https://firebase.google.com/docs/firestore/solutions/shard-timestamp)."""
SLUG = "intgov04"
EXEMPT = json.loads((ROOT / "deploy" / "firestore.indexes.json").read_text("utf-8"))

AT_GOOGLE = 2.0
"""How many times as long a processor takes there as in docs/deploy.md: assumed, not measured."""
READ, COMMIT, POST = 0.010, 0.030, 0.150
"""Seconds until Firestore and SendGrid answer: assumed."""


def main() -> None:
    """`python -m bench.growth`."""
    made = tables()
    print(made)
    put(made)


def tables() -> str:
    """What docs/performance.md shows, as Markdown."""
    ids = list(a_million_ids())
    parts = (_ranges(ids), _meetings(ids), _entries(), _spots(ids), _forms(), _mails())
    return "\n\n".join("\n".join(part) for part in parts)


def a_million_ids() -> Iterator[str]:
    """Ids of a million people: names that occur often, and addresses that count up, as an organisation's do."""
    one = a_registration()
    for number in range(MILLION):
        yield registration_id(SLUG, replace(one, first_name=f"A{number % 1000}", email=f"p{number}@example.org"))


def _ranges(ids: Sequence[str]) -> Iterator[str]:
    """A mail's id is its registration's between two texts that are the same for the event's confirmations, so its
    keys fall in the same way, within the event's own stretch."""
    yield "| a million ids over | mean | fullest | fullest / mean | χ² / (ranges − 1) |"
    yield "| --- | --- | --- | --- | --- |"
    for bits in (6, 9, 12):
        filled = Counter(_number(id[:3]) >> (15 - bits) for id in ids)
        mean = MILLION / 2**bits
        chi = sum((filled[place] - mean) ** 2 / mean for place in range(2**bits)) / (2**bits - 1)
        most = max(filled.values())
        yield f"| {2**bits:,} equal ranges | {mean:,.0f} | {most:,} | {most / mean:.3f} | {chi:.2f} |"


def _number(digits: str) -> int:
    """What the base 32 digits are; their order as text is the same."""
    number = 0
    for digit in digits:
        number = number * 32 + ALPHABET.index(digit)
    return number


def _meetings(ids: Sequence[str]) -> Iterator[str]:
    """How many are expected to meet by chance: n²/2 pairs over all that there can be."""
    yield "| people of one event | pairs with the same id (120 bits) | pairs with the same reference (40 bits) |"
    yield "| --- | --- | --- |"
    for people in (150, 10_000, 100_000, MILLION):
        pairs = people * (people - 1) / 2
        yield f"| {people:,} | {pairs / 2**120:.0e} | {pairs / 2**40:.2g} |"
    met = MILLION - len(set(map(reference, ids)))
    yield f"| the million above, made | {MILLION - len(set(ids))} | {met} |"


@dataclass(frozen=True)
class Kind:
    """Documents of one kind, as one of them is written."""

    collection: str
    document: Mapping[str, Any]
    name_bytes: int
    """Of the path, as Firestore counts it: each part and a byte, and 16."""


def a_mail() -> Kind:
    """A confirmation that was sent."""
    entry = confirmation(SLUG, "0" * 24, "amina.diallo@mpt.example.org")
    attempt = Attempt("0" * 16, AT_ONCE, AttemptOutcome.ACCEPTED, "202 Accepted")
    entry = replace(entry, attempts=(attempt,))
    return Kind("mails", shaped({**mail_record(entry), **mail_state(entry)}), 16 + 6 + len(entry.id) + 1)


def a_form() -> Kind:
    """A registration."""
    name = 16 + sum(len(part) + 1 for part in ("intakes", SLUG, "registrations", "0" * 24))
    return Kind("registrations", shaped(registration_record(a_registration())), name)


def entries(kind: Kind) -> list[tuple[str, ...]]:
    """The index entries of such a document, each as its fields: those of the indexes that are deployed."""
    single = [one for one in EXEMPT["fieldOverrides"] if one["collectionGroup"] == kind.collection]
    composite = [
        tuple(field["fieldPath"] for field in one["fields"])
        for one in EXEMPT["indexes"]
        if one["collectionGroup"] == kind.collection
    ]
    return [(one["fieldPath"],) for one in single for _ in one["indexes"]] + composite


def automatic(value: Any) -> int:
    """How many entries Firestore would make by itself of a field's value: one ascending and one descending of a plain
    one, one of each thing in a list, and of a map those of its fields
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


def kept(kind: Kind) -> int:
    """Bytes of a document with the entries of its indexes: the name, the fields, and 32; of an entry the name, the
    collection's parent, the values, and 32."""
    document = kind.name_bytes + size(kind.document) + 32
    values = [sum(size(kind.document[field]) for field in fields) for fields in entries(kind)]
    return document + sum(kind.name_bytes + 16 + value + 32 for value in values)


def _entries() -> Iterator[str]:
    yield "| a document | its index entries | without the exemptions | bytes kept, entries included |"
    yield "| --- | --- | --- | --- |"
    for what, kind in (("a registration", a_form()), ("its mail, sent", a_mail())):
        of = entries(kind)
        named = f"{len(of)}: {', '.join('+'.join(fields) for fields in of)}" if of else "0"
        yield f"| {what} | {named} | {automatic(kind.document) + sum(len(one) > 1 for one in of)} | {kept(kind):,} |"


def _spots(ids: Sequence[str]) -> Iterator[str]:
    """What one second of the rush writes, where Firestore has split each index after the writes of the five minutes
    before it: the share that falls into the fullest of 64 stretches. 1.6 % would be perfectly even; chance alone makes
    some 4 % of so few."""
    second = round(PEAK)
    before, now = ids[: 300 * second], ids[300 * second : 301 * second]
    yield f"| written in a second of {second} forms and {second} mails | entries | in the fullest of 64 | a second |"
    yield "| --- | --- | --- | --- |"
    for what, keys in _KEYS.items():
        earlier = sorted(key for place, id in enumerate(before) for key in keys(place / second, id))
        limits = [earlier[len(earlier) * part // 64] for part in range(1, 64)]
        written = [key for place, id in enumerate(now) for key in keys(300 + place / second, id)]
        most = max(Counter(bisect_right(limits, key) for key in written).values())
        yield f"| {what} | {len(written) // second} a form | {most / len(written):.0%} | {most} |"


IdempotencyKey = tuple[Any, ...]
_NOTHING, _TIME = 0, 1
"""Firestore orders null before every time."""


def _claims(second: float, id: str) -> list[IdempotencyKey]:
    """`due_at`: at once, then the lease's end, then nothing; each leaves the entry before it."""
    lease = (_TIME, second + 1 + Limits().lease.total_seconds(), id)
    at_once = (_TIME, 0.0, id)
    return [at_once, at_once, lease, lease, (_NOTHING, 0.0, id)]


def _states(_second: float, id: str) -> list[IdempotencyKey]:
    """`event` and `status`: four states, three of them left."""
    statuses = ("queued", "sending", "sent", "delivered")
    return [(SLUG, status, id) for status in (*statuses, *statuses[:-1])]


def _addresses(second: float, id: str) -> list[IdempotencyKey]:
    """`address` and `last_sent_at`: nothing, then the claim's time. The addresses are as mixed as names are."""
    address = f"{_number(id[-4:]):06}@example.org"
    return [(address, _NOTHING, 0.0, id), (address, _NOTHING, 0.0, id), (address, _TIME, second + 1, id)]


_KEYS: Mapping[str, Callable[[float, str], list[IdempotencyKey]]] = {
    "`registrations`, the documents": lambda _second, id: [(id,)],
    "`mails`, the documents, each written four times": lambda _second, id: [(id,)] * 4,
    "`mails`, index `event`, `state`": _states,
    "`mails`, index `address`, `handed_over_at`": _addresses,
    "`mails`, index `due_at`": _claims,
    "for comparison: a time of receipt, were it indexed": lambda second, id: [(second, id)],
}


@dataclass(frozen=True)
class Served:
    """How people fared."""

    longest: float
    """Seconds that somebody waited for a processor or a place."""
    half: float
    """Seconds that half of them waited at the most."""
    busy: float
    """Of the processors' time while they came, the part that they needed; above 1 they cannot keep up."""


def served(arrivals: Sequence[float], instances: int, places: int, processor: float, waits: float) -> Served:
    """Requests that come at these seconds: each takes `processor` seconds of one of the instances, and `waits` seconds
    for others, in one of so many `places` an instance. Whoever finds none waits for the next, in order."""
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
        half=waited[len(waited) // 2],
        busy=len(arrivals) * processor / instances / (arrivals[-1] - arrivals[0]),
    )


def rush(seconds: int, rate: float, last_minute: float) -> list[float]:
    """When forms come, at random (Poisson), `last_minute` times as many in the last minute."""
    chance, now, came = random.Random(SLUG), 0.0, []
    while now < seconds:
        now += chance.expovariate(rate * (last_minute if now >= seconds - 60 else 1))
        came.append(now)
    return came


def _forms() -> Iterator[str]:
    """With the pages around a form, all of them on the instance's one processor."""
    takes = sum(cpu()[name] for name in ("the form's page", "the form", "the page after it")) / 1000 * AT_GOOGLE
    register = _settings("register")
    came = rush(1800, PEAK, 5)
    last = sum(one > 1740 for one in came)
    yield (
        f"| `register`: {len(came):,} forms in half an hour, {last:,} of them in the last minute; "
        f"{takes * 1000:.0f} ms of a processor each | longest wait | half waited | processors needed |"
    )
    yield "| --- | --- | --- | --- |"
    for instances in (2, 4, 8, 12, register.most):
        one = served(came, instances, register.concurrency, takes, COMMIT)
        yield f"| {instances} instances | {_duration(one.longest)} | {_duration(one.half)} | {one.busy:.0%} |"
    bound = register.most / takes
    yield f"| what {register.most} bear | {bound:,.0f} a second | {bound * DAY / MILLION:,.0f} million a day | 100% |"


def _mails() -> Iterator[str]:
    """Each sender has one mail at a time, from the first reading to the settling."""
    sender = _settings("send-mail")
    processor = cpu()["the mail"] / 1000 * AT_GOOGLE
    waits = 6 * READ + 2 * COMMIT + POST
    quiet, hour = rush(DAY - 3600, (MILLION - PEAK * 3600) / (DAY - 3600), 1), rush(3600, PEAK, 1)
    came = quiet + [DAY - 3600 + one for one in hour]
    yield (
        f"| `send-mail`: {len(came):,} mails in a day, {len(hour):,} of them in its last hour; "
        f"{processor + waits:.2f} s each | mails a second at the most | half waited | longest wait "
        "| `due_at` entries a second |"
    )
    yield "| --- | --- | --- | --- | --- |"
    for instances in (sender.most, 10, 18, 40):
        bound = instances * min(sender.concurrency / (processor + waits), 1 / processor)
        one = served(came, instances, sender.concurrency, processor, waits)
        yield (
            f"| {instances} instances of {sender.concurrency} | {bound:.0f} | {_duration(one.half)} "
            f"| {_duration(one.longest)} | {2 * bound:.0f} of {HOT} |"
        )


def _settings(name: str) -> Any:
    return next(one for one in FUNCTIONS if one.name == name)


def _duration(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


if __name__ == "__main__":
    main()
