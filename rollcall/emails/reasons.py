"""Why an inbound e-mail needs review, and why a form in it is not certain, in words."""

from collections.abc import Iterable

from rollcall.emails.wording import one_line, unlinked
from rollcall.model.event import Event
from rollcall.model.inbound import Doubt, Doubts, MachineSign, Reason, ReviewReason

_SIGNS = {
    MachineSign.AUTO_SUBMITTED: "it says so itself",
    MachineSign.NULL_SENDER: "nobody is named as its sender",
    MachineSign.MAIL_SYSTEM: "it is from a mail system",
    MachineSign.PRECEDENCE: "it was sent in bulk",
    MachineSign.ABSENCE_NOTE: "it is a note of absence",
    MachineSign.LIST_ID: "it came through a mailing list",
    MachineSign.LIST_UNSUBSCRIBE: "it came through a mailing list",
    MachineSign.LIST_POST: "it came through a mailing list",
    MachineSign.MAILING_LIST: "it came through a mailing list",
    MachineSign.AUTOREPLY: "it is an automatic reply",
    MachineSign.CALENDAR_ANSWER: "it is a calendar's answer",
    MachineSign.REPORT: "it is a delivery status notification",
}
_MAY_BE_FORGED = "The sender may not be who the e-mail says: "
_SENTENCES = {
    ReviewReason.READING_FAILED: "It could not be read, after several attempts.",
    ReviewReason.MACHINE_SENT_FORM: "A program seems to have sent it ({sign}), but it contains a form.",
    ReviewReason.MACHINE_SENT_ATTACHMENT: "A program seems to have sent it ({sign}), but it has an attachment.",
    ReviewReason.SPAM_WITH_FORM: "SendGrid marked it as spam, but it contains a form.",
    ReviewReason.NOT_TAKEN_APART: f"{_MAY_BE_FORGED}it could not be decoded.",
    ReviewReason.TOO_COMPLICATED: "It is too large or too complicated for our program to read.",
    ReviewReason.TOO_MANY_FILES: "It has more than 20 files that may hold a form. Nothing in it is registered.",
    ReviewReason.TAMPERED_POST: f"{_MAY_BE_FORGED}it contains fields that only SendGrid should set.",
    ReviewReason.NO_FROM: f"{_MAY_BE_FORGED}there is no address in From.",
    ReviewReason.SEVERAL_FROM: f"{_MAY_BE_FORGED}there is more than one address in From.",
    ReviewReason.FROM_NOT_ALIGNED: f"{_MAY_BE_FORGED}From and the envelope name different domains.",
    ReviewReason.SPF_NOT_PASSED: f"{_MAY_BE_FORGED}the SPF check says {{outcome}}.",
    ReviewReason.DKIM_FAILED: f"{_MAY_BE_FORGED}its DKIM signature is not valid.",
    ReviewReason.FOR_NO_EVENT: "It was sent to an address that names none of our events.",
    ReviewReason.ANSWERS_OUR_EMAIL: "It answers an e-mail of ours.",
    ReviewReason.NO_FORM: "No form was found in it. It may be a question, or another letter.",
    ReviewReason.ATTACHMENT_NOT_READ: "An attachment could not be read.",
    ReviewReason.CONFLICT: "Another form of the same person is registered, and stands.",
    ReviewReason.REFUSES: "It may cancel, refuse, replace or set a condition. No form in it is registered.",
    ReviewReason.DOUBTFUL: "A form in it may have been misread.",
    ReviewReason.SAYS_MORE: "Beside its forms it says something that may need an answer.",
    ReviewReason.REMARK: "Beside its forms it says something more.",
    ReviewReason.INCOMPLETE_AFTER_DEADLINE: "Something is missing in it, and the deadline has passed.",
    ReviewReason.INCOMPLETE_NO_REPLY: "Something is missing in it, and we do not reply to its sender automatically.",
}
_DOUBTS = {
    Doubt.CHARSET_GUESSED: "Letters may have come out wrong: the e-mail does not say in which character set it is.",
    Doubt.RIGHT_TO_LEFT_PDF: "In a printed PDF, words that run from right to left may come out in the wrong order.",
    Doubt.STRUCK_OUT: "Something is struck out at {about}.",
    Doubt.LOST_LETTERS: "Letters seem to be lost at {about}.",
    Doubt.TWO_ANSWERS: "There are two different answers at {about}.",
    Doubt.VERSIONS_DIFFER: "The form came twice, with different answers at {about}.",
    Doubt.OUTSIDE_THE_FORM: "What stands at {about} was written outside the form.",
    Doubt.UNKNOWN_LABEL: "The form does not ask for {about}. What was written there is left out.",
    Doubt.SAME_AS_ABOVE: "The answer at {about} points to another one.",
    Doubt.NOT_THE_NAME: "The signature is not this person's name.",
    Doubt.QUOTED: "It stands in quoted text, wholly or in part.",
    Doubt.PEOPLE_NOT_DIVIDED: "It is not certain that all of it is about one person.",
    Doubt.ROW_NOT_READ: "This row of a list has other columns than the heading.",
    Doubt.ANOTHER_EVENT: "The e-mail speaks of another event.",
}


def why(reasons: Iterable[Reason]) -> str:
    return " ".join(map(_sentence, reasons))


def _sentence(reason: Reason) -> str:
    sign = {"sign": _SIGNS[MachineSign(reason.params["sign"])]} if "sign" in reason.params else {}
    said = {name: unlinked(str(param)) for name, param in reason.params.items()}
    return _SENTENCES[reason.code].format(**{**said, **sign})


def why_doubted(event: Event, doubts: Doubts) -> list[str]:
    labels = {field.name: field.label for field in event.fields}

    def named(about: Iterable[str]) -> str:
        return ", ".join(f"“{labels.get(one, one_line(one, 60))}”" for one in about) or "“…”"  # too much to be kept

    return [_DOUBTS[doubt].format(about=named(about)) for doubt, about in doubts.items()]
