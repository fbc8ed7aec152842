"""Who sent an e-mail, in which language, when it arrived, and whether a program sent it."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import getaddresses, parsedate_to_datetime
from functools import lru_cache
from inspect import signature
from itertools import islice
from typing import Any

from rollcall.inbound.mime import File, Headers, decoded
from rollcall.inbound.webhook import Post
from rollcall.language import languages
from rollcall.model.inbound import MachineSign, Reason, ReviewReason

SPAM_SCORE = 5.0
"""SpamAssassin's `required_score`."""
LONGEST_ADDRESS = 320
"""Characters (RFC 3696, 3)."""

LONGEST_FROM = 2000
"""Characters: the library's time grows with their square."""
MOST_FROM = 3

_COMMENT = re.compile(r"\([^()]*\)")
_RECEIVED_BY = re.compile(r"\bby\s+([\w.-]+)", re.IGNORECASE)
_RECEIVED_AT = re.compile(r"(\d{1,2}\s+[a-z]{3}\s+\d{4}\s+\d\d:\d\d(?::\d\d)?)(?:\.\d+)?\s*([+-]\d{4})?", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:[^\s\0-\x20\x7f@<>(),;:\"\\]+|\"[^\0-\x1f\x7f\"\\@]+\")@[^\s\0-\x20\x7f@<>(),;:\"\\]+")
_OUTCOME = re.compile(r":\s*pass", re.IGNORECASE)

_MACHINES = re.compile(
    r"(?:.*[-_.+])?(?:mailer[-_.]?daemon|postmaster|bounces?|majordomo|listserv|auto[-_.]?(?:reply|respond(?:er)?)"
    r"|(?:no|not|do[-_.]?not|dont|never|ne[-_.]?pas|nao|nicht)[-_.]?(?:reply|respond(?:er|a)?|repondre|antworten))"
    r"(?:[-_.+\d].*)?",
    re.IGNORECASE,
)
_BY_ITSELF = re.compile(
    r"auto[- ]?(?:ma|má|reply|respon|respuesta|réponse|svar|antwor)|otomati|автомат|автоответ|自动|自動|자동|تلقائي|آلي"
    r"|خودکار|αυτόματ"
    r"|אוטומטי|อัตโนมัติ|tự động",
    re.IGNORECASE,
)
_ANSWERS = re.compile(
    r"repl|r[eé]s?pon|resp(?:ue|o)sta|rispost|antwo|odpo|svar|vastaus|válasz|yanıt|cevap|răspuns|balasan|trả lời"
    r"|ответ|відпов|отговор|απάντηση|回复|回覆|回復|答复|应答|返信|応答|회신|응답|답장|رد|پاسخ|מענה|תשובה|ตอบ",
    re.IGNORECASE,
)
_AWAY = re.compile(
    r"(?:.{1,80} (?:is out of the office|est absente? du bureau|ist (?:nicht im büro|außer haus))\b.*"
    r"|out of (?:the )?office|abwesen(?:d|heit(?:s\w+)?)|nicht im büro|absente? du bureau|absence du bureau"
    r"|(?:avis|message|notification) d[’']absence|en congé|en vacances"
    r"|fuera de (?:la )?oficina|ausente de la oficina|(?:mensaje|aviso|notificación) de ausencia|de vacaciones"
    r"|fora do escritório|fuori (?:ufficio|sede)|afwezig(?:heid\w*)?|вне офиса|(?:я )?(?:нахожусь )?в отпуске"
    r"|отсутствую|уведомление об отсутствии"
    r"|poza biurem|nieobecność|ofis dışında"
    r"|frånvaro|fravær|poissa|mimo kancelář|házon kívül"
    r"|不在(?:通知|のお知らせ)?|休假(?:通知)?|外出中|出差中|(?:我)?不在办公室|부재중?"
    r"|gelesen|ungelesen gelöscht|(?:non )?lu|(?:no )?leído|(?:не )?прочтено|(?:не )?прочитано|[已未]读|تمت القراءة"
    r"|(?:غير )?مقروءة?|(?:not )?read(?=:)"
    r"|(?:أنا )?خارج المكتب|(?:أنا )?في إجازة|غير موجود في المكتب"
    r"|εκτός γραφείου|מחוץ למשרד)(?: \w+)?\s*(?:[:：(–-]|\Z)",
    re.IGNORECASE,
)
_CALENDARS = ("text/calendar", "application/ics")
_CALENDAR_ANSWER = re.compile(rb"^METHOD[^:\r\n]{0,100}:REPLY\s*$", re.MULTILINE | re.IGNORECASE)
_LONGEST_CALENDAR_HEAD = 4096
_BRACKETED = re.compile(r"\s*\[[^\]]{0,40}\]\s*")
_LONGEST_NOTE = 40
"""Characters before the colon of `Automatic reply: ...`."""
_AUTOMATIC_HEADER = re.compile(r"x-(?:mail-)?auto-?(?:reply|respond|generated)(?:-.*)?|x-vacation")
_BY_HEADER = (
    MachineSign.LIST_ID,
    MachineSign.LIST_UNSUBSCRIBE,
    MachineSign.LIST_POST,
    MachineSign.MAILING_LIST,
)


@lru_cache(maxsize=4)
def from_addresses(headers: Headers) -> tuple[str, ...]:
    """Unique, without names."""
    written = headers.all("from")
    addresses = _addresses(written) or _addresses(map(decoded, written))
    return tuple({address.casefold(): address for address in addresses}.values())


def language_of(headers: Headers) -> str:
    """As the sender's program names it (RFC 3282), among those that the desk speaks; Outlook does."""
    named = (headers.first("content-language"), headers.first("accept-language"))
    tags = (tag.strip().partition(";")[0] for value in named for tag in value[:LONGEST_FROM].split(","))
    codes = (tag.partition("-")[0].strip().lower() for tag in tags)
    return next((code for code in codes if code in languages()), "")


def arrived_at(headers: Headers) -> datetime | None:
    """By SendGrid's own `Received`, the earliest; None without one. Servers put theirs on top (RFC 5321, 4.4): those
    below the first that says "from" may be forged."""
    times = [time for time in map(_received_at, _written_by_sendgrid(headers)) if time]
    return min(times, default=None)


def automatic(post: Post, headers: Headers, files: Iterable[File] = ()) -> MachineSign | None:
    """`X-Auto-Response-Suppress` is no sign: Exchange sets it on people's e-mails too."""
    submitted = _bare(headers.first("auto-submitted"))
    if submitted not in ("", "no"):
        return MachineSign.AUTO_SUBMITTED
    if post.envelope_from == "" or headers.first("return-path") == "<>":
        return MachineSign.NULL_SENDER
    if any(_MACHINES.fullmatch(address.rpartition("@")[0]) for address in from_addresses(headers)):
        return MachineSign.MAIL_SYSTEM
    if _bare(headers.first("precedence")) in ("bulk", "list", "junk", "auto_reply"):
        return MachineSign.PRECEDENCE
    if _is_absence_note(decoded(headers.first("subject"))):
        return MachineSign.ABSENCE_NOTE
    for name, value in headers.fields:
        if name in _BY_HEADER and _bare(value) not in ("", "no"):
            return MachineSign(name)
        if _AUTOMATIC_HEADER.fullmatch(name) and _bare(value) not in ("", "no"):
            return MachineSign.AUTOREPLY
    return _by_its_parts(headers, files)


def _is_absence_note(subject: str) -> bool:
    """By its subject, where no header says so: `Automatic reply: Registration`, `Out of office`."""
    said = _BRACKETED.sub("", subject, count=1) if subject.startswith("[") else subject
    note, colon, _ = said.replace("：", ":").partition(":")
    if "?" in note or _AWAY.match(said):
        return "?" not in note
    alone = bool(colon) or len(note.split()) < 4
    return alone and len(note) <= _LONGEST_NOTE and bool(_BY_ITSELF.search(note) and _ANSWERS.search(note))


def _by_its_parts(headers: Headers, files: Iterable[File]) -> MachineSign | None:
    for file in files:
        if file.type in _CALENDARS and _CALENDAR_ANSWER.search(file.content[:_LONGEST_CALENDAR_HEAD]):
            return MachineSign.CALENDAR_ANSWER
        if file.type == "message/disposition-notification":
            return MachineSign.REPORT
    return MachineSign.REPORT if is_report(headers) else None


def is_report(headers: Headers) -> bool:
    """RFC 6522."""
    return headers.first("content-type").lower().startswith("multipart/report")


def unproven(post: Post, headers: Headers) -> Reason | None:
    """Why From may be forged. Proof is a valid DKIM signature, or SPF, for the same domain (DMARC's relaxed alignment,
    RFC 7489, 3.1). Without either, the envelope must name that domain."""
    addresses = from_addresses(headers)
    if post.tampered:
        return Reason(ReviewReason.TAMPERED_POST)
    if len(addresses) != 1:
        return Reason(ReviewReason.SEVERAL_FROM if addresses else ReviewReason.NO_FROM)
    if is_proven(post, headers):
        return None
    domain, envelope = _domain(addresses[0]), _domain(post.envelope_from or "")
    if not _aligned(domain, envelope):
        return Reason(ReviewReason.FROM_NOT_ALIGNED)
    if post.spf not in ("", "pass", "none", "neutral"):
        return Reason(ReviewReason.SPF_NOT_PASSED, {"outcome": post.spf})
    if any(outcome == "fail" for _, outcome in post.dkim):
        return Reason(ReviewReason.DKIM_FAILED)
    return None


def is_proven(post: Post, headers: Headers) -> bool:
    addresses = from_addresses(headers)
    if post.tampered or len(addresses) != 1:
        return False
    domain, envelope = _domain(addresses[0]), _domain(post.envelope_from or "")
    signed = any(outcome == "pass" and _aligned(domain, signer) for signer, outcome in post.dkim)
    # SendGrid repeats a signature's own words, which may look like an outcome
    feigned = any(_OUTCOME.search(value) for value in headers.all("dkim-signature"))
    return (signed and not feigned) or (post.spf == "pass" and _aligned(domain, envelope))


def is_spam(post: Post) -> bool:
    return post.spam_score is not None and post.spam_score >= SPAM_SCORE


def _written_by_sendgrid(headers: Headers) -> Iterable[str]:
    for received in headers.all("received"):
        line = _without_comments(received)
        by = _RECEIVED_BY.search(line)
        if not by or not f".{by[1].lower()}".endswith(".sendgrid.net"):
            return
        yield line
        if line.lower().startswith("from"):
            return


def _received_at(received: str) -> datetime | None:
    """SendGrid omits the semicolon, and writes fractions of a second."""
    times = _RECEIVED_AT.findall(received)
    if not times:
        return None
    moment, zone = times[-1]
    try:
        time = parsedate_to_datetime(f"{moment} {zone or '+0000'}")
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):  # no such day, or year
        return None


_ALL_OF_THEM: dict[str, Any] = {"strict": False} if "strict" in signature(getaddresses).parameters else {}
"""Newer Pythons (3.11.10, Debian's) find no address in a malformed header."""


def _addresses(values: Iterable[str]) -> list[str]:
    try:
        values = [value[:LONGEST_FROM] for value in islice(values, MOST_FROM)]
        found = [address.strip("'") for _, address in getaddresses(values, **_ALL_OF_THEM)]
    except (RecursionError, IndexError):  # brackets within brackets within brackets
        return []
    return [one for one in found if len(one) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(one)]


def _bare(value: str) -> str:
    return _without_comments(value).partition(";")[0].strip().lower()


def _without_comments(value: str) -> str:
    return _COMMENT.sub(" ", value).strip()


def _domain(address: str) -> str:
    return address.rpartition("@")[2].rstrip(".").lower()


def _aligned(domain: str, other: str) -> bool:
    """The same, or a subdomain of the other."""
    shorter, longer = sorted((domain, other.rstrip(".")), key=len)
    return "." in shorter and f".{longer}".endswith(f".{shorter}")
