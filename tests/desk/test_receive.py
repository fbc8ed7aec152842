"""Receiving: what comes of a message, on a real SQLite store and folder; how a message is read is tests/inbound."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from rollcall.desk.close import close
from rollcall.desk.deliveries import record_deliveries
from rollcall.desk.desk import Desk
from rollcall.desk.emailed_changes import answered_registration
from rollcall.desk.follow_up import Completed, form_to_complete, note_completed, resolve
from rollcall.desk.limits import Limits
from rollcall.desk.ports import EmailReader, Files, Store
from rollcall.desk.receive import addressed, read_due, read_in, receive
from rollcall.desk.register import Accepted, register
from rollcall.desk.send import send_due
from rollcall.desk.staff_digests import MORNING, digests_next_morning
from rollcall.emails import reply, roster, staff_digest
from rollcall.emails.staff_digest import LOOKED_AT, REMARKS_OF, WITHOUT_ATTACHMENTS
from rollcall.emails.wording import SHOWN
from rollcall.model.email import (
    Attachment,
    DeliveryEvent,
    Email,
    EmailKind,
    EmailStatus,
    NotNeeded,
    confirmation,
    reply_entry,
    roster_entry,
)
from rollcall.model.event import Event
from rollcall.model.fault import Fault
from rollcall.model.inbound import (
    GARBLED,
    Doubt,
    Envelope,
    FormStatus,
    InboundEmail,
    InboundForm,
    InboundStatus,
    MachineSign,
    ParsedEmail,
    ParsedForm,
    Reason,
    ReviewReason,
)
from rollcall.model.links import LinkPurpose, Opened
from rollcall.model.registration import person_key
from rollcall.store.firestore import FirestoreStore
from rollcall.store.folder import FolderFiles
from tests.support.builders import a_registration, an_event, desk_with
from tests.support.clock import Clock
from tests.support.desk import Postbox

EVENT = an_event()
SENDER = a_registration().email
SPF_FAILED = Reason(ReviewReason.SPF_NOT_PASSED, {"outcome": "fail"})
FORM = ParsedForm({"family_name": "Diallo"}, a_registration())
NO_SIGNATURE = ParsedForm(
    {"family_name": "Diallo", "first_name": "Amina", "email": SENDER}, None, {"signature": (Fault("required"),)}
)

LIMITS = Limits()


@dataclass
class Reader:
    """Reads every message as it was told to: how messages are read is not what is tested here."""

    reading: ParsedEmail
    recipients: tuple[str, ...] = ("intgov04@forms.example.org",)
    fault: Exception | None = None
    files: tuple[Attachment, ...] = ()

    def glance(self, raw: bytes) -> Envelope:
        return Envelope(f"message{raw.decode()}", self.recipients)

    def read(self, raw: bytes, event: Event, asked: InboundForm | None = None) -> ParsedEmail:
        if self.fault:
            raise self.fault
        return replace(self.reading, recipients=self.recipients)

    def attachments(self, raw: bytes) -> tuple[Attachment, ...]:
        return self.files

    def take_out(self, raw: bytes, places: Sequence[int], into: Path) -> None:
        raise AssertionError("no paper is read in these")


def a_reading(*forms: ParsedForm, **changes: Any) -> ParsedEmail:
    """A message of the registrant's own."""
    read = ParsedEmail(SENDER, "Registration", "<one@mpt.example.org>", ("<zero@itu.example>",), None, forms)
    return replace(read, **changes)


def reading_as(desk: Desk, path: Path, reading: ParsedEmail, **changes: Any) -> Desk:
    files = FolderFiles(path / "messages")
    return replace(desk, files=lambda: files, reader=lambda: Reader(reading, **changes))


@pytest.fixture
def came(desk: Desk, tmp_path: Path) -> Any:
    """What comes of a message that is read like this: how it stands, and the desk."""

    def came(reading: ParsedEmail, name: str = "1", **changes: Any) -> tuple[InboundEmail, Desk]:
        at = reading_as(desk, tmp_path, reading, **changes)
        inbound = read_in(at, receive(at, name.encode()))
        assert inbound is not None
        return inbound, at

    return came


def enqueue(desk: Desk) -> Mapping[str, int]:
    """How many e-mails of each kind are pending, but for those of the next mornings."""
    return Counter(entry.kind.value for entry in desk.store.unsent_entries(EVENT.slug, None, 99))


def forms(inbound: InboundEmail) -> list[FormStatus]:
    return [form.status for form in inbound.forms]


