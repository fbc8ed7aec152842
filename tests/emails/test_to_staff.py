"""The roster and the staff digest, beyond their golden files."""

import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.desk.amend import end_links, withdraw
from rollcall.desk.close import close
from rollcall.desk.desk import Desk
from rollcall.desk.register import Accepted, register
from rollcall.desk.staff_digests import digests_within_the_hour
from rollcall.documents.roster_content import IncompleteForm, RosterRow
from rollcall.emails.roster import Roster, by_email, incomplete_form, word
from rollcall.emails.wording import written_in
from rollcall.inbound.reading import LONGEST_TEXT
from rollcall.model.email import (
    Attachment,
    CircuitBreaker,
    Email,
    EmailStatus,
    NotNeeded,
    OutboxEntry,
    confirmation,
    roster_entry,
    staff_digest,
    withdrawal_notice,
)
from rollcall.model.event import Event
from rollcall.model.fault import Fault
from rollcall.model.inbound import FormStatus, InboundForm, InboundStatus
from rollcall.model.registration import Actor, BotSignal, QuarantinedForm, Way
from rollcall.model.staff import StaffMember
from schemas.event import read_event
from schemas.form import read_form
from templates import dates, days, deadline
from tests.emails.samples import (
    AMINA,
    CLOSED,
    EVENT,
    LATE,
    NOON,
    an_inbound,
    digest,
    digested,
    for_review,
    rostered,
    some,
    unsent,
)
from tests.support.builders import EVENTS, NOT_ME, a_registration, an_event, an_event_in, registered, staff_of
from tests.support.clock import Clock
from tests.support.desk import write_now

MISSING = (Fault("required"),)
counts_of_inbound = st.dictionaries(st.sampled_from(InboundStatus), st.integers(min_value=0, max_value=10**6))


@given(counts_of_inbound)
def test_each_inbound_e_mail_is_counted_once(counts: dict[InboundStatus, int]) -> None:
    rows = by_email(EVENT, counts, resolved=2)
    assert bool(rows) == bool(sum(counts.values()))
    if rows:
        *parts, (_, total) = rows
        assert total == sum(count for _, count in parts) == sum(counts.values())


@pytest.mark.parametrize(
    ("form", "missing"),
    [
        (
            InboundForm(FormStatus.INCOMPLETE, faults=dict.fromkeys(("signature", "email"), MISSING)),
            "E-mail and Signature",
        ),
        (InboundForm(FormStatus.NOT_YET_OPEN), "nothing, but it came before registration opened"),
    ],
)
def test_what_is_missing_is_named_by_its_labels_in_the_forms_order(form: InboundForm, missing: str) -> None:
    assert incomplete_form(EVENT, an_inbound(), form).missing == missing


@pytest.mark.parametrize(("letter", "rows"), [("x", 8), ("&", 4), ("📮", 4)])
def test_gmail_shows_all_of_a_long_roster(letter: str, rows: int) -> None:
    """It cuts an e-mail at 102 kB. The sums stay, and the workbook has what is left out."""
    names = {"family_name": letter * 50, "first_name": letter * 50}
    long = registered(
        a_registration(**names, answers={**a_registration().answers, "organization": letter * 200}),
        received_at=LATE.received_at,
    )
    failed = unsent(long, EmailStatus.BOUNCED, letter * 200)
    counted = some(*[(f"{number} {letter * 200}", 1) for number in range(200)], count=10**6)
    email = rostered(
        undelivered=some(*[RosterRow(long, unsent=failed)] * 50, count=10**6),
        late=some(*[RosterRow(long, late=True, unsent=failed)] * 50, count=10**6),
        organizations=counted,
        hotels=counted,
        not_completed=some(*[IncompleteForm(letter * 250, letter * 250, letter * 250, NOON)] * 50, count=10**6),
        quarantined=some(*[QuarantinedForm(long, BotSignal.HIDDEN_FIELD)] * 50, count=10**6),
    )
    assert len(email.html.encode()) < 100_000
    assert email.text.count(f"the last {rows} of 1000000") == 3
    assert f"the first {rows} of 1000000" in email.text
    assert email.text.count(f"others, which are in the workbook: {10**6 - rows} names") == 2


def test_a_digest_with_nothing_left_to_tell_is_not_needed() -> None:
    assert isinstance(digest(), NotNeeded)
    refused = CircuitBreaker(NOON, opened_at=NOON - timedelta(days=9), account_refused=True)
    assert isinstance(digest(breaker=refused), NotNeeded)


def test_the_subject_counts_what_there_is() -> None:
    quarantined = some(QuarantinedForm(AMINA, BotSignal.HIDDEN_FIELD))
    inbound = some(*(for_review(number) for number in range(13)))
    counted = digested(quarantined=quarantined, inbound=inbound).subject
    assert counted == f"Needs review: {EVENT.title} (1 form in quarantine and 13 e-mails received)"


