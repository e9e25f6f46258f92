"""A figure laid out again for a narrow screen."""

import pickle

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator

from companion.figures.style import label_lines, names

WIDTH = 3.4  # inches: with its edge a phone's column, so that words keep their size
NAME_WIDTH = 0.3  # of a panel
ROOM = 3.0  # pixels between the numbers of two ticks
BETWEEN = 0.1  # of a panel's height: room between what is below one panel and above the next


def narrow(figure: Figure) -> Figure:
    """A copy with one panel in each row, as wide as a phone's column; words stay as large.

    Panels that share a y axis, which had its numbers and its name at the first of them alone, have
    both. A scale of colours stays beside the panels. A figure whose axes stand in no grid keeps its
    form. `figure` has the constrained layout of `style.panels` and can be pickled: no formatter of
    it is a lambda.
    """
    copied = pickle.loads(pickle.dumps(figure))
    panels = [ax for ax in copied.axes if ax.get_subplotspec() is not None]
    if not panels:
        return copied
    height = figure.get_size_inches()[1] / panels[0].get_gridspec().nrows
    copied.set_size_inches(WIDTH, height * len(panels))
    copied.get_layout_engine().set(hspace=BETWEEN)
    for ax, row in zip(panels, copied.add_gridspec(len(panels), 1)):
        ax.set_subplotspec(row)
        share_numbers(ax, panels[0])
        if isinstance(ticks := ax.xaxis.get_major_locator(), MaxNLocator):
            ticks.set_params(nbins="auto")
    label_lines([ax for ax in panels if names(ax)], width=NAME_WIDTH)
    copied.draw_without_rendering()
    for ax in panels:
        thin_numbers(ax)
    return copied


def share_numbers(axes: Axes, first: Axes) -> None:
    """Write at a panel what its y axis has at the first panel, if they share it."""
    if axes.get_shared_y_axes().joined(first, axes):
        axes.tick_params(labelleft=True)
        axes.set_ylabel(axes.get_ylabel() or first.get_ylabel())


def thin_numbers(axes: Axes) -> None:
    """Hide the numbers of chosen ticks of the x axis that would run into the one before."""
    if not isinstance(axes.xaxis.get_major_locator(), FixedLocator):
        return
    end = float("-inf")
    for label in axes.get_xticklabels():
        place = label.get_window_extent()
        if place.x0 < end + ROOM:
            label.set_visible(False)
        else:
            end = place.x1
