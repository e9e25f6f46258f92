"""The book's one style: plain nets orange, residual nets blue, deeper nets darker, lines labelled.

The two hues are from the palette of Okabe and Ito (2008), which colour-blind readers tell apart.
"""

from collections.abc import Iterable

import matplotlib
import numpy as np
import seaborn
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from companion.words import network

HUES = {"plain": "#c8500a", "residual": "#0a63a8"}
GREY = "#595959"
PALEST, DARKEST = 0.22, -0.25  # how much white, or black, is mixed into a hue
FONT = 9.5  # points, of labels in a drawing
PAGE = 8.0  # inches, the width of the text column
WIDTH = 6.0  # of a panel that stands alone: on a phone it is shown at more than half its size

STYLE = seaborn.axes_style("ticks") | seaborn.plotting_context("notebook", font_scale=0.85)
STYLE |= {"axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False}
STYLE |= {"figure.constrained_layout.use": True}


def use() -> None:
    """Draw everything that follows in the book's style; for the set-up cell of a notebook."""
    matplotlib.rcParams.update(STYLE)


def panels(
    columns: int = 1,
    height: float = 3.4,
    rows: int = 1,
    sharex: bool = False,
    sharey: bool = False,
    width: float | None = None,
) -> tuple:
    """A figure and its axes, row by row, each axes in a subfigure that the site shows as a picture.

    Panels stand side by side where there is room and below each other on a phone, so each keeps its
    own labels. `width` and `height` are those of one panel, in inches.
    """
    wide = width or (WIDTH if columns == 1 else 0.5 * PAGE)
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


def label_ends(ax: Axes) -> None:
    """Write the label of each line at the right of the axes, in place of a legend.

    In the order of the lines' right ends, moved apart where they would overlap. Lines whose label
    starts with an underscore get none. Limits and scales of the axes are to be set before.
    """
    ax.get_xlim(), ax.get_ylim()  # so that they are those that the lines ask for
    to_axes = ax.transData + ax.transAxes.inverted()
    lines = [line for line in ax.get_lines() if not line.get_label().startswith("_")]
    ends = [line.get_xydata()[np.isfinite(line.get_ydata()).nonzero()[0][-1]] for line in lines]
    heights = [float(to_axes.transform(end)[1]) for end in ends]
    order = sorted(range(len(lines)), key=heights.__getitem__)
    points = 72 * ax.figure.bbox.height / ax.figure.dpi * ax.get_position().height
    least = 1.2 * FONT / points  # of the height of the axes, from one label to the next
    places: list[float] = []
    for i in order:
        places.append(max(min(heights[i], 1.0), places[-1] + least if places else 0.0))
    for back in range(len(places) - 1, -1, -1):  # what was moved past the top comes down again
        above = places[back + 1] - least if back + 1 < len(places) else 1.0
        places[back] = min(places[back], above)
    for i, place in zip(order, places):
        colour = tinted(to_hex(lines[i].get_color()), -0.2)
        look = {"textcoords": "offset points", "va": "center", "color": colour, "fontsize": FONT}
        ax.annotate(lines[i].get_label(), (1, place), (4, 0), "axes fraction", **look)
