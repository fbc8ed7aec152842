"""What stands under an e-mail address at one event, whoever has that address: the staff see what of it is whose."""

from collections.abc import Sequence
from dataclasses import dataclass

from rollcall.desk.ports import Store
from rollcall.model.contribution import Contribution
from rollcall.model.email import OutboxEntry
from rollcall.model.event import Event
from rollcall.model.inbound import InboundEmail
from rollcall.model.invitation import Invitation
from rollcall.model.personal_data import MOST_HELD
from rollcall.model.registration import QuarantinedForm, Registered, normalized_address


@dataclass(frozen=True)
class Under:
    event: Event
    registrations: Sequence[Registered]
    """That have or had it, withdrawn or not."""
    quarantined: Sequence[QuarantinedForm]
    inbound: Sequence[InboundEmail]
    contributions: Sequence[Contribution]
    invitations: Sequence[Invitation]
    emails: Sequence[OutboxEntry]
    """To it, about no registration."""

    @property
    def is_empty(self) -> bool:
        found = self.registrations, self.quarantined, self.inbound, self.contributions, self.invitations, self.emails
        return not any(found)


def under(store: Store, event: Event, address: str) -> Under:
    slug, known = event.slug, [normalized_address(address)]
    entries = store.entries_to(slug, address)
    registered = {one.id: one for one in store.registrations_under(slug, address, MOST_HELD)}
    had_it = {one.registration_id for one in entries if one.registration_id} - registered.keys()
    return Under(
        event=event,
        registrations=[*registered.values(), *store.registered_among(slug, sorted(had_it))],
        quarantined=store.quarantined_of(slug, (), known),
        inbound=store.inbound_of(slug, [], known),
        contributions=store.contributions_of(slug, [], known),
        invitations=store.invitations_of(slug, [], known),
        emails=[one for one in entries if not one.registration_id],
    )
