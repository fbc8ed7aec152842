"""One person of whom an event holds something in each of its places, among others; and all that is there."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlencode

from google.cloud import firestore

from handlers.register import register as answer_register
from rollcall.desk import amend
from rollcall.desk.close import close
from rollcall.desk.contributions import change
from rollcall.desk.deliveries import record_deliveries
from rollcall.desk.desk import Desk
from rollcall.desk.ports import Store
from rollcall.desk.quarantine import quarantine
from rollcall.desk.receive import read_in, receive
from rollcall.desk.send import send_due
from rollcall.desk.site.publish import publish
from rollcall.desk.staff import add, announce, invite, person, review
from rollcall.desk.staff.announcing import enqueue_due
from rollcall.desk.staff.hotels import send_list
from rollcall.desk.versions import draw
from rollcall.model.announcement import Wording
from rollcall.model.contribution import PaperKind
from rollcall.model.email import DeliveryEvent, EmailKind, EmailStatus, confirmation, erasure_notice, links_to
from rollcall.model.hotels import hotel_id
from rollcall.model.personal_data import Access, Erasure, ErasureStatus, Ground, Opened
from rollcall.model.programme import CallForContributions
from rollcall.model.registration import (
    Actor,
    BotSignal,
    Entered,
    Registered,
    Registration,
    Source,
    Way,
    mailbox,
    new_id,
    normalized_address,
    person_key,
    similarity_hash,
)
from rollcall.model.review import Ending, ItemId, ItemKind
from rollcall.model.staff import Press
from rollcall.model.stored_files import roster_file_id
from rollcall.store.firestore import FirestoreStore
from rollcall.store.sqlite import SqliteStore
from schemas.form import read_form
from tests.support.builders import CANNOT_COME, an_event_asking, staff_of
from tests.support.contributions import SUBMITTER, a_file, numbered
from tests.support.in_process import ask
from tests.support.inbound import raw_post, stored

_FIELDS = "".join(
    f'[[form.fields]]\nname = "{name}"\n'
    for name in (
        *("title", "category", "family_name", "first_name", "organization", "address", "tel", "fax", "email"),
        *("hotel", "hotel_tel", "signature", "listed"),
    )
)
_ASKING = an_event_asking(_FIELDS, rest="[participants]\nfrom = 2004-02-01\n")
STAFF, HOTEL, COLLEAGUE = "secretary@itu.int", "Hôtel Cornavin", "focal@ministry.example.org"
_TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
EVENT = replace(
    _ASKING,
    opens_at=_TODAY - timedelta(days=9),
    closes_at=_TODAY + timedelta(days=9),
    starts=(_TODAY + timedelta(days=30)).date(),
    ends=(_TODAY + timedelta(days=33)).date(),
    programme=replace(_ASKING.programme, participants_from=_TODAY - timedelta(days=8)),
    staff=staff_of(STAFF),
    staff_may_leave_out=("signature",),
    contributions=CallForContributions(_TODAY + timedelta(days=7)),
)
SLUG = EVENT.slug
EMAIL, NEW, CORRECTED = "zephyrine@quill.example.org", "zeph.new@quill.example.org", "right@quill.example.org"
ANSWERS = {
    "title": "ms",
    "category": "associate",
    "family_name": "Quillfeather",
    "first_name": "Zephyrine",
    "organization": "Quillworks",
    "address": "Quillstreet 9\nQuilltown",
    "tel": "+41 22 730 88 77",
    "fax": "+41 22 730 88 66",
    "email": EMAIL,
    "hotel": HOTEL,
    "hotel_tel": "022 730 88 55",
    "signature": "Z. Quillfeather",
    "listed": "yes",
}
TRACES = ("quill", "zephyri", "zéphyri", r"\u00e9phyri", "zefyri", "zeph.new", "730 88", "412273088")
"""In any letter case: what none of that may leave behind. No random id or time can look so: ids have no I."""


class Time:
    """How far it is ahead of what it really is."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> timedelta:
        return self.ahead

    @property
    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def forward(self, by: timedelta) -> None:
        self.ahead += by


