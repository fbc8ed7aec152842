"""A person of whom something is held in every way in which it can be, among others of whom nothing may be told."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.message import EmailMessage
from typing import Any

from rollcall.desk.amend import amend, confirm_address
from rollcall.desk.contributions.submit import Received, number_due, submit
from rollcall.desk.desk import Desk
from rollcall.desk.personal_data.held import held
from rollcall.desk.quarantine import quarantine
from rollcall.desk.receive import read_in, receive
from rollcall.desk.register import register
from rollcall.desk.send import send_due
from rollcall.desk.staff import announce
from rollcall.desk.staff.add import add, keep_scan
from rollcall.desk.staff.announcing import enqueue_due
from rollcall.desk.staff.invite import invite
from rollcall.desk.staff.person import merge
from rollcall.model.announcement import Wording
from rollcall.model.email import links_to
from rollcall.model.event import Event
from rollcall.model.inbound import InboundEmail
from rollcall.model.personal_data import Access, Held, Opened
from rollcall.model.registration import BotSignal, Entered, Registered, Source, new_id, person_key
from rollcall.model.staff import Press
from tests.support.builders import a_form_in_text, a_registration
from tests.support.contributions import EVENT, a_draft
from tests.support.inbound import A_PDF, raw_post, stored

OWN, PRIVATE, FOCAL = "amina.diallo@mpt.example.org", "amina@home.example", "focal@mpt.example.org"
SECRETARY = EVENT.secretariat
OTHER = "Sekou"
"""Of everybody else, in whatever they wrote."""


@dataclass(frozen=True)
class MuchHeld:
    desk: Desk
    event: Event
    id: str
    double: str
    contribution: str
    alone: str
    """E-mails: her own form, her question, her focal point's for several people, with her."""
    question: str
    together: str
    scan: str

    @property
    def there(self) -> Registered:
        found = self.desk.store.registered(self.event.slug, self.id)
        assert found is not None
        return found

    def held(self) -> Held:
        return held(self.desk, self.event, self.there)


def much_held(desk: Desk, event: Event = EVENT, **answers: Any) -> MuchHeld:
    """Amina Diallo at her own address; `answers`: of her registration."""
    desk = replace(desk, events={event.slug: event})
    her = a_registration(**answers)
    register(desk, event, a_registration(first_name=OTHER, email="sekou@mpt.example.org"))
    quarantine(desk, event, her, BotSignal.TOO_FAST)
    quarantine(desk, event, a_registration(first_name=OTHER), BotSignal.TOO_FAST)
    register(desk, event, her)
    id = _id(desk, event, her.first_name)
    register(desk, event, replace(her, category="associate"))
    change(desk, event, id, first_name="Aminata", email=PRIVATE)
    confirm_address(desk, event, id, PRIVATE)
    alone = emailed(desk, OWN, a_form_in_text()).id
    question = emailed(desk, PRIVATE, "Is there a bus from the airport? I walk on crutches.").id
    others = a_form_in_text(first_name=OTHER, email=FOCAL)
    together = emailed(desk, FOCAL, f"{a_form_in_text()}\n\n{others}").id
    emailed(desk, FOCAL, f"What is a visa? Asks {OTHER}.")
    scan = keep_scan(desk, event, A_PDF) or ""
    entered = Entered(Source.FAX, "wants a vegetarian lunch", scan)
    added = add(desk, event, press(desk), a_registration(first_name="Ami", email="ami@home.example"), entered)
    double = getattr(added, "registered").id  # noqa: B009
    merge(desk, event, press(desk), id, double)
    invite(desk.store, event, "Amina", event.over_at, "ill", press(desk), PRIVATE, "en")
    invite(desk.store, event, OTHER, event.over_at, "ill", press(desk), FOCAL, "en")
    submitted = submit(desk, event, a_draft(email=PRIVATE))
    submit(desk, event, a_draft("second", name=OTHER, email=FOCAL))
    assert isinstance(submitted, Received)
    list(number_due(desk))
    _announced(desk, event)
    desk.store.enqueue(links_to(event.slug, "MINE", PRIVATE, desk.store.now()))
    desk.store.enqueue(links_to(event.slug, "THEIRS", FOCAL, desk.store.now()))
    desk.store.note_access(Access(new_id(), event.slug, SECRETARY, desk.store.now(), Opened.PERSON, id))
    list(send_due(desk))
    return MuchHeld(desk, event, id, double, submitted.contribution.id, alone, question, together, scan)


def change(desk: Desk, event: Event, id: str, **changes: Any) -> None:
    there = desk.store.registered(event.slug, id)
    assert there is not None
    amend(desk, event, id, there.revision, replace(there.registration, **changes))


def emailed(desk: Desk, sender: str, text: str, headers: Mapping[str, str] | None = None) -> InboundEmail:
    message = EmailMessage()
    message["From"], message["Message-ID"], message["Subject"] = sender, f"<{new_id()}@example.org>", "Geneva"
    for name, said in (headers or {}).items():
        message[name] = said
    message.set_content(text)
    read = read_in(desk, receive(desk, stored(*raw_post(message.as_bytes()))))
    assert read is not None
    return read


def press(desk: Desk) -> Press:
    return Press(new_id(), SECRETARY, desk.store.now())


def _announced(desk: Desk, event: Event) -> None:
    id, words = press(desk).id, {"en": Wording("The room", "We meet in room K.")}
    written = announce.write(desk.store, event, id, "", words, "", press(desk))
    assert isinstance(written, announce.Done)
    content = written.announcement.content
    announce.try_out(desk.store, event, id, content, event.staff[0], press(desk))
    announce.send_off(desk, event, id, content, 1, press(desk))
    list(enqueue_due(desk))


def _id(desk: Desk, event: Event, first_name: str) -> str:
    there = desk.store.registration_of(event.slug, person_key(a_registration(first_name=first_name)))
    assert there is not None
    return there.id
