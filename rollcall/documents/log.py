"""What the staff did, in words."""

from collections.abc import Mapping

from rollcall.language import N_, language
from rollcall.model.event import Event
from rollcall.model.staff import Action, AuditEntry

_DID = {
    Action.CHANGED: N_("Answers changed"),
    Action.ADDRESS_CORRECTED: N_("E-mail address corrected"),
    Action.RESENT: N_("Sent again"),
    Action.WITHDRAWN: N_("Registration withdrawn"),
    Action.MERGED: N_("Withdrawn as a double"),
    Action.ADMITTED: N_("Admitted though late"),
    Action.ADDED: N_("Registered by the staff"),
}


def action_in_words(event: Event, entry: AuditEntry) -> str:
    said = _DID.get(entry.action)
    return language(event.language).gettext(said) if said else entry.action.replace("_", " ").capitalize()


def state_in_words(state: Mapping[str, str]) -> str:
    """Before an action, or after it."""
    return "\n".join(filter(None, state.values()))
