"""A link opens what it is for until it expires, and nothing else."""

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from rollcall.links import SignedLinks
from rollcall.model.contribution import Contribution, PaperDoubt, Upload
from rollcall.model.invitation import Invitation
from rollcall.model.links import (
    TO_EDITORS,
    TO_STAFF,
    LinkDamaged,
    LinkExpired,
    LinkPurpose,
    LinkRevoked,
    Opened,
    link_id,
)
from rollcall.model.registration import may_be_id
from rollcall.model.staff import Role, StaffMember
from tests.support.builders import LINKS, an_event, registered, staff_of

ONE, OTHER = "one@example.org", "other@example.org"
EVENT = an_event(staff=staff_of(ONE, OTHER))
UNTIL = datetime(2004, 3, 1, 12, tzinfo=UTC)
NEW = "a-new-key-for-links-in-32-letters"
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
ID = "0123456789ABCDEFGHJKMNPQ"
FILE = "roster-intgov04-0123456789abcdef-20040221T000005.csv"
OVER = replace(EVENT, ends=UNTIL)
"""As `EVENT`, and links to a person's own contribution expire with it."""
KEPT = replace(EVENT)
vars(KEPT)["keep_until"] = UNTIL
"""As `EVENT`, and links to a person's own registration expire with what is kept of them."""
CONTRIBUTION = Contribution(ID, EVENT.slug, "Names", "Guinea", "Ada", ONE, (), link=4)
MADE = {
    LinkPurpose.COMPLETE: LINKS.completing(EVENT, ID, 2, UNTIL),
    LinkPurpose.RESOLVE: LINKS.resolving(EVENT, ID, ONE, UNTIL),
    LinkPurpose.AMEND: LINKS.amending(EVENT, ID, 2, ONE, UNTIL),
    LinkPurpose.OWN: LINKS.own(KEPT, registered(id=ID, link=3)),
    LinkPurpose.ADDRESS: LINKS.confirming_address(OVER, registered(id=ID, new_email=ONE)),
    LinkPurpose.ROSTER: LINKS.roster(EVENT, FILE, ONE, UNTIL),
    LinkPurpose.LATE: LINKS.late(EVENT, Invitation(ID, "Ada", UNTIL, "visa", ONE, UNTIL)),
    LinkPurpose.RECEIVED: f"{LINKS.form_page(EVENT)}/{LINKS.received(EVENT, ID, UNTIL, duplicate=False)}",
    LinkPurpose.ALREADY_REGISTERED: f"{LINKS.form_page(EVENT)}/{LINKS.received(EVENT, ID, UNTIL, duplicate=True)}",
    LinkPurpose.CONTRIBUTION: LINKS.contribution(OVER, CONTRIBUTION),
    LinkPurpose.PAPERS: LINKS.completing_papers(EVENT, ID, UNTIL),
    LinkPurpose.SUBMITTED: f"{LINKS.contribute(EVENT)}/{LINKS.submitted(EVENT, ID, UNTIL, before=True)}",
}
SIGNED = URLSafeSerializer("").loads_unsafe(MADE[LinkPurpose.RESOLVE].rpartition("/")[2])[1][4]
"""For whom it was made, as all links to `ONE` have it."""
FOUND = {
    LinkPurpose.COMPLETE: Opened("intgov04", ID, 2),
    LinkPurpose.RESOLVE: Opened("intgov04", ID, 0, SIGNED),
    LinkPurpose.AMEND: Opened("intgov04", ID, 2, SIGNED),
    LinkPurpose.OWN: Opened("intgov04", ID, 3),
    LinkPurpose.ADDRESS: Opened("intgov04", ID, 0, SIGNED),
    LinkPurpose.ROSTER: Opened("intgov04", FILE, 0, SIGNED),
    LinkPurpose.LATE: Opened("intgov04", ID, 0),
    LinkPurpose.RECEIVED: Opened("intgov04", ID, 0),
    LinkPurpose.ALREADY_REGISTERED: Opened("intgov04", ID, 0),
    LinkPurpose.CONTRIBUTION: Opened("intgov04", ID, 4),
    LinkPurpose.PAPERS: Opened("intgov04", ID, 0),
    LinkPurpose.SUBMITTED: Opened("intgov04", ID, 1),
}
OF_CONTRIBUTIONS = (LinkPurpose.CONTRIBUTION, LinkPurpose.PAPERS, LinkPurpose.SUBMITTED)
each_purpose = pytest.mark.parametrize("purpose", LinkPurpose)


def token_of(link: str) -> str:
    return link.rpartition("/")[2]


