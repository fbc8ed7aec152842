"""Telling: what the staff are told of messages that need a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rollcall.emails.reasons import why
from rollcall.emails.wording import LONGEST_SHOWN, differences, faults, labelled, name_of, one_line, shown
from rollcall.model.email import Attachment
from rollcall.model.event import Event
from rollcall.model.inbound import REGISTERED, FormStatus, InboundForm
from rollcall.model.registration import Registered, reference
from rollcall.model.roster import ForReview
from templates import in_zone, words

LONGEST_FORMS = 10_000
"""Characters that are said of the forms in one message at the most, or nobody could send a mail about many."""
_MORE = "more in the message itself"
_ROW = 100
"""Characters that count for what stands around a label and its text."""


@dataclass(frozen=True)
class MessageSaid:
    """What the staff are told of a message."""

    subject: str
    rows: list[tuple[str, str]]
    """Label and text."""
    forms: list[tuple[str, list[tuple[str, str]]]]
    """Of each form in it: what came of it, and what is missing and what was understood, label and text each."""
    text: str
    link: str


def for_staff(event: Event, inbound: Sequence[ForReview]) -> tuple[list[MessageSaid], tuple[Attachment, ...]]:
    """What is said of the messages, and their attachments, numbered so that no two have one name."""
    said: list[MessageSaid] = []
    attachments: list[Attachment] = []
    for one in inbound:
        files = [file for file in one.attachments if file.content]  # SendGrid takes no empty ones
        numbered = [
            replace(file, name=f"{number}-{one_line(file.name, 100) or 'attachment'}")
            for number, file in enumerate(files, start=len(attachments) + 1)
        ]
        attachments += numbered
        said.append(_message_said(event, one, [file.name for file in numbered]))
    return said, tuple(attachments)


def _message_said(event: Event, one: ForReview, attached: list[str]) -> MessageSaid:
    inbound = one.inbound
    too_large = bool(inbound.not_read) and not one.attachments
    text_is_cut = len(inbound.text) >= LONGEST_SHOWN
    forms = _forms_for_staff(event, one)
    form_is_cut = any(not form.answers and form.status not in REGISTERED for form in inbound.forms)
    not_all_here = too_large or text_is_cut or form_is_cut or any(came.endswith(_MORE) for came, _ in forms)
    rows = [
        ("From", one_line(inbound.sender, 254) or "(no address)"),
        ("Received", in_zone(inbound.received_at, event)),
        ("Why it needs you", why(inbound.reasons)),
        ("Attachments", _attachments(inbound.not_read, attached, too_large)),
        ("The message itself", f"file {inbound.id} in the store of messages" if not_all_here else ""),
    ]
    return MessageSaid(
        subject=one_line(inbound.subject, 200) or "(no subject)",
        rows=[(label, text) for label, text in rows if text],
        forms=forms,
        text=f"{shown(inbound.text).removesuffix('…')}…" if text_is_cut else shown(inbound.text),
        link=one.link,
    )


def _attachments(not_read: Sequence[str], attached: list[str], too_large: bool) -> str:
    if attached:
        return f"{', '.join(attached)} (attached here)"
    if not_read:
        why = "not attached here: look into the message" if too_large else "empty"
        return f"{', '.join(one_line(name, 100) for name in not_read)} ({why})"
    return ""


def _forms_for_staff(event: Event, one: ForReview) -> list[tuple[str, list[tuple[str, str]]]]:
    forms = one.inbound.forms
    said: list[tuple[str, list[tuple[str, str]]]] = []
    room = LONGEST_FORMS
    for form in forms:
        came, rows = _form_for_staff(event, form, one.people)
        room -= len(came) + sum(_ROW + len(label) + len(text) for label, text in rows)
        if room < 0:
            return [*said, (f"{len(forms) - len(said)} {_MORE}", [])]
        said.append((came, rows))
    return said


def _form_for_staff(
    event: Event, form: InboundForm, people: Mapping[str, Registered]
) -> tuple[str, list[tuple[str, str]]]:
    if form.status in REGISTERED and form.registration_id:
        return f"{words(form.status)}, reference {reference(form.registration_id)}", []
    stands = people.get(form.registration_id or "")
    if form.status is FormStatus.CONFLICT and stands and form.answers:
        came = f"{name_of(form.answers)}: differs from the one that stands, reference {stands.reference}"
        return came, differences(event, stands, form.answers)
    wrong = [(f"{label} (missing or wrong)", sentences) for label, sentences in faults(event, form.faults)]
    return f"{name_of(form.answers)}: {words(form.status)}", wrong + labelled(event, form.answers)
