"""Contributions by e-mail, from the bytes that SendGrid posts to what its sender is written."""

from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from rollcall.desk.contributions.emailed import note_completed, papers_to_complete, told
from rollcall.desk.contributions.submit import number_due
from rollcall.desk.receive import read_in, receive
from rollcall.desk.send import send_due
from rollcall.inbound import reading
from rollcall.inbound.reader import InboxReader
from rollcall.model.contribution import Contribution, PaperKind, is_late
from rollcall.model.email import Email, EmailKind
from rollcall.model.inbound import (
    InboundEmail,
    InboundPaperStatus,
    InboundStatus,
    ParsedPaper,
    ReviewReason,
)
from tests.support.builders import LINKS, a_form_in_text, a_registration
from tests.support.clock import Clock
from tests.support.contributions import DEADLINE, EVENT
from tests.support.desk import Postbox, a_desk, entry_of
from tests.support.papers import (
    CONTRIBUTIONS,
    COVER,
    FORMS,
    PDF,
    SENDER,
    TEXT,
    WORD,
    Attached,
    a_docx,
    a_message,
    a_pdf,
    posted,
)

DOCX: Attached = ("paper.docx", WORD, a_docx())
NO_COVER: Attached = ("paper.docx", WORD, a_docx({}))
REVISED: Attached = ("paper 2.docx", WORD, a_docx(lines=("Another text.",)))


class Mailroom:
    """A desk at which e-mails come, and from which e-mails go."""

    def __init__(self, folder: Path) -> None:
        self.clock, self._postbox = Clock(DEADLINE - timedelta(days=3)), Postbox()
        self.desk = replace(a_desk(folder, self.clock, self._postbox), events={EVENT.slug: EVENT})

    def came(self, message: EmailMessage | bytes, to: str = CONTRIBUTIONS, **checks: str) -> InboundEmail:
        inbound = read_in(self.desk, receive(self.desk, posted(message, to, **checks)))
        assert inbound is not None
        return inbound

    def sent(self) -> list[Email]:
        """Since the last time; receipts among them."""
        list(number_due(self.desk))
        before = len(self._postbox.messages)
        self.clock.forward(timedelta(minutes=2))
        list(send_due(self.desk))
        return [one for one in self._postbox.messages[before:] if one.to == SENDER]

    def kinds(self) -> list[EmailKind]:
        return sorted(entry_of(self.desk, one.email_id).kind for one in self.sent())

    def contributions(self) -> list[Contribution]:
        list(number_due(self.desk))
        return [*self.desk.store.contributions(EVENT.slug, 99)]

    def receipt(self) -> Email:
        (one,) = self.sent()
        assert entry_of(self.desk, one.email_id).kind is EmailKind.RECEIPT
        return one


def answering(email: Email) -> dict[str, Any]:
    return {"subject": f"Re: {email.subject}", "answers": email.email_id, "message_id": "<2@x.org>"}


@pytest.fixture
def room(tmp_path: Path) -> Mailroom:
    return Mailroom(tmp_path)


def statuses(inbound: InboundEmail) -> list[InboundPaperStatus]:
    return [one.status for one in inbound.papers]


def test_a_certain_one_is_taken_and_nothing_but_its_receipt_goes_out(room: Mailroom) -> None:
    inbound = room.came(a_message("Please find our contribution attached.\n", DOCX))
    assert (inbound.status, statuses(inbound)) == (InboundStatus.CONTRIBUTED, [InboundPaperStatus.RECEIVED])
    (one,) = room.contributions()
    assert (one.title, one.source, one.name, one.email) == (COVER["Title"], COVER["Source"], "Amina Diallo", SENDER)
    assert (one.number, one.inbound_id, one.id) == (1, inbound.id, inbound.papers[0].contribution_id)
    assert CONTRIBUTIONS in one.consent
    (file,) = one.text.files
    assert (room.desk.files().get(file.id), file.name, file.type) == (DOCX[2], "paper.docx", WORD)
    assert "INTGOV04-C/1" in room.receipt().text


