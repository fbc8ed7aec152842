"""Every message is in every catalogue, translated, and whole: nothing in it is lost, left in English or typed otherwise
than the language has it. What it means a person has to judge."""

import gettext
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from rollcall.language import CATALOGUES, DOMAIN, language, languages
from tests.support.served import ROOT

CODES = languages()[1:]
PLURALS = {"ar": 6, "es": 2, "fr": 2, "ru": 3, "zh": 1}
"""Forms that numbers below a million take (https://cldr.unicode.org/index/cldr-spec/plural-rules)."""
HEADERS = {
    *("POT-Creation-Date", "Language", "Plural-Forms"),
    *("MIME-Version", "Content-Type", "Content-Transfer-Encoding"),
}
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
ENDS = {".": ".。", "?": "?？؟", "!": "!！", ":": ":：", "…": "…", ",": ",，،、", ";": ";；؛"}
"""Signs at the end of English, and what they are elsewhere."""
CLOSES = "”’»）)】》 \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"
SAME = {
    "es": {"error", "fax", "hotel", "no", "tel", "total"},
    "fr": {
        *(
            "addendum",
            "confirmation",
            "contribution",
            "contributions",
            "corrigendum",
            "date",
            "dates",
            "documents",
            "fax",
        ),
        *("page", "participants", "programme", "publication", "questions", "signature", "total"),
    },
}
"""Words that are the same in English and in the language."""
NAMES = {
    *(
        "ASCII",
        "Addendum",
        "Atom",
        "CSV",
        "Corrigendum",
        "OpenDocument",
        "Content-Type",
        "DKIM",
        "Excel",
        "From",
        "Idempotency-Key",
        "JPEG",
        "JSON",
        "MB",
        "Miss",
        "Mrs",
    ),
    *("PDF", "PNG", "RFC", "SHA-256", "SPF", "SendGrid", "TIFF", "URL", "UTC", "UTF-8", "Word", "gzip", "kB"),
}
"""Written in Latin letters everywhere."""
NOT_SO = {
    "ar": {r"[\u0600-\u06ff]\s?[,;?]": "signs are ، ؛ ؟"},
    "es": {r"^[^¿]*\?": "a question begins with ¿", r"^[^¡]*!": "an exclamation begins with ¡"},
    "fr": {
        r"(?<![\u00a0\u202f])([;?!»](?!\w)|(?<!Content-Type):(?=\s|$))": "a no-break space before : ; ? ! »",
        r"«(?![\u00a0\u202f])": "a no-break space after «",
    },
    "ru": {},
    "zh": {r"[\u4e00-\u9fff]\s?[,;:?!().]": "signs are ，；：？！（）。"},
}
"""What no text of the language has."""


TERMS = (
    *("Sector Member", "deadline", "confirmation", "registration form", "quarantine", "secretariat"),
    *("family name", "first name", "signature", "hotel", "fax", "website", "spam folder"),
)
"""Of the glossary, those that mean one thing wherever they stand."""


COUNTS = {"count", "nights", "max_length", "most"}
"""A form of its own, as the Arabic dual, says the number itself."""


def faults(code: str, english: str, said: str) -> Iterator[str]:
    """What is wrong with a translation; `english` is the plural where there is one."""
    names, rest = set(PLACEHOLDER.findall(said)), PLACEHOLDER.sub("0", said)
    expected = set(PLACEHOLDER.findall(english))
    if (names ^ expected) - (COUNTS & expected):
        yield "other placeholders"
    if rest.count("%") != PLACEHOLDER.sub("0", english).count("%"):
        yield "other percent signs"
    if (said != said.strip() and english == english.strip()) or "  " in said or "\n" in said:
        yield "blanks"
    if re.search(r"</?[a-z]|&[a-z]+;", said):
        yield "HTML"
    if re.search(r"[\"']|\.\.\.", said):
        yield "signs of a typewriter"
    is_one_word_or_greets = " " not in english or english.endswith(",")
    if not is_one_word_or_greets and _end(said) != _end(english) and not re.search(r"\b(г|ч|др|etc)\.$", said):
        yield "another end"
    yield from (why for pattern, why in NOT_SO[code].items() if re.search(pattern, rest))
    words = set(re.findall(r"[A-Za-zÀ-ÿ][A-Za-zÀ-ÿ0-9’-]+", re.sub(r"\S+[@/]\S+", "", rest))) - NAMES
    if code in SAME:
        words = {word for word in words if word.casefold() not in SAME[code]} if said == english else set()
    if words:
        yield "English"


