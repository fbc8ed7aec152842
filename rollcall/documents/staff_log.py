"""What the staff did, in words."""

from collections.abc import Mapping

from rollcall.language import N_, language
from rollcall.model.event import Event
from rollcall.model.staff import Action

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
    Action.REVIEW_TAKEN: N_("Taken from the review queue"),
    Action.REVIEW_RELEASED: N_("Given back to the review queue"),
    Action.REVIEW_ENDED: N_("Ended in the review queue"),
    Action.ROOMING_LIST_SENT: N_("Rooming list sent"),
    Action.ROSTER_DRAWN: N_("New version of the roster"),
    Action.ROSTER_SENT: N_("Roster sent again"),
}


def action_in_words(event: Event, action: Action) -> str:
    return language(event.language).gettext(_ACTIONS[action])


def state_in_words(state: Mapping[str, str]) -> str:
    """Before an action, or after it."""
    return "\n".join(filter(None, state.values()))
