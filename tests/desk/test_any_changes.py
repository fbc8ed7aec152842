"""Whatever people do with their registrations, in whatever order and at once: the database has what they were told.

The rules are written here a second time, as plainly as possible (`Rules`), and compared after each step.
"""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rollcall.desk.amend import amend, confirm_address, end_links, keep_address, read, withdraw
from rollcall.desk.close import close
from rollcall.desk.deadline import move_deadline
from rollcall.desk.desk import Desk
from rollcall.desk.limits import Limits
from rollcall.desk.ports import Store
from rollcall.desk.receive import read_in, receive
from rollcall.desk.register import register
from rollcall.desk.roster import listed
from rollcall.desk.staff import person as at_desk
from rollcall.desk.staff.deadline import mark, move
from rollcall.desk.versions import draw
from rollcall.model.email import EmailKind, confirmation
from rollcall.model.event import Event
from rollcall.model.inbound import InboundEmail, InboundForm
from rollcall.model.intake import Closing
from rollcall.model.registration import (
    UNDER_WAY,
    Actor,
    Change,
    Registered,
    Registration,
    Revision,
    Way,
    Why,
    new_id,
    person_key,
)
from rollcall.model.staff import Press
from tests.support.builders import CANNOT_COME, NOT_ME, a_form_in_text, a_registration, an_event, desk_with, staff_of
from tests.support.desk import Postbox
from tests.support.hooks import Hooked, Hooks
from tests.support.inbound import raw_post, stored
from tests.support.movable import MovableStore

EVENT = an_event(staff=staff_of("one@itu.int", "two@itu.int"))
SLUG, DAY, SOON = EVENT.slug, timedelta(days=1), timedelta(minutes=10)
WITH_NUMBER = a_registration()
ANYBODY = replace(WITH_NUMBER, answers={one: text for one, text in WITH_NUMBER.answers.items() if one != "hotel_tel"})
"""Without the hotel's number, which an e-mailed change of the hotel drops: the rules know the hotel alone."""
BY_EMAIL = Change(Actor.REGISTRANT, Way.EMAIL, Why.WITHDRAWN)
BEGINS = datetime(2004, 2, 2, 12, tzinfo=UTC)
MOST = 12
"""Revisions of a registration, if its person changes it."""
EXAMPLES = {"sqlite": 120, "firestore": 2}
UNTIL: Mapping[str, datetime | None] = {
    "the deadline": None,
    "before": EVENT.closes_at - 3 * DAY,
    "after": EVENT.closes_at + 3 * DAY,
}
MOVES: Mapping[str, Callable[["Rules"], datetime]] = {
    "while changes are allowed": lambda rules: rules.changes_until - SOON,
    "past changes": lambda rules: rules.changes_until + SOON,
    "before the deadline": lambda rules: rules.deadline - SOON,
    "past the deadline": lambda rules: rules.deadline + SOON,
    "before the event's end": lambda rules: EVENT.over_at - SOON,
    "past the event's end": lambda rules: EVENT.over_at + SOON,
}
POINTS = (
    "before registered 1",
    "before registration_of 1",
    "before registration_of 2",
    "before save_registration 1",
    "before accept 1",
    "before registrations 1",
    "before write_roster_page 1",
    "before record_closing 1",
    "before record_look 1",
    "before move_deadline 1",
)
"""What a verb asks of the store before it has changed anything there: others may come in between."""

STAFF = "one@itu.int"

Said = tuple[Any, ...]
"""What a verb answered, in short."""


def by_staff(why: Why) -> Change:
    return Change(Actor.STAFF, Way.DESK, why, who=STAFF)


@dataclass(frozen=True)
class Form:
    name: str
    address: str
    hotel: str

    @property
    def registration(self) -> Registration:
        answers = {**ANYBODY.answers, "hotel": self.hotel}
        return replace(ANYBODY, family_name=self.name, email=self.address, answers=answers)

    @property
    def in_text(self) -> str:
        return a_form_in_text(family_name=self.name, email=self.address, hotel=self.hotel, hotel_tel="")

    @property
    def key(self) -> tuple[str, str]:
        return self.name, self.address.lower()


@dataclass(frozen=True)
class Step:
    verb: str
    form: Form
    who: int
    """Whose registration, counted by when they came."""
    looks: bool
    """At the registration first; else it goes by what this tab was shown before."""
    tab: int
    why: Change
    by: Actor
    way: Way
    to: str
    meanwhile: tuple["Step", ...] = ()
    point: str = ""
    """Where the others come in between."""
    other: str = ""
    """Id of another registration."""


