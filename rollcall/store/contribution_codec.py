"""What is stored of contributions and the programme. rollcall/store/codec.py says what a field that is added needs."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime, time
from typing import Any

from rollcall.model.contribution import (
    Contribution,
    ContributionChange,
    Paper,
    PaperDoubt,
    PaperFile,
    PaperKind,
    PaperStatus,
)
from rollcall.model.programme import AgendaItem, Document, Programme, Said
from rollcall.model.registration import Actor, Way
from rollcall.store.codec import found_under


def contribution_record(one: Contribution) -> dict[str, Any]:
    return {
        "event": one.event,
        "title": one.title,
        "source": one.source,
        "name": one.name,
        "email": one.email,
        "address": found_under(one.email),
        "papers": [_paper_record(paper) for paper in one.papers],
        "item": one.item,
        "abstract": one.abstract,
        "registration_id": one.registration_id,
        "consent": one.consent,
        "language": one.language,
        "number": one.number,
        "withdrawn": one.withdrawn,
        "revision": one.revision,
        "link": one.link,
        "key": one.key,
        "inbound_id": one.inbound_id,
        "receipts": one.receipts,
        "receipts_due": one.receipts_due,
    }


def contribution_from(
    id: str, record: Mapping[str, Any], created_at: datetime, updated_at: datetime, version: object
) -> Contribution:
    """The newest paper is stored without its time, which nobody knows before the commit: it is the document's own."""
    came = created_at if len(record["papers"]) == 1 else updated_at
    papers = tuple(_paper_from(paper, came) for paper in record["papers"])
    return Contribution(
        id=id,
        event=record["event"],
        title=record["title"],
        source=record["source"],
        name=record["name"],
        email=record["email"],
        papers=papers,
        item=record["item"],
        abstract=record["abstract"],
        registration_id=record["registration_id"],
        consent=record["consent"],
        language=record["language"],
        number=record["number"],
        withdrawn=record["withdrawn"],
        revision=record["revision"],
        link=record["link"],
        key=record["key"],
        inbound_id=record["inbound_id"],
        receipts=record["receipts"],
        created_at=papers[0].received_at,
        version=version,
    )


def _paper_record(paper: Paper) -> dict[str, Any]:
    return {
        "kind": paper.kind.value,
        "number": paper.number,
        "files": [asdict(file) for file in paper.files],
        "status": paper.status.value,
        "reason": paper.reason,
        "doubt": paper.doubt.value if paper.doubt else None,
        "received_at": paper.received_at,
        "arrived_at": paper.arrived_at,
    }


def _paper_from(record: Mapping[str, Any], came: datetime) -> Paper:
    return Paper(
        kind=PaperKind(record["kind"]),
        number=record["number"],
        files=tuple(map(_file_from, record["files"])),
        status=PaperStatus(record["status"]),
        reason=record["reason"],
        doubt=PaperDoubt(record["doubt"]) if record["doubt"] else None,
        received_at=record["received_at"] or came,
        arrived_at=record["arrived_at"],
    )


def _file_from(record: Mapping[str, Any]) -> PaperFile:
    return PaperFile(record["id"], record["name"], record["type"], record["language"], record["size"], record["sha256"])


def contribution_change_record(change: ContributionChange) -> dict[str, Any]:
    return {
        "number": change.number,
        "before": dict(change.before),
        "after": dict(change.after),
        "by": change.by.value,
        "way": change.way.value,
        "who": change.who,
    }


def contribution_change_from(record: Mapping[str, Any], at: datetime) -> ContributionChange:
    return ContributionChange(
        number=record["number"],
        before=record["before"],
        after=record["after"],
        by=Actor(record["by"]),
        way=Way(record["way"]),
        who=record["who"],
        at=at,
    )


def programme_record(programme: Programme) -> dict[str, Any]:
    return {
        "agenda": None if programme.agenda is None else [_agenda_record(item) for item in programme.agenda],
        "documents": None if programme.documents is None else [_document_record(one) for one in programme.documents],
        "contributions_close_at": programme.contributions_close_at,
        "participants_from": programme.participants_from,
        "changed_by": programme.changed_by,
        "changed_at": programme.changed_at,
        "number": programme.number,
    }


def programme_from(record: Mapping[str, Any], version: object) -> Programme:
    agenda, documents = record["agenda"], record["documents"]
    return Programme(
        agenda=None if agenda is None else tuple(map(_agenda_from, agenda)),
        documents=None if documents is None else tuple(map(_document_from, documents)),
        contributions_close_at=record["contributions_close_at"],
        participants_from=record["participants_from"],
        changed_by=record["changed_by"],
        changed_at=record["changed_at"],
        number=record["number"],
        version=version,
    )


def _agenda_record(item: AgendaItem) -> dict[str, Any]:
    return {
        "day": item.day.isoformat(),
        "title": dict(item.title.words),
        "starts": item.starts.isoformat() if item.starts else None,
        "ends": item.ends.isoformat() if item.ends else None,
        "chair": item.chair,
        "speakers": list(item.speakers),
        "contributions": list(item.contributions),
    }


def _agenda_from(record: Mapping[str, Any]) -> AgendaItem:
    return AgendaItem(
        day=date.fromisoformat(record["day"]),
        title=Said(record["title"]),
        starts=time.fromisoformat(record["starts"]) if record["starts"] else None,
        ends=time.fromisoformat(record["ends"]) if record["ends"] else None,
        chair=record["chair"],
        speakers=tuple(record["speakers"]),
        contributions=tuple(record["contributions"]),
    )


def _document_record(document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        "title": dict(document.title.words),
        "day": document.day.isoformat() if document.day else None,
        "languages": list(document.languages),
        "link": document.link,
        "file": document.file,
        "type": document.type,
        "size": document.size,
    }


def _document_from(record: Mapping[str, Any]) -> Document:
    return Document(
        id=record["id"],
        title=Said(record["title"]),
        day=date.fromisoformat(record["day"]) if record["day"] else None,
        languages=tuple(record["languages"]),
        link=record["link"],
        file=record["file"],
        type=record["type"],
        size=record["size"],
    )
