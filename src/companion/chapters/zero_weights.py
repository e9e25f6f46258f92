"""Frames, captions and sentences of the chapter on zero weights; its cells draw the figures."""

from collections.abc import Sequence

import pandas as pd
import torch
from scipy.stats import gmean
from torch import Tensor

from companion import tables
from companion.settings import Settings
from companion.words import error_rate, experiment_scale, network, scale
from residual.claims.evidence import Evidence
from residual.constructions import zero_scale, zero_weights
from residual.experiments.regression import CONSTANT
from residual.models import build
from residual.provenance import computing_with
from residual.recipe import KINDS
from residual.statistics import listed, number
from residual.store import Record

ZEROINGS = {"W₁ = W₂ = 0": zero_weights, "γ₂ = β₂ = 0": zero_scale}
QUANTITIES = {"response": "‖F(x)‖", "weight_norm": "‖W‖", "gamma_norm": "‖γ₂‖"}
COLOURS = {"‖F(x)‖": "#00795a", "‖W‖": "#7b3294", "‖γ₂‖": "#595959"}  # no hue of a network
STARTS = {"He": "#00795a", "γ₂ = 0": "#7b3294"}
DESCENTS = {
    ("bn", False): "with BN",
    ("bn", True): "with BN and decay",
    ("no-bn", False): "without BN",
    ("no-bn", True): "without BN, with decay",
}
"""The blocks that learn the identity, by form and whether their weights decay."""
SHOWN = 1e-6  # what is left of a start is drawn down to here; below it rounding takes over


@computing_with(1)
def exactness(depth: int) -> pd.DataFrame:
    """Each block of a ResNet at zero, by both ways and in both modes: does it return x ≥ 0?

    Columns: block, shortcut (identity or downsampling), way, mode, exact (bit for bit).
    """
    rows = []
    for place, block in enumerate(build("residual", depth).blocks, start=1):
        source = torch.Generator().manual_seed(place)
        x = torch.rand(4, block.conv1.in_channels, 8, 8, generator=source)  # (N, C, H, W)
        for way, zero in ZEROINGS.items():
            for mode in ("train", "eval"):
                output = zero(block).train(mode == "train")(x.clone()).detach()
                shortcut = "downsampling" if block.widening else "identity"
                about = {"block": place, "shortcut": shortcut, "way": way, "mode": mode}
                rows.append(about | {"exact": torch.equal(output, x)})
    return pd.DataFrame(rows)


@torch.no_grad()
@computing_with(1)
def zeroed(kind: str, depth: int, images: Tensor) -> pd.DataFrame:
    """What is left of real images (N, C, H, W) behind each block of a network whose blocks are 0.

    Columns: kind, block (0 is the first block's input), spread: the standard deviation over images,
    root mean square over positions and channels, relative to block 0. Nothing is trained.
    """
    model = build(kind, depth, channels=images.shape[1]).eval()
    for block in model.blocks:
        zero_weights(block)
    spreads = [float(x.double().var(0).mean().sqrt()) for x in model.features(images)]
    relative = [spread / spreads[0] for spread in spreads]
    return pd.DataFrame({"block": range(len(relative)), "spread": relative}).assign(kind=kind)


def zeroed_words(frame: pd.DataFrame) -> dict[str, str]:
    """Caption, alt text and origin of the figure of zeroed networks."""
    last = frame["block"].max()
    left = frame[frame["block"] == last].set_index("kind")["spread"]
    told = listed([f"{left[kind]:.2f} in the {kind} network" for kind in KINDS])
    return {
        "caption": (
            f"What is left of the images behind each block when all {last} are at zero: in the end "
            f"{told}. The height is the spread over images, relative to the first block's input."
        ),
        "alt": f"Two lines of relative spread against block, which end at {told}.",
        "origin": "256 test images of the digits, He starts. Nothing is trained.",
    }


