"""The staff's desk on the day after a deadline: thirty people, and some of everything that waits for the staff."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from rollcall.desk.amend import amend, withdraw
from rollcall.desk.close import close
from rollcall.desk.contributions import change
from rollcall.desk.contributions.submit import number_due
from rollcall.desk.deliveries import record_deliveries
from rollcall.desk.desk import Desk
from rollcall.desk.personal_data.ask import ask, decide, refuse
from rollcall.desk.personal_data.erase import erase_due
from rollcall.desk.quarantine import quarantine
from rollcall.desk.receive import read_in, receive
from rollcall.desk.register import Accepted, Late, register, register_emailed
from rollcall.desk.send import send_due
from rollcall.desk.site.programme import programme_now, set_agenda
from rollcall.desk.staff import announce, review
from rollcall.desk.staff import person as at_desk
from rollcall.desk.staff.announcing import enqueue_due
from rollcall.desk.staff.hotels import send_list
from rollcall.desk.staff.invite import invite
from rollcall.desk.staff.rosters import draw_now
from rollcall.language import languages
from rollcall.model.announcement import Wording
from rollcall.model.contribution import PaperDoubt, PaperKind
from rollcall.model.email import DeliveryEvent, EmailKind, EmailStatus, confirmation
from rollcall.model.event import Event
from rollcall.model.hotels import hotel_id
from rollcall.model.personal_data import Ground
from rollcall.model.programme import Said
from rollcall.model.registration import BotSignal, Registered, Registration, new_id, person_key, without_accents
from rollcall.model.review import EVER, ItemId, ItemKind
from rollcall.model.staff import Press, Role, StaffMember
from schemas.form import read_form
from tests.support.builders import CANNOT_COME, a_form, an_event_in
from tests.support.clock import Clock
from tests.support.contributions import SUBMITTER, a_file, numbered
from tests.support.desk import Postbox, a_desk
from tests.support.inbound import A_PDF, raw_post, stored

SECRETARY, ARABIC, VIEWER = "secretary@itu.int", "amal@itu.int", "viewer@itu.int"
_NAMES = (
    *("title", "category", "family_name", "first_name", "organization", "address", "tel", "fax", "email"),
    *("arrival", "departure", "hotel", "hotel_tel", "signed_on", "signature"),
)
_REQUIRED = ("title", "family_name", "category", "organization", "address", "email", "signature")
_FIELDS = "".join(f'[[form.fields]]\nname = "{name}"\nrequired = {str(name in _REQUIRED).lower()}\n' for name in _NAMES)
_STAFF = (StaffMember(SECRETARY), StaffMember(ARABIC, language="ar"), StaffMember(VIEWER, Role.VIEWER))


def _with(event: Event, **changes: Any) -> Event:
    """In each language."""
    return replace(event, **changes, translated=lambda code: _with(event.in_language(code), **changes))


EVENT = _with(
    an_event_in("en", *(code for code in languages() if code != "en"), fields=_FIELDS),
    staff=_STAFF,
    staff_may_leave_out=("signature",),
)
NEXT = _with(EVENT, slug="intgov05", closes_at=EVENT.closes_at + timedelta(days=3))
"""Another event of the same staff, which is open still."""
CORNAVIN = "Hôtel Cornavin"
PEOPLE = (
    *("Chaudhuri Anil", "Nguyễn Thị Lan", "Müller Jürgen", "O’Brien Siobhán", "Al-Khoury Leila", "Ivanova Olga"),
    *("Sørensen Kåre", "Li Wei", "García Márquez José", "Okafor Chidi", "Tanaka Yuki", "Haddad Karim"),
    *("Diallo Amina", "Kowalski Jan", "Popescu Ioana", "Santos João", "Mbeki Thandi", "Schmidt Eva"),
    *("Rossi Paolo", "Dupont Claire", "Åkesson Nils", "Yılmaz Ayşe", "Papadopoulos Eleni", "Novák Petr"),
)
BOUNCED = ("Müller Jürgen", "Okafor Chidi", "Rossi Paolo")
DIFFERING = ("Ivanova Olga", "Tanaka Yuki", "Popescu Ioana")
"""Somebody sent another form for each, with another hotel and telephone."""
LATE = ("Fernández Inés", "Hansen Liv")
HELD_BACK = ("Weber Hans", "Viagra Cheap")
SCANNED = "Kimura Aiko"
"""Sent a form that a machine answered with."""
TWINS = ("Dubois Élodie", "Dubois Elodie")
WITHDRAWN = "Novák Petr"
PAPERS: Mapping[str, Mapping[str, Any]] = {
    "names": {},
    "macro": {"title": "أسماء البلدان", "source": "وزارة البريد", "doubt": PaperDoubt.ACTIVE},
    "roots": {"title": "Thirteen roots", "abstract": "", "email": "roots@example.org"},
}
HOTELS = (CORNAVIN, "Hotel Epsom", "cornavin", "Hôtel Bristol", "")
_REASONS = ("550 5.1.1 no such mailbox", "552 mailbox full", "550 5.1.2 no such domain")


@dataclass(frozen=True)
class BusyDesk:
    desk: Desk
    clock: Clock
    postbox: Postbox
    inbound: Sequence[str]
    """Ids of e-mails that need review: a question, and a form that a machine sent."""
    papers: Sequence[str]
    """Ids of contributions, as `PAPERS`."""

    def called(self, name: str) -> Registered:
        found = self.desk.store.registration_of(EVENT.slug, person_key(form(name)))
        assert found is not None, name
        there = self.desk.store.registered(EVENT.slug, found.id)
        assert there is not None
        return there

    def is_there(self, name: str) -> bool:
        return self.desk.store.registration_of(EVENT.slug, person_key(form(name))) is not None


def busy_desk(folder: Path, clock: Clock) -> BusyDesk:
    """The clock is set to the morning after the deadline."""
    postbox = Postbox()
    desk = replace(a_desk(folder, clock, postbox), events={EVENT.slug: EVENT, NEXT.slug: NEXT})
    clock.now = EVENT.opens_at + timedelta(days=2)
    for name in (*PEOPLE, *TWINS):
        clock.forward(timedelta(hours=11))
        assert isinstance(register(desk, EVENT, form(name)), Accepted)
        list(send_due(desk))
    papers = [numbered(desk, content, EVENT, **said).id for content, said in PAPERS.items()]
    list(send_due(desk))
    busy = BusyDesk(desk, clock, postbox, (), papers)
    for place, name in enumerate(PEOPLE):
        status, reason = EmailStatus.DELIVERED, ""
        if name in BOUNCED:
            status, reason = EmailStatus.BOUNCED, _REASONS[BOUNCED.index(name)]
        entry = confirmation(EVENT.slug, busy.called(name).id, form(name).email)
        record_deliveries(desk, [DeliveryEvent(entry.id, status, reason)])
        if name in DIFFERING:
            register(desk, EVENT, form(name, hotel="Hôtel Beau-Rivage", tel=f"+41 22 700 00 {place:02}"))
    for place, name in enumerate(HELD_BACK):
        quarantine(desk, EVENT, form(name), (BotSignal.TOO_FAST, BotSignal.HIDDEN_FIELD)[place % 2])
    clock.now = EVENT.closes_at + timedelta(minutes=1)
    for name in LATE:
        assert isinstance(register_emailed(desk, EVENT, form(name), clock.now, ()), Late)
    close(desk, EVENT)
    withdraw(desk, EVENT, busy.called(WITHDRAWN).id, CANNOT_COME)
    inbound = [
        _emailed(desk, "Is there a bus from the airport? My visa is attached.", A_PDF, Subject="A bus?"),
        _emailed(desk, in_text(SCANNED), Subject="Form", Auto_Submitted="auto-replied"),
    ]
    clock.now = EVENT.closes_at + timedelta(hours=9)
    list(send_due(desk))
    return replace(busy, inbound=inbound)


def worked_on(busy: BusyDesk) -> Mapping[str, str]:
    """What a secretary did there is shown; the address of each page, below the event's, by its name."""
    desk, store = busy.desk, busy.desk.store
    differing, twins = busy.called(DIFFERING[0]), [busy.called(name).id for name in TWINS]
    changed = busy.called("Santos João")
    at_desk.correct_address(desk, EVENT, _press(busy), busy.called(BOUNCED[0]).id, 1, "jurgen@new.example.org")
    at_desk.withdraw(desk, EVENT, _press(busy), busy.called("Kowalski Jan").id, "telephoned")
    at_desk.admit(desk, EVENT, _press(busy), busy.called(LATE[0]).id, "the fax was down")
    amend(desk, EVENT, changed.id, 1, form("Santos João", hotel=CORNAVIN))
    review.take(desk, EVENT, ItemId(ItemKind.DIFFERING, differing.id), _press(busy))
    send_list(store, EVENT, hotel_id(CORNAVIN), "desk@cornavin.example.org", 0, _press(busy))
    amend(desk, EVENT, changed.id, 2, form("Santos João", arrival="2004-02-23"))
    draw_now(store, EVENT, [SECRETARY], _press(busy))
    invitation = _press(busy)
    invite(store, EVENT, "Ada Lovelace", EVENT.over_at, "visa came late", invitation, "ada@example.org", "ar")
    draft, sent = _press(busy), _press(busy)
    for press in (draft, sent):
        words = {"en": Wording("The room changed", "We meet in room K.\n\nSee https://example.org/k.")}
        written = announce.write(store, EVENT, press.id, "", words, "", press)
        assert isinstance(written, announce.Done)
        content = written.announcement.content
        announce.try_out(store, EVENT, press.id, content, EVENT.staff[0], _press(busy))
    announce.send_off(desk, EVENT, sent.id, content, 28, _press(busy))
    list(enqueue_due(desk))
    list(send_due(desk))
    bounced = busy.called(BOUNCED[1]).id
    lost = [one.id for one in store.entries_about(bounced, 9) if one.kind is EmailKind.ANNOUNCEMENT]
    record_deliveries(desk, [DeliveryEvent(id, EmailStatus.BOUNCED, _REASONS[0]) for id in lost])
    names, macro, _ = busy.papers
    change.add_paper(desk, EVENT, names, PaperKind.REVISION, (a_file("revised"),), SUBMITTER)
    list(number_due(desk))
    change.publish(desk, EVENT, names, 2, [1], _press(busy))
    change.hold(desk, EVENT, macro, 1, [0], "It has a macro.\nPlease send it without.", _press(busy))
    agenda = programme_now(store, EVENT).agenda or ()
    set_agenda(
        desk, EVENT, 0, (*agenda, replace(agenda[-1], title=Said({"en": "Closing"}), contributions=(1,))), _press(busy)
    )
    question, emailed = (f"review/inbound/{id}" for id in busy.inbound)
    person, hotel = f"registrations/{changed.id}", f"hotels/{hotel_id(CORNAVIN)}"
    return {
        "overview": "",
        "registrations": "registrations",
        "registrations, filtered": "registrations?q=dubo&standing=on_time&is-category=member-state",
        "registrations, nobody": "registrations?q=nobody",
        "person": person,
        "all that is held": f"{person}/held",
        "person, bounced": f"registrations/{busy.called(BOUNCED[0]).id}",
        "person, late": f"registrations/{busy.called(LATE[0]).id}",
        "change answers": f"{person}/change",
        "correct the address": f"{person}/address",
        "admit late": f"registrations/{busy.called(LATE[1]).id}/admit",
        "double": f"registrations/{twins[0]}/double?other={busy.called(TWINS[1]).reference}",
        "add": "add",
        "review": "review",
        "review, all doubles": "review/doubles",
        "quarantined": f"review/quarantined/{store.quarantined_waiting(EVENT.slug, EVER, 9)[0].item}",
        "differing": f"review/differing/{differing.id}",
        "inbound": question,
        "inbound, files": f"{question}/files",
        "inbound, with a form": emailed,
        "inbound, form": f"{emailed}/form/0",
        "undelivered": f"review/undelivered/{confirmation(EVENT.slug, bounced, '').id}",
        "likely doubles": f"review/doubles/{'-'.join(sorted(twins))}",
        "contributions": "contributions",
        "contributions, none": "contributions?show=withdrawn",
        "contribution": f"contributions/{names}",
        "contribution, held": f"contributions/{macro}",
        "publish": f"contributions/{busy.papers[2]}/publish",
        "hold": f"contributions/{busy.papers[2]}/hold",
        "correct a contribution": f"contributions/{macro}/correct",
        "programme": "programme",
        "programme, earlier": "programme/versions/1",
        "agenda item": "programme/agenda/0",
        "document": "programme/documents/add",
        "contributions deadline": "programme/deadline?day=2004-02-24",
        "contributions deadline, wrong": "programme/deadline?day=",
        "hotels": "hotels",
        "hotel": hotel,
        "rosters": "rosters",
        "roster changes": "rosters/changes?since=1&until=2",
        "write": "write",
        "new announcement": "write/new",
        "announcement": f"write/{draft.id}",
        "announcement, to send": f"write/{draft.id}/send",
        "announcement, sent": f"write/{sent.id}",
        "deadline": "deadline",
        "deadline, moved": "deadline/move?day=2004-02-24",
        "deadline, wrong": "deadline/move?day=",
        "invitation": f"deadline/invitations/{invitation.id}",
        "log": "log",
        "accesses": "accesses",
        "accesses of a person": f"{person}/access",
        "no such page": "none",
    }


