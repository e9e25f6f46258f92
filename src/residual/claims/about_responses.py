"""Rules on responses (note 000, §1 and 2): how large they are, and how near to zero F(x) is."""

import statistics as middle
from collections.abc import Callable
from itertools import pairwise
from statistics import fmean, median

from residual.claims.evidence import (
    Evidence,
    MissingRecordError,
    block_values,
    layer_values,
    medians,
    names,
)
from residual.claims.verdicts import Finding, conclude
from residual.recipe import KINDS
from residual.statistics import Interval, geometric_mean, listed, mean, number, ratio
from residual.store import Record

JUDGED = (20, 56)  # depths at which plain and residual networks are compared
RESNETS = (20, 32, 44, 56, 110)
OURS, PUBLIC = (20, 56, 110), (20, 32, 44, 56)  # depths of the claim that deeper is smaller
TENFOLD, NEAR, GREAT_MAJORITY = 10.0, 0.1, 0.9
STATES = {"final": "moving", "final_exact": "exact"}


def figure_7_networks(evidence: Evidence) -> Finding:
    """About the paper: no verdict. The 34-layer pair that the note names stands beside."""
    sentence = "Figure 7 shows plain-20/56 and ResNet-20/56/110 on CIFAR-10."
    try:
        record = evidence.experiment("figure-7-networks")
    except MissingRecordError:
        return Finding(None, sentence + " The 34-layer pair: not run.", {})
    values: dict[str, float] = {}
    for kind in KINDS:
        nets = [m[kind] for m in record.measurements]
        stds = [median(n["responses"]["final"]["layers"]["std"]) for n in nets]
        values[f"{kind}_34_median_std"] = float(f"{fmean(stds):.6g}")
        errors = [n["metrics"]["train_error"] for n in nets]
        values[f"{kind}_34_train_error_percent"] = float(f"{fmean(errors):.6g}")
    sentence += (
        f" In the 34-layer pair, width {record['settings']['width']}, the median std of the 3×3 "
        f"layers is {number(values['plain_34_median_std'])} (plain) and "
        f"{number(values['residual_34_median_std'])} (residual)."
    )
    return Finding(None, sentence, values, (record.name,), len(record.seeds))


def spread_of(runs: list[Record], when: str) -> list[float]:
    """Median over the 3×3 layers of the 1–99 % range, for each network."""
    ends = [(layer_values(r, "high", when), layer_values(r, "low", when)) for r in runs]
    return [median(h - low for h, low in zip(high, lows)) for high, lows in ends]


def std_of(runs: list[Record], when: str) -> list[float]:
    """Median over the 3×3 layers of the std, for each network."""
    return medians(runs, "std", when)


def compare(
    evidence: Evidence,
    measure: Callable[[list[Record], str], list[float]],
    words: str,
    threshold: float,
) -> Finding:
    """Plain over residual at each judged depth; supported only if every one holds.

    A threshold of 1 must be exceeded, any other reached.
    """
    found: dict[int, Interval] = {}
    values: dict[str, float] = {}
    groups: list[list[Record]] = []
    for depth in JUDGED:
        plain, residual = evidence.networks("plain", depth), evidence.networks("residual", depth)
        found[depth] = ratio(measure(plain, evidence.state), measure(residual, evidence.state))
        values |= found[depth].named(f"{measure.__name__}_ratio_{depth}")
        values |= other_readings(evidence, plain, residual, depth) if measure is std_of else {}
        groups += [plain, residual]
    told = "; ".join(f"{interval} at depth {depth}" for depth, interval in found.items())
    sentence = (
        f"{words} of all 3×3 layers ({STATES[evidence.state]} BN statistics), plain over "
        f"residual: {told}.{started(groups, measure)}"
    )
    return conclude(
        all(i.lower > 1 if threshold == 1 else i.lower >= threshold for i in found.values()),
        all(i.upper < threshold for i in found.values()),
        sentence,
        values,
        names(*groups),
        min(i.seeds for i in found.values()),
    )


def started(groups: list[list[Record]], measure: Callable) -> str:
    """The same ratios before training, where the records hold them."""
    if not all("initial" in run["responses"] for group in groups for run in group):
        return ""
    pairs = zip(JUDGED, zip(groups[::2], groups[1::2]))
    told = [
        f"{number(ratio(measure(plain, 'initial'), measure(residual, 'initial')).estimate)} at "
        f"depth {depth}"
        for depth, (plain, residual) in pairs
    ]
    return f" Before training: {listed(told)}."


def other_readings(
    evidence: Evidence, plain: list[Record], residual: list[Record], depth: int
) -> dict[str, float]:
    """The ratio of the stds of F(x) alone, and of the stds by channel."""
    second = [medians(r, "std", evidence.state, second=True) for r in (plain, residual)]
    channel = [medians(r, "channel_std", evidence.state) for r in (plain, residual)]
    named = ratio(*second).named(f"f_alone_std_ratio_{depth}")
    return named | ratio(*channel).named(f"channel_std_ratio_{depth}")


def response_smaller(evidence: Evidence) -> Finding:
    """Ratio of the median stds of the 3×3 layers."""
    return compare(evidence, std_of, "Median std", 1)


def plain_range_wide(evidence: Evidence) -> Finding:
    """Ratio of the median 1–99 % ranges of the 3×3 layers."""
    return compare(evidence, spread_of, "Median 1–99 % range", 1)