def test_a_complete_form_is_a_registration_and_its_confirmation_is_the_answer(came: Any) -> None:
    inbound, desk = came(a_reading(FORM))
    assert inbound.status is InboundStatus.REGISTERED
    assert enqueue(desk) == {"confirmation": 1}
    (entry,) = desk.store.unsent_entries(EVENT.slug, None, 99)
    assert entry.thread == ("<zero@itu.example>", "<one@mpt.example.org>")
    registered = desk.store.registration_of(EVENT.slug, person_key(a_registration()))
    assert registered is not None
    assert registered.registration == a_registration()


def test_the_raw_message_is_kept_and_the_same_delivery_is_one(came: Any) -> None:
    _, desk = came(a_reading(FORM))
    assert desk.files().get("message1") == b"1"
    assert read_in(desk, receive(desk, b"1")) is None
    assert enqueue(desk) == {"confirmation": 1}


def test_the_form_of_somebody_else_is_confirmed_to_both(came: Any) -> None:
    inbound, desk = came(a_reading(FORM, sender="focal@mpt.example.org"))
    assert inbound.status is InboundStatus.REGISTERED
    to = {entry.kind: entry.to for entry in desk.store.unsent_entries(EVENT.slug, None, 99)}
    assert to == {EmailKind.CONFIRMATION: SENDER, EmailKind.REPLY: "focal@mpt.example.org"}


@pytest.mark.parametrize(
    ("of_the_form", "of_the_program", "answered_in"),
    [("fr", "ar", "fr"), ("", "ar", "ar"), ("", "", "en"), ("ru", "ar", "ar"), ("ru", "", "en")],
)
def test_an_e_mailed_form_is_answered_in_the_language_of_its_labels_else_of_its_senders_program(
    desk: Desk, tmp_path: Path, of_the_form: str, of_the_program: str, answered_in: str
) -> None:
    event = an_event(languages=("en", "fr", "ar"), translated=lambda code: replace(EVENT, language=code))
    forms = replace(FORM, language=of_the_form), replace(NO_SIGNATURE, language="en")
    desk = replace(desk, events={EVENT.slug: event})
    at = reading_as(desk, tmp_path, a_reading(*forms, language=of_the_program))
    inbound = read_in(at, receive(at, b"1"))
    assert inbound is not None
    registered = at.store.registered(EVENT.slug, inbound.forms[0].registration_id or "")
    assert registered is not None
    assert registered.registration.language == inbound.language == answered_in
    (entry,) = (one for one in at.store.unsent_entries(EVENT.slug, None, 99) if one.kind is EmailKind.REPLY)
    written = reply.write(at, entry, event, at.store.intake(event))
    assert isinstance(written, Email)
    assert f'<html lang="{answered_in}"' in written.html


def test_several_forms_are_answered_in_one_reply(came: Any) -> None:
    other = ParsedForm({}, a_registration(first_name="Fatou"))
    inbound, desk = came(a_reading(FORM, other))
    assert forms(inbound) == [FormStatus.REGISTERED, FormStatus.REGISTERED]
    assert enqueue(desk) == {"confirmation": 2, "reply": 1}


def test_one_person_is_one_registration_on_the_page_and_by_e_mail(came: Any, desk: Desk) -> None:
    register(desk, EVENT, a_registration())
    inbound, at = came(a_reading(FORM))
    assert (inbound.status, forms(inbound)) == (InboundStatus.REGISTERED, [FormStatus.DUPLICATE])
    assert enqueue(at) == {"confirmation": 1, "reply": 1}


def test_another_form_of_the_same_person_is_put_before_a_person(came: Any, desk: Desk) -> None:
    register(desk, EVENT, a_registration(category="associate"))
    inbound, at = came(a_reading(FORM))
    assert (inbound.status, forms(inbound)) == (InboundStatus.NEEDS_REVIEW, [FormStatus.CONFLICT])
    assert enqueue(at) == {"confirmation": 1, "reply": 1, "staff-digest": 1}


def test_another_form_that_a_third_sends_is_told_to_the_address_on_file(came: Any, desk: Desk) -> None:
    register(desk, EVENT, a_registration(category="associate"))
    _, at = came(a_reading(FORM, sender="focal@mpt.example.org"))
    assert enqueue(at) == {"confirmation": 1, "conflict": 1, "reply": 1, "staff-digest": 1}


def test_what_is_missing_is_asked_for_in_one_reply(came: Any) -> None:
    inbound, desk = came(a_reading(NO_SIGNATURE))
    assert (inbound.status, forms(inbound)) == (InboundStatus.WAITING_FOR_SENDER, [FormStatus.INCOMPLETE])
    assert enqueue(desk) == {"reply": 1}
    answer = reply.gather(desk, EVENT, reply_entry(inbound, inbound.sender), desk.store.intake(EVENT))
    assert answer.inbound.forms[0].faults == {"signature": (Fault("required"),)}
    assert list(answer.links) == [0]


