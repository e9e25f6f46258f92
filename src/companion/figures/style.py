"""The book's one style: plain nets orange, residual nets blue, deeper nets darker.

The two hues are from the palette of Okabe and Ito (2008), which colour-blind readers tell apart.
"""

from collections.abc import Sequence

import matplotlib
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator

HUES = {"plain": "#c8500a", "residual": "#0a63a8"}
NAMES = {"plain": "plain", "residual": "ResNet"}
LINES = {"plain": (0, (4, 1.5)), "residual": "-"}
THIN = (0, (1.5, 1))
WIDTH = 8.0  # inches, the width of the text column
CONTRAST = 4.5  # of text with its ground
NAME_WIDTH = 0.15  # of a panel: names that end farther apart do not collide


STYLE = seaborn.axes_style("ticks") | seaborn.plotting_context("notebook", font_scale=0.9)
STYLE |= {"axes.spines.top": False, "axes.spines.right": False}


def panels(rows: int, columns: int, height: float, **shared: bool) -> tuple[Figure, list[Axes]]:
    """A figure of the column's width and its axes as a flat list; nothing global is changed."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False, **shared)
    return figure, list(axes.flat)


def shade(kind: str, depth: int, depths: Sequence[int]) -> str:
    """The colour of a network: its kind's hue, lighter the shallower it is among the depths."""
    ordered = sorted(set(depths))
    rank = ordered.index(depth) / max(len(ordered) - 1, 1) if len(ordered) > 1 else 1.0
    light = 0.38 * (1 - rank)
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


def readable(colour: str) -> str:
    """The colour, darkened until text of it on white has a contrast of 4.5 (WCAG 2.2, 1.4.3)."""
    parts = to_rgb(colour)
    while 1.05 / (luminance(parts) + 0.05) < CONTRAST:
        parts = tuple(0.97 * part for part in parts)
    return to_hex(parts)


def luminance(colour: Sequence[float]) -> float:
    """The relative luminance of red, green and blue from 0 to 1 (WCAG 2.2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear))


def label_lines(axes: list[Axes], gap: float = 0.055, width: float = NAME_WIDTH) -> None:
    """Write each labelled line's name beside its last point, moved up where names collide.

    A name is as wide as that part of its panel, and written anew if it is there already.
    Call it when everything is drawn, since panels that share an axis move each other's limits.
    """
    for ax in axes:
        ax.autoscale_view()
    for ax in axes:
        lines = labelled(ax)
        for text in names(ax):
            text.remove()
        placed: list[tuple[float, float]] = []
        for line in sorted(lines, key=lambda line: line.get_ydata()[-1]):
            x, y = ax.transAxes.inverted().transform(ax.transData.transform(line.get_xydata()[-1]))
            beside = [other for end, other in placed if abs(end - x) < width]
            placed.append((x, max([y, *(other + gap for other in beside)])))
            style = {"color": readable(line.get_color()), "va": "center", "fontsize": 9}
            style |= {"xycoords": "axes fraction", "textcoords": "offset points"}
            style["path_effects"] = [withStroke(linewidth=3, foreground="white")]
            ax.annotate(line.get_label(), placed[-1], xytext=(5, 0), **style)


def labelled(axes: Axes) -> list[Line2D]:
    """The lines of a panel that have a name."""
    return [line for line in axes.get_lines() if not line.get_label().startswith("_")]


def names(axes: Axes) -> list[Text]:
    """The names of its lines that `label_lines` has written in a panel."""
    known = {line.get_label() for line in labelled(axes)}
    return [text for text in axes.texts if text.get_text() in known]
