"""Rules on depth: what more layers do to plain and to residual networks (note 002, §1, 2 and 4)."""

from dataclasses import replace
from statistics import fmean, median

from residual.claims.evidence import Evidence, MissingRecordError, metric, names
from residual.claims.verdicts import (
    CAVEAT,
    INCONCLUSIVE,
    NOT_SUPPORTED,
    SUPPORTED,
    Finding,
    conclude,
)
from residual.recipe import KINDS
from residual.statistics import difference, geometric_mean, listed, number, share
from residual.store import Record

HALF = 0.5
UNTRAINED = 50.0  # per cent of training error above which a net has not learnt to fit
MARGIN_POINTS = 0.5
TRAINABLE = 45.0  # per cent: half the error of guessing among ten classes
VANISHED = 0.1
LOGIT_TOLERANCE = 1e-4
PATHS = {
    "permutation-shortcut": "a fixed permutation of channels",
    "orthogonal-shortcut": "a fixed orthogonal mixture",
    "half-shortcut": "x/2",
    "plain": "no shortcut",
}
"""What other shortcuts compute, by the variant of their runs."""


def degradation_train(evidence: Evidence) -> Finding:
    """Final training error of plain-56 minus that of plain-20."""
    return rise(evidence, "train_error", "training error")


def degradation_test(evidence: Evidence) -> Finding:
    """Final test error of plain-56 minus that of plain-20; that of logged trainings beside."""
    found = rise(evidence, "test_error", "test error")
    logged = [evidence.logs("plain", depth) for depth in (20, 56)]
    if not all(logged):
        return found
    gap = difference(*([log.final_test_error for log in logs] for logs in reversed(logged)))
    told = f" Logged by their authors, in more trainings: {gap} points."
    values = found.values | gap.named("logged_difference_points")
    return replace(found, sentence=found.sentence + told, values=values)


def rise(evidence: Evidence, name: str, words: str) -> Finding:
    """Supported if the interval of the rise lies above zero, not supported if below.

    On short profiles the best of the plain nets' other recipes is shown beside, as the charitable
    reading.
    """
    shallow, deep = evidence.networks("plain", 20), evidence.networks("plain", 56)
    gap = difference(metric(deep, name), metric(shallow, name))
    sentence = f"The final {words} of plain-56 minus that of plain-20 is {gap} percentage points."
    values = gap.named("difference_points")
    if tried := charitable(evidence, name):
        variant, best = tried
        kind = difference(best, metric(shallow, name))
        sentence += f" With the best of the other recipes tried for it ({variant}) it is {kind}."
        values |= kind.named("charitable_difference_points")
    runs = names(shallow, deep)
    return conclude(gap.lower > 0, gap.upper < 0, sentence, values, runs, gap.seeds)


def charitable(evidence: Evidence, name: str) -> tuple[str, list[float]] | None:
    """The other recipe of plain-56 with the lowest mean, and its errors; None where none ran.

    Other recipes are lower learning rates, three times the iterations and a low start.
    """
    found = [r for r in evidence.records if (r.kind, r.depth) == ("plain", 56)]
    variants = {r.variant for r in found if r.variant.startswith(("lr", "it", "low-start"))}
    errors = {
        variant: metric(evidence.networks("plain", 56, variant), name)
        for variant in variants
        if evidence.has("plain", 56, variant)
    }
    return min(errors.items(), key=lambda pair: fmean(pair[1])) if errors else None


def not_overfitting(evidence: Evidence) -> Finding:
    """The share of the rise in test error that goes with a rise in training error.

    Fieller's interval of the ratio of the two differences. Inconclusive where the test error does
    not surely rise, and where plain-56 did not train: such a net cannot overfit.
    """
    shallow, deep = evidence.networks("plain", 20), evidence.networks("plain", 56)
    train, test = (
        (metric(deep, name), metric(shallow, name)) for name in ("train_error", "test_error")
    )
    part, runs = share(train, test), names(shallow, deep)
    if part is None:
        gap = difference(*test)
        sentence = f"The test error does not surely rise with depth ({gap} percentage points)."
        reason = "No rise in test error that anything could account for."
        return Finding(INCONCLUSIVE, sentence, gap.named("test_points"), runs, gap.seeds, reason)
    sentence = (
        "The rise in training error from plain-20 to plain-56 is "
        f"{part} times the rise in test error."
    )
    values = part.named("share_fraction") | {"plain_56_train_error_percent": fmean(train[0])}
    if fmean(train[0]) > UNTRAINED:
        reason = (
            f"plain-56 ends at a training error of {number(fmean(train[0]))} %: a net that did not "
            "train cannot overfit, so nothing is ruled out."
        )
        return Finding(INCONCLUSIVE, sentence, values, runs, part.seeds, reason)
    return conclude(part.lower >= HALF, part.upper < HALF, sentence, values, runs, part.seeds)


