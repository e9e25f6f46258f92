"""Verdicts on networks of others, computed again from raw records and logs by numpy and scipy.

Nothing of the rules is used here but their verdicts: files are read as JSON, CSV and TOML, and each
rule is written again after its row in the registration.
"""

import csv
import json
import tomllib
from collections import defaultdict
from functools import cache
from itertools import pairwise, product

import numpy as np
import pytest
from scipy import stats

from residual.claims import CLAIMS, judged
from residual.store import ROOT, committed

KINDS = ("plain", "residual")
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


# Statistics


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
    return tuple(np.tanh(interval(np.arctanh(list(values)))))


def averaged(found: list[dict], read, average=stats.gmean) -> dict[str, float]:
    """A value by source: several trainings of one enter as their average."""
    groups = defaultdict(list)
    for record in found:
        groups[record["source"]["name"]].append(read(record))
    return {name: average(values) for name, values in groups.items()}


def paired(found: list[dict], first: tuple, second: tuple, read) -> list[float]:
    """First over second, by source and recipe; several recipes of one source as their mean."""
    sides = []
    for kind, depth in (first, second):
        groups = defaultdict(list)
        for record in only(found, kind, depth):
            if (value := read(record)) is not None:
                groups[record["source"]["name"], record["network"]["recipe"]].append(value)
        sides.append({key: stats.gmean(values) for key, values in groups.items()})
    ratios = defaultdict(list)
    for key in sides[0].keys() & sides[1].keys():
        ratios[key[0]].append(sides[0][key] / sides[1][key])
    return [stats.gmean(values) for values in ratios.values()]


def only(found: list[dict], kind: str, depth: int, variant: str = "") -> list[dict]:
    told = {"kind": kind, "depth": depth, "variant": variant}
    return [r for r in found if told.items() <= r["network"].items()]


# What is read of a network


def share(error: float, images: int) -> float:
    return (error / 100 * images + 0.5) / (images + 1)


def training_error(record: dict) -> float:
    return share(record["metrics"]["train_error"], record["data"]["train_images"])


def error_on_test(record: dict) -> float:
    return share(record["metrics"]["test_error"], 10_000)


def kept(record: dict, values: list) -> np.ndarray:
    """Values by block, of the blocks whose shortcut is an identity."""
    wide = record["responses"]["final"]["blocks"]["widening"]
    return np.array([value for value, w in zip(values, wide) if not w])


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


# The rules, written again: records, logs and the state of BN -> holds, fails, intervals


def degradation(read):
    def rule(found, _logs, _state):
        one = of_logarithms(paired(found, ("plain", 56), ("plain", 20), read))
        return one[1] > 1, one[2] < 1, {("ratio", ""): one}

    return rule


def not_overfitting(found, _logs, _state):
    ends = ("plain", 56), ("plain", 20)
    one = of_logarithms(paired(found, *ends, training_error))

    def rises(which):
        """By source, from the shallow network to the deep one, in points."""
        groups = defaultdict(dict)
        for end in ends:
            for record in only(found, *end):
                place = record["source"]["name"], record["network"]["recipe"]
                groups[place][end] = max(record["metrics"][f"{which}_error"], 1e-9)
        return {k[0]: g[ends[0]] - g[ends[1]] for k, g in groups.items() if len(g) == 2}

    train, test = rises("train"), rises("test")
    told = {("ratio", ""): one}
    if shares := [train[name] / test[name] for name in train if test[name] > 0]:
        told["share", ""] = interval(shares)
    fits = np.mean([r["metrics"]["train_error"] for r in only(found, "plain", 56)]) <= 50
    return fits and one[1] > 1, fits and one[2] <= 1, told


def vanishing(found, _logs, _state):
    def over(power):
        def first_over_last(record):
            table = record["gradients"]
            sizes = np.array(table["ratio"][-1]) * np.array(table["weight"][-1]) ** power
            first, _, last = np.split(sizes[1:], 3)
            return np.median(first) / np.median(last)

        return first_over_last

    told = {
        (name, "end"): of_logarithms(averaged(only(found, kind, 56), over(power)).values())
        for name, kind, power in (
            ("plain", "plain", 2),
            ("norm", "plain", 1),
            ("relative", "plain", 0),
            ("residual", "residual", 2),
        )
    }
    one = told["plain", "end"]
    return one[2] < 0.1, one[1] >= 0.1, told


