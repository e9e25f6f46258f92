"""Note 000, §3 and its end: preconditioning, and the line of argument as a whole."""

from residual.claims.claim import (
    AGREES,
    CAVEAT,
    INCONCLUSIVE,
    NOT_SUPPORTED,
    SILENT,
    SUPPORTED,
    Claim,
    Finding,
    conclude,
    too_few,
)
from residual.claims.evidence import Evidence, MissingRecordError, block_values, medians, names
from residual.statistics import Interval, geometric_mean, ratio
from residual.store import Record

MATRICES = {
    "jacobian_initial": "Jacobian at initialisation",
    "jacobian_trained": "Jacobian after training",
    "gauss_newton_initial": "Gauss–Newton matrix at initialisation",
    "gauss_newton_trained": "Gauss–Newton matrix after training",
}

CHAIN: tuple[tuple[str, str], ...] = (
    ("hypothesis", "zero-is-easy"),
    ("prediction", "identity-by-default"),
    ("check", "response-near-zero"),
    ("consequence", "response-means-dispensable"),
    ("conclusion", "chain-is-valid"),
)
"""The note's line of argument: each link, and the claim whose verdict it carries."""


def preconditioning(evidence: Evidence) -> Finding:
    """Plain over residual spread (largest over median singular value), of the input–output
    Jacobian and of the Gauss–Newton matrix, at initialisation and trained.

    Supported if all four lower ends exceed 1, with a caveat if some do.
    """
    record = evidence.experiment("preconditioning")
    found: dict[str, Interval] = {}
    for matrix in ("jacobian", "gauss_newton"):
        for when in ("initial", "trained"):
            sides = [
                [
                    row["spread"]
                    for m in record.measurements
                    for row in m["rows"]
                    if (row["kind"], row["matrix"], row["when"]) == (kind, matrix, when)
                ]
                for kind in ("plain", "residual")
            ]
            found[f"{matrix}_{when}"] = ratio(*sides)
    values: dict[str, float] = {}
    for name, interval in found.items():
        values |= interval.named(f"{name}_spread_ratio")
    held = [MATRICES[name] for name, i in found.items() if i.lower > 1]
    told = "; ".join(f"{MATRICES[name]} {i}" for name, i in found.items())
    caution = "" if len(held) == len(found) or not held else f"Only for: {', '.join(held)}."
    return conclude(
        bool(held),
        all(i.upper < 1 for i in found.values()),
        f"Spread of singular values, plain over residual: {told}.",
        values,
        [record.name],
        min(i.seeds for i in found.values()),
        caution,
    )


def accumulation(runs: list[Record]) -> Interval:
    """‖F(x)‖/‖x‖ of the last identity block over the first one, before any training."""
    ratios = [block_values(run, "ratio", "initial") for run in runs]
    return geometric_mean([max(r[-1], 1e-12) / r[0] for r in ratios])


def chain_is_valid(evidence: Evidence) -> Finding:
    """Small responses would be proof only if nothing else made them small.

    Rivals: signal that accumulates along the shortcut (responses fall with depth before any
    training), and weight decay that shrinks γ (larger responses without it). One that holds
    breaks the chain. Measurements that fit an argument do not prove it, so without a rival the
    verdict is inconclusive.
    """
    runs = evidence.networks("residual", 56)
    grown = accumulation(runs)
    values, records, seeds = grown.named("last_over_first_initial_ratio"), names(runs), grown.seeds
    rivals = ["accumulation along the shortcut"] if grown.upper < 1 else []
    told = f"Before training, ‖F(x)‖/‖x‖ of the last block is {grown} times that of the first."
    try:
        free = evidence.networks("residual", 56, "no-gamma-decay")
        shrunk = ratio(*(medians(group, "std", "final") for group in (free, runs)))
        values |= shrunk.named("std_without_over_with_gamma_decay_ratio")
        rivals += ["weight decay on γ"] if shrunk.lower > 1 else []
        records += names(free)
        told += f" Without decay on γ the median std is {shrunk} times as large."
    except MissingRecordError:
        told += " The run without decay on γ: not run."
    reason = f"Rival explanations that hold: {', '.join(rivals)}." if rivals else ""
    verdict = NOT_SUPPORTED if rivals else INCONCLUSIVE
    none = "No rival was confirmed, and agreement with a prediction is no proof."
    reason = reason or f"{too_few(seeds)} {none}".strip()
    return Finding(verdict, told, values, records, seeds, reason)


CLAIMS = (
    Claim(
        id="preconditioning",
        note="000",
        section="3",
        english="The identity mapping is a good preconditioner.",
        chinese="恒等映射是一个良好的预处理。",
        paper=AGREES,
        where="§3.1; §4.2",
        quantity="largest over median singular value, plain over residual (small nets)",
        unit="ratio",
        rule="supported if all four lower ends > 1, caveat if some; not supported if all upper < 1",
        verdicts=(SUPPORTED, CAVEAT, NOT_SUPPORTED, INCONCLUSIVE),
        judge=preconditioning,
    ),
    Claim(
        id="chain-is-valid",
        note="000",
        section="3, end",
        english="Small responses prove that the motivation of residual learning is right.",
        chinese="响应值小证实了残差学习的动机。",
        paper=SILENT,
        where="§4.2 says suggests and supports, not proves",
        quantity="rival explanations: accumulation along the shortcut, weight decay on γ",
        unit="ratio",
        rule="not supported if a rival explanation holds; else inconclusive",
        verdicts=(NOT_SUPPORTED, INCONCLUSIVE),
        judge=chain_is_valid,
    ),
)
