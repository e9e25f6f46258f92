"""Rules on shortcuts: what they cure, how deep, and which of them do (note 002, §2 to 4)."""

from collections.abc import Sequence
from dataclasses import replace
from math import inf
from statistics import fmean

from residual.claims.about_depth import PLAIN_56, charitable, in_points, percent
from residual.claims.evidence import Evidence, MissingRecordError, by_member, logged, wrong
from residual.claims.verdicts import Finding, Measure, Reason, averaged, conclude, rated
from residual.experiments.matching import matched_gamma
from residual.recipe import KINDS
from residual.statistics import FEWEST_SEEDS, Interval, geometric_mean
from residual.store import Record

RESNET_20, RESNET_56 = ("residual", 20), ("residual", 56)
FITTED = 20.0  # per cent of training error: how soon it is reached tells how easy learning is
GUESSING = 90.0  # per cent, among ten classes
TRAINABLE = GUESSING / 2
WELL = 1.0  # per cent of training error below which a path does well
PATHS = {
    "identity": "x",
    "half": "x/2",
    "orthogonal": "a fixed orthogonal mixture",
    "permutation": "a fixed permutation of channels",
    "none": "no shortcut",
}
"""What the shortcuts of a residual network compute; a permutation is the identity renumbered
(`constructions.renumbered`), so that it is a check and no rival."""

RIVALS = ("half", "orthogonal", "none")
MATCHED = ("half", "orthogonal")
"""Paths that can also be started with F as small beside them as it is beside x (`gamma`)."""


def residual_cures(evidence: Evidence) -> Finding:
    """ResNet-56 over ResNet-20 does not surely rise, and plain-56 surely errs more than ResNet-56.

    Training errors, by pairs. Refuted where ResNet-56 surely errs more than ResNet-20, or plain-56
    less than ResNet-56. At a short profile plain-56 is read charitably, as in degradation-train.
    """
    growth = evidence.ratio("growth", RESNET_56, RESNET_20, wrong("train"))
    gain = evidence.ratio("gain", PLAIN_56, RESNET_56, wrong("train"))
    tried, best, used = charitable(evidence)
    networks = {"growth": (RESNET_56, RESNET_20), "gain": (PLAIN_56, RESNET_56)}
    beside = [in_points(evidence, f"{n}_points", *both, "train") for n, both in networks.items()]
    if best is not None:
        beside.append(replace(gain, group="usual", judged=False))
        plain = (*PLAIN_56, best)
        gain = evidence.ratio("gain", plain, RESNET_56, wrong("train"), group="charitable")
    for name, both in networks.items():
        beside += evidence.logged_ratio(name, *both, logged("train"))
    zero = evidence.found("residual", 56, "zero-gamma")
    if zero:
        errors = by_member(zero, percent("train"))
        beside.append(averaged("zero_gamma", errors, judged=False))
    runs = [r for n in (RESNET_20, RESNET_56, PLAIN_56) for r in evidence.networks(*n)]
    steady, better = growth.interval.upper <= 1, gain.interval.lower > 1
    holds = steady and better and tried
    fails = growth.interval.lower > 1 or gain.interval.upper < 1
    doubt = [Reason("one-recipe-tried")] if steady and better and not tried else []
    return conclude(holds, fails, [growth, gain, *beside], runs + used + zero, doubt=doubt)


def hundreds_of_layers(evidence: Evidence) -> Finding:
    """ResNet-110 ends below half the error of guessing in every training, and plain-110 does not.

    Refuted where some ResNet-110 does not, or every plain-110 does. A training that diverged counts
    as guessing. Networks of others: the final test errors that their authors logged or report, with
    ResNet-1202 beside.
    """
    networks = {
        "plain": ("plain", 110),
        "residual": ("residual", 110),
        "deepest": ("residual", 1202),
    }
    if evidence.scale == "public":
        groups = {name: evidence.logs(*network) for name, network in networks.items()}
        errors = {n: {log.source: log.final_test_error for log in g} for n, g in groups.items()}
    else:
        groups = {name: evidence.tried(*network) for name, network in networks.items()}
        errors = {
            n: {
                str(r.member): GUESSING if (e := r["metrics"]["train_error"]) is None else e
                for r in g
            }
            for n, g in groups.items()
        }
    errors = {n: {m: e for m, e in found.items() if e is not None} for n, found in errors.items()}
    plain, residual = list(errors["plain"].values()), list(errors["residual"].values())
    if not plain or not residual:
        raise MissingRecordError(f"plain-110 and ResNet-110 at {evidence.scale}: not there.")
    measures = [
        rated(name, found, TRAINABLE, over=without_interval, judged=name != "deepest")
        for name, found in errors.items()
        if found
    ]
    few = min(len(plain), len(residual))
    cautions = [Reason("few-of-110", {"plain": len(plain), "residual": len(residual)})] * (few < 3)
    cautions += [] if errors["deepest"] else [Reason("no-1202")]
    every = [run for group in groups.values() for run in group]
    if low := [log.name for log in every if getattr(log, "low_start", None)]:
        which = ", ".join(name.removeprefix("public/") for name in low)
        cautions.append(Reason("low-start", {"which": which}))
    return conclude(
        max(residual) < TRAINABLE <= min(plain),
        max(residual) >= TRAINABLE or max(plain) < TRAINABLE,
        measures,
        every,
        few,
        {"worst": max(residual), "best_plain": min(plain)},
        cautions,
        [Reason("some-plain-trains")],
    )


def without_interval(values: Sequence[float]) -> Interval:
    """The mean of errors of which each one decides."""
    return Interval(fmean(values), -inf, inf, len(values))


