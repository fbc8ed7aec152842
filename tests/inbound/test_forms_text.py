"""Filled-in forms in text."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.inbound.grouping import MOST_FORMS
from rollcall.inbound.quoting import lines_of, times_forwarded
from rollcall.inbound.text import forms_in_text, read_text
from tests.support.builders import a_form, a_form_in_text, an_event

EVENT = an_event()
NAMED = "Family name: Diallo\nFirst name: Amina\n"
PERSON = {"family_name": "Diallo", "first_name": "Amina"}


def read(text: str) -> list[dict[str, str]]:
    """The answers of each form in the text."""
    return [dict(form.answers) for form in forms_in_text(EVENT, text)]


def read_one(text: str) -> Mapping[str, str]:
    """The answers of the one form in the text."""
    (form,) = read(text)
    return form


def beside_name(lines: str) -> dict[str, str]:
    """What is read beside a name in these lines below one."""
    return {name: answer for name, answer in read_one(NAMED + lines).items() if name not in PERSON}


ANNEX_1 = """\
ITU Strategy and Policy Unit
ITU Forum: Workshop on Internet Governance
To be returned to the ITU Strategy and Policy Unit (Fax +41 22 730 6453 / spumail@itu.int) by 20 February 2004

Mr. [ ]  Mrs. [ ]  Ms. [x]  Miss [ ]

[x] Administration of ITU Member State   [ ] ITU Sector Member   [ ] ITU Associate   [ ] Non-Member