@dataclass(frozen=True)
class One:
    """A registration, by the rules."""

    id: str
    form: Form
    received_at: datetime
    registered_as: Form
    is_withdrawn: bool = False
    new: str = ""
    """The address that waits to be confirmed."""
    revision: int = 1
    link: int = 0
    admitted: bool | None = None
    double_of: str = ""
    history: tuple[Said, ...] = ()
    """Each revision's number, reason, and what it says."""
    owed: tuple[Said, ...] = ()
    in_conflict: bool = False
    stood: tuple[tuple[datetime, int, bool], ...] = ()
    """Since when which revision stood, and whether it was withdrawn."""

    @property
    def says(self) -> Said:
        return self.form, self.is_withdrawn, self.new, self.link, self.admitted, self.double_of

    def owing(self, emails: Sequence[tuple[EmailKind, str]]) -> tuple[Said, ...]:
        return *self.owed, *((kind, to, self.revision + 1) for kind, to in emails)

    def standing(self, now: datetime, **changed: Any) -> "One":
        after = replace(self, **changed)
        return replace(after, stood=(*after.stood, (now, after.revision, after.is_withdrawn)))

    def listed(self, at: datetime) -> int | None:
        """The revision that a roster of that time has."""
        stood = [(revision, is_withdrawn) for since, revision, is_withdrawn in self.stood if since <= at]
        return stood[-1][0] if stood and not stood[-1][1] else None

    def was_other_since(self, revision: int) -> bool:
        forms = [self.registered_as, *(says[0] for number, _, says in self.history if number <= revision)]
        since = [says for number, _, says in self.history if number > revision]
        return any(is_withdrawn or form != forms[-1] for form, is_withdrawn, *_ in since)


