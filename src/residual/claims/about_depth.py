"""Rules on depth: what more layers do to plain networks, and why (note 002, §1)."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from statistics import fmean

from residual import probes
from residual.claims.evidence import (
    Evidence,
    MissingRecordError,
    Network,
    by_member,
    logged,
    metric,
    wrong,
)
from residual.claims.verdicts import Finding, Measure, Reason, averaged, conclude, rated, single
from residual.recipe import Recipe
from residual.statistics import FEWEST_SEEDS
from residual.store import Record

PLAIN_20, PLAIN_56 = ("plain", 20), ("plain", 56)
HALF = 0.5
UNTRAINED = 50.0  # per cent of training error above which a net has not learnt to fit
VANISHED, EXPLODED = 0.1, 10.0
SHATTERED = 0.2  # mean correlation of the input gradients of neighbouring images
LOGIT_TOLERANCE = 1e-4


def degradation_train(evidence: Evidence) -> Finding:
    """Final training error of plain-56 over that of plain-20, by pairs.

    Refuted where the ratio surely lies below 1. At a short profile it is supported only in the
    charitable reading: with the best of the learning rates and lengths that were tried.
    """
    return rise(evidence, "train")


def degradation_test(evidence: Evidence) -> Finding:
    """Final test error of plain-56 over that of plain-20, by pairs; refuted as the training one."""
    return rise(evidence, "test")


def rise(evidence: Evidence, which: str) -> Finding:
    """The ratio of the errors of plain-56 and plain-20; what the sources logged stands beside."""
    found = evidence.ratio("ratio", PLAIN_56, PLAIN_20, wrong(which))
    beside = [in_points(evidence, "points", PLAIN_56, PLAIN_20, which)]
    beside += evidence.logged_ratio("ratio", PLAIN_56, PLAIN_20, logged(which))
    tried, best, used = charitable(evidence)
    judged = found
    if best is not None:
        beside.append(replace(found, group="usual", judged=False))
        judged = evidence.ratio(
            "ratio", (*PLAIN_56, best), PLAIN_20, wrong(which), group="charitable"
        )
    records = evidence.networks(*PLAIN_20) + evidence.networks(*PLAIN_56) + used
    rises = judged.interval.lower > 1
    doubt = [Reason("one-recipe-tried")] if rises and not tried else []
    measures = [judged, *beside]
    answer = "one-recipe" if doubt else ""
    rule = rises and tried, judged.interval.upper < 1
    return conclude(*rule, measures, records, doubt=doubt, answer=answer)


def in_points(
    evidence: Evidence, name: str, first: Network, second: Network, which: str
) -> Measure:
    """First minus second in percentage points, by pairs; it stands beside their ratio."""
    pairs = evidence.pairs(first, second, percent(which))
    return averaged(name, {member: a - b for member, (a, b) in pairs.items()}, judged=False)


def percent(which: str) -> Callable[[Record], float]:
    """Reads a final error in per cent, never exactly zero, so that averages exist."""
    return lambda record: max(record["metrics"][f"{which}_error"], 1e-9)


def charitable(evidence: Evidence) -> tuple[bool, str | None, list[Record]]:
    """At a short profile: the plain-56 that trained best of the rates and lengths tried.

    Gives whether the comparison is a fair one (at full length it is as it stands), the variant
    with the least mean training error (None at full length, or where one was tried), and the
    trainings tried.
    """
    if evidence.full_length:
        return True, None, []
    variants = {
        run.variant
        for run in evidence.records
        if (run.kind, run.depth) == PLAIN_56 and only_rate_or_length(run.recipe)
    }
    runs = {variant: evidence.found(*PLAIN_56, variant) for variant in sorted(variants)}
    runs = {variant: found for variant, found in runs.items() if found}
    if len(runs) < 2:
        return False, None, []
    errors = {variant: fmean(metric(found, "train_error")) for variant, found in runs.items()}
    return True, min(errors, key=errors.get), [run for found in runs.values() for run in found]


def only_rate_or_length(recipe: Recipe) -> bool:
    """Whether a recipe is its profile's own but for the learning rate and the iterations."""
    network = (recipe.profile, recipe.kind, recipe.depth, recipe.seed)
    return Recipe.of(*network, recipe.iterations, recipe.learning_rate) == recipe


def not_overfitting(evidence: Evidence) -> Finding:
    """Overfitting would lower the training error of the deeper net.

    Refuted where plain-56 surely has the lower one. Supported if it surely has the higher one and
    at least half of the rise in test error goes with the rise in training error. Inconclusive where
    plain-56 did not train: such a net cannot overfit.
    """
    training = evidence.ratio("ratio", PLAIN_56, PLAIN_20, wrong("train"))
    sides = [evidence.pairs(PLAIN_56, PLAIN_20, percent(which)) for which in ("train", "test")]
    rises = [{member: a - b for member, (a, b) in side.items()} for side in sides]
    shares = {m: rises[0][m] / rises[1][m] for m in rises[0] if rises[1][m] > 0}
    measures = [training]
    if shares:
        measures.append(averaged("share", shares, HALF))
    beside = evidence.logged_ratio("ratio", PLAIN_56, PLAIN_20, logged("train"))
    records = evidence.networks(*PLAIN_20) + evidence.networks(*PLAIN_56)
    error = fmean(metric(evidence.networks(*PLAIN_56), "train_error"))
    trained = error <= UNTRAINED
    rises_surely = training.interval.lower > 1
    explained = bool(shares) and measures[-1].interval.lower >= HALF
    return conclude(
        trained and rises_surely,
        trained and training.interval.upper <= 1,
        [*measures, *beside],
        records,
        seeds=training.interval.seeds,
        caution=() if explained or not rises_surely else [Reason("share-open")],
        doubt=() if trained else [Reason("untrained", {"error": error, "limit": UNTRAINED})],
        answer="" if trained else "untrained",
    )


