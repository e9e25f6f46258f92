"""Error curves (the layout of the paper's Fig. 6) and error against depth."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from companion import tables
from companion.figures.style import (
    HUES,
    LINES,
    NAMES,
    THIN,
    kinds_of,
    label_lines,
    network,
    panels,
    shade,
)
from residual.store import Record


def error_curves(runs: list[Record]) -> Figure:
    """Test error (bold) and running training error (thin) by iteration, one panel a kind.

    Lines are means over seeds, bands span the lowest and the highest seed.
    """
    training, test = tables.curves(runs, "training"), tables.curves(runs, "test")
    kinds = kinds_of(test)
    figure, axes = panels(1, len(kinds), 3.6, sharey=True)
    for kind, ax in zip(kinds, axes):
        draw_curves(ax, training, kind, "train_error_batch")
        draw_curves(ax, test, kind, "test_error")
        ax.set(title=f"{kind} networks", xlabel="iteration", ylim=(0, 100))
        ax.set_xlim(0, test["iteration"].max())
    axes[0].set_ylabel("error, %")
    label_lines(axes)
    return figure


def draw_curves(ax: Axes, frame: pd.DataFrame, kind: str, value: str) -> None:
    """One line a depth with its band over seeds; the test error is bold and labelled."""
    test = value == "test_error"
    style = {"linewidth": 2.2} if test else {"linewidth": 0.9, "linestyle": THIN}
    for depth, part in frame[frame["kind"] == kind].groupby("depth"):
        colour = shade(kind, depth, frame["depth"])
        by_iteration = part.groupby("iteration")[value]
        mean, low, high = by_iteration.mean(), by_iteration.min(), by_iteration.max()
        label = network(kind, depth) if test else None
        ax.plot(mean.index, mean, color=colour, label=label, **style)
        ax.fill_between(mean.index, low, high, color=colour, alpha=0.15, linewidth=0)


def error_by_depth(runs: list[Record]) -> Figure:
    """Final training and test error against depth: a dot a seed, a line through the means."""
    frame = tables.finals(runs)
    titles = {"train_error": "training error", "test_error": "test error"}
    figure, axes = panels(1, 2, 3.3, sharey=True)
    for ax, (value, title) in zip(axes, titles.items()):
        for kind in kinds_of(frame):
            part = frame[frame["kind"] == kind]
            mean, style = part.groupby("depth")[value].mean(), {"color": HUES[kind]}
            line = {"linestyle": LINES[kind], "linewidth": 2, "label": NAMES[kind]}
            ax.plot(mean.index, mean, **line, **style)
            ax.scatter(part["depth"], part[value], s=26, alpha=0.6, linewidth=0, **style)
        ax.set(title=title, xlabel="depth", xticks=sorted(frame["depth"].unique()))
    axes[0].set(ylabel="error, %", ylim=(0, 1.08 * frame[list(titles)].max().max()))
    label_lines(axes)
    return figure
