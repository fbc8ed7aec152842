"""How people and their answers changed since a version of the roster."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from rollcall.language import N_, Language, language
from rollcall.model.event import Event
from rollcall.model.registration import Actor, Change, Registered, Registration, Revision, Way, Why
from schemas.form import in_words


class News(IntEnum):
    CAME = 0
    LEFT = 1
    CHANGED = 2


@dataclass(frozen=True)
class FieldChange:
    name: str
    label: str
    before: str
    after: str


@dataclass(frozen=True)
class RosterChange:
    news: News
    then: Registered
    """As that version has it; of those who came, as they are."""
    now: Registered
    fields: tuple[tuple[FieldChange, Revision], ...] = ()
    """Each with the revision that made it so. None, though something changed: it is again as it was."""
    last: Revision | None = None

    @property
    def at(self) -> datetime:
        return self.now.changed_at or self.now.received_at


def change_of(
    event: Event, then: Registered | None, revisions: Sequence[Revision], now: Registered, *, is_on_roster: bool
) -> RosterChange | None:
    """`then`: as that version has it, None where it has not. `revisions`: what came after, the first first, whether the
    staff would see it or not. None where they would not."""
    last = revisions[-1] if revisions else None
    if then is None:
        return RosterChange(News.CAME, now, now, last=last) if is_on_roster else None
    if not is_on_roster:
        return RosterChange(News.LEFT, then, now, last=last)
    made_by: dict[str, Revision] = {}
    was_other, stood = False, then
    for revision in revisions:
        came = revision.after
        made_by |= {one.name: revision for one in changes_between(event, stood.registration, came.registration)}
        was_other = was_other or came.is_withdrawn or bool(changes_between(event, then.registration, came.registration))
        stood = came
    if not was_other:
        return None
    fields = changes_between(event, then.registration, now.registration)
    return RosterChange(News.CHANGED, then, now, tuple((one, made_by[one.name]) for one in fields), last)


def changes_between(event: Event, before: Registration, after: Registration) -> list[FieldChange]:
    """In the form's order; fields that it asks no longer come last, by name."""
    old, new = in_words(event, before), in_words(event, after)
    labels = {field.name: field.label for field in event.fields}
    labels |= {name: name for name in sorted({*old, *new}) if name not in labels}
    return [
        FieldChange(name, label, old.get(name, ""), new.get(name, ""))
        for name, label in labels.items()
        if old.get(name, "") != new.get(name, "")
    ]


def erased_in_words(spoken: Language, count: int) -> str:
    """Nobody knows who they were."""
    return spoken.ngettext("%(count)s erased", "%(count)s erased", count)


def by_whom(event: Event, change: Change) -> str:
    spoken = language(event.language)
    if change.why is Why.NOT_ME:
        return spoken.gettext("whoever reads the mailbox, whom somebody else had registered")
    if change.who:
        return change.who
    return spoken.gettext(_BY_REGISTRANT[change.way] if change.by is Actor.REGISTRANT else _BY[change.by])


_BY_REGISTRANT = {
    Way.LINK: N_("the person, by their link"),
    Way.FORM: N_("the person, by the form"),
    Way.EMAIL: N_("the person, by e-mail"),
}
_BY = {Actor.STAFF: N_("the staff"), Actor.ROLLCALL: N_("Rollcall")}
