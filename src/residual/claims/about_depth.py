"""Rules on depth: what more layers do to plain networks, and why (note 002, §1)."""

from dataclasses import replace
from statistics import fmean, median

from residual.claims.evidence import Evidence, MissingRecordError, metric
from residual.claims.verdicts import Finding, conclude
from residual.statistics import (
    FEWEST_SEEDS,
    Interval,
    difference,
    geometric_mean,
    listed,
    number,
    ratio,
    share,
)
from residual.store import Record

HALF = 0.5
UNTRAINED = 50.0  # per cent of training error above which a net has not learnt to fit
VANISHED = 0.1
LOGIT_TOLERANCE = 1e-4


def degradation_train(evidence: Evidence) -> Finding:
    """Final training error of plain-56 minus that of plain-20.

    On short profiles the best of the learning rates and lengths that were tried for plain-56 is
    shown beside, as the charitable reading.
    """
    found = rise(evidence, "train_error", "training error")
    tried = rates_and_lengths(evidence)
    if len(tried) < 2:
        return found
    errors = {variant: metric(runs, "train_error") for variant, runs in tried.items()}
    best = min(errors, key=lambda variant: fmean(errors[variant]))
    gap = difference(errors[best], metric(evidence.networks("plain", 20), "train_error"))
    told = (
        f" With the best of {len(tried)} learning rates and lengths tried "
        f"({best or 'the usual ones'}) it is {gap}."
    )
    values = found.values | gap.named("charitable_difference_points")
    others = [run.name for runs in tried.values() for run in runs]
    runs = tuple(dict.fromkeys([*found.runs, *others]))
    return replace(found, sentence=found.sentence + told, values=values, runs=runs)


def degradation_test(evidence: Evidence) -> Finding:
    """Final test error of plain-56 minus that of plain-20; that of logged trainings beside."""
    found = rise(evidence, "test_error", "test error")
    if not (gap := logged_growth(evidence, "plain")):
        return found
    told = f" Logged by their authors, in more trainings: {gap} points."
    values = found.values | gap.named("logged_difference_points")
    logged = [log.name for depth in (20, 56) for log in evidence.logs("plain", depth)]
    runs = tuple(dict.fromkeys([*found.runs, *logged]))
    return replace(found, sentence=found.sentence + told, values=values, runs=runs)


def rise(evidence: Evidence, name: str, words: str) -> Finding:
    """Supported if the interval of the rise lies above zero, not supported if below."""
    shallow, deep = evidence.networks("plain", 20), evidence.networks("plain", 56)
    gap = difference(metric(deep, name), metric(shallow, name))
    sentence = f"The final {words} of plain-56 minus that of plain-20 is {gap} percentage points."
    each = [d[name] - s[name] for s, d in paired(shallow, deep)]
    if gap.lower <= 0 <= gap.upper and len(each) > 1:
        above = sum(value > 0 for value in each)
        sentence += (
            f" Training by training it goes from {number(min(each))} to {number(max(each))}, and "
            f"is above zero in {above} of {len(each)}."
        )
    values = gap.named("difference_points")
    if times := quotient(metric(deep, name), metric(shallow, name)):
        sentence += f" The ratio of the two is {times}."
        values |= times.named("ratio")
    return conclude(gap.lower > 0, gap.upper < 0, sentence, values, shallow + deep, gap.seeds)


def quotient(numerator: list[float], denominator: list[float]) -> Interval | None:
    """The ratio of two errors by geometric means; None where an error is zero, which has no
    logarithm."""
    return ratio(numerator, denominator) if min(*numerator, *denominator) > 0 else None


def paired(first: list[Record], second: list[Record]) -> list[tuple[dict, dict]]:
    """The final metrics of two networks, from one seed or source each."""
    metrics = {record.member: record["metrics"] for record in second}
    return [(r["metrics"], metrics[r.member]) for r in first if r.member in metrics]


def rates_and_lengths(evidence: Evidence) -> dict[str, list[Record]]:
    """Trainings of plain-56 by variant: the usual recipe, other learning rates, and three times
    the iterations."""
    found = {run.variant for run in evidence.records if (run.kind, run.depth) == ("plain", 56)}
    return {
        variant: runs
        for variant in sorted(found)
        if not variant or variant.startswith(("lr", "it"))
        if (runs := evidence.found("plain", 56, variant))
    }


def logged_growth(evidence: Evidence, kind: str) -> Interval | None:
    """Logged test error at depth 56 minus that at depth 20; None where one is not logged."""
    shallow, deep = (
        [log.final_test_error for log in evidence.logs(kind, depth)] for depth in (20, 56)
    )
    return difference(deep, shallow) if shallow and deep else None