@pytest.mark.parametrize(("arrives", "late"), [(-1, False), (1, True)])
def test_the_time_at_sendgrid_decides_whether_it_is_late(room: Mailroom, arrives: int, late: bool) -> None:
    at = DEADLINE + timedelta(minutes=arrives)
    trace = f"from mail by mx.sendgrid.net with ESMTP; {at:%a, %d %b %Y %H:%M:%S} +0000 (UTC)"
    room.clock.forward(DEADLINE + timedelta(hours=1) - room.clock.now)
    room.came(a_message("", DOCX, Received=trace))
    (one,) = room.contributions()
    assert is_late(one.text, DEADLINE) is late


def test_what_is_missing_is_asked_once_with_the_page_filled_in(room: Mailroom) -> None:
    inbound = room.came(a_message("", NO_COVER, subject="Names of countries"))
    assert (inbound.status, statuses(inbound)) == (InboundStatus.WAITING_FOR_SENDER, [InboundPaperStatus.INCOMPLETE])
    (paper,) = inbound.papers
    assert (paper.title, {name: found[0].code for name, found in paper.faults.items()}) == (
        "Names of countries",
        {"title": "not_certain", "source": "not_found"},
    )
    assert room.desk.files().get(paper.files[0].id) == NO_COVER[2]
    (reply,) = room.sent()
    assert LINKS.completing_papers(EVENT, inbound.id, EVENT.over_at)[:50] in reply.text
    assert "agrees that it is published" in " ".join(reply.text.split())
    assert reply.reply_to == CONTRIBUTIONS
    assert room.contributions() == []


def test_lines_above_our_reply_complete_it(room: Mailroom) -> None:
    first = room.came(a_message("", NO_COVER, subject="Names of countries"))
    (reply,) = room.sent()
    quoted = "".join(f"> {line}\n" for line in reply.text.splitlines())
    text = f"Source: Guinea\nTitle: Names of countries\n\nOn Monday, the desk wrote:\n\n{quoted}"
    then = room.came(a_message(text, subject=f"Re: {reply.subject}", answers=reply.email_id, message_id="<2@x.org>"))
    assert (then.status, statuses(then)) == (InboundStatus.CONTRIBUTED, [InboundPaperStatus.RECEIVED])
    (one,) = room.contributions()
    assert (one.source, one.title, one.text.files) == ("Guinea", "Names of countries", first.papers[0].files)
    now = room.desk.store.inbound(first.id)
    assert now is not None
    assert (now.status, statuses(now)) == (InboundStatus.CONTRIBUTED, [InboundPaperStatus.RECEIVED])
    assert room.kinds() == [EmailKind.RECEIPT]


def test_a_program_that_answers_our_reply_is_not_answered(room: Mailroom) -> None:
    room.came(a_message("", NO_COVER))
    (reply,) = room.sent()
    then = room.came(a_message("", NO_COVER, answers=reply.email_id, message_id="<2@x.org>"))
    assert then.status is InboundStatus.NEEDS_REVIEW
    assert ReviewReason.ANSWERS_OUR_EMAIL in [one.code for one in then.reasons]
    assert room.sent() == []


def test_a_page_that_was_sent_settles_the_e_mail_once(room: Mailroom) -> None:
    inbound = room.came(a_message("", NO_COVER))
    assert [place for place, _ in papers_to_complete(inbound)] == [0]
    for _ in range(2):
        note_completed(room.desk, inbound.id, 0, "C" * 24)
    now = room.desk.store.inbound(inbound.id)
    assert now is not None
    assert (now.status, now.papers[0].contribution_id) == (InboundStatus.CONTRIBUTED, "C" * 24)
    assert papers_to_complete(now) == []


def test_form_and_paper_are_both_taken(room: Mailroom) -> None:
    inbound = room.came(a_message(a_form_in_text(email=SENDER), DOCX), FORMS)
    assert (inbound.status, statuses(inbound)) == (InboundStatus.REGISTERED, [InboundPaperStatus.RECEIVED])
    assert room.kinds() == [EmailKind.CONFIRMATION, EmailKind.RECEIPT]


