"""What each page says, and what none of them does."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from lxml import html

from handlers.register import register
from rollcall.desk.desk import Desk
from schemas.event import read_event
from tests.support.builders import EVENTS, an_event
from tests.support.clock import Clock
from tests.support.event_pages import BASE, EVENT, ROOT, SITE, EventPages, a_contribution, event_pages
from tests.support.in_process import ask

PAGES = ("", "agenda", "documents", "contributions", "contributions/1", "contributions/3", "participants", "travel")
NOT_THERE = ["none", "contributions/4", "contributions/01", "contributions/x", "contributions/1/2", "agenda/1", "files"]
NOT_THERE += ["de", "agenda?page=2", "agenda?page=0", "agenda?page=x", "logo-none.png", "find", "form.pdf"]
NEVER = timedelta(microseconds=1)


def main_of(text: str) -> str:
    """What people read of its main part, on one line."""
    (main,) = html.fromstring(re.sub("</(dt|dd|li|p|h[1-6]|div)>", r"\g<0> ", text)).iter("main")
    return " ".join(main.text_content().split())


def test_the_overview_says_what_when_where_and_how(shown: EventPages) -> None:
    said = main_of(shown.get().text)
    for part in (
        "ITU Forum: Workshop on Internet Governance",
        "26–27 February 2004 (Thursday and Friday)",
        "Salle B, ITU Headquarters, Place des Nations",
        "Register by the end of 20 February 2004 (Zurich time)",
        "Contributions by the end of 16 February 2004 (Zurich time)",
        "Papers on the governance of the Internet",
        "INTGOV04-C/1 (Add.1): Governance of the Internet",
    ):
        assert part in said
    links = set(html.fromstring(shown.get().text).xpath("//main//a/@href"))
    ours = {f"{BASE}/{name}" for name in ("calendar.ics", "feed.atom", "contributions/1", "files/AGENDA")}
    assert links >= {"/register/intgov04", "/register/intgov04/find", "/contribute/intgov04", *ours}
    assert "webcal://desk.example.org/events/intgov04/calendar.ics" in links


def test_how_to_register_changes_with_time_alone(shown: EventPages, clock: Clock) -> None:
    clock.now = EVENT.opens_at - NEVER
    assert "Registration opens on 14 January 2004" in main_of(shown.get().text)
    clock.now = EVENT.opens_at
    assert 'class="button" href="/register/intgov04"' in shown.get().text
    clock.now = SITE.closes_at + NEVER
    text = shown.get().text
    assert "Registration closed at the end of 20 February 2004" in main_of(text)
    assert 'class="button" href="/register' not in text
    assert "marked as late" in text
    clock.now = EVENT.over_at + NEVER
    assert 'href="/register' not in shown.get().text
    for path in ("", "contributions"):
        assert 'href="/contribute' not in shown.get(path).text


def test_a_deadline_that_was_moved_is_the_one_that_is_shown(shown: EventPages) -> None:
    later = timedelta(days=1)
    closes_at = EVENT.contributions.closes_at if EVENT.contributions else None
    assert closes_at
    shown.show(replace(SITE, closes_at=SITE.closes_at + later, contributions_close_at=closes_at + later))
    said = main_of(shown.get().text)
    assert "Register by the end of 21 February 2004" in said
    assert "Contributions by the end of 17 February 2004" in said


def test_before_anything_is_published_all_is_as_the_file_says(bare: EventPages) -> None:
    assert "Register by the end of 20 February 2004" in main_of(bare.get().text)
    assert "Opening of the workshop" in bare.get("agenda").text
    assert "Ouverture de l’atelier" in bare.get("fr/agenda").text
    assert "Declaration of Principles" in bare.get("documents").text
    assert bare.get("participants").status == 404


def test_the_agenda(shown: EventPages) -> None:
    text = shown.get("agenda").text
    said = main_of(text)
    assert "Thursday, 26 February 2004 10:00–11:15 What is Internet governance? Chair: Robert Shaw" in said
    assert "Speakers: Milton Mueller, كارل أورباخ Contributions: C/1, C/3, C/9" in said
    assert "Friday, 27 February 2004 16:00 Conclusions <b> Reception" in said
    assert f'href="{BASE}/contributions/1"' in text
    assert f'href="{BASE}/contributions/9"' not in text


def test_what_stands_in_another_language_says_in_which(shown: EventPages) -> None:
    page = html.fromstring(shown.get("fr/agenda").text)
    titles = [(one.get("lang"), one.get("dir"), one.text) for one in page.xpath("//main//strong/span")]
    assert titles[0] == (None, "auto", "Qu’est-ce que la gouvernance de l’Internet\u202f?") or titles[0][:2] == (
        None,
        "auto",
    )
    assert titles[1] == ("en", "auto", "Conclusions <b>")


def test_documents(shown: EventPages) -> None:
    page = html.fromstring(shown.get("ar/documents").text)
    assert page.xpath("//main//li/a/@href") == [f"{BASE}/ar/files/AGENDA", "https://www.example.org/wsis?a=1&b=2"]
    assert "مشروع جدول الأعمال" in page.text_content()
    assert "Draft agenda PDF, 124 kB · English, French · 30 January 2004" in main_of(shown.get("documents").text)


def test_contributions_and_one_of_them(shown: EventPages) -> None:
    said = main_of(shown.get("contributions").text)
    assert said.startswith(
        "ITU Forum: Workshop on Internet Governance Contributions Send a contribution C/3 Withdrawn "
        "INTGOV04-C/2 نطاقات البلدان إدارة سورية · Domain names and addresses · Received late "
        "INTGOV04-C/1 (Rev.1) Governance"
    )
    text = shown.get("contributions/1").text
    said = main_of(text)
    assert "Number INTGOV04-C/1 (Rev.1) Source Administration of Senegal Agenda item Domain names" in said
    assert "English PDF, 124 kB French DOCX, 124 kB INTGOV04-C/1 (Add.1)" in said
    assert f'href="{BASE}/files/ONE-FR" download hreflang="fr"' in text


def test_how_to_get_there(shown: EventPages) -> None:
    said = main_of(shown.get("travel").text)
    assert said.startswith("ITU Forum: Workshop on Internet Governance Venue Salle B, ITU Headquarters")
    assert "By bus from Geneva Airport" in said


def test_of_one_that_was_withdrawn_only_the_number_is_left(shown: EventPages) -> None:
    shown.show(replace(SITE, contributions=(replace(a_contribution(3), papers=(), withdrawn=True),)))
    for path in ("", "contributions", "contributions/3", "feed.atom"):
        assert "Names and numbers" not in shown.get(path).text
        assert "FILE3" not in shown.get(path).text
    assert "C/3" in shown.get("contributions/3").text
    assert shown.get("files/FILE3").status == 404


def test_participants_stand_by_category_and_country_heads_first(shown: EventPages) -> None:
    said = main_of(shown.get("participants").text)
    names = ["Mr. Kofi <i>Mensah</i>", "Mr. Ousmane Sy Head of delegation", "Ms. Fatou Sow", "Mr. No Country"]
    places = [said.index(name) for name in (*names, "Ms. Amina Diallo")]
    assert places == sorted(places)
    headings = html.fromstring(shown.get("participants").text).xpath("//main//*[self::h2 or self::h3]/text()")
    assert headings == ["Administration of ITU Member State", "Ghana", "Senegal", "Non-Member", "Guinea"]


def test_countries_stand_in_the_order_of_the_events_language(shown: EventPages) -> None:
    listed = [replace(SITE.participants[1], country=code, name=code) for code in ("DE", "ZA", "CH")]  # type: ignore[index]
    shown.show(replace(SITE, participants=tuple(listed)))
    order = {
        code: re.findall(r"<bdi>([A-Z]{2})</bdi>", shown.get(f"{code}/participants").text) for code in ("en", "fr")
    }
    assert order == {"en": ["DE", "ZA", "CH"], "fr": ["ZA", "DE", "CH"]}


def test_nobody_is_listed_before_the_list_is_published(shown: EventPages) -> None:
    shown.show(replace(SITE, participants=None))
    assert shown.get("participants").status == 404
    assert shown.get("participants.pdf").status == 404
    assert "participants" not in shown.get().text


def test_no_search_engine_keeps_who_takes_part(shown: EventPages) -> None:
    for name in ("participants", "participants.pdf"):
        assert shown.get(name).headers["X-Robots-Tag"] == "noindex"
    assert "X-Robots-Tag" not in shown.get().headers


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_a_script_or_what_somebody_wrote_as_markup(shown: EventPages, path: str) -> None:
    for code in ("en", "ar"):
        answer = shown.get("/".join(filter(None, (code, path))))
        assert answer.status == 200
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'none'" in policy
        assert "unsafe" not in policy
        page = html.fromstring(answer.text)
        assert [one.get("type") for one in page.iter("script")] == (["application/ld+json"] if path == "" else [])
        assert not page.xpath("//@style | //@*[starts-with(name(), 'on')]")
        assert not re.search("<script>|<i>|<b>", answer.text)
        assert page.get("lang") == code
        assert page.get("dir") == ("rtl" if code == "ar" else "ltr")
        assert [one.get("aria-current") for one in page.xpath("//nav[@class='pages']//a") if one.get("aria-current")]


def test_search_engines_read_what_the_event_is(shown: EventPages) -> None:
    title = "Workshop </script><!-- & more"
    event = replace(EVENT, title=title, translated=None)
    shown = replace(shown, public=replace(shown.public, events={EVENT.slug: event}))
    text = shown.get().text
    said = json.loads(html.fromstring(text).xpath("//script")[0].text)
    assert text.count("</script>") == 1
    assert said["@type"] == "Event"
    assert said["name"] == title
    assert (said["startDate"], said["endDate"]) == ("2004-02-26", "2004-02-27")
    assert said["location"][0]["address"]["addressCountry"] == "CH"
    assert said["url"] == f"{ROOT}{BASE}"


def test_search_engines_read_where_the_other_languages_are(shown: EventPages) -> None:
    links = html.fromstring(shown.get("fr/agenda").text).xpath("//head/link[@rel='canonical' or @hreflang]")
    found = {(one.get("rel"), one.get("hreflang")): one.get("href") for one in links}
    assert found["canonical", None] == f"{ROOT}{BASE}/fr/agenda"
    assert found["alternate", "ar"] == f"{ROOT}{BASE}/ar/agenda"
    assert found["alternate", "x-default"] == f"{ROOT}{BASE}/agenda"


def test_the_other_languages_of_a_page_are_the_same_page(shown: EventPages) -> None:
    page = html.fromstring(shown.get("fr/contributions/1").text)
    assert f"{BASE}/en/contributions/1" in page.xpath("//nav[@class='languages']/a/@href")
    assert f"{BASE}/fr/agenda" in page.xpath("//nav[@class='pages']//a/@href")


@pytest.mark.parametrize(
    "path",
    NOT_THERE,
)
def test_what_is_not_there_is_said_with_the_events_contact(shown: EventPages, path: str) -> None:
    answer = shown.get(path)
    assert answer.status == 404
    assert "Robert Shaw" in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert f'href="{BASE}' in answer.text.partition("<footer")[2]


def test_other_events_have_their_own(shown: EventPages) -> None:
    assert shown.ask("GET", "/events/another/agenda", {"Accept": "text/html"}).status == 404
    assert shown.ask("GET", "/events/smoke-test", {"Accept": "text/html"}).status == 404


def test_an_event_whose_pages_are_elsewhere_names_them(tmp_path: Path, clock: Clock) -> None:
    website = "https://www.example.org/workshop"
    elsewhere = event_pages(tmp_path, clock, {EVENT.slug: an_event(website=website, translated=None)})
    for path in ("", "agenda", "files/AGENDA", "feed.atom"):
        answer = elsewhere.get(path)
        assert answer.status == 404
        assert f'href="{website}"' in answer.text
    assert "Workshop" not in elsewhere.ask("GET", "/events/", {"Accept": "text/html"}).text


def test_contributing_is_another_functions(shown: EventPages) -> None:
    for path, to in (("contribute", "/contribute/intgov04"), ("fr/contribute", "/contribute/intgov04/fr")):
        answer = shown.get(path)
        assert (answer.status, answer.headers["Location"]) == (308, to)


def test_where_no_contributions_are_asked_for_there_is_no_page_of_them(tmp_path: Path, clock: Clock) -> None:
    without = event_pages(tmp_path, clock, {EVENT.slug: an_event(contributions=None, translated=None)})
    assert "ontribution" not in main_of(without.get().text).replace("documents and contributions", "")
    assert without.get("contributions").status == 404
    assert without.get("contribute").status == 404


def test_all_events_with_pages_are_listed(shown: EventPages) -> None:
    for path in ("/events", "/events/"):
        answer = shown.ask("GET", path, {"Accept": "text/html", "Accept-Language": "fr"})
        assert (answer.status, answer.headers["Content-Language"]) == (200, "fr")
        assert html.fromstring(answer.text).xpath("//main//a/@href") == [BASE]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_pages_are_only_read(shown: EventPages, method: str) -> None:
    answer = shown.get(method=method)
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_the_function_may_be_alone_on_a_host(shown: EventPages) -> None:
    answer = shown.ask("GET", "/intgov04/fr/agenda", {"Accept": "text/html"})
    assert answer.status == 200
    assert 'href="/intgov04/fr/documents"' in answer.text


def test_the_form_leads_to_the_pages(desk: Desk, shown: EventPages) -> None:
    answer = ask(partial(register, desk), "GET", "/register/intgov04/fr", headers={"Accept": "text/html"})
    assert f'href="{BASE}/fr"' in answer.text
    event = an_event(website="https://www.example.org", translated=None)
    elsewhere = replace(desk, events={event.slug: event})
    answer = ask(partial(register, elsewhere), "GET", "/register/intgov04", headers={"Accept": "text/html"})
    assert BASE not in answer.text


def test_colour_and_logo_are_the_events(tmp_path: Path, clock: Clock) -> None:
    event = read_event(EVENTS / "examples" / "conference.toml")
    assert event.look.logo
    conference = event_pages(tmp_path, clock, {event.slug: event})
    answer = conference.ask("GET", f"/events/{event.slug}/agenda", {"Accept": "text/html"})
    address = f"/events/{event.slug}/{event.look.logo.name}"
    assert f'src="{address}"' in answer.text
    assert str(event.look.colour) in answer.text
    assert "img-src 'self' data:" in answer.headers["Content-Security-Policy"]
    logo = conference.ask("GET", address, {})
    assert (logo.status, logo.content) == (200, event.look.logo.content)
    assert "sandbox" in logo.headers["Content-Security-Policy"]
