"""A link that somebody ended, at once or as soon as the instance reads the intake again."""

from datetime import timedelta
from functools import partial
from urllib.parse import urlsplit

import pytest

from handlers.register import register
from rollcall.desk.desk import Desk
from rollcall.model.intake import READ_AGAIN_AFTER
from rollcall.model.links import TO_STAFF, LinkPurpose
from rollcall.ops.commands import revoke_link
from rollcall.ops.connect import Database
from tests.support.builders import EVENTS, LINKS, registered
from tests.support.clock import Clock
from tests.support.desk import EVENT
from tests.support.in_process import ask
from tests.support.served import Answer


def a_link(purpose: LinkPurpose, clock: Clock, minutes: int = 1) -> str:
    until, to = clock.now + timedelta(minutes=minutes), EVENT.secretariat
    match purpose:
        case LinkPurpose.COMPLETE:
            return LINKS.completing(EVENT, "ID", 0, until)
        case LinkPurpose.RESOLVE:
            return LINKS.resolving(EVENT, "ID", to, until)
        case LinkPurpose.ROSTER:
            return LINKS.roster(EVENT, "ID", to, until)
        case LinkPurpose.AMEND:
            return LINKS.amending(EVENT, "ID", 0, to, until)
        case LinkPurpose.ADDRESS:
            return LINKS.confirming_address(EVENT, registered(id="ID", new_email=f"{minutes}@example.org"))
        case _:
            path = LINKS.received(EVENT, "ID", until, duplicate=purpose is LinkPurpose.ALREADY_REGISTERED)
            return f"{LINKS.form_page(EVENT)}/{path}"


def opening(desk: Desk, link: str, method: str = "GET") -> Answer:
    return ask(partial(register, desk), method, urlsplit(link).path, headers={"Accept": "text/html"})


@pytest.mark.parametrize("purpose", [one for one in LinkPurpose if one is not LinkPurpose.OWN])  # ended by a counter
def test_a_revoked_link_opens_nothing_and_others_go_on(desk: Desk, clock: Clock, purpose: LinkPurpose) -> None:
    ended = "<h1>This link has been ended</h1>"
    link, another = a_link(purpose, clock), a_link(purpose, clock, 2)
    assert ended not in opening(desk, link).text
    desk.store.intake(EVENT)
    database = Database(desk.store, "the test's", EVENTS)
    assert not revoke_link(database, f"<{link}>\n").data["was_revoked_before"]
    assert revoke_link(database, f"{link}=").data["was_revoked_before"]
    clock.now += READ_AGAIN_AFTER
    for written in (link, f"{link}="):
        page = opening(desk, written)
        assert (page.status, ended in page.text) == (410, True)
        assert ("this event’s staff" in page.text) == (purpose in TO_STAFF)
    assert ended not in opening(desk, another).text