@dataclass
class Rules:
    """The rules, a second time."""

    allowed: datetime | None
    deadline: datetime = EVENT.closes_at
    deadlines_before: tuple[datetime, ...] = ()
    now: datetime = BEGINS
    people: dict[str, One] = field(default_factory=dict)
    """By id, as they came."""
    owners: dict[tuple[str, str], str] = field(default_factory=dict)
    """Whose each name and address is that anybody ever had."""
    versions: tuple[dict[str, int], ...] = ()
    """Of the roster: the listed revision of each registration."""
    is_closed: bool = False

    def copy(self) -> "Rules":
        return replace(self, people=dict(self.people), owners=dict(self.owners))

    @property
    def changes_until(self) -> datetime:
        return self.allowed or self.deadline

    def roster(self, at: datetime, *, of_a_closing: bool = False) -> dict[str, int]:
        in_time = [
            one
            for one in self.people.values()
            if one.received_at <= self.deadline or (one.admitted and not of_a_closing)
        ]
        listed = {one.id: one.listed(at) for one in in_time}
        return {id: revision for id, revision in listed.items() if revision}

    @property
    def shows(self) -> dict[str, Said]:
        return {one.id: (one.revision, *one.says) for one in self.people.values()}

    def do(self, step: Step, id: str, seen: int, looked: "Rules") -> Said:
        """To the registration of this id, old or new. `looked`: how it was when whoever does it looked at the clock and
        at the deadline; the commit comes now."""
        if step.verb == "register":
            return self._register(step.form, id, looked)
        if step.verb == "e-mail the form":
            return self._register_by_email(step.form, id, looked)
        if step.verb == "extend":
            if self.is_closed:
                return ("AlreadyClosed",)
            self.deadlines_before += (self.deadline,)
            self.deadline += DAY
            return ("Moved",)
        if step.verb == "open again":
            return self._open_again()
        if step.verb == "close":
            if self.is_closed or self.now <= self.deadline:
                return ("NoneType",)
            self.is_closed = True
            self.versions += (self.roster(self.deadline, of_a_closing=True),)
            return "Closing", len(self.versions[-1])
        if step.verb == "draw":
            return self._draw(looked)
        one = self.people[id]
        if step.verb == "merge":
            return self._merge(one, self.people[step.other], looked)
        if step.verb == "amend at the desk":
            return self._amend(one, seen, step.form, Actor.STAFF, Way.DESK, looked)
        if step.verb == "correct address":
            return self._correct(one, seen, step.form.address)
        if step.verb == "resend":
            return self._resend(one)
        if step.verb in ("admit", "take back admission"):
            return self._admit(one, looked, admitted=step.verb == "admit")
        if step.verb == "amend":
            return self._amend(one, seen, step.form, step.by, step.way, looked)
        if step.verb == "withdraw":
            return self._withdraw(one, step.why, looked)
        if step.verb == "confirm address":
            return self._confirm(one, step.form.address)
        if step.verb.startswith("e-mail"):
            return self._answered(one, step, looked)
        if step.verb == "keep address":
            return self._keep(one)
        return self._end_links(one, step.by)

    def _open_again(self) -> Said:
        """What the staff have of the roster stays."""
        later = self.deadline + 2 * DAY
        if not self.is_closed:
            return ("Overtaken",)
        if later > EVENT.over_at:
            return ("AfterEvent",)
        if later < self.now:
            return ("TooEarly",)
        self.deadlines_before += (self.deadline,)
        self.deadline, self.is_closed = later, False
        return ("Moved",)

    def _draw(self, looked: "Rules") -> Said:
        """Of how everybody stood when it looked."""
        roster = looked.roster(looked.now)
        if not self.is_closed:
            return ("NoneType",)
        last = self.versions[-1]
        if roster.keys() == last.keys() and not any(looked.people[id].was_other_since(last[id]) for id in last):
            return ("NoneType",)
        self.versions += (roster,)
        return "RosterVersion", len(roster)

    def counting(self, id: str) -> One | None:
        """In place of a double, the one that it is a double of."""
        one = self.people.get(id)
        while one and one.double_of:
            one = self.people[one.double_of]
        return one

    def _register(self, form: Form, new_id: str, looked: "Rules") -> Said:
        one = self.counting(self.owners.get(form.key, ""))
        if looked.now > looked.deadline and (one is None or one.is_withdrawn or one.form.hotel != form.hotel):
            return ("Closed",)
        if one is None:
            return "Late" if self.now > self.deadline else "Accepted", self._of(form, new_id).id
        if one.is_withdrawn:
            (what, *_) = self._amend(one, one.revision, form, Actor.REGISTRANT, Way.FORM, looked)
            return {"Amended": ("Accepted", one.id), "TooLate": ("Closed",)}.get(what, ("Conflict", one.id))
        if one.form.hotel != form.hotel:
            self.people[one.id] = replace(one, in_conflict=True)
            return "Conflict", one.id
        return "Late" if one.received_at > self.deadline and not one.admitted else "Duplicate", one.id

    def _register_by_email(self, form: Form, new_id: str, looked: "Rules") -> Said:
        """It is kept though it comes too late, and compared with what stood when it was read."""
        one = self.counting(self.owners.get(form.key, ""))
        then = looked.people.get(one.id, one) if one else None
        if one and then and (one.is_withdrawn or then.is_withdrawn):
            what, *_ = self._amend(one, then.revision, form, Actor.REGISTRANT, Way.EMAIL, looked)
            return {"Amended": "registered", "NothingNew": "registered"}.get(what, "conflict"), one.id
        if one and one.form.hotel != form.hotel:
            return "conflict", one.id
        in_time = one and (one.received_at <= self.deadline or one.admitted)
        return "duplicate" if in_time else "registered", self._of(form, new_id).id

    def _answered(self, one: One, step: Step, looked: "Rules") -> Said:
        """The lines are read beside what stood when the e-mail was."""
        then = looked.people[one.id]
        if step.form.address.lower() != then.form.address.lower():
            return ("unclear",)
        if then.double_of:
            then = cast(One, looked.counting(then.id))
            one = self.people[then.id]
            if step.form.address.lower() != then.form.address.lower():
                return ("unclear",)
        if step.verb == "e-mail a withdrawal":
            what, *_ = self._withdraw(one, BY_EMAIL, looked)
            return "needs_review" if what == "TooLate" else "withdrawn", one.id
        if then.is_withdrawn:
            return "needs_review", one.id
        wanted = replace(then.form, hotel=step.form.hotel, address=then.new or then.form.address)
        what, *_ = self._amend(one, then.revision, wanted, Actor.REGISTRANT, Way.EMAIL, looked)
        came = {"Amended": "changed", "NothingNew": "duplicate", "Overtaken": "needs_review"}
        return came.get(what, "conflict"), one.id

    def _of(self, form: Form, new_id: str) -> One:
        if form.key not in self.owners:
            owed = ((EmailKind.CONFIRMATION, form.address, 1),)
            self.owners[form.key] = new_id
            self.people[new_id] = One(new_id, form, self.now, form, owed=owed).standing(self.now)
        return cast(One, self.counting(self.owners[form.key]))

    def _is_taken(self, one: One, after: Form, double_of: str) -> bool:
        if double_of:
            return True
        other = self.counting(self.owners.get(after.key, one.id))
        if after.key == one.form.key:  # perhaps a double's, which is brought back
            return other is not None and other.id != one.id and other.form.key == after.key
        return other is not None and other.id != one.id

    def _amend(self, one: One, seen: int, form: Form, by: Actor, way: Way, looked: "Rules") -> Said:
        same_mailbox, link, double_of, who = form.key[1] == one.form.key[1], one.link, one.double_of, ""
        after, new = (form, "") if same_mailbox else (replace(form, address=one.form.address), form.address)
        if way is Way.DESK:
            after, new, double_of, who = form, one.new if same_mailbox else "", "", STAFF
            link += not same_mailbox
        until = looked.deadline if one.is_withdrawn else looked.changes_until
        if (after, new) == (one.form, one.new) and not one.is_withdrawn:
            return "NothingNew", one.id, one.revision
        if seen != one.revision:
            return "Overtaken", one.id, one.revision
        if by is not Actor.STAFF and looked.now > until:
            return "TooLate", one.id, one.revision
        if by is not Actor.STAFF and one.revision >= MOST:
            return "TooManyChanges", one.id, one.revision
        if self._is_taken(one, after, double_of):
            return "Taken", one.id, one.revision
        self.owners.setdefault(after.key, one.id)
        emails = [(EmailKind.CONFIRMATION, after.address)]
        if new and new != one.new:
            emails.append((EmailKind.ADDRESS, new))
        change = Change(by, way, Why.BACK if one.is_withdrawn else Why.CHANGED, who=who)
        if by is not Actor.STAFF and self.now > until:
            one = self._taken_back(one, emails)
            return self._amend(one, one.revision, form, by, way, self)
        says = {"form": after, "new": new, "is_withdrawn": False, "link": link, "double_of": double_of}
        return self._save(one, change, emails, **says)

    def _merge(self, first: One, double: One, looked: "Rules") -> Said:
        if first.id == double.id:
            return "Same", first.id, first.revision
        if double.double_of == first.id:
            return "NothingNew", double.id, double.revision
        for one in (first, double):
            if one.is_withdrawn:
                return "IsWithdrawn", one.id, one.revision
        first_is_late, double_is_late = (
            one.received_at > looked.deadline and not one.admitted for one in (first, double)
        )
        if first_is_late and not double_is_late:
            emails = [(EmailKind.CONFIRMATION, first.form.address)]
            self._save(first, by_staff(Why.ONE_OF_TWO), emails, admitted=True)
        else:
            self._save(first, by_staff(Why.ONE_OF_TWO), [])
        return self._save(double, by_staff(Why.DOUBLE), [], is_withdrawn=True, new="", double_of=first.id)

    def _correct(self, one: One, seen: int, address: str) -> Said:
        if one.is_withdrawn:
            return "IsWithdrawn", one.id, one.revision
        if address == one.form.address and not one.new:
            return "NothingNew", one.id, one.revision
        if seen != one.revision:
            return "Overtaken", one.id, one.revision
        after = replace(one.form, address=address)
        if self._is_taken(one, after, ""):
            return "Taken", one.id, one.revision
        self.owners.setdefault(after.key, one.id)
        emails = [(EmailKind.CONFIRMATION, address)]
        return self._save(one, by_staff(Why.ADDRESS_CORRECTED), emails, form=after, new="", link=one.link + 1)

    def _resend(self, one: One) -> Said:
        if one.is_withdrawn:
            return "IsWithdrawn", one.id, one.revision
        return self._save(one, by_staff(Why.RESENT), [(EmailKind.CONFIRMATION, one.form.address)])

    def _admit(self, one: One, looked: "Rules", *, admitted: bool) -> Said:
        if one.is_withdrawn:
            return "IsWithdrawn", one.id, one.revision
        if bool(one.admitted) is admitted:
            return "NothingNew", one.id, one.revision
        if one.received_at <= looked.deadline:
            return "IsOnTime", one.id, one.revision
        why = Why.ADMITTED if admitted else Why.NOT_ADMITTED
        return self._save(one, by_staff(why), [(EmailKind.CONFIRMATION, one.form.address)], admitted=admitted)

    def _withdraw(self, one: One, why: Change, looked: "Rules") -> Said:
        if one.is_withdrawn:
            return "NothingNew", one.id, one.revision
        if looked.now > EVENT.over_at:
            return "TooLate", one.id, one.revision
        emails = [(EmailKind.CONFIRMATION, one.form.address)]
        if why is NOT_ME:
            emails = [(EmailKind.WITHDRAWAL, to) for to in EVENT.staff_addresses]
        if self.now > EVENT.over_at:
            return "TooLate", one.id, self._taken_back(one, emails).revision
        return self._save(one, why, emails, is_withdrawn=True, new="")

    def _confirm(self, one: One, address: str) -> Said:
        if one.new.lower() != address.lower():
            return "NothingNew", one.id, one.revision
        after = replace(one.form, address=one.new)
        if self._is_taken(one, after, ""):
            return "Taken", one.id, one.revision
        self.owners.setdefault(after.key, one.id)
        change = Change(Actor.REGISTRANT, Way.LINK, Why.ADDRESS_CONFIRMED)
        emails = [(EmailKind.CONFIRMATION, one.new)]
        return self._save(one, change, emails, form=after, new="", link=one.link + 1)

    def _keep(self, one: One) -> Said:
        if not one.new:
            return "NothingNew", one.id, one.revision
        return self._save(one, Change(Actor.REGISTRANT, Way.LINK, Why.ADDRESS_KEPT), [], new="")

    def _end_links(self, one: One, by: Actor) -> Said:
        if by is Actor.REGISTRANT and one.revision >= MOST:
            return "TooManyChanges", one.id, one.revision
        emails = [(EmailKind.LINKS, one.form.address)]
        return self._save(one, Change(by, Way.LINK, Why.LINKS_ENDED), emails, link=one.link + 1)

    def _save(self, one: One, why: Change, emails: Sequence[tuple[EmailKind, str]], **changed: Any) -> Said:
        one = one.standing(self.now, **changed, revision=one.revision + 1, owed=one.owing(emails))
        self.people[one.id] = replace(one, history=(*one.history, (one.revision, why, one.says)))
        return "Amended", one.id, one.revision

    def _taken_back(self, one: One, emails: Sequence[tuple[EmailKind, str]]) -> One:
        """A revision that came too late, and the one that says again what was before."""
        self.people[one.id] = one.standing(self.now, revision=one.revision + 2, owed=one.owing(emails))
        return self.people[one.id]


