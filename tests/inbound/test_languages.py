"""In which language a form is, and what its labels mean there."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from rollcall.inbound.forms import date_in, find_forms, number_in
from rollcall.inbound.labels import vocabulary
from rollcall.inbound.mime import File, Parts
from rollcall.inbound.reader import InboxReader
from rollcall.language import language
from rollcall.local.sample import filled_in, sample_answers
from rollcall.model.event import Event
from schemas.event import read_event
from tests.support.builders import EVENTS, a_form, an_event, an_event_asking
from tests.support.inbound import raw_post, stored

FORMS = {
    "en": "Family name: Diallo\nFirst name: Amina\nE-mail: a@example.org\n",
    "fr": "Nom de famille : Diallo\nPrénom : Amina\nE-mail : a@example.org\n",
    "es": "Apellidos: Diallo\nNombre: Amina\nE-mail: a@example.org\n",
}


def an_event_in(folder: Path, *codes: str, form: str = "") -> Event:
    letter = (EVENTS / "intgov04.toml").read_text("utf-8")
    letter = re.sub(
        "^(languages|required|staff_may_leave_out) = .*\n" if form else "^languages = .*\n",
        "",
        letter,
        flags=re.MULTILINE,
    )
    path = folder / "intgov04.toml"
    path.write_text(f"languages = {list(codes)}\n{letter}\n{form}", "utf-8")
    return read_event(path)


@pytest.fixture(scope="module")
def event(tmp_path_factory: pytest.TempPathFactory) -> Event:
    return an_event_in(tmp_path_factory.mktemp("events"), "en", "fr", "es", "ru", "zh", "ar")


@pytest.mark.parametrize("code", FORMS)
def test_a_form_is_in_the_language_of_its_labels(code: str, event: Event) -> None:
    """And what comes of it, where the event offers that."""
    for offered in (event, replace(an_event(), languages=("en",), translated=None)):
        (form,) = find_forms(offered, Parts(plain=(FORMS[code],))).forms
        assert (form.answers["family_name"], form.answers["first_name"], form.language) == ("Diallo", "Amina", code)


@pytest.mark.parametrize("code", ["en", "fr", "es", "ru", "zh", "ar"])
def test_what_our_blank_form_says_above_its_questions_is_nobody_s_letter(code: str, event: Event) -> None:
    spoken = event.in_language(code)
    for beginning in ("", f"{language(code).gettext('Registration')}\n\n"):
        text = beginning + filled_in(spoken, "intgov04@forms.example", sample_answers(spoken))
        found = find_forms(event, Parts(plain=(text,)))
        assert (len(found.forms), found.letter) == (1, "")


@pytest.mark.parametrize(
    ("code", "remark"),
    [("ar", "أحتاج إلى تأشيرة."), ("zh", "我需要签证。"), ("ru", "Мне нужна виза."), ("fr", "Il me faut un visa.")],
)
def test_what_somebody_writes_above_our_blank_form_is_a_letter(code: str, remark: str, event: Event) -> None:
    spoken = event.in_language(code)
    text = f"{remark}\n\n{filled_in(spoken, 'intgov04@forms.example', sample_answers(spoken))}"
    assert find_forms(event, Parts(plain=(text,))).letter == remark


@pytest.mark.parametrize(
    ("file", "language"),
    [
        (File("a.json", "application/json", b'{"Apellidos": "Diallo", "Nombre": "Amina"}'), "es"),
        (File("a.csv", "text/csv", "Nom de famille;Prénom;Courriel\nDiallo;Amina;a@x.org".encode()), "fr"),
    ],
)
def test_a_file_is_in_the_language_of_its_labels(file: File, language: str, event: Event) -> None:
    (form,) = find_forms(event, Parts(files=(file,))).forms
    assert (form.answers["family_name"], form.answers["first_name"], form.language) == ("Diallo", "Amina", language)


@pytest.mark.parametrize("code", ["en", "fr", "es"])
def test_a_registration_is_in_the_language_of_its_form(code: str, event: Event) -> None:
    labels = {field.name: field.label for field in event.in_language(code).fields}
    content = json.dumps({labels[name]: text for name, text in a_form().items()}).encode()
    (form,) = find_forms(event, Parts(files=(File("a.json", "application/json", content),))).forms
    assert form.registration
    assert (form.registration.language, form.language) == (code, code)


def test_the_child_process_reads_it_too(event: Event) -> None:
    head = "From: a@example.org\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Language: ru-RU\r\n\r\n"
    email = InboxReader().read(stored(*raw_post((head + FORMS["fr"]).encode())), event)
    assert ([form.language for form in email.forms], email.language) == (["fr"], "ru")


def test_a_label_of_two_languages_is_that_of_the_forms_own() -> None:
    """A cargo is a freight in English, a position in Spanish."""
    names = ("family_name", "email", "job_title", "fax")
    own = "".join(f'[[form.fields]]\nname = "{name}"\n' for name in names)
    event = an_event_asking(f'{own}[[form.fields]]\nname = "freight"\nlabel = {{ en = "Cargo", es = "Carga" }}\n')
    said = {
        "en": vocabulary(event, ["Surname: Diallo", "Cargo: 3"]),
        "es": vocabulary(event, ["Apellidos: Diallo", "Cargo: 3"]),
    }
    assert {code: words.language for code, words in said.items()} == {code: code for code in said}
    called = {code: words.called("Cargo") for code, words in said.items()}
    assert called == {"en": ("freight",), "es": ("job_title",)}


def test_a_label_of_two_languages_that_are_not_the_forms_is_not_guessed_at(tmp_path: Path) -> None:
    own = '[[form.fields]]\nname = "freight"\nlabel = { en = "Freight", fr = "Cargo" }\n'
    for name in ("family_name", "email", "job_title"):
        own += f'[[form.fields]]\nname = "{name}"\n'
    event = an_event_in(tmp_path, "en", "fr", form=own)
    assert vocabulary(event, ["Surname: Diallo", "Cargo: 3"]).called("Cargo") == ()
    assert vocabulary(event, ["Nom de famille: Diallo", "Cargo: 3"]).called("Cargo") == ("freight",)


IN_SCRIPTS = """
[[form.fields]]
name = "family_name"
label = "{}"
[[form.fields]]
name = "first_name"
label = "{}"
[[form.fields]]
name = "email"
label = "{}"
[[form.fields]]
name = "title"
label = "{}"
choices = [{{ code = "mr", label = "{}" }}, {{ code = "ms", label = "{}" }}]
"""
CHINESE = ("姓", "名", "电子邮件", "称谓", "先生", "女士")
RUSSIAN = ("Фамилия", "Имя", "Электронная почта", "Обращение", "Г-н", "Г-жа")
ARABIC = ("اسم العائلة", "الاسم الأول", "البريد الإلكتروني", "اللقب", "السيد", "السيدة")
NAMES: dict[tuple[str, ...], tuple[str, str]] = {
    CHINESE: ("张", "小明"),
    RUSSIAN: ("Чжан", "Сяо"),
    ARABIC: ("تشانغ", "أمينة"),
}


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        (CHINESE, "姓：张\n名：小明\n电子邮件：a@example.org\n称谓：［ ］先生　［ｘ］女士"),
        (CHINESE, "1、姓：张\n2、名：小明\n3、电子邮件：a@example.org\n4、称谓：□先生　√女士"),
        (CHINESE, "【姓】张\n【名】小明\n【电子邮件】a@example.org\n【称谓】女士"),
        (CHINESE, "姓　　　　：张\n名　　　　：小明\n电子邮件　：a@example.org\n称　　谓　：（ ）先生（√）女士"),
        (CHINESE, "姓（中文）：张\n名（中文）：小明\n电子邮件：a@example.org\n称谓：【 】先生、【√】女士"),
        (RUSSIAN, "Фамилия: Чжан\nИмя: Сяо\nЭлектронная почта: a@example.org\nОбращение: [ ] Г-н [х] Г-жа"),
        (RUSSIAN, "1) Фамилия – Чжан\n2) Имя – Сяо\n3) Электронная почта – a@example.org\n4) Обращение – Г-жа"),
        (
            ARABIC,
            "اسم العائلة: تشانغ\nالاسم الأول: أمينة\nالبريد الإلكتروني: a@example.org\nاللقب: [ ] السيد [x] السيدة",
        ),
        (
            ARABIC,
            "\u200fاسم العائلة\u200f: تشانغ\u200f\n\u200f\n\u202bالاسم الأول: أمينة\u202c\n"
            "\u200f١) البريد الإلكتروني: a@example.org\n\u200fاللقب: السيدة",
        ),
    ],
)
def test_forms_are_read_as_people_of_each_script_write_them(labels: tuple[str, ...], text: str) -> None:
    (form,) = find_forms(an_event_asking(IN_SCRIPTS.format(*labels)), Parts(plain=(text,))).forms
    family_name, first_name = NAMES[labels]
    more = {"email": "a@example.org", "title": "ms"}
    assert (form.answers, form.doubts) == ({"family_name": family_name, "first_name": first_name, **more}, {})


@pytest.mark.parametrize(
    "written",
    [
        *("20 février 2004", "le 20 février 2004", "20 de febrero de 2004", "viernes, 20 de febrero de 2004"),
        *("20 февраля 2004 г.", "«20» февраля 2004 года", "20 фев 2004", "20.02.2004 г."),
        *("2004年2月20日", "2004 年 2 月 20 日", "２００４年２月２０日", "2004年2月20日星期五"),
        *("٢٠ فبراير ٢٠٠٤", "٢٠ شباط/فبراير ٢٠٠٤", "20 شباط 2004", "20 فيفري 2004", "20 فبراير 2004 م"),
        *("٢٠/٠٢/٢٠٠٤", "۲۰/۰۲/۲۰۰۴", "٢٠٠٤-٠٢-٢٠", "\u200f20/02/2004\u200f", "الجمعة 20 فبراير 2004"),
    ],
)
def test_a_day_is_read_as_people_of_each_language_write_it(written: str) -> None:
    assert date_in(written) == "2004-02-20"


@pytest.mark.parametrize(
    ("written", "number"),
    [
        *(("٣", "3"), ("３", "3"), ("−3", "-3"), ("1 234,5", "1234.5"), ("1\u202f234", "1234"), ("1,5", "1.5")),
        *(("١٬٢٣٤٫٥", "1234.5"), ("1'234.50", "1234.50"), ("1,234", "1,234"), ("1 23", "1 23"), ("three", "three")),
    ],
)
def test_a_number_is_read_as_people_write_it_unless_it_may_be_another(written: str, number: str) -> None:
    assert number_in(written) == number


def test_numbers_of_forms_are_read_so() -> None:
    own = "".join(f'[[form.fields]]\nname = "{name}"\n' for name in ("family_name", "email"))
    event = an_event_asking(f'{own}[[form.fields]]\nname = "boxes"\nlabel = "Boxes"\nkind = "number"\n')
    (form,) = find_forms(event, Parts(plain=("Family name: Diallo\nE-mail: a@example.org\nBoxes: 1 234,5",))).forms
    assert form.answers["boxes"] == "1234.5"
