"""`staff`: the staff's desk. Each page is of one event, for those of the staff whom its file names."""

from collections.abc import Callable

from flask import Request, Response

from handlers import responses
from handlers.logs import log_fault
from handlers.request_body import read_body
from handlers.responses import NO_SUCH_PAGE, UNAVAILABLE, WENT_WRONG, HttpProblem, allow
from handlers.staff import pages
from handlers.staff.deleted import deleted_page
from handlers.staff.visit import Visit, events_of, path_below
from rollcall.desk.desk import Desk
from rollcall.desk.personal_data.deleted import deleted
from rollcall.language import N_
from rollcall.model.errors import StoreUnavailable
from rollcall.model.hotels import is_hotel_id

Identify = Callable[[Request], str]
"""The e-mail address of whoever asks. Raises `HttpProblem`: 403 nobody vouches for it."""

LARGEST_BODY = 26_000_000
"""Bytes: a form with a document, or with the scan of one on paper. Cloud Run takes 32 MiB."""
_NOT_STAFF = HttpProblem(
    403,
    N_("This page is for the staff"),
    N_(
        "%(address)s is not among the staff of any event here. Whoever deploys Rollcall can add it to the event's file."
    ),
)


_STAY = (["contributions"], ["programme"], ["log"], ["accesses"], ["erasures"])
"""Once an event's personal data is deleted."""


def staff(desk: Desk, identify: Identify, request: Request) -> Response:
    """Whoever is not of the staff is answered before anything is read."""
    visit = None
    try:
        address = identify(request)
        if not events_of(desk, address):
            raise HttpProblem(403, _NOT_STAFF.title, _NOT_STAFF.detail, {"address": address})
        read_body(request, LARGEST_BODY)
        match path_below(request):
            case []:
                allow(request, "GET", "HEAD")
                response = pages.events(desk, request, address)
            case ["held"] if "held" not in desk.events:
                from handlers.staff.held import under_page

                response = under_page(desk, request, address)
            case [slug, *below]:
                visit = Visit.of(desk, request, address, slug)
                response = _route(visit, below)
    except HttpProblem as error:
        response = pages.message(request, visit, error)
    except StoreUnavailable as error:
        response = responses.unavailable(error, pages.message(request, visit, UNAVAILABLE))
    except Exception as error:
        log_fault(error)
        response = pages.message(request, visit, WENT_WRONG)
    responses.add_security_headers(response)
    responses.compress_page(request, response)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _route(visit: Visit, below: list[str]) -> Response:
    """Each group of pages is a module, imported when it is asked for."""
    desk, event = visit.desk, visit.event
    if below[:1] not in _STAY and (retention := deleted(desk.store, event, desk.intakes.now(event))):
        return deleted_page(visit, retention, 410 if below else 200)
    match below:
        case []:
            from handlers.staff.overview import overview_page

            return overview_page(visit)
        case ["chart.svg"]:
            from handlers.staff.overview import chart

            return chart(visit)
        case ["registrations"]:
            from handlers.staff.registrations import registrations_page

            return registrations_page(visit)
        case ["registrations", "export.csv" | "export.xlsx" as name]:
            from handlers.staff.registrations import export

            return export(visit, name.removeprefix("export"))
        case ["registrations", id, *below]:
            from handlers.staff.person import person

            return person(visit, id, below)
        case ["add"]:
            from handlers.staff.add import add_page

            return add_page(visit)
        case ["review", *below]:
            from handlers.staff.review import review_pages

            return review_pages(visit, below)
        case ["contributions"]:
            from handlers.staff.contributions import contributions_page

            return contributions_page(visit)
        case ["contributions", "all.zip"]:
            from handlers.staff.contributions import archive

            return archive(visit)
        case ["contributions", "list.pdf" | "list.xlsx" as name]:
            from handlers.staff.contributions import contributions_list

            return contributions_list(visit, name.removeprefix("list"))
        case ["contributions", id, *below]:
            from handlers.staff.contribution import contribution

            return contribution(visit, id, below)
        case ["programme", *below]:
            from handlers.staff.programme import programme_pages

            return programme_pages(visit, below)
        case ["hotels"]:
            from handlers.staff.hotels import hotels_page

            return hotels_page(visit)
        case ["hotels", hotel] if is_hotel_id(hotel):
            from handlers.staff.hotels import hotel_page

            return hotel_page(visit, hotel)
        case ["hotels", hotel, "list.pdf" | "list.xlsx" as name] if is_hotel_id(hotel):
            from handlers.staff.hotels import rooming_list_file

            return rooming_list_file(visit, hotel, name.removeprefix("list"))
        case ["rosters"]:
            from handlers.staff.rosters import rosters_page

            return rosters_page(visit)
        case ["rosters", "changes"]:
            from handlers.staff.rosters import changes_page

            return changes_page(visit)
        case ["rosters", version, "roster.csv" | "roster.xlsx" as name]:
            from handlers.staff.rosters import version_file

            return version_file(visit, version, name.removeprefix("roster"))
        case ["log"]:
            from handlers.staff.log import log_page

            return log_page(visit)
        case ["erasures"]:
            from handlers.staff.erase import erasures_page

            return erasures_page(visit)
        case ["accesses"]:
            from handlers.staff.accesses import accesses_page

            return accesses_page(visit)
        case ["accesses", "accesses.csv"]:
            from handlers.staff.accesses import accesses_file

            return accesses_file(visit)
        case ["write", *rest]:
            from handlers.staff.write import write_pages

            return write_pages(visit, rest)
        case ["deadline", *rest]:
            from handlers.staff.deadline import deadline_pages

            return deadline_pages(visit, rest)
        case _:
            raise NO_SUCH_PAGE