Family Name ........ Diallo ...........   First Name: Amina
Name and complete address of Administration or Organization:
Ministère des Postes et Télécommunications
BP 3000
Conakry
Guinée
Tel: +224 30 41 13 31   Fax: +224 30 45 31 16
E-mail: amina.diallo@mpt.example.org
Hotel: Hôtel Cornavin
Tel. 022 716 12 12
Date: 2004-02-02   Signature: Amina Diallo
"""

FRENCH = """\
Civilité : Mme
Vous représentez : Administration of ITU Member State
Nom de famille : Diallo
Prénom(s) : Amina
Nom et adresse complète de l’administration ou de l’organisation :
Ministère des Postes et Télécommunications
BP 3000
Conakry
Guinée
Tél. : +224 30 41 13 31
Télécopie : +224 30 45 31 16
Adresse électronique : amina.diallo@mpt.example.org
Hôtel : Hôtel Cornavin
Tél. (hôtel) : 022 716 12 12
Date : 2004-02-02
Signature : Amina Diallo
"""

SPANISH = """\
Título: Sra.
Usted representa: member-state
Apellido(s): Diallo
Nombre(s): Amina
Administración u organización: Ministère des Postes et Télécommunications
Dirección completa: BP 3000
Conakry
Guinée
Teléfono: +224 30 41 13 31
Fax: +224 30 45 31 16
Correo electrónico: amina.diallo@mpt.example.org
Hotel: Hôtel Cornavin
Teléfono del hotel: 022 716 12 12
Fecha: 2004-02-02
Firma: Amina Diallo
"""


@pytest.mark.parametrize(("text", "title"), [(ANNEX_1, "ms"), (FRENCH, "mrs"), (SPANISH, "mrs")])
def test_the_whole_form_is_read(text: str, title: str) -> None:
    assert read_one(text) == a_form(title=title)
    assert read_one(text.replace("\n", "\r\n").replace(": ", "\xa0: ").upper())["family_name"] == "DIALLO"


@pytest.mark.parametrize(
    "line",
    [
        "Hotel: Cornavin",
        "HOTEL : Cornavin",
        "hotel：Cornavin",
        "Hôtel: Cornavin",
        "Hotel\tCornavin",
        "Hotel     Cornavin",
        "Hotel ......... Cornavin",
        "Hotel.........: Cornavin",
        "Hotel ………… Cornavin ……",
        "Hotel: ______Cornavin______",
        "Hotel - Cornavin",
        "Hotel – Cornavin",
        "Hotel = Cornavin",
        "Hotel\nCornavin",
        "Hotel:\nCornavin",
        "9. Hotel: Cornavin",
        "b) Hotel: Cornavin",
        "(3) Hotel: Cornavin",
        "• Hotel: Cornavin",
        "- Hotel: Cornavin",
        "*Hotel:* Cornavin",
        "**Hotel**: **Cornavin**",
        "Hotel (optional): Cornavin",
        "Hotel (if known): Cornavin",
        "Hôtel / Hotel : Cornavin",
        "\u200eHotel\u200b: \u200fCornavin\u200f",
        "\ufeffHotel:\xa0Cornavin",
        "| Hotel | Cornavin |",
        "Hotel\nWhere you stay. Leave it empty if you do not know yet.\nCornavin",
        "Hotel: Cornavin\n\nBest regards\nA. D.",
        "Hotel: Cornavin\nSee you soon",
        "Hotel:\nHotel: Cornavin\nHotel: Beau-Rivage",
    ],
)
def test_labels_are_known_however_they_are_written(line: str) -> None:
    assert beside_name(line) == {"hotel": "Cornavin"}


@pytest.mark.parametrize(
    ("line", "answers"),
    [
        ("E-mail: a@example.org <mailto:a@example.org>", {"email": "a@example.org"}),
        ("E-mail: a@example.org[mailto:a@example.org]", {"email": "a@example.org"}),
        ("E-mail: <a@example.org>", {"email": "a@example.org"}),
        ("E-mail: <mailto:a@example.org>", {"email": "a@example.org"}),
        ("E-mail a@example.org", {"email": "a@example.org"}),
        ("E-mail: Amina Diallo <a@example.org>", {"email": "a@example.org"}),
        ('E-mail: "Diallo, Amina" <a@example.org>;', {"email": "a@example.org"}),
        ("E-mail: Amina <a@example.org> or <b@example.org>", {"email": "Amina <a@example.org> or <b@example.org>"}),
        ("Tel +41 (0)22 730 51 11", {"tel": "+41 (0)22 730 51 11"}),
        ("Tel: +41 22 730 51 11<tel:+41227305111>", {"tel": "+41 22 730 51 11"}),
        ("Tel: 1 Fax: 2 E-mail: a@example.org", {"tel": "1", "fax": "2", "email": "a@example.org"}),
        ("Tel: 1; Fax: 2, Hotel: Cornavin (Genève)", {"tel": "1", "fax": "2", "hotel": "Cornavin (Genève)"}),
        ("Tel.\t1\tFax\t\tHotel\tCornavin", {"tel": "1", "hotel": "Cornavin"}),
        ("Tel.\tFax\tHotel\n1\t\tCornavin", {"tel": "1", "hotel": "Cornavin"}),
        ("Tel:\nFax:\nHotel: to be confirmed\nTel: 3", {"hotel": "to be confirmed", "hotel_tel": "3"}),
        ("Hotel: none\nTel: 3", {"hotel": "none", "tel": "3"}),
        ("Tel:\nI have none\nFax: 2", {"fax": "2"}),
        ("Hotel: ________\nTel: .......\nFax: -", {}),
        ("Hotel: ________\nThe form is to be returned by fax", {}),
        ("Signature:\n\nBest regards", {}),
        ("Signature: A. Diallo Jr.", {"signature": "A. Diallo Jr."}),
        (
            "Organization: Ministry of Posts\nand Telegraphs\nFax: 2",
            {"organization": "Ministry of Posts and Telegraphs"},
        ),
        ("Organization: Ministry\n\nI come late.\nFax: 2", {"organization": "Ministry"}),
        (
            "Name and complete address of Administration or Organization: Ministry, \nBP 3\n\nYours",
            {"organization": "Ministry", "address": "BP 3"},
        ),
        ("Name and complete address of Administration or Organization: Ministry", {"organization": "Ministry"}),
        (
            "Name and complete address of Administration or Organization: Ministry, BP 3, Conakry\nFax: 2",
            {"organization": "Ministry", "address": "BP 3, Conakry"},
        ),
        (
            "Name and complete address of Administration or Organization:\nMinistry, Posts\nBP 3, Conakry\nFax: 2",
            {"organization": "Ministry, Posts", "address": "BP 3, Conakry"},
        ),
        (
            "5. Name and complete address of Administration\n   or Organization: Ministry\nBP 3\nFax: 2",
            {"organization": "Ministry", "address": "BP 3"},
        ),
        (
            "Hotel: none\nName and complete address of\nAdministration or Organization:\nMinistry\nBP 3",
            {"hotel": "none", "organization": "Ministry", "address": "BP 3"},
        ),
        ("Complete address: BP 3\nName and complete\n\naddress\nFax: 2", {"address": "BP 3\nName and complete"}),
        ("Complete address: BP 3\n(Guinée)\nTel. of the\nhotel: 3", {"address": "BP 3\n(Guinée)", "hotel_tel": "3"}),
        ("Complete address: BP 3\n(Guinée)\nHotel: none", {"address": "BP 3\n(Guinée)", "hotel": "none"}),
        ("Complete address:\n\nBP 3\n\nConakry\n\nFax: 2", {"address": "BP 3\nConakry"}),
        ("Complete address: BP 3\nConakry\n\nI come late.\n\nFax: 2", {"address": "BP 3\nConakry"}),
        (f"Hotel: {'long ' * 12} \nsuite", {"hotel": f"{'long ' * 12}suite"}),
        ("Hotel: Cornavin\n-- \nTel: 1\nE-mail: a@example.org", {"hotel": "Cornavin"}),
    ],
)
def test_what_stands_at_a_label(line: str, answers: dict[str, str]) -> None:
    found = beside_name(line)
    assert {name: found.get(name) for name in answers} == answers
    assert set(found) - set(answers) <= {"fax"}


@pytest.mark.parametrize(
    "line",
    [
        "Title: Ms.",
        "Title: ms",
        "Title:\nMs.",
        "Ms.",
        "Title: [ ] Mr.  [ ] Mrs.  [x] Ms.  [ ] Miss",
        "Title: [] Mr. [] Mrs. [X] Ms. [] Miss",
        "[ ] Mr.  [ ] Mrs.  [ x ] Ms.  [ ] Miss",
        "( ) Mr. ( ) Mrs. (x) Ms. ( ) Miss",
        "( ) Mr. / ( ) Mrs. / ( x ) Ms. / ( ) Miss",
        "Mr. [ ]  Mrs. [ ]  Ms. [x]  Miss [ ]",
        "Mr. ☐ Mrs. ☐ Ms. ☒ Miss ☐",
        "☐ Mr. ☐ Mrs. ☑ Ms. ☐ Miss",
        "□ Mr. □ Mrs. ■ Ms. □ Miss",
        "\uf0a8 Mr. \uf0a8 Mrs. \uf0fe Ms. \uf0a8 Miss",
        "Mr. / Mrs. / Ms. ✓ / Miss",
        "Mr. / Mrs. / ✔ Ms. / Miss",
        "Mr. / Mrs. / X Ms. / Miss",
        "Mr.   Mrs.   X Ms.   Miss",
        "__ Mr. __ Mrs. _X_ Ms. __ Miss",
        "[ ]\tMr.\t[ ]\tMrs.\t[x]\tMs.\t[ ]\tMiss",
        "Title:\n[ ] Mr.\n[ ] Mrs.\n[x] Ms.\n[ ] Miss",
        "Title:\n\n   Mr. [ ]\n\n   Ms. [x]",
        "Mr. / Mrs. / Ms. / Miss: Ms.",
        "Mr. / Mrs. / Ms. / Miss\tMs.",
        "Mr. / Mrs. / Ms. / Miss\nMs.",
        "Title: Director\nMs. [x]",
        "[x] Ms.\nTitle: Director",
    ],
)
def test_a_ticked_title(line: str) -> None:
    assert beside_name(line) == {"title": "ms"}


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("Mister", "mr"),
        ("Monsieur", "mr"),
        ("M.", "mr"),
        ("Mme", "mrs"),
        ("Mlle", "miss"),
        ("Sr.", "mr"),
        ("Señora", "mrs"),
        ("Srta", "miss"),
        ("Director of Policy", "Director of Policy"),
    ],
)
def test_a_title_in_other_words(words: str, title: str) -> None:
    assert beside_name(f"Title: {words}") == {"title": title}


@pytest.mark.parametrize(
    "line",
    [
        "Title: [ ] Mr.  [ ] Mrs.  [ ] Ms.  [ ] Miss",
        "Title: [x] Mr.  [ ] Mrs.  [x] Ms.  [ ] Miss",
        "Title: Mr. / Mrs. / Ms. / Miss",
        "Mr. / Mrs. / Ms. / Miss",
        "Mr. Mrs. x Ms. Miss",
        "☐ Mr. ☐ Mrs. ☐ Ms. ☐ Miss",
        "I agree [x]",
        "Ms. Camara will come, too.",
    ],
)
def test_no_title_is_guessed(line: str) -> None:
    assert beside_name(line) == {}


@pytest.mark.parametrize(
    "lines",
    [
        "You represent:\n[ ] Administration of ITU Member State\n[x] ITU Sector Member\n[ ] Non-Member",
        "You represent:\n  Administration of ITU Member State [ ]\n  ITU Sector Member [X]\n  ITU Associate [ ]",
        "You represent:\n[ ] Administration of ITU\n    Member State\n[x] ITU Sector\n    Member\n",
        "[ ] Administration of ITU Member State [x] ITU Sector Member [ ] ITU Associate [ ] Non-Member",
        "Administration of ITU Member State\t[ ]\nITU Sector Member\t[x]\nITU Associate\t[ ]\nNon-Member\t[ ]",
        "Category: ITU Sector Member",
        "Category\tsector-member",
        "Catégorie :\nITU SECTOR MEMBER",
        "☐ Mr. ☐ Miss\n☒ ITU Sector Member ☐ Non-Member",
        "[x] ITU Sector Member (since 1999)",
    ],
)
def test_a_ticked_category(lines: str) -> None:
    assert beside_name(lines) == {"category": "sector-member"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Dear Sir, I would like to come. Amina Diallo",
        "Best regards,\nAmina Diallo\nTitle: Director\nOrganization: Ministry\nTel: 1\nFax: 2\nE-mail: a@example.org",
        "Name: Amina Diallo\nTel: 1\nFax: 2\nE-mail: a@example.org\nDate: 2 February 2004",
        "Family name:\nFirst name:\nTitle: [ ] Mr. [ ] Ms.\nComplete address:\n\nTel.:\nFax:\nSignature:\n",
        "From: A\nSent: today\nTo: B\nSubject: Hotel\nDate: 2 February 2004",
    ],
)
def test_what_is_no_form(text: str) -> None:
    assert read(text) == []


REPLY = "On Mon, 2 Feb 2004 at 10:00, Desk <desk@example.org> wrote:"


@pytest.mark.parametrize(
    ("text", "answers", "quoted"),
    [
        ("> Family name: Diallo\n> First name: Amina", PERSON, True),
        (">> Family name: Diallo\n> > First name: Amina", PERSON, True),
        ("| Family name: Diallo\n| First name: Amina", PERSON, True),
        (
            f"Hotel: X\n\n{REPLY}\n\n> Family name: Diallo\n> First name: Amina\n> Hotel: Y",
            PERSON | {"hotel": "X"},
            False,
        ),
        (f"{REPLY}\n> Family name: Diallo\n> First name: Amina\n\nHotel: X", PERSON | {"hotel": "X"}, False),
        (f"{NAMED}\n{REPLY}\n> Family name: Diallo\n> First name: Amina\n> Hotel: Y", PERSON | {"hotel": "Y"}, False),
        (f"Yes\n\n{REPLY}\n\nFamily name: Diallo\nFirst name: Amina", PERSON, True),
        ("Le lun. 2 févr. 2004, Desk <desk@example.org>\na écrit :\n\n> Nom: Diallo\n> Prénom: Amina", PERSON, True),
        ("El lun, 2 feb 2004, Desk escribió:\nApellido: Diallo\nNombre: Amina", PERSON, True),
        (
            "> Family name:\nDiallo\n> First name: ____\nAmina\n> Complete address:\n>\nBP 3\nConakry\n"
            "> Title: [ ] Ms. [ ] Mr.\nMs.",
            PERSON | {"address": "BP 3\nConakry", "title": "ms"},
            False,
        ),
        (
            "-----Original Message-----\nFrom: A <a@example.org>\nSent: Monday\nTo: B\nSubject: Form\n\n" + NAMED,
            PERSON,
            True,
        ),
        ("________________\nDe : A\nEnvoyé : lundi\nÀ : B\nObjet : Nom: X\n\n" + NAMED, PERSON, True),
        (
            "---------- Forwarded message ---------\nFrom: A <a@example.org>\nDate: 2 Feb 2004\nSubject: x\nTo: B\n\n"
            + NAMED,
            PERSON,
            False,
        ),
        (
            "Begin forwarded message:\n\n> From: A <a@example.org>\n> Date: 2 Feb 2004\n> To: B\n> Subject: x\n>\n"
            "> Family name: Diallo\n> First name: Amina",
            PERSON,
            False,
        ),
        (f"Début du message transféré :\nDe: A\nDate: 2004-02-02\nÀ: B\n\n{NAMED}", PERSON, False),
        (
            f"-------- Mensaje reenviado --------\nAsunto: x\nFecha: 2004-02-02\nDe: A\nPara: B\n\n{NAMED}",
            PERSON,
            False,
        ),
        (
            f"---------- Forwarded message ---------\nFrom: A\nDate: x\n\nsee below\n{REPLY}\n> Hotel: X\n> " + NAMED,
            PERSON | {"hotel": "X"},
            False,
        ),
    ],
)
def test_what_is_quoted_fills_in(text: str, answers: dict[str, str], quoted: bool) -> None:
    (form,) = forms_in_text(EVENT, text)
    assert (form.answers, form.quoted) == (answers, quoted)


def test_a_blank_ends_a_label_among_several() -> None:
    form = a_form_in_text().replace(": ", " ")
    (answered,) = forms_in_text(EVENT, f"Dear colleagues,\n\n{form}")
    assert answered.answers["family_name"] == "Diallo"
    assert answered.answers["address"] == "BP 3000\nConakry\nGuinée"


def test_a_blank_after_a_word_of_prose_ends_no_label() -> None:
    prose = "Hotel Cornavin is full.\nOrganization of it is good.\nTitle of my talk is X.\nName me one.\n"
    assert (forms_in_text(EVENT, prose), "Cornavin" in read_text(EVENT, prose).beside) == ([], True)


def test_what_is_quoted_of_another_person_is_a_form_of_its_own() -> None:
    own, quoted = forms_in_text(EVENT, f"{NAMED}\n{REPLY}\n> Family name: Camara\n> First name: Sekou\n> Hotel: Y")
    assert (own.answers, own.quoted) == (PERSON, False)
    assert (quoted.answers["family_name"], quoted.quoted) == ("Camara", True)


TIME = "Montag, 19. Januar 2004 10:13"
HEADERS = {
    "de": f"Von: Registration <desk@rollcall.example>\nGesendet: {TIME}\nAn: Ada\nBetreff: x",
    "pt": f"De: Registration <desk@rollcall.example>\nEnviada em: {TIME}\nPara: Ada\nAssunto: x",
    "it": f"Da: Registration [mailto:desk@rollcall.example]\nInviato: {TIME}\nA: Ada\nOggetto: x",
    "nl": f"Van: Registration <desk@rollcall.example>\nVerzonden: {TIME}\nAan: Ada\nOnderwerp: x",
    "ru": f"От: Registration <desk@rollcall.example>\nОтправлено: {TIME}\nКому: Ada\nТема: x",
    "zh": "发件人： Registration <desk@rollcall.example>\n发送时间： 2004年1月19日 10:13\n收件人： Ada\n主题： x",
    "ja": "差出人: Registration <desk@rollcall.example>\n送信日時: 2004年1月19日 10:13\n宛先: Ada\n件名: x",
    "ko": "보낸 사람: Registration <desk@rollcall.example>\n보낸 날짜: 2004년 1월 19일 10:13\n받는 사람: Ada\n제목: x",
    "pl": f"Od: Registration <desk@rollcall.example>\nWysłano: {TIME}\nDo: Ada\nTemat: x",
    "tr": f"Kimden: Registration <desk@rollcall.example>\nGönderildi: {TIME}\nKime: Ada\nKonu: x",
    "ar": "من: Registration <desk@rollcall.example>\nتم الإرسال: 19/يناير/2004 10:13 ص\nإلى: Ada\nالموضوع: x",
    "sv": "Från: Registration <desk@rollcall.example>\nSkickat: den 19 januari 2004 10:13\nTill: Ada\nÄmne: x",
    "fi": "Lähettäjä: Registration <desk@rollcall.example>\nLähetetty: 19.1.2004 10:13\nVastaanottaja: Ada\nAihe: x",
    "ru Копия": f"От: Registration\nДата: {TIME}\nКому: Ada\nКопия: Bob\nТема: x",
    "zh QQ": "发件人： Registration\n发送时间： 2004年1月19日 10:13\n收件人： Ada\n抄送： Bob\n主题： x",
    "ar التاريخ": f"من: Registration\nالتاريخ: {TIME}\nإلى: Ada\nالموضوع: x",
    "bold": f"*Von:* Registration <d@rollcall.example>\n*Gesendet:* {TIME}\n*An:* Ada <a@b.example>;\nB\n*Betreff:* x",
}
"""As Outlook writes them, without marks before what it quotes."""


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
@pytest.mark.parametrize("divider", ["", "________________________________\n", "-----Ursprüngliche Nachricht-----\n"])
def test_outlook_quotes_in_any_language(headers: str, divider: str) -> None:
    above = "Could you send me a letter of invitation for the visa? It is urgent.\n\n"
    (form,) = forms_in_text(EVENT, f"{above}{divider}{headers}\n\n{NAMED}")
    assert (form.answers, form.quoted) == (PERSON, True)


def test_a_sentence_above_outlook_s_headers_forwards_nothing() -> None:
    (form,) = forms_in_text(EVENT, f"Please change the name in this:\n\n{HEADERS['de']}\n\n{NAMED}")
    assert form.quoted


@pytest.mark.parametrize(
    "introduction",
    [
        "Am Mo., 19. Jan. 2004 um 10:13 Uhr schrieb Registration <desk@rollcall.example>:",
        "W dniu 19.01.2004 o 10:13, Registration pisze:",
        "Em seg., 19 de jan. de 2004 às 10:13, Registration <\ndesk@rollcall.example> escreveu:",
        "Il giorno lun 19 gen 2004 alle ore 10:13 Registration <desk@rollcall.example> ha scritto:",
        "Op ma 19 jan 2004 om 10:13 schreef Registration <desk@rollcall.example>:",
        "пн, 19 янв. 2004 г. в 10:13, Registration <desk@rollcall.example>:",
        "Registration <desk@rollcall.example> 于2004年1月19日周一 10:13写道：",
        "2004年1月19日(月) 10:13 Registration <desk@rollcall.example>:",
        "2004년 1월 19일 (월) 오전 10:13, Registration <desk@rollcall.example>님이 작성:",
        "Registration <desk@rollcall.example>, 19 Oca 2004 Pzt, 10:13 tarihinde şunu yazdı:",
        "19 янв. 2004 г., в 10:13, Registration <desk@rollcall.example> написал(а):",
        "在 2004年1月19日，10:13，Registration <desk@rollcall.example> 写道：",
        "في ١٩‏/٠١‏/٢٠٠٤، الساعة ١٠:١٣ ص، كتب Registration <desk@rollcall.example>:",
        "في الاثنين، 19 يناير 2004 في 10:13 ص تمت كتابة ما يلي بواسطة ‪Registration‬‏ <‪desk@rollcall.example‬‏>:",
        "Den mån 19 jan. 2004 kl 10:13 skrev Registration <desk@rollcall.example>:",
    ],
)
def test_an_introduction_in_any_language(introduction: str) -> None:
    """What stands above is the sender's own; of what stands below nothing is."""
    assert [form.quoted for form in forms_in_text(EVENT, f"Yes\n\n{introduction}\n\n{NAMED}")] == [True]
    (form,) = forms_in_text(EVENT, f"Hotel: X\n{introduction}\n\n> Family name: Diallo\n> First name: Amina\n")
    assert (form.answers, form.quoted) == (PERSON | {"hotel": "X"}, False)


