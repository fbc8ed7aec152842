"""Which answers in a text are one person's: blocks, cut where other text stands between or a question comes again."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from enum import IntEnum, auto
from itertools import pairwise

from rollcall.inbound.labels import STRUCK_OUT
from rollcall.model.inbound import Doubt, Doubts
from rollcall.model.registration import fold

MOST_FORMS = 200
"""Each costs a commit; delegations are smaller."""
NAMES = ("family_name", "first_name")
SHARED = ("category", "organization", "address")
"""A focal point may say these once, before the first name, for all."""
MOST_ABOUT = 50
"""Things that one doubt names."""
NOTHING = "-"
"""Written by who has none; blank, but in a correction."""
CONTACT = frozenset({"title", "organization", "address", "tel", "fax", "email", "signed_on"})
"""What letterheads and signature blocks say too."""
_REACHED_AT = frozenset({"tel", "fax", "email"})
_NO_FORM_ALONE = _REACHED_AT | {"signed_on"}
_FEWEST_TELLING = 2


class Gap(IntEnum):
    """What stands between an answer and the one before."""

    NONE = auto()
    BLANK = auto()
    BLANKS = auto()
    """Several empty lines."""
    PROSE = auto()
    DIVIDER = auto()
    """Dashes, or a heading as `Participant 2:`."""
    CLOSING = auto()
    """A greeting, or dashes above a signature."""


@dataclass(frozen=True)
class Item:
    field: str
    """Empty for a label that is not known."""
    value: str
    label: str = ""
    """As written, where it is not known."""
    quoted: bool = False
    inline: bool = False
    """The sender's own answer to a quoted label."""
    gap: Gap = Gap.NONE
    unsure: bool = False
    """It may be of two people."""
    row: "Answered | None" = None
    """A person of a list; with blanks where the list has."""
    line: int = 0
    signs: bool = False
    """It may be of a signature block."""

    @property
    def is_given(self) -> bool:
        return self.value not in ("", NOTHING)

    @property
    def said(self) -> str:
        return f"{self.label or self.field}: {self.value}"


@dataclass(frozen=True)
class Answered:
    """By field name, not yet checked."""

    answers: Mapping[str, str]
    quoted: bool = False
    doubts: Doubts = field(default_factory=dict)
    beside: str = ""
    """What else its text says, for the staff."""
    language: str = ""
    """Of its labels; empty where they do not tell."""
    emptied: Set[str] = frozenset()
    """Fields in which it says that there is nothing."""

    def answering(self, name: str, value: str) -> "Answered":
        """The first answer stands; another one casts doubt."""
        if STRUCK_OUT in value:
            return self.answering(name, value.replace(STRUCK_OUT, "").strip()).doubted(Doubt.STRUCK_OUT, name)
        first = self.answers.get(name, "")
        told = name in self.doubts.get(Doubt.TWO_ANSWERS, ())  # then it is not compared with each
        if first and value and not told and fold(first) != fold(value):
            return self.doubted(Doubt.TWO_ANSWERS, name)
        return replace(self, answers={**self.answers, name: value}) if value and not first else self

    def without_blanks(self) -> "Answered":
        return replace(self, answers={name: text for name, text in self.answers.items() if text})

    def doubted(self, doubt: Doubt, *about: str) -> "Answered":
        before = self.doubts.get(doubt)
        if before and len(before) >= MOST_ABOUT:
            return self
        said = dict.fromkeys((*(before or ()), *about))
        return replace(self, doubts={**self.doubts, doubt: tuple(said)})

    def is_form(self, asked: Collection[str]) -> bool:
        """Else a letterhead. `asked`: the fields of the event's form; where they are few, a name and an e-mail address
        are all that a form says."""
        if Doubt.ROW_NOT_READ in self.doubts:
            return True
        telling = [name for name in self.answers if name not in _NO_FORM_ALONE]
        are_few = len([name for name in asked if name not in _NO_FORM_ALONE]) < _FEWEST_TELLING
        enough = len(telling) >= _FEWEST_TELLING or (are_few and "email" in self.answers)
        return enough and any(name in telling for name in NAMES)

    @property
    def has_name(self) -> bool:
        return any(name in self.answers for name in NAMES)


def names_of(form: Answered) -> tuple[str, ...]:
    return tuple(fold(form.answers.get(name, "")) for name in NAMES)


NOTHING_SAID = Answered({})


@dataclass(frozen=True)
class Grouped:
    forms: list[Answered]
    unused: Sequence[Item] = ()
    """Of no form: labels that are not known, a name alone."""
    begin: Sequence[int] = ()
    """The lines at which the sender's own forms do."""
    corrections: Answered = NOTHING_SAID
    """What the sender, without a form, answers beside quoted text."""


