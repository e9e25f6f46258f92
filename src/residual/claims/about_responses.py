"""Rules on responses (note 000, §1 and 2): how large they are, and how near to zero F(x) is."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from statistics import fmean, median

from residual.claims.evidence import (
    FLOOR,
    Evidence,
    MissingRecordError,
    block_values,
    layer_values,
    medians,
)
from residual.claims.verdicts import TENFOLD, TENTH, Finding, conclude, too_few
from residual.recipe import KINDS
from residual.statistics import Interval, geometric_mean, listed, mean, number, ratio
from residual.store import Record

JUDGED = (20, 56)  # depths at which plain and residual networks are compared
RESNETS = (20, 32, 44, 56, 110)
OURS, PUBLIC = (20, 56, 110), (20, 32, 44, 56)  # depths of the claim that deeper is smaller
GREAT_MAJORITY, HALF = 0.9, 0.5
STATES = {"final": "moving", "final_exact": "exact"}


def figure_7_networks(evidence: Evidence) -> Finding:
    """About the paper: no verdict. The 34-layer pair that the note names stands beside."""
    sentence = "Figure 7 shows plain-20/56 and ResNet-20/56/110 on CIFAR-10."
    try:
        record = evidence.experiment("figure-7-networks")
    except MissingRecordError:
        return Finding(None, f"{sentence} The 34-layer pair: not run.", {})
    values: dict[str, float] = {}
    told = []
    for kind in KINDS:
        nets = [m[kind] for m in record.measurements]
        std = fmean(median(n["responses"]["final"]["layers"]["std"]) for n in nets)
        error = fmean(n["metrics"]["train_error"] for n in nets)
        values[f"{kind}_34_median_std"] = float(f"{std:.6g}")
        values[f"{kind}_34_train_error_percent"] = float(f"{error:.6g}")
        told.append(f"{number(std)} ({kind}, whose training error is {number(error)} %)")
    sentence += (
        " In a 34-layer pair of ours, which has the blocks of the paper's ImageNet networks and a "
        f"first stage {record['settings']['width']} channels wide, the median std of the 3×3 "
        f"layers is {listed(told)}."
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

    A threshold of 1 must be exceeded, any other reached. Beside the std of all layers stand that
    of F(x) alone and that by channel; beside what is trained, the same before training.
    """
    when = evidence.state
    found: list[Interval] = []
    values: dict[str, float] = {}
    records, told, before = [], [], []
    for depth in JUDGED:
        sides = [evidence.networks(kind, depth) for kind in KINDS]
        records += sides[0] + sides[1]
        found.append(ratio(*(measure(runs, when) for runs in sides)))
        told.append(f"{found[-1]} at depth {depth}")
        values |= found[-1].named(f"{measure.__name__}_ratio_{depth}")
        if measure is std_of:
            alone = ratio(*(medians(runs, "std", when, second=True) for runs in sides))
            channel = ratio(*(medians(runs, "channel_std", when) for runs in sides))
            values |= alone.named(f"f_alone_std_ratio_{depth}")
            values |= channel.named(f"channel_std_ratio_{depth}")
        if have_initial(records):
            start = ratio(*(measure(runs, "initial") for runs in sides))
            before.append(f"{number(start.estimate)} at depth {depth}")
    sentence = (
        f"{words} of all 3×3 layers ({STATES[when]} BN statistics), plain over "
        f"residual, as geometric means over trainings: {'; '.join(told)}."
    )
    sentence += f" Before training: {listed(before)}." if have_initial(records) else ""
    holds = all(i.lower > 1 if threshold == 1 else i.lower >= threshold for i in found)
    fails = all(i.upper < threshold for i in found)
    seeds = min(i.seeds for i in found)
    unclear = [str(d) for d, i in zip(JUDGED, found) if i.lower <= threshold <= i.upper]
    doubt = ""
    if unclear and not too_few(seeds):
        doubt = f"At depth {listed(unclear)} the interval contains the threshold."
    return conclude(holds, fails, sentence, values, records, seeds, doubt=doubt)


def have_initial(runs: list[Record]) -> bool:
    """Whether all of them were measured before training, as networks of others were not."""
    return all("initial" in run["responses"] for run in runs)


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
    threshold: float,
    small: bool = True,
) -> Finding:
    """A quantity of the residual functions, at every ResNet depth that the scale has.

    Supported if it is below the threshold at all of them, or if not `small` at least the threshold.
    Beside it stands the same before training; for networks of others, in our own on CIFAR-10.
    """
    records, found, told, before = [], [], [], []
    values: dict[str, float] = {}
    public = evidence.scale == "public"
    untrained = Evidence("desk", evidence.root) if public else evidence
    for depth in RESNETS:
        if not (runs := evidence.found("residual", depth)):
            continue
        records += runs
        found.append(measure(runs, evidence.state))
        told.append(f"{found[-1]} in ResNet-{depth}")
        values |= found[-1].named(f"{measure.__name__}_{depth}")
        if starts := untrained.found("residual", depth):
            records += starts if public else []
            start = measure(starts, "initial")
            values |= start.named(f"{measure.__name__}_{depth}_initial")
            before.append(f"{number(start.estimate)} in ResNet-{depth}")
    if not found:
        raise MissingRecordError(f"No ResNet at scale {evidence.scale}.")
    sentence = f"{words} (F(x) alone, {STATES[evidence.state]} BN statistics): {'; '.join(told)}."
    whose = ", in ours at scale desk" if public else ""
    sentence += f" Before training{whose}: {listed(before)}." if before else ""
    below = all(interval.upper < threshold for interval in found)
    reached = all(interval.lower >= threshold for interval in found)
    rule = (below, reached) if small else (reached, below)
    return conclude(*rule, sentence, values, records, min(interval.seeds for interval in found))


