"""A person's own registration: each page, and each outcome of a change, a withdrawal and a new address."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from hashlib import sha256
from html import unescape
from unittest import mock
from urllib.parse import urlencode, urlsplit

import pytest

from handlers.register import register
from rollcall.desk import amend
from rollcall.desk.desk import Desk
from rollcall.desk.limits import Limits
from rollcall.links import SignedLinks
from rollcall.model.email import EmailKind, EmailStatus, confirmation, withdrawal_notice
from rollcall.model.errors import StoreUnavailable
from rollcall.model.inbound import FormStatus, InboundForm, InboundStatus
from rollcall.model.registration import Actor, Change, Registered, Revision, Way, Why, base32, person_key
from schemas.form import read_form
from tests.support.builders import LINKS, a_form, a_registration, an_event_in, registered
from tests.support.clock import Clock
from tests.support.desk import EVENT
from tests.support.in_process import ask
from tests.support.linked_pages import INCOMPLETE
from tests.support.served import Answer

PAGE = {"Accept": "text/html"}
FORM = PAGE | {"Content-Type": "application/x-www-form-urlencoded"}
PATH = f"/register/{EVENT.slug}"
OLD, NEW = str(a_form()["email"]), "new@example.org"
DAY = timedelta(days=1)


def get(desk: Desk, path: str, method: str = "GET") -> Answer:
    return ask(partial(register, desk), method, path, headers=PAGE)


def post(desk: Desk, path: str, /, **answers: object) -> Answer:
    return ask(partial(register, desk), "POST", path, urlencode(answers), FORM)


@pytest.fixture
def there(desk: Desk) -> Registered:
    """Amina is registered."""
    assert post(desk, PATH, **a_form()).status == 303
    (one,) = desk.store.registrations(EVENT.slug, None, 9)
    return one


def now(desk: Desk, there: Registered) -> Registered:
    read = amend.read(desk, EVENT, there.id)
    assert read is not None
    return read


def own(desk: Desk, there: Registered) -> str:
    return urlsplit(LINKS.own(EVENT, now(desk, there))).path


def history(desk: Desk, there: Registered) -> list[Revision]:
    return list(desk.store.history(EVENT.slug, now(desk, there)))


def owed(desk: Desk, there: Registered) -> list[str]:
    """Ids of the e-mails about it, without those of before any change."""
    ids = sorted(one.id.removeprefix(f"{EVENT.slug}.{there.id}.") for one in desk.store.entries_about(there.id, 99))
    return [id for id in ids if id != "confirmation"]


def heading(page: Answer) -> str:
    (text,) = re.findall("<h1>(.*?)</h1>", page.text)
    return unescape(str(text))


def hidden(page: Answer) -> dict[str, str]:
    found = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text)
    return {name: unescape(value) for name, value in found}


def compared(page: Answer) -> list[tuple[str, str, str]]:
    """Label, before and after."""
    row = r'<dt>([^<]*)</dt>\s*<dd>.*?class="lines">([^<]*)</div></dd>\s*<dd>.*?<strong>([^<]*)</strong>'
    return [(label, unescape(was), unescape(new)) for label, was, new in re.findall(row, page.text, re.DOTALL)]


def changed(desk: Desk, there: Registered, **answers: object) -> Answer:
    """What the form answers, once what it asks to check is saved as it is."""
    address = f"{own(desk, there)}/change"
    form = a_form(**answers) | {"_revision": now(desk, there).revision}
    page = post(desk, f"{address}?check", **form)
    return post(desk, f"{address}?send", **hidden(page)) if page.status == 200 else page


def saved(desk: Desk, there: Registered, seen: int | None = None, **answers: object) -> Answer:
    """What is answered to a press of Save, under the revision that was seen."""
    revision = now(desk, there).revision if seen is None else seen
    return post(desk, f"{own(desk, there)}/change?send", **a_form(**answers) | {"_revision": revision})


# ---- seeing


def test_shows_what_is_registered_what_may_be_done_and_what_was_sent(desk: Desk, there: Registered) -> None:
    page = get(desk, own(desk, there))
    assert (page.status, heading(page)) == (200, "Your registration")
    for said in (
        there.reference,
        "Hôtel Cornavin",
        "Administration of ITU Member State",
        "the end of 20 February 2004",
    ):
        assert said in page.text
    for link in ("/change", "/withdraw"):
        assert f'href="{own(desk, there)}{link}"' in page.text
    assert re.search(rf"Confirmation<br><bdi>{OLD}</bdi><br>pending", page.text)
    entry = desk.store.entry(confirmation(EVENT.slug, there.id, OLD).id)
    assert entry
    assert desk.store.save_entry(replace(entry, status=EmailStatus.BOUNCED, due_at=None))
    told = get(desk, own(desk, there)).text
    assert re.search(r">bounced</strong>", told)
    assert "did not arrive" in told


@pytest.mark.parametrize("below", ["", "/change", "/withdraw", "/change?answers", "/new-link", "/keep-address"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_opening_a_page_changes_nothing(desk: Desk, there: Registered, method: str, below: str) -> None:
    changed(desk, there, email=NEW)
    before, mails = now(desk, there), owed(desk, there)
    page = get(desk, own(desk, there) + below, method)
    assert page.status == 200
    assert (now(desk, there), owed(desk, there)) == (before, mails)


@pytest.mark.parametrize("below", ["", "/change", "/withdraw", "/nowhere"])
def test_the_pages_are_kept_nowhere_and_found_by_nobody(desk: Desk, there: Registered, below: str) -> None:
    link = own(desk, there)
    for page in (get(desk, link + below), post(desk, f"{link}/change?check", **a_form(email=""))):
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["X-Robots-Tag"] == "noindex"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert "form-action 'self'; base-uri 'none'; frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("link", ["address/none", "amend/none", "own/none", "own", "address", "amend"])
def test_a_link_that_was_cut_is_damaged(desk: Desk, link: str) -> None:
    page = get(desk, f"{PATH}/{link}")
    assert (page.status, heading(page)) == (410, "This link is damaged")
    assert (page.headers["Cache-Control"], page.headers["X-Robots-Tag"]) == ("no-store", "noindex")


SOMEBODY = registered(id="N" * 24)
OTHERS = LINKS.own(replace(EVENT, slug="other"), SOMEBODY).replace("/other/", f"/{EVENT.slug}/")
ROTATED = SignedLinks("another-key-of-the-tests-in-32-letters", LINKS.pages)


@pytest.mark.parametrize(
    ("altered", "said"),
    [
        (lambda link: f"{link[:-60]}%0D%0A%20{link[-60:]}", "Your registration"),
        (lambda link: link[:-2], "This link is damaged"),
        (lambda link: f"{link}%3E", "This link is damaged"),
        (lambda link: link.replace("/own/", "/address/"), "This link is damaged"),
        (lambda _: OTHERS, "This link is damaged"),
        (lambda _: ROTATED.own(EVENT, SOMEBODY), "This link is damaged"),
        (lambda _: LINKS.own(EVENT, SOMEBODY), "This registration is not here"),
    ],
    ids=["with a line break", "cut", "with a bracket", "another purpose", "another event", "another key", "gone"],
)
@pytest.mark.parametrize("below", ["", "/change", "/withdraw", "/new-link", "/keep-address"])
def test_a_link_that_does_not_work_says_why_and_does_nothing(
    desk: Desk, there: Registered, altered: Callable[[str], str], said: str, below: str
) -> None:
    link, works = urlsplit(altered(own(desk, there))).path, said == "Your registration"
    page = get(desk, link)
    assert (page.status, heading(page)) == (200 if works else 410, said)
    if not works:
        answer = post(desk, f"{link}{below}", **a_form(hotel="Another"))
        assert answer.status in (404, 405, 410)
        assert now(desk, there) == there


def test_while_the_key_is_changed_older_links_work(desk: Desk, there: Registered) -> None:
    both = replace(desk, links=replace(LINKS, key=f"{LINKS.key} {ROTATED.key}"))
    assert get(both, own(desk, there)).status == 200


def test_after_the_event_one_sees_what_is_registered_and_changes_nothing(
    desk: Desk, there: Registered, clock: Clock
) -> None:
    assert changed(desk, there, email=NEW).status == 303
    link, before = own(desk, there), now(desk, there)
    clock.now = EVENT.over_at + timedelta(seconds=1)
    page = get(desk, link)
    assert (page.status, heading(page)) == (200, "Your registration")
    assert "It opens until the end of 26 February 2005" in page.text
    assert re.findall('(?:action|class="button" href)="[^"]*/([^/"]+)"', page.text) == ["new-link"]
    for below, fields in (("withdraw", {}), ("keep-address", {}), ("change?send", a_form() | {"_revision": 2})):
        assert post(desk, f"{link}/{below}", **fields).status == 410
    assert get(desk, f"{link}/withdraw").status == 410
    assert now(desk, there) == before
    assert post(desk, f"{link}/new-link").status == 200


def test_a_link_opens_while_personal_data_is_kept(desk: Desk, there: Registered, clock: Clock) -> None:
    clock.now = EVENT.keep_until - timedelta(seconds=1)
    assert get(desk, own(desk, there)).status == 200
    clock.now += timedelta(seconds=2)
    page = get(desk, own(desk, there))
    assert (page.status, heading(page)) == (410, "Personal data of this event was deleted")
    assert "It was kept until 26 February 2005" in page.text


def test_the_person_ends_a_link_and_gets_a_new_one(desk: Desk, there: Registered) -> None:
    old = own(desk, there)
    page = post(desk, f"{old}/new-link")
    assert (page.status, heading(page)) == (200, "This link is ended")
    assert owed(desk, there) == ["links.2"]
    for below in ("", "/change", "/withdraw"):
        ended = get(desk, old + below)
        assert (ended.status, heading(ended)) == (410, "This link has been ended")
        assert f'href="{PATH}/en/find"' in ended.text
    for below in ("/change?send", "/withdraw", "/new-link"):
        assert post(desk, old + below, **a_form(hotel="Another")).status == 410
    assert len(history(desk, there)) == 1
    assert get(desk, own(desk, there)).status == 200


def test_a_revision_that_came_too_late_is_shown_nowhere(desk: Desk, there: Registered, clock: Clock) -> None:
    """Whoever made it died before it was taken back."""
    link = own(desk, there)
    after = replace(there, revision=2, registration=a_registration(answers={"hotel": "Late"}), until=clock.now)
    clock.now += timedelta(minutes=1)
    change = Change(Actor.REGISTRANT, Way.LINK, Why.CHANGED)
    assert desk.store.save_registration(EVENT.slug, there, after, change, [])
    for page in (get(desk, link), get(desk, f"{link}/change")):
        assert "Cornavin" in page.text
        assert "Late" not in page.text


@pytest.mark.parametrize("below", ["change", "change?check", "change?send", "change?change", "withdraw?send", "find"])
def test_a_program_posts_to_no_page_of_a_person(desk: Desk, there: Registered, below: str) -> None:
    """JSON may have half a character, which no page can show."""
    path = f"{PATH}/find" if below == "find" else f"{own(desk, there)}/{below}"
    form = json.dumps(a_form(email="\ud800@example.org", hotel="\ud800") | {"_revision": 1})
    page = ask(partial(register, desk), "POST", path, form, PAGE | {"Content-Type": "application/json"})
    assert page.status == 415
    assert now(desk, there) == there


# ---- changing


def test_the_form_is_filled_in_without_the_fields_for_robots(desk: Desk, there: Registered) -> None:
    page = get(desk, f"{own(desk, there)}/change")
    assert heading(page) == "Change your registration"
    assert hidden(page) == {"_revision": "1"}
    for name in ("family_name", "email", "hotel", "signature"):
        assert f'value="{a_form()[name]}"' in page.text
    assert "BP 3000\nConakry\nGuin\u00e9e</textarea>" in page.text
    assert re.search(r'value="member-state"[^>]* checked', page.text)
    assert not re.search('name="shown_at"|name="message"|class="check"', page.text)


def test_what_changes_is_checked_and_then_saved(desk: Desk, there: Registered) -> None:
    link = own(desk, there)
    page = post(desk, f"{link}/change?check", **a_form(hotel="<b>Bergues</b>", fax=""), _revision=1)
    assert (page.status, heading(page)) == (200, "Check your changes")
    assert compared(page) == [("Fax", "+224 30 45 31 16", "\u2013"), ("Hotel", "H\u00f4tel Cornavin", "<b>Bergues</b>")]
    assert now(desk, there) == there
    done = post(desk, f"{link}/change?send", **hidden(page))
    assert (done.status, done.headers["Location"]) == (303, f"{link}?changed")
    shown = get(desk, done.headers["Location"])
    assert "<h2>Your registration is changed</h2>" in shown.text
    assert OLD in shown.text
    assert now(desk, there).registration.answers["hotel"] == "<b>Bergues</b>"
    (revision,) = history(desk, there)
    assert revision.change == Change(Actor.REGISTRANT, Way.LINK, Why.CHANGED)
    assert owed(desk, there) == ["confirmation.2"]


def test_whoever_goes_back_finds_what_they_wrote(desk: Desk, there: Registered) -> None:
    link = own(desk, there)
    page = post(desk, f"{link}/change?check", **a_form(hotel="Bergues"), _revision=1)
    back = post(desk, f"{link}/change?change", **hidden(page))
    assert (back.status, heading(back)) == (200, "Change your registration")
    assert 'value="Bergues"' in back.text
    assert hidden(back) == {"_revision": "1"}


@pytest.mark.parametrize("step", ["", "?check", "?send", "?send-again", "?other"])
def test_the_errors_are_those_of_the_form(desk: Desk, there: Registered, step: str) -> None:
    typed = a_form(email="amina", family_name="", hotel="Typed") | {"passport": "X"}
    page = post(desk, f"{own(desk, there)}/change{step}", **typed, _revision=1)
    assert page.status == 422
    for said in ("check these 3 answers", 'id="email-error"', 'value="Typed"', 'name="_revision" value="1"'):
        assert said in page.text
    (action,) = re.findall(r'<form method="post" action="([^"]*)"', page.text)
    assert action != step
    assert now(desk, there) == there


@pytest.mark.parametrize("step", ["", "?check", "?other", "?change"])
def test_nothing_is_saved_but_by_the_button_that_says_so(desk: Desk, there: Registered, step: str) -> None:
    assert post(desk, f"{own(desk, there)}/change{step}", **a_form(hotel="B"), _revision=1).status == 200
    assert now(desk, there) == there


@pytest.mark.parametrize("step", ["check", "send"])
def test_a_form_in_which_nothing_is_new_says_so(desk: Desk, there: Registered, step: str) -> None:
    done = post(desk, f"{own(desk, there)}/change?{step}", **a_form(), _revision=1)
    assert done.headers["Location"].endswith("?unchanged")
    assert "<h2>Nothing was changed</h2>" in get(desk, done.headers["Location"]).text
    assert now(desk, there) == there


def test_saving_twice_changes_once(desk: Desk, there: Registered) -> None:
    for said in ("?changed", "?unchanged"):
        assert saved(desk, there, 1, hotel="Twice").headers["Location"].endswith(said)
    assert len(history(desk, there)) == 1


def test_of_two_windows_the_second_sees_both_and_loses_nothing(desk: Desk, there: Registered) -> None:
    assert saved(desk, there, 1, hotel="First window").status == 303
    page = saved(desk, there, 1, tel="+1 202 555 0100")
    assert (page.status, heading(page)) == (409, "Check your changes")
    assert "This registration was changed meanwhile" in page.text
    assert compared(page) == [
        ("Tel.", "+224 30 41 13 31", "+1 202 555 0100"),
        ("Hotel", "First window", "H\u00f4tel Cornavin"),
    ]
    assert len(history(desk, there)) == 1
    (action,) = re.findall(r'<form method="post" action="([^"]*)"', page.text)
    assert action != "?send"
    back = post(desk, f"{own(desk, there)}/change?change", **hidden(page) | {"hotel": "First window"})
    checked = post(
        desk, f"{own(desk, there)}/change?check", **a_form(tel="+1 202 555 0100", hotel="First window"), **hidden(back)
    )
    assert "changed meanwhile" not in checked.text
    assert post(desk, f"{own(desk, there)}/change{action}", **hidden(checked)).status == 303
    answers = now(desk, there).registration.answers
    assert (answers["tel"], answers["hotel"]) == ("+1 202 555 0100", "First window")


def test_the_check_says_already_that_somebody_else_changed_it(desk: Desk, there: Registered) -> None:
    saved(desk, there, 1, hotel="First window")
    page = post(desk, f"{own(desk, there)}/change?check", **a_form(tel="+1 202 555 0100"), _revision=1)
    assert page.status == 200
    assert "This registration was changed meanwhile" in page.text
    assert hidden(page)["_revision"] == "2"


@pytest.mark.parametrize("revision", ["", "x", "-1", "9" * 30, "2"])
def test_a_revision_that_was_never_shown_saves_nothing(desk: Desk, there: Registered, revision: str) -> None:
    page = post(desk, f"{own(desk, there)}/change?send", **a_form(hotel="B"), _revision=revision)
    assert page.status == 409
    assert now(desk, there) == there


@pytest.mark.parametrize("step", ["check", "send", "change"])
def test_after_the_deadline_what_was_typed_is_kept(desk: Desk, there: Registered, clock: Clock, step: str) -> None:
    clock.now = EVENT.closes_at + timedelta(seconds=1)
    page = post(desk, f"{own(desk, there)}/change?{step}", **a_form(hotel="<i>Typed</i>"), _revision=1)
    assert (page.status, heading(page)) == (410, "It is too late to change this here")
    assert "Hotel: <bdi>&lt;i&gt;Typed&lt;/i&gt;</bdi>" in page.text
    assert f"mailto:{EVENT.contact.email}" in page.text
    assert now(desk, there) == there
    assert get(desk, f"{own(desk, there)}/change").status == 410
    seen = get(desk, own(desk, there))
    assert seen.status == 200
    assert "/change" not in seen.text
    assert f"{own(desk, there)}/withdraw" in seen.text


def test_a_change_while_the_deadline_passes_is_not_made_and_keeps_what_was_typed(
    desk: Desk, there: Registered, clock: Clock
) -> None:
    clock.now = EVENT.closes_at
    save = desk.store.save_registration

    def late(*given: object, **named: object) -> object:
        clock.now = EVENT.closes_at + timedelta(seconds=1)
        return save(*given, **named)  # type: ignore[arg-type]

    with mock.patch.object(desk.store, "save_registration", late):
        page = saved(desk, there, 1, hotel="Typed")
    assert (page.status, "<bdi>Typed</bdi>" in page.text) == (410, True)
    assert now(desk, there).registration == there.registration


def test_the_event_may_take_changes_longer_than_registrations(desk: Desk, there: Registered, clock: Clock) -> None:
    longer = replace(EVENT, changes_until=EVENT.closes_at + DAY)
    desk = replace(desk, events={EVENT.slug: longer})
    clock.now = EVENT.closes_at + timedelta(hours=1)
    assert "the end of 21 February 2004" in get(desk, own(desk, there)).text
    assert saved(desk, there, hotel="Later").status == 303
    post(desk, f"{own(desk, there)}/withdraw")
    assert "Registration closed at" in get(desk, own(desk, there)).text


def test_another_registration_of_that_name_and_address_is_named(desk: Desk, there: Registered) -> None:
    post(desk, PATH, **a_form(family_name="Other"))
    other = desk.store.registration_of(EVENT.slug, person_key(read_form(EVENT, a_form(family_name="Other"))))
    assert other
    page = saved(desk, there, family_name="Other", hotel="Typed")
    assert page.status == 409
    for said in (other.reference, 'value="Typed"', f"write to {EVENT.secretariat}"):
        assert said in page.text
    assert now(desk, there) == there


def test_whoever_changed_it_too_often_is_told_whom_to_write_to(desk: Desk, there: Registered) -> None:
    desk = replace(desk, limits=Limits(revisions=2))
    assert saved(desk, there, hotel="One").status == 303
    page = saved(desk, there, hotel="Two")
    assert page.status == 409
    for said in ("very often", 'value="Two"', f"write to {EVENT.secretariat}"):
        assert said in page.text
    assert post(desk, f"{own(desk, there)}/new-link").status == 409
    assert post(desk, f"{own(desk, there)}/withdraw").status == 303


@pytest.mark.parametrize("away", ["registered", "save_registration", "intake"])
@pytest.mark.parametrize(("error", "status"), [(StoreUnavailable(timedelta(seconds=1)), 503), (ValueError(), 500)])
def test_while_the_store_is_away_the_form_stays_as_it_was_typed(
    desk: Desk, there: Registered, clock: Clock, away: str, error: Exception, status: int
) -> None:
    link = own(desk, there)
    clock.now += timedelta(minutes=1)  # the intake is to be read again
    with mock.patch.object(desk.store, away, side_effect=error):
        page = post(desk, f"{link}/change?send", **a_form(hotel="Typed"), _revision=1)
    assert (page.status, "Retry-After" in page.headers) == (status, status == 503)
    assert page.headers["Cache-Control"] == "no-store"
    for said in ('value="Typed"', 'name="_revision" value="1"', 'role="alert"'):
        assert said in page.text
    assert now(desk, there) == there


def test_answers_to_questions_that_are_asked_no_more_stay(desk: Desk, there: Registered) -> None:
    fewer = replace(EVENT, fields=tuple(one for one in EVENT.fields if one.name != "fax"))
    desk = replace(desk, events={EVENT.slug: fewer})
    form = {name: text for name, text in a_form(hotel="New").items() if name != "fax"}
    assert post(desk, f"{own(desk, there)}/change?send", **form, _revision=1).status == 303
    answers = now(desk, there).registration.answers
    assert (answers["hotel"], answers["fax"]) == ("New", "+224 30 45 31 16")


# ---- another e-mail address


def test_who_asks_for_another_address_alone_is_not_told_of_a_change(desk: Desk, there: Registered) -> None:
    link = own(desk, there)
    check = post(desk, f"{link}/change?check", **a_form(email=NEW), _revision=1)
    assert "It counts once somebody there has confirmed it." in check.text
    saved = post(desk, f"{link}/change?send", **hidden(check))
    assert saved.headers["Location"].endswith("?address")
    page = get(desk, f"{link}?address")
    assert "Your registration is changed" not in page.text
    assert page.text.count('tabindex="-1" data-focus') == 1
    assert "data-focus" in page.text.partition("Your new e-mail address is not confirmed yet")[0]
    both = post(desk, f"{link}/change?check", **a_form(email="a@home.example.org", hotel="Another"), _revision=2)
    assert post(desk, f"{link}/change?send", **hidden(both)).headers["Location"].endswith("?changed")


def test_a_new_address_waits_until_it_is_confirmed(desk: Desk, there: Registered) -> None:
    before = own(desk, there)
    changed(desk, there, email=NEW)
    assert now(desk, there).registration.email == OLD
    page = get(desk, f"{before}?changed")
    assert f'We have written to <strong dir="ltr">{NEW}</strong>' in page.text
    assert owed(desk, there) == ["address.2", "confirmation.2"]
    assert f'value="{NEW}"' in get(desk, f"{before}/change").text
    check = urlsplit(LINKS.confirming_address(EVENT, now(desk, there))).path
    asks = get(desk, check)
    assert heading(asks) == "Is this your e-mail address?"
    assert there.reference in asks.text
    assert not [one for one in ("Amina", "Diallo", OLD, NEW) if one in asks.text]
    assert now(desk, there).registration.email == OLD
    assert heading(post(desk, check)) == heading(asks), "pressed by nobody"
    assert now(desk, there).registration.email == OLD
    press_it = partial(post, desk, f"{check}?send")
    for press in (press_it, partial(get, desk, check), press_it):
        done = press()
        assert (done.status, heading(done)) == (200, "Your e-mail address is confirmed")
    assert now(desk, there).registration.email == NEW
    assert len(history(desk, there)) == 2
    assert get(desk, before).status == 410
    assert get(desk, own(desk, there)).status == 200
    assert asks.headers["X-Robots-Tag"] == "noindex"


@pytest.mark.parametrize("ends", ["kept", "another", "withdrawn"])
def test_an_address_that_is_no_longer_waited_for_confirms_nothing(desk: Desk, there: Registered, ends: str) -> None:
    changed(desk, there, email=NEW)
    check = urlsplit(LINKS.confirming_address(EVENT, now(desk, there))).path
    match ends:
        case "kept":
            assert post(desk, f"{own(desk, there)}/keep-address").headers["Location"].endswith("?kept")
            assert "stays as it is" in get(desk, f"{own(desk, there)}?kept").text
        case "another":
            changed(desk, there, email="third@example.org")
        case _:
            post(desk, f"{own(desk, there)}/withdraw")
    before = now(desk, there)
    for page in (get(desk, check), post(desk, f"{check}?send")):
        assert (page.status, heading(page)) == (410, "This link has been ended")
    assert now(desk, there) == before


def test_an_address_that_another_registration_has_is_not_taken(desk: Desk, there: Registered) -> None:
    changed(desk, there, email=NEW)
    post(desk, PATH, **a_form(email=NEW))
    page = post(desk, f"{urlsplit(LINKS.confirming_address(EVENT, now(desk, there))).path}?send")
    assert (page.status, heading(page)) == (409, "There is another registration")
    assert now(desk, there).registration.email == OLD


# ---- a form that changed nothing


def test_a_form_with_other_answers_can_be_taken_over_within_the_hour(
    desk: Desk, there: Registered, clock: Clock
) -> None:
    refused = post(desk, PATH, **a_form(hotel="Sent again"))
    assert refused.status == 409
    assert "We have just sent a link to that address" in refused.text
    told = ask(
        partial(register, desk),
        "POST",
        PATH,
        json.dumps(a_form(hotel="Sent again")),
        {"Content-Type": "application/json"},
    )
    assert "kept there for an hour" in told.json["detail"]
    page = get(desk, own(desk, there))
    assert compared(page) == [("Hotel", "H\u00f4tel Cornavin", "Sent again")]
    form = get(desk, f"{own(desk, there)}/change?answers")
    assert 'value="Sent again"' in form.text
    assert "Sent again" not in get(desk, f"{own(desk, there)}/change").text
    assert now(desk, there) == there
    clock.now += timedelta(hours=1, seconds=1)
    assert "Sent again" not in get(desk, own(desk, there)).text
    assert "Sent again" not in get(desk, f"{own(desk, there)}/change?answers").text


def test_a_form_that_was_taken_over_is_offered_no_more(desk: Desk, there: Registered) -> None:
    post(desk, PATH, **a_form(hotel="Sent again"))
    changed(desk, there, hotel="Sent again")
    assert "A form with other answers came" not in get(desk, own(desk, there)).text


# ---- withdrawing, and coming back


def test_two_presses_withdraw_and_register_again_brings_back(desk: Desk, there: Registered) -> None:
    link = own(desk, there)
    asks = get(desk, f"{link}/withdraw")
    assert heading(asks) == "Do you want to withdraw this registration?"
    for _ in range(2):
        assert post(desk, f"{link}/withdraw?send").headers["Location"] == link
    gone = get(desk, link)
    assert heading(gone) == "Your registration is withdrawn"
    assert f'href="{link}/change">Register again' in gone.text
    assert owed(desk, there) == ["confirmation.2"]
    assert heading(get(desk, f"{link}/withdraw")) == "Your registration is withdrawn"
    form = get(desk, f"{link}/change")
    assert heading(form) == "Register again"
    checked = post(desk, f"{link}/change?check", **a_form(), **hidden(form))
    assert heading(checked) == "Check your answers"
    assert "H\u00f4tel Cornavin" in checked.text
    assert now(desk, there).is_withdrawn
    done = post(desk, f"{link}/change?send", **hidden(checked))
    assert done.headers["Location"] == f"{link}?again"
    assert "<h2>You are registered again</h2>" in get(desk, done.headers["Location"]).text
    assert [one.change.why for one in history(desk, there)] == [Why.WITHDRAWN, Why.BACK]
    assert now(desk, there).reference == there.reference


def test_whoever_did_not_register_says_so(desk: Desk, there: Registered) -> None:
    link = own(desk, there)
    assert post(desk, f"{link}/withdraw?send", not_me="yes").status == 303
    gone = get(desk, link)
    assert heading(gone) == "This registration is withdrawn"
    assert "The staff are told" in gone.text
    assert not [one for one in ("Amina", "Diallo", "Conakry", OLD) if one in gone.text]
    assert [one.change.why for one in history(desk, there)] == [Why.NOT_ME]
    notice = withdrawal_notice(EVENT.slug, there.id, 2, EVENT.secretariat)
    assert [f"{EVENT.slug}.{there.id}.{one}" for one in owed(desk, there)] == [notice.id]


def test_another_language_withdraws_nothing_and_keeps_the_tick(desk: Desk, there: Registered) -> None:
    page = post(desk, f"{own(desk, there)}/withdraw?change", not_me="yes")
    assert (page.status, 'value="yes" checked' in page.text) == (200, True)
    assert now(desk, there) == there


def test_after_the_deadline_one_withdraws_and_does_not_come_back(desk: Desk, there: Registered, clock: Clock) -> None:
    clock.now = EVENT.over_at - timedelta(seconds=1)
    link = own(desk, there)
    assert post(desk, f"{link}/withdraw").status == 303
    gone = get(desk, link)
    assert "Registration closed at" in gone.text
    assert "Register again" not in gone.text
    late = post(desk, f"{link}/change?send", **a_form(), _revision=2)
    assert (late.status, heading(late)) == (410, "Registration is closed")
    assert now(desk, there).is_withdrawn


def test_other_pages_tell_nothing_of_a_withdrawn_registration(desk: Desk) -> None:
    thanks = post(desk, PATH, **a_form()).headers["Location"]
    (there,) = desk.store.registrations(EVENT.slug, None, 9)
    form = InboundForm(FormStatus.REGISTERED, there.id)
    inbound(desk, "MISTAKEN", form)
    post(desk, f"{own(desk, there)}/withdraw")
    for path in (thanks, urlsplit(LINKS.completing(EVENT, "MISTAKEN", 0, EVENT.closes_at)).path):
        page = get(desk, path)
        assert (page.status, heading(page)) == (200, "This registration is withdrawn")
        assert "Amina" not in page.text


# ---- the staff


def inbound(desk: Desk, id: str, *forms: InboundForm) -> None:
    desk.store.add_inbound(EVENT.slug, id)
    unread = desk.store.inbound(id)
    assert unread
    status = InboundStatus.NEEDS_REVIEW
    assert desk.store.save_inbound(replace(unread, due_at=None, status=status, sender=OLD, forms=forms))


def amending(place: int = 0, to: str = EVENT.secretariat) -> str:
    return urlsplit(LINKS.amending(EVENT, "M", place, to, EVENT.closes_at)).path


@pytest.mark.parametrize("known_by", ["id", "person"])
def test_the_staff_save_what_an_email_says_and_then_resolve_it(desk: Desk, there: Registered, known_by: str) -> None:
    form = InboundForm(FormStatus.CONFLICT, there.id, answers={"hotel": "By e-mail", "fax": ""})
    by_person = replace(form, registration_id=None, person=person_key(there.registration))
    inbound(desk, "M", form if known_by == "id" else by_person)
    page = get(desk, amending())
    assert heading(page) == "Change the registration of Amina Diallo"
    for said in ('value="By e-mail"', 'value="+224 30 45 31 16"', f'value="{OLD}"'):
        assert said in page.text
    assert page.headers["X-Robots-Tag"] == "noindex"
    checked = post(desk, f"{amending()}?check", **a_form(hotel="By e-mail"), **hidden(page))
    assert compared(checked) == [("Hotel", "H\u00f4tel Cornavin", "By e-mail")]
    done = post(desk, f"{amending()}?send", **hidden(checked))
    assert done.headers["Location"] == f"{amending()}?changed"
    (revision,) = history(desk, there)
    assert revision.change == Change(Actor.STAFF, Way.LINK, Why.CHANGED)
    offers = get(desk, done.headers["Location"])
    assert "<h2>The registration is changed</h2>" in offers.text
    assert heading(offers) == "Have you dealt with this e-mail?"
    assert heading(post(desk, done.headers["Location"])) == "Thank you"
    kept = desk.store.inbound("M")
    assert kept
    assert kept.resolved


def test_the_staff_may_change_after_the_deadline_and_keep_the_persons_language(desk: Desk, clock: Clock) -> None:
    event = an_event_in("fr", "en", staff_language="en")
    desk = replace(desk, events={event.slug: event})
    post(desk, f"{PATH}/fr", **a_form())
    (there,) = desk.store.registrations(event.slug, None, 9)
    inbound(desk, "M", InboundForm(FormStatus.CONFLICT, there.id, answers={"hotel": "By e-mail"}))
    clock.now = event.closes_at + DAY
    link = urlsplit(LINKS.amending(event, "M", 0, event.secretariat, event.over_at)).path
    assert "Change the registration" in get(desk, link).text
    assert post(desk, f"{link}?send", **a_form(hotel="By e-mail"), _revision=1).status == 303
    assert now(desk, there).registration.language == "fr"
    assert now(desk, there).registration.chosen == there.registration.chosen


def test_a_form_of_nobody_who_is_registered_says_what_to_do(desk: Desk, there: Registered) -> None:
    inbound(desk, "M", replace(INCOMPLETE, person="NOBODY"))
    page = get(desk, amending())
    assert (page.status, heading(page)) == (410, "There is no registration to change")
    assert "I have dealt with it" in page.text
    for link in (amending(1), amending().replace("/amend/", "/resolve/")):
        assert get(desk, link).status == 410


def test_a_link_of_somebody_who_left_the_staff_changes_nothing(desk: Desk, there: Registered) -> None:
    inbound(desk, "M", InboundForm(FormStatus.CONFLICT, there.id, answers={"hotel": "By e-mail"}))
    link = amending(to="leaver@example.org")
    for page in (get(desk, link), post(desk, f"{link}?send", **a_form(hotel="B"), _revision=1)):
        assert (page.status, heading(page)) == (410, "This link has been ended")
    assert now(desk, there) == there


# ---- a lost link


def test_whoever_lost_the_link_asks_for_another_and_learns_nothing(desk: Desk, there: Registered) -> None:
    answers = [post(desk, f"{PATH}/find?send", email=email) for email in (OLD, "nobody@example.org", OLD.upper())]
    assert {(one.status, one.headers["Location"], one.text) for one in answers} == {(303, f"{PATH}/find?sent", "")}
    page = get(desk, f"{PATH}/find?sent")
    assert heading(page) == "Please look at your e-mail"
    assert page.headers["Cache-Control"] == "no-store"
    asked = [one for one in desk.store.unsent_entries(EVENT.slug, None, 99) if one.kind is EmailKind.LINKS]
    assert sorted(one.to.lower() for one in asked) == [OLD, "nobody@example.org"]
    guessed = {base32(digest) + digest.hex() for one in asked for digest in [sha256(one.to.lower().encode()).digest()]}
    marks = [one.id.split(".")[1].lower() for one in asked]
    assert not [mark for mark in marks if any(mark[:8] in one.lower() for one in guessed)]


@pytest.mark.parametrize(
    ("typed", "said"), [("", "Enter"), (" ", "Enter"), ("amina", "does not read"), ("<b>", "&lt;b&gt;")]
)
def test_an_address_that_is_none_is_said_beside_the_field(desk: Desk, typed: str, said: str) -> None:
    page = post(desk, f"{PATH}/find?send", email=typed)
    assert page.status == 422
    assert 'id="email-error"' in page.text
    assert said in page.text
    assert not desk.store.unsent_entries(EVENT.slug, None, 9)


def test_asking_for_a_link_while_the_store_is_away_keeps_the_address(desk: Desk) -> None:
    with mock.patch.object(desk.store, "enqueue", side_effect=StoreUnavailable(timedelta(seconds=1))):
        page = post(desk, f"{PATH}/find?send", email=NEW)
    assert (page.status, page.headers["Retry-After"], f'value="{NEW}"' in page.text) == (503, "1", True)


def test_every_state_of_the_form_leads_there(desk: Desk, clock: Clock) -> None:
    for instant in (EVENT.opens_at - DAY, EVENT.opens_at, EVENT.closes_at + DAY):
        clock.now = instant
        page = get(desk, PATH)
        assert (page.status, f'href="{PATH}/find"' in page.text) == (200, True)


# ---- languages


def test_the_pages_speak_the_language_of_the_address_and_change_it_without_loss(desk: Desk) -> None:
    event = an_event_in("en", "ar", "fr")
    desk = replace(desk, events={event.slug: event})
    post(desk, f"{PATH}/ar", **a_form())
    (there,) = desk.store.registrations(event.slug, None, 9)
    link = urlsplit(LINKS.own(event.in_language("ar"), there)).path
    for below in ("", "/change", "/withdraw"):
        page = get(desk, link + below)
        assert '<html lang="ar" dir="rtl">' in page.text
        assert f"{link.replace('/ar/', '/fr/')}{below}" in page.text
    typed = post(desk, f"{link.replace('/ar/', '/fr/')}/change?change", **a_form(hotel="Typed"), _revision=1)
    assert '<html lang="fr"' in typed.text
    assert 'value="Typed"' in typed.text
    saved_there = post(desk, f"{link.replace('/ar/', '/fr/')}/change?send", **a_form(hotel="Typed"), _revision=1)
    assert "/fr/own/" in saved_there.headers["Location"]
    assert now(desk, there).registration.language == "fr"


def test_other_methods_are_not_possible(desk: Desk, there: Registered) -> None:
    link = own(desk, there)
    for path, allowed in (
        (link, "GET, HEAD"),
        (f"{link}/change", "GET, HEAD, POST"),
        (f"{PATH}/find", "GET, HEAD, POST"),
    ):
        assert get(desk, path, "PUT").headers["Allow"] == allowed
    assert post(desk, link).status == 405
    assert get(desk, f"{link}/nowhere").status == 404
    assert get(desk, f"{PATH}/find/nowhere").status == 404
