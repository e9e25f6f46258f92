"""Pictures and sentences of the chapters on degradation and on residual reformulation."""

import pandas as pd

from companion import figures, tables
from companion.chapter import scale
from companion.chapter.display import Picture
from companion.chapter.settings import Settings
from companion.chapter.words import change_with_depth, names, networks
from companion.figures.style import kinds_of, network
from residual.statistics import per_cent
from residual.store import Record, every


def curves(settings: Settings, runs: list[Record], label: str) -> Picture:
    """Error curves of all runs, in the layout of the paper's Fig. 6."""
    frame = tables.finals(runs)
    points = pd.concat([tables.curves(runs, which) for which in ("training", "test")])
    kinds = kinds_of(frame)
    found = [change_with_depth(frame, kind, "test_error", "test error") for kind in kinds]
    bands = "; bands: all seeds" if scale.several(runs) else ""
    caption = " ".join(found) + (
        f" Bold: test error; thin: running training error{bands} ({scale.of_runs(runs)})."
    )
    alt = (
        f"Error in per cent against iteration for {networks(frame)}. Final mean test errors: "
        + final_errors(frame)
    )
    return Picture(figures.error_curves(runs), label, caption, alt, names(frame), points)


def final_errors(frame: pd.DataFrame) -> str:
    """Each network's mean final test error, listed."""
    means = tables.by_network(frame, "test_error")
    parts = [f"{network(m.kind, m.depth)} {m.mean_:.1f}" for m in rows(means)]
    return ", ".join(parts) + " per cent."


def rows(frame: pd.DataFrame) -> list:
    """The rows of a frame as named tuples."""
    return list(frame.rename(columns={"mean": "mean_"}).itertuples(index=False))


def by_depth(settings: Settings, runs: list[Record], label: str) -> Picture:
    """Final error against depth, plain beside residual."""
    frame = tables.finals(runs)
    kinds = kinds_of(frame)
    caption = " ".join(
        change_with_depth(frame, kind, "train_error", "final training error") for kind in kinds
    )
    drawn = "Each dot is a seed, each line joins means"
    caption += f" {drawn if scale.several(runs) else 'Lines join the depths'} "
    caption += f"({scale.of_runs(runs)})."
    alt = f"Final error in per cent against depth for {networks(frame)}. Mean test errors: "
    alt += final_errors(frame)
    return Picture(figures.error_by_depth(runs), label, caption, alt, names(frame), frame)


def error_table(runs: list[Record]) -> pd.DataFrame:
    """Training and test error of each network: mean ± standard deviation over seeds, per cent."""
    frame = tables.finals(runs)
    train, test = tables.by_network(frame, "train_error"), tables.by_network(frame, "test_error")
    both = train.merge(test, on=["depth", "kind", "n"], suffixes=("_train", "_test"))
    columns = {
        "network": [network(k, d) for k, d in zip(both["kind"], both["depth"])],
        "training error, %": spread(both, "train"),
        "test error, %": spread(both, "test"),
        "seeds": both["n"],
    }
    return scale.scaled(pd.DataFrame(columns), scale.of_runs(runs))


def spread(frame: pd.DataFrame, which: str) -> list[str]:
    """mean ± std of a merged frame's columns; the mean alone with one seed."""
    pairs = zip(frame[f"mean_{which}"], frame[f"std_{which}"])
    return [f"{mean:.2f}" + (f" ± {std:.2f}" if std == std else "") for mean, std in pairs]


def gap_sentence(runs: list[Record]) -> str:
    """Where the deepest plain net is worse: already in training, or on the test set only."""
    frame = tables.finals(runs)
    plain = frame[frame["kind"] == "plain"]
    means = plain.groupby("depth")[["train_error", "test_error"]].mean()
    if len(means) < 2:
        return ""
    shallow, deep = means.iloc[0], means.iloc[-1]
    train, test = deep - shallow
    if test <= 0:
        return "The deeper plain net is not worse on the test set, so there is nothing to explain."
    higher = f"The test error of the deeper plain net is {test:.1f} points higher"
    if train <= 0:
        return (
            f"{higher}, and its training error {-train:.1f} points lower: on the training images "
            "it is not worse, which is what overfitting looks like."
        )
    return (
        f"{higher}, and its training error {train:.1f} points: {per_cent(train / test)} of the "
        "rise is there on the training images already. Overfitting would show the opposite, a "
        "training error that falls."
    )


def controls(settings: Settings) -> pd.DataFrame:
    """The deepest plain net under other recipes, as far as the store has them, beside the usual."""
    found = tried(settings)
    frame = tables.finals(found).assign(
        rate=[run.recipe.learning_rate for run in found],
        iterations=[run.recipe.iterations for run in found],
        norm=["yes" if run.recipe.norm else "no" for run in found],
    )
    grouped = frame.groupby(["iterations", "rate", "norm"], as_index=False)
    told = grouped["train_error"].agg(mean="mean", std="std", n="count")
    listing = pd.DataFrame(
        {
            "network": network("plain", settings.deep),
            "learning rate": [f"{rate:g}" for rate in told["rate"]],
            "iterations": told["iterations"],
            "BN": told["norm"],
            "training error, %": spread(told.add_suffix("_train"), "train"),
            "seeds": told["n"],
        }
    )
    return scale.scaled(listing, scale.of_runs(found))


def tried(settings: Settings) -> list[Record]:
    """All runs of the deepest plain net at the largest profile that has it under two recipes.

    At the chapter's own profile where none has.
    """
    for profile in [*settings.profiles, settings.scale()]:
        found = [r for r in every(profile) if r.recipe.kind == "plain"]
        found = [r for r in found if r.recipe.depth == settings.deep]
        if len({r.recipe.variant for r in found}) > 1:
            break
    return found