def test_it_names_the_registration_of_its_sender(room: Mailroom) -> None:
    inbound = room.came(a_message(a_form_in_text(email=SENDER), message_id="<0@x.org>"), FORMS)
    room.came(a_message("", DOCX))
    (one,) = room.contributions()
    assert one.registration_id == inbound.forms[0].registration_id


def test_at_the_events_own_address_nothing_is_agreed_to(room: Mailroom) -> None:
    room.came(a_message("", DOCX), FORMS)
    (one,) = room.contributions()
    assert one.consent == ""


def test_a_letter_at_the_events_own_address_is_for_a_person_as_before(room: Mailroom) -> None:
    inbound = room.came(a_message("", ("letter.docx", WORD, a_docx({}, ("Dear Sir,",))), subject="Nomination"), FORMS)
    assert (inbound.status, inbound.not_read, inbound.papers) == (InboundStatus.NEEDS_REVIEW, ("letter.docx",), ())
    (reply,) = room.sent()
    assert CONTRIBUTIONS in reply.text.replace("\u2060", "")


def test_without_a_call_all_is_as_before(room: Mailroom) -> None:
    event = replace(EVENT, contributions=None)
    room.desk = replace(room.desk, events={event.slug: event})
    inbound = room.came(a_message("", DOCX))
    assert (inbound.status, inbound.not_read, inbound.papers) == (InboundStatus.NEEDS_REVIEW, ("paper.docx",), ())


def test_what_runs_something_is_refused(room: Mailroom) -> None:
    inbound = room.came(a_message("", ("paper.pdf", PDF, a_pdf(script="app.alert\\(1\\)"))))
    (paper,) = inbound.papers
    assert (paper.status, paper.faults["files"][0].code) == (InboundPaperStatus.REFUSED, "file_active")
    assert room.contributions() == []
    (reply,) = room.sent()
    assert "scripts" in reply.text


def test_a_kind_that_is_not_taken_is_refused_with_a_word(room: Mailroom) -> None:
    inbound = room.came(a_message("", ("paper.rtf", "application/rtf", b"{\\rtf1 Names of countries}")))
    assert (inbound.status, statuses(inbound)) == (InboundStatus.WAITING_FOR_SENDER, [InboundPaperStatus.REFUSED])
    (reply,) = room.sent()
    assert "files of this kind" in reply.text


@pytest.mark.parametrize("dies_after", ["submit", "files"])
def test_a_reader_that_died_takes_it_once(room: Mailroom, dies_after: str) -> None:
    id = receive(room.desk, posted(a_message("", DOCX)))
    dying = {"submit": replace(room.desk, store=_Dying(room.desk.store)), "files": replace(room.desk, inspect=_dies)}
    with pytest.raises(SystemExit):
        read_in(dying[dies_after], id)
    room.clock.forward(timedelta(minutes=11))
    inbound = read_in(room.desk, id)
    assert inbound is not None
    assert (inbound.status, statuses(inbound)) == (InboundStatus.CONTRIBUTED, [InboundPaperStatus.RECEIVED])
    assert len(room.contributions()) == 1
    assert room.kinds() == [EmailKind.RECEIPT]


