"""Rules on blocks one by one (000, §3; 002, §4): what they add, and what losing them costs."""

from functools import cache
from statistics import fmean, median

from residual.claims.evidence import (
    Evidence,
    MissingRecordError,
    block_stds,
    by_member,
    identity_blocks,
    share,
    wrong,
)
from residual.claims.verdicts import Finding, Measure, Reason, averaged, conclude, rated, single
from residual.probes import identity_median
from residual.recipe import KINDS
from residual.statistics import (
    FEWEST_SEEDS,
    concordance,
    mean_correlation,
    number,
    rank_correlation,
    ratio,
)
from residual.store import Record

SURE = 0.05
POINT = 1.0  # of test error: what a block that does little may cost
TWICE = 2.0


def with_probe(evidence: Evidence, kind: str, depth: int, name: str) -> list[Record]:
    """The networks that a probe was run on; MissingRecordError if there is none."""
    found = [run for run in evidence.networks(kind, depth) if name in run["probes"]]
    if not found:
        raise MissingRecordError(f"{name} of {kind}-{depth} at scale {evidence.scale}: not there.")
    return found


def by_stage(run: Record, values: list[float]) -> list[list[float]]:
    """Values by identity block, split into the three stages."""
    stage = len(run["responses"]["final"]["blocks"]["block"]) // 3
    places = [block // stage for block in identity_blocks(run)]
    return [[v for v, place in zip(values, places) if place == s] for s in range(3)]


def rises(run: Record) -> list[float]:
    """Rise in test error, in points, when each identity block is deleted, in order."""
    errors = run["probes"]["lesions"]["test_error"]
    return [errors[i + 1] - errors[0] for i in identity_blocks(run)]


def stds_by_member(runs: list[Record], when: str) -> list[list[float]]:
    """The std of F(x) by identity block, a row a source or seed: (members, blocks)."""
    blocks = range(len(identity_blocks(runs[0])))
    columns = [by_member(runs, lambda run, i=i: block_stds(run, when)[i]) for i in blocks]
    return [[column[member] for column in columns] for member in columns[0]]


@cache
def lesion_correlation(run: Record, when: str) -> float:
    """Spearman's ρ over identity blocks of the std of F(x) with the rise on deletion."""
    return rank_correlation(block_stds(run, when), rises(run))


@cache
def stage_correlation(run: Record, when: str) -> float:
    """The same within stages: the mean over the three stages."""
    stds, costs = by_stage(run, block_stds(run, when)), by_stage(run, rises(run))
    return fmean(map(rank_correlation, stds, costs))


def correlated(name: str, runs: list[Record], read, judged: bool = True) -> Measure:
    """Rank correlations by training, averaged by Fisher's z, against zero."""
    values = by_member(runs, read, fmean)
    return Measure(name, mean_correlation(list(values.values())), values, 0.0, judged=judged)


def large_only_when_needed(evidence: Evidence) -> Finding:
    """Need is what a deletion costs: within stages, do blocks that respond more cost more?

    Supported (with a caveat) if the mean rank correlation surely lies above zero and the order of
    the blocks by response repeats within stages (permutations, p < 0.05); refuted where it surely
    lies below zero.
    """
    runs, when = with_probe(evidence, "residual", 56, "lesions"), evidence.state
    within = correlated("within", runs, lambda run: stage_correlation(run, when))
    whole = correlated("whole", runs, lambda run: lesion_correlation(run, when), judged=False)
    measures, numbers, told, repeats = [within, whole], {}, {}, False
    rows = stds_by_member(runs, when)
    if len(rows) >= FEWEST_SEEDS:
        parts = zip(*(map(tuple, by_stage(runs[0], row)) for row in rows))
        agreement, p = concordance(tuple(parts))
        numbers = {"p": p}
        told = {"p": p, "by_stage": ", ".join(number(w, 2) for w in agreement)}
        measures += [single("agreement", w, group=f"stage {i}") for i, w in enumerate(agreement, 1)]
        repeats = p < SURE
    return conclude(
        within.interval.lower > 0 and repeats,
        within.interval.upper < 0,
        measures,
        runs,
        numbers=numbers,
        caution=[Reason("order-repeats", told)] if repeats else (),
        doubt=() if repeats or within.interval.lower <= 0 else [Reason("order-by-chance", told)],
    )


def half_that_responds_less(run: Record, when: str) -> float:
    """Median rise on deletion of the half of the identity blocks with the smaller std of F(x)."""
    pairs = sorted(zip(block_stds(run, when), rises(run)))
    return median(rise for _, rise in pairs[: len(pairs) // 2])


def response_means_dispensable(evidence: Evidence) -> Finding:
    """Blocks with small responses do little: deleting one of the less responding half of ResNet-56
    costs at most a point of test error (median). Refuted where it surely costs more.

    The rank correlation over all identity blocks, and plain-56, stand beside.
    """
    runs, when = with_probe(evidence, "residual", 56, "lesions"), evidence.state

    def cost(records: list[Record]) -> dict[str, float]:
        return by_member(records, lambda run: half_that_responds_less(run, when), fmean)

    found = averaged("rise", cost(runs), POINT)
    beside = [correlated("whole", runs, lambda run: lesion_correlation(run, when), judged=False)]
    plain = [run for run in evidence.found("plain", 56) if "lesions" in run["probes"]]
    if plain:
        beside.append(averaged("rise_plain", cost(plain), POINT, judged=False))
    rule = found.interval.upper <= POINT, found.interval.lower > POINT
    return conclude(*rule, [found, *beside], runs + plain, caution=[Reason("one-by-one")])


def cured_by_surplus(evidence: Evidence) -> Finding:
    """ResNet-56 without its 18 identity blocks of least ‖F(x)‖/‖x‖ against ResNet-20.

    Supported (with a caveat) if it surely keeps at most twice ResNet-20's test error and each of
    these blocks by itself costs at most a point (median); refuted where it surely errs more than
    twice as much. Its errors are those on the first test images, as many as the probe says. Blocks
    shuffled within their stage stand beside.
    """
    runs = with_probe(evidence, "residual", 56, "surplus")

    def joint(run: Record) -> float | None:
        if run.depth == 20:
            return wrong("test")(run)
        found = run["probes"].get("surplus")
        return found and share(found["joint"], found["images"])

    together = evidence.ratio("joint", ("residual", 56), ("residual", 20), joint, TWICE)
    alone = averaged("alone", by_member(runs, cost_of_surplus, fmean), POINT)
    whole = {
        key: by_member(runs, lambda r, k=key: r["probes"]["surplus"][k], fmean) for key in PARTS
    }
    beside = [averaged(f"{key}_error", found, judged=False) for key, found in whole.items()]
    holds = together.interval.upper <= TWICE and alone.interval.upper <= POINT
    records = runs + evidence.networks("residual", 20)
    fails, caution = together.interval.lower > TWICE, [Reason("not-trained-without")]
    return conclude(holds, fails, [together, alone, *beside], records, caution=caution)


PARTS = ("whole", "joint", "shuffled")
"""The test errors that the probe of surplus blocks measures."""


def cost_of_surplus(run: Record) -> float:
    """Median rise in test error on deleting one of the surplus blocks by itself."""
    errors = run["probes"]["lesions"]["test_error"]
    return median(errors[block] - errors[0] for block in run["probes"]["surplus"]["deleted"])


def sine_of(run: Record, when: str) -> float | None:
    """Median over identity blocks of the sine of the angle between a block's input and output;
    None where it was not measured."""
    found = run["probes"].get("angles")
    return found and identity_median(found[when], "sine")


def nearer_the_identity(evidence: Evidence) -> Finding:
    """Free of scale: the angle between a block's input and its output before the last ReLU.

    Supported if its sine is surely larger in plain nets than in residual ones of depths 20 and 56,
    by pairs; refuted where it is surely smaller at either. The same before training, in our own
    starts, stands beside, since adding x brings the output nearer by construction; and what
    training adds, the ratio of the two (Welch's t on logarithms).
    """
    measures, records = [], []
    for depth in (20, 56):
        sides = [(kind, depth) for kind in KINDS]
        records += [run for side in sides for run in with_probe(evidence, *side, "angles")]
        measures.append(
            evidence.ratio("ratio", *sides, lambda r: sine_of(r, evidence.state), 1.0, str(depth))
        )
    if start := evidence.at("desk").stored("untrained-networks"):
        records.append(start)
        for depth in (20, 56):
            ratios = {
                str(seed): m[f"plain-{depth}"]["sine"] / m[f"residual-{depth}"]["sine"]
                for seed, m in zip(start.seeds, start.measurements)
            }
            before = rated("start", ratios, 1.0, str(depth), judged=False)
            after = next(m for m in measures if m.judged and m.group == before.group)
            added = ratio([*after.trainings.values()], [*ratios.values()])
            measures += [before, Measure("added", added, {}, 1.0, str(depth), judged=False)]
    judged = [measure.interval for measure in measures if measure.judged]
    holds = all(interval.lower > 1 for interval in judged)
    return conclude(holds, any(i.upper < 1 for i in judged), measures, records)
