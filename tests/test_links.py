"""A link opens what it is for until it expires, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.links import SignedLinks
from rollcall.model.links import LinkDamaged, LinkExpired, LinkPurpose, Opened
from tests.support.builders import LINKS, an_event

EVENT = an_event()
UNTIL = datetime(2004, 3, 1, 12, tzinfo=UTC)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
ID = "0123456789ABCDEFGHJKMNPQ"
FILE = "roster-intgov04-0123456789abcdef-20040221T000005.csv"
MADE = {
    LinkPurpose.COMPLETE: LINKS.completing(EVENT, ID, 2, UNTIL),
    LinkPurpose.RESOLVE: LINKS.resolving(EVENT, ID, UNTIL),
    LinkPurpose.WITHDRAW: LINKS.withdrawing(EVENT, ID, UNTIL),
    LinkPurpose.ROSTER: LINKS.roster(EVENT, FILE, UNTIL),
    LinkPurpose.RECEIVED: f"{LINKS.form_page(EVENT)}/{LINKS.received(EVENT, ID, UNTIL, duplicate=False)}",
    LinkPurpose.ALREADY_REGISTERED: f"{LINKS.form_page(EVENT)}/{LINKS.received(EVENT, ID, UNTIL, duplicate=True)}",
}
FOUND = {
    LinkPurpose.COMPLETE: Opened("intgov04", ID, 2),
    LinkPurpose.RESOLVE: Opened("intgov04", ID, 0),
    LinkPurpose.WITHDRAW: Opened("intgov04", ID, 0),
    LinkPurpose.ROSTER: Opened("intgov04", FILE, 0),
    LinkPurpose.RECEIVED: Opened("intgov04", ID, 0),
    LinkPurpose.ALREADY_REGISTERED: Opened("intgov04", ID, 0),
}
each_purpose = pytest.mark.parametrize("purpose", LinkPurpose)


def token_of(link: str) -> str:
    return link.rpartition("/")[2]


TOKENS = {purpose: token_of(link) for purpose, link in MADE.items()}
COMPLETE = TOKENS[LinkPurpose.COMPLETE]


@each_purpose
def test_opens_what_it_is_for_until_it_expires(purpose: LinkPurpose) -> None:
    assert LINKS.opened(purpose, TOKENS[purpose], UNTIL) == FOUND[purpose]


@each_purpose
def test_a_link_from_an_earlier_deployment_opens(purpose: LinkPurpose) -> None:
    """They are in people's mailboxes for a month and more."""
    earlier = {
        LinkPurpose.COMPLETE: (
            "WyJpbnRnb3YwNCIsIjAxMjM0NTY3ODlBQkNERUZHSEpLTU5QUSIsMiwxMDc4MTQyNDAwXQ.F14leFdtpulf84q9y-tRxzx7KiU"
        ),
        LinkPurpose.RESOLVE: (
            "WyJpbnRnb3YwNCIsIjAxMjM0NTY3ODlBQkNERUZHSEpLTU5QUSIsMCwxMDc4MTQyNDAwXQ.P7fmeb67sC_6EU-LiaT-aoZzHS0"
        ),
        LinkPurpose.WITHDRAW: (
            "WyJpbnRnb3YwNCIsIjAxMjM0NTY3ODlBQkNERUZHSEpLTU5QUSIsMCwxMDc4MTQyNDAwXQ.RCuiuN2IW-AmZpiHGLW73wgubaQ"
        ),
        LinkPurpose.ROSTER: (
            "WyJpbnRnb3YwNCIsInJvc3Rlci1pbnRnb3YwNC0wMTIzNDU2Nzg5YWJjZGVmLTIwMDQwMjIxVDAwMDAwNS5jc3YiLDAsMTA3ODE0"
            "MjQwMF0.gEDsei5Mw2wNJHzkTqt6BejiNkQ"
        ),
        LinkPurpose.RECEIVED: (
            "WyJpbnRnb3YwNCIsIjAxMjM0NTY3ODlBQkNERUZHSEpLTU5QUSIsMCwxMDc4MTQyNDAwXQ.8WEfU4zXNtNc_0BhYiiqo9zc_wc"
        ),
        LinkPurpose.ALREADY_REGISTERED: (
            "WyJpbnRnb3YwNCIsIjAxMjM0NTY3ODlBQkNERUZHSEpLTU5QUSIsMCwxMDc4MTQyNDAwXQ.N2UVKG45lVmOy8WoLrokyLrNwwk"
        ),
    }
    assert LINKS.opened(purpose, earlier[purpose], UNTIL) == FOUND[purpose]


