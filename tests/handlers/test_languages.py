"""In which language pages and problem details are, and how a person comes to the others."""

import gzip
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from unittest import mock
from urllib.parse import urlencode, urlsplit

import pytest
from flask import Flask, request
from werkzeug.test import EnvironBuilder

from handlers.register import register
from rollcall.desk.desk import Desk
from rollcall.language import language
from rollcall.model.errors import StoreUnavailable
from rollcall.model.event import Event
from rollcall.model.staff import StaffMember
from tests.support.builders import LINKS, a_form, an_event_in
from tests.support.clock import Clock
from tests.support.desk import EVENT
from tests.support.in_process import ask
from tests.support.served import Answer

PATH = f"/register/{EVENT.slug}"
SIX = ("en", "ar", "zh", "fr", "ru", "es")
PAGE = {"Accept": "text/html"}
FORM = {**PAGE, "Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
Ask = Callable[..., Answer]


def offering(*codes: str, staff_language: str = "en", staff: tuple[StaffMember, ...] = EVENT.staff) -> Event:
    """The letter's event in these languages: the words of the file stay English."""

    def translated(code: str) -> Event:
        spoken = {"languages": codes, "staff_language": staff_language, "staff": staff}
        return replace(EVENT, language=code, translated=translated, **spoken)  # type: ignore[arg-type]

    return translated(codes[0])


def of(desk: Desk, event: Event) -> Ask:
    return partial(ask, partial(register, with_event(desk, event)))


def with_event(desk: Desk, event: Event) -> Desk:
    return replace(desk, events={event.slug: event})


@pytest.fixture
def six(desk: Desk) -> Ask:
    return of(desk, offering(*SIX))


def said(answer: Answer) -> str:
    """The language of the page, once in the document and once in the header."""
    (code,) = re.findall(r'<html lang="(\w+)"', answer.text)
    assert answer.headers["Content-Language"] == code
    return str(code)


def choices(page: Answer) -> dict[str, str]:
    """The links to the page in other languages."""
    (nav,) = re.findall('<nav class="languages".*?</nav>', page.text, re.DOTALL) or [""]
    links = re.findall(r'<a href="([^"]+)" lang="(\w+)" hreflang="(\w+)" dir="(\w+)">([^<]+)</a>', nav)
    for _, code, hreflang, direction, name in links:
        assert (hreflang, direction, name) == (code, language(code).dir, language(code).name)
    return {code: href for href, code, *_ in links}


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "en"),
        ("", "en"),
        ("*", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8,en-GB;q=0.7", "zh"),
        ("zh-Hant-TW", "zh"),
        ("zh-TW,en-US;q=0.7,en;q=0.3", "zh"),
        ("fr-CA", "fr"),
        ("FR_ca", "en"),
        ("es-419,es;q=0.9", "es"),
        ("ar-EG,ar;q=0.9,en-US;q=0.8", "ar"),
        ("de-DE,de;q=0.9,en-GB;q=0.8,fr;q=0.7", "en"),
        ("de, ru;q=0.1, *;q=0.05", "ru"),
        ("de, ru;q=0.1, *;q=0.5", "en"),
        ("en;q=0, *", "ar"),
        ("en;q=0, fr;q=0.1", "fr"),
        ("fr, es", "fr"),
        ("es, fr", "es"),
        ("pt-BR,pt", "en"),
        ("fr;q=2", "en"),
        ("fr;q=x;;,=", "en"),
        ("é\xff", "en"),
        ("fr," * 1000, "en"),
    ],
)
def test_the_bare_address_is_in_the_language_that_a_browser_asks_for(six: Ask, header: str | None, code: str) -> None:
    page = six("GET", PATH, headers=PAGE | ({} if header is None else {"Accept-Language": header}))
    assert (page.status, said(page)) == (200, code)
    assert "Accept-Language" in page.headers["Vary"]


@pytest.mark.parametrize("code", SIX)
def test_the_address_says_the_language_and_the_page_links_to_the_others(six: Ask, code: str) -> None:
    page = six("GET", f"{PATH}/{code}", headers=PAGE | {"Accept-Language": "es"})
    assert said(page) == code
    assert f'dir="{"rtl" if code == "ar" else "ltr"}">' in page.text[:60]
    assert choices(page) == {other: f"{PATH}/{other}" for other in SIX if other != code}
    assert [href for href in re.findall(r'href="([^"]*/form\.txt)"', page.text)] == [f"{PATH}/{code}/form.txt"]


