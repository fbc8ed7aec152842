"""Contributions in an e-mail: which files are papers, and what they and the e-mail say of them."""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, groupby
from time import process_time
from typing import Any, NamedTuple

from rollcall.inbound.attachments import (
    MOST_BYTES,
    MOST_ENTRIES,
    MOST_XML,
    WORD,
    bounds_of_pdf,
    is_right_to_left,
    text_of_docx,
)
from rollcall.inbound.charsets import decode
from rollcall.inbound.covers import (
    Cover,
    cover_of,
    is_garbled,
    language_named,
    stands_alone_in,
    title_in_subject,
    with_unlabelled,
)
from rollcall.inbound.forms import Left
from rollcall.inbound.html import Page, text_of_html
from rollcall.inbound.labels import bounded, vocabulary
from rollcall.inbound.letter import only_thanks, plain, refuses, what_it_says
from rollcall.inbound.mime import File, Parts
from rollcall.inbound.pdf import rows_of
from rollcall.inbound.quoting import lines_of, times_forwarded, typed_lines
from rollcall.inbound.withdrawal import withdraws_paper
from rollcall.model.contribution import EMAILED_TO, MOST_FILES, PaperKind
from rollcall.model.event import Event
from rollcall.model.inbound import AttachedFile, Doubt, ParsedPaper, ParsedPapers

MOST_PAPERS = 10
"""Files, each of which is looked into for up to 45 s (`rollcall.inspection`); a person reads the others."""
SECONDS = 0.4
"""Of a processor, after which no other file is begun."""
LARGEST_PDF = 30_000_000
"""Bytes; only its first pages are read."""
BEGINNING = 3000
"""Characters of a document's text."""
_FIRST_PAGES = 2
_FIRST_PARAGRAPHS = 80
SHORTEST_PAPER = 600
"""Characters of a paper in an e-mail's text; fewer with a cover."""
_SHORTEST_WITH_COVER = 150
_FEWEST_LABELS = 4
"""Of the form, with a name: what looks like a form that was filled in by halves is no paper."""

_ODT = b"application/vnd.oasis.opendocument.text"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OF_PROGRAMS = re.compile(r"ATT\d{5}.*|.*(?:disclaimer|footer|signature).*", re.IGNORECASE)
_OLD_WORD = (b"\xd0\xcf\x11\xe0", b"{\\rtf")
_PAPER_WORDS = re.compile(
    r"\b(?:contributions?|papers?|contribuci(?:on|ones)|ponencias?)\b|вклад|文稿|稿件|提案|مساهم|ورقه"
)
_KINDS = (
    (PaperKind.CORRIGENDUM, r"\bcorr(?:igend(?:um|a)|ig)?\b|\brectificatif|\bcorrigendo|исправлени|更正|勘误|تصويب"),
    (PaperKind.ADDENDUM, r"\badd(?:end(?:um|a))?\b|\badditif|\badicion|\badenda|дополнени|补遗|增补|اضافه"),
    (PaperKind.REVISION, r"\brev(?: ?\d+)?\b|\brevis(?:ion|ed|ee|e|ada|ado)\b|пересмотр|修订|مراجع|منقح"),
)
_OF_PAPERS = """
    contribution contributions paper papers document documents submit submits submission submitted contribute input
    consideration considered agenda item question administration organization behalf ministry delegation title source
    abstract language version versions english french spanish russian chinese arabic revised revision
    corrigendum addendum its which would grateful publish published publication made available secretariat participants
    contribution contributions document documents soumettre soumettons transmettons presenter examen ordre jour point
    administration ministere nom titre version langue francais anglaise soumise soumis prions trouver nos sa
    contribucion contribuciones documento presentamos presentar presentacion examen orden dia punto nombre ministerio
    titulo version idioma espanol remitimos enviamos adjuntamos sirva encontrar su consideracion
    вклад вклады документ документы представляем направляем рассмотрения повестки дня пункт вопрос администрации от
    имени министерства название версия язык русском просим разместить
    文稿 稿件 提案 文件 提交 审议 议程 主管部门 代表 中文 版本
    مساهمه مساهمتنا مساهمات وثيقه الوثيقه نقدم تقديم للنظر بند جدول الاعمال اداره وزاره باسم نسخه اللغه
"""
"""In which a letter hands on a contribution."""
_NO_TEXT = re.compile(r"corrigend|rectificatif|addend|additif|исправлени|дополнени|更正|勘误|补遗|تصويب|اضافه")
_IN_FULL = re.compile(rf"{_NO_TEXT.pattern}|\brevis")
_LANGUAGE_OF_NAME = re.compile(
    r"(?:[-_. ]+|!\w+-)\(?(e|f|s|r|c|a|en|fr|es|ru|zh|ar|eng|fra|fre|esp|spa|rus|chi|ara|english|french|spanish|russian"
    r"|chinese|arabic|anglais|francais|français|espagnol|espanol|español|ingles|frances)\)?\Z",
    re.IGNORECASE,
)


