"""Which files of an e-mail are papers, and what their covers say, in files of many kinds and from many programs."""

from collections.abc import Callable, Mapping
from email.message import EmailMessage
from typing import Any

import pytest

from rollcall.inbound.covers import cover_of
from rollcall.inbound.reading import read
from rollcall.model.contribution import PaperKind
from rollcall.model.inbound import ParsedEmail, ParsedPapers
from rollcall.record import from_json, to_json
from tests.support.builders import a_form_in_text, an_event
from tests.support.contributions import EVENT
from tests.support.papers import (
    CONTRIBUTIONS,
    COVER,
    FORMS,
    ODT,
    PDF,
    TEXT,
    WORD,
    Attached,
    a_docx,
    a_message,
    a_pdf,
    an_odt,
    apple_mail,
    forwarded,
    old_outlook,
    posted,
)

SAID = {"source": COVER["Source"], "title": COVER["Title"]}
DOCX: Attached = ("paper.docx", WORD, a_docx())
NO_COVER: Attached = ("letter.docx", WORD, a_docx({}, ("Dear Sir,", "Please find our delegation below.")))


def papers(message: EmailMessage | bytes, to: str = CONTRIBUTIONS) -> ParsedPapers:
    return reading(message, to).contributed


def reading(message: EmailMessage | bytes, to: str = CONTRIBUTIONS) -> ParsedEmail:
    email = read(posted(message, to), EVENT)
    assert from_json(ParsedEmail, to_json(email)) == email
    return email


LONG = "The names of countries are used by many. " * 20
KINDS: Mapping[str, Attached] = {
    "Word": DOCX,
    "PDF": ("paper.pdf", PDF, a_pdf()),
    "OpenDocument": ("paper.odt", ODT, an_odt()),
    "text": ("paper.txt", "text/plain", f"Source: {SAID['source']}\nTitle: {SAID['title']}\n\n{LONG}".encode()),
    "a type that says nothing": ("paper.docx", "application/octet-stream", DOCX[2]),
    "a wrong type": ("paper.pdf", "image/jpeg", a_pdf()),
    "a wrong ending": ("paper.pdf", PDF, DOCX[2]),
    "no ending": ("paper", "application/octet-stream", DOCX[2]),
    "a name of its own": ("Naïve – résumé.docx", WORD, DOCX[2]),
}
PROGRAMS: Mapping[str, Callable[[Attached], EmailMessage | bytes]] = {
    "Gmail": lambda file: a_message(
        "Dear colleagues,\n\nPlease find our contribution attached.\n", file, html="<p>Dear</p>"
    ),
    "Apple Mail": lambda file: apple_mail("Please find our contribution attached.", file),
    "Outlook": lambda file: old_outlook("Please find our contribution attached.", file),
    "forwarded": lambda file: forwarded(a_message("Our contribution.\n", file)),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_paper_is_found_with_its_cover(program: str, kind: str) -> None:
    email = reading(PROGRAMS[program](KINDS[kind]))
    assert [(one.cover, [file.name for file in one.files]) for one in email.contributed.papers] == [
        (SAID, [] if (program, kind) == ("Apple Mail", "text") else [KINDS[kind][0]])  # there it is the e-mail's text
    ]
    assert (email.not_read, email.forms, email.contributed.refuses, email.asks) == ((), (), False, False)


COVERS = {
    "en": ("Source: Guinea\nTitle: Names\nAgenda item: 3\nOriginal: English", "Guinea", "Names", "3"),
    "fr": (
        "Origine : Guinée\nTitre : Les noms\nPoint de l'ordre du jour : 3\nOriginal : français",
        "Guinée",
        "Les noms",
        "3",
    ),
    "es": ("Fuente: Guinea\nTítulo: Nombres\nPunto del orden del día: 3\nOriginal: español", "Guinea", "Nombres", "3"),
    "ru": ("Источник: Гвинея\nНазвание: Имена\nПункт повестки дня: 3\nОригинал: русский", "Гвинея", "Имена", "3"),
    "zh": ("来源：几内亚\n标题：名称\n议程项目：3\n原文：中文", "几内亚", "名称", "3"),
    "ar": ("المصدر: غينيا\nالعنوان: الأسماء\nبند جدول الأعمال: 3\nالأصل: بالعربية", "غينيا", "الأسماء", "3"),
}


@pytest.mark.parametrize("code", COVERS)
def test_covers_are_read_in_each_language(code: str) -> None:
    text, source, title, item = COVERS[code]
    for said in (
        text,
        text.replace(": ", ":\t").replace("：", "：\t"),
        text.replace(": ", ":\n").replace("：", "：\n"),
    ):
        assert cover_of(said, in_document=True).said == {
            "source": source,
            "title": title,
            "item": item,
            "language": code,
        }


LONG_TITLE = "The names of countries, used by many"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "Question(s):\t5/2\tMeeting, date:\tGeneva, 26 February\nSource:\tGuinea\n",
            {"item": "5/2", "source": "Guinea"},
        ),
        ("Document 12-F\nSource: Guinea", {"language": "fr", "source": "Guinea"}),
        ("English only\nAgenda item 4", {"language": "en", "item": "Agenda item 4"}),
        (
            "Title: The names of countries, in use by many\nand by some abused\n\nText",
            {"title": "The names of countries, in use by many and by some abused"},
        ),
        ("Title: Names\nIntroduction\nText", {"title": "Names"}),
        ("Title: Mr.\nSource: Guinea", {"source": "Guinea"}),
        ("Title: <title>\nSource: [name]", {}),
        ("Title: \nSource:\n", {}),
        (f"Title: {'x' * 301}\n", {}),
        ("The title: of nobility\nSubtitle: none", {}),
    ],
)
def test_a_cover_says_what_it_says_and_no_more(text: str, said: dict[str, str]) -> None:
    assert dict(cover_of(text, in_document=True).said) == said