def solution_exists(evidence: Evidence) -> Finding:
    """By construction, checked in eval mode for every seed: same predictions, logits within 1e-4.

    Whether training keeps the solution is measured beside: constructed minus the trained plain-20
    that is trained on by the same recipe.
    """
    record = evidence.experiment("solution-exists")
    rows = record.measurements
    worst = max(row["eval_logit_difference"] for row in rows)
    exact = all(row["same_predictions"] for row in rows) and worst <= LOGIT_TOLERANCE
    errors = {
        name: [row[f"{name}_train_error"] for row in rows]
        for name in ("shallow", "copied", "control", "random")
    }
    kept = difference(errors["copied"], errors["control"])
    gained = difference(errors["copied"], errors["random"])
    values = {"eval_logit_difference": worst} | kept.named("constructed_minus_control_points")
    values |= gained.named("constructed_minus_random_points")
    values |= {f"{name}_train_error_percent": fmean(e) for name, e in errors.items()}
    sentence = (
        f"A plain-56 built from a trained plain-20 and identity layers differs from it by at most "
        f"{number(worst, 2)} in any logit. Both trained on by the same recipe, the training error "
        f"of the built one minus that of plain-20 is {kept} percentage points; minus that of a "
        f"plain-56 from a random start it is {gained}."
    )
    return conclude(exact, not exact, sentence, values, [record.name], 0)


def stage_ratio(run: Record, row: int) -> float:
    """Median of ‖∇W‖·‖W‖ over the layers of the first stage, over that of the last stage."""
    table = run["gradients"]
    pairs = zip(table["layer"], table["ratio"][row], table["weight"][row])
    scale_free = {layer: ratio * weight**2 for layer, ratio, weight in pairs}
    blocks = (len(scale_free) - 1) // 2
    stage = blocks // 3

    def level(first: int, last: int) -> float:
        return median(scale_free[f"{i}.{k}"] for i in range(first, last + 1) for k in (1, 2))

    return max(level(1, stage), 1e-300) / max(level(2 * stage + 1, blocks), 1e-300)


def vanishing_gradients(evidence: Evidence) -> Finding:
    """Supported only if plain-56 with BN vanishes at initialisation or at the end of training.

    Judged on ‖∇W‖·‖W‖: before BN the scale of W changes nothing but the gradient, which falls as
    1/‖W‖, so that ‖∇W‖/‖W‖ mistakes grown weights for vanishing gradients. Networks of others
    have the end alone.
    """
    runs = evidence.networks("plain", 56)
    runs = [run for run in runs if "weight" in run["gradients"]]
    if not runs:
        raise MissingRecordError(f"Gradients of plain-56 with ‖W‖ at {evidence.scale}: not there.")
    when = {"at the end of training": -1}
    if len(runs[0]["gradients"]["ratio"]) > 1:
        when = {"at initialisation": 0} | when
    found = {
        words: geometric_mean([stage_ratio(run, row) for run in runs])
        for words, row in when.items()
    }
    values: dict[str, float] = {}
    for words, interval in found.items():
        values |= interval.named(f"stage_ratio_{words.split()[-1]}")
    sentence = (
        "In plain-56 with BN, ‖∇W‖·‖W‖ of the first stage over that of the last is "
        f"{listed([f'{interval} {words}' for words, interval in found.items()])}."
    )
    return conclude(
        any(i.upper < VANISHED for i in found.values()),
        all(i.lower >= VANISHED for i in found.values()),
        sentence,
        values,
        names(runs),
        min(i.seeds for i in found.values()),
    )


def residual_cures(evidence: Evidence) -> Finding:
    """ResNet-56 not worse than ResNet-20 by more than half a point, and better than plain-56."""
    plain = evidence.networks("plain", 56)
    shallow, deep = evidence.networks("residual", 20), evidence.networks("residual", 56)
    errors = [metric(runs, "train_error") for runs in (shallow, deep, plain)]
    growth, gain = difference(errors[1], errors[0]), difference(errors[2], errors[1])
    sentence = (
        f"The final training error of ResNet-56 minus that of ResNet-20 is {growth} percentage "
        f"points; that of plain-56 minus that of ResNet-56 is {gain}."
    )
    values = growth.named("resnet_growth_points") | gain.named("gain_over_plain_points")
    if evidence.has("residual", 56, "zero-gamma"):
        zero = metric(evidence.networks("residual", 56, "zero-gamma"), "train_error")
        values["zero_gamma_train_error_percent"] = fmean(zero)
        sentence += f" From γ₂ = 0, ResNet-56 ends at {number(fmean(zero))} %."
    logged = [evidence.logs("residual", depth) for depth in (20, 56)]
    if all(logged):
        test = difference(*([log.final_test_error for log in logs] for logs in reversed(logged)))
        values |= test.named("logged_test_growth_points")
        sentence += f" Logged test errors, ResNet-56 minus ResNet-20: {test} points."
    return conclude(
        growth.upper <= MARGIN_POINTS and gain.lower > 0,
        growth.lower > MARGIN_POINTS or gain.upper < 0,
        sentence,
        values,
        names(shallow, deep, plain),
        min(growth.seeds, gain.seeds),
    )