def hundreds(_found, kept_logs, _state):
    groups = [
        averaged(
            [r for r in only(kept_logs, *which) if r["final"] is not None], lambda r: r["final"]
        )
        for which in (("plain", 110), ("residual", 110), ("residual", 1202))
    ]
    names = zip(("plain", "residual", "deepest"), groups)
    told = {(name, ""): interval(list(group.values())) for name, group in names if group}
    plain, residual, _ = (list(group.values()) for group in groups)
    holds = max(residual) < 45 <= min(plain)
    return holds, max(residual) >= 45 or max(plain) < 45, told


def residual_cures(found, _logs, _state):
    growth, gain = (
        of_logarithms(paired(found, first, second, training_error))
        for first, second in (
            (("residual", 56), ("residual", 20)),
            (("plain", 56), ("residual", 56)),
        )
    )
    told = {("growth", ""): growth, ("gain", ""): gain}
    return growth[2] <= 1 and gain[1] > 1, growth[1] > 1 or gain[2] < 1, told


def median_std(record, state):
    return np.median(record["responses"][state]["layers"]["std"])


def median_range(record, state):
    table = record["responses"][state]["layers"]
    return np.median(np.array(table["high"]) - np.array(table["low"]))


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


def relative(record, state):
    return np.median(kept(record, record["responses"][state]["blocks"]["ratio"]))


def f_alone(record, state, column):
    """A column of the layers whose output is F(x), the widening blocks' among them."""
    table = record["responses"][state]["layers"]
    pairs = zip(table["layer"], table[column])
    return np.array([value for name, value in pairs if name.endswith(".2")])


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
    if plain := paired(found, ("plain", 20), ("plain", 56), size):
        told["plain", "20 over 56"] = of_logarithms(plain)
    one, *each = (ends for (name, _), ends in told.items() if name == "ratio")
    return one[1] > 1 or all(ends[1] > 1 for ends in each), one[2] < 1, told


def mean_is_zero(found, _logs, state):
    def offset(record):
        return np.mean(np.abs(f_alone(record, state, "mean")) / f_alone(record, state, "std"))

    told = {
        ("ratio", str(d)): interval(list(averaged(there, offset, np.mean).values()))
        for d in (20, 32, 44, 56, 110)
        if (there := only(found, "residual", d))
    }
    ends = told.values()
    return all(e[2] < 0.1 for e in ends), all(e[1] >= 0.1 for e in ends), told


def chain(found, kept_logs, state):
    nets, free = only(found, "residual", 56), only(found, "residual", 56, "no-gamma-decay")

    def accumulation(record):
        ratios = kept(record, record["responses"][state]["blocks"]["ratio"])
        return ratios[-1] / ratios[0]

    def std(record):
        return np.median(f_alone(record, state, "std"))

    def against(read):
        logs = np.log([read(r) for r in free]), np.log(list(averaged(nets, read).values()))
        ends = stats.ttest_ind(*logs, equal_var=False).confidence_interval(0.95)
        return tuple(np.exp([logs[0].mean() - logs[1].mean(), ends.low, ends.high]))

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


def near_zero(found, _logs, state):
    told = {
        ("ratio", str(d)): of_logarithms(averaged(there, lambda r: relative(r, state)).values())
        for d in (20, 32, 44, 56, 110)
        if (there := only(found, "residual", d))
    }
    ends = told.values()
    return all(e[2] < 0.1 for e in ends), all(e[1] >= 0.1 for e in ends), told


def within_a_tenth(found, _logs, state):
    def within(record):
        return np.mean(f_alone(record, state, "within_tenth"))

    told = {
        ("share", str(d)): interval(list(averaged(there, within, np.mean).values()))
        for d in (20, 32, 44, 56, 110)
        if (there := only(found, "residual", d))
    }
    ends = told.values()
    return all(e[1] >= 0.9 for e in ends), all(e[2] < 0.9 for e in ends), told


def large_only(found, _logs, state):
    nets = only(found, "residual", 56)

    def within(record):
        s, c = stds(record, state), costs(record)
        return np.mean([stats.spearmanr(s[i], c[i]).statistic for i in by_stage(record)])

    one = of_correlations(averaged(nets, within, np.mean).values())
    by_source = [averaged(nets, lambda r, i=i: stds(r, state)[i]) for i in range(25)]
    rows = np.array([[column[name] for column in by_source] for name in by_source[0]])
    parts = tuple(tuple(map(tuple, rows[:, stage])) for stage in by_stage(nets[0]))
    repeats = one[1] > 0 and by_chance(parts) < 0.05
    return repeats, one[2] < 0, {("within", ""): one}


