"""Responses of layers: the paper's Fig. 7 and ‖F(x)‖/‖x‖ by block."""

import pandas as pd
from matplotlib.figure import Figure

from companion import tables
from companion.figures.style import (
    LINES,
    kinds_of,
    label_lines,
    network,
    panels,
    shade,
    whole_numbers,
)
from residual.store import Record


def figure_7(frame: pd.DataFrame) -> Figure:
    """Standard deviation of each 3×3 layer's response: in original order, and sorted.

    The two panels of Fig. 7 (§4.2), from `tables.responses`. Lines are means over seeds; plain
    nets are dashed.
    """
    means = layer_means(frame)
    figure, axes = panels(2, 1, 6.0)
    for ax, order in zip(axes, ("position", "rank")):
        for (kind, depth), part in means.groupby(["kind", "depth"]):
            part = part.sort_values(order)
            style = {"color": shade(kind, depth, means["depth"]), "linestyle": LINES[kind]}
            ax.plot(part[order], part["std"], label=network(kind, depth), **style)
        ax.set(ylabel="standard deviation", ylim=(0, None), xlim=(0, None))
        whole_numbers(ax)
    axes[0].set_xlabel("layer, in original order")
    axes[1].set_xlabel("layer, sorted by magnitude")
    label_lines(axes)
    return figure


def layer_means(frame: pd.DataFrame) -> pd.DataFrame:
    """Mean std over seeds by layer, with its position in the network and its rank by size."""
    keys = ["kind", "depth", "position"]
    means = frame.groupby(keys, as_index=False)["std"].mean()
    ranks = means.groupby(["kind", "depth"])["std"].rank(ascending=False, method="first")
    return means.assign(rank=ranks)


def gradient_norms(runs: list[Record]) -> Figure:
    """‖∇W‖/‖W‖ by layer at the end (bold) and before training (thin), one panel a kind."""
    frame = tables.gradients(runs)
    kinds = kinds_of(frame)
    last = frame.groupby("run")["iteration"].transform("max")
    parts = ((frame[frame["iteration"] == 0], 0.9), (frame[frame["iteration"] == last], 2.0))
    figure, axes = panels(1, len(kinds), 3.3, sharey=True)
    for kind, ax in zip(kinds, axes):
        for part, width in parts:
            for depth, found in part[part["kind"] == kind].groupby("depth"):
                mean = found.groupby("position")["ratio"].mean()
                label = network(kind, depth) if width > 1 else None
                style = {"color": shade(kind, depth, frame["depth"]), "linewidth": width}
                ax.plot(mean.index, mean, label=label, **style)
        ax.set(title=f"{kind} networks", xlabel="layer", yscale="log")
        whole_numbers(ax)
    axes[0].set_ylabel("‖∇W‖ / ‖W‖")
    label_lines(axes)
    return figure


def response_ratio(runs: list[Record]) -> Figure:
    """‖F(x)‖/‖x‖ of each block, trained (bold) and at initialisation (thin), one panel a kind."""
    trained, start = (tables.responses(runs, when, "blocks") for when in ("final", "initial"))
    kinds = kinds_of(trained)
    figure, axes = panels(1, len(kinds), 3.3, sharey=True)
    for kind, ax in zip(kinds, axes):
        for frame, width in ((start, 0.9), (trained, 2.0)):
            for depth, part in frame[frame["kind"] == kind].groupby("depth"):
                mean = part.groupby("position")["ratio"].mean()
                label = network(kind, depth) if frame is trained else None
                style = {"color": shade(kind, depth, frame["depth"]), "linewidth": width}
                ax.plot(mean.index, mean, label=label, **style)
        ax.set(title=f"{kind} networks", xlabel="block")
        whole_numbers(ax)
    axes[0].set_ylabel("‖F(x)‖ / ‖x‖")
    axes[0].set_ylim(bottom=0)
    label_lines(axes)
    return figure
