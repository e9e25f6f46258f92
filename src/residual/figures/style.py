"""The book's one style: plain nets orange, residual nets blue, deeper nets darker.

The two hues are from the palette of Okabe and Ito (2008), which colour-blind readers tell apart.
"""

from collections.abc import Sequence

import matplotlib
import pandas as pd
import seaborn
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

HUES = {"plain": "#c8500a", "residual": "#0a63a8"}
NAMES = {"plain": "plain", "residual": "ResNet"}
LINES = {"plain": (0, (4, 1.5)), "residual": "-"}
THIN = (0, (1.5, 1))
WIDTH = 8.0  # inches, the width of the text column


def panels(rows: int, columns: int, height: float, **shared: bool) -> tuple[Figure, list[Axes]]:
    """A figure of the column's width and its axes as a flat list."""
    seaborn.set_theme(style="ticks", context="notebook", font_scale=0.9)
    matplotlib.rcParams.update(
        {
            "axes.spines.top": False,
            "axes.spines.right": False,
            "figure.constrained_layout.use": True,
        }
    )
    size = (WIDTH, height)
    figure, axes = pyplot.subplots(rows, columns, figsize=size, squeeze=False, **shared)
    return figure, list(axes.flat)


def shade(kind: str, depth: int, depths: Sequence[int]) -> str:
    """The colour of a network: its kind's hue, lighter the shallower it is among the depths."""
    ordered = sorted(set(depths))
    rank = ordered.index(depth) / max(len(ordered) - 1, 1) if len(ordered) > 1 else 1.0
    light = 0.5 * (1 - rank)
    return to_hex([c + (1 - c) * light for c in to_rgb(HUES[kind])])


def kinds_of(frame: pd.DataFrame) -> list[str]:
    """The kinds that a frame holds, plain first."""
    return [kind for kind in NAMES if kind in set(frame["kind"])]


def network(kind: str, depth: int) -> str:
    """A network's name in figures and sentences: plain-20, ResNet-20."""
    return f"{NAMES[kind]}-{depth}"


def whole_numbers(axes: Axes) -> None:
    """Ticks of the x axis at whole numbers: layers, blocks."""
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def label_lines(axes: list[Axes], gap: float = 0.055) -> None:
    """Write each labelled line's name beside its last point, moved apart where names collide.

    Call it when everything is drawn, since panels that share an axis move each other's limits.
    """
    for ax in axes:
        lines = [line for line in ax.get_lines() if not line.get_label().startswith("_")]
        lines.sort(key=lambda line: line.get_ydata()[-1])
        lowest = -1.0
        for line in lines:
            end = (line.get_xdata()[-1], line.get_ydata()[-1])
            share = ax.transAxes.inverted().transform(ax.transData.transform(end))[1]
            lowest = max(share, lowest + gap)
            ax.annotate(
                line.get_label(),
                (end[0], lowest),
                xytext=(5, 0),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                color=line.get_color(),
                va="center",
                fontsize=9,
            )
