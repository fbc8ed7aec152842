"""What is held of a person: found however it came, and never another's."""

from collections import Counter
from dataclasses import replace

import pytest

from rollcall.desk.amend import Amended, withdraw
from rollcall.desk.desk import Desk
from rollcall.desk.personal_data.held import held
from rollcall.desk.register import register
from rollcall.desk.staff.invite import invite
from rollcall.desk.staff.person import correct_address
from rollcall.model.email import EmailKind, confirmation, links_to, rooming_list_entry
from rollcall.model.inbound import FormStatus
from rollcall.model.personal_data import MOST_HELD, Held, without
from rollcall.model.registration import Actor, Change, Way, Why, normalized_address
from tests.support.builders import NOT_ME, a_form_in_text, a_registration, id_of, staff_of
from tests.support.contributions import EVENT, sent_in
from tests.support.much_held import FOCAL, OTHER, OWN, PRIVATE, MuchHeld, change, emailed, much_held, press
from tests.support.people import someone

SLUG = EVENT.slug
A_FORM = a_form_in_text()
EVENT_CHANGE = Change(Actor.STAFF, Way.DESK, Why.ADDRESS_CORRECTED)


@pytest.fixture
def much(desk: Desk) -> MuchHeld:
    return much_held(desk)


def kinds(found: Held) -> Counter[tuple[EmailKind, str]]:
    return Counter((one.kind, one.to) for one in found.emails)


def test_all_that_came_in_any_way_is_found(much: MuchHeld) -> None:
    found = much.held()
    assert [one.registered.id for one in found.registrations] == [much.id, much.double]
    first, double = found.registrations
    assert (len(first.history), len(double.history)) == (3, 1)
    assert first.conflict is not None
    assert {one.registration.category for one in first.differing} == {"associate"}
    assert double.registered.entered is not None
    assert double.registered.entered.scan == much.scan
    assert [one.action for one in double.audit] == ["added", "merged"]
    assert [one.what for one in first.accesses] == ["person"]
    assert [one.form.registration.first_name for one in found.quarantined] == ["Amina"]
    assert {one.id for one in found.inbound} == {much.alone, much.question, much.together}
    assert [one.contribution.id for one in found.contributions] == [much.contribution]
    assert [one.whom for one in found.invitations] == ["Amina"]


def test_every_e_mail_to_the_person_is_found_at_each_address_of_theirs(much: MuchHeld) -> None:
    assert kinds(much.held()) == {
        (EmailKind.CONFIRMATION, OWN): 2,
        (EmailKind.CONFLICT, OWN): 1,
        (EmailKind.REPLY, OWN): 1,
        (EmailKind.ADDRESS, PRIVATE): 1,
        (EmailKind.CONFIRMATION, PRIVATE): 1,
        (EmailKind.CONFIRMATION, "ami@home.example"): 1,
        (EmailKind.REPLY, PRIVATE): 1,
        (EmailKind.INVITATION, PRIVATE): 1,
        (EmailKind.RECEIPT, PRIVATE): 1,
        (EmailKind.ANNOUNCEMENT, PRIVATE): 1,
        (EmailKind.LINKS, PRIVATE): 1,
    }


def test_nothing_of_anybody_else_is_in_it(much: MuchHeld) -> None:
    found = much.held()
    assert OTHER not in str(replace(found, inbound=[]))
    assert found.person.addresses == {OWN, PRIVATE, "ami@home.example"}
    (together,) = [one for one in found.inbound if one.id == much.together]
    assert [found.person.is_of(form) for form in together.forms] == [True, False]
    assert {one.id: found.person.is_alone_in(one) for one in found.inbound} == {
        much.alone: True,
        much.question: True,
        much.together: False,
    }


def test_of_a_double_the_one_that_counts_is_held(much: MuchHeld) -> None:
    double = much.desk.store.registered(SLUG, much.double)
    assert double is not None
    assert held(much.desk, EVENT, double) == much.held()


@pytest.mark.parametrize("now", [True, False])
def test_what_is_only_under_an_address_that_others_have_or_had_is_left_out(desk: Desk, *, now: bool) -> None:
    """A focal point's, from which she registers herself as well."""
    desk = replace(desk, events={SLUG: EVENT})
    for name in ("Amina", OTHER):
        register(desk, EVENT, a_registration(first_name=name, email=FOCAL))
    id, other = (id_of(desk.store, a_registration(first_name=name, email=FOCAL)) for name in ("Amina", OTHER))
    if not now:
        there = desk.store.registered(SLUG, other)
        assert there is not None
        moved = replace(there, revision=2, registration=replace(there.registration, email=PRIVATE))
        assert desk.store.save_registration(SLUG, there, moved, EVENT_CHANGE)
    emailed(desk, FOCAL, "What is a visa?")
    sent_in(desk, email=FOCAL)
    desk.store.enqueue(links_to(SLUG, "MARK", FOCAL, desk.store.now()))
    there = desk.store.registered(SLUG, id)
    assert there is not None
    found = held(desk, EVENT, there)
    assert (found.person.addresses, found.person.shared) == (frozenset(), frozenset({FOCAL}))
    assert (found.inbound, found.contributions) == ([], [])
    assert [one.id for one in found.emails] == [confirmation(SLUG, id, FOCAL).id]


def test_an_address_of_the_staff_is_nobodys_alone(desk: Desk) -> None:
    secretary = "secretary@example.org"
    event = replace(EVENT, staff=(*EVENT.staff, *staff_of(secretary)))
    there = desk.store.registered(SLUG, someone(desk, event, "A", email=secretary))
    assert there is not None
    assert held(desk, event, there).person.shared == {secretary}


