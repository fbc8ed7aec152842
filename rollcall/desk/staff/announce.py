"""Writing to people: a draft, a trial to oneself, then one commit that starts it. `announcing` does the rest."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from rollcall.desk.desk import Desk
from rollcall.desk.ports import Store
from rollcall.desk.staff.chosen import still_means
from rollcall.model.announcement import LONGEST_SUBJECT, LONGEST_TEXT, Announcement, AnnouncementStatus, Wording
from rollcall.model.email import announcement_trial
from rollcall.model.event import Event
from rollcall.model.fault import Fault
from rollcall.model.registration import Registered
from rollcall.model.staff import Action, Press, StaffMember


@dataclass(frozen=True)
class Done:
    announcement: Announcement


@dataclass(frozen=True)
class Faulty:
    faults: Mapping[tuple[str, str], Fault]
    """By language and by `subject` or `text`."""


@dataclass(frozen=True)
class Overtaken:
    """Somebody wrote it, or sent it off, since it was shown; or by the event's file it would go to others."""

    announcement: Announcement


@dataclass(frozen=True)
class NotTried:
    """In these words, to these people, nobody had it sent to themselves."""

    announcement: Announcement


Chosen = Callable[[Registered], bool]


def write(
    store: Store, event: Event, id: str, seen: str, words: Mapping[str, Wording], to: str, press: Press
) -> Done | Faulty | Overtaken:
    """`id`: of the draft, also of a new one, so that the same press writes one; `seen`: its `content` as shown, empty
    for a new one."""
    tidy = {code: _tidy(one) for code, one in words.items() if one.subject.strip() or one.text.strip()}
    if found := faults(event, tidy):
        return Faulty(found)
    while True:
        there = store.announcement(id)
        new = replace(there or Announcement(id, event.slug, {}), words=tidy, to=to, by=press.by, written_at=press.at)
        if there and (there.event != event.slug or there.content != seen or _is_sent(there)):
            return Done(there) if there.content == new.content and not _is_sent(there) else Overtaken(there)
        if store.save_announcement(new, audit=press.entry(Action.ANNOUNCEMENT_WRITTEN, about=id)):
            return Done(new)
        if made := _made_by(store, event, id, press):
            return Done(made)


def faults(event: Event, words: Mapping[str, Wording]) -> Mapping[tuple[str, str], Fault]:
    """The event's first language is needed; in each other, both or neither."""
    found = {}
    for code in dict.fromkeys((event.languages[0], *words)):
        said = words.get(code, Wording("", ""))
        for name, text, most in (("subject", said.subject, LONGEST_SUBJECT), ("text", said.text, LONGEST_TEXT)):
            if not text:
                found[code, name] = Fault("required")
            elif len(text) > most:
                found[code, name] = Fault("too_long", {"max_length": most, "length": len(text)})
    return found


def try_out(store: Store, event: Event, id: str, seen: str, member: StaffMember, press: Press) -> Done | Overtaken:
    """To whoever presses, in each language."""
    while there := _of_event(store, event, id):
        if there.content != seen or _is_sent(there):
            return Overtaken(there)
        trials = [announcement_trial(there, code, member.address, press.id) for code in there.words]
        tried = replace(there, tried=there.content)
        if store.save_announcement(tried, trials, press.entry(Action.ANNOUNCEMENT_TRIED, about=id)):
            return Done(tried)
        if made := _made_by(store, event, id, press):
            return Done(made)
    raise LookupError(id)


def is_written_to(one: Registered, chosen: Chosen) -> bool:
    return not one.is_withdrawn and chosen(one)


def send_off(desk: Desk, event: Event, id: str, seen: str, expected: int, press: Press) -> Done | Overtaken | NotTried:
    """`expected`: to how many people, as whoever pressed was told. Whom it goes to is decided when it is enqueued."""
    store = desk.store
    while there := _of_event(store, event, id):
        if _is_sent(there) and (made := _made_by(store, event, id, press)):
            return Done(made)
        if there.content != seen or _is_sent(there) or not still_means(event, there.to):
            return Overtaken(there)
        if not there.may_be_sent:
            return NotTried(there)
        sent = replace(
            there,
            status=AnnouncementStatus.ENQUEUEING,
            sent_by=press.by,
            sent_at=press.at,
            expected=expected,
            due_at=press.at,
        )
        audit = press.entry(Action.ANNOUNCED, about=id, after={"expected": str(expected)})
        if store.save_announcement(sent, audit=audit):
            return Done(sent)
    raise LookupError(id)


def _of_event(store: Store, event: Event, id: str) -> Announcement | None:
    there = store.announcement(id)
    return there if there and there.event == event.slug else None


def _is_sent(announcement: Announcement) -> bool:
    return announcement.status is not AnnouncementStatus.DRAFT


def _made_by(store: Store, event: Event, id: str, press: Press) -> Announcement | None:
    """What the same press made of it before."""
    return _of_event(store, event, id) if store.audit_entry(event.slug, press.id) else None


def _tidy(said: Wording) -> Wording:
    """The subject in one line; without characters that no e-mail has."""
    text = "\n".join(line.rstrip() for line in said.text.splitlines()).strip()
    return Wording(" ".join(_shown(said.subject).split()), _shown(text))


def _shown(text: str) -> str:
    return "".join(one for one in text if one == "\n" or one.isprintable() or one in _FORMATS or one == "\xa0")


_FORMATS = "\u200c\u200d\u200e\u200f\u2066\u2067\u2068\u2069"
"""Joiners and direction marks, which people type in some scripts."""
