"""The files of a paper, in a form: a row each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from flask import Request
from werkzeug.datastructures import FileStorage

from handlers.contribute.uploads import LONGEST_NAME
from handlers.request_body import read_page_with_files
from rollcall.desk.contributions.uploads import GONE, kept, looked_into
from rollcall.desk.desk import Desk
from rollcall.language import N_, Language, languages
from rollcall.model.contribution import LARGEST_FILE, MOST_FILES, PaperDoubt, PaperFile, Upload, file_id
from rollcall.model.event import Event
from rollcall.model.fault import Fault
from rollcall.model.registration import new_id

_FILE, _UPLOAD, _LANGUAGE, _REMOVE = "file", "upload", "language", "remove"
"""A row's fields in the form, each with its place."""
ANOTHER = "other"
"""Language."""
_PLACES = range(1, MOST_FILES + 1)
NEEDED = Fault("file_needed")
TOO_LARGE = Fault("file_too_large")
NO_LANGUAGE = Fault("file_language")


@dataclass(frozen=True)
class Row:
    place: int
    upload: Upload | None = None
    language: str = ""
    """As it was chosen: BCP 47, or `ANOTHER`."""
    fault: Fault | None = None

    @property
    def name(self) -> str:
        """Of its field for the file."""
        return f"{_FILE}{self.place}"

    @property
    def at_fault(self) -> str:
        """Name of the field that has to be filled in otherwise."""
        return f"{_LANGUAGE}{self.place}" if self.fault == NO_LANGUAGE else self.name


@dataclass(frozen=True)
class RowShown:
    name: str
    place: int
    upload: Upload | None
    token: str
    language: str


EMPTY = tuple(map(Row, _PLACES))


class Sent:
    """A form with files, as it was sent: what was typed, and its rows, which gain what is found out about them."""

    def __init__(self, desk: Desk, event: Event, request: Request) -> None:
        form, self._chosen = read_page_with_files(request, [f"{_FILE}{place}" for place in _PLACES])
        ours = {f"{name}{place}" for name in (_FILE, _UPLOAD, _LANGUAGE, _REMOVE) for place in _PLACES}
        self.rows = [_row(desk, event, form.typed, place) for place in _PLACES]
        answers = {name: text for name, text in form.typed.items() if name not in ours}
        faults = {name: found for name, found in form.faults.items() if name not in ours}
        self.form = replace(form, answers=answers, faults=faults)

    def store(self, desk: Desk) -> None:
        """What came with the form itself, so that it is there however the form is answered."""
        for at, row in enumerate(self.rows):
            if chosen := self._chosen.get(f"{_FILE}{row.place}"):
                self.rows[at] = replace(row, upload=None, fault=Fault(GONE))  # until it is there
                self.rows[at] = _stored(desk, row, chosen)

    def look(self, desk: Desk) -> bool:
        """Whether there is a file, and nothing is wrong with any."""
        for at, row in enumerate(self.rows):
            if row.upload and not row.fault:
                self.rows[at] = _looked_into(desk, row)
        return self._are_there()

    def keep(self, desk: Desk) -> bool:
        for at, row in enumerate(self.rows):
            if row.upload and not kept(desk, row.upload):
                self.rows[at] = replace(row, upload=None, fault=Fault(GONE))
        return self._are_there()

    def paper(self) -> tuple[tuple[PaperFile, ...], PaperDoubt | None]:
        """And why the staff look at it first."""
        there = [row for row in self.rows if row.upload]
        files = (row.upload.in_language("" if row.language == ANOTHER else row.language) for row in there if row.upload)
        return tuple(files), next((row.upload.doubt for row in there if row.upload and row.upload.doubt), None)

    def _are_there(self) -> bool:
        if not any(row.upload or row.fault for row in self.rows):
            self.rows[0] = replace(self.rows[0], fault=NEEDED)
        return not any(row.fault for row in self.rows)


def rows_of(files: Sequence[PaperFile], doubt: PaperDoubt | None) -> tuple[Row, ...]:
    """Of files that were looked into before."""
    filled = (
        Row(place, Upload(one.id, one.name, one.size, one.type, one.sha256, doubt), one.language)
        for place, one in zip(_PLACES, files, strict=False)
    )
    return (*filled, *EMPTY[len(files) :])


def rows_shown(desk: Desk, event: Event, rows: Sequence[Row]) -> list[RowShown]:
    return [
        RowShown(
            row.name,
            row.place,
            row.upload,
            desk.links.upload(event, row.upload) if row.upload else "",
            row.language,
        )
        for row in rows
    ]


def languages_offered(spoken: Language) -> list[tuple[str, str]]:
    named = sorted(((code, spoken.named(code)) for code in languages()), key=lambda one: one[1])
    return [*named, (ANOTHER, spoken.gettext(N_("Another language")))]


def _row(desk: Desk, event: Event, typed: Mapping[str, str], place: int) -> Row:
    token, code = typed.get(f"{_UPLOAD}{place}", ""), typed.get(f"{_LANGUAGE}{place}", "")
    code = code if code in (*languages(), ANOTHER) else ""
    if not token or typed.get(f"{_REMOVE}{place}"):
        return Row(place, language=code)
    upload = desk.links.uploaded(event, token)
    return Row(place, upload, code, None if upload else Fault(GONE))


def _stored(desk: Desk, row: Row, chosen: FileStorage) -> Row:
    content = chosen.stream.read(LARGEST_FILE + 1)
    if not content or len(content) > LARGEST_FILE:
        return replace(row, upload=None, fault=TOO_LARGE if content else Fault("file_empty"))
    file = Upload(file_id(new_id()), (chosen.filename or "")[-LONGEST_NAME:], len(content))
    desk.uploads().put(file.id, content)
    return replace(row, upload=file, fault=None)


def _looked_into(desk: Desk, row: Row) -> Row:
    assert row.upload
    found = looked_into(desk, row.upload)
    if isinstance(found, str):
        return replace(row, upload=None, fault=Fault(found))
    return replace(row, upload=found, fault=None if row.language else NO_LANGUAGE)