def test_search_engines_are_told_of_each_language(six: Ask) -> None:
    public = "https://desk.example.org/register/intgov04"
    for path, canonical in ((PATH, public), (f"{PATH}/fr", f"{public}/fr")):
        page = six("GET", path, headers=PAGE)
        links = re.findall(r'<link rel="alternate" hreflang="([\w-]+)" href="([^"]+)">', page.text)
        assert dict(links) == {**{code: f"{public}/{code}" for code in SIX}, "x-default": public}
        assert re.findall(r'<link rel="canonical" href="([^"]+)">', page.text) == [canonical]


def test_an_event_in_one_language_has_nothing_to_choose(desk: Desk) -> None:
    page = of(desk, offering("en"))("GET", PATH, headers=PAGE | {"Accept-Language": "fr"})
    assert (said(page), choices(page)) == ("en", {})
    assert "hreflang" not in page.text
    assert "canonical" not in page.text
    assert page.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("code", ["zh", "de"])
@pytest.mark.parametrize("below", ["", "/form.txt", "/none/such"])
def test_a_language_that_is_not_offered_is_no_page_but_leads_to_those_that_are(
    desk: Desk, code: str, below: str
) -> None:
    page = of(desk, offering("fr", "ar"))("GET", f"{PATH}/{code}{below}", headers=PAGE | {"Accept-Language": "ar"})
    assert (page.status, said(page)) == (404, "ar")
    assert choices(page) == {"fr": f"{PATH}/fr", "ar": f"{PATH}/ar"}


def test_links_and_forms_of_a_language_that_is_offered_no_more_keep_working(six: Ask, desk: Desk, clock: Clock) -> None:
    thanks = six("POST", f"{PATH}/ar", urlencode(a_form()), FORM).headers["Location"]
    (there,) = desk.store.registrations(EVENT.slug, None, 9)
    later = of(desk, offering("fr", "en"))
    link = urlsplit(LINKS.own(offering(*SIX).in_language("ar"), there)).path
    for path in (thanks, f"{thanks}/another", link, f"{link}/change", f"{link}/withdraw"):
        page = later("GET", path, headers=PAGE | {"Accept-Language": "en"})
        assert (page.status, said(page), "/ar/" in path) == (200, "en", True)
    assert later("POST", f"{link}/withdraw", "", FORM).status == 303
    wrong = later("POST", f"{PATH}/ar?send", urlencode(a_form(email="amina")), FORM | {"Accept-Language": "en"})
    assert (wrong.status, said(wrong), 'value="amina"' in wrong.text) == (422, "en", True)
    again = later("POST", f"{PATH}/ar?again", urlencode(a_form()), FORM)
    assert again.headers["Location"].startswith(f"{PATH}/received/")
    assert later("POST", f"{PATH}/ar", json.dumps(a_form()), JSON).status == 404


@pytest.mark.parametrize("below", ["", "/es"])
def test_a_form_that_is_sent_back_can_be_read_in_another_language_and_loses_nothing(six: Ask, below: str) -> None:
    typed = urlencode(a_form(email="amina"))
    wrong = six("POST", f"{PATH}{below}", typed, FORM | {"Accept-Language": "es"})
    assert (wrong.status, said(wrong), choices(wrong)) == (422, "es", {})
    buttons = dict(re.findall(r'formaction="([^"]+)" lang="(\w+)"', wrong.text))
    assert buttons == {f"{PATH}/{code}?change": code for code in SIX if code != "es"}
    for address, code in buttons.items():
        page = six("POST", address, typed, FORM)
        assert (page.status, said(page)) == (200, code)
        assert 'value="amina"' in page.text
        assert 'class="error"' not in page.text
    checked = six("POST", f"{PATH}{below}?check", urlencode(a_form()), FORM | {"Accept-Language": "es"})
    assert dict(re.findall(r'formaction="([^"]+)" lang="(\w+)"', checked.text)) == buttons