@pytest.mark.parametrize(
    "marker",
    [
        "Anfang der weitergeleiteten Nachricht:\n",
        "---------- Weitergeleitete Nachricht ---------",
        "-------- Messaggio Inoltrato --------",
        "-----Пересылаемое сообщение-----",
        "Начало переадресованного сообщения:\n",
        "---------- 转发的邮件 ----------",
        "-------- الرسالة المعاد توجيهها --------",
        "---------- Videresendt besked ---------",
    ],
)
def test_what_is_forwarded_in_any_language_is_the_sender_s_own(marker: str) -> None:
    (form,) = forms_in_text(EVENT, f"See below.\n\n{marker}\n{HEADERS['de']}\n\n{NAMED}")
    assert (form.answers, form.quoted) == (PERSON, False)


@pytest.mark.parametrize(
    "above",
    [
        "Please register for the workshop of 26 and 27 February 2004:",
        "Name: A\nE-mail: a@example.org\nFlight: 25.02.2004 10:30\n",
        "Bank transfer:",
        "Here is my form:",
    ],
)
def test_what_a_person_writes_above_a_form_is_no_introduction(above: str) -> None:
    assert [form.quoted for form in forms_in_text(EVENT, f"{above}\n{NAMED}")] == [False]


def test_a_question_that_ends_in_a_colon_is_kept() -> None:
    text = [line.text for line in lines_of("Can I bring my colleague? My form:\n\n> Family name: Diallo")]
    assert text[0] == "Can I bring my colleague? My form:"


