"""Error curves (the layout of the paper's Fig. 6) and error against depth."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from residual import tables
from residual.figures.style import HUES, LINES, NAMES, THIN, label_ends, network, panels, shade
from residual.runs import Run


def error_curves(runs: list[Run]) -> Figure:
    """Test error (bold) and running training error (thin) by iteration, one panel a kind.

    Lines are means over seeds, bands span the lowest and the highest seed.
    """
    kinds = [kind for kind in NAMES if any(run.recipe.kind == kind for run in runs)]
    figure, axes = panels(1, len(kinds), 3.6, sharey=True)
    training, test = tables.curves(runs, "training"), tables.curves(runs, "test")
    for kind, ax in zip(kinds, axes):
        draw_curves(ax, training[training["kind"] == kind], "train_error_batch", 0.9, THIN)
        draw_curves(ax, test[test["kind"] == kind], "test_error", 2.2, "-")
        ax.set(title=f"{NAMES[kind]} networks", xlabel="iteration", ylim=(0, 100))
        ax.set_xlim(0, test["iteration"].max())
        last = test[test["kind"] == kind].groupby("depth").apply(final_point, include_groups=False)
        depths = sorted(test["depth"].unique())
        label_ends(ax, {network(kind, d): (*last[d], shade(kind, d, depths)) for d in last.index})
    axes[0].set_ylabel("error, %")
    return figure


def draw_curves(ax: Axes, frame: pd.DataFrame, value: str, width: float, line) -> None:
    """One line a depth with its band over seeds."""
    for (kind, depth), part in frame.groupby(["kind", "depth"]):
        colour = shade(kind, depth, frame["depth"])
        by_iteration = part.groupby("iteration")[value]
        mean, low, high = by_iteration.mean(), by_iteration.min(), by_iteration.max()
        ax.plot(mean.index, mean, color=colour, linewidth=width, linestyle=line)
        ax.fill_between(mean.index, low, high, color=colour, alpha=0.15, linewidth=0)


def final_point(frame: pd.DataFrame) -> tuple[float, float]:
    """The last iteration and the mean test error there."""
    last = frame["iteration"].max()
    return last, frame.loc[frame["iteration"] == last, "test_error"].mean()


def error_by_depth(runs: list[Run]) -> Figure:
    """Final training and test error against depth: a dot a seed, a line through the means."""
    frame = tables.finals(runs)
    figure, axes = panels(1, 2, 3.3, sharey=True)
    titles = {"train_error": "training error", "test_error": "test error"}
    for ax, (value, title) in zip(axes, titles.items()):
        for kind, part in frame.groupby("kind"):
            mean = part.groupby("depth")[value].mean()
            ax.plot(mean.index, mean, color=HUES[kind], linestyle=LINES[kind], linewidth=2)
            ax.scatter(part["depth"], part[value], color=HUES[kind], s=26, alpha=0.6, linewidth=0)
        means = frame.groupby(["kind", "depth"])[value].mean()
        deepest = frame["depth"].max()
        ends = {NAMES[k]: (deepest, means[k, deepest], HUES[k]) for k in frame["kind"].unique()}
        ax.set(title=title, xlabel="depth", xticks=sorted(frame["depth"].unique()), ylim=(-2, 102))
        label_ends(ax, ends)
    axes[0].set_ylabel("error, %")
    return figure
