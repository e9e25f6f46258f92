"""The drawing of the block, and captions, tables and sentences of the chapter on reformulation."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from companion.chapters.degradation import error_words, paper_error
from companion.style import HUES, panels
from companion.tables import by_network, finals, logs, spread
from companion.words import both_ends, count, error_rate, names, network, scale, where
from residual import paper
from residual.claims.about_shortcuts import FITTED, MATCHED, WELL
from residual.constructions import parameter_counts
from residual.peers import Curve
from residual.recipe import KINDS
from residual.statistics import listed
from residual.store import Record, every

TRAINING = "train_error"
VERY_DEEP = (("plain", 110), ("residual", 110), ("residual", 1202))
"""The networks of §4.2 with a hundred and a thousand layers, and the plain one beside."""

PATHS = {
    "identity": "x",
    "permutation": "permuted x",
    "half": "x/2",
    "orthogonal": "orthogonal · x",
    "": "none",
}
"""What a shortcut returns, by `Recipe.shortcut`; a plain net has none."""
FROM = {"own": "", "matched": " from a matched start"}


def block_diagram() -> Figure:
    """A plain and a residual block side by side (after the idea of Fig. 2, our own drawing)."""
    fig, axes = panels(2, 3.8)
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


def cure_words(*groups: Sequence[Record]) -> dict:
    """All that `display.figure` wants for final training errors, a group of records a scale."""
    frame = finals([record for group in groups for record in group])
    largest = frame[frame["scale"] == groups[0][0].scale]
    note = "Thin: single trainings; bold: their mean; dashed: our short trainings."
    about = error_words(largest, note if groups[1:] else note.split("; dashed")[0] + ".", TRAINING)
    about["origin"] += f" {'; '.join(scale(records) for records in groups)}."
    data = frame[["run", "scale", "kind", "depth", "train_error", "test_error"]]
    return {**about, "data": data, "records": names(frame)}


def easier_words(logged: Sequence[Curve]) -> dict:
    """All that `display.figure` wants for logged training errors, by depth and kind.

    The caption tells when half of the trainings of a network have come below `FITTED` per cent.
    """
    frame, told = logs(logged), []
    for depth in sorted({log.depth for log in logged}):
        at_depth = [log for log in logged if log.depth == depth]
        first = [half_below([log for log in at_depth if log.kind == kind]) for kind in KINDS]
        told.append(f"{listed(first)} epochs at depth {depth}")
    running = sum(log.running for log in logged)
    return {
        "caption": (
            f"Until half of the trainings err less than {FITTED:.0f} % (dotted) on training images "
            f"it takes plain and residual networks {listed(told)}. A line is a training."
        ),
        "alt": f"Lines of training error against epoch; below {FITTED:.0f} %: {listed(told)}.",
        "origin": (
            f"Logged by those who trained, on augmented images: {count(len(logged), 'training')} "
            f"from {frame['member'].nunique()} sources. {running} log the mean error during an "
            "epoch, the others that of the network at its end."
        ),
        "data": frame.loc[frame["epoch"] <= 100, ["run", "epoch", "train_error"]],
        "records": names(frame),
    }


def half_below(logged: Sequence[Curve]) -> str:
    """After how many epochs half of these trainings have come below `FITTED` per cent."""
    found = [log.epochs_to(FITTED) or math.inf for log in logged]
    wanted = median(found) if found else math.inf
    return f"{math.ceil(wanted)}" if wanted < math.inf else "no number of"


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


def deepest(records: Sequence[Record]) -> list[Record]:
    """Those of the records that are of the deepest networks, by their scale's own recipe."""
    return [r for r in records if (r.kind, r.depth) in VERY_DEEP and r.variant == ""]


def very_deep_words(logged: Sequence[Curve]) -> dict:
    """All that `display.figure` wants for logged training errors at 110 layers and more."""
    frame = logs(logged)
    ends: dict[str, list[float]] = {}
    for curve in logged:
        ends.setdefault(network(curve.kind, curve.depth), []).append(curve.train_error[-1])
    told = listed([f"{between(errors)} in {name}" for name, errors in ends.items()])
    return {
        "caption": f"At the end the training error is {told}. A line is a training.",
        "alt": f"Lines of training error against share of the training: {told}.",
        "origin": (
            f"Training error on augmented images, logged by those who trained at full length: "
            f"{len(logged)} trainings from {frame['member'].nunique()} sources."
        ),
        "data": frame[["run", "iteration", "share", "train_error"]],
        "records": names(frame),
    }


def between(errors: Sequence[float]) -> str:
    """One error rate, or the least and the greatest of several."""
    low, high = error_rate(min(errors)), error_rate(max(errors))
    return low if low == high else f"{low} to {high}"


