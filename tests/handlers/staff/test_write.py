"""Writing to people, from the draft to the outbox."""

from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from handlers.send_due_mail import send_due_mail
from rollcall.desk.amend import withdraw
from rollcall.desk.deliveries import record_deliveries
from rollcall.desk.desk import Desk
from rollcall.desk.receive import read_in, receive
from rollcall.desk.register import register
from rollcall.desk.send import send_due
from rollcall.model.email import DeliveryEvent, Email, EmailStatus
from rollcall.model.registration import Registration
from rollcall.model.staff import Action, Role, StaffMember
from tests.support.builders import CANNOT_COME, a_form_in_text, a_registration, id_of
from tests.support.desk import EVENT, Postbox
from tests.support.inbound import raw_post, stored
from tests.support.scheduler import POST
from tests.support.staff_pages import StaffPages

WRITER = EVENT.staff[0].address
LOOKER = "looker@itu.int"
WORDS = {"subject-en": "The room changed", "text-en": "We meet in room K.\n\nSee https://example.org/k."}


@pytest.fixture
def pages(desk: Desk) -> StaffPages:
    event = replace(EVENT, staff=(*EVENT.staff, StaffMember(LOOKER, Role.VIEWER)))
    return StaffPages(replace(desk, events={EVENT.slug: event}), WRITER, event)


@pytest.fixture
def people(desk: Desk) -> list[str]:
    for name in ("Ada", "Ben", "Cid"):
        register(desk, EVENT, person(name))
    list(send_due(desk))
    return [id_of(desk.store, person(name)) for name in ("Ada", "Ben", "Cid")]


def person(name: str) -> Registration:
    return a_registration(first_name=name, email=f"{name.lower()}@example.org")


def below(location: str) -> str:
    return urlsplit(location).path.removeprefix(f"/staff/{EVENT.slug}/")


def hidden(page: str, name: str) -> str:
    return page.partition(f'name="{name}" value="')[2].partition('"')[0]


def drafted(pages: StaffPages, query: str = "", **words: str) -> str:
    """Where the draft is."""
    form = pages.get(f"write/new{query}").text
    saved = pages.post("write/new", seen="", to=hidden(form, "to").replace("&amp;", "&"), **{**WORDS, **words})
    assert saved.status == 303, saved.text
    return below(saved.headers["Location"])


def tried(pages: StaffPages, where: str) -> None:
    assert pages.post(f"{where}/try", seen=hidden(pages.get(where).text, "seen")).status == 303


def sent_off(pages: StaffPages, where: str, button: str | None = None) -> int:
    check = pages.get(f"{where}/send").text
    return pages.post(f"{where}/send", button, seen=hidden(check, "seen"), count=hidden(check, "count")).status


def goes_out(pages: StaffPages, postbox: Postbox) -> list[Email]:
    postbox.messages.clear()
    assert send_due_mail(pages.desk, POST).status_code == 200
    return sorted(postbox.messages, key=lambda one: one.to)


def test_from_the_draft_to_the_people(pages: StaffPages, people: list[str], postbox: Postbox) -> None:
    where = drafted(pages)
    shown = pages.get(where).text
    assert "We meet in room K." in shown
    assert f"{where}/send" not in shown
    tried(pages, where)
    (trial,) = goes_out(pages, postbox)
    assert (trial.to, trial.subject) == (WRITER, "The room changed")
    assert "Dear [Name]," in trial.text
    assert "/own/" not in trial.html
    assert "It goes to 3 people now." in pages.get(f"{where}/send").text
    assert sent_off(pages, where) == 303
    emails = goes_out(pages, postbox)
    assert [one.to for one in emails] == ["ada@example.org", "ben@example.org", "cid@example.org"]
    ada = emails[0]
    assert "Dear Ms. Diallo," in ada.text
    assert "room K.\n\nSee https://example.org/k." in ada.text
    assert 'href="https://example.org/k"' in ada.html
    assert "/own/" in ada.html
    assert goes_out(pages, postbox) == []
    page = pages.get(where).text
    assert "<dd>Sent</dd>" in page
    assert "<dt>E-mails made so far</dt><dd>3</dd>" in page
    assert {one.action for one in pages.desk.store.audit(EVENT.slug, None, 9)} == {
        Action.ANNOUNCED,
        Action.ANNOUNCEMENT_TRIED,
        Action.ANNOUNCEMENT_WRITTEN,
    }


