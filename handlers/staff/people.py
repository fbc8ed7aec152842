"""How the pages of the staff show a person."""

from dataclasses import dataclass

from handlers.responses import HttpProblem
from handlers.staff.visit import Visit
from rollcall.desk.amend import read
from rollcall.language import N_
from rollcall.model.personal_data import ErasureStatus
from rollcall.model.registration import Registered, may_be_id

NOT_REGISTERED = HttpProblem(404, N_("Not found"), N_("No registration of this event is at this address."))

_BEING_ERASED = HttpProblem(
    409, N_("Being erased"), N_("All that is held of this person is being erased. Nothing was changed.")
)


def found_or_none(visit: Visit, id: str) -> Registered | None:
    return read(visit.desk, visit.event, id) if may_be_id(id) else None


def found(visit: Visit, id: str) -> Registered:
    """Raises `HttpProblem`."""
    there = found_or_none(visit, id)
    if there is None:
        raise NOT_REGISTERED
    return there


def see_that_it_is_not_erased(visit: Visit, there: Registered) -> None:
    erasure = visit.desk.store.erasure(there.id)
    if erasure and erasure.status is ErasureStatus.DUE:
        raise _BEING_ERASED


@dataclass(frozen=True)
class Tag:
    text: str
    bad: bool = False


def tags_of(visit: Visit, there: Registered) -> list[Tag]:
    spoken, intake = visit.spoken, visit.desk.intakes.recent(visit.event)
    late = intake.is_late(there.received_at)
    said = [
        (there.is_withdrawn and not there.double_of, N_("Withdrawn"), True),
        (bool(there.double_of), N_("Withdrawn as a double"), True),
        (not there.is_withdrawn and not intake.leaves_out(there), N_("Registered"), False),
        (late and not there.admitted, N_("Late"), True),
        (late and bool(there.admitted), N_("Admitted late"), False),
        (bool(there.new_email), N_("New e-mail address not confirmed"), True),
    ]
    return [Tag(spoken.gettext(text), bad) for is_so, text, bad in said if is_so]


def address_of(visit: Visit, there: Registered, *below: str, **query: str) -> str:
    return visit.address("registrations", there.id, *below, **query)
