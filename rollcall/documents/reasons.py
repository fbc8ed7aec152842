"""Why an inbound e-mail needs review, and why a form in it is not certain, in words."""

from collections.abc import Callable, Iterable

from rollcall.language import N_, Language, language
from rollcall.model.event import Event
from rollcall.model.inbound import Doubt, Doubts, MachineSign, Reason, ReviewReason

_SIGNS = {
    MachineSign.AUTO_SUBMITTED: N_("it says so itself"),
    MachineSign.NULL_SENDER: N_("nobody is named as its sender"),
    MachineSign.MAIL_SYSTEM: N_("it is from a mail system"),
    MachineSign.PRECEDENCE: N_("it was sent in bulk"),
    MachineSign.ABSENCE_NOTE: N_("it is a note of absence"),
    MachineSign.LIST_ID: N_("it came through a mailing list"),
    MachineSign.LIST_UNSUBSCRIBE: N_("it came through a mailing list"),
    MachineSign.LIST_POST: N_("it came through a mailing list"),
    MachineSign.MAILING_LIST: N_("it came through a mailing list"),
    MachineSign.AUTOREPLY: N_("it is an automatic reply"),
    MachineSign.CALENDAR_ANSWER: N_("it is a calendar's answer"),
    MachineSign.REPORT: N_("it is a delivery status notification"),
}
_SENTENCES = {
    ReviewReason.READING_FAILED: N_("It could not be read, after several attempts."),
    ReviewReason.MACHINE_SENT_FORM: N_("A program seems to have sent it (%(sign)s), but it contains a form."),
    ReviewReason.MACHINE_SENT_ATTACHMENT: N_("A program seems to have sent it (%(sign)s), but it has an attachment."),
    ReviewReason.SPAM_WITH_FORM: N_("SendGrid marked it as spam, but it contains a form."),
    ReviewReason.SPAM_WITH_PAPER: N_("SendGrid marked it as spam, but it contains a contribution."),
    ReviewReason.NOT_TAKEN_APART: N_("The sender may not be who the e-mail says: it could not be decoded."),
    ReviewReason.TOO_COMPLICATED: N_("It is too large or too complicated for our program to read."),
    ReviewReason.TOO_MANY_FILES: N_("It has more than 20 files that may hold a form. Nothing in it is registered."),
    ReviewReason.TAMPERED_POST: N_(
        "The sender may not be who the e-mail says: it contains fields that only SendGrid should set."
    ),
    ReviewReason.NO_FROM: N_("The sender may not be who the e-mail says: there is no address in From."),
    ReviewReason.SEVERAL_FROM: N_("The sender may not be who the e-mail says: there is more than one address in From."),
    ReviewReason.FROM_NOT_ALIGNED: N_(
        "The sender may not be who the e-mail says: From and the envelope name different domains."
    ),
    ReviewReason.SPF_NOT_PASSED: N_("The sender may not be who the e-mail says: the SPF check says %(outcome)s."),
    ReviewReason.DKIM_FAILED: N_("The sender may not be who the e-mail says: its DKIM signature is not valid."),
    ReviewReason.FOR_NO_EVENT: N_("It was sent to an address that names none of our events."),
    ReviewReason.ANSWERS_OUR_EMAIL: N_("It answers an e-mail of ours."),
    ReviewReason.NO_FORM: N_("No form was found in it. It may be a question, or another letter."),
    ReviewReason.ATTACHMENT_NOT_READ: N_("An attachment could not be read."),
    ReviewReason.PAPER_NOT_CLEAR: N_("It is not clear what is meant to become of a contribution."),
    ReviewReason.CONFLICT: N_("Another form of the same person is registered, and stands."),
    ReviewReason.REFUSES: N_("It may cancel, refuse, replace or set a condition. No form in it is registered."),
    ReviewReason.DOUBTFUL: N_("A form in it may have been misread."),
    ReviewReason.SAYS_MORE: N_("Beside its forms it says something that may need an answer."),
    ReviewReason.REMARK: N_("Beside its forms it says something more."),
    ReviewReason.INCOMPLETE_AFTER_DEADLINE: N_("Something is missing in it, and the deadline has passed."),
    ReviewReason.INCOMPLETE_NO_REPLY: N_(
        "Something is missing in it, and we do not reply to its sender automatically."
    ),
}
_DOUBTS = {
    Doubt.CHARSET_GUESSED: N_("Letters may have come out wrong: the e-mail does not say in which character set it is."),
    Doubt.RIGHT_TO_LEFT_PDF: N_("In a printed PDF, words that run from right to left may come out in the wrong order."),
    Doubt.STRUCK_OUT: N_("Something is struck out at %(about)s."),
    Doubt.LOST_LETTERS: N_("Letters seem to be lost at %(about)s."),
    Doubt.TWO_ANSWERS: N_("There are two different answers at %(about)s."),
    Doubt.VERSIONS_DIFFER: N_("The form came twice, with different answers at %(about)s."),
    Doubt.OUTSIDE_THE_FORM: N_("What stands at %(about)s was written outside the form."),
    Doubt.UNKNOWN_LABEL: N_("The form does not ask for %(about)s. What was written there is left out."),
    Doubt.SAME_AS_ABOVE: N_("The answer at %(about)s points to another one."),
    Doubt.NOT_THE_NAME: N_("The signature is not this person's name."),
    Doubt.QUOTED: N_("It stands in quoted text, wholly or in part."),
    Doubt.PEOPLE_NOT_DIVIDED: N_("It is not certain that all of it is about one person."),
    Doubt.ROW_NOT_READ: N_("This row of a list has other columns than the heading."),
    Doubt.ANOTHER_EVENT: N_("The e-mail speaks of another event."),
}


Written = Callable[[str], str]
"""Makes what a stranger wrote safe for where it is shown."""


def why(event: Event, reasons: Iterable[Reason], as_written: Written = str) -> str:
    return " ".join(_sentence(language(event.language), reason, as_written) for reason in reasons)


def _sentence(spoken: Language, reason: Reason, as_written: Written) -> str:
    said = {name: as_written(str(param)) for name, param in reason.params.items()}
    if "sign" in reason.params:
        said["sign"] = spoken.gettext(_SIGNS[MachineSign(reason.params["sign"])])
    return spoken.gettext(_SENTENCES[reason.code], **said)


def why_doubted(event: Event, doubts: Doubts, as_written: Written = str) -> list[str]:
    spoken, labels = language(event.language), {field.name: field.label for field in event.fields}

    def named(about: Iterable[str]) -> str:
        words = [labels.get(one) or as_written(one) for one in about] or ["…"]  # too much to be kept
        return spoken.listed([spoken.gettext("“%(word)s”", word=word) for word in words])

    return [spoken.gettext(_DOUBTS[doubt], about=named(about)) for doubt, about in doubts.items()]
