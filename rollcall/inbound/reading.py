"""A post of Inbound Parse (`Content-Type: ...`, an empty line, the body) becomes a `ParsedEmail`; `reader` sees to the
budget. Where a module raises, the e-mail goes to review with what is known."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TypeVar

from rollcall.inbound.charsets import text_of
from rollcall.inbound.forms import About, Found, all_parts, find_forms
from rollcall.inbound.html import text_of_html
from rollcall.inbound.kinds import handed_on
from rollcall.inbound.letter import asks
from rollcall.inbound.message import first_of, message_of
from rollcall.inbound.mime import File, Headers, Parts, decoded
from rollcall.inbound.sender import (
    arrived_at,
    automatic,
    from_addresses,
    is_proven,
    is_report,
    is_spam,
    language_of,
    unproven,
)
from rollcall.inbound.webhook import glance as glance  # with the rest, a reader in this process
from rollcall.inbound.webhook import open_post
from rollcall.model.email import Attachment
from rollcall.model.event import Event
from rollcall.model.inbound import InboundForm, ParsedEmail, ParsedPapers, Reason, ReviewReason
from schemas.text import shown

LONGEST_TEXT = 2000
"""Characters."""
LONGEST_SUBJECT = 500
LONGEST_MESSAGE_ID = 998  # a line (RFC 5322, 2.1.1)
LONGEST_SENDER_NAME = 200
MOST_REFERENCES = 50
MOST_NOT_READ = 100
LONGEST_NOT_READ = 200
LONGEST_HTML = 200_000
"""Characters searched for text."""

_MESSAGE_ID = re.compile(r"<[!-;=?-~]+>")
_Read = TypeVar("_Read")


def begin(raw: bytes) -> ParsedEmail:
    """What a person sees of an e-mail whose reading is ended."""
    return _tried(partial(_begin, raw), partial(_not_understood, raw, ReviewReason.TOO_COMPLICATED))


def read(raw: bytes, event: Event, asked: InboundForm | None = None) -> ParsedEmail:
    return _tried(partial(_read, raw, event, asked), partial(_not_understood, raw, ReviewReason.NOT_TAKEN_APART))


def attachments(raw: bytes) -> tuple[Attachment, ...]:
    return _tried(partial(_attachments, raw), tuple)


def _tried(read: Callable[[], _Read], otherwise: Callable[[], _Read]) -> _Read:
    try:
        return read()
    except MemoryError:  # less would be read than is there
        raise
    except Exception:
        return otherwise()


def _read(raw: bytes, event: Event, asked: InboundForm | None) -> ParsedEmail:
    post = open_post(raw)
    message = message_of(post)
    headers, parts = message.headers, message.parts
    subject = decoded(headers.first("subject"))
    about = About(subject, decoded(headers.first("from")), asked)
    found = _tried(partial(find_forms, event, parts, about), partial(_nothing_found, parts))
    papers = _papers(event, parts, found, subject, decoded(headers.first("from")), post.envelope_to)
    letter = found.letter if found.forms and not papers.papers else papers.letter
    over = Reason(found.over) if found.over else None
    robot = automatic(post, headers, parts.files)
    return ParsedEmail(
        sender=next(iter(from_addresses(headers)), ""),
        subject=subject[:LONGEST_SUBJECT],
        message_id=next(iter(_message_ids(headers, "message-id")), ""),
        references=tuple(dict.fromkeys(_message_ids(headers, "references", "in-reply-to")))[-MOST_REFERENCES:],
        arrived_at=arrived_at(headers),
        forms=found.forms,
        not_read=() if is_report(headers) else _not_read(found, papers),
        text=_tried(partial(_beginning, parts), str) if not letter else letter[:LONGEST_TEXT],
        says_more=bool(letter),
        asks=asks(letter),
        refuses=found.refuses,
        withdraws=found.withdraws and robot is None,
        thanks=found.thanks and robot is None,
        automatic=robot,
        unproven=unproven(post, headers) or over,
        is_proven=is_proven(post, headers),
        spam=is_spam(post),
        recipients=post.envelope_to,
        language=language_of(headers),
        sender_name=_name_in(decoded(headers.first("from"))),
        contributed=ParsedPapers() if is_report(headers) else papers,
    )


def _papers(
    event: Event, parts: Parts, found: Found, subject: str, sender: str, recipients: Sequence[str]
) -> ParsedPapers:
    if event.contributions is None or found.over:
        return ParsedPapers()
    from rollcall.inbound.papers import Asking, papers_in

    answers = [answer for form in found.forms for answer in form.answers.values()]
    asking = Asking(subject, sender, recipients, bool(found.forms), found.letter, answers)
    return _tried(partial(papers_in, event, parts, found.left, asking), ParsedPapers)


def _not_read(found: Found, papers: ParsedPapers) -> tuple[str, ...]:
    taken = {file.place for paper in papers.papers for file in paper.files}
    of_files = len(found.left)
    names = [name for one, name in zip(found.left, found.not_read, strict=False) if one.place not in taken]
    return tuple(name[:LONGEST_NOT_READ] for name in [*names, *found.not_read[of_files:]][:MOST_NOT_READ])


def _name_in(sender: str) -> str:
    """Before the address."""
    return shown(sender.rpartition("<")[0]).strip(" \"'")[:LONGEST_SENDER_NAME]


def take_out(raw: bytes, places: Sequence[int], into: Path) -> None:
    _tried(partial(_write_out, raw, places, into), lambda: None)


def _write_out(raw: bytes, places: Sequence[int], into: Path) -> None:
    whole = chain.from_iterable(part.files for part in all_parts(message_of(open_post(raw)).parts))
    for place, file in enumerate(whole):
        if place in places:
            (begun := into / f".{place}").write_bytes(file.content)
            begun.rename(into / str(place))


def _begin(raw: bytes) -> ParsedEmail:
    post = open_post(raw)
    headers, words = first_of(post, 4 * LONGEST_TEXT)
    return ParsedEmail(
        sender=next(iter(from_addresses(headers)), ""),
        subject=decoded(headers.first("subject"))[:LONGEST_SUBJECT],
        message_id="",
        references=(),
        arrived_at=arrived_at(headers),
        text=text_of(words)[:LONGEST_TEXT],
        unproven=Reason(ReviewReason.TOO_COMPLICATED),
        recipients=post.envelope_to,
    )


def _not_understood(raw: bytes, why: ReviewReason) -> ParsedEmail:
    text = text_of(raw[: 4 * LONGEST_TEXT])[:LONGEST_TEXT]
    return ParsedEmail("", "", "", (), None, text=text, unproven=Reason(why))


def _nothing_found(parts: Parts) -> Found:
    return Found((), tuple(file.name or file.type for file in _attached(parts)))


def _attachments(raw: bytes) -> tuple[Attachment, ...]:
    attached = _attached(message_of(open_post(raw)).parts)
    return tuple(map(handed_on, attached))


def _attached(parts: Parts) -> Iterator[File]:
    yield from (file for file in parts.files if not file.inline)
    for one in parts.within:
        yield from _attached(one)


def _message_ids(headers: Headers, *names: str) -> list[str]:
    ids = (id for name in names for value in headers.all(name) for id in _MESSAGE_ID.findall(value))
    return [id for id in ids if len(id) <= LONGEST_MESSAGE_ID]


def _beginning(parts: Parts) -> str:
    said = "\n".join(parts.plain).strip() or text_of_html("\n".join(parts.html)[:LONGEST_HTML]).strip()
    return said[:LONGEST_TEXT] or next(filter(None, map(_beginning, parts.within)), "")