@cache
def by_chance(parts: tuple) -> float:
    """How often chance orders blocks within stages as alike as the rows of each part are."""
    seen, chance, rng = 0.0, 0.0, np.random.default_rng(7)
    for part in map(np.array, parts):
        m, n = part.shape
        seen += stats.friedmanchisquare(*part.T).statistic / (m * (n - 1))  # Kendall's W
        ranks = rng.permuted(np.tile(np.arange(1.0, n + 1), (19_999, m, 1)), axis=2)
        spread = ((ranks.sum(1) - m * (n + 1) / 2) ** 2).sum(1)
        chance = chance + 12 * spread / (m**2 * (n**3 - n))
    return float(np.mean(chance >= seen - 1e-12))


def dispensable(found, _logs, state):
    def cost(record):
        smaller = np.argsort(stds(record, state), kind="stable")[:12]  # of 25
        return np.median(costs(record)[smaller])

    one = interval(list(averaged(only(found, "residual", 56), cost, np.mean).values()))
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

    nets = [r for r in only(found, "residual", 56) if "surplus" in r["probes"]]
    joint = of_logarithms(paired(found, ("residual", 56), ("residual", 20), error))
    one = interval(list(averaged(nets, alone, np.mean).values()))
    holds = joint[2] <= 2 and one[2] <= 1
    return holds, joint[1] > 2, {("joint", ""): joint, ("alone", ""): one}


def nearer(found, _logs, state):
    def sine(record):
        table = record["probes"].get("angles", {}).get(state)
        return table and np.median(kept(record, table["sine"]).astype(float))

    told = {
        ("ratio", str(d)): of_logarithms(paired(found, ("plain", d), ("residual", d), sine))
        for d in (20, 56)
    }
    ends = told.values()
    return all(e[1] > 1 for e in ends), any(e[2] < 1 for e in ends), told


def preconditioning(found, _logs, _state):
    path = committed() / "desk" / "experiments" / "untrained-networks" / "record.json"
    starts = json.loads(path.read_text("utf-8"))["measurements"]
    before = of_logarithms(s["residual-56"]["kernel"] / s["plain-56"]["kernel"] for s in starts)

    def kernel(record):
        return record["probes"].get("kernel", {}).get("participation")

    after = of_logarithms(paired(found, ("residual", 56), ("plain", 56), kernel))
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
    "mean-is-zero": ("both", mean_is_zero),
    "chain-is-valid": ("both", chain),
    "response-near-zero": ("both", near_zero),
    "within-a-tenth": ("both", within_a_tenth),
    "large-only-when-needed": ("second", large_only),
    "response-means-dispensable": ("second", dispensable),
    "cured-by-surplus": ("second", surplus),
    "nearer-the-identity": ("second", nearer),
    "preconditioning": ("both", preconditioning),
    "learning-is-easier": ("second", easier),
}
"""By claim: the set that it is judged on, and its rule."""

BESIDE = {("vanishing-gradients", name) for name in ("norm", "relative", "residual")}
BESIDE |= {("hundreds-of-layers", "deepest"), ("deeper-is-smaller", "plain")}
"""Measures that no verdict rests on."""


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


@pytest.mark.parametrize(("claim", "name"), list(product(RULES, SETS)))
def test_intervals_are_the_same_on_each_set(claim, name):
    found = there(claim)
    judged_on, rule = RULES[claim]
    measures = {(m.name, m.group): m for m in found.measures}
    try:
        *_, told = rule(*chosen(name), "final")
    except (IndexError, ValueError):
        assert name != judged_on
        return
    for (measure, group), ends in told.items():
        parts = [part for part in (group, name) if part]
        ours = group == "before training"  # of no set
        if not np.isfinite(ends[0]):
            continue
        known = measures.get((measure, group if ours else "/".join(parts)))
        assert known is not None, (measure, parts)
        beside = (claim, measure) in BESIDE
        assert known.judged == ((name == judged_on or ours) and not beside)
        about = known.interval
        assert about.estimate == pytest.approx(ends[0], rel=1e-6)
        if about.seeds >= 3:
            assert (about.lower, about.upper) == pytest.approx(ends[1:], rel=1e-6, abs=1e-9)


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
