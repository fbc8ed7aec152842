"""An answer to our confirmation that gives lines of the form changes those lines, and nothing that it quotes does."""

from collections.abc import Mapping
from dataclasses import replace
from email.message import EmailMessage

import pytest

from rollcall.inbound.forms import About, find_forms
from rollcall.inbound.mime import Parts
from rollcall.inbound.reader import InboxReader
from rollcall.inbound.reading import read
from rollcall.local.sample import filled_in
from rollcall.model.inbound import Certainty, Doubt, FormStatus, InboundForm, ParsedEmail, certainty
from schemas.form import written
from tests.emails.samples import AMINA, EVENT, confirmed
from tests.support.builders import a_form, a_form_in_text
from tests.support.inbound import raw_post, stored
from tests.support.replies import PROGRAMS, Program, below, gmail, in_between, outlook, thunderbird

ANSWERS = dict(written(AMINA.registration))
REGISTERED = InboundForm(FormStatus.REGISTERED, AMINA.id, ANSWERS, language="en")
EVERY_PROGRAM = pytest.mark.parametrize("program", [*PROGRAMS.values(), below], ids=[*PROGRAMS, "below"])


def answered(message: EmailMessage, asked: InboundForm = REGISTERED) -> ParsedEmail:
    return read(stored(*raw_post(bytes(message))), EVENT, asked)


def replied(above: str, program: Program = thunderbird, code: str = "en") -> ParsedEmail:
    return answered(program(above, confirmed(AMINA, EVENT.in_language(code)), code))


def changes(email: ParsedEmail) -> Mapping[str, str]:
    """Of the one form that it has."""
    (form,) = email.forms
    assert not form.quoted
    assert form.answers.keys() >= ANSWERS.keys()
    return {name: text for name, text in form.answers.items() if text != ANSWERS.get(name, "")}


def is_certain(email: ParsedEmail) -> bool:
    return [certainty(form, refuses=email.refuses) for form in email.forms] == [Certainty.CERTAIN]


LAC_ALONE = {"hotel": "Hôtel du Lac"}
LAC = LAC_ALONE | {"hotel_tel": ""}
"""The number was the other hotel's."""
LAC_AND_TEL = LAC | {"hotel_tel": "+41 22 111 22 33"}
REPLIES: Mapping[str, tuple[tuple[str, Mapping[str, str]], ...]] = {
    "en": (
        ("Hotel: Hôtel du Lac", LAC),
        ("Dear Mr. Shaw,\n\nplease change my hotel:\n\nHotel: Hôtel du Lac\nHotel tel.: +41 22 111 22 33\n\nRegards\n"
         "Amina Diallo\nDirector\nTel: +224 30 99 99 99\nE-mail: office@mpt.example.org", LAC_AND_TEL),
        ("Thank you for the confirmation. My hotel has changed.\nHotel: Hôtel du Lac\n\nSent from my iPhone", LAC),
        ("Hi,\n\nmy number has changed:\nTel.: +224 30 99 99 99\n\nThanks\nAmina", {"tel": "+224 30 99 99 99"}),
        ("Fax: -", {"fax": ""}),
        ("Fax: none\nHotel: Hôtel du Lac", LAC | {"fax": ""}),
        ("E-mail: amina@home.example.org", {"email": "amina@home.example.org"}),
        ("First name: Aminata", {"first_name": "Aminata"}),
        ("You represent: ITU Sector Member", {"category": "sector-member"}),
        ("Complete address: BP 4000\nConakry\nGuinée", {"address": "BP 4000\nConakry\nGuinée"}),
        ("Hotel: Hôtel Cornavin", {}),
        ("* Hotel: Hôtel du Lac\n* Tel. of the hotel: +41 22 111 22 33", LAC_AND_TEL),
    ),
    "fr": (
        ("Hôtel : Hôtel du Lac", LAC),
        ("Bonjour,\n\nVeuillez modifier mon hôtel :\n\nHôtel : Hôtel du Lac\nTél. de l’hôtel : +41 22 111 22 33\n\n"
         "Merci d’avance,\nAmina Diallo", LAC_AND_TEL),
        ("Télécopie : néant", {"fax": ""}),
        ("Nom de famille : Diallo\nPrénom : Amina\nHôtel : Hôtel du Lac", LAC),
    ),
    "es": (
        ("Hotel: Hôtel du Lac", LAC),
        ("Estimados señores:\n\nMi nuevo hotel es:\n\nHotel: Hôtel du Lac\nTel. del hotel: +41 22 111 22 33\n\n"
         "Saludos cordiales\nAmina Diallo", LAC_AND_TEL),
        ("Fax: ninguno", {"fax": ""}),
    ),
    "ru": (
        ("Гостиница: Hôtel du Lac", LAC),
        ("Здравствуйте!\n\nПрошу внести изменения:\n\nГостиница: Hôtel du Lac\nТел. гостиницы: +41 22 111 22 33\n\n"
         "С уважением,\nАмина Диалло", LAC_AND_TEL),
        ("Факс: нет", {"fax": ""}),
    ),
    "zh": (
        ("酒店：Hôtel du Lac", LAC),
        ("您好！\n\n请更新我的信息：\n\n酒店：Hôtel du Lac\n酒店电话：+41 22 111 22 33\n\n谢谢！\n迪亚洛", LAC_AND_TEL),
        ("传真：无", {"fax": ""}),
    ),
    "ar": (
        ("الفندق: Hôtel du Lac", LAC),
        ("السلام عليكم\n\nيرجى تعديل بياناتي كما يلي:\n\nالفندق: Hôtel du Lac\nهاتف الفندق: +41 22 111 22 33\n\n"
         "مع تحيات\nأمينة", LAC_AND_TEL),
        ("الفاكس: لا يوجد", {"fax": ""}),
    ),
}  # fmt: skip
EACH = [(code, above, expected) for code, replies in REPLIES.items() for above, expected in replies]


