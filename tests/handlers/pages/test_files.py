"""Published files: stored by the browser, never shown among our pages, and none but what the snapshot names."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rollcall.model.errors import StoreUnavailable
from tests.support.clock import Clock
from tests.support.event_pages import SITE, WORD, EventPages, pieces


@pytest.fixture
def filled(shown: EventPages) -> EventPages:
    for file in SITE.files:
        shown.published.put_file(file.name, pieces(b"%PDF-1.7 ", file.name.encode()))
    shown.published.put_file("SECRET", pieces(b"not yet published"))
    return shown


def test_a_file_is_stored_under_its_name_and_runs_nothing(filled: EventPages) -> None:
    answer = filled.get("files/ONE-FR")
    assert (answer.status, answer.content) == (200, b"%PDF-1.7 ONE-FR")
    assert answer.headers["Content-Type"] == WORD
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="INTGOV04-C-1-Rev-1-fr.docx"')
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Encoding" not in answer.headers


def test_a_name_in_any_script_harms_no_header(filled: EventPages) -> None:
    said = filled.get("files/ADD").headers["Content-Disposition"]
    assert said == (
        "attachment; filename=\"na_ve _annex_.pdf\"; filename*=UTF-8''na%C3%AFve%20%E2%80%9Cannex%E2%80%9D.pdf"
    )


@pytest.mark.parametrize(
    "name", ["SECRET", "..", "%2e%2e", "sites", "intgov04.json", "..%2fsites%2fintgov04.json", "%00"]
)
def test_what_the_snapshot_does_not_name_is_not_there(filled: EventPages, name: str) -> None:
    assert filled.get(f"files/{name}").status == 404


def test_a_file_of_another_event_is_not_there(filled: EventPages) -> None:
    assert filled.ask("GET", "/events/another/files/AGENDA", {}).status == 404


def test_what_is_published_no_longer_is_gone(filled: EventPages, clock: Clock) -> None:
    assert filled.get("files/ADD").status == 200
    filled.published.remove_file("ADD")
    assert filled.get("files/ADD").status == 404


def test_a_file_that_another_instance_shows_already_is_found(filled: EventPages, clock: Clock) -> None:
    filled.get()
    changed = {file.name: file for file in SITE.files}
    assert "NEW" not in changed
    document = SITE.documents[0]
    assert document.file
    filled.show(replace(SITE, documents=(replace(document, file=replace(document.file, name="NEW")),)))
    filled.published.put_file("NEW", pieces(b"new"))
    clock.forward(timedelta(seconds=1))
    assert filled.get("files/NEW").content == b"new"


def test_many_who_guess_read_it_once_a_second(filled: EventPages) -> None:
    filled.get()
    read = filled.line.read
    for number in range(20):
        filled.get(f"files/{number}")
    assert filled.line.read == read


def test_whoever_has_it_or_asks_for_its_head_makes_nobody_read_it(filled: EventPages) -> None:
    tag = filled.get("files/ADD").headers["ETag"]
    filled.published.remove_file("ADD")
    assert filled.get("files/ADD", If_None_Match=tag).status == 304
    assert filled.get("files/ADD", method="HEAD").status == 200


def test_while_files_are_unavailable_another_try_is_asked_for(filled: EventPages) -> None:
    filled.get()
    filled.line.fault = StoreUnavailable(timedelta(seconds=7))
    answer = filled.get("files/ADD")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "7")