def test_what_may_be_a_line_too_long_is_not_certain() -> None:
    cover = cover_of("Title: The names of countries in the system of domain names\nIntroduction\n", in_document=True)
    assert (cover.said, list(cover.unsure)) == ({}, ["title"])


def test_lines_of_the_e_mail_count_as_the_cover_and_another_title_casts_doubt() -> None:
    (one,) = papers(a_message("Title: Other names\nSource: Guinea\n", NO_COVER)).papers
    assert one.cover == {"title": "Other names", "source": "Guinea"}
    (one,) = papers(a_message("Title: Other names\n", DOCX)).papers
    assert (one.cover, one.guessed["title"]) == ({"source": SAID["source"]}, "Other names")


def test_the_subject_is_the_title_only_where_the_first_page_has_it_too() -> None:
    cover = {"Source": "Guinea"}
    same: Attached = ("a.docx", WORD, a_docx(cover, ("Names of countries", *TEXT)))
    (one,) = papers(a_message("", same, subject="Contribution: Names of countries")).papers
    assert one.cover["title"] == "Names of countries"
    (one,) = papers(a_message("", same, subject="Names of rivers")).papers
    assert (one.cover.get("title"), one.guessed["title"]) == (None, "Names of rivers")


@pytest.mark.parametrize(
    ("names", "languages"),
    [
        (("paper-e.docx", "paper-f.docx"), ["en", "fr"]),
        (("paper_en.docx", "paper_FR.docx", "paper_ar.docx"), ["en", "fr", "ar"]),
        (("R-12!!MSW-E.docx", "R-12!!MSW-S.docx"), ["en", "es"]),
        (("paper.docx", "paper.pdf"), ["", ""]),
        (("Names (English).docx", "Names (French).docx"), ["en", "fr"]),
    ],
)
def test_versions_of_one_name_are_one_paper(names: tuple[str, ...], languages: list[str]) -> None:
    (one,) = papers(a_message("", *((name, WORD, DOCX[2]) for name in names))).papers
    assert [file.language for file in one.files] == languages
    assert not one.may_be_several


def test_papers_with_covers_of_their_own_are_several() -> None:
    other: Attached = ("rivers.docx", WORD, a_docx({"Source": "Mali", "Title": "Names of rivers"}))
    one, two = papers(a_message("", DOCX, other)).papers
    assert (one.cover, two.cover) == (SAID, {"source": "Mali", "title": "Names of rivers"})
    (one,) = papers(a_message("Title: Both\nSource: Mali\n", NO_COVER, ("other.docx", WORD, NO_COVER[2]))).papers
    assert one.may_be_several


def test_whether_other_files_are_one_or_several_only_their_sender_knows() -> None:
    (one,) = papers(a_message("", DOCX, NO_COVER)).papers
    assert one.may_be_several
    assert len(one.files) == 2


