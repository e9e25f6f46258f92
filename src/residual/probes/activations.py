"""How strongly layers and blocks respond: the quantity of Fig. 7, and ‖F(x)‖/‖x‖."""

import copy
from collections.abc import Iterator
from itertools import groupby

import torch
from torch import Tensor
from torch.optim.swa_utils import update_bn

from residual.models import Network
from residual.probes.common import Batches, Table, columns, evaluating, hooked, significant

BINS, RANGE = 3200, 16.0  # histogram for the percentiles: bins of 0.01 from -16 to 16
SAMPLED = 2048  # positions of a batch that give percentiles, shares and the channels' spread
TOGETHER = 8  # layers whose samples are counted by the same few operations
TENTH = 0.1  # the interval of note 000, §2


class Spread:
    """Streaming statistics of a layer's output, O(1) in memory and cheap beside the layer.

    Mean and standard deviation are those of every value; the others come from `SAMPLED` positions
    of each batch, evenly spread over its images and over the map. They wait for `settle`.
    """

    def __init__(self) -> None:
        self.count, self.sampled = 0, 0
        self.sum: Tensor | float = 0.0
        self.squares: Tensor | float = 0.0
        self.channel_sum: Tensor | float = 0.0
        self.channel_squares: Tensor | float = 0.0
        self.within: Tensor | float = 0.0
        self.histogram: Tensor | float = 0.0
        self.fresh: Tensor | None = None  # (P, C), sampled and not settled yet

    def add(self, output: Tensor) -> None:
        """One batch (N, C, H, W). Single precision within an image, double over the images."""
        by_position = output.detach().float().permute(0, 2, 3, 1)  # (N, H, W, C)
        images = by_position.flatten(1)  # (N, H·W·C): of channels-last memory no copy
        self.count += images.numel()
        self.sum = self.sum + images.sum(1).double().sum()
        self.squares = (
            self.squares + torch.linalg.vector_norm(images, dim=1).double().square().sum()
        )
        positions = by_position.flatten(0, 2)
        step = (len(positions) // SAMPLED) | 1  # odd: every column is met
        self.fresh = positions[::step].clone()  # the output is changed in place right after

    def row(self) -> dict[str, float]:
        """Pooled over images, channels and positions; `channel_std` is the median over channels."""
        mean = self.sum / self.count
        variance = self.squares / self.count - mean**2
        channel_mean = self.channel_sum / self.sampled
        channel_variance = self.channel_squares / self.sampled - channel_mean**2
        row = {
            "std": variance.clamp(min=0).sqrt(),
            "mean": mean,
            "channel_std": channel_variance.clamp(min=0).sqrt().median(),
            "within_tenth": self.within / (self.sampled * len(channel_mean)),
            "low": self.percentile(0.01),
            "high": self.percentile(0.99),
        }
        return {name: significant(float(value)) for name, value in row.items()}

    def percentile(self, share: float) -> float:
        """The value below which the share of all outputs lies, to 0.01."""
        below = self.histogram.double().cumsum(0) / self.histogram.double().sum()
        return float((below < share).sum() + 0.5) * 2 * RANGE / BINS - RANGE


def settle(spreads: list[Spread]) -> None:
    """Count what layers of one shape have sampled, all of them at once.

    Each operation waits for all threads, which beside a small layer is what a probe costs; and
    each new tensor is memory that comes from the system, so most are changed in place.
    """
    samples = torch.stack([spread.fresh for spread in spreads])  # (L, P, C)
    positions, values = samples.shape[1], samples.double()
    total, squares = values.sum(1), values.square_().sum(1)  # (L, C) each
    within = samples.abs().le_(TENTH).sum((1, 2)).double()  # (L,)
    for spread, *counts in zip(spreads, total, squares, within, histograms(samples)):
        spread.sampled += positions
        spread.channel_sum = spread.channel_sum + counts[0]
        spread.channel_squares = spread.channel_squares + counts[1]
        spread.within = spread.within + counts[2]
        spread.histogram = spread.histogram + counts[3]
        spread.fresh = None


def histograms(samples: Tensor) -> Tensor:
    """A histogram (L, BINS) of each layer's values (L, P, C), which are overwritten."""
    layers = torch.arange(len(samples), dtype=torch.int32, device=samples.device)
    bins = samples.clamp_(-RANGE, RANGE).add_(RANGE).mul_(BINS / (2 * RANGE)).int()
    bins.clamp_(0, BINS - 1).add_(BINS * layers[:, None, None])
    return torch.bincount(bins.flatten(), minlength=len(samples) * BINS).view(-1, BINS)


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
            for alike in groups(list(spreads.values())):
                settle(alike)
    return columns([{"layer": name} | spread.row() for name, spread in spreads.items()])


def groups(spreads: list[Spread]) -> Iterator[list[Spread]]:
    """Layers in a row whose samples have one shape, a few at a time."""
    for _, group in groupby(spreads, lambda spread: spread.fresh.shape):
        alike = list(group)
        yield from (alike[i : i + TOGETHER] for i in range(0, len(alike), TOGETHER))


def block_ratios(model: Network, batches: Batches) -> Table:
    """How large each block's correction is beside its input: mean over images of ‖F(x)‖/‖x‖.

    F(x) is the block's second layer after BN. Images whose x is all zero have no ratio and are
    left out (a block without any gives NaN). One row a block: block (from 1), ratio, input_norm
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
        seen = x > 0  # an image may have died on the way: ReLU left nothing of it
        ratio, size = float((f[seen] / x[seen]).mean()), float(x.mean())
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