@EVERY_PROGRAM
@pytest.mark.parametrize(("code", "above", "expected"), EACH)
def test_lines_of_the_form_change_those_lines(
    program: Program, code: str, above: str, expected: Mapping[str, str]
) -> None:
    assert len(EACH) >= 25
    email = replied(above, program, code)
    assert changes(email) == expected
    assert is_certain(email)
    assert not email.asks
    assert not email.withdraws


@EVERY_PROGRAM
@pytest.mark.parametrize("code", EVENT.languages)
@pytest.mark.parametrize(
    "above",
    [
        "",
        "Thank you very much!",
        "Our hotel is now the Cornavin, please update",
        "My new telephone: +224 30 99 99 99",
        "Thank you!\n\nBest regards,\nAmina Diallo\nTel: +224 30 99 99 99\nE-mail: office@mpt.example.org",
        "Noted, see you there.\n\nAmina Diallo\nMinistry of Posts\nTel.: +224 30 99 99 99\nFax: +224 30 99 99 98",
        "Noted.\n-- \nAmina Diallo\nTel.: +224 30 99 99 99",
        "Hotel:\nTel. of the hotel:",
    ],
)
def test_what_has_no_line_of_the_form_changes_nothing(program: Program, code: str, above: str) -> None:
    assert replied(above, program, code).forms == ()


@pytest.mark.parametrize("code", EVENT.languages)
def test_an_answer_in_between_changes_its_line(code: str) -> None:
    email = replied(REPLIES[code][0][0], in_between, code)
    assert (changes(email), is_certain(email)) == (LAC, True)


def test_answers_in_two_places_in_between() -> None:
    text = confirmed(AMINA).text
    quoted = [f"> {line}" for line in text.splitlines()]
    at = next(at for at, line in enumerate(quoted) if "Fax:" in line)
    quoted[at + 1 : at + 1] = ["", "Fax: -", ""]
    at = next(at for at, line in enumerate(quoted) if line.strip("> ").startswith("Hotel:"))
    quoted[at + 1 : at + 1] = ["", "Hotel: Hôtel du Lac", ""]
    message = EmailMessage()
    message["From"], message["Subject"] = "amina.diallo@mpt.example.org", f"Re: {confirmed(AMINA).subject}"
    message.set_content("On Mon, 2 Feb 2004 at 14:00, Registration wrote:\n" + "\n".join(quoted) + "\n")
    email = answered(message)
    assert (changes(email), is_certain(email)) == (LAC | {"fax": ""}, True)


@pytest.mark.parametrize("program", [gmail, outlook])
def test_a_quotation_that_somebody_edited_is_for_a_person(program: Program) -> None:
    ours = confirmed(AMINA)
    text, html = (version.replace("Hôtel Cornavin", "Beau-Rivage") for version in (ours.text, ours.html))
    assert answered(program("See below.", replace(ours, text=text, html=html), "en")).forms == ()


@EVERY_PROGRAM
def test_an_earlier_confirmation_in_the_quotation_brings_nothing_back(program: Program) -> None:
    """The hotel was changed by the link meanwhile."""
    now = replace(REGISTERED, answers=ANSWERS | LAC)
    (form,) = answered(program("Fax: -", confirmed(AMINA), "en"), now).forms
    assert (form.answers["hotel"], form.answers["fax"]) == ("Hôtel du Lac", "")