def test_it_is_not_sent_before_somebody_read_it(pages: StaffPages, people: list[str], postbox: Postbox) -> None:
    where = drafted(pages)
    seen = hidden(pages.get(where).text, "seen")
    assert pages.post(f"{where}/send", seen=seen, count="3").status == 409
    tried(pages, where)
    changed = pages.post(where, seen=seen, to="", **{**WORDS, "text-en": "Another text"})
    assert changed.status == 303
    now = hidden(pages.get(where).text, "seen")
    assert now != seen
    assert pages.post(f"{where}/send", seen=now, count="3").status == 409
    assert goes_out(pages, postbox) == [] or all(one.to == WRITER for one in postbox.messages)


def test_a_double_press_sends_it_once(pages: StaffPages, people: list[str], postbox: Postbox) -> None:
    where = drafted(pages)
    tried(pages, where)
    goes_out(pages, postbox)
    check, button = pages.get(f"{where}/send").text, pages.button()
    for _ in range(2):
        again = pages.post(f"{where}/send", button, seen=hidden(check, "seen"), count="3")
        assert again.status == 303
    assert len(goes_out(pages, postbox)) == 3


def test_two_of_the_staff_at_one_draft(pages: StaffPages, people: list[str]) -> None:
    where = drafted(pages)
    seen = hidden(pages.get(where).text, "seen")
    assert pages.post(where, seen=seen, to="", **{**WORDS, "text-en": "Mine"}).status == 303
    late = pages.post(where, seen=seen, to="", **{**WORDS, "text-en": "Yours"})
    assert late.status == 409
    assert "Mine" in pages.get(where).text


def test_those_that_a_filter_shows(pages: StaffPages, people: list[str], postbox: Postbox) -> None:
    associate = a_registration(first_name="Eva", email="eva@example.org", category="associate")
    register(pages.desk, EVENT, associate)
    goes_out(pages, postbox)
    where = drafted(pages, "?is-category=associate&unknown=1&is-nothing=2")
    tried(pages, where)
    goes_out(pages, postbox)
    assert "It goes to 1 person now." in pages.get(f"{where}/send").text
    sent_off(pages, where)
    assert [one.to for one in goes_out(pages, postbox)] == ["eva@example.org"]


def test_whoever_withdraws_in_between_gets_none(pages: StaffPages, people: list[str], postbox: Postbox) -> None:
    where = drafted(pages)
    tried(pages, where)
    goes_out(pages, postbox)
    sent_off(pages, where)
    withdraw(pages.desk, EVENT, people[1], CANNOT_COME)
    to = [one.to for one in goes_out(pages, postbox) if one.subject == "The room changed"]
    assert to == ["ada@example.org", "cid@example.org"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"subject-en": ""}, "Please write a subject."),
        ({"text-en": "  \n "}, "Please write a text."),
        ({"subject-en": "x" * 151}, "Please shorten this to 150 characters; it has 151."),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_lost(pages: StaffPages, words: dict[str, str], says: str) -> None:
    answer = pages.post("write/new", seen="", to="standing=late", **{**WORDS, **words})
    assert answer.status == 422
    assert says in answer.text
    assert {**WORDS, **words}["text-en"].strip() in answer.text
    assert "standing=late" in answer.text
    assert pages.desk.store.announcements(EVENT.slug, 9) == []


