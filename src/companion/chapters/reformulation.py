"""The drawing of the block, and captions, tables and sentences of the chapter on reformulation."""

import math
from collections.abc import Sequence
from itertools import pairwise

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from companion.chapters.degradation import paper_error
from companion.style import HUES, panels
from companion.tables import by_network, finals, spread
from companion.words import error_rate, experiment_scale, network, points, scale
from residual import paper
from residual.constructions import parameter_counts
from residual.peers import Curve
from residual.recipe import KINDS
from residual.statistics import difference, listed, number, per_cent
from residual.store import Record, every

CHANCE = math.log(10)  # cross-entropy of a guess among ten classes
VERY_DEEP = (("plain", 110), ("residual", 110), ("residual", 1202))
"""The networks of §4.2 with a hundred and a thousand layers, and the plain one beside."""

PATHS = {
    "identity": "x",
    "half": "x/2",
    "permutation": "permuted x",
    "orthogonal": "orthogonal · x",
    "": "none",
}
"""What a shortcut returns, by `Recipe.shortcut`; a plain net has none."""


def block_diagram() -> Figure:
    """A plain and a residual block side by side (after the idea of Fig. 2, our own drawing)."""
    fig, axes = panels(2, 3.6)
    for ax, kind in zip(axes, KINDS):
        ax.set(xlim=(0, 10), ylim=(0, 12), title=f"{kind} block")
        ax.set_axis_off()
        draw_block(ax, HUES[kind], kind == "residual")
    return fig


def draw_block(ax: Axes, colour: str, shortcut: bool) -> None:
    """The layers of one block from x at the top to its output at the bottom."""
    box = {"boxstyle": "round,pad=0.5", "fc": "white", "ec": colour}
    arrow = {"arrowstyle": "-|>", "color": colour, "shrinkA": 0, "shrinkB": 0}
    steps = ["x", "3×3 conv, BN", "ReLU", "3×3 conv, BN", "+" if shortcut else "H(x)", "ReLU"]
    heights = [11.5, 9.6, 7.7, 5.8, 3.5, 1.2]
    for text, y in zip(steps, heights):
        style = box if "conv" in text or text == "+" else None
        ax.text(4, y, text, ha="center", va="center", bbox=style)
    for above, below in pairwise(heights):
        ax.annotate("", (4, below + 0.65), (4, above - 0.65), arrowprops=arrow)
    if shortcut:
        ax.plot([4, 8, 8], [10.9, 10.9, 3.5], color=colour, lw=2)
        ax.annotate("", (4.5, 3.5), (8, 3.5), arrowprops=arrow | {"lw": 2})
        ax.text(8.2, 7.4, "x\n(shortcut)", va="center")
        ax.text(3.6, 4.6, "F(x)", ha="right", va="center")
        ax.text(4.4, 2.4, "H(x) = F(x) + x", va="center")


def parameter_table(depths: Sequence[int]) -> pd.DataFrame:
    """Trainable parameters of both kinds at each depth for 32×32 colour images, and the paper's."""
    counted = parameter_counts(tuple(depths)).values()
    told = [paper.PARAMETERS.get(depth) for depth in depths]  # millions
    return pd.DataFrame(
        {
            "depth": depths,
            "plain": [plain for plain, _ in counted],
            "residual": [residual for _, residual in counted],
            "the same": ["yes" if a == b else "no" for a, b in counted],
            "paper (Table 6)": [f"{value:g}M" if value else "–" for value in told],
        }
    )


def cure_words(*groups: Sequence[Record]) -> tuple[str, str]:
    """Caption and alt text of the figure of final training errors, one panel a group of records."""
    told = []
    for records in groups:
        means = by_network(finals(records), "train_error")
        listing = [f"{error_rate(m)} in {n}" for n, m in zip(means["network"], means["mean"])]
        told.append(f"{listed(listing)} ({scale(records)})")
    caption = f"Final mean training error, in eval mode: {'; '.join(told)}. Dots are trainings."
    return caption, f"Dots and lines of training error against depth: {'; '.join(told)}."


def gain_table(records: Sequence[Record]) -> pd.DataFrame:
    """Plain minus residual at each depth, both errors, with 95 % intervals (points)."""
    frame = finals(records)
    columns = {"train_error": "training error, points", "test_error": "test error, points"}
    rows = []
    for depth, part in frame.groupby("depth"):
        row = {"depth": depth}
        for column, words in columns.items():
            sides = [part[part["kind"] == kind][column].dropna() for kind in KINDS]
            row[words] = str(difference(*sides)) if all(map(len, sides)) else None
        rows.append(row)
    return pd.DataFrame(rows)


def very_deep_table(logged: Sequence[Curve]) -> pd.DataFrame:
    """Final errors of the deepest networks, per cent: the paper's, logged by others, and ours.

    Ours come from the largest scale that has any of them.
    """
    own = next((r for name in ("paper", "desk", "quick") if (r := deepest(every(name)))), [])
    ours = by_network(finals(own), "train_error")
    rows = []
    for kind, depth in VERY_DEEP:
        ends = [
            c.final_test_error
            for c in logged
            if (c.kind, c.depth) == (kind, depth) and c.final_test_error is not None
        ]
        row = {"network": network(kind, depth), "paper, error": paper_error(kind, depth)}
        told = [f"{end:.2f}" for end in sorted(ends)] or ["not run"]
        row["logged, test error"] = listed(told)
        part = ours[(ours["kind"] == kind) & (ours["depth"] == depth)]
        row["ours, training error"] = spread(part)[0] if len(part) else "not run"
        row["scale of ours"] = own[0].scale if len(part) else "–"
        rows.append(row)
    return pd.DataFrame(rows)


