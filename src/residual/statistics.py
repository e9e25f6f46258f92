"""Intervals over seeds, from scipy: 95 %, Welch's t for two groups, logarithms for ratios.

With fewer than three seeds on a side an interval is unbounded, so that no rule on its ends can
hold or fail.
"""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize, stats

LEVEL = 0.95
FEWEST_SEEDS = 3
PERMUTATIONS = 9999
REACH = 1e6  # shares beyond ± this are not searched for
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float, digits: int = 3) -> str:
    """A number for a sentence: that many significant digits, without decimals where it is whole,
    and a true minus. Very small and very large ones are short powers of ten, such as 1×10⁻⁷."""
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "∞" if value > 0 else "−∞"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    power = int(exponent)
    if value and not -4 <= power < 6:
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        return f"{mantissa}×10{str(power).translate(SUPERSCRIPTS)}".replace("-", "−")
    decimals = 0 if value == int(value) else max(0, digits - 1 - power)
    return f"{float(mantissa) * 10.0**power:,.{decimals}f}".replace("-", "−")


def per_cent(fraction: float, digits: int = 3) -> str:
    """A fraction as a percentage, such as 12.3 %, with so many significant digits."""
    return f"{number(100 * fraction, digits)} %"


def listed(items: Sequence[str]) -> str:
    """a, b and c."""
    *head, last = items
    return f"{', '.join(head)} and {last}" if head else last


@dataclass(frozen=True)
class Interval:
    """An estimate, the two ends of its interval, and the seeds on the smaller side."""

    estimate: float
    lower: float
    upper: float
    seeds: int

    def named(self, name: str) -> dict[str, float]:
        """The estimate and the ends, where there are some, under a name that holds the unit."""
        found = {name: self.estimate}
        if self.seeds >= FEWEST_SEEDS:
            found |= {f"{name}_lower": self.lower, f"{name}_upper": self.upper}
        return {key: float(f"{v:.6g}") for key, v in found.items() if math.isfinite(v)}

    def __str__(self) -> str:
        if not math.isfinite(self.lower) or not math.isfinite(self.upper):
            return f"{number(self.estimate)} (n = {self.seeds}, no interval)"
        ends = f"{number(self.lower)} to {number(self.upper)}"
        return f"{number(self.estimate)} (95 % interval {ends}, n = {self.seeds})"


def constant(values: np.ndarray) -> bool:
    """Whether the values are equal but for rounding, so that their spread is zero."""
    return float(np.ptp(values)) <= 1e-12 * max(1.0, float(np.abs(values).max()))


def mean(values: Sequence[float]) -> Interval:
    """The mean of one group, by Student's t."""
    group = np.asarray(values, dtype=float)
    estimate = float(group.mean())
    if len(group) < FEWEST_SEEDS:
        return Interval(estimate, -math.inf, math.inf, len(group))
    if constant(group):
        return Interval(estimate, estimate, estimate, len(group))
    ends = stats.ttest_1samp(group, 0).confidence_interval(LEVEL)
    return Interval(estimate, float(ends.low), float(ends.high), len(group))


def difference(first: Sequence[float], second: Sequence[float]) -> Interval:
    """mean(first) − mean(second), by Welch's t."""
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    estimate, seeds = float(a.mean() - b.mean()), min(len(a), len(b))
    if seeds < FEWEST_SEEDS:
        return Interval(estimate, -math.inf, math.inf, seeds)
    if constant(a) and constant(b):
        return Interval(estimate, estimate, estimate, seeds)
    with warnings.catch_warnings():  # scipy warns where one group is constant, which is exact here
        warnings.simplefilter("ignore", RuntimeWarning)
        ends = stats.ttest_ind(a, b, equal_var=False).confidence_interval(LEVEL)
    return Interval(estimate, float(ends.low), float(ends.high), seeds)


def exponential(of: Interval) -> Interval:
    """An interval of logarithms, on the scale of the values themselves.

    Twelve significant digits are kept, so that the exponential of log(10) is 10; what lies beyond
    the largest float is infinite.
    """
    logarithms = (of.estimate, of.lower, of.upper)
    ends = [math.inf if v >= 700 else float(f"{math.exp(v):.12g}") for v in logarithms]
    return Interval(*ends, of.seeds)