@each_purpose
def test_an_expired_link_is_told_from_a_damaged_one(purpose: LinkPurpose) -> None:
    token, late = TOKENS[purpose], UNTIL + timedelta(seconds=1)
    assert LINKS.opened(purpose, token, late) == LinkExpired()
    for damaged in (token[:-2], token[: len(token) // 2], f"{token}>", token.swapcase(), ""):
        assert LINKS.opened(purpose, damaged, UNTIL) == LinkDamaged()
        assert LINKS.opened(purpose, damaged, late) == LinkDamaged()


@each_purpose
def test_opens_nothing_for_another_purpose(purpose: LinkPurpose) -> None:
    for other in set(LinkPurpose) - {purpose}:
        assert LINKS.opened(other, TOKENS[purpose], UNTIL) == LinkDamaged()


@each_purpose
def test_lies_below_the_forms_page(purpose: LinkPurpose) -> None:
    assert LINKS.form_page(EVENT) == "https://desk.example.org/register/intgov04"
    assert MADE[purpose] == f"https://desk.example.org/register/intgov04/{purpose.value}/{TOKENS[purpose]}"


def test_forms_go_to_the_events_address_where_there_is_one() -> None:
    assert LINKS.forms_to(EVENT) == "intgov04@forms.example.org"
    assert replace(LINKS, forms_host=None).forms_to(EVENT) is None


def test_another_key_makes_no_links_of_ours() -> None:
    assert SignedLinks("another-key", LINKS.pages).opened(LinkPurpose.COMPLETE, COMPLETE, UNTIL) == LinkDamaged()


def test_no_link_is_lost_while_the_key_is_changed() -> None:
    """First the new key is added, and last the old one is removed."""
    both, new = (SignedLinks(key, LINKS.pages) for key in (f"{LINKS.key}\n new-key\n", "new-key"))
    found = FOUND[LinkPurpose.COMPLETE]
    made = token_of(both.completing(EVENT, ID, 2, UNTIL))
    assert both.opened(LinkPurpose.COMPLETE, COMPLETE, UNTIL) == found
    assert both.opened(LinkPurpose.COMPLETE, made, UNTIL) == new.opened(LinkPurpose.COMPLETE, made, UNTIL) == found
    assert LINKS.opened(LinkPurpose.COMPLETE, made, UNTIL) == LinkDamaged()
    assert new.opened(LinkPurpose.COMPLETE, COMPLETE, UNTIL) == LinkDamaged()


@pytest.mark.parametrize("key", ["", " \n"])
def test_without_a_key_no_link_is_made_or_opened(key: str) -> None:
    without = SignedLinks(key, LINKS.pages)
    with pytest.raises(ValueError, match="no key"):
        without.completing(EVENT, ID, 0, UNTIL)
    with pytest.raises(ValueError, match="no key"):
        without.opened(LinkPurpose.COMPLETE, COMPLETE, UNTIL)


_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="+/")
"""But for those of the other alphabet of base 64, which Python reads too."""


@given(st.integers(min_value=0, max_value=len(COMPLETE) - 1), _CHARACTERS)
def test_one_altered_character_is_noticed(place: int, character: str) -> None:
    altered = COMPLETE[:place] + character + COMPLETE[place + 1 :]
    # the last character of base 64 has bits that count for nothing
    same = altered[:-1] == COMPLETE[:-1]
    assert same or LINKS.opened(LinkPurpose.COMPLETE, altered, LONG_AGO) == LinkDamaged()


@given(st.text())
def test_any_other_text_is_damaged(text: str) -> None:
    assert LINKS.opened(LinkPurpose.COMPLETE, text, LONG_AGO) == LinkDamaged()
