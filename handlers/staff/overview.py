"""The overview: what came in and whether it balances, how people stand, the deadline, and whether e-mails go out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from flask import Response

from handlers.responses import NO_SUCH_PAGE, allow
from handlers.staff.pages import staff_page
from handlers.staff.visit import Visit
from rollcall.desk.staff.search import Delivery, Standing
from rollcall.desk.staff.status import EventStatus, Tally, event_status
from rollcall.documents.changes import erased_in_words
from rollcall.documents.contributions import late_in_words, stage_in_words
from rollcall.language import N_, Language, language
from rollcall.model.contribution import Stage
from rollcall.model.email import CircuitBreaker
from rollcall.model.event import Event
from rollcall.model.inbound import InboundStatus
from rollcall.model.intake import Intake
from rollcall.model.personal_data import WARNED_BEFORE
from rollcall.model.staff import Receives
from schemas.form import asked_of
from schemas.kinds import OneChoice
from templates import deadline, in_zone

_MOST_COLUMNS = 92
"""Of a chart; more days are put together in weeks."""
_NAMED = 30
"""Rows of a table: countries."""
_BY_EMAIL = {
    InboundStatus.UNREAD: N_("Not read yet"),
    InboundStatus.CHANGED: N_("Changed or withdrew a registration"),
    InboundStatus.WAITING_FOR_SENDER: N_("Waiting for the sender"),
    InboundStatus.NEEDS_REVIEW: N_("E-mails that need review"),
    InboundStatus.AUTOMATIC: N_("Automatic"),
    InboundStatus.SPAM: N_("Spam"),
}


@dataclass(frozen=True)
class Count:
    label: str
    count: int
    address: str = ""
    """Of those that it counts, if there is a page of them."""


@dataclass(frozen=True)
class Table:
    label: str
    rows: Sequence[Count]


@dataclass(frozen=True)
class OverviewPage:
    as_of: datetime
    received: int
    parts: Sequence[Count]
    """Their sum is `received`."""
    balances: bool
    standings: Sequence[Count]
    contributions: Sequence[Count]
    """None where none are asked for, and none came."""
    undelivered: Count
    to_erase: Count
    """People who ask for it."""
    deadline: str
    then: Sequence[str]
    """What happens then, or happened."""
    kept: str
    """Until when."""
    soon: str
    """What to do before; empty while there is more than a month."""
    sending: Sequence[str]
    sending_stopped: bool
    chart: str
    """Its address; empty where nobody registered yet."""
    chart_says: str
    days: Table
    tables: Sequence[Table]


def overview_page(visit: Visit) -> Response:
    allow(visit.request, "GET", "HEAD")
    store, event = visit.desk.store, visit.event
    intake, breaker = visit.desk.intakes.fresh(event), store.circuit_breaker()
    stand = event_status(store, event.slug, event, intake, breaker.as_of, news=False)
    return staff_page(visit, "overview", _page(visit, intake, breaker, stand))


def chart(visit: Visit) -> Response:
    """The numbers stand in its address: nothing is counted a second time."""
    allow(visit.request, "GET", "HEAD")
    from rollcall.documents.chart import columns_by_day

    given = visit.request.args
    try:
        first, step = date.fromisoformat(given.get("from", "")), int(given.get("step", "1"))
        counts = [int(one) for one in given.get("counts", "").split(".")]
        if len(counts) > _MOST_COLUMNS or not 1 <= step <= 7 or not 0 <= min(counts) <= max(counts) < 10**7:
            raise NO_SUCH_PAGE
        text = columns_by_day(visit.spoken, first, step, counts)
    except (ValueError, OverflowError):
        raise NO_SUCH_PAGE from None
    return Response(text, mimetype="image/svg+xml")


def _page(visit: Visit, intake: Intake, breaker: CircuitBreaker, stand: EventStatus) -> OverviewPage:
    event = visit.event
    spoken = language(event.language)

    def found(**query: str) -> str:
        return visit.address("registrations", **query)

    registered = Count(spoken.gettext("Registered"), stand.registered + stand.late + stand.withdrawn, found())
    review = visit.address("review")
    by_email = [
        Count(
            spoken.gettext(label), stand.inbound.get(status, 0), review if status is InboundStatus.NEEDS_REVIEW else ""
        )
        for status, label in _BY_EMAIL.items()
    ]
    held_back = Count(spoken.gettext("Forms in quarantine"), stand.quarantined, review)
    contributions = _contributions(visit, spoken, stand)
    parts = [registered, *by_email, held_back, *contributions[:1]]
    standings = [
        Count(spoken.gettext("On time"), stand.registered - stand.admitted, found(standing=Standing.ON_TIME)),
        Count(spoken.gettext("Admitted late"), stand.admitted, found(standing=Standing.ADMITTED)),
        Count(spoken.gettext("Late"), stand.late, found(standing=Standing.LATE)),
        Count(spoken.gettext("Withdrawn"), stand.withdrawn, found(standing=Standing.WITHDRAWN)),
    ]
    if stand.erased:
        standings.append(Count(spoken.gettext("Erased"), stand.erased, visit.address("erasures")))
    first, step, counts = _columns(stand.tally.days)
    by_day = [
        Count(spoken.day(day), count, found(day=day.isoformat())) for day, count in sorted(stand.tally.days.items())
    ]
    query = {"from": first.isoformat(), "step": step, "counts": ".".join(map(str, counts))} if first else {}
    return OverviewPage(
        as_of=breaker.as_of,
        received=sum(one.count for one in parts),
        parts=parts,
        balances=stand.balances,
        standings=standings,
        contributions=contributions[1:],
        undelivered=Count(
            spoken.gettext("Confirmations not delivered"), stand.unconfirmed, found(delivery=Delivery.UNDELIVERED)
        ),
        to_erase=Count(spoken.gettext("People who ask for erasure"), len(stand.asked_to_erase), review),
        deadline=deadline(intake.closes_at, event),
        then=_then(event, intake, spoken, stand),
        kept=spoken.gettext(_KEPT, day=spoken.day(event.last_day_kept)),
        soon=spoken.gettext(_SOON) if event.keep_until - breaker.as_of < WARNED_BEFORE else "",
        sending=_sending(event, breaker, spoken, stand),
        sending_stopped=breaker.is_open,
        chart=f"{visit.address('chart.svg')}?{urlencode(query)}" if query else "",
        chart_says=_chart_says(spoken, stand.tally.days),
        days=Table(spoken.gettext("Registrations a day"), by_day),
        tables=_tables(visit, spoken, stand.tally),
    )


def _contributions(visit: Visit, spoken: Language, stand: EventStatus) -> list[Count]:
    """All, then by where they stand."""
    counts, event = stand.contributions, visit.event
    if event.contributions is None and not counts.received:
        return []
    address = visit.address("contributions")
    stages = [
        Count(stage_in_words(event, stage), counts.stages.get(stage, 0), visit.address("contributions", show=stage))
        for stage in Stage
    ]
    late = Count(late_in_words(event), counts.late, visit.address("contributions", show="late"))
    return [Count(spoken.gettext("Contributions"), counts.received, address), *stages, late]


def _columns(days: Mapping[date, int]) -> tuple[date | None, int, list[int]]:
    """The first day, the days of a column, and each column's registrations."""
    if not days:
        return None, 1, []
    first, last = min(days), max(days)
    length = (last - first).days + 1
    step = 1 if length <= _MOST_COLUMNS else 7
    counts = [0] * min(-(-length // step), _MOST_COLUMNS)
    for day, count in days.items():
        counts[min((day - first).days // step, len(counts) - 1)] += count
    return first, step, counts


def _chart_says(spoken: Language, days: Mapping[date, int]) -> str:
    """What there is to see, for whoever does not see it."""
    if not days:
        return ""
    busiest = max(days, key=lambda day: (days[day], day))
    return spoken.gettext(
        "Registrations a day, from %(first)s to %(last)s. The most, %(count)s, came on %(day)s.",
        first=spoken.day(min(days)),
        last=spoken.day(max(days)),
        count=spoken.number(days[busiest]),
        day=spoken.day(busiest),
    )


def _tables(visit: Visit, spoken: Language, tally: Tally) -> list[Table]:
    event, made = visit.event, []
    kinds = {one.field.name: one for one in asked_of(event) if isinstance(one, OneChoice)}
    for name, counts in tally.answers.items():
        kind = kinds[name]
        named = [
            Count(kind.shown(code), count, visit.address("registrations", **{f"is-{name}": code}))
            for code, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
            if code
        ]
        none = [Count(spoken.gettext("(not given)"), counts[""])] if counts.get("") else []
        made.append(Table(kind.field.label, [*_first(spoken, named), *none]))
    if len(event.languages) > 1:
        languages = sorted(tally.languages.items(), key=lambda one: (-one[1], one[0]))
        rows = [
            Count(spoken.named(code), count, visit.address("registrations", language=code)) for code, count in languages
        ]
        made.append(Table(spoken.gettext("Language"), rows))
    return [table for table in made if table.rows]


def _first(spoken: Language, named: Sequence[Count]) -> list[Count]:
    rest = named[_NAMED:]
    if not rest:
        return list(named)
    label = spoken.ngettext("%(count)s other", "%(count)s others", len(rest))
    return [*named[:_NAMED], Count(label, sum(one.count for one in rest))]


def _then(event: Event, intake: Intake, spoken: Language, stand: EventStatus) -> list[str]:
    if intake.closing:
        last = intake.versions[-1]
        said = spoken.gettext(
            "The list is closed. Version %(number)s of the roster has %(count)s people.",
            number=last.number,
            count=spoken.number(last.count),
        )
        erased = stand.erased_from.get(last.name, 0)
        gone = [erased_in_words(spoken, erased)] if erased else []
        return [said, *gone, *([] if stand.list_is_whole else [spoken.gettext(_DAMAGED)])]
    if intake.past:
        return [spoken.gettext(_OVERDUE if stand.is_overdue else _CLOSING)]
    to = event.told(Receives.ROSTER)
    opens = (
        [spoken.gettext("The form opens on %(at)s.", at=in_zone(intake.opens_at, event))] if intake.not_yet_open else []
    )
    if not to:
        return [
            *opens,
            spoken.gettext("Then the form closes by itself, and the roster is drawn. Nobody gets it by e-mail."),
        ]
    message = N_("Then the form closes by itself, and the roster goes to %(addresses)s.")
    return [*opens, spoken.gettext(message, addresses=spoken.listed(list(to)))]


_KEPT = N_("Personal data is kept until %(day)s, then it is deleted.")
_SOON = N_("Please save before that day what you still need: a roster, a list of contributions.")
_CLOSING = N_("The deadline has just passed. The roster is being drawn.")
_OVERDUE = N_("The deadline has passed, and no roster was drawn. Please tell whoever runs Rollcall.")
_DAMAGED = N_("Its pages in the database are not those that were closed. Please tell whoever runs Rollcall.")


def _sending(event: Event, breaker: CircuitBreaker, spoken: Language, stand: EventStatus) -> list[str]:
    emails = stand.emails
    said = []
    if breaker.is_open and breaker.open_until:
        message = N_("No e-mail goes out: SendGrid accepts none. We try again at %(at)s. None is lost.")
        said.append(spoken.gettext(message, at=in_zone(breaker.open_until, event)))
        if breaker.account_refused:
            said.append(spoken.gettext("It refuses our account. Please tell whoever runs Rollcall."))
    else:
        said.append(spoken.gettext("E-mails go out."))
    if emails.waiting:
        minutes = max(1, int(emails.longest / timedelta(minutes=1)))
        one, many = N_("%(count)s e-mail waits"), N_("%(count)s e-mails wait")
        waiting = spoken.ngettext(one, many, emails.waiting)
        said.append(spoken.gettext("%(waiting)s, the longest for %(minutes)s min.", waiting=waiting, minutes=minutes))
    if emails.over_total:
        message = N_("%(count)s of them wait because this event has sent its %(limit)s e-mails of an hour.")
        said.append(spoken.gettext(message, count=emails.over_total, limit=spoken.number(event.emails_an_hour)))
    return said
