"""The page by which the staff add a person, with a scan or without."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from handlers.staff.visit import BUTTON
from rollcall.desk.desk import Desk
from rollcall.desk.register import register
from rollcall.model.registration import Registered, Source
from rollcall.model.staff import Role, StaffMember
from tests.support.builders import a_form, a_registration
from tests.support.clock import Clock
from tests.support.desk import EVENT
from tests.support.served import Answer
from tests.support.staff_pages import StaffPages

VIEWER = "viewer@itu.int"
EDITOR = EVENT.staff[0].address
WATCHED = replace(EVENT, staff=(*EVENT.staff, StaffMember(VIEWER, Role.VIEWER)))
PDF = b"%PDF-1.4 a scan"


@pytest.fixture
def pages(desk: Desk) -> StaffPages:
    return StaffPages(replace(desk, events={EVENT.slug: WATCHED}), EDITOR, WATCHED)


def add(pages: StaffPages, file: bytes | None = None, button: str | None = None, **changes: str) -> Answer:
    """As a browser posts it: multipart, with the file or an empty one."""
    typed = {name: str(text) for name, text in a_form(signature="").items()}
    fields = {**typed, "_source": "fax", "_language": "fr", **changes, BUTTON: button or pages.button()}
    parts = [f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}' for name, text in fields.items()]
    name = "scan.html" if file else ""
    head = f'--B\r\nContent-Disposition: form-data; name="_file"; filename="{name}"\r\nContent-Type: text/html\r\n\r\n'
    body = "\r\n".join([*parts, head]).encode() + (file or b"") + b"\r\n--B--\r\n"
    return pages.ask("POST", pages.path("add?send"), body, {"Content-Type": "multipart/form-data; boundary=B"})


def added(desk: Desk, answer: Answer) -> Registered:
    assert answer.status == 303
    found = re.search(r"/registrations/(\w+)\?", answer.headers["Location"])
    there = desk.store.registered(EVENT.slug, found[1]) if found else None
    assert there is not None
    return there


def test_a_person_is_added_without_signature_in_their_language(desk: Desk, pages: StaffPages) -> None:
    assert "How it came" in pages.get("add").text
    there = added(desk, add(pages, _note="wants a vegetarian lunch"))
    assert there.entered is not None
    assert (there.entered.source, there.entered.note) == (Source.FAX, "wants a vegetarian lunch")
    of = there.registration
    assert (of.language, of.form_version) == ("fr", EVENT.form_version)
    assert not any(name.startswith("_") for name in (*of.answers, *of.chosen))
    shown = pages.get(f"registrations/{there.id}?added").text
    assert "wants a vegetarian lunch" in shown
    assert "By fax" in shown


def test_the_same_press_adds_one(desk: Desk, pages: StaffPages) -> None:
    button = pages.button()
    first, second = (add(pages, button=button) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]


def test_whoever_goes_back_and_types_another_name_adds_another(desk: Desk, pages: StaffPages) -> None:
    button = pages.button()
    first = added(desk, add(pages, button=button))
    second = added(desk, add(pages, button=button, first_name="Élodie"))
    assert (first.registration.first_name, second.registration.first_name) == ("Amina", "Élodie")


def test_what_is_wrong_is_said_and_what_was_typed_stays(desk: Desk, pages: StaffPages) -> None:
    answer = add(pages, PDF, email="no address", _source="")
    assert answer.status == 422
    assert "Say how it came." in answer.text
    scan = re.search(r'name="_scan" value="([^"]+)"', answer.text)
    assert scan is not None
    there = added(desk, add(pages, _scan=scan[1]))
    assert there.entered is not None
    assert desk.files().get(there.entered.scan) == PDF


def test_a_scan_is_downloaded_and_never_opened_here(desk: Desk, pages: StaffPages) -> None:
    there = added(desk, add(pages, PDF))
    answer = pages.get(f"registrations/{there.id}/scan")
    assert answer.content == PDF
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{there.reference}.pdf"'
    assert answer.headers["Content-Type"].startswith("application/pdf")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("file", [b"<html><script>alert(1)</script>", b"<svg onload=alert(1)>", b"MZ", b"x" * 100])
def test_a_file_of_another_kind_is_refused(desk: Desk, pages: StaffPages, file: bytes) -> None:
    assert add(pages, file).status == 422
    assert desk.store.registrations(EVENT.slug, None, 9) == []


def test_a_scan_that_is_too_large_is_refused(desk: Desk, pages: StaffPages) -> None:
    answer = add(pages, PDF + b"x" * 10_000_000)
    assert answer.status == 422
    assert "larger than 10 MB" in answer.text
    assert add(pages, PDF + b"x" * 26_000_000).status == 413
    assert desk.store.registrations(EVENT.slug, None, 9) == []


@pytest.mark.parametrize("scan", ["../../etc/passwd", "roster-intgov04-1-2.csv", "scan-other-" + 40 * "0" + ".pdf"])
def test_no_other_file_is_taken_for_a_scan(desk: Desk, pages: StaffPages, scan: str) -> None:
    there = added(desk, add(pages, _scan=scan))
    assert there.entered is not None
    assert there.entered.scan == ""
    assert pages.get(f"registrations/{there.id}/scan").status == 404


def test_whoever_is_there_is_linked_to(desk: Desk, pages: StaffPages) -> None:
    register(desk, EVENT, a_registration())
    answer = add(pages, hotel="Beau-Rivage")
    assert answer.status == 409
    (there,) = desk.store.registrations(EVENT.slug, None, 9)
    assert f"registrations/{there.id}" in answer.text
    assert "with other answers" in answer.text
    assert "Beau-Rivage" in answer.text


def test_after_the_deadline_a_reason_admits(desk: Desk, pages: StaffPages, clock: Clock) -> None:
    assert "Admit late" not in pages.get("add").text
    clock.now = EVENT.closes_at + timedelta(seconds=1)
    assert "Admit late" in pages.get("add").text
    late = add(pages)
    assert late.headers["Location"].endswith("?late")
    admitted = add(pages, first_name="Chosen", _admit="faxed in time")
    assert admitted.headers["Location"].endswith("?added")
    assert added(desk, admitted).admitted is True


def test_a_viewer_adds_nobody(desk: Desk, pages: StaffPages) -> None:
    assert add(replace(pages, address=VIEWER)).status == 403
    assert add(pages, button="forged").status == 403
    assert desk.store.registrations(EVENT.slug, None, 9) == []
