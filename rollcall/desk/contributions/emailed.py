"""Contributions that come by e-mail.

1. What is certain is taken, as by the page; `number_due` sends its receipt.
2. Of what is not, one reply asks, with a link to the page filled in. Its files are kept already.
3. An answer to a receipt with a file brings a further paper; one that clearly withdraws, withdraws.
4. All else needs review. Reading the same e-mail again takes nothing twice.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import assert_never

from rollcall.desk.contribution_ports import Inspected
from rollcall.desk.contributions import change
from rollcall.desk.contributions.submit import Over, Received, ReceivedBefore, submit
from rollcall.desk.desk import Desk
from rollcall.language import N_, language
from rollcall.model.contribution import Contribution, Draft, PaperDoubt, PaperFile, PaperKind, file_id
from rollcall.model.email import EmailKind, OutboxEntry, email_id_in, is_email_id, is_reply_id
from rollcall.model.event import Event
from rollcall.model.fault import Fault
from rollcall.model.inbound import (
    REGISTERED,
    SETTLED_PAPERS,
    AttachedFile,
    InboundEmail,
    InboundPaper,
    InboundPaperStatus,
    InboundStatus,
    ParsedEmail,
    ParsedPaper,
)
from rollcall.model.registration import Actor, Registered, Way, base32, normalized, same_mailbox

AGREED = N_("Whoever sends a contribution to %(address)s agrees that it is published on the event’s pages.")
"""Consent to publication: it stands wherever that address is told, and is kept with what comes there."""
_NOT_CERTAIN = Fault("not_certain")
_NOT_FOUND = Fault("not_found")
_SEVERAL = Fault("papers_one_or_several")
_BY_EMAIL = change.By(Actor.REGISTRANT, Way.EMAIL)
_CODE = re.compile(r"[a-z]{2,3}")
_SCRIPTS = {"ru": "[\u0400-\u04ff]", "zh": "[\u4e00-\u9fff]", "ar": "[\u0600-\u06ff]"}
"""Languages with letters of their own."""


def agreed(desk: Desk, event: Event) -> str:
    """In the event's words; empty where there is no such address."""
    address = desk.links.contributions_to(event)
    return language(event.language).gettext(AGREED, address=address) if address else ""


def take_papers(desk: Desk, event: Event, read: InboundEmail, reading: ParsedEmail, raw: bytes) -> InboundEmail:
    """As `TakePapers`."""
    said = reading.contributed
    if event.contributions is None:
        return read
    read = replace(read, consent=agreed(desk, event.in_language(read.language)) if said.to_contributions else "")
    if there := _answered(desk, event, reading):
        return replace(read, papers=_of_answer(desk, event, read, reading, raw, there))
    asked = _asked(desk, event, reading)
    papers = said.papers or ([ParsedPaper((), said.cover)] if asked and said.cover and not reading.forms else [])
    taken = [_of_paper(desk, event, read, reading, raw, one, asked) for one in papers]
    if asked and len(taken) == 1 and taken[0].status in SETTLED_PAPERS:
        note_completed(desk, asked.inbound_id, asked.place, taken[0].contribution_id)
    return replace(read, papers=tuple(taken))


def papers_to_complete(inbound: InboundEmail) -> list[tuple[int, InboundPaper]]:
    """Each with its place."""
    papers = enumerate(inbound.papers)
    return [(place, one) for place, one in papers if one.status is InboundPaperStatus.INCOMPLETE]


def note_completed(desk: Desk, inbound_id: str, place: int, contribution_id: str) -> None:
    """After its page was sent: safe to say again."""
    while inbound := desk.store.inbound(inbound_id):
        after = completed(inbound, place, contribution_id)
        if after == inbound or desk.store.save_inbound(after):
            return