class _Dying:
    """A store whose process dies before what came of an e-mail is written."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def save_inbound(self, inbound: InboundEmail, *more: Any) -> bool:
        if inbound.due_at is None:
            raise SystemExit
        return bool(self._store.save_inbound(inbound, *more))


def _dies() -> Any:
    raise SystemExit


def test_the_same_paper_again_is_told_to_be_there(room: Mailroom) -> None:
    room.came(a_message("", DOCX))
    room.receipt()
    inbound = room.came(a_message("", DOCX, message_id="<again@x.org>"))
    assert statuses(inbound) == [InboundPaperStatus.DUPLICATE]
    (reply,) = room.sent()
    assert "INTGOV04-C/1" in reply.text
    assert len(room.contributions()) == 1


@pytest.mark.parametrize(
    ("text", "kind"),
    [("Please take this one.\n", PaperKind.REVISION), ("This is a corrigendum.\n", PaperKind.CORRIGENDUM)],
)
def test_an_answer_to_the_receipt_with_a_file_is_a_further_paper(room: Mailroom, text: str, kind: PaperKind) -> None:
    room.came(a_message("", DOCX))
    receipt = room.receipt()
    inbound = room.came(a_message(text, REVISED, **answering(receipt)), FORMS)
    assert statuses(inbound) == [InboundPaperStatus.RECEIVED]
    (one,) = room.contributions()
    assert [(paper.kind, paper.number) for paper in one.papers] == [(PaperKind.ORIGINAL, 0), (kind, 1)]
    assert room.kinds() == [EmailKind.RECEIPT]


def test_nobody_else_revises_it(room: Mailroom) -> None:
    room.came(a_message("", DOCX))
    receipt = room.receipt()
    other = a_message("", REVISED, answers=receipt.email_id, sender="Eve <eve@elsewhere.example.org>")
    room.came(other)
    assert [len(one.papers) for one in room.contributions()] == [1, 1]
    named = a_message("", REVISED, subject="Revision of INTGOV04-C/1", sender="Eve <eve@elsewhere.example.org>")
    assert statuses(room.came(named)) == [InboundPaperStatus.NEEDS_REVIEW]


def test_its_number_does_as_well_as_an_answer(room: Mailroom) -> None:
    room.came(a_message("", DOCX))
    room.receipt()
    room.came(a_message("", REVISED, subject="Addendum to INTGOV04-C/1", message_id="<2@x.org>"))
    (one,) = room.contributions()
    assert one.papers[-1].kind is PaperKind.ADDENDUM


def test_a_sender_who_is_not_proven_changes_nothing_by_a_number_that_can_be_guessed(room: Mailroom) -> None:
    room.came(a_message("", DOCX))
    subject = room.receipt().subject
    withdraws = a_message("We withdraw our contribution.\n", subject=f"Re: {subject}", message_id="<2@x.org>")
    revised = a_message("", REVISED, subject="Revision of INTGOV04-C/1", message_id="<3@x.org>")
    for message in (withdraws, revised):
        assert room.came(message, spf="none").status is InboundStatus.NEEDS_REVIEW
    (one,) = room.contributions()
    assert (one.withdrawn, len(one.papers)) == (False, 1)
    withdraws.replace_header("Message-ID", "<4@x.org>")
    room.came(withdraws, spf="pass")
    assert room.contributions()[0].withdrawn


@pytest.mark.parametrize("character", ["\x1b", "\ufffe", "\ufdd0", "\u202e", "\u2066"])
def test_what_no_list_can_show_is_in_no_line_of_a_cover(room: Mailroom, character: str) -> None:
    """XML, so the staff's workbook and the public feed, cannot hold some."""
    cover = f"Title: Names{character} of countries\nSource: Guinea{character}\n"
    room.came(a_message(cover, NO_COVER, sender=f"Amina{character} Diallo <{SENDER}>"))
    (one,) = room.contributions()
    assert (one.title, one.source, one.name) == ("Names of countries", "Guinea", "Amina Diallo")


@pytest.mark.parametrize(
    ("text", "withdrawn", "status"),
    [
        ("We withdraw our contribution.\n", True, InboundStatus.CONTRIBUTED),
        ("We withdraw our contribution C/9.\n", False, InboundStatus.NEEDS_REVIEW),
        ("We may withdraw it, if the others do.\n", False, InboundStatus.NEEDS_REVIEW),
        ("Thank you very much!\n", False, InboundStatus.CONTRIBUTED),
        ("When is it published?\n", False, InboundStatus.NEEDS_REVIEW),
    ],
)
def test_a_letter_that_answers_the_receipt(room: Mailroom, text: str, withdrawn: bool, status: InboundStatus) -> None:
    room.came(a_message("", DOCX))
    receipt = room.receipt()
    inbound = room.came(a_message(text, **answering(receipt)))
    (one,) = room.contributions()
    assert (inbound.status, one.withdrawn) == (status, withdrawn)
    kinds = {InboundStatus.NEEDS_REVIEW: [EmailKind.REPLY], InboundStatus.CONTRIBUTED: [EmailKind.NOTICE] * withdrawn}
    assert room.kinds() == kinds[status]


