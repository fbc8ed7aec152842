"""Everything that there is, driven in process with words that are known again; no line of any log has one, as it was
typed or in another form by which it could be found or tried. What is driven is held against the source: every address,
and every line that logs."""

import ast
import base64
import hashlib
import io
import json
import logging
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import ExitStack, contextmanager, nullcontext, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from functools import cache, cached_property, partial
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, cast
from unittest import mock
from urllib.parse import quote, urlencode, urlsplit

import pytest
from cloudevents.http import from_http

from handlers.close_intake import close_intake
from handlers.contribute import contribute
from handlers.erase import erase
from handlers.logs import hide_requests
from handlers.pages import pages
from handlers.pages.public import Public, RecentSites
from handlers.receive_email import receive_email
from handlers.record_deliveries import record_deliveries
from handlers.register import register
from handlers.send_due_mail import send_due_mail
from handlers.send_mail import send_mail
from handlers.staff import staff
from handlers.staff.identity import by_signed_header
from handlers.staff.visit import BUTTON
from handlers.unanswered import unanswered
from rollcall.desk.amend import amend, withdraw
from rollcall.desk.desk import Desk, LastHour, RecentIntakes
from rollcall.desk.limits import Limits
from rollcall.desk.staff import announce
from rollcall.local.app import FUNCTIONS
from rollcall.local.trigger import trigger_of
from rollcall.model.announcement import Wording
from rollcall.model.email import links_to
from rollcall.model.errors import IdentityUnknown, NotIdentified, StoreUnavailable
from rollcall.model.event import Event, Logo, Look
from rollcall.model.hotels import hotel_id
from rollcall.model.links import LinkPurpose
from rollcall.model.personal_data import Erasure, ErasureStatus, Ground
from rollcall.model.registration import (
    Registered,
    base32,
    fold,
    new_id,
    normalized_address,
    person_key,
    similarity_hash,
)
from rollcall.model.staff import Press
from rollcall.sendgrid import SendGridPoster
from tests.support.builders import CANNOT_COME, LINKS, SENDER
from tests.support.busy_desk import (
    EVENT,
    HOTELS,
    NEXT,
    PEOPLE,
    SECRETARY,
    BusyDesk,
    answers,
    busy_desk,
    form,
    in_text,
    worked_on,
)
from tests.support.clock import Clock
from tests.support.driving import MARK, TELEPHONE, URLENCODED, Asked, Driver
from tests.support.in_process import ask
from tests.support.inbound import A_PDF, parsed_post, raw_post
from tests.support.sendgrid_api import answers as answered
from tests.support.sendgrid_api import sendgrid_api
from tests.support.served import ROOT, Answer
from tests.support.webhook import KEY, a_report, signed

HANDLERS = ROOT / "handlers"
QUOTED = f"{MARK} Zoë, {MARK}@{MARK}.example.org, {TELEPHONE}"
"""In the text of an exception, or of SendGrid's answer."""
ADDRESS = f"{MARK}.zoë@{MARK}-куолф.example"
SERVER = "a server"
ROSTER = f"roster-{EVENT.slug}-0123456789abcdef-20040221T000005000000.csv"
SHORT = Limits(sweep_for=timedelta(seconds=1))
pytestmark = pytest.mark.slow
Handle = Callable[[Any], Any]


def functions(desk: Desk, now: Callable[[], datetime]) -> Mapping[str, Handle]:
    """Every function of main.py, by its name; of those that a browser calls, the last part is their place in a path."""
    public = Public(desk.events, RecentSites(desk.published, time.monotonic), now, LINKS.pages)
    by_webhook = (KEY.public_key(),)
    return {
        "register": partial(register, desk),
        "pages": partial(pages, public),
        "contribute": partial(contribute, desk),
        "staff": partial(staff, desk, lambda _: SECRETARY),
        "receive_email": partial(receive_email, desk, by_webhook),
        "record_deliveries": partial(record_deliveries, desk, by_webhook),
        "send_mail": lambda request: send_mail(desk, from_http(dict(request.headers), request.get_data())),
        "send_due_mail": partial(send_due_mail, desk),
        "close_intake": partial(close_intake, desk),
        "erase": partial(erase, desk),
    }


BROWSED = {"register": "register", "contribute": "contribute", "staff": "staff", "events": "pages"}


