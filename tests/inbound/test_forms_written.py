"""Dates as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.inbound.forms import date_in


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2004-02-20", "2004-02-20"),
        ("20/02/2004", "2004-02-20"),
        ("20.2.04", "2004-02-20"),
        ("3/2/2004", "2004-02-03"),
        ("Feb 20, 2004", "2004-02-20"),
        ("Friday, 20th February 2004", "2004-02-20"),
        ("20 février 2004", "2004-02-20"),
        ("le 1er février 2004", "2004-02-01"),
        ("20 de febrero de 2004", "2004-02-20"),
        ("yesterday", "yesterday"),
        ("5 Feb", "5 Feb"),
        ("février 2004", "février 2004"),
        ("to be confirmed", "to be confirmed"),
        ("20040220", "20040220"),
        ("2004-W08-5", "2004-W08-5"),
        ("2004-02-30", "2004-02-30"),
        ("9" * 1000, "9" * 1000),
    ],
)
def test_dates(text: str, read: str) -> None:
    assert date_in(text) == read


@given(st.text(max_size=70))
def test_any_text_may_be_meant_as_a_date(text: str) -> None:
    assert isinstance(date_in(text), str)
