"""Frames, captions and sentences of the chapter on zero weights; its cells draw the figures."""

from collections.abc import Sequence
from statistics import fmean

import pandas as pd
import torch
from scipy.stats import gmean
from torch import Tensor

from companion import tables
from companion.words import error_rate, experiment_scale, network, scale
from residual.claims.about_zero import DESCENTS, chosen_rows, falls_of
from residual.claims.evidence import FLOOR
from residual.constructions import zero_scale, zero_weights
from residual.models import build
from residual.provenance import computing_with
from residual.recipe import KINDS
from residual.statistics import listed, number, per_cent
from residual.store import Record

ZEROINGS = {"W₁ = W₂ = 0": zero_weights, "γ₂ = β₂ = 0": zero_scale}
QUANTITIES = {"response": "‖F(x)‖", "weight_norm": "‖W‖", "gamma_norm": "‖γ₂‖"}


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


def zeroed_words(frame: pd.DataFrame) -> tuple[str, str]:
    """Caption and alt text of the figure of zeroed networks."""
    last = frame["block"].max()
    left = frame[frame["block"] == last].set_index("kind")["spread"]
    lost = frame[(frame["kind"] == "plain") & (frame["spread"] == 0)]["block"].min()
    told = listed([f"{left[kind]:.2f} in the {kind} network" for kind in KINDS])
    caption = (
        f"With every convolution of {last} blocks at zero, the spread over images behind the last "
        f"block, relative to the first block's input, is {told}; the plain network has lost its "
        f"input behind block {lost:.0f}. Nothing is trained."
    )
    return caption, f"Two lines of relative spread against block, which end at {told}."


def position_words(frame: pd.DataFrame, record: Record) -> tuple[str, str]:
    """Caption and alt text of the figure with one block or one layer of a network at zero."""
    told = []
    for kind in KINDS:
        part = frame[frame["kind"] == kind]
        whole, block, layer = (
            error_rate(part[part["zeroed"].isin(what)]["test_error"].median())
            for what in (["nothing"], ["block"], ["conv1", "conv2"])
        )
        name = network(kind, record["settings"]["depth"])
        told.append(f"{block} and {layer} in {name} (whole: {whole})")
    residual = frame[(frame["kind"] == "residual") & (frame["zeroed"] == "block")]
    missed = residual.groupby("block")["test_error"].mean().sort_values(ascending=False)
    most = listed([f"{block} ({error_rate(error)})" for block, error in missed[:3].items()])
    rest = error_rate(missed[3:].max())
    caption = (
        "Test error with one block and with one layer of a trained network at zero, median over "
        f"blocks or layers and seeds: {listed(told)}. The residual network misses its "
        f"blocks {most} most; with any other block at zero it errs on at most {rest}. The numbers "
        "by block and all lines are means over seeds; dotted lines are the whole networks "
        f"({experiment_scale(record, images=True, trained=True)})."
    )
    return caption, f"Two panels of test error against what is zeroed: {listed(told)}."


def regressions(record: Record) -> pd.DataFrame:
    """Loss curves of the stacks that learn the identity: kind, blocks, seed, iteration, loss."""
    return tables.joined(
        pd.DataFrame(row["curve"]).assign(kind=row["kind"], blocks=row["blocks"], seed=seed)
        for seed, measured in zip(record.seeds, record.measurements)
        for row in measured["rows"]
        if "curve" in row
    )


def lengths_table(record: Record) -> pd.DataFrame:
    """Error left by kind and number of blocks after each length of training, geometric means
    over seeds."""
    frame = tables.rows(record)
    keys = ["blocks", "iterations", "kind"]
    left = frame.groupby(keys)["loss"].agg(gmean).map(lambda v: number(v, 2))
    return left.unstack("kind").reset_index()


def regression_words(record: Record) -> tuple[str, str]:
    """Caption and alt text of the figure of stacks on their way to the identity."""
    rows = tables.rows(record)
    ends = rows[rows["iterations"] == record["settings"]["lengths"][-1]]
    left = ends.groupby(["blocks", "kind"])["loss"].agg(gmean).unstack().itertuples()
    pairs = [f"{number(w.plain, 2)} against {number(w.residual, 2)} with {w.Index}" for w in left]
    told = listed(pairs)
    length, rates = record["settings"]["lengths"][-1], len(record["settings"]["learning_rates"])
    caption = (
        f"Relative squared error left after {length:,} iterations, plain against residual: {told} "
        "blocks. The dotted line is the best constant. Thin lines are seeds (the best of "
        f"{rates} learning rates for each; {experiment_scale(record)})."
    )
    return caption, f"Two panels of error against iteration, logarithmic: {told} blocks."


def falling(record: Record) -> pd.DataFrame:
    """What is left of each quantity on a block's way to the identity.

    Columns: setting (with or without BN and decay), quantity, rate, iteration, share of the start.
    The descent is the one with live units that leaves the least loss.
    """
    frames = []
    for (form, decay), words in DESCENTS.items():
        for row in chosen_rows(record, form, decay):
            for key, name in QUANTITIES.items():
                if key == "gamma_norm" and form != "bn":
                    continue
                curve = row["curve"]
                share = [max(v, FLOOR) / curve[key][0] for v in curve[key]]
                frame = pd.DataFrame({"iteration": curve["iteration"], "share": share})
                frames.append(frame.assign(setting=words, quantity=name, rate=row["learning_rate"]))
    return tables.joined(frames)


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


