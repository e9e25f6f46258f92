"""Intervals: against scipy's own numbers and textbook cases."""

import math

import pytest
from scipy import stats

from residual import statistics


def test_difference_is_welchs():
    a, b = [5.1, 4.9, 5.3, 5.0], [1.0, 1.4, 0.9]
    found = statistics.difference(a, b)
    ends = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    assert (found.lower, found.upper, found.seeds) == (ends.low, ends.high, 3)
    assert found.estimate == pytest.approx(3.975)


def test_ratio_is_a_difference_of_logarithms():
    found = statistics.ratio([10.0, 20.0, 40.0], [1.0, 2.0, 4.0])
    assert found.estimate == pytest.approx(10)
    assert found.lower * found.upper == pytest.approx(100)


def test_two_seeds_have_no_interval():
    found = statistics.difference([1.0, 2.0], [5.0, 6.0, 7.0])
    assert found.seeds == 2
    assert (found.lower, found.upper) == (-math.inf, math.inf)
    assert found.named("x_points") == {"x_points": -4.5}
    assert statistics.ratio([1.0, 1.0], [2.0, 2.0]).named("x_ratio") == {"x_ratio": 0.5}
    assert "no interval" in str(found)
    assert statistics.ratio([1.0], [2.0]).lower == 0


def test_constant_groups_have_a_point_for_an_interval():
    found = statistics.difference([2.0] * 3, [1.5] * 3)
    assert (found.lower, found.estimate, found.upper) == (0.5, 0.5, 0.5)
    assert statistics.ratio([10.0] * 3, [1.0] * 3).lower == 10
    assert statistics.mean([0.9] * 3).lower == 0.9


def test_one_constant_group_leaves_the_others_spread():
    found = statistics.difference([1.0] * 3, [0.0, 1.0, 2.0])
    assert found.lower == pytest.approx(-found.upper)
    assert found.upper == pytest.approx(stats.t.ppf(0.975, 2) / math.sqrt(3))


def test_share_holds_the_shares_that_the_data_allow():
    before = [1.0, 1.1, 0.9]
    part, whole = [3.0, 3.2, 2.9], [5.0, 5.3, 4.8]
    found = statistics.share((part, before), (whole, before))
    assert found.lower < found.estimate < found.upper
    left = [p - found.lower * w for p, w in zip(part, whole)]
    left_before = [b - found.lower * b for b in before]
    assert statistics.difference(left, left_before).lower == pytest.approx(0, abs=1e-6)


def test_share_of_no_rise_is_nothing():
    assert statistics.share(([1, 2, 3], [1, 2, 3]), ([1, 2, 3], [1, 2, 3])) is None


def test_rank_correlation_knows_when_nothing_varies():
    assert statistics.rank_correlation([1, 2, 3], [2, 4, 9]) == pytest.approx(1)
    assert statistics.rank_correlation([1, 2, 3], [1, 1, 1]) == 0


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "0"),
        (-0.4821, "−0.482"),
        (4969.08, "4,970"),
        (1.0, "1"),
        (100.0, "100"),
        (99.96, "100"),
        (4.0045, "4.00"),
        (0.69996, "0.700"),
        (0.00099999, "0.00100"),
        (999999.0, "1×10⁶"),
        (1e-7, "1×10⁻⁷"),
        (8.04e-13, "8.04×10⁻¹³"),
        (-2.5e12, "−2.5×10¹²"),
        (math.nan, "not a number"),
        (-math.inf, "−∞"),
    ],
)
def test_numbers_in_sentences(value, words):
    assert statistics.number(value) == words


def test_a_test_without_a_p_value_is_not_rejected():
    assert statistics.holm({"constant": math.nan, "sure": 0.001, "open": 0.9}) == {"sure"}