def share_within_tenth(runs: list[Record], when: str) -> Interval:
    """Share of the elements of F(x) within ±0.1, mean over blocks, over networks."""
    return mean([fmean(layer_values(run, "within_tenth", when, second=True)) for run in runs])


def mean_over_std(runs: list[Record], when: str) -> Interval:
    """Mean over blocks of |mean|/std of F(x), over networks."""
    columns = [[layer_values(r, c, when, True) for c in ("mean", "std")] for r in runs]
    return mean([fmean(abs(m) / max(s, FLOOR) for m, s in zip(*c)) for c in columns])


def relative_medians(runs: list[Record], when: str) -> list[float]:
    """Median over the identity-shortcut blocks of ‖F(x)‖/‖x‖, for each network."""
    return [max(median(block_values(r, "ratio", when)), FLOOR) for r in runs]


def relative_response(runs: list[Record], when: str) -> Interval:
    """The same, over networks."""
    return geometric_mean(relative_medians(runs, when))


def within_a_tenth(evidence: Evidence) -> Finding:
    """Share of the elements of F(x) within ±0.1, against nine tenths; half, a weaker reading of
    the claim, is told beside."""
    words = "Share of the elements within ±0.1"
    found = at_every_depth(evidence, share_within_tenth, words, GREAT_MAJORITY, small=False)
    ends = {d: found.values.get(f"share_within_tenth_{d}_lower", 0) for d in RESNETS}
    half = listed(
        [f"ResNet-{depth}" for depth, end in ends.items() if end >= HALF] or ["no ResNet"]
    )
    return replace(
        found,
        sentence=f"{found.sentence} The weaker reading, at least half of them, holds in {half}.",
    )


def mean_is_zero(evidence: Evidence) -> Finding:
    """Mean over blocks of |mean|/std of F(x), against a tenth."""
    return at_every_depth(evidence, mean_over_std, "Mean over blocks of |mean|/std", TENTH)


def response_near_zero(evidence: Evidence) -> Finding:
    """Median over blocks of ‖F(x)‖/‖x‖ after training, against a tenth."""
    return at_every_depth(evidence, relative_response, "Median over blocks of ‖F(x)‖/‖x‖", TENTH)


def deeper_is_smaller(evidence: Evidence) -> Finding:
    """Median std falls from each ResNet to the next deeper one; the plain nets' own fall beside."""
    depths = PUBLIC if evidence.scale == "public" else OURS
    groups = {depth: evidence.networks("residual", depth) for depth in depths}
    steps = falls(list(groups.values()), evidence.state)
    (whole,) = falls([groups[20], groups[56]], evidence.state)
    values, told = whole.named("resnet_20_over_56_ratio"), []
    for (a, b), step in zip(pairwise(depths), steps):
        values |= step.named(f"resnet_{a}_over_{b}_ratio")
        told.append(f"{a} over {b}: {step}")
    if 56 not in depths[:2]:
        told.append(f"20 over 56: {whole}")
    sentence = (
        f"Median std of all 3×3 layers of ResNets ({STATES[evidence.state]} BN statistics), "
        f"{'; '.join(told)}."
    )
    beside: list[Record] = []
    plains = [evidence.found("plain", depth) for depth in JUDGED]
    if all(plains):
        (plain,) = falls(plains, evidence.state)
        values |= plain.named("plain_20_over_56_ratio")
        sentence += f" Plain nets, 20 over 56: {plain}."
        beside = [run for runs in plains for run in runs]
    every, overall = all(step.lower > 1 for step in steps), whole.lower > 1
    caution = "Only 20 over 56 holds, not each step between." if overall and not every else ""
    records = [run for runs in groups.values() for run in runs] + beside
    seeds = min(step.seeds for step in steps)
    return conclude(every or overall, whole.upper < 1, sentence, values, records, seeds, caution)


def falls(groups: list[list[Record]], when: str) -> list[Interval]:
    """How many times larger the median std is than in the next deeper network."""
    return [ratio(std_of(shallow, when), std_of(deep, when)) for shallow, deep in pairwise(groups)]
