"""The review queue, in words."""

from rollcall.language import N_, NP_, language
from rollcall.model.email import EmailKind
from rollcall.model.event import Event
from rollcall.model.inbound import FormStatus
from rollcall.model.review import Ending, ItemKind

_ITEMS = {
    ItemKind.QUARANTINED: N_("Forms in quarantine"),
    ItemKind.DIFFERING: N_("Forms that differ from the registration"),
    ItemKind.INBOUND: N_("E-mails received"),
    ItemKind.UNDELIVERED: N_("E-mails not delivered"),
    ItemKind.DOUBLES: N_("Likely doubles"),
}
_ENDINGS = {
    Ending.REGISTERED: N_("registered"),
    Ending.CHANGED: N_("the registration was changed"),
    Ending.LEFT: N_("the registration was left as it is"),
    Ending.ROBOT: N_("set aside as a robot's"),
    Ending.DEALT_WITH: N_("dealt with"),
    Ending.DISMISSED: N_("dismissed"),
    Ending.NOT_THE_SAME: N_("two people"),
}
_EMAILS = {
    EmailKind.CONFIRMATION: N_("Confirmation"),
    EmailKind.CONFLICT: N_("Notice of a second form"),
    EmailKind.ROSTER: N_("Roster"),
    EmailKind.STAFF_DIGEST: N_("Staff digest"),
    EmailKind.REPLY: N_("Reply"),
    EmailKind.WITHDRAWAL: N_("Notice of a withdrawal"),
    EmailKind.LINKS: N_("Link to a registration"),
    EmailKind.ADDRESS: N_("Check of a new address"),
    EmailKind.ANNOUNCEMENT: N_("Announcement"),
    EmailKind.INVITATION: N_("Invitation"),
    EmailKind.ROOMING_LIST: N_("Rooming list"),
    EmailKind.RECEIPT: N_("Receipt of a contribution"),
    EmailKind.NOTICE: N_("Notice about a contribution"),
    EmailKind.ERASURE: N_("Erasure of personal data"),
}
_FORMS = {
    FormStatus.REGISTERED: NP_("a form", "registered"),
    FormStatus.DUPLICATE: NP_("a form", "duplicate"),
    FormStatus.CHANGED: NP_("a form", "changed its registration"),
    FormStatus.WITHDRAWN: NP_("a form", "the registration is withdrawn"),
    FormStatus.CONFLICT: NP_("a form", "conflict"),
    FormStatus.INCOMPLETE: NP_("a form", "incomplete"),
    FormStatus.NOT_YET_OPEN: NP_("a form", "came before registration opened"),
    FormStatus.NEEDS_REVIEW: NP_("a form", "needs review"),
    FormStatus.ERASED: NP_("a form", "erased"),
}


def items_in_words(event: Event, kind: ItemKind) -> str:
    return language(event.language).gettext(_ITEMS[kind])


def ending_in_words(event: Event, ending: Ending) -> str:
    return language(event.language).gettext(_ENDINGS[ending])


def email_in_words(event: Event, kind: EmailKind) -> str:
    return language(event.language).gettext(_EMAILS[kind])


def form_in_words(event: Event, status: FormStatus) -> str:
    return language(event.language).pgettext("a form", _FORMS[status])
