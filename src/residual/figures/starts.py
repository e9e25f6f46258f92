"""Where training goes from a copied solution, and where weight decay alone takes a block."""

import pandas as pd
from matplotlib.figure import Figure

from residual.figures.style import HUES, LINES, label_lines, panels


def solution_curves(frame: pd.DataFrame) -> Figure:
    """Training loss of one plain net from two starts; the frame has start, iteration and loss.

    Lines are means over seeds.
    """
    figure, (ax,) = panels(1, 1, 3.2)
    for start, part in frame.groupby("start"):
        mean = part.groupby("iteration")["loss"].mean()
        line = "-" if start == "copied" else LINES["plain"]
        ax.plot(mean.index, mean, color=HUES["plain"], linestyle=line, label=f"{start} start")
    ax.set(xlabel="iteration", ylabel="training loss", ylim=(0, None))
    label_lines([ax])
    return figure


def decay_distances(frame: pd.DataFrame) -> Figure:
    """Relative distance under weight decay alone: a residual block to the identity, a plain block
    to the map that it started with; with BN (bold) and without (thin).

    The frame has kind, norm, iteration and distance; lines are means over seeds.
    """
    figure, (ax,) = panels(1, 1, 3.2)
    names = {"residual": "residual block to the identity", "plain": "plain block to its map"}
    for (kind, norm), part in frame.groupby(["kind", "norm"]):
        mean = part.groupby("iteration")["distance"].mean()
        style = {"color": HUES[kind], "linewidth": 2.0 if norm else 0.9}
        ax.plot(mean.index, mean, label=names[kind] if norm else None, **style)
    ax.set(xlabel="iteration", ylabel="relative distance", ylim=(0, None))
    label_lines([ax])
    return figure
