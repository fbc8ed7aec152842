"""The Atom feed, and the calendar to subscribe to, as programs read them."""

import json
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from icalendar import Calendar
from lxml import etree

from tests.support.builders import an_event
from tests.support.event_pages import BASE, EVENT, ROOT, SITE, EventPages, a_contribution
from tests.support.node import FOLDER, node_or_leave_out

ATOM = "{http://www.w3.org/2005/Atom}"
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def feed_of(shown: EventPages, path: str = "feed.atom") -> Any:
    answer = shown.get(path)
    assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    return etree.fromstring(answer.content)


def text_of(element: Any, name: str) -> str:
    (found,) = element.findall(ATOM + name)
    return str(found.text)


def test_the_feed_has_what_rfc_4287_asks_for(shown: EventPages) -> None:
    feed = feed_of(shown, "ar/feed.atom")
    assert feed.tag == f"{ATOM}feed"
    assert feed.get(LANGUAGE) == "ar"
    links = {one.get("rel"): one.get("href") for one in feed.findall(f"{ATOM}link")}
    assert links == {"self": f"{ROOT}{BASE}/ar/feed.atom", "alternate": f"{ROOT}{BASE}/ar"}
    assert text_of(feed, "id") == links["self"]
    ids = []
    for one in (feed, *feed.findall(f"{ATOM}entry")):
        assert datetime.fromisoformat(text_of(one, "updated")).tzinfo
        assert text_of(one, "title")
        ids.append(text_of(one, "id"))
        assert " " not in ids[-1]
    assert feed.findall(f"{ATOM}author/{ATOM}name")
    assert len(set(ids)) == len(ids) == 6


def test_the_last_published_comes_first(shown: EventPages) -> None:
    feed = feed_of(shown)
    entries = feed.findall(f"{ATOM}entry")
    assert [text_of(one, "title")[:22] for one in entries] == [
        "INTGOV04-C/1 (Add.1): ",
        "INTGOV04-C/1 (Rev.1): ",
        "INTGOV04-C/2: نطاقات البلدان"[:22],
        "Draft agenda",
        "Declaration of Principles"[:22],
    ]
    assert text_of(feed, "updated") == text_of(entries[0], "updated") == "2004-02-02T00:00:00+01:00"


def test_an_entry_has_its_files_source_and_summary(shown: EventPages) -> None:
    entry = feed_of(shown).findall(f"{ATOM}entry")[1]
    assert text_of(entry, "title") == "INTGOV04-C/1 (Rev.1): Governance of the Internet <script>alert(1)</script>"
    assert text_of(entry, "summary") == "A summary.\n\nOf two paragraphs </script>."
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "Administration of Senegal"
    files = [one for one in entry.findall(f"{ATOM}link") if one.get("rel") == "enclosure"]
    assert [one.get("href") for one in files] == [f"{ROOT}{BASE}/files/ONE-EN", f"{ROOT}{BASE}/files/ONE-FR"]
    assert (files[1].get("hreflang"), files[1].get("length")) == ("fr", "123456")


def test_a_title_in_another_language_says_so(shown: EventPages) -> None:
    titles = feed_of(shown, "fr/feed.atom").findall(f"{ATOM}entry/{ATOM}title")
    assert [(one.get(LANGUAGE), one.text) for one in titles][3:] == [
        ("fr", "Projet d’ordre du jour"),
        ("en", "Declaration of Principles"),
    ]


def test_a_long_list_is_cut(shown: EventPages) -> None:
    many = tuple(a_contribution(number, abstract="word " * 600) for number in range(1, 101))
    shown.show(replace(SITE, contributions=many))
    answer = shown.get("feed.atom")
    assert answer.text.count("<entry>") == 30
    assert len(answer.content) < 60_000


def test_an_event_without_news_has_a_feed(shown: EventPages) -> None:
    shown.show(replace(SITE, contributions=(), documents=()))
    assert text_of(feed_of(shown), "updated") == "2004-01-13T23:00:00+00:00"


def calendar_of(shown: EventPages, path: str = "calendar.ics") -> Any:
    answer = shown.get(path)
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    return Calendar.from_ical(answer.content.decode())


def test_the_calendar_has_the_event_and_what_has_a_time(shown: EventPages) -> None:
    calendar = calendar_of(shown)
    assert str(calendar["x-wr-calname"]) == "ITU Forum: Workshop on Internet Governance"
    assert calendar["refresh-interval"].to_ical() == b"PT1H"
    event, *items = calendar.walk("VEVENT")
    assert (event["dtstart"].dt, event["dtend"].dt) == (date(2004, 2, 26), date(2004, 2, 28))
    assert str(event["url"]) == f"{ROOT}{BASE}"
    assert [str(one["summary"]) for one in items] == ["What is Internet governance?", "Conclusions <b>"]
    assert items[0]["dtstart"].dt == datetime(2004, 2, 26, 9, 0, tzinfo=UTC)
    assert items[0]["dtend"].dt == datetime(2004, 2, 26, 10, 15, tzinfo=UTC)
    assert "dtend" not in items[1]
    uids = [str(one["uid"]) for one in (event, *items)]
    assert len(set(uids)) == 3
    assert all(uid.endswith("@intgov04.rollcall") for uid in uids)


def test_the_calendar_is_in_the_language_of_its_address(shown: EventPages) -> None:
    event, first, second = calendar_of(shown, "fr/calendar.ics").walk("VEVENT")
    assert [one["summary"].params["LANGUAGE"] for one in (event, first, second)] == ["fr", "fr", "en"]
    assert str(first["summary"]).startswith("Qu’est-ce que")


def test_a_name_stays_while_its_item_does(shown: EventPages) -> None:
    before = [str(one["uid"]) for one in calendar_of(shown).walk("VEVENT")]
    shown.show(replace(SITE, agenda=SITE.agenda[:1]))
    shown.public.sites._read.clear()
    assert [str(one["uid"]) for one in calendar_of(shown).walk("VEVENT")] == before[:2]


@pytest.mark.parametrize("reader", ["ical.js", "node-ical"])
def test_programs_read_the_calendar(shown: EventPages, reader: str) -> None:
    node = node_or_leave_out("reading the calendar")
    content = shown.get("ar/calendar.ics").content
    ran = subprocess.run(
        [node, FOLDER / "read_calendar.mjs"], input=content, capture_output=True, check=True, timeout=60
    )
    starts, ends, title, place, method, uid, *_ = json.loads(ran.stdout)[reader]
    assert (starts, ends) == ([2004, 2, 26], [2004, 2, 28])
    assert title == EVENT.in_language("ar").title
    assert "Salle B" in place
    assert (method, uid) == ("PUBLISH", "event@intgov04.rollcall")


def test_a_feed_of_an_event_without_contributions_speaks_of_documents_alone(shown: EventPages) -> None:
    event = an_event(contributions=None, translated=None)
    without = replace(shown, public=replace(shown.public, events={event.slug: event}))
    shown.show(replace(SITE, contributions=()))
    assert text_of(feed_of(without), "subtitle") == "Documents"