def grouped(items: Sequence[Item], asked: Collection[str]) -> Grouped:
    sent = [item for item in items if not item.quoted]
    own, unused, begin = _people(sent, asked)
    quoted, *_ = _people([item for item in items if item.quoted], asked)
    if own:
        return Grouped([*_filled(own, quoted)], unused, begin)
    said = _corrections([item for item in items if item.inline or not item.quoted], asked)
    beside = _corrections(sent, asked)
    if len(quoted) == 1 and not beside.answers.keys() <= CONTACT:
        mixed = {name: text for name, text in {**quoted[0].answers, **beside.answers}.items() if text != NOTHING}
        quoted = [Answered(mixed).doubted(Doubt.OUTSIDE_THE_FORM, *beside.answers)]
    return Grouped(quoted, unused, (), said)


def _corrections(items: Sequence[Item], asked: Collection[str]) -> Answered:
    """Above any greeting. A signature block alone is none."""
    said = Answered({})
    apart = False
    before = ""
    signed: set[str] = set()
    for item in items:
        if said.answers and item.gap is Gap.CLOSING:
            break
        apart = apart or (bool(said.answers) and item.gap > Gap.BLANK)
        is_hotels = item.field == "tel" and before == "hotel" and "hotel_tel" in asked
        name = "hotel_tel" if is_hotels else item.field
        signed |= {name} if item.signs else set()
        if name and item.value:
            said = said.answering(name, item.value)
            said = said.doubted(Doubt.OUTSIDE_THE_FORM, name) if apart or item.signs or is_hotels else said
        elif item.value:
            said = said.doubted(Doubt.UNKNOWN_LABEL, item.label)
        before = item.field
    return said if said.answers.keys() - signed else NOTHING_SAID


def _filled(own: Sequence[Answered], quoted: Sequence[Answered]) -> Iterator[Answered]:
    """What a form leaves out may stand in a quoted one of the same person, or may not."""
    left = [(other, _known_by(other)) for other in quoted]
    for one in own:
        known = _known_by(one)
        place = next((place for place, (_, other) in enumerate(left) if _may_be_one(known, other)), None)
        if place is None:
            yield one
            continue
        same, _ = left.pop(place)
        missing = {name: value for name, value in same.answers.items() if name not in one.answers}
        yield replace(one, answers={**missing, **one.answers}).doubted(Doubt.QUOTED, *missing) if missing else one
    yield from (other.doubted(Doubt.QUOTED) for other, _ in left)


def _known_by(form: Answered) -> list[str]:
    return [fold(form.answers.get(name, "")) for name in (*NAMES, "email")]


def _may_be_one(own: Sequence[str], quoted: Sequence[str]) -> bool:
    """Names, title and e-mail address stay together."""
    same = [one == other for one, other in zip(own, quoted, strict=True) if one and other]
    return all(same) and bool(same)


@dataclass(frozen=True)
class _Piece:
    items: Sequence[Item]
    unsure: bool = False
    """It may begin or end elsewhere."""

    @property
    def gap(self) -> Gap:
        return self.items[0].gap

    @property
    def fields(self) -> set[str]:
        return _fields(self.items)

    @property
    def names(self) -> set[str]:
        return {item.field for item in self.items if item.field in NAMES and item.is_given}

    @property
    def is_person(self) -> bool:
        return self.items[0].row is not None or bool(self.names)


def _people(items: Sequence[Item], asked: Collection[str]) -> tuple[list[Answered], list[Item], list[int]]:
    pieces = _joined(list(_cut(items)))
    people = [at for at, piece in enumerate(pieces) if piece.is_person][: MOST_FORMS + 1]
    forms = {at: _form_in(pieces[at]) for at in people}
    used = {item.line for at in people for item in _block(pieces[at].items)}
    if len(people) > 1:
        above = _above(pieces[people[0]], [pieces[at] for at in people[1:]])
        forms |= {at: _sharing(above, pieces[at], forms[at], apart=False) for at in people[1:]}
    for at, piece in enumerate(pieces):
        if not piece.is_person and piece.fields and forms:
            filled = _with_piece(piece, at, pieces, forms)
            used |= {item.line for item in piece.items} if filled or piece.gap is Gap.CLOSING else set()
            forms |= filled
    whole = [form.without_blanks() for form in forms.values() if form.is_form(asked)]
    unused = [item for item in items if not item.field and not item.row and item.line not in used]
    for at in people:
        if whole and not forms[at].is_form(asked) and pieces[at].gap is not Gap.CLOSING:
            unused += [item for item in pieces[at].items if item.is_given]
    return whole, unused, [pieces[at].items[0].line for at in people]


