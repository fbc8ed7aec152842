"""What the e-mails share."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rollcall.desk.amend import take_back
from rollcall.desk.desk import Desk
from rollcall.documents.roster_content import NOT_GIVEN, WHY_QUARANTINED, Shown, language_of, status_in_words
from rollcall.language import N_, language
from rollcall.model.contribution import Contribution, ContributionChange
from rollcall.model.email import Attachment, Email, EmailKind, OutboxEntry
from rollcall.model.errors import Gone
from rollcall.model.event import Event
from rollcall.model.fault import Fault
from rollcall.model.intake import Intake
from rollcall.model.registration import (
    Actor,
    Change,
    QuarantinedForm,
    Registered,
    Registration,
    Revision,
    Way,
    full_name,
)
from schemas.faults import sentences
from schemas.form import ValidationError, in_labels, in_words, read_form, written
from schemas.text import Lines
from templates import dates, in_zone, render_email
from templates.lines import isolated

LONGEST_SHOWN = 2000
"""Characters of a stranger's text; no valid answer is longer."""
SHOWN = 50
"""Of each kind, the last ones: robots may send many."""
ATTACHED = 10_000_000
"""Bytes, to the staff; SendGrid accepts 30 MB, a third more for base64."""
FIRST_LINES, LONGEST_ANSWER = 10, 400  # lines and characters in a confirmation: addresses have fewer
_JOINER = "\u2060"
# What makes mail programs see a link: `www.`, an end of two letters or more that is no file's, numbers, `@`, `:`, `//`.
# With a word joiner (U+2060) on both sides nearly none does, in HTML and in text; it shows nothing, and where the text
# comes back, pasted or quoted, it is taken out (schemas/text.py, rollcall/inbound/charsets.py).
_IN_LINKS = re.compile(
    r"[.․。．｡﹒@＠﹫:：/\\](?:(?<=www[.․。．｡﹒])"
    r"|(?<=[.․。．｡﹒])(?=[^\W\d]\w)(?!(?:pdf|docx?|xlsx?|od[st]|csv|txt|jpe?g|png|gif|tiff?|html?|svg|exe)\b)|(?<=\.)(?=\d+(?!\.?\d))"
    r"|(?<=[@＠﹫])(?=\w)|(?<=[^\W\d][:：])(?=\S)|(?<=[/\\])(?=[/\\]))",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"(?!www\.)[\w.+-]+@[\w.-]+", re.IGNORECASE)


def about_registration(event: Event, registered: Registered, subject: str) -> str:
    spoken = language(event.language)
    return spoken.gettext(
        subject,
        event=isolated(spoken, event.title),
        dates=dates(event),
        reference=isolated(spoken, registered.reference),
    )


def worded(
    entry: OutboxEntry,
    event: Event,
    subject: str,
    template: str,
    *,
    reply_to: str | None = None,
    copies_to: tuple[str, ...] = (),
    attachments: tuple[Attachment, ...] = (),
    **context: Any,
) -> Email:
    subject = " ".join(subject.split())
    text, html = render_email(template, subject, event=event, **context)
    return Email(
        email_id=entry.id,
        to=entry.to,
        copies_to=copies_to,
        reply_to=reply_to or event.secretariat,
        sender_name=event.organizer,
        subject=subject,
        text=text,
        html=html,
        attachments=attachments,
        thread=entry.thread,
        answers=entry.kind is EmailKind.REPLY or bool(entry.thread),
    )


def person_of(desk: Desk, event: Event, entry: OutboxEntry, registered: Registered | None) -> Registered:
    """As it stands."""
    if registered is None:
        raise Gone(f"e-mail {entry.id} is about a registration that is not there")
    return take_back(desk, event, registered) if registered.came_too_late else registered


def contribution_of(desk: Desk, entry: OutboxEntry) -> Contribution:
    contribution = desk.store.contribution(entry.about)
    if contribution is None:
        raise Gone(f"e-mail {entry.id} is about a contribution that is not there")
    return contribution


def about_contribution(event: Event, one: Contribution) -> list[tuple[str, str]]:
    """Label and text each: no label of the registration form, which a reply that quotes it would seem to fill in."""
    spoken = language(event.language)
    said = (
        (N_("Title of the contribution"), one.title),
        (N_("Source"), one.source),
        (N_("Agenda item or question"), one.item),
    )
    return [(spoken.gettext(label), unlinked(text)) for label, text in said if text]


def revision_of(desk: Desk, entry: OutboxEntry, registered: Registered) -> Revision:
    for one in desk.store.history(entry.event, registered):
        if one.number == entry.revision:
            return one
    raise LookupError(f"e-mail {entry.id} is about a revision that is not there")


@dataclass(frozen=True)
class Ways:
    own: str | None
    """The link to their registration; after the event only who asks for it is sent one."""
    answers_to: str


def ways_of(desk: Desk, event: Event, registered: Registered, intake: Intake) -> Ways:
    own = None if event.is_over(intake.as_of) else desk.links.own(event, registered)
    return Ways(own, desk.forms_return_to(event))


_BY_REGISTRANT = {
    Way.LINK: N_("This came through the link in our e-mails."),
    Way.FORM: N_("This came through the registration form."),
    Way.EMAIL: N_("This came through an e-mail from your address."),
}


def how_it_came(event: Event, change: Change | ContributionChange) -> str:
    spoken = language(event.language)
    if change.by is Actor.REGISTRANT:
        return spoken.gettext(_BY_REGISTRANT[change.way])
    return spoken.gettext("This was done by the secretariat.")