def test_a_link_opens_the_form_until_it_is_completed(came: Any, clock: Clock) -> None:
    inbound, desk = came(a_reading(NO_SIGNATURE))
    opened = opened_by(
        desk, reply.gather(desk, EVENT, reply_entry(inbound, inbound.sender), desk.store.intake(EVENT)).links[0], clock
    )
    assert opened == Opened(EVENT.slug, inbound.id, 0)
    form = form_to_complete(desk, opened)
    assert isinstance(form, InboundForm)
    assert form.answers == NO_SIGNATURE.answers
    accepted = register(desk, EVENT, a_registration())
    assert isinstance(accepted, Accepted)
    note_completed(desk, opened, accepted.id)
    assert form_to_complete(desk, opened) == Completed(desk.store.registered(EVENT.slug, accepted.id))
    assert form_to_complete(desk, replace(opened, id="GONE")) is None
    assert standing_in_books(desk, inbound.id) is InboundStatus.REGISTERED


def for_review(desk: Desk) -> tuple[staff_digest.ForReview, ...]:
    return staff_digest.gather(desk, EVENT, EVENT.secretariat, EVENT.opens_at).inbound.shown


def opened_by(desk: Desk, link: str, clock: Clock) -> Opened:
    opened = desk.links.opened(EVENT, LinkPurpose.COMPLETE, link.rpartition("/")[2], clock.now)
    assert isinstance(opened, Opened)
    return opened


def standing_in_books(desk: Desk, id: str) -> InboundStatus:
    inbound = desk.store.inbound(id)
    assert inbound is not None
    return inbound.status


@pytest.mark.parametrize("place", [1, 99])
def test_a_link_to_no_form_opens_none(came: Any, place: int) -> None:
    inbound, desk = came(a_reading(NO_SIGNATURE))
    assert form_to_complete(desk, Opened(EVENT.slug, inbound.id, place)) is None
    assert form_to_complete(desk, Opened(EVENT.slug, "no such message", 0)) is None


@pytest.mark.parametrize(
    ("changes", "without_form"),
    [
        ({"automatic": MachineSign.AUTO_SUBMITTED}, InboundStatus.AUTOMATIC),
        ({"spam": True}, InboundStatus.SPAM),
        ({"unproven": SPF_FAILED}, InboundStatus.NEEDS_REVIEW),
    ],
)
def test_what_may_not_be_answered_is_kept_and_nobody_is_written_to(
    came: Any, changes: dict[str, Any], without_form: InboundStatus
) -> None:
    inbound, desk = came(a_reading(FORM, **changes))
    assert (inbound.status, forms(inbound)) == (InboundStatus.NEEDS_REVIEW, [FormStatus.NEEDS_REVIEW])
    assert enqueue(desk) == {"staff-digest": 1}
    assert list(desk.store.registrations(EVENT.slug, None, 9)) == []
    quoted, _ = came(a_reading(replace(FORM, quoted=True), **changes), "2")
    nothing, _ = came(a_reading(**changes), "3")
    assert [quoted.status, nothing.status] == [without_form, without_form]
    assert enqueue(desk) == {"staff-digest": 1}


@pytest.mark.parametrize("own", [*EVENT.staff_addresses, "registration@desk.example.org", "anything@forms.example.org"])
def test_our_own_addresses_get_no_reply(came: Any, own: str) -> None:
    """The staff hand a form on: the registrant is confirmed, and only they."""
    registered, desk = came(a_reading(FORM, sender=own.upper()))
    assert registered.status is InboundStatus.REGISTERED
    assert enqueue(desk) == {"confirmation": 1}
    incomplete, _ = came(a_reading(NO_SIGNATURE, sender=own), "2")
    assert incomplete.status is InboundStatus.NEEDS_REVIEW
    assert enqueue(desk) == {"confirmation": 1, "staff-digest": 1}


def test_the_same_message_by_another_way_is_answered_once(came: Any) -> None:
    came(a_reading(NO_SIGNATURE), "1")
    _, desk = came(a_reading(NO_SIGNATURE), "2")
    assert enqueue(desk) == {"reply": 1}


def test_beyond_a_rate_a_sender_is_not_answered(came: Any, desk: Desk, postbox: Postbox) -> None:
    for number in range(desk.limits.to_one_address):
        came(a_reading(NO_SIGNATURE, message_id=f"<{number}@mpt.example.org>"), str(number))
    assert len(list(send_due(desk))) == desk.limits.to_one_address
    inbound, at = came(a_reading(NO_SIGNATURE, message_id="<last@mpt.example.org>"), "last")
    assert (inbound.status, inbound.answered) == (InboundStatus.NEEDS_REVIEW, False)
    assert enqueue(at) == {"staff-digest": 1}


DOUBTFUL = replace(FORM, doubts={Doubt.TWO_ANSWERS: ("email",)})


