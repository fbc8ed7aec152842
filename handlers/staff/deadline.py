"""The deadline: moved, or registration opened again; and invitations to register late."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from flask import Response
from marshmallow import ValidationError

from handlers.responses import NO_SUCH_PAGE, HttpProblem, allow, see_other
from handlers.staff.pages import staff_page
from handlers.staff.visit import Visit
from rollcall.desk.deadline import TooEarly
from rollcall.desk.staff import invite
from rollcall.desk.staff.deadline import AfterEvent, Concerned, Moved, Overtaken, mark, meaning, move, refused
from rollcall.desk.staff.invite import Invited, NotInTime
from rollcall.language import N_, language
from rollcall.model.event import Event
from rollcall.model.intake import Intake
from rollcall.model.invitation import LONGEST, Invitation
from rollcall.model.registration import may_be_id, reference
from schemas.event import deadline_typed
from schemas.form import read_address
from templates import in_zone

_MOST = 200
"""Invitations of an event."""
_NO_TIME = N_("Please give a day, and a time if it is not the end of that day.")
_AFTER_EVENT = N_("This is after the event’s end.")
_TOO_EARLY = N_("Please give %(at)s or a later time: until then, people are told of the deadline that stands.")
_NOT_AN_ADDRESS = N_("This does not read as an e-mail address. Please write one, as name@example.org.")
_NOT_IN_TIME = N_("Please give a time that is still to come, and before the event’s end.")
_REQUIRED = N_("Please fill this in.")
_OVERTAKEN = HttpProblem(
    409,
    N_("Somebody was faster"),
    N_("The deadline is another one by now, or registration closed. Nothing was changed; please look at it again."),
)


@dataclass(frozen=True)
class InvitationRow:
    address: str
    whom: str
    until: datetime
    reason: str
    by: str
    state: str
    used_by: str
    """The reference; empty unless it was used."""
    used_address: str


@dataclass(frozen=True)
class DeadlinePage:
    closes_at: datetime
    state: str
    """What happens at the deadline, or happened."""
    earlier: Sequence[tuple[datetime, datetime]]
    is_closed: bool
    move: str
    typed: Mapping[str, str]
    wrong: Mapping[str, str]
    invite: str
    languages: Sequence[tuple[str, str]]
    longest: int
    invitations: Sequence[InvitationRow]


@dataclass(frozen=True)
class MovePage:
    old: datetime
    new: datetime
    is_closed: bool
    late: int
    become_late: Concerned
    come_on_time: Concerned
    move: str
    typed: Mapping[str, str]
    seen: str
    back: str
    longest: int


@dataclass(frozen=True)
class InvitationPage:
    whom: str
    until: datetime
    reason: str
    by: str
    state: str
    email: str
    link: str | None
    """For editors, while it can be used."""
    revoke: str | None
    back: str


def deadline_pages(visit: Visit, below: list[str]) -> Response:
    match below:
        case []:
            allow(visit.request, "GET", "HEAD")
            return _page(visit)
        case ["move"]:
            allow(visit.request, "GET", "HEAD", "POST")
            return _move(visit) if visit.is_post else _to_move(visit)
        case ["invite"]:
            allow(visit.request, "POST")
            return _invite(visit)
        case ["invitations", id]:
            allow(visit.request, "GET", "HEAD")
            return _invitation(visit, _there(visit, id))
        case ["invitations", id, "revoke"]:
            allow(visit.request, "POST")
            return _revoke(visit, _there(visit, id))
        case _:
            raise NO_SUCH_PAGE


def _there(visit: Visit, id: str) -> Invitation:
    there = visit.desk.store.invitation(visit.event.slug, id) if may_be_id(id) else None
    if there is None:
        raise NO_SUCH_PAGE
    return there


def _page(
    visit: Visit, typed: Mapping[str, str] | None = None, wrong: Mapping[str, str] | None = None, status: int = 200
) -> Response:
    event, intake = visit.event, visit.desk.store.intake(visit.event)
    spoken = language(event.language)
    several = event.languages if len(event.languages) > 1 else ()
    invitations = visit.desk.store.invitations(event.slug, _MOST)
    page = DeadlinePage(
        closes_at=intake.closes_at,
        state=_state(event, intake),
        earlier=[(one.closes_at, one.moved_at) for one in intake.history],
        is_closed=intake.closing is not None,
        move=visit.address("deadline", "move"),
        typed=typed or {},
        wrong={name: spoken.gettext(text) for name, text in (wrong or {}).items()},
        invite=visit.address("deadline", "invite"),
        languages=[(code, spoken.named(code)) for code in several],
        longest=LONGEST,
        invitations=[_row(visit, one, intake.as_of) for one in invitations],
    )
    return staff_page(visit, "deadline", page, status)


def _state(event: Event, intake: Intake) -> str:
    spoken = language(event.language)
    if intake.closing:
        return spoken.ngettext(
            "Registration is closed, with %(count)s person on the roster.",
            "Registration is closed, with %(count)s people on the roster.",
            intake.closing.count,
        )
    if intake.past:
        return spoken.gettext("The deadline has passed. Registration closes within a minute.")
    if intake.versions:
        return spoken.gettext(
            "Registration is open again. At the deadline it closes by itself, and the staff get the next version of "
            "the roster."
        )
    return spoken.gettext("At the deadline registration closes by itself, and the staff get the roster.")


def _closes_at(visit: Visit, given: Mapping[str, str]) -> datetime | None:
    return deadline_typed(given.get("day", ""), given.get("time", ""), visit.event)


def _why_not(visit: Visit, intake: Intake, closes_at: datetime | None) -> str | None:
    if closes_at is None:
        return visit.spoken.gettext(_NO_TIME)
    match refused(visit.event, intake, closes_at):
        case None:
            return None
        case AfterEvent():
            return visit.spoken.gettext(_AFTER_EVENT)
        case TooEarly(earliest):
            return visit.spoken.gettext(_TOO_EARLY, at=in_zone(earliest, visit.event))


def _to_move(visit: Visit) -> Response:
    typed = visit.request.args.to_dict()
    intake, closes_at = visit.desk.store.intake(visit.event), _closes_at(visit, typed)
    why_not = _why_not(visit, intake, closes_at)
    if why_not or closes_at is None:
        return _page(visit, typed, {"day": why_not or _NO_TIME}, 422)
    means = meaning(visit.desk.store, visit.event, intake, closes_at)
    page = MovePage(
        old=intake.closes_at,
        new=closes_at,
        is_closed=intake.closing is not None,
        late=means.late,
        become_late=means.become_late,
        come_on_time=means.come_on_time,
        move=visit.address("deadline", "move"),
        typed={name: typed.get(name, "") for name in ("day", "time")},
        seen=mark(intake),
        back=visit.address("deadline"),
        longest=LONGEST,
    )
    return staff_page(visit, "deadline_move", page)


def _move(visit: Visit) -> Response:
    form, press = visit.posted()
    closes_at = _closes_at(visit, form)
    if closes_at is None:
        return _page(visit, form, {"day": _NO_TIME}, 422)
    reason = form.get("reason", "").strip()[:LONGEST]
    outcome = move(visit.desk.store, visit.event, closes_at, form.get("seen", ""), press, reason)
    match outcome:
        case Moved():
            visit.desk.republish(visit.desk, visit.event)
            return see_other(visit.address("deadline"))
        case Overtaken():
            raise _OVERTAKEN
        case TooEarly() | AfterEvent():
            why_not = _why_not(visit, visit.desk.store.intake(visit.event), closes_at)
            return _page(visit, form, {"day": why_not or _NO_TIME}, 422)
        case _:
            assert_never(outcome)


def _invite(visit: Visit) -> Response:
    typed, press = visit.posted()
    form = {name: text.strip() for name, text in typed.items()}
    until = deadline_typed(form.get("until", ""), form.get("until_time", ""), visit.event)
    whom, reason, email = (form.get(name, "")[:LONGEST] for name in ("whom", "reason", "email"))
    wrong = {name: _REQUIRED for name, text in (("whom", whom), ("reason", reason)) if not text}
    try:
        email = read_address(visit.event, email) if email else ""
    except ValidationError:
        wrong["email"] = _NOT_AN_ADDRESS
    if until is None:
        wrong["until"] = _NO_TIME
    if wrong or until is None:
        return _page(visit, form, wrong, 422)
    outcome = invite.invite(visit.desk.store, visit.event, whom, until, reason, press, email, form.get("language", ""))
    match outcome:
        case Invited(invitation):
            return see_other(visit.address("deadline", "invitations", invitation.id))
        case NotInTime():
            return _page(visit, form, {"until": _NOT_IN_TIME}, 422)
        case _:
            assert_never(outcome)


def _invitation(visit: Visit, one: Invitation) -> Response:
    is_open = one.is_open(visit.desk.store.now())
    event = visit.event.in_language(one.language)
    page = InvitationPage(
        whom=one.whom,
        until=one.until,
        reason=one.reason,
        by=one.by,
        state=_state_of(visit, one, visit.desk.store.now()),
        email=one.email,
        link=visit.desk.links.late(event, one) if is_open and visit.may_edit else None,
        revoke=visit.address("deadline", "invitations", one.id, "revoke") if is_open else None,
        back=visit.address("deadline"),
    )
    return staff_page(visit, "invitation", page)


def _revoke(visit: Visit, one: Invitation) -> Response:
    _, press = visit.posted()
    invite.revoke(visit.desk.store, visit.event, one.id, press)
    return see_other(visit.address("deadline"))


def _row(visit: Visit, one: Invitation, now: datetime) -> InvitationRow:
    return InvitationRow(
        address=visit.address("deadline", "invitations", one.id),
        whom=one.whom,
        until=one.until,
        reason=one.reason,
        by=one.by,
        state=_state_of(visit, one, now),
        used_by=reference(one.used_by) if one.used_by else "",
        used_address=visit.address("registrations", one.used_by) if one.used_by else "",
    )


def _state_of(visit: Visit, one: Invitation, now: datetime) -> str:
    if one.used_by:
        return visit.spoken.gettext("Used")
    if one.revoked:
        return visit.spoken.gettext("Revoked")
    return visit.spoken.gettext("Open") if one.is_open(now) else visit.spoken.gettext("Expired")