def _cut(items: Sequence[Item]) -> Iterator[_Piece]:
    hard = [at for at in range(1, len(items)) if items[at].gap > Gap.BLANKS or items[at].row or items[at - 1].row]
    for start, end in pairwise([0, *hard, len(items)]):
        for part in _contacts_apart(items[start:end]):
            for piece in _by_name(part):
                yield from _by_question(piece)


def _fields(items: Iterable[Item]) -> set[str]:
    return {item.field for item in items if item.field}


def _by_name(items: Sequence[Item]) -> list[_Piece]:
    """Between two names the next person begins, so that nothing is asked twice; there, at the empty line. What could be
    of either casts doubt."""
    named = max(([at for at, one in enumerate(items) if one.field == name and one.is_given] for name in NAMES), key=len)
    earliest, end = [], len(items)
    for name, following in reversed([*pairwise(named)]):
        below = _fields(items[following:end])
        end = 1 + max(at for at in range(name, following) if items[at].field in below)
        earliest.append(end)
    cuts, unsure = [0], set()
    for (name, following), first in zip(pairwise(named), reversed(earliest), strict=True):
        asked = _fields(items[cuts[-1] : name + 1])
        last = next((at for at in range(name + 1, following) if items[at].field in asked), following)
        last = last if last >= first else following
        seam = _seam(items, first, last)
        cut = seam or last
        is_wider = any(item.gap > items[cut].gap for item in items[name + 1 : following + 1])
        if is_wider or (not seam and any(item.is_given for item in items[first:last])):
            unsure |= {len(cuts) - 1, len(cuts)}
        cuts.append(cut)
    pieces = pairwise([*cuts, len(items)])
    return [_Piece(items[start:end], place in unsure) for place, (start, end) in enumerate(pieces) if start < end]


def _seam(items: Sequence[Item], first: int, last: int) -> int | None:
    """The one place where more stands between than anywhere else."""
    widest = max(items[at].gap for at in range(first, last + 1))
    places = [at for at in range(first, last + 1) if items[at].gap is widest]
    return places[0] if len(places) == 1 else None


def _by_question(piece: _Piece) -> Iterator[_Piece]:
    """A letterhead, the person, a signature block: cut where a question comes again."""
    items = piece.items
    start, unsure = 0, piece.unsure
    while start < len(items):
        end, ends_unsure = _end(items, start)
        ends_unsure = ends_unsure and items[end].gap > Gap.NONE
        for part in _contacts_apart(items[start:end]):
            yield _Piece(part, unsure or ends_unsure)
        start, unsure = end, piece.unsure or ends_unsure


def _contacts_apart(items: Sequence[Item]) -> list[Sequence[Item]]:
    """Telephone and e-mail above or below an empty line may be a letterhead's or a signature's; not below where each
    answer stands between empty lines."""
    gaps = [item.gap for item in items[1:]]
    least = min(gaps, default=Gap.NONE)
    blanks = [at for at, gap in enumerate(gaps, start=1) if gap > least]
    run = next((at for at, item in enumerate(items) if item.field not in _REACHED_AT | {""}), len(items))
    above = [at for at in range(1, min(run, len(gaps)) + 1) if gaps[at - 1] > Gap.NONE][-1:]
    above += [at for at in blanks[:1] if at > run and _is_contact(items[:at], CONTACT)]
    start = max(above, default=0)
    end = next((at for at in blanks[-1:] if _is_contact(items[at:])), len(items))
    return [part for part in (items[:start], items[start:end], items[end:]) if part]


def _is_contact(items: Sequence[Item], may_say: Set[str] = _REACHED_AT) -> bool:
    fields = _fields(items)
    return fields <= may_say and not fields.isdisjoint(_REACHED_AT)


def _end(items: Sequence[Item], start: int) -> tuple[int, bool]:
    """Where a question comes again, and whether it may be elsewhere."""
    seen: dict[str, int] = {}
    for at in range(start, len(items)):
        if items[at].field in seen:
            return _between(items, seen, at)
        if items[at].field:
            seen[items[at].field] = at
    return len(items), False


def _between(items: Sequence[Item], seen: Mapping[str, int], at: int) -> tuple[int, bool]:
    """Where the next block begins: after all that both ask; there, at the empty line."""
    coming: set[str] = set()
    for place in range(at, len(items)):
        if items[place].field in coming:
            break
        coming |= {items[place].field} - {""}
    first = 1 + max(place for name, place in seen.items() if name in coming)
    if seam := _seam(items, first, at):
        return seam, False
    of_either = any(item.is_given for item in items[first:at])
    named = any(items[place].field in NAMES for place in range(min(seen.values()), first))
    blank = next((place for place in range(first, at) if items[place].gap > Gap.NONE), first)
    return (at if named else blank), of_either