def falling_words(record: Record) -> tuple[str, str]:
    """Caption and alt text of the figure of what falls."""
    told = []
    for (form, decay), words in DESCENTS.items():
        if rows := chosen_rows(record, form, decay):
            left = [
                f"{number(1 / falls_of(rows, key).estimate, 2)} of {name}"
                for key, name in list(QUANTITIES.items())[:2]
            ]
            rates = listed(sorted({f"{row['learning_rate']:g}" for row in rows}))
            dead = fmean(row["dead_fraction"] for row in rows)
            lost = f", {per_cent(dead, 2)} of the inner units dead" if dead else ""
            told.append(f"{words} {listed(left)} (learning rate {rates}{lost})")
        else:
            told.append(f"{words} every block died")
    caption = (
        f"One residual block learns to return its input. Left at the end: {'; '.join(told)}. "
        "Lines are medians over seeds, numbers geometric means, at the learning rate of least loss "
        f"among those that leave some unit alive ({experiment_scale(record)})."
    )
    return caption, f"Panels of what is left of each quantity, logarithmic: {'; '.join(told)}."


def weight_norms(records: Sequence[Record]) -> pd.DataFrame:
    """Trained weights of others: ‖W‖ over its He value and median |γ₂| by network and stage.

    The He value is what He initialisation gives on average. Medians over layers or blocks, then
    over sources.
    """
    rows = []
    for record in records:
        table, blocks = record["gradients"], record["responses"]["final"]["blocks"]
        layers = zip(table["layer"], table["weight"][-1], table["he"])
        for layer, weight, he in layers:
            stage = tables.stage(layer, record.depth)
            rows.append(tables.about(record) | {"stage": stage, "‖W‖ over He": weight / he})
        per_stage = len(blocks["gamma"]) // 3
        for i, gamma in enumerate(blocks["gamma"]):
            rows.append(tables.about(record) | {"stage": 1 + i // per_stage, "|γ₂|": gamma})
    frame = pd.DataFrame(rows)
    values = ["‖W‖ over He", "|γ₂|"]
    by_run = frame.groupby(["depth", "kind", "network", "run", "stage"])[values].median()
    found = by_run.groupby(level=["depth", "kind", "network", "stage"]).median().reset_index()
    return found[["network", "stage", *values]]


def decay_frame(record: Record) -> pd.DataFrame:
    """Weight decay alone: relative distance against iteration, of residual blocks to the identity
    and of plain blocks to the map that they start with, with BN and without."""
    return tables.joined(
        pd.DataFrame({"iteration": measured["iteration"], "distance": measured[name]}).assign(
            kind=name.split("_")[0], BN="no" if name.endswith("no_bn") else "yes", seed=seed
        )
        for measured, seed in zip(record.measurements, record.seeds)
        for name in ("plain_bn", "plain_no_bn", "residual_bn", "residual_no_bn")
    )


def decay_words(frame: pd.DataFrame, record: Record) -> tuple[str, str]:
    """Caption and alt text of the figure of weight decay alone."""
    last = frame[(frame["iteration"] == frame["iteration"].max()) & (frame["BN"] == "yes")]
    ends = last.groupby("kind")["distance"].mean()
    told = (
        f"with BN a residual block ends at a relative distance of {number(ends['residual'], 2)} "
        f"from the identity, a plain block at {number(ends['plain'], 2)} from the map that it "
        "started with"
    )
    caption = f"Weight decay alone, by the paper's schedule: {told} ({experiment_scale(record)})."
    return caption, f"Lines of relative distance against iteration: {told}."


def perturbation_words(frame: pd.DataFrame, record: Record) -> tuple[str, str]:
    """Caption and alt text of the figure of perturbed identity solutions."""
    blocks, noise = max(record["settings"]["blocks"]), 0.01
    at = frame[(frame["blocks"] == blocks) & (frame["epsilon"] == noise)]
    left = at.groupby("kind")["error"].agg(gmean)
    told = (
        f"noise of {noise:.0%} on every kernel moves the output of {blocks} plain blocks by "
        f"{number(100 * left['plain'], 2)} % and that of as many residual ones by "
        f"{number(100 * left['residual'], 2)} %"
    )
    caption = (
        f"In an exact identity, {told}: plain error grows with ε, residual error with ε². Blocks "
        f"without BN, noise relative to a Dirac kernel ({experiment_scale(record)})."
    )
    return caption, f"Two panels of output error against noise, logarithmic; {told}."


def starts(usual: Sequence[Record], zero: Sequence[Record]) -> pd.DataFrame:
    """‖F(x)‖/‖x‖ of each identity block from both starts, before and after training."""
    frames = [
        tables.responses(group, when, "blocks").assign(start=start, when=words)
        for start, group in (("He", usual), ("γ₂ = 0", zero))
        for when, words in (("initial", "before"), ("final", "trained"))
    ]
    frame = pd.concat(frames, ignore_index=True)
    return frame[~frame["widening"].astype(bool)]


def starts_words(frame: pd.DataFrame, groups: dict[str, Sequence[Record]]) -> tuple[str, str]:
    """Caption and alt text of the figure of the two starts."""
    medians = frame.groupby(["start", "when", "run"])["ratio"].median()
    medians = medians.groupby(level=["start", "when"]).agg(gmean)
    told = []
    for start, records in groups.items():
        errors = tables.finals(records)
        told.append(
            f"from {start}, the median ‖F(x)‖/‖x‖ goes from {number(medians[start, 'before'], 2)} "
            f"to {number(medians[start, 'trained'], 2)}, the training error to "
            f"{error_rate(errors['train_error'].mean())}"
        )
    shown = [record for records in groups.values() for record in records]
    name = network("residual", shown[0].depth)
    caption = (
        f"{name}: {'; '.join(told)} (medians over blocks, geometric means over trainings; mean "
        f"error; lines with their 95 % band, by bootstrap; {scale(shown)})."
    )
    return caption, f"Lines of ‖F(x)‖/‖x‖ against block: {'; '.join(told)}."