def learning_is_easier(evidence: Evidence) -> Finding:
    """Epochs until the logged training error falls below 20 %, plain over residual, by pairs.

    Supported if it surely takes a plain net longer at depths 20 and 56; refuted where it surely
    takes less at either.
    """
    measures, logs = [], []
    for depth in (20, 56):
        sides = [(kind, depth) for kind in KINDS]
        found = evidence.logged_ratio(
            "ratio", *sides, lambda log: log.epochs_to(FITTED), str(depth), judged=True
        )
        if not found:
            raise MissingRecordError(f"Logs of plain-{depth} and ResNet-{depth} of one source.")
        measures += found
        logs += [log for side in sides for log in evidence.logs(*side)]
    holds = all(measure.interval.lower > 1 for measure in measures)
    fails = any(measure.interval.upper < 1 for measure in measures)
    return conclude(holds, fails, measures, logs)


def identity_not_just_a_path(evidence: Evidence) -> Finding:
    """Does any other path do as well as the identity, under the same conditions?

    Conditions: with and without the ReLU after the addition, each under own and matched starts;
    what lacks trainings is told, and leaves support open.
    Refuted where, under a condition under which the identity does not degrade, a rival does not
    degrade either, does not end above the identity and errs less than 1 %. One counterexample
    refutes at any scale. Supported (with a caveat) if the identity surely ends below every rival
    under every condition under which it does not degrade.
    """
    measures: list[Measure] = []
    records: list[Record] = []
    beaten, as_good, steady_somewhere, lacking, compared = True, [], False, 0, 0
    degraded: list[Reason] = []
    for relu in (True, False):
        own: dict[str, list] = {}  # a path whose own start is the matched one is shown once
        for start in ("own", "matched"):
            pairs = {p: [of_path(evidence, p, d, relu, start) for d in (20, 56)] for p in PATHS}
            runs = {p: pair for p, pair in pairs.items() if min(map(len, pair)) >= FEWEST_SEEDS}
            compared += 1 + len(RIVALS)
            lacking += sum(path not in runs for path in ("identity", *RIVALS))
            if "identity" not in runs:
                continue
            records += [r for pair in runs.values() for group in pair for r in group]
            growth = {p: ratio_of("growth", *reversed(pair)) for p, pair in runs.items()}
            rivals = [path for path in RIVALS if path in runs]
            lead = {p: ratio_of("lead", runs["identity"][1], runs[p][1]) for p in rivals}
            for name, found in (("growth", growth), ("lead", lead)):
                measures += [
                    replace(m, group=f"{p}/{condition(relu, start)}", judged=name == "lead")
                    for p, m in found.items()
                    if own.get(p) != pairs[p]
                ]
            own = own or pairs
            if growth["identity"].interval.lower > 1:
                if start == "own":
                    degraded.append(
                        Reason("not-compared", {"group": "relu" if relu else "no-relu"})
                    )
                continue
            steady_somewhere = True
            for path, measure in lead.items():
                beaten = beaten and measure.interval.upper < 1
                level = geometric_mean([wrong("train")(r) for r in runs[path][1]]).estimate
                # the measure is identity over rival, so a rival not above it has an upper end ≥ 1
                equal = measure.interval.upper >= 1 and 100 * level < WELL
                if equal and not growth[path].interval.lower > 1:
                    as_good.append(f"{path}/{condition(relu, start)}")
    if not any(measure.group.startswith(MATCHED) for measure in measures):
        raise MissingRecordError(f"Trainings with several paths at scale {evidence.scale}.")
    told = [Reason("as-good", {"group": p}) for p in sorted({n.split("/")[0] for n in as_good})]
    lack = (
        [Reason("conditions-lack", {"lacking": lacking, "compared": compared})] if lacking else []
    )
    return conclude(
        beaten and steady_somewhere and not lacking,
        bool(as_good),
        measures,
        records,
        numbers={"as_good": len(as_good)},
        caution=[*told, *degraded, *lack] if told else [Reason("few-conditions"), *degraded],
        doubt=lack,
        answer="no-relu" if as_good and all("no-relu" in group for group in as_good) else "",
    )


def condition(relu: bool, start: str) -> str:
    """The group of a condition in measures."""
    return f"{'relu' if relu else 'no-relu'}/{start}"


def ratio_of(name: str, first: list[Record], second: list[Record]) -> Measure:
    """Training errors of one network over another's, by seed."""
    sides = [by_member(runs, wrong("train")) for runs in (first, second)]
    return rated(name, {m: sides[0][m] / sides[1][m] for m in sides[0] if m in sides[1]}, 1.0)


def of_path(evidence: Evidence, path: str, depth: int, relu: bool, start: str) -> list[Record]:
    """The trainings of one path and depth that did not diverge.

    The identity and its renumbering are matched as they are, and without a shortcut there is no
    start to match.
    """
    gamma = 1.0
    if start == "matched" and path in MATCHED:
        if not (record := evidence.stored("matched-starts")):
            return []
        gamma = matched_gamma(record, depth, path, relu)
    wanted = "identity" if path == "none" else path, relu, gamma
    kind = "plain" if path == "none" else "residual"
    return [
        run
        for run in evidence.records
        if "recipe" in run.content and run["metrics"]["train_error"] is not None
        if (run.kind, run.depth) == (kind, depth)
        if (run.recipe.shortcut, run.recipe.last_relu, run.recipe.gamma) == wanted
        if not replace(run.recipe, shortcut="identity", last_relu=True, gamma=1.0).variant
    ]
