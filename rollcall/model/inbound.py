"""Inbound e-mails: what is read in one, and its outcome."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from rollcall.model.contribution import PaperDoubt, PaperFile, PaperKind
from rollcall.model.fault import Fault
from rollcall.model.registration import Registration


@dataclass(frozen=True)
class Envelope:
    id: str
    """24 base 32 digits, the same each time this delivery is posted."""
    recipients: tuple[str, ...]


class MachineSign(StrEnum):
    """RFC 3834, 2; RFC 2369 and 2919 for lists."""

    AUTO_SUBMITTED = "auto-submitted"
    NULL_SENDER = "null-sender"
    MAIL_SYSTEM = "mail-system"
    PRECEDENCE = "precedence"
    ABSENCE_NOTE = "absence-note"
    LIST_ID = "list-id"
    LIST_UNSUBSCRIBE = "list-unsubscribe"
    LIST_POST = "list-post"
    MAILING_LIST = "mailing-list"
    AUTOREPLY = "x-autoreply"
    CALENDAR_ANSWER = "calendar-answer"
    REPORT = "multipart-report"


class ReviewReason(StrEnum):
    READING_FAILED = "reading_failed"
    MACHINE_SENT_FORM = "machine_sent_form"
    MACHINE_SENT_ATTACHMENT = "machine_sent_attachment"
    SPAM_WITH_FORM = "spam_with_form"
    SPAM_WITH_PAPER = "spam_with_paper"
    NOT_TAKEN_APART = "not_taken_apart"
    TOO_COMPLICATED = "too_complicated"
    TOO_MANY_FILES = "too_many_files"
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
    PAPER_NOT_CLEAR = "paper_not_clear"
    CONFLICT = "conflict"
    REFUSES = "refuses"
    DOUBTFUL = "doubtful"
    SAYS_MORE = "says_more"
    """It asks or needs something."""
    REMARK = "remark"
    """Its forms are registered, and nothing is to be done."""
    INCOMPLETE_AFTER_DEADLINE = "incomplete_after_deadline"
    INCOMPLETE_NO_REPLY = "incomplete_no_reply"


@dataclass(frozen=True)
class Reason:
    """`params` are what its sentence names; no personal data."""

    code: ReviewReason
    params: Mapping[str, str] = field(default_factory=dict)


class Doubt(StrEnum):
    """With any, a form is never registered by itself."""

    CHARSET_GUESSED = "charset_guessed"
    RIGHT_TO_LEFT_PDF = "right_to_left_pdf"
    """Text out of a printed PDF may be turned round."""
    STRUCK_OUT = "struck_out"
    LOST_LETTERS = "lost_letters"
    TWO_ANSWERS = "two_answers"
    VERSIONS_DIFFER = "versions_differ"
    """Text and HTML, or text and file, have different answers."""
    OUTSIDE_THE_FORM = "outside_the_form"
    UNKNOWN_LABEL = "unknown_label"
    SAME_AS_ABOVE = "same_as_above"
    NOT_THE_NAME = "not_the_name"
    """The signature has nothing of the name."""
    QUOTED = "quoted"
    """Wholly or in part, below another form."""
    PEOPLE_NOT_DIVIDED = "people_not_divided"
    ROW_NOT_READ = "row_not_read"
    ANOTHER_EVENT = "another_event"


Doubts = Mapping[Doubt, tuple[str, ...]]
"""Each with what it is about: names of fields; labels or rows as written."""


@dataclass(frozen=True)
class ParsedForm:
    answers: Mapping[str, str]
    """As written, by field name; of a recognised choice its code."""
    registration: Registration | None
    faults: Mapping[str, tuple[Fault, ...]] = field(default_factory=dict)
    quoted: bool = False
    """All of it."""
    doubts: Doubts = field(default_factory=dict)
    language: str = ""
    """Of its labels (BCP 47); empty where they do not tell."""


@dataclass(frozen=True)
class AttachedFile:
    place: int
    """Among the files of the e-mail and of those within it."""
    name: str
    language: str = ""
    """As its name or its cover says (BCP 47)."""


@dataclass(frozen=True)
class ParsedPaper:
    files: tuple[AttachedFile, ...]
    """Of the same paper, one a language version; none: `text` is the paper."""
    cover: Mapping[str, str] = field(default_factory=dict)
    """As its cover lines say: `title`, `source`, `item`, `abstract`, `language` (BCP 47)."""
    guessed: Mapping[str, str] = field(default_factory=dict)
    """From elsewhere, or perhaps garbled."""
    beginning: str = ""
    """Of its text."""
    text: str = ""
    may_be_several: bool = False
    """Contributions: only the sender knows."""

    @property
    def language(self) -> str:
        told = (self.cover.get("language", ""), *(one.language for one in self.files))
        return next(filter(None, told), "")


@dataclass(frozen=True)
class ParsedPapers:
    """What an e-mail has of contributions, where its event takes any."""

    papers: tuple[ParsedPaper, ...] = ()
    """Their files are not among `ParsedEmail.not_read`."""
    to_contributions: bool = False
    cover: Mapping[str, str] = field(default_factory=dict)
    kind: PaperKind = PaperKind.ORIGINAL
    """As its words say."""
    numbers: tuple[int, ...] = ()
    """Of contributions that its words name."""
    withdraws: bool = False
    """Clearly, and says nothing else."""
    thanks: bool = False
    """As `ParsedEmail.thanks`, for a receipt."""
    refuses: bool = False
    """As `ParsedEmail.refuses`, beside the papers."""
    letter: str = ""
    """What stands beside them and says something."""


@dataclass(frozen=True)
class ParsedEmail:
    sender: str
    """From's address; empty where there is none."""
    subject: str
    message_id: str
    """With angle brackets; empty where there is none."""
    references: tuple[str, ...]
    """References, then In-Reply-To, each once (RFC 5322, 3.6.4)."""
    arrived_at: datetime | None
    """By SendGrid's own trace; None where that cannot be read."""
    forms: tuple[ParsedForm, ...] = ()
    not_read: tuple[str, ...] = ()
    text: str = ""
    """Its beginning; beside forms, what it says more."""
    says_more: bool = False
    """Than its forms do."""
    asks: bool = False
    """What it says more asks or needs something of a person."""
    refuses: bool = False
    """Words cancel, refuse, replace or set a condition."""
    withdraws: bool = False
    """Clearly, its sender or the person whose registration it answers; and it says nothing else."""
    thanks: bool = False
    """For an e-mail of ours about its registration, and clearly says nothing else."""
    automatic: MachineSign | None = None
    unproven: Reason | None = None
    is_proven: bool = False
    """A signature or its server says that it is From's; else nothing speaks against that, unless it is `unproven`."""
    spam: bool = False
    recipients: tuple[str, ...] = ()
    language: str = ""
    """That its headers name, among those that the desk speaks (BCP 47)."""
    sender_name: str = ""
    contributed: ParsedPapers = ParsedPapers()


