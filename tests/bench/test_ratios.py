"""Ratios are taken round by round, and held against the goals."""

from bench.ratios import Goal, Spread, ratios, spread


def test_a_ratio_is_one_of_the_same_round() -> None:
    assert ratios([2.0, 30.0, 6.0], [1.0, 10.0, 4.0]) == Spread(2.0, 1.5, 3.0)


def test_a_spread_is_the_median_between_the_least_and_the_most() -> None:
    assert spread([4.0, 1.0, 2.0, 3.0]) == Spread(2.5, 1.0, 4.0)
    assert str(spread([1.0, 2.0, 9.0])) == "2.00 (1.00..9.00)"


def test_a_goal_is_met_up_to_its_bound() -> None:
    assert Goal(1.25).says(1.25) == "<= 1.25 met"
    assert Goal(1.25).says(1.26) == "<= 1.25 MISSED"
    assert Goal(0.8, at_least=True).says(0.8) == ">= 0.80 met"
    assert Goal(0.8, at_least=True).says(0.79) == ">= 0.80 MISSED"
