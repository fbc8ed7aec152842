"""An answer to our confirmation that withdraws, and what must not be taken for one: then a person looks."""

from dataclasses import replace

import pytest

from rollcall.inbound.forms import About, find_forms
from rollcall.inbound.mime import File, Parts
from rollcall.inbound.reader import InboxReader
from rollcall.inbound.reading import read
from rollcall.model.inbound import FormStatus, InboundForm, ParsedEmail
from rollcall.record import from_json, to_json
from schemas.form import written
from tests.emails.samples import AMINA, EVENT, confirmed
from tests.support.inbound import raw_post, stored
from tests.support.replies import PROGRAMS, below

REGISTERED = InboundForm(FormStatus.REGISTERED, AMINA.id, written(AMINA.registration), language="en")
SUBJECT = f"Re: {confirmed(AMINA).subject}"
QUOTED = "\n".join(f"> {line}" for line in confirmed(AMINA).text.splitlines())
SENDER = "Amina Diallo <amina.diallo@mpt.example.org>"


def withdraws(
    letter: str, subject: str = SUBJECT, sender: str = SENDER, asked: InboundForm | None = REGISTERED, **parts: object
) -> bool:
    text = (
        f"{letter}\n\nOn Mon, Feb 2, 2004 at 2:00 PM Registration <registration@desk.example.org> wrote:\n\n{QUOTED}\n"
    )
    return find_forms(EVENT, Parts(plain=(text,), **parts), About(subject, sender, asked)).withdraws  # type: ignore[arg-type]


ENGLISH = (
    "I withdraw.",
    "I hereby withdraw my registration.",
    "I wish to withdraw from the workshop.",
    "Please cancel my registration.",
    "Kindly cancel my registration for the ITU Forum: Workshop on Internet Governance.",
    "I would like to cancel my registration for the Workshop on Internet Governance.",
    "Unfortunately, I cannot attend the workshop. Please cancel my registration. Thank you.",
    "I regret to inform you that I will not be able to attend due to other commitments.",
    "I'm sorry, but I can't make it. Sorry for the inconvenience.",
    "Due to unforeseen circumstances, I need to withdraw from the event. I apologize for any inconvenience this may"
    " cause.",
    "I am no longer able to participate.",
    "I won’t be coming after all.",
    "I can no longer attend, so please remove my name from the list of participants.",
    "It will not be possible for me to attend the forum.",
    "Please consider my registration as cancelled.",
    "I have to cancel my participation because of illness. I wish you a successful workshop!",
    "Please cancel my registration (2M4-F82-6F3).",
    "Please cancel the registration of Ms. Amina Diallo.",
    "Ms. Diallo will not be able to attend.",
    "With regret, Amina Diallo cannot attend the forum due to a conflict in the schedule.",
)
FRENCH = (
    "J'annule mon inscription.",
    "Je ne pourrai malheureusement pas participer à l’atelier.",
    "Je ne pourrai pas assister à l'atelier en raison d'un empêchement. Merci d'annuler mon inscription.",
    "Veuillez annuler mon inscription, s'il vous plaît.",
    "Je vous prie de bien vouloir annuler mon inscription.",
    "J’ai le regret de vous informer que je ne suis plus en mesure de participer.",
    "Je suis au regret de ne pas pouvoir venir.",
    "Je me désiste.",
    "Je dois malheureusement me désister pour des raisons professionnelles. Toutes mes excuses.",
    "Il m’est impossible d'assister au forum.",
    "Je ne viendrai pas. Désolée pour le contretemps.",
    "Mme Diallo ne pourra pas participer à l'atelier.",
    "Merci de me retirer de la liste des participants.",
)
SPANISH = (
    "Cancelo mi inscripción.",
    "Lamentablemente no podré asistir al taller.",
    "Lamento informarles que no podré asistir por motivos de salud.",
    "Les ruego que cancelen mi inscripción. Muchas gracias.",
    "Quisiera cancelar mi inscripción en el taller.",
    "Me es imposible asistir.",
    "Ya no puedo participar, por favor cancelen mi inscripción.",
    "Solicito la anulación de mi inscripción.",
    "Debido a un compromiso imprevisto no podré acudir al foro. Disculpen las molestias.",
    "No asistiré.",
    "La Sra. Diallo no podrá asistir.",
)
RUSSIAN = (
    "К сожалению, я не смогу принять участие в семинаре.",
    "Прошу отменить мою регистрацию.",
    "Пожалуйста, отмените мою регистрацию. Спасибо.",
    "Я не приеду.",
    "Я вынужден отказаться от участия в семинаре по личным обстоятельствам.",
    "Отзываю свою регистрацию.",
    "Прошу исключить меня из списка участников.",
    "В связи с болезнью не смогу приехать. Приношу извинения за неудобства.",
    "Сообщаю вам, что не смогу участвовать. Надеюсь на понимание.",
    "Г-жа Diallo не сможет принять участие.",
)
CHINESE = (
    "很遗憾，我无法参加会议。",
    "请取消我的报名。",
    "因工作原因，我不能参加本次研讨会，请取消我的注册，谢谢！",
    "抱歉，我因个人原因无法出席会议。",
    "我决定取消报名。",
    "本人因日程冲突，无法参加此次会议，特此告知。",
    "我不能来了。给您带来不便，敬请谅解。",
    "我想取消注册。",
    "我要退出会议。",
)
ARABIC = (
    "أعتذر عن عدم الحضور.",
    "للأسف لن أتمكن من حضور الورشة.",
    "أرجو إلغاء تسجيلي. شكرا.",
    "يرجى إلغاء مشاركتي في الورشة.",
    "لن أحضر.",
    "أود الانسحاب من الورشة.",
    "يؤسفني إبلاغكم بأنني لن أتمكن من المشاركة لظروف طارئة.",
    "لا أستطيع الحضور بسبب المرض.",
    "تعذر علي الحضور، أرجو إلغاء تسجيلي.",
)
WITHDRAWALS = (*ENGLISH, *FRENCH, *SPANISH, *RUSSIAN, *CHINESE, *ARABIC)


