"""What a paper's cover page says of it, in the words of the six languages of the United Nations: tables as the ITU has
them ("Source:", "Title:", "Original: English", "Document 12-E"), or lines above the text."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, pairwise
from typing import NamedTuple

from rollcall.inbound.letter import plain
from rollcall.inbound.quoting import times_forwarded
from rollcall.model.contribution import LONGEST_ABSTRACT, LONGEST_SOURCE, LONGEST_TITLE
from schemas.text import shown

MOST_LINES = 120
"""In which a cover is looked for."""
_LONGEST = {"title": LONGEST_TITLE, "source": LONGEST_SOURCE, "item": 300, "abstract": LONGEST_ABSTRACT, "language": 40}
_WRAPPED = 45
"""Characters of a line that may go on in the next."""
_MOST_WRAPPED = 4

_LABELS = {
    "title": """title, document title, title of contribution, title of the contribution, titre, titre du document,
        titre de la contribution, título, título del documento, título de la contribución, название, заголовок,
        наименование, название документа, название вклада, 标题, 题目, 名称, 文稿标题, 文件标题, العنوان, عنوان الوثيقة,
        عنوان المساهمة""",
    "source": """source, sources, origin, submitted by, presented by, source of contribution, origine, soumis par,
        soumise par, présenté par, présentée par, fuente, origen, procedencia, presentado por, presentada por, источник,
        представлено, представил, 来源, 提交方, 提交单位, 提交者, المصدر, مقدم من, مقدمة من, الجهة المقدمة""",
    "item": """agenda item, agenda items, item, item of the agenda, question, questions, question(s), study question,
        point de l’ordre du jour, points de l’ordre du jour, point, question(s), question à l’étude,
        punto del orden del día, puntos del orden del día, punto, cuestión, cuestiones, cuestión(es),
        пункт повестки дня, пункты повестки дня, вопрос, вопросы, вопрос(ы), 议程项目, 议题, 课题, 问题,
        بند جدول الأعمال, البند, بنود جدول الأعمال, المسألة, المسألة(المسائل)""",
    "abstract": """abstract, summary, résumé, resumen, резюме, аннотация, краткое содержание, 摘要, 概要, ملخص, الملخص,
        خلاصة""",
    "language": """language, original, original language, langue, langue originale, idioma, idioma original, lengua,
        язык, оригинал, язык оригинала, 语言, 语种, 原文, اللغة, الأصل, لغة الأصل""",
}
_CALLED = {plain(label): key for key, labels in _LABELS.items() for label in labels.split(",")}
_IN_DOCUMENTS = {
    plain(label): "title" for label in ("subject", "objet", "asunto", "тема", "предмет", "事由", "الموضوع")
}
"""Of e-mails they are another's header."""
_LANGUAGES = {
    "en": "en e eng english anglais inglés английский 英文 英语 الإنكليزية الإنجليزية إنكليزي",
    "fr": "fr f fra fre french français francés французский 法文 法语 الفرنسية فرنسي",
    "es": "es s esp spa spanish espagnol español испанский 西班牙文 西班牙语 الإسبانية الأسبانية إسباني",
    "ru": "ru r rus russian russe ruso русский 俄文 俄语 الروسية روسي",
    "zh": "zh c chi chinese chinois chino китайский 中文 汉语 الصينية صيني",
    "ar": "ar a ara arabic arabe árabe арабский 阿拉伯文 阿拉伯语 العربية عربي",
}
_BY_NAME = {plain(name): code for code, names in _LANGUAGES.items() for name in names.split()}
"""And by the letters that the ITU puts behind a document's number."""
_ONLY = re.compile(r"\b(english|french|spanish|russian|chinese|arabic) only\b", re.IGNORECASE)
_NUMBERED = re.compile(
    r"(?:document|documento|документ|文件|الوثيقة)\s+(?:\S+ ){0,2}?\S*\d\S*-([EFSRCA])\b", re.IGNORECASE
)
_ITEM = re.compile(
    r"(?:agenda item|point de l[’']ordre du jour|punto del orden del d[ií]a|пункт повестки дня|议程项目"
    r"|بند جدول الأعمال)\s*(\d[\d.]{0,9})",
    re.IGNORECASE,
)
_LABELLED = re.compile(r"\s*[^\s:：][^:：\t]{0,40}[:：\t]")
_DECORATION = re.compile(r"^[\s*_•·>|-]+|[\s*_|]+$")
_PLACEHOLDER = re.compile(r"[<\[{(].*[>\]})]|[\W_]*|x{2,}|n/?a|tb[cd]", re.IGNORECASE)
_HONORIFIC = re.compile(
    r"(?:mr|mrs|ms|miss|dr|prof|sir|m|mme|mlle|sr|sra|srta|dra|herr|frau|г н|г жа|господин|госпожа|先生|女士|博士"
    r"|السيد|السيده|الدكتور)(?: (?:mr|mrs|ms|miss|dr|mme|sra|prof))*"
)
"""Of a form, whose "Title:" is a person's."""
_TURNED = ("R", "AL", "AN")


class Cover(NamedTuple):
    said: Mapping[str, str]
    unsure: Mapping[str, str]
    """Perhaps with a line too many."""


