"""Receipts of contributions and notices about them, as they go out from what is stored."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from rollcall.desk.contributions.change import add_paper, hold, publish, withdraw
from rollcall.desk.contributions.submit import number_due
from rollcall.desk.desk import Desk
from rollcall.desk.register import Accepted, register
from rollcall.desk.send import send_due
from rollcall.model.contribution import Contribution, PaperDoubt, PaperKind
from rollcall.model.email import (
    Email,
    EmailStatus,
    NotNeeded,
    OutboxEntry,
    confirmation,
    contribution_notice,
    contribution_receipts,
)
from rollcall.model.event import Event
from rollcall.model.links import LinkPurpose, Opened
from rollcall.model.staff import Press
from rollcall.store.sqlite import SqliteStore
from tests.emails.samples import digested, some
from tests.support.builders import LINKS, a_registration, an_event
from tests.support.clock import Clock
from tests.support.contributions import (
    AT_ONCE,
    DEADLINE,
    EVENT,
    SUBMITTER,
    a_contribution_desk,
    a_file,
    kept,
    numbered,
    sent_in,
)
from tests.support.desk import Postbox, write_now

PRESS = Press("P", "staff@example.org", EVENT.opens_at)


@pytest.fixture
def desk(tmp_path: Path, clock: Clock, postbox: Postbox) -> Desk:
    store = SqliteStore(tmp_path / "rollcall.sqlite3", clock, durable=False)
    return a_contribution_desk(store, tmp_path, postbox, seconds=lambda: clock.now.timestamp())


def entry_of(one: Contribution, place: int = 1) -> OutboxEntry:
    return contribution_receipts(replace(one, receipts=0))[place - 1]


def written(desk: Desk, entry: OutboxEntry, event: Event = EVENT) -> Email | NotNeeded:
    return write_now(desk, entry, event)


def receipt(desk: Desk, one: Contribution, place: int = 1, event: Event = EVENT) -> Email:
    found = written(desk, entry_of(kept(desk.store, one.id), place), event)
    assert isinstance(found, Email)
    return found


def notice(desk: Desk, one: Contribution, revision: int) -> Email | NotNeeded:
    return written(desk, contribution_notice(replace(one, revision=revision)))


def in_a_line(text: str) -> str:
    return " ".join(text.split())


def test_a_receipt_says_number_files_and_time_and_has_the_link(desk: Desk) -> None:
    one = numbered(desk)
    said = receipt(desk, one)
    assert (said.to, said.subject) == (one.email, f"Received: INTGOV04-C/1, {EVENT.title}")
    assert said.reply_to == LINKS.contributions_to(EVENT)
    for text in ("INTGOV04-C/1", a_file().sha256, one.source, "2 February 2004, 13:00 (Zurich time)"):
        assert text in said.text
        assert text in said.html
    [link] = [word for word in said.text.split() if "/contribution/" in word]
    token = urlsplit(link).path.rpartition("/contribution/")[2]
    opened = LINKS.opened(EVENT, LinkPurpose.CONTRIBUTION, token, desk.store.now())
    assert isinstance(opened, Opened)
    assert opened.id == one.id
    assert "once the secretariat has looked at it" in in_a_line(said.text)


def test_each_paper_has_a_receipt_of_its_own(desk: Desk, clock: Clock) -> None:
    one = numbered(desk)
    clock.now = DEADLINE + timedelta(milliseconds=1)
    add_paper(desk, EVENT, one.id, PaperKind.REVISION, (a_file("second"),), SUBMITTER)
    list(number_due(desk))
    assert receipt(desk, one).subject.startswith("Received: INTGOV04-C/1,")
    second = receipt(desk, one, 2)
    assert second.subject.startswith("Received after the deadline")
    assert second.subject.endswith("(INTGOV04-C/1 (Rev.1))")
    assert a_file("second").sha256 in second.text
    assert a_file().sha256 not in second.text
    assert "the end of 13 February 2004 (Zurich time)" in in_a_line(second.text)


def test_a_receipt_says_what_becomes_of_it(desk: Desk, tmp_path: Path) -> None:
    held = numbered(desk, "in doubt", doubt=PaperDoubt.NOT_SCANNED)
    assert "could not check every file" in in_a_line(receipt(desk, held).text)
    unpublished = numbered(desk, "private", consent="")
    assert "did not agree" in in_a_line(receipt(desk, unpublished).text)
    at_once = a_contribution_desk(desk.store, tmp_path, event=AT_ONCE)
    assert "It is published." in receipt(at_once, numbered(at_once, "public", AT_ONCE), event=AT_ONCE).text


def test_what_was_withdrawn_needs_no_receipt(desk: Desk) -> None:
    one = sent_in(desk)
    withdraw(desk, EVENT, one.id, SUBMITTER)
    list(number_due(desk))
    assert isinstance(written(desk, entry_of(one)), NotNeeded)
    said = notice(desk, one, 2)
    assert isinstance(said, Email)
    assert said.subject == f"Contribution withdrawn: INTGOV04-C/1, {EVENT.title}"
    assert "This came through the link in our e-mails." in in_a_line(said.text)
    assert "/contribution/" not in said.text


def test_a_notice_says_why_while_it_is_so(desk: Desk) -> None:
    one = numbered(desk)
    hold(desk, EVENT, one.id, 1, [0], "The second file\nis empty.", PRESS)
    said = notice(desk, one, 2)
    assert isinstance(said, Email)
    assert said.subject == f"Held: INTGOV04-C/1, {EVENT.title}"
    assert "| The second file\n    | is empty." in said.text
    assert "/contribution/" in said.text
    assert "The second file" in receipt(desk, one).text
    publish(desk, EVENT, one.id, 2, [0], replace(PRESS, id="Q"))
    assert isinstance(notice(desk, one, 2), NotNeeded)
    withdraw(desk, EVENT, one.id, SUBMITTER)
    assert isinstance(notice(desk, one, 2), NotNeeded)


def test_they_are_in_the_language_of_whoever_sent_it(desk: Desk) -> None:
    one = numbered(desk, language="fr")
    hold(desk, EVENT, one.id, 1, [0], "Vide", PRESS)
    for said in (receipt(desk, one), notice(desk, one, 2)):
        assert isinstance(said, Email)
        assert '<html lang="fr"' in said.html


def test_after_the_event_there_is_no_link(desk: Desk, clock: Clock) -> None:
    one = numbered(desk)
    clock.now = EVENT.over_at + timedelta(seconds=1)
    assert "/contribution/" not in receipt(desk, one).text


def test_what_was_typed_is_text(desk: Desk) -> None:
    script = "<script>alert(1)</script>"
    one = numbered(desk, title=script, source=script, name=script, item=script)
    assert script not in receipt(desk, one).html
    assert script in receipt(desk, one).text


def test_one_that_is_not_there_is_an_error(desk: Desk) -> None:
    one = sent_in(desk)
    with pytest.raises(LookupError):
        written(desk, replace(entry_of(one), about="B"))


def test_they_count_as_e_mails_to_people(desk: Desk, postbox: Postbox) -> None:
    one = numbered(desk)
    before = desk.store.now()
    assert [attempted.status for _, attempted in send_due(desk) if not isinstance(attempted, Exception)] == ["sent"]
    assert [email.to for email in postbox.messages] == [one.email]
    assert desk.store.sent_to_registrants(EVENT.slug, before, 9) == 1
    assert desk.store.recently_sent([one.email], before, 9).total() == 1


def test_the_staff_hear_of_a_receipt_that_did_not_arrive(desk: Desk) -> None:
    lost = replace(entry_of(numbered(desk)), status=EmailStatus.BOUNCED, reason="550 no such mailbox")
    said = digested(undelivered=some((None, lost)))
    assert "Who sent a contribution" in in_a_line(said.text)
    assert "Receipt of a contribution" in in_a_line(said.text)


@pytest.mark.parametrize(("website", "code"), [(None, "fr"), (None, "en"), ("https://www.example.org/forum", "en")])
def test_e_mails_and_calendars_name_the_events_pages_here_or_elsewhere(
    desk: Desk, website: str | None, code: str
) -> None:
    event = an_event(website=website)
    accepted = register(desk, event, a_registration(language=code))
    assert isinstance(accepted, Accepted)
    said = written(desk, confirmation(event.slug, accepted.id, "amina.diallo@mpt.example.org"), event)
    assert isinstance(said, Email)
    pages = website or LINKS.pages_of(event.in_language(code))
    assert pages in said.text
    assert f"URL:{pages}" in said.attachments[0].content.decode().replace("\r\n ", "")