def _end(text: str) -> str:
    """The kind of sign at its end: that of English."""
    last = text.rstrip(CLOSES)[-1:]
    return next((kind for kind, same in ENDS.items() if last and last in same), "")


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """All messages of code and templates, as `make catalogues` finds them."""
    template = tmp_path_factory.mktemp("marked") / "rollcall.pot"
    extract = [sys.executable, "-m", "babel.messages.frontend", "--quiet", "extract", "--output-file", str(template)]
    subprocess.run(extract, cwd=ROOT, check=True)
    return _read(template)


@cache
def catalogue(code: str) -> Catalog:
    return _read(CATALOGUES / code / "LC_MESSAGES" / f"{DOMAIN}.po")


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        catalogue: Catalog = read_po(file)
    return catalogue


def translated(code: str) -> Iterator[tuple[str, str]]:
    """Each sentence, in the plural where it has one, beside each form of its translation."""
    for message in messages(catalogue(code)):
        if message.context != "other words, with commas between":  # what people may write in e-mails, in any way
            yield from ((_said(message), form) for form in _forms(message) if form)


def messages(of: Catalog) -> Iterator[Message]:
    return (message for message in of if message.id)


def _said(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[1]


def _forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ("",))


@cache
def glossary() -> dict[str, dict[str, str]]:
    """By English term and code."""
    page = (ROOT / "docs" / "translating.md").read_text("utf-8").partition("## Glossary")[2]
    head, _, *rows = (
        [cell.strip() for cell in row[1:-1].split("|")] for row in re.findall(r"^\|.*\|$", page, re.MULTILINE)
    )
    codes = {language(code).name.casefold(): code for code in languages()}
    return {row[0]: {codes[name.casefold()]: term for name, term in zip(head, row, strict=True)} for row in rows}


def says(term: str, text: str) -> bool:
    """In one of its forms: words have endings, and the Arabic article."""
    others = re.split("[,，،、]", re.sub(r"[(（].*?[)）]", "", term))
    return any(all(_stem(word) in text.casefold() for word in one.split()) for one in others)