def test_a_doubtful_form_registers_nobody_and_writes_to_the_sender_alone(came: Any) -> None:
    inbound, desk = came(a_reading(DOUBTFUL, sender="focal@mpt.example.org"))
    assert (inbound.status, forms(inbound)) == (InboundStatus.WAITING_FOR_SENDER, [FormStatus.INCOMPLETE])
    assert inbound.forms[0].doubts == DOUBTFUL.doubts
    (entry,) = desk.store.unsent_entries(EVENT.slug, None, 99)
    assert (entry.kind, entry.to) == (EmailKind.REPLY, "focal@mpt.example.org")
    assert list(reply.gather(desk, EVENT, reply_entry(inbound, inbound.sender), desk.store.intake(EVENT)).links) == [0]


def test_a_doubtful_form_of_somebody_registered_is_compared(came: Any, desk: Desk) -> None:
    register(desk, EVENT, a_registration(category="associate"))
    inbound, _ = came(a_reading(DOUBTFUL))
    assert forms(inbound) == [FormStatus.CONFLICT]


@pytest.mark.parametrize("form", [DOUBTFUL, replace(DOUBTFUL, quoted=True)], ids=["new", "quoted"])
def test_a_doubtful_form_does_not_tell_another_who_is_registered(came: Any, desk: Desk, form: ParsedForm) -> None:
    stranger = a_reading(form, sender="stranger@example.net")
    nobody, _ = came(stranger, "1")
    register(desk, EVENT, a_registration())
    same, _ = came(replace(stranger, message_id="<2@example.net>"), "2")
    register(desk, EVENT, a_registration(category="associate"))
    differs, at = came(replace(stranger, message_id="<3@example.net>"), "3")
    assert nobody.forms == same.forms == differs.forms
    assert nobody.forms[0].status is FormStatus.INCOMPLETE
    assert nobody.status == same.status == differs.status
    assert enqueue(at) == {"reply": 3, "confirmation": 1, "conflict": 1}  # the conflict is the form's above


def test_who_was_told_of_somebody_is_not_asked_when_they_quote_us(came: Any) -> None:
    focal = a_reading(FORM, sender="focal@mpt.example.org")
    first, desk = came(focal)
    assert forms(first) == [FormStatus.REGISTERED]
    (answer,) = [one for one in desk.store.unsent_entries(EVENT.slug, None, 99) if one.kind is EmailKind.REPLY]
    thanks = replace(
        focal,
        forms=(replace(DOUBTFUL, quoted=True),),
        message_id="<2@mpt.example.org>",
        references=(f"<{answer.id}@itu.int>",),
    )
    assert came(thanks, "2")[0].forms == ()
    assert forms(came(replace(thanks, sender="stranger@example.net"), "3")[0]) == [FormStatus.INCOMPLETE]


@pytest.mark.parametrize("doubt", sorted(GARBLED))
def test_what_its_sender_cannot_put_right_is_put_before_a_person(came: Any, doubt: Doubt) -> None:
    inbound, desk = came(a_reading(replace(FORM, doubts={doubt: ()})))
    assert (inbound.status, forms(inbound)) == (InboundStatus.NEEDS_REVIEW, [FormStatus.NEEDS_REVIEW])
    assert inbound.reasons == (Reason(ReviewReason.DOUBTFUL),)
    assert enqueue(desk) == {"reply": 1, "staff-digest": 1}


def test_who_cancels_beside_a_form_is_not_registered(came: Any) -> None:
    inbound, desk = came(a_reading(FORM, NO_SIGNATURE, refuses=True, says_more=True))
    assert forms(inbound) == [FormStatus.NEEDS_REVIEW, FormStatus.NEEDS_REVIEW]
    assert inbound.reasons == (Reason(ReviewReason.REFUSES),)
    assert enqueue(desk) == {"reply": 1, "staff-digest": 1}


def test_a_remark_beside_a_certain_form_is_in_one_digest_and_leaves_nothing_to_do(came: Any, clock: Clock) -> None:
    inbound, desk = came(a_reading(FORM, text="It was good talking to you.", says_more=True))
    assert (inbound.status, forms(inbound)) == (InboundStatus.REGISTERED, [FormStatus.REGISTERED])
    (entry,) = digests_next_morning(EVENT, inbound.stored_at)
    assert enqueue(desk) == {"confirmation": 1, "staff-digest": 1}
    assert staff_digest.gather(desk, EVENT, EVENT.secretariat, entry.not_before - REMARKS_OF).remarks.shown == (
        inbound,
    )
    assert isinstance(staff_digest.write(desk, entry, EVENT, desk.store.intake(EVENT)), Email)
    (next_day,) = digests_next_morning(EVENT, entry.not_before)
    assert isinstance(staff_digest.write(desk, next_day, EVENT, desk.store.intake(EVENT)), NotNeeded)


