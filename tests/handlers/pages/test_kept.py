"""What browsers and caches may keep, what the process keeps, and what is shown while nothing can be read."""

import gzip
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from werkzeug.datastructures import Headers

from handlers.pages.kept import Kept, KeptAnswers
from handlers.pages.public import READ_AGAIN_AFTER
from rollcall.model.errors import StoreUnavailable
from tests.support.clock import Clock
from tests.support.event_pages import SITE, EventPages, a_contribution, event_pages

AWAY = StoreUnavailable(timedelta(seconds=7))
A_WHILE = timedelta(seconds=READ_AGAIN_AFTER)
MORE = replace(SITE, contributions=(*SITE.contributions, a_contribution(4)))


@pytest.mark.parametrize(
    "path", ["", "agenda", "fr/documents", "feed.atom", "calendar.ics", "participants", "participants.pdf"]
)
def test_whoever_has_a_page_gets_it_no_second_time(shown: EventPages, path: str) -> None:
    first = shown.get(path)
    tag = first.headers["ETag"]
    again = shown.get(path, If_None_Match=f'"another", {tag}')
    assert (again.status, again.content) == (304, b"")
    for name in ("ETag", "Cache-Control", "Vary", "Content-Security-Policy", "X-Content-Type-Options"):
        assert again.headers.get(name) == first.headers.get(name)
    assert shown.get(path, If_None_Match='"another"').status == 200


def test_how_long_each_may_be_kept(shown: EventPages) -> None:
    for path in ("", "agenda", "contributions/1", "feed.atom", "calendar.ics"):
        assert shown.get(path).headers["Cache-Control"] == "public, max-age=30"
    for path in ("participants", "participants.pdf"):
        assert shown.get(path).headers["Cache-Control"] == "no-cache"


def test_a_tag_is_of_one_language_one_encoding_and_one_page(shown: EventPages) -> None:
    asked = [("", {}), ("fr", {}), ("agenda", {}), ("", {"Accept_Encoding": "gzip"}), ("", {"Accept_Language": "ar"})]
    tags = [shown.get(path, **headers).headers["ETag"] for path, headers in asked]
    assert len(set(tags)) == len(asked)
    assert all(tag.startswith('"') for tag in tags)


def test_each_instance_has_the_same_tags(shown: EventPages, tmp_path: Path, clock: Clock) -> None:
    another = event_pages(tmp_path, clock)
    for path in ("", "participants.pdf", "calendar.ics"):
        assert another.get(path).headers["ETag"] == shown.get(path).headers["ETag"]


def test_compressed_or_not_it_is_the_same_page(shown: EventPages) -> None:
    plain, zipped = shown.get(), shown.get(Accept_Encoding="gzip, br")
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.content) == plain.content
    assert "Accept-Encoding" in plain.headers["Vary"]
    assert "Content-Encoding" not in shown.get("participants.pdf", Accept_Encoding="gzip").headers


def test_only_an_address_without_a_language_depends_on_the_browsers(shown: EventPages) -> None:
    assert "Accept-Language" in shown.get().headers["Vary"]
    assert "Accept-Language" not in shown.get("fr").headers["Vary"]
    assert shown.get(Accept_Language="fr").headers["Content-Language"] == "fr"


def test_whoever_asks_only_for_the_head_gets_it(shown: EventPages) -> None:
    for path in ("", "feed.atom", "participants.pdf"):
        head, whole = shown.get(path, method="HEAD"), shown.get(path)
        assert (head.status, head.headers["ETag"]) == (200, whole.headers["ETag"])


def test_a_change_is_seen_after_some_seconds_and_read_once_for_all(shown: EventPages, clock: Clock) -> None:
    tag = shown.get("contributions").headers["ETag"]
    read = shown.line.read
    shown.show(MORE)
    for _ in range(5):
        assert shown.get("contributions", If_None_Match=tag).status == 304
    assert shown.line.read == read
    clock.forward(A_WHILE)
    assert "INTGOV04-C/4" in shown.get("contributions", If_None_Match=tag).text
    assert shown.get("contributions/4").status == 200
    assert shown.line.read == read + 1


def test_whoever_withdraws_their_consent_is_off_the_list_at_once(shown: EventPages) -> None:
    assert SITE.participants
    first = shown.get("participants")
    assert "Fatou Sow" in first.text
    left = tuple(one for one in SITE.participants if one.name != "Ms. Fatou Sow")
    shown.show(replace(SITE, participants=left))
    again = shown.get("participants", If_None_Match=first.headers["ETag"])
    assert again.status == 200
    assert "Fatou Sow" not in again.text
    shown.show(replace(SITE, participants=None))
    assert shown.get("participants.pdf").status == 404


def test_while_nothing_can_be_read_the_last_known_page_is_shown(shown: EventPages, clock: Clock) -> None:
    first = shown.get("contributions")
    shown.line.fault = AWAY
    clock.forward(timedelta(days=1))
    assert shown.get("contributions").text == first.text
    read = shown.line.read
    assert shown.get("agenda").status == 200
    assert shown.line.read == read, "nobody waits for it again at once"
    shown.line.fault = None
    shown.show(MORE)
    clock.forward(A_WHILE)
    assert "INTGOV04-C/4" in shown.get("contributions").text


def test_a_list_that_may_be_out_of_date_is_not_shown(shown: EventPages) -> None:
    assert shown.get("participants").status == 200
    shown.line.fault = AWAY
    for path in ("participants", "participants.pdf"):
        answer = shown.get(path)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "7")
        assert "Diallo" not in answer.text


def test_with_nothing_known_the_event_file_speaks(bare: EventPages) -> None:
    bare.line.fault = AWAY
    for path in ("", "agenda", "contributions/1", "files/AGENDA", "fr/documents"):
        answer = bare.get(path)
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "7"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "spumail@itu.int" in answer.text
        assert 'class="button" href="/register/intgov04' in answer.text
        assert "Opening of the workshop" not in answer.text
    bare.line.fault = None
    assert bare.get().status == 200


@pytest.mark.parametrize("written", [b"", b"{}", b'{"event": "intgov04", "another": 1}', b"\xff"])
def test_what_another_version_wrote_and_cannot_be_read_takes_nothing_away(
    shown: EventPages, clock: Clock, written: bytes
) -> None:
    first = shown.get("agenda")
    shown.show(written)
    clock.forward(A_WHILE)
    assert shown.get("agenda").text == first.text
    assert shown.get("participants").status == 503


def test_what_is_kept_has_a_bound(shown: EventPages) -> None:
    answers = KeptAnswers(1_000)

    def made(number: int) -> Kept:
        return answers.get(number, lambda: Kept(bytes(300), str(number), Headers()))

    first = made(0)
    for number in range(1, 3):
        made(number)
    assert made(0) is first
    made(3)
    assert made(0) is first, "it was asked for lately"
    assert set(answers._kept) == {0, 2, 3}
    assert answers.get("large", lambda: Kept(bytes(5_000), "", Headers())).body == bytes(5_000)
    assert answers._size == sum(len(one.body) for one in answers._kept.values()) <= 1_000


def test_what_nobody_can_guess_is_not_kept(shown: EventPages) -> None:
    shown.get("agenda")
    kept = len(shown.public.kept._kept)
    for path in ("agenda?a=1", "agenda?b=2", "none", "contributions/77", "agenda?page=7"):
        shown.get(path)
    assert len(shown.public.kept._kept) == kept


def test_it_does_not_matter_on_which_host_it_is_asked_for(shown: EventPages) -> None:
    assert "evil" not in shown.get(Host="evil.example").text
