"""Pictures, tables and sentences of the chapter on residual reformulation."""

import math

import numpy as np
import pandas as pd

from residual import figures, paper, tables
from residual.chapter.degradation import by_depth, curves, error_table
from residual.chapter.display import Picture
from residual.chapter.settings import Settings
from residual.models import Network
from residual.runs import Run

__all__ = ["by_depth", "curves", "error_table"]

CHANCE = math.log(10)  # cross-entropy of a guess among ten classes
SLICE_DEPTH = 56


def parameter_table(depths: list[int]) -> pd.DataFrame:
    """Trainable parameters of both kinds at each depth for 32×32 colour images, and the paper's."""
    counted = [[parameters(depth, residual) for residual in (False, True)] for depth in depths]
    return pd.DataFrame(
        {
            "depth": depths,
            "plain": [plain for plain, _ in counted],
            "residual": [residual for _, residual in counted],
            "the same": ["yes" if a == b else "no" for a, b in counted],
            "paper (Table 6)": [paper.PARAMETERS.get(depth) for depth in depths],
        }
    ).astype({"paper (Table 6)": "Int64"})


def parameters(depth: int, residual: bool) -> int:
    """Trainable parameters of the paper's CIFAR-10 network."""
    return sum(p.numel() for p in Network(depth, residual).parameters())


def cure_sentence(runs: list[Run]) -> str:
    """Plain against residual at the largest depth, on training error."""
    frame = tables.finals(runs)
    deep = frame["depth"].max()
    at = frame[frame["depth"] == deep].groupby("kind")["train_error"].mean()
    if not {"plain", "residual"} <= set(at.index):
        return ""
    gap = at["plain"] - at["residual"]
    better = "lower" if gap > 0 else "higher"
    return (
        f"At depth {deep} the mean training error of the residual net is {abs(gap):.1f} points "
        f"{better} than that of the plain net, which has as many parameters, the same initial "
        "weights and the same batches."
    )


def blocks(label: str) -> Picture:
    """The drawing of the two blocks."""
    caption = "A plain block and a residual block: the same layers, one shortcut."
    alt = (
        "Two columns of boxes: convolution, ReLU, convolution. In the right one an arrow leads "
        "from x around the boxes to a plus sign below them."
    )
    return Picture(figures.block_diagram(), label, caption, alt)


def surface(settings: Settings, label: str) -> Picture | None:
    """The loss around trained weights; None where it would need networks not asked for."""
    if not settings.has_experiment("loss-surface") and SLICE_DEPTH not in settings.depths:
        return None
    record = settings.experiment("loss-surface")
    measured = record.measurements[0]
    low = {kind: (np.array(measured[kind]) < CHANCE).mean() for kind in ("plain", "residual")}
    caption = (
        f"Training loss around the trained weights of plain-{SLICE_DEPTH} and "
        f"ResNet-{SLICE_DEPTH}, on a slice along two random filter-normalised directions: lower "
        f"than guessing on {low['plain']:.0%} of the slice in the plain net and on "
        f"{low['residual']:.0%} in the residual net ({settings.words}, seed {record.seeds[0]})."
    )
    alt = "Two contour maps of training loss over two directions, plain and residual network."
    return Picture(
        figures.loss_surface(measured), label, caption, alt, (record.name,), grid(measured)
    )


def grid(measured: dict) -> pd.DataFrame:
    """The losses of a slice, one row a point."""
    axis = measured["axis"]
    rows = [
        (kind, x, y, measured[kind][i][j])
        for kind in ("plain", "residual")
        for i, x in enumerate(axis)
        for j, y in enumerate(axis)
    ]
    return pd.DataFrame(rows, columns=["kind", "first", "second", "loss"])