@pytest.mark.parametrize(
    ("changes", "is_named"),
    [
        ({}, False),
        ({"text": "x" * (LONGEST_TEXT - 1)}, False),
        ({"text": "x" * LONGEST_TEXT}, True),
        ({"not_read": ("huge.tif",)}, True),
        ({"forms": (InboundForm(FormStatus.CONFLICT, AMINA.id),)}, True),
    ],
    ids=["all is here", "a long text", "a text that was cut", "a large attachment", "answers that were not kept"],
)
def test_the_file_of_the_e_mail_is_named_where_not_all_of_it_is_here(changes: dict[str, Any], is_named: bool) -> None:
    email = digested(inbound=some(for_review(1, **changes)))
    for body in (email.text, email.html):
        assert ("in the store of inbound e-mails" in body) == is_named
        assert ("x…" in body) == (len(str(changes.get("text", ""))) == LONGEST_TEXT)


def test_a_conflict_is_told_though_the_form_asks_for_more_since() -> None:
    form = InboundForm(FormStatus.CONFLICT, AMINA.id, answers={"family_name": "Diallo", "hotel": "Hotel Royal"})
    email = digested(inbound=some(for_review(1, forms=(form,), people={AMINA.id: AMINA})))
    assert "Hotel: Hôtel Cornavin → Hotel Royal\n" in email.text


def test_an_empty_attachment_is_not_called_large() -> None:
    file = Attachment("empty.txt", "text/plain", b"")
    email = digested(inbound=some(for_review(1, file, not_read=("empty.txt",))))
    assert "empty.txt (empty)" in email.text
    assert email.attachments == ()


def test_no_two_attachments_have_one_name() -> None:
    scan = Attachment("scan.pdf", "application/pdf", b"%PDF")
    empty = Attachment("empty.txt", "text/plain", b"")
    email = digested(inbound=some(for_review(1, scan, scan), for_review(2, empty, scan)))
    assert [file.name for file in email.attachments] == ["1-scan.pdf", "2-scan.pdf", "3-scan.pdf"]
    for body in (email.text, email.html):
        assert "1-scan.pdf and 2-scan.pdf (attached here)" in body
        assert "3-scan.pdf (attached here)" in body


def test_what_is_withheld_is_named_and_where_it_is() -> None:
    programs = [Attachment(f"{number}.exe", "application/octet-stream", b"", withheld=True) for number in range(22)]
    email = digested(inbound=some(for_review(1, *programs, not_read=("0.exe",))))
    assert email.attachments == ()
    for body in (email.text, email.html):
        assert "18.exe, 19.exe and 2 more (not attached" in body
        assert "20.exe" not in body
        assert "file M00000000000000000000001 in the store" in body


def test_a_strangers_e_mail_is_only_text_and_bounded() -> None:
    hostile = "<script>alert(1)</script>\x00\r\nBcc: all@example.org" + "x" * 10**6
    email = digested(inbound=some(for_review(1, subject=hostile, sender=hostile, text=hostile, not_read=(hostile,))))
    assert "<script>" not in email.html
    assert len(email.html) < 25_000
    assert "\x00" not in email.text


@pytest.mark.slow
def test_a_digest_of_many_long_forms_can_be_sent() -> None:
    """SendGrid accepts 30 MB, with 13 MB of attachments among them."""
    form = InboundForm(FormStatus.INCOMPLETE, answers={"address": "📮" * 100_000, "hotel": "<" * 100_000})
    email = digested(inbound=some(*(for_review(number, forms=(form,) * 500) for number in range(50))))
    assert len(json.dumps((email.text, email.html))) < 15_000_000
    assert "498 more in the e-mail itself" in email.text


def test_days_and_deadlines_are_told_in_the_events_zone() -> None:
    assert days(EVENT) == "26–27 February 2004 (Thursday and Friday)"
    assert dates(EVENT) == "26–27 February 2004"
    assert days(an_event(ends=EVENT.starts)) == "Thursday, 26 February 2004"
    starts, ends = datetime(2004, 2, 26, 8, tzinfo=UTC), datetime(2004, 2, 26, 23, 30, tzinfo=UTC)
    one_day = an_event(starts=starts, ends=ends - timedelta(hours=7, minutes=30))
    assert days(one_day) == "Thursday, 26 February 2004, 09:00–17:00 (Zurich time)"
    assert dates(one_day) == "26 February 2004"
    assert dates(replace(one_day, ends=ends)) == "26–27 February 2004"
    assert deadline(EVENT.closes_at, EVENT) == "the end of 20 February 2004 (Zurich time)"
    assert deadline(starts, EVENT) == "26 February 2004, 09:00 (Zurich time)"


def test_the_roster_of_an_online_event_speaks_of_no_hotel_door_or_category() -> None:
    event = read_event(EVENTS / "examples" / "online-seminar.toml")
    attached = (Attachment("online-seminar-roster.xlsx", "text/plain", b""),)
    said = word(roster_entry(event.slug, 1, event.secretariat), event, Roster(attached=attached), CLOSED).text
    assert "is for people: the roster and totals." in " ".join(said.split())
    assert not {"hotel", "door", "category"} & set(said.lower().split())


