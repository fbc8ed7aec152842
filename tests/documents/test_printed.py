"""The workbook as LibreOffice opens and prints it."""

import csv
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import combinations
from pathlib import Path
from subprocess import PIPE
from typing import Any
from unicodedata import normalize

import openpyxl
import pytest
from lxml import etree

from rollcall.documents.changes import RosterChange, change_of
from rollcall.documents.roster_content import IncompleteForm, RosterRow
from rollcall.model.email import EmailStatus, confirmation
from rollcall.model.event import Event
from rollcall.model.registration import Actor, BotSignal, Change, QuarantinedForm, Registered, Revision, Way, Why
from rollcall.model.staff import Action, Press
from tests.support.builders import a_registration, an_event, an_event_in, registered, roster_files
from tests.support.left_out import leave_out

EVENT = an_event()
SENTENCE = "Ministry of Internal Affairs and Communications, Telecommunications Bureau, International Economic Affairs"
ADDRESSES = (
    "BP 3000\nConakry\nGuinée",
    "2-1-2 Kasumigaseki, Chiyoda-ku\nTokyo 100-8926\nJapan",
    SENTENCE,
    "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
    "شارع الملك فهد\nالرياض\nالمملكة العربية السعودية",
    "г. Москва\nул. Тверская, д. 7\nРоссийская Федерация",
    "ΟΔΟΣ ΠΑΝΕΠΙΣΤΗΜΙΟΥ 17\nΑΘΗΝΑ",
)
CARLITO = 1.2207
"""Height of a line in ems."""
HEADING = 34.0
"""Points from the paper's edge; below it the header row begins."""
SHEETS = 9


@dataclass(frozen=True)
class Word:
    text: str
    left: float
    top: float
    right: float
    bottom: float

    def over(self, other: "Word") -> bool:
        """More than where the boxes of two lines touch."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        return wide > 1 and high > 0.4 * min(self.bottom - self.top, other.bottom - other.top)


def people() -> list[Registered]:
    return [
        registered(
            a_registration(
                family_name=f"van der Merwe {place}",
                first_name="Maria José Wilhelmina",
                email=f"wilhelmina.maria-jose.vandermerwe{place}@telecommunications.example.org",
                answers={**a_registration().answers, "address": address, "organization": SENTENCE, "hotel": SENTENCE},
            ),
            id=f"{place:08}".ljust(24, "0"),
        )
        for place, address in enumerate(ADDRESSES)
    ]


def changed(event: Event) -> list[tuple[Registered, RosterChange]]:
    """One is new, one withdrew, each other has the address of the one before."""
    there, made = people(), []
    for place, one in enumerate(there):
        before = replace(one.registration, answers=there[place - 1].registration.answers, family_name=SENTENCE)
        then = [None, one, *[replace(one, registration=before)] * (len(there) - 2)][place]
        revision = Revision(Change(Actor.REGISTRANT, Way.LINK, Why.CHANGED), then or one, one)
        made.append(change_of(event, then, [revision], one, is_on_roster=place != 1))
    return [(one, change) for one, change in zip(there, made, strict=True) if change]


@pytest.fixture(scope="module", params=["en", "fr", "ar"])
def printed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workbook, in a staff's language, is beside it."""
    if not shutil.which("fc-list") or "Carlito" not in subprocess.run(["fc-list"], stdout=PIPE, text=True).stdout:
        leave_out("printing needs a font as wide as Calibri (apt-get install fonts-crosextra-carlito)")
    folder = tmp_path_factory.mktemp("printed")
    failed = replace(confirmation(EVENT.slug, "", "a@example.org"), status=EmailStatus.FAILED)
    late = registered(arrived_at=EVENT.closes_at - timedelta(minutes=2), received_at=EVENT.closes_at)
    event = an_event_in("en", "fr", staff_language=request.param).in_language(request.param)
    waiting = IncompleteForm("Fatou Ba", "focal.point@mpt.example.org", f"E-mail, {SENTENCE}", EVENT.opens_at)
    _, workbook = roster_files(
        *(RosterRow(one, unsent=failed, change=change) for one, change in changed(event)),
        late=[replace(late, received_at=EVENT.closes_at + timedelta(minutes=1))],
        quarantined=(QuarantinedForm(registered(), BotSignal.HIDDEN_FIELD),),
        not_completed=(waiting,),
        event=event,
        version=12,
        since=11,
        log=[Press("p", "secretary@example.org", EVENT.opens_at).entry(Action.ADMITTED, reason=SENTENCE)],
    )
    return converted(workbook, folder, "pdf")


