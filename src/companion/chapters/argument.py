"""What the argument of note 000 proves: curvature, and the chain link by link."""

from collections.abc import Sequence
from functools import partial
from statistics import median
from textwrap import fill

import pandas as pd
from matplotlib.axes import Axes

from companion import style, tables
from companion.chapters.response_std import (
    identity_blocks,
    medians,
    over,
    second_layers,
    shares_within,
)
from companion.settings import Settings
from companion.words import network, scale
from residual.claims import BY_ID, CAVEAT, CHAIN, DIFFERS, NOT_SUPPORTED, SUPPORTED, judged
from residual.claims.about_responses import relative_median, std_of
from residual.claims.evidence import by_member
from residual.claims.wording import word
from residual.recipe import KINDS
from residual.statistics import geometric_mean, listed, number
from residual.store import Record

BADGES = {SUPPORTED: "#1a7f37", CAVEAT: "#8a6100", NOT_SUPPORTED: "#b3261e", DIFFERS: "#b3261e"}
CHINESE = {
    "hypothesis": "假设",
    "prediction": "推论",
    "check": "验证",
    "consequence": "推断",
    "conclusion": "结论",
}
STATES = ("before training", "trained")
PREDICTED = "identity with noise of F's size"


def kernels(records: Sequence[Record], untrained: Record | None) -> pd.DataFrame:
    """Participation ratio of the eigenvalues of the tangent kernel, one row a network: kind,
    depth, run, member, state (before training or trained), participation."""
    rows = [
        tables.about(r) | {"state": "trained"} | r["probes"]["kernel"]
        for r in tables.probed(records, "kernel")
    ]
    depths = {row["depth"] for row in rows}
    for seed, measured in zip(untrained.seeds, untrained.measurements) if untrained else ():
        for depth in depths:
            for kind in KINDS:
                if found := measured.get(f"{kind}-{depth}", {}).get("kernel"):
                    about = {"kind": kind, "depth": depth, "network": network(kind, depth)}
                    about |= {"run": untrained.name, "member": seed, "state": STATES[0]}
                    rows.append(about | {"participation": found})
    rows.sort(key=lambda row: (STATES.index(row["state"]), row["kind"]))
    return pd.DataFrame(rows)


def kernel_words(frame: pd.DataFrame, records: Sequence[Record]) -> dict[str, str]:
    """Caption, alt text and origin of the figure of the kernel's evenness."""
    found = frame.groupby(["state", "kind"], sort=False)["participation"].median()
    told = listed(
        [
            f"{number(found[state, 'plain'], 2)} against {number(found[state, 'residual'], 2)} "
            f"{state}"
            for state in STATES
            if {(state, kind) for kind in KINDS} <= set(found.index)
        ]
        or ["one kind alone"]
    )
    return {
        "caption": (
            f"How evenly {frame['depth'].max()}-layer networks learn different images, plain "
            f"against residual: {told}, in the median. A dot is a network; higher is more even."
        ),
        "alt": f"Participation ratios before and after training, a dot a network: {told}.",
        "origin": (
            f"Trained: {scale(tables.probed(records, 'kernel'))}. Before training: ours, on "
            f"CIFAR-10. The kernel of {frame['images'].max():.0f} test images, summed over classes."
        ),
    }


def jacobians(
    records: Sequence[Record], untrained: Record | None, starts: Record | None
) -> pd.DataFrame:
    """Participation ratio of the singular values of a block's Jacobian before its last ReLU.

    Medians over identity blocks, then over networks, with what `as_even` predicts from
    ‖F(x)‖/‖x‖ of the residual networks: the trained ones, and those that `starts` has measured
    before training.
    """
    frames = [
        pd.DataFrame(r["probes"]["jacobian"]).assign(**tables.about(r))
        for r in tables.probed(records, "jacobian")
    ]
    if not frames:
        return pd.DataFrame()
    trained = medians(identity_blocks(tables.joined(frames)), "participation")
    depth = records[0].depth
    blocks = identity_blocks(tables.responses(records, what="blocks"))
    size = medians(blocks, "ratio").get((depth, "residual"))
    rows = [{"state": STATES[1]} | {kind: trained.get((depth, kind)) for kind in KINDS}]
    rows[0] |= {PREDICTED: None if size is None else as_even(size)}
    if untrained:
        found = {
            kind: pd.concat(
                identity_blocks(pd.DataFrame(measured[kind])) for measured in untrained.measurements
            )["participation"].median()
            for kind in KINDS
        }
        seeds = [m for m in starts.measurements if f"residual-{depth}" in m] if starts else []
        sizes = [measured[f"residual-{depth}"]["ratio"] for measured in seeds]
        rows.insert(0, {"state": STATES[0]} | found)
        rows[0] |= {PREDICTED: as_even(median(sizes)) if sizes else None}
    return pd.DataFrame(rows)


