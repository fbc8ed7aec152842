"""What the staff did, in words."""

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
    Action.DEADLINE_MOVED: N_("Deadline moved"),
    Action.OPENED_AGAIN: N_("Registration opened again"),
    Action.INVITED: N_("Invited to register late"),
    Action.INVITATION_REVOKED: N_("Invitation revoked"),
    Action.ANNOUNCEMENT_WRITTEN: N_("Announcement written"),
    Action.ANNOUNCEMENT_TRIED: N_("Announcement sent to oneself"),
    Action.ANNOUNCED: N_("Announcement sent"),
    Action.REMINDED: N_("Reminder sent"),
}


def action_in_words(event: Event, action: Action) -> str:
    return language(event.language).gettext(_ACTIONS[action])