def converted(workbook: bytes, folder: Path, into: str) -> Path:
    if not shutil.which("soffice") or not shutil.which("pdftotext"):
        leave_out("printing needs LibreOffice and Poppler (apt-get install libreoffice-calc poppler-utils)")
    (folder / "roster.xlsx").write_bytes(workbook)
    profile = f"-env:UserInstallation=file://{folder}/profile"
    asked = ["--convert-to", into, "--outdir", str(folder), str(folder / "roster.xlsx")]
    subprocess.run(["soffice", profile, "--headless", *asked], check=True, capture_output=True, timeout=120)
    return folder / f"roster.{into.partition(':')[0]}"


def pages(printed: Path) -> list[list[Word]]:
    boxes = subprocess.run(["pdftotext", "-bbox", printed, "-"], check=True, capture_output=True).stdout
    found = etree.fromstring(boxes, etree.XMLParser(recover=True))
    return [
        [
            Word(word.text, *(float(word.get(side)) for side in ("xMin", "yMin", "xMax", "yMax")))
            for word in page.iter("{*}word")
            if word.text.strip("\u2067\u2069")
        ]
        for page in found.iter("{*}page")
    ]


@pytest.mark.slow
def test_letters_are_8_points_or_more(printed: Path) -> None:
    heights = [word.bottom - word.top for page in pages(printed) for word in page if word.text.isascii()]
    assert min(heights) / CARLITO >= 8


def letters(text: str) -> str:
    """In one order: out of a PDF, words that run from right to left may come turned round."""
    return "".join(sorted(filter(str.isalpha, normalize("NFKD", text))))


def printed_row(sheet: Any) -> Any:
    """The first."""
    return sheet[sheet.print_area.rpartition("!")[2]][0] if sheet.print_area else sheet[1]


@pytest.mark.slow
def test_every_sheet_is_one_page_wide(printed: Path) -> None:
    """Each page has the whole header row, and no word in it is broken."""
    labels = {
        sheet.title: {letters(word) for cell in printed_row(sheet) for word in str(cell.value).split()}
        for sheet in openpyxl.load_workbook(printed.with_suffix(".xlsx"))
    }
    seen = set()
    for page in pages(printed):
        above = Counter("".join(letters(word.text) for word in page if word.top < HEADING))
        header = {letters(word.text) for word in page if HEADING < word.top < HEADING + 50}
        of = {sheet for sheet, words in labels.items() if Counter(letters(sheet)) <= above and words <= header}
        assert of
        seen |= of
    assert seen == labels.keys()
    assert len(seen) == SHEETS


@pytest.mark.slow
def test_no_line_runs_into_another(printed: Path) -> None:
    for page in pages(printed):
        assert [(one.text, other.text) for one, other in combinations(page, 2) if one.over(other)] == []


@pytest.mark.slow
def test_a_double_click_changes_nothing(tmp_path: Path) -> None:
    answers = ["=1+1", "a;=1+1;b", '=HYPERLINK("http://example.org/")', "+393331234567", "022", "1e5", "-1", "@A1"]
    one = a_registration()
    people = [
        registered(replace(one, family_name=f"{place}", answers={**one.answers, "tel": answer, "hotel": answer}))
        for place, answer in enumerate(answers)
    ]
    _, workbook = roster_files(*people)
    table = converted(workbook, tmp_path, "csv:Text - txt - csv (StarCalc):44,34,76").read_text("utf-8")
    rows = list(csv.DictReader(table.splitlines(keepends=True)))
    assert [(row["Tel."], row["Hotel"]) for row in rows] == [(answer, answer) for answer in answers]