def geometric_mean(values: Sequence[float]) -> Interval:
    """The geometric mean of positive values, by Student's t on their logarithms."""
    return exponential(mean(np.log(values)))


def ratio(first: Sequence[float], second: Sequence[float]) -> Interval:
    """The ratio of geometric means of two groups of positive values, by Welch's t on logarithms."""
    return exponential(difference(np.log(first), np.log(second)))


def share(parts: tuple[Sequence[float], Sequence[float]], wholes: tuple) -> Interval | None:
    """How much of the rise of a whole a part's rise accounts for; each pair is (after, before).

    The interval holds every share s for which Welch's interval of Δpart − s·Δwhole contains 0
    (Fieller's construction; the seeds of part and whole go together). None if the whole does not
    surely rise, so that there is nothing to account for.
    """
    (part, part_0), (whole, whole_0) = [
        [np.asarray(g, float) for g in pair] for pair in (parts, wholes)
    ]
    rise = difference(whole, whole_0)
    estimate = float((part.mean() - part_0.mean()) / rise.estimate) if rise.estimate else math.nan
    if rise.seeds < FEWEST_SEEDS:
        return Interval(estimate, -math.inf, math.inf, rise.seeds)
    if rise.lower <= 0:
        return None

    def left(s: float) -> Interval:
        return difference(part - s * whole, part_0 - s * whole_0)

    lower = optimize.brentq(lambda s: left(s).lower, -REACH, REACH)
    upper = optimize.brentq(lambda s: left(s).upper, -REACH, REACH)
    return Interval(estimate, float(lower), float(upper), rise.seeds)


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Spearman's rank correlation; 0 where one side does not vary, or of fewer than 3 pairs."""
    if len(first) < 3 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(stats.spearmanr(first, second).statistic)


def mean_correlation(correlations: Sequence[float]) -> Interval:
    """The mean of correlations by Fisher's z, so that no end lies outside −1 … 1."""
    limited = np.clip(np.asarray(correlations, dtype=float), -1 + 1e-9, 1 - 1e-9)
    found = mean(np.arctanh(limited))
    estimate = math.tanh(found.estimate)
    if found.seeds < FEWEST_SEEDS:
        return replace(found, estimate=estimate)
    return Interval(estimate, math.tanh(found.lower), math.tanh(found.upper), found.seeds)


def kendall_w(*rankings: Sequence[float], axis: int = -1) -> np.ndarray:
    """Kendall's W of m rankings of n things: 1 where all have one order, 0 where their rank sums
    are equal."""
    ranks = stats.rankdata(np.stack(rankings), axis=axis)  # (m, …, n)
    m, n = len(rankings), ranks.shape[axis]
    sums = ranks.sum(0)
    spread = ((sums - sums.mean(axis, keepdims=True)) ** 2).sum(axis)
    return 12 * spread / (m**2 * (n**3 - n))


def concordance_p(rows: Sequence[Sequence[float]]) -> float:
    """The p of Kendall's W by permutation, of rows of values (m, n).

    Under the null hypothesis every row is shuffled by itself, `PERMUTATIONS` times, from a fixed
    seed.
    """
    tested = stats.permutation_test(
        [np.asarray(row, dtype=float) for row in rows],
        kendall_w,
        permutation_type="pairings",
        alternative="greater",
        vectorized=True,
        n_resamples=PERMUTATIONS,
        rng=np.random.default_rng(0),
    )
    return float(tested.pvalue)


def ratio_p(first: Sequence[float], second: Sequence[float]) -> float:
    """Two-sided p of Welch's t on logarithms: whether two groups have one geometric mean."""
    return float(stats.ttest_ind(np.log(first), np.log(second), equal_var=False).pvalue)


def holm(tests: dict[str, float]) -> set[str]:
    """The tests that Holm's step-down procedure rejects at 5 % in all, from their p by name."""
    rejected: set[str] = set()
    known = {name: 1.0 if math.isnan(p) else p for name, p in tests.items()}  # equal constants
    for step, (name, p) in enumerate(sorted(known.items(), key=lambda pair: pair[1])):
        if p > (1 - LEVEL) / (len(tests) - step):
            break
        rejected.add(name)
    return rejected


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    """The power with which y grows with x: the slope of a line through their logarithms."""
    return float(stats.linregress(np.log(x), np.log(y)).slope)
