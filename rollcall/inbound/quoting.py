"""Which lines of a text are quoted. A forwarded e-mail counts as the sender's own, an answered one does not.

Knows Gmail, Outlook (only the subject tells), Apple Mail and Thunderbird, in English, French and Spanish.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from rollcall.inbound.choices import plain

_MARKS = re.compile(r"\s{0,3}(?:>|\|(?=\s))(?:\s?>|\s?\|(?=\s))*\s?")
_FORWARDED = (
    *("forwarded message", "begin forwarded message", "original message forwarded", "forwarded by"),
    *("message transfere", "debut du message transfere", "debut du message reexpedie"),
    *("mensaje reenviado", "inicio del mensaje reenviado"),
)
_ORIGINAL = ("original message", "message d origine", "mensaje original", "message original", "reply message")
_FORWARDS = re.compile(r"\s*(?:\[[^\]]*\]\s*)?((?:(?:fwd?|tr|rv|wg|i)\s?:\s*)*)", re.IGNORECASE)
"""What programs and gateways put before a subject."""
_WROTE = re.compile(r"(?:wrote|a ecrit|escribio|writes)\Z")
_ON = re.compile(r"(?:on|le|el) ")
_HEADER = re.compile(
    r"\s*\*?(From|Sent|Date|To|Cc|Bcc|Subject|Reply-To|De|Envoyé|À|A|Objet|Enviado(?: el)?|Para|Asunto|Fecha"
    r"|Importance|Attachments|CC|Cci)\s?:\*?(?:\s|\Z)",
    re.IGNORECASE,
)
_FROM = re.compile(r"\s*\*?(?:From|De)\s?:", re.IGNORECASE)
_LONGEST_MARKER = 300
_MOST_HEADERS = 15


@dataclass(frozen=True)
class Line:
    text: str
    quoted: bool = False


def times_forwarded(subject: str) -> int:
    """Since the last answer: `FW: Fwd: form` twice, `RE: FW: form` never."""
    forwards = _FORWARDS.match(subject)
    return forwards[1].count(":") if forwards else 0


def lines_of(text: str, forwarded: int = 0) -> list[Line]:
    """Marks become empty lines. The first `forwarded` ambiguous marks count as forwarded."""
    told = [_told(line) for line in text.splitlines()]
    return list(_sorted_out(told, forwarded))


def _told(line: str) -> tuple[int, str]:
    """Depth of quotation, and the line."""
    row = line.strip()
    if row.startswith("|") and row.endswith("|") and row.count("|") > 2:
        return 0, "\t".join(cell.strip() for cell in row[1:-1].split("|")) if row.strip("|-:+ ") else ""
    marks = _MARKS.match(line)
    if not marks:
        return 0, line
    return marks.group().count(">") + marks.group().count("|"), line[marks.end() :]


def _sorted_out(told: Sequence[tuple[int, str]], forwarded: int) -> Iterator[Line]:
    own_depth = 0
    answered = False
    at = 0
    while at < len(told):
        depth, line = told[at]
        quoted = answered or depth > own_depth
        mark, end = _mark_at(told, at)
        if mark is None:
            yield Line(line, quoted)
        elif not quoted and (mark is _Mark.FORWARDED or (mark is _Mark.ORIGINAL and forwarded > 0)):
            forwarded -= 1
            if end < len(told):
                own_depth = told[end][0]
            yield Line("")
        else:
            follows = _next_written(told, end)
            goes_deeper = follows is not None and told[follows][0] > depth
            answered = answered or (not quoted and (mark is _Mark.ORIGINAL or not goes_deeper))
            yield Line("", True)
        at = end


class _Mark(Enum):
    FORWARDED = auto()
    ORIGINAL = auto()
    """Answered or forwarded."""
    ANSWERED = auto()


def _mark_at(told: Sequence[tuple[int, str]], at: int) -> tuple[_Mark | None, int]:
    line = told[at][1]
    if not line or line.isspace():
        return None, at + 1
    if (end := _end_of_headers(told, at)) > at:
        return _Mark.ORIGINAL, end
    may_mark = len(line) <= _LONGEST_MARKER and any(
        word in line.lower() for word in ("message", "mensaje", "forwarded")
    )
    words = plain(line) if may_mark else ""
    if words in _FORWARDED:
        return _Mark.FORWARDED, _past_headers(told, at + 1)
    if words in _ORIGINAL:
        return _Mark.ORIGINAL, _past_headers(told, at + 1)
    if (end := _end_of_attribution(told, at)) > at:
        return _Mark.ANSWERED, end
    return None, at + 1


def _end_of_attribution(told: Sequence[tuple[int, str]], at: int) -> int:
    """Of `On ... wrote:`, three lines at most; `at` where none begins."""
    said = ""
    for end in range(at, min(at + 3, len(told))):
        line = told[end][1].strip()
        if not line or len(line) > _LONGEST_MARKER:
            return at
        said = f"{said} {line}".strip()
        if end == at and said[:2].lower() not in ("on", "le", "el"):
            return at
        if line.endswith((":", ":*")):
            words = plain(said)
            return end + 1 if _ON.match(words) and _WROTE.search(words) else at
    return at


def _end_of_headers(told: Sequence[tuple[int, str]], at: int) -> int:
    """Of headers that begin with From; `at` where none begin."""
    if not _FROM.match(told[at][1][:20]):
        return at
    others = sum(bool(_HEADER.match(line[:40])) for _, line in told[at + 1 : at + 6])
    return _past_headers(told, at) if others >= 2 else at


def _past_headers(told: Sequence[tuple[int, str]], at: int) -> int:
    start = _next_written(told, at)
    if start is None:
        return len(told)
    if not _HEADER.match(told[start][1][:40]):
        return start
    last = start
    for place in range(start, min(start + _MOST_HEADERS, len(told))):
        if not told[place][1].strip():
            break
        if _HEADER.match(told[place][1][:40]):
            last = place
    follows = _next_written(told, last + 1)
    return len(told) if follows is None else follows


def _next_written(told: Sequence[tuple[int, str]], at: int) -> int | None:
    return next((place for place in range(at, len(told)) if told[place][1].strip()), None)