OUTLOOK = "From: A <a@example.org>\nSent: Monday\nTo: B\nSubject: Form\n\n"
ORIGINAL = "-----Original Message-----\n"


@pytest.mark.parametrize(
    ("text", "forwarded", "answers", "quoted"),
    [
        (ORIGINAL + OUTLOOK + NAMED, 1, PERSON, False),
        (f"See below.\n\n________________\n{OUTLOOK}{NAMED}", 1, PERSON, False),
        (
            f"{ORIGINAL}> From: A\n> To: B\n> Subject: Form\n>\n> Family name: Diallo\n> First name: Amina",
            1,
            PERSON,
            False,
        ),
        (f"{ORIGINAL}{OUTLOOK}{ORIGINAL}{OUTLOOK}{NAMED}", 1, PERSON, True),
        (f"{ORIGINAL}{OUTLOOK}{ORIGINAL}{OUTLOOK}{NAMED}", 2, PERSON, False),
        (f"{ORIGINAL}{OUTLOOK}{NAMED}Hotel: X\n{ORIGINAL}{OUTLOOK}{NAMED}Hotel: Y", 1, PERSON | {"hotel": "X"}, False),
        (f"---------- Forwarded message ---------\n{OUTLOOK}Yes\n{ORIGINAL}{OUTLOOK}{NAMED}", 1, PERSON, True),
        (f"Yes\n\n{REPLY}\n\n{NAMED}", 1, PERSON, True),
    ],
)
def test_what_a_subject_says_was_forwarded_is_not_quoted(
    text: str, forwarded: int, answers: dict[str, str], quoted: bool
) -> None:
    (form,) = read_text(EVENT, text, forwarded).forms
    assert (form.answers, form.quoted) == (answers, quoted)


