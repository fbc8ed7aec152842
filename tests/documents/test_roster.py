"""The roster's files, read back by others' readers."""

import csv
import io
import json
import shutil
import subprocess
import unicodedata
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape

from rollcall.documents.changes import News, RosterChange, change_of
from rollcall.documents.roster import DOUBLES_NAMED, NAMED, SortedRows, guarded, place
from rollcall.documents.roster_content import IncompleteForm, Part, RosterRow
from rollcall.emails.roster import incomplete_form
from rollcall.language import languages
from rollcall.model.email import EmailStatus, confirmation
from rollcall.model.finding import name_in_order
from rollcall.model.form import FormField
from rollcall.model.inbound import FormStatus, InboundEmail, InboundForm
from rollcall.model.registration import (
    Actor,
    BotSignal,
    Change,
    QuarantinedForm,
    Registered,
    RegistrationStatus,
    Revision,
    Way,
    Why,
    without_accents,
)
from rollcall.model.staff import Action, Press
from schemas.event import read_event
from tests.support.builders import EVENTS, a_registration, an_event, an_event_in, registered, roster_files
from tests.support.left_out import leave_out

EVENT = an_event()

lines_of_text = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Cn", "Co"]), min_size=1, max_size=60
).map(lambda text: unicodedata.normalize("NFC", text).strip())


def answering(**answers: str) -> Registered:
    registration = a_registration()
    return registered(a_registration(answers={**registration.answers, **answers}))


def read_csv(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline=""), strict=True))


def read_xlsx(content: bytes, sheet: str = "Roster") -> list[dict[str, object]]:
    header, *rows = openpyxl.load_workbook(io.BytesIO(content))[sheet].iter_rows(values_only=True)
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def test_the_csv_is_as_rfc_4180_has_it() -> None:
    content, _ = roster_files(registered())
    assert content.startswith(b"reference,title,category,family_name,")
    assert content.endswith(b",2004-02-02T12:00:00+00:00,sent\r\n")


@pytest.mark.parametrize("number", ["+41 22 730 51 11", "+41-22-730.51.11", "+393331234567", "0041227305111", "022"])
def test_telephone_numbers_are_unharmed(number: str) -> None:
    table, workbook = roster_files(answering(tel=number))
    assert read_csv(table)[0]["tel"] == number
    assert read_xlsx(workbook)[0]["Tel."] == number


@pytest.mark.parametrize(
    "formula",
    ["=1+1", "+cmd|' /C calc'!A0", "-2+A1", "@SUM(A1)", "＝1+1", "+41 22; =A1", "a;=1+1;b", 'x";=1+1;"', "\t=1+1"],
)
def test_a_formula_is_text(formula: str) -> None:
    """The workbook's cells are text by type; in the CSV an apostrophe stands before what would run."""
    table, workbook = roster_files(answering(hotel=formula))
    assert read_csv(table)[0]["hotel"] == guarded(formula)
    assert read_csv(table)[0]["hotel"].replace("'", "") == formula.replace("'", "")
    sheets = openpyxl.load_workbook(io.BytesIO(workbook)).worksheets
    assert {cell.data_type for sheet in sheets for row in sheet.iter_rows() for cell in row} == {"s", "n"}
    assert all(type(cell.value) is int for row in sheets[3].iter_rows(2, None, 3, 3) for cell in row)
    assert read_xlsx(workbook)[0]["Hotel"] == formula


@pytest.mark.slow
@settings(deadline=None)  # a workbook takes its time
@given(lines_of_text)
def test_any_text_comes_back(text: str) -> None:
    table, workbook = roster_files(answering(organization=text))
    assert read_csv(table)[0]["organization"] == guarded(text)
    assert unescape(str(read_xlsx(workbook)[0]["Administration or organization"])) == text


def test_a_cell_is_no_longer_than_a_workbook_takes() -> None:
    table, workbook = roster_files(answering(address="&" * 40_000))
    assert read_csv(table)[0]["address"] == "&" * 40_000
    assert read_xlsx(workbook)[0]["Complete address"] == "&" * 32_767


def test_an_address_keeps_its_lines() -> None:
    table, workbook = roster_files(registered())
    assert read_csv(table)[0]["address"] == "BP 3000\nConakry\nGuinée"
    assert read_xlsx(workbook)[0]["Complete address"] == "BP 3000\nConakry\nGuinée"