class Desks:
    """Two tabs' desks, at which steps are done one by one, some while another is under way."""

    def __init__(self, project: str | None, allowed: datetime | None, files: Path) -> None:
        self.event = replace(EVENT, changes_until=allowed)
        self.rules = Rules(allowed)
        self._files = files
        self._movable = MovableStore(BEGINS, project)
        self.store = self._movable.store
        self._tabs = [self._desk(), self._desk()]
        self._shown: dict[tuple[int, str], int] = {}

    def do(self, step: Step, within: timedelta = 99 * DAY) -> None:
        if step.verb == "move on":
            self.move_on(min(MOVES[step.to](self.rules), self.rules.now + within))
        elif self.rules.people or step.verb not in OF_ONE:
            self._compare(step)

    def move_on(self, to: datetime) -> None:
        if to > self.rules.now:
            self._movable.move_on(to)
            self.rules.now = to

    def close(self) -> None:
        """If nobody has, and draw what came after it."""
        self.move_on(self.rules.deadline + SOON)
        for verb in ("close", "draw"):
            self._compare(a_step(verb))

    def _compare(self, step: Step) -> None:
        people = list(self.rules.people)
        id = people[step.who % len(people)] if step.verb in OF_ONE else ""
        step = replace(step, other=people[(step.who + 1) % len(people)] if people else "")
        seen, before = self._seen(step, id), self.rules.copy()
        if step.verb == "confirm address" and step.looks and (new := self.rules.people[id].new):
            step = replace(step, form=replace(step.form, address=new))
        if step.verb.startswith("e-mail a") and step.looks:
            step = replace(step, form=replace(step.form, address=self.rules.people[id].form.address))
        said = in_short(VERBS[step.verb](self._with_others(step), self.event, step, id, seen))
        now_shown = self.shown()
        for rules, expected in self._allowed(before, step, id or in_it(said), seen):
            if (expected, rules.shows) == (said, now_shown):
                self.rules = rules
                break
        else:
            raise AssertionError(f"{said}, {now_shown} is not what the rules say")
        if said[0] == "Amended":
            self._shown[step.tab, said[1]] = said[2]

    def shown(self) -> dict[str, Said]:
        there = [read(self._tabs[0], self.event, one.id) for one in self.store.registrations(SLUG, None, 99)]
        return {one.id: (one.revision, *says(one)) for one in there if one}

    def _seen(self, step: Step, id: str) -> int:
        if step.looks and id:
            self._shown[step.tab, id] = self.rules.people[id].revision
        return self._shown.get((step.tab, id), 1)

    def _allowed(self, before: Rules, step: Step, id: str, seen: int) -> Iterator[tuple[Rules, Said]]:
        """All that was meanwhile counts as before it; but it may have looked at the clock earlier, or been refused by
        what was there earlier. Who closes while the deadline is moved leaves it to the next call."""
        may_be_read = [replace(before, deadline=was) for was in before.deadlines_before if was > before.now]
        for looked in (self.rules, before, *may_be_read):
            rules = self.rules.copy()
            yield rules, rules.do(step, id, seen, looked)
        if step.meanwhile:
            earlier = before.copy()
            said = earlier.do(step, id, seen, before)
            if earlier == before:
                yield self.rules, said
        if step.verb == "close" and any(other.verb == "extend" for other in step.meanwhile):
            yield self.rules, ("NoneType",)

    def _with_others(self, step: Step) -> Desk:
        """The tab's desk, at which others come in between."""
        meanwhile = list(step.meanwhile)

        def passing(point: str) -> None:
            while meanwhile and point == step.point:
                self.do(meanwhile.pop(0), within=UNDER_WAY * 0.4)

        desk = self._tabs[step.tab]
        return replace(desk, store=cast(Store, Hooked(self.store, Hooks(passing))))

    def _desk(self) -> Desk:
        return desk_with(
            self.store,
            Postbox().post,
            self._files,
            events={SLUG: self.event},
            seconds=self._movable.seconds,
            limits=Limits(revisions=MOST),
        )


