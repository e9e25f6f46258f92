"""Rules on what small responses mean, and on the note's line of argument (note 000, §3)."""

from statistics import fmean, median

from residual.claims.about_responses import falls
from residual.claims.evidence import (
    FLOOR,
    Evidence,
    MissingRecordError,
    block_stds,
    block_values,
    identity_blocks,
    medians,
    rows_of,
)
from residual.claims.verdicts import Finding, conclude, too_few
from residual.recipe import KINDS
from residual.statistics import (
    FEWEST_SEEDS,
    PERMUTATIONS,
    Interval,
    concordance_p,
    geometric_mean,
    holm,
    kendall_w,
    listed,
    mean_correlation,
    number,
    rank_correlation,
    ratio,
    ratio_p,
)
from residual.store import Record

SURE = 0.05

CHAIN: tuple[tuple[str, str, str], ...] = (
    ("hypothesis", "zero-is-easy", "stacks of blocks by themselves"),
    ("prediction", "identity-by-default", "networks before training"),
    ("check", "response-near-zero", "trained networks"),
    ("consequence", "response-means-dispensable", "trained networks"),
    ("conclusion", "chain-is-valid", "trained networks of full length"),
)
"""The note's line of argument: each link, the claim whose verdict it carries, and on what that is
measured."""


def large_only_when_needed(evidence: Evidence) -> Finding:
    """Whether trainings agree on the order of the identity blocks by the std of F(x).

    Agreement shows that the place in the net decides; that it is need is not shown by it, so the
    best value is a caveat.
    """
    runs = evidence.networks("residual", 56)
    stds = [block_stds(run, evidence.state) for run in runs]
    average = [fmean(column) for column in zip(*stds)]
    strongest = 1 + identity_blocks(runs[0])[average.index(max(average))]
    values = {"strongest_block": float(strongest)}
    sentence = f"In ResNet-56, F(x) of block {strongest} responds most among identity blocks"
    if len(runs) < FEWEST_SEEDS:
        return conclude(False, False, f"{sentence}.", values, runs, len(runs))
    w, p = float(kendall_w(*stds)), concordance_p(stds)
    values |= {"kendall_w": w, "permutation_p": p}
    within = [float(kendall_w(*part)) for part in by_stage(runs[0], stds)]
    values |= {f"kendall_w_stage_{i}": value for i, value in enumerate(within, start=1)}
    sentence += (
        f"; the order of {len(average)} blocks in {len(runs)} trainings agrees with Kendall's W = "
        f"{number(w)} (p = {number(p, 2)} of {PERMUTATIONS:,} permutations; within stages "
        f"{listed([number(value, 2) for value in within])}, where chance gives "
        f"{number(1 / len(runs), 2)})."
    )
    caution, doubt = "", "The order may repeat by chance."
    if p < SURE:
        caution = (
            "Only the order was tested, and it repeats; whether the large ones are needed is asked "
            "by response-means-dispensable."
        )
    return conclude(p < SURE, False, sentence, values, runs, len(runs), caution, doubt)


