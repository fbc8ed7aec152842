"""What stands beside the forms: what says nothing, what is for the staff, and what refuses."""

import pytest

from rollcall.inbound.letter import LONGEST_LETTER, is_closing, is_heading, names_another_event, refuses, what_it_says
from tests.support.builders import an_event

EVENT = an_event()
KNOWN = ("Pat Sec <pat.sec@mpt.example.org>", "Amina", "Diallo")


@pytest.mark.parametrize(
    "text",
    [
        "Dear Sir or Madam,\n\nPlease find attached my registration form.\n\nBest regards,\nAmina Diallo",
        "Dear Mr. Shaw,\n\nplease find below the form of Ms. Diallo.\n\nKind regards, Jo\nHead of Unit\nMinistry",
        "Registration, ITU Forum: Workshop on Internet Governance, Geneva, 26-27 February 2004",
        "Bonjour,\n\nVeuillez trouver ci-joint le formulaire d’inscription.\n\nCordialement\nAmina",
        "Estimados señores:\n\nAdjunto el formulario de inscripción.\n\nAtentamente",
        "Sehr geehrte Damen und Herren,\n\nanbei das ausgefüllte Formular.\n\nMit freundlichen Grüßen\nJürgen Müller",
        "Уважаемые господа,\n\nС уважением\nИван",
        "Добрый день!\n\nПожалуйста, зарегистрируйте меня на семинар. Анкета во вложении.\n\nЗаранее спасибо,\nИван",
        "Уважаемые коллеги,\n\nнаправляю Вам заполненную форму участника.\n\nС благодарностью\nИван Петров",
        "您好\n\n请查收附件。\n\n谢谢",
        "尊敬的先生们：\n\n附件是我填好的报名表，请查收。\n\n此致\n敬礼\n张明",
        "السادة الكرام\n\nتجدون طيه استمارة التسجيل.\n\nوتفضلوا بقبول فائق الاحترام\nأمينة",
        "السلام عليكم\n\nمع تحيات\nأمينة",
        "Sent from my iPhone",
        "Get Outlook for iOS",
        "-- \nAmina Diallo\nDirector, Ministry of Posts\nwww.mpt.example.org",
        "This e-mail and any attachment are confidential. If you are not the intended recipient, cancel.",
        "",
    ],
)
def test_what_says_nothing(text: str) -> None:
    assert what_it_says(text, EVENT, KNOWN) == ""
    assert not refuses(text)


@pytest.mark.parametrize(
    "text",
    [
        "I need a letter of invitation for the visa.",
        "Vegetarian, please.",
        "Is the hall accessible by wheelchair?",
        "Dear Sirs, I need a visa.",
        "Best regards\nAmina\n\nP.S. I arrive on Monday.",
        "Best regards\nAmina\nWho pays for the hotel?",
        "Je suis végétarienne.",
        "Necesito un visado.",
        "Ich brauche ein Visum.",
        "Мне нужна виза.",
        "我需要签证。",
        "أحتاج إلى تأشيرة",
        "Пожалуйста, пришлите приглашение.",
        "请告知酒店名称。",
        "أرجو المساعدة في الحجز",
        "Best regards\n\n\ufdd1\n\nVegetarian, please",
        "x " * LONGEST_LETTER,
    ],
)
def test_what_is_for_the_staff(text: str) -> None:
    assert what_it_says(f"Dear Sirs,\n\nplease find my form.\n\n{text}", EVENT, KNOWN)


@pytest.mark.parametrize(
    "text",
    [
        *("Please do not register me.", "Please cancel my registration.", "I cannot come.", "I am unable to attend."),
        *("I come instead of Mr. Camara.", "Please replace Mr. Camara.", "Only if my visa is granted.", "I withdraw."),
        *("Please don't register him yet.", "Register me, provided that you pay.", "This is provisional."),
        *("Merci de ne pas m'inscrire.", "J'annule mon inscription.", "Je ne viendrai pas.", "Je remplace M. Camara."),
        *("À la place de M. Camara.", "Seulement si vous payez.", "Sous réserve du visa.", "Je ne peux plus venir."),
        *(
            "No me registren.",
            "Cancelo mi inscripción.",
            "En lugar del Sr. Camara.",
            "Solo si pagan.",
            "No podré asistir.",
        ),
        *(
            "Bitte melden Sie mich nicht an.",
            "Ich sage ab: Absage.",
            "Anstelle von Herrn Camara.",
            "Nur wenn Sie zahlen.",
        ),
        *("Прошу отменить регистрацию.", "Вместо г-на Камара.", "Только если будет виза.", "Я не смогу приехать."),
        *(
            "Я не буду участвовать.",
            "Если мне дадут визу.",
            "我退出。",
            "暂不注册。",
            "改由他参加。",
            "أعتذر عن الحضور",
            "انسحبت",
        ),
        *("请取消我的报名。", "我代替他参加。", "只有拿到签证才参加。", "我不能参加。"),
        *("أرجو إلغاء تسجيلي", "بدلا من السيد كمارا", "فقط إذا حصلت على التأشيرة", "لن أحضر"),
    ],
)
def test_what_cancels_refuses_replaces_or_sets_a_condition(text: str) -> None:
    assert refuses(f"Dear Sirs,\n\n{text}")


@pytest.mark.parametrize(
    ("text", "another"),
    [
        ("Workshop on Countering Spam, 7-9 July 2004", True),
        ("Registration for the workshop on spam", True),
        ("Séminaire sur la messagerie", True),
        ("Conference, 5 to 7 May", True),
        ("Conference, May 5-7", True),
        ("Семинар, 5–7 мая", True),
        ("会议，5月5日至7日", True),
        ("ورشة العمل، 5-7 أيار", True),
        ("Семинар, 26–27 февраля 2004 г.", False),
        ("会议，2004年2月26日至27日", False),
        ("ورشة العمل، 26-27 شباط/فبراير 2004", False),
        ("Workshop on Internet Governance, 26-27 February 2004", False),
        ("the workshop on 26 and 27 February", False),
        ("the meeting on behalf of my ministry", False),
        ("I stay from 24 to 29 February", False),
        ("Please find my form for the workshop.", False),
    ],
)
def test_another_event_is_known_by_its_subject_or_its_days(text: str, another: bool) -> None:
    assert names_another_event(EVENT, text) is another


@pytest.mark.parametrize("line", ["Dear Ms. Diallo,", "Regards", "-- ", "--", "Cordialement,", "Sent from my iPad"])
def test_a_greeting_is_no_answer(line: str) -> None:
    assert is_closing(line)


@pytest.mark.parametrize(
    "line", ["Best Western Hotel", "Hi-Tech Park 3", "Ministry", "Merci-Dieu Kabongo", "Conakry", "---"]
)
def test_an_answer_is_no_greeting(line: str) -> None:
    assert not is_closing(line)


@pytest.mark.parametrize(
    ("line", "heading"),
    [
        ("Participant 2:", True),
        ("2.", True),
        ("(3)", True),
        ("Delegate no. 2", True),
        ("N° 4", True),
        ("Conakry", False),
    ],
)
def test_a_heading_counts_people(line: str, heading: bool) -> None:
    assert is_heading(line) is heading
