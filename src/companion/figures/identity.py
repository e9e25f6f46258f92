"""Pictures of the identity: zeroed networks, deleted blocks, descent towards the identity."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from companion import tables
from companion.figures.style import (
    HUES,
    LINES,
    NAMES,
    THIN,
    kinds_of,
    label_lines,
    network,
    panels,
    shade,
    whole_numbers,
)
from residual.store import Record


def zeroed_outputs(frame: pd.DataFrame) -> Figure:
    """What is left of the signal behind each block when every convolution of a block is zero.

    The frame has columns kind, block and spread: the standard deviation over images of the
    block's output, relative to that of the first block's input.
    """
    figure, axes = panels(1, 1, 2.8)
    for kind, part in frame.groupby("kind"):
        style = {"color": HUES[kind], "linestyle": LINES[kind], "marker": "o", "markersize": 4}
        axes[0].plot(part["block"], part["spread"], label=NAMES[kind], **style)
    axes[0].set(xlabel="block", ylabel="spread over images,\nrelative to the input")
    axes[0].set_ylim(-0.05, 1.1)
    whole_numbers(axes[0])
    label_lines(axes)
    return figure


def zeroed_positions(frame: pd.DataFrame, depth: int) -> Figure:
    """Test error with one block at zero (left) and one convolution at zero (right), in order.

    The frame has kind, block (0 for the whole network), zeroed (nothing, block, conv1, conv2) and
    test_error; lines are means over seeds, dotted ones those of the whole networks.
    """
    figure, axes = panels(1, 2, 3.2, sharey=True)
    ends = frame["zeroed"].map({"conv1": 0, "conv2": 1})
    frame = frame.assign(layer=2 * frame["block"] + ends)  # the stem is layer 1
    halves = (frame[frame["zeroed"] == "block"], frame[ends.notna()])
    for ax, part, place in zip(axes, halves, ("block", "layer")):
        for kind in kinds_of(part):
            mean = part[part["kind"] == kind].groupby(place)["test_error"].mean()
            whole = frame[(frame["kind"] == kind) & (frame["block"] == 0)]["test_error"].mean()
            style = {"color": HUES[kind], "linestyle": LINES[kind], "marker": "o", "markersize": 4}
            ax.plot(mean.index, mean, label=network(kind, depth), **style)
            ax.axhline(whole, color=HUES[kind], linestyle=THIN, linewidth=1)
        ax.set(xlabel=f"{place} at zero", ylim=(0, 100))
        whole_numbers(ax)
    axes[0].set_ylabel("test error, %")
    label_lines(axes)
    return figure


def lesion_bars(runs: list[Record]) -> Figure:
    """Rise in test error when one block is deleted, by block; one panel a kind.

    Bold lines are means over seeds, thin ones the seeds.
    """
    frame = tables.lesions(runs)
    kinds = kinds_of(frame)
    figure, axes = panels(1, len(kinds), 3.2, sharey=True)
    for kind, ax in zip(kinds, axes):
        for depth, part in frame[frame["kind"] == kind].groupby("depth"):
            style = {"color": shade(kind, depth, frame["depth"])}
            mean = part.groupby("block")["rise"].mean()
            for _run, seed in part.groupby("run"):
                ax.plot(seed["block"], seed["rise"], linewidth=0.6, alpha=0.5, **style)
            ax.plot(mean.index, mean, linewidth=2.0, label=network(kind, depth), **style)
        ax.set(title=f"{kind} networks", xlabel="deleted block")
        whole_numbers(ax)
    axes[0].set_ylabel("rise in test error, points")
    label_lines(axes)
    return figure


def regression_curves(frame: pd.DataFrame) -> Figure:
    """Loss of a stack learning the identity, by iteration: one panel a kind, blocks as shade.

    The frame has columns kind, blocks, iteration and loss (squared error relative to ‖x‖²).
    """
    kinds = kinds_of(frame)
    figure, axes = panels(1, len(kinds), 3.4, sharey=True)
    for kind, ax in zip(kinds, axes):
        for blocks, line in frame[frame["kind"] == kind].groupby("blocks"):
            name = f"{blocks} block" + "s" * (blocks > 1)
            colour = shade(kind, blocks, frame["blocks"])
            ax.plot(line["iteration"], line["loss"], color=colour, label=name)
        ax.set(title=f"{kind} stack", xlabel="iteration", yscale="log")
    axes[0].set_ylabel("relative squared error")
    label_lines(axes)
    return figure


def perturbed_errors(frame: pd.DataFrame) -> Figure:
    """Output error of perturbed identity solutions against the perturbation, one panel a kind.

    The frame has columns kind, blocks, epsilon and error (both relative); lines are means over
    seeds, deeper stacks darker.
    """
    kinds = kinds_of(frame)
    figure, axes = panels(1, len(kinds), 3.4, sharey=True)
    for kind, ax in zip(kinds, axes):
        for blocks, part in frame[frame["kind"] == kind].groupby("blocks"):
            mean = part.groupby("epsilon")["error"].mean()
            name = f"{blocks} block" + "s" * (blocks > 1)
            style = {"color": shade(kind, blocks, frame["blocks"]), "linestyle": LINES[kind]}
            ax.plot(mean.index, mean, marker="o", markersize=4, label=name, **style)
        ax.set(title=f"{kind} stack", xlabel="noise on the weights, relative")
        ax.set(xscale="log", yscale="log")
    axes[0].set_ylabel("output error, relative")
    label_lines(axes)
    return figure


def errors_left(frame: pd.DataFrame) -> Figure:
    """Error left by stacks that learn the identity, against their number of blocks.

    The frame has columns kind, blocks and loss; dots are seeds, lines geometric means.
    """
    figure, (ax,) = panels(1, 1, 3.2)
    for kind in kinds_of(frame):
        part = frame[frame["kind"] == kind]
        mean = np.exp(np.log(part["loss"]).groupby(part["blocks"]).mean())
        style = {"color": HUES[kind], "linestyle": LINES[kind], "label": NAMES[kind]}
        ax.plot(mean.index, mean, linewidth=2, **style)
        ax.scatter(part["blocks"], part["loss"], s=26, alpha=0.6, linewidth=0, color=HUES[kind])
    ax.set(xscale="log", yscale="log", xlabel="blocks", ylabel="relative squared error")
    blocks = sorted(frame["blocks"].unique())
    ax.set_xticks(blocks, [str(b) for b in blocks])
    ax.minorticks_off()
    label_lines([ax])
    return figure