def position_words(frame: pd.DataFrame, record: Record) -> dict[str, str]:
    """Caption, alt text and origin of the figure with one block of a trained network at zero."""
    depth = record["settings"]["depth"]
    blocks = frame[frame["zeroed"] == "block"].groupby("kind")["test_error"].median()
    layers = frame[frame["zeroed"].str.startswith("conv")].groupby("kind")["test_error"].median()
    told = listed([f"{error_rate(blocks[kind])} in {network(kind, depth)}" for kind in KINDS])
    single = listed([f"{error_rate(layers[kind])} in {network(kind, depth)}" for kind in KINDS])
    residual = frame[(frame["kind"] == "residual") & (frame["zeroed"] == "block")]
    missed = residual.groupby("block")["test_error"].mean()
    return {
        "caption": (
            f"One block of a trained network at zero: the median test error is {told}, which "
            f"misses block {missed.idxmax()} most. Dotted: the whole networks."
        ),
        "alt": f"Test error against the block at zero, a line for each kind; medians: {told}.",
        "origin": (
            f"{experiment_scale(record, images=True, trained=True)}. Lines are means over seeds, "
            "numbers medians over blocks and seeds. With one layer at a time in place of a block: "
            f"{single}."
        ),
    }


STACKS = ("identity-is-hard", "identity-without-bn")  # experiments: with BN, and without


def stacks(chosen: Settings) -> list[Record]:
    """Those of the experiments with stacks that learn the identity that are stored."""
    return [record for name in STACKS if (record := chosen.stored(name))]


def shares(records: Sequence[Record]) -> pd.DataFrame:
    """What is left of the way to the identity: kind, blocks, norm, iterations, seed, left.

    `left` is the share of the way from the best constant to exact identity weights, as the rule of
    identity-is-hard has it; `norm` says whether the stacks have BN, with which exact weights leave
    a plain stack a small error.
    """
    frame = tables.joined(
        tables.rows(record).assign(norm=record["settings"]["norm"]) for record in records
    )
    floor = Evidence("quick").constructions["identity_floor"]
    bound = ((frame["kind"] == "plain") & frame["norm"]) * floor
    found = frame.assign(left=(frame["loss"] - bound) / (CONSTANT - bound))
    return found[["kind", "blocks", "norm", "iterations", "seed", "left"]]


