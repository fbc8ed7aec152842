"""All that is held of a person at one event."""

from collections.abc import Iterable, Iterator, Sequence

from rollcall.desk.amend import was_not_theirs
from rollcall.desk.desk import Desk
from rollcall.desk.ports import Store
from rollcall.model.contribution import Contribution
from rollcall.model.email import NOT_TO_REGISTRANTS, EmailKind, OutboxEntry, invitation_entry
from rollcall.model.event import Event
from rollcall.model.inbound import InboundEmail
from rollcall.model.invitation import Invitation
from rollcall.model.personal_data import MOST_HELD, Held, HeldContribution, HeldRegistration, Person
from rollcall.model.registration import (
    Actor,
    QuarantinedForm,
    Registered,
    Way,
    Why,
    normalized,
    normalized_address,
    person_key,
    similarity_hash,
)


def held(desk: Desk, event: Event, there: Registered) -> Held:
    """`there` may be a double. What is found by the registration that counts, its doubles, and their names and
    addresses. What is only under an address that others have too is left out: it is not certainly this person's."""
    store = desk.store
    first = _the_one_that_counts(store, event, there)
    doubles = [one for one in store.doubles_of(event.slug, first.id) if one.id != first.id]
    registrations = [_registration(store, event, one) for one in (first, *doubles)]
    return _of(store, _person(desk, event, registrations), registrations)


def still_held(desk: Desk, event: Event, ids: Iterable[str]) -> Held:
    """By the ids of registrations that are gone."""
    nobody = frozenset[str]()
    return _of(desk.store, Person(event.slug, frozenset(ids), nobody, nobody, nobody, nobody), [])


def _of(store: Store, person: Person, registrations: Sequence[HeldRegistration]) -> Held:
    contributions = store.contributions_of(person.event, person.ids, person.addresses)
    invitations = store.invitations_of(person.event, person.ids, person.addresses)
    inbound = _inbound(store, person, registrations, contributions)
    return Held(
        person=person,
        registrations=registrations,
        quarantined=_quarantined(store, person, registrations),
        emails=list({one.id: one for one in _emails(store, person, inbound, contributions, invitations)}.values()),
        inbound=inbound,
        contributions=[
            HeldContribution(one, store.contribution_history(one.id), store.audit_about(person.event, [one.id]))
            for one in contributions
        ],
        invitations=invitations,
        erasure=store.erasure(registrations[0].registered.id) if registrations else None,
    )


def _the_one_that_counts(store: Store, event: Event, there: Registered) -> Registered:
    seen = {there.id}
    while there.double_of and there.double_of not in seen:
        seen.add(there.double_of)
        there = store.registered(event.slug, there.double_of) or there
    return there


def _registration(store: Store, event: Event, there: Registered) -> HeldRegistration:
    return HeldRegistration(
        registered=there,
        history=store.history(event.slug, there),
        conflict=store.conflict(event.slug, there.id),
        differing=store.all_differing(event.slug, there.id),
        audit=store.audit_of(event.slug, there.id),
        accesses=store.accesses_of(there.id),
    )


def _person(desk: Desk, event: Event, registrations: Sequence[HeldRegistration]) -> Person:
    """Of all revisions: an earlier name or address leads to what came under it."""
    had = list(states(registrations))
    ids = frozenset(one.registered.id for one in registrations)
    known = {normalized_address(one.registration.email) for one in had}
    known |= {normalized_address(one.new_email) for one in had if one.new_email}
    proven = {normalized_address(to) for one in registrations for to in _proven(desk, event, one)}
    own = {address for address in known & proven if not _is_shared(desk.store, event, address, ids)}
    return Person(
        event=event.slug,
        ids=ids,
        keys=frozenset(person_key(one.registration) for one in had),
        names=frozenset(normalized(one.registration.family_name) for one in had)
        | frozenset(normalized(one.registration.first_name) for one in had),
        addresses=frozenset(own),
        shared=frozenset(known - own),
    )


def _proven(desk: Desk, event: Event, one: HeldRegistration) -> Iterator[str]:
    """Of whose mailboxes it is known that they were the person's. Anybody may ask for a stranger's address, or mistype
    their own, which the staff then correct."""
    if not was_not_theirs(desk, event, one.registered):
        yield one.registered.registration.email
    for made in one.history:
        by_link = made.change.by is Actor.REGISTRANT and made.change.way is Way.LINK
        if made.change.why is Why.ADDRESS_CONFIRMED:
            yield made.after.registration.email
        elif by_link and made.change.why is not Why.NOT_ME:
            yield made.before.registration.email


def states(registrations: Sequence[HeldRegistration]) -> Iterator[Registered]:
    for one in registrations:
        yield one.registered
        yield from (made.before for made in one.history)


def _is_shared(store: Store, event: Event, address: str, ids: frozenset[str]) -> bool:
    """Now or before: each registration has e-mails to the addresses that it had. Staff send in others' forms."""
    if event.member(address) or normalized_address(event.contact.email) == address:
        return True
    if any(one.id not in ids for one in store.registrations_under(event.slug, address, len(ids) + 1)):
        return True
    return any(
        one.kind in NOT_TO_REGISTRANTS or one.registration_id not in (None, *ids)
        for one in store.entries_to(event.slug, address)
        if one.kind is not EmailKind.ADDRESS  # to whomever somebody said
    )


def _quarantined(store: Store, person: Person, registrations: Sequence[HeldRegistration]) -> Sequence[QuarantinedForm]:
    """Under another name it may be somebody else's, who has the same address."""
    alike = {similarity_hash(one.registration) for one in states(registrations)}
    found = store.quarantined_of(person.event, person.keys, person.addresses)
    return [one for one in found if one.id in person.keys or similarity_hash(one.form.registration) in alike]


def _inbound(
    store: Store, person: Person, registrations: Sequence[HeldRegistration], contributions: Sequence[Contribution]
) -> Sequence[InboundEmail]:
    found = {one.id: one for one in store.inbound_of(person.event, person.ids | person.keys, person.addresses)}
    named = {one.inbound_id for one in states(registrations)}
    named |= {made.change.inbound_id for one in registrations for made in one.history}
    named |= {one.inbound_id for one in contributions}
    read = [store.inbound(id) for id in sorted(named - found.keys() - {""})]
    return [*found.values(), *(one for one in read if one and one.event == person.event)]


def _emails(
    store: Store,
    person: Person,
    inbound: Sequence[InboundEmail],
    contributions: Sequence[Contribution],
    invitations: Sequence[Invitation],
) -> Iterator[OutboxEntry]:
    for id in sorted(person.ids):
        yield from store.entries_about(id, MOST_HELD)
    for address in sorted(person.addresses):
        yield from store.entries_to(person.event, address)
    yield from store.entries_among([invitation_entry(person.event, one).id for one in invitations])
    theirs = {one.id for one in contributions}
    for address in sorted({normalized_address(one.email) for one in contributions} - person.addresses):
        yield from (one for one in store.entries_to(person.event, address) if one.about in theirs)
    for email in inbound:
        if email.sender and normalized_address(email.sender) not in person.addresses and person.is_alone_in(email):
            yield from (one for one in store.entries_to(person.event, email.sender) if one.inbound_id == email.id)
