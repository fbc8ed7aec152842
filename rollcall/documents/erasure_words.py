"""What is erased of a person, and why, in words."""

from collections import Counter
from collections.abc import Mapping

from rollcall.language import N_, language
from rollcall.model.event import Event
from rollcall.model.personal_data import ErasureStatus, Ground

_GROUNDS = {
    Ground.ASKED: N_("The person asks for it, or withdraws their consent."),
    Ground.OBJECTS: N_("The person objects, and nothing weighs more than that."),
    Ground.NOT_NEEDED: N_("It is no longer needed."),
    Ground.NOT_THEIRS: N_("Somebody registered the person by mistake, or had no right to."),
    Ground.OBLIGED: N_("A law or a rule obliges us."),
}
_STATUSES = {
    ErasureStatus.ASKED: N_("Asked for"),
    ErasureStatus.TAKEN_BACK: N_("Taken back"),
    ErasureStatus.REFUSED: N_("Refused"),
    ErasureStatus.DUE: N_("Being erased"),
    ErasureStatus.ERASED: N_("Erased"),
}


def ground_in_words(event: Event, ground: Ground) -> str:
    return language(event.language).gettext(_GROUNDS[ground])


def status_in_words(event: Event, status: ErasureStatus) -> str:
    return language(event.language).gettext(_STATUSES[status])


def counts_in_words(event: Event, counts: Mapping[str, int]) -> dict[str, str]:
    """By kind, in the order of what counts most."""
    n, spoken = Counter(counts), language(event.language)
    words = {
        "registrations": spoken.ngettext("%(count)s registration", "%(count)s registrations", n["registrations"]),
        "revisions": spoken.ngettext("%(count)s change of it", "%(count)s changes of it", n["revisions"]),
        "forms": spoken.ngettext("%(count)s more form", "%(count)s more forms", n["forms"]),
        "emails": spoken.ngettext("%(count)s e-mail sent", "%(count)s e-mails sent", n["emails"]),
        "inbound": spoken.ngettext(
            "%(count)s e-mail received, with its files", "%(count)s e-mails received, with their files", n["inbound"]
        ),
        "contributions": spoken.ngettext("%(count)s contribution", "%(count)s contributions", n["contributions"]),
        "invitations": spoken.ngettext("%(count)s invitation", "%(count)s invitations", n["invitations"]),
    }
    return {kind: said for kind, said in words.items() if n[kind]}