def order_of_magnitude(evidence: Evidence) -> Finding:
    """The ratio of medians against ten."""
    return compare(evidence, std_of, "Median std", TENFOLD)


def at_every_depth(
    evidence: Evidence,
    measure: Callable[[list[Record], str], Interval],
    words: str,
    holds: Callable[[Interval], bool],
    fails: Callable[[Interval], bool],
) -> Finding:
    """A quantity of the residual functions, at every ResNet depth that the scale has."""
    depths = evidence.depths("residual", RESNETS)
    if not depths:
        raise MissingRecordError(f"No ResNet at scale {evidence.scale}.")
    groups = {depth: evidence.networks("residual", depth) for depth in depths}
    found = {depth: measure(runs, evidence.state) for depth, runs in groups.items()}
    values: dict[str, float] = {}
    before = []
    for depth, runs in groups.items():
        values |= found[depth].named(f"{measure.__name__}_{depth}")
        if all("initial" in run["responses"] for run in runs):
            start = measure(runs, "initial")
            values |= start.named(f"{measure.__name__}_{depth}_initial")
            before.append(f"{number(start.estimate)} in ResNet-{depth}")
    told = "; ".join(f"{interval} in ResNet-{depth}" for depth, interval in found.items())
    sentence = f"{words} (F(x) alone, {STATES[evidence.state]} BN statistics): {told}."
    sentence += f" Before training: {listed(before)}." if before else ""
    intervals = found.values()
    return conclude(
        all(map(holds, intervals)),
        all(map(fails, intervals)),
        sentence,
        values,
        names(*groups.values()),
        min(i.seeds for i in intervals),
    )


def share_within_tenth(runs: list[Record], when: str) -> Interval:
    """Share of the elements of F(x) within ±0.1, mean over blocks, over networks."""
    return mean([fmean(layer_values(run, "within_tenth", when, second=True)) for run in runs])


def mean_over_std(runs: list[Record], when: str) -> Interval:
    """Mean over blocks of |mean|/std of F(x), over networks."""
    columns = [[layer_values(r, c, when, True) for c in ("mean", "std")] for r in runs]
    return mean([fmean(abs(m) / max(s, 1e-12) for m, s in zip(*c)) for c in columns])


def relative_response(runs: list[Record], when: str) -> Interval:
    """Median over the identity-shortcut blocks of ‖F(x)‖/‖x‖, over networks."""
    return geometric_mean([max(middle.median(block_values(r, "ratio", when)), 1e-12) for r in runs])


def within_a_tenth(evidence: Evidence) -> Finding:
    """Share of the elements of F(x) within ±0.1, against nine tenths."""
    return at_every_depth(
        evidence,
        share_within_tenth,
        "Share of the elements within ±0.1",
        lambda i: i.lower >= GREAT_MAJORITY,
        lambda i: i.upper < GREAT_MAJORITY,
    )


def mean_is_zero(evidence: Evidence) -> Finding:
    """Mean over blocks of |mean|/std of F(x), against a tenth."""
    return at_every_depth(
        evidence,
        mean_over_std,
        "Mean over blocks of |mean|/std",
        lambda i: i.upper < NEAR,
        lambda i: i.lower >= NEAR,
    )


def response_near_zero(evidence: Evidence) -> Finding:
    """Median over blocks of ‖F(x)‖/‖x‖ after training, against a tenth."""
    return at_every_depth(
        evidence,
        relative_response,
        "Median over blocks of ‖F(x)‖/‖x‖",
        lambda i: i.upper < NEAR,
        lambda i: i.lower >= NEAR,
    )


def deeper_is_smaller(evidence: Evidence) -> Finding:
    """Median std falls from each ResNet to the next deeper one; the plain nets' own fall beside."""
    depths = PUBLIC if evidence.scale == "public" else OURS
    runs = [evidence.networks("residual", depth) for depth in depths]
    steps = falls(runs, evidence.state)
    whole = ratio(
        medians(evidence.networks("residual", 20), "std", evidence.state),
        medians(evidence.networks("residual", 56), "std", evidence.state),
    )
    values = whole.named("resnet_20_over_56_ratio")
    for (a, b), step in zip(pairwise(depths), steps):
        values |= step.named(f"resnet_{a}_over_{b}_ratio")
    told = "; ".join(f"{a} over {b}: {step}" for (a, b), step in zip(pairwise(depths), steps))
    sentence = (
        f"Median std of all 3×3 layers of ResNets ({STATES[evidence.state]} BN statistics), "
        f"{told}; 20 over 56: {whole}."
    )
    if evidence.has("plain", 20) and evidence.has("plain", 56):
        plain = falls([evidence.networks("plain", d) for d in JUDGED], evidence.state)[0]
        values |= plain.named("plain_20_over_56_ratio")
        sentence += f" Plain nets, 20 over 56: {plain}."
    every, overall = all(step.lower > 1 for step in steps), whole.lower > 1
    return conclude(
        every or overall,
        whole.upper < 1,
        sentence,
        values,
        names(*runs),
        min(step.seeds for step in steps),
        "Only 20 over 56 holds, not each step between." if overall and not every else "",
    )


def falls(groups: list[list[Record]], when: str) -> list[Interval]:
    """How many times larger the median std is than in the next deeper network."""
    return [ratio(medians(a, "std", when), medians(b, "std", when)) for a, b in pairwise(groups)]
