"""What a person sees and is told of what the staff did with their registration."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from urllib.parse import urlsplit

from handlers.register import register as register_page
from rollcall.desk.close import close
from rollcall.desk.desk import Desk
from rollcall.desk.receive import read_in, receive
from rollcall.desk.register import Accepted, Late, register, register_emailed
from rollcall.desk.send import send_due
from rollcall.desk.staff.person import admit, merge
from rollcall.emails import roster
from rollcall.model.email import confirmation, links_to, roster_entry
from rollcall.model.registration import Registered, new_id
from rollcall.model.staff import Press
from tests.support.builders import LINKS, a_registration
from tests.support.clock import Clock
from tests.support.desk import EVENT, Postbox
from tests.support.in_process import ask
from tests.support.inbound import raw_post, stored
from tests.support.served import Answer

ADDRESS = a_registration().email


def press(desk: Desk) -> Press:
    return Press(new_id(), EVENT.staff[0].address, desk.store.now())


def there(desk: Desk, id: str) -> Registered:
    found = desk.store.registered(EVENT.slug, id)
    assert found is not None
    return found


def two_made_one(desk: Desk) -> tuple[Registered, Registered]:
    ids = []
    for name in ("Élodie", "Elodie"):
        accepted = register(desk, EVENT, a_registration(first_name=name))
        assert isinstance(accepted, Accepted)
        ids.append(accepted.id)
    merge(desk, EVENT, press(desk), *ids)
    return there(desk, ids[0]), there(desk, ids[1])


def at_own(desk: Desk, of: Registered, method: str = "GET", below: str = "") -> Answer:
    path = f"{urlsplit(LINKS.own(EVENT, of)).path}{below}"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return ask(lambda request: register_page(desk, request), method, path, "", headers)


def test_a_double_is_told_that_they_are_registered(desk: Desk) -> None:
    first, double = two_made_one(desk)
    for below in ("", "/change", "/withdraw"):
        page = at_own(desk, double, below=below)
        assert page.status == 200
        assert "You are registered for" in page.text
        assert first.reference in page.text
        assert "withdrawn" not in re.sub("<style>.*?</style>|<script>.*?</script>", "", page.text, flags=re.DOTALL)
        assert LINKS.own(EVENT, first) not in page.text
    at_own(desk, double, "POST", "/withdraw")
    assert not there(desk, first.id).is_withdrawn


def test_a_double_whose_other_was_withdrawn_is_told_so(desk: Desk) -> None:
    first, double = two_made_one(desk)
    at_own(desk, first, "POST", "/withdraw")
    assert "This registration is withdrawn" in unescape(at_own(desk, double).text)


def test_the_links_of_an_address_leave_the_double_out(desk: Desk, postbox: Postbox) -> None:
    first, double = two_made_one(desk)
    desk.store.enqueue(links_to(EVENT.slug, "MARK", ADDRESS, desk.store.now()))
    list(send_due(desk))
    (email,) = [one for one in postbox.messages if ".links." in one.email_id]
    assert first.reference in email.text
    assert double.reference not in email.text


def test_an_answer_to_the_doubles_confirmation_is_about_the_other(desk: Desk) -> None:
    first, double = two_made_one(desk)
    reply_to = confirmation(EVENT.slug, double.id, "").id
    head = f"From: {ADDRESS}\r\nMessage-ID: <x@example.org>\r\nIn-Reply-To: <{reply_to}@desk.example.org>\r\n\r\n"
    inbound = read_in(desk, receive(desk, stored(*raw_post(f"{head}I am sorry, I cannot come.".encode()))))
    assert inbound is not None
    assert [form.registration_id for form in inbound.forms] == [first.id]
    assert there(desk, first.id).is_withdrawn


def test_an_admitted_one_sees_that_they_are_registered(desk: Desk, clock: Clock) -> None:
    clock.now = EVENT.closes_at + timedelta(seconds=1)
    late = register_emailed(desk, EVENT, a_registration(), clock.now, ())
    assert isinstance(late, Late)
    assert "after the deadline" in at_own(desk, there(desk, late.id)).text
    admit(desk, EVENT, press(desk), late.id, "the fax was down")
    page = at_own(desk, there(desk, late.id)).text
    assert "is registered for" in page
    assert "after the deadline" not in page


def test_the_roster_lists_whom_the_staff_admitted_and_not_among_the_late(desk: Desk, clock: Clock) -> None:
    clock.now = EVENT.closes_at + timedelta(seconds=1)
    late = [
        register_emailed(desk, EVENT, a_registration(first_name=name), clock.now, ()) for name in ("Admitted", "Late")
    ]
    assert close(desk, EVENT)
    assert isinstance(late[0], Late)
    admit(desk, EVENT, press(desk), late[0].id, "")
    entry, intake = roster_entry(EVENT.slug, 1, EVENT.staff[0].address), desk.store.intake(EVENT)
    content = roster.gather(replace(desk), EVENT, entry, intake)
    assert content.on_roster == 1
    assert [one.registered.registration.first_name for one in content.late.shown] == ["Late"]
