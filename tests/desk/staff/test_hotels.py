"""Who stays where, and what hotels are sent."""

import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from pypdf import PdfReader

from rollcall.desk.amend import Amended, amend, withdraw
from rollcall.desk.close import close
from rollcall.desk.deliveries import record_deliveries
from rollcall.desk.desk import Desk
from rollcall.desk.register import register
from rollcall.desk.send import send_due
from rollcall.desk.staff.hotels import (
    ListSent,
    NobodyThere,
    SentMeanwhile,
    guests,
    hotels,
    last_sent,
    one_hotel,
    send_list,
)
from rollcall.desk.staff.person import admit
from rollcall.model.email import DeliveryEvent, EmailKind, EmailStatus, confirmation
from rollcall.model.form import FormField
from rollcall.model.hotels import hotel_id, hotel_key
from rollcall.model.registration import Actor, Registered, Way
from rollcall.model.staff import Press
from tests.support.builders import CANNOT_COME, a_registration, an_event, id_of
from tests.support.clock import Clock
from tests.support.desk import Postbox

LETTER = an_event()
EVENT = replace(
    LETTER,
    fields=(
        *LETTER.fields,
        FormField("arrival", "date", "Arrival", ""),
        FormField("departure", "date", "Departure", ""),
        FormField("room", "text", "Room", "", for_hotel=True),
        FormField("diet", "text", "Diet", ""),
    ),
)
CORNAVIN, EPSOM = hotel_id("Hôtel Cornavin"), hotel_id("Epsom")
TO = "desk@cornavin.example.org"
STAY = {"arrival": "2004-02-25", "departure": "2004-02-28", "room": "double", "diet": "no nuts"}


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return replace(desk, events={EVENT.slug: EVENT})


def person(name: str, **answers: str) -> Any:
    one = a_registration(first_name=name, email=f"{name.lower()}@example.org")
    return replace(one, answers={**one.answers, **STAY, **answers})


def there(desk: Desk, name: str) -> Registered:
    found = desk.store.registered(EVENT.slug, id_of(desk.store, person(name)))
    assert found
    return found


def says(desk: Desk, name: str, **answers: str) -> None:
    one = there(desk, name)
    form = replace(one.registration, answers={**one.registration.answers, **answers})
    assert amend(desk, EVENT, one.id, one.revision, form, Actor.STAFF, Way.LINK)


def press(desk: Desk, id: str) -> Press:
    return Press(id, "staff@example.org", desk.store.now())


def sent(desk: Desk, id: str, hotel: str = CORNAVIN, to: str = TO) -> Any:
    seen = len(desk.store.rooming_lists(EVENT.slug, hotel).sent)
    return send_list(desk.store, EVENT, hotel, to, seen, press(desk, id))


def found(desk: Desk) -> dict[str, tuple[int, int]]:
    at = hotels(desk.store, EVENT, desk.store.intake(EVENT))
    return {one.name: (one.stays.people, one.stays.nights) for one in at.hotels}


@pytest.mark.parametrize("name", ["Hotel Beau-Rivage", "HÔTEL BEAU RIVAGE", "Beau Rivage hotel"])
def test_spellings_of_one_hotel_are_one(name: str) -> None:
    assert hotel_key(name) == "beaurivage"


def test_people_are_counted_by_hotel_and_day(desk: Desk) -> None:
    register(desk, EVENT, person("Ada"))
    register(desk, EVENT, person("Bea", hotel="CORNAVIN"))
    register(desk, EVENT, person("Cem", arrival="2004-02-26"))
    register(desk, EVENT, person("Dan", hotel="Epsom"))
    register(desk, EVENT, person("Eva", hotel=""))
    withdraw(desk, EVENT, there(desk, "Dan").id, CANNOT_COME)
    assert found(desk) == {"Hôtel Cornavin": (3, 3 + 3 + 2)}
    counted = hotels(desk.store, EVENT, desk.store.intake(EVENT))
    assert (counted.not_said, counted.all.people) == (1, 4)
    assert counted.all.arrivals == {"2004-02-25": 3, "2004-02-26": 1}
    assert counted.hotels[0].stays.departures == {"2004-02-28": 3}