def test_sorted_by_category_organization_and_name() -> None:
    def one(category: str, organization: str, family_name: str) -> Registered:
        answers = {**a_registration().answers, "organization": organization}
        return registered(a_registration(category=category, answers=answers, family_name=family_name))

    people = [one("non-member", "A", "A"), one("member-state", "b", "A"), one("member-state", "A", "z")]
    people.append(one("member-state", "A", "Y"))
    rows = read_xlsx(roster_files(*people)[1])
    assert [row["Family name"] for row in rows] == ["Y", "z", "A", "A"]
    assert [row["You represent"] for row in rows][-1] == "Non-Member"


texts = st.sampled_from(["", "A", "a", "É", "e", "ß", "SS", "\u200dB", "b", "𝔸", "\uffff", "z", "ａ"])


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["associate", "member-state", "gone"]), texts, texts, texts), max_size=9))
def test_rows_come_as_a_plain_sort_has_them(of: list[tuple[str, str, str, str]]) -> None:
    people = []
    for number, (category, organization, family_name, first_name) in enumerate(of):
        answers = {"organization": organization} if organization else {}
        names = {"family_name": family_name, "first_name": first_name}
        person = a_registration(category=category, answers=answers, **names)
        people.append(RosterRow(registered(person, id=f"{number:08}".ljust(24, "0"))))
    with closing(SortedRows(EVENT)) as rows:
        rows.add(people, EVENT.closes_at)
        in_order = sorted(people, key=lambda one: place(EVENT)(one.registered.registration))
        assert [row["reference"] for row in rows.of()] == [one.registered.reference for one in in_order]
        assert list(rows.of(Part.LATE)) == []
        answered = [one.registered.registration.answers.get("organization") for one in people]
        counted = Counter(organization and without_accents(organization) for organization in answered)
        named = rows.named("organization")
        assert {organization and without_accents(organization): times for organization, times in named.shown} == counted
        assert named.count == len(counted)


def test_the_most_named_are_named_and_the_others_counted() -> None:
    people = [RosterRow(answering(hotel=f"Hotel {place % (NAMED + 9)}")) for place in range(NAMED + 10)]
    people.append(RosterRow(answering(hotel="Late"), late=True))
    with closing(SortedRows(EVENT)) as rows:
        rows.add(people, EVENT.closes_at)
        hotels = rows.named("hotel")
    assert hotels.shown[:2] == (("Hotel 0", 2), ("Hotel 1", 1))
    assert (len(hotels.shown), hotels.count) == (NAMED, NAMED + 9)


def test_what_is_said_of_each() -> None:
    one = registered(a_registration(signed_on=None))
    failed = replace(confirmation(EVENT.slug, one.id, one.registration.email), status=EmailStatus.FAILED)
    table, workbook = roster_files(RosterRow(one, unsent=failed))
    (row,), (cells,) = read_csv(table), read_xlsx(workbook)
    assert (row["reference"], cells["Reference"]) == (one.reference, one.reference)
    assert (row["received_at"], cells["Received"]) == ("2004-02-02T12:00:00+00:00", "2004-02-02 13:00")
    assert (row["signed_on"], cells["Date"]) == ("2004-02-02", "2004-02-02")
    assert (row["confirmation"], cells["Confirmation"]) == ("failed", "failed")
    assert (row["title"], cells["Title"]) == ("ms", "Ms.")


def test_late_ones_are_on_a_sheet_of_their_own_and_not_in_the_csv() -> None:
    late = registered(a_registration(first_name="Late"), received_at=EVENT.closes_at + timedelta(seconds=1))
    table, workbook = roster_files(registered(), late=[late])
    assert len(read_csv(table)) == 1
    assert [row["First name"] for row in read_xlsx(workbook)] == ["Amina"]
    (row,) = read_xlsx(workbook, "Late")
    assert (row["First name"], row["E-mailed in time"]) == ("Late", "")


def test_who_is_late_only_in_our_books_is_said() -> None:
    in_time = registered(
        arrived_at=EVENT.closes_at - timedelta(minutes=2), received_at=EVENT.closes_at + timedelta(minutes=1)
    )
    (row,) = read_xlsx(roster_files(late=[in_time])[1], "Late")
    assert (row["Received"], row["E-mailed in time"]) == ("2004-02-21 00:01", "2004-02-20 23:58")


