"""What is held of a person, as it is given out: to be read, as PDF and as JSON. Nothing in it is about anybody else.
The person is told when the staff did or opened something, not who of them (Court of Justice of the EU, C-579/21)."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from rollcall.documents import erasure_words
from rollcall.documents.changes import FieldChange, by_whom, changes_between
from rollcall.documents.contributions import (
    change_in_words,
    changed_by,
    paper_in_words,
    paper_status_in_words,
    stage_in_words,
)
from rollcall.documents.reasons import why, why_doubted
from rollcall.documents.review_words import email_in_words, form_in_words
from rollcall.documents.roster_content import NOT_GIVEN, WHY_QUARANTINED, status_in_words
from rollcall.documents.staff_log import action_in_words, source_in_words, state_in_words, why_in_words
from rollcall.documents.typefaces import typeset
from rollcall.language import N_, language
from rollcall.model.contribution import Contribution, ContributionChange, Paper, designation
from rollcall.model.email import TO_STAFF, OutboxEntry
from rollcall.model.event import Event
from rollcall.model.inbound import InboundEmail, InboundForm
from rollcall.model.invitation import Invitation
from rollcall.model.personal_data import Access, Erasure, Held
from rollcall.model.registration import Registered, Registration, Revision, normalized_address, says_the_same, written
from rollcall.model.staff import AuditEntry
from schemas.form import in_labels, in_words
from templates import deadline, in_zone
from templates.lines import isolated

SCHEMA_VERSION = 1
"""Of the JSON (docs/api.md)."""
HEADING = N_("All that is held of %(name)s")
MOST_SHOWN = 500
"""Of a section, on the page and in the PDF: the newest."""
_BRIEF = ("emails_sent", "accesses")
_PAGES = Path(__file__).with_suffix(".typ")
_COPY = N_("The secretariat gives a copy.")
_DIFFERS = N_("A form with other answers came")
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    key: str
    """In JSON; what stands after a dot is within."""
    label: str
    """Empty: in JSON alone."""
    value: Any
    text: str


@dataclass(frozen=True)
class Part:
    heading: str
    rows: Sequence[Row]

    @property
    def read(self) -> Sequence[tuple[str, str]]:
        return [(one.label, one.text) for one in self.rows if one.label and one.text]


@dataclass(frozen=True)
class Section:
    key: str
    heading: str
    parts: Sequence[Part]
    more: str
    """That earlier ones are in the JSON alone; empty where all are shown."""

    @property
    def read(self) -> Sequence[tuple[str, Sequence[tuple[str, str]]]]:
        """Heading, and label and text of each row; of what there may be thousands, a row each."""
        shown = [(part.heading, part.read) for part in self.parts[-MOST_SHOWN:]]
        if self.key not in _BRIEF:
            return shown
        return [("", [(heading, "\n".join(text for _, text in rows)) for heading, rows in shown])]


@dataclass(frozen=True)
class GivenOut:
    heading: str
    about: Part
    notes: Sequence[str]
    sections: Sequence[Section]


def given_out(event: Event, held: Held, at: datetime, *, to_staff: bool) -> GivenOut:
    """In the event's language. `to_staff`: with the addresses of those of the staff who did something."""
    tell, spoken = _Telling(event, held, to_staff), language(event.language)
    registrations, theirs = held.registrations, held.contributions
    audit = [entry for one in registrations for entry in one.audit]
    audit += [entry for one in theirs for entry in one.audit]
    sections: tuple[tuple[str, str, Iterable[Part]], ...] = (
        ("registrations", N_("Registrations"), (tell.registration(one.registered) for one in registrations)),
        ("history", N_("History"), (tell.revision(made) for one in registrations for made in one.history)),
        ("forms", N_("Forms that changed nothing"), tell.forms()),
        ("emails_received", N_("E-mails received"), map(tell.inbound, held.inbound)),
        ("emails_sent", N_("E-mails sent"), map(tell.email, held.emails)),
        ("contributions", N_("Contributions"), (tell.contribution(one.contribution) for one in theirs)),
        (
            "contribution_history",
            N_("Changes of contributions"),
            (tell.contribution_change(one.contribution, made) for one in theirs for made in one.history),
        ),
        ("invitations", N_("Invitations"), map(tell.invitation, held.invitations)),
        ("staff_actions", N_("What the staff did"), map(tell.action, audit)),
        (
            "accesses",
            N_("When the staff opened it, in the last 90 days"),
            (tell.access(access) for one in registrations for access in one.accesses),
        ),
        ("erasures", N_("Erasure"), [tell.erasure(held.erasure)] if held.erasure else ()),
    )
    found = [
        _section(event, key, spoken.gettext(heading), sorted(parts, key=_when)) for key, heading, parts in sections
    ]
    name = registrations[0].registered.registration.full_name
    return GivenOut(
        heading=spoken.gettext(HEADING, name=name),
        about=Part("", list(tell.about(at))),
        notes=[spoken.gettext(note, email=event.secretariat) for note in tell.notes()],
        sections=[one for one in found if one.parts],
    )