def test_whoever_registers_stays_in_the_language(six: Ask, desk: Desk) -> None:
    form = six("GET", f"{PATH}/ar", headers=PAGE)
    (action,) = re.findall(r'<form[^>]* action="([^"]+)"', form.text)
    done = six("POST", f"{PATH}/ar{action}", urlencode(a_form()), FORM)
    assert done.headers["Location"].startswith(f"{PATH}/ar/received/")
    (registered,) = desk.store.registrations(EVENT.slug, None, 9)
    assert registered.registration.language == "ar"
    thanks = six("GET", done.headers["Location"], headers=PAGE | {"Accept-Language": "en"})
    assert said(thanks) == "ar"
    token = done.headers["Location"].partition("/ar/")[2]
    assert choices(thanks)["fr"] == f"{PATH}/fr/{token}"
    (another,) = re.findall(r'href="([^"]+/another)"', thanks.text)
    assert another == f"{PATH}/ar/{token}/another"
    page = six("GET", another, headers=PAGE)
    assert (said(page), choices(page)["fr"]) == ("ar", f"{PATH}/fr/{token}/another")
    assert "canonical" not in page.text


SOON = datetime.now(UTC) + timedelta(days=1)
LONG_AGO = datetime(2004, 1, 1, tzinfo=UTC)


def test_every_address_below_is_there_in_each_language(six: Ask, desk: Desk, clock: Clock) -> None:
    six("POST", PATH, json.dumps(a_form()), JSON)
    (one,) = desk.store.registrations(EVENT.slug, None, 9)
    for event in (EVENT, offering(*SIX).in_language("ru")):
        paths = [
            (LINKS.own(event, one), 200),
            (LINKS.own(event, one) + "/withdraw", 200),
            (LINKS.own(event, replace(one, id="none")), 410),
            (LINKS.form_page(event) + "/find", 200),
            (LINKS.form_page(event) + "/own", 410),
            (LINKS.completing(event, "none", 0, SOON), 410),
            (LINKS.form_page(event) + "/received/none", 410),
        ]
        for link, status in paths:
            below = link.removeprefix("https://desk.example.org").replace(f"{PATH}/en", PATH)
            page = six("GET", below, headers=PAGE | {"Accept-Language": "ru"})
            assert (page.status, said(page)) == (status, "ru")
            assert choices(page)["fr"] == below.replace(f"{PATH}/ru", PATH).replace(PATH, f"{PATH}/fr")
    text = six("GET", f"{PATH}/fr/form.txt")
    assert (text.status, text.headers["Content-Language"]) == (200, "fr")
    clock.now = EVENT.closes_at + timedelta(days=1)
    page = six("GET", f"{PATH}/zh", headers=PAGE)
    assert (said(page), choices(page)["fr"]) == ("zh", f"{PATH}/fr")


def test_pages_for_staff_are_in_the_language_of_the_staff(desk: Desk) -> None:
    event = offering("en", "ar", staff_language="fr")
    for link in (LINKS.resolving(event, "none", event.secretariat, SOON), LINKS.roster(event, "none", "x", SOON)):
        below = link.removeprefix("https://desk.example.org")
        page = of(desk, event)("GET", below, headers=PAGE | {"Accept-Language": "ar"})
        assert (page.status, said(page), choices(page)) == (410, "fr", {})
    page = of(desk, event)("GET", f"{PATH}/fr", headers=PAGE)
    assert (page.status, said(page)) == (404, "en")


def test_a_page_for_one_of_the_staff_is_in_their_own_language(desk: Desk) -> None:
    staff = (StaffMember("one@itu.int"), StaffMember("two@itu.int", language="ru"))
    event = offering("en", "ar", staff_language="fr", staff=staff)
    for to, spoken in (("one@itu.int", "fr"), ("two@itu.int", "ru"), ("gone@itu.int", "fr")):
        for link in (LINKS.resolving(event, "none", to, SOON), LINKS.amending(event, "none", 0, to, SOON)):
            page = of(desk, event)("GET", link.removeprefix("https://desk.example.org"), headers=PAGE)
            assert (page.status, said(page)) == (410, spoken)


def test_a_page_about_no_event_is_in_the_language_that_a_browser_asks_for(six: Ask) -> None:
    for path, status in (("/register", 200), ("/register/none", 404)):
        page = six("GET", path, headers=PAGE | {"Accept-Language": "ru-RU,ru"})
        assert (page.status, said(page)) == (status, "ru")
        assert "Accept-Language" in page.headers["Vary"]


