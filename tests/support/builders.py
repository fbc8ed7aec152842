"""What tests are about: the real event and an invented registrant, each test varying one thing."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rollcall.desk.contributions.emailed import take_papers
from rollcall.desk.desk import Desk, RecentIntakes
from rollcall.desk.limits import Limits
from rollcall.desk.ports import Post, Store
from rollcall.desk.site.publish import republish
from rollcall.documents.roster import draw
from rollcall.documents.roster_content import RosterContent, RosterRow
from rollcall.emails import write
from rollcall.inbound import reading
from rollcall.inspection import look
from rollcall.links import SignedLinks
from rollcall.model.event import Event
from rollcall.model.form import Choice
from rollcall.model.registration import Actor, Change, Registered, Registration, Way, Why, person_key
from rollcall.model.staff import StaffMember
from rollcall.store.firestore import FirestoreStore
from rollcall.store.folder import FolderFiles
from rollcall.store.folder_published import FolderPublished
from rollcall.store.folder_uploads import FolderUploads
from rollcall.store.sqlite import SqliteStore
from schemas.event import read_event
from schemas.form import read_form

EVENTS = Path(__file__).parents[2] / "events"
LINKS = SignedLinks("the-key-of-the-tests-in-32-letters", "https://desk.example.org/register", "forms.example.org")
SENDER = "registration@desk.example.org"
_NOT_LEFT_OUT = re.compile(r"^staff_may_leave_out = .*$", re.M)
CANNOT_COME, NOT_ME = (Change(Actor.REGISTRANT, Way.LINK, why) for why in (Why.WITHDRAWN, Why.NOT_ME))


def desk_with(
    store: Store,
    post: Post,
    files: Path,
    *,
    events: Mapping[str, Event],
    seconds: Callable[[], float] = time.monotonic,
    limits: Limits | None = None,
) -> Desk:
    """A desk of real parts; its messages are in the folder `files`, what is published below it."""
    return Desk(
        store=store,
        intakes=RecentIntakes(store, seconds),
        seconds=seconds,
        events=events,
        write=write,
        post=post,
        files=lambda: FolderFiles(files),
        reader=lambda: reading,
        links=LINKS,
        sender=SENDER,
        limits=limits or Limits(),
        uploads=lambda: FolderUploads(files),
        inspect=lambda: look.inspect,
        published=lambda: FolderPublished(files / "published"),
        take_papers=take_papers,
        republish=republish,
    )


def staff_of(*addresses: str) -> tuple[StaffMember, ...]:
    """Editors who receive all."""
    return tuple(map(StaffMember, addresses))


def an_event(**changes: Any) -> Event:
    """The letter's event."""
    return replace(read_event(EVENTS / "intgov04.toml"), **changes)


def an_event_for(*categories: Choice, **changes: Any) -> Event:
    """The letter's, for others than the letter's."""
    event = an_event(**changes)
    fields = (replace(field, choices=categories) if field.name == "category" else field for field in event.fields)
    return replace(event, fields=tuple(fields))


def an_event_asking(fields: str, *, form: str = "", rest: str = "") -> Event:
    """The letter's, with other fields: TOML of `[[form.fields]]`, of `[form]`, and of tables of its own. Raises
    `EventFileError`."""
    letter = _NOT_LEFT_OUT.sub("", (EVENTS / "intgov04.toml").read_text("utf-8"))
    letter = re.sub(r"^required = .*$", form, letter, flags=re.MULTILINE)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "intgov04.toml"
        path.write_text(f"{letter}\n{fields}\n{rest}\n", "utf-8")
        return read_event(path)


def an_event_in(*languages: str, staff_language: str = "en", fields: str = "") -> Event:
    """The letter's, offered in these languages, in the first of them; with other `fields`, as above."""
    letter = re.sub(r"^(languages|staff_language) =.*$", "", (EVENTS / "intgov04.toml").read_text("utf-8"), flags=re.M)
    if fields:
        letter = _NOT_LEFT_OUT.sub("", re.sub(r"^required = .*$", "", letter, flags=re.M))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "intgov04.toml"
        offered = f'languages = {list(languages)}\nstaff_language = "{staff_language}"'
        path.write_text(f"{offered}\n{letter}\n{fields}\n", "utf-8")
        return read_event(path)


def roster_files(
    *people: Registered | RosterRow, late: Sequence[Registered] = (), event: Event | None = None, **content: Any
) -> tuple[bytes, bytes]:
    """The CSV and the workbook of these people, some of whom are late."""
    event = event or an_event()
    everybody = [one if isinstance(one, RosterRow) else RosterRow(one) for one in people]
    everybody += [RosterRow(one, late=True) for one in late]
    with TemporaryDirectory() as folder:
        drawn = draw(event, RosterContent(event.closes_at, everybody, **content), Path(folder))
        workbook, table = (file.read_bytes() for file in drawn.files)
    return table, workbook


def write_event(folder: Path, slug: str, opens: date, closes: date, *origins: str) -> None:
    """A file like the letter's, whose intake is open from and to these days, and whose form may be on these pages."""
    letter = (EVENTS / "intgov04.toml").read_text("utf-8")
    letter = letter.replace("opens = 2004-01-14", f"opens = {opens}")
    letter = letter.replace("closes = 2004-02-20", f"closes = {closes}")
    (folder / f"{slug}.toml").write_text(letter.replace("[form]", f"[form]\norigins = {list(origins)}"), "utf-8")


def write_open_event(folder: Path, *origins: str, slug: str = "open") -> None:
    """As `write_event`, open now."""
    today = datetime.now(UTC).date()
    write_event(folder, slug, today - timedelta(days=9), today + timedelta(days=9), *origins)


def a_form(**changes: object) -> dict[str, object]:
    """A form filled in completely, as a JSON client sends it."""
    return {
        "title": "ms",
        "category": "member-state",
        "family_name": "Diallo",
        "first_name": "Amina",
        "organization": "Ministère des Postes et Télécommunications",
        "address": "BP 3000\nConakry\nGuinée",
        "tel": "+224 30 41 13 31",
        "fax": "+224 30 45 31 16",
        "email": "amina.diallo@mpt.example.org",
        "hotel": "Hôtel Cornavin",
        "hotel_tel": "022 716 12 12",
        "signed_on": "2004-02-02",
        "signature": "Amina Diallo",
    } | changes


def a_form_in_text(**changes: object) -> str:
    """That form as somebody writes it in an e-mail: a label and an answer a line."""
    form = a_form(**changes)
    return "".join(f"{field.label}: {form[field.name]}\n" for field in an_event().fields if form[field.name])


def a_registration(**changes: Any) -> Registration:
    """What the desk makes of that form."""
    return replace(read_form(an_event(), a_form()), **changes)


def registered(registration: Registration | None = None, **changes: Any) -> Registered:
    """That registration in the store, received on 2 February 2004 at noon UTC."""
    of = registration or a_registration()
    received_at = datetime(2004, 2, 2, 12, tzinfo=UTC)
    return replace(Registered(person_key(of), of, received_at), **changes)


def opened(environment: Mapping[str, str]) -> Store:
    """The store of a function with these settings, as another process opens it."""
    if environment["STORE"] == "firestore":
        return FirestoreStore(environment["GOOGLE_CLOUD_PROJECT"])
    return SqliteStore(Path(environment["SQLITE_PATH"]), lambda: datetime.now(UTC))


def id_of(store: Store, registration: Registration, event: str = "intgov04") -> str:
    """The id of this person's registration."""
    there = store.registration_of(event, person_key(registration))
    assert there is not None
    return there.id
