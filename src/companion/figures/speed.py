"""Time of an iteration against depth."""

import pandas as pd
from matplotlib.figure import Figure

from companion.figures.style import HUES, label_lines, panels

GREY = "#666666"
WAYS = {"engine": ("this engine", HUES["residual"]), "usual": ("the usual way", GREY)}
"""Columns of the frame, with the name and the colour of their lines."""


def iteration_time(frame: pd.DataFrame) -> Figure:
    """Milliseconds of an iteration of the residual nets by depth; one line a way of training.

    The frame has depth, engine and usual, one row a depth.
    """
    figure, (ax,) = panels(1, 1, 3.2)
    for column, (name, colour) in WAYS.items():
        style = {"color": colour, "linewidth": 2, "marker": "o"}
        ax.plot(frame["depth"], frame[column], label=name, **style)
    ax.set(xlabel="depth", ylabel="ms an iteration", xticks=frame["depth"])
    ax.set(xlim=(0, None), ylim=(0, None))
    label_lines([ax])
    return figure