@dataclass
class Everywhere:
    desk: Desk
    time: "Time"
    id: str = ""
    stays: set[str] = field(default_factory=set)
    """Paths of documents of which something stays."""

    def there(self, id: str = "") -> Registered:
        found = self.desk.store.registered(SLUG, id or self.id)
        assert found is not None
        return found

    def press(self) -> Press:
        self.time.forward(timedelta(minutes=1))
        return Press(new_id(), STAFF, self.time.now)

    def due(self) -> None:
        now = self.desk.store.now()
        due = Erasure(self.id, SLUG, ErasureStatus.DUE, None, Ground.ASKED, STAFF, now, due_at=now)
        assert self.desk.store.save_erasure(due, [erasure_notice(SLUG, self.there())])
        _sent(self)


def form(**changes: str) -> Registration:
    return read_form(EVENT, {**ANSWERS, **changes})


def others_form(name: str, **changes: str) -> Registration:
    own = {"family_name": name, "first_name": "O.", "email": f"{name.lower()}@ministry.example.org", "tel": "+41 22 1"}
    rest = {"organization": "Ministry", "address": "Street 1", "fax": "+41 22 2", "hotel_tel": "+41 22 3"}
    return read_form(EVENT, {**ANSWERS, **own, **rest, "signature": name, **changes})


def everywhere(desk: Desk, time: Time) -> Everywhere:
    """`desk` has `EVENT`."""
    here, store = Everywhere(desk, time), desk.store
    for name in ("Abel", "Berta"):
        assert posted(desk, _said(others_form(name))) == 201
    assert posted(desk, ANSWERS, key="quill-key") == 201
    here.id = _id_of(store, form())
    assert posted(desk, {**ANSWERS, "hotel_tel": "+41 22 730 88 44"}) == 409
    _page(desk, {**ANSWERS, "fax": "+41 22 730 88 33"})
    assert posted(desk, ANSWERS, key="quill-key") == 201
    store.enqueue(links_to(SLUG, desk.links.mark(EMAIL), EMAIL, store.now()))
    _sent(here)
    bounced = DeliveryEvent(confirmation(SLUG, here.id, EMAIL).id, EmailStatus.BOUNCED, f"550 <{EMAIL}> unknown")
    assert record_deliveries(desk, [bounced])
    quarantine(desk, EVENT, form(first_name="Zéphyrine"), BotSignal.TOO_FAST)
    quarantine(desk, EVENT, others_form("Robot"), BotSignal.TOO_FAST)
    _changes(here)
    _emails(here)
    _staff(here)
    _contributions(here)
    publish(desk, EVENT)
    _rosters(here)
    _sent(here)
    return here


def _changes(here: Everywhere) -> None:
    desk, id = here.desk, here.id
    assert isinstance(amend.amend(desk, EVENT, id, 1, form(first_name="Zephyrina", email=NEW)), amend.Amended)
    _sent(here)
    assert isinstance(amend.confirm_address(desk, EVENT, id, NEW), amend.Amended)
    _sent(here)
    _came(here, "Tel: +41 22 730 88 22", NEW, Subject="Re: your registration", In_Reply_To=_last_to(here, NEW))
    assert here.there().registration.answers["tel"] == "+41 22 730 88 22"


def _emails(here: Everywhere) -> None:
    """Alone, in a focal point's with another's, and beside what her own e-mail says of others."""
    store = here.desk.store
    _came(here, in_text(form(first_name="Zefyrine", email=NEW)), NEW, Subject="Quillfeather's form")
    hers, others = in_text(form(first_name="Zephyrina", email=NEW)), in_text(others_form("Clara"))
    both = f"Please register Zephyrine and Clara.\n\n{hers}\n----\n{others}"
    shared = _came(here, both, COLLEAGUE, Subject="Forms of Quillfeather and Clara")
    here.stays.add(f"inbound/{shared}")
    of_others = _came(here, f"{in_text(others_form('Dora'))}\n", NEW, Subject="A colleague of Quillworks")
    here.stays.add(f"inbound/{of_others}")
    assert all(_id_of(store, others_form(name)) for name in ("Clara", "Dora"))
    _came(here, "Is there a bus? Zephyrine Quillfeather", NEW, Subject="Quillbus")