def test_markup_and_headers_in_it(pages: StaffPages, people: list[str], postbox: Postbox) -> None:
    evil = {
        "subject-en": "Room\r\nBcc: all@example.org\x00 <script>alert(1)</script>",
        "text-en": '<img src=x onerror=alert(1)> {{ 7*7 }} javascript:alert(1) https://a.example/"on="x \u202e',
    }
    where = drafted(pages, **evil)
    for path in (where, f"{where}/preview/en", "write"):
        text = pages.get(path).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text
    html = pages.get(f"{where}/preview/en")
    assert "sandbox" in html.headers["Content-Security-Policy"]
    tried(pages, where)
    goes_out(pages, postbox)
    sent_off(pages, where)
    one = goes_out(pages, postbox)[0]
    assert one.subject == "Room Bcc: all@example.org <script>alert(1)</script>"
    assert "<img" not in one.html
    assert "{{ 7*7 }}" in one.html
    assert 'href="javascript' not in one.html
    assert 'on="x' not in one.html
    assert "\u202e" not in one.text


def test_who_bounced_is_shown(pages: StaffPages, people: list[str], postbox: Postbox) -> None:
    where = drafted(pages)
    tried(pages, where)
    goes_out(pages, postbox)
    sent_off(pages, where)
    bounced = goes_out(pages, postbox)[0]
    record_deliveries(pages.desk, [DeliveryEvent(bounced.email_id, EmailStatus.BOUNCED, "550 <b>no such user</b>")])
    page = pages.get(where).text
    assert "550 &lt;b&gt;no such user" in page
    assert f"registrations/{people[0]}" in page


def test_a_viewer_sees_it_and_presses_nothing(pages: StaffPages, people: list[str]) -> None:
    where = drafted(pages)
    looks = replace(pages, address=LOOKER)
    assert looks.get("write").status == 200
    assert 'method="post"' not in looks.get("write").text
    seen = hidden(looks.get(where).text, "seen")
    for path in ("write/new", where, f"{where}/try", f"{where}/send", "write/remind"):
        assert looks.post(path, seen=seen, to="", count="1", **WORDS).status == 403
    assert len(pages.desk.store.audit(EVENT.slug, None, 9)) == 1


def test_one_of_another_event_is_not_there(pages: StaffPages, people: list[str]) -> None:
    where = drafted(pages)
    other = replace(EVENT, slug="other")
    elsewhere = replace(pages, desk=replace(pages.desk, events={"other": other}), event=other)
    for path in (where, f"{where}/send", f"{where}/preview/en"):
        assert elsewhere.get(path).status == 404
    assert elsewhere.post(f"{where}/send", seen="", count="1").status == 404


def test_those_who_are_to_complete_a_form_are_reminded_once(pages: StaffPages, postbox: Postbox) -> None:
    form = a_form_in_text(first_name="Ada", email="ada@example.org", signature="")
    raw = f"From: ada@example.org\r\nMessage-ID: <1@example.org>\r\n\r\n{form}"
    assert read_in(pages.desk, receive(pages.desk, stored(*raw_post(raw.encode()))))
    goes_out(pages, postbox)
    assert "1 e-mail had a form" in pages.get("write/remind").text
    button = pages.button()
    for _ in range(2):
        answer = pages.post("write/remind", button)
        assert answer.status == 303
        assert "1 reminder goes out" in pages.get(f"write?{urlsplit(answer.headers['Location']).query}").text
    assert [one.to for one in goes_out(pages, postbox)] == ["ada@example.org"]


def test_a_text_that_is_changed_on_a_page_whose_button_was_pressed_is_kept(pages: StaffPages) -> None:
    draft = drafted(pages)
    button, seen = pages.button(), hidden(pages.get(draft).text, "seen")
    assert pages.post(f"{draft}/try", button, seen=seen).status == 303
    assert pages.post(draft, button, **{**WORDS, "subject-en": "Another room"}, seen=seen, to="").status == 303
    assert "Another room" in pages.get(draft).text
