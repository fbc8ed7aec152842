"""A page is at most 14 kB as it travels: what fits into a connection's first flight (RFC 6928)."""

import random
import re
from dataclasses import replace

import pytest
from lxml import html

from tests.support.event_pages import EVENT, SITE, EventPages, a_contribution, a_participant

MOST = 14_000
PAGES = ("", "agenda", "documents", "contributions", "contributions/1", "participants", "travel")
LETTERS = {
    "en": "abcdefghijklmnopqrstuvwxyz",
    "zh": "".join(map(chr, range(0x4E00, 0x4F00))),
}


def travels(shown: EventPages, path: str) -> int:
    """Bytes, with the headers."""
    answer = shown.get(path, Accept_Encoding="gzip")
    assert answer.status == 200, path
    return len(answer.content) + sum(len(f"{name}: {text}\r\n".encode()) for name, text in answer.headers.items())


def numbers(shown: EventPages, path: str) -> list[str]:
    """The addresses of all pages of a list."""
    found = html.fromstring(shown.get(path).text).xpath("//nav[@class='parts']/a/@href")
    return [path + one for one in found] or [path]


def words(code: str, length: int, dice: random.Random) -> str:
    """As hard to compress as words can be."""
    letters = LETTERS[code]
    return "".join(dice.choice(letters + " ") for _ in range(length)).strip()


@pytest.mark.parametrize("code", EVENT.languages)
def test_the_letters_event(shown: EventPages, code: str) -> None:
    for path in PAGES:
        assert travels(shown, f"{code}/{path}".rstrip("/")) <= MOST


@pytest.mark.parametrize("code", LETTERS)
def test_two_hundred_contributions_with_titles_as_long_as_can_be(shown: EventPages, code: str) -> None:
    dice = random.Random(4)
    many = [
        a_contribution(
            number, title=words(code, 300, dice), source=words(code, 300, dice), abstract=words(code, 3000, dice)
        )
        for number in range(1, 201)
    ]
    shown.show(replace(SITE, contributions=tuple(many)))
    there = numbers(shown, f"{code}/contributions")
    assert len(there) > 1
    found = [number for path in there for number in re.findall(r"INTGOV04-C/(\d+)<", shown.get(path).text)]
    assert found == [str(number) for number in range(200, 0, -1)]
    assert max(travels(shown, path) for path in (*there, code, f"{code}/contributions/7")) <= MOST


@pytest.mark.parametrize("code", LETTERS)
def test_a_thousand_participants(shown: EventPages, code: str) -> None:
    dice = random.Random(4)
    countries = ["FR", "SN", "CN", "SY", "CH", "GB", "KP", "TZ", "BO", "FM"]
    many = [
        a_participant(
            f"{number} {words(code, 20, dice)}",
            organization=words(code, 60, dice),
            country=dice.choice(countries),
            category=dice.choice([one.code for one in EVENT.categories]),
        )
        for number in range(1000)
    ]
    shown.show(replace(SITE, participants=tuple(many)))
    there = numbers(shown, f"{code}/participants")
    assert max(travels(shown, path) for path in there) <= MOST
    found = [number for path in there for number in re.findall(r"<bdi>(\d+) ", shown.get(path).text)]
    assert sorted(map(int, found)) == list(range(1000))
    page = html.fromstring(shown.get(f"{code}/participants").text)
    for href in page.xpath("//main/ul/li/a/@href"):
        query, _, anchor = href.partition("#")
        assert html.fromstring(shown.get(f"{code}/participants{query}").text).xpath(f"//h2[@id='{anchor}']")


def test_an_ordinary_list_is_not_cut_into_many(shown: EventPages) -> None:
    many = [
        a_contribution(number, title=f"Management of country-code domains, part {number}") for number in range(1, 41)
    ]
    shown.show(replace(SITE, contributions=tuple(many)))
    assert len(numbers(shown, "contributions")) == 1