Verb = Callable[[Desk, Event, Step, str, int], object]
OF_ONE: Mapping[str, Verb] = {
    "amend": lambda desk, event, step, id, seen: amend(
        desk, event, id, seen, step.form.registration, step.by, step.way
    ),
    "withdraw": lambda desk, event, step, id, seen: withdraw(desk, event, id, step.why),
    "confirm address": lambda desk, event, step, id, seen: confirm_address(desk, event, id, step.form.address),
    "keep address": lambda desk, event, step, id, seen: keep_address(desk, event, id),
    "e-mail a change": lambda desk, event, step, id, seen: answer(desk, step, id, f"Hotel: {step.form.hotel}"),
    "e-mail a withdrawal": lambda desk, event, step, id, seen: answer(desk, step, id, "I am sorry, I cannot come."),
    "amend at the desk": lambda desk, event, step, id, seen: amend(
        desk, event, id, seen, step.form.registration, Actor.STAFF, Way.DESK, press=press()
    ),
    "correct address": lambda desk, event, step, id, seen: at_desk.correct_address(
        desk, event, press(), id, seen, step.form.address
    ),
    "resend": lambda desk, event, step, id, seen: at_desk.resend(desk, event, press(), id),
    "admit": lambda desk, event, step, id, seen: at_desk.admit(desk, event, press(), id, "asked"),
    "take back admission": lambda desk, event, step, id, seen: at_desk.take_back_admission(
        desk, event, press(), id, "asked"
    ),
    "merge": lambda desk, event, step, id, seen: at_desk.merge(desk, event, press(), id, step.other),
    "end links": lambda desk, event, step, id, seen: end_links(desk, event, id, step.by, Way.LINK),
}
"""What is done to one registration."""
VERBS: Mapping[str, Verb] = {
    **OF_ONE,
    "register": lambda desk, event, step, id, seen: register(desk, event, step.form.registration),
    "e-mail the form": lambda desk, event, step, id, seen: e_mail(desk, step, step.form.in_text),
    "close": lambda desk, event, step, id, seen: close(desk, event),
    "draw": lambda desk, event, step, id, seen: draw(desk.store, event),
    "extend": lambda desk, event, step, id, seen: move_deadline(
        desk.store, event, desk.store.intake(event).closes_at + DAY
    ),
    "open again": lambda desk, event, step, id, seen: open_again(desk, event),
}


