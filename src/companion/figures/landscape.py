"""The loss around trained weights, on a random two-dimensional slice (Li et al. 2018)."""

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from companion.figures.style import NAMES, panels


def significant(value: float) -> float:
    """Three significant digits."""
    return float(f"{value:.3g}")


def loss_surface(measured: dict) -> Figure:
    """Two contour maps on one colour scale, plain beside residual; a cross marks the weights.

    `measured` is one seed of the experiment loss-surface: axis, and a square of losses for each
    kind. Losses a thousand times the lowest and above share the last colour.
    """
    surfaces = {kind: np.array(measured[kind]) for kind in NAMES}
    lowest = min(surface.min() for surface in surfaces.values())
    norm = LogNorm(lowest, 1000 * lowest, clip=True)
    figure, axes = panels(1, 2, 3.6, sharey=True)
    for ax, (kind, surface) in zip(axes, surfaces.items()):
        shown = np.clip(surface, norm.vmin, norm.vmax).T
        levels = np.geomspace(norm.vmin, norm.vmax, 16)
        drawn = ax.contourf(measured["axis"], measured["axis"], shown, levels, norm=norm)
        ax.plot(0, 0, marker="+", color="white", markersize=11, markeredgewidth=2)
        ax.set(title=f"{kind} network", xlabel="first direction", aspect="equal")
    axes[0].set_ylabel("second direction")
    bar = figure.colorbar(drawn, ax=axes, ticks=[lowest * 10**k for k in range(4)])
    bar.ax.set_yticklabels([f"{significant(lowest * 10**k):,g}" for k in range(4)])
    bar.set_label("training loss")
    return figure
