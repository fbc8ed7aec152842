"""docs/performance.md and docs/deploy.md say what is counted."""

import pytest

from bench import costs
from bench.costs import Counted, scan, tables, taken
from bench.counting import count
from bench.growth import a_person_document, a_registration_document, an_outbox_entry, stored
from tests.support.served import ROOT

PAGE = (ROOT / "docs" / "performance.md").read_text("utf-8")
DEPLOY = (ROOT / "docs" / "deploy.md").read_text("utf-8")


@pytest.mark.slow
def test_the_pages_say_what_is_counted(emulator: str) -> None:
    """`make bench-counting` writes the tables again; then check the text around them, and docs/deploy.md."""
    counted = count(emulator)
    assert counted["register, a form"] == Counted(reads=0, writes=3, calls=1)
    stale = [table for table in tables(counted).split("\n\n") if f"\n{table}\n\n" not in PAGE]
    assert not stale, "make bench-counting, then read the text around these:\n\n" + "\n\n".join(stale)
    for registrations in (150, 10_000):
        amount = taken(counted, registrations)
        assert f"{amount.writes:,} writes" in DEPLOY
        assert f"{amount.reads:,} reads" in DEPLOY
    assert f"{scan(counted, 1)} reads a minute" in DEPLOY


def test_the_prices_are_those_of_the_deployment() -> None:
    prices = (costs.WRITES, costs.READS, costs.STORED, costs.PROCESSOR, costs.MEMORY, costs.PER_CLIENT)
    assert {price for price in prices if f"{price:.7f}".rstrip("0") not in DEPLOY} == set()
    assert f"10,000 × {costs.SECONDS_ALONE} s" in DEPLOY
    assert f"({costs.TRAFFIC - 0.12:.3f} + 0.12 out)" in DEPLOY
    assert "**19.95**" in DEPLOY
    assert costs.EMAILS[50_000] == "19.95"


def test_stored_bytes_are_those_of_the_three_documents() -> None:
    documents = (a_registration_document(), a_person_document(), an_outbox_entry())
    assert round(sum(map(stored, documents)), -2) == costs.STORED_BYTES


def test_uneven_growth_is_an_error() -> None:
    assert Counted(4, 2, 0).shared(2) == Counted(2, 1, 0)
    with pytest.raises(ValueError, match="is not 2 times anything"):
        Counted(3, 2, 0).shared(2)
