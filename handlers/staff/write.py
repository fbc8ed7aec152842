"""Writing to people: announcements, and a reminder to those whom we asked to complete a form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from flask import Response

from handlers.request_body import number_in
from handlers.responses import NO_SUCH_PAGE, HttpProblem, allow, see_other
from handlers.staff.pages import email_page, staff_page
from handlers.staff.visit import Visit
from rollcall.desk.staff import announce
from rollcall.desk.staff.announce import Done, Faulty, NotTried, Overtaken
from rollcall.desk.staff.chosen import count, parsed, query_of, sought_from
from rollcall.desk.staff.remind import IntakeClosed, Reminded, remind, waiting
from rollcall.documents.roster_content import status_in_words
from rollcall.language import N_, Language
from rollcall.model.announcement import LONGEST_SUBJECT, LONGEST_TEXT, Announcement, AnnouncementStatus, Wording
from rollcall.model.email import Email, announcement_trial
from rollcall.model.fault import Fault
from rollcall.model.registration import may_be_id, new_id, reference
from schemas.faults import sentence

_MOST = 200
"""Announcements of an event."""
_BOUNCES = 100
_STATES = {
    AnnouncementStatus.DRAFT: N_("Draft"),
    AnnouncementStatus.ENQUEUEING: N_("Being sent"),
    AnnouncementStatus.ENQUEUED: N_("Sent"),
}
_ASK = {"subject": N_("Please write a subject."), "text": N_("Please write a text.")}
_OVERTAKEN = HttpProblem(
    409,
    N_("Somebody was faster"),
    N_(
        "Another of the staff changed or sent this while you had it open. Nothing was changed; please look at it again."
    ),
)
_NOT_TRIED = HttpProblem(
    409, N_("Not sent yet"), N_("Please send it to yourself first, as it stands now, and read it.")
)
_CLOSED = HttpProblem(
    409, N_("Registration is closed"), N_("Nobody was reminded: a form that is completed now would come too late.")
)


@dataclass(frozen=True)
class AnnouncementRow:
    address: str
    subject: str
    state: str
    by: str
    at: datetime | None
    enqueued: int | None
    """To how many people; None for a draft."""


@dataclass(frozen=True)
class AnnouncementsPage:
    new: str
    """Where another is written."""
    rows: Sequence[AnnouncementRow]
    remind: str | None
    """Where those who are to complete a form are reminded; None once registration is closed."""
    reminded: str
    """To how many that was just done; empty: to nobody."""


@dataclass(frozen=True)
class RemindPage:
    waiting: int
    """Inbound e-mails whose sender is to complete a form."""
    remind: str
    back: str


@dataclass(frozen=True)
class Typed:
    """In one language."""

    code: str
    name: str
    subject: str
    text: str
    subject_wrong: str
    text_wrong: str
    needed: bool


@dataclass(frozen=True)
class Preview:
    name: str
    """Of the language."""
    text: str
    html: str
    """Where it is shown as HTML."""


@dataclass(frozen=True)
class DraftPage:
    save: str
    seen: str
    """What the form of the page says that it showed."""
    several: bool
    """Languages."""
    words: Sequence[Typed]
    longest_subject: int
    longest_text: int
    to: str
    shown: str | None
    """The registrations that it goes to; None: all."""
    is_new: bool
    previews: Sequence[Preview]
    try_out: str
    tried: bool
    """In these words, to these people."""
    send: str


@dataclass(frozen=True)
class SendPage:
    subject: str
    count: int
    seen: str
    send: str
    back: str
    shown: str | None
    an_hour: int


@dataclass(frozen=True)
class Undelivered:
    reference: str
    address: str
    """Of the person's page."""
    to: str
    status: str
    why: str


@dataclass(frozen=True)
class SentPage:
    subject: str
    state: str
    by: str
    at: datetime | None
    expected: int
    enqueued: int
    statuses: Sequence[tuple[str, int]]
    undelivered: Sequence[Undelivered]
    shown: str | None
    previews: Sequence[Preview]
    all: str
    """Where all announcements are."""