def by_stage(run: Record, rows: list[list[float]]) -> list[list[list[float]]]:
    """Values by identity block, rows of trainings, split into the three stages."""
    stage = len(run["responses"]["final"]["blocks"]["block"]) // 3
    places = [block // stage for block in identity_blocks(run)]
    return [[[v for v, p in zip(row, places) if p == s] for row in rows] for s in range(3)]


def rises(run: Record) -> list[float]:
    """Rise in test error, in points, when each identity block is deleted, in order."""
    errors = run["probes"]["lesions"]["test_error"]
    return [errors[i + 1] - errors[0] for i in identity_blocks(run)]


def lesion_correlation(run: Record, when: str) -> float:
    """Spearman's ρ over identity blocks of the std of F(x) with the rise on deletion."""
    return rank_correlation(block_stds(run, when), rises(run))


def relative_correlation(runs: list[Record], when: str) -> Interval:
    """Spearman's ρ over identity blocks of ‖F(x)‖/‖x‖ with the rise on deletion, over networks."""
    found = []
    for run in runs:
        ratios = [run["responses"][when]["blocks"]["ratio"][i] for i in identity_blocks(run)]
        pairs = [pair for pair in zip(ratios, rises(run)) if pair[0] is not None]
        if not pairs:
            raise MissingRecordError(f"{run.name}: no block has a finite ‖F(x)‖/‖x‖.")
        found.append(rank_correlation(*zip(*pairs)))
    return mean_correlation(found)


def response_means_dispensable(evidence: Evidence) -> Finding:
    """In ResNet-56, identity blocks that respond less are missed less when deleted; plain-56
    beside."""
    runs = [r for r in evidence.networks("residual", 56) if "lesions" in r["probes"]]
    if not runs:
        raise MissingRecordError(f"Lesions of ResNet-56 at scale {evidence.scale}: not there.")
    found = mean_correlation([lesion_correlation(run, evidence.state) for run in runs])
    values = found.named("residual_rank_correlation")
    stds = by_stage(runs[0], [block_stds(run, evidence.state) for run in runs])
    deleted = by_stage(runs[0], [rises(run) for run in runs])
    stages = [
        mean_correlation(list(map(rank_correlation, *stage))).estimate
        for stage in zip(stds, deleted)
    ]
    values |= {f"stage_{i}_rank_correlation": rho for i, rho in enumerate(stages, start=1)}
    values["residual_median_rise_points"] = median(median(rises(run)) for run in runs)
    sentence = (
        "In ResNet-56 the rank correlation over identity blocks between the std of F(x) and "
        f"the rise in test error when the block is deleted is {found}; within stages "
        f"{listed([number(rho, 2) for rho in stages])}. With ‖F(x)‖/‖x‖ in place of the std it is "
        f"{relative_correlation(runs, evidence.state)}. Deleting a block adds a median of "
        f"{number(values['residual_median_rise_points'])} points to the test error."
    )
    if plain := evidence.found("plain", 56):
        beside = mean_correlation([lesion_correlation(run, evidence.state) for run in plain])
        values |= beside.named("plain_rank_correlation")
        values["plain_median_rise_points"] = median(median(rises(run)) for run in plain)
        sentence += (
            f" In plain-56 it is {beside} by the std and "
            f"{relative_correlation(plain, evidence.state)} by the ratio (both depend on a scale "
            "that is free in each layer of a plain net), and a deletion adds "
            f"{number(values['plain_median_rise_points'])} points."
        )
    sentence += (
        " This ranks blocks by size; how near they are to the identity is asked by "
        "response-near-zero."
    )
    return conclude(found.lower > 0, found.upper <= 0, sentence, values, runs + plain, found.seeds)


def participation(evidence: Evidence) -> dict[str, list[list[float]]]:
    """Participation ratios by what was measured: plain and residual, one a seed or source.

    Jacobians of blocks before the last ReLU, medians over identity blocks: untrained, of small
    networks (quick) or of depth 56 on CIFAR-10 (the other scales), and trained where the scale has
    networks of full length. The Gauss–Newton matrix at initialisation, of small networks.
    """
    if evidence.full_length:
        untrained = untrained_of(evidence).measurements
        trained = {kind: evidence.networks(kind, 56) for kind in KINDS}
        probed = {k: [r["probes"] for r in runs] for k, runs in trained.items()}
        if not all(any("jacobian" in probes for probes in probed[kind]) for kind in KINDS):
            raise MissingRecordError(f"Jacobians at scale {evidence.scale}: not measured.")
        return {
            "the Jacobian at initialisation": [
                [jacobian_median(tables[kind]) for tables in untrained] for kind in KINDS
            ],
            "the Jacobian after training": [
                [jacobian_median(p["jacobian"]) for p in probed[kind] if "jacobian" in p]
                for kind in KINDS
            ],
        }
    record = evidence.experiment("preconditioning")
    matrices = {"jacobian": "the Jacobian", "gauss_newton": "the Gauss–Newton matrix"}
    return {
        f"{words} at initialisation": [
            [row["participation"] for row in rows_of(record, kind=kind, matrix=matrix)]
            for kind in KINDS
        ]
        for matrix, words in matrices.items()
    }


def untrained_of(evidence: Evidence) -> Record:
    """The experiment with Jacobians of untrained networks of depth 56 on CIFAR-10."""
    return Evidence("desk", evidence.root).experiment("untrained-jacobians")


def jacobian_median(table: dict) -> float:
    """Median participation ratio over the blocks whose shortcut is an identity."""
    pairs = zip(table["participation"], table["widening"])
    return median(value for value, wide in pairs if not wide)


def preconditioning(evidence: Evidence) -> Finding:
    """Residual over plain participation ratio; Holm's correction over what is tested."""
    groups = participation(evidence)
    found = {words: ratio(residual, plain) for words, (plain, residual) in groups.items()}
    values: dict[str, float] = {}
    for words, interval in found.items():
        key = words.removeprefix("the ").replace(" ", "_").replace("–", "_").lower()
        values |= interval.named(f"{key}_ratio")
    seeds = min(interval.seeds for interval in found.values())
    enough = seeds >= FEWEST_SEEDS
    chances = {words: ratio_p(*sides) for words, sides in groups.items()} if enough else {}
    sure = holm(chances)
    jacobians = {words: i for words, i in found.items() if "Jacobian" in words}
    larger = [words for words, i in jacobians.items() if words in sure and i.lower > 1]
    smaller = all(interval.upper < 1 for interval in jacobians.values())
    told = "; ".join(
        f"{words} {interval}" + (f", p = {number(chances[words], 2)}" if enough else "")
        for words, interval in found.items()
    )
    sentence = f"Participation ratio of singular values, residual over plain: {told}."
    sentence += " By Holm's procedure these p are judged together." if enough else ""
    sentence += (
        " An even Jacobian alone makes no descent faster, and adding the identity evens almost any."
    )
    records = [r for k in KINDS for r in evidence.networks(k, 56)] if evidence.full_length else []
    if evidence.full_length:
        records.append(untrained_of(evidence))
        sentence += " Those at initialisation are untrained networks of our own."
    caution = f"Only for {listed(larger)}." if len(larger) == 1 else ""
    return conclude(bool(larger), smaller, sentence, values, records, seeds, caution)


def accumulation(runs: list[Record], when: str) -> Interval:
    """‖F(x)‖/‖x‖ of the last identity block over the first one."""
    ratios = [block_values(run, "ratio", when) for run in runs]
    return geometric_mean([max(r[-1], FLOOR) / r[0] for r in ratios])


def chain_is_valid(evidence: Evidence) -> Finding:
    """Small responses would be proof only if nothing else made them small.

    Rivals, tested on trained networks of full length: (a) signal accumulates along the shortcut,
    so ‖F(x)‖/‖x‖ falls with the block; (b) weight decay shrinks γ; (c) depth alone: the responses
    of plain nets fall with depth as well. One that holds breaks the chain. Measurements that fit
    an argument do not prove it, so without a rival the verdict is inconclusive.
    """
    if not evidence.full_length:
        raise MissingRecordError("Judged on trained networks of the paper's length alone.")
    runs, when = evidence.networks("residual", 56), evidence.state
    shallow, deep = (evidence.networks("plain", depth) for depth in (20, 56))
    grown, (fall,) = accumulation(runs, when), falls([shallow, deep], when)
    values = grown.named("last_over_first_block_ratio") | fall.named("plain_20_over_56_std_ratio")
    rivals = ["accumulation along the shortcut"] if grown.upper < 1 else []
    rivals += ["depth alone"] if fall.lower > 1 else []
    told = (
        f"In trained ResNet-56, ‖F(x)‖/‖x‖ of the last identity block is {grown} times that of "
        f"the first; the median std of plain-20 over that of plain-56 is {fall}"
    )
    if free := evidence.found("residual", 56, "no-gamma-decay"):
        shrunk = ratio(medians(free, "std", when), medians(runs, "std", when))
        values |= shrunk.named("std_without_over_with_gamma_decay_ratio")
        rivals += ["weight decay on γ"] if shrunk.lower > 1 else []
        told += f"; without decay on γ the median std is {shrunk} times as large."
    else:
        told += (
            ". Weight decay on γ is not testable here: it needs a training of full length without "
            "it; short ones stand beside and are not judged."
        )
    seeds, records = min(grown.seeds, fall.seeds), runs + shallow + deep + free
    caution = f"Rival explanations that hold: {listed(rivals)}." if rivals else ""
    none = "No rival was shown to hold, and agreement with a prediction is no proof."
    doubt = f"{too_few(seeds)} {none}".strip()
    return conclude(False, bool(rivals), told, values, records, seeds, caution, doubt)
