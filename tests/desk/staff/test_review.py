"""The review queue: each kind waits, is had by one of the staff, and ends once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from rollcall.desk.amend import Amended, amend, withdraw
from rollcall.desk.desk import Desk
from rollcall.desk.quarantine import quarantine
from rollcall.desk.register import Accepted, Conflict, register
from rollcall.desk.staff import review
from rollcall.desk.staff.review import ChangedMeanwhile, Done, EndedBefore, HeldBy, Item, find, queue
from rollcall.desk.staff.review_forms import (
    AlreadyRegistered,
    FormRegistered,
    FormSaved,
    change_emailed,
    register_emailed,
    register_quarantined,
    settle_differing,
    taken_over,
)
from rollcall.emails import staff_digest
from rollcall.model.email import EmailStatus
from rollcall.model.inbound import FormStatus, InboundForm, InboundStatus, Reason, ReviewReason
from rollcall.model.registration import BotSignal, Registered, Registration, person_key, written
from rollcall.model.review import EVER, DifferingForm, Ending, ItemId, ItemKind
from rollcall.model.staff import Action, Press
from tests.support.builders import CANNOT_COME, a_registration
from tests.support.clock import Clock
from tests.support.desk import EVENT

SLUG = EVENT.slug
ANNA, BEN = "anna@example.org", "ben@example.org"
OTHER = a_registration(answers={**a_registration().answers, "hotel": "Hotel Epsom", "tel": "+224 30 00 00 00"})


def press(desk: Desk, by: str = ANNA, id: str = "P") -> Press:
    return Press(id, by, desk.store.now())


def quarantined(desk: Desk) -> ItemId:
    quarantine(desk, EVENT, a_registration(), BotSignal.TOO_FAST)
    return ItemId(ItemKind.QUARANTINED, desk.store.quarantined_waiting(SLUG, EVER, 9)[-1].item)


def registered(desk: Desk, registration: Registration | None = None) -> str:
    accepted = register(desk, EVENT, registration or a_registration())
    assert isinstance(accepted, Accepted)
    return accepted.id


def differing(desk: Desk) -> ItemId:
    id = registered(desk)
    assert isinstance(register(desk, EVENT, OTHER), Conflict)
    return ItemId(ItemKind.DIFFERING, id)


def emailed(desk: Desk, *forms: InboundForm, id: str = "M") -> ItemId:
    desk.store.add_inbound(SLUG, id)
    inbound = desk.store.inbound(id)
    assert inbound is not None
    reasons = (Reason(ReviewReason.DOUBTFUL),)
    read = replace(inbound, sender="amina@example.org", subject="Form", due_at=None)
    assert desk.store.save_inbound(replace(read, status=InboundStatus.NEEDS_REVIEW, forms=forms, reasons=reasons))
    return ItemId(ItemKind.INBOUND, id)


def undelivered(desk: Desk) -> ItemId:
    id = f"{SLUG}.{registered(desk)}.confirmation"
    entry = desk.store.entry(id)
    assert entry is not None
    assert desk.store.save_entry(replace(entry, status=EmailStatus.BOUNCED, due_at=None))
    return ItemId(ItemKind.UNDELIVERED, id)


def doubles(desk: Desk) -> ItemId:
    ids = sorted([registered(desk), registered(desk, a_registration(family_name="Diállo"))])
    return ItemId(ItemKind.DOUBLES, "-".join(ids))


EACH = pytest.mark.parametrize("come", [quarantined, differing, emailed, undelivered, doubles])
Come = Callable[[Desk], ItemId]


def waiting(desk: Desk, id: ItemId) -> Item:
    item = find(desk, EVENT, id)
    assert item is not None
    assert item.waits_since is not None
    return item


def there(desk: Desk, id: str) -> Registered:
    found = desk.store.registered(SLUG, id)
    assert found is not None
    return found


@EACH
def test_each_kind_waits_until_it_is_ended(desk: Desk, come: Come) -> None:
    assert queue(desk, EVENT, ItemKind.INBOUND).items == ()
    id = come(desk)
    assert [item.id for item in queue(desk, EVENT, id.kind).items] == [id]
    ended = review.end(desk, EVENT, id, waiting(desk, id).seen, press(desk), Ending.DEALT_WITH)
    assert isinstance(ended, Done)
    assert queue(desk, EVENT, id.kind).items == ()
    item = find(desk, EVENT, id)
    assert item is not None
    assert item.waits_since is None
    assert item.handling is not None
    assert (item.handling.ended_by, item.handling.ending) == (ANNA, Ending.DEALT_WITH)
    (entry,) = desk.store.audit(SLUG, None, 9)
    assert (entry.action, entry.about, entry.after) == (Action.REVIEW_ENDED, str(id), {"ending": "dealt_with"})
    again = review.end(desk, EVENT, id, item.seen, press(desk, BEN, "Q"), Ending.DEALT_WITH)
    assert isinstance(again, EndedBefore)


@EACH
def test_an_item_that_one_has_is_taken_over_knowingly_or_not_at_all(desk: Desk, clock: Clock, come: Come) -> None:
    id = come(desk)
    assert isinstance(review.take(desk, EVENT, id, press(desk)), Done)
    assert isinstance(review.take(desk, EVENT, id, press(desk, id="P2")), Done)
    held = review.take(desk, EVENT, id, press(desk, BEN, "Q"))
    assert isinstance(held, HeldBy)
    assert held.holder == ANNA
    assert isinstance(review.end(desk, EVENT, id, waiting(desk, id).seen, press(desk, BEN, "Q"), Ending.LEFT), HeldBy)
    assert isinstance(review.release(desk, EVENT, id, press(desk, BEN, "Q")), HeldBy)
    assert isinstance(review.take(desk, EVENT, id, press(desk, BEN, "Q"), over="carl@example.org"), HeldBy)
    assert isinstance(review.take(desk, EVENT, id, press(desk, BEN, "Q"), over=ANNA), Done)
    assert isinstance(review.take(desk, EVENT, id, press(desk, ANNA, "R")), HeldBy)
    assert isinstance(review.release(desk, EVENT, id, press(desk, BEN, "S")), Done)
    assert isinstance(review.take(desk, EVENT, id, press(desk, ANNA, "T")), Done)
    clock.now += timedelta(minutes=31)
    desk.intakes.fresh(EVENT)
    assert isinstance(review.take(desk, EVENT, id, press(desk, BEN, "U")), Done)
    actions = [one.action for one in desk.store.audit(SLUG, None, 9)]
    assert actions.count(Action.REVIEW_TAKEN) == 4
    assert actions.count(Action.REVIEW_RELEASED) == 1


@EACH
def test_a_double_press_does_nothing_twice(desk: Desk, come: Come) -> None:
    id = come(desk)
    seen, once = waiting(desk, id).seen, press(desk)
    for _ in range(2):
        assert isinstance(review.end(desk, EVENT, id, seen, once, Ending.DISMISSED), Done)
        assert isinstance(review.take(desk, EVENT, id, once), Done)
    assert len(desk.store.audit(SLUG, None, 9)) == 1
    assert find(desk, EVENT, id) is not None


@pytest.mark.parametrize("kind", ItemKind)
@pytest.mark.parametrize("id", ["M", "intgov04.A.confirmation", "A", "A-B", "-", "B-A", "A-A"])
def test_what_is_not_there_is_no_item(desk: Desk, kind: ItemKind, id: str) -> None:
    item = ItemId(kind, id)
    assert find(desk, EVENT, item) is None
    assert review.take(desk, EVENT, item, press(desk)) is None
    assert review.release(desk, EVENT, item, press(desk)) is None
    assert review.end(desk, EVENT, item, "", press(desk), Ending.LEFT) is None


@EACH
def test_what_is_of_another_event_is_no_item(desk: Desk, come: Come) -> None:
    id = come(desk)
    other = replace(EVENT, slug="other")
    assert find(desk, other, id) is None
    assert review.end(desk, other, id, waiting(desk, id).seen, press(desk), Ending.LEFT) is None
    assert waiting(desk, id)


def test_items_come_up_in_the_order_of_their_waiting(desk: Desk, clock: Clock) -> None:
    for number in range(5):
        clock.now += timedelta(minutes=1)
        desk.intakes.fresh(EVENT)
        quarantine(desk, EVENT, a_registration(first_name=f"Bot {number}"), BotSignal.HIDDEN_FIELD)
    found = queue(desk, EVENT, ItemKind.QUARANTINED, 3)
    names = [form.form.registration.first_name for item in found.items for form in item.behind]  # type: ignore[union-attr]
    assert (names, found.more) == (["Bot 0", "Bot 1", "Bot 2"], True)
    assert isinstance(review.take(desk, EVENT, found.items[0].id, press(desk)), Done)
    after = review.next_of(desk, EVENT, ItemKind.QUARANTINED, press(desk, BEN))
    assert after is not None
    assert after.id == found.items[1].id


class TestAQuarantinedForm:
    def test_is_registered_as_by_the_staff_once(self, desk: Desk) -> None:
        id = quarantined(desk)
        seen, once = waiting(desk, id).seen, press(desk)
        outcomes = [register_quarantined(desk, EVENT, id.id, seen, once) for _ in range(2)]
        assert all(isinstance(one, FormRegistered) for one in outcomes)
        (made,) = desk.store.registrations(SLUG, None, 9)
        assert made.registration == a_registration()
        entry = desk.store.entry(f"{SLUG}.{made.id}.confirmation")
        assert entry is not None
        assert sorted(one.action for one in desk.store.audit(SLUG, None, 9)) == [Action.ADDED, Action.REVIEW_ENDED]
        assert desk.store.quarantined_waiting(SLUG, EVER, 9) == []

    def test_of_whoever_registered_meanwhile_is_no_more_to_do(self, desk: Desk) -> None:
        id = quarantined(desk)
        seen = waiting(desk, id).seen
        registered(desk)
        assert queue(desk, EVENT, ItemKind.QUARANTINED).items == ()
        assert isinstance(register_quarantined(desk, EVENT, id.id, seen, press(desk)), EndedBefore)
        assert len(desk.store.registrations(SLUG, None, 9)) == 1

    def test_that_comes_again_after_it_was_set_aside_waits_again(self, desk: Desk) -> None:
        id = quarantined(desk)
        seen = waiting(desk, id).seen
        assert isinstance(review.end(desk, EVENT, id, seen, press(desk), Ending.ROBOT), Done)
        again = quarantined(desk)
        assert waiting(desk, again)
        assert review.end(desk, EVENT, id, seen, press(desk, id="Q"), Ending.ROBOT) is None

    def test_that_was_set_aside_is_in_no_digest(self, desk: Desk) -> None:
        id = quarantined(desk)
        assert staff_digest.gather(desk, EVENT, ANNA, EVENT.opens_at).quarantined.count == 1
        review.end(desk, EVENT, id, waiting(desk, id).seen, press(desk), Ending.ROBOT)
        assert staff_digest.gather(desk, EVENT, ANNA, EVENT.opens_at).quarantined.count == 0

    def test_whose_registration_was_lost_halfway_is_registered_once(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        id = quarantined(desk)
        seen = waiting(desk, id).seen
        with monkeypatch.context() as dying:
            dying.setattr(type(desk.store), "save_handling", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                register_quarantined(desk, EVENT, id.id, seen, press(desk))
        assert queue(desk, EVENT, ItemKind.QUARANTINED).items == ()
        assert isinstance(register_quarantined(desk, EVENT, id.id, seen, press(desk)), FormRegistered)
        assert len(desk.store.registrations(SLUG, None, 9)) == 1


class TestDifferingForms:
    def test_none_is_lost_and_each_says_what_it_says(self, desk: Desk) -> None:
        id = differing(desk)
        third = replace(OTHER, answers={**OTHER.answers, "hotel": "Beau-Rivage"})
        for form in (third, OTHER, a_registration()):
            register(desk, EVENT, form)
        item = waiting(desk, id)
        hotels = [form.registration.answers["hotel"] for form in item.behind if isinstance(form, DifferingForm)]
        assert sorted(hotels) == ["Beau-Rivage", "Hotel Epsom"]
        assert len(queue(desk, EVENT, ItemKind.DIFFERING).items) == 1

    def test_are_kept_for_the_staff_longer_than_for_their_person(self, desk: Desk) -> None:
        id = differing(desk)
        (form,) = waiting(desk, id).behind
        assert isinstance(form, DifferingForm)
        assert form.until == EVENT.over_at + timedelta(days=30)
        offered = desk.store.conflict(SLUG, id.id)
        assert offered is not None
        assert offered.until < desk.store.now() + timedelta(hours=2)

    def test_what_is_taken_of_them_is_saved_and_confirmed(self, desk: Desk) -> None:
        id = differing(desk)
        item, one = waiting(desk, id), there(desk, id.id)
        forms = {form.id: form for form in item.behind if isinstance(form, DifferingForm)}
        (key,) = forms
        wanted = taken_over(one.registration, forms, {"hotel": key, "tel": "unknown"})
        once = press(desk)
        for _ in range(2):
            outcome = settle_differing(desk, EVENT, id.id, item.seen, one.revision, once, wanted)
        assert isinstance(outcome, FormSaved | EndedBefore)
        now = there(desk, id.id)
        assert (now.revision, now.registration.answers["hotel"]) == (2, "Hotel Epsom")
        assert now.registration.answers["tel"] == a_registration().answers["tel"]
        (revision,) = desk.store.history(SLUG, now)
        assert (revision.change.by, revision.change.way, revision.change.who) == ("staff", "desk", ANNA)
        assert desk.store.entry(f"{SLUG}.{id.id}.confirmation.2") is not None
        assert queue(desk, EVENT, ItemKind.DIFFERING).items == ()
        handling = desk.store.handlings(SLUG, [id])[id]
        assert (handling.ending, handling.ended_by) == (Ending.CHANGED, ANNA)

    def test_of_a_registration_that_changed_meanwhile_are_looked_at_again(self, desk: Desk) -> None:
        id = differing(desk)
        item, one = waiting(desk, id), there(desk, id.id)
        moved = replace(one.registration, answers={**one.registration.answers, "hotel": "Beau-Rivage"})
        assert isinstance(amend(desk, EVENT, id.id, 1, moved), Amended)
        assert isinstance(settle_differing(desk, EVENT, id.id, item.seen, 1, press(desk), OTHER), ChangedMeanwhile)
        assert there(desk, id.id).registration == moved

    def test_a_new_one_reopens_what_was_ended(self, desk: Desk) -> None:
        id = differing(desk)
        review.end(desk, EVENT, id, waiting(desk, id).seen, press(desk), Ending.LEFT)
        assert queue(desk, EVENT, ItemKind.DIFFERING).items == ()
        register(desk, EVENT, replace(OTHER, answers={**OTHER.answers, "hotel": "Beau-Rivage"}))
        assert len(waiting(desk, id).behind) == 1

    def test_one_that_its_person_took_over_is_no_more_to_do(self, desk: Desk) -> None:
        id = differing(desk)
        assert isinstance(amend(desk, EVENT, id.id, 1, OTHER), Amended)
        assert queue(desk, EVENT, ItemKind.DIFFERING).items == ()

    def test_one_of_a_withdrawn_person_whose_change_is_refused_is_not_lost(self, desk: Desk) -> None:
        limited = replace(desk, limits=replace(desk.limits, revisions=1))
        id = registered(limited)
        withdraw(limited, EVENT, id, CANNOT_COME)
        assert isinstance(register(limited, EVENT, OTHER), Conflict)
        assert waiting(limited, ItemId(ItemKind.DIFFERING, id))

    def test_one_that_came_by_e_mail_waits_with_its_e_mail_alone(self, desk: Desk) -> None:
        from rollcall.desk.register import register_emailed as register_by_email

        id = registered(desk)
        outcome = register_by_email(desk, EVENT, OTHER, desk.store.now(), None)
        assert isinstance(outcome, Conflict)
        assert desk.store.differing_of(SLUG, id, 9) == []

    def test_taking_over_goes_on_where_it_died(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        id = differing(desk)
        item = waiting(desk, id)
        with monkeypatch.context() as dying:
            dying.setattr(type(desk.store), "save_handling", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                settle_differing(desk, EVENT, id.id, item.seen, 1, press(desk), OTHER)
        assert there(desk, id.id).revision == 2
        register(desk, EVENT, replace(OTHER, answers={**OTHER.answers, "hotel": "Beau-Rivage"}))
        assert isinstance(settle_differing(desk, EVENT, id.id, item.seen, 1, press(desk), OTHER), FormSaved)
        assert there(desk, id.id).revision == 2
        assert waiting(desk, id)  # for the form that came meanwhile


def a_form_of(registration: Registration, status: FormStatus, id: str | None = None) -> InboundForm:
    return InboundForm(status, id, written(registration), person=person_key(registration))


class TestAnInboundEmail:
    def test_its_form_is_registered_and_the_e_mail_ended_with_it(self, desk: Desk) -> None:
        id = emailed(desk, a_form_of(a_registration(), FormStatus.NEEDS_REVIEW))
        seen, once = waiting(desk, id).seen, press(desk)
        for _ in range(2):
            made = register_emailed(desk, EVENT, id.id, 0, seen, once, a_registration(), ends=True)
            assert isinstance(made, FormRegistered)
        (one,) = desk.store.registrations(SLUG, None, 9)
        inbound = desk.store.inbound(id.id)
        assert inbound is not None
        assert (one.arrived_at, one.inbound_id, inbound.resolved) == (inbound.received_at, id.id, True)
        assert [(form.status, form.registration_id) for form in inbound.forms] == [(FormStatus.REGISTERED, one.id)]

    def test_with_another_form_it_goes_on_waiting(self, desk: Desk) -> None:
        forms = [a_form_of(a_registration(first_name=name), FormStatus.INCOMPLETE) for name in "XY"]
        id = emailed(desk, *forms)
        register_emailed(
            desk, EVENT, id.id, 1, waiting(desk, id).seen, press(desk), a_registration(first_name="Y"), ends=False
        )
        inbound = desk.store.inbound(id.id)
        assert inbound is not None
        assert [form.status for form in inbound.forms] == [FormStatus.INCOMPLETE, FormStatus.REGISTERED]
        assert waiting(desk, id)

    def test_whose_person_is_registered_changes_nothing_by_being_registered(self, desk: Desk) -> None:
        id = emailed(desk, a_form_of(OTHER, FormStatus.NEEDS_REVIEW))
        registered(desk)
        made = register_emailed(desk, EVENT, id.id, 0, waiting(desk, id).seen, press(desk), OTHER, ends=True)
        assert isinstance(made, AlreadyRegistered)
        assert waiting(desk, id)

    def test_its_form_is_saved_as_a_change(self, desk: Desk) -> None:
        one = registered(desk)
        id = emailed(desk, a_form_of(OTHER, FormStatus.CONFLICT, one))
        seen, once = waiting(desk, id).seen, press(desk)
        moved = replace(OTHER, email="new@example.org")
        for _ in range(2):
            saved = change_emailed(desk, EVENT, id.id, 0, seen, 1, once, moved, ends=True)
            assert isinstance(saved, FormSaved)
        now = there(desk, one)
        assert (now.revision, now.registration.answers["hotel"]) == (2, "Hotel Epsom")
        assert (now.registration.email, now.new_email) == (a_registration().email, "new@example.org")
        (revision,) = desk.store.history(SLUG, now)
        assert (revision.change.inbound_id, revision.change.who) == (id.id, ANNA)
        assert queue(desk, EVENT, ItemKind.INBOUND).items == ()

    @pytest.mark.parametrize("place", [1, -1, 99])
    def test_has_no_form_at_another_place(self, desk: Desk, place: int) -> None:
        id = emailed(desk, a_form_of(a_registration(), FormStatus.NEEDS_REVIEW))
        seen = waiting(desk, id).seen
        assert register_emailed(desk, EVENT, id.id, place, seen, press(desk), OTHER, ends=True) is None
        assert change_emailed(desk, EVENT, id.id, place, seen, 1, press(desk), OTHER, ends=True) is None


def test_a_confirmation_that_a_later_one_replaced_is_no_more_to_do(desk: Desk) -> None:
    id = undelivered(desk)
    (one,) = desk.store.registrations(SLUG, None, 9)
    assert isinstance(amend(desk, EVENT, one.id, 1, OTHER), Amended)
    assert queue(desk, EVENT, ItemKind.UNDELIVERED).items == ()
    item = find(desk, EVENT, id)
    assert item is not None
    assert item.waits_since is None


def test_a_dismissed_e_mail_is_in_no_digest(desk: Desk) -> None:
    id = undelivered(desk)
    assert staff_digest.gather(desk, EVENT, ANNA, EVENT.opens_at).undelivered.count == 1
    review.end(desk, EVENT, id, waiting(desk, id).seen, press(desk), Ending.DISMISSED)
    assert staff_digest.gather(desk, EVENT, ANNA, EVENT.opens_at).undelivered.count == 0


def test_a_withdrawn_double_is_none(desk: Desk) -> None:
    id = doubles(desk)
    withdraw(desk, EVENT, id.id.partition("-")[0], CANNOT_COME)
    assert queue(desk, EVENT, ItemKind.DOUBLES).items == ()


def test_of_three_alike_each_is_compared_with_each(desk: Desk) -> None:
    names = ("Diallo", "Diállo", "Dìallo")
    ids = sorted(registered(desk, a_registration(family_name=name)) for name in names)
    pairs = [item.id.id for item in queue(desk, EVENT, ItemKind.DOUBLES).items]
    assert pairs == [f"{ids[0]}-{ids[1]}", f"{ids[0]}-{ids[2]}", f"{ids[1]}-{ids[2]}"]
    withdraw(desk, EVENT, ids[0], CANNOT_COME)
    assert [item.id.id for item in queue(desk, EVENT, ItemKind.DOUBLES).items] == pairs[2:]


def test_what_is_settled_by_itself_hides_nothing_that_came_later(
    desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review, "_PAGE", 1)
    for number in range(6):
        clock.now += timedelta(seconds=1)
        quarantine(desk, EVENT, a_registration(first_name=f"N{number}"), BotSignal.TOO_FAST)
        registered(desk, a_registration(first_name=f"N{number}"))
    clock.now += timedelta(hours=1)
    waiting = quarantined(desk)
    assert [item.id for item in queue(desk, EVENT, ItemKind.QUARANTINED).items] == [waiting]
