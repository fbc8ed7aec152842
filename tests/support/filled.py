"""A store with a document of each kind in it, and every query made of it."""

from dataclasses import replace
from datetime import timedelta

from rollcall.desk.ports import Store
from rollcall.model.announcement import Announcement, Wording
from rollcall.model.contribution import Contribution, ContributionChange, Paper, PaperKind
from rollcall.model.email import CircuitBreaker, confirmation, contribution_receipts, rooming_list_entry
from rollcall.model.event import Event
from rollcall.model.finding import EVERYONE
from rollcall.model.hotels import RoomingLists
from rollcall.model.intake import OnRoster, RosterVersion
from rollcall.model.invitation import Invitation
from rollcall.model.personal_data import Access, Erasure, ErasureStatus, Held, Kept, Left, Opened, Person, Retention
from rollcall.model.programme import Programme
from rollcall.model.registration import Actor, BotSignal, Change, ConflictingForm, IdempotencyKey, Way, Why
from rollcall.model.review import EVER, DifferingForm, Handling, ItemId, ItemKind
from rollcall.model.staff import Action, Press
from tests.support.builders import a_registration

DIFFERING = DifferingForm("A", a_registration(), EVER + timedelta(days=1), EVER + timedelta(days=99_999))
PATHS = (
    "events/intgov04",
    "events/intgov04/registrations/A",
    "events/intgov04/registrations/A/history/2",
    "events/intgov04/people/{person}",
    "events/intgov04/conflicts/A",
    f"events/intgov04/differing/{DIFFERING.id}",
    "events/intgov04/review/differing-A",
    "events/intgov04/idempotency/key",
    "events/intgov04/quarantine/{person}",
    "events/intgov04/rosters/0-000000",
    "events/intgov04/hotels/H",
    "events/intgov04/audit/P",
    "events/intgov04/invitations/I",
    "announcements/N",
    "outbox/intgov04.A.confirmation",
    "inbound/M",
    "queues/outbox",
    "contributions/C",
    "contributions/C/history/2",
    "contributionkeys/intgov04-key",
    "events/intgov04/numbers/contributions",
    "events/intgov04/programme/now",
    "publications/intgov04",
    "erasures/A",
    "accesses/O",
    "retention/intgov04",
)
"""One document of each kind; `{person}` is the `person_key`."""


def fill(store: Store, event: Event) -> None:
    registration = a_registration()
    store.intake(event)
    key = IdempotencyKey("key", event.closes_at + timedelta(days=30))
    assert store.accept(event.slug, "A", registration, confirmation(event.slug, "A", registration.email), key)
    there = store.registered(event.slug, "A")
    assert there
    change = Change(Actor.STAFF, Way.COMMAND, Why.LINKS_ENDED)
    assert store.save_registration(event.slug, there, replace(there, revision=2), change)
    store.keep_conflict(event.slug, "A", ConflictingForm(registration, event.closes_at), DIFFERING)
    press = Press("Q", "staff@example.org", event.opens_at)
    taken = Handling(ItemId(ItemKind.DIFFERING, "A"), press.by, press.at)
    assert store.save_handling(event.slug, taken, press.entry(Action.REVIEW_TAKEN, about=str(taken.item)))
    store.quarantine(event.slug, registration, BotSignal.TOO_FAST)
    store.write_roster_page(event.slug, "0-000000", [OnRoster("A", 1)])
    assert store.note(event.slug, Press("P", "staff@example.org", event.opens_at).entry(Action.RESENT))
    assert store.save_announcement(Announcement("N", event.slug, {"en": Wording("Subject", "Text")}))
    assert store.save_invitation(
        event.slug, Invitation("I", "Ada", event.over_at, "ill", "staff@example.org", event.opens_at)
    )
    sent = RoomingLists("H").with_sent(
        RosterVersion(1, 1, "ab", 1, event.opens_at, "h"), rooming_list_entry(event.slug, "H", 1, "a@example.org"), "H"
    )
    by = Press("R", "staff@example.org", event.opens_at).entry(Action.ROOMING_LIST_SENT)
    assert store.record_rooming_list(event.slug, sent, rooming_list_entry(event.slug, "H", 1, "a@example.org"), by)
    store.add_inbound(event.slug, "M")
    fill_contributions(store, event)
    assert store.save_erasure(Erasure("A", event.slug, ErasureStatus.ASKED))
    store.note_access(Access("O", event.slug, press.by, store.now(), Opened.PERSON, "A"))
    assert store.save_retention(Retention(event.slug, event.keep_until, event.keep_until))
    assert store.save_circuit_breaker(replace(CircuitBreaker(store.now()), note="closed"), [])


