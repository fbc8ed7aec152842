"""The roster's files, read back by others' readers."""

import csv
import io
import unicodedata
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollcall.documents.roster import DOUBLES_NAMED, NAMED, SortedRows, harmless, place
from rollcall.emails.roster import incomplete_form
from rollcall.model.email import EmailStatus, confirmation
from rollcall.model.inbound import FormStatus, InboundEmail, InboundForm
from rollcall.model.registration import BotSignal, QuarantinedForm, Registered
from rollcall.model.roster import IncompleteForm, RosterContent, RosterRow, Shown
from tests.support.builders import a_registration, an_event, registered, roster_files

EVENT = an_event()

lines_of_text = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Cn", "Co"]), min_size=1, max_size=60
).map(lambda text: unicodedata.normalize("NFC", text).strip())


def answering(**answers: str) -> Registered:
    registration = a_registration()
    return registered(a_registration(answers={**registration.answers, **answers}))


def read_csv(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def read_xlsx(content: bytes, sheet: str = "Roster") -> list[dict[str, object]]:
    header, *rows = openpyxl.load_workbook(io.BytesIO(content))[sheet].iter_rows(values_only=True)
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


def test_the_csv_has_a_byte_order_mark_and_the_lines_of_rfc_4180() -> None:
    content, _ = roster_files(registered())
    assert content.startswith(b"\xef\xbb\xbfReference,")
    assert content.endswith(b"\r\n")


@pytest.mark.parametrize("number", ["+41 22 730 51 11", "+41-22-730.51.11", "0041 22 730", "+41(0)22/7305111", "022"])
def test_telephone_numbers_are_unharmed(number: str) -> None:
    table, workbook = roster_files(answering(tel=number))
    assert read_csv(table)[0]["Tel."] == number
    assert read_xlsx(workbook)[0]["Tel."] == number


@pytest.mark.parametrize("formula", ["=1+1", "+cmd|' /C calc'!A0", "-2+A1", "@SUM(A1)", "＝1+1", "+41 22; =A1"])
def test_a_formula_is_text(formula: str) -> None:
    table, workbook = roster_files(answering(hotel=formula))
    assert read_csv(table)[0]["Hotel"] == "'" + formula
    sheet = openpyxl.load_workbook(io.BytesIO(workbook))["Roster"]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s"}
    assert read_xlsx(workbook)[0]["Hotel"] == formula


@pytest.mark.slow
@settings(deadline=None)  # a workbook takes its time
@given(lines_of_text)
def test_any_text_comes_back(text: str) -> None:
    (row,) = read_csv(roster_files(answering(organization=text))[0])
    assert row["Administration or organization"] in (text, "'" + text)
    assert harmless(text) in (text, "'" + text)


def test_a_cell_is_no_longer_than_a_workbook_takes() -> None:
    table, workbook = roster_files(answering(address="&" * 40_000))
    assert read_csv(table)[0]["Complete address"] == "&" * 40_000
    assert read_xlsx(workbook)[0]["Complete address"] == "&" * 32_767


def test_an_address_keeps_its_lines() -> None:
    (row,) = read_csv(roster_files(registered())[0])
    assert row["Complete address"] == "BP 3000\nConakry\nGuinée"


def test_sorted_by_category_organization_and_name() -> None:
    def one(category: str, organization: str, family_name: str) -> Registered:
        answers = {**a_registration().answers, "organization": organization}
        return registered(a_registration(category=category, answers=answers, family_name=family_name))

    people = [one("non-member", "A", "A"), one("member-state", "b", "A"), one("member-state", "A", "z")]
    people.append(one("member-state", "A", "Y"))
    rows = read_csv(roster_files(*people)[0])
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
    with closing(SortedRows()) as rows:
        rows.add(EVENT, RosterContent(EVENT.closes_at, people))
        in_order = sorted(people, key=lambda one: place(EVENT)(one.registered.registration))
        assert [row[0] for row in rows.of(late=False)] == [one.registered.reference for one in in_order]
        assert list(rows.of(late=True)) == []
        counted = Counter(one.registered.registration.answers.get("organization") for one in people)
        assert rows.named("organization") == Shown(
            tuple(sorted(counted.items(), key=lambda row: (-row[1], row[0] or ""))), len(counted)
        )


def test_the_most_named_are_named_and_the_others_counted() -> None:
    people = [RosterRow(answering(hotel=f"Hotel {place % (NAMED + 9)}")) for place in range(NAMED + 10)]
    people.append(RosterRow(answering(hotel="Late"), late=True))
    with closing(SortedRows()) as rows:
        rows.add(EVENT, RosterContent(EVENT.closes_at, people))
        hotels = rows.named("hotel")
    assert hotels.shown[:2] == (("Hotel 0", 2), ("Hotel 1", 1))
    assert (len(hotels.shown), hotels.count) == (NAMED, NAMED + 9)


def test_what_is_said_of_each() -> None:
    one = registered(a_registration(signed_on=None))
    failed = replace(confirmation(EVENT.slug, one.id, one.registration.email), status=EmailStatus.FAILED)
    (row,) = read_csv(roster_files(RosterRow(one, unsent=failed))[0])
    assert row["Reference"] == one.reference
    assert row["Received"] == "2004-02-02 13:00"
    assert row["Date"] == "2004-02-02"
    assert row["Confirmation"] == "failed"


def test_late_ones_are_on_a_sheet_of_their_own_and_not_in_the_csv() -> None:
    late = registered(a_registration(first_name="Late"), received_at=EVENT.closes_at + timedelta(seconds=1))
    table, workbook = roster_files(registered(), late=[late])
    assert len(read_csv(table)) == 1
    assert [row["First name"] for row in read_xlsx(workbook)] == ["Amina"]
    (row,) = read_xlsx(workbook, "Late")
    assert (row["First name"], row["E-mailed in time, at"]) == ("Late", "")


def test_who_is_late_only_in_our_books_is_said() -> None:
    in_time = registered(
        arrived_at=EVENT.closes_at - timedelta(minutes=2), received_at=EVENT.closes_at + timedelta(minutes=1)
    )
    (row,) = read_xlsx(roster_files(late=[in_time])[1], "Late")
    assert (row["Received"], row["E-mailed in time, at"]) == ("2004-02-21 00:01", "2004-02-20 23:58")


def test_forms_that_need_a_person_are_on_a_sheet_of_their_own_with_all_answers() -> None:
    kept = QuarantinedForm(registered(a_registration(first_name="Robot")), BotSignal.HIDDEN_FIELD)
    table, workbook = roster_files(registered(), quarantined=(kept,))
    assert len(read_csv(table)) == 1
    (row,) = read_xlsx(workbook, "Needs review")
    assert row["Why"] == "a field that people do not see was filled in"
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
        "Missing": "Tel., E-mail",
        "Received": "2004-01-14 00:00",
    }
    assert str(other["Name"]).startswith("=1+1 xxx")


