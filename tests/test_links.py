"""The links that we give out hold for what they were made for, until they end, and for nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.links import COMPLETING, RESOLVING, ROSTER, SignedLinks
from rollcall.model.inbound import Opened
from tests.support.builders import LINKS, an_event

EVENT = an_event()
UNTIL = datetime(2004, 3, 1, 12, tzinfo=UTC)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
ID = "0123456789ABCDEFGHJKMNPQ"


def token_of(link: str) -> str:
    return link.rpartition("/")[2]


COMPLETES = token_of(LINKS.completing(EVENT, ID, 2, UNTIL))
DEALS_WITH = token_of(LINKS.resolving(EVENT, ID, UNTIL))
FILE = "roster-intgov04-0123456789abcdef-20040221T000005.csv"
OPENS_ROSTER = token_of(LINKS.roster(EVENT, FILE, UNTIL))


def test_a_link_opens_what_it_was_made_for() -> None:
    assert LINKS.opened(COMPLETING, COMPLETES, UNTIL) == Opened("intgov04", ID, 2)
    assert LINKS.opened(RESOLVING, DEALS_WITH, UNTIL) == Opened("intgov04", ID, 0)
    assert LINKS.opened(ROSTER, OPENS_ROSTER, UNTIL) == Opened("intgov04", FILE, 0)


@pytest.mark.parametrize(
    ("purpose", "token", "opens"),
    [
        (
            COMPLETING,
            "WyJpbnRnb3YwNCIsIjAxMjM0NTY3ODlBQkNERUZHSEpLTU5QUSIsMiwxMDc4MTQyNDAwXQ.B7QFaOV3Fd20CkI-vFp-eVa0pf0",
            Opened("intgov04", ID, 2),
        ),
        (
            RESOLVING,
            "WyJpbnRnb3YwNCIsIjAxMjM0NTY3ODlBQkNERUZHSEpLTU5QUSIsMCwxMDc4MTQyNDAwXQ.WXMv3IpMBS1rrdWouysm9qkssdA",
            Opened("intgov04", ID, 0),
        ),
        (
            ROSTER,
            "WyJpbnRnb3YwNCIsInJvc3Rlci1pbnRnb3YwNC0wMTIzNDU2Nzg5YWJjZGVmLTIwMDQwMjIxVDAwMDAwNS5jc3YiLDAsMTA3ODE0MjQwMF0"
            ".gEDsei5Mw2wNJHzkTqt6BejiNkQ",
            Opened("intgov04", FILE, 0),
        ),
    ],
)
def test_a_link_of_an_earlier_version_opens(purpose: str, token: str, opens: Opened) -> None:
    """They are in people's mails for a month and more, whatever is deployed meanwhile."""
    assert LINKS.opened(purpose, token, UNTIL) == opens


def test_a_link_lies_below_the_forms_page() -> None:
    page = "https://desk.example.org/register/intgov04"
    assert LINKS.form_page(EVENT) == page
    assert LINKS.completing(EVENT, ID, 2, UNTIL) == f"{page}/complete/{COMPLETES}"
    assert LINKS.resolving(EVENT, ID, UNTIL) == f"{page}/dealt-with/{DEALS_WITH}"
    assert LINKS.roster(EVENT, FILE, UNTIL) == f"{page}/roster/{OPENS_ROSTER}"


def test_forms_go_to_the_events_address_where_there_is_one() -> None:
    assert LINKS.forms_to(EVENT) == "intgov04@forms.example.org"
    assert replace(LINKS, forms_host=None).forms_to(EVENT) is None


def test_a_link_ends() -> None:
    assert LINKS.opened(COMPLETING, COMPLETES, UNTIL + timedelta(seconds=1)) is None


@pytest.mark.parametrize(
    ("purpose", "token"), [(COMPLETING, COMPLETES), (RESOLVING, DEALS_WITH), (ROSTER, OPENS_ROSTER)]
)
def test_a_link_for_one_thing_opens_no_other(purpose: str, token: str) -> None:
    for other in (COMPLETING, RESOLVING, ROSTER):
        assert (LINKS.opened(other, token, UNTIL) is not None) == (other == purpose)


def test_whoever_has_another_key_makes_no_links_of_ours() -> None:
    assert SignedLinks("another-key", LINKS.pages).opened(COMPLETING, COMPLETES, UNTIL) is None


def test_a_key_is_changed_and_no_link_is_lost() -> None:
    """First the new one is added, and last the old one is taken away."""
    both, new = (SignedLinks(key, LINKS.pages) for key in (f"{LINKS.key}\n new-key\n", "new-key"))
    assert both.opened(COMPLETING, COMPLETES, UNTIL) == Opened("intgov04", ID, 2)
    made = token_of(both.completing(EVENT, ID, 2, UNTIL))
    assert both.opened(COMPLETING, made, UNTIL) == new.opened(COMPLETING, made, UNTIL) == Opened("intgov04", ID, 2)
    assert LINKS.opened(COMPLETING, made, UNTIL) is None
    assert new.opened(COMPLETING, COMPLETES, UNTIL) is None


@pytest.mark.parametrize("key", ["", " \n"])
def test_nobody_makes_links_without_a_key(key: str) -> None:
    without = SignedLinks(key, LINKS.pages)
    with pytest.raises(ValueError, match="no key"):
        without.completing(EVENT, ID, 0, UNTIL)
    with pytest.raises(ValueError, match="no key"):
        without.opened(COMPLETING, COMPLETES, UNTIL)


_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="+/")
"""But for those of the other alphabet of base 64, which Python reads too."""


@given(st.integers(min_value=0, max_value=len(COMPLETES) - 1), _CHARACTERS)
def test_one_character_altered_makes_it_nobodys(place: int, character: str) -> None:
    altered = COMPLETES[:place] + character + COMPLETES[place + 1 :]
    # the last character of base 64 has bits that count for nothing
    assert altered[:-1] == COMPLETES[:-1] or LINKS.opened(COMPLETING, altered, LONG_AGO) is None


@given(st.text())
def test_any_text_as_a_link_opens_nothing(text: str) -> None:
    assert LINKS.opened(COMPLETING, text, LONG_AGO) is None