def _is_ours(path: str) -> bool:
    """One of the languages beside that of most pages will do, and the desk of one event."""
    parts = re.split("[/?]", f"{path}///")
    place, slug, code = parts[1:4]
    return place in BROWSED and (place, slug) != ("staff", NEXT.slug) and code not in ("es", "fr", "ru", "zh")


@dataclass(frozen=True)
class World:
    busy: BusyDesk
    run: set[tuple[str, int]] = field(default_factory=set)
    """File and line of what answered."""
    kinds: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)
    hashes: set[str] = field(default_factory=set)

    @property
    def desk(self) -> Desk:
        return self.busy.desk

    @cached_property
    def driver(self) -> Driver:
        return Driver(self.browse, _is_ours)

    def browse(self, asked: Asked, desk: Desk | None = None) -> Answer:
        self.busy.clock.forward(timedelta(seconds=5))
        place = re.split("[/?]", f"{asked.address}/")[1]
        headers = {"Accept": "text/html", "Origin": "http://localhost", "User-Agent": QUOTED.encode().decode("latin-1")}
        headers |= {"Content-Type": asked.type} if asked.type else {}
        if asked.method == "PUT":
            headers["Content-Range"] = f"bytes 0-{len(asked.body) - 1}/{len(asked.body)}"
        handle = functions(desk or self.desk, self.busy.clock)[BROWSED[place]]
        is_new = asked.kind not in self.kinds and desk is None
        self.kinds.add(asked.kind)
        try:
            with lines_run(self.run) if is_new else nullcontext():
                return ask(handle, asked.method, asked.address, asked.body, headers)
        except Exception:  # while the answer is sent: it is broken off, and the server logs it
            logging.getLogger(SERVER).exception("Error handling request %s", asked.address)
            return Answer(500, {}, "", b"")

    def call(
        self,
        name: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        desk: Desk | None = None,
        method: str = "POST",
    ) -> None:
        """A function that is called by a machine."""
        handle = functions(desk or self.desk, self.busy.clock)[name]
        with suppress(Exception):  # what a trigger raises, the framework answers; it logs nothing of it
            ask(handle, method, "/", body, headers)

    def remember(self) -> None:
        people = [one for slug in self.desk.events for one in self.desk.store.registrations(slug, None, 500)]
        typed = (text for text in self.driver.typed if MARK in text)
        self.known.update(text for text in (*known_of(self.desk, people), *typed, ADDRESS) if len(text) > 4)
        self.hashes.update(hash(one.registration) for one in people for hash in (person_key, similarity_hash))

    @property
    def roster_file(self) -> Asked:
        return Asked("GET", urlsplit(LINKS.roster(EVENT, ROSTER, SECRETARY, EVENT.over_at)).path)

    def somebody(self, event: Event) -> Registered:
        """Of those that are left."""
        there = self.desk.store.registrations(event.slug, None, 200)
        return next(one for one in there if not one.is_withdrawn and self.desk.store.erasure(one.id) is None)

    def get(self, address: str) -> None:
        self.kinds.clear()
        self.browse(Asked("GET", address))

    def post(self, address: str, desk: Desk | None = None, **said: str) -> None:
        """By a button of the staff's."""
        self.kinds.clear()
        body = urlencode({BUTTON: self.desk.links.button(SECRETARY, self.busy.clock.now), **said})
        self.browse(Asked("POST", address, body.encode(), URLENCODED), desk)

    def links(self) -> list[str]:
        """In the e-mails that went out since."""
        texts = [message.text for message in self.busy.postbox.messages]
        self.busy.postbox.messages.clear()
        found = {urlsplit(link).path for text in texts for link in re.findall(r"https://desk\.example\.org\S+", text)}
        return sorted(found)


class Running(Clock):
    """So that what goes on for a time ends."""

    def __call__(self) -> datetime:
        self.forward(timedelta(milliseconds=20))
        return self.now


class Broken:
    """Whatever is asked of it fails."""

    def __init__(self, fault: Callable[[], Exception]) -> None:
        self._fault = fault

    def __call__(self, *_: object, **__: object) -> None:
        raise self._fault()

    def __getattr__(self, name: str) -> Any:
        def fails(*_: object, **__: object) -> None:
            raise self._fault()

        return fails


