"""Pictures of the identity: zeroed networks, deleted blocks, descent towards the identity."""

import pandas as pd
from matplotlib.figure import Figure

from residual import tables
from residual.figures.style import HUES, NAMES, label_ends, network, panels, shade
from residual.runs import Run


def zeroed_outputs(frame: pd.DataFrame) -> Figure:
    """What is left of the signal after each block when every convolution is zero.

    The frame has columns kind, block and spread: the standard deviation over images of the
    block's output, relative to that of the first block's input.
    """
    figure, (ax,) = panels(1, 1, 2.8)
    ends = {}
    for kind, part in frame.groupby("kind"):
        ax.plot(part["block"], part["spread"], color=HUES[kind], marker="o", markersize=4)
        ends[NAMES[kind]] = (part["block"].max(), part["spread"].iloc[-1], HUES[kind])
    ax.set(xlabel="block", ylabel="spread over images,\nrelative to the input", ylim=(-0.05, 1.1))
    label_ends(ax, ends)
    return figure


def lesion_bars(runs: list[Run]) -> Figure:
    """Rise in test error when one block is deleted, by block; one panel a kind, dots are seeds."""
    frame = tables.lesions(runs)
    kinds = [kind for kind in NAMES if kind in set(frame["kind"])]
    figure, axes = panels(1, len(kinds), 3.2, sharey=True)
    for kind, ax in zip(kinds, axes):
        ends = {}
        for depth, part in frame[frame["kind"] == kind].groupby("depth"):
            colour = shade(kind, depth, frame["depth"])
            means = part.groupby("block")["rise"].mean()
            ax.scatter(part["block"], part["rise"], color=colour, s=9, alpha=0.4, linewidth=0)
            ax.plot(means.index, means, color=colour, linewidth=1.8)
            ends[network(kind, depth)] = (means.index.max(), means.iloc[-1], colour)
        ax.set(title=f"{NAMES[kind]} networks", xlabel="deleted block")
        label_ends(ax, ends)
    axes[0].set_ylabel("rise in test error, points")
    return figure


def regression_curves(frame: pd.DataFrame) -> Figure:
    """Loss of a stack learning the identity, by iteration: one panel a kind, depth as shade.

    The frame has columns kind, blocks, iteration and loss (mean squared error relative to the
    variance of the input).
    """
    figure, axes = panels(1, 2, 3.4, sharey=True)
    for (kind, part), ax in zip(frame.groupby("kind"), axes):
        ends = {}
        for blocks, line in part.groupby("blocks"):
            colour = shade(kind, blocks, frame["blocks"])
            ax.plot(line["iteration"], line["loss"], color=colour)
            ends[f"{blocks}"] = (line["iteration"].max(), line["loss"].iloc[-1], colour)
        ax.set(title=f"{NAMES[kind]} stack", xlabel="iteration", yscale="log")
        for name, (x, y, colour) in ends.items():
            ax.annotate(name, (x, y), xytext=(5, 0), textcoords="offset points", color=colour)
    axes[0].set_ylabel("relative squared error")
    return figure