def solution_exists(evidence: Evidence) -> Finding:
    """By construction, checked in eval mode for every seed: same predictions, logits within 1e-4.

    Whether training keeps the solution is measured beside: constructed minus the trained plain-20
    that is trained on by the same recipe.
    """
    record = evidence.experiment("solution-exists")
    rows = dict(zip(map(str, record.seeds), record.measurements))
    worst = max(row["eval_logit_difference"] for row in rows.values())
    exact = all(row["same_predictions"] for row in rows.values()) and worst <= LOGIT_TOLERANCE

    def against(other: str) -> dict[str, float]:
        return {s: r["copied_train_error"] - r[f"{other}_train_error"] for s, r in rows.items()}

    measures = [
        single("logits", worst, LOGIT_TOLERANCE),
        averaged("kept", against("control"), judged=False),
        averaged("gained", against("random"), judged=False),
    ]
    errors = {f"{n}_error": fmean(r[f"{n}_train_error"] for r in rows.values()) for n in STARTS}
    return conclude(exact, not exact, measures, [record], 0, errors)


STARTS = ("shallow", "copied", "control", "random")
"""The networks of the experiment: plain-20, what is built from it, and their two controls."""


def stage_ratio(run: Record, row: int, power: int = 2) -> float:
    """`probes.stage_ratio` of one row of a network's table of gradients."""
    found = run["gradients"]
    return probes.stage_ratio(found["ratio"][row], found["weight"][row], power)


def vanishing_gradients(evidence: Evidence) -> Finding:
    """Supported only if plain-56 with BN vanishes at initialisation or at the end of training.

    Judged on ‖∇W‖·‖W‖: before BN the scale of W changes nothing but the gradient, which falls as
    1/‖W‖, so that ‖∇W‖/‖W‖ mistakes grown weights for vanishing gradients. Refuted where the ratio
    surely reaches a tenth at both. Networks of others have the end alone.
    """
    runs = [run for run in evidence.networks(*PLAIN_56) if "weight" in run["gradients"]]
    others = [run for run in evidence.found("residual", 56) if "weight" in run["gradients"]]
    if not runs:
        raise MissingRecordError(f"Gradients of plain-56 with ‖W‖ at {evidence.scale}: not there.")
    rows = {"end": -1, "start": 0}
    if len(runs[0]["gradients"]["ratio"]) == 1:
        del rows["start"]

    def at(networks: list[Record], when: str, power: int = 2) -> dict[str, float]:
        return by_member(networks, partial(stage_ratio, row=rows[when], power=power))

    found = [rated("plain", at(runs, when), VANISHED, when) for when in rows]
    beside = [
        rated(name, at(runs, when, power), group=when, judged=False)
        for name, power in (("norm", 1), ("relative", 0))
        for when in rows
    ]
    beside += [rated("residual", at(others, "end"), group="end", judged=False)] if others else []
    vanished = any(measure.interval.upper < VANISHED for measure in found)
    healthy = all(measure.interval.lower >= VANISHED for measure in found)
    return conclude(vanished, healthy, [*found, *beside], runs + others)


def gradients_go_wrong(evidence: Evidence) -> Finding:
    """Before training, depth 56, our own starts on CIFAR-10, in two ways.

    ‖∇W‖·‖W‖ of the first stage over the last outside 0.1 to 10 in the plain net and inside in the
    residual one; or input gradients of neighbouring images that hardly agree (at most 0.2) in the
    plain net and do in the residual one (Balduzzi et al. 2017). Supported if both hold, with a
    caveat if one does; refuted if neither.
    """
    record = evidence.experiment("untrained-networks")

    def of(network: str, column: str) -> dict[str, float]:
        return {str(s): m[network][column] for s, m in zip(record.seeds, record.measurements)}

    sizes = {
        kind: rated(f"{kind}_size", of(f"{kind}-56", "stage_ratio"), EXPLODED)
        for kind in ("plain", "residual")
    }
    agreement = {
        kind: averaged(f"{kind}_coherence", of(f"{kind}-56", "coherence"), SHATTERED)
        for kind in ("plain", "residual")
    }
    plain, residual = sizes["plain"].interval, sizes["residual"].interval
    outside = plain.lower > EXPLODED or plain.upper < VANISHED
    exploded = outside and residual.lower >= VANISHED and residual.upper <= EXPLODED
    plain, residual = agreement["plain"].interval, agreement["residual"].interval
    shattered = plain.upper <= SHATTERED <= residual.lower
    caution = [] if exploded and shattered else [Reason("one-of-two")]
    enough = min(plain.seeds, residual.seeds) >= FEWEST_SEEDS
    return conclude(
        exploded or shattered,
        enough and not exploded and not shattered,
        [*sizes.values(), *agreement.values()],
        [record],
        caution=caution if exploded or shattered else (),
    )