@pytest.mark.parametrize("said", WITHDRAWALS)
def test_a_clear_withdrawal(said: str) -> None:
    assert len(WITHDRAWALS) >= 60
    assert withdraws(said)


@pytest.mark.parametrize(
    "letter",
    [
        "Dear Mr. Shaw,\n\nI cannot attend.\n\nBest regards,\nAmina Diallo\nDirector, Ministry of Posts\nTel: +224 30"
        " 41 13 31",
        "Hello,\nunfortunately I will not be able to\nattend the workshop.\nThanks for your understanding.\nKind"
        " regards\nAmina",
        "Dear Sirs, I regret that I cannot attend.\n\nAmina Diallo",
        "I cannot attend.\n\nSent from my iPhone",
        "I cannot attend.\n\nGet Outlook for Android<https://aka.ms/AAb9ysg>",
        "Please cancel my registration.\n-- \nAmina Diallo\nMinistère des Postes\nPlace du Marché 3,"
        " Conakry\nwww.mpt.example.org",
        "I cannot attend.\n\nRegards\nAmina\n\nThis e-mail and any attachment are confidential. If you are not the"
        " intended"
        " recipient, please cancel it, and do not come near it.",
        "Thank you for the confirmation.\n\nI cannot attend the workshop.\n\nSincerely\nA. Diallo",
        "Bonjour Monsieur,\n\nje ne pourrai pas venir.\n\nJe vous prie d'agréer, Monsieur, l'expression de mes"
        " salutations"
        " distinguées.\n\nAmina Diallo\nAssistante du Ministre\n\nEnvoyé de mon iPhone",
        "Estimados señores:\n\nNo podré asistir.\n\nAtentamente,\nAmina Diallo",
        "Уважаемые коллеги,\n\nк сожалению, не смогу приехать.\n\nС уважением,\nАмина Диалло\nначальник отдела",
        "尊敬的主办方：\n\n我无法参加会议。\n\n此致\n敬礼\n迪亚洛",
        "السلام عليكم\n\nلن أتمكن من الحضور.\n\nمع تحيات\nأمينة",
        "I, Amina Diallo, cannot attend the forum.",
    ],
)
def test_what_stands_around_it_says_no_more(letter: str) -> None:
    assert withdraws(letter)


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "Cancellation",
        "Cancellation of my registration",
        "Withdrawal: Amina Diallo",
        "Annulation de mon inscription",
        "Cancelación de inscripción",
        "Отмена регистрации",
        "取消报名",
        "إلغاء التسجيل",
        f"RE: [EXTERNAL] {confirmed(AMINA).subject}",
        *(f"Re: {confirmed(AMINA, EVENT.in_language(code)).subject}" for code in EVENT.languages),
    ],
)
def test_a_subject_that_says_no_more(subject: str) -> None:
    assert withdraws("I cannot attend.", subject)