def test_late_ones_have_no_room(desk: Desk, clock: Clock) -> None:
    register(desk, EVENT, person("Ada"))
    clock.now = EVENT.closes_at + timedelta(seconds=1)
    late = confirmation(EVENT.slug, "B" * 24, "bea@example.org")
    assert desk.store.accept(EVENT.slug, "B" * 24, person("Bea"), late)
    assert found(desk) == {"Hôtel Cornavin": (1, 3)}
    close(desk, EVENT)
    assert found(desk) == {"Hôtel Cornavin": (1, 3)}
    assert isinstance(admit(desk, EVENT, press(desk, "A"), "B" * 24, "was ill"), Amended)
    assert found(desk) == {"Hôtel Cornavin": (2, 6)}


def test_a_hotel_gets_its_own_people_and_fields_only(desk: Desk, postbox: Postbox) -> None:
    register(desk, EVENT, person("Ada"))
    register(desk, EVENT, person("Bea", hotel="Epsom"))
    assert isinstance(sent(desk, "P"), ListSent)
    list(send_due(desk))
    (email,) = [one for one in postbox.messages if one.to == TO]
    pdf, workbook = email.attachments
    rows = list(openpyxl.load_workbook(io.BytesIO(workbook.content)).worksheets[0].iter_rows(values_only=True))
    assert [str(label) for label in rows[0]] == [
        "Reference",
        "Family name",
        "First name",
        "Arrival",
        "Departure",
        "Nights",
        "Room",
    ]
    assert [row[2:] for row in rows[1:]] == [("Ada", "2004-02-25", "2004-02-28", "3", "double")]
    printed = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf.content)).pages)
    for text in (email.text, email.html, email.subject, printed, str(rows)):
        for other in ("ada@example.org", "no nuts", "Bea", "+224", "Conakry", "Ministère"):
            assert other not in text
    assert "Ada" in printed
    assert email.reply_to == EVENT.contact.email


def test_the_next_list_says_what_changed_for_the_hotel(desk: Desk, postbox: Postbox) -> None:
    for name in ("Ada", "Bea", "Cem"):
        register(desk, EVENT, person(name))
    sent(desk, "P")
    list(send_due(desk))
    says(desk, "Ada", arrival="2004-02-24", diet="none")
    says(desk, "Bea", hotel="Epsom")
    says(desk, "Cem", diet="none")  # the hotel has nothing of it
    register(desk, EVENT, person("Dan"))
    outcome = sent(desk, "Q")
    assert outcome.version.number == 2
    list(send_due(desk))
    second = [one for one in postbox.messages if one.to == TO][-1]
    assert "Arrival: 2004-02-25 → 2004-02-24" in second.text
    assert "Cem" not in second.text
    assert "none" not in second.text
    news = list(openpyxl.load_workbook(io.BytesIO(second.attachments[1].content))["Changes"].values)
    assert [(row[0], row[3]) for row in news[1:]] == [("New", "Dan"), ("No longer", "Bea"), ("Changed", "Ada")]


def test_a_hotel_sees_an_address_where_the_event_file_says_so(desk: Desk, postbox: Postbox) -> None:
    fields = tuple(replace(field, for_hotel=field.name == "email") for field in EVENT.fields)
    event = replace(EVENT, fields=fields)
    desk = replace(desk, events={event.slug: event})
    register(desk, event, person("Ada"))
    assert isinstance(send_list(desk.store, event, CORNAVIN, TO, 0, press(desk, "P")), ListSent)
    list(send_due(desk))
    (email,) = [one for one in postbox.messages if one.to == TO]
    assert "ada@example.org" in str(
        list(openpyxl.load_workbook(io.BytesIO(email.attachments[1].content)).worksheets[0].values)
    )
    one = there(desk, "Ada")
    moved = replace(one.registration, email="elsewhere@example.org")
    assert amend(desk, event, one.id, one.revision, moved, Actor.STAFF, Way.DESK)
    outcome = send_list(desk.store, event, CORNAVIN, TO, 1, press(desk, "Q"))
    assert isinstance(outcome, ListSent)
    assert outcome.version.number == 2


def test_a_list_is_sent_as_it_was_frozen(desk: Desk, postbox: Postbox) -> None:
    register(desk, EVENT, person("Ada"))
    sent(desk, "P")
    says(desk, "Ada", room="single")
    list(send_due(desk))
    (email,) = [one for one in postbox.messages if one.to == TO]
    rows = list(openpyxl.load_workbook(io.BytesIO(email.attachments[1].content)).worksheets[0].values)
    assert rows[1][-1] == "double"


