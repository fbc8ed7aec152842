"""Inbound e-mails: what is read in one, and what became of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from rollcall.model.fault import Fault
from rollcall.model.registration import Registration


@dataclass(frozen=True)
class Envelope:
    """What must be known of an e-mail before it is stored."""

    id: str
    """24 base 32 digits, the same for the same delivery each time it is posted to us."""
    recipients: tuple[str, ...]
    """Of its envelope, as far as that can be read."""


class MachineSign(StrEnum):
    """What shows that no person sent an e-mail (RFC 3834, 2; RFC 2369 and 2919 for lists)."""

    AUTO_SUBMITTED = "auto-submitted"
    NULL_SENDER = "null-sender"
    MAIL_SYSTEM = "mail-system"
    PRECEDENCE = "precedence"
    ABSENCE_NOTE = "absence-note"
    LIST_ID = "list-id"
    LIST_UNSUBSCRIBE = "list-unsubscribe"
    LIST_POST = "list-post"
    AUTOREPLY = "x-autoreply"
    AUTORESPOND = "x-autorespond"
    REPORT = "multipart-report"


class ReviewReason(StrEnum):
    """Why an inbound e-mail needs review."""

    READING_FAILED = "reading_failed"
    MACHINE_SENT_FORM = "machine_sent_form"
    MACHINE_SENT_ATTACHMENT = "machine_sent_attachment"
    SPAM_WITH_FORM = "spam_with_form"
    NOT_TAKEN_APART = "not_taken_apart"
    TAMPERED_POST = "tampered_post"
    NO_FROM = "no_from"
    SEVERAL_FROM = "several_from"
    FROM_NOT_ALIGNED = "from_not_aligned"
    SPF_NOT_PASSED = "spf_not_passed"
    DKIM_FAILED = "dkim_failed"
    FOR_NO_EVENT = "for_no_event"
    ANSWERS_OUR_EMAIL = "answers_our_email"
    NO_FORM = "no_form"
    ATTACHMENT_NOT_READ = "attachment_not_read"
    CONFLICT = "conflict"
    INCOMPLETE_AFTER_DEADLINE = "incomplete_after_deadline"
    INCOMPLETE_NO_REPLY = "incomplete_no_reply"


@dataclass(frozen=True)
class Reason:
    """`params` are what its sentence names; no personal data."""

    code: ReviewReason
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ParsedForm:
    """A filled-in form in an e-mail."""

    answers: Mapping[str, str]
    """As the person wrote them, by field name; a choice that was recognised as its code."""
    registration: Registration | None
    """None where something is missing or wrong."""
    faults: Mapping[str, tuple[Fault, ...]] = field(default_factory=dict)
    """By field name."""
    quoted: bool = False
    """Whether all of it was quoted."""


@dataclass(frozen=True)
class ParsedEmail:
    """What was understood of an e-mail."""

    sender: str
    """The address in From; empty where there is none."""
    subject: str
    message_id: str
    """Its Message-ID, with the angle brackets; empty where there is none."""
    references: tuple[str, ...]
    """Its References and then its In-Reply-To, each once, with the angle brackets (RFC 5322, 3.6.4)."""
    arrived_at: datetime | None
    """When SendGrid received it, by SendGrid's own trace; None where that cannot be read."""
    forms: tuple[ParsedForm, ...] = ()
    not_read: tuple[str, ...] = ()
    """Names of the attachments in which no form was found: scans, papers."""
    text: str = ""
    """The beginning of what it says, for the staff."""
    automatic: MachineSign | None = None
    unproven: Reason | None = None
    """Why it may not be the sender's, if so."""
    spam: bool = False
    """Whether SendGrid takes it for spam."""
    recipients: tuple[str, ...] = ()


class InboundStatus(StrEnum):
    """What came of an inbound e-mail."""

    UNREAD = "unread"
    """To be read."""
    REGISTERED = "registered"
    """Every form in it is registered."""
    WAITING_FOR_SENDER = "waiting_for_sender"
    """The sender was told what is missing."""
    NEEDS_REVIEW = "needs_review"
    AUTOMATIC = "automatic"
    """Ignored: no person sent it."""
    SPAM = "spam"


class FormStatus(StrEnum):
    """What came of a form in an inbound e-mail."""

    REGISTERED = "registered"
    DUPLICATE = "duplicate"
    """The same form of the same person is registered."""
    CONFLICT = "conflict"
    """Another form of the same person is registered and stands."""
    INCOMPLETE = "incomplete"
    NOT_YET_OPEN = "not_yet_open"
    NEEDS_REVIEW = "needs_review"
    """Not registered automatically: the e-mail may be forged, or a machine's."""


REGISTERED = (FormStatus.REGISTERED, FormStatus.DUPLICATE)


@dataclass(frozen=True)
class InboundForm:
    """A form in an inbound e-mail, and what became of it."""

    status: FormStatus
    registration_id: str | None = None
    """The person's registration, where the form is registered, a duplicate or a conflict."""
    answers: Mapping[str, str] = field(default_factory=dict)
    """As understood, by field name; empty where the registration has them."""
    faults: Mapping[str, tuple[Fault, ...]] = field(default_factory=dict)
    """By field name."""
    person: str | None = None
    """Whose it is (`person_key`), where that can be known."""


@dataclass(frozen=True)
class InboundEmail:
    """An e-mail as stored, and what became of it. Its bytes are a file under the same id."""

    id: str
    event: str
    stored_at: datetime
    """The store's commit time."""
    status: InboundStatus = InboundStatus.UNREAD
    due_at: datetime | None = None
    """When it is next to be read; the end of the lease while it is being read; None once it was."""
    attempts: int = 0
    """How often reading it began."""
    sender: str = ""
    subject: str = ""
    message_id: str = ""
    references: tuple[str, ...] = ()
    arrived_at: datetime | None = None
    forms: tuple[InboundForm, ...] = ()
    not_read: tuple[str, ...] = ()
    text: str = ""
    """The beginning of what it says, for the staff."""
    reasons: tuple[Reason, ...] = ()
    answered: bool = False
    """Whether a reply was enqueued."""
    resolved: bool = False
    """Whether the staff dealt with it."""
    version: object = field(default=None, compare=False)
    """The store's own, for `save_inbound`."""

    @property
    def needs_review(self) -> bool:
        """Whether the staff still have to look at it."""
        return self.status is InboundStatus.NEEDS_REVIEW and not self.resolved

    @property
    def received_at(self) -> datetime:
        """When it reached SendGrid; never after it was stored."""
        return min(self.arrived_at or self.stored_at, self.stored_at)

    @property
    def thread(self) -> tuple[str, ...]:
        """The References of an answer to it; the last is its In-Reply-To (RFC 5322, 3.6.4). Empty where it has no
        Message-ID."""
        if not self.message_id:
            return ()
        return (*(one for one in self.references[-LONGEST_THREAD:] if one != self.message_id), self.message_id)


LONGEST_THREAD = 10
"""The last References, which a reply repeats; mail programs cut longer lists too (RFC 5537, 3.4.4)."""


def status_now(inbound: InboundEmail, registered: Collection[str]) -> InboundStatus:
    """The e-mail's status, now that the people with these keys are registered: what waited for its sender may have come
    on the form's page, or in another e-mail."""
    waits = inbound.status is InboundStatus.WAITING_FOR_SENDER
    if waits and all(form.person in registered for form in inbound.forms):
        return InboundStatus.REGISTERED
    return inbound.status
