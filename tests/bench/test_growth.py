"""docs/performance.md says what is computed and simulated."""

import pytest

from bench.growth import (
    SLUG,
    Kind,
    a_registration_document,
    an_outbox_entry,
    automatic,
    each_of,
    entries,
    served,
    size,
    tables,
)
from tests.support.served import ROOT

PAGE = (ROOT / "docs" / "performance.md").read_text("utf-8")


@pytest.mark.slow
def test_the_page_says_what_is_computed() -> None:
    """`make bench-growth` writes the tables again; then check the text around them."""
    stale = [table for table in tables().split("\n\n") if f"\n{table}\n\n" not in PAGE]
    assert not stale, "make bench-growth, then read the text around these:\n\n" + "\n\n".join(stale)


def test_a_request_without_a_processor_waits_in_turn() -> None:
    at_once = served([0.0, 0.0, 0.0, 5.0], instances=1, places=80, processor=1.0, waits=10.0)
    assert (at_once.longest, at_once.median, at_once.busy) == (2.0, 1.0, 0.8)
    assert served([0.0, 0.0, 0.0, 5.0], instances=2, places=80, processor=1.0, waits=10.0).longest == 1.0


def test_a_request_without_a_place_waits_for_one() -> None:
    """Two places, ten seconds each: the third gets one when the first leaves, the fifth when the third does."""
    waiting = served([0.0, 0.0, 0.0, 0.0, 1.0], instances=2, places=1, processor=0.0, waits=10.0)
    assert (waiting.longest, waiting.median) == (19.0, 10.0)


def test_index_entries_are_those_deployed() -> None:
    assert sorted(entries(an_outbox_entry())) == [
        ("address", "last_sent_at"),
        ("event", "address"),
        ("event", "status"),
        ("event", "waits_since"),
        ("registration_id",),
        ("shard", "due_at"),
        ("to_registrants_of", "last_sent_at"),
    ]
    assert entries(a_registration_document()) == [("address",), ("similar",), ("terms", "name_key")]
    assert entries(Kind("registrations", {"address": ""}, 0)) == [("address",)]
    assert each_of(Kind("registrations", {"terms": ["a", "bc"], "name_key": "x"}, 0), ("terms", "name_key")) == [4, 5]


def test_entries_without_exemptions() -> None:
    """Two for a plain field, one for each element of a list."""
    assert automatic({"name": "a", "of": {"one": 1, "two": 2}, "list": ["x", "y", "z"]}) == 2 + 4 + 3


def test_bytes_are_counted_as_firestore_does() -> None:
    """The example of https://firebase.google.com/docs/firestore/storage-size: 71 bytes of fields."""
    document = {"type": "Personal", "done": False, "priority": 1, "description": "Learn Cloud Firestore"}
    assert size(document) == 14 + 6 + 17 + 34
    assert SLUG in an_outbox_entry().document["event"]
