"""Intervals: against scipy's own numbers and textbook cases."""

import math

import numpy as np
import pytest
from scipy import stats

from residual import statistics


def test_difference_is_welchs():
    a, b = [5.1, 4.9, 5.3, 5.0], [1.0, 1.4, 0.9]
    found = statistics.difference(a, b)
    ends = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    assert (found.lower, found.upper) == pytest.approx((ends.low, ends.high), rel=1e-12)
    assert found.seeds == 3
    assert found.estimate == pytest.approx(3.975)


def test_ratio_is_a_difference_of_logarithms():
    found = statistics.ratio([10.0, 20.0, 40.0], [1.0, 2.0, 4.0])
    assert found.estimate == pytest.approx(10)
    assert found.lower * found.upper == pytest.approx(100)


def test_two_seeds_have_no_interval():
    found = statistics.difference([1.0, 2.0], [5.0, 6.0, 7.0])
    assert found.seeds == 2
    assert (found.lower, found.upper) == (-math.inf, math.inf)
    assert found.ends() == {"lower": None, "upper": None, "n": 2}
    assert "no interval" in str(found)
    assert statistics.mean([1.0, 2.0]).upper == math.inf
    few = statistics.ratio([1.0], [2.0])
    assert (few.estimate, few.lower, few.upper) == (0.5, 0, math.inf)
    assert few.ends() == {"lower": None, "upper": None, "n": 1}
    assert "no interval" in str(few)


def test_constant_groups_have_a_point_for_an_interval():
    found = statistics.difference([2.0] * 3, [1.5] * 3)
    assert (found.lower, found.estimate, found.upper) == (0.5, 0.5, 0.5)
    assert statistics.ratio([10.0] * 3, [1.0] * 3).lower == 10
    assert statistics.mean([0.9] * 3).lower == 0.9


def test_one_constant_group_leaves_the_others_spread():
    found = statistics.difference([1.0] * 3, [0.0, 1.0, 2.0])
    assert found.lower == pytest.approx(-found.upper)
    assert found.upper == pytest.approx(stats.t.ppf(0.975, 2) / math.sqrt(3))


def test_a_mean_is_students_as_scipy_has_it():
    values = [0.3, 1.7, 0.9, 1.1]
    found = statistics.mean(values)
    ends = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (found.lower, found.upper) == pytest.approx((ends.low, ends.high), rel=1e-9)
    assert (found.estimate, found.seeds) == (pytest.approx(1.0), 4)


def test_a_geometric_mean_is_a_mean_of_logarithms():
    values = [1.0, 10.0, 100.0]
    found = statistics.geometric_mean(values)
    about = statistics.mean([math.log(value) for value in values])
    assert found.estimate == pytest.approx(10)
    assert math.log(found.lower) == pytest.approx(about.lower)
    assert math.log(found.upper) == pytest.approx(about.upper)


@pytest.mark.parametrize("value", [0.1, 0.9, 10.0, 1 / 3, 1e-9])
def test_equal_values_are_their_own_mean_to_the_last_bit(value):
    for average in (statistics.mean, statistics.geometric_mean):
        found = average([value] * 3)
        assert found.lower == found.estimate == found.upper == float(f"{value:.12g}")


def test_correlations_are_averaged_by_fishers_z():
    found = statistics.mean_correlation([0.5, 0.6, 0.8])
    z = [math.atanh(r) for r in (0.5, 0.6, 0.8)]
    ends = stats.ttest_1samp(z, 0).confidence_interval(0.95)
    told = (found.estimate, found.lower, found.upper)
    assert told == pytest.approx([math.tanh(v) for v in (sum(z) / 3, ends.low, ends.high)])
    assert statistics.mean_correlation([0.5, 0.6]).lower == -math.inf
    assert statistics.mean_correlation([1.0, 1.0, 1.0]).upper <= 1


def test_kendalls_w_is_that_of_friedmans_test():
    rows = np.random.default_rng(0).normal(size=(4, 9))
    friedman = stats.friedmanchisquare(*rows.T)  # W = χ² / (m (n − 1))
    found = statistics.kendall_w(stats.rankdata(rows, axis=-1))
    assert found == pytest.approx(friedman.statistic / (4 * 8))


def test_an_order_within_parts_is_told_from_chance():
    one = ((1.0, 2.0, 3.0, 4.0, 5.0),) * 3
    agreement, p = statistics.concordance((one, one))
    assert agreement == pytest.approx([1.0, 1.0])
    assert p == 1 / (statistics.PERMUTATIONS + 1)
    mixed = ((1.0, 2.0, 3.0, 4.0, 5.0), (5.0, 4.0, 3.0, 2.0, 1.0), (3.0, 1.0, 5.0, 2.0, 4.0))
    assert statistics.concordance((mixed, mixed))[1] > 0.5


def test_a_p_of_permutations_is_uniform_where_there_is_no_order():
    rows = np.random.default_rng(1).normal(size=(60, 3, 8))
    parts = [tuple(map(tuple, part)) for part in rows]
    ps = [statistics.concordance((part,))[1] for part in parts]
    assert stats.kstest(ps, "uniform").pvalue > 0.01


def test_the_slope_is_the_power():
    x = [1.0, 2.0, 4.0]
    assert statistics.slope(x, [3 * v**2 for v in x]) == pytest.approx(2)
    y = [2.0, 3.0, 11.0]
    fitted = stats.linregress(np.log(x), np.log(y)).slope
    assert statistics.slope(x, y) == pytest.approx(fitted)


@pytest.mark.parametrize("second", [[1.5, 0.2, 3.1, 0.9, 2.2], [2.0, 1.0, 2.0, 2.0, 3.0]])
def test_a_rank_correlation_is_spearmans(second):
    first = [0.3, 0.1, 0.9, 0.9, 0.5]
    found = statistics.rank_correlation(first, second)
    assert found == pytest.approx(stats.spearmanr(first, second).statistic, rel=1e-12)
    rows = [first, second]
    assert (statistics.ranks(rows) == stats.rankdata(rows, axis=-1)).all()


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
