"""Where training goes from a copied solution or from γ = 0, and weight decay alone a block."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from companion.figures.style import HUES, LINES, THIN, label_lines, panels, whole_numbers


def solution_curves(frame: pd.DataFrame) -> Figure:
    """Training loss of one plain net from two starts; the frame has start, iteration and loss.

    Lines are means over seeds.
    """
    figure, (ax,) = panels(1, 1, 3.2)
    for start, part in frame.groupby("start"):
        mean = part.groupby("iteration")["loss"].mean()
        line = "-" if start == "copied" else LINES["plain"]
        ax.plot(mean.index, mean, color=HUES["plain"], linestyle=line, label=f"{start} start")
    ax.set(xlabel="iteration", ylabel="training loss", ylim=(0, None))
    label_lines([ax])
    return figure


def decay_distances(frame: pd.DataFrame) -> Figure:
    """Relative distance under weight decay alone: a residual block to the identity, a plain block
    to the map that it started with; with BN (bold) and without (thin).

    The frame has kind, norm, iteration and distance; lines are means over seeds.
    """
    figure, (ax,) = panels(1, 1, 3.2)
    names = {"residual": "residual block to the identity", "plain": "plain block to its map"}
    for (kind, norm), part in frame.groupby(["kind", "norm"]):
        mean = part.groupby("iteration")["distance"].mean()
        style = {"color": HUES[kind], "linewidth": 2.0 if norm else 0.9}
        ax.plot(mean.index, mean, label=names[kind] if norm else None, **style)
    ax.set(xlabel="iteration", ylabel="relative distance", ylim=(0, None))
    label_lines([ax])
    return figure


def falling(frame: pd.DataFrame) -> Figure:
    """What is left of a residual block's quantities as it learns the identity, one panel a form.

    The frame has form, quantity, iteration and share; lines are geometric means over seeds.
    """
    forms = list(frame["form"].unique())
    figure, axes = panels(1, len(forms), 3.4, sharey=True)
    styles = {"‖F(x)‖": {"linewidth": 2.2}, "‖W‖": {"linewidth": 1.0}, "γ₂": {"linestyle": THIN}}
    for form, ax in zip(forms, axes):
        for quantity, part in frame[frame["form"] == form].groupby("quantity", sort=False):
            mean = np.exp(np.log(part["share"]).groupby(part["iteration"]).mean())
            ax.plot(mean.index, mean, color=HUES["residual"], label=quantity, **styles[quantity])
        ax.set(title=f"residual block {form}", xlabel="iteration", yscale="log")
    axes[0].set_ylabel("left of the start")
    label_lines(axes)
    return figure


def zero_gamma(blocks: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """A residual net from two starts: ‖F(x)‖/‖x‖ by block (trained bold, before training thin),
    and test error by iteration.

    `blocks` has start, when (initial, final), position and ratio; `curves` start, iteration and
    test_error. Lines are means over seeds; the start with γ₂ = 0 is dotted.
    """
    figure, (left, right) = panels(1, 2, 3.4)
    lines = {"He": "-", "zero γ": THIN}
    for (start, when), part in blocks.groupby(["start", "when"]):
        mean, trained = part.groupby("position")["ratio"].mean(), when == "final"
        style = {"color": HUES["residual"], "linestyle": lines[start]}
        style["linewidth"] = 2.2 if trained else 0.9
        left.plot(mean.index, mean, label=f"{start} start" if trained else None, **style)
    for start, part in curves.groupby("start"):
        mean = part.groupby("iteration")["test_error"].mean()
        style = {"color": HUES["residual"], "linestyle": lines[start], "linewidth": 2.2}
        right.plot(mean.index, mean, label=f"{start} start", **style)
    left.set(xlabel="block", ylabel="‖F(x)‖ / ‖x‖")
    left.set_yscale("symlog", linthresh=0.1)  # zero is among the values
    left.set_ylim(bottom=-0.01)
    right.set(xlabel="iteration", ylabel="test error, %", ylim=(0, 100))
    whole_numbers(left)
    label_lines([left, right])
    return figure
