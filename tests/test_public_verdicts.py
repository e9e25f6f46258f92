"""Verdicts and measures on networks of others, computed again from raw records by numpy and scipy.

Nothing of the rules is used here but what they publish: files are read as JSON, CSV and TOML, and
each rule is written again after its row in the registration, with all that stands beside it.
"""

import csv
import json
import tomllib
from collections import defaultdict
from contextlib import suppress
from functools import cache, partial
from itertools import pairwise, product

import numpy as np
import pytest
from scipy import stats

from residual.claims import CLAIMS, judged
from residual.store import ROOT, committed

KINDS = ("plain", "residual")
PLAIN_20, PLAIN_56, RESNET_20, RESNET_56 = product(KINDS, (20, 56))
RESNETS = (20, 32, 44, 56, 110)
SETS = {"second": ("second",), "first": ("first",), "both": ("first", "second")}
FACTS = ROOT / "src" / "residual" / "peers"


# Raw records and logs


@cache
def networks() -> list[dict]:
    """All public records."""
    paths = sorted((committed() / "public").glob("*/*/record.json"))
    return [json.loads(path.read_text("utf-8")) for path in paths]


@cache
def recipes() -> dict[str, tuple[str, str]]:
    """Variant and recipe of each network with weights, by source/kind-depth."""
    sources = tomllib.loads((FACTS / "peers.toml").read_text("utf-8"))
    return {
        f"{name}/{network}": tuple((source | told).get(k, "") for k in ("variant", "recipe"))
        for name, source in sources.items()
        if name != "not_admitted"
        for network, told in source["networks"].items()
    }


@cache
def logs() -> list[dict]:
    """All logged trainings: whose, what, epochs with training errors, and the final test error."""
    about, folder = tomllib.loads((FACTS / "logs.toml").read_text("utf-8")), committed() / "public"
    _, *finals = csv.reader((folder / "final-test-errors.csv").read_text("utf-8").splitlines())
    reported = {row[0]: float(row[1]) for row in finals}
    files = {"/".join(path.parts[-3:-1]): path for path in folder.glob("*/*/curve.csv")}
    found = []
    for name in sorted(files | reported):
        source, network = name.split("/")
        variant, recipe = recipes().get(name, ("", ""))
        text = files[name].read_text("utf-8") if name in files else "epoch,train_error"
        head, *rows = csv.reader(text.splitlines())
        an_epoch = about[source]["an_epoch"] if head[0] == "iteration" else 1
        kind, depth = network.split("-")
        errors = [(float(row[0]) / an_epoch, float(row[1])) for row in rows]
        told = {"kind": kind, "depth": int(depth), "recipe": recipe, "variant": variant}
        final = float(rows[-1][2]) if head[2:] == ["test_error"] else reported.get(name)
        whose = {"name": source, "set": about[source]["set"], "code": about[source]["code"]}
        found.append({"source": whose, "network": told, "errors": errors, "final": final})
    return found


@cache
def starts() -> list[dict]:
    """What was measured of our own networks before training, by seed."""
    path = committed() / "desk" / "experiments" / "untrained-networks" / "record.json"
    return json.loads(path.read_text("utf-8"))["measurements"]


@cache
def ours(depth: int) -> list[dict]:
    """The records of our own residual networks on CIFAR-10, which were measured untrained too."""
    paths = sorted((committed() / "desk").glob(f"residual-{depth}-s[0-9]*/record.json"))
    found = [json.loads(path.read_text("utf-8")) for path in paths]
    return [record for record in found if record["metrics"]["train_error"] is not None]


# Statistics


def unbounded(values) -> tuple[float, float, float]:
    """The mean of errors of which each decides: a mean without an interval."""
    return np.mean(values), -np.inf, np.inf


def interval(values) -> tuple[float, float, float]:
    """Mean and 95 % interval by Student's t; without ends for fewer than three."""
    values = np.asarray(values, float)
    if not len(values):
        raise ValueError("nothing to average")
    if len(values) < 3:
        return float(values.mean()), -np.inf, np.inf
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return values.mean(), values.mean() - half, values.mean() + half


def of_logarithms(values) -> tuple[float, float, float]:
    return tuple(np.exp(interval(np.log(list(values)))))