def forwarded(above: str, subject: str) -> EmailMessage:
    message = PROGRAMS["Outlook"](above, confirmed(AMINA), "en")
    message.replace_header("Subject", f"{subject}: {confirmed(AMINA).subject}")
    return message


@pytest.mark.parametrize("subject", ["FW", "Fwd", "RE: FW", "TR", "转发"])
def test_a_confirmation_that_is_forwarded_to_us_is_quoted_too(subject: str) -> None:
    assert changes(answered(forwarded("Hotel: Hôtel du Lac", subject))) == LAC
    assert answered(forwarded("Please see below.", subject)).forms == ()


def test_a_confirmation_that_is_attached_changes_nothing_by_itself() -> None:
    attached = EmailMessage()
    attached["Subject"] = confirmed(AMINA).subject
    attached.set_content(confirmed(AMINA).text)
    message = PROGRAMS["no quotation"]("Thank you!", confirmed(AMINA), "en")
    message.add_attachment(attached)
    assert changes(answered(message)) == {}
    now = replace(REGISTERED, answers=ANSWERS | LAC_ALONE)
    (form,) = answered(message, now).forms
    assert form.doubts[Doubt.OUTSIDE_THE_FORM] == ("hotel",)


class TestAWholeForm:
    MOVED: Mapping[str, str] = {name: str(text) for name, text in a_form(hotel="Hôtel du Lac").items()}

    @pytest.mark.parametrize("program", [*PROGRAMS.values(), below], ids=[*PROGRAMS, "below"])
    def test_in_the_text(self, program: Program) -> None:
        email = replied(a_form_in_text(**self.MOVED), program)
        assert (changes(email), is_certain(email)) == (LAC_ALONE, True)

    @pytest.mark.parametrize("code", EVENT.languages)
    def test_ours_in_each_language(self, code: str) -> None:
        text = filled_in(EVENT.in_language(code), "intgov04@forms.example.org", self.MOVED)
        email = replied(text, code=code)
        assert changes(email).items() <= (LAC | {"title": "ms"}).items()
        assert is_certain(email)

    def test_attached(self) -> None:
        message = thunderbird("Please find my new form attached.", confirmed(AMINA), "en")
        message.add_attachment(a_form_in_text(**self.MOVED), subtype="csv", filename="form.txt")
        email = answered(message)
        assert (changes(email), is_certain(email)) == (LAC_ALONE, True)

    def test_what_it_leaves_blank_stays_and_what_it_has_not_goes(self) -> None:
        email = replied("Family name: Diallo\nFirst name: Amina\nTel.:\nFax: -\nHotel: Hôtel du Lac")
        assert (changes(email), is_certain(email)) == (LAC | {"fax": ""}, True)

    def test_of_somebody_else_is_somebody_else_s(self) -> None:
        other = a_form(
            family_name="Camara", first_name="Sekou", email="s.camara@mpt.example.org", signature="S. Camara"
        )
        (form,) = replied(a_form_in_text(**other)).forms
        assert form.registration is not None
        assert (form.registration.family_name, form.doubts) == ("Camara", {})


@pytest.mark.parametrize(
    ("above", "doubt"),
    [
        ("Hotel: Hôtel du Lac\nHotel: Beau-Rivage", Doubt.TWO_ANSWERS),
        ("Hotel: Hôtel du Lac\nMobile: +224 30 99 99 99", Doubt.UNKNOWN_LABEL),
        ("Hotel: Hôtel du Lac\nTel.: +41 22 111 22 33", Doubt.OUTSIDE_THE_FORM),
        ("Hotel: Hôtel du Lac\n\nI moved there\n\nFax: -", Doubt.OUTSIDE_THE_FORM),
        ("Hotel: Can you recommend one?", Doubt.OUTSIDE_THE_FORM),
        ("Hotel: Hôtel du Lac instead of Cornavin", Doubt.OUTSIDE_THE_FORM),
        ("Hotel: Hôtel du Lac. Please also book a shuttle.", Doubt.OUTSIDE_THE_FORM),
        ("Hotel: same as above", Doubt.SAME_AS_ABOVE),
        ("First name: Am?na", Doubt.LOST_LETTERS),
        ("Family name: Diallo\nFirst name: Aminata", Doubt.PEOPLE_NOT_DIVIDED),
        ("Family name: Camara\nFirst name: Sekou", Doubt.PEOPLE_NOT_DIVIDED),
        ("First name: Sekou\nE-mail: s.camara@mpt.example.org", Doubt.PEOPLE_NOT_DIVIDED),
        (a_form_in_text(first_name="Fatou", signature="Fatou Diallo"), Doubt.PEOPLE_NOT_DIVIDED),
        ("Please change for my colleague Mr. Camara:\n\nHotel: Hôtel du Lac", Doubt.PEOPLE_NOT_DIVIDED),
        ("Pour ma collègue :\n\nHôtel : Hôtel du Lac", Doubt.PEOPLE_NOT_DIVIDED),
        ("Para el Sr. Camara:\n\nHotel: Hôtel du Lac", Doubt.PEOPLE_NOT_DIVIDED),
        ("Для моего коллеги:\n\nГостиница: Hôtel du Lac", Doubt.PEOPLE_NOT_DIVIDED),
        ("我同事的信息：\n\n酒店：Hôtel du Lac", Doubt.PEOPLE_NOT_DIVIDED),
        ("بيانات زميلي:\n\nالفندق: Hôtel du Lac", Doubt.PEOPLE_NOT_DIVIDED),
        ("For Mr. Camara:\n\nHotel: Hôtel du Lac", Doubt.PEOPLE_NOT_DIVIDED),
        ("Workshop on Spam\n\nHotel: Hôtel du Lac", Doubt.ANOTHER_EVENT),
    ],
)
def test_what_is_less_than_clear_is_doubted(above: str, doubt: Doubt) -> None:
    email = replied(above)
    assert [doubt in form.doubts for form in email.forms] == [True]
    assert not is_certain(email)


