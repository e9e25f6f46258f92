"""Responses of layers: the paper's Fig. 7 and ‖F(x)‖/‖x‖ by block."""

import pandas as pd
from matplotlib.figure import Figure

from residual import tables
from residual.figures.style import LINES, NAMES, label_ends, network, panels, shade
from residual.runs import Run


def figure_7(runs: list[Run], when: str = "final") -> Figure:
    """Standard deviation of each 3×3 layer's response: in original order, and sorted.

    The two panels of Fig. 7 (§4.2). Lines are means over seeds; plain nets are dashed.
    """
    figure, axes = panels(2, 1, 6.0)
    means = layer_means(runs, when)
    depths = means["depth"].unique()
    for ax, order in zip(axes, ("position", "rank")):
        ends = {}
        for (kind, depth), part in means.groupby(["kind", "depth"]):
            part = part.sort_values(order)
            colour = shade(kind, depth, depths)
            ax.plot(part[order], part["std"], color=colour, linestyle=LINES[kind], linewidth=1.8)
            ends[network(kind, depth)] = (part[order].max(), part["std"].iloc[-1], colour)
        ax.set(ylabel="standard deviation", ylim=(0, None), xlim=(0, None))
        label_ends(ax, ends)
    axes[0].set_xlabel("layer, in original order")
    axes[1].set_xlabel("layer, sorted by magnitude")
    return figure


def layer_means(runs: list[Run], when: str) -> pd.DataFrame:
    """Mean std over seeds by layer, with its position in the network and its rank by size."""
    frame = tables.responses(runs, when)
    keys = ["kind", "depth", "position"]
    means = frame.groupby(keys, as_index=False)["std"].mean()
    ranks = means.groupby(["kind", "depth"])["std"].rank(ascending=False, method="first")
    return means.assign(rank=ranks)


def response_ratio(runs: list[Run]) -> Figure:
    """‖F(x)‖/‖x‖ of each block, trained (line) and at initialisation (thin), one panel a kind."""
    kinds = [kind for kind in NAMES if any(run.recipe.kind == kind for run in runs)]
    figure, axes = panels(1, len(kinds), 3.3, sharey=True)
    for when, width in (("initial", 0.9), ("final", 2.0)):
        frame = tables.responses(runs, when, "blocks")
        means = frame.groupby(["kind", "depth", "position"], as_index=False)["ratio"].mean()
        for kind, ax in zip(kinds, axes):
            ends = {}
            for depth, part in means[means["kind"] == kind].groupby("depth"):
                colour = shade(kind, depth, means["depth"])
                ax.plot(part["position"], part["ratio"], color=colour, linewidth=width)
                ends[network(kind, depth)] = (
                    part["position"].max(),
                    part["ratio"].iloc[-1],
                    colour,
                )
            if when == "final":
                ax.set(title=f"{NAMES[kind]} networks", xlabel="block", ylim=(0, None))
                label_ends(ax, ends)
    axes[0].set_ylabel("‖F(x)‖ / ‖x‖")
    return figure