def completed(inbound: InboundEmail, place: int, contribution_id: str) -> InboundEmail:
    settled = [one.contribution_id for one in inbound.papers if one.status in SETTLED_PAPERS]
    if inbound.papers[place].status in SETTLED_PAPERS or contribution_id in settled:  # a page that was sent twice
        return inbound
    done = InboundPaper(InboundPaperStatus.RECEIVED, contribution_id)
    papers = (*inbound.papers[:place], done, *inbound.papers[place + 1 :])
    are_settled = all(one.status in SETTLED_PAPERS for one in papers)
    waits = inbound.status is InboundStatus.WAITING_FOR_SENDER
    if not (waits and are_settled and all(form.status in REGISTERED for form in inbound.forms)):
        return replace(inbound, papers=papers)
    status = InboundStatus.REGISTERED if inbound.forms else InboundStatus.CONTRIBUTED
    return replace(inbound, papers=papers, status=status)


@dataclass(frozen=True)
class _Asked:
    """A paper about which our reply asked."""

    inbound_id: str
    place: int
    paper: InboundPaper


def _entries(desk: Desk, event: Event, reading: ParsedEmail) -> list[OutboxEntry]:
    """Those that it names, the last first, and that went to its sender."""
    ids = [email_id_in(one) for one in reversed(reading.references)]
    entries = (desk.store.entry(id) for id in ids if is_email_id(event.slug, id))
    return [one for one in entries if one and same_mailbox(one.to, reading.sender)]


def _answered(desk: Desk, event: Event, reading: ParsedEmail) -> Contribution | None:
    """The contribution whose receipt or notice it answers, or which it names by number; its sender's own alone. Whoever
    forges a sender can guess a number, but not what an answer names."""
    numbers = reading.contributed.numbers
    about = (EmailKind.RECEIPT, EmailKind.NOTICE)
    ids = [one.about for one in _entries(desk, event, reading) if one.kind in about]
    named = [one for id in ids[:1] if (one := desk.store.contribution(id))]
    if not named and len(numbers) == 1 and _speaks_of_one(reading) and reading.is_proven:
        named = [*desk.store.contributions_numbered(event.slug, numbers)]
    own = [one for one in named if one.event == event.slug and same_mailbox(one.email, reading.sender)]
    return own[0] if own else None


def _speaks_of_one(reading: ParsedEmail) -> bool:
    return reading.contributed.kind is not PaperKind.ORIGINAL or reading.contributed.withdraws


def _asked(desk: Desk, event: Event, reading: ParsedEmail) -> _Asked | None:
    """The one of the last reply."""
    for entry in _entries(desk, event, reading):
        if is_reply_id(event.slug, entry.id) and (inbound := desk.store.inbound(entry.inbound_id or "-")):
            papers = papers_to_complete(inbound)
            return _Asked(inbound.id, *papers[0]) if len(papers) == 1 else None
    return None


# --- an answer to a receipt


def _of_answer(
    desk: Desk, event: Event, read: InboundEmail, reading: ParsedEmail, raw: bytes, there: Contribution
) -> tuple[InboundPaper, ...]:
    said = reading.contributed
    wanted = InboundPaper(InboundPaperStatus.NEEDS_REVIEW, there.id, there.title, there.source)
    speaks_of_another = any(number != there.number for number in said.numbers)
    if said.thanks:
        return (replace(wanted, status=InboundPaperStatus.DUPLICATE),)
    if said.withdraws and not speaks_of_another:
        done = change.withdraw(desk, event, there.id, _BY_EMAIL)
        desk.republish(desk, event)
        is_done = isinstance(done, change.Changed | change.AsBefore | change.IsWithdrawn)
        return (replace(wanted, status=InboundPaperStatus.WITHDRAWN) if is_done else wanted,)
    if len(said.papers) != 1 or not said.papers[0].files:
        return (wanted,)
    paper = said.papers[0]
    kind = PaperKind.REVISION if said.kind is PaperKind.ORIGINAL else said.kind
    kept = _kept(desk, read, raw, paper)
    wanted = replace(wanted, files=kept.files, doubt=kept.doubt, kind=kind)
    if kept.faults:
        return (replace(wanted, status=InboundPaperStatus.REFUSED, faults={"files": kept.faults}),)
    if not kept.files or speaks_of_another or paper.may_be_several or there.withdrawn:
        return (wanted,)
    done = change.add_paper(desk, event, there.id, kind, kept.files, _BY_EMAIL, kept.doubt, read.received_at)
    match done:
        case change.Changed():
            return (replace(wanted, status=InboundPaperStatus.RECEIVED),)
        case change.AsBefore(now):
            return (replace(wanted, status=_came_before(now, kept.files)),)
        case _:
            return (wanted,)


