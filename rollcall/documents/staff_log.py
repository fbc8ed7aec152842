"""What the staff did, in words."""

from collections.abc import Mapping
from datetime import datetime

from rollcall.documents.erasure_words import ground_in_words
from rollcall.documents.review_words import ending_in_words
from rollcall.language import N_, language
from rollcall.model.event import Event
from rollcall.model.personal_data import Ground
from rollcall.model.programme import NEVER
from rollcall.model.registration import Source, Why
from rollcall.model.review import Ending
from rollcall.model.staff import Action
from templates import deadline, in_zone

_ACTIONS = {
    Action.CHANGED: N_("Answers changed"),
    Action.ADDRESS_CORRECTED: N_("Address corrected, confirmation sent again"),
    Action.RESENT: N_("Confirmation sent again"),
    Action.WITHDRAWN: N_("Registration withdrawn"),
    Action.MERGED: N_("Withdrawn as a double"),
    Action.BROUGHT_BACK: N_("Registered again"),
    Action.LINKS_ENDED: N_("Links ended"),
    Action.ADMITTED: N_("Admitted late"),
    Action.NOT_ADMITTED: N_("Admission taken back"),
    Action.ADDED: N_("Person added"),
    Action.DEADLINE_MOVED: N_("Deadline moved"),
    Action.OPENED_AGAIN: N_("Registration opened again"),
    Action.INVITED: N_("Invited to register late"),
    Action.INVITATION_REVOKED: N_("Invitation revoked"),
    Action.ANNOUNCEMENT_WRITTEN: N_("Announcement written"),
    Action.ANNOUNCEMENT_TRIED: N_("Announcement sent to oneself"),
    Action.ANNOUNCED: N_("Announcement sent"),
    Action.REMINDED: N_("Reminder sent"),
    Action.REVIEW_TAKEN: N_("Taken from the review queue"),
    Action.REVIEW_RELEASED: N_("Given back to the review queue"),
    Action.REVIEW_ENDED: N_("Ended in the review queue"),
    Action.ROOMING_LIST_SENT: N_("Rooming list sent"),
    Action.ROSTER_DRAWN: N_("New version of the roster"),
    Action.ROSTER_SENT: N_("Roster sent again"),
    Action.CONTRIBUTION_CORRECTED: N_("Contribution corrected"),
    Action.CONTRIBUTION_PUBLISHED: N_("Contribution published"),
    Action.CONTRIBUTION_HELD: N_("Contribution held"),
    Action.CONTRIBUTION_WITHDRAWN: N_("Contribution withdrawn"),
    Action.RECEIPT_SENT: N_("Receipt sent again"),
    Action.PROGRAMME_CHANGED: N_("Programme changed"),
    Action.ERASURE_DECIDED: N_("Erasure decided"),
    Action.ERASURE_REFUSED: N_("Erasure refused"),
}
_WHYS = {
    Why.CHANGED: _ACTIONS[Action.CHANGED],
    Why.WITHDRAWN: _ACTIONS[Action.WITHDRAWN],
    Why.NOT_ME: _ACTIONS[Action.WITHDRAWN],
    Why.BACK: _ACTIONS[Action.BROUGHT_BACK],
    Why.ADDRESS_CONFIRMED: N_("New e-mail address confirmed"),
    Why.ADDRESS_KEPT: N_("E-mail address kept as it was"),
    Why.ADDRESS_CORRECTED: _ACTIONS[Action.ADDRESS_CORRECTED],
    Why.RESENT: _ACTIONS[Action.RESENT],
    Why.LINKS_ENDED: _ACTIONS[Action.LINKS_ENDED],
    Why.ADMITTED: _ACTIONS[Action.ADMITTED],
    Why.NOT_ADMITTED: _ACTIONS[Action.NOT_ADMITTED],
    Why.DOUBLE: _ACTIONS[Action.MERGED],
    Why.ONE_OF_TWO: N_("Another registration was withdrawn as the double of this one"),
    Why.TOO_LATE: N_("Taken back: it came too late"),
}
_SOURCES = {Source.TELEPHONE: N_("By telephone"), Source.FAX: N_("By fax"), Source.PAPER: N_("On paper")}


def action_in_words(event: Event, action: Action) -> str:
    return language(event.language).gettext(_ACTIONS[action])


def why_in_words(event: Event, why: Why) -> str:
    return language(event.language).gettext(_WHYS[why])


def source_in_words(event: Event, source: Source) -> str:
    return language(event.language).gettext(_SOURCES[source])


def state_in_words(event: Event, state: Mapping[str, str]) -> str:
    """Before an action, or after it."""
    return "\n".join(_part_in_words(event, *one) for one in state.items() if one[1])


def _part_in_words(event: Event, name: str, said: str) -> str:
    spoken = language(event.language)
    match name:
        case "ending":
            return ending_in_words(event, Ending(said))
        case "closes_at" | "contributions_close_at":
            return deadline(datetime.fromisoformat(said), event)
        case "participants_from":
            return participants_in_words(event, datetime.fromisoformat(said))
        case "ground":
            return ground_in_words(event, Ground(said))
        case "agenda":
            return spoken.ngettext("%(count)s agenda item", "%(count)s agenda items", int(said))
        case "documents":
            return spoken.ngettext("%(count)s document", "%(count)s documents", int(said))
        case _:
            return said


def participants_in_words(event: Event, published_from: datetime | None) -> str:
    """When the list of participants is published."""
    spoken = language(event.language)
    if published_from is None or published_from == NEVER:
        return spoken.gettext("The list of participants is not published.")
    at = in_zone(published_from, event)
    return spoken.gettext("The list of participants is published from %(at)s.", at=at)