def longest(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of a frame with the most iterations."""
    return frame[frame["iterations"] == frame["iterations"].max()]


def ends(frame: pd.DataFrame) -> pd.Series:
    """`left` by BN, number of blocks, length of training and kind: means over seeds."""
    return frame.groupby(["norm", "blocks", "iterations", "kind"])["left"].mean()


def lengths_table(frame: pd.DataFrame) -> pd.DataFrame:
    """What is left of the way after each length of training, in words, plain beside residual."""
    told = ends(frame).map(lambda v: number(v, 2)).unstack("kind").reset_index()
    told["norm"] = told["norm"].map({True: "yes", False: "no"})
    return told.rename(columns={"norm": "BN"})


def regression_words(frame: pd.DataFrame, records: Sequence[Record]) -> dict[str, str]:
    """Captions, alt text and origin of the figure of stacks on their way to the identity."""
    first, blocks, length = records[0], frame["blocks"].max(), frame["iterations"].max()
    found = ends(frame).xs((blocks, length), level=("blocks", "iterations"))
    english, chinese = [], []
    for norm in sorted(frame["norm"].unique(), reverse=True):
        plain, residual = (number(found[norm, kind], 2) for kind in KINDS)
        bad = bool(found[norm, "residual"] > 1.05)  # beyond the spread of seeds at the constant
        with_bn, worse = "with" if norm else "without", " (worse than it)" * bad
        english.append(f"{plain} and {residual}{worse} {with_bn} BN")
        with_bn, worse = "有" if norm else "无", "（比常数更差）" * bad
        chinese.append(f"{with_bn} BN 时传统 {plain}，残差 {residual}{worse}")
    told = f"plain and residual stacks of {blocks} blocks have left {', '.join(english)}"
    return {
        "caption": (
            "Stacks are trained to return their input. Of the way from the best constant (1) to "
            f"exact identity weights (0), {told}. Dots: seeds."
        ),
        "chinese": (
            f"训练一堆层原样返回输入。从最佳常数（1）到严格恒等的权重（0），{blocks} 个块剩下的"
            f"路程：{'；'.join(chinese)}。每个点是一个随机种子。"
        ),
        "alt": f"What is left of the way against the number of blocks: {told}.",
        "origin": (
            f"{experiment_scale(first)}; errors after {length:,} iterations, at the best of "
            f"{len(first['settings']['learning_rates'])} learning rates for each."
        ),
    }


def falling(record: Record) -> pd.DataFrame:
    """What is left of each quantity on a block's way to the identity, at each learning rate.

    Columns: setting (with or without BN and decay), quantity, rate, iteration, share of the start,
    the median over seeds. Descents that diverged or left no inner unit alive are left out: a dead
    block computes F = 0 for ever and has learnt nothing.
    """
    frames = []
    for measured, seed in zip(record.measurements, record.seeds):
        for row in measured["rows"]:
            setting = DESCENTS.get((row["form"], row["decay"]))
            if not setting or row.get("dead_fraction", 1) == 1:
                continue
            for key, name in QUANTITIES.items():
                curve = row["curve"]
                if curve[key][0]:  # there is no γ₂ without BN
                    share = [max(value / curve[key][0], SHOWN) for value in curve[key]]
                    frame = pd.DataFrame({"iteration": curve["iteration"], "share": share})
                    about = {"setting": setting, "quantity": name, "rate": row["learning_rate"]}
                    frames.append(frame.assign(**about, seed=seed))
    keys = ["setting", "quantity", "rate", "iteration"]
    found = tables.joined(frames)
    return found.groupby(keys, as_index=False, sort=False)["share"].median()


def rates_table(record: Record) -> pd.DataFrame:
    """What each learning rate makes of the block: dead units, ‖W‖ and γ₂ at the end, by setting.

    Means over seeds; ‖W‖ and ‖γ₂‖ relative to their start. A block whose units are all dead
    computes F = 0 for ever and is no identity that was learnt.
    """
    frame = tables.rows(record)
    frame = frame[frame["form"] != "gamma"].copy()
    frame["setting"] = [DESCENTS[f, d] for f, d in zip(frame["form"], frame["decay"])]
    for key in ("weight_norm", "gamma_norm", "response"):
        frame[key] = frame[f"{key}_end"] / frame[f"{key}_start"].replace(0, float("nan"))
    names = {"weight_norm": "‖W‖ left", "gamma_norm": "‖γ₂‖ left", "dead_fraction": "dead units"}
    means = frame.groupby(["setting", "learning_rate"], as_index=False)[list(names)].mean()
    shares = list(names)[:2]
    means[shares] = means[shares].map(lambda v: number(v, 2), na_action="ignore")
    return means.rename(columns=names | {"learning_rate": "learning rate"})


def falling_words(frame: pd.DataFrame, record: Record) -> dict[str, str]:
    """Caption, alt text and origin of the figure of what falls."""
    last = frame[frame["iteration"] == frame["iteration"].max()]
    normed = last[last["setting"] == DESCENTS["bn", False]].groupby("quantity")["share"]
    left = {name: shares.agg(["min", "max"]).tolist() for name, shares in normed}
    told = "; ".join(
        f"{name} {number(low, 2)} to {number(high, 2)}" for name, (low, high) in left.items()
    )
    weights = " to ".join(number(v, 2) for v in left["‖W‖"])
    return {
        "caption": (
            "One residual block learns to return its input. With BN and without decay, "
            f"{weights} of ‖W‖ is left where F(x) is as good as gone. A line is a learning rate; "
            "what falls below a millionth is drawn there."
        ),
        "alt": f"What is left of ‖W‖, ‖F(x)‖ and ‖γ₂‖ by iteration, four panels. With BN: {told}.",
        "origin": (
            f"{experiment_scale(record)}. Medians over seeds; learning rates at which every inner "
            "unit died or the descent diverged are left out."
        ),
    }


def weight_norms(records: Sequence[Record], depths: Sequence[int]) -> pd.DataFrame:
    """Trained weights of others at these depths: ‖W‖ over its He value and median |γ₂| by network.

    The He value is what He initialisation gives on average. Medians over layers or blocks, then
    over trainings.
    """
    rows = []
    for record in records:
        if record.depth in depths and not record.variant:
            table, blocks = record["gradients"], record["responses"]["final"]["blocks"]
            over = pd.Series(table["weight"][-1]) / pd.Series(table["he"])
            found = {"‖W‖ over its He value": over.median()}
            found["median |γ₂|"] = pd.Series(blocks["gamma"], dtype=float).median()
            rows.append(tables.about(record) | found)
    frame = pd.DataFrame(rows)
    if frame.empty:
        return frame
    grouped = frame.groupby(tables.KEYS)
    found = grouped[["‖W‖ over its He value", "median |γ₂|"]].median()
    return found.assign(trainings=grouped.size()).reset_index().drop(columns=["depth", "kind"])


def decay_frame(record: Record) -> pd.DataFrame:
    """Weight decay alone: relative distance against iteration, of residual blocks to the identity
    and of plain blocks to the map that they start with, with BN and without; means over seeds."""
    frame = tables.joined(
        pd.DataFrame({"iteration": measured["iteration"], "distance": measured[name]}).assign(
            kind=name.split("_")[0], BN="no" if name.endswith("no_bn") else "yes"
        )
        for measured in record.measurements
        for name in ("plain_bn", "plain_no_bn", "residual_bn", "residual_no_bn")
    )
    return frame.groupby(["kind", "BN", "iteration"], as_index=False)["distance"].agg("mean")


def decay_words(frame: pd.DataFrame, record: Record) -> dict[str, str]:
    """Caption, alt text and origin of the figure of weight decay alone."""
    last = frame[(frame["iteration"] == frame["iteration"].max()) & (frame["BN"] == "yes")]
    left = last.set_index("kind")["distance"]
    told = (
        f"leaves a residual block at a relative distance of {number(left['residual'], 2)} from "
        f"the identity, a plain block at {number(left['plain'], 2)} from its own map"
    )
    return {
        "caption": (
            f"Weight decay alone, with BN, {told}. Each panel has its own distance: left to the "
            "identity (logarithmic), right to the map at the start."
        ),
        "alt": f"Two panels of relative distance against iteration. Decay {told}.",
        "origin": f"{experiment_scale(record)}, the paper's schedule; means over seeds.",
    }


def perturbation_words(frame: pd.DataFrame, record: Record) -> dict[str, str]:
    """Caption, alt text and origin of the figure of perturbed identity solutions."""
    blocks, noise = max(record["settings"]["blocks"]), 0.01
    at = frame[(frame["blocks"] == blocks) & (frame["epsilon"] == noise)]
    left = at.groupby("kind")["error"].agg(gmean)
    told = (
        f"noise of {noise:.0%} on every kernel moves the output of {blocks} plain blocks by "
        f"{number(100 * left['plain'], 2)} % and of as many residual ones by "
        f"{number(100 * left['residual'], 2)} %"
    )
    return {
        "caption": (
            f"In an exact identity, {told}. Both axes are logarithmic: the plain error grows with "
            "ε, the residual one with ε²."
        ),
        "alt": f"Lines of output error against noise, logarithmic; {told}.",
        "origin": (
            f"{experiment_scale(record)}. Blocks without BN; noise relative to a Dirac kernel; "
            "geometric means over seeds."
        ),
    }


def two_starts(chosen: Settings) -> dict[str, list[Record]]:
    """The deepest ResNet from the He start and with γ₂ = 0, of one scale, by the name of the start;
    empty where no training with γ₂ = 0 is stored."""
    found = [r for r in chosen.variants("residual", chosen.deep) if r.variant in ("", "zero-gamma")]
    zero = [r for r in found if r.variant]
    usual = [r for r in found if not r.variant and zero and r.scale == zero[0].scale]
    if not usual:
        return {}
    return dict(zip(STARTS, (usual, [r for r in zero if r.scale == zero[0].scale])))


def starts(groups: dict[str, Sequence[Record]]) -> pd.DataFrame:
    """‖F(x)‖/‖x‖ of each identity block from both starts, before and after training."""
    frames = [
        tables.responses(group, when, "blocks").assign(start=start, when=words)
        for start, group in groups.items()
        for when, words in (("initial", "before"), ("final", "trained"))
    ]
    frame = pd.concat(frames, ignore_index=True)
    return frame[~frame["widening"].astype(bool)]


def starts_words(frame: pd.DataFrame, groups: dict[str, Sequence[Record]]) -> dict[str, str]:
    """Caption, alt text and origin of the figure of the two starts."""
    medians = frame.groupby(["start", "when", "run"])["ratio"].median()
    medians = medians.groupby(level=["start", "when"]).median()
    told = listed(
        [
            f"{number(medians[start, 'before'], 2)} to {number(medians[start, 'trained'], 2)} from "
            f"{start}"
            for start in groups
        ]
    )
    errors = listed(
        [
            f"{error_rate(tables.finals(records)['train_error'].mean())} from {start}"
            for start, records in groups.items()
        ]
    )
    shown = [record for records in groups.values() for record in records]
    name = network("residual", shown[0].depth)
    return {
        "caption": (
            f"Training takes the median ‖F(x)‖/‖x‖ of {name} from {told}. Dashed: before training, "
            "solid: after it; medians over seeds."
        ),
        "alt": f"Lines of ‖F(x)‖/‖x‖ against block: from {told}.",
        "origin": f"{scale(shown)}. Mean training error at the end: {errors}.",
    }


def surplus(records: Sequence[Record]) -> pd.DataFrame:
    """Test error of trained networks with their surplus blocks deleted together.

    One row a training and state: network, run, member, state (whole, surplus blocks deleted, blocks
    shuffled), test_error in per cent on the images of the probe.
    """
    states = {"whole": "whole", "joint": "surplus deleted", "shuffled": "blocks shuffled"}
    return pd.DataFrame(
        tables.about(record) | {"state": words, "test_error": record["probes"]["surplus"][key]}
        for record in tables.probed(records, "surplus")
        for key, words in states.items()
    )


def surplus_words(
    frame: pd.DataFrame, records: Sequence[Record], shallow: Sequence[Record]
) -> dict[str, str]:
    """Caption, alt text and origin of the figure of surplus blocks; `shallow` are the networks
    whose number of blocks is kept."""
    (deleted, images), *_ = {
        (len(r["probes"]["surplus"]["deleted"]), r["probes"]["surplus"]["images"])
        for r in tables.probed(records, "surplus")
    }
    found = frame.groupby("state", sort=False)["test_error"].median()
    beside = tables.finals(shallow)["test_error"].median()
    told = listed([f"{error_rate(error)} {state}" for state, error in found.items()])
    return {
        "caption": (
            f"{frame['network'].iloc[0]} with its {deleted} identity blocks of least ‖F(x)‖/‖x‖ "
            f"deleted together. Median test error: {told}. Dotted: {shallow[0].depth} layers from "
            f"the start ({error_rate(beside)}) and twice that; a dot is a training."
        ),
        "alt": f"Test error by state, a dot a training; medians: {told}.",
        "origin": f"{scale(tables.probed(records, 'surplus'))}; the first {images:,} test images.",
    }


def recap(chosen: Settings) -> str:
    """What the chapter measured, in numbers; nothing of an experiment that is not stored."""
    told = []
    if records := stacks(chosen):
        frame = longest(shares(records[:1]))
        blocks = frame["blocks"].max()
        found = frame[frame["blocks"] == blocks].groupby("kind")["left"].mean()
        told.append(
            f"A plain stack of {blocks} blocks is left with {number(found['plain'], 2)} of the way "
            f"from a constant to the identity, a residual one with {number(found['residual'], 2)}."
        )
    if record := chosen.stored("weights-go-to-zero"):
        frame = falling(record)
        last = frame[(frame["iteration"] == frame["iteration"].max())]
        normed = last[last["setting"] == DESCENTS["bn", False]].set_index("quantity")["share"]
        weights, gamma = (normed[name].median() for name in ("‖W‖", "‖γ₂‖"))
        gone = "at most " if gamma <= SHOWN else ""
        told.append(
            f"What shrinks in a residual block with BN on that way: {number(weights, 2)} of ‖W‖ is "
            f"left, {gone}{number(gamma, 2)} of ‖γ₂‖."
        )
    return " ".join(told)