def quoting() -> Exception:
    return ValueError(QUOTED)


def unavailable() -> Exception:
    error = StoreUnavailable(timedelta(seconds=5))
    error.__cause__ = quoting()
    return error


@dataclass(frozen=True)
class Driven:
    world: World
    log: str
    """All that was printed or logged."""
    run: frozenset[tuple[str, int]]
    """File and line of what ran in `handlers`."""


@pytest.fixture(scope="module")
def driven(tmp_path_factory: pytest.TempPathFactory) -> Driven:
    clock = Running(EVENT.opens_at)
    busy = busy_desk(tmp_path_factory.mktemp("desk"), clock)
    worked_on(busy)
    look = Look(logo=Logo("logo-0123456789abcdef.svg", "image/svg+xml", b"<svg/>"))
    with_logo = {slug: replace(event, look=look) for slug, event in busy.desk.events.items()}
    world = World(replace(busy, desk=replace(busy.desk, events=with_logo, limits=SHORT)))
    out = Printed()
    hide_requests(SERVER)
    with everything_logged(out), redirect_stdout(out), redirect_stderr(out):
        drive(world)
    return Driven(world, out.getvalue(), frozenset(world.run | out.run))


class Printed(io.StringIO):
    """With the lines in `handlers` that print."""

    def __init__(self) -> None:
        super().__init__()
        self.run: set[tuple[str, int]] = set()

    def write(self, text: str) -> int:
        frame: FrameType | None = sys._getframe(1)
        while frame:
            self.run.add((_name(frame.f_code), frame.f_lineno))
            frame = frame.f_back
        return super().write(text)


@contextmanager
def lines_run(run: set[tuple[str, int]]) -> Iterator[None]:
    """Adds the lines that answer at an address."""
    before = sys.gettrace()
    sys.settrace(lambda frame, event, _: _line(run) if _has_addresses(frame.f_code) else None)
    try:
        yield
    finally:
        sys.settrace(before)


def _line(run: set[tuple[str, int]]) -> Any:
    def line(frame: FrameType, event: str, _: object) -> Any:
        run.add((_name(frame.f_code), frame.f_lineno))
        return line

    return line


@cache
def _has_addresses(code: CodeType) -> bool:
    lines = {(_name(code), line) for _, _, line in code.co_lines()}
    return any((name, line) in lines for name, line, _ in addresses_in_the_source())


@contextmanager
def everything_logged(out: io.StringIO) -> Iterator[None]:
    """Of every library too, from INFO on, as functions-framework has it; with the text of exceptions."""
    root, handler = logging.getLogger(), logging.StreamHandler(out)
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


@cache
def _name(code: CodeType) -> str:
    """Of its file, below `handlers`; empty for those elsewhere."""
    path = Path(code.co_filename)
    return str(path.relative_to(HANDLERS)) if path.is_relative_to(HANDLERS) else ""


def drive(world: World) -> None:
    driver = world.driver
    driver.drive(
        "/register", f"/register/{NEXT.slug}", f"/staff/{EVENT.slug}", f"/contribute/{NEXT.slug}/en", "/events"
    )
    by_machines(world, 1)
    driver.drive(*world.links(), *damaged_links())
    by_hand(world)
    by_programs(world)
    faults(world)
    world.busy.clock.forward(timedelta(days=1))
    by_machines(world, 2)
    driver.drive(*world.links())
    unread(world)
    pages_that_cannot_be_read(world)
    one_of_several(world)
    refused_by_sendgrid(world)
    strangers(world)
    later(world)


def by_machines(world: World, number: int) -> None:
    desk = world.desk
    for content_type, body in emails(world, number):
        world.call("receive_email", body, {**signed(body), "Content-Type": content_type})
    for entry in desk.store.unsent_entries(NEXT.slug, None, 9):
        world.call("send_mail", b"", trigger_of(entry.id))
    world.call("send_due_mail")
    sent = [entry.id for name in PEOPLE[:4] for entry in desk.store.entries_about(world.busy.called(name).id, 9)]
    reports = [a_report(email_id=id, email=ADDRESS, reason=QUOTED, status=QUOTED) for id in sent]
    body = json.dumps(reports).encode()
    world.call("record_deliveries", body, signed(body))


