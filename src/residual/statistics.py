"""Intervals over seeds: 95 %, Welch's t for two groups, logarithms for ratios.

Quantiles come from scipy. Welch's interval and ranks are written out here, since importing
scipy.stats takes half as long as importing torch; the tests compare both with it. With fewer than
three seeds on a side an interval is unbounded, so that no rule on its ends can hold or fail.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from scipy.special import stdtrit

LEVEL = 0.95
FEWEST_SEEDS = 3
PERMUTATIONS = 19_999  # so many that a p near 0.05 is known to 0.0015
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

    def ends(self) -> dict[str, float | None]:
        """The ends and the number of trainings for JSON; null where there is no interval."""
        bounded = math.isfinite(self.lower) and math.isfinite(self.upper)
        ends = (self.lower, self.upper) if bounded else (None, None)
        return {"lower": ends[0], "upper": ends[1], "n": self.seeds}

    def __str__(self) -> str:
        if self.seeds == 0 and self.lower == self.upper:  # one number, of no training
            return number(self.estimate)
        if not math.isfinite(self.lower) or not math.isfinite(self.upper):
            return f"{number(self.estimate)} (n = {self.seeds}, no interval)"
        ends = f"{number(self.lower)} to {number(self.upper)}"
        return f"{number(self.estimate)} (95 % interval {ends}, n = {self.seeds})"


def constant(values: np.ndarray) -> bool:
    """Whether the values are equal but for rounding, so that their spread is zero."""
    return float(np.ptp(values)) <= 1e-12 * max(1.0, float(np.abs(values).max()))


def student(values: Sequence[float]) -> Interval:
    """The mean of one group, by Student's t."""
    group = np.asarray(values, dtype=float)
    return around(float(group.mean()), [group])


def difference(first: Sequence[float], second: Sequence[float]) -> Interval:
    """mean(first) − mean(second), by Welch's t."""
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    return around(float(a.mean() - b.mean()), [a, b])


def around(estimate: float, groups: Sequence[np.ndarray]) -> Interval:
    """The interval of an estimate that is made from the means of groups: by Student's t, with
    Welch's degrees of freedom for two groups."""
    seeds = min(map(len, groups))
    if seeds < FEWEST_SEEDS:
        return Interval(estimate, -math.inf, math.inf, seeds)
    if all(map(constant, groups)):
        return Interval(estimate, estimate, estimate, seeds)
    squares = [group.var(ddof=1) / len(group) for group in groups]
    each = [square**2 / (len(group) - 1) for square, group in zip(squares, groups)]
    freedom = sum(squares) ** 2 / sum(each)
    half = float(stdtrit(freedom, (1 + LEVEL) / 2)) * sum(squares) ** 0.5
    return Interval(estimate, float(estimate - half), float(estimate + half), seeds)


def shown_on(scale: Callable[[float], float], of: Interval) -> Interval:
    """An interval on another scale, without what rounding leaves beyond the twelfth digit: so the
    mean of 0.9 and 0.9 is 0.9, and the exponential of log(10) is 10."""
    ends = (float(f"{scale(end):.12g}") for end in (of.estimate, of.lower, of.upper))
    return Interval(*ends, of.seeds)


def exponential(value: float) -> float:
    """e to that power; infinite where it lies beyond the largest float."""
    return math.inf if value >= 700 else math.exp(value)


def mean(values: Sequence[float]) -> Interval:
    """The mean of one group, by Student's t."""
    return shown_on(float, student(values))


def geometric_mean(values: Sequence[float]) -> Interval:
    """The geometric mean of positive values, by Student's t on their logarithms."""
    return shown_on(exponential, student(np.log(values)))


def ratio(first: Sequence[float], second: Sequence[float]) -> Interval:
    """The ratio of geometric means of two groups of positive values, by Welch's t on logarithms."""
    return shown_on(exponential, difference(np.log(first), np.log(second)))


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> float:
    """Spearman's rank correlation; 0 where one side does not vary, or of fewer than 3 pairs."""
    if len(first) < 3 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(np.corrcoef(ranks(first), ranks(second))[0, 1])


def ranks(values: Sequence[float] | np.ndarray) -> np.ndarray:
    """Ranks along the last axis, from 1; equal values share the mean of theirs."""
    among = np.asarray(values, dtype=float)
    one, other = among[..., :, None], among[..., None, :]
    return (one > other).sum(-1) + ((one == other).sum(-1) + 1) / 2


def mean_correlation(correlations: Sequence[float]) -> Interval:
    """The mean of correlations by Fisher's z, so that no end lies outside −1 … 1."""
    limited = np.clip(np.asarray(correlations, dtype=float), -1 + 1e-9, 1 - 1e-9)
    found = student(np.arctanh(limited))
    if found.seeds < FEWEST_SEEDS:
        return replace(found, estimate=math.tanh(found.estimate))
    return shown_on(math.tanh, found)


def kendall_w(ranked: np.ndarray) -> np.ndarray:
    """Kendall's W of m rankings of n things, ranks (…, m, n): 1 where all have one order, 0 where
    their rank sums are equal."""
    m, n = ranked.shape[-2:]
    sums = ranked.sum(-2)
    spread = ((sums - sums.mean(-1, keepdims=True)) ** 2).sum(-1)
    return 12 * spread / (m**2 * (n**3 - n))


@cache
def concordance(
    parts: tuple[tuple[tuple[float, ...], ...], ...],
) -> tuple[list[float], float]:
    """Kendall's W of each part, and the p of their mean by permutation within the parts.

    A part holds rows of values (m, n), one row a training. Under the null hypothesis every row of
    every part is shuffled by itself, `PERMUTATIONS` times, from a fixed seed.
    """
    generator = np.random.default_rng(0)
    ranked = [ranks(part) for part in parts]
    seen = [float(kendall_w(part)) for part in ranked]
    chance = np.zeros(PERMUTATIONS)
    for part in ranked:
        many = np.broadcast_to(part, (PERMUTATIONS, *part.shape))
        chance += kendall_w(generator.permuted(many, axis=-1))
    reached = int((chance >= sum(seen) - 1e-12).sum())
    return seen, (reached + 1) / (PERMUTATIONS + 1)


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    """The power with which y grows with x: the slope of a line through their logarithms."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])
