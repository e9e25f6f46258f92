"""Reading gradients: how ‖∇W‖/‖W‖ of the first stage compares with that of the last."""

import math
from statistics import fmean

from residual.statistics import Interval, geometric_mean
from residual.store import Record

VANISHED = 0.1
TINY = 1e-300


def stage_ratio(layers: list[str], row: list[float]) -> float:
    """First stage over last: ratio of geometric means over layers of ‖∇W‖/‖W‖."""
    blocks = (len(layers) - 1) // 2
    first = {f"{i}.{k}" for i in range(1, blocks // 3 + 1) for k in (1, 2)}
    last = {f"{i}.{k}" for i in range(2 * blocks // 3 + 1, blocks + 1) for k in (1, 2)}

    def level(stage: set[str]) -> float:
        return fmean(math.log(max(v, TINY)) for v, n in zip(row, layers) if n in stage)

    return math.exp(level(first) - level(last))


def stage_ratios(run: Record) -> list[float]:
    """The stage ratio at each recorded iteration; the first is before training."""
    table = run["gradients"]
    return [stage_ratio(table["layer"], row) for row in table["ratio"]]


def gradient_intervals(runs: list[Record]) -> dict[str, Interval]:
    """The stage ratio at initialisation, and its geometric mean through training, over seeds."""
    series = [stage_ratios(run) for run in runs]
    through = [math.exp(sum(map(math.log, s[1:] or s)) / len(s[1:] or s)) for s in series]
    return {
        "initial": geometric_mean([s[0] for s in series]),
        "training": geometric_mean(through),
    }


def regime(found: Interval) -> str:
    """Vanishing below a tenth, exploding above ten, healthy between, by the estimate."""
    if found.estimate < VANISHED:
        return "vanishing"
    return "exploding" if found.estimate > 1 / VANISHED else "healthy"


def initial_values(measurements: list[dict]) -> dict[str, float]:
    """Geometric mean of the initial stage ratio for each kind, norm and start measured."""
    groups: dict[str, list[float]] = {}
    for row in (row for m in measurements for row in m["rows"]):
        form = "bn" if row["norm"] else "no_bn"
        name = f"{row['kind']}_{form}_{row['start']}_initial_ratio"
        groups.setdefault(name, []).append(stage_ratio(row["layer"], row["ratio"]))
    return {k: float(f"{geometric_mean(v).estimate:.6g}") for k, v in groups.items()}