@pytest.mark.parametrize(
    ("subject", "times"),
    [
        ("FW: form", 1),
        ("Fwd: form", 1),
        ("TR : formulaire", 1),
        ("RV:formulario", 1),
        ("WG: form", 1),
        ("I: form", 1),
        ("VS: form", 1),
        ("转发：表格", 1),
        ("[EXTERNAL] FW: form", 1),
        ("FW: Fwd: form", 2),
        ("Fwd: RE: FW: form", 1),
        ("RE: FW: form", 0),
        ("Fwd form", 0),
        ("Trip: form", 0),
        ("", 0),
    ],
)
def test_a_subject_says_how_often_it_was_forwarded(subject: str, times: int) -> None:
    assert times_forwarded(subject) == times


SECOND = {"family_name": "Camara", "first_name": "Sekou"}


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        (f"{NAMED}Hotel: X\n\nFamily name: Camara\nFirst name: Sekou\n", {"hotel": "X"}, {}),
        (
            f"Title: Ms.\n{NAMED}Hotel: X\nTitle: Mr.\nFamily name: Camara\nFirst name: Sekou\nHotel: Y",
            {"title": "ms", "hotel": "X"},
            {"title": "mr", "hotel": "Y"},
        ),
        (f"{NAMED}Hotel: X\n\nTitle: Mr.\nFamily name: Camara\nFirst name: Sekou", {"hotel": "X"}, {"title": "mr"}),
        (
            "First name: Amina\nFamily name: Diallo\nHotel: X\nFirst name: Sekou\nFamily name: Camara",
            {"hotel": "X"},
            {},
        ),
        (
            f"Organization: M\nCategory: Non-Member\nHotel: X\n\n{NAMED}\nFamily name: Camara\nFirst name: Sekou",
            {"organization": "M", "category": "non-member", "hotel": "X"},
            {"organization": "M", "category": "non-member"},
        ),
        (
            f"Category: Non-Member\n{NAMED}\nCategory: [ ] Non-Member\nFamily name: Camara\nFirst name: Sekou",
            {"category": "non-member"},
            {},
        ),
        (
            "Title\tFamily name\tFirst name\tTel.\nMs.\tDiallo\tAmina\t1\nMr.\tCamara\tSekou\t2\n",
            {"title": "ms", "tel": "1"},
            {"title": "mr", "tel": "2"},
        ),
        (
            "| Title | Family name | First name |\n|---|---|---|\n| Ms. | Diallo | Amina |\n| Mr. | Camara | Sekou |",
            {"title": "ms"},
            {"title": "mr"},
        ),
    ],
)
def test_several_forms_in_a_text(text: str, first: dict[str, str], second: dict[str, str]) -> None:
    assert read(text) == [PERSON | first, SECOND | second]


