"""All that is held of a person at one event."""

from collections.abc import Iterable, Sequence

from rollcall.desk.desk import Desk
from rollcall.desk.ports import Store
from rollcall.model.event import Event
from rollcall.model.personal_data import Held, HeldContribution, HeldRegistration, Person
from rollcall.model.registration import Registered, normalized_address, person_key

_MOST = 2000
"""E-mails about one registration."""
_UNDER_ONE_ADDRESS = 50
"""Registrations, looked at to see whether it is one person's alone."""


def held(desk: Desk, event: Event, there: Registered) -> Held:
    """What is found by the registration, its doubles, and their names and addresses. What is only under an address that
    others are registered under too is left out: it is not certainly this person's."""
    store = desk.store
    registrations = [_registration(store, event, one) for one in (there, *store.doubles_of(event.slug, there.id))]
    return _of(store, event, _person(store, event, registrations), registrations)


def still_held(desk: Desk, event: Event, ids: Iterable[str]) -> Held:
    """By the ids of registrations that are gone."""
    nobody = frozenset[str]()
    return _of(desk.store, event, Person(event.slug, frozenset(ids), nobody, nobody, nobody), [])


def _of(store: Store, event: Event, person: Person, registrations: Sequence[HeldRegistration]) -> Held:
    by_id = [one for id in sorted(person.ids) for one in store.entries_about(id, _MOST)]
    to_them = [one for address in sorted(person.addresses) for one in store.entries_to(event.slug, address)]
    contributions = store.contributions_of(event.slug, person.ids, person.addresses)
    about_those = [
        one for its in contributions for one in store.entries_to(event.slug, its.email) if one.about == its.id
    ]
    invitations = store.invitations_of(event.slug, person.ids, person.addresses)
    not_to_staff = [one for one in to_them if not event.member(one.to) or one.registration_id in person.ids]
    return Held(
        person=person,
        registrations=registrations,
        quarantined=store.quarantined_of(event.slug, person.keys, person.addresses),
        emails=list({one.id: one for one in (*by_id, *not_to_staff, *about_those)}.values()),
        inbound=store.inbound_of(event.slug, person.ids | person.keys, person.addresses),
        contributions=[HeldContribution(one, store.contribution_history(one.id)) for one in contributions],
        invitations=invitations,
        erasure=store.erasure(registrations[0].registered.id) if registrations else None,
    )


def _registration(store: Store, event: Event, there: Registered) -> HeldRegistration:
    return HeldRegistration(
        registered=there,
        history=store.history(event.slug, there),
        conflict=store.conflict(event.slug, there.id),
        differing=store.all_differing(event.slug, there.id),
        audit=store.audit_of(event.slug, there.id),
        accesses=store.accesses_of(there.id),
    )


def _person(store: Store, event: Event, registrations: list[HeldRegistration]) -> Person:
    """Of all revisions: an earlier name or address leads to what came under it."""
    states = [one.registered for one in registrations]
    states += [made.before for one in registrations for made in one.history]
    ids = frozenset(one.registered.id for one in registrations)
    known = {normalized_address(one.registration.email) for one in states}
    known |= {normalized_address(one.new_email) for one in states if one.new_email}
    shared = {address for address in known if _is_shared(store, event, address, ids)}
    return Person(
        event=event.slug,
        ids=ids,
        keys=frozenset(person_key(one.registration) for one in states),
        addresses=frozenset(known - shared),
        shared=frozenset(shared),
    )


def _is_shared(store: Store, event: Event, address: str, ids: frozenset[str]) -> bool:
    under = store.registrations_under(event.slug, address, _UNDER_ONE_ADDRESS)
    return len(under) == _UNDER_ONE_ADDRESS or any(one.id not in ids for one in under)