def cover_of(text: str, *, in_document: bool) -> Cover:
    """The first of each that it says."""
    lines = list(islice(text.splitlines(), MOST_LINES))
    said: dict[str, str] = {}
    unsure: dict[str, str] = {}
    for key, value, sure in _labelled(lines, in_document=in_document):
        value = language_named(value) if key == "language" else _tidied(value, _LONGEST[key])
        if value and key not in said | unsure and not (key == "title" and _HONORIFIC.fullmatch(plain(value))):
            (said if sure else unsure)[key] = value
    head = "\n".join(lines[:40])
    if in_document and "language" not in said and (found := _ONLY.search(head) or _NUMBERED.search(head)):
        said["language"] = language_named(found[1])
    if in_document and "item" not in said and (found := _ITEM.search(head)):
        said["item"] = shown(found[0])
    return Cover(said, unsure)


def language_named(text: str) -> str:
    """BCP 47; empty where it names none that we know."""
    return next((code for word in plain(text).split() if (code := _BY_NAME.get(word) or _after_article(word))), "")


def _after_article(word: str) -> str:
    return _BY_NAME.get(word.removeprefix("ب"), "") if len(word) > 3 else ""


def is_garbled(text: str, *, drawn: bool) -> bool:
    """Letters seem lost, or may be turned round: `drawn` out of a PDF, which says where letters stand, not their
    order."""
    turned = drawn and any(unicodedata.bidirectional(one) in _TURNED for one in text)
    return turned or "\ufffd" in text or "??" in text or re.search(r"[^\W\d_]\?[^\W\d_]", text) is not None


def stands_alone_in(text: str, beginning: str) -> bool:
    """As a line of it, or over two."""
    wanted = plain(text)
    lines = [plain(line) for line in beginning.splitlines()]
    pairs = (f"{one} {other}" for one, other in pairwise(lines))
    return bool(wanted) and (wanted in lines or wanted in pairs)


_MEANT = re.compile(
    r"^\s*(?:contribution|contribución|вклад|文稿|مساهمة|paper|document|documento|документ)\s*(?:[:：–—-]\s*|\Z)",
    re.IGNORECASE,
)
_PREFIXES = re.compile(r"^(?:[^\W\d]{1,12}\s?[:：]\s*)+")


def title_in_subject(subject: str) -> str:
    """What may be one."""
    answered = re.match(r"\s*(?:re|aw|sv|rép|réf|отв|回复|答复|رد)\s*[:：]", subject, re.IGNORECASE)
    bare = _PREFIXES.sub("", subject) if answered or times_forwarded(subject) else subject
    return _tidied(_MEANT.sub("", bare), LONGEST_TITLE)


def _labelled(lines: Sequence[str], *, in_document: bool) -> Iterator[tuple[str, str, bool]]:
    for at, line in enumerate(lines):
        cells = [_DECORATION.sub("", cell) for cell in line.split("\t")]
        for place, cell in enumerate(cells):
            label, colon, rest = _parted(cell)
            key = _CALLED.get(plain(label)) or (_IN_DOCUMENTS.get(plain(label)) if in_document else None)
            if key is None or not (colon or place + 1 < len(cells)):
                continue
            value = rest or (cells[place + 1] if place + 1 < len(cells) else "")
            yield key, *_with_its_lines(key, value, line, lines[at + 1 :])


def _parted(cell: str) -> tuple[str, str, str]:
    label, colon, rest = cell.replace("：", ":").partition(":")
    return _DECORATION.sub("", label), colon, _DECORATION.sub("", rest)


def _with_its_lines(key: str, value: str, line: str, below: Sequence[str]) -> tuple[str, bool]:
    """The next line, where the label's has none, and those into which it is wrapped; whether they surely are."""
    said, sure, longest = [value] if value else [], True, len(line)
    for more in islice(below, 40 if key == "abstract" else _MOST_WRAPPED):
        if not more.strip() and not said:
            continue
        if not more.strip() or _LABELLED.match(more):
            break
        flows = not said or key == "abstract" or more.strip()[0].islower()
        if not flows and longest < _WRAPPED:
            break
        sure, longest = sure and flows, len(more)
        said.append(_DECORATION.sub("", more.replace("\t", " ")))
    return " ".join(said), sure


def _tidied(text: str, longest: int) -> str:
    """Empty where nothing is said, or more than can be kept: then it is no title."""
    text = shown(text)
    return "" if _PLACEHOLDER.fullmatch(text) or len(text) > longest else text


def with_unlabelled(lines: Sequence[str]) -> Mapping[str, str]:
    """As the ITU's conferences have it: below "Original: English" stand source and title."""
    for at, line in enumerate(lines[:40]):
        label, _, rest = _parted(line)
        if (_CALLED.get(plain(label)) == "language" and language_named(rest)) or _ONLY.fullmatch(line.strip()):
            below = [one for one in map(str.strip, lines[at + 1 : at + 12]) if one][:2]
            if len(below) == 2 and not any(map(_LABELLED.match, below)):
                said = {"source": _tidied(below[0], LONGEST_SOURCE), "title": _tidied(below[1], LONGEST_TITLE)}
                return {name: text for name, text in said.items() if text}
    return {}