class _Document(NamedTuple):
    place: int
    name: str
    stem: str
    language: str
    beginning: str
    cover: Cover
    drawn: bool


class Asking(NamedTuple):
    """What is known beside the parts."""

    subject: str
    sender: str
    recipients: Sequence[str]
    has_forms: bool
    beside: str
    """What it says beside its forms."""
    answers: Sequence[str]


def papers_in(event: Event, parts: Parts, left: Sequence[Left], asking: Asking) -> ParsedPapers:
    """Raises `TooMuch`, and whatever libraries raise."""
    subject = asking.subject
    meant = any(is_for_contributions(one) for one in asking.recipients)
    own = _own_text(parts, times_forwarded(subject))
    said = _certain(cover_of("\n".join([own, *map(_own_text, _within(parts))]), in_document=False), parts.doubts)
    documents = [one for one in _documents(event, left) if meant or _is_meant(one, subject)]
    groups = _groups(documents)
    of_each = said if len(groups) == 1 else _without_title(said)
    papers = [_paper(group, of_each, subject) for group in groups]
    if len(papers) > 1 and not all(one.cover.keys() >= {"title", "source"} for one in papers):
        papers = [_together(documents, said, subject)]
    if not papers and meant and not (asking.has_forms or left):
        papers = [*_in_text(parts, own, said, subject)]
    typed = "\n".join(line.text for text in _texts(parts) for line in typed_lines(text) if not line.quoted)
    alone = not (parts.files or parts.within or parts.doubts)
    return ParsedPapers(
        papers=tuple(papers),
        to_contributions=meant,
        cover=said.said,
        kind=_kind(subject, _without_cover(typed), [one.name for one in documents]),
        numbers=_numbers(event, f"{subject}\n{typed}"),
        withdraws=alone and withdraws_paper(event, subject, _letters(parts), asking.sender),
        thanks=alone and _thanks(event, parts, asking),
        refuses=refuses(_without_cover(typed)),
        letter=_letter(event, papers, typed, asking) if papers and papers[0].files else "",
    )


def _letter(event: Event, papers: Sequence[ParsedPaper], typed: str, asking: Asking) -> str:
    known = [asking.sender, _OF_PAPERS, *asking.answers, *chain.from_iterable(one.cover.values() for one in papers)]
    return what_it_says(asking.beside if asking.has_forms else _without_cover(typed), event, known)


def _thanks(event: Event, parts: Parts, asking: Asking) -> bool:
    """For a receipt, whose subject it keeps."""
    letters = ["\n".join(lines) for lines in _letters(parts)]
    known, names = [asking.sender, asking.subject, _OF_PAPERS], [asking.sender.partition("<")[0].strip(' "')]
    return bool(letters) and all(only_thanks(letter, asking.subject, event, known, names) for letter in letters)


def is_for_contributions(recipient: str) -> bool:
    return EMAILED_TO in recipient.casefold().rpartition("@")[0].split("+")[1:]


def _is_meant(one: _Document, subject: str) -> bool:
    """At the event's own address, where letters, scans and tickets come too."""
    if one.cover.said.keys() | one.cover.unsure.keys() >= {"title", "source"}:
        return True
    head = "\n".join(one.beginning.splitlines()[:10])
    return _PAPER_WORDS.search(plain(f"{subject}\n{one.name}\n{head}")) is not None


def _texts(parts: Parts) -> list[str]:
    """The text, or else the HTML."""
    return [bounded(text) for text in parts.plain] or [bounded(text_of_html(html)) for html in parts.html]


def _letters(parts: Parts) -> list[list[str]]:
    texts = [bounded(text) for text in (*parts.plain, *map(text_of_html, parts.html))]
    return [[line.text for line in typed_lines(text) if not line.quoted] for text in texts]


def _own_text(parts: Parts, forwarded: int = 0) -> str:
    lines = (line for text in _texts(parts) for line in lines_of(text, forwarded))
    return "\n".join(line.text for line in lines if not line.quoted)


def _within(parts: Parts) -> Iterator[Parts]:
    for one in parts.within:
        yield one
        yield from _within(one)


def _certain(cover: Cover, doubts: Iterable[Doubt]) -> Cover:
    """What a guessed charset may have garbled is unsure."""
    garbled = {
        name
        for name, text in cover.said.items()
        if (any(doubts) and not text.isascii()) or is_garbled(text, drawn=False)
    }
    return _moved(cover, garbled)