def test_what_a_hotel_would_read_the_same_is_no_new_version(desk: Desk) -> None:
    register(desk, EVENT, person("Ada"))
    first = sent(desk, "P")
    says(desk, "Ada", diet="none")
    again = sent(desk, "Q")
    assert (first.version.number, again.version.number) == (1, 1)
    assert first.entry.id != again.entry.id
    says(desk, "Ada", room="single")
    assert sent(desk, "R").version.number == 2


def test_a_button_pressed_twice_or_by_two_sends_one(desk: Desk) -> None:
    register(desk, EVENT, person("Ada"))
    assert isinstance(send_list(desk.store, EVENT, CORNAVIN, TO, 0, press(desk, "P")), ListSent)
    for id in ("P", "Q"):
        assert send_list(desk.store, EVENT, CORNAVIN, TO, 0, press(desk, id)) == SentMeanwhile()
    assert len(desk.store.rooming_lists(EVENT.slug, CORNAVIN).sent) == 1
    assert sent(desk, "P") == SentMeanwhile()


def test_an_empty_hotel_gets_no_list_unless_it_had_one(desk: Desk) -> None:
    assert sent(desk, "P") == NobodyThere()
    register(desk, EVENT, person("Ada"))
    sent(desk, "Q")
    withdraw(desk, EVENT, there(desk, "Ada").id, CANNOT_COME)
    outcome = sent(desk, "R")
    assert (outcome.version.number, outcome.version.count) == (2, 0)


def test_an_older_list_does_not_go_out_after_a_newer_one(desk: Desk, postbox: Postbox) -> None:
    register(desk, EVENT, person("Ada"))
    first = sent(desk, "P")
    says(desk, "Ada", room="single")
    sent(desk, "Q")
    list(send_due(desk))
    old = desk.store.entry(first.entry.id)
    assert old
    assert old.status is EmailStatus.CANCELLED
    assert len([one for one in postbox.messages if one.to == TO]) == 1


def test_changes_are_since_the_last_list_that_arrived(desk: Desk) -> None:
    register(desk, EVENT, person("Ada"))
    first = sent(desk, "P")
    list(send_due(desk))
    says(desk, "Ada", room="single")
    sent(desk, "Q")
    list(send_due(desk))
    lists = desk.store.rooming_lists(EVENT.slug, CORNAVIN)
    had = last_sent(desk.store, lists, 3)
    assert had
    assert had.number == 2
    record_deliveries(desk, [DeliveryEvent(lists.sent[1].entry_id, EmailStatus.BOUNCED)])
    assert last_sent(desk.store, lists, 3) == first.version


def test_the_staff_are_told_of_a_list_that_bounced(desk: Desk, clock: Clock, postbox: Postbox) -> None:
    register(desk, EVENT, person("Ada"))
    entry = sent(desk, "P").entry
    list(send_due(desk))
    record_deliveries(desk, [DeliveryEvent(entry.id, EmailStatus.BOUNCED, "no such mailbox")])
    clock.forward(timedelta(hours=2))
    postbox.messages.clear()
    list(send_due(desk))
    (digest,) = [one for one in postbox.messages if one.to == EVENT.secretariat]
    assert "Rooming list" in digest.text
    assert "no such mailbox" in digest.text


def test_lists_to_hotels_use_up_nothing_of_registrants(desk: Desk, postbox: Postbox) -> None:
    register(desk, EVENT, person("Ada"))
    entry = sent(desk, "P").entry
    assert entry.kind is EmailKind.ROOMING_LIST
    list(send_due(desk))
    counted = desk.store.sent_to_registrants(EVENT.slug, EVENT.opens_at, 99)
    assert counted == 1  # the confirmation


def test_guests_are_of_one_hotel(desk: Desk) -> None:
    register(desk, EVENT, person("Ada"))
    register(desk, EVENT, person("Bea", hotel="Epsom"))
    epsom = one_hotel(desk.store, EVENT, desk.store.intake(EVENT), desk.store.rooming_lists(EVENT.slug, EPSOM))
    assert [one.registration.first_name for one in guests(desk.store, EVENT, epsom)] == ["Bea"]
    assert (epsom.name, epsom.stays.people) == ("Epsom", 1)
