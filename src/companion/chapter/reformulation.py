"""Pictures, tables and sentences of the chapter on residual reformulation."""

import math

import numpy as np
import pandas as pd

from companion import figures, tables
from companion.chapter import scale
from companion.chapter.degradation import by_depth, curves, error_table
from companion.chapter.display import Picture
from companion.chapter.settings import Settings
from companion.chapter.words import listed
from companion.figures.style import network
from residual import paper
from residual.claims import Evidence
from residual.models import Network
from residual.recipe import KINDS
from residual.statistics import per_cent
from residual.store import Record

__all__ = ["by_depth", "curves", "error_table"]

CHANCE = math.log(10)  # cross-entropy of a guess among ten classes
SLICE_DEPTH = 56
VERY_DEEP = (("plain", 110), ("residual", 110), ("residual", 1202))
"""The networks of §4.2 with a hundred and a thousand layers, and the plain one beside."""


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


def cure_sentence(runs: list[Record]) -> str:
    """Plain against residual at the largest depth, on training error."""
    frame = tables.finals(runs)
    deep = frame["depth"].max()
    at = frame[frame["depth"] == deep].groupby("kind")["train_error"].mean()
    if not {"plain", "residual"} <= set(at.index):
        return ""
    gap = at["plain"] - at["residual"]
    better = "lower" if gap > 0 else "higher"
    return (
        f"At depth {deep} the {'mean ' * scale.several(runs)}training error of the residual net is "
        f"{abs(gap):.1f} points {better} than that of the plain net, which has as many parameters, "
        "the same initial weights and the same batches."
    )


def very_deep_table(settings: Settings) -> pd.DataFrame:
    """Errors of the deepest networks in the store at this profile, those not run as such.

    The paper's test errors are those on CIFAR-10 at its full length (Table 6).
    """
    evidence, rows = very_deep_evidence(settings), []
    for kind, depth in VERY_DEEP:
        row = {"network": network(kind, depth)}
        row |= {"training error, %": "not run", "test error, %": "not run", "seeds": 0}
        if evidence.has(kind, depth):
            row |= error_table(evidence.networks(kind, depth)).iloc[0].to_dict()
        told = paper.RESIDUAL_TEST_ERROR.get(depth) if kind == "residual" else None
        rows.append(row | {"paper, test error, %": told})
    return pd.DataFrame(rows)


def very_deep_evidence(settings: Settings) -> Evidence:
    """The runs of the largest profile that has any of the deepest networks."""
    found = (Evidence(name) for name in settings.profiles)
    ran = (e for e in found if any(e.has(*pair) for pair in VERY_DEEP))
    return next(ran, Evidence(settings.profiles[-1]))


def very_deep(settings: Settings, label: str) -> Picture | None:
    """Error curves of the deepest networks that ran; None where the store has none of them."""
    evidence = very_deep_evidence(settings)
    ran = [pair for pair in VERY_DEEP if evidence.has(*pair)]
    runs = [run for pair in ran for run in evidence.networks(*pair)]
    return curves(settings, runs, label) if runs else None


def blocks(label: str) -> Picture:
    """The drawing of the two blocks."""
    caption = "A plain block and a residual block: the same layers, one shortcut."
    alt = (
        "Two columns of boxes: convolution, ReLU, convolution. In the second an arrow leads "
        "from x around the boxes to a plus sign below them."
    )
    return Picture(figures.block_diagram(), label, caption, alt)


def surface(settings: Settings, label: str) -> Picture | None:
    """The loss around trained weights; None where it would need networks not asked for."""
    if not settings.has_experiment("loss-surface") and SLICE_DEPTH not in settings.depths:
        return None
    record = settings.experiment("loss-surface")
    measured = record.measurements[0]
    plain, residual = (
        listed([per_cent((np.array(m[kind]) < CHANCE).mean(), 2) for m in record.measurements])
        for kind in KINDS
    )
    several = f"seeds {listed([str(s) for s in record.seeds])} in order; the maps are those of "
    shown = several * (len(record.seeds) > 1) + f"seed {record.seeds[0]}"
    caption = (
        f"Training loss around the trained weights of plain-{SLICE_DEPTH} and "
        f"ResNet-{SLICE_DEPTH}, on a slice along two random filter-normalised directions: lower "
        f"than guessing on {plain} of the slice in the plain net and on {residual} in the residual "
        f"net ({shown}; {scale.of_experiment(record, trained=True)})."
    )
    alt = (
        "Two contour maps of training loss over two directions: lower than guessing on "
        f"{plain} of the map of the plain network, and on {residual} of the residual one's."
    )
    frames = [grid(m).assign(seed=s) for m, s in zip(record.measurements, record.seeds)]
    drawn, data = figures.loss_surface(measured), pd.concat(frames, ignore_index=True)
    return Picture(drawn, label, caption, alt, (record.name,), data)


def grid(measured: dict) -> pd.DataFrame:
    """The losses of a slice, one row a point."""
    axis = measured["axis"]
    rows = [
        (kind, x, y, measured[kind][i][j])
        for kind in KINDS
        for i, x in enumerate(axis)
        for j, y in enumerate(axis)
    ]
    return pd.DataFrame(rows, columns=["kind", "first", "second", "loss"])