def _section(event: Event, key: str, heading: str, parts: Sequence[Part]) -> Section:
    left = len(parts) - MOST_SHOWN
    spoken = language(event.language)
    more = spoken.ngettext("%(count)s earlier one is in the JSON.", "%(count)s earlier ones are in the JSON.", left)
    return Section(key, heading, parts, more if left > 0 else "")


def _when(part: Part) -> datetime:
    return part.rows[0].value or _NEVER


def as_json(given: GivenOut) -> str:
    said = {section.key: [_nested(part.rows) for part in section.parts] for section in given.sections}
    whole = {"schema_version": SCHEMA_VERSION, **_nested(given.about.rows), "notes": given.notes, **said}
    return json.dumps(whole, ensure_ascii=False, indent=1, default=_plain)


def as_pdf(event: Event, given: GivenOut) -> bytes:
    said = {
        "title": given.heading,
        "organizer": event.organizer,
        "about": given.about.read,
        "notes": given.notes,
        "sections": [(one.heading, one.more, one.read) for one in given.sections],
    }
    return typeset(_PAGES, language(event.language), given.heading, said)


@dataclass(frozen=True)
class _Telling:
    """Each part begins with its instant."""

    event: Event
    held: Held
    to_staff: bool

    def about(self, at: datetime) -> Iterator[Row]:
        event = self.event
        yield self._at("as_of", N_("As of"), at)
        yield self._row("event.id", "", event.slug)
        yield self._row("event.title", N_("Event"), event.title)
        yield self._row("responsible", N_("Responsible for personal data"), event.responsible)
        yield self._row("secretariat", N_("Questions"), event.secretariat)
        yield self._row("kept_until", N_("Kept until"), event.keep_until, deadline(event.keep_until, event))
        yield self._row("language", "", event.language)

    def notes(self) -> Iterator[str]:
        if self.to_staff and self.held.person.shared:
            yield N_("Others have an address of this person too. What is only under that address is not in here.")
        if not self.to_staff:
            yield N_(
                "If you share an e-mail address with others, what is only under that address is not in here. For that, "
                "and for copies of files, please write to %(email)s."
            )
        if self.held.is_cut:
            yield N_("There is more than can be shown here. Please write to %(email)s.")

    def registration(self, one: Registered) -> Part:
        said, entered = one.registration, one.entered
        gone = N_("Withdrawn as a double") if one.double_of else N_("Withdrawn")
        rows = [
            self._at("received_at", N_("Received"), one.received_at),
            self._row("id", "", one.id),
            self._row("reference", "", one.reference),
            self._coded("status", N_("Status"), one.status, self._say(gone if one.is_withdrawn else N_("Registered"))),
            self._row("double_of", "", one.double_of or None),
            self._row("revision", "", one.revision),
            self._at("arrived_at", "", one.arrived_at),
            self._row("admitted_late", N_("Admitted late"), one.admitted),
            self._row("email_received_id", "", one.inbound_id or None),
            *self._form(said),
            self._row("language", N_("Language"), said.language, language(self.event.language).named(said.language)),
            self._row("new_email", N_("New e-mail address, to be confirmed"), one.new_email or None),
        ]
        if entered:
            how = source_in_words(self.event, entered.source)
            rows.append(self._coded("entered.source", N_("How it came"), entered.source, how))
            rows.append(self._row("entered.note", N_("What else it says"), entered.note))
            scan = self._say(_COPY) if entered.scan else ""
            rows.append(self._row("entered.scan", N_("Scan of the form"), bool(scan), scan))
        return Part(one.reference, rows)

    def revision(self, one: Revision) -> Part:
        before, after, change = one.before, one.after, one.change
        changed = changes_between(self.event, before.registration, after.registration)
        if before.new_email != after.new_email:
            label = self._say(N_("New e-mail address, to be confirmed"))
            changed.append(FieldChange("new_email", label, before.new_email, after.new_email))
        by = by_whom(self.event, change if self.to_staff else replace(change, who=""))
        return self._part(
            after.changed_at or after.received_at,
            self._row("registration_id", "", after.id),
            self._row("revision", "", one.number),
            self._coded("what", N_("What"), change.why, why_in_words(self.event, change.why)),
            self._coded("by", N_("By"), change.by, by),
            self._row("way", "", change.way.value),
            self._row("email_received_id", "", change.inbound_id or None),
            *(self._changed(one.name, one.label, one.before, one.after) for one in changed),
        )

    def forms(self) -> Iterator[Part]:
        for one in self.held.registrations:
            for differing in one.differing:
                yield self._kept(differing.waits_since, _DIFFERS, differing.registration)
            conflict = one.conflict
            if conflict and not any(says_the_same(conflict.registration, its.registration) for its in one.differing):
                until = self._at("kept_until", N_("Kept until"), conflict.until)
                yield Part(self._say(_DIFFERS), [until, *self._form(conflict.registration)])
        for quarantined in self.held.quarantined:
            form = quarantined.form
            yield self._kept(form.received_at, WHY_QUARANTINED[quarantined.signal], form.registration)

    def _kept(self, at: datetime, why_kept: str, said: Registration) -> Part:
        return self._part(at, self._row("why", N_("What"), self._say(why_kept)), *self._form(said))

    def email(self, one: OutboxEntry) -> Part:
        known = self._is_known(one.to)
        other = self._say(N_("the staff") if one.kind in TO_STAFF else N_("another address"))
        return self._part(
            one.enqueued_at,
            self._row("id", "", one.id if known else None),
            self._row("registration_id", "", one.registration_id),
            self._coded("kind", N_("What"), one.kind, email_in_words(self.event, one.kind)),
            self._row("to", N_("To"), one.to if known else None, one.to if known else other),
            self._coded("status", N_("Status"), one.status, status_in_words(self.event, one.status)),
            self._row("reason", N_("Reason"), one.why if known else None),
            self._row("sent_at", N_("Sent"), [attempt.at for attempt in one.attempts if attempt.may_be_accepted]),
        )

    def _is_known(self, address: str) -> bool:
        person, contributions = self.held.person, self.held.contributions
        theirs = {*person.addresses, *person.shared}
        theirs |= {normalized_address(one.contribution.email) for one in contributions if one.contribution.email}
        return normalized_address(address) in theirs or (self.to_staff and self.event.member(address) is not None)

    def inbound(self, one: InboundEmail) -> Part:
        """Neither text nor subject, where somebody else sent it or is in it too."""
        person = self.held.person
        is_sender = person.is_sender_of(one)
        is_alone = is_sender and person.is_alone_in(one)
        forms = enumerate(form for form in one.forms if is_alone or person.is_of(form))
        rows = [
            self._row("id", "", one.id),
            self._row("from", N_("From"), one.sender if is_sender else None),
            self._row("sender_name", "", one.sender_name if is_sender else None),
            *(row for place, form in forms for row in self._emailed_form(f"forms.{place + 1}", form)),
        ]
        if is_alone:
            rows[3:3] = [
                self._row("subject", N_("Subject"), one.subject),
                self._row("text", N_("Text"), one.text),
                self._row("not_read", N_("Attachments"), one.not_read),
                self._row("papers", N_("Papers"), [paper.title for paper in one.papers]),
                self._row("review", N_("Why it needs review"), why(self.event, one.reasons)),
            ]
            rows.append(self._row("whole", N_("The e-mail itself"), self._say(_COPY)))
        return self._part(one.received_at, *rows)

    def _emailed_form(self, key: str, form: InboundForm) -> Iterator[Row]:
        yield self._coded(f"{key}.status", N_("Form"), form.status, form_in_words(self.event, form.status))
        yield self._row(f"{key}.registration_id", "", form.registration_id)
        yield from self._answers(f"{key}.answers.", form.answers, in_labels(self.event, form.answers))
        yield self._row(f"{key}.doubts", N_("Not certain"), why_doubted(self.event, form.doubts))

    def contribution(self, one: Contribution) -> Part:
        return Part(
            designation(self.event.slug, one.number) if one.number else one.title,
            [
                self._at("received_at", N_("Received"), one.created_at),
                self._row("id", "", one.id),
                self._row("number", "", one.number),
                self._row("title", N_("Title of the contribution"), one.title),
                self._row("source", N_("Source"), one.source),
                self._row("item", N_("Agenda item or question"), one.item),
                self._row("abstract", N_("Abstract"), one.abstract),
                self._row("name", N_("Submitted by"), one.name),
                self._row("email", N_("E-mail"), one.email),
                self._row("language", "", one.language),
                self._row("registration_id", "", one.registration_id or None),
                self._row("consent", N_("Agreed to publication"), one.consent),
                self._coded("status", N_("Status"), one.stage, stage_in_words(self.event, one.stage)),
                *(row for place, paper in enumerate(one.papers) for row in self._paper(f"papers.{place + 1}", paper)),
            ],
        )

    def _paper(self, key: str, paper: Paper) -> Iterator[Row]:
        kind, status = paper_in_words(self.event, paper.kind, paper.number), paper.status
        yield Row(f"{key}.kind", kind, paper.kind.value, paper_status_in_words(self.event, status))
        yield self._row(f"{key}.status", "", status.value)
        yield self._row(f"{key}.reason", N_("Reason"), paper.reason or None)
        yield self._at(f"{key}.received_at", N_("Received"), paper.received_at)
        files = [
            {"name": file.name, "type": file.type, "bytes": file.size, "sha256": file.sha256} for file in paper.files
        ]
        yield self._row(f"{key}.files", N_("Files"), files, "\n".join(file.name for file in paper.files))

    def contribution_change(self, one: Contribution, change: ContributionChange) -> Part:
        by = changed_by(self.event, change if self.to_staff else replace(change, who=""))
        return self._part(
            change.at,
            self._row("contribution_id", "", one.id),
            self._row("revision", "", change.number),
            self._coded("by", N_("By"), change.by, by),
            *(self._changed(str(place), *said) for place, said in enumerate(change_in_words(self.event, change), 1)),
        )

    def invitation(self, one: Invitation) -> Part:
        return self._part(
            one.made_at,
            self._row("id", "", one.id),
            self._row("for", N_("For"), one.whom),
            self._row("email", N_("E-mail"), one.email if self._is_known(one.email or "-") else None),
            self._row("until", N_("Until"), one.until, deadline(one.until, self.event)),
            self._row("reason", N_("Reason"), one.reason),
            self._row("used_for", N_("Used"), one.used_by or None, self._say(N_("Yes")) if one.used_by else ""),
            self._row("revoked", N_("Revoked"), one.revoked or None),
            self._row("by", N_("By"), one.by if self.to_staff else None),
        )

    def action(self, one: AuditEntry) -> Part:
        return self._part(
            one.at,
            self._row("registration_id", "", one.registration_id),
            self._row("revision", "", one.revision),
            self._coded("what", N_("What"), one.action, action_in_words(self.event, one.action)),
            self._row("before", N_("Before"), state_in_words(self.event, one.before)),
            self._row("after", N_("After"), state_in_words(self.event, one.after)),
            self._row("reason", N_("Reason"), one.reason),
            self._row("by", N_("By"), one.by if self.to_staff else None),
        )

    def access(self, one: Access) -> Part:
        what, by = (one.what.value, one.by) if self.to_staff else (None, None)
        return self._part(one.at, self._row("what", "", what), self._row("by", N_("By"), by))

    def erasure(self, one: Erasure) -> Part:
        status = erasure_words.status_in_words(self.event, one.status)
        return Part(
            status,
            [
                self._at("asked_at", N_("Asked for"), one.asked_at),
                self._coded("status", N_("Status"), one.status, status),
                self._at("decided_at", N_("Decided"), one.decided_at),
                self._row("ground", "", one.ground and one.ground.value),
                self._row("answer", N_("Answer"), one.answer),
                self._row("by", N_("By"), one.decided_by if self.to_staff else None),
            ],
        )

    def _form(self, said: Registration) -> Iterator[Row]:
        return self._answers("answers.", written(said), in_words(self.event, said))

    def _answers(self, key: str, codes: Mapping[str, str], words: Mapping[str, str]) -> Iterator[Row]:
        """In the form's order; what it asks no longer comes last."""
        labels = {field.name: field.label for field in self.event.fields}
        for name in (*labels, *(one for one in codes if one not in labels)):
            if text := words.get(name, ""):
                said = {"label": labels.get(name, name), "answer": codes.get(name, text), "words": text}
                yield Row(f"{key}{name}", said["label"], said, text)

    def _changed(self, key: str, label: str, before: str, after: str) -> Row:
        spoken = language(self.event.language)
        was, now = (isolated(spoken, one) or spoken.gettext(NOT_GIVEN) for one in (before, after))
        text = spoken.gettext("%(before)s → %(after)s", before=was, after=now)
        return Row(f"changes.{key}", label, {"label": label, "before": before, "after": after}, text)

    def _part(self, at: datetime, *rows: Row) -> Part:
        return Part(in_zone(at, self.event), [self._at("at", "", at), *rows])

    def _at(self, key: str, label: str, at: datetime | None) -> Row:
        return self._row(key, label, at)

    def _coded(self, key: str, label: str, code: StrEnum, words: str) -> Row:
        return self._row(key, label, {"code": code.value, "words": words}, words)

    def _row(self, key: str, label: str, value: object, text: str | None = None) -> Row:
        return Row(key, self._say(label), value, self._in_words(value) if text is None else text)

    def _in_words(self, value: object) -> str:
        match value:
            case None:
                return ""
            case bool():
                return self._say(N_("Yes") if value else N_("No"))
            case datetime():
                return in_zone(value, self.event)
            case list() | tuple():
                return "\n".join(map(self._in_words, value))
            case _:
                return str(value)

    def _say(self, message: str) -> str:
        return language(self.event.language).gettext(message)


def _nested(rows: Iterable[Row]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for row in rows:
        if row.value is not None:
            *outer, name = row.key.split(".")
            within = whole
            for one in outer:
                within = within.setdefault(one, {})
            within[name] = row.value
    return whole


def _plain(value: datetime) -> str:
    return value.astimezone(UTC).isoformat()