@pytest.mark.parametrize(
    "above",
    [
        "If my visa comes in time:\nHotel: Hôtel du Lac",
        "I may change to this one:\nHotel: Hôtel du Lac",
        "Peut-être :\nHôtel : Hôtel du Lac",
        "Quizás:\nHotel: Hôtel du Lac",
        "Возможно:\nГостиница: Hôtel du Lac",
        "可能：\n酒店：Hôtel du Lac",
        "ربما:\nالفندق: Hôtel du Lac",
        "Please cancel my registration.\nHotel: Hôtel du Lac",
        "Do not register this yet.\nHotel: Hôtel du Lac",
    ],
)
def test_what_may_not_be_is_for_a_person(above: str) -> None:
    email = replied(above)
    assert [certainty(form, refuses=email.refuses) for form in email.forms] == [Certainty.REVIEW]


def test_the_person_s_own_name_is_nobody_else_s() -> None:
    email = replied("Please change the hotel of Ms. Amina Diallo:\n\nHotel: Hôtel du Lac")
    assert (changes(email), is_certain(email)) == (LAC, True)


def test_the_other_version_s_answers_are_compared() -> None:
    message = gmail("Hotel: Hôtel du Lac", confirmed(AMINA), "en")
    _, html = message.iter_parts()
    html.set_content(html.get_content().replace("Hôtel du Lac", "Beau-Rivage"), subtype="html")
    (form,) = answered(message).forms
    assert form.doubts == {Doubt.VERSIONS_DIFFER: ("hotel",)}


def test_a_charset_that_had_to_be_guessed_is_doubted() -> None:
    parts = Parts(plain=("Hotel: Hôtel du Lac",), doubts=(Doubt.CHARSET_GUESSED,))
    (form,) = find_forms(EVENT, parts, About(asked=REGISTERED)).forms
    assert form.doubts == {Doubt.CHARSET_GUESSED: ()}


@pytest.mark.parametrize("above", ["E-mail: -", "Family name: -", "Tel.: not a number"])
def test_what_the_form_does_not_allow_has_faults(above: str) -> None:
    (form,) = replied(above).forms
    assert form.registration is None
    assert form.faults


def test_what_is_registered_says_nothing_to_the_staff() -> None:
    for code in EVENT.languages:
        email = replied(REPLIES[code][0][0], code=code)
        assert (email.says_more, email.refuses, email.text) == (False, False, email.text)
        assert email.forms[0].language == "en"


def test_the_child_process_reads_it_too() -> None:
    mime = bytes(thunderbird("Hotel: Hôtel du Lac", confirmed(AMINA), "en"))
    assert changes(InboxReader().read(stored(*raw_post(mime)), EVENT, REGISTERED)) == LAC


@pytest.mark.parametrize(
    "header",
    [
        "From: Registration <registration@desk.example.org>\nSent: 2 February 2004 14:00\nTo: Amina\nSubject: Re",
        "________________________________\nFra: Registration <registration@desk.example.org>\n"
        "Sendt: 2. februar 2004 14:00\nTil: Amina Diallo <amina.diallo@mpt.example.org>\nEmne: Re",
    ],
)
def test_a_line_directly_above_the_quoted_header_is_the_sender_s(header: str) -> None:
    text = f"Hotel: Hôtel du Lac\n{header}\n\n{confirmed(AMINA).text}"
    (form,) = find_forms(EVENT, Parts(plain=(text,)), About(asked=REGISTERED)).forms
    assert form.answers == ANSWERS | LAC