def test_the_workbook_is_made_to_be_read_and_printed() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(roster_files(registered())[1]))["Roster"]
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref == "A1:Q2"
    assert sheet.page_setup.orientation == "landscape"
    assert sheet.print_title_rows == "$1:$1"
    assert sheet.column_dimensions["F"].width > 30


def test_the_same_roster_is_the_same_file() -> None:
    assert roster_files(registered()) == roster_files(registered())


def test_a_roster_of_nobody() -> None:
    table, workbook = roster_files()
    assert read_csv(table) == []
    assert read_xlsx(workbook) == []
    assert openpyxl.load_workbook(io.BytesIO(workbook)).sheetnames == ["Roster"]


def similar(*family_names: str) -> list[Registered]:
    return [
        registered(a_registration(family_name=name), id=f"{place:08}".ljust(24, "0"))
        for place, name in enumerate(family_names)
    ]


def test_who_may_be_one_person_is_told_of_the_others() -> None:
    *people, late = similar("García", "Garcia", "Another", "GARCIÀ")
    table, workbook = roster_files(*people, late=[late])
    first, second, another, last = (one.reference for one in (*people, late))
    alike = {first: f"{second}, {last}", second: f"{first}, {last}", another: ""}
    assert {row["Reference"]: row["May be the same as"] for row in read_csv(table)} == alike
    assert {row["Reference"]: row["May be the same as"] or "" for row in read_xlsx(workbook)} == alike
    (row,) = read_xlsx(workbook, "Late")
    assert row["May be the same as"] == f"{first}, {second}"


def test_of_many_who_may_be_one_person_some_are_named() -> None:
    people = similar(*["Diallo"] * 2000)
    with closing(SortedRows()) as rows:
        rows.add(EVENT, RosterContent(EVENT.closes_at, map(RosterRow, people)))
        assert rows.doubles() == 2000
        named = [row[-2].split(", ") for row in rows.of(late=False)]
    assert named[0] == [one.reference for one in people[1:6]]
    assert {len(references) for references in named} == {DOUBLES_NAMED}
