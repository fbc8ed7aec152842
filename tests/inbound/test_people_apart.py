"""Several people in one text, however they are divided: nobody gets another's answers, and nobody is lost."""

import pytest

from tests.support.builders import an_event
from tests.support.several_people import found_in, mixed, several_people

EVENT = an_event()


@pytest.mark.parametrize("seed", range(100))
def test_nobody_is_mixed_up_or_lost(seed: int) -> None:
    people = several_people(EVENT, seed)
    assert mixed(people, found_in(EVENT, people)) == []


def test_many_of_them_are_certain() -> None:
    """To doubt everything would be safe, and useless."""
    forms = [form for seed in range(100) for form in found_in(EVENT, several_people(EVENT, seed)).forms]
    complete = [form for form in forms if form.registration]
    assert sum(not form.doubts for form in complete) > len(complete) / 2