def emails(world: World, number: int) -> Iterator[tuple[str, bytes]]:
    """As Inbound Parse posts them; some broken."""
    person, there = in_text(f"Quolph Zoe {'ab'[number - 1]}"), world.busy.called(PEOPLE[6 + number])
    without_signature = re.sub("(?m)^Signature:.*$", "", in_text(f"Quolph Ida {'ab'[number - 1]}"))
    ours = f"<{EVENT.slug}.{there.id}.confirmation@{SENDER.rpartition('@')[2]}>"
    for slug in (EVENT.slug, NEXT.slug):
        to = f"{slug}@forms.example.org"
        yield an_email(person, to)
        yield an_email(without_signature, to)
        yield an_email(f"{MARK}, may I bring {MARK}?", to, file=A_PDF)
        yield an_email(f"My papers, {MARK}", f"{slug}+contribution@forms.example.org", file=A_PDF)
        yield an_email(re.sub("(?m)^Hotel:.*$", f"Hotel: {MARK}", in_text(PEOPLE[9 + number])), to)
        yield an_email(in_text(f"Quolph Eva {'ab'[number - 1]}"), to, Auto_Submitted="auto-replied")
        yield an_email(
            f"{MARK} I have to withdraw my registration.", to, sender=there.registration.email, In_Reply_To=ours
        )
        yield parsed_post(
            f"From: {ADDRESS}\nSubject: {MARK}".encode(),
            text=person.encode(),
            files=[(f"{MARK}.pdf", "x/y", A_PDF)],
            to=to,
        )
        yield raw_post(f"From: {ADDRESS}\r\nSubject: =?x-{MARK}?b?{MARK}?=\r\n\r\n".encode() + b"\xff\xfe" * 50, to=to)
        yield raw_post(b"\x00\xff" + MARK.encode(), to=f"{MARK}@elsewhere.example.org", sender=ADDRESS)
    yield "text/plain", QUOTED.encode()


def an_email(text: str, to: str, *, sender: str = "", file: bytes = b"", **head: str) -> tuple[str, bytes]:
    message = EmailMessage()
    message["From"], message["To"] = f"{MARK} <{sender or ADDRESS}>", to
    message["Subject"], message["Message-ID"] = f"{MARK} Zoë", f"<{new_id()}@{MARK}.example.org>"
    for name, value in head.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    if file:
        message.add_attachment(file, maintype="application", subtype="pdf", filename=f"{MARK} Zoë.pdf")
    return raw_post(bytes(message), sender=sender or ADDRESS, to=to)


def damaged_links() -> list[str]:
    made = [
        f"/{place}/{EVENT.slug}/{purpose}/{MARK}{new_id()}"
        for place in ("register", "contribute")
        for purpose in LinkPurpose
    ]
    return [f"/register/{EVENT.slug}/own", *made]


def by_hand(world: World) -> None:
    """What no page and no e-mail leads to."""
    desk, event, now = world.desk, EVENT, world.busy.clock.now
    there, paper = world.busy.called("Santos João"), desk.store.contribution(world.busy.papers[0])
    assert paper
    amend(desk, event, there.id, there.revision, replace(there.registration, email=ADDRESS))
    there = world.busy.called("Santos João")
    for id in (ROSTER, *(kept.id for one in paper.papers for kept in one.files)):
        desk.files().put(id, A_PDF)
    inbound = world.busy.inbound[1]
    made = [
        world.roster_file.address,
        LINKS.own(event, there),
        LINKS.own(event, replace(there, id=new_id())),
        LINKS.own(event, there) + MARK,
        LINKS.resolving(event, inbound, SECRETARY, event.over_at),
        LINKS.amending(event, inbound, 0, SECRETARY, event.over_at),
        LINKS.contribution(event, replace(paper, link=paper.link - 1)),
        LINKS.confirming_address(event, replace(there, new_email=f"another.{ADDRESS}")),
    ]
    for address in (*made, f"/staff/{event.slug}/contributions/{paper.id}/files/{paper.papers[0].files[0].id}"):
        world.get(urlsplit(address).path)
    world.post(urlsplit(LINKS.confirming_address(event, there)).path)
    world.post(f"{urlsplit(LINKS.resolving(event, inbound, SECRETARY, event.over_at)).path}?send")
    amend(desk, event, there.id, there.revision + 1, replace(there.registration, email=f"another.{ADDRESS}"))
    own, at_desk = urlsplit(LINKS.own(event, there)).path, f"/staff/{event.slug}/registrations/{there.id}"
    for below in ("keep-address", "erase?ask", "erase?back", "erase?ask"):
        world.post(f"{own}/{below}")
    world.get(f"/staff/{event.slug}/erasures")
    world.post(f"{at_desk}/refuse", answer=QUOTED)
    words = {"en": Wording(f"{MARK} subject", f"{MARK} text")}
    press = Press(new_id(), SECRETARY, now)
    written = announce.write(desk.store, event, press.id, "", words, "", press)
    assert isinstance(written, announce.Done)
    content = written.announcement.content
    announce.try_out(desk.store, event, press.id, content, event.staff[0], Press(new_id(), SECRETARY, now))
    announce.send_off(desk, event, press.id, content, 28, Press(new_id(), SECRETARY, now))


