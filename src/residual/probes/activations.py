"""How strongly layers and blocks respond: the quantity of Fig. 7, and ‖F(x)‖/‖x‖."""

import copy
from contextlib import ExitStack

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from residual.models import Network
from residual.probes.common import Batches, Table, columns, evaluating, significant

SAMPLED = 512  # positions of a batch that give percentiles, shares and the channels' spread
TENTH = 0.1  # the interval of note 000, §2


def responses(model: Network, batches: Batches) -> Table:
    """Standard deviation of every 3×3 layer's output, after BN and before the non-linearity.

    The quantity of Fig. 7 (§4.2): before ReLU, or before the addition. `batches` are normalised
    images (N, channels, H, W), here and in the other probes. One row a layer in network
    order: layer, std and mean (of every value); channel_std, share within ±0.1, 1 % and 99 %
    percentiles (of a sample of some 500 positions a batch).
    """
    tallies = {name: Tally() for name in model.layers()}
    with ExitStack() as hooks, evaluating(model):
        for tally, layer in zip(tallies.values(), model.layers().values()):
            hooks.enter_context(
                layer.register_forward_hook(lambda _m, _i, output, tally=tally: tally.add(output))
            )
        for batch in batches:
            model(batch)
    return columns([{"layer": name} | tally.row() for name, tally in tallies.items()])