class InboundStatus(StrEnum):
    UNREAD = "unread"
    REGISTERED = "registered"
    CHANGED = "changed"
    """It changed or withdrew the registration that it answers."""
    CONTRIBUTED = "contributed"
    """It has no form, but papers: all are received, or withdrawn."""
    WAITING_FOR_SENDER = "waiting_for_sender"
    NEEDS_REVIEW = "needs_review"
    AUTOMATIC = "automatic"
    """Ignored: no person sent it."""
    SPAM = "spam"


class FormStatus(StrEnum):
    REGISTERED = "registered"
    DUPLICATE = "duplicate"
    CHANGED = "changed"
    WITHDRAWN = "withdrawn"
    """By a letter without a form."""
    CONFLICT = "conflict"
    """Another form of the person's stands."""
    INCOMPLETE = "incomplete"
    """Or doubtful: the sender looks at it."""
    NOT_YET_OPEN = "not_yet_open"
    NEEDS_REVIEW = "needs_review"
    """It may be forged, a machine's, or not what its sender wants."""
    ERASED = "erased"
    """Nothing of it is left, nor of its person."""


REGISTERED = (FormStatus.REGISTERED, FormStatus.DUPLICATE, FormStatus.CHANGED)
CHANGES = (FormStatus.CHANGED, FormStatus.WITHDRAWN)


@dataclass(frozen=True)
class InboundForm:
    status: FormStatus
    registration_id: str | None = None
    """Of a registered, duplicate or conflicting form, or of the registration that it would change."""
    answers: Mapping[str, str] = field(default_factory=dict)
    """Empty where the registration has them."""
    faults: Mapping[str, tuple[Fault, ...]] = field(default_factory=dict)
    doubts: Doubts = field(default_factory=dict)
    person: str | None = None
    """`person_key`, where the form says enough."""
    language: str = ""
    """Of its labels (BCP 47); empty where they do not tell."""

    @property
    def is_letter(self) -> bool:
        """No form at all: an answer to an e-mail of ours about this registration, which a person must read."""
        is_about_one = self.status is FormStatus.NEEDS_REVIEW and self.registration_id is not None
        return is_about_one and self.person is None and not self.answers


class InboundPaperStatus(StrEnum):
    RECEIVED = "received"
    """As a contribution, or as a further paper of one."""
    DUPLICATE = "duplicate"
    """The same files came before."""
    WITHDRAWN = "withdrawn"
    """By a letter without a file."""
    INCOMPLETE = "incomplete"
    """Or not certain: its sender completes it on its page, or looks at it there."""
    REFUSED = "refused"
    """For a fault of its files."""
    NEEDS_REVIEW = "needs_review"