IN_PART = (
    "Please cancel my hotel.",
    "Please cancel my hotel reservation.",
    "I cannot attend the dinner.",
    "I cannot attend the first day.",
    "I cannot attend on 26 February.",
    "I cannot attend in person.",
    "I cannot attend in the morning, but in the afternoon.",
    "I will not come alone.",
    "I will not come by train.",
    "I withdraw my question.",
    "I withdraw my paper.",
    "Please cancel my registration for the dinner.",
    "Please cancel my registration for the second day.",
    "Please cancel.",
    "Please cancel the visa letter.",
    "Merci d'annuler ma réservation d'hôtel.",
    "Je ne pourrai pas assister au dîner.",
    "Je ne pourrai pas participer le premier jour.",
    "Cancelen mi reserva de hotel, por favor.",
    "No podré asistir a la cena.",
    "Не смогу присутствовать на ужине.",
    "Прошу отменить бронирование гостиницы.",
    "我不能参加晚宴。",
    "我无法参加第一天的会议。",
    "请取消我的酒店预订。",
    "لن أتمكن من حضور العشاء.",
    "أرجو إلغاء حجز الفندق.",
)
CONDITIONAL = (
    "I may have to cancel my registration.",
    "I might not be able to attend.",
    "If I cannot come, I will tell you.",
    "I am not sure that I can attend.",
    "I cannot attend unless I get a visa.",
    "I will probably not attend.",
    "I don't think I can attend.",
    "I cannot attend if the visa is late.",
    "Please cancel my registration if you do not hear from me by Friday.",
    "I fear that I cannot attend.",
    "Il se peut que je ne puisse pas venir.",
    "Si je ne peux pas venir, je vous le dirai.",
    "Je ne pourrai peut-être pas participer.",
    "Quizás no podré asistir.",
    "Si no puedo asistir, les avisaré.",
    "Возможно, я не смогу приехать.",
    "Если я не смогу приехать, я сообщу.",
    "我可能无法参加会议。",
    "如果我不能参加，我会通知您。",
    "恐怕我无法参加会议。",
    "قد لا أتمكن من الحضور.",
    "إذا لم أتمكن من الحضور سأبلغكم.",
)
NEGATED = (
    "I do not want to withdraw.",
    "Please do not cancel my registration.",
    "I do not wish to cancel my registration.",
    "It is not true that I cannot attend.",
    "Never cancel my registration.",
    "It is possible for me to attend.",
    "Thank you for not cancelling my registration.",
    "Merci de ne pas annuler mon inscription.",
    "Je ne souhaite pas annuler mon inscription.",
    "Por favor no cancelen mi inscripción.",
    "No quiero cancelar mi inscripción.",
    "Прошу не отменять мою регистрацию.",
    "Я не отказываюсь от участия.",
    "请不要取消我的报名。",
    "我不想取消报名。",
    "我不能不参加会议。",
    "لا أريد إلغاء تسجيلي.",
    "لا تلغوا تسجيلي.",
)
OTHERS = (
    "My colleague cannot come.",
    "Mr. Camara will not come.",
    "Mr. Diallo will not be able to attend.",
    "Ms. Fatou Diallo will not be able to attend.",
    "Amina will not be able to attend.",
    "She cannot attend.",
    "My colleague and I cannot attend.",
    "We cannot attend.",
    "Please cancel the registration of Mr. Camara.",
    "Please cancel his registration.",
    "Please cancel all our registrations.",
    "I cannot attend. Mr. Camara will come instead.",
    "I cannot attend. Please register Mr. Camara in my place.",
    "I cannot attend, my deputy will represent us.",
    "Ms. Diallo cannot attend and will be replaced by Mr. Camara.",
    "M. Camara me remplace. Merci d'annuler mon inscription.",
    "Mon collègue ne pourra pas venir.",
    "M. Diallo ne pourra pas venir.",
    "Nous ne pourrons pas participer.",
    "Mi colega no podrá asistir.",
    "El Sr. Camara asistirá en mi lugar. No podré asistir.",
    "Мой коллега не сможет приехать.",
    "Вместо меня приедет г-н Камара. Я не смогу приехать.",
    "我的同事不能参加会议。",
    "他不能参加会议。",
    "我不能参加会议，由张先生代替。",
    "لن يتمكن زميلي من الحضور.",
    "لن أتمكن من الحضور وسيحضر السيد كمارا بدلا مني.",
)
ASKED_OR_PAST = (
    "Can I cancel my registration?",
    "How can I cancel my registration?",
    "Please tell me how to cancel my registration.",
    "Is the event cancelled?",
    "The event is cancelled.",
    "I had cancelled my registration.",
    "I have already cancelled my registration last week.",
    "Did you cancel my registration?",
    "I thought that I could not attend, but I can.",
    "I cannot attend? I am registered.",
    "Cancelé mi inscripción.",
    "¿Puedo cancelar mi inscripción?",
    "Puis-je annuler mon inscription ?",
    "Можно ли отменить мою регистрацию?",
    "我可以取消报名吗？",
    "هل يمكن إلغاء تسجيلي؟",
    "You wrote: I cannot attend.",
)
AND_MORE = (
    "I cannot attend. Please refund my fee.",
    "Please cancel my registration and my hotel.",
    "I cannot attend, but please send me the papers.",
    "I cannot attend, please send an invoice.",
    "I cannot attend but would like to follow the webcast.",
    "I cannot attend. I will attend the next day.",
    "Please cancel my registration. I registered twice.",
    "Please cancel my registration, I will send a new form.",
    "I would like to cancel my registration and register for the training.",
    "I cannot attend this year because my visa was refused.",
    "Thank you for the confirmation.",
    "Our hotel is now the Cornavin, please update.",
    "Thank you, I look forward to it.",
    "Unfortunately.",
    "I am out of the office and cannot attend to my e-mail.",
    "I am out of the office until 3 March and will not be able to answer your message.",
    "I am on leave. I cannot attend.",
    "Je suis absente du bureau jusqu'au 3 mars.",
    "Estoy fuera de la oficina.",
    "Я в отпуске до 3 марта.",
    "我正在休假，无法回复邮件。",
    "This mailbox is no longer attended.",
    "Unsubscribe me.",
    "Ich komme nicht.",
    "",
)
NO_WITHDRAWALS = (*IN_PART, *CONDITIONAL, *NEGATED, *OTHERS, *ASKED_OR_PAST, *AND_MORE)


