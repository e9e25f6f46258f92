"""The book's one style: plain nets orange, residual nets blue, deeper nets darker.

The two hues are from the palette of Okabe and Ito (2008), which colour-blind readers tell apart.
"""

from collections.abc import Sequence

import matplotlib
import seaborn
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

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


def network(kind: str, depth: int) -> str:
    """A network's name in figures and sentences: plain-20, ResNet-20."""
    return f"{NAMES[kind]}-{depth}"


def label_ends(axes: Axes, ends: dict[str, tuple[float, float, str]], gap: float = 0.055) -> None:
    """Write each line's name beside its last point (x, y, colour), moved apart if they collide."""
    low, high = axes.get_ylim()
    ordered = sorted(ends.items(), key=lambda item: item[1][1])
    placed: list[float] = []
    for _, (_, y, _) in ordered:
        share = (y - low) / (high - low)
        placed.append(max(share, placed[-1] + gap) if placed else share)
    for (name, (x, _, colour)), share in zip(ordered, placed):
        where = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
        axes.annotate(
            name, (x, share), xytext=(5, 0), color=colour, va="center", fontsize=9, **where
        )