def _stem(word: str) -> str:
    word = word.casefold().removeprefix("ال")
    return word[: max(2, len(word) * 2 // 3)]


def test_catalogues_are_those_of_the_languages() -> None:
    assert PLURALS.keys() == set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_every_message_is_in_it_and_no_other(code: str, marked: Catalog) -> None:
    """`make catalogues` puts them there."""
    ours = {(message.id, message.context) for message in messages(catalogue(code))}
    assert ours == {(message.id, message.context) for message in messages(marked)}
    assert not catalogue(code).obsolete


@pytest.mark.parametrize("code", CODES)
def test_every_message_is_translated(code: str) -> None:
    assert [_said(message) for message in messages(catalogue(code)) if not all(_forms(message))] == []
    assert [_said(message) for message in messages(catalogue(code)) if message.fuzzy] == []


@pytest.mark.parametrize("code", CODES)
def test_its_head_says_what_counts_and_no_date_that_changes(code: str) -> None:
    """Or two runs of `make catalogues`, or of `make compiled`, would differ."""
    text = (CATALOGUES / code / "LC_MESSAGES" / f"{DOMAIN}.po").read_text("utf-8")
    assert text.startswith('msgid ""')
    assert set(re.findall(r'^"([\w-]+): ', text, re.MULTILINE)) == HEADERS
    assert f'"Language: {code}\\n"' in text
    assert '"POT-Creation-Date: 2004-02-02 00:00+0000\\n"' in text


@pytest.mark.parametrize("code", CODES)
def test_translations_are_whole(code: str) -> None:
    assert [(message.id, list(found)) for message, found in catalogue(code).check() if found] == []
    assert [(why, said) for english, said in translated(code) for why in faults(code, english, said)] == []


@pytest.mark.parametrize(
    ("code", "english", "said", "why"),
    [
        ("fr", "Closed at %(at)s.", "Fermé.", "other placeholders"),
        ("fr", "Closed at %(at)s.", "Fermé à %(heure)s.", "other placeholders"),
        ("ru", "%(count)s of %(who)s", "%(count)s", "other placeholders"),
        ("ru", "Closed", "Закрыто %", "other percent signs"),
        ("es", "Register", "Inscribirse ", "blanks"),
        ("es", "Register", "<b>Inscribirse</b>", "HTML"),
        ("fr", "The form", "L'imprimé", "signs of a typewriter"),
        ("zh", "It is closed.", "已截止", "another end"),
        ("zh", "Not closed", "未截止。", "another end"),
        ("ru", "Who is it?", "Кто это.", "another end"),
        ("ar", "a, b", "أ, ب", "signs are ، ؛ ؟"),
        ("es", "Who?", "Quién?", "a question begins with ¿"),
        ("fr", "Who?", "Qui ?", "a no-break space before : ; ? ! »"),
        ("fr", "a “b”", "a « b\u00a0»", "a no-break space after «"),
        ("fr", "Name:", "Nom:", "a no-break space before : ; ? ! »"),
        ("zh", "Name:", "姓名:", "signs are ，；：？！（）。"),
        ("zh", "Closed.", "已截止.", "signs are ，；：？！（）。"),
        ("fr", "Register", "Register", "English"),
        ("ru", "Please register", "Пожалуйста, register", "English"),
    ],
)
def test_faults_are_found(code: str, english: str, said: str, why: str) -> None:
    assert list(faults(code, english, said)) == [why]


@pytest.mark.parametrize(
    ("code", "english", "said"),
    [
        ("fr", "Who “%(who)s” is?", "Qui est «\u00a0%(who)s\u00a0»\u00a0?"),
        ("fr", "Fax", "Fax"),
        ("fr", "Closed at 23:58 on %(day)s", "Fermé le %(day)s à 23:58"),
        ("zh", "%(day)s, %(time)s UTC.", "%(day)s，%(time)s UTC。"),
        ("ar", "%(count)s forms", "استمارتان"),
        ("ru", "In 2004", "В 2004 г."),
        ("es", "Who?", "¿Quién?"),
    ],
)
def test_nothing_is_wrong_with(code: str, english: str, said: str) -> None:
    assert list(faults(code, english, said)) == []


@pytest.mark.parametrize("code", CODES)
def test_plural_forms_are_complete(code: str) -> None:
    """A form without its number is one that a single number takes, as the Arabic dual."""
    assert catalogue(code).num_plurals == PLURALS[code]
    form_of = gettext.c2py(catalogue(code).plural_expr)
    takers = [sum(form_of(number) == form for number in range(1000)) for form in range(PLURALS[code])]
    assert 0 not in takers
    for message in messages(catalogue(code)):
        if isinstance(message.id, str):
            continue
        forms = _forms(message)
        assert len(forms) == PLURALS[code], message.id
        for form, taken_by in zip(forms, takers, strict=True):
            assert not form or taken_by == 1 or "%(count)s" in form or "%(count)s" not in message.id[1], form


@pytest.mark.parametrize("code", CODES)
def test_sheets_have_names_that_excel_takes(code: str) -> None:
    sheets = [message for message in messages(catalogue(code)) if message.context == "sheet, at most 31 characters"]
    names = [name.casefold() for message in sheets for name in _forms(message) if name]
    assert sheets
    assert len(names) == len(set(names))
    assert [name for name in names if len(name) > 31 or set(name) & set("[]:*?/\\")] == []


@pytest.mark.parametrize("code", CODES)
def test_terms_are_those_of_the_glossary(code: str) -> None:
    wrong = []
    for english, said in translated(code):
        for term in TERMS:
            if re.search(rf"\b{term}s?\b", PLACEHOLDER.sub("", english), re.IGNORECASE):
                expected = glossary()[term][code]
                wrong += [] if says(expected, said) else [(expected, said)]
    assert wrong == []


def test_terms_are_found_in_their_cases() -> None:
    assert says("Член Сектора", "для Членов Сектора")
    assert says("الموعد النهائي", "بعد الموعد النهائي.")
    assert says("pièce jointe, fichier joint", "Les fichiers joints")
    assert not says("date limite", "le délai")


def test_every_message_is_english_for_translators(marked: Catalog) -> None:
    """Whole, with named placeholders, and without marks of HTML."""
    for message in messages(marked):
        for text in (message.id,) if isinstance(message.id, str) else message.id:
            rest = PLACEHOLDER.sub("0", text)
            assert not re.search(r"[{}]|%[sd(]|</?[a-z]|&[a-z]+;|\n|  ", rest), text
            assert text == text.strip() or not re.search(r"\w", text), text