def _joined(pieces: Sequence[_Piece]) -> list[_Piece]:
    """Two telephones in adjacent lines are one person's, as are the halves of a name."""
    joined: list[list[_Piece]] = []
    named: set[str] = set()
    for piece in pieces:
        names = piece.names
        adjacent = joined and piece.gap is Gap.NONE and not (piece.items[0].row or joined[-1][0].items[0].row)
        if adjacent and names.isdisjoint(named):
            joined[-1].append(piece)
            named |= names
        else:
            joined.append([piece])
            named = names
    return [_Piece([item for one in of for item in one.items], any(one.unsure for one in of)) for of in joined]


def _form_in(piece: _Piece) -> Answered:
    if piece.items[0].row:
        return piece.items[0].row
    quoted = all(item.quoted and not item.inline for item in piece.items)
    form = Answered({}, quoted)
    if piece.unsure or any(item.unsure for item in piece.items):
        form = form.doubted(Doubt.PEOPLE_NOT_DIVIDED)
    blank: set[str] = set()
    named = next(item.line for item in piece.items if item.field in piece.names)
    for item in sorted(_block(piece.items), key=lambda item: item.line < named):  # a letterhead stands above
        form = form.answering(item.field, item.value) if item.is_given and item.field else form
        form = form if item.field else form.doubted(Doubt.UNKNOWN_LABEL, item.label)
        blank |= set() if item.is_given else {item.field}
    none = {item.field for item in piece.items if item.field and item.value == NOTHING}
    form = replace(form, emptied=none - form.answers.keys())
    twice = sorted(blank & form.answers.keys())
    return form.doubted(Doubt.TWO_ANSWERS, *twice) if twice else form


def _block(items: Sequence[Item]) -> Sequence[Item]:
    """Without labels that are not known and stand apart, above or below."""
    start, end = 0, len(items)
    known = [at for at, item in enumerate(items) if item.field] or [0]
    for at in range(known[0], 0, -1):
        if items[at].gap > Gap.NONE:
            start = at
            break
    for at in range(known[-1] + 1, len(items)):
        if items[at].gap > Gap.NONE:
            end = at
            break
    return items[start:end]


def _with_piece(piece: _Piece, at: int, pieces: Sequence[_Piece], forms: Mapping[int, Answered]) -> dict[int, Answered]:
    """The forms that a piece without a name has answers for."""
    before = [place for place in forms if place < at]
    after = [place for place in forms if place > at]
    if not any(item.is_given for item in piece.items):
        return {}
    if not before and piece.fields <= {*SHARED} and (len(forms) > 1 or pieces[after[0]].items[0].row):
        apart = pieces[at + 1].gap in (Gap.PROSE, Gap.CLOSING)
        return {place: _sharing(piece.items, pieces[place], form, apart=apart) for place, form in forms.items()}
    nearest = before[-1] if before else after[0]
    gap = piece.gap if before else pieces[at + 1].gap
    asked, row = pieces[nearest].fields, pieces[nearest].items[0].row
    is_contact = piece.fields <= CONTACT
    if is_contact and (gap is Gap.CLOSING or piece.fields & asked or row):
        return {}
    form = forms[nearest]
    for item in piece.items:
        stays_blank = item.field in asked and item.field not in form.answers
        form = form.answering(item.field, item.value) if item.field and item.is_given and not stays_blank else form
        form = form if item.field else form.doubted(Doubt.UNKNOWN_LABEL, item.label)
    apart = gap in (Gap.PROSE, Gap.CLOSING) and (not before or bool(piece.fields & CONTACT))
    if len(forms) > 1:
        form = form.doubted(Doubt.PEOPLE_NOT_DIVIDED)
    elif is_contact or apart or piece.fields & asked:
        form = form.doubted(Doubt.OUTSIDE_THE_FORM, *sorted(piece.fields))
    return {nearest: form}


def _above(first: _Piece, others: Sequence[_Piece]) -> list[Item]:
    """What all share: above an empty line above the first person's name, and nobody else is asked it."""
    named = next((at for at, item in enumerate(first.items) if item.field in NAMES), 0)
    end = _seam(first.items, 1, named) if named else None
    if not end or first.items[end].gap is min(item.gap for item in first.items[1:]):
        return []
    asked = {name for piece in others for name in piece.fields}
    return [item for item in first.items[:end] if item.field in SHARED and item.field not in asked]


def _sharing(shared: Sequence[Item], piece: _Piece, form: Answered, *, apart: bool) -> Answered:
    asked = piece.fields | set(form.answers)
    for item in shared:
        if item.field and item.is_given and item.field not in asked:
            form = form.answering(item.field, item.value)
            form = form.doubted(Doubt.OUTSIDE_THE_FORM, item.field) if apart else form
    return form