def _staff(here: Everywhere) -> None:
    desk, store, id = here.desk, here.desk.store, here.id
    person.correct_address(desk, EVENT, here.press(), id, here.there().revision, CORRECTED)
    corrected = form(first_name="Zephyrina", email=CORRECTED, fax="+41 22 730 88 11")
    seen, by_staff = here.there().revision, (Actor.STAFF, Way.DESK)
    assert isinstance(amend.amend(desk, EVENT, id, seen, corrected, *by_staff, press=here.press()), amend.Amended)
    person.withdraw(desk, EVENT, here.press(), id, "Mrs Quillfeather telephoned")
    person.bring_back(desk, EVENT, here.press(), id, here.there().revision)
    scan = add.keep_scan(desk, EVENT, b"%PDF-1.4 Zephyrine Quillfeather")
    entered = Entered(Source.FAX, "said that she is Quillfeather", scan or "")
    double = add.add(desk, EVENT, here.press(), form(first_name="Zephyrine B.", email=CORRECTED), entered)
    assert isinstance(double, add.Added)
    emailed = _id_of(store, form(first_name="Zefyrine", email=NEW))
    for other in (double.registered.id, emailed):
        assert isinstance(person.merge(desk, EVENT, here.press(), id, other), amend.Amended)
    for item in (ItemId(ItemKind.DIFFERING, id), *_waiting(desk)):
        found = review.find(desk, EVENT, item)
        assert found is not None
        review.take(desk, EVENT, item, here.press())
        review.end(desk, EVENT, item, found.seen, here.press(), Ending.DEALT_WITH)
    until, why = EVENT.over_at, "Quillfeather's visa came late"
    invite.invite(store, EVENT, "Zephyrine Quillfeather", until, why, here.press(), CORRECTED)
    words, draft = {"en": Wording("The room changed", "We meet in room K.")}, here.press()
    written = announce.write(store, EVENT, draft.id, "", words, "", draft)
    assert isinstance(written, announce.Done)
    content = written.announcement.content
    announce.try_out(store, EVENT, draft.id, content, EVENT.staff[0], here.press())
    announce.send_off(desk, EVENT, draft.id, content, 6, here.press())
    list(enqueue_due(desk))
    store.note_access(Access(new_id(), SLUG, STAFF, here.time.now, Opened.PERSON, id))


def _contributions(here: Everywhere) -> None:
    desk = here.desk
    hers: dict[str, Any] = {"name": "Zephyrine Quillfeather", "email": NEW, "registration_id": here.id}
    papers = [
        numbered(desk, content, EVENT, title=content, source="Ministry", item="", abstract="", **hers, files=(file,))
        for content in ("public", "quillsecret")
        for file in (a_file(content, name=f"{content}-by-quillfeather.pdf"),)
    ]
    for one in papers:
        for file in one.papers[0].files:
            desk.files().put(file.id, file.name.encode() if one is papers[1] else b"%PDF-1.4 public")
    public, secret = papers
    change.hold(desk, EVENT, secret.id, secret.revision, [0], "Mrs Quillfeather, it has a macro", here.press())
    staff = change.By(Actor.STAFF, Way.DESK, here.press())
    change.correct(desk, EVENT, secret.id, secret.revision + 1, {"title": "Quillcorrected"}, staff)
    change.publish(desk, EVENT, public.id, public.revision, [0], here.press())
    revised = a_file("revised", name="quill-revised.pdf")
    desk.files().put(revised.id, b"quill")
    change.add_paper(desk, EVENT, public.id, PaperKind.REVISION, (revised,), SUBMITTER)
    other = numbered(desk, "others", EVENT, email="abel@ministry.example.org", name="Abel")
    for file in other.papers[0].files:
        desk.files().put(file.id, b"%PDF-1.4 others")
    here.stays.add(f"contributions/{public.id}")


def _rosters(here: Everywhere) -> None:
    desk, store = here.desk, here.desk.store
    here.time.forward(EVENT.closes_at + timedelta(minutes=1) - here.time.now)
    closing = close(desk, EVENT)
    assert closing is not None
    cornavin = hotel_id(HOTEL)
    send_list(store, EVENT, cornavin, "desk@cornavin.example.org", 0, here.press())
    amend.withdraw(desk, EVENT, _id_of(store, others_form("Abel")), CANNOT_COME)
    version = draw(store, EVENT)
    assert version is not None
    send_list(store, EVENT, cornavin, "desk@cornavin.example.org", 1, here.press())
    for one in store.intake(EVENT).versions:
        desk.files().put(
            roster_file_id(SLUG, EVENT.language, one.sha256, one.drawn_at, ".csv"), b"Quillfeather;Zephyrine"
        )
    desk.files().put(f"roster-{SLUG}-other-00aa-20040101T000000000000en.csv", b"of another event")


