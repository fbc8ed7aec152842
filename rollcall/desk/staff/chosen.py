"""To whom the staff write: all, or those that a filter shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from rollcall.desk.desk import Desk
from rollcall.desk.staff.announce import Chosen
from rollcall.model.event import Event
from rollcall.model.intake import Intake
from rollcall.model.registration import Registered

IN_TIME, LATE = "in_time", "late"


@dataclass(frozen=True)
class Filter:
    status: str = ""
    language: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    """Of fields with choices: one code each, by name."""

    @property
    def query(self) -> str:
        said = {"status": self.status, "language": self.language, **dict(sorted(self.answers.items()))}
        return urlencode({name: one for name, one in said.items() if one})

    def matches(self, one: Registered, intake: Intake) -> bool:
        late = LATE if intake.is_late(one.received_at) else IN_TIME
        said = {**one.registration.answers, "category": one.registration.category}
        return (
            self.status in ("", late)
            and self.language in ("", one.registration.language)
            and all(code in said.get(name, "").split() for name, code in self.answers.items())
        )


def filter_from(event: Event, query: str) -> Filter:
    """What it does not know is left out."""
    given = dict(parse_qsl(query))
    fields = {field.name for field in event.fields if field.choices}
    status = given.get("status", "")
    return Filter(
        status if status in (IN_TIME, LATE) else "",
        given.get("language", "") if given.get("language") in event.languages else "",
        {name: code for name, code in given.items() if name in fields and code},
    )


def chosen(desk: Desk, event: Event, query: str) -> Chosen:
    shown, intake = filter_from(event, query), desk.intakes.recent(event)
    return lambda one: shown.matches(one, intake)