def path_frame(records: Iterable[Record]) -> pd.DataFrame:
    """Final errors of trainings that differ from their scale's recipe in the path alone.

    `path` says what the shortcut returns, in the order of `PATHS`; `relu` whether a ReLU follows
    the addition; `start` is own, or matched where γ₂ starts elsewhere so that F is as large beside
    what the path returns as it is with the identity.
    """
    alike = [
        record
        for record in records
        if "recipe" in record.content
        and not replace(record.recipe, shortcut="identity", last_relu=True, gamma=1.0).variant
    ]
    recipes = [record.recipe for record in alike]
    frame = finals(alike).assign(
        path=[PATHS["" if r.kind == "plain" else r.shortcut] for r in recipes],
        relu=[r.last_relu for r in recipes],
        start=["own" if r.gamma == 1 else "matched" for r in recipes],
    )
    order = list(PATHS.values())
    return frame.sort_values("path", key=lambda s: s.map(order.index), kind="stable")


def complete_paths(frame: pd.DataFrame, depths: Sequence[int]) -> pd.DataFrame:
    """The part of a `path_frame` at these depths whose paths and starts have all of them."""
    part = frame[frame["depth"].isin(depths)]
    found = part.groupby(["path", "relu", "start"])["depth"].transform("nunique")
    return part[found == len(set(depths))]


def path_words(frame: pd.DataFrame) -> dict:
    """All that `display.figure` wants for paths: which do as well as the identity, and which not.

    As well is a mean training error below `WELL` at the greatest depth, from either start.
    """
    deep = frame[frame["depth"] == frame["depth"].max()]
    means = deep.groupby(["relu", "path", "start"])["train_error"].mean()
    starts = {"own": PATHS} | ({"matched": MATCHED} if "matched" in set(frame["start"]) else {})
    told, lacking = [], []
    for relu, best in means.groupby(["relu", "path"]).min().groupby("relu", sort=False):
        good = [path for path in PATHS.values() if best.get((relu, path), 100.0) < WELL]
        where = f"{'with' if relu else 'without'} the last ReLU"
        told.append(f"{where} {listed(good) if good else 'none'}")
        for start, each in starts.items():
            for path in each:
                there = (relu, PATHS[path], start) in means.index
                # Without a ReLU the mixture keeps the size of x, so that its own start is matched.
                if not there and (relu, path, start) != (False, "orthogonal", "matched"):
                    lacking.append(f"{PATHS[path]} {where}{FROM[start]}")
    depth, low = deep["depth"].max(), frame["depth"].min()
    look = f", pale at depth {low}" * bool(low < depth)
    if "matched" in starts:
        look += ", hollow from a start matched to x"
    not_run = f" Not run at both depths: {listed(lacking)}." if lacking else ""
    return {
        "caption": (
            f"Below {WELL:.0f} % training error at {depth} layers: "
            f"{'; '.join(reversed(told))}. A dot is a training{look}."
        ),
        "alt": f"Dots of training error for each path. Below {WELL} %: {'; '.join(told)}.",
        "origin": (
            f"Our own trainings, scale {frame['scale'].iloc[0]}. From a matched start F is as "
            f"small beside the path as it is beside x.{not_run}"
        ),
        "data": frame[["run", "path", "relu", "start", "depth", "train_error", "test_error"]],
        "records": names(frame),
    }


def recap(groups: Sequence[Sequence[Record]], paths: pd.DataFrame) -> list[str]:
    """What the chapter found, in a sentence each: who degrades, and with which paths."""
    told = []
    for records in groups:
        frame = finals(records)
        found = [both_ends(frame, kind, TRAINING) for kind in KINDS]
        if all(ends and ends[0] < ends[1] for ends in found):
            grows = [deep.mean() > shallow.mean() for _, _, shallow, deep in found]
            ends = ["worse" if grown else "no worse" for grown in grows]
            how = [f"the {kind} network ends {end}" for kind, end in zip(KINDS, ends)]
            low, high = found[0][:2]
            told.append(
                f"{where(records[0].scale)}: with {high} layers in place of {low}, on its training "
                f"images, {listed(how)}."
            )
    deep = paths[paths["depth"] == paths["depth"].max()]
    means = deep.groupby(["path", "relu", "start"])["train_error"].mean()
    good = {(path, relu) for (path, relu, _), mean in means.items() if mean < WELL}
    rivals = {
        path: [f"with{'' if relu else 'out'}" for relu in (True, False) if (path, relu) in good]
        for path in PATHS.values()
        if path not in ("x", PATHS["permutation"])
    }
    rivals = [f"{path} {listed(how)} the last ReLU" for path, how in rivals.items() if how]
    if any(path == "x" for path, _ in good):
        told.append(
            f"Of the other paths {listed(rivals)} does as well as the identity."
            if rivals
            else "Of the other paths that were tried none does as well as the identity."
        )
    return told