def posted(desk: Desk, said: Mapping[str, str], key: str = "") -> int:
    headers = {"Content-Type": "application/json", **({"Idempotency-Key": f'"{key}"'} if key else {})}
    answer = ask(lambda asked: answer_register(desk, asked), "POST", f"/register/{SLUG}", json.dumps(said), headers)
    return answer.status


def _page(desk: Desk, said: Mapping[str, str]) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
    answer = ask(lambda asked: answer_register(desk, asked), "POST", f"/register/{SLUG}", urlencode(said), headers)
    assert answer.status in (303, 409)


def _came(here: Everywhere, text: str, sender: str, **head: str) -> str:
    message = EmailMessage()
    message["From"], message["To"] = f"Whoever <{sender}>", f"{SLUG}@forms.example.org"
    message["Message-ID"] = f"<{new_id()}@{sender.rpartition('@')[2]}>"
    for name, value in head.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    inbound = read_in(here.desk, receive(here.desk, stored(*raw_post(bytes(message)))))
    assert inbound is not None
    return inbound.id


def in_text(one: Registration) -> str:
    said = {**_said(one), "title": "Ms", "category": "Associate"}
    return "".join(f"{field.label}: {said[field.name]}\n" for field in EVENT.fields if said.get(field.name))


def _said(one: Registration) -> dict[str, str]:
    own = {"family_name": one.family_name, "first_name": one.first_name, "email": one.email, "category": one.category}
    return {**one.answers, **own}


def _id_of(store: Store, one: Registration) -> str:
    found = store.registration_of(SLUG, person_key(one))
    assert found is not None, one
    return found.id


def _last_to(here: Everywhere, address: str) -> str:
    entries = here.desk.store.entries_to(SLUG, address)
    last = [one.id for one in entries if one.kind is EmailKind.CONFIRMATION][-1]
    return f"<{last}@desk.example.org>"


def _waiting(desk: Desk) -> Iterator[ItemId]:
    for kind in (ItemKind.QUARANTINED, ItemKind.INBOUND):
        yield from (item.id for item in review.queue(desk, EVENT, kind).items)


def _sent(here: Everywhere) -> None:
    here.time.forward(timedelta(minutes=2))
    list(send_due(here.desk))


# --- all that is there


def documents(store: Store) -> dict[str, str]:
    """As text, by path."""
    if isinstance(store, SqliteStore):
        rows = store._file._connection.execute("select collection, id, record from documents").fetchall()
        return {f"{collection}/{id}": record for collection, id, record in rows}
    assert isinstance(store, FirestoreStore)
    project = store._database._rpc._database.split("/")[1]  # type: ignore[attr-defined]
    return dict(_below(firestore.Client(project=project).collections()))


def _below(collections: Any) -> Iterator[tuple[str, str]]:
    for collection in collections:
        for there in collection.list_documents():
            found = there.get()
            if found.exists:
                yield there.path, json.dumps(found.to_dict(), default=str, sort_keys=True, ensure_ascii=False)
            yield from _below(there.collections())


def hashes_of(here: Everywhere) -> set[str]:
    """What is made of names and addresses, and would tell whoever has them."""
    store, event = here.desk.store, SLUG
    ids = [here.id, *(one.id for one in store.doubles_of(event, here.id))]
    states = [
        state
        for id in ids
        for one in [here.there(id)]
        for state in (one, *(made.before for made in store.history(event, one)))
    ]
    forms = [state.registration for state in states]
    addresses = {one.email for one in forms}
    digests = {hashlib.sha256(normalized_address(one).encode()).hexdigest()[:24] for one in addresses}
    keys = {made(one) for one in forms for made in (person_key, similarity_hash)}
    return digests | keys | {mailbox(one) for one in addresses}