@pytest.mark.parametrize("said", NO_WITHDRAWALS)
def test_what_is_not_one_clearly(said: str) -> None:
    assert len(NO_WITHDRAWALS) >= 80
    assert not withdraws(said)
    assert not withdraws(f"Dear Sirs,\n\n{said}\n\nRegards\nAmina Diallo")


@pytest.mark.parametrize(
    "letter",
    [
        "I cannot attend.\n\nBest regards\nAmina Diallo\n\nMr. Camara will come instead.",
        "I cannot attend.\n\nRegards\nAmina\n\nP.S. Please keep my hotel.",
        "I cannot attend.\n\nRegards\nAmina\n\nWho pays?",
        "I cannot attend.\n\nThanks for registering Mr. Camara",
        "Dear Mr. Camara will come instead.\n\nI cannot attend.",
        "Dear Sirs, my colleague comes.\nI cannot attend.",
        "Best regards, please register Mr. Camara\nI cannot attend.",
        "I cannot attend.\nHotel: Hôtel du Lac",
        "I cannot attend.\n\nFax: -",
        "He cannot attend.\n\n---------- Forwarded message ---------\nFrom: Sekou Camara <sc@mpt.example.org>\nDate:"
        " Mon,"
        " 2 Feb 2004\nSubject: Workshop\nTo: Amina Diallo <amina.diallo@mpt.example.org>\n\nI will come.",
        "Please see below.\n\n---------- Forwarded message ---------\nFrom: Sekou Camara <sc@mpt.example.org>\nDate:"
        " Mon, 2 Feb"
        " 2004\nSubject: Workshop\nTo: Amina Diallo <amina.diallo@mpt.example.org>\n\nI cannot attend.",
        "> I cannot attend.\n\nThank you.",
        "I cannot attend.\n" * 200,
    ],
)
def test_what_stands_around_it_says_more(letter: str) -> None:
    assert not withdraws(letter)


