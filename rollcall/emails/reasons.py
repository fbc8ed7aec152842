"""Why an inbound e-mail needs review, in words for the staff."""

from collections.abc import Iterable

from rollcall.model.inbound import MachineSign, Reason, ReviewReason

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
    MachineSign.REPORT: "it is a delivery report",
}
_MAY_BE_FORGED = "The sender may not be who the e-mail says: "
_SENTENCES = {
    ReviewReason.READING_FAILED: "It could not be read, after several attempts.",
    ReviewReason.MACHINE_SENT_FORM: "A program seems to have sent it ({sign}), but it contains a form.",
    ReviewReason.MACHINE_SENT_ATTACHMENT: "A program seems to have sent it ({sign}), but it has an attachment.",
    ReviewReason.SPAM_WITH_FORM: "SendGrid marked it as spam, but it contains a form.",
    ReviewReason.NOT_TAKEN_APART: f"{_MAY_BE_FORGED}it could not be decoded.",
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
    ReviewReason.INCOMPLETE_AFTER_DEADLINE: "Something is missing in it, and the deadline has passed.",
    ReviewReason.INCOMPLETE_NO_REPLY: "Something is missing in it, and we do not reply to its sender automatically.",
}


def why(reasons: Iterable[Reason]) -> str:
    return " ".join(map(_sentence, reasons))


def _sentence(reason: Reason) -> str:
    sign = {"sign": _SIGNS[MachineSign(reason.params["sign"])]} if "sign" in reason.params else {}
    return _SENTENCES[reason.code].format(**{**reason.params, **sign})
