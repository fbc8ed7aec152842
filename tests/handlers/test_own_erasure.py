"""Asking to be erased by one's own link."""

from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest

from handlers.register import register
from rollcall.desk.desk import Desk
from rollcall.desk.personal_data.ask import decide, refuse
from rollcall.desk.register import Accepted
from rollcall.desk.register import register as register_at_desk
from rollcall.model.personal_data import Erasure, ErasureStatus, Ground
from rollcall.model.registration import Registered
from rollcall.model.staff import Press
from tests.support.builders import LINKS, a_registration, an_event
from tests.support.desk import EVENT
from tests.support.in_process import ask
from tests.support.served import Answer

PAGE = {"Accept": "text/html", "Content-Type": "application/x-www-form-urlencoded"}
XSS = "<script>alert(1)</script>"


@pytest.fixture
def there(desk: Desk) -> Registered:
    accepted = register_at_desk(desk, EVENT, a_registration())
    assert isinstance(accepted, Accepted)
    one = desk.store.registered(EVENT.slug, accepted.id)
    assert one
    return one


def at(desk: Desk, there: Registered, below: str = "", method: str = "GET") -> Answer:
    path = urlsplit(LINKS.own(EVENT, there)).path + below
    return ask(partial(register, desk), method, path, headers=PAGE)


def status(desk: Desk, there: Registered) -> ErasureStatus | None:
    erasure = desk.store.erasure(there.id)
    return erasure.status if erasure else None


def a_press(desk: Desk, id: str = "P") -> Press:
    return Press(id, EVENT.staff[0].address, desk.store.now())


def test_asks_takes_back_and_asks_again(desk: Desk, there: Registered) -> None:
    assert "/erase" in at(desk, there).text
    page = at(desk, there, "/erase")
    assert page.status == 200
    assert "no longer registered" in page.text
    assert "What stays" in page.text
    answer = at(desk, there, "/erase?ask", "POST")
    assert (answer.status, answer.headers["Location"]) == (303, f"{urlsplit(LINKS.own(EVENT, there)).path}?asked")
    assert status(desk, there) is ErasureStatus.ASKED
    assert "You asked us to erase your personal data" in at(desk, there).text
    assert at(desk, there, "/erase").status == 303
    assert at(desk, there, "/erase?back", "POST").status == 303
    assert status(desk, there) is ErasureStatus.TAKEN_BACK
    page = at(desk, there, "?taken-back")
    assert "You asked us to erase your personal data" not in page.text
    assert "Your request is taken back." in page.text
    assert at(desk, there, "/erase?ask", "POST").status == 303
    assert status(desk, there) is ErasureStatus.ASKED


@pytest.mark.parametrize("way", [("/erase", "GET"), ("/erase", "POST"), ("/erase?send", "POST"), ("/erase?ask", "GET")])
def test_whatever_opens_or_posts_to_the_link_alone_asks_nothing(
    desk: Desk, there: Registered, way: tuple[str, str]
) -> None:
    assert at(desk, there, *way).status == 200
    assert status(desk, there) is None


def test_a_refusal_is_shown_with_its_answer(desk: Desk, there: Registered) -> None:
    at(desk, there, "/erase?ask", "POST")
    refuse(desk, EVENT, a_press(desk), there.id, f"No.\n{XSS}")
    page = at(desk, there)
    assert "We do not erase your personal data" in page.text
    assert "&lt;script&gt;alert(1)" in page.text
    assert XSS not in page.text
    assert EVENT.responsible in page.text
    at(desk, there, "/erase?ask", "POST")
    assert "&lt;script&gt;" not in at(desk, there).text


@pytest.mark.parametrize(
    "way",
    [
        ("", "GET"),
        ("/change", "GET"),
        ("/change?send", "POST"),
        ("/withdraw", "POST"),
        ("/new-link", "POST"),
        ("/erase?ask", "POST"),
    ],
)
def test_whoever_is_being_erased_can_do_nothing_else(desk: Desk, there: Registered, way: tuple[str, str]) -> None:
    decide(desk, EVENT, a_press(desk), there.id, Ground.ASKED)
    page = at(desk, there, *way)
    assert page.status == 200
    assert "Your personal data is being erased" in page.text
    assert there.registration.family_name not in page.text
    assert desk.store.registered(EVENT.slug, there.id) == there


def _gone(desk: Desk, there: Registered, **changes: Any) -> Registered:
    """A link to a registration that is erased."""
    gone = replace(there, id="0" * 24)
    erased = Erasure(gone.id, EVENT.slug, ErasureStatus.ERASED, erased_at=desk.store.now())
    assert desk.store.save_erasure(replace(erased, **changes))
    return gone


@pytest.mark.parametrize("below", ["", "/change", "/erase", "/withdraw"])
def test_the_link_of_whoever_was_erased_says_so(desk: Desk, there: Registered, below: str) -> None:
    page = at(desk, _gone(desk, there), below)
    assert page.status == 410
    assert "This registration is erased" in page.text


@pytest.mark.parametrize("changes", [{"event": "other"}, {"erased_at": None, "status": ErasureStatus.DUE}])
def test_whoever_was_not_erased_here_is_not_said_to_be(desk: Desk, there: Registered, changes: dict[str, Any]) -> None:
    page = at(desk, _gone(desk, there, **changes))
    assert page.status == 410
    assert "is erased" not in page.text


def test_the_link_of_another_event_asks_nothing(desk: Desk, there: Registered) -> None:
    other = an_event(slug="other")
    path = urlsplit(LINKS.own(other, there)).path.replace("other", EVENT.slug)
    answer = ask(partial(register, desk), "POST", f"{path}/erase?ask", headers=PAGE)
    assert answer.status == 410
    assert status(desk, there) is None
