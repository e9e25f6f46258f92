"""A figure laid out again for a narrow screen."""

import pickle

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from residual.figures.style import label_lines, names

WIDTH = 3.4  # inches: with its edge a phone's column, so that words keep their size
TICKS = 6  # of an x axis, at most
NAME_WIDTH = 0.3  # of a panel


def narrow(figure: Figure) -> Figure:
    """A copy with one panel in each row, as wide as a phone's column; words stay as large.

    Panels that share a y axis, which had its numbers and its name at the first of them alone, have
    both.
    """
    copied = pickle.loads(pickle.dumps(figure))
    first = copied.axes[0]
    height = figure.get_size_inches()[1] / first.get_gridspec().nrows
    copied.set_size_inches(WIDTH, height * len(copied.axes))
    rows = copied.add_gridspec(len(copied.axes), 1)
    for ax, row in zip(copied.axes, rows):
        ax.set_subplotspec(row)
        if ax.get_shared_y_axes().joined(first, ax):
            ax.tick_params(labelleft=True)
            ax.set_ylabel(ax.get_ylabel() or first.get_ylabel())
        if isinstance(ticks := ax.xaxis.get_major_locator(), MaxNLocator):
            ticks.set_params(nbins=TICKS)
    label_lines([ax for ax in copied.axes if names(ax)], width=NAME_WIDTH)
    return copied
