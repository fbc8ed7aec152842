"""To whoever sent a contribution, or a further paper of it: its number, what was received, and what happens next."""

from dataclasses import dataclass
from datetime import datetime

from rollcall.desk.contributions.submit import contributions_close_at
from rollcall.desk.desk import Desk
from rollcall.emails.wording import about_contribution, contribution_of, unlinked, worded
from rollcall.language import N_, language
from rollcall.model.contribution import Contribution, Paper, PaperFile, designation, is_late
from rollcall.model.email import Email, NotNeeded, OutboxEntry, Written
from rollcall.model.event import Event
from rollcall.model.intake import Intake
from templates import dates, in_zone
from templates.lines import isolated


@dataclass(frozen=True)
class Receipt:
    contribution: Contribution
    paper: Paper
    closes_at: datetime | None
    own: str | None
    """The link to its page, until the event is over."""
    papers_to: str | None
    """The address that takes a file in an answer; None: a person reads it."""


def write(desk: Desk, entry: OutboxEntry, event: Event, intake: Intake) -> Written:
    one = contribution_of(desk, entry)
    if one.withdrawn:
        return NotNeeded("the contribution is withdrawn")
    event = event.in_language(one.language)
    own = None if event.is_over(intake.as_of) else desk.links.contribution(event, one)
    paper, closes_at = one.papers[entry.revision - 1], contributions_close_at(desk.store, event)
    return word(entry, event, Receipt(one, paper, closes_at, own, desk.links.contributions_to(event)))


def word(entry: OutboxEntry, event: Event, receipt: Receipt) -> Email:
    spoken, one, paper, closes_at = language(event.language), receipt.contribution, receipt.paper, receipt.closes_at
    number = designation(event.slug, one.number, paper)
    late = closes_at is not None and is_late(paper, closes_at)
    about = {"event": isolated(spoken, event.title), "reference": isolated(spoken, number), "dates": dates(event)}
    return worded(
        entry,
        event,
        spoken.gettext(_LATE if late else N_("Received: %(reference)s, %(event)s"), **about),
        "receipt",
        reply_to=receipt.papers_to,
        dear=unlinked(one.name),
        number=number,
        paper=paper,
        reason=unlinked(paper.reason),
        rows=_rows(event, one, paper),
        late=late,
        closes_at=closes_at,
        consent=bool(one.consent),
        own=receipt.own,
        by_answer=receipt.papers_to is not None,
    )


_LATE = N_("Received after the deadline: %(event)s, %(dates)s (%(reference)s)")


def _rows(event: Event, one: Contribution, paper: Paper) -> list[tuple[str, str]]:
    spoken = language(event.language)
    came_at = [time for time in (paper.arrived_at or paper.received_at,) if time]
    received = [(spoken.gettext("Received"), in_zone(time, event)) for time in came_at]
    files = [(spoken.gettext("File"), _in_lines(event, file)) for file in paper.files]
    return about_contribution(event, one) + received + files


def _in_lines(event: Event, file: PaperFile) -> str:
    spoken = language(event.language)
    size = spoken.gettext("%(count)s kB", count=spoken.number(-(-file.size // 1000)))
    about = f"{size}, {spoken.named(file.language)}" if file.language else size
    return "\n".join((unlinked(file.name), about, f"SHA-256 {file.sha256}"))