def faults(world: World) -> None:
    desk, database = world.desk, world.desk.store._database  # type: ignore[attr-defined]
    quotes = _broken(quoting)
    no_store = replace(desk, store=quotes(), intakes=RecentIntakes(quotes(), time.monotonic), published=quotes)
    for_all(world, no_store)
    for_all(world, replace(desk, write=quotes(), republish=quotes(), files=quotes, uploads=quotes, inspect=quotes))
    with mock.patch.object(database, "commit", side_effect=quoting()):
        for_all(world, desk, "POST", "PUT")
    away = _broken(unavailable)
    of_papers = replace(desk, republish=away(), files=away, uploads=away, inspect=away)
    for_all(world, of_papers, below="/contribute")
    for id in world.busy.papers:
        if paper := desk.store.contribution(id):
            world.post(f"{urlsplit(LINKS.contribution(EVENT, paper)).path}/withdraw?send", of_papers)
    broken_off = mock.Mock(**{"pieces.return_value": _breaks_off()})
    world.browse(world.roster_file, replace(desk, files=lambda: broken_off))
    with ExitStack() as stack:
        for verb in ("registered", "contribution", "accept", "accept_contribution"):
            stack.enter_context(mock.patch.object(desk.store, verb, side_effect=unavailable()))
        for_all(world, desk, below="/register")
        for_all(world, desk, below="/contribute")


def _breaks_off() -> Iterator[bytes]:
    yield QUOTED.encode()
    raise unavailable()


def _broken(fault: Callable[[], Exception]) -> Callable[[], Any]:
    return lambda: Broken(fault)


def by_programs(world: World) -> None:
    """JSON, and requests of which a part is no request."""
    slug = NEXT.slug
    asked = [
        Asked("POST", f"/register/{slug}", json.dumps(answers("Quolph Ada")).encode(), "application/json"),
        Asked("POST", f"/register/{slug}", json.dumps({MARK: QUOTED, "email": QUOTED}).encode(), "application/json"),
        Asked("POST", f"/register/{slug}", f'{{"family_name": "{MARK}'.encode(), "application/json"),
        Asked("POST", f"/register/{slug}", json.dumps(answers("Quolph Ada", hotel=MARK)).encode(), "application/json"),
        Asked("POST", f"/register/{slug}", b"family_name=%ff" + MARK.encode(), URLENCODED),
        Asked("POST", f"/register/{slug}", f"{MARK}=1&".encode() * 200, URLENCODED),
        Asked("POST", f"/register/{slug}", MARK.encode() * 20_000, URLENCODED),
        Asked("POST", f"/register/{slug}", MARK.encode(), f"text/{MARK}"),
        Asked("DELETE", f"/register/{slug}"),
        Asked("OPTIONS", f"/register/{slug}"),
        Asked("GET", "/register/openapi.json"),
        *(Asked("GET", f"/{place}/{MARK}/{quote(QUOTED)}?{MARK}={quote(QUOTED)}") for place in BROWSED),
        *(Asked("GET", f"/{place}/{EVENT.slug}/{MARK}/{MARK}") for place in BROWSED),
        *(Asked("GET", f"/{place}/{slug}/logo-0123456789abcdef.svg") for place in ("register", "contribute", "events")),
        *(Asked("GET", f"/events/{slug}/{below}") for below in ("contribute", "participants", f"files/{MARK}")),
        Asked("POST", f"/contribute/{slug}/uploads", f"name={MARK}.pdf&size=9".encode(), URLENCODED),
        Asked("PUT", f"/contribute/{slug}/uploads/{MARK}", MARK.encode(), "text/plain"),
        Asked("PUT", f"/contribute/{slug}/uploads/{new_id()}.6", MARK.encode(), "text/plain"),
    ]
    world.driver.asked |= {one.kind: one for one in asked}
    world.get(f"/staff/{slug}/write/remind")
    world.post(f"/staff/{slug}/write/remind")
    world.post(f"/staff/{slug}/programme/participants", day="2004-02-25")
    for one in asked:
        world.browse(one)


