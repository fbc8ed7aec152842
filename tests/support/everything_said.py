"""`python -m tests.support.everything_said`: what the desk says to people, as JSON: pages, errors, e-mails, documents.

Of the events that it finds (tests/support/pseudo.py), in their first language.
"""

import io
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock
from urllib.parse import urlencode, urlsplit

import icalendar
from lxml import html
from openpyxl import load_workbook
from pypdf import PdfReader

from handlers.register import register
from rollcall.desk.desk import Desk
from rollcall.documents.blank_form import blank_form_pdf, blank_form_text
from rollcall.documents.calendar import invitation
from rollcall.language import language
from rollcall.model.errors import StoreUnavailable
from rollcall.model.fault import Fault
from rollcall.model.inbound import FormStatus, InboundForm, InboundStatus
from rollcall.model.registration import Registered
from schemas.event import read_events
from schemas.faults import _SENTENCES, sentence
from schemas.form import read_form
from tests.emails.samples import AMINA, NOON, SAMPLES
from tests.support.builders import EVENTS, LINKS, a_form, an_event, id_of, roster_files
from tests.support.clock import Clock
from tests.support.desk import a_desk
from tests.support.in_process import ask
from tests.support.pseudo import ASKS_ALL
from tests.support.served import Answer

LETTER = an_event()
ALL = f"/register/{ASKS_ALL}"
PATH = f"/register/{LETTER.slug}"
PAGE = {"Accept": "text/html", "Accept-Language": LETTER.language}
FORM = PAGE | {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json", "Accept-Language": LETTER.language}
COMPLETE = {name: str(value) for name, value in a_form().items()}
SEEN_BY_PEOPLE = ("alt", "aria-label", "content", "label", "placeholder", "title", "value")
INCOMPLETE = InboundForm(
    FormStatus.INCOMPLETE,
    answers={name: text for name, text in COMPLETE.items() if name != "signature"},
    faults={"signature": (Fault("required"),)},
)


def everything(folder: Path) -> Iterator[tuple[str, str]]:
    clock = Clock(NOON)
    desk = replace(a_desk(folder, clock), events=read_events(EVENTS))
    for name, answer in answers(desk, clock):
        yield f"{name} ({answer.status})", _seen(answer)
    for code in _SENTENCES:
        params = ("character", "choices", "least", "length", "lines", "lost", "max_length", "most")
        yield f"fault {code}", sentence(Fault(code, dict.fromkeys(params, 1)), language(LETTER.language))
    for name, make in SAMPLES.items():
        email = make()
        yield f"e-mail {name}, subject", email.subject
        yield f"e-mail {name}, text", email.text
        yield f"e-mail {name}, HTML", _text(email.html)
    yield from documents(desk)


def answers(desk: Desk, clock: Clock) -> Iterator[tuple[str, Answer]]:
    def asked(
        method: str, path: str, body: bytes | str = b"", headers: dict[str, str] = PAGE, step: str = ""
    ) -> Answer:
        return ask(partial(register, desk), method, f"{path}?{step}" if step else path, body, headers)

    def posted(path: str, **changes: str) -> Answer:
        return asked("POST", path, urlencode(COMPLETE | changes), FORM)

    def sent(path: str, form: object, **headers: str) -> Answer:
        return asked("POST", path, json.dumps(form), JSON | headers)

    yield "events", asked("GET", "/register")
    for path in (PATH, ALL):
        yield f"form {path}", asked("GET", path)
        yield f"empty form {path}", asked("POST", path, "", FORM)
        yield f"empty JSON {path}", sent(path, {})
        yield f"wrong JSON {path}", sent(path, dict.fromkeys(ALL_FIELDS, "?" * 400))
    yield "form to check", posted(f"{PATH}?check", message="")
    yield "too fast", posted(PATH, shown_at=clock().isoformat())
    yield "hidden field", posted(PATH, message="spam")
    thanks = posted(PATH)
    yield "received", asked("GET", urlsplit(thanks.headers["Location"]).path)
    yield "another", asked("GET", urlsplit(thanks.headers["Location"]).path + "/another")
    again = posted(PATH)
    yield "already registered", asked("GET", urlsplit(again.headers["Location"]).path)
    yield "conflict", posted(PATH, hotel="Άλλο")
    yield "conflict, JSON", sent(PATH, COMPLETE | {"hotel": "Άλλο"})
    sent(PATH, COMPLETE | {"email": "second@example.org"}, **{"Idempotency-Key": "1"})
    yield "key", sent(PATH, COMPLETE | {"email": "third@example.org"}, **{"Idempotency-Key": "1"})
    for name, path in {"nowhere": "/register/nowhere", "no page": f"{PATH}/nowhere"}.items():
        yield name, asked("GET", path)
        yield f"{name}, JSON", asked("GET", path, headers=JSON)
    yield "no method", asked("DELETE", PATH)
    for body, type in {
        "{": "application/json",
        "[]": "application/json",
        "x": "text/plain",
        "a=%ff": FORM["Content-Type"],
    }.items():
        yield f"body {body}", asked("POST", PATH, body, PAGE | {"Content-Type": type})
    yield "large", asked("POST", PATH, 70_000 * "x", FORM)
    yield "many", asked("POST", PATH, "&".join(f"a{n}=1" for n in range(200)), FORM)
    with mock.patch.object(desk.store, "accept", side_effect=StoreUnavailable(timedelta(0))):
        yield "unavailable", posted(PATH, email="fourth@example.org")
    yield from linked(desk, asked)
    clock.now = LETTER.closes_at + timedelta(hours=1)
    yield "closed", asked("GET", PATH)
    there = desk.store.registered(LETTER.slug, id_of(desk.store, read_form(LETTER, COMPLETE)))
    assert there is not None
    own = urlsplit(LINKS.own(LETTER, there)).path
    yield "own, closed", asked("GET", own)
    yield "change, too late", asked("POST", f"{own}/change", urlencode(COMPLETE), FORM, "send")
    yield "late", posted(PATH, email="fifth@example.org")
    yield "late, JSON", sent(PATH, COMPLETE | {"email": "sixth@example.org"})
    clock.now = LETTER.over_at + timedelta(hours=1)
    yield "own, expired", asked("GET", own)
    clock.now = LETTER.opens_at - timedelta(days=2)
    yield "not open", asked("GET", PATH)
    yield "too early", posted(PATH, email="seventh@example.org")
    yield "too early, JSON", sent(PATH, COMPLETE | {"email": "seventh@example.org"})


ALL_FIELDS = ("family_name", "email", "tel", "nationality", "arrival", "departure", "hotel", "guests", "sessions")


def linked(desk: Desk, asked: Any) -> Iterator[tuple[str, Answer]]:
    """The pages behind links."""
    soon, past = NOON + timedelta(days=1), NOON - timedelta(days=1)
    id = id_of(desk.store, read_form(LETTER, COMPLETE))
    there = desk.store.registered(LETTER.slug, id)
    assert there is not None
    own = LINKS.own(LETTER, there)
    for inbound_id, form in {
        "A": INCOMPLETE,
        "B": replace(INCOMPLETE, status=FormStatus.REGISTERED, registration_id="1"),
        "C": InboundForm(FormStatus.CONFLICT, id, answers=COMPLETE | {"hotel": "Autre"}),
    }.items():
        desk.store.add_inbound(LETTER.slug, inbound_id)
        unread = desk.store.inbound(inbound_id)
        assert unread is not None
        status = InboundStatus.NEEDS_REVIEW
        assert desk.store.save_inbound(
            replace(unread, due_at=None, status=status, sender="a@example.org", forms=(form,))
        )
    made = {
        "complete": LINKS.completing(LETTER, "A", 0, soon),
        "completed": LINKS.completing(LETTER, "B", 0, soon),
        "complete gone": LINKS.completing(LETTER, "Z", 0, soon),
        "complete expired": LINKS.completing(LETTER, "A", 0, past),
        "resolve": LINKS.resolving(LETTER, "A", LETTER.secretariat, soon),
        "resolve leaver": LINKS.resolving(LETTER, "A", "leaver@example.org", soon),
        "resolve expired": LINKS.resolving(LETTER, "A", LETTER.secretariat, past),
        "roster expired": LINKS.roster(LETTER, "R", LETTER.secretariat, past),
        "roster gone": LINKS.roster(LETTER, "R", LETTER.secretariat, soon),
        "amend": LINKS.amending(LETTER, "C", 0, LETTER.secretariat, soon),
        "amend nobody": LINKS.amending(LETTER, "A", 0, LETTER.secretariat, soon),
        "amend leaver": LINKS.amending(LETTER, "C", 0, "leaver@example.org", soon),
        "own": own,
        "own, change": f"{own}/change",
        "own, withdraw": f"{own}/withdraw",
        "own gone": LINKS.own(LETTER, replace(there, id="Z" * 24)),
        "own damaged": own[:-2],
        "address damaged": f"{LINKS.form_page(LETTER)}/address",
        "find": f"{LINKS.form_page(LETTER)}/find",
    }
    for name, link in made.items():
        yield f"link {name}", asked("GET", urlsplit(link).path)
    yield "link resolve, pressed", asked("POST", urlsplit(made["resolve"]).path, "", FORM, "send")
    yield "link resolve, again", asked("GET", urlsplit(made["resolve"]).path)
    yield from changed(desk, urlsplit(own).path, id, asked)


def changed(desk: Desk, own: str, id: str, asked: Any) -> Iterator[tuple[str, Answer]]:
    """A registration that its person, and one of the staff, change, and withdraw."""

    def now() -> Registered:
        there = desk.store.registered(LETTER.slug, id)
        assert there is not None
        return there

    def posted(path: str, step: str, **changes: str) -> Answer:
        form = COMPLETE | {"_revision": str(now().revision)} | changes
        answer: Answer = asked("POST", path, urlencode(form), FORM, step)
        return answer

    new = "new@example.org"
    yield "change, wrong", posted(f"{own}/change", "check", email="")
    yield "change, to check", posted(f"{own}/change", "check", email=new)
    yield "change, overtaken", posted(f"{own}/change", "send", email=new, _revision="9")
    posted(f"{own}/change", "send", email=new)
    check = urlsplit(LINKS.confirming_address(LETTER, now())).path
    yield "address", asked("GET", check)
    for said in ("changed", "again", "unchanged", "kept"):
        yield f"own, {said}", asked("GET", own, step=said)
    asked("POST", f"{own}/keep-address", "", FORM)
    yield "address, revoked", asked("GET", check)
    yield "find, wrong", asked("POST", f"{PATH}/find", "email=x", FORM)
    yield "find, sent", asked("GET", f"{PATH}/find", step="sent")
    amend = urlsplit(LINKS.amending(LETTER, "C", 0, LETTER.secretariat, NOON + timedelta(days=1))).path
    yield "amend, to check", posted(amend, "check", tel="+44 20 7946 0001")
    for said in ("changed", "unchanged"):
        yield f"amend, {said}", asked("GET", amend, step=said)
    for because in ("", "not_me=yes"):
        asked("POST", f"{own}/withdraw", because, FORM)
        yield f"own, withdrawn {because}", asked("GET", own)
        yield f"register again {because}", asked("GET", f"{own}/change")
        yield f"amend, withdrawn {because}", asked("GET", amend)
        yield f"register again, to check {because}", posted(f"{own}/change", "check")
        posted(f"{own}/change", "send")
    yield "new link", asked("POST", f"{own}/new-link", "", FORM)
    yield "own, ended", asked("GET", own)


def documents(desk: Desk) -> Iterator[tuple[str, str]]:
    for event in desk.events.values():
        yield f"blank form {event.slug}", blank_form_text(event, "form@example.org")
        pages = PdfReader(io.BytesIO(blank_form_pdf(event, "form@example.org"))).pages
        yield f"PDF {event.slug}", "\n".join(page.extract_text() for page in pages)
        (entry,) = icalendar.Calendar.from_ical(invitation(event, AMINA)).walk("VEVENT")
        yield f"calendar {event.slug}", "\n".join(str(entry[name]) for name in ("summary", "location", "description"))
    _, workbook = roster_files(AMINA)
    for sheet in load_workbook(io.BytesIO(workbook)):
        cells = [str(cell) for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None]
        yield f"workbook {sheet.title}", "\n".join([sheet.title, *cells])


def _seen(answer: Answer) -> str:
    type = answer.headers["Content-Type"].partition(";")[0]
    if type == "text/html":
        return _text(answer.text) if answer.text else ""
    if type.endswith("json"):
        told = answer.json
        return "\n".join(
            [told["title"], told["detail"], *(text for one in told.get("errors", {}).values() for text in one)]
        )
    return answer.text


def _text(page: str) -> str:
    """What is read on a page or aloud, and the sentences of its script."""
    tree = html.fromstring(page)
    script = re.sub(r"querySelector\w*\([^)]*\)", "", "".join(tree.xpath("//script/text()")))
    said = [literal for literal in re.findall(r'"([^"\n]*)"', script) if re.match(r"[\s,.]*\w+ \w", literal)]
    for element in tree.xpath("//script | //style | //comment()"):
        element.drop_tree()
    for element in tree.iter():
        if element.tag == "input" and element.get("type") not in ("submit", "button"):
            continue
        if element.tag != "meta" or element.get("name") == "description":
            said += [element.get(name) for name in SEEN_BY_PEOPLE if element.get(name) and element.tag != "option"]
    return "\n".join([*tree.itertext(), *said])


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        sys.stdout.write(json.dumps(dict(everything(Path(folder)))))
