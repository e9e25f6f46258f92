"""Rules on responses (note 000, §1 and 2): how large they are, and how near to zero F(x) is."""

from collections.abc import Callable
from itertools import pairwise
from statistics import fmean, median

from residual.claims.evidence import (
    FLOOR,
    Evidence,
    MissingRecordError,
    block_values,
    by_member,
    layer_median,
    layer_values,
    middle,
)
from residual.claims.verdicts import (
    DIFFERS,
    TENFOLD,
    TENTH,
    Finding,
    Measure,
    Reason,
    averaged,
    conclude,
    rated,
)
from residual.recipe import KINDS
from residual.store import Record

JUDGED = (20, 56)  # depths at which plain and residual networks are compared
RESNETS = (20, 32, 44, 56, 110)
OURS, PUBLIC = (20, 56, 110), (20, 32, 44, 56)  # depths of the claim that deeper is smaller
GREAT_MAJORITY = 0.9

Reader = Callable[[Record, str], float]
"""Reads one value of a network, with the BN statistics of a state: final, final_exact, initial."""


def figure_7_networks(evidence: Evidence) -> Finding:
    """About the paper: Figure 7 shows plain-20/56 and ResNet-20/56/110 on CIFAR-10.

    The 34-layer pair that the note names, trained by us on small digits, stands beside.
    """
    if not (record := evidence.at("quick").stored("figure-7-networks")):
        return Finding(DIFFERS)

    def column(kind: str, read: Callable[[dict], float]) -> dict[str, float]:
        return {str(s): read(m[kind]) for s, m in zip(record.seeds, record.measurements)}

    measures = []
    for kind in KINDS:
        stds = column(kind, lambda net: median(net["responses"]["final"]["layers"]["std"]))
        errors = column(kind, lambda net: net["metrics"]["train_error"])
        measures += [rated("std", stds, group=kind, judged=False)]
        measures += [averaged("train_error", errors, group=kind, judged=False)]
    return Finding(DIFFERS, tuple(measures))


def std_of(run: Record, when: str) -> float:
    """Median over the 3×3 layers of the std."""
    return layer_median(run, "std", when)


def range_of(run: Record, when: str) -> float:
    """Median over the 3×3 layers of the 1–99 % range."""
    ends = zip(layer_values(run, "high", when), layer_values(run, "low", when))
    return median(high - low for high, low in ends)


def have_initial(runs: list[Record]) -> bool:
    """Whether all of them were measured before training, as networks of others were not."""
    return all("initial" in run["responses"] for run in runs)


def compare(evidence: Evidence, read: Reader, threshold: float) -> Finding:
    """Plain over residual at each judged depth, by pairs; supported only if every one holds.

    A threshold of 1 must be exceeded, any other reached. Refuted where it surely lies below at
    both. Beside it the same before training, of F(x) alone, and by channel.
    """
    when = evidence.state
    found, beside, records = [], [], []
    for depth in JUDGED:
        sides = [(kind, depth) for kind in KINDS]
        both = [run for side in sides for run in evidence.networks(*side)]
        records += both
        found.append(
            evidence.ratio("ratio", *sides, lambda r: read(r, when), threshold, str(depth))
        )
        others = {"start": lambda r: read(r, "initial")} if have_initial(both) else {}
        if read is std_of:
            others["f_alone"] = lambda r: layer_median(r, "std", when, second=True)
            others["by_channel"] = lambda r: layer_median(r, "channel_std", when)
        beside += [
            evidence.ratio(name, *sides, value, threshold, str(depth), judged=False)
            for name, value in others.items()
        ]
    reached = [
        m.interval.lower > 1 if threshold == 1 else m.interval.lower >= threshold for m in found
    ]
    fails = all(measure.interval.upper < threshold for measure in found)
    doubt = [Reason("depths-differ")] if any(reached) and not all(reached) else []
    return conclude(all(reached), fails, [*found, *beside], records, doubt=doubt)


def response_smaller(evidence: Evidence) -> Finding:
    """Ratio of the median stds of the 3×3 layers; refuted where it surely lies below one at both
    depths."""
    return compare(evidence, std_of, 1)


def plain_range_wide(evidence: Evidence) -> Finding:
    """Ratio of the median 1–99 % ranges of the 3×3 layers; refuted where it surely lies below one
    at both depths."""
    return compare(evidence, range_of, 1)


def order_of_magnitude(evidence: Evidence) -> Finding:
    """The ratio of medians against ten; refuted where it surely lies below ten at both depths."""
    return compare(evidence, std_of, TENFOLD)