def unread(world: World) -> None:
    """What cannot be read at once is kept, and read later; or is too large."""
    for fault in (quoting, unavailable):
        kind, body = an_email(f"{MARK} {new_id()}", f"{EVENT.slug}@forms.example.org")
        with mock.patch.object(world.desk.store, "save_inbound", side_effect=fault()):
            world.call("receive_email", body, {**signed(body), "Content-Type": kind})
    with mock.patch("handlers.receive_email.LARGEST_BODY", 3):
        world.call("receive_email", body, signed(body))
    world.busy.clock.forward(timedelta(hours=2))
    world.call("send_due_mail")


def pages_that_cannot_be_read(world: World) -> None:
    published, seconds = mock.Mock(), iter(range(0, 10**6, 1000))
    published.site.side_effect = [
        (world.desk.published().site(EVENT.slug) or (b"",))[0:2],
        unavailable(),
        (QUOTED.encode(), "2"),
    ]
    public = Public(world.desk.events, RecentSites(lambda: published, lambda: next(seconds)), world.busy.clock)
    for _ in range(3):
        ask(partial(pages, public), "GET", f"/events/{EVENT.slug}")


def for_all(world: World, desk: Desk, *methods: str, below: str = "/") -> None:
    """All that was asked before, once more, of this desk."""
    for asked in list(world.driver.asked.values()):
        if asked.method in (methods or (asked.method,)) and asked.address.startswith(below):
            world.browse(asked, desk)
    for name in functions(desk, world.busy.clock).keys() - BROWSED.values():
        body = f"{QUOTED} {new_id()}".encode()
        world.call(name, body, {**trigger_of(f"{EVENT.slug}.{new_id()}.confirmation"), **signed(body)}, desk)


def one_of_several(world: World) -> None:
    """What goes wrong with it keeps no other waiting."""
    several: Mapping[str, tuple[str, ...]] = {
        "send_due_mail": ("enqueue_due", "send_due", "publish_due", "read_due"),
        "erase": ("erase_due", "expire_due"),
    }
    for name, verbs in several.items():
        for verb in verbs:
            with mock.patch(f"handlers.{name}.{verb}", return_value=[(new_id(), quoting())]):
                world.call(name)
    for name, verb in (("send_due_mail", "number_due"), ("close_intake", "close")):
        with mock.patch(f"handlers.{name}.{verb}", side_effect=quoting()):
            world.call(name)


def refused_by_sendgrid(world: World) -> None:
    """With a reason that quotes whom it was to go to."""
    desk, reason = world.desk, json.dumps({"errors": [{"message": QUOTED, "field": ADDRESS}]}).encode()
    with sendgrid_api() as api:
        at = replace(desk, post=SendGridPoster("SG.key", SENDER, api.url).post, last_hour=LastHour())
        for status in (400, 413, 500, 0, 302, 401, 429):
            api.answers = [(0, {}) if status == 0 else answered(status, {"Location": f"http://{MARK}/"}, reason)] * 3
            for name in PEOPLE[12:15]:
                to = form(name).email
                desk.store.enqueue(links_to(EVENT.slug, LINKS.mark(to, str(status)), to, world.busy.clock.now))
            world.call("send_due_mail", desk=at)
            world.busy.clock.forward(timedelta(minutes=50))
        api.answers = []
        world.call("send_due_mail", desk=at)
    few = {slug: replace(event, expected=0) for slug, event in desk.events.items()}
    for name in PEOPLE[12:15]:
        desk.store.enqueue(links_to(EVENT.slug, LINKS.mark(name), form(name).email, world.busy.clock.now))
    world.call("send_due_mail", desk=replace(desk, events=few, last_hour=LastHour()))
    desk.store.enqueue(links_to(EVENT.slug, LINKS.mark(MARK), form(PEOPLE[12]).email, world.busy.clock.now))
    world.call("send_due_mail", desk=replace(desk, write=cast(Any, Broken(quoting))))