OPEN_PAPERS = (InboundPaperStatus.INCOMPLETE, InboundPaperStatus.REFUSED)
"""Something is asked of the sender."""
SETTLED_PAPERS = (InboundPaperStatus.RECEIVED, InboundPaperStatus.DUPLICATE, InboundPaperStatus.WITHDRAWN)


@dataclass(frozen=True)
class InboundPaper:
    status: InboundPaperStatus
    contribution_id: str = ""
    """That it is, is a further paper of, or would be."""
    title: str = ""
    source: str = ""
    item: str = ""
    abstract: str = ""
    files: tuple[PaperFile, ...] = ()
    """Kept under their ids already, each in its language; of a refused one, their names alone."""
    faults: Mapping[str, tuple[Fault, ...]] = field(default_factory=dict)
    """By `title`, `source`, `files`."""
    doubt: PaperDoubt | None = None
    kind: PaperKind = PaperKind.ORIGINAL


@dataclass(frozen=True)
class InboundEmail:
    """Its bytes are a file under the same id."""

    id: str
    event: str
    stored_at: datetime
    status: InboundStatus = InboundStatus.UNREAD
    due_at: datetime | None = None
    """While it is being read, the end of the lease; None once it was."""
    attempts: int = 0
    sender: str = ""
    subject: str = ""
    message_id: str = ""
    references: tuple[str, ...] = ()
    arrived_at: datetime | None = None
    forms: tuple[InboundForm, ...] = ()
    not_read: tuple[str, ...] = ()
    text: str = ""
    """The beginning."""
    reasons: tuple[Reason, ...] = ()
    answered: bool = False
    resolved: bool = False
    language: str = ""
    """In which its sender is answered (BCP 47); empty before it is read."""
    sender_name: str = ""
    papers: tuple[InboundPaper, ...] = ()
    consent: str = ""
    """To publication of its papers: the words that stood where its address is told; empty where none did."""
    version: object = field(default=None, compare=False)

    @property
    def needs_review(self) -> bool:
        return self.status is InboundStatus.NEEDS_REVIEW and not self.resolved

    @property
    def not_taken(self) -> tuple[str, ...]:
        """Names of the files of which nothing came yet."""
        papers = (one for one in self.papers if one.status not in SETTLED_PAPERS)
        return (*self.not_read, *(file.name for one in papers for file in one.files))

    @property
    def waits_since(self) -> datetime | None:
        """None where it needs no review."""
        return self.received_at if self.needs_review else None

    @property
    def remark(self) -> str:
        """What stands beside its forms, for the staff to read; empty if it needs review."""
        return self.text if any(reason.code is ReviewReason.REMARK for reason in self.reasons) else ""

    @property
    def received_at(self) -> datetime:
        """At SendGrid; never after it was stored."""
        return min(self.arrived_at or self.stored_at, self.stored_at)

    @property
    def thread(self) -> tuple[str, ...]:
        """The References of an answer, the last its In-Reply-To (RFC 5322, 3.6.4); empty without a Message-ID."""
        if not self.message_id:
            return ()
        return (*(one for one in self.references[-LONGEST_THREAD:] if one != self.message_id), self.message_id)


class Certainty(StrEnum):
    CERTAIN = "certain"
    ASK = "ask"
    """The sender."""
    REVIEW = "review"


GARBLED = frozenset({Doubt.CHARSET_GUESSED, Doubt.RIGHT_TO_LEFT_PDF, Doubt.ROW_NOT_READ, Doubt.ANOTHER_EVENT})
"""What the sender cannot put right by pressing Register."""


def certainty(form: ParsedForm, *, refuses: bool) -> Certainty:
    """Nothing else decides whether a form is registered by itself."""
    if refuses or not GARBLED.isdisjoint(form.doubts):
        return Certainty.REVIEW
    return Certainty.ASK if form.doubts or form.registration is None else Certainty.CERTAIN


LONGEST_THREAD = 10
"""Mail programs cut longer lists too (RFC 5537, 3.4.4)."""


def status_now(inbound: InboundEmail, registered: Collection[str]) -> InboundStatus:
    """The e-mail's status, now that the people with these keys are registered: what waited for its sender may have come
    on the form's page, or in another e-mail."""
    waits = inbound.status is InboundStatus.WAITING_FOR_SENDER
    open_papers = any(one.status in OPEN_PAPERS for one in inbound.papers)
    waited_for = (form for form in inbound.forms if form.status is not FormStatus.ERASED)
    if waits and not open_papers and all(form.person in registered for form in waited_for):
        return InboundStatus.REGISTERED
    return inbound.status