def test_what_a_program_sent_or_nobody_vouches_for_is_for_a_person(room: Mailroom) -> None:
    machine = room.came(a_message("", DOCX, Auto_Submitted="auto-generated"))
    forged = room.came(a_message("", DOCX, message_id="<2@x.org>"), spf="fail")
    for inbound in (machine, forged):
        assert (inbound.status, inbound.not_read) == (InboundStatus.NEEDS_REVIEW, ("paper.docx",))
    assert room.sent() == []
    assert room.contributions() == []


def test_after_the_event_it_is_for_a_person(room: Mailroom) -> None:
    room.clock.forward(EVENT.over_at + timedelta(days=1) - room.clock.now)
    assert room.came(a_message("", DOCX)).status is InboundStatus.NEEDS_REVIEW


def test_several_files_that_may_be_one_are_asked_about(room: Mailroom) -> None:
    inbound = room.came(a_message("", DOCX, ("annex.docx", WORD, a_docx({}))))
    (paper,) = inbound.papers
    assert (paper.status, [*paper.faults]) == (InboundPaperStatus.INCOMPLETE, ["files"])
    assert len(paper.files) == 2


def test_the_paper_in_the_text_is_kept_as_a_file(room: Mailroom) -> None:
    text = f"Source: Guinea\nTitle: Names of countries\n\n{'They are used by many. ' * 30}\n"
    room.came(a_message(text, subject="Names"))
    (one,) = room.contributions()
    (file,) = one.text.files
    kept = room.desk.files().get(file.id)
    assert kept is not None
    assert (file.name, file.type, "used by many" in kept.decode()) == ("Names of countries.txt", "text/plain", True)


def test_within_its_budget_a_child_reads_it_too(room: Mailroom, tmp_path: Path) -> None:
    room.desk = replace(room.desk, reader=InboxReader)
    assert statuses(room.came(a_message("", DOCX))) == [InboundPaperStatus.RECEIVED]


def test_a_file_that_cannot_be_taken_out_is_for_a_person(room: Mailroom) -> None:
    class Reader:
        def __getattr__(self, name: str) -> Any:
            return (lambda *_: None) if name == "take_out" else getattr(reading, name)

    reader: Any = Reader()
    room.desk = replace(room.desk, reader=lambda: reader)
    assert room.came(a_message("", DOCX)).status is InboundStatus.NEEDS_REVIEW


def test_a_documents_own_properties_count_only_where_its_first_page_says_so_too() -> None:
    paper = ParsedPaper((), {"source": "Guinea"}, {}, "Guinea\nNames of countries\n\n1 Introduction")
    assert told(EVENT, paper, {"title": "Names of countries"}).faults == {}
    assert [*told(EVENT, paper, {"title": "Template 2003"}).faults] == ["title"]
    assert told(EVENT, paper, {"title": "Template 2003"}).said["title"] == "Template 2003"


def test_the_language_is_the_covers_or_the_files(room: Mailroom) -> None:
    names = [f"paper-{letter}.docx" for letter in "ef"]
    files = [(name, WORD, a_docx(lines=(*TEXT, name))) for name in names]
    room.came(a_message("", *files))
    (one,) = room.contributions()
    assert [file.language for file in one.text.files] == ["en", "fr"]


def test_a_registrants_letter_is_no_contribution(room: Mailroom) -> None:
    room.came(a_message(a_form_in_text(email=a_registration().email)), FORMS)
    assert room.contributions() == []