def strangers(world: World) -> None:
    """Whom nobody vouches for, and what nobody signed."""
    for name in ("receive_email", "record_deliveries"):
        world.call(name, QUOTED.encode(), {"Content-Type": "text/plain"})
        body = QUOTED.encode()
        world.call(name, body, signed(body))
        world.call(name, method="GET")
    world.call("receive_email", b"", {"Content-Length": MARK, **signed(b"")})
    for error in (NotIdentified("the header is not signed"), IdentityUnknown("no keys")):
        error.__cause__ = quoting()
        identify = by_signed_header(mock.Mock(side_effect=error))
        ask(partial(staff, world.desk, identify), "GET", f"/staff/{EVENT.slug}", MARK)
    other = partial(staff, world.desk, lambda _: ADDRESS)
    ask(other, "GET", f"/staff/{EVENT.slug}")
    for fault in (quoting(), unavailable()):
        ask(partial(_unanswered, world.desk, fault), "POST", f"/{MARK}", QUOTED)


def _unanswered(desk: Desk, fault: Exception, _: object) -> Any:
    return unanswered(fault, desk.events)


def later(world: World) -> None:
    """Deadlines pass, people are erased, and at last everything is deleted."""
    desk, clock = world.desk, world.busy.clock
    world.remember()
    damaged = urlsplit(LINKS.resolving(EVENT, new_id(), SECRETARY, clock.now)).path
    clock.now = NEXT.closes_at + timedelta(hours=12)
    world.call("send_due_mail")
    with mock.patch("handlers.close_intake.close", side_effect=quoting()):
        world.call("close_intake")
    world.call("close_intake")
    withdraw(desk, NEXT, world.somebody(NEXT).id, CANNOT_COME)
    clock.forward(timedelta(days=1))
    world.call("close_intake")
    there = world.somebody(EVENT)
    due = Erasure(there.id, EVENT.slug, ErasureStatus.DUE, ground=Ground.ASKED, decided_at=clock.now, due_at=clock.now)
    assert desk.store.save_erasure(due)
    desk.store.intake(replace(EVENT, slug="gone"))
    clock.forward(timedelta(hours=2))
    world.call("erase")
    clock.now = EVENT.over_at + timedelta(hours=1)
    world.get(f"{urlsplit(LINKS.own(EVENT, world.somebody(EVENT))).path}/withdraw")
    world.get(damaged)
    clock.now = NEXT.keep_until + timedelta(days=1)
    world.call("erase")
    for purpose in (LinkPurpose.OWN, LinkPurpose.CONTRIBUTION):
        world.get(f"/register/{EVENT.slug}/{purpose}/{MARK}")


# --- what the source has


@cache
def addresses_in_the_source() -> list[tuple[str, int, str]]:
    """The first line of what answers at each address: of each `case` that has a path's parts."""
    return list(_addresses())


def _addresses() -> Iterator[tuple[str, int, str]]:
    for path in HANDLERS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.match_case) and any(
                isinstance(one, ast.MatchSequence) for one in ast.walk(node.pattern)
            ):
                yield str(path.relative_to(HANDLERS)), node.body[0].lineno, ast.unparse(node.pattern)


def log_lines_in_the_source() -> Iterator[tuple[str, int, str]]:
    for path in HANDLERS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and re.match("log(_|$)", node.func.id):
                yield str(path.relative_to(HANDLERS)), node.lineno, ast.unparse(node)


@pytest.mark.parametrize("there", [addresses_in_the_source, log_lines_in_the_source])
def test_everything_was_driven(driven: Driven, there: Callable[[], Iterable[tuple[str, int, str]]]) -> None:
    """Whatever is added has to be driven here too."""
    assert len(list(there())) > 50
    missing = [f"{name}:{line} {text}" for name, line, text in there() if (name, line) not in driven.run]
    assert missing == [], "\n".join(missing)


def test_every_function_was_driven(driven: Driven) -> None:
    assert functions(driven.world.desk, driven.world.busy.clock).keys() == FUNCTIONS.keys()