def _came_before(there: Contribution, files: Sequence[PaperFile]) -> InboundPaperStatus:
    """A reader that died may have brought them: their ids are this e-mail's."""
    ids = {file.id for paper in there.papers for file in paper.files}
    is_ours = ids >= {file.id for file in files}
    return InboundPaperStatus.RECEIVED if is_ours else InboundPaperStatus.DUPLICATE


# --- a new one


def _of_paper(
    desk: Desk,
    event: Event,
    read: InboundEmail,
    reading: ParsedEmail,
    raw: bytes,
    paper: ParsedPaper,
    asked: _Asked | None,
) -> InboundPaper:
    kept = _kept(desk, read, raw, paper)
    before = asked.paper if asked else InboundPaper(InboundPaperStatus.INCOMPLETE)
    if asked and not (kept.files or kept.faults):
        kept = replace(kept, files=before.files, doubt=before.doubt)
    known = told(event, paper, kept.properties or {}, before if asked else None)
    found = InboundPaper(
        InboundPaperStatus.INCOMPLETE,
        title=known.said.get("title", ""),
        source=known.said.get("source", ""),
        item=known.said.get("item", ""),
        abstract=known.said.get("abstract", ""),
        files=kept.files,
        faults=known.faults,
        doubt=kept.doubt,
    )
    if kept.faults:
        return replace(found, status=InboundPaperStatus.REFUSED, faults={"files": kept.faults})
    said = reading.contributed
    if said.refuses or said.kind is not PaperKind.ORIGINAL or not kept.files:
        return replace(found, status=InboundPaperStatus.NEEDS_REVIEW)
    if found.faults:
        return found
    return _submitted(desk, event, read, found)


def _submitted(desk: Desk, event: Event, read: InboundEmail, found: InboundPaper) -> InboundPaper:
    draft = Draft(
        found.title,
        found.source,
        read.sender_name or read.sender,
        read.sender,
        found.files,
        found.item,
        found.abstract,
        _own_registration(desk, event, read.sender),
        read.consent,
        read.language,
        found.doubt,
    )
    match done := submit(desk, event, draft, inbound_id=read.id, arrived_at=read.received_at):
        case Received(one):
            return replace(found, status=InboundPaperStatus.RECEIVED, contribution_id=one.id)
        case ReceivedBefore(one):
            is_ours = one.inbound_id == read.id  # a reader that died may have submitted it
            status = InboundPaperStatus.RECEIVED if is_ours else InboundPaperStatus.DUPLICATE
            return replace(found, status=status, contribution_id=one.id)
        case Over():
            return replace(found, status=InboundPaperStatus.NEEDS_REVIEW)
        case _:
            assert_never(done)


def _own_registration(desk: Desk, event: Event, sender: str) -> str:
    """The only one under this address."""
    found: Sequence[Registered] = desk.store.registrations_under(event.slug, sender, 3)
    standing = [one.id for one in found if not one.is_withdrawn and same_mailbox(one.registration.email, sender)]
    return standing[0] if len(standing) == 1 else ""


@dataclass(frozen=True)
class Told:
    said: Mapping[str, str]
    faults: Mapping[str, tuple[Fault, ...]]
    """What nobody told, or nobody can be sure of."""


