"""The agenda's items: added, changed, moved, removed; and again as the event file says them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, time

from flask import Response

from handlers.change import revision_in
from handlers.request_body import number_in, read_page_form
from handlers.responses import NO_SUCH_PAGE, allow
from handlers.staff.acting import ActPage, Filled, asking, filled_in
from handlers.staff.pages import staff_page
from handlers.staff.programme import CHANGED_MEANWHILE, answered, event_of
from handlers.staff.visit import Visit
from rollcall.desk.site.programme import ChangedMeanwhile, programme_now, set_agenda
from rollcall.language import N_, language
from rollcall.model.event import Event
from rollcall.model.form import FormField
from rollcall.model.programme import AgendaItem, Programme, Said, with_item, with_two_swapped
from schemas.form import asked_of

_FILL_IN = N_("Please fill this in.")
_NO_TIME_OF_DAY = N_("Write a time of day, as 09:30.")
_NOT_AFTER = N_("This is not after the beginning.")
_NO_NUMBERS = N_("Write numbers of contributions, as 3, 7.")
_MOST_NUMBERS = 100
_LONGEST = 300


def agenda_pages(visit: Visit, below: list[str]) -> Response:
    match below:
        case ["again"]:
            allow(visit.request, "POST")
            return _set(visit, lambda agenda: None)
        case ["add"]:
            allow(visit.request, "GET", "HEAD", "POST")
            return _item(visit, None)
        case [place]:
            allow(visit.request, "GET", "HEAD", "POST")
            return _item(visit, _there(visit, place))
        case [place, "remove"]:
            allow(visit.request, "POST")
            number = _there(visit, place)
            return _set(visit, lambda agenda: (*agenda[:number], *agenda[number + 1 :]))
        case [place, "up" | "down" as way]:
            allow(visit.request, "POST")
            number = _there(visit, place) - (way == "up")
            return _set(visit, lambda agenda: with_two_swapped(agenda, number) or agenda)
        case _:
            raise NO_SUCH_PAGE


def _now(visit: Visit) -> Programme:
    return programme_now(visit.desk.store, event_of(visit))


def _there(visit: Visit, place: str) -> int:
    """Its place; also of one that was there when the page was shown."""
    number = number_in(place, 3)
    if number is None or number > len(_now(visit).agenda or ()):
        raise NO_SUCH_PAGE
    return number


def _set(visit: Visit, change: Callable[[tuple[AgendaItem, ...]], tuple[AgendaItem, ...] | None]) -> Response:
    form, press = visit.posted()
    agenda = change(_now(visit).agenda or ())
    return answered(visit, set_agenda(visit.desk, event_of(visit), revision_in(form), agenda, press))


def _item(visit: Visit, place: int | None) -> Response:
    now = _now(visit)
    agenda = now.agenda or ()
    if place is not None and place >= len(agenda):
        raise NO_SUCH_PAGE
    item = agenda[place] if place is not None else None
    if not visit.is_post:
        return _form(visit, place, now.number, _as_typed(visit.event, item))
    form = read_page_form(visit.request)
    press, seen = visit.press(form.typed), revision_in(form.typed)
    filled = filled_in(visit.event, _fields(visit.event), form)
    made, errors = _read(visit.event, filled)
    if made is None:
        return _form(visit, place, seen, filled.typed, 422, errors)
    outcome = set_agenda(visit.desk, event_of(visit), seen, with_item(agenda, made, place), press)
    if isinstance(outcome, ChangedMeanwhile):
        # what is added goes where it belongs, whatever was changed
        return _form(visit, place, now.number if place is None else seen, filled.typed, 409, problem=CHANGED_MEANWHILE)
    return answered(visit, outcome)


def titles(event: Event, label: str) -> list[FormField]:
    """In each language of the event; the first is needed."""
    spoken, codes = language(event.language), event.languages
    names = {code: spoken.gettext("%(label)s (%(language)s)", label=spoken.gettext(label), language=spoken.named(code))
             for code in codes}  # fmt: skip
    first, *others = codes
    return [
        FormField(f"title_{first}", "text", names[first] if others else label, _FILL_IN, _LONGEST, required=True),
        *(FormField(f"title_{code}", "text", names[code], "", _LONGEST) for code in others),
    ]


def said_in(event: Event, answers: Mapping[str, str]) -> Said:
    return Said({code: text for code in event.languages if (text := answers.get(f"title_{code}", ""))})


def titles_typed(event: Event, said: Said) -> dict[str, str]:
    return {f"title_{code}": said.words.get(code, "") for code in event.languages} | {
        f"title_{event.languages[0]}": said.in_language(event.languages[0])
    }


def _fields(event: Event) -> list[FormField]:
    first, last = event.day_of(event.starts), event.day_of(event.ends)
    example = N_("As 09:30, on clocks at the event.")
    return [
        FormField("day", "date", N_("Day"), _FILL_IN, required=True, least=first.isoformat(), most=last.isoformat()),
        FormField("starts", "text", N_("Begins at"), "", 5, help=example),
        FormField("ends", "text", N_("Ends at"), "", 5, help=example),
        *titles(event, N_("What it is about")),
        FormField("chair", "text", N_("Chair"), "", _LONGEST),
        FormField("speakers", "lines", N_("Speakers"), "", 3000, help=N_("One a line.")),
        FormField("contributions", "text", N_("Contributions"), "", _LONGEST, help=N_("Their numbers, as 3, 7.")),
    ]


def _as_typed(event: Event, item: AgendaItem | None) -> dict[str, str]:
    if item is None:
        return {"day": event.day_of(event.starts).isoformat()}
    return {
        "day": item.day.isoformat(),
        "starts": f"{item.starts:%H:%M}" if item.starts else "",
        "ends": f"{item.ends:%H:%M}" if item.ends else "",
        **titles_typed(event, item.title),
        "chair": item.chair,
        "speakers": "\n".join(item.speakers),
        "contributions": ", ".join(map(str, item.contributions)),
    }


def _read(event: Event, filled: Filled) -> tuple[AgendaItem | None, Mapping[str, Sequence[str]]]:
    if filled.errors:
        return None, filled.errors
    said, wrong = filled.answers, dict[str, str]()
    starts, ends = (_time(said[name]) for name in ("starts", "ends"))
    numbers = [number_in(one, 6) for one in said["contributions"].replace(",", " ").split()]
    for name, read in (("starts", starts), ("ends", ends)):
        if said[name] and read is None:
            wrong[name] = _NO_TIME_OF_DAY
    if ends and (starts is None or ends <= starts):
        wrong.setdefault("ends", _NOT_AFTER)
    if not all(numbers) or len(numbers) > _MOST_NUMBERS:
        wrong["contributions"] = _NO_NUMBERS
    spoken = language(event.language)
    if wrong:
        return None, {name: [spoken.gettext(text)] for name, text in wrong.items()}
    item = AgendaItem(
        day=date.fromisoformat(said["day"]),
        title=said_in(event, said),
        starts=starts,
        ends=ends,
        chair=said["chair"],
        speakers=tuple(filter(None, map(str.strip, said["speakers"].splitlines()))),
        contributions=tuple(dict.fromkeys(one for one in numbers if one)),
    )
    return item, {}


def _time(text: str) -> time | None:
    hour, _, minute = text.partition(":")
    hours, minutes = number_in(hour, 2), number_in(minute, 2)
    if hours is None or minutes is None or hours > 23 or minutes > 59:
        return None
    return time(hours, minutes)


def _form(
    visit: Visit,
    place: int | None,
    seen: int,
    typed: Mapping[str, str],
    status: int = 200,
    errors: Mapping[str, Sequence[str]] | None = None,
    problem: str = "",
) -> Response:
    at = visit.address("programme", "agenda", str(place))
    context = ActPage(
        heading=visit.spoken.gettext(N_("Add an agenda item") if place is None else N_("Change this agenda item")),
        asks=asked_of(asking(visit.event, _fields(visit.event))),
        values=typed,
        errors=errors or {},
        back=visit.address("programme"),
        revision=seen,
        problem=visit.spoken.gettext(problem) if problem else "",
        remove="" if place is None else f"{at}/remove",
    )
    return staff_page(visit, "act", context, status)
