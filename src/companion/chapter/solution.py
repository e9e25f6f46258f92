"""Pictures and tables on the constructed solution and on gradients, in the first chapter."""

import pandas as pd
from residual.claims.backward import gradient_intervals, stage_ratio

from companion import figures, tables
from companion.chapter import scale
from companion.chapter.display import Picture
from companion.chapter.settings import Settings
from companion.chapter.words import error_rate, listed, names, networks
from companion.figures.style import network
from residual.statistics import geometric_mean, number
from residual.store import Record

COPIED, SHALLOW, DEEP = "copied", 20, 56
STARTS = {"he": "He", "gaussian": "Gaussian, std 0.01"}


def training_on(settings: Settings, label: str) -> Picture | None:
    """Training on from the constructed solution and from a random start, at equal budget.

    None where it would need networks that the chapter was not asked for.
    """
    if not settings.has_experiment("solution-exists") and SHALLOW not in settings.depths:
        return None
    record = settings.experiment("solution-exists")
    parts = []
    for measured, seed in zip(record.measurements, record.seeds):
        for start in (COPIED, "random"):
            curve = pd.DataFrame(measured[f"{start}_loss"])
            parts.append(curve.assign(start=start, seed=seed))
    frame = pd.concat(parts, ignore_index=True)
    ends = pd.DataFrame(record.measurements).mean(numeric_only=True)
    caption = (
        f"{network('plain', DEEP)}, trained on from a copy of {network('plain', SHALLOW)} and from "
        "a random start: the mean training error goes from "
        f"{error_rate(ends.copied_start_train_error)} to {error_rate(ends.copied_train_error)}, "
        f"and to {error_rate(ends.random_train_error)} from the random start "
        f"({scale.of_experiment(record, trained=True)})."
    )
    alt = "Two lines of training loss against iteration, from a copied and from a random start."
    drawn = figures.solution_curves(frame)
    return Picture(drawn, label, caption, alt, (record.name,), frame)


def start_table(settings: Settings) -> pd.DataFrame:
    """‖∇W‖/‖W‖ of the first stage over the last, before training, by form of net.

    Geometric means over layers and over seeds, as in the claim on vanishing gradients.
    """
    record = settings.experiment("vanishing-gradients")
    rows = [
        {
            "network": network(row["kind"], record["settings"]["depth"]),
            "BN": "yes" if row["norm"] else "no",
            "start": STARTS[row["start"]],
            "first stage over last": stage_ratio(row["layer"], row["ratio"]),
        }
        for measured in record.measurements
        for row in measured["rows"]
    ]
    keys = ["network", "BN", "start"]
    groups = pd.DataFrame(rows).groupby(keys, as_index=False, sort=False)
    found = groups.agg(lambda values: number(geometric_mean(values).estimate))
    return scale.scaled(found, scale.of_experiment(record, images=True))


def gradients(settings: Settings, runs: list[Record], label: str) -> Picture:
    """Gradient norms by layer, before training and at the end."""
    frame = tables.gradients(runs)
    groups: dict[str, list[Record]] = {}
    for run in runs:
        groups.setdefault(network(run.recipe.kind, run.recipe.depth), []).append(run)
    found = [
        f"{number(gradient_intervals(group)['initial'].estimate)} in {name}"
        for name, group in groups.items()
    ]
    caption = (
        "Before training, ‖∇W‖/‖W‖ of the first stage over that of the last one is "
        f"{listed(found)} (geometric means): below one it shrinks on the way back, above one it "
        f"grows. Bold: at the end of training; thin: before ({scale.of_runs(runs)})."
    )
    alt = f"Relative gradient norm by layer on a logarithmic scale for {networks(frame)}."
    return Picture(figures.gradient_norms(runs), label, caption, alt, names(frame), frame)