def test_forms_that_need_a_person_are_on_a_sheet_of_their_own_with_all_answers() -> None:
    kept = QuarantinedForm(registered(a_registration(first_name="Robot")), BotSignal.HIDDEN_FIELD)
    table, workbook = roster_files(registered(), quarantined=(kept,))
    assert len(read_csv(table)) == 1
    (row,) = read_xlsx(workbook, "Needs review")
    assert row["Why it needs review"] == "a field that people do not see was filled in"
    assert (row["First name"], row["Received"], row["Hotel"]) == ("Robot", "2004-02-02 13:00", "Hôtel Cornavin")
    assert row["Complete address"] == "BP 3000\nConakry\nGuinée"


def test_forms_that_were_not_completed_are_on_a_sheet_of_their_own() -> None:
    hostile = InboundForm(FormStatus.INCOMPLETE, answers={"family_name": "=1+1 \x00\ufffe\ud800" + "x" * 100_000})
    one = IncompleteForm("Diallo", "a@example.org", "Tel., E-mail", EVENT.opens_at)
    waiting = (one, incomplete_form(EVENT, InboundEmail("M", EVENT.slug, EVENT.opens_at), hostile))
    row, other = read_xlsx(roster_files(registered(), not_completed=waiting)[1], "Not completed")
    assert row == {
        "Name": "Diallo",
        "E-mail address of the sender": "a@example.org",
        "Missing or wrong": "Tel., E-mail",
        "Received": "2004-01-14 00:00",
    }
    assert str(other["Name"]).startswith("=1+1 xxx")


def test_the_workbook_is_made_to_be_read_and_printed() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(roster_files(registered())[1]))["Roster"]
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref == "A1:R2"
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.print_title_rows == "$1:$1"
    assert sheet.row_dimensions[2].height >= 3 * 15  # the address has three lines


def test_what_has_no_room_on_paper_is_on_the_screen_behind_the_rest() -> None:
    own = (FormField(f"question_{number}", "text", f"Question {number}", "") for number in range(20))
    event = replace(EVENT, fields=(*EVENT.fields, *own))
    _, workbook = roster_files(registered(), event=event)
    sheet = openpyxl.load_workbook(io.BytesIO(workbook))["Roster"]
    labels = [str(cell.value) for cell in sheet[1]]
    (printed,) = sheet[sheet.print_area.rpartition("!")[2]][:1]
    on_paper = [str(cell.value) for cell in printed]
    assert {"Reference", "Family name", "Hotel", "E-mail", "Confirmation"} <= {*on_paper}
    assert labels[: len(on_paper)] == on_paper
    assert len(labels) == len({*labels}) > len(on_paper)
    assert {f"Question {n}" for n in range(20)} <= {*labels}
    pixels = sum(sheet.column_dimensions[cell.column_letter].width * 7 for cell in printed)  # openpyxl adds the padding
    assert pixels * 8 / 11 <= (11.69 - 0.5) * 96
    assert f"{len(labels) - len(on_paper)} more columns on the screen" in str(sheet.oddFooter.center.text)


def test_the_log_says_who_did_what() -> None:
    one = registered()
    press = Press("p", "secretary@example.org", datetime(2004, 2, 3, 9, 30, tzinfo=UTC))
    moved = press.entry(Action.ADMITTED, registration_id=one.id, before={"a": "late"}, after={"a": "in"}, reason="ill")
    later = replace(press.entry(Action.RESENT), at=press.at + timedelta(days=1))
    _, workbook = roster_files(one, log=[later, moved])
    first, last = read_xlsx(workbook, "Log")
    assert first == {
        "Date and time": "2004-02-03 10:30",
        "By": "secretary@example.org",
        "What": "Admitted late",
        "Reference": one.reference,
        "Before": "late",
        "After": "in",
        "Reason": "ill",
    }
    assert last["Date and time"] == "2004-02-04 10:30"


