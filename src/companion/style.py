"""The book's one style: plain nets orange, residual nets blue, deeper nets darker, lines labelled.

The two hues are from the palette of Okabe and Ito (2008), which colour-blind readers tell apart.
"""

from collections.abc import Iterable, Sequence

import matplotlib
import numpy as np
import seaborn
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from companion.words import network

HUES = {"plain": "#c8500a", "residual": "#0a63a8"}
GREY = "#595959"
OTHER = "#7a3f9d"  # neither plain nor residual
PALEST, DARKEST = 0.22, -0.25  # how much white, or black, is mixed into a hue
FONT = 9.5  # points, of labels in a drawing
PAGE = 8.0  # inches, the width of the text column
WIDTH = 5.2  # of a panel that stands alone, so that a phone shows it at two thirds of its size

STYLE = seaborn.axes_style("ticks") | seaborn.plotting_context("notebook", font_scale=0.85)
STYLE |= {"axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False}


def use() -> None:
    """Draw everything that follows in the book's style; for the set-up cell of a notebook."""
    matplotlib.rcParams.update(STYLE)


def panels(
    columns: int = 1, height: float = 3.4, rows: int = 1, sharex: bool = False, sharey: bool = False
) -> tuple:
    """A figure and its axes, row by row, each axes in a subfigure that the site shows as a picture.

    Panels stand side by side where there is room and below each other on a phone, so each keeps its
    own labels. `height` is that of one panel, in inches.
    """
    wide = WIDTH if columns == 1 else 0.5 * PAGE
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(wide * columns, height * rows), layout="constrained")
        axes = [part.subplots() for part in figure.subfigures(rows, columns, squeeze=False).flat]
    for ax in axes[1:]:
        if sharex:
            ax.sharex(axes[0])
        if sharey:
            ax.sharey(axes[0])
    return figure, axes


def palette(networks: Iterable[tuple[str, int]]) -> dict[str, str]:
    """A colour for each (kind, depth), by the network's name: darker the deeper it is.

    The palest has a contrast of 3:1 with white paper. Takes the two columns of a frame as well:
    `palette(frame[["kind", "depth"]].values)`.
    """
    pairs = sorted({(str(kind), int(depth)) for kind, depth in networks})
    depths = sorted({depth for _, depth in pairs})
    tints = dict(zip(depths, np.linspace(PALEST, DARKEST, len(depths)))) if depths[1:] else {}
    return {network(k, depth): tinted(HUES[k], tints.get(depth, 0.0)) for k, depth in pairs}


def tinted(colour: str, tint: float) -> str:
    """A colour mixed with so much white, or with black where `tint` is below zero."""
    goal = 1.0 if tint > 0 else 0.0
    return to_hex([c + (goal - c) * abs(tint) for c in to_rgb(colour)])


def note(ax: Axes, text: str) -> None:
    """Write a remark into the upper right corner of the axes."""
    place = {"transform": ax.transAxes, "ha": "right", "va": "top"}
    ax.text(0.98, 0.97, text, color=GREY, fontsize=FONT, style="italic", **place)


def label_ends(*axes: Axes) -> None:
    """Write the label of each line at its right end, in place of a legend.

    Labels that would overlap are moved apart; those of lines that reach the right side stand beside
    the axes. A line whose label starts with an underscore gets none. To be called when all panels
    are drawn, with their limits and scales.
    """
    for ax in axes:
        ax.get_xlim(), ax.get_ylim()  # so that they are those that the lines ask for
        to_axes = ax.transData + ax.transAxes.inverted()
        least = 1.2 * FONT / (72 * ax.bbox.height / ax.figure.dpi)  # from one label to the next
        groups: dict[float, list] = {}  # by where they stand
        for line in ax.get_lines():
            if not line.get_label().startswith("_"):
                last = np.isfinite(line.get_ydata()).nonzero()[0][-1]
                x, y = to_axes.transform(line.get_xydata()[last])
                side = 1.0 if x > 0.9 else round(float(x), 1)
                groups.setdefault(side, []).append((min(float(y), 1.0), float(x), line))
        for side, found in groups.items():
            found.sort(key=lambda one: one[0])
            for place, (_, x, line) in zip(apart([y for y, _, _ in found], least), found):
                look = {"color": tinted(to_hex(line.get_color()), -0.2), "fontsize": FONT}
                look |= {"textcoords": "offset points", "va": "center"}
                look["path_effects"] = [withStroke(linewidth=2.5, foreground="white")]
                at = (1.0 if side == 1 else x, place)
                ax.annotate(line.get_label(), at, (4, 0), "axes fraction", **look)


def apart(heights: Sequence[float], least: float) -> list[float]:
    """Heights in rising order, moved as far as needed to lie `least` apart and none above one."""
    places: list[float] = []
    for height in heights:
        places.append(max(height, places[-1] + least) if places else height)
    limit = 1.0
    for i in reversed(range(len(places))):
        places[i] = min(places[i], limit)
        limit = places[i] - least
    return places
