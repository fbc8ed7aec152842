"""SendGrid fails in every way it can while e-mails are sent; all of them arrive."""

import pytest

from rollcall.model.email import roster_entry
from tests.support.running import ONE, OTHER, SLUG, Rollcall
from tests.support.sendgrid_api import (
    Behaviour,
    answers,
    answers_garbage,
    answers_half,
    hangs_up,
    is_slow,
    resets,
    resets_unread,
)

pytestmark = pytest.mark.slow

CERTAIN = {
    "429": answers(429, {"Retry-After": "30"}, b""),
    "401": answers(401, {}, b'{"errors": [{"message": "The provided authorization grant is invalid"}]}'),
    "reset, unread": resets_unread,
}
"""The e-mail was not taken."""
IN_DOUBT = {
    "500": answers(500, {}, b""),
    "slow": is_slow,
    "hangs up": hangs_up,
    "reset": resets,
    "garbage": answers_garbage,
    "half": answers_half,
}
"""The e-mail may have been taken."""


@pytest.mark.parametrize("fault", [*CERTAIN, *IN_DOUBT])
@pytest.mark.parametrize("times", [1, 3])
def test_whoever_is_registered_is_confirmed(rollcall: Rollcall, fault: str, times: int) -> None:
    assert [rollcall.register(**ONE).status, rollcall.register(**OTHER).status] == [201, 201]
    behaviour: Behaviour = (CERTAIN | IN_DOUBT)[fault]
    rollcall.api.answers += [behaviour] * times
    rollcall.trigger()
    rollcall.send_all()
    rollcall.close_after_the_deadline()
    rollcall.send_all()

    assert rollcall.api.answers == []
    assert rollcall.registered() == rollcall.on_roster() == sorted([rollcall.id_of(**ONE), rollcall.id_of(**OTHER)])
    posted = rollcall.posted()
    told_of_the_hold = {id for id in posted if ".staff-digest." in id}
    assert len(told_of_the_hold) == (1 if fault == "401" else 0)
    enqueue = {
        rollcall.confirmation_of(**ONE),
        rollcall.confirmation_of(**OTHER),
        roster_entry(SLUG, 1, rollcall.event.secretariat).id,
    } | told_of_the_hold
    assert set(posted) == enqueue
    came_and_failed = 0 if behaviour is resets_unread else times
    assert posted.total() == len(enqueue) + came_and_failed
    assert rollcall.api.faults == []
