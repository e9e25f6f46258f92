"""Rules on what small responses mean, and on the note's line of argument (note 000, §3)."""

from statistics import geometric_mean

from residual.claims.about_responses import relative_median, response_near_zero
from residual.claims.evidence import (
    FLOOR,
    Evidence,
    MissingRecordError,
    block_values,
    by_member,
    layer_median,
)
from residual.claims.verdicts import NOT_SUPPORTED, Finding, Measure, Reason, conclude, rated
from residual.probes import identity_median
from residual.recipe import KINDS
from residual.statistics import ratio
from residual.store import Record

NO_GAMMA_DECAY = "no-gamma-decay"
"""The variant whose γ and β do not decay."""

CHAIN: tuple[tuple[str, str], ...] = (
    ("hypothesis", "zero-is-easy"),
    ("prediction", "identity-by-default"),
    ("check", "response-near-zero"),
    ("consequence", "response-means-dispensable"),
    ("conclusion", "chain-is-valid"),
)
"""The note's line of argument: each link, and the claim whose verdict it carries."""


def kernel_of(run: Record) -> float | None:
    """The participation ratio of a network's neural tangent kernel; None if not measured."""
    return run["probes"].get("kernel", {}).get("participation")


def evenness(run: Record) -> float:
    """The participation ratio of the blocks' Jacobians, a median."""
    return identity_median(run["probes"]["jacobian"], "participation")


def preconditioning(evidence: Evidence) -> Finding:
    """Evenness of the curvature: participation ratio of the tangent kernel's eigenvalues.

    Residual over plain at depth 56, by pairs, before training (our own starts on CIFAR-10) and
    after it. Supported if it surely exceeds 1 at both, refuted where it surely falls below 1 at
    both. The Jacobians of blocks stand beside: an even one restates that F is small.
    """
    if not evidence.full_length:
        raise MissingRecordError("Judged on trained networks of the paper's length.")
    untrained = evidence.at("desk").experiment("untrained-networks")
    start = {
        str(seed): m["residual-56"]["kernel"] / m["plain-56"]["kernel"]
        for seed, m in zip(untrained.seeds, untrained.measurements)
    }
    sides = [(kind, 56) for kind in reversed(KINDS)]
    found = [rated("ratio", start, 1.0, "before training")]
    found.append(evidence.ratio("ratio", *sides, kernel_of, 1.0, "trained"))
    records = [run for side in sides for run in evidence.networks(*side)]
    beside = []
    if all("jacobian" in run["probes"] for run in records):
        beside = [evidence.ratio("jacobian", *sides, evenness, judged=False)]
    holds = all(measure.interval.lower > 1 for measure in found)
    fails = all(measure.interval.upper < 1 for measure in found)
    caution = [Reason("one-measure")]
    seeds = found[-1].interval.seeds  # pairs of trained networks; the starts are ours
    return conclude(holds, fails, [*found, *beside], [*records, untrained], seeds, caution=caution)


def accumulation(runs: list[Record], when: str) -> Measure:
    """‖F(x)‖/‖x‖ of the last identity block over the first one."""

    def read(run: Record) -> float:
        ratios = block_values(run, "ratio", when)
        return max(ratios[-1], FLOOR) / ratios[0]

    return rated("accumulation", by_member(runs, read), 1.0)


def without_over_with(evidence: Evidence) -> list[Measure]:
    """ResNet-56 without weight decay on γ over ResNet-56 with it: median std of F(x), and median
    ‖F(x)‖/‖x‖. Two groups, by Welch's t on logarithms; none where one lacks. The value of each
    training is over the geometric mean of those with decay."""
    when = evidence.state
    groups = [evidence.found("residual", 56, variant) for variant in (NO_GAMMA_DECAY, "")]
    if not all(groups):
        return []
    reads = {
        "free_std": lambda run: layer_median(run, "std", when, second=True),
        "free_relative": lambda run: relative_median(run, when),
    }
    measures = []
    for name, read in reads.items():
        free = {run.name: read(run) for run in groups[0]}
        usual = by_member(groups[1], read)
        found = ratio(list(free.values()), list(usual.values()))
        beside = {run: value / geometric_mean(usual.values()) for run, value in free.items()}
        measures.append(Measure(name, found, beside, 1.0))
    return measures


def chain_is_valid(evidence: Evidence) -> Finding:
    """A chain breaks where a link does.

    Refuted if the claim of its check (response-near-zero) is not supported at this scale, or if a
    rival holds: (a) signal accumulates along the shortcut, so that ‖F(x)‖/‖x‖ falls with the block;
    (b) decay on γ makes responses small: without it the median std of F(x), or ‖F(x)‖/‖x‖, is
    surely larger. Else inconclusive, since agreement with a prediction is no proof.
    """
    if not evidence.full_length:
        raise MissingRecordError("Judged on trained networks of the paper's length alone.")
    runs = evidence.networks("residual", 56)
    grown, free = accumulation(runs, evidence.state), without_over_with(evidence)
    check = response_near_zero(evidence)
    refuted = check.verdict == NOT_SUPPORTED
    broken = [Reason("check-fails", {"verdict": check.verdict})] if refuted else []
    rivals = [Reason("accumulates")] if grown.interval.upper < 1 else []
    rivals += [Reason(m.name.replace("_", "-")) for m in free if m.interval.lower > 1]
    without = evidence.found("residual", 56, NO_GAMMA_DECAY)
    if evidence.scale == "public" and free:
        rivals_from = {"who": ", ".join(sorted({str(run.member) for run in without}))}
        broken.append(Reason("free-from", rivals_from))
    return conclude(
        False,
        refuted or bool(rivals),
        [check.measure("ratio", "56"), grown, *free],
        runs + without,
        seeds=grown.interval.seeds,
        caution=[*broken, *rivals],
        doubt=[Reason("no-proof")],
        answer="rival" if rivals and not refuted else "",
    )