def standing(event: Event, entry: OutboxEntry) -> str:
    status = status_in_words(event, entry.status)
    return labelled_text(event, status, unlinked(entry.why)) if entry.why else status


def labelled_text(event: Event, label: str, text: str) -> str:
    return language(event.language).gettext("%(label)s: %(text)s", label=label, text=text)


def in_lines(event: Event, first: str, *rows: tuple[str, str]) -> str:
    """The first, then label and text each, where there is any."""
    return "\n".join((first, *(labelled_text(event, label, text) for label, text in rows if text)))


def who(event: Event, registered: Registered) -> str:
    registration = registered.registration
    organization = registration.answers.get("organization") or language(event.language).gettext(NOT_GIVEN)
    return unlinked(f"{registration.full_name}, {organization}")


def written_in(event: Event, registered: Registered) -> tuple[str, str]:
    """Label and text: empty where the event has but one language."""
    return language(event.language).gettext("Language"), language_of(event, registered.registration)


def about_quarantined(event: Event, one: QuarantinedForm) -> tuple[tuple[str, str], ...]:
    spoken = language(event.language)
    received = (spoken.gettext("Received"), in_zone(one.form.received_at, event))
    return received, (spoken.gettext("Why it needs review"), spoken.gettext(WHY_QUARANTINED[one.signal]))


def not_shown(those: Shown[Any]) -> int:
    return those.count - len(those.shown)


def details(event: Event, registered: Registered) -> list[tuple[str, str]]:
    return _labelled(event, in_words(event, registered.registration))


def labelled(event: Event, answers: Mapping[str, str]) -> list[tuple[str, str]]:
    """In the form's order, right or wrong: label and text."""
    return _labelled(event, in_labels(event, answers))


def _labelled(event: Event, words: Mapping[str, str]) -> list[tuple[str, str]]:
    said = _shown(event, words)
    return [(field.label, said[field.name]) for field in event.fields if said.get(field.name)]


def _shown(event: Event, words: Mapping[str, str]) -> Mapping[str, str]:
    addresses = {field.name for field in event.fields if field.kind == "email"}
    return {name: address(text) if name in addresses else shown(text) for name, text in words.items()}


@dataclass(frozen=True)
class Difference:
    """Each text in a line."""

    label: str
    before: str
    after: str


def changes(event: Event, before: Registration, after: Registration) -> list[Difference]:
    return _differences(event, in_words(event, before), in_words(event, after))


def differences(event: Event, registered: Registered, answers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Label, and what stands → what came."""
    came = in_labels(event, _as_registered(event, answers))
    return [
        (
            one.label,
            language(event.language).gettext("%(before)s → %(after)s", before=one.before, after=one.after),
        )
        for one in _differences(event, in_words(event, registered.registration), came)
    ]


def _differences(event: Event, before: Mapping[str, str], after: Mapping[str, str]) -> list[Difference]:
    stood, stands = _shown(event, before), _shown(event, after)

    def in_a_line(answer: str | None) -> str:
        return ", ".join(answer.splitlines()) if answer else language(event.language).gettext(NOT_GIVEN)

    return [
        Difference(field.label, in_a_line(stood.get(field.name)), in_a_line(stands.get(field.name)))
        for field in event.fields
        if (stood.get(field.name) or "") != (stands.get(field.name) or "")
    ]


def _as_registered(event: Event, answers: Mapping[str, str]) -> Mapping[str, str]:
    """As they came, where the form has since come to ask for more."""
    try:
        return written(read_form(event, answers))
    except ValidationError:
        return answers


def faults(event: Event, found: Mapping[str, Sequence[Fault]]) -> list[tuple[str, str]]:
    """In the form's order: label and sentences; unknown names come last."""
    labels = {field.name: field.label for field in event.fields}
    order = {name: place for place, name in enumerate(labels)}
    said = sentences(event, found)
    names = sorted(said, key=lambda name: order.get(name, len(order)))
    return [(labels.get(name, shown(name)), " ".join(said[name])) for name in names]


def name_of(event: Event, answers: Mapping[str, str]) -> str:
    given = one_line(full_name(answers.get("first_name", ""), answers.get("family_name", "")), 100)
    return given or language(event.language).gettext("(no name)")


def shown(text: str) -> str:
    return unlinked(_bounded(text))


def first_lines(text: str) -> str:
    first = "\n".join(text.split("\n")[:FIRST_LINES])[:LONGEST_ANSWER].rstrip()
    return text if first == text else f"{first} {Lines.CUT}"


def one_line(text: str, longest: int) -> str:
    return unlinked(plain_line(text, longest))


def one_word(text: str) -> str:
    return one_line(text, 60)


def plain_line(text: str, longest: int) -> str:
    """For headers and names of files."""
    line = " ".join(_bounded(text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def unlinked(text: str) -> str:
    return _IN_LINKS.sub(lambda found: f"{_JOINER}{found[0]}{_JOINER}", text)


def address(text: str) -> str:
    # to be copied and written to: no program makes more of it than a new e-mail
    return text if _ADDRESS.fullmatch(text) else shown(text)


def _bounded(text: str) -> str:
    seen = "\n".join(map(_visible, text.splitlines())).strip()
    return seen if len(seen) <= LONGEST_SHOWN else seen[: LONGEST_SHOWN - 1] + "…"


def _visible(line: str) -> str:
    return line if line.isprintable() else "".join(one for one in line if unicodedata.category(one) not in ("Cc", "Cs"))