def _without_title(cover: Cover) -> Cover:
    said, unsure = ({name: text for name, text in one.items() if name != "title"} for one in cover)
    return Cover(said, unsure)


def _moved(cover: Cover, unsure: set[str]) -> Cover:
    said = {name: text for name, text in cover.said.items() if name not in unsure}
    return Cover(said, {**cover.unsure, **{name: cover.said[name] for name in unsure}})


def _documents(event: Event, left: Sequence[Left]) -> Iterator[_Document]:
    until = process_time() + SECONDS
    for place, file in left[:MOST_PAPERS]:
        kind = _kind_of(file)
        if kind is None or file.inline:
            continue
        beginning = ""
        if process_time() < until:
            with suppress(Exception):  # libraries do not document what they raise for a broken file
                beginning = kind.read(file)[:BEGINNING]
        if _looks_like_form(event, beginning) or (kind is _PLAIN and not _is_long_enough(file, beginning)):
            continue
        drawn = kind is _PDF
        cover = cover_of(beginning, in_document=True)
        cover = _moved(cover, {name for name, text in cover.said.items() if is_garbled(text, drawn=drawn)})
        stem = re.sub(r"\.\w{1,5}\Z", "", file.name)
        suffix = _LANGUAGE_OF_NAME.search(stem)
        language = language_named(suffix[1]) if suffix else cover.said.get("language", "")
        bare = stem[: suffix.start()] if suffix else stem
        yield _Document(place, file.name or file.type, plain(bare), language, beginning, cover, drawn)


def _is_long_enough(file: File, beginning: str) -> bool:
    return not _OF_PROGRAMS.fullmatch(file.name) and len(beginning.strip()) >= _SHORTEST_WITH_COVER


class _Kind(NamedTuple):
    read: Any
    """(file) -> the beginning of its text."""


def _kind_of(file: File) -> _Kind | None:
    """By its content, a kind that is taken or, as Word 97, one that people take for that."""
    content, name = file.content, file.name.lower()
    if b"%PDF-" in content[:1024]:
        return _PDF
    if content.startswith(b"PK\x03\x04"):
        with suppress(Exception), zipfile.ZipFile(io.BytesIO(content)) as packed:
            if len(packed.infolist()) > MOST_ENTRIES:
                return None
            names = packed.namelist()
            if "word/document.xml" in names:
                return _DOCX
            if "mimetype" in names and packed.open("mimetype").read(100).startswith(_ODT):
                return _ODT_KIND
        return None
    if content.startswith(_OLD_WORD) and name.endswith((".doc", ".rtf", ".dot")):
        return _OLD
    is_text = file.type == "text/plain" or name.endswith((".txt", ".text"))
    return (
        _PLAIN if is_text and b"\0" not in content and not name.endswith((".csv", ".json", ".htm", ".html")) else None
    )


def _in_pdf(file: File) -> str:
    if len(file.content) > LARGEST_PDF:
        return ""
    from pypdf import PdfReader

    with bounds_of_pdf():
        reader = PdfReader(io.BytesIO(file.content))
        if reader.is_encrypted and not reader.decrypt(""):
            return ""
        first = [reader.pages[number] for number in range(min(_FIRST_PAGES, len(reader.pages)))]
        rows = ("\t".join(cell.replace("\n", " ") for cell in cells) for cells in rows_of(first))
        return "\n".join(rows)


def _xml_in(file: File, name: str) -> Any:
    from lxml import etree

    with zipfile.ZipFile(io.BytesIO(file.content)) as packed:
        if packed.getinfo(name).file_size > MOST_XML:
            raise ValueError("too much to look at")
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        return etree.fromstring(packed.read(name), parser)


def _in_docx(file: File) -> str:
    body = _xml_in(file, "word/document.xml")[0]
    for more in body[_FIRST_PARAGRAPHS:]:
        body.remove(more)
    for table in body.findall(f"{WORD}tbl"):
        table.addnext(body.makeelement(f"{WORD}p"))  # an empty line: the last cell ends there
    return text_of_docx(body)


def _in_odt(file: File) -> str:
    from lxml import etree

    root, page = _xml_in(file, "content.xml"), Page()
    seen = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = str(element.tag)
        if tag in (f"{_TEXT}p", f"{_TEXT}h"):
            page.end_line()
            seen += event == "end"
        elif tag == f"{_TABLE}table-row":
            page.begin_row() if event == "start" else page.end_row()
        elif tag == f"{_TABLE}table" and event == "end":
            page.end_line(2)
        elif tag == f"{_TABLE}table-cell" and event == "start":
            page.begin_cell()
        elif tag in (f"{_TEXT}tab", f"{_TEXT}s") and event == "start":
            page.write("\t" if tag.endswith("tab") else " ")
        elif tag == f"{_TEXT}line-break" and event == "start":
            page.break_line()
        if event == "start" and element.text and tag.startswith(_TEXT):
            page.write(element.text)
        if event == "end" and element.tail and tag.startswith(_TEXT) and not tag.endswith(("}p", "}h")):
            page.write(element.tail)
        if seen > _FIRST_PARAGRAPHS:
            break
    return page.text()