def write_pages(visit: Visit, below: list[str]) -> Response:
    match below:
        case []:
            allow(visit.request, "GET", "HEAD")
            return _all(visit)
        case ["remind"]:
            allow(visit.request, "GET", "HEAD", "POST")
            return _remind(visit) if visit.is_post else _to_remind(visit)
        case ["new"]:
            allow(visit.request, "GET", "HEAD", "POST")
            return _save(visit, None) if visit.is_post else _new(visit)
        case [id]:
            allow(visit.request, "GET", "HEAD", "POST")
            there = _there(visit, id)
            if visit.is_post:
                return _save(visit, there)
            return _draft(visit, there) if there.status is AnnouncementStatus.DRAFT else _sent(visit, there)
        case [id, "try"]:
            allow(visit.request, "POST")
            return _try_out(visit, _there(visit, id))
        case [id, "send"]:
            allow(visit.request, "GET", "HEAD", "POST")
            there = _there(visit, id)
            return _send(visit, there) if visit.is_post else _to_send(visit, there)
        case [id, "preview", code]:
            allow(visit.request, "GET", "HEAD")
            return _as_html(visit, _there(visit, id), code)
        case _:
            raise NO_SUCH_PAGE


def _there(visit: Visit, id: str) -> Announcement:
    there = visit.desk.store.announcement(id) if may_be_id(id) else None
    if there is None or there.event != visit.event.slug:
        raise NO_SUCH_PAGE
    return there


def _all(visit: Visit) -> Response:
    there = sorted(visit.desk.store.announcements(visit.event.slug, _MOST), key=_when, reverse=True)
    rows = [
        AnnouncementRow(
            address=visit.address("write", one.id),
            subject=_subject(visit, one),
            state=visit.spoken.gettext(_STATES[one.status]),
            by=one.sent_by or one.by,
            at=one.sent_at or one.written_at,
            enqueued=None if one.status is AnnouncementStatus.DRAFT else one.enqueued,
        )
        for one in there
    ]
    is_open = not visit.desk.intakes.recent(visit.event).past
    given = visit.request.args.get("reminded", "")
    page = AnnouncementsPage(
        new=visit.address("write", "new"),
        rows=rows,
        remind=visit.address("write", "remind") if is_open else None,
        reminded=given if given.isdecimal() else "",
    )
    return staff_page(visit, "write", page)


def _when(one: Announcement) -> str:
    at = one.sent_at or one.written_at
    return at.isoformat() if at else ""


def _to_remind(visit: Visit) -> Response:
    waits = sum(1 for _ in waiting(visit.desk.store, visit.event))
    return staff_page(visit, "remind", RemindPage(waits, visit.address("write", "remind"), visit.address("write")))


def _remind(visit: Visit) -> Response:
    _, press = visit.posted()
    outcome = remind(visit.desk, visit.event, press)
    match outcome:
        case Reminded(reminded):
            return see_other(visit.address("write", reminded=str(reminded)))
        case IntakeClosed():
            raise _CLOSED
        case _:
            assert_never(outcome)


def _new(visit: Visit) -> Response:
    to = query_of(sought_from(visit.event, visit.request.args.to_dict()))
    return _draft(visit, Announcement("", visit.event.slug, {}, to))


def _save(visit: Visit, there: Announcement | None) -> Response:
    form, press = visit.posted()
    words = {
        code: Wording(form.get(f"subject-{code}", ""), form.get(f"text-{code}", "")) for code in visit.event.languages
    }
    to = query_of(sought_from(visit.event, parsed(form.get("to", ""))))
    id = there.id if there else press.id
    outcome = announce.write(visit.desk.store, visit.event, id, form.get("seen", ""), words, to, press)
    match outcome:
        case Done(announcement):
            return see_other(visit.address("write", announcement.id))
        case Faulty(faults):
            typed = Announcement(there.id if there else "", visit.event.slug, words, to)
            said = {where: _wrong(visit, where, fault) for where, fault in faults.items()}
            return _draft(visit, typed, said, form.get("seen", ""), status=422)
        case Overtaken():
            raise _OVERTAKEN
        case _:
            assert_never(outcome)


def _wrong(visit: Visit, where: tuple[str, str], fault: Fault) -> str:
    return visit.spoken.gettext(_ASK[where[1]]) if fault.code == "required" else sentence(fault, visit.spoken)