def test_a_change_names_who_of_the_staff_made_it() -> None:
    there = registered()
    change = Change(Actor.STAFF, Way.DESK, Why.CHANGED, who="secretary@example.org")
    now = replace(there, registration=replace(there.registration, family_name="Ba"), revision=2)
    made = change_of(EVENT, there, [Revision(change, there, now)], now, is_on_roster=True)
    _, workbook = roster_files(RosterRow(now, change=made), version=2, since=1)
    (row,) = read_xlsx(workbook, "Changes")
    assert row["By"] == "secretary@example.org"


def test_the_same_roster_is_the_same_file() -> None:
    assert roster_files(registered()) == roster_files(registered())


def test_a_roster_of_nobody() -> None:
    table, workbook = roster_files()
    assert read_csv(table) == []
    assert read_xlsx(workbook) == []
    assert openpyxl.load_workbook(io.BytesIO(workbook)).sheetnames == ["Roster", "Totals"]


def similar(*family_names: str) -> list[Registered]:
    return [
        registered(a_registration(family_name=name), id=f"{place:08}".ljust(24, "0"))
        for place, name in enumerate(family_names)
    ]


def test_who_may_be_one_person_is_told_of_the_others() -> None:
    *people, late = similar("García", "Garcia", "Another", "GARCIÀ")
    _, workbook = roster_files(*people, late=[late])
    first, second, another, last = (one.reference for one in (*people, late))
    alike = {first: f"{second}, {last}", second: f"{first}, {last}", another: ""}
    assert {row["Reference"]: row["May be the same as"] or "" for row in read_xlsx(workbook)} == alike
    (row,) = read_xlsx(workbook, "Late")
    assert row["May be the same as"] == f"{first}, {second}"


def test_of_many_who_may_be_one_person_some_are_named() -> None:
    people = similar(*["Diallo"] * 200)
    with closing(SortedRows(EVENT)) as rows:
        rows.add(map(RosterRow, people), EVENT.closes_at)
        assert rows.doubles() == 200
        named = [str(row["doubles"]).split(", ") for row in rows.of()]
    assert named[0] == [one.reference for one in people[1:6]]
    assert {len(references) for references in named} == {DOUBLES_NAMED}


NAMES_IN_ANY_ORDER = """
    Aaberg Åberg Adamec Ådland Anders Çelik Capek Čapek Cervantes de_la_Cruz De_Luca Dean Ďuriš Eco Éluard Eluard Ellis
    Fatou García Garcia GARCIA Ibsen İnan Łukasz Lopez Luz Muñoz Munoz Müller Muller Mulligan Øberg Oberg Öberg O’Brien
    O'Brien Ortiz Šahin Sahin Saïd Straße Strasse Zimmermann Žižka Αγγέλου Ωνάσης Борисов Ёлкин Ежов Ильин Яковлев
"""


@pytest.mark.parametrize("language", ["en", "fr", "de"])
def test_names_are_in_the_order_of_the_language(language: str) -> None:
    """As ICU has it, whose rules are those of dictionaries: accented letters stand beside their letters."""
    node = shutil.which("node")
    if not node:
        leave_out("the order of names is compared with that of Node.js (apt-get install nodejs)")
    names = [name.replace("_", " ") for name in NAMES_IN_ANY_ORDER.split()]
    sort = f"console.log(JSON.stringify(JSON.parse(fs.readFileSync(0)).sort(new Intl.Collator('{language}').compare)))"
    by_icu = subprocess.run([node, "-e", sort], input=json.dumps(names), capture_output=True, text=True, check=True)
    ours = sorted(names, key=lambda name: name_in_order(a_registration(family_name=name, first_name="")))
    assert [without_accents(name) for name in ours] == [without_accents(name) for name in json.loads(by_icu.stdout)]


def test_a_first_name_is_looked_at_before_an_accent() -> None:
    people = [
        a_registration(family_name=family, first_name=first) for family, first in (("García", "A"), ("Garcia", "B"))
    ]
    assert sorted(reversed(people), key=name_in_order) == people


HOTELS = ["Hôtel Cornavin", "hotel cornavin", "Hôtel Cornavin", "CORNAVIN", "Cornavin Hotel", "Beau-Rivage", "Hotel"]


