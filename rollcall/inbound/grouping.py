"""Which of the answers in a text belong to one form."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rollcall.model.inbound import Doubt, Doubts
from rollcall.model.registration import fold

MOST_FORMS = 200
"""Each costs a commit; delegations are smaller."""
NAMES = ("family_name", "first_name")
SHARED = ("category", "organization", "address")
"""A focal point may say these once, before the first name, for all."""
_NO_FORM_ALONE = ("tel", "fax", "email", "signed_on")


@dataclass(frozen=True)
class Item:
    field: str
    value: str
    quoted: bool = False
    paragraph: int = 0
    begins: bool = False
    """As a row of a list does."""


@dataclass(frozen=True)
class Answered:
    """By field name, not yet checked."""

    answers: Mapping[str, str]
    quoted: bool = False
    doubts: Doubts = field(default_factory=dict)
    beside: str = ""
    """What else its text says, for the staff."""

    def answering(self, name: str, value: str) -> "Answered":
        """The first answer stands; another one casts doubt."""
        first = self.answers.get(name, "")
        if first and value and fold(first) != fold(value):
            return self.doubted(Doubt.TWO_ANSWERS, name)
        return replace(self, answers={**self.answers, name: value}) if value and not first else self

    def doubted(self, doubt: Doubt, *about: str) -> "Answered":
        said = dict.fromkeys((*self.doubts.get(doubt, ()), *about))
        return replace(self, doubts={**self.doubts, doubt: tuple(said)})

    @property
    def is_form(self) -> bool:
        """Else a letterhead."""
        if Doubt.ROW_NOT_READ in self.doubts:
            return True
        telling = [name for name in self.answers if name not in _NO_FORM_ALONE]
        return len(telling) > 1 and any(name in telling for name in NAMES)


def forms_of(items: Sequence[Item]) -> list[Answered]:
    """Quoted answers fill in what the sender's own lack."""
    own = _forms([item for item in items if not item.quoted], quoted=False)
    quoted = [one for one in _forms([item for item in items if item.quoted], quoted=True) if one.is_form]
    whole = [one for one in own if one.is_form]
    parts = [one for one in own if not one.is_form and one.answers]
    if not whole and len(quoted) == 1 and parts and _may_be_one(parts[0], quoted[0]):
        said = _said_of(quoted[0], parts[0])
        return [Answered({**quoted[0].answers, **said})] if said else quoted
    return [*_filled(whole, quoted)]


def _said_of(quoted: Answered, part: Answered) -> dict[str, str]:
    """The lines above a quoted form may be another person's: their telephone and e-mail address count only where the
    form has none."""
    return {
        name: value
        for name, value in part.answers.items()
        if name not in _NO_FORM_ALONE or not _could_be_right(name, quoted.answers.get(name, ""))
    }


def _could_be_right(name: str, value: str) -> bool:
    if name == "email":
        return "@" in value
    return any(character.isdigit() for character in value)


def _filled(own: Sequence[Answered], quoted: Sequence[Answered]) -> Iterator[Answered]:
    left = {names_of(one): one for one in reversed(quoted)}
    alone = len(own) == len(quoted) == 1 and _may_be_one(own[0], quoted[0])
    for one in own:
        before = left.pop(names_of(quoted[0]) if alone else names_of(one), None)
        yield Answered({**before.answers, **one.answers}) if before else one
    yield from left.values()


def _may_be_one(own: Answered, quoted: Answered) -> bool:
    given = [(fold(own.answers.get(name, "")), fold(quoted.answers.get(name, ""))) for name in NAMES]
    return all(not one or not other or one == other for one, other in given)


def names_of(form: Answered) -> tuple[str, ...]:
    return tuple(fold(form.answers.get(name, "")) for name in NAMES)


def _forms(items: Sequence[Item], *, quoted: bool) -> list[Answered]:
    forms = [({item.field for item in part}, _answers(part)) for part in _cut(items)]
    shared = _before_the_first_name(items)
    filled = []
    for asked, answers in forms[: MOST_FORMS + 1]:
        missing = {name: value for name, value in shared.items() if name not in asked}
        has_name = any(name in answers for name in NAMES)
        filled.append(Answered({**missing, **answers} if has_name else answers, quoted))
    return filled


def _cut(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """A form begins at a name where the last form has one, or with what leads up to it."""
    start = 0
    named: set[str] = set()
    named_in: set[int] = set()
    seen: Counter[str] = Counter()
    for at, item in enumerate(items):
        if (item.begins and named) or (item.field in named and item.value):
            begin = at if item.begins else _back(items, start, at, seen, named_in)
            yield items[start:begin]
            start = begin
            named, named_in = set(), set()
            seen = Counter(one.field for one in items[begin:at])
        if item.field in NAMES and item.value:
            named.add(item.field)
            named_in.add(item.paragraph)
        seen[item.field] += 1
    yield items[start:]


def _back(items: Sequence[Item], start: int, at: int, seen: Counter[str], named_in: set[int]) -> int:
    """Back to the labels that the present form has already, or that share the name's paragraph."""
    alone = items[at].paragraph not in named_in
    left = Counter(seen)
    begin = at
    while begin > start + 1:
        before = items[begin - 1]
        if before.field in NAMES and before.value:
            break
        if left[before.field] < 2 and not (alone and before.paragraph == items[at].paragraph):
            break
        left[before.field] -= 1
        begin -= 1
    return begin


def _answers(items: Sequence[Item]) -> dict[str, str]:
    """The first answer wins: a letterhead often stands below."""
    answers: dict[str, str] = {}
    for item in items:
        if item.value:
            answers.setdefault(item.field, item.value)
    return answers


def _before_the_first_name(items: Sequence[Item]) -> dict[str, str]:
    shared: dict[str, str] = {}
    for item in items:
        if item.field in NAMES and item.value:
            break
        if item.field in SHARED and item.value:
            shared.setdefault(item.field, item.value)
    return shared