def deepest_words(logged: Sequence[Curve]) -> str:
    """How the deepest residual network beside a shallower one of the same source tests."""
    deep = max((c for c in logged if c.kind == "residual"), key=lambda c: c.depth)
    same = [c for c in logged if (c.kind, c.source) == ("residual", deep.source)]
    told = [
        f"{error_rate(c.final_test_error)} with {c.depth:,} layers"
        for c in sorted(same, key=lambda c: c.depth)
        if c.final_test_error is not None
    ]
    return f"In the trainings of {deep.source}: test error {listed(told)}." if len(told) > 1 else ""


def deepest(records: Sequence[Record]) -> list[Record]:
    """Those of the records that are of the deepest networks, by their scale's own recipe."""
    return [r for r in records if (r.kind, r.depth) in VERY_DEEP and r.variant == ""]


def very_deep_words(logged: Sequence[Curve]) -> tuple[str, str]:
    """Caption and alt text of the figure of logged training errors at 110 layers and more."""
    ends: dict[str, list[str]] = {}
    for curve in logged:
        name = network(curve.kind, curve.depth)
        ends.setdefault(name, []).append(error_rate(curve.train_error[-1]))
    told = listed([f"{name} at {listed(errors)}" for name, errors in ends.items()])
    caption = (
        f"Running training error of networks of 110 layers and more, one line a training: {told} "
        f"at the end (trained and logged by others at full length: {len(logged)} trainings)."
    )
    return caption, f"Lines of training error against iteration: {told}."


def path_runs(scale: str, depths: Sequence[int]) -> list[Record]:
    """The committed trainings of a scale that differ from its own recipe in the shortcut alone, of
    each shortcut that has all the depths."""
    found = [record for record in every(scale) if record.depth in depths]
    found = [r for r in found if r.variant in ("", f"{r.recipe.shortcut}-shortcut")]
    paths = {(r.kind, r.variant, r.depth) for r in found}
    return [r for r in found if all((r.kind, r.variant, depth) in paths for depth in depths)]


def path_finals(records: Sequence[Record]) -> pd.DataFrame:
    """Final errors of trainings; `shortcut` says what theirs returns, in the order of `PATHS`."""
    names = [PATHS["" if r.kind == "plain" else r.recipe.shortcut] for r in records]
    order = list(PATHS.values())
    frame = finals(records).assign(shortcut=names)
    return frame.sort_values("shortcut", key=lambda s: s.map(order.index), kind="stable")


def path_words(frame: pd.DataFrame, records: Sequence[Record]) -> tuple[str, str]:
    """Caption and alt text of the figure of shortcuts."""
    low, high = frame["depth"].min(), frame["depth"].max()
    means = frame.groupby(["shortcut", "depth"])["train_error"].mean().unstack()
    told = []
    for name in (name for name in PATHS.values() if name in means.index):
        row = means.loc[name]
        change = f" ({points(row[high] - row[low])} over depth {low})" if low < high else ""
        told.append(f"{error_rate(row[high])} with {name}{change}")
    caption = (
        f"Final training error of networks that differ in what their shortcut returns: at depth "
        f"{high} a mean of {listed(told)}. Dots are trainings ({scale(records)})."
    )
    return caption, f"Dots of training error for each kind of shortcut: {listed(told)}."


def surface_frame(record: Record) -> pd.DataFrame:
    """The losses of each slice, one row a point: seed, kind, first, second, loss."""
    rows = [
        (seed, kind, x, y, measured[kind][i][j])
        for seed, measured in zip(record.seeds, record.measurements)
        for kind in KINDS
        for i, x in enumerate(measured["axis"])
        for j, y in enumerate(measured["axis"])
    ]
    return pd.DataFrame(rows, columns=["seed", "kind", "first", "second", "loss"])


def surface_words(frame: pd.DataFrame, record: Record) -> tuple[str, str]:
    """Caption and alt text of the figure of the loss around trained weights."""
    below = (frame["loss"] < CHANCE).groupby([frame["kind"], frame["seed"]]).mean()
    depth = record["settings"]["depth"]
    parts = [(listed([per_cent(v, 2) for v in below[kind]]), kind) for kind in KINDS]
    told = listed([f"{shares} of the slice of {network(kind, depth)}" for shares, kind in parts])
    distance = frame["first"] ** 2 + frame["second"] ** 2
    centre = frame[distance == distance.min()].groupby("kind")["loss"]
    losses = {kind: listed([number(loss, 2) for loss in group]) for kind, group in centre}
    trained = listed([f"{losses[kind]} in {network(kind, depth)}" for kind in KINDS])
    caption = (
        "Training loss around the trained weights, on a slice along two random filter-normalised "
        f"directions: lower than guessing ({number(CHANCE)}) on {told}. At the centre it is "
        f"{trained}, which is part of the contrast; BN statistics stay those of the centre "
        "(seeds in order; the maps are those of the first; "
        f"{experiment_scale(record, trained=True)})."
    )
    return caption, f"Two heat maps of training loss; lower than guessing on {told}."
