"""What is left once an event's personal data is deleted: how many people came, and of nobody who."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Response

from handlers.staff.pages import staff_page
from handlers.staff.visit import Visit
from rollcall.language import N_, language
from rollcall.model.personal_data import Retention, Tally
from schemas.form import asked_of
from schemas.kinds import OneChoice

_TEXT = N_("Everything that names a person was deleted on %(day)s. What is published stays, and these numbers.")
_UNDER_WAY = N_("Everything that names a person is being deleted. What is published stays, and these numbers.")


@dataclass(frozen=True)
class DeletedPage:
    text: str
    tables: Sequence[tuple[str, Sequence[tuple[str, int]]]]
    """Each with its caption, and a label and a count a row."""


def deleted_page(visit: Visit, retention: Retention, status: int) -> Response:
    event, tally = visit.event, retention.tally or Tally()
    spoken = language(event.language)
    on = retention.last_deleted_at
    text = spoken.gettext(_TEXT, day=spoken.day(event.day_of(on))) if on else spoken.gettext(_UNDER_WAY)
    counts = [
        (spoken.gettext("Registered"), tally.registered),
        (spoken.gettext("Withdrawn"), tally.withdrawn),
        (spoken.gettext("Late"), tally.late),
        (spoken.gettext("Contributions"), tally.contributions),
    ]
    kinds = {one.field.name: one for one in asked_of(event) if isinstance(one, OneChoice)}
    by_answer = {"category": tally.by_category, "country": tally.by_country}
    tables = [
        (kinds[name].field.label if name in kinds else name, _rows(kinds.get(name), counted))
        for name, counted in by_answer.items()
        if counted
    ]
    return staff_page(visit, "deleted", DeletedPage(text, [(spoken.gettext("Registrations"), counts), *tables]), status)


def _rows(kind: OneChoice | None, counted: Mapping[str, int]) -> list[tuple[str, int]]:
    most_first = sorted(counted.items(), key=lambda one: (-one[1], one[0]))
    return [(kind.shown(code) if kind else code, count) for code, count in most_first]