def open_again(desk: Desk, event: Event) -> object:
    closed = replace(desk.store.intake(event), closing=Closing(0, "", 0))
    press = Press(uuid.uuid4().hex, "one@itu.int", closed.as_of)
    return move(desk.store, event, closed.closes_at + 2 * DAY, mark(closed), press)


def press() -> Press:
    return Press(new_id(), STAFF, BEGINS)


def answer(desk: Desk, step: Step, id: str, text: str) -> object:
    return e_mail(desk, step, text, f"In-Reply-To: <{confirmation(SLUG, id, '').id}@desk.example.org>\r\n")


def e_mail(desk: Desk, step: Step, text: str, head: str = "") -> object:
    """What came of the one form in it, if it was clear whose."""
    head = f"From: {step.form.address}\r\nMessage-ID: <{uuid.uuid4()}@example.org>\r\n{head}\r\n"
    inbound = read_in(desk, receive(desk, stored(*raw_post(f"{head}{text}".encode()))))
    assert inbound is not None
    return inbound.forms[0] if inbound.forms and inbound.forms[0].registration_id else inbound


def in_short(outcome: Any) -> Said:
    if isinstance(outcome, InboundForm):
        return outcome.status.value, outcome.registration_id
    if isinstance(outcome, InboundEmail):
        return ("unclear",)
    said = [type(outcome).__name__]
    if there := getattr(outcome, "registered", None):
        return (*said, there.id, there.revision)
    return (*said, *(getattr(outcome, name) for name in ("id", "count") if hasattr(outcome, name)))


def in_it(said: Said) -> str:
    """The id in the answer."""
    return str(said[1]) if len(said) > 1 else ""


def says(there: Registered) -> Said:
    of = there.registration
    form = Form(of.family_name, of.email, of.answers["hotel"])
    return form, there.is_withdrawn, there.new_email, there.link, there.admitted, there.double_of


_forms = st.builds(
    Form,
    st.sampled_from(["Diallo", "Diallo-Bah"]),
    st.sampled_from(["amina@mpt.example.org", "AMINA@mpt.example.org", "amina@new.example.org"]),
    st.sampled_from(["Cornavin", "Beau-Rivage"]),
)


def _steps(*verbs: str) -> st.SearchStrategy[Step]:
    return st.builds(
        Step,
        verb=st.sampled_from(verbs),
        form=_forms,
        who=st.integers(0, 2),
        looks=st.booleans(),
        tab=st.integers(0, 1),
        why=st.sampled_from([CANNOT_COME, NOT_ME]),
        by=st.sampled_from([Actor.REGISTRANT, Actor.REGISTRANT, Actor.STAFF]),
        way=st.sampled_from([Way.LINK, Way.EMAIL]),
        to=st.sampled_from([*2 * list(MOVES)[:-1], *MOVES]),
    )