def test_no_more_forms_than_a_delegation_has() -> None:
    text = "\n".join(f"Family name: F{number}\nFirst name: A" for number in range(MOST_FORMS + 20))
    forms = forms_in_text(EVENT, text)
    assert len(forms) == MOST_FORMS + 1  # one more says that there are more
    assert not any(form.doubts for form in forms)


def test_who_writes_above_a_form_is_not_who_it_is_of() -> None:
    """A colleague's telephone and address below a few words change nothing of the quoted form."""
    quoted = "\n".join(f"> {line}" for line in a_form_in_text().splitlines())
    above = "Any news?\nBob\nTel: +1 613 555 0100\nE-mail: bob@example.com\n\nOn Monday, Amina wrote:\n"
    (form,) = forms_in_text(EVENT, above + quoted)
    assert form.quoted
    assert form.answers["email"] == "amina.diallo@mpt.example.org"
    assert form.answers["tel"] == "+224 30 41 13 31"


def test_a_signature_above_takes_nothing_from_what_is_quoted_below() -> None:
    quoted = "\n".join(f"> {line}" for line in a_form_in_text().splitlines())
    (form,) = forms_in_text(EVENT, f"See below.\n-- \nBob\n\n{quoted}")
    assert form.answers["title"] == "ms"


_LETTERS = st.text("abcdefghijklmnopqrstuvwxyzéñøßżДж漢字", min_size=3, max_size=12).map(lambda word: f"Q{word}q")
_ANSWERS = {
    "text": st.lists(_LETTERS, min_size=1, max_size=4).map(" ".join),
    "signature": st.lists(_LETTERS, min_size=1, max_size=4).map(" ".join),
    "name": st.lists(_LETTERS, min_size=1, max_size=4).map(" ".join),
    "lines": st.lists(_LETTERS, min_size=1, max_size=5).map("\n".join),
    "tel": st.from_regex(r"\+[1-9][0-9]{1,3} [0-9]{2,3} [0-9]{3,6}", fullmatch=True),
    "email": st.from_regex(r"[a-z]{1,9}\.[a-z]{1,9}@[a-z]{2,9}\.example", fullmatch=True),
    "date": st.dates().map(str),
}
_FILLED_IN = st.fixed_dictionaries(
    {
        field.name: st.sampled_from([choice.code for choice in field.choices])
        if field.choices
        else _ANSWERS[field.kind]
        for field in EVENT.fields
    }
)


@given(_FILLED_IN, st.sampled_from([": ", " : ", "： ", "\t", "   ", " .... ", " - ", ":\n", "\n"]), st.data())
def test_what_is_written_is_read_back(answers: dict[str, str], separator: str, given: st.DataObject) -> None:
    lines = []
    for field in EVENT.fields:
        shared = {label for other in EVENT.fields if other.name != field.name for label in (other.label, *other.also)}
        label = given.draw(st.sampled_from([name for name in (field.label, *field.also) if name not in shared]))
        lines.append(f"{label}{separator}{answers[field.name]}")
    assert read("\n".join(lines)) == [answers]


_PIECES = [label for field in EVENT.fields for label in (field.label, *field.also)] + [
    *": \t\n\n\n>|[]()x☒.-_*",
    "[x] ",
    "[ ] ",
    "Ms.",
    "ITU Sector Member",
    "Diallo",
    "From: A\nTo: B\nSent: C\n",
    "Begin forwarded message:",
    REPLY,
]


@given(st.text() | st.lists(st.sampled_from(_PIECES)).map("".join))
def test_any_text_can_be_read(text: str) -> None:
    for form in forms_in_text(EVENT, text):
        assert all(form.answers.values())