@pytest.mark.parametrize(
    "subject",
    [
        "Mr. Camara comes instead",
        "Hotel",
        f"{SUBJECT} - please register Mr. Camara",
        f"FW: {confirmed(AMINA).subject}",
        "Automatic reply: out of office",
    ],
)
def test_a_subject_that_says_more(subject: str) -> None:
    assert not withdraws("I cannot attend.", subject)


def test_a_person_is_known_by_the_registration_alone() -> None:
    said = "Ms. Diallo will not be able to attend."
    assert withdraws(said, sender="Pat Sec <amina.diallo@mpt.example.org>")
    assert not withdraws(said, asked=replace(REGISTERED, answers={**REGISTERED.answers, "family_name": "Bah"}))
    assert not withdraws(said, asked=replace(REGISTERED, answers={**REGISTERED.answers, "title": "mr"}))
    assert not withdraws(
        "Please cancel my registration (2M4-F82-6F3).", asked=replace(REGISTERED, registration_id="0" * 24)
    )


def test_what_answers_no_confirmation_withdraws_nothing() -> None:
    assert not withdraws("I cannot attend.", asked=None)
    assert not withdraws("I cannot attend.", asked=replace(REGISTERED, status=FormStatus.INCOMPLETE))


def test_beside_a_form_or_a_paper_it_is_for_a_person() -> None:
    assert not withdraws("I cannot attend.", files=(File("scan.jpg", "image/jpeg", b"\xff\xd8\xff"),))
    assert not withdraws("I cannot attend.", within=(Parts(plain=("I cannot attend.",)),))


def test_both_versions_have_to_say_so() -> None:
    assert withdraws("I cannot attend.", html=("<p>I cannot attend.</p>",))
    assert not withdraws("I cannot attend.", html=("<p>I cannot attend the dinner.</p>",))
    assert not withdraws("I cannot attend.", html=("<p>I cannot <s>not</s> attend.</p>",))


@pytest.mark.parametrize("program", [*PROGRAMS.values(), below], ids=[*PROGRAMS, "below"])
@pytest.mark.parametrize("code", EVENT.languages)
def test_whatever_program_wrote_it(program: object, code: str) -> None:
    said = {"en": ENGLISH, "fr": FRENCH, "es": SPANISH, "ru": RUSSIAN, "zh": CHINESE, "ar": ARABIC}[code]
    ours = confirmed(AMINA, EVENT.in_language(code))
    for above, expected in ((said[1], True), ("Thank you very much!", False), ("", False)):
        mime = bytes(program(above, ours, code))  # type: ignore[operator]
        email = read(stored(*raw_post(mime)), EVENT, REGISTERED)
        assert (email.withdraws, email.forms) == (expected, ())


def test_a_machine_withdraws_nobody_and_the_child_says_it_too() -> None:
    mime = bytes(PROGRAMS["Thunderbird"]("I cannot attend.", confirmed(AMINA), "en"))
    email = InboxReader().read(stored(*raw_post(mime)), EVENT, REGISTERED)
    assert email.withdraws
    assert from_json(ParsedEmail, to_json(email)) == email
    assert not read(stored(*raw_post(b"Auto-Submitted: auto-replied\r\n" + mime)), EVENT, REGISTERED).withdraws
