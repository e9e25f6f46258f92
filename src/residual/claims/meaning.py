"""Note 000, §3: what small responses mean, and whether they prove the motivation."""

from itertools import combinations
from statistics import fmean

from residual.claims.claim import (
    CAVEAT,
    INCONCLUSIVE,
    NOT_SUPPORTED,
    SILENT,
    SUPPORTED,
    Claim,
    Finding,
    at_paper,
    conclude,
)
from residual.claims.evidence import Evidence, layer_values, names
from residual.statistics import mean, rank_correlation
from residual.store import Record


def block_stds(run: Record) -> list[float]:
    """Std of F(x) for each block, in order."""
    return layer_values(run, "std", "final", second=True)


def large_only_when_needed(evidence: Evidence) -> Finding:
    """Whether seeds agree on the blocks that respond most: each seed against the others' mean.

    Agreement shows that the place in the net decides; that it is need is not shown by it, so the
    best value is a caveat.
    """
    runs = evidence.networks("residual", 56)
    stds = [block_stds(run) for run in runs]
    pairs = [rank_correlation(a, b) for a, b in combinations(stds, 2)]
    agreement = (
        fmean(p for p in pairs if p is not None) if any(p is not None for p in pairs) else 0.0
    )
    others = [
        [fmean(column) for column in zip(*(s for j, s in enumerate(stds) if j != i))]
        for i in range(len(stds))
        if len(stds) > 1
    ]
    found = mean([rank_correlation(a, b) or 0.0 for a, b in zip(stds, others)] or [0.0])
    average = [fmean(column) for column in zip(*stds)]
    strongest = 1 + average.index(max(average))
    values = {"strongest_block": float(strongest)}
    sentence = (
        f"In ResNet-56 block {strongest} of {len(average)}{place(strongest, len(average))} "
        "responds most. "
    )
    if others:
        values |= found.named("rank_correlation") | {"pairwise_rank_correlation": agreement}
        sentence += f"The rank correlation of a seed's responses with the other seeds' is {found}."
    else:
        sentence += "With one seed it is unknown whether the order repeats."
    holds, fails = found.lower > 0, found.upper <= 0
    caution = "The order of the blocks repeats; that the large ones are needed is another claim."
    given = names(runs), found.seeds, caution if holds else ""
    return at_paper(evidence, conclude(holds, fails, sentence, values, *given))


def place(block: int, blocks: int) -> str:
    """Whether a block is the first or the last of one of the three stages; empty elsewhere."""
    in_stage = (block - 1) % (blocks // 3)
    if in_stage == 0:
        return ", the first of a stage,"
    return ", the last of a stage," if in_stage == blocks // 3 - 1 else ""


def lesion_correlation(run: Record) -> float:
    """Rank correlation over blocks of response strength with the rise in test error on deletion.

    0 where one of them does not vary over blocks.
    """
    lesions = run["probes"]["lesions"]["test_error"]
    rises = [error - lesions[0] for error in lesions[1:]]
    return rank_correlation(block_stds(run), rises) or 0.0


def response_means_dispensable(evidence: Evidence) -> Finding:
    """In ResNet-56, blocks that respond less are missed less when deleted; plain-56 beside."""
    runs = evidence.networks("residual", 56)
    found = mean([lesion_correlation(run) for run in runs])
    values = found.named("residual_rank_correlation")
    rises = [fmean(r["probes"]["lesions"]["test_error"][1:]) for r in runs]
    values["residual_deleted_test_error_percent"] = fmean(rises)
    if evidence.has("plain", 56):
        plain = evidence.networks("plain", 56)
        values |= mean([lesion_correlation(run) for run in plain]).named("plain_rank_correlation")
        rises = [fmean(r["probes"]["lesions"]["test_error"][1:]) for r in plain]
        values["plain_deleted_test_error_percent"] = fmean(rises)
    sentence = (
        "In ResNet-56 the rank correlation over blocks between the std of F(x) and the rise in "
        f"test error when the block is deleted is {found}."
    )
    rule = found.lower > 0, found.upper <= 0
    return at_paper(evidence, conclude(*rule, sentence, values, names(runs), found.seeds))


CLAIMS = (
    Claim(
        id="large-only-when-needed",
        note="000",
        section="3",
        english="F responds strongly only in the places where it must.",
        chinese="只有在必要时，F 才产生较大的响应。",
        paper=SILENT,
        where="",
        quantity="rank correlation over blocks of a seed's std of F(x) with the other seeds'",
        unit="rank correlation",
        rule="with a caveat if the lower end > 0; not supported if the upper end ≤ 0",
        verdicts=(CAVEAT, NOT_SUPPORTED, INCONCLUSIVE),
        judge=large_only_when_needed,
    ),
    Claim(
        id="response-means-dispensable",
        note="000",
        section="3",
        english="Small responses show that blocks stay near the identity and do little.",
        chinese="响应值小说明这些块停留在恒等映射附近，作用很小。",
        paper=SILENT,
        where="§4.2 only infers it",
        quantity="rank correlation over blocks of the std of F(x) with the damage of deletion",
        unit="rank correlation",
        rule="supported if the lower end > 0; not supported if the upper end ≤ 0",
        verdicts=(SUPPORTED, NOT_SUPPORTED, INCONCLUSIVE),
        judge=response_means_dispensable,
    ),
)