NO_PAPERS: Mapping[str, Attached] = {
    "a picture": ("logo.png", "image/png", b"\x89PNG\r\n\x1a\n" + bytes(100)),
    "a calendar": ("invite.ics", "text/calendar", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"),
    "a visiting card": ("amina.vcf", "text/vcard", b"BEGIN:VCARD\r\nEND:VCARD\r\n"),
    "a signature": ("smime.p7s", "application/pkcs7-signature", b"0\x80"),
    "Outlook's own": ("winmail.dat", "application/ms-tnef", b"\x78\x9f\x3e\x22" + bytes(50)),
    "a list": ("people.csv", "text/csv", b"a,b\n1,2\n"),
    "a program": ("paper.docx.exe", "application/x-msdownload", b"MZ\x90\x00" + bytes(50)),
    "a footer": ("ATT00001.txt", "text/plain", b"Confidential. " * 40),
    "a form by halves": (
        "form.docx",
        WORD,
        a_docx({"Family name": "Diallo", "First name": "", "Hotel": "", "Telephone": "", "Signature": ""}),
    ),
}


@pytest.mark.parametrize("kind", NO_PAPERS)
def test_what_is_no_document_is_no_paper(kind: str) -> None:
    assert papers(a_message("See attached.\n", NO_PAPERS[kind])).papers == ()
    assert [file.name for one in papers(a_message("", NO_PAPERS[kind], DOCX)).papers for file in one.files] == [
        "paper.docx"
    ]


def test_at_the_events_own_address_only_what_says_that_it_is_one_is_a_paper() -> None:
    assert len(papers(a_message("", DOCX, subject="Hello"), FORMS).papers) == 1
    assert len(papers(a_message("", NO_COVER, subject="Our contribution"), FORMS).papers) == 1
    email = reading(a_message("", NO_COVER, subject="Nomination"), FORMS)
    assert (email.contributed.papers, email.not_read) == ((), ("letter.docx",))
    assert len(papers(a_message("", NO_COVER, subject="Nomination")).papers) == 1


def test_an_event_that_asks_for_none_has_none() -> None:
    email = read(posted(a_message("", DOCX)), an_event(contributions=None))
    assert (email.contributed, email.not_read) == (ParsedPapers(), ("paper.docx",))


@pytest.mark.parametrize(
    ("line", "says_more"),
    [("Please find below my registration form, and attached our contribution.", False), ("I need a wheelchair.", True)],
)
def test_what_hands_on_form_and_paper_says_nothing_more(line: str, says_more: bool) -> None:
    email = reading(a_message(f"{line}\n\n{a_form_in_text()}", DOCX, subject="Registration and contribution"))
    assert (len(email.forms), len(email.contributed.papers)) == (1, 1)
    assert email.says_more is says_more
    assert says_more is ("wheelchair" in email.text)


def test_form_and_paper_together_are_both_found() -> None:
    email = reading(a_message(a_form_in_text(), DOCX))
    assert [form.registration is not None for form in email.forms] == [True]
    assert [one.cover for one in email.contributed.papers] == [SAID]


def test_the_paper_may_be_the_text_itself() -> None:
    text = f"Source: {SAID['source']}\nTitle: {SAID['title']}\n\n{LONG}\n"
    (one,) = papers(a_message(text, subject="Names")).papers
    assert (one.files, one.cover) == ((), SAID)
    assert LONG.strip() in one.text
    assert papers(a_message(text), FORMS).papers == ()
    assert papers(a_message("When do you need the contribution?\n")).papers == ()


def test_what_is_quoted_or_answered_is_no_paper() -> None:
    quoted = "".join(f"> {line}\n" for line in f"Source: Guinea\nTitle: Names\n\n{LONG}".splitlines())
    assert papers(a_message(f"Thank you!\n\nOn Monday, the desk wrote:\n\n{quoted}", subject="Re: Names")).papers == ()


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ("Corrigendum to INTGOV04-C/7", PaperKind.CORRIGENDUM),
        ("Re: C/7 (Rev.1)", PaperKind.REVISION),
        ("Additif à notre contribution", PaperKind.ADDENDUM),
        ("Исправление к вкладу", PaperKind.CORRIGENDUM),
        ("更正", PaperKind.CORRIGENDUM),
        ("Addendum", PaperKind.ADDENDUM),
        ("Documento revisado", PaperKind.REVISION),
        ("Names of countries", PaperKind.ORIGINAL),
        ("Address reform and correspondence", PaperKind.ORIGINAL),
    ],
)
def test_words_say_which_kind_of_paper_it_is(subject: str, kind: PaperKind) -> None:
    assert papers(a_message("", DOCX, subject=subject)).kind is kind


def test_numbers_of_contributions_are_known() -> None:
    text = "We revise INTGOV04-C/7, and not C/8.\n> and C/9\nSee A/C/3, c/o us.\n"
    assert papers(a_message(text, subject="Re: Names")).numbers == (7, 8)


WITHDRAW = (
    "We hereby withdraw our contribution INTGOV04-C/7.",
    "Dear Sirs,\n\nWe regret to inform you that we wish to withdraw this contribution.\n\nBest regards,\nAmina Diallo",
    "Nous retirons notre contribution.",
    "Veuillez retirer la contribution C/7. Merci.",
    "Retiramos nuestra contribución.",
    "Просим отозвать наш вклад.",
    "我们撤回本文稿。",
    "نرجو سحب مساهمتنا.",
)
DO_NOT = (
    "We withdraw our contribution if the other one is published.",
    "We do not withdraw our contribution.",
    "We withdraw the second page of our contribution.",
    "I cannot attend.",
    "We withdraw.",
    "Should we withdraw our contribution?",
    "Please withdraw our contribution and publish the one of Mali.",
)


@pytest.mark.parametrize("text", WITHDRAW)
def test_clear_letters_withdraw(text: str) -> None:
    assert papers(a_message(text, subject="Re: Received: INTGOV04-C/7")).withdraws


@pytest.mark.parametrize("text", DO_NOT)
def test_others_do_not(text: str) -> None:
    assert not papers(a_message(text, subject="Re: Received: INTGOV04-C/7")).withdraws


def test_a_letter_that_asks_is_not_passed_over() -> None:
    asking: dict[str, Any] = {"subject": "Names"}
    assert reading(a_message("Our contribution is attached. Could you help with a visa?\n", DOCX, **asking)).asks
    assert papers(a_message("Please do not register it before the ministry agrees.\n", DOCX, **asking)).refuses