def as_even(size: float) -> float:
    """The participation ratio of the identity plus noise whose output is `size` times its input.

    A large square matrix N of independent entries with ‖N‖² = n·size² (Frobenius): the moments of
    (1 + N)ᵀ(1 + N) are 1 + size² and 1 + 4·size² + 2·size⁴.
    """
    return (1 + size**2) ** 2 / (1 + 4 * size**2 + 2 * size**4)


def recap(records: Sequence[Record]) -> str:
    """What the chapter measured on the networks that it draws, in numbers."""
    depth = max(record.depth for record in records)
    deep = [record for record in records if record.depth == depth]
    share = shares_within(second_layers(tables.responses(deep)))["residual"]
    residual = [record for record in deep if record.kind == "residual"]
    sizes = by_member(residual, partial(relative_median, when="final"))
    times = over(deep, *((kind, depth) for kind in KINDS), partial(std_of, when="final"))
    told = ""
    if times:
        beside = number(times.estimate, 2)
        told = f"At depth {depth} the plain response is {beside} times the residual one. "
    size = number(geometric_mean([*sizes.values()]).estimate, 2)
    return (
        f"{told}In {network('residual', depth)} {share:.0f} % of F(x) lies within ±0.1, and F(x) "
        f"is {size} times as large as x."
    )


def links(chosen: Settings) -> pd.DataFrame:
    """The note's line of argument, link by link: link, claim (its id), text and verdict."""
    rows = [(link, id_, BY_ID[id_].text["en"], judged(id_, chosen.profile)) for link, id_ in CHAIN]
    told = [(*row, found.verdict) for *row, found in rows]
    return pd.DataFrame(told, columns=["link", "claim", "text", "verdict"])


def diagram(ax: Axes, frame: pd.DataFrame) -> None:
    """Draw the links of an argument below each other, each with its claim and its verdict."""
    ax.set(xlim=(0, 1), ylim=(len(frame), 0))
    ax.axis("off")
    for row, (link, text, verdict) in enumerate(
        zip(frame["link"], frame["text"], frame["verdict"])
    ):
        colour = BADGES.get(verdict, style.GREY)
        box = {"boxstyle": "round,pad=0.35", "fc": "white", "ec": colour, "lw": 1.5}
        look = {"va": "center", "fontsize": 9}
        ax.text(0.0, row + 0.5, link, weight="bold", **look)
        ax.text(0.21, row + 0.5, fill(text, 42), **look)
        ax.text(0.98, row + 0.5, fill(verdict, 14), ha="right", color=colour, bbox=box, **look)
        if row:
            ends = {"xy": (0.06, row + 0.32), "xytext": (0.06, row - 0.32)}
            ax.annotate("", **ends, arrowprops={"arrowstyle": "->", "color": style.GREY})


def chain_words(frame: pd.DataFrame) -> dict[str, str]:
    """Captions, alt text and origin of the diagram of the argument."""
    told = listed([f"{link} {v}" for link, v in zip(frame["link"], frame["verdict"])])
    chinese = "，".join(
        f"{CHINESE[link]}{word('verdicts', verdict, 'zh')}"
        for link, verdict in zip(frame["link"], frame["verdict"])
    )
    return {
        "caption": (
            "The note's argument, from top to bottom, with what was measured for each link; its "
            "prediction before training, where only the default is at work. A chain is as strong "
            "as its weakest link."
        ),
        "chinese": (
            f"笔记的论证链，自上而下（预测在训练前检验）：{chinese}。链条的强度取决于最弱的一环。"
        ),
        "alt": f"Five boxes below each other: {told}.",
        "origin": (
            "Hypothesis: stacks of blocks by themselves. Prediction: networks before training. All "
            "others: trained networks."
        ),
    }
