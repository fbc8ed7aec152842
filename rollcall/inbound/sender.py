"""Who sent an e-mail, when it arrived, and whether a program sent it."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import getaddresses, parsedate_to_datetime
from inspect import signature
from typing import Any

from rollcall.inbound.mime import Headers, decoded
from rollcall.inbound.webhook import Post
from rollcall.model.inbound import MachineSign, Reason, ReviewReason

SPAM_SCORE = 5.0
"""SpamAssassin's `required_score`."""
LONGEST_ADDRESS = 320
"""Characters (RFC 3696, 3)."""

_COMMENT = re.compile(r"\([^()]*\)")
_RECEIVED_BY = re.compile(r"\bby\s+([\w.-]+)", re.IGNORECASE)
_RECEIVED_AT = re.compile(r"(\d{1,2}\s+[a-z]{3}\s+\d{4}\s+\d\d:\d\d(?::\d\d)?)(?:\.\d+)?\s*([+-]\d{4})?", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:[^\s\0-\x20\x7f@<>(),;:\"\\]+|\"[^\0-\x1f\x7f\"\\@]+\")@[^\s\0-\x20\x7f@<>(),;:\"\\]+")
_OUTCOME = re.compile(r":\s*pass", re.IGNORECASE)

_MACHINES = re.compile(r"(mailer[-_.]?daemon|postmaster|bounces?)\Z", re.IGNORECASE)
_ABSENT = re.compile(
    r"(auto(matic)?[- ]?(reply|response)|out of (the )?office|abwesenheits(notiz|nachricht)|automatische antwort"
    r"|réponse automatique|absence du bureau|respuesta automática|fuera de (la )?oficina)( \w+)?\s*:",
    re.IGNORECASE,
)
"""Subjects of absence notes without headers that say so."""
_BY_HEADER = (
    MachineSign.LIST_ID,
    MachineSign.LIST_UNSUBSCRIBE,
    MachineSign.LIST_POST,
    MachineSign.AUTOREPLY,
    MachineSign.AUTORESPOND,
)


def from_addresses(headers: Headers) -> tuple[str, ...]:
    """Unique, without names."""
    written = headers.all("from")
    addresses = _addresses(written) or _addresses(map(decoded, written))
    return tuple({address.casefold(): address for address in addresses}.values())


def arrived_at(headers: Headers) -> datetime | None:
    """By SendGrid's own `Received`, the earliest; None without one. Servers put theirs on top (RFC 5321, 4.4): those
    below the first that says "from" may be forged."""
    times = [time for time in map(_received_at, _written_by_sendgrid(headers)) if time]
    return min(times, default=None)


def automatic(post: Post, headers: Headers) -> MachineSign | None:
    """`X-Auto-Response-Suppress` is no sign: Exchange sets it on people's e-mails too."""
    submitted = _bare(headers.first("auto-submitted"))
    if submitted not in ("", "no"):
        return MachineSign.AUTO_SUBMITTED
    if post.envelope_from == "":
        return MachineSign.NULL_SENDER
    if any(_MACHINES.match(address.rpartition("@")[0]) for address in from_addresses(headers)):
        return MachineSign.MAIL_SYSTEM
    if _bare(headers.first("precedence")) in ("bulk", "list", "junk", "auto_reply"):
        return MachineSign.PRECEDENCE
    if _ABSENT.match(decoded(headers.first("subject"))):
        return MachineSign.ABSENCE_NOTE
    for sign in _BY_HEADER:
        if _bare(headers.first(sign)) not in ("", "no"):
            return sign
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
    domain, envelope = _domain(addresses[0]), _domain(post.envelope_from or "")
    signed = any(outcome == "pass" and _aligned(domain, signer) for signer, outcome in post.dkim)
    # SendGrid repeats a signature's own words, which may look like an outcome
    feigned = any(_OUTCOME.search(value) for value in headers.all("dkim-signature"))
    if (signed and not feigned) or (post.spf == "pass" and _aligned(domain, envelope)):
        return None
    if not _aligned(domain, envelope):
        return Reason(ReviewReason.FROM_NOT_ALIGNED)
    if post.spf not in ("", "pass", "none", "neutral"):
        return Reason(ReviewReason.SPF_NOT_PASSED, {"outcome": post.spf})
    if any(outcome == "fail" for _, outcome in post.dkim):
        return Reason(ReviewReason.DKIM_FAILED)
    return None


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
        found = [address.strip("'") for _, address in getaddresses(list(values), **_ALL_OF_THEM)]
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