TOKENS = {purpose: token_of(link) for purpose, link in MADE.items()}
COMPLETE = TOKENS[LinkPurpose.COMPLETE]


@each_purpose
def test_opens_what_it_is_for_until_it_expires(purpose: LinkPurpose) -> None:
    assert LINKS.opened(EVENT, purpose, TOKENS[purpose], UNTIL) == FOUND[purpose]


@each_purpose
def test_an_expired_link_is_told_from_a_damaged_one(purpose: LinkPurpose) -> None:
    token, late = TOKENS[purpose], UNTIL + timedelta(seconds=1)
    assert LINKS.opened(EVENT, purpose, token, late) == LinkExpired()
    for damaged in (token[:-2], token[: len(token) // 2], f"{token}>", token.swapcase(), ""):
        assert LINKS.opened(EVENT, purpose, damaged, UNTIL) == LinkDamaged()
        assert LINKS.opened(EVENT, purpose, damaged, late) == LinkDamaged()


@each_purpose
def test_opens_nothing_of_another_event(purpose: LinkPurpose) -> None:
    assert LINKS.opened(replace(EVENT, slug="another"), purpose, TOKENS[purpose], UNTIL) == LinkDamaged()


@each_purpose
def test_only_links_to_staff_end_when_the_address_leaves_the_events_file(purpose: LinkPurpose) -> None:
    without, otherwise = replace(EVENT, staff=staff_of(OTHER)), replace(EVENT, staff=staff_of(OTHER, ONE.title()))
    ended = LinkRevoked() if purpose in TO_STAFF else FOUND[purpose]
    assert LINKS.opened(without, purpose, TOKENS[purpose], UNTIL) == ended
    assert LINKS.opened(otherwise, purpose, TOKENS[purpose], UNTIL) == FOUND[purpose]


@each_purpose
def test_what_changes_something_opens_for_editors_alone(purpose: LinkPurpose) -> None:
    viewer = replace(EVENT, staff=(StaffMember(ONE, Role.VIEWER), StaffMember(OTHER)))
    ended = LinkRevoked() if purpose in TO_EDITORS else FOUND[purpose]
    assert LINKS.opened(viewer, purpose, TOKENS[purpose], UNTIL) == ended


def test_a_mark_is_the_same_for_the_same_and_only_a_key_makes_it() -> None:
    mark = LINKS.mark(EVENT.slug, ONE)
    assert mark == LINKS.mark(EVENT.slug, ONE)
    assert may_be_id(mark)
    of_another_key = SignedLinks(NEW, LINKS.pages).mark(EVENT.slug, ONE)
    assert len({mark, of_another_key, LINKS.mark(EVENT.slug, OTHER), LINKS.mark(f"{EVENT.slug}{ONE}")}) == 4


def test_a_link_to_staff_is_of_one_person_whom_it_does_not_tell() -> None:
    mine, yours = (token_of(LINKS.resolving(EVENT, ID, to, UNTIL)) for to in (ONE, OTHER))
    assert link_id(mine) != link_id(yours)
    again = replace(LINKS, key=f"{NEW} {LINKS.key}")
    assert again.opened(EVENT, LinkPurpose.RESOLVE, mine, UNTIL) == FOUND[LinkPurpose.RESOLVE]
    said = URLSafeSerializer("").loads_unsafe(mine)[1]
    assert said[:4] == ["intgov04", ID, 0, int(UNTIL.timestamp())]
    for digest in (hashlib.sha256, hashlib.sha1, hashlib.md5):
        assert base64.urlsafe_b64encode(digest(ONE.encode()).digest()).decode().rstrip("=") not in said[4]
    assert "example" not in said[4]


@each_purpose
def test_is_signed_by_sha_256(purpose: LinkPurpose) -> None:
    """ASVS V11.4.1. The key of each purpose is derived by it too (itsdangerous' "Concepts")."""
    payload, _, signature = TOKENS[purpose].rpartition(".")
    derived = hmac.digest(LINKS.key.encode(), purpose.encode(), "sha256")
    made = base64.urlsafe_b64encode(hmac.digest(derived, payload.encode(), "sha256")).decode().rstrip("=")
    assert signature == made
    sha1 = URLSafeSerializer(LINKS.key, salt=purpose).dumps(["intgov04", ID, 0, int(UNTIL.timestamp()), ""])
    assert LINKS.opened(EVENT, purpose, str(sha1), UNTIL) == LinkDamaged()


def test_every_way_to_write_a_link_has_one_id() -> None:
    """The signature's last character has bits that count for nothing."""
    ways = [COMPLETE[:-1] + last for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_="]
    ways = [way for way in ways if isinstance(LINKS.opened(EVENT, LinkPurpose.COMPLETE, way, UNTIL), Opened)]
    assert len(ways) > 1
    assert {link_id(way) for way in ways} == {link_id(COMPLETE)}


@each_purpose
def test_opens_nothing_for_another_purpose(purpose: LinkPurpose) -> None:
    for other in set(LinkPurpose) - {purpose}:
        assert LINKS.opened(EVENT, other, TOKENS[purpose], UNTIL) == LinkDamaged()


@each_purpose
def test_lies_below_its_form(purpose: LinkPurpose) -> None:
    form = LINKS.contribute(EVENT) if purpose in OF_CONTRIBUTIONS else LINKS.form_page(EVENT)
    assert MADE[purpose] == f"{form}/{purpose.value}/{TOKENS[purpose]}"


def test_each_function_has_its_address() -> None:
    assert LINKS.form_page(EVENT) == "https://desk.example.org/register/intgov04/en"
    assert LINKS.contribute(EVENT) == "https://desk.example.org/contribute/intgov04/en"
    assert LINKS.form_page(replace(EVENT, languages=("en",))) == "https://desk.example.org/register/intgov04"


def test_forms_go_to_the_events_address_where_there_is_one() -> None:
    assert LINKS.forms_to(EVENT) == "intgov04@forms.example.org"
    assert replace(LINKS, forms_host=None).forms_to(EVENT) is None


def test_another_key_makes_no_links_of_ours() -> None:
    others = SignedLinks(LINKS.key[::-1], LINKS.pages)
    assert others.opened(EVENT, LinkPurpose.COMPLETE, COMPLETE, UNTIL) == LinkDamaged()


def test_no_link_is_lost_while_the_key_is_changed() -> None:
    """First the new key is added, and last the old one is removed."""
    both, new = (SignedLinks(key, LINKS.pages) for key in (f"{LINKS.key}\n {NEW}\n", NEW))
    found = FOUND[LinkPurpose.COMPLETE]
    made = token_of(both.completing(EVENT, ID, 2, UNTIL))
    assert both.opened(EVENT, LinkPurpose.COMPLETE, COMPLETE, UNTIL) == found
    for links in (both, new):
        assert links.opened(EVENT, LinkPurpose.COMPLETE, made, UNTIL) == found
    assert LINKS.opened(EVENT, LinkPurpose.COMPLETE, made, UNTIL) == LinkDamaged()
    assert new.opened(EVENT, LinkPurpose.COMPLETE, COMPLETE, UNTIL) == LinkDamaged()


@pytest.mark.parametrize("key", ["", " \n", "x", 31 * "x", f"{NEW} old", f"old {NEW}"])
def test_without_a_key_that_is_long_enough_no_link_is_made_or_opened(key: str) -> None:
    without = SignedLinks(key, LINKS.pages)
    with pytest.raises(ValueError, match="key of 32 characters"):
        without.completing(EVENT, ID, 0, UNTIL)
    with pytest.raises(ValueError, match="key of 32 characters"):
        without.opened(EVENT, LinkPurpose.COMPLETE, COMPLETE, UNTIL)


_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="+/")
"""But for those of the other alphabet of base 64, which Python reads too."""


@given(st.integers(min_value=0, max_value=len(COMPLETE) - 1), _CHARACTERS)
def test_one_altered_character_is_noticed(place: int, character: str) -> None:
    altered = COMPLETE[:place] + character + COMPLETE[place + 1 :]
    # the last character of base 64 has bits that count for nothing
    same = altered[:-1] == COMPLETE[:-1]
    assert same or LINKS.opened(EVENT, LinkPurpose.COMPLETE, altered, LONG_AGO) == LinkDamaged()


@given(st.text())
def test_any_other_text_is_damaged(text: str) -> None:
    assert LINKS.opened(EVENT, LinkPurpose.COMPLETE, text, LONG_AGO) == LinkDamaged()


def test_an_upload_is_of_its_event_and_is_what_was_signed() -> None:
    upload = Upload(ID, "Paper.pdf", 9, "application/pdf", "9" * 64, PaperDoubt.ACTIVE)
    token = LINKS.upload(EVENT, upload)
    assert LINKS.uploaded(EVENT, token) == upload
    for event, other in (
        (replace(EVENT, slug="other"), token),
        (EVENT, token[:-3] + "AAA"),
        (EVENT, TOKENS[LinkPurpose.OWN]),
    ):
        assert LINKS.uploaded(event, other) is None
    assert all(LINKS.opened(EVENT, purpose, token, UNTIL) == LinkDamaged() for purpose in LinkPurpose)