def test_a_need_beside_a_certain_form_is_put_before_a_person(came: Any) -> None:
    inbound, desk = came(a_reading(FORM, text="Is there a visa letter?", says_more=True, asks=True))
    assert (inbound.status, forms(inbound)) == (InboundStatus.NEEDS_REVIEW, [FormStatus.REGISTERED])
    assert inbound.reasons == (Reason(ReviewReason.SAYS_MORE),)
    assert enqueue(desk) == {"confirmation": 1, "staff-digest": 1}


def test_what_could_not_be_read_needs_a_person_and_the_sender_hears_so(came: Any) -> None:
    scan, desk = came(a_reading(not_read=("scan.pdf",)))
    assert (scan.status, scan.answered) == (InboundStatus.NEEDS_REVIEW, True)
    assert enqueue(desk) == {"reply": 1, "staff-digest": 1}


@pytest.mark.parametrize("form", [FORM, NO_SIGNATURE])
def test_a_question_above_what_we_wrote_is_no_form(came: Any, desk: Desk, form: ParsedForm) -> None:
    register(desk, EVENT, a_registration(category="associate"))
    inbound, at = came(a_reading(replace(form, quoted=True), text="When is lunch?"))
    assert (inbound.status, inbound.forms) == (InboundStatus.NEEDS_REVIEW, ())
    assert enqueue(at) == {"confirmation": 1, "reply": 1, "staff-digest": 1}


def test_a_quoted_form_that_nobody_sent_yet_is_one(came: Any) -> None:
    """Somebody hands on what a colleague wrote to them."""
    inbound, _ = came(a_reading(replace(FORM, quoted=True)))
    assert (inbound.status, forms(inbound)) == (InboundStatus.REGISTERED, [FormStatus.REGISTERED])


def test_a_scan_from_a_fax_machine_is_put_before_a_person(came: Any) -> None:
    inbound, desk = came(a_reading(automatic=MachineSign.PRECEDENCE, not_read=("fax.tif",)))
    assert inbound.status is InboundStatus.NEEDS_REVIEW
    assert enqueue(desk) == {"staff-digest": 1}


def test_a_machine_that_sends_our_confirmation_back_is_ignored(came: Any, desk: Desk) -> None:
    register(desk, EVENT, a_registration())
    inbound, _ = came(a_reading(FORM, automatic=MachineSign.NULL_SENDER))
    assert inbound.status is InboundStatus.AUTOMATIC


def test_a_form_with_a_paper_is_registered_and_the_paper_put_before_a_person(came: Any) -> None:
    inbound, desk = came(a_reading(FORM, not_read=("contribution.doc",)))
    assert (inbound.status, forms(inbound)) == (InboundStatus.NEEDS_REVIEW, [FormStatus.REGISTERED])
    assert enqueue(desk) == {"confirmation": 1, "reply": 1, "staff-digest": 1}


def test_a_question_needs_a_person(came: Any) -> None:
    inbound, _ = came(a_reading(text="When is lunch?"))
    assert inbound.status is InboundStatus.NEEDS_REVIEW
    assert inbound.reasons == (Reason(ReviewReason.NO_FORM),)


def test_after_the_deadline_it_is_kept_as_late(came: Any, clock: Clock) -> None:
    clock.now = EVENT.closes_at + timedelta(hours=1)
    inbound, desk = came(a_reading(FORM, arrived_at=clock.now - timedelta(seconds=4)))
    assert inbound.status is InboundStatus.REGISTERED
    (late,) = desk.store.registrations(EVENT.slug, None, 9)
    assert late.received_at > EVENT.closes_at
    assert late.arrived_at == clock.now - timedelta(seconds=4)
    assert close(desk, EVENT).count == 0  # type: ignore[union-attr]


def test_what_sendgrid_had_in_time_is_known_by_its_time(came: Any, clock: Clock) -> None:
    clock.now = EVENT.closes_at + timedelta(seconds=3)
    in_time = EVENT.closes_at - timedelta(seconds=1)
    _, desk = came(a_reading(FORM, arrived_at=in_time))
    (late,) = desk.store.registrations(EVENT.slug, None, 9)
    assert (late.arrived_at, late.received_at > EVENT.closes_at) == (in_time, True)


def test_a_trace_from_the_future_does_not_count(came: Any, clock: Clock) -> None:
    inbound, _ = came(a_reading(FORM, arrived_at=clock.now + timedelta(days=1)))
    assert inbound.received_at == inbound.stored_at


