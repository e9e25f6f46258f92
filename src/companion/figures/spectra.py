"""Singular values of the blocks' Jacobians."""

import pandas as pd
from matplotlib.figure import Figure

from companion.figures.style import (
    LINES,
    kinds_of,
    label_lines,
    network,
    panels,
    shade,
    whole_numbers,
)


def jacobian_bands(frame: pd.DataFrame) -> Figure:
    """Singular values by block, one panel a kind: median, and a band from 10 % to 90 %.

    The frame has kind, depth, position, low, median and high, one network of each kind and depth.
    The thin line at one is where the identity has all of them.
    """
    kinds = kinds_of(frame)
    figure, axes = panels(1, len(kinds), 3.4, sharey=True)
    for kind, ax in zip(kinds, axes):
        ax.axhline(1, color="#777777", linewidth=0.8)
        for depth, part in frame[frame["kind"] == kind].groupby("depth"):
            colour = shade(kind, depth, frame["depth"])
            line = {"color": colour, "linestyle": LINES[kind], "linewidth": 1.8}
            ax.plot(part["position"], part["median"], label=network(kind, depth), **line)
            ax.fill_between(part["position"], part["low"], part["high"], color=colour, alpha=0.2)
        ax.set(title=f"{kind} networks", xlabel="block")
        whole_numbers(ax)
    axes[0].set(ylabel="singular values", ylim=(0, None))
    label_lines(axes)
    return figure