def _in_plain(file: File) -> str:
    return decode(file.content[: MOST_BYTES["text"]], "").text


_PDF, _DOCX, _ODT_KIND, _PLAIN, _OLD = map(_Kind, (_in_pdf, _in_docx, _in_odt, _in_plain, lambda file: ""))


def _looks_like_form(event: Event, beginning: str) -> bool:
    lines = beginning.splitlines()[:100]
    cells = [cell for line in lines for cell in re.split(r"[\t:：]|\.{3,}|_{3,}", line) if cell.strip()]
    words = vocabulary(event, cells)
    called = {name for cell in cells for name in words.called(cell.strip())} - {"title"}
    return len(called) >= _FEWEST_LABELS and bool(called & {"family_name", "first_name"})


def _groups(documents: Sequence[_Document]) -> list[list[_Document]]:
    """Those of one name but for the language, or the ending."""
    by_stem = sorted(documents, key=lambda one: one.stem)
    groups = [list(group) for _, group in groupby(by_stem, key=lambda one: one.stem)]
    return sorted(groups, key=lambda group: min(one.place for one in group))


def _paper(group: Sequence[_Document], said: Cover, subject: str, *, several: bool = False) -> ParsedPaper:
    first = group[0]
    own = {**first.cover.said}
    for one in group[1:]:
        own = {**one.cover.said, **own}
    cover = {**own, **said.said}
    differing = {
        name
        for name in ("title", "source")
        if name in own and name in said.said and _differ(own[name], said.said[name])
    }
    unsure = dict(first.cover.unsure) | dict(said.unsure) | {name: cover[name] for name in differing}
    cover = {name: text for name, text in cover.items() if name not in differing}
    guessed = {**with_unlabelled(first.beginning.splitlines()), **unsure}
    if (title := title_in_subject(subject)) and "title" not in cover:
        sure = not first.drawn or not any(map(is_right_to_left, title))
        if sure and len(title.split()) > 1 and stands_alone_in(title, first.beginning):
            cover["title"] = title
        else:
            guessed = {"title": title, **guessed}
    files = tuple(AttachedFile(one.place, one.name, one.language) for one in group)
    several = several or len(files) > MOST_FILES
    return ParsedPaper(files, cover, guessed, first.beginning, may_be_several=several)


def _differ(one: str, other: str) -> bool:
    return plain(one) != plain(other)


def _together(documents: Sequence[_Document], said: Cover, subject: str) -> ParsedPaper:
    return _paper(sorted(documents, key=lambda one: one.place), said, subject, several=True)


def _in_text(parts: Parts, own: str, said: Cover, subject: str) -> Iterator[ParsedPaper]:
    texts = [own, *map(_own_text, _within(parts))]
    text = max(texts, key=len).strip()
    has_cover = said.said.keys() >= {"title", "source"}
    if len(text) < (_SHORTEST_WITH_COVER if has_cover else SHORTEST_PAPER):
        return
    guessed = {"title": title_in_subject(subject), **said.unsure}
    yield ParsedPaper((), said.said, {name: one for name, one in guessed.items() if one}, text[:BEGINNING], text)


def _kind(subject: str, typed: str, names: Sequence[str]) -> PaperKind:
    """By the subject; in a letter by words alone that are written in full; in names of files too, but `revised` is what
    people call a draft."""
    titles = [one.replace("_", " ") for one in names]
    said = ((subject, None), (typed[:2000], _IN_FULL), (" \n ".join(titles), _NO_TEXT))
    for text, only in said:
        for kind, words in _KINDS:
            found = re.search(words, plain(text))
            if found and (only is None or only.search(found[0])):
                return kind
    return PaperKind.ORIGINAL


def _numbers(event: Event, text: str) -> tuple[int, ...]:
    found = re.findall(
        rf"(?<![\w/])(?:{re.escape(event.slug)}\s?[-–—]\s?)?C\s?/\s?(\d{{1,6}})(?![\d/])", text, re.IGNORECASE
    )
    return tuple(dict.fromkeys(map(int, found)))


_COVER_LINE = re.compile(r"^[^\n:：]{2,40}[:：].*$", re.MULTILINE)


def _without_cover(typed: str) -> str:
    return _COVER_LINE.sub("", typed)
