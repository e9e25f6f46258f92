"""The book's one style: plain nets orange, residual nets blue, deeper nets darker.

The two hues are from the palette of Okabe and Ito (2008), which colour-blind readers tell apart.
"""

from collections.abc import Iterable

import matplotlib
import seaborn
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from companion.words import network

HUES = {"plain": "#c8500a", "residual": "#0a63a8"}
GREY = "#595959"
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
    """A colour for each (kind, depth), by the network's name: lighter the shallower it is.

    Takes the two columns of a frame as well: `palette(frame[["kind", "depth"]].values)`.
    """
    pairs = sorted({(str(kind), int(depth)) for kind, depth in networks})
    depths = sorted({depth for _, depth in pairs})
    light = {d: 0.5 * (1 - i / max(len(depths) - 1, 1)) for i, d in enumerate(depths)}
    if len(depths) == 1:
        light = {depths[0]: 0.0}
    return {
        network(kind, depth): to_hex([c + (1 - c) * light[depth] for c in to_rgb(HUES[kind])])
        for kind, depth in pairs
    }