def test_the_spellings_of_one_hotel_are_together() -> None:
    people = [
        replace(answering(hotel=hotel), id=f"{place:08}".ljust(24, "0")) for place, hotel in enumerate(reversed(HOTELS))
    ]
    nowhere = a_registration(answers={"organization": "O"})
    _, workbook = roster_files(*people, registered(nowhere, id="9" * 24))
    by_hotel = [(row["Hotel"], row["Reference"]) for row in read_xlsx(workbook, "By hotel")]
    assert [hotel for hotel, _ in by_hotel] == ["Beau-Rivage", *["Hôtel Cornavin"] * 5, "Hotel", "(not given)"]
    counted = [(row["Name"], row["People"]) for row in read_xlsx(workbook, "Totals") if row["Count of"] == "Hotel"]
    assert counted == [("Hôtel Cornavin", 5), ("(not given)", 1), ("Beau-Rivage", 1), ("Hotel", 1)]
    assert {str(row["Hotel"] or "") for row in read_xlsx(workbook)} == {*HOTELS, ""}  # as each wrote it


def test_the_list_for_the_door_is_by_name_with_room_to_sign() -> None:
    people = similar("Zimmermann", "Öberg", "Olsen", "Åberg")
    late = replace(people[0], id="9" * 24)
    _, workbook = roster_files(*people, late=[late])
    at_door = [row["Family name"] for row in read_xlsx(workbook, "At the door")]
    assert at_door == ["Åberg", "Öberg", "Olsen", "Zimmermann"]
    sheet = openpyxl.load_workbook(io.BytesIO(workbook))["At the door"]
    assert sheet["E1"].value == "Please sign"
    assert sheet.column_dimensions["E"].width > 30
    assert all(sheet.row_dimensions[line].height >= 30 for line in range(2, 6))
    assert sheet.page_setup.orientation == "portrait"


def test_an_online_event_has_no_list_for_hotels_or_a_door() -> None:
    _, workbook = roster_files(*similar("Olsen"), event=read_event(EVENTS / "examples" / "online-seminar.toml"))
    assert openpyxl.load_workbook(io.BytesIO(workbook)).sheetnames == ["Roster", "Totals"]


@pytest.mark.parametrize("code", languages())
def test_excel_takes_the_sheets_names_in_every_language(code: str) -> None:
    """It allows 31 characters, none of []:*?/\\, and no name twice."""
    event = an_event_in("en", staff_language=code).in_language(code)
    one, waiting = registered(), IncompleteForm("Diallo", "a@example.org", "", EVENT.opens_at)
    _, workbook = roster_files(
        RosterRow(one, change=RosterChange(News.CAME, one, one)),
        replace(one, id="8" * 24, status=RegistrationStatus.WITHDRAWN),
        late=[replace(one, id="9" * 24)],
        event=event,
        not_completed=(waiting,),
        quarantined=(QuarantinedForm(one, BotSignal.TOO_FAST),),
    )
    sheets = openpyxl.load_workbook(io.BytesIO(workbook)).worksheets
    assert len(sheets) == 9
    assert {bool(sheet.sheet_view.rightToLeft) for sheet in sheets} == {code == "ar"}


def test_totals_are_numbers_and_add_up() -> None:
    people = [replace(one, registration=replace(one.registration, category="associate")) for one in similar("A", "B")]
    failed = replace(confirmation(EVENT.slug, people[0].id, "a@example.org"), status=EmailStatus.FAILED)
    _, workbook = roster_files(RosterRow(people[0], unsent=failed), people[1], *similar("C"), late=similar("D"))
    rows = [(row["Count of"], row["Name"], row["People"]) for row in read_xlsx(workbook, "Totals")]
    assert rows[:3] == [
        ("People", "On the roster", 3),
        ("People", "Late", 1),
        ("People", "May have registered twice", 0),
    ]
    for what in ("You represent", "Confirmation", "Hotel", "Organization"):
        assert sum(int(str(people)) for of, _, people in rows if of == what) == 3
    assert ("You represent", "ITU Associate", 2) in rows
    assert ("Confirmation", "failed", 1) in rows


def test_of_very_many_hotels_the_totals_count_the_rest() -> None:
    people = [replace(answering(hotel=f"Hotel {place}"), id=f"{place:024}") for place in range(NAMED + 5)]
    _, workbook = roster_files(*people)
    rows = [row for row in read_xlsx(workbook, "Totals") if row["Count of"] == "Hotel"]
    assert len(rows) == NAMED + 1
    assert (rows[-1]["Name"], rows[-1]["People"]) == ("5 others, on the roster", 5)
