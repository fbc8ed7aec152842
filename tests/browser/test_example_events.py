"""The forms of events/examples in a real Chromium, with and without JavaScript, on a telephone and on a desk."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from rollcall.language import language
from schemas.event import read_event
from tests.support.builders import EVENTS as FOLDER
from tests.support.form_page import filled_in, press_register
from tests.support.local_run import local_run
from tests.support.served import ROOT, Served

pytestmark = pytest.mark.slow

EVENTS = ("conference", "online-seminar", "training")
AT = "2026-12-01T09:00+02:00"
CONFERENCE = "/register/conference"
TYPED = {
    "family_name": "Haddad",
    "organization": "Ministry of Communications",
    "email": "leila@example.org",
    "arrival": "2027-05-09",
    "departure": "2027-05-14",
    "hotel_name": "Pension Nile",
    "guests": "2",
    "accessibility": "A ramp\nLarge print",
}
CHOSEN = {
    "category": ["delegate"],
    "title": ["dr"],
    "hotel": ["another"],
    "diet": ["vegan"],
    "sessions": ["spectrum", "schools-and-clinics"],
    "excursion": ["yes"],
    "photographs": ["yes"],
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("run") / "store"
    with local_run(folder, EVENTS="events/examples", AT=AT) as running:
        yield running


@pytest.fixture(params=[(True, 320), (False, 1280)], ids=["script, telephone", "no script, desk"])
def page(request: pytest.FixtureRequest, browser: Browser, served: Served) -> Iterator[Page]:
    script, width = request.param
    context = a_context(browser, served, script, width)
    yield context.new_page()
    context.close()


def a_context(browser: Browser, served: Served, script: bool, width: int) -> BrowserContext:
    return browser.new_context(
        java_script_enabled=script,
        viewport={"width": width, "height": 740},
        base_url=f"http://127.0.0.1:{served.port}",
    )


def fill_in(page: Page, first_name: str, **changes: str) -> dict[str, str]:
    """As a person does, from the top; an empty text is left out. What was filled in."""
    for name, codes in CHOSEN.items():
        for code in codes:
            page.check(f"[name={name}][value='{code}']")
    page.select_option("[name=nationality]", "CI")
    typed = {**TYPED, "first_name": first_name, **changes}
    for name, text in typed.items():
        page.fill(f"[name={name}]", text)
    return typed


def assert_filled_in(page: Page, typed: dict[str, str]) -> None:
    for name, text in typed.items():
        expect(page.locator(f"[name={name}]")).to_have_value(text)
    for name, codes in CHOSEN.items():
        boxes = page.locator(f"[name={name}]")
        expect(boxes.and_(page.locator(":checked"))).to_have_count(len(codes))
        for code in codes:
            expect(page.locator(f"[name={name}][value='{code}']")).to_be_checked()
    expect(page.locator("[name=nationality]")).to_have_value("CI")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_is_wider_than_the_screen(browser: Browser, served: Served, script: bool, width: int) -> None:
    context = a_context(browser, served, script, width)
    page = context.new_page()
    for slug in EVENTS:
        for wrong in (False, True):
            page.goto(f"/register/{slug}")
            if wrong:
                page.locator("main form button[type=submit]:not([formaction])").click()
                expect(page.get_by_role("alert")).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (slug, wrong)
    context.close()


def test_a_person_registers(page: Page, request: pytest.FixtureRequest) -> None:
    page.goto(CONFERENCE)
    fill_in(page, request.node.name)
    press_register(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("You are registered")
    expect(page.locator("main")).to_contain_text("to leila@example.org, with all that you need")
    expect(page.get_by_text("filled in already:")).to_have_text(
        "Register another person of the same organization (filled in already: You take part as, "
        "Ministry, company or university, Hotel and Name of the other hotel)"
    )
    for said in ("Pension Nile", "Spectrum; Schools and clinics", "Côte d’Ivoire", "Vegan", "Delegate"):
        expect(page.locator("main")).to_contain_text(said)


@pytest.mark.parametrize(
    ("slug", "answers"),
    [
        ("online-seminar", {"family_name": "Prieto"}),
        (
            "training",
            {"family_name": "الحربي", "first_name": "سلمى", "organization": "هيئة الاتصالات", "experience": "7"},
        ),
    ],
)
def test_a_person_registers_for_the_others(page: Page, slug: str, answers: dict[str, str]) -> None:
    page.goto(f"/register/{slug}")
    assert page.viewport_size
    for name, text in {**answers, "email": f"on-{page.viewport_size['width']}@example.org"}.items():
        page.fill(f"[name={name}]", text)
    press_register(page)
    spoken = language(read_event(FOLDER / "examples" / f"{slug}.toml").language)
    expect(page.locator("html")).to_have_attribute("lang", spoken.code)
    expect(page.get_by_role("heading", level=1)).to_have_text(spoken.gettext("You are registered"))
    expect(page.locator("main")).not_to_contain_text("hotel")


def test_what_is_asked_of_some_is_shown_to_them(browser: Browser, served: Served) -> None:
    context = a_context(browser, served, True, 320)
    page = context.new_page()
    page.goto(CONFERENCE)
    card, guests = page.locator("[name=press_card]"), page.locator("[name=guests]")
    expect(card).to_be_hidden()
    page.check("[name=category][value=press]")
    card.fill("P-12")
    page.check("[name=category][value=delegate]")
    expect(card).to_be_hidden()
    expect(guests).to_be_hidden()
    assert "press_card" not in filled_in(page)
    page.check("[name=category][value=press]")
    expect(card).to_have_value("P-12")
    assert filled_in(page)["press_card"] == "P-12"
    context.close()


def test_without_script_all_is_shown_and_says_whom_it_is_for(browser: Browser, served: Served) -> None:
    context = a_context(browser, served, False, 320)
    page = context.new_page()
    page.goto(CONFERENCE)
    expect(page.get_by_label("Number of your press card (only if “You take part as” is “Press”)")).to_be_visible()
    page.check("[name=category][value=delegate]")
    page.fill("[name=press_card]", "P-12")
    page.get_by_role("button", name="Register").click()
    expect(page.locator("#press_card-error")).to_be_visible()
    expect(page.locator("[name=press_card]")).to_have_value("P-12")
    context.close()


def test_what_is_wrong_loses_nothing(page: Page, request: pytest.FixtureRequest) -> None:
    page.goto(CONFERENCE)
    typed = fill_in(page, request.node.name, email="leila", guests="9")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("alert")).to_contain_text("Please check these 2 answers")
    assert_filled_in(page, typed)
    page.fill("[name=email]", "leila@example.org")
    page.fill("[name=guests]", "3")
    press_register(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("You are registered")


def test_each_error_leads_to_its_field(page: Page) -> None:
    page.goto(CONFERENCE)
    page.check("[name=category][value=delegate]")
    page.get_by_role("button", name="Register").click()
    links = page.locator(".summary a")
    expect(links).to_have_count(8)
    for link in links.all():
        link.click()
        name = str(link.get_attribute("href")).removeprefix("#")
        expect(page.locator(f"#{name}")).to_be_focused()
        described = page.locator(f"[aria-describedby~='{name}-error']")
        expect(described.and_(page.locator("[aria-invalid=true]"))).to_have_count(1)


def test_answers_are_checked_and_may_be_changed(browser: Browser, served: Served) -> None:
    context = a_context(browser, served, False, 1280)
    page = context.new_page()
    page.goto(CONFERENCE)
    typed = fill_in(page, "Checked")
    page.get_by_role("button", name="Check my answers first").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your answers")
    facts = page.locator("dl.facts")
    expect(facts).to_contain_text("Spectrum; Schools and clinics")
    expect(facts.locator("dt", has_text="photographs").locator("+ dd")).to_have_text("Yes")
    expect(facts.locator("dt", has_text="photographs")).not_to_contain_text("optional")
    page.get_by_role("button", name="Change my answers").click()
    assert_filled_in(page, typed)
    page.get_by_role("button", name="Check my answers first").click()
    press_register(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("You are registered")
    expect(page.locator("main")).to_contain_text("Spectrum; Schools and clinics")
    context.close()


def test_the_script_shows_the_answers_before_they_are_sent(browser: Browser, served: Served) -> None:
    context = a_context(browser, served, True, 320)
    page = context.new_page()
    page.goto(CONFERENCE)
    fill_in(page, "Shown")
    shown = page.locator(".check")
    expect(shown.get_by_role("heading")).to_have_text("Check your answers")
    consent = shown.locator("dl > div", has_text="photographs")
    expect(consent.locator("dt")).to_have_text(
        "I agree that photographs of the conference in which I can be seen are published."
    )
    expect(consent.locator("dd").first).to_have_text("Yes")
    expect(shown.locator("dl > div", has_text="Sessions").locator("dd").first).to_have_text(
        "Spectrum; Schools and clinics"
    )
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    context.close()


def test_back_keeps_what_was_typed(page: Page) -> None:
    page.goto("/register")
    page.goto(CONFERENCE)
    typed = fill_in(page, "Back")
    page.goto("/register")
    page.go_back()
    assert_filled_in(page, typed)
    expect(page.locator("[name=guests]")).to_be_visible()


def test_a_screen_reader_meets_groups_with_names(page: Page) -> None:
    page.goto(CONFERENCE)
    expect(page.get_by_role("radiogroup", name="You take part as", exact=True)).to_be_visible()
    expect(page.get_by_role("group", name="Sessions in which you take part")).to_be_visible()
    expect(page.get_by_role("combobox", name="Nationality")).to_be_visible()
    expect(page.get_by_role("checkbox", name="I agree that photographs")).to_be_visible()
    headings = [(one.evaluate("one => one.tagName"), one.inner_text()) for one in page.get_by_role("heading").all()]
    assert headings == [
        ("H1", "Conference on Rural Connectivity"),
        ("H2", "Registration form"),
        ("H3", "Your stay"),
        ("H3", "The programme"),
    ]


KINDS = ("text", "lines", "choice", "choices", "yes-no", "number", "date", "email", "tel", "consent")


def test_a_form_of_60_fields_is_one_small_request(browser: Browser, tmp_path: Path) -> None:
    """As it travels, with its headers."""
    shutil.copy(ROOT / "events" / "examples" / "online-seminar.toml", tmp_path / "sixty.toml")
    fields: list[str] = []
    requested: list[str] = []
    for at in range(60 - 3):
        kind = KINDS[at % len(KINDS)]
        label = f"What do you say to question {at}?"
        fields.append(f'[[form.fields]]\nname = "question_{at}"\nlabel = "{label}"\nkind = "{kind}"\n')
        if kind in ("choice", "choices"):
            fields.append('choices = ["Morning", "Afternoon", "Evening"]\n')
        if at % 6 == 1:
            fields.append('help = "A sentence that says what we mean."\n')
        if at > len(KINDS) and kind == "text":
            fields.append('only_if = { question_4 = ["yes"] }\n')
    with (tmp_path / "sixty.toml").open("a") as file:
        file.write("".join(fields))
    with local_run(tmp_path / "store", EVENTS=str(tmp_path), AT=AT) as served:
        for width in (320, 1280):
            requested.clear()
            context = a_context(browser, served, True, width)
            page = context.new_page()
            page.on("request", lambda request: requested.append(request.url))
            answer = page.goto("/register/sixty")
            assert answer
            assert sum(answer.request.sizes()[part] for part in ("responseHeadersSize", "responseBodySize")) < 12_000
            page.wait_for_load_state("networkidle")
            assert len(requested) == 1
            expect(page.locator("main .field")).to_have_count(60)
            assert page.evaluate("document.documentElement.scrollWidth") == width
            context.close()
