"""To whoever sent a contribution: it is held, and why; or it is withdrawn."""

from rollcall.desk.desk import Desk
from rollcall.emails.wording import about_contribution, contribution_of, how_it_came, unlinked, worded
from rollcall.language import N_, language
from rollcall.model.contribution import Contribution, ContributionChange, PaperStatus, designation
from rollcall.model.email import Email, NotNeeded, OutboxEntry, Written
from rollcall.model.event import Event
from rollcall.model.intake import Intake
from templates.lines import isolated


def write(desk: Desk, entry: OutboxEntry, event: Event, intake: Intake) -> Written:
    one = contribution_of(desk, entry)
    event = event.in_language(one.language)
    if one.withdrawn:
        if one.revision != entry.revision:
            return NotNeeded("the contribution is withdrawn")
        history = desk.store.contribution_history(one.id)
        return word(entry, event, one, next(made for made in history if made.number == entry.revision))
    if not held(event, one):
        return NotNeeded("nothing of it is held any more")
    own = None if event.is_over(intake.as_of) else desk.links.contribution(event, one)
    return word(entry, event, one, None, own)


def word(
    entry: OutboxEntry,
    event: Event,
    one: Contribution,
    withdrawal: ContributionChange | None,
    own: str | None = None,
) -> Email:
    """`own`: the link to its page, until the event is over."""
    spoken, number = language(event.language), designation(event.slug, one.number)
    is_withdrawn, is_held = N_("Contribution withdrawn: %(reference)s, %(event)s"), N_("Held: %(reference)s, %(event)s")
    about = {"event": isolated(spoken, event.title), "reference": isolated(spoken, number or one.title)}
    return worded(
        entry,
        event,
        spoken.gettext(is_withdrawn if withdrawal else is_held, **about),
        "notice",
        dear=unlinked(one.name),
        number=number,
        said=about_contribution(event, one),
        withdrawn_at=withdrawal.at if withdrawal else None,
        how=how_it_came(event, withdrawal) if withdrawal else "",
        held=held(event, one),
        own=own,
    )


def held(event: Event, one: Contribution) -> list[tuple[str, str]]:
    return [
        (designation(event.slug, one.number, paper), unlinked(paper.reason))
        for paper in one.papers
        if paper.status is PaperStatus.HELD and paper.reason
    ]