def test_the_reply_to_her_form_from_another_mailbox_is_hers_and_to_one_with_others_is_not(desk: Desk) -> None:
    desk = replace(desk, events={SLUG: EVENT})
    alone = emailed(desk, "home@example.org", A_FORM.replace("signature", ""))
    assert alone.forms[0].status is FormStatus.REGISTERED
    id = alone.forms[0].registration_id or ""
    emailed(desk, FOCAL, f"{A_FORM}\n\n{a_form_in_text(first_name=OTHER)}")
    there = desk.store.registered(SLUG, id)
    assert there is not None
    replies = [one for one in held(desk, EVENT, there).emails if one.kind is EmailKind.REPLY]
    assert [(one.to, one.inbound_id) for one in replies] == [("home@example.org", alone.id)]


def test_another_events_are_not_found(much: MuchHeld) -> None:
    other = replace(EVENT, slug="intgov05")
    elsewhere = much_held(replace(much.desk, events={}), other)
    assert str(elsewhere.id) not in str(much.held())
    assert {one.event for one in elsewhere.held().emails} == {"intgov05"}


def test_of_thousands_of_e_mails_a_bounded_number_is_read(desk: Desk) -> None:
    id = someone(desk, EVENT, "A", email=OWN)
    for number in range(2, MOST_HELD + 3):
        desk.store.enqueue(confirmation(SLUG, id, OWN, revision=number))
    there = desk.store.registered(SLUG, id)
    assert there is not None
    found = held(desk, EVENT, there)
    assert (len(found.emails), found.is_cut) == (MOST_HELD, True)


def test_of_a_name_that_was_corrected_both_keys_lead_to_what_came(desk: Desk) -> None:
    desk = replace(desk, events={SLUG: EVENT})
    register(desk, EVENT, a_registration(first_name="Amnia"))
    id = id_of(desk.store, a_registration(first_name="Amnia"))
    change(desk, EVENT, id, first_name="Amina")
    there = desk.store.registered(SLUG, id)
    assert there is not None
    assert len(held(desk, EVENT, there).person.keys) == 2
    assert held(desk, EVENT, there).person.addresses == {normalized_address(OWN)}


STRANGER = "stranger@home.example"


def of_a_stranger(desk: Desk) -> None:
    """Who has no registration."""
    emailed(desk, STRANGER, "I am ill. Who helps?")
    sent_in(desk, email=STRANGER)
    invite(desk.store, EVENT, "Sekou", EVENT.over_at, "ill", press(desk), STRANGER, "en")
    desk.store.enqueue(links_to(SLUG, "MARK", STRANGER, desk.store.now()))


@pytest.mark.parametrize("how", ["asked for", "corrected", "not me"])
def test_what_a_stranger_has_under_an_address_that_nobody_proved_is_not_hers(desk: Desk, how: str) -> None:
    """Else whoever says a stranger's address is given what the stranger sent, or has it erased."""
    desk = replace(desk, events={SLUG: EVENT})
    of_a_stranger(desk)
    id = someone(desk, EVENT, "A", email=OWN if how == "asked for" else STRANGER)
    if how == "asked for":
        change(desk, EVENT, id, email=STRANGER)
    elif how == "corrected":
        assert isinstance(correct_address(desk, EVENT, press(desk), id, 1, OWN), Amended)
    else:
        withdraw(desk, EVENT, id, NOT_ME)
    there = desk.store.registered(SLUG, id)
    assert there is not None
    found = held(desk, EVENT, there)
    assert found.person.shared == {STRANGER}
    assert (found.inbound, found.contributions, found.invitations) == ([], [], [])
    assert {one.registration_id for one in found.emails} == {id}


def test_nobody_makes_an_address_shared_by_asking_for_it(desk: Desk) -> None:
    mine, other = (someone(desk, EVENT, id, email=f"{id}@example.org") for id in "AB")
    change(desk, EVENT, other, email="A@example.org")
    there = desk.store.registered(SLUG, mine)
    assert there is not None
    assert held(desk, EVENT, there).person.addresses == {"a@example.org"}


def test_an_address_to_which_rooming_lists_went_is_nobodys_alone(desk: Desk) -> None:
    there = desk.store.registered(SLUG, someone(desk, EVENT, "A", email=OWN))
    assert there is not None
    desk.store.enqueue(rooming_list_entry(SLUG, "H", 1, OWN))
    assert held(desk, EVENT, there).person.shared == {OWN}


def test_forms_of_others_with_the_address_of_their_focal_point_are_not_hers(desk: Desk) -> None:
    """Who is registered herself, and they not yet."""
    desk = replace(desk, events={SLUG: EVENT})
    id = someone(desk, EVENT, "A", first_name="Amina", email=FOCAL)
    nameless = [a_form_in_text(first_name=name, family_name="", email=FOCAL) for name in ("Amina", OTHER)]
    together = emailed(desk, FOCAL, "\n\n".join(nameless))
    assert [one.person for one in together.forms] == [None, None]
    there = desk.store.registered(SLUG, id)
    assert there is not None
    found = held(desk, EVENT, there)
    assert [found.person.is_of(one) for one in together.forms] == [True, False]
    left = without(found, together)
    assert left is not None
    assert [one.status for one in left.forms] == [FormStatus.ERASED, FormStatus.INCOMPLETE]