def test_after_the_deadline_nothing_can_be_completed(came: Any, clock: Clock) -> None:
    clock.now = EVENT.closes_at + timedelta(hours=1)
    inbound, _ = came(a_reading(NO_SIGNATURE))
    assert (inbound.status, inbound.answered) == (InboundStatus.NEEDS_REVIEW, True)
    assert inbound.reasons == (Reason(ReviewReason.INCOMPLETE_AFTER_DEADLINE),)


def test_before_the_intake_opens_the_sender_is_told(came: Any, clock: Clock) -> None:
    clock.now = EVENT.opens_at - timedelta(hours=1)
    inbound, desk = came(a_reading(FORM))
    assert (inbound.status, forms(inbound)) == (InboundStatus.WAITING_FOR_SENDER, [FormStatus.NOT_YET_OPEN])
    assert enqueue(desk) == {"reply": 1}


def test_a_reader_that_died_is_followed_by_another(desk: Desk, tmp_path: Path, clock: Clock) -> None:
    """The forms that it registered are its own still: no second answer for them."""
    at = reading_as(desk, tmp_path, a_reading(FORM))
    id = receive(at, b"1")
    dying = replace(at, store=DiesBeforeTheEnd(at.store))
    with pytest.raises(RuntimeError):
        read_in(dying, id)
    assert read_in(at, id) is None  # the lease holds
    clock.forward(LIMITS.reading_lease + timedelta(seconds=1))
    ((read, inbound),) = read_due(at)
    assert (read, inbound.status) == (id, InboundStatus.REGISTERED)  # type: ignore[union-attr]
    assert enqueue(at) == {"confirmation": 1}


