"""Which lines of a text are quoted. A forwarded e-mail counts as the sender's own, an answered one does not.

Quotations are known by structure, in any language: marks, an introduction that ends in a colon, a block of headers with
an address and a time. Words only tell forwarding from answering.
"""

import re
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from functools import lru_cache
from itertools import groupby, takewhile
from typing import NamedTuple

from rollcall.inbound.choices import plain

_MARKS = re.compile(r"\s{0,3}(?:>|\|(?=\s))(?:\s?>|\s?\|(?=\s))*\s?")
_FORWARDS = re.compile(
    r"\s*(?:\[[^\]]*\]\s*)?((?:(?:fwd?|fs|tr|rv|wg|i|enc|vb|vs|vl|pd|ynt|ilt|doorst|továbbítás|пересл|пер|转发"
    r"|轉寄|転送|전달|(?:إعادة )?توجيه)"
    r"\s?[:：]\s*)*)",
    re.IGNORECASE,
)
"""What programs and gateways put before a subject."""
_FORWARD_WORDS = re.compile(
    r"forward|transfer|reexpedi|reenviad|encaminh|inoltr|weitergeleitet|doorgestuur|przekaz|пересл|пересыл"
    r"|перенаправ|переадрес|iletilen"
    r"|vidarebefordra|videresend|valitetty|tovabbitott|preposlan|转发|轉寄|転送|전달|توجيه|הועבר"
)
_ORIGINAL_WORDS = re.compile(r"original|d origine|ursprunglich|oorspronkelijk|исходн|原始|元の|원본|الاصلي")
_MESSAGE_WORDS = re.compile(
    r"e ?mail|messa|mensa|nachricht|bericht|wiadomosc|сообщ|письм|ileti|meddelande|melding|viesti"
    r"|邮件|郵件|メッセージ|رسال|بريد"
)
_WROTE = re.compile(
    r"(?:wrote|writes|ecrit|escribio|escreveu|schrieb|scritto|schreef|skrev|napisal|napsal|yazdi|kirjoitti|irta"
    r"|написал|пише|写道|寫道|書きました|のメール|작성|كتب|كتبت|كتابه)\b"
)
_DIVIDER = re.compile(r"\s*[-_*=]{3,40}(?:\s?([^\W_][^:：\n]{2,60}?)\s?[-_*=]{2,40})?:?\s*")
_GMAILS = re.compile(r"\s*-{10} ")
"""Gmail divides only what it forwards."""

_LABELLED = re.compile(r"\s*\*?[^\W\d_][^:：<>@\d\n]{0,29}[:：]\*?(?:\s|\Z)")
_KNOWN = re.compile(
    r"\s*\*?(?:From|Sent|Date|To|Cc|Bcc|Subject|Reply-To|De|Envoyé|À|A|Objet|Enviado(?: el)?|Para|Asunto|Fecha"
    r"|От|Отправлено|Дата|Кому|Копия|Тема|发件人|寄件者|发送时间|日期|收件人|抄送|主题"
    r"|من|تم الإرسال|تاريخ الإرسال|التاريخ|إلى"
    r"|نسخة|الموضوع"
    r")\s?[:：]",
    re.IGNORECASE,
)
_KNOWN_FROM = re.compile(r"\s*\*?(?:From|De|От|发件人|寄件者|من)\s?[:：]", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s<>@:]{1,64}@[^\s<>@:]{3,}")
_BRACKETED = re.compile(r"[<\[(](?:mailto:)?[^\s<>\[\]()@]{1,64}@[^\s<>@]{3,}")
_DAY = re.compile(r"\d{4}|\d{1,2}[./-]\d{1,2}[./-]\d{2}")
_TIME = re.compile(r"\b\d{1,2}[:.h時时點点시]\s?\d{2}")
_ASKS = re.compile(r"[?!？！؟]")
_LONGEST_LINE = 300
_MOST_HEADERS = 15
_MOST_LABELS = 8
_MOST_OTHERS = 2


class Line(NamedTuple):
    text: str
    quoted: bool = False


_Told = Sequence[tuple[int, str]]
"""Lines without their marks, each after its depth of quotation."""


def times_forwarded(subject: str) -> int:
    """Since the last answer: `FW: Fwd: form` twice, `RE: FW: form` never."""
    forwards = _FORWARDS.match(subject)
    return len(re.findall("[:：]", forwards[1])) if forwards else 0


# an e-mail's texts are asked for once as a form and several times as a letter
@lru_cache(maxsize=4)
def lines_of(text: str, forwarded: int = 0) -> Sequence[Line]:
    """Marks become empty lines. The first `forwarded` ambiguous marks count as forwarded."""
    told = [_told(line) for line in text.splitlines()]
    return tuple(_sorted_out(told, forwarded, may_forward=True))


@lru_cache(maxsize=4)
def typed_lines(text: str) -> Sequence[Line]:
    """The sender's own, and nothing forwarded. An empty line stands for what is left out."""
    lines = _sorted_out([_told(line) for line in text.splitlines()], 0, may_forward=False)
    runs = [(blank, list(run)) for blank, run in groupby(lines, lambda line: line.quoted or not line.text.strip())]
    return tuple(
        line for blank, run in runs for line in ([Line("")] if blank and any(one.quoted for one in run) else run)
    )


def _told(line: str) -> tuple[int, str]:
    row = line.strip()
    if row.startswith("|") and row.endswith("|") and row.count("|") > 2:
        return 0, "\t".join(cell.strip() for cell in row[1:-1].split("|")) if row.strip("|-:+ ") else ""
    marks = _MARKS.match(line)
    if not marks:
        return 0, line
    return marks.group().count(">") + marks.group().count("|"), line[marks.end() :]