def not_overfitting(evidence: Evidence) -> Finding:
    """The share of the rise in test error that goes with a rise in training error.

    Fieller's interval of the ratio of the two differences. Inconclusive where the test error does
    not surely rise, and where plain-56 did not train: such a net cannot overfit.
    """
    shallow, deep = evidence.networks("plain", 20), evidence.networks("plain", 56)
    runs, error = shallow + deep, fmean(metric(deep, "train_error"))
    train, test = (
        (metric(deep, name), metric(shallow, name)) for name in ("train_error", "test_error")
    )
    part = share(train, test)
    if part is None:
        gap = difference(*test)
        sentence = f"The test error does not surely rise with depth ({gap} percentage points)."
        values = gap.named("test_points")
        doubt = "No rise in test error that anything could account for."
        return conclude(False, False, sentence, values, runs, gap.seeds, doubt=doubt)
    sentence = (
        "The rise in training error from plain-20 to plain-56 is "
        f"{part} times the rise in test error."
    )
    each = [d["train_error"] - s["train_error"] for s, d in paired(shallow, deep)]
    if part.lower < HALF <= part.estimate and len(each) >= FEWEST_SEEDS and min(each) > 0:
        sentence += (
            f" In each of {len(each)} pairs of trainings the training error rises, by "
            f"{number(min(each))} to {number(max(each))} points, which is not what overfitting "
            "looks like; the rule asks for more, an interval of the share."
        )
    values = part.named("share_fraction") | {"plain_56_train_error_percent": error}
    if error > UNTRAINED:
        doubt = (
            f"plain-56 ends at a training error of {number(error)} %: a net that did not "
            "train cannot overfit, so nothing is ruled out."
        )
        return conclude(False, False, sentence, values, runs, part.seeds, doubt=doubt)
    return conclude(part.lower >= HALF, part.upper < HALF, sentence, values, runs, part.seeds)


def solution_exists(evidence: Evidence) -> Finding:
    """By construction, checked in eval mode for every seed: same predictions, logits within 1e-4.

    Whether training keeps the solution is measured beside: constructed minus the trained plain-20
    that is trained on by the same recipe.
    """
    record = evidence.experiment("solution-exists")
    measured = record.measurements
    worst = max(row["eval_logit_difference"] for row in measured)
    exact = all(row["same_predictions"] for row in measured) and worst <= LOGIT_TOLERANCE
    errors = {
        name: [row[f"{name}_train_error"] for row in measured]
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
    return conclude(exact, not exact, sentence, values, [record], 0)


def stage_ratio(run: Record, row: int) -> float:
    """Median of ‖∇W‖·‖W‖ over the layers of the first stage, over that of the last stage."""
    pairs = zip(run["gradients"]["ratio"][row], run["gradients"]["weight"][row])
    _stem, *scale_free = [ratio * weight**2 for ratio, weight in pairs]
    stage = len(scale_free) // 3
    first, last = median(scale_free[:stage]), median(scale_free[-stage:])
    return max(first, 1e-300) / max(last, 1e-300)


def vanishing_gradients(evidence: Evidence) -> Finding:
    """Supported only if plain-56 with BN vanishes at initialisation or at the end of training.

    Judged on ‖∇W‖·‖W‖: before BN the scale of W changes nothing but the gradient, which falls as
    1/‖W‖, so that ‖∇W‖/‖W‖ mistakes grown weights for vanishing gradients. Networks of others
    have the end alone.
    """
    runs = [run for run in evidence.networks("plain", 56) if "weight" in run["gradients"]]
    others = [run for run in evidence.found("residual", 56) if "weight" in run["gradients"]]
    if not runs:
        raise MissingRecordError(f"Gradients of plain-56 with ‖W‖ at {evidence.scale}: not there.")
    rows = {"at initialisation": 0, "at the end of training": -1}
    if len(runs[0]["gradients"]["ratio"]) == 1:
        del rows["at initialisation"]
    found = {
        words: geometric_mean([stage_ratio(run, row) for run in runs])
        for words, row in rows.items()
    }
    values: dict[str, float] = {}
    for words, interval in found.items():
        values |= interval.named(f"stage_ratio_{words.split()[-1]}")
    sentence = (
        "In plain-56 with BN, ‖∇W‖·‖W‖ of the first stage over that of the last is "
        f"{listed([f'{interval} {words}' for words, interval in found.items()])}."
    )
    if others:
        beside = geometric_mean([stage_ratio(run, -1) for run in others])
        values |= beside.named("resnet_stage_ratio_training")
        sentence += f" In ResNet-56 it is {beside} at the end"
        nearer = beside.upper < min(1, found["at the end of training"].lower)
        trains = fmean(metric(others, "train_error")) < UNTRAINED
        sentence += ": nearer to vanishing, though it trains." if nearer and trains else "."
    vanished = any(interval.upper < VANISHED for interval in found.values())
    healthy = all(interval.lower >= VANISHED for interval in found.values())
    return conclude(vanished, healthy, sentence, values, runs + others, len(runs))