class DiesBeforeTheEnd:
    """A store whose caller dies before it writes what came of a message."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def save_inbound(self, inbound: InboundEmail, enqueue: Any = (), audit: Any = None) -> bool:
        if inbound.due_at is None:
            raise RuntimeError
        return bool(self._store.save_inbound(inbound, enqueue, audit))


class Slow:
    """A store whose caller read an inbound e-mail before somebody else claimed it."""

    def __init__(self, store: Store, was: InboundEmail | None) -> None:
        self._store = store
        self._was = was

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def inbound(self, _id: str) -> InboundEmail | None:
        return self._was


def test_of_two_who_claim_one_reads(desk: Desk, tmp_path: Path) -> None:
    at = reading_as(desk, tmp_path, a_reading(FORM))
    slow = reading_as(desk, tmp_path, a_reading(), fault=AssertionError("somebody else reads it"))
    id = receive(at, b"1")
    slow = replace(slow, store=cast(Store, Slow(desk.store, desk.store.inbound(id))))
    assert read_in(at, id) is not None
    assert read_in(slow, id) is None


def test_what_cannot_be_read_again_and_again_is_put_before_a_person(desk: Desk, tmp_path: Path, clock: Clock) -> None:
    at = reading_as(desk, tmp_path, a_reading(FORM), fault=MemoryError())
    id = receive(at, b"1")
    for _ in range(LIMITS.max_readings):
        ((_, fault),) = read_due(at)
        assert isinstance(fault, MemoryError)
        clock.forward(LIMITS.reading_lease + timedelta(seconds=1))
    ((_, inbound),) = read_due(at)
    assert isinstance(inbound, InboundEmail)
    assert inbound.status is InboundStatus.NEEDS_REVIEW
    assert enqueue(at) == {"staff-digest": 1}
    assert list(read_due(at)) == []
    assert at.files().get(id) == b"1"


class Killed(BaseException):
    """What the platform does to an instance that takes too much memory or time."""


def test_a_message_that_ended_its_reader_twice_is_not_begun_again(desk: Desk, tmp_path: Path, clock: Clock) -> None:
    at = reading_as(desk, tmp_path, a_reading(FORM))

    def killed() -> EmailReader:
        raise Killed

    id = receive(at, b"1")
    for _ in range(LIMITS.max_readings):
        with pytest.raises(Killed):
            read_in(replace(at, reader=killed), id)
        assert read_in(at, id) is None  # SendGrid posts it again
        clock.forward(LIMITS.reading_lease + timedelta(seconds=1))
    ((_, inbound),) = read_due(replace(at, reader=killed))
    assert isinstance(inbound, InboundEmail)
    assert inbound.reasons == (Reason(ReviewReason.READING_FAILED),)


def test_a_message_whose_event_has_no_file_any_more_waits_for_it(desk: Desk, tmp_path: Path, clock: Clock) -> None:
    at = reading_as(desk, tmp_path, a_reading(FORM))
    id = receive(at, b"1")
    ((_, fault),) = read_due(replace(at, events={}))
    assert isinstance(fault, LookupError)
    assert list(read_due(at)) == []  # it keeps no other waiting
    clock.forward(LIMITS.reading_lease + timedelta(seconds=1))
    ((read, inbound),) = read_due(at)
    assert (read, inbound.status) == (id, InboundStatus.REGISTERED)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("recipients", "slug"),
    [
        (["intgov04@forms.example.org"], "intgov04"),
        (["someone@else.example", "INTGOV04@forms.example.org"], "intgov04"),
        (["forms+other@example.org"], "other"),
        (["nobody@example.org"], None),
        ([], None),
    ],
)
def test_a_message_is_for_the_event_that_its_recipient_names(recipients: list[str], slug: str | None) -> None:
    events = {"intgov04": EVENT, "other": an_event(slug="other")}
    event = addressed(recipients, events)
    assert (event.slug if event else None) == slug
    assert addressed(recipients, {"intgov04": EVENT}) == EVENT


def test_a_message_for_no_event_of_several_needs_a_person(came: Any, desk: Desk, tmp_path: Path) -> None:
    other = an_event(slug="other", opens_at=EVENT.opens_at - timedelta(days=99))
    both = replace(desk, events={"other": other, EVENT.slug: EVENT})
    at = reading_as(both, tmp_path, a_reading(FORM), recipients=("nobody@example.org",))
    inbound = read_in(at, receive(at, b"1"))
    assert inbound is not None
    assert (inbound.event, inbound.status) == (EVENT.slug, InboundStatus.NEEDS_REVIEW)


def test_no_more_answers_are_kept_than_a_record_can_hold(came: Any) -> None:
    long = replace(NO_SIGNATURE, answers={"address": "é" * (LIMITS.stored_answers // 2 - 5)})
    inbound, _ = came(a_reading(long, NO_SIGNATURE))
    assert [bool(form.answers) for form in inbound.forms] == [True, False]
    assert inbound.forms[1].faults == NO_SIGNATURE.faults


def test_no_more_is_kept_of_what_is_doubted_than_a_record_can_hold(came: Any) -> None:
    rows = replace(NO_SIGNATURE, answers={}, doubts={Doubt.ROW_NOT_READ: ("é" * 9_000,)})
    inbound, _ = came(a_reading(*[rows] * 200))
    kept = ["".join(form.doubts[Doubt.ROW_NOT_READ]) for form in inbound.forms]
    assert len(kept) == 200
    assert kept[0] == "é" * 9_000
    assert len("".join(kept).encode()) <= LIMITS.stored_answers


def test_the_staff_hear_each_morning_until_they_have_dealt_with_it(came: Any, clock: Clock, postbox: Postbox) -> None:
    inbound, desk = came(a_reading(text="When is lunch?", sender=EVENT.contact.email))
    assert mornings(desk, clock, postbox, 3) == [1, 1, 1]
    assert resolve(desk, Opened(EVENT.slug, inbound.id, 0))
    assert resolve(desk, Opened(EVENT.slug, inbound.id, 0))
    assert mornings(desk, clock, postbox, 3) == [0, 0, 0]
    assert not resolve(desk, Opened(EVENT.slug, "no such message", 0))


def test_the_staff_hear_no_more_when_the_event_is_over(came: Any, clock: Clock, postbox: Postbox) -> None:
    clock.now = datetime(2004, 2, 26, 12, tzinfo=UTC)
    _, desk = came(a_reading(text="When is lunch?", sender=EVENT.contact.email))
    assert mornings(desk, clock, postbox, 4) == [1, 1, 0, 0]


def mornings(desk: Desk, clock: Clock, postbox: Postbox, days: int) -> list[int]:
    """How many e-mails go out on each of the next mornings."""
    gone_out = []
    for _ in range(days):
        local = (clock.now + timedelta(days=1)).astimezone(EVENT.zone)
        clock.now = local.replace(hour=MORNING.hour, minute=1).astimezone(UTC)
        before = len(postbox.messages)
        list(send_due(desk))
        gone_out.append(len(postbox.messages) - before)
    return gone_out


def test_the_staff_have_the_attachments_at_hand(came: Any) -> None:
    scan = Attachment("scan.tif", "image/tiff", b"II*")
    _, desk = came(a_reading(not_read=("scan.tif",)), files=(scan,))
    (for_staff,) = for_review(desk)
    assert for_staff.attachments == (scan,)
    assert for_staff.link.startswith("https://desk.example.org/register/intgov04/en/resolve/")


def test_what_is_too_large_to_go_along_is_left_out(came: Any) -> None:
    large = Attachment("scan.tif", "image/tiff", bytes(6_000_000))
    for name in "12":
        _, desk = came(a_reading(not_read=("scan.tif",)), name, files=(large,))
    assert [bool(one.attachments) for one in for_review(desk)] == [
        False,
        True,
    ]


def test_what_gets_no_reply_since_its_message_id_came_before_is_put_before_a_person(came: Any) -> None:
    first, _ = came(a_reading(NO_SIGNATURE), "1")
    other, desk = came(a_reading(replace(NO_SIGNATURE, answers={"first_name": "Fatou"}), text="Another one."), "2")
    assert enqueue(desk)["reply"] == 1
    assert [(one.status, one.answered) for one in (first, other)] == [
        (InboundStatus.WAITING_FOR_SENDER, True),
        (InboundStatus.NEEDS_REVIEW, False),
    ]


def test_after_an_e_mail_to_the_staff_was_refused_the_next_ones_bring_no_attachments(came: Any, clock: Clock) -> None:
    """A virus in one message must not keep all the others from the staff."""
    virus = Attachment("form.exe", "application/pdf", b"MZ")
    _, desk = came(a_reading(not_read=("form.exe",)), files=(virus,))
    clock.now += timedelta(days=1)
    (attempt,) = [id for id, _ in send_due(desk) if "staff-digest" in id]
    record_deliveries(desk, [DeliveryEvent(attempt, EmailStatus.BOUNCED, "552 5.7.0 content blocked")])
    assert [one.attachments for one in for_review(desk)] == [()]
    clock.now += WITHOUT_ATTACHMENTS
    assert [one.attachments for one in for_review(desk)] == [(virus,)]


def test_of_many_messages_only_the_last_are_looked_into(came: Any, clock: Clock) -> None:
    """However many strangers send, the staff's e-mail is composed within the time and memory of a function."""
    for number in range(SHOWN + 2):
        clock.now += timedelta(seconds=1)
        inbound, desk = came(a_reading(), f"{number:02}")
    files = Counting(desk.files())
    about = staff_digest.gather(replace(desk, files=lambda: files), EVENT, EVENT.secretariat, EVENT.opens_at)
    assert (len(about.inbound.shown), about.inbound.count, files.looked_into) == (SHOWN, SHOWN + 2, SHOWN)
    assert about.inbound.shown[-1].inbound == inbound
    large = Counting(desk.files(), bytes(LOOKED_AT // 2))
    staff_digest.gather(replace(desk, files=lambda: large), EVENT, EVENT.secretariat, EVENT.opens_at)
    assert large.looked_into == 2


@dataclass
class Counting:
    """Files that count the messages they are asked for; each of them may be said to be this one."""

    real: Files
    content: bytes | None = None
    looked_into: int = 0

    def get(self, id: str) -> bytes | None:
        self.looked_into += 1
        return self.content or self.real.get(id)


def test_whatever_came_in_is_in_the_sum_of_the_roster(came: Any, clock: Clock) -> None:
    """Received = registered + waiting for the person + needs a person + ignored as automatic + spam."""
    readings = [
        a_reading(FORM),
        a_reading(ParsedForm({}, a_registration(first_name="Fatou")), sender="focal@mpt.example.org"),
        a_reading(NO_SIGNATURE, message_id="<2@x>"),  # of somebody who is registered by now
        a_reading(replace(NO_SIGNATURE, answers={"family_name": "Sow", "email": "sow@mpt.example.org"})),
        a_reading(),
        a_reading(automatic=MachineSign.PRECEDENCE),
        a_reading(spam=True),
        a_reading(unproven=SPF_FAILED),
    ]
    for number, reading in enumerate(readings):
        _, desk = came(reading, str(number))
    receive(desk, b"not read before the deadline")
    clock.now = EVENT.closes_at + timedelta(seconds=1)
    close(desk, EVENT)
    entry = roster_entry(EVENT.slug, 1, EVENT.secretariat)
    counted = roster.gather(desk, EVENT, entry, desk.store.intake(EVENT)).inbound
    assert counted == {
        InboundStatus.REGISTERED: 3,
        InboundStatus.WAITING_FOR_SENDER: 1,
        InboundStatus.NEEDS_REVIEW: 2,
        InboundStatus.AUTOMATIC: 1,
        InboundStatus.SPAM: 1,
        InboundStatus.UNREAD: 1,
    }
    assert sum(counted.values()) == len(readings) + 1


@pytest.mark.parametrize("id", ["a/b", "intgov04.a/b", ".", "..", "__name__", "/", "", "intgov04", "\u00e9", "x" * 996])
def test_an_answer_may_name_any_message(project: str, tmp_path: Path, id: str) -> None:
    store = FirestoreStore(project)
    there = a_registration()
    assert store.accept(EVENT.slug, "ID", there, confirmation(EVENT.slug, "ID", there.email))
    desk = desk_with(store, Postbox().post, tmp_path, events={EVENT.slug: EVENT})
    ours = confirmation(EVENT.slug, "ID", there.email).id
    reading = a_reading(references=(f"<{ours}@desk.example.org>", f"<{id}@mail.example.org>"))
    found = answered_registration(desk, EVENT, reading)
    assert found
    assert found.id == "ID"