_any_steps = _steps(
    *4 * ["amend"], *3 * ["register"], "withdraw", "confirm address", "draw", "open again", "move on", *VERBS
)
_clock_steps = _steps("move on", "extend")
_meanwhile = st.one_of(
    st.just(()), st.tuples(_any_steps), st.tuples(_clock_steps, _clock_steps), st.tuples(_any_steps, _clock_steps)
)
"""Of two steps of people, one could be seen and the other not."""
_at_once = st.builds(
    lambda step, meanwhile, point: replace(step, meanwhile=meanwhile, point=point),
    _any_steps,
    _meanwhile,
    st.sampled_from(POINTS),
)


AMINA = Form("Diallo", "amina@mpt.example.org", "Cornavin")
RENAMED, MOVED, ELSEWHERE = (
    replace(AMINA, **changed)
    for changed in ({"name": "Diallo-Bah"}, {"address": "amina@new.example.org"}, {"hotel": "Beau-Rivage"})
)


def a_step(verb: str, form: Form = AMINA, to: str = "", **changes: Any) -> Step:
    return replace(Step(verb, form, 0, True, 0, CANNOT_COME, Actor.REGISTRANT, Way.LINK, to), **changes)


def while_another(verb: str, form: Form = AMINA, to: str = "", *, before: str = "save_registration 1") -> Any:
    return {"meanwhile": (a_step(verb, form, to, tab=1),), "point": f"before {before}"}


TOUR = [
    a_step("register"),
    a_step("amend", ELSEWHERE, **while_another("amend", RENAMED)),
    a_step("amend", AMINA, looks=False),
    a_step("amend", AMINA),
    a_step("withdraw", **while_another("withdraw")),
    a_step("register", ELSEWHERE),
    a_step("withdraw", why=NOT_ME),
    a_step("amend", by=Actor.STAFF, **while_another("register", RENAMED)),
    a_step("register", RENAMED),
    a_step("register", replace(RENAMED, address=MOVED.address)),
    a_step("amend", MOVED, who=1, **while_another("register", MOVED, before="registration_of 2")),
    a_step("move on", to="while changes are allowed"),
    a_step("amend", replace(ELSEWHERE, name="Bah"), **while_another("move on", to="past changes")),
    a_step("move on", to="before the deadline"),
    a_step("close"),
    a_step("withdraw", who=1),
    a_step("register", replace(RENAMED, address=MOVED.address), **while_another("move on", to="past the deadline")),
    a_step("close", **while_another("withdraw", before="write_roster_page 1")),
    a_step("draw"),
    a_step("amend", ELSEWHERE, by=Actor.STAFF),
    a_step("draw", **while_another("amend", before="record_look 1")),
    a_step("move on", to="before the event's end"),
    a_step("withdraw", **while_another("move on", to="past the event's end")),
]
MOVING = [
    a_step("register", RENAMED),
    a_step("amend", replace(RENAMED, address=MOVED.address)),
    a_step("confirm address", **while_another("register", replace(RENAMED, address=MOVED.address))),
    a_step("e-mail a change", ELSEWHERE),
    a_step("keep address"),
    a_step("e-mail a withdrawal"),
    a_step("e-mail the form", RENAMED, **while_another("register", RENAMED)),
    a_step("e-mail a change", ELSEWHERE, **while_another("amend", RENAMED)),
    a_step("amend", replace(RENAMED, address="amina@else.example.org")),
    a_step("confirm address", **while_another("confirm address")),
    a_step("end links", **while_another("end links")),
    a_step("move on", to="before the deadline"),
    a_step("register", AMINA, **while_another("move on", to="past the deadline", before="accept 1")),
    a_step("register", AMINA),
    a_step("amend", ELSEWHERE),
    a_step("extend", tab=1),
    a_step("amend", RENAMED),
    a_step("move on", to="past the deadline"),
    a_step("withdraw"),
    a_step("register", RENAMED),
    a_step("amend", RENAMED),
]
OPENED_AGAIN = [
    a_step("register"),
    a_step("register", RENAMED),
    a_step("open again"),
    a_step("move on", to="before the deadline"),
    a_step("register", MOVED, **while_another("move on", to="past the deadline", before="accept 1")),
    a_step("close"),
    a_step("withdraw", who=1),
    a_step("draw", **while_another("open again", before="record_look 1")),
    a_step("register", RENAMED),
    a_step("amend", ELSEWHERE),
    a_step("withdraw", who=1, **while_another("close")),
    a_step("move on", to="before the deadline"),
    a_step("amend", AMINA, **while_another("move on", to="past the deadline")),
    a_step("close", **while_another("withdraw", before="write_roster_page 1")),
    a_step("open again", **while_another("draw", before="move_deadline 1")),
    a_step("extend"),
    a_step("register"),
    a_step("move on", to="past the deadline"),
    a_step("close", **while_another("extend", before="record_closing 1")),
    a_step("open again"),
]