LUNCH = """
[[form.fields]]
name = "family_name"
[[form.fields]]
name = "email"
[[form.fields]]
name = "lunch"
kind = "choice"
label = { en = "Lunch", fr = "Déjeuner", ar = "الغداء" }
choices = [{ code = "fish", label = { en = "Fish", fr = "Poisson", ar = "سمك" } }]
"""
OFFERED = an_event_in("ar", "en", staff_language="fr", fields=LUNCH)
IN_ARABIC = read_form(OFFERED, {"family_name": "ديالو", "email": "amina@example.org", "lunch": "سمك"})


def written(desk: Desk, entry: OutboxEntry, event: Event = OFFERED) -> Email:
    said = write_now(desk, entry, event)
    assert isinstance(said, Email)
    return said


@pytest.fixture
def accepted(desk: Desk) -> str:
    id = "A" * 24
    desk.store.accept(OFFERED.slug, id, IN_ARABIC, confirmation(OFFERED.slug, id, IN_ARABIC.email))
    return id


def test_the_roster_is_in_the_staffs_language(desk: Desk, clock: Clock, accepted: str) -> None:
    """Whatever the registrant reads; and it tells in which language to write to them."""
    clock.now = OFFERED.closes_at + timedelta(seconds=1)
    close(desk, OFFERED)
    email = written(desk, roster_entry(OFFERED.slug, 1, OFFERED.secretariat))
    assert "20 février 2004" in email.text
    assert ": arabe\n" in email.text
    table, workbook = email.attachments[1].content, email.attachments[0].content
    rows = list(openpyxl.load_workbook(io.BytesIO(workbook)).worksheets[0].iter_rows(values_only=True))
    labels, cells = rows
    assert dict(zip(labels, cells, strict=True))["Déjeuner"] == "Poisson"
    assert "arabe" in cells
    assert table.decode("utf-8").splitlines()[0] == "reference,family_name,email,lunch,received_at,confirmation"
    assert ",fish," in table.decode("utf-8")


def test_the_digest_is_in_the_staffs_language(desk: Desk) -> None:
    desk.store.quarantine(OFFERED.slug, IN_ARABIC, BotSignal.TOO_FAST)
    said = written(desk, staff_digest(OFFERED.slug, "20040202T12", OFFERED.secretariat, NOON)).text
    assert ": arabe\n" in said
    assert re.search("Déjeuner.?: Poisson\n", said)
    assert "2 février 2004" in said


def test_a_withdrawal_is_told_in_the_staffs_language(desk: Desk, accepted: str) -> None:
    assert withdraw(desk, OFFERED, accepted, NOT_ME)
    said = written(desk, withdrawal_notice(OFFERED.slug, accepted, 2, OFFERED.secretariat)).text
    assert ": arabe\n" in said
    assert "2 février 2004" in said


def test_each_of_the_staff_reads_their_own_language(desk: Desk, clock: Clock, accepted: str) -> None:
    """The workbook too; somebody who left is told in that of the others."""
    clock.now = OFFERED.closes_at + timedelta(seconds=1)
    close(desk, OFFERED)
    mixed = replace(OFFERED, staff=(StaffMember("one@itu.int"), StaffMember("two@itu.int", language="ar")))
    for to, day, label in (
        ("one@itu.int", "20 février 2004", "Déjeuner"),
        ("TWO@itu.int", "20 فبراير 2004", "الغداء"),
        ("gone@itu.int", "20 février 2004", "Déjeuner"),
    ):
        email = written(desk, roster_entry(OFFERED.slug, 1, to), mixed)
        assert day in email.text
        sheet = openpyxl.load_workbook(io.BytesIO(email.attachments[0].content)).worksheets[0]
        assert label in next(iter(sheet.iter_rows(values_only=True)))


def test_an_e_mail_to_staff_is_the_same_wherever_they_stand_in_the_file() -> None:
    for staff in (("one@itu.int", "two@itu.int"), ("two@itu.int", "one@itu.int"), ("Two@itu.int",)):
        event = replace(OFFERED, staff=staff_of(*staff))
        (second,) = (one for one in digests_within_the_hour(event, NOON) if one.to.lower() == "two@itu.int")
        assert second.id == staff_digest(OFFERED.slug, "20040202T12", "two@itu.int", NOON).id


def test_a_withdrawal_is_told_as_it_was_and_not_once_it_no_longer_counts(desk: Desk, clock: Clock) -> None:
    accepted = register(desk, EVENT, a_registration())
    assert isinstance(accepted, Accepted)
    assert withdraw(desk, EVENT, accepted.id, NOT_ME)
    clock.forward(timedelta(hours=2))
    end_links(desk, EVENT, accepted.id, Actor.STAFF, Way.COMMAND)
    entry = withdrawal_notice(EVENT.slug, accepted.id, 2, EVENT.secretariat)
    assert "Withdrawn: 2 February 2004, 13:00 (Zurich time)" in written(desk, entry, EVENT).text
    assert isinstance(register(desk, EVENT, a_registration()), Accepted)
    assert isinstance(write_now(desk, entry, EVENT), NotNeeded)


def test_of_an_event_in_one_language_it_is_not_told() -> None:
    assert written_in(EVENT, AMINA) == ("Language", "English")
    assert written_in(replace(EVENT, languages=("en",)), AMINA) == ("Language", "")