def of_correlations(values) -> tuple[float, float, float]:
    mean, *ends = interval(np.arctanh(list(values)))
    return tuple(np.tanh([mean, *ends])) if np.isfinite(ends[0]) else (np.tanh(mean), *ends)


def of_two_groups(first, second) -> tuple[float, float, float]:
    """Geometric mean of the first over that of the second; Welch's interval on logarithms."""
    logs = np.log(list(first)), np.log(list(second))
    ends = -np.inf, np.inf
    if min(map(len, logs)) >= 3:
        ends = stats.ttest_ind(*logs, equal_var=False).confidence_interval(0.95)
    return tuple(np.exp([logs[0].mean() - logs[1].mean(), *ends]))


def averaged(found: list[dict], read, average=stats.gmean) -> dict[str, float]:
    """A value by source: several trainings of one enter as their average."""
    groups = defaultdict(list)
    for record in found:
        groups[record["source"]["name"]].append(read(record))
    return {name: average(values) for name, values in groups.items()}


def pairs(found: list[dict], first: tuple, second: tuple, read) -> dict[str, tuple[float, float]]:
    """A value of both networks, by source; several trainings and recipes as their mean."""
    sides = []
    for kind, depth in (first, second):
        groups = defaultdict(list)
        for record in only(found, kind, depth):
            if (value := read(record)) is not None:
                groups[record["source"]["name"], record["network"]["recipe"]].append(value)
        sides.append({key: stats.gmean(values) for key, values in groups.items()})
    both = defaultdict(list)
    for key in sides[0].keys() & sides[1].keys():
        both[key[0]].append((sides[0][key], sides[1][key]))
    return {name: tuple(stats.gmean(values)) for name, values in both.items()}


def paired(found: list[dict], first: tuple, second: tuple, read) -> list[float]:
    """First over second, by pairs."""
    return [a / b for a, b in pairs(found, first, second, read).values()]


def only(found: list[dict], kind: str, depth: int, variant: str = "", probe: str = "") -> list:
    """Networks of one kind, depth and variant; if a probe is named, those that it was run on."""
    told = {"kind": kind, "depth": depth, "variant": variant}
    kept = [r for r in found if told.items() <= r["network"].items()]
    return [r for r in kept if probe in r["probes"]] if probe else kept


# What is read of a network


def share(error: float, images: int) -> float:
    return (error / 100 * images + 0.5) / (images + 1)


def training_error(record: dict) -> float:
    return share(record["metrics"]["train_error"], record["data"]["train_images"])


def error_on_test(record: dict) -> float:
    return share(record["metrics"]["test_error"], 10_000)


def per_cent(which: str):
    """Reads a final error in per cent, which has a logarithm where it is zero."""
    return lambda record: max(record["metrics"][f"{which}_error"], 1e-9)


def logged_training(log: dict) -> float | None:
    return share(log["errors"][-1][1], 50_000) if log["errors"] else None


def logged_test(log: dict) -> float | None:
    return None if log["final"] is None else share(log["final"], 10_000)


def kept(record: dict, values: list) -> np.ndarray:
    """Values by block, of the blocks whose shortcut is an identity; NaN where there is none."""
    wide = record["responses"]["final"]["blocks"]["widening"]
    return np.array([value for value, w in zip(values, wide) if not w], float)


def stds(record: dict, state: str) -> np.ndarray:
    """The std of F(x) by identity block."""
    table = record["responses"][state]["layers"]
    return kept(record, [s for n, s in zip(table["layer"], table["std"]) if n.endswith(".2")])


def costs(record: dict) -> np.ndarray:
    """What deleting each identity block costs, in points."""
    errors = record["probes"]["lesions"]["test_error"]
    return kept(record, [error - errors[0] for error in errors[1:]])


