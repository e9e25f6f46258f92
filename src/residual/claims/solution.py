"""Note 002, §1: the solution that the deeper net could copy, and why it might not be found."""

from dataclasses import replace
from statistics import fmean

from residual.claims.backward import VANISHED, gradient_intervals, initial_values, regime
from residual.claims.claim import (
    AGREES,
    CAVEAT,
    DIFFERS,
    INCONCLUSIVE,
    NOT_SUPPORTED,
    SILENT,
    SUPPORTED,
    Claim,
    Finding,
    conclude,
)
from residual.claims.evidence import Evidence, MissingRecordError, names
from residual.claims.stacks import LOSS_FLOOR, counted, error_left, plain_over_residual
from residual.recipe import KINDS
from residual.statistics import difference, number

LOGIT_TOLERANCE = 1e-4
TENFOLD, FEW_BLOCKS = 10.0, 9


def solution_exists(evidence: Evidence) -> Finding:
    """Exact in eval mode for every seed: same predictions, logits within 1e-4."""
    record = evidence.experiment("solution-exists")
    rows = record.measurements
    worst = max(row["eval_logit_difference"] for row in rows)
    exact = all(row["same_predictions"] for row in rows) and worst <= LOGIT_TOLERANCE
    errors = {
        name: [row[f"{name}_train_error"] for row in rows]
        for name in ("shallow", "copied_start", "copied", "random")
    }
    gap = difference(errors["copied"], errors["random"])
    values = {"eval_logit_difference": worst} | gap.named("copied_minus_random_points")
    values["train_mode_logit_difference"] = max(r["train_mode_logit_difference"] for r in rows)
    values |= {f"{name}_train_error_percent": fmean(e) for name, e in errors.items()}
    before, after = (number(values[f"copied{w}_train_error_percent"]) for w in ("_start", ""))
    sentence = (
        f"A plain-56 built from a trained plain-20 and identity layers differs from it by at most "
        f"{number(worst, 2)} in any logit. Trained on, its mean training error goes from "
        f"{before} % to {after} %; minus that of a random start at equal budget it is {gap} "
        "percentage points."
    )
    return conclude(exact, not exact, sentence, values, [record.name], len(rows))


def vanishing_gradients(evidence: Evidence) -> Finding:
    """Supported only if plain-56 with BN vanishes, at initialisation or through training.

    Other starts and nets without BN, where their records exist, are reported beside.
    """
    runs = evidence.networks("plain", 56)
    found = gradient_intervals(runs)
    start, way = found["initial"], found["training"]
    values = found["initial"].named("initial_ratio") | found["training"].named("training_ratio")
    sentence = (
        "In plain-56 with BN, ‖∇W‖/‖W‖ of the first stage over the last is "
        f"{start} at initialisation ({regime(start)}) and {way} through training ({regime(way)})."
    )
    records: tuple[str, ...] = ()
    try:
        record = evidence.experiment("vanishing-gradients")
    except MissingRecordError:
        record = None
    if record:
        records = (record.name,)
        values |= initial_values(record.measurements)
    if evidence.has("plain", 56, "no-bn"):
        bare = gradient_intervals(evidence.networks("plain", 56, "no-bn"))
        values |= bare["training"].named("no_bn_training_ratio")
    ends = list(found.values())
    return conclude(
        any(i.upper < VANISHED for i in ends),
        all(i.lower >= VANISHED for i in ends),
        sentence,
        values,
        names(runs) + records,
        min(i.seeds for i in ends),
        evidence.short,
    )


def identity_is_hard(evidence: Evidence) -> Finding:
    """Tenfold from some depth ≤ 9 blocks on: at that depth and every larger one measured.

    So the lower ends of all depths from 9 on decide; not supported if one upper end is below 10.
    """
    record = evidence.experiment("identity-is-hard")
    by_depth = plain_over_residual(record.measurements, "loss", LOSS_FLOOR)
    starts = [d for d in by_depth if d <= FEW_BLOCKS]
    from_depth = {d: [i for b, i in by_depth.items() if b >= d] for d in starts}
    holds = any(all(i.lower >= TENFOLD for i in later) for later in from_depth.values())
    fails = all(any(i.upper < TENFOLD for i in later) for later in from_depth.values())
    values: dict[str, float] = {}
    told, learnt = [], False
    for blocks, interval in by_depth.items():
        values |= interval.named(f"loss_ratio_{blocks}_blocks")
        left = {k: error_left(record.measurements, k, blocks) for k in ("plain", "residual")}
        values |= {f"{kind}_loss_{blocks}_blocks": error for kind, error in left.items()}
        pair = " against ".join(number(left[kind], 2) for kind in KINDS)
        told.append(f"{pair} at {counted(blocks)}")
        learnt = min(left.values()) <= record["settings"]["tolerance"]
    sentence = (
        f"Relative squared error after {record['settings']['iterations']:,} iterations, plain "
        f"against residual: {'; '.join(told)}."
    )
    caution = "" if learnt else "At the largest depth neither kind had learnt the identity."
    seeds = min(i.seeds for i in by_depth.values())
    found = conclude(holds, fails, sentence, values, [record.name], seeds)
    return replace(found, reason=" ".join(part for part in (found.reason, caution) if part))


CLAIMS = (
    Claim(
        id="solution-exists",
        note="002",
        section="1",
        english="The deeper network could at least copy the shallower one, with identity layers.",
        chinese="更深的网络至少可以复制较浅的网络，其余层做恒等映射。",
        paper=AGREES,
        where="§1; §3.1",
        quantity="largest logit difference between plain-20 and the plain-56 built from it",
        unit="logits",
        rule="supported if predictions are the same and logits within 10⁻⁴ for every seed",
        verdicts=(SUPPORTED, NOT_SUPPORTED),
        judge=solution_exists,
    ),
    Claim(
        id="vanishing-gradients",
        note="002",
        section="1",
        english="Vanishing gradients may be what keeps the deep plain network from training.",
        chinese="深层传统网络难以训练，可能是因为梯度消失。",
        paper=DIFFERS,
        where="§4.1 (ImageNet networks)",
        quantity="‖∇W‖/‖W‖ of the first stage over the last, plain-56 with BN",
        unit="ratio",
        rule=(
            "supported if the upper end < 0.1 at initialisation or through training; "
            "not supported if both lower ends ≥ 0.1"
        ),
        verdicts=(SUPPORTED, CAVEAT, NOT_SUPPORTED, INCONCLUSIVE),
        judge=vanishing_gradients,
    ),
    Claim(
        id="identity-is-hard",
        note="002",
        section="1",
        english="A stack of non-linear layers can hardly learn to return its own input.",
        chinese="让一堆非线性层学会原样返回输入极其困难。",
        paper=SILENT,
        where="§3.1 only suggests it",
        quantity="relative squared error after equal iterations, plain over residual, by depth",
        unit="ratio",
        rule=(
            "supported if the lower end ≥ 10 from some depth ≤ 9 blocks on; "
            "not supported if from each such depth on some upper end < 10"
        ),
        verdicts=(SUPPORTED, NOT_SUPPORTED, INCONCLUSIVE),
        judge=identity_is_hard,
    ),
)