def _sorted_out(told: _Told, forwarded: int, *, may_forward: bool) -> Iterator[Line]:
    own_depth = 0
    answered = False
    at = 0
    while at < len(told):
        depth, line = told[at]
        quoted = answered or depth > own_depth
        mark, end = _mark_at(told, at)
        if mark is None:
            yield Line(line, quoted)
        elif may_forward and not quoted and (mark is _Mark.FORWARDED or (mark is _Mark.ORIGINAL and forwarded > 0)):
            forwarded -= 1
            if end < len(told):
                own_depth = told[end][0]
            yield Line("")
        else:
            below = mark is not _Mark.ANSWERED or not _goes_deeper(told, end, depth)
            answered = answered or (not quoted and below)
            yield Line("", True)
        at = end


class _Mark(Enum):
    FORWARDED = auto()
    ORIGINAL = auto()
    """Answered or forwarded."""
    ANSWERED = auto()


def _mark_at(told: _Told, at: int) -> tuple[_Mark | None, int]:
    line = told[at][1]
    if not line or line.isspace():
        return None, at + 1
    if (end := _end_of_headers(told, at)) > at:
        return _Mark.ORIGINAL, _next_written(told, end)
    if (divider := _DIVIDER.fullmatch(line)) or _ends_in_colon(line):
        words = plain(line[:_LONGEST_LINE])
        said = divider or _MESSAGE_WORDS.search(words)  # and not: I look forward to it. My form:
        said = said and (_FORWARD_WORDS.search(words) or _ORIGINAL_WORDS.search(words))
        follows = _next_written(told, at + 1)
        end = _end_of_headers(told, follows, announced=said is not None)
        if end > follows or said:
            forwards = _FORWARD_WORDS.search(words) or _GMAILS.match(line)
            return (_Mark.FORWARDED if forwards else _Mark.ORIGINAL), _next_written(told, end)
    if (end := _end_of_introduction(told, at)) > at:
        return _Mark.ANSWERED, end
    return None, at + 1


def _end_of_introduction(told: _Told, at: int) -> int:
    """Of `On ... wrote:`, three lines at most; `at` where none begins."""
    said = ""
    for end in range(at, min(at + 3, len(told))):
        depth, line = told[end]
        if not line.strip() or len(line) > _LONGEST_LINE:
            return at
        said = f"{said} {line.strip()}".strip()
        if _ends_in_colon(line):
            names_it = _ADDRESS.search(said) or _TIME.search(said) or _WROTE.search(plain(said))
            above_marks = end == at and _goes_deeper(told, at + 1, depth) and not _ASKS.search(said)
            return end + 1 if (_DAY.search(said) and names_it) or above_marks else at
        if _LABELLED.match(line[:40]) or not _DAY.search(said):
            return at
    return at


def _end_of_headers(told: _Told, at: int, *, announced: bool = False) -> int:
    """Three labels or more with an address and a time, as no form has them, or those of programs in
    the languages of `_KNOWN`; `at` where none begin. `announced`: the line above says that they do."""
    if at == len(told) or not _LABELLED.match(told[at][1][:40]):
        return at
    if not (announced or _KNOWN_FROM.match(told[at][1][:20])) and not any(
        "@" in line for _, line in told[at : at + _MOST_HEADERS]
    ):
        return at
    if not (announced or _KNOWN_FROM.match(told[at][1])) and not any(
        _is_timed(line) for _, line in told[at : at + _MOST_HEADERS]
    ):
        return at
    block = list(takewhile(_is_of_header, (line[:_LONGEST_LINE] for _, line in told[at : at + _MOST_HEADERS])))
    if not _KNOWN.match(block[0]) and any(map(_KNOWN_FROM.match, block)):
        return at  # it begins below
    labels = [place for place, line in enumerate(block) if _LABELLED.match(line[:40])]
    known = [place for place in labels if _KNOWN.match(block[place])]
    if len(known) > 1 and (announced or (_KNOWN_FROM.match(block[0]) and len(known) > 2)):
        others = len(block) - known[-1] - 1  # as Importance, Attachments
        return at + (len(block) if others <= _MOST_OTHERS else known[-1] + 1)
    if not 3 <= len(labels) <= _MOST_LABELS:
        return at
    timed = any(map(_is_timed, block))
    named = any(line[: address.start()].rstrip(" \t:：") for line in block for address in _BRACKETED.finditer(line))
    addressed = sum(_ADDRESS.search(line) is not None for line in block) > 1
    return at + len(block) if timed and (named or addressed) else at


@lru_cache(maxsize=100)  # each line is looked at from each label above it
def _is_timed(line: str) -> bool:
    cut = line[:_LONGEST_LINE]
    return _DAY.search(cut) is not None and _TIME.search(cut) is not None


def _is_of_header(line: str) -> bool:
    return bool(line.strip()) and not _DIVIDER.fullmatch(line)


def _ends_in_colon(line: str) -> bool:
    return line.rstrip(" \t\xa0*").endswith((":", "："))


def _goes_deeper(told: _Told, at: int, depth: int) -> bool:
    follows = _next_written(told, at)
    return follows < len(told) and told[follows][0] > depth


def _next_written(told: _Told, at: int) -> int:
    """Or past the end."""
    return next((place for place in range(at, len(told)) if told[place][1].strip()), len(told))