def by_stage(record: dict) -> list[np.ndarray]:
    """Which identity blocks lie in each stage."""
    blocks = len(record["responses"]["final"]["blocks"]["block"])
    place = kept(record, list(np.arange(blocks) // (blocks // 3)))
    return [place == stage for stage in range(3)]


def first_over_last(record: dict, power: int = 2) -> float:
    """‖∇W‖/‖W‖ times a power of ‖W‖: the median of the first stage over that of the last."""
    table = record["gradients"]
    sizes = np.array(table["ratio"][-1]) * np.array(table["weight"][-1]) ** power
    first, _, last = np.split(sizes[1:], 3)
    return np.median(first) / np.median(last)


def median_of(record: dict, state: str, column: str) -> float:
    """The median of a column over the 3×3 layers."""
    return np.median(record["responses"][state]["layers"][column])


def median_std(record: dict, state: str) -> float:
    return median_of(record, state, "std")


def median_range(record: dict, state: str) -> float:
    table = record["responses"][state]["layers"]
    return np.median(np.array(table["high"]) - np.array(table["low"]))


def f_alone(record: dict, state: str, column: str) -> np.ndarray:
    """A column of the layers whose output is F(x), the widening blocks' among them."""
    table = record["responses"][state]["layers"]
    rows = zip(table["layer"], table[column])
    return np.array([value for name, value in rows if name.endswith(".2")])


def relative(record: dict, state: str) -> float:
    """The median of ‖F(x)‖/‖x‖ over identity blocks."""
    return np.nanmedian(kept(record, record["responses"][state]["blocks"]["ratio"]))


def offset(record: dict, state: str) -> float:
    """How far the mean of F(x) lies from zero, in standard deviations: its mean over blocks."""
    return np.mean(np.abs(f_alone(record, state, "mean")) / f_alone(record, state, "std"))


def near(record: dict, state: str) -> float:
    """The share of the elements of F(x) within a tenth of zero."""
    return np.mean(f_alone(record, state, "within_tenth"))


def sine(record: dict, state: str) -> float | None:
    """The median sine of the angle between a block's input and output; None if not measured."""
    table = record["probes"].get("angles", {}).get(state)
    return table and np.nanmedian(kept(record, table["sine"]))


def evenness(record: dict) -> float:
    """The participation ratio of the blocks' Jacobians."""
    return np.nanmedian(kept(record, record["probes"]["jacobian"]["participation"]))


def ordered(record: dict, state: str = "final") -> float:
    """Spearman's ρ of response and cost over all identity blocks."""
    return stats.spearmanr(stds(record, state), costs(record)).statistic


def cost_of_half(record: dict, state: str = "final") -> float:
    """Median cost of the half of the identity blocks that responds less."""
    order = np.argsort(stds(record, state), kind="stable")
    return np.median(costs(record)[order[: len(order) // 2]])


# The rules, written again: records, logs and the state of BN -> holds, fails, intervals


def degradation(read):
    def rule(found, _logs, _state):
        one = of_logarithms(paired(found, PLAIN_56, PLAIN_20, read))
        return one[1] > 1, one[2] < 1, {("ratio", ""): one}

    return rule


def not_overfitting(found, _logs, _state):
    one = of_logarithms(paired(found, PLAIN_56, PLAIN_20, training_error))

    def rises(which):
        """By source, from the shallow network to the deep one, in points."""
        both = pairs(found, PLAIN_56, PLAIN_20, per_cent(which))
        return {name: deep - shallow for name, (deep, shallow) in both.items()}

    train, test = rises("train"), rises("test")
    told = {("ratio", ""): one}
    if shares := [train[name] / test[name] for name in train if test[name] > 0]:
        told["share", ""] = interval(shares)
    fits = np.mean([r["metrics"]["train_error"] for r in only(found, "plain", 56)]) <= 50
    return fits and one[1] > 1, fits and one[2] <= 1, told


def vanishing(found, _logs, _state):
    one = of_logarithms(averaged(only(found, *PLAIN_56), first_over_last).values())
    return one[2] < 0.1, one[1] >= 0.1, {("plain", "end"): one}


def finals(kept_logs, kind, depth):
    """By source, the final test errors that were logged or reported."""
    told = [log for log in only(kept_logs, kind, depth) if log["final"] is not None]
    return list(averaged(told, lambda log: log["final"]).values())


def hundreds(_found, kept_logs, _state):
    plain, residual = (finals(kept_logs, kind, 110) for kind in KINDS)
    told = {("plain", ""): unbounded(plain), ("residual", ""): unbounded(residual)}
    holds = max(residual) < 45 <= min(plain)
    return holds, max(residual) >= 45 or max(plain) < 45, told


def residual_cures(found, _logs, _state):
    growth, gain = (
        of_logarithms(paired(found, *sides, training_error))
        for sides in ((RESNET_56, RESNET_20), (PLAIN_56, RESNET_56))
    )
    told = {("growth", ""): growth, ("gain", ""): gain}
    return growth[2] <= 1 and gain[1] > 1, growth[1] > 1 or gain[2] < 1, told


def responses(threshold: float, size=median_std):
    def rule(found, _logs, state):
        told = {
            ("ratio", str(d)): of_logarithms(
                paired(found, ("plain", d), ("residual", d), lambda r: size(r, state))
            )
            for d in (20, 56)
        }
        ends = list(told.values())
        holds = all(e[1] > 1 if threshold == 1 else e[1] >= threshold for e in ends)
        return holds, all(e[2] < threshold for e in ends), told

    return rule


def deeper(found, _logs, state):
    def size(record):
        return median_std(record, state)

    depths = (20, 32, 44, 56)
    if not all(only(found, "residual", depth) for depth in depths):
        raise ValueError("a depth lacks")
    steps = [(20, 56), *pairwise(depths)]
    told = {
        ("ratio", f"{a} over {b}"): of_logarithms(
            paired(found, ("residual", a), ("residual", b), size)
        )
        for a, b in steps
    }
    one, *each = told.values()
    return one[1] > 1 or all(ends[1] > 1 for ends in each), one[2] < 1, told


def at_every_depth(name, read, threshold, of=interval, average=np.mean, small=True):
    def rule(found, _logs, state):
        told = {
            (name, str(d)): of(list(averaged(there, lambda r: read(r, state), average).values()))
            for d in RESNETS
            if (there := only(found, "residual", d))
        }
        ends = told.values()
        below, reached = all(e[2] < threshold for e in ends), all(e[1] >= threshold for e in ends)
        return *((below, reached) if small else (reached, below)), told

    return rule


near_zero = at_every_depth("ratio", relative, 0.1, of_logarithms, stats.gmean)


def chain(found, kept_logs, state):
    nets, free = only(found, *RESNET_56), only(found, *RESNET_56, "no-gamma-decay")

    def accumulation(record):
        ratios = kept(record, record["responses"][state]["blocks"]["ratio"])
        return ratios[-1] / ratios[0]

    def std(record):
        return np.median(f_alone(record, state, "std"))

    def against(read):
        return of_two_groups([read(r) for r in free], averaged(nets, read).values())

    _, breaks, check = near_zero(found, kept_logs, state)
    told = {
        ("ratio", "56"): check["ratio", "56"],
        ("accumulation", ""): of_logarithms(averaged(nets, accumulation).values()),
    }
    if free:
        told["free_std", ""] = against(std)
        told["free_relative", ""] = against(lambda r: relative(r, state))
    rivals = told["accumulation", ""][2] < 1 or any(
        ends[1] > 1 for (name, _), ends in told.items() if name.startswith("free")
    )
    return False, breaks or rivals, told


def large_only(found, _logs, state):
    nets = only(found, *RESNET_56, probe="lesions")

    def within(record):
        s, c = stds(record, state), costs(record)
        return np.mean([stats.spearmanr(s[i], c[i]).statistic for i in by_stage(record)])

    one = of_correlations(averaged(nets, within, np.mean).values())
    by_source = [averaged(nets, lambda r, i=i: stds(r, state)[i]) for i in range(25)]
    rows = np.array([[column[name] for column in by_source] for name in by_source[0]])
    told, parts = {("within", ""): one}, [rows[:, stage] for stage in by_stage(nets[0])]
    if repeats := len(rows) >= 3:
        ranks = [stats.rankdata(part, axis=1) for part in parts]
        told |= {
            ("agreement", f"stage {i}"): (agreement(part),) * 3 for i, part in enumerate(ranks, 1)
        }
        repeats = by_chance(tuple(tuple(map(tuple, part)) for part in ranks)) < 0.05
    return one[1] > 0 and repeats, one[2] < 0, told


def agreement(ranks: np.ndarray) -> np.ndarray:
    """Kendall's W: the variance of the sums of ranks (…, m, n), over that of m equal orders."""
    m, n = ranks.shape[-2:]
    return ranks.sum(-2).var(-1) / (m**2 * np.arange(n).var())


@cache
def by_chance(parts: tuple) -> float:
    """How often chance orders blocks within stages as alike as the ranks of each part are."""
    seen, chance, rng = 0.0, 0.0, np.random.default_rng(7)
    for part in map(np.array, parts):
        seen += agreement(part)
        chance = chance + agreement(rng.permuted(np.tile(part, (19_999, 1, 1)), axis=2))
    return float(np.mean(chance >= seen - 1e-12))


def dispensable(found, _logs, state):
    nets = only(found, *RESNET_56, probe="lesions")
    one = interval(list(averaged(nets, lambda r: cost_of_half(r, state), np.mean).values()))
    return one[2] <= 1, one[1] > 1, {("rise", ""): one}


def surplus(found, _logs, _state):
    def error(record):
        if record["network"]["depth"] == 20:
            return error_on_test(record)
        probe = record["probes"].get("surplus")
        return probe and share(probe["joint"], probe["images"])

    def alone(record):
        errors = record["probes"]["lesions"]["test_error"]
        deleted = record["probes"]["surplus"]["deleted"]
        ratios = np.array(record["responses"]["final"]["blocks"]["ratio"])
        wide = np.array(record["responses"]["final"]["blocks"]["widening"])
        least = np.argsort(np.where(wide, np.inf, ratios), kind="stable")[:18]
        assert sorted(least + 1) == deleted
        return np.median([errors[block] - errors[0] for block in deleted])

    nets = only(found, *RESNET_56, probe="surplus")
    joint = of_logarithms(paired(found, RESNET_56, RESNET_20, error))
    one = interval(list(averaged(nets, alone, np.mean).values()))
    holds = joint[2] <= 2 and one[2] <= 1
    return holds, joint[1] > 2, {("joint", ""): joint, ("alone", ""): one}


def nearer(found, _logs, state):
    def read(record):
        return sine(record, state)

    told = {
        ("ratio", str(d)): of_logarithms(paired(found, ("plain", d), ("residual", d), read))
        for d in (20, 56)
    }
    ends = told.values()
    return all(e[1] > 1 for e in ends), any(e[2] < 1 for e in ends), told


def preconditioning(found, _logs, _state):
    before = of_logarithms(s["residual-56"]["kernel"] / s["plain-56"]["kernel"] for s in starts())

    def kernel(record):
        return record["probes"].get("kernel", {}).get("participation")

    after = of_logarithms(paired(found, RESNET_56, PLAIN_56, kernel))
    holds, fails = min(before[1], after[1]) > 1, max(before[2], after[2]) < 1
    return holds, fails, {("ratio", "before training"): before, ("ratio", "trained"): after}


def easier(_found, kept_logs, _state):
    def epochs(log):
        return next((epoch for epoch, error in log["errors"] if error < 20), None)

    told = {
        ("ratio", str(d)): of_logarithms(paired(kept_logs, ("plain", d), ("residual", d), epochs))
        for d in (20, 56)
    }
    ends = told.values()
    return all(e[1] > 1 for e in ends), any(e[2] < 1 for e in ends), told


RULES = {
    "degradation-train": ("second", degradation(training_error)),
    "degradation-test": ("second", degradation(error_on_test)),
    "not-overfitting": ("second", not_overfitting),
    "vanishing-gradients": ("both", vanishing),
    "hundreds-of-layers": ("both", hundreds),
    "residual-cures": ("second", residual_cures),
    "response-smaller": ("both", responses(1)),
    "plain-range-wide": ("both", responses(1, median_range)),
    "order-of-magnitude": ("both", responses(10)),
    "deeper-is-smaller": ("both", deeper),
    "mean-is-zero": ("both", at_every_depth("ratio", offset, 0.1)),
    "chain-is-valid": ("both", chain),
    "response-near-zero": ("both", near_zero),
    "within-a-tenth": ("both", at_every_depth("share", near, 0.9, small=False)),
    "large-only-when-needed": ("second", large_only),
    "response-means-dispensable": ("second", dispensable),
    "cured-by-surplus": ("second", surplus),
    "nearer-the-identity": ("second", nearer),
    "preconditioning": ("both", preconditioning),
    "learning-is-easier": ("second", easier),
}
"""By claim: the set that it is judged on, and its rule."""


# What stands beside, on which no verdict rests: networks and logs -> interval


def of_pairs(first, second, read):
    return lambda found, _logs: of_logarithms(paired(found, first, second, read))


def of_logs(first, second, read):
    return lambda _found, kept_logs: of_logarithms(paired(kept_logs, first, second, read))


def in_points(first, second, which):
    def rise(found, _logs):
        return interval([a - b for a, b in pairs(found, first, second, per_cent(which)).values()])

    return rise


def of_sources(network, read, of=interval, average=np.mean, probe=""):
    def over(found, _logs):
        return of(list(averaged(only(found, *network, probe=probe), read, average).values()))

    return over


def of_gradients(network, power):
    read = partial(first_over_last, power=power)
    return of_sources(network, read, of_logarithms, stats.gmean)


def untrained(read, of=interval):
    """Before training, in our own networks, of each depth that the others have."""

    def start(found, _logs, depth):
        if not only(found, "residual", depth):
            raise ValueError("a depth lacks")
        return of([read(record, "initial") for record in ours(depth)])

    return {("start", str(d)): partial(start, depth=d) for d in RESNETS}


def sines(depth):
    """Before training, in our own starts, plain over residual."""
    return [s[f"plain-{depth}"]["sine"] / s[f"residual-{depth}"]["sine"] for s in starts()]


def added(found, _logs, depth):
    """What training adds: the ratio of trained networks over that of untrained ones."""
    sides = ("plain", depth), ("residual", depth)
    return of_two_groups(paired(found, *sides, lambda r: sine(r, "final")), sines(depth))


OTHER_SIZES = {
    (name, str(d)): of_pairs(("plain", d), ("residual", d), read)
    for d in (20, 56)
    for name, read in (
        ("f_alone", lambda r: np.median(f_alone(r, "final", "std"))),
        ("by_channel", lambda r: median_of(r, "final", "channel_std")),
    )
}
WHOLE = {("whole", ""): of_sources(RESNET_56, ordered, of_correlations, probe="lesions")}
BESIDE = {
    "degradation-train": {
        ("points", ""): in_points(PLAIN_56, PLAIN_20, "train"),
        ("ratio", "logs"): of_logs(PLAIN_56, PLAIN_20, logged_training),
    },
    "degradation-test": {
        ("points", ""): in_points(PLAIN_56, PLAIN_20, "test"),
        ("ratio", "logs"): of_logs(PLAIN_56, PLAIN_20, logged_test),
    },
    "not-overfitting": {("ratio", "logs"): of_logs(PLAIN_56, PLAIN_20, logged_training)},
    "vanishing-gradients": {
        ("norm", "end"): of_gradients(PLAIN_56, 1),
        ("relative", "end"): of_gradients(PLAIN_56, 0),
        ("residual", "end"): of_gradients(RESNET_56, 2),
    },
    "hundreds-of-layers": {
        ("deepest", ""): lambda _found, kept_logs: unbounded(finals(kept_logs, "residual", 1202))
    },
    "residual-cures": {
        ("growth_points", ""): in_points(RESNET_56, RESNET_20, "train"),
        ("gain_points", ""): in_points(PLAIN_56, RESNET_56, "train"),
        ("growth", "logs"): of_logs(RESNET_56, RESNET_20, logged_training),
        ("gain", "logs"): of_logs(PLAIN_56, RESNET_56, logged_training),
    },
    "response-smaller": OTHER_SIZES,
    "order-of-magnitude": OTHER_SIZES,
    "deeper-is-smaller": {
        ("plain", "20 over 56"): of_pairs(PLAIN_20, PLAIN_56, lambda r: median_std(r, "final"))
    },
    "mean-is-zero": untrained(offset),
    "response-near-zero": untrained(relative, of_logarithms),
    "within-a-tenth": untrained(near),
    "large-only-when-needed": WHOLE,
    "response-means-dispensable": WHOLE
    | {("rise_plain", ""): of_sources(PLAIN_56, cost_of_half, probe="lesions")},
    "cured-by-surplus": {
        (f"{key}_error", ""): of_sources(
            RESNET_56, lambda r, key=key: r["probes"]["surplus"][key], probe="surplus"
        )
        for key in ("whole", "joint", "shuffled")
    },
    "nearer-the-identity": {
        ("start", str(d)): lambda _found, _logs, d=d: of_logarithms(sines(d)) for d in (20, 56)
    }
    | {("added", str(d)): partial(added, depth=d) for d in (20, 56)},
    "preconditioning": {("jacobian", ""): of_pairs(RESNET_56, PLAIN_56, evenness)},
}
"""By claim: how each measure, by name and group, is computed."""

OF_NO_SET = {"start", "added", "agreement", "before training"}
"""Names and groups of what is shown once and not for each set of sources."""


def chosen(name: str, left=lambda source: False) -> tuple[list, list]:
    """Networks and logs of a set of sources, without those left out."""
    return tuple(
        [x for x in found if x["source"]["set"] in SETS[name] and not left(x["source"])]
        for found in (networks(), logs())
    )


def verdict(rule, given: tuple[list, list], state: str = "final") -> str:
    """The verdict of a rule, as networks of others can give it."""
    try:
        holds, fails, _ = rule(*given, state)
    except (IndexError, ValueError):  # nothing to compare
        return "not run"
    return "supported with a caveat" if holds else "not supported" if fails else "inconclusive"


def there(claim: str):
    """The published finding; the test is skipped where the records are not there."""
    found = judged(claim, "public")
    if found.verdict == "not run":
        name, rule = RULES[claim]
        assert verdict(rule, chosen(name)) == "not run"
        pytest.skip(f"{claim}: {found.reasons[0].told['what']}")
    return found


def test_every_claim_judged_on_networks_of_others_is_here():
    found = [judged(claim.id, "public") for claim in CLAIMS]
    assert {f.id for f in found if any(run.startswith("public/") for run in f.runs)} == {*RULES}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("claim", RULES)
def test_the_verdict_is_the_same(claim):
    found = there(claim)
    name, rule = RULES[claim]
    both = [verdict(rule, chosen(name), state) for state in ("final", "final_exact")]
    assert found.verdict == (both[0] if both[0] == both[1] else "inconclusive")
    told = {reason.name for reason in found.reasons}
    assert ("exact-statistics" in told) == (both[0] != both[1])


def measures(claim: str) -> dict[tuple[str, str], tuple[tuple, bool]]:
    """By name and group, each measure of a claim, and whether the verdict rests on it."""
    (judged_on, rule), found = RULES[claim], {}
    for name in SETS:
        given = chosen(name)
        try:
            *_, told = rule(*given, "final")
        except (IndexError, ValueError):  # nothing to compare
            continue
        beside = {}
        for key, of in BESIDE.get(claim, {}).items():
            with suppress(KeyError, ValueError):  # not measured, or nothing to compare
                beside[key] = of(*given)
        for (measure, group), ends in (told | beside).items():
            rests = name == judged_on and (measure, group) in told
            if not {measure, group} & OF_NO_SET:
                group = "/".join(part for part in (group, name) if part)
            elif name != judged_on:
                continue
            found[measure, group] = ends, rests
    return found


@pytest.mark.parametrize("claim", RULES)
def test_every_measure_is_the_same(claim):
    found, again = there(claim), measures(claim)
    published = {(m.name, m.group): m for m in found.measures}
    assert published.keys() == again.keys()  # none is published that is not computed again
    assert len(published) == len(found.measures)
    for key, (ends, rests) in again.items():
        about = published[key].interval
        assert published[key].judged == rests, key
        known = about.estimate, about.lower, about.upper
        assert known == pytest.approx(ends, rel=1e-6, abs=1e-9), key


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("claim", RULES)
def test_what_carries_a_verdict_is_the_same(claim):
    found = there(claim)
    name, rule = RULES[claim]
    usual = verdict(rule, chosen(name))
    if found.seeds < 3 or "exact-statistics" in {r.name for r in found.reasons}:
        pytest.skip("Too few sources, or the two kinds of statistics disagree.")
    known = [x["source"] for found in chosen(name) for x in found]
    sources = {source["name"]: source["code"] for source in known}
    codes = [code for code in set(sources.values()) if list(sources.values()).count(code) > 1]
    for key, members in (("name", sources), ("code", codes)):
        other = {
            who: v
            for who in members
            if (v := verdict(rule, chosen(name, lambda s, w=who, k=key: s[k] == w))) != usual
        }
        names = (f"carried-by-{key}", *(("fewest",) if key == "name" else ()))
        told = [r.told for r in found.reasons if r.name in names]
        assert {who: r["verdict"] for r in told for who in r["who"].split(", ")} == other