@pytest.mark.parametrize(
    ("path", "headers", "given", "code"),
    [
        (PATH, {"Accept-Language": "fr-CH"}, {}, "fr"),
        (f"{PATH}/ar", {"Accept-Language": "fr"}, {}, "ar"),
        (PATH, {"Accept-Language": "fr"}, {"language": "es"}, "es"),
        (f"{PATH}/ar", {}, {"language": "es"}, "es"),
        (PATH, {}, {}, "en"),
        (PATH, {"Accept-Language": "fr"}, {"language": ""}, "fr"),
        (PATH, {"Accept-Language": "fr"}, {"language": None}, "fr"),
    ],
)
def test_a_program_says_the_language_of_the_person(
    six: Ask, desk: Desk, path: str, headers: dict[str, str], given: dict[str, object], code: str
) -> None:
    wrong = six("POST", path, json.dumps(a_form(email="") | given), JSON | headers)
    assert (wrong.status, wrong.headers["Content-Language"]) == (422, code)
    assert set(wrong.json["errors"]) == {"email"}
    assert wrong.json["title"] == language(code).gettext("Please check the form")
    assert "Accept-Language" in wrong.headers["Vary"]
    assert six("POST", path, json.dumps(a_form() | given), JSON | headers).status == 201
    (registered,) = desk.store.registrations(EVENT.slug, None, 9)
    assert registered.registration.language == code


@pytest.mark.parametrize(("error", "status"), [(StoreUnavailable(timedelta(seconds=1)), 503), (ValueError(), 500)])
def test_a_program_is_told_of_a_fault_of_ours_in_that_language(
    six: Ask, desk: Desk, error: Exception, status: int
) -> None:
    with mock.patch.object(desk.store, "accept", side_effect=error):
        answer = six("POST", PATH, json.dumps(a_form(language="fr")), JSON | {"Accept-Language": "en"})
    assert (answer.status, answer.headers["Content-Language"]) == (status, "fr")
    assert ("Retry-After" in answer.headers) == (status == 503)


@pytest.mark.parametrize("code", ["de", "EN", 7, ["fr"], {"fr": 1}])
def test_a_language_that_is_not_offered_is_a_fault_in_the_form(six: Ask, code: object) -> None:
    answer = six("POST", PATH, json.dumps(a_form(language=code)), JSON)
    assert answer.status == 422
    assert answer.json["errors"] == {"language": ["Please choose one of: en, ar, zh, fr, ru or es."]}


def test_the_language_of_a_page_is_in_its_address_alone(six: Ask) -> None:
    answer = six("POST", PATH, urlencode(a_form(language="fr")), FORM)
    assert (answer.status, said(answer)) == (422, "en")


def test_the_policy_is_that_of_the_pages_own_words(six: Ask) -> None:
    assert {six("GET", f"{PATH}/{code}").headers["Content-Security-Policy"].count("'sha256-") for code in SIX} == {2}


# ---- as it travels


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        ("gzip, deflate, br, zstd", "gzip"),
        ("*", "gzip"),
        ("br;q=1, gzip;q=0.2", "gzip"),
        ("gzip;q=0", None),
        ("identity", None),
        ("", None),
        ("br", None),
        ("gzip," * 1000, None),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("GET", PATH), ("HEAD", PATH), ("GET", "/register"), ("GET", "/register/none")]
)
def test_pages_travel_in_gzip_where_a_browser_takes_it(
    six: Ask, desk: Desk, method: str, path: str, header: str, coding: str | None
) -> None:
    plain = six("GET", path, headers=PAGE)
    sent = EnvironBuilder(path=path, method=method, headers=[*PAGE.items(), ("Accept-Encoding", header)])
    with Flask(__name__).request_context(sent.get_environ()):
        answer = register(with_event(desk, offering(*SIX)), request)
    assert answer.headers.get("Content-Encoding") == coding
    assert "Accept-Encoding" in answer.headers["Vary"]
    content = gzip.decompress(answer.data) if coding else answer.data
    without = partial(re.sub, "20[0-9T:.+-]+", "")  # when the form was shown
    assert without(content.decode()) == without(plain.text)
    assert int(answer.headers["Content-Length"]) == len(answer.data)


def test_a_label_that_is_not_translated_keeps_its_question_mark_at_its_end(desk: Desk) -> None:
    """In Arabic the mark would else stand at the French question's beginning."""
    label = "Participez-vous au déjeuner ?"
    fields = '[[form.fields]]\nname = "family_name"\n[[form.fields]]\nname = "email"\n'
    fields += f'[[form.fields]]\nname = "lunch"\nkind = "yes-no"\nlabel = "{label}"'
    event = an_event_in("fr", "ar", fields=fields)
    for code, shown in (("fr", f"<legend>{label} "), ("ar", f"<legend>\u2068{label}\u2069 ")):
        assert shown in of(desk, event)("GET", f"/register/{event.slug}/{code}", headers=PAGE).text
