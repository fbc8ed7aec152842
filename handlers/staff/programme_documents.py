"""The programme's documents: a file or a link, added, changed, removed; and again as the event file says them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from flask import Response

from handlers.change import revision_in
from handlers.logs import log
from handlers.request_body import Form, read_page_form
from handlers.responses import NO_SUCH_PAGE, allow, as_file
from handlers.staff.acting import ActPage, asking, filled_in
from handlers.staff.agenda import said_in, titles, titles_typed
from handlers.staff.pages import staff_page
from handlers.staff.programme import CHANGED_MEANWHILE, answered, event_of, is_held
from handlers.staff.visit import Visit
from rollcall.desk.site.programme import ChangedMeanwhile, programme_now, set_documents
from rollcall.documents.contributions import doubt_in_words
from rollcall.language import N_, language, languages
from rollcall.model.event import Event
from rollcall.model.fault import Fault
from rollcall.model.form import Choice, FormField
from rollcall.model.programme import DOCUMENT_TYPES, Document
from rollcall.model.registration import new_id
from schemas.faults import sentence
from schemas.form import asked_of

LARGEST = 25_000_000
"""Bytes, through the function; a scan has as many."""
_LONGEST_LINK = 2000
_TOO_LARGE = N_("The file is larger than 25 MB. Please choose a smaller one.")
_ONE_OF_TWO = N_("Choose a file, or give a link.")
_NO_LINK = N_("Write an address that begins with https:// or http://.")
_MOST_DOCUMENTS = 500
_TOO_MANY = N_("There are very many documents. Nothing was done.")


def documents_pages(visit: Visit, below: list[str]) -> Response:
    match below:
        case ["again"]:
            allow(visit.request, "POST")
            return _set(visit, lambda documents: None)
        case ["add"]:
            allow(visit.request, "GET", "HEAD", "POST")
            return _document(visit, None)
        case [id]:
            allow(visit.request, "GET", "HEAD", "POST")
            return _document(visit, _there(visit, id))
        case [id, "remove"]:
            allow(visit.request, "POST")
            return _set(visit, lambda documents: tuple(one for one in documents if one.id != id))
        case [id, "download"]:
            allow(visit.request, "GET", "HEAD")
            return _file(visit, _there(visit, id))
        case _:
            raise NO_SUCH_PAGE


def _now(visit: Visit) -> tuple[tuple[Document, ...], int]:
    """And the number of the change."""
    now = programme_now(visit.desk.store, event_of(visit))
    return now.documents or (), now.number


def _there(visit: Visit, id: str) -> Document:
    found = next((one for one in _now(visit)[0] if one.id == id), None)
    if found is None:
        raise NO_SUCH_PAGE
    return found


def _set(visit: Visit, change: Callable[[tuple[Document, ...]], tuple[Document, ...] | None]) -> Response:
    form, press = visit.posted()
    documents = change(_now(visit)[0])
    return answered(visit, set_documents(visit.desk, event_of(visit), revision_in(form), documents, press))


def _file(visit: Visit, one: Document) -> Response:
    pieces = visit.desk.files().pieces(one.file) if is_held(one) else None
    if pieces is None:
        raise NO_SUCH_PAGE
    ending = next((ending for ending, kind in DOCUMENT_TYPES.items() if kind == one.type), "")
    return Response(pieces, mimetype=one.type, headers=as_file(f"{visit.event.slug}-{one.id}{ending}"))


def _document(visit: Visit, there: Document | None) -> Response:
    documents, number = _now(visit)
    if not visit.is_post:
        return _form(visit, there, number, _as_typed(visit.event, there))
    form = read_page_form(visit.request, ("languages",), "file")
    press, seen = visit.press(form.typed), revision_in(form.typed)
    made, typed, errors = _read(visit, there, form)
    if made is None:
        return _form(visit, there, seen, typed, 422, errors)
    if len(documents) >= _MOST_DOCUMENTS and there is None:
        return _form(visit, there, seen, typed, 422, problem=_TOO_MANY)
    others = tuple(made if there and one.id == there.id else one for one in documents)
    after = others if there else (*documents, made)
    outcome = set_documents(visit.desk, event_of(visit), seen, after, press)
    if isinstance(outcome, ChangedMeanwhile):
        return _form(visit, there, number, typed, 409, problem=CHANGED_MEANWHILE)
    return answered(visit, outcome)


def _fields(event: Event) -> list[FormField]:
    spoken = language(event.language)
    codes = tuple(Choice(code, spoken.named(code)) for code in dict.fromkeys((*event.languages, *languages())))
    about = N_("Where it is on the web. Leave this empty if you choose a file.")
    return [
        *titles(event, N_("What it is called")),
        FormField("day", "date", N_("Date"), ""),
        FormField("languages", "choices", N_("Languages"), "", choices=codes),
        FormField("link", "text", N_("Link"), "", _LONGEST_LINK, help=about),
    ]


def _as_typed(event: Event, one: Document | None) -> dict[str, str]:
    if one is None:
        return {}
    return {
        **titles_typed(event, one.title),
        "day": one.day.isoformat() if one.day else "",
        "languages": " ".join(one.languages),
        "link": one.link,
    }


def _read(
    visit: Visit, there: Document | None, form: Form
) -> tuple[Document | None, Mapping[str, str], Mapping[str, Sequence[str]]]:
    """With the file that was chosen, else the one that it has. Without a link and a file it is none."""
    event, spoken = visit.event, visit.spoken
    filled = filled_in(event, _fields(event), form)
    errors, said = dict(filled.errors), filled.answers
    link = said.get("link", "")
    has_file = bool(form.file) or (there is not None and bool(there.file) and not link)
    if not errors and bool(link) is has_file:
        errors["link"] = [spoken.gettext(_ONE_OF_TWO)]
    if link and not _is_link(link):
        errors["link"] = [spoken.gettext(_NO_LINK)]
    if errors:
        return None, filled.typed, errors
    one = Document(
        id=there.id if there else new_id(),
        title=said_in(event, said),
        day=date.fromisoformat(said["day"]) if said["day"] else None,
        languages=tuple(said["languages"].split()),
        link=link,
    )
    if not form.file:
        kept = replace(one, file=there.file, type=there.type, size=there.size) if there and not link else one
        return kept, filled.typed, {}
    type, why = _kept(visit, form, id := new_id())
    if why:
        return None, filled.typed, {"file": [why]}
    return replace(one, file=id, type=type, size=len(form.file)), filled.typed, {}


def _is_link(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not any(map(str.isspace, text))


def _kept(visit: Visit, form: Form, id: str) -> tuple[str, str]:
    """Its media type, and why it is not taken."""
    if len(form.file) > LARGEST:
        return "", visit.spoken.gettext(_TOO_LARGE)
    with TemporaryDirectory(prefix="document-") as folder:
        path = Path(folder) / "document"
        path.write_bytes(form.file)
        found = visit.desk.inspect()(path, form.file_name)
        log("INFO", "document inspected", event=visit.event.slug, fault=found.fault, doubt=found.doubt)
        if found.fault:
            return "", sentence(Fault(found.fault), visit.spoken)
        if found.doubt:
            return "", doubt_in_words(visit.event, found.doubt)
        visit.desk.files().put_file(id, path)
    return found.type, ""


def _form(
    visit: Visit,
    there: Document | None,
    seen: int,
    typed: Mapping[str, str],
    status: int = 200,
    errors: Mapping[str, Sequence[str]] | None = None,
    problem: str = "",
) -> Response:
    about = visit.spoken.gettext("25 MB at the most.")
    if there and there.file:
        about = f"{about} {visit.spoken.gettext('You have chosen one already; choose another to replace it.')}"
    context = ActPage(
        heading=visit.spoken.gettext("Change this document") if there else visit.spoken.gettext("Add a document"),
        asks=asked_of(asking(visit.event, _fields(visit.event))),
        values=typed,
        errors=errors or {},
        back=visit.address("programme"),
        revision=seen,
        problem=visit.spoken.gettext(problem) if problem else "",
        file=about,
        remove=visit.address("programme", "documents", there.id, "remove") if there else "",
    )
    return staff_page(visit, "act", context, status)
