"""Pictures and sentences of the chapter on zero weights."""

from functools import cache

import numpy as np
import pandas as pd
import torch
from residual.claims.stacks import LOSS_FLOOR, counted, error_left
from torch import Tensor

from companion import figures
from companion.chapter import scale
from companion.chapter.display import Picture
from companion.chapter.responses import lesions
from companion.chapter.settings import Settings
from companion.chapter.words import listed
from companion.figures.style import NAMES
from residual.batches import normalise
from residual.constructions import zero_scale, zero_weights
from residual.data import load
from residual.models import BasicBlock, Network, build
from residual.provenance import computing_with
from residual.recipe import KINDS
from residual.statistics import number

__all__ = ["lesions"]

ZEROINGS = {"W₁ = W₂ = 0": zero_weights, "γ₂ = β₂ = 0": zero_scale}


@cache
@computing_with(1)
def exactness(depth: int) -> pd.DataFrame:
    """Each block of a ResNet at zero, by both ways and in both modes: does it return x ≥ 0?

    Columns: block, shape (identity shortcut or not), way, mode, exact (bit for bit), largest
    difference (0 where exact; missing where the shapes differ).
    """
    network = build("residual", depth)
    rows = []
    for place, block in enumerate(network.blocks, start=1):
        source = torch.Generator().manual_seed(place)
        x = torch.rand(4, block.conv1.in_channels, 8, 8, generator=source)
        for way, zero in ZEROINGS.items():
            for mode in ("train", "eval"):
                output = zero(block).train(mode == "train")(x.clone()).detach()
                rows.append(row(block, x, output) | {"block": place, "way": way, "mode": mode})
    return pd.DataFrame(rows)


def row(block: BasicBlock, x: Tensor, output: Tensor) -> dict:
    """Whether the output is the input, bit for bit, and how far off it is."""
    same_shape = output.shape == x.shape
    return {
        "shortcut": "downsampling" if block.widening else "identity",
        "exact": torch.equal(output, x),
        "difference": float((output - x).abs().max()) if same_shape else None,
    }


def exactness_table(depth: int) -> pd.DataFrame:
    """How many blocks of each sort return their input bit for bit, by way and mode."""
    grouped = exactness(depth).groupby(["shortcut", "way", "mode"], as_index=False)
    summed = grouped.agg(
        exact=("exact", "sum"), blocks=("exact", "count"), difference=("difference", "max")
    )
    names = {"way": "set to zero", "exact": "exact blocks", "blocks": "of"}
    summed = summed.sort_values(["shortcut", "way"], ascending=False)
    summed["difference"] = summed["difference"].map(
        lambda d: "other shape" if d != d else number(d)
    )
    return summed.rename(columns=names | {"difference": "largest difference"})


def exactness_sentence(depth: int) -> str:
    """What the table shows, in words."""
    frame = exactness(depth)
    identity = frame[frame["shortcut"] == "identity"]
    down = frame[frame["shortcut"] == "downsampling"]
    exact = identity.groupby("block")["exact"].all()
    return (
        f"Blocks of ResNet-{depth} that return their input bit for bit, both ways and in both "
        f"modes: {exact.sum()} of {len(exact)} with identity shortcut, and "
        f"{down.groupby('block')['exact'].all().sum()} of {down['block'].nunique()} that halve the "
        "maps, whose output has another shape."
    )


def zeroed(settings: Settings, label: str) -> Picture:
    """What is left of real images behind each block when every block is at zero."""
    depth = settings.deep
    dataset = load(settings.dataset)
    images = normalise(dataset.test.images[:256], dataset.mean)
    frames = [
        spreads(build(kind, depth, channels=dataset.channels), images).assign(kind=kind)
        for kind in NAMES
    ]
    frame = pd.concat(frames, ignore_index=True)
    left = frame[frame["block"] == frame["block"].max()].set_index("kind")["spread"]
    lost = frame[(frame["kind"] == "plain") & (frame["spread"] == 0)]["block"].min()
    found = [f"{left[kind]:.2f} in the {kind} network" for kind in NAMES]
    caption = f"With every convolution of the blocks at zero at depth {depth}: spread over images "
    caption += f"behind the last block, relative to the first block's input, {listed(found)}."
    if lost == lost:
        caption += f" The plain network has lost its input behind block {lost:.0f}."
    caption += f" Nothing is trained; {len(images)} test images of {scale.DATASETS[dataset.name]}."
    alt = "Two lines of relative spread against block: " + listed(
        [f"{kind} ends at {left[kind]:.2f}" for kind in NAMES]
    )
    return Picture(figures.zeroed_outputs(frame), label, caption, alt, (), frame)