def erased_and_to_erase(busy: BusyDesk) -> Mapping[str, str]:
    """As `worked_on`: of people who asked for it, and of one who is erased."""
    desk, gone = busy.desk, busy.called("Schmidt Eva")
    double, waits, refused = busy.called(TWINS[0]), busy.called("Popescu Ioana"), busy.called("Mbeki Thandi")
    for one in (double, waits, refused):
        ask(desk, EVENT, one)
    refuse(desk, EVENT, _press(busy), refused.id, "We need it until the accounts are closed.\nAsk us again in May.")
    decide(desk, EVENT, _press(busy), gone.id, Ground.ASKED)
    list(send_due(desk))
    list(erase_due(desk))
    decide(desk, EVENT, _press(busy), double.id, Ground.NOT_THEIRS)
    list(send_due(desk))
    waiting = f"registrations/{waits.id}"
    return {
        "person who asks to be erased": waiting,
        "erase": f"{waiting}/erase",
        "erase, refused before": f"registrations/{refused.id}/erase",
        "person who is being erased": f"registrations/{double.id}",
        "erased (410)": f"registrations/{gone.id}",
        "erasures": "erasures",
        "review, with a request": "review",
    }


def _press(busy: BusyDesk) -> Press:
    busy.clock.forward(timedelta(minutes=1))
    return Press(new_id(), SECRETARY, busy.clock.now)


