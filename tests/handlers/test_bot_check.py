"""The page's own two fields, on both stores: what shows a sign of a robot is kept, and one more press registers."""

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest

from handlers.request_body import HIDDEN, SHOWN_AT
from schemas.form import FIELD_NAMES
from tests.support.builders import a_form, write_open_event
from tests.support.served import Answer, Served, function
from tests.support.stores import store_settings

PATH = "/register/open"
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}


@pytest.fixture(scope="module", params=["sqlite", "firestore"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("events")
    write_open_event(folder)
    environment = {"EVENTS": str(folder), **store_settings(request, tmp_path_factory.mktemp("store"))}
    with function("register", **environment) as running:
        yield running


class Filled(HTMLParser):
    """What a browser would send of the page's form as it stands."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._lines = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name") or ""
        if tag == "input" and (given.get("type") != "radio" or "checked" in given):
            self.fields[name] = given.get("value") or ""
        self._lines = name if tag == "textarea" else ""

    def handle_data(self, data: str) -> None:
        if self._lines:
            self.fields[self._lines] = data.removeprefix("\n")
            self._lines = ""


def shown(served: Served) -> dict[str, str]:
    page = served.ask("GET", PATH)
    return {name: text for name, text in Filled(page.text).fields.items() if name in (HIDDEN, SHOWN_AT)}


def send(served: Served, fields: Mapping[str, object]) -> Answer:
    return served.ask("POST", PATH, urlencode(fields), FORM)


def test_the_pages_own_fields_are_none_of_the_forms(served: Served) -> None:
    assert not {HIDDEN, SHOWN_AT} & set(FIELD_NAMES)
    assert set(shown(served)) == {HIDDEN, SHOWN_AT}


def test_what_comes_too_fast_is_kept_and_one_more_press_registers(served: Served) -> None:
    form = a_form(family_name="Fast")
    page = send(served, {**form, **shown(served)})
    assert page.status == 202
    assert "That was very fast." in page.text
    assert "press Register once more" in page.text
    again = Filled(page.text).fields
    assert {name: text for name, text in again.items() if text} == form
    assert "/received/" in send(served, again).headers["Location"]


def test_a_robot_gets_one_answer_whoever_is_registered(served: Served) -> None:
    assert "/received/" in send(served, a_form(family_name="Known")).headers["Location"]
    probe = {HIDDEN: "x", "hotel": "Another"}
    known, other = (send(served, {**a_form(family_name=name), **probe}) for name in ("Known", "Other"))
    assert known.status == other.status == 202
    assert known.text.replace("Known", "Other") == other.text
    assert {**known.headers, "Date": ""} == {**other.headers, "Date": ""}


def test_a_filled_in_hidden_field_is_kept_and_one_more_press_registers(served: Served) -> None:
    form = a_form(family_name="Hidden")
    page = send(served, {**form, **shown(served), SHOWN_AT: "2004-02-02T12:00Z", HIDDEN: "cheap watches"})
    assert page.status == 202
    assert "A field that should be empty was filled in" in page.text
    assert "cheap watches" not in page.text
    assert send(served, Filled(page.text).fields).status == 303


def test_what_a_form_elsewhere_sends_shows_no_sign(served: Served) -> None:
    assert send(served, a_form(family_name="Without")).status == 303


@pytest.mark.parametrize(
    "shown_at", ["", "soon", "2004-02-02", "2004-02-02T12:00:00", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"]
)
def test_a_time_that_is_none_shows_no_sign(served: Served, shown_at: str) -> None:
    assert send(served, a_form(family_name=f"At {shown_at}") | {SHOWN_AT: shown_at}).status == 303


def test_what_is_wrong_comes_first_and_the_page_goes_on_from_its_first_showing(served: Served) -> None:
    traces = {**shown(served), HIDDEN: "cheap watches"}
    page = send(served, {**a_form(email="amina"), **traces})
    assert page.status == 422
    kept = Filled(page.text).fields
    assert {name: kept[name] for name in (HIDDEN, SHOWN_AT)} == traces


def test_json_knows_nothing_of_them(served: Served) -> None:
    answer = served.post_json(PATH, a_form(family_name="Json") | {HIDDEN: "x", SHOWN_AT: "x"})
    assert (answer.status, set(answer.json["errors"])) == (422, {HIDDEN, SHOWN_AT})


def test_the_hidden_field_is_out_of_the_way_in_the_markup(served: Served) -> None:
    page = served.ask("GET", PATH).text
    (block,) = re.findall(r'<div class="unseen" aria-hidden="true">.*?</div>', page, re.DOTALL)
    (field,) = re.findall(r"<input[^>]*>", block)
    assert f'name="{HIDDEN}"' in field
    assert 'tabindex="-1"' in field
    assert 'autocomplete="off"' in field
    assert "Leave this empty" in block