def hundreds_of_layers(evidence: Evidence) -> Finding:
    """ResNet-110 ends below half the error of guessing in every training, and plain-110 does not.

    Networks of others: the test errors that their authors logged, with ResNet-1202 beside.
    """
    if evidence.scale == "public":
        words = "test error, logged by their authors,"
        sides = {kind: evidence.logs(kind, 110) for kind in KINDS}
        errors = {kind: [log.final_test_error for log in logs] for kind, logs in sides.items()}
        if not all(errors.values()):
            raise MissingRecordError("Logs of plain-110 and ResNet-110: not there.")
        deepest = [log.final_test_error for log in evidence.logs("residual", 1202)]
        runs: tuple[str, ...] = ()
    else:
        words = "training error"
        networks = {kind: evidence.networks(kind, 110) for kind in KINDS}
        errors = {kind: metric(found, "train_error") for kind, found in networks.items()}
        deepest = []
        if evidence.has("residual", 1202):
            deepest = metric(evidence.networks("residual", 1202), "train_error")
        runs = names(*networks.values())
    plain, residual = errors["plain"], errors["residual"]
    gap = difference(plain, residual)
    values = gap.named("plain_minus_resnet_points")
    values |= {"worst_resnet_110_percent": max(residual), "best_plain_110_percent": min(plain)}
    line = "ResNet-1202: not run."
    if deepest:
        values["worst_resnet_1202_percent"] = max(deepest)
        line = f"ResNet-1202 ends at {listed([number(error) for error in deepest])} %."
    sentence = (
        f"At depth 110 the final {words} of {len(residual)} residual trainings is at most "
        f"{number(max(residual))} %, and of {len(plain)} plain ones at least {number(min(plain))} %"
        f"; plain minus residual: {gap} points. {line}"
    )
    holds = max(residual) < TRAINABLE <= min(plain)
    fails = max(residual) >= TRAINABLE or max(plain) < TRAINABLE
    few = f"{len(plain)} plain and {len(residual)} residual trainings at this depth"
    caution = "" if gap.seeds >= 3 else f"{few[:1].upper()}{few[1:]}."
    if not deepest:
        caution = f"{caution} ResNet-1202 was not run.".strip()
    verdict = SUPPORTED if holds else NOT_SUPPORTED if fails else INCONCLUSIVE
    if holds and caution:
        verdict = CAVEAT
    reason = caution if verdict != INCONCLUSIVE else f"Some plain-110 trains as well. {caution}"
    return Finding(verdict, sentence, values, runs, gap.seeds, reason.strip())


def identity_not_just_a_path(evidence: Evidence) -> Finding:
    """The identity ends below every other path at depth 56, and it alone does not degrade.

    A path does not degrade if its training error at depth 56 is at most half a point above that at
    depth 20 (upper end of the interval). Not supported where another path does not degrade either,
    or surely ends below the identity.
    """
    paths = {"": "the identity"} | PATHS
    runs = {variant: path_runs(evidence, variant) for variant in paths}
    errors = {
        variant: [metric(found, "train_error") for found in pair] for variant, pair in runs.items()
    }
    growth = {variant: difference(deep, shallow) for variant, (shallow, deep) in errors.items()}
    lead = {v: difference(errors[""][1], deep) for v, (_, deep) in errors.items() if v}
    values: dict[str, float] = {}
    for variant in paths:
        key = (variant or "identity").replace("-", "_")
        values |= growth[variant].named(f"{key}_growth_points")
        values[f"{key}_56_train_error_percent"] = fmean(errors[variant][1])
    for variant, interval in lead.items():
        values |= interval.named(f"identity_minus_{variant.replace('-', '_')}_points")
    told = listed([f"{number(fmean(errors[v][1]))} % with {words}" for v, words in paths.items()])
    sentence = f"The mean training error at depth 56 is {told}."
    steady = {v: interval.upper <= MARGIN_POINTS for v, interval in growth.items()}
    below = all(interval.upper < 0 for interval in lead.values())
    as_good = [words for v, words in PATHS.items() if steady[v] or lead[v].lower > 0]
    holds = below and steady[""] and not as_good
    groups = [group for pair in runs.values() for group in pair]
    seeds = min(interval.seeds for interval in growth.values())
    caution = f"Other paths do not degrade either: {listed(as_good)}." if as_good else ""
    found = conclude(holds, bool(as_good), sentence, values, names(*groups), seeds)
    return replace(found, reason=f"{found.reason} {caution}".strip())


def path_runs(evidence: Evidence, variant: str) -> list[list[Record]]:
    """The trainings with one kind of shortcut at depths 20 and 56; plain nets have none."""
    kind, name = ("plain", "") if variant == "plain" else ("residual", variant)
    return [evidence.networks(kind, depth, name) for depth in (20, 56)]