def test_no_log_has_what_was_typed(driven: Driven) -> None:
    assert driven.log.count("\n") > 1000
    assert MARK not in driven.log.lower()
    for text in kept_before(driven):
        assert text not in driven.log


@pytest.mark.parametrize("name", ["percent", "escapes", "base64", "punycode", "digests"])
def test_nor_in_another_form(driven: Driven, name: str) -> None:
    """By which it could be found, or tried."""
    told = driven.log.lower()
    searched = {needle.lower() for text in kept_before(driven) for needle in FORMS[name](text)}
    assert len(searched) > 10
    assert [needle for needle in searched if needle in told] == []


@pytest.mark.parametrize("text", ["Zoë@куолф.example", "Zoë Ünlü"])
def test_what_it_looks_for_would_be_found(text: str) -> None:
    """Each form, where something says it so."""
    digest = hashlib.sha256(normalized_address(text).encode()).digest()
    told = {
        "percent": quote(text),
        "escapes": json.dumps(text),
        "base64": base64.b64encode(f"x{text}".encode()).decode(),
        "punycode": text.partition("@")[2].encode("idna").decode(),
        "digests": f"{digest.hex()[:24]} {base32(digest)[:24]}",
    }
    for name, said in told.items():
        found = [one for one in FORMS[name](text) if one.lower() in said.lower()]
        assert found or (name == "punycode" and "@" not in text), name


def kept_before(driven: Driven) -> Set[str]:
    """What was typed, and was kept of people before at last all of it was deleted."""
    return driven.world.known


def known_of(desk: Desk, people: Iterable[Registered]) -> Iterator[str]:
    """Names, addresses, telephone numbers, answers; and what stands in e-mails and contributions."""
    for one in people:
        said = one.registration
        yield from (said.full_name, said.family_name, said.first_name, said.email, one.new_email)
        yield from (said.answers.get(name, "") for name in _PERSONAL)
    for inbound in desk.store.all_inbound(EVENT.slug, None, 200):
        yield from (inbound.sender, inbound.subject, *inbound.not_taken)
    for paper in desk.store.contributions(EVENT.slug, 200):
        yield from (paper.title, paper.source, paper.name, paper.email, paper.abstract)
        yield from (file.name for one in paper.papers for file in one.files)


_PERSONAL = ("organization", "address", "tel", "fax", "hotel", "hotel_tel", "signature")


def _percent(text: str) -> list[str]:
    return [said for said in (quote(text), quote(text, safe="")) if said != text]


def _escapes(text: str) -> list[str]:
    """As JSON and Python write it in ASCII, or its bytes."""
    said = (json.dumps(text)[1:-1], ascii(text)[1:-1], repr(text.encode())[2:-1])
    return [one for one in said if one != text]


def _base64(text: str) -> list[str]:
    """Wherever it begins in what is encoded: without the digits in which its neighbours are too."""
    return [
        base64.b64encode(bytes(before) + text.encode())[(0, 2, 3)[before] : -4].decode()
        for before in range(3)
        if len(text.encode()) > 6
    ]


def _punycode(text: str) -> list[str]:
    domain = text.rpartition("@")[2]
    return [domain.encode("idna").decode()] if "@" in text and not domain.isascii() else [f"{MARK}-{domain}"]


def _digests(text: str) -> list[str]:
    """So many digits that none is there by chance. The id of a hotel is a hash of its name, and says nothing of those
    who stay there."""
    if hotel_id(text) in map(hotel_id, HOTELS):
        return []
    texts = {text, normalized_address(text), fold(text)}
    made = [hashlib.new(name, one.encode()).digest() for one in texts for name in ("sha256", "sha1", "md5")]
    return [said[:12] for digest in made for said in (digest.hex(), base32(digest[:15]))]


FORMS: Mapping[str, Callable[[str], list[str]]] = {
    "percent": _percent,
    "escapes": _escapes,
    "base64": _base64,
    "punycode": _punycode,
    "digests": _digests,
}


def test_nor_the_hash_of_a_person(driven: Driven) -> None:
    """By which the store knows them: whoever has a name and an address could try it."""
    assert len(driven.world.hashes) > 50
    assert [one for one in driven.world.hashes if one[:12] in driven.log] == []
