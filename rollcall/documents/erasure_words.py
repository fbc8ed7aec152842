"""What is erased of a person, and why, in words."""

from collections.abc import Mapping

from rollcall.language import N_, language
from rollcall.model.event import Event
from rollcall.model.personal_data import Ground

_GROUNDS = {
    Ground.ASKED: N_("The person asks for it, or withdraws their consent."),
    Ground.OBJECTS: N_("The person objects, and nothing weighs more than that."),
    Ground.NOT_NEEDED: N_("It is no longer needed."),
    Ground.NOT_THEIRS: N_("Somebody registered the person by mistake, or had no right to."),
    Ground.OBLIGED: N_("A law or a rule obliges us."),
}
_KINDS = {
    "registrations": (N_("%(count)s registration"), N_("%(count)s registrations")),
    "revisions": (N_("%(count)s change of it"), N_("%(count)s changes of it")),
    "forms": (N_("%(count)s more form"), N_("%(count)s more forms")),
    "emails": (N_("%(count)s e-mail sent"), N_("%(count)s e-mails sent")),
    "inbound": (N_("%(count)s e-mail received, with its files"), N_("%(count)s e-mails received, with their files")),
    "contributions": (N_("%(count)s contribution"), N_("%(count)s contributions")),
    "invitations": (N_("%(count)s invitation"), N_("%(count)s invitations")),
}


def ground_in_words(event: Event, ground: Ground) -> str:
    return language(event.language).gettext(_GROUNDS[ground])


def counts_in_words(event: Event, counts: Mapping[str, int]) -> dict[str, str]:
    """By kind, in the order of what counts most."""
    spoken = language(event.language)
    return {kind: spoken.ngettext(*said, counts[kind]) for kind, said in _KINDS.items() if counts.get(kind)}
