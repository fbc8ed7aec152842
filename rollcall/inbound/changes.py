"""What an answer to an e-mail of ours changes: the form that we asked about, or the registration that we confirmed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise

from rollcall.inbound.doubts import says_none
from rollcall.inbound.grouping import NAMES, Answered, names_of
from rollcall.inbound.letter import QUESTION_MARKS, asks, refuses, sets_a_condition
from rollcall.model.inbound import Doubt, InboundForm
from rollcall.model.registration import fold


def corrected(asked: InboundForm, said: Answered) -> Answered:
    """What the sender answers takes the place of what we asked about; `-` and `none` leave it blank."""
    answers = {name: "" if says_none(text) else text for name, text in said.answers.items()}
    answers |= dict.fromkeys(said.emptied, "")
    left = {doubt: tuple(one for one in about if one not in answers) for doubt, about in asked.doubts.items()}
    doubts = {doubt: about for doubt, about in left.items() if about or not asked.doubts[doubt]}
    spoken = asked.language or said.language
    return Answered({**asked.answers, **answers}, doubts={**doubts, **said.doubts}, language=spoken)


def changed(registered: InboundForm, said: Answered, *, attached: bool = False) -> Answered:
    """The registration with these answers, where they are of the same person; if they only may be, that is doubted.
    `attached`: in an e-mail within, which may be an earlier one of ours."""
    before = registered.answers
    names = [pair for pair in zip(names_of(said), names_of(Answered(before)), strict=True) if pair[0]]
    same = [one == other for one, other in names]
    address = fold(said.answers.get("email", ""))
    if "family_name" in said.answers and not any(same) and address not in ("", fold(before.get("email", ""))):
        return said
    if not all(same) and not (len(same) == 1 and not address):
        said = said.doubted(Doubt.PEOPLE_NOT_DIVIDED, *NAMES)
        if address:
            return said
    order = list(said.answers)
    if "hotel_tel" not in order and ("hotel", "tel") in pairwise(order):
        said = said.doubted(Doubt.OUTSIDE_THE_FORM, "tel")
    form = corrected(registered, _without_the_old_number(before, said))
    news = [name for name, text in form.answers.items() if fold(text) != fold(before.get(name, ""))]
    doubtful = [name for name in news if attached or is_no_answer(form.answers[name])]
    return form.doubted(Doubt.OUTSIDE_THE_FORM, *doubtful) if doubtful else form


def _without_the_old_number(before: Mapping[str, str], said: Answered) -> Answered:
    """The telephone number of one hotel is not another's."""
    hotel = said.answers.get("hotel")
    if hotel is None or fold(hotel) == fold(before.get("hotel", "")) or "hotel_tel" in said.answers:
        return said
    return replace(said, emptied={*said.emptied, "hotel_tel"})


def news_in(registered: InboundForm, forms: Iterable[Answered]) -> Iterator[str]:
    """The new answers of its person."""
    before = set(map(fold, registered.answers.values()))
    own = (form for form in forms if is_of(registered, form))
    yield from (answer for form in own for answer in form.answers.values() if fold(answer) not in before)


def is_no_answer(text: str) -> bool:
    """It asks, refuses, or sets a condition."""
    return text.endswith(QUESTION_MARKS) or asks(text) or refuses(text) or sets_a_condition(text)


def is_of(registered: InboundForm, form: Answered) -> bool:
    return names_of(form) == names_of(Answered(registered.answers))
