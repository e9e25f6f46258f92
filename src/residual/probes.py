"""Measurements on a network: (model, batches) → tables as dicts of equally long columns.

A probe never changes the model, knows models and tensors only, and reads a layer inside its
forward hook, since the tensor is changed in place right after.
"""

import copy
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import update_bn

from residual.models import BasicBlock, Network

Batches = Iterable[Tensor]
Table = dict[str, list]

BINS, RANGE = 3200, 16.0  # histogram for the percentiles: bins of 0.01 from -16 to 16
TENTH = 0.1  # the interval of note 000, §2


def significant(value: float) -> float:
    """Six significant digits: what a table keeps."""
    return float(f"{value:.6g}")


class Spread:
    """Streaming moments and percentiles of a layer's output, O(channels) in memory."""

    def __init__(self) -> None:
        self.count, self.within = 0, 0
        self.sum: Tensor | float = 0.0
        self.squares: Tensor | float = 0.0
        self.histogram: Tensor | float = 0.0

    def add(self, output: Tensor) -> None:
        """One batch (N, C, H, W)."""
        by_channel = output.detach().float().transpose(0, 1).flatten(1)  # (C, N·H·W)
        self.count += by_channel.shape[1]
        self.sum = self.sum + by_channel.sum(1).double()
        self.squares = self.squares + by_channel.square().sum(1).double()
        self.within = self.within + (by_channel.abs() <= TENTH).sum()
        clipped = by_channel.clamp(-RANGE, RANGE)
        self.histogram = self.histogram + torch.histc(clipped, BINS, -RANGE, RANGE)

    def row(self) -> dict[str, float]:
        """Pooled over images, channels and positions; `channel_std` is the median over channels."""
        channels = len(self.sum)
        mean = self.sum.sum() / (self.count * channels)
        variance = self.squares.sum() / (self.count * channels) - mean**2
        by_channel = self.squares / self.count - (self.sum / self.count) ** 2
        row = {
            "std": variance.clamp(min=0).sqrt(),
            "mean": mean,
            "channel_std": by_channel.clamp(min=0).sqrt().median(),
            "within_tenth": self.within / (self.count * channels),
            "low": self.percentile(0.01),
            "high": self.percentile(0.99),
        }
        return {name: significant(float(value)) for name, value in row.items()}

    def percentile(self, share: float) -> float:
        """The value below which the share of all outputs lies, to 0.01."""
        below = self.histogram.double().cumsum(0) / self.histogram.double().sum()
        return float((below < share).sum() + 0.5) * 2 * RANGE / BINS - RANGE


@contextmanager
def hooked(handles: list) -> Iterator[None]:
    """Removes hooks when the block ends."""
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Eval mode without gradients; afterwards the model is in its earlier mode."""
    training = model.training
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        model.train(training)


def responses(model: Network, batches: Batches) -> Table:
    """Standard deviation of every 3×3 layer's output, after BN and before the non-linearity.

    The quantity of Fig. 7 (§4.2): before ReLU, or before the addition. One row a layer in network
    order: layer, std, mean, channel_std, share within ±0.1, 1 % and 99 % percentiles.
    """
    spreads = {name: Spread() for name in model.layers()}
    handles = [
        layer.register_forward_hook(lambda _m, _i, output, s=spreads[name]: s.add(output))
        for name, layer in model.layers().items()
    ]
    with hooked(handles), evaluating(model):
        for batch in batches:
            model(batch)
    return columns([{"layer": name} | spread.row() for name, spread in spreads.items()])


def block_ratios(model: Network, batches: Batches) -> Table:
    """How large each block's correction is beside its input: mean over images of ‖F(x)‖/‖x‖.

    F(x) is the block's second layer after BN. One row a block: block (from 1), ratio, input_norm
    (mean of ‖x‖), widening (whether the block changes the shape, so that its shortcut is no
    identity).
    """
    norms: dict[str, list[Tensor]] = {}
    handles = []
    for i, block in enumerate(model.blocks):
        x, f = norms.setdefault(f"x{i}", []), norms.setdefault(f"f{i}", [])
        handles += [
            block.register_forward_pre_hook(lambda _m, inputs, x=x: x.append(norm(inputs[0]))),
            block.norm2.register_forward_hook(lambda _m, _i, out, f=f: f.append(norm(out))),
        ]
    with hooked(handles), evaluating(model):
        for batch in batches:
            model(batch)
    rows = []
    for i, block in enumerate(model.blocks):
        x, f = torch.cat(norms[f"x{i}"]), torch.cat(norms[f"f{i}"])
        ratio, size = float((f / x.clamp(min=1e-12)).mean()), float(x.mean())
        row = {"block": i + 1, "ratio": significant(ratio), "input_norm": significant(size)}
        rows.append(row | {"widening": bool(block.widening)})
    return columns(rows)


def norm(x: Tensor) -> Tensor:
    """Euclidean norm of each image's activations: (N,)."""
    return x.flatten(1).double().norm(dim=1)


