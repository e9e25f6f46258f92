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
WIDTH = 8.0  # inches, the width of the text column

STYLE = seaborn.axes_style("ticks") | seaborn.plotting_context("notebook", font_scale=0.85)
STYLE |= {"axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False}
STYLE |= {"figure.constrained_layout.use": True}


def use() -> None:
    """Draw everything that follows in the book's style; for the set-up cell of a notebook."""
    matplotlib.rcParams.update(STYLE)


def panels(
    columns: int = 1, height: float = 3.4, rows: int = 1, sharex: bool = False, sharey: bool = False
) -> tuple:
    """A figure of the column's width and its axes, row by row, as plt.subplots makes them."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, height * rows), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False, sharex=sharex, sharey=sharey)
    return figure, list(axes.flat)


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