def told(event: Event, paper: ParsedPaper, properties: Mapping[str, str], before: InboundPaper | None = None) -> Told:
    """Certain is what stands on a cover; a title in the document's own properties, where its first page has it too.
    `before`: what it completes."""
    certain = dict(paper.cover)
    named = {name: text for name in ("title", "source") if (text := _property(properties, name))}
    for name, text in named.items():
        if name not in certain and _stands_in(text, paper.beginning):
            certain[name] = text
    guessed = {**named, **paper.guessed}
    if before:
        guessed = {**guessed, **{name: text for name in ("title", "source", "item") if (text := getattr(before, name))}}
        certain = {
            **{name: guessed[name] for name in guessed if name not in before.faults and guessed[name]},
            **certain,
        }
    said = {**guessed, **certain}
    faults: dict[str, tuple[Fault, ...]] = {}
    for name in ("title", "source"):
        if name not in certain:
            faults[name] = (_NOT_CERTAIN,) if said.get(name) else (_NOT_FOUND,)
    if "item" in said:
        said["item"] = _one_of(event, said["item"])
    if paper.may_be_several:
        faults["files"] = (_SEVERAL,)
    return Told(said, faults)


def _property(properties: Mapping[str, str], name: str) -> str:
    return " ".join(properties.get({"source": "author"}.get(name, name), "").split())[:300]


def _stands_in(text: str, beginning: str) -> bool:
    lines = [normalized(line.replace("\t", " ")) for line in beginning.splitlines()]
    return normalized(text) in lines


def _one_of(event: Event, said: str) -> str:
    """In the words of the event's first language, if it is one of those to choose from; or as it was said."""
    calls = [one for code in event.languages if (one := event.in_language(code).contributions)]
    wanted = normalized(said)
    places = {place for call in calls for place, item in enumerate(call.items) if normalized(item) == wanted}
    return calls[0].items[places.pop()] if len(places) == 1 else said


# --- its files


@dataclass(frozen=True)
class _Kept:
    files: tuple[PaperFile, ...] = ()
    faults: tuple[Fault, ...] = ()
    doubt: PaperDoubt | None = None
    properties: Mapping[str, str] | None = None


def _kept(desk: Desk, read: InboundEmail, raw: bytes, paper: ParsedPaper) -> _Kept:
    """Looked into, and among `Files`: with ids that are the same each time that the e-mail is read."""
    with TemporaryDirectory() as folder:
        into = Path(folder)
        if paper.text:
            attached: Sequence[AttachedFile] = (AttachedFile(-1, f"{paper.cover.get('title', 'contribution')}.txt"),)
            (into / "-1").write_text(paper.text, "utf-8")
        else:
            attached = paper.files
            desk.reader().take_out(raw, [one.place for one in attached], into)
        if not all((into / str(one.place)).exists() for one in attached):
            return _Kept()
        seen = [(one, desk.inspect()(into / str(one.place), one.name)) for one in attached]
        faults = tuple(map(Fault, dict.fromkeys(one.fault for _, one in seen if one.fault)))
        if faults:
            return _Kept(tuple(PaperFile("", one.name, "", "", 0, "") for one in attached), faults)
        files = tuple(_as_file(read, paper, *one) for one in seen)
        for file, one in zip(files, attached, strict=True):
            desk.files().put(file.id, (into / str(one.place)).read_bytes())
    doubts = [one.doubt for _, one in seen if one.doubt]
    properties = next((one.properties for _, one in seen if one.properties), {})
    return _Kept(files, (), doubts[0] if doubts else None, properties)


def _as_file(read: InboundEmail, paper: ParsedPaper, attached: AttachedFile, seen: Inspected) -> PaperFile:
    told = attached.language or paper.cover.get("language", "") or _language_in(seen.properties or {}, paper.beginning)
    id = file_id(base32(hashlib.sha256(f"{read.id} {attached.place}".encode()).digest()[:15]))
    return PaperFile(id, seen.name, seen.type, told, seen.size, seen.sha256)


def _language_in(properties: Mapping[str, str], beginning: str) -> str:
    """A program's own setting, where the script does not speak against it."""
    found = _CODE.match(properties.get("language", "").lower())
    code = found[0] if found else ""
    own = {name for name, letters in _SCRIPTS.items() if re.search(letters, beginning)}
    return code if code and (code in own or not (own or code in _SCRIPTS)) else ""