def exact_statistics(model: Network, batches: Batches) -> Network:
    """A copy whose BN statistics are averages over the batches, not moving averages of training.

    The authors' released models were made this way; moving averages lag behind the weights.
    """
    exact = copy.deepcopy(model)
    update_bn(batches, exact)
    return exact


def gradient_ratios(model: Network, images: Tensor, labels: Tensor) -> Table:
    """‖∇W‖/‖W‖ of every 3×3 convolution for one batch in train mode, in network order."""
    probed = copy.deepcopy(model).train()
    probed.zero_grad()
    F.cross_entropy(probed(images).float(), labels).backward()
    convolutions = [m for m in probed.modules() if isinstance(m, nn.Conv2d)]
    norms = torch.stack(
        [torch.stack([c.weight.grad.norm(), c.weight.detach().norm()]) for c in convolutions]
    ).cpu()
    ratios = [significant(float(g / w)) for g, w in norms]
    return {"layer": list(model.layers()), "ratio": ratios}


@contextmanager
def deleted(block: BasicBlock) -> Iterator[None]:
    """The block does nothing: its input goes through the shortcut alone, also in a plain net."""
    handle = block.register_forward_hook(lambda b, inputs, _o: b.shortcut(inputs[0]).relu())
    with hooked([handle]):
        yield


def error(model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> float:
    """Share of wrong predictions in eval mode, in per cent."""
    wrong, count = torch.zeros((), dtype=torch.int64), 0
    with evaluating(model):
        for images, labels in batches:
            wrong = wrong + (model(images).argmax(1) != labels).sum().to(wrong)
            count += len(labels)
    return 100 * int(wrong) / count


def lesions(model: Network, batches: list[tuple[Tensor, Tensor]]) -> Table:
    """Test error with one block deleted at a time (Veit et al. 2016, §4.1), in per cent.

    Row 0 is the whole network; the others are its blocks in order, counted from 1. A deleted
    block passes its input through the shortcut alone, also in a plain net; the blocks below it
    are computed once for all deletions above.
    """
    wrong, count = torch.zeros(len(model.blocks) + 1, dtype=torch.int64), 0
    with evaluating(model):
        for images, labels in batches:
            x = model.norm(model.conv(images)).relu_()
            for i, block in enumerate(model.blocks, start=1):
                above = model.blocks[i:](block.shortcut(x).relu())
                wrong[i] += mistakes(model.classifier(above.mean((2, 3))), labels)
                x = block(x)
            wrong[0] += mistakes(model.classifier(x.mean((2, 3))), labels)
            count += len(labels)
    errors = [significant(100 * w / count) for w in wrong.tolist()]
    return {"block": list(range(len(errors))), "test_error": errors}


def mistakes(logits: Tensor, labels: Tensor) -> int:
    """How many predictions are wrong."""
    return int((logits.argmax(1) != labels).sum())


def columns(rows: list[dict]) -> Table:
    """Rows with the same keys as a table of columns."""
    return {name: [row[name] for row in rows] for name in rows[0]}