AT_THE_DESK = [
    a_step("register"),
    a_step("correct address", MOVED, **while_another("amend", ELSEWHERE)),
    a_step("correct address", MOVED),
    a_step("resend", **while_another("withdraw")),
    a_step("amend at the desk", replace(RENAMED, address=MOVED.address), **while_another("resend")),
    a_step("amend at the desk", replace(RENAMED, address=MOVED.address)),
    a_step("register", AMINA),
    a_step("register", ELSEWHERE),
    a_step("register", replace(AMINA, name="Other")),
    a_step("merge", **while_another("withdraw")),
    a_step("amend at the desk", replace(RENAMED, address=MOVED.address)),
    a_step("merge"),
    a_step("register", replace(AMINA, name="Other")),
    a_step("amend", ELSEWHERE, who=1),
    a_step("amend at the desk", replace(AMINA, name="Other"), **while_another("resend")),
    a_step("amend at the desk", ELSEWHERE, who=1, **while_another("merge")),
    a_step("move on", to="past the deadline"),
    a_step("e-mail the form", RENAMED),
    a_step("e-mail the form", replace(RENAMED, address="late@example.org")),
    a_step("admit", who=2, **while_another("admit")),
    a_step("admit", who=3),
    a_step("close", **while_another("admit", before="write_roster_page 1")),
    a_step("draw"),
    a_step("take back admission", who=2),
    a_step("take back admission", who=3, **while_another("amend at the desk", ELSEWHERE)),
    a_step("draw", **while_another("merge", before="record_look 1")),
    a_step("merge", who=3),
    a_step("draw"),
]


@pytest.mark.slow
@pytest.mark.parametrize("store", EXAMPLES)
def test_whatever_was_told_is_so(request: pytest.FixtureRequest, tmp_path: Path, store: str) -> None:
    if store == "firestore":
        request.getfixturevalue("emulator")

    @settings(max_examples=EXAMPLES[store], suppress_health_check=list(HealthCheck))
    @example("before", TOUR)
    @example("after", TOUR)
    @example("the deadline", MOVING)
    @example("after", AT_THE_DESK)
    @example("the deadline", OPENED_AGAIN)
    @example("after", OPENED_AGAIN)
    @given(st.sampled_from(list(UNTIL)), st.lists(_at_once, min_size=5, max_size=25))
    def whatever_was_told_is_so(until: str, steps: list[Step]) -> None:
        desks = Desks(f"test-{uuid.uuid4().hex[:12]}" if store == "firestore" else None, UNTIL[until], tmp_path)
        for step in steps:
            desks.do(step)
        desks.close()
        assert_all_is_so(desks)

    whatever_was_told_is_so()


def assert_all_is_so(desks: Desks) -> None:
    rules, store = desks.rules, desks.store
    assert sorted(rules.people) == [one.id for one in store.registrations(SLUG, None, 99)]
    for one in rules.people.values():
        assert_one_is_so(desks, one)
    for (name, address), id in rules.owners.items():
        there, counts = (
            store.registration_of(SLUG, person_key(Form(name, address, "").registration)),
            rules.counting(id),
        )
        assert there is not None
        assert counts is not None
        assert there.id == counts.id
    keys = [one.form.key for one in rules.people.values() if not one.double_of]
    assert len(set(keys)) == len(keys)
    for version, roster in zip(store.intake(desks.event).versions, rules.versions, strict=True):
        assert {row.id: row.revision for row in listed(store, SLUG, version)} == roster


def assert_one_is_so(desks: Desks, one: One) -> None:
    there = desks.store.registered(SLUG, one.id)
    assert there is not None
    history = desks.store.history(SLUG, there)
    assert [each.number for each in history] == list(range(2, one.revision + 1))
    assert [
        (each.number, replace(each.change, inbound_id=""), says(each.after)) for each in history if is_made(each)
    ] == list(one.history)
    owed = Counter((each.kind, each.to, each.revision) for each in desks.store.entries_about(one.id, 999))
    told_of_another = [kind for kind, _, _ in owed if kind is EmailKind.CONFLICT]
    assert bool(told_of_another) is one.in_conflict
    assert Counter({about: times for about, times in owed.items() if about[0] is not EmailKind.CONFLICT}) == Counter(
        one.owed
    )
    states = [history[0].before, *(each.after for each in history)] if history else [there]
    assert says(states[0]) == (one.registered_as, False, "", 0, None, "")
    for earlier, late, taken_back in zip(states, states[1:], states[2:], strict=False):
        if late.came_too_late:
            assert says(taken_back) == says(earlier)


def is_made(revision: Revision) -> bool:
    """Not one that came too late, nor the one that took it back."""
    return not revision.after.came_too_late and revision.change.why is not Why.TOO_LATE