def at_every_depth(
    evidence: Evidence,
    name: str,
    read: Reader,
    threshold: float,
    over: Callable = averaged,
    small: bool = True,
) -> Finding:
    """A quantity of the residual functions, at every ResNet depth that the scale has.

    Supported if it is below the threshold at all of them, or if not `small` at least the threshold;
    refuted where it surely is not at any. Beside it stands the same before training; for networks
    of others, in our own on CIFAR-10.
    """
    records, found, beside = [], [], []
    untrained = evidence.at("desk") if evidence.scale == "public" else evidence
    for depth in RESNETS:
        if not (runs := evidence.found("residual", depth)):
            continue
        records += runs
        average = middle if over is rated else fmean
        values = by_member(runs, lambda run: read(run, evidence.state), average)
        found.append(over(name, values, threshold, str(depth)))
        starts = untrained.found("residual", depth)
        if starts and have_initial(starts):
            start = by_member(starts, lambda run: read(run, "initial"), average)
            beside.append(over("start", start, threshold, str(depth), judged=False))
            records += starts if untrained is not evidence else []
    if not found:
        raise MissingRecordError(f"No ResNet at scale {evidence.scale}.")
    below = all(measure.interval.upper < threshold for measure in found)
    reached = all(measure.interval.lower >= threshold for measure in found)
    rule = (below, reached) if small else (reached, below)
    found.sort(key=lambda measure: -int(measure.group))  # the deepest first: it is the one told
    return conclude(*rule, [*found, *beside], records)


def within_a_tenth(evidence: Evidence) -> Finding:
    """Share of the elements of F(x) within ±0.1, against nine tenths; refuted where it surely lies
    below nine tenths at every depth."""

    def share(run: Record, when: str) -> float:
        return fmean(layer_values(run, "within_tenth", when, second=True))

    return at_every_depth(evidence, "share", share, GREAT_MAJORITY, small=False)


def mean_is_zero(evidence: Evidence) -> Finding:
    """Mean over blocks of |mean|/std of F(x), against a tenth; refuted where it surely reaches a
    tenth at every depth."""

    def mean_over_std(run: Record, when: str) -> float:
        columns = (layer_values(run, column, when, second=True) for column in ("mean", "std"))
        return fmean(abs(m) / max(s, FLOOR) for m, s in zip(*columns))

    return at_every_depth(evidence, "ratio", mean_over_std, TENTH)


def relative_median(run: Record, when: str) -> float:
    """Median over the identity-shortcut blocks of ‖F(x)‖/‖x‖."""
    return max(median(block_values(run, "ratio", when)), FLOOR)


def response_near_zero(evidence: Evidence) -> Finding:
    """Median over blocks of ‖F(x)‖/‖x‖ after training, against a tenth; refuted where it surely
    reaches a tenth at every depth."""
    return at_every_depth(evidence, "ratio", relative_median, TENTH, rated)


def deeper_is_smaller(evidence: Evidence) -> Finding:
    """Median std falls from each ResNet to the next deeper one, by pairs.

    A caveat if only 20 over 56 falls; refuted where 20 over 56 surely rises. The plain nets' own
    fall stands beside.
    """
    depths = PUBLIC if evidence.scale == "public" else OURS
    records = [run for depth in depths for run in evidence.networks("residual", depth)]

    def fall(kind: str, shallow: int, deep: int, judged: bool = True) -> Measure:
        def read(run: Record) -> float:
            return std_of(run, evidence.state)

        sides = (kind, shallow), (kind, deep)
        name = "ratio" if kind == "residual" else "plain"
        return evidence.ratio(name, *sides, read, 1.0, f"{shallow} over {deep}", judged)

    steps = {step: fall("residual", *step) for step in pairwise(depths)}
    whole = steps.pop((20, 56), None) or fall("residual", 20, 56)
    beside = []
    if evidence.pairs(("plain", 20), ("plain", 56), lambda run: std_of(run, evidence.state)):
        beside = [fall("plain", 20, 56, judged=False)]
        records += [run for depth in JUDGED for run in evidence.found("plain", depth)]
    overall = whole.interval.lower > 1
    every = all(step.interval.lower > 1 for step in steps.values())
    every = every and (overall or (20, 56) not in pairwise(depths))
    caution = [Reason("only-20-over-56")] if overall and not every else []
    return conclude(
        every or overall,
        whole.interval.upper < 1,
        [whole, *steps.values(), *beside],
        records,
        seeds=whole.interval.seeds,
        caution=caution,
    )
