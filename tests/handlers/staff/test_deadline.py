"""The deadline's page, and invitations to register late."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

import pytest

from handlers.register import register as answer_register
from rollcall.desk.close import close
from rollcall.desk.desk import Desk
from rollcall.desk.register import Accepted, register
from rollcall.desk.roster import listed
from rollcall.desk.send import send_due
from rollcall.desk.versions import draw
from rollcall.links import SignedLinks
from rollcall.model.email import confirmation
from rollcall.model.registration import Registered, Registration, new_id
from rollcall.model.staff import Action, Role, StaffMember
from tests.support.builders import LINKS, a_form, a_registration, id_of
from tests.support.clock import Clock
from tests.support.desk import EVENT, Postbox
from tests.support.in_process import ask
from tests.support.served import Answer
from tests.support.staff_pages import FORM, StaffPages

EDITOR, LOOKER = EVENT.staff[0].address, "looker@itu.int"
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
INVITED = {"whom": "Ada Diallo", "reason": "visa", "until": "2004-02-24", "until_time": "18:00", "email": ""}


@pytest.fixture
def pages(desk: Desk) -> StaffPages:
    event = replace(EVENT, staff=(*EVENT.staff, StaffMember(LOOKER, Role.VIEWER)))
    return StaffPages(replace(desk, events={EVENT.slug: event}), EDITOR, event)


@pytest.fixture
def closed(pages: StaffPages, clock: Clock) -> StaffPages:
    """With Ben on the roster."""
    register(pages.desk, pages.event, person("Ben"))
    clock.now = EVENT.closes_at + SECOND
    assert close(pages.desk, pages.event)
    return pages


def person(name: str) -> Registration:
    return a_registration(first_name=name, email=f"{name.lower()}@example.org")


def comes_late(pages: StaffPages, name: str) -> None:
    """As an e-mail does, after the deadline."""
    id, late = new_id(), person(name)
    assert pages.desk.store.accept(EVENT.slug, id, late, confirmation(EVENT.slug, id, late.email))


def there(pages: StaffPages, name: str) -> Registered:
    found = pages.desk.store.registered(EVENT.slug, id_of(pages.desk.store, person(name)))
    assert found
    return found


def hidden(page: str, name: str) -> str:
    return page.partition(f'name="{name}" value="')[2].partition('"')[0]


def moved(pages: StaffPages, day: str, time: str = "", button: str | None = None) -> Answer:
    check = pages.get(f"deadline/move?{urlencode({'day': day, 'time': time})}")
    assert check.status == 200, check.text
    return pages.post("deadline/move", button, day=day, time=time, seen=hidden(check.text, "seen"), reason="snow")


def invited(pages: StaffPages, **fields: str) -> str:
    """The path of the link."""
    made = pages.post("deadline/invite", **{**INVITED, **fields})
    assert made.status == 303, made.text
    page = pages.get(urlsplit(made.headers["Location"]).path.removeprefix(f"/staff/{EVENT.slug}/")).text
    return urlsplit(page.partition('id="link"')[2].partition('value="')[2].partition('"')[0]).path


def filled_in(desk: Desk, path: str, name: str = "Ada", **answers: str) -> Answer:
    form = a_form(first_name=name, email=f"{name.lower()}@example.org", **answers)
    return ask(lambda request: answer_register(desk, request), "POST", f"{path}?send", urlencode(form), FORM)


def opened(desk: Desk, path: str) -> Answer:
    return ask(lambda request: answer_register(desk, request), "GET", path)


def invitation_page(pages: StaffPages) -> str:
    (one,) = pages.desk.store.invitations(EVENT.slug, 9)
    return f"deadline/invitations/{one.id}"


class TestMoving:
    def test_later(self, pages: StaffPages) -> None:
        assert moved(pages, "2004-02-22").status == 303
        intake = pages.desk.store.intake(EVENT)
        assert intake.closes_at == EVENT.closes_at + 2 * DAY
        assert "22 February 2004" in pages.get("deadline").text
        (entry,) = pages.desk.store.audit(EVENT.slug, None, 9)
        assert (entry.action, entry.by, entry.reason) == (Action.DEADLINE_MOVED, EDITOR, "snow")
        assert entry.before == {"closes_at": EVENT.closes_at.isoformat()}
        assert "the end of 22 February 2004 (Zurich time)" in pages.get("log").text

    @pytest.mark.parametrize(
        ("day", "time", "says"),
        [
            ("2004-02-02", "13:01", "Please give 2 February 2004, 13:02 (Zurich time) or a later time"),
            ("2004-02-29", "", "This is after the event’s end."),
            ("yesterday", "", "Please give a day"),
            ("", "", "Please give a day"),
        ],
    )
    def test_what_cannot_be(self, pages: StaffPages, day: str, time: str, says: str) -> None:
        query = urlencode({"day": day, "time": time})
        answer = pages.get(f"deadline/move?{query}")
        assert (answer.status, says in answer.text) == (422, True)
        assert pages.post("deadline/move", day=day, time=time, seen="").status in (409, 422)
        assert pages.desk.store.intake(EVENT).closes_at == EVENT.closes_at

    def test_what_it_means_is_said_before(self, pages: StaffPages, clock: Clock) -> None:
        """Of those who came late, while nobody has closed."""
        register(pages.desk, EVENT, person("Ada"))
        clock.now = EVENT.closes_at + SECOND
        comes_late(pages, "Late")
        said = pages.get("deadline/move?day=2004-02-22").text
        assert "1 person is late by the old deadline." in said
        assert "1 person is on time then" in said
        assert f"<bdi>{person('Late').full_name}</bdi>" in said

    def test_two_at_once(self, pages: StaffPages) -> None:
        seen = hidden(pages.get("deadline/move?day=2004-02-22").text, "seen")
        assert moved(pages, "2004-02-23").status == 303
        late = pages.post("deadline/move", day="2004-02-22", time="", seen=seen)
        assert late.status == 409
        assert pages.desk.store.intake(EVENT).closes_at == EVENT.closes_at + 3 * DAY

    def test_a_double_press(self, pages: StaffPages) -> None:
        """Though somebody moved it on since."""
        seen, button = hidden(pages.get("deadline/move?day=2004-02-22").text, "seen"), pages.button()
        for _ in range(2):
            assert pages.post("deadline/move", button, day="2004-02-22", time="", seen=seen).status == 303
        assert moved(pages, "2004-02-23").status == 303
        assert pages.post("deadline/move", button, day="2004-02-22", time="", seen=seen).status == 303
        assert pages.desk.store.intake(EVENT).closes_at == EVENT.closes_at + 3 * DAY
        assert len(pages.desk.store.intake(EVENT).history) == 2

    def test_a_viewer(self, pages: StaffPages) -> None:
        looks = replace(pages, address=LOOKER)
        assert 'method="post"' not in looks.get("deadline").text
        assert looks.post("deadline/move", day="2004-02-22", time="", seen="").status == 403
        assert looks.post("deadline/invite", **INVITED).status == 403
        assert pages.desk.store.audit(EVENT.slug, None, 9) == []


class TestOpeningAgain:
    def test_people_register_and_the_next_version_tells(
        self, closed: StaffPages, clock: Clock, postbox: Postbox
    ) -> None:
        list(send_due(closed.desk))
        assert moved(closed, "2004-02-22").status == 303
        intake = closed.desk.store.intake(EVENT)
        assert (intake.closing, [one.count for one in intake.versions], intake.looks_at) == (None, [1], None)
        assert "Registration is open again." in closed.get("deadline").text
        assert isinstance(register(closed.desk, EVENT, person("Ada")), Accepted)
        assert draw(closed.desk.store, EVENT) is None
        clock.now = intake.closes_at + SECOND
        assert close(closed.desk, EVENT)
        first, second = closed.desk.store.intake(EVENT).versions
        assert (first.number, second.number) == (1, 2)
        assert len([*listed(closed.desk.store, EVENT.slug, first)]) == 1
        assert len([*listed(closed.desk.store, EVENT.slug, second)]) == 2
        postbox.messages.clear()
        list(send_due(closed.desk))
        (roster,) = [one for one in postbox.messages if one.to == EDITOR and "Roster" in one.subject]
        assert "version 2" in roster.subject
        assert "1 person is new." in " ".join(roster.text.split())

    def test_not_for_the_past(self, closed: StaffPages) -> None:
        assert closed.get("deadline/move?day=2004-02-20").status == 422
        assert closed.get("deadline/move?day=2004-02-21&time=00:01").status == 422

    def test_while_somebody_draws_the_roster(self, closed: StaffPages, clock: Clock) -> None:
        """The mark is of the deadline, not of the versions."""
        seen = hidden(closed.get("deadline/move?day=2004-02-22").text, "seen")
        path = invited(closed)
        assert filled_in(closed.desk, path).status == 303
        assert draw(closed.desk.store, EVENT)
        assert closed.post("deadline/move", day="2004-02-22", time="", seen=seen).status == 303
        assert [one.count for one in closed.desk.store.intake(EVENT).versions] == [1, 2]


class TestInvitations:
    def test_one_person_registers_late_and_is_on_the_next_version(self, closed: StaffPages, postbox: Postbox) -> None:
        path = invited(closed)
        assert opened(closed.desk, path).status == 200
        assert "/received/" in filled_in(closed.desk, path).headers["Location"]
        ada = there(closed, "Ada")
        assert ada.admitted
        (one,) = closed.desk.store.invitations(EVENT.slug, 9)
        assert one.used_by == ada.id
        assert ada.reference in closed.get("deadline").text
        version = draw(closed.desk.store, EVENT)
        assert version
        assert version.count == 2
        list(send_due(closed.desk))
        (told,) = [one for one in postbox.messages if one.to == "ada@example.org"]
        assert "the secretariat has admitted you." in " ".join(told.text.split())

    def test_it_works_once(self, closed: StaffPages) -> None:
        path = invited(closed)
        assert filled_in(closed.desk, path).status == 303
        assert "/already-registered/" in filled_in(closed.desk, path).headers["Location"]
        other = filled_in(closed.desk, path, "Eva")
        assert (other.status, "It was for one person, who is registered." in other.text) == (410, True)
        assert opened(closed.desk, path).status == 410
        assert filled_in(closed.desk, path, hotel="Hotel Epsom").status == 409
        assert there(closed, "Ada").registration.answers["hotel"] == "Hôtel Cornavin"
        (waiting,) = closed.desk.store.differing_of(EVENT.slug, there(closed, "Ada").id, 9)
        assert waiting.registration.answers["hotel"] == "Hotel Epsom"
        assert len(closed.desk.store.registrations(EVENT.slug, None, 9)) == 2

    def test_two_forms_at_once(self, closed: StaffPages) -> None:
        """Whoever commits second finds it used."""
        path, store = invited(closed), closed.desk.store

        class Meanwhile:
            raced = False

            def __getattr__(self, name: str) -> object:
                if name == "accept" and not self.raced:
                    self.raced = True
                    assert filled_in(closed.desk, path, "Eva").status == 303
                return getattr(store, name)

        assert filled_in(replace(closed.desk, store=Meanwhile()), path).status == 410  # type: ignore[arg-type]
        assert len(store.registrations(EVENT.slug, None, 9)) == 2

    def test_somebody_who_withdrew_or_is_on_time(self, closed: StaffPages) -> None:
        path = invited(closed)
        on_time = filled_in(closed.desk, path, "Ben")
        assert "/already-registered/" in on_time.headers["Location"]
        assert closed.desk.store.invitations(EVENT.slug, 9)[0].used_by == ""
        assert filled_in(closed.desk, path).status == 303

    def test_a_form_that_came_late_is_admitted(self, closed: StaffPages) -> None:
        """As it came."""
        late = closed.desk.store.accept(
            EVENT.slug, "LATE", person("Ada"), confirmation(EVENT.slug, "LATE", "ada@example.org")
        )
        assert late
        assert not there(closed, "Ada").admitted
        assert "/already-registered/" in filled_in(closed.desk, invited(closed)).headers["Location"]
        assert there(closed, "Ada").admitted

    @pytest.mark.parametrize("how", ["expired", "revoked", "another event", "cut", "of another purpose"])
    def test_a_link_that_does_not_work(self, closed: StaffPages, clock: Clock, how: str) -> None:
        path, desk = invited(closed), closed.desk
        if how == "expired":
            clock.now = EVENT.over_at - DAY
        elif how == "revoked":
            assert closed.post(f"{invitation_page(closed)}/revoke").status == 303
        elif how == "another event":
            path = path.replace(EVENT.slug, "other")
            desk = replace(desk, events={**desk.events, "other": replace(EVENT, slug="other")})
        elif how == "cut":
            path = path[:-2]
        else:
            path = path.replace("/late/", "/own/")
        if how != "of another purpose":
            assert opened(desk, path).status == 410
            assert "please write to" in opened(desk, path).text
        assert filled_in(desk, path).status in (404, 405, 410)
        assert len(desk.store.registrations(EVENT.slug, None, 9)) == 1

    def test_after_the_keys_were_rotated(self, closed: StaffPages) -> None:
        path, key = invited(closed), LINKS.key
        for keys, status in ((f"{key} another-key-of-the-tests-in-32-letters", 200), ("x" * 40, 410)):
            links = SignedLinks(keys, LINKS.pages)
            assert opened(replace(closed.desk, links=links), path).status == status

    def test_it_is_sent(self, closed: StaffPages, postbox: Postbox) -> None:
        path = invited(closed, email="ada@example.org", language="fr")
        list(send_due(closed.desk))
        (one,) = [one for one in postbox.messages if one.to == "ada@example.org"]
        assert path in one.text.replace("\n", "")
        assert '<html lang="fr"' in one.html

    def test_one_that_was_revoked_meanwhile_is_not_sent(self, closed: StaffPages, postbox: Postbox) -> None:
        invited(closed, email="ada@example.org")
        closed.post(f"{invitation_page(closed)}/revoke")
        list(send_due(closed.desk))
        assert [one for one in postbox.messages if one.to == "ada@example.org"] == []

    @pytest.mark.parametrize(
        "wrong", [{"whom": " "}, {"reason": ""}, {"until": "2004-02-29"}, {"until": "2004-02-01"}, {"email": "nobody"}]
    )
    def test_what_is_wrong_is_said(self, closed: StaffPages, wrong: dict[str, str]) -> None:
        answer = closed.post("deadline/invite", **{**INVITED, **wrong})
        assert answer.status == 422
        assert 'class="error"' in answer.text
        assert closed.desk.store.invitations(EVENT.slug, 9) == []

    def test_a_double_press_makes_one(self, closed: StaffPages) -> None:
        button = closed.button()
        for _ in range(2):
            assert closed.post("deadline/invite", button, **INVITED).status == 303
        assert len(closed.desk.store.invitations(EVENT.slug, 9)) == 1

    def test_a_viewer_sees_no_link(self, closed: StaffPages) -> None:
        invited(closed, whom="<script>alert(1)</script>")
        looks = replace(closed, address=LOOKER)
        page = looks.get(invitation_page(closed)).text
        assert "/late/" not in page
        assert "<script>alert" not in page
        assert looks.post(f"{invitation_page(closed)}/revoke").status == 403