def _draft(
    visit: Visit,
    one: Announcement,
    wrong: Mapping[tuple[str, str], str] | None = None,
    seen: str | None = None,
    status: int = 200,
) -> Response:
    """`wrong`: what is wrong with what was typed; it is not saved."""
    spoken, codes = visit.spoken, visit.event.languages
    said = {code: one.words.get(code, Wording("", "")) for code in codes}
    is_saved = bool(one.id) and not wrong
    page = DraftPage(
        save=visit.address("write", one.id or "new"),
        seen=(one.content if one.id else "") if seen is None else seen,
        several=len(codes) > 1,
        words=[
            Typed(
                code,
                spoken.named(code),
                said[code].subject,
                said[code].text,
                (wrong or {}).get((code, "subject"), ""),
                (wrong or {}).get((code, "text"), ""),
                needed=code == codes[0],
            )
            for code in codes
        ],
        longest_subject=LONGEST_SUBJECT,
        longest_text=LONGEST_TEXT,
        to=one.to,
        shown=_shown(visit, one),
        is_new=not is_saved,
        previews=_previews(visit, one, spoken) if is_saved else [],
        try_out=visit.address("write", one.id, "try"),
        tried=one.may_be_sent,
        send=visit.address("write", one.id, "send"),
    )
    return staff_page(visit, "announcement", page, status)


def _try_out(visit: Visit, there: Announcement) -> Response:
    form, press = visit.posted()
    outcome = announce.try_out(visit.desk.store, visit.event, there.id, form.get("seen", ""), visit.member, press)
    match outcome:
        case Done():
            return see_other(visit.address("write", there.id))
        case Overtaken():
            raise _OVERTAKEN
        case _:
            assert_never(outcome)


def _to_send(visit: Visit, there: Announcement) -> Response:
    if not there.may_be_sent:
        return see_other(visit.address("write", there.id))
    page = SendPage(
        subject=_subject(visit, there),
        count=count(visit.desk, visit.event, there.to),
        seen=there.content,
        send=visit.address("write", there.id, "send"),
        back=visit.address("write", there.id),
        shown=_shown(visit, there),
        an_hour=visit.event.emails_an_hour,
    )
    return staff_page(visit, "announcement_send", page)


def _send(visit: Visit, there: Announcement) -> Response:
    form, press = visit.posted()
    expected = number_in(form.get("count", ""), 8) or 0
    outcome = announce.send_off(
        visit.desk,
        visit.event,
        there.id,
        form.get("seen", ""),
        expected,
        press,
    )
    match outcome:
        case Done():
            return see_other(visit.address("write", there.id))
        case Overtaken():
            raise _OVERTAKEN
        case NotTried():
            raise _NOT_TRIED
        case _:
            assert_never(outcome)


def _sent(visit: Visit, there: Announcement) -> Response:
    event, spoken = visit.event, visit.spoken
    counts = visit.desk.store.count_about(there.id)
    undelivered = visit.desk.store.undelivered_about(there.id, _BOUNCES)
    page = SentPage(
        subject=_subject(visit, there),
        state=spoken.gettext(_STATES[there.status]),
        by=there.sent_by,
        at=there.sent_at,
        expected=there.expected,
        enqueued=there.enqueued,
        statuses=[(status_in_words(event, status), number) for status, number in counts.items()],
        undelivered=[
            Undelivered(
                reference(one.registration_id or ""),
                visit.address("registrations", one.registration_id or ""),
                one.to,
                status_in_words(event, one.status),
                one.why,
            )
            for one in undelivered
        ],
        shown=_shown(visit, there),
        previews=_previews(visit, there, spoken),
        all=visit.address("write"),
    )
    return staff_page(visit, "announcement_sent", page)


def _previews(visit: Visit, one: Announcement, spoken: Language) -> list[Preview]:
    return [
        Preview(spoken.named(code), _written(visit, one, code).text, visit.address("write", one.id, "preview", code))
        for code in one.words
    ]


def _as_html(visit: Visit, there: Announcement, code: str) -> Response:
    if code not in there.words:
        raise NO_SUCH_PAGE
    return email_page(_written(visit, there, code))


def _written(visit: Visit, one: Announcement, code: str) -> Email:
    """As the trial says it."""
    entry = announcement_trial(one, code, visit.member.address, new_id())
    intake = visit.desk.intakes.recent(visit.event)
    written = visit.desk.write(visit.desk, entry, visit.desk.events[one.event], intake, None)
    if not isinstance(written, Email):
        raise TypeError("a trial is always written")
    return written


def _subject(visit: Visit, one: Announcement) -> str:
    return one.wording(visit.event.language, *visit.event.languages).subject


def _shown(visit: Visit, one: Announcement) -> str | None:
    return f"{visit.address('registrations')}?{one.to}" if one.to else None