def answers(name: str, **changes: str) -> dict[str, str]:
    """Of this person's form."""
    family, _, first = name.partition(" ")
    place = _place(name)
    return {
        **{field: str(text) for field, text in a_form().items()},
        "family_name": family,
        "first_name": first,
        "signature": f"{first} {family}",
        "email": f"{re.sub('[^a-z]+', '.', without_accents(name))}@mail.example.org",
        "hotel": HOTELS[place % len(HOTELS)],
        "arrival": f"2004-02-{24 + place % 3}",
        "departure": f"2004-02-{27 + place % 2}",
        "category": ("member-state", "sector-member", "associate", "non-member")[place % 4],
    } | changes


def form(name: str, **changes: str) -> Registration:
    of = EVENT.in_language(EVENT.languages[_place(name) % len(EVENT.languages)])
    return read_form(of, answers(name, **changes))


def _place(name: str) -> int:
    """Whatever differs from person to person."""
    return sum(map(ord, without_accents(name)))


def in_text(name: str) -> str:
    """As somebody writes it in an e-mail: a label and an answer a line."""
    said: Mapping[str, str] = answers(name)
    return "".join(f"{field.label}: {said[field.name]}\n" for field in EVENT.fields if said[field.name])


def _emailed(desk: Desk, text: str, file: bytes = b"", **head: str) -> str:
    message = EmailMessage()
    message["From"], message["To"] = "Office <office@example.org>", f"{EVENT.slug}@forms.example.org"
    for name, value in head.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    if file:
        message.add_attachment(file, maintype="application", subtype="pdf", filename="visa.pdf")
    inbound = read_in(desk, receive(desk, stored(*raw_post(bytes(message), sender="office@example.org"))))
    assert inbound is not None
    assert inbound.needs_review
    return inbound.id
