"""An announcement on its way into the outbox: everybody once, whoever calls, and however often."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import process_time
from typing import Any, cast

import pytest

from rollcall.desk.amend import withdraw
from rollcall.desk.desk import Desk
from rollcall.desk.limits import Limits
from rollcall.desk.ports import Store
from rollcall.desk.register import register
from rollcall.desk.send import send_due
from rollcall.desk.staff.announcing import enqueue_due
from rollcall.emails.announcement import Piece, pieces
from rollcall.model.announcement import Announcement, AnnouncementStatus, Wording
from rollcall.model.email import EmailKind, announcement_entry
from rollcall.model.registration import Registered
from tests.support.builders import CANNOT_COME, a_registration
from tests.support.clock import Clock
from tests.support.desk import EVENT, Postbox
from tests.support.hooks import Hooked, Hooks

PEOPLE = 23
SMALL = Limits(page=5, announcement_pages=3)
WORDS = {"en": Wording("The room changed", "We meet in room K.")}


@pytest.fixture
def small(desk: Desk) -> Desk:
    """Looks at five people in a commit, and at fifteen in a call."""
    for number in range(PEOPLE):
        register(desk, EVENT, a_registration(first_name=f"Person {number}", email=f"p{number}@example.org"))
    return replace(desk, limits=SMALL)


def sent_off(desk: Desk, to: str = "", id: str = "N1", event: str = EVENT.slug) -> Announcement:
    status, now = AnnouncementStatus.ENQUEUEING, desk.store.now()
    assert desk.store.save_announcement(Announcement(id, event, WORDS, to, status=status, due_at=now))
    return there(desk, id)


def there(desk: Desk, id: str = "N1") -> Announcement:
    found = desk.store.announcement(id)
    assert found
    return found


def people(desk: Desk) -> list[Registered]:
    return list(desk.store.registrations(EVENT.slug, None, 99))


def enqueued(desk: Desk) -> Counter[str]:
    """The people for whom there is an announcement in the outbox."""
    entries = [entry for one in people(desk) for entry in desk.store.entries_about(one.id, 9)]
    return Counter(str(one.registration_id) for one in entries if one.kind is EmailKind.ANNOUNCEMENT)


def all_of(desk: Desk) -> Counter[str]:
    return Counter(one.id for one in people(desk))


def test_some_pages_a_call_until_everybody_has_one(small: Desk) -> None:
    sent_off(small)
    list(enqueue_due(small))
    assert (enqueued(small).total(), there(small).enqueued) == (15, 15)
    list(enqueue_due(small))
    done = there(small)
    assert (done.status, done.enqueued, done.due_at) == (AnnouncementStatus.ENQUEUED, PEOPLE, None)
    assert enqueued(small) == all_of(small)
    assert list(enqueue_due(small)) == []


def test_a_page_in_memory_and_a_commit_for_it(small: Desk) -> None:
    sent_off(small)
    calls: Counter[str] = Counter()
    counting = Hooks(lambda point: calls.update([point.split()[1]] if point.startswith("before") else []))
    at = replace(small, store=cast(Store, Hooked(small.store, counting)), limits=replace(SMALL, announcement_pages=99))
    list(enqueue_due(at))
    assert calls["registrations"] == calls["save_announcement"] == PEOPLE // 5 + 1
    assert calls["enqueue"] == calls["entry"] == calls["registered"] == 0


@pytest.mark.parametrize("point", ["before registrations 1", "before save_announcement 2", "after save_announcement 1"])
def test_another_call_in_between(small: Desk, point: str) -> None:
    sent_off(small)
    others = [lambda: list(enqueue_due(small))]

    def passing(now: str) -> None:
        while others and now == point:
            others.pop()()

    list(enqueue_due(replace(small, store=cast(Store, Hooked(small.store, Hooks(passing))))))
    list(enqueue_due(small))
    assert enqueued(small) == all_of(small)
    assert there(small).enqueued == PEOPLE


def test_many_calls_at_once(small: Desk) -> None:
    sent_off(small)
    with ThreadPoolExecutor(4) as threads:
        for worked in [threads.submit(lambda: list(enqueue_due(small))) for _ in range(8)]:
            worked.result()
    assert enqueued(small) == all_of(small)
    assert there(small).enqueued == PEOPLE


def test_entries_of_a_restored_database_keep_it_from_nobody(small: Desk) -> None:
    announcement, first = sent_off(small), people(small)[0]
    small.store.enqueue(announcement_entry(announcement, first.id, first.registration.email))
    for _ in range(2):
        list(enqueue_due(small))
    assert enqueued(small) == all_of(small)
    assert there(small).status is AnnouncementStatus.ENQUEUED


def test_one_that_fails_keeps_no_other_waiting(small: Desk, clock: Clock) -> None:
    sent_off(small, id="N0", event="no-file")
    sent_off(small)
    came = dict(enqueue_due(small))
    assert isinstance(came["N0"], LookupError)
    assert enqueued(small).total() == 10
    put_off = there(small, "N0").due_at
    assert put_off
    assert put_off > clock.now


def test_who_withdrew_or_is_not_meant_is_passed_over(small: Desk) -> None:
    gone = people(small)[0]
    withdraw(small, EVENT, gone.id, CANNOT_COME)
    register(small, EVENT, a_registration(first_name="Eva", category="associate"))
    sent_off(small, "is-category=member-state")
    for _ in range(2):
        list(enqueue_due(small))
    assert enqueued(small) == Counter(
        one.id for one in people(small) if one.id != gone.id and one.registration.category == "member-state"
    )


def test_the_limit_of_all_e_mails_holds(desk: Desk, postbox: Postbox) -> None:
    event = replace(EVENT, expected=4)
    one_sender = Limits(senders=1)  # several at the same moment may exceed it a little
    desk = replace(desk, events={EVENT.slug: event}, limits=one_sender)
    for number in range(5):
        register(desk, event, a_registration(first_name=f"Person {number}", email=f"p{number}@example.org"))
    list(send_due(desk))
    sent_off(desk)
    list(enqueue_due(desk))
    list(send_due(desk))
    assert len(postbox.messages) == event.emails_an_hour


def test_each_has_it_in_their_language(desk: Desk, postbox: Postbox) -> None:
    words: dict[str, Any] = {**WORDS, "ar": Wording("تغيّرت القاعة", "نجتمع في القاعة K.\n\nhttps://example.org/k")}
    for code in ("en", "fr", "ar"):
        register(desk, EVENT, a_registration(first_name=code, email=f"{code}@example.org", language=code))
    list(send_due(desk))
    postbox.messages.clear()
    assert desk.store.save_announcement(
        Announcement("N1", EVENT.slug, words, status=AnnouncementStatus.ENQUEUEING, due_at=desk.store.now())
    )
    list(enqueue_due(desk))
    list(send_due(desk))
    said = {one.to.partition("@")[0]: one for one in postbox.messages}
    assert {code: one.subject for code, one in said.items()} == {
        "en": "The room changed",
        "fr": "The room changed",
        "ar": "تغيّرت القاعة",
    }
    assert '<html lang="ar" dir="rtl">' in said["ar"].html
    assert '<a class="accent" dir="ltr" href="https://example.org/k"' in said["ar"].html
    assert '<html lang="fr"' in said["fr"].html


def test_where_a_filter_means_nothing_any_more_nobody_is_written_to(small: Desk) -> None:
    announcement = sent_off(small, "is-category=a-choice-that-is-gone")
    [(_, wrong)] = enqueue_due(small)
    assert isinstance(wrong, ValueError)
    assert enqueued(small) == Counter()
    assert there(small).cursor == announcement.cursor


def test_a_long_word_takes_no_time_that_grows_with_its_square() -> None:
    began = process_time()
    assert pieces("a" * 20_000) == [Piece("a" * 20_000)]
    assert process_time() - began < 1
    assert pieces("To a.b@c.example, or x") == [
        Piece("To "),
        Piece("a.b@c.example", "mailto:a.b@c.example"),
        Piece(", or x"),
    ]
