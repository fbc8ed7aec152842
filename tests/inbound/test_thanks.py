"""An answer to our confirmation that only thanks for it needs nobody; whatever says more, or may, does."""

from email.message import EmailMessage

import pytest

from rollcall.inbound.reading import read
from rollcall.model.inbound import FormStatus, InboundForm, ParsedEmail
from schemas.form import written
from tests.emails.samples import AMINA, EVENT, confirmed
from tests.support.inbound import raw_post, stored
from tests.support.replies import PROGRAMS, Program, below, gmail, thunderbird

REGISTERED = InboundForm(FormStatus.REGISTERED, AMINA.id, dict(written(AMINA.registration)), language="en")


def answered(message: EmailMessage, asked: InboundForm | None = REGISTERED) -> ParsedEmail:
    return read(stored(*raw_post(bytes(message))), EVENT, asked)


def replied(above: str, program: Program = thunderbird, code: str = "en") -> ParsedEmail:
    return answered(program(above, confirmed(AMINA, EVENT.in_language(code)), code))


THANKS = [
    ("en", "Thank you!"),
    ("en", "Dear colleagues,\n\nThank you very much for the confirmation.\n\nBest regards,\nAmina Diallo"),
    ("en", "Well received, thanks.\n\nAmina Diallo\nMinistry of Posts\nTel: +224 30 41 13 31\nhttps://mpt.example.org"),
    ("en", "Noted, see you there.\n\nSent from my iPhone"),
    ("fr", "Merci beaucoup pour votre confirmation !\n\nCordialement,\nAmina Diallo"),
    ("fr", "Bien reçu, merci."),
    ("es", "Muchas gracias por la confirmación.\n\nSaludos,\nAmina Diallo"),
    ("ru", "Спасибо за подтверждение!\n\nС уважением,\nАмина Диалло"),
    ("zh", "收到,谢谢!"),
    ("zh", "非常感谢您的确认。\n\n此致\n敬礼"),
    ("ar", "شكرا جزيلا لكم"),
    ("ar", "تم الاستلام، شكرا\n\nمع تحياتي"),
]


@pytest.mark.parametrize("program", [gmail, thunderbird])
@pytest.mark.parametrize(("code", "typed"), THANKS)
def test_thanks_are_known_in_each_language(code: str, typed: str, program: Program) -> None:
    assert replied(typed, program, code).thanks


@pytest.mark.parametrize("program", [*PROGRAMS.values(), below], ids=[*PROGRAMS, "below"])
def test_thanks_are_known_whatever_the_program(program: Program) -> None:
    assert replied("Thank you very much!", program).thanks


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "Amina Diallo",
        "Dear colleagues,\n\nBest regards,\nAmina Diallo",
        "Thank you, but I cannot come.",
        "Thank you.\nI will not come.",
        "Thank you.\nI am not coming after all",
        "Thanks.\n\nPlease cancel",
        "Thank you. Is there a bus?",
        "Thank you. I need a visa.",
        "Thanks! My hotel is the Epsom",
        "Thank you for not registering me.",
        "Thanks. Please find attached my form.",
        "Thanks.\n\nWheelchair",
        "Thanks.\nMy colleague comes too",
        "Thank you, if I get the visa.",
        "Thank you\n\nP.S. Vegetarian food please",
        "Merci, mais je ne viendrai pas.",
        "Merci.\nJe suis végétarienne",
        "Gracias, pero necesito una carta de invitación.",
        "Спасибо, но я не приеду.",
        "谢谢,我不能参加。",
        "谢谢,请寄邀请函。",
        "شكرا لكن لا استطيع الحضور",
        "شكرا احتاج تاشيرة",
    ],
)
def test_whatever_says_more_is_no_thanks(typed: str) -> None:
    assert not replied(typed).thanks


def test_a_paper_or_another_subject_is_no_thanks() -> None:
    paper, subject = (PROGRAMS["no quotation"]("Thank you!", confirmed(AMINA), "en") for _ in range(2))
    paper.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="visa.pdf")
    assert not answered(paper).thanks
    del subject["Subject"]
    subject["Subject"] = "Visa"
    assert not answered(subject).thanks


def test_thanks_of_somebody_whose_registration_is_not_known_are_for_a_person() -> None:
    message = PROGRAMS["no quotation"]("Thank you!", confirmed(AMINA), "en")
    assert not answered(message, None).thanks