def fill_contributions(store: Store, event: Event) -> None:
    paper = Paper(PaperKind.ORIGINAL, 0, ())
    new = Contribution("C", event.slug, "Title", "Source", "Ada", "a@example.org", (paper,), key="key")
    assert store.accept_contribution(new)
    one = replace(new, number=1, receipts=1)
    assert store.give_numbers(event.slug, store.last_number(event.slug), [one], contribution_receipts(new))
    there = store.contribution("C")
    assert there
    change = ContributionChange(2, {}, {}, Actor.REGISTRANT, Way.LINK, "", event.opens_at)
    assert store.save_contribution(there, replace(there, revision=2), change)
    by = Press("S", "staff@example.org", event.opens_at).entry(Action.PROGRAMME_CHANGED)
    assert store.save_programme(event.slug, Programme(number=1), by)
    store.publication_due(event.slug, event.opens_at)


def query_all(store: Store, event: Event) -> None:
    now = store.now()
    store.known_events()
    store.due_intakes(now)
    store.due_looks(now)
    store.registrations(event.slug, "0", 9)
    list(store.outlines(event.slug, ["country"]))
    store.stored(event.slug)
    store.find(event.slug, [EVERYONE], "A", 9)
    store.registrations_under(event.slug, "a@example.org", 9)
    store.registrations_like(event.slug, a_registration(), 9)
    there = store.registered(event.slug, "A")
    assert there
    store.history(event.slug, there)
    store.entries_about("A", 9)
    store.quarantined(event.slug, None, 9)
    store.due_entries(9)
    store.unsent_entries(event.slug, None, 9)
    store.recently_sent(["a@example.org"], now, 9)
    store.recently_sent(["a@example.org", "b@example.org"], now, 9)
    store.sent_to_registrants(event.slug, now, 9)
    store.sent_to("a@example.org", now, now)
    store.due_inbound(9)
    store.all_inbound(event.slug, None, 9)
    store.announcements(event.slug, 9)
    store.due_announcements(9)
    store.count_about("N")
    store.undelivered_about("N", 9)
    store.invitations(event.slug, 9)
    store.quarantined_waiting(event.slug, now, 9)
    store.quarantined_form(event.slug, "I")
    store.differing_waiting(event.slug, now, 9)
    store.differing_of(event.slug, "A", 9)
    store.inbound_waiting(event.slug, now, 9)
    store.undelivered(event.slug, now, 9)
    store.audit(event.slug, now, 9)
    store.audit_of(event.slug, "A")
    store.contributions(event.slug, 9, 7)
    store.contributions_numbered(event.slug, [1, 2])
    list(store.contributions_without_receipts())
    store.count_contributions(event.slug)
    store.contribution_history("C")
    store.due_publications(9)
    query_personal_data(store, event)


def query_personal_data(store: Store, event: Event) -> None:
    now = store.now()
    store.doubles_of(event.slug, "A")
    store.all_differing(event.slug, "A")
    store.entries_to(event.slug, "a@example.org")
    store.inbound_of(event.slug, ["A"], ["a@example.org"])
    store.contributions_of(event.slug, ["A"], ["a@example.org"])
    store.invitations_of(event.slug, ["A"], ["a@example.org"])
    store.quarantined_of(event.slug, ["P"], ["a@example.org"])
    store.audit_about(event.slug, ["P"])
    store.erasures(event.slug)
    store.due_erasures(9)
    store.retentions()
    nothing = frozenset[str]()
    somebody = Person(event.slug, ids=frozenset("E"), keys=nothing, names=nothing, addresses=nothing, shared=nothing)
    store.erase_beside(Held(somebody, (), (), (), (), (), ()), Left())
    for kind in Kept:
        store.kept_ids(event.slug, kind, 9)
    store.accesses_of("A")
    store.accesses(event.slug, (now, "A"), 9)
    store.forget_accesses(event.opens_at, 9)