class Tally:
    """Sums of every value that a layer gave, and the values at some positions of each batch."""

    def __init__(self) -> None:
        self.elements, self.total, self.squares = 0, 0.0, 0.0
        self.sampled: list[Tensor] = []  # (P, C) a batch

    def add(self, output: Tensor) -> None:
        """Read one batch (N, C, H, W), which the network changes in place right after.

        Sums and norms are taken by image in single precision and added up in double precision, on
        the CPU: some devices have none.
        The sampled positions are spread evenly over the images and over the map.
        """
        by_position = output.detach().float().permute(0, 2, 3, 1)  # (N, H, W, C)
        images = by_position.flatten(1)  # (N, H·W·C): of channels-last memory no copy
        self.elements += images.numel()
        sums, norms = images.sum(1).cpu(), torch.linalg.vector_norm(images, dim=1).cpu()
        self.total += float(sums.double().sum())
        self.squares += float(norms.double().square().sum())
        positions = by_position.flatten(0, 2)  # (N·H·W, C)
        step = (len(positions) // SAMPLED) | 1  # odd: every column is met
        self.sampled.append(positions[::step].clone())

    def row(self) -> dict[str, float]:
        """std and mean of every value; of the sample channel_std (the median over channels), the
        share within ±0.1, and the 1 % and 99 % percentiles."""
        values = torch.cat(self.sampled).cpu().double()  # (P, C)
        mean = self.total / self.elements
        low, high = torch.quantile(values.flatten(), values.new_tensor([0.01, 0.99])).tolist()
        found = {
            "std": max(self.squares / self.elements - mean**2, 0.0) ** 0.5,
            "mean": mean,
            "channel_std": float(values.std(0, correction=0).median()),
            "within_tenth": float((values.abs() <= TENTH).double().mean()),
            "low": low,
            "high": high,
        }
        return {name: significant(value) for name, value in found.items()}


def block_ratios(model: Network, batches: Batches) -> Table:
    """How large each block's correction is beside its input: mean over images of ‖F(x)‖/‖x‖.

    F(x) is the block's second layer after BN, `batches` are normalised images (N, channels, H, W).
    Images whose x is all zero have no ratio and are
    left out (a block without any gives NaN). One row a block: block (from 1), ratio, input_norm
    (mean of ‖x‖), widening (whether the block changes the shape, so that its shortcut is no
    identity), gamma (median size of γ₂, the scales of the block's last BN; None without BN).
    """
    norms: list[tuple[list[Tensor], list[Tensor]]] = [([], []) for _ in model.blocks]
    with ExitStack() as hooks, evaluating(model):
        for block, (x, f) in zip(model.blocks, norms):
            for handle in (
                block.register_forward_pre_hook(lambda _m, i, x=x: x.append(norm(i[0]))),
                block.norm2.register_forward_hook(lambda _m, _i, o, f=f: f.append(norm(o))),
            ):
                hooks.enter_context(handle)
        for batch in batches:
            model(batch)
    rows = []
    for i, (block, seen_norms) in enumerate(zip(model.blocks, norms), start=1):
        x, f = map(torch.cat, seen_norms)
        seen = x > 0  # an image may have died on the way: ReLU left nothing of it
        ratio, size = float((f[seen] / x[seen]).mean()), float(x.mean())
        row = {"block": i, "ratio": significant(ratio), "input_norm": significant(size)}
        row["gamma"] = None
        if isinstance(block.norm2, nn.BatchNorm2d):
            row["gamma"] = significant(float(block.norm2.weight.detach().abs().median()))
        rows.append(row | {"widening": bool(block.widening)})
    return columns(rows)


def angles(model: Network, batches: Batches) -> Table:
    """How far each block turns its input: the sine of the angle between input x and output y.

    `batches` are normalised images (N, channels, H, W).
    y is the block's output before its last ReLU: F(x) in a plain net, F(x) plus the shortcut in a
    residual one. x and y of all images are taken as one long vector each, so that the sine depends
    neither on the size of x nor on that of y, unlike ‖F(x)‖/‖x‖ (block_ratios): zero is a multiple
    of the identity, one a right angle (Registration 3, nearer-the-identity; Greff et al. 2017 see
    blocks of a stage as refining one estimate). One row a block: block (from 1), sine (None where
    the block changes the shape, or where x or y is zero), widening.
    """
    inputs: list[Tensor] = [torch.empty(0)] * len(model.blocks)
    sums = [[0.0, 0.0, 0.0] for _ in model.blocks]  # ⟨x, x⟩, ⟨y, y⟩, ⟨x, y⟩

    def enter(i: int, x: Tensor) -> None:
        inputs[i] = x

    def leave(i: int, f: Tensor) -> None:
        x = inputs[i]
        y = f + model.blocks[i].shortcut(x) if model.blocks[i].residual else f
        for k, (a, b) in enumerate(((x, x), (y, y), (x, y))):
            sums[i][k] += float((a * b).flatten(1).sum(1).cpu().double().sum())

    with ExitStack() as hooks, evaluating(model):
        for i, block in enumerate(model.blocks):
            if block.widening:
                continue
            for handle in (
                block.register_forward_pre_hook(lambda _m, x, i=i: enter(i, x[0])),
                block.norm2.register_forward_hook(lambda _m, _i, f, i=i: leave(i, f)),
            ):
                hooks.enter_context(handle)
        for batch in batches:
            model(batch)
    rows = []
    for i, (block, (xx, yy, xy)) in enumerate(zip(model.blocks, sums), start=1):
        sine = max(1 - xy**2 / (xx * yy), 0.0) ** 0.5 if xx * yy > 0 else None
        row = {"block": i, "sine": sine if sine is None else significant(sine)}
        rows.append(row | {"widening": bool(block.widening)})
    return columns(rows)


def norm(x: Tensor) -> Tensor:
    """Euclidean norm of each image's activations: (N,), in double precision where there is one."""
    precise = torch.float32 if x.device.type == "mps" else torch.float64
    return torch.linalg.vector_norm(x.flatten(1), dim=1, dtype=precise)


def exact_statistics(model: Network, batches: Batches) -> Network:
    """A copy whose BN statistics are averages over the batches, not moving averages of training.

    The authors' released models were made this way; moving averages lag behind the weights.
    `batches` are normalised images (N, channels, H, W).
    """
    exact = copy.deepcopy(model)
    update_bn(batches, exact)
    return exact