@torch.no_grad()
@computing_with(1)
def spreads(network: Network, images: Tensor) -> pd.DataFrame:
    """Standard deviation over images behind each block of a zeroed network, relative to block 0.

    Block 0 is the first block's input.
    """
    x = network.eval().norm(network.conv(images)).relu()
    found = [over_images(x)]
    for block in network.blocks:
        x = zero_weights(block)(x)
        found.append(over_images(x))
    relative = [spread / found[0] for spread in found]
    return pd.DataFrame({"block": range(len(relative)), "spread": relative})


def over_images(x: Tensor) -> float:
    """Root mean square over positions and channels of the standard deviation over images."""
    return float(x.double().var(0).mean().sqrt())


def regression(settings: Settings, label: str) -> Picture:
    """Stacks of blocks that learn to return their input: loss against iterations."""
    record = settings.experiment("identity-is-hard")
    rows = [r for m in record.measurements for r in m["rows"]]
    frame = pd.concat([losses(r, seed) for seed, r in enumerate(rows)], ignore_index=True)
    logs = frame.assign(loss=np.log(frame["loss"].clip(lower=LOSS_FLOOR)))
    means = logs.groupby(["kind", "blocks", "iteration"], as_index=False)["loss"].mean()
    means["loss"] = np.exp(means["loss"])
    blocks = sorted(frame["blocks"].unique())
    left = {b: [error_left(record.measurements, k, b) for k in KINDS] for b in blocks}
    found = [f"{against(pair)} with {counted(b)}" for b, pair in left.items()]
    caption = (
        "Relative squared error left over the last tenth of the iterations, plain against "
        f"residual: {listed(found)}. Lines and numbers are geometric means over seeds (the best "
        f"of {len(record['settings']['learning_rates'])} learning rates for each; "
        f"{scale.of_experiment(record)})."
    )
    alt = "Two panels of error on a logarithmic scale against iteration, a line for each depth."
    return Picture(figures.regression_curves(means), label, caption, alt, (record.name,), means)


def against(pair: list[float]) -> str:
    """A plain and a residual error side by side."""
    return " against ".join(number(error, 2) for error in pair)


def losses(measured: dict, seed: int) -> pd.DataFrame:
    """One regression as a frame."""
    frame = pd.DataFrame({"loss": measured["losses"]}).rename_axis("iteration").reset_index()
    return frame.assign(kind=measured["kind"], blocks=measured["blocks"], line=seed)


def decay(settings: Settings, label: str) -> Picture:
    """Weight decay alone: a residual block nears the identity, a plain one nears nothing."""
    record = settings.experiment("decay-pulls-to-zero")
    parts = [
        pd.DataFrame({"iteration": measured["iteration"], "distance": measured[name]}).assign(
            kind=name.split("_")[0], norm=not name.endswith("no_bn"), seed=seed
        )
        for measured, seed in zip(record.measurements, record.seeds)
        for name in ("plain_bn", "plain_no_bn", "residual_bn", "residual_no_bn")
    ]
    frame = pd.concat(parts, ignore_index=True)
    last = frame[(frame["iteration"] == frame["iteration"].max()) & frame["norm"]]
    ends = last.groupby("kind")["distance"].mean()
    caption = (
        "Weight decay alone, by the paper's schedule: "
        "with BN a residual block ends at a relative distance of "
        f"{number(ends['residual'], 2)} from the identity, a plain block at "
        f"{number(ends['plain'], 2)} from the map that it started with. "
        f"Bold: with BN; thin: without ({scale.of_experiment(record)})."
    )
    alt = "Lines of relative distance against iteration, for residual and plain blocks."
    drawn = figures.decay_distances(frame)
    return Picture(drawn, label, caption, alt, (record.name,), frame)
