"""Statistics of layers' outputs: one pass, O(1) in memory for a layer, cheap beside the layer."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor

from residual.probes.common import significant

BINS, RANGE = 3200, 16.0  # histogram for the percentiles: bins of 0.01 from -16 to 16
SAMPLED = 2048  # positions of a batch that give percentiles, shares and the channels' spread
TOGETHER = 8  # layers whose samples are counted by the same few operations
TENTH = 0.1  # the interval of note 000, §2


@dataclass(frozen=True)
class Sample:
    """What is kept of one layer's output (N, C, H, W) for one batch.

    Sums and norms are those of every value of an image, in single precision. The values come from
    about `SAMPLED` positions, evenly spread over the images and over the map.
    """

    elements: int
    sums: Tensor  # (N,)
    norms: Tensor  # (N,)
    values: Tensor  # (P, C)


def sample(output: Tensor) -> Sample:
    """Read a layer's output, which is changed in place right after."""
    by_position = output.detach().float().permute(0, 2, 3, 1)  # (N, H, W, C)
    images = by_position.flatten(1)  # (N, H·W·C): of channels-last memory no copy
    positions = by_position.flatten(0, 2)
    step = (len(positions) // SAMPLED) | 1  # odd: every column is met
    norms = torch.linalg.vector_norm(images, dim=1)
    return Sample(images.numel(), images.sum(1), norms, positions[::step].clone())


class Tally:
    """Counts of what L layers of one shape have sampled, all of them at once, over the batches.

    Each operation waits for all threads, which beside a small layer is what a probe costs; and
    each new tensor is memory that comes from the system, so most are changed in place.
    """

    def __init__(self) -> None:
        self.elements, self.positions = 0, 0
        self.totals: list[Tensor] | None = None

    def add(self, samples: list[Sample]) -> None:
        """One batch: a sample of each layer. Double precision over the images."""
        self.elements += samples[0].elements
        self.positions += len(samples[0].values)
        sums = torch.stack([one.sums for one in samples]).double()  # (L, N)
        norms = torch.stack([one.norms for one in samples]).double()
        values = torch.stack([one.values for one in samples])  # (L, P, C)
        exact = values.double()
        counts = [
            sums.sum(1),  # (L,)
            norms.square_().sum(1),  # (L,)
            exact.sum(1),  # (L, C)
            exact.square_().sum(1),  # (L, C)
            values.abs().le_(TENTH).sum((1, 2)).double(),  # (L,)
            histograms(values),  # (L, BINS)
        ]
        before = self.totals
        self.totals = [a + b for a, b in zip(before, counts)] if before else counts

    def rows(self) -> list[dict[str, float]]:
        """A row for each layer, pooled over images, channels and positions.

        `channel_std` is the median over channels.
        """
        sums, squares, channel_sums, channel_squares, within, histogram = self.totals
        below = histogram.double().cumsum(1) / histogram.double().sum(1, keepdim=True)
        channel_means = channel_sums / self.positions  # (L, C)
        columns = {
            "std": deviation(sums / self.elements, squares / self.elements),
            "mean": sums / self.elements,
            "channel_std": deviation(channel_means, channel_squares / self.positions).median(1)[0],
            "within_tenth": within / (self.positions * channel_means.shape[1]),
            "low": percentile(below, 0.01),
            "high": percentile(below, 0.99),
        }
        values = zip(*(column.tolist() for column in columns.values()))
        return [dict(zip(columns, map(significant, row))) for row in values]


def deviation(mean: Tensor, square: Tensor) -> Tensor:
    """Standard deviation from the means of values and of their squares."""
    return (square - mean**2).clamp(min=0).sqrt()


def percentile(below: Tensor, share: float) -> Tensor:
    """The value below which a share of the outputs lies, to 0.01, from cumulated shares by bin."""
    return ((below < share).sum(1).double() + 0.5) * 2 * RANGE / BINS - RANGE


def histograms(values: Tensor) -> Tensor:
    """A histogram (L, BINS) of each layer's values (L, P, C), which are overwritten."""
    layers = torch.arange(len(values), dtype=torch.int32, device=values.device)
    bins = values.clamp_(-RANGE, RANGE).add_(RANGE).mul_(BINS / (2 * RANGE)).int()
    bins.clamp_(0, BINS - 1).add_(BINS * layers[:, None, None])
    return torch.bincount(bins.flatten(), minlength=len(values) * BINS).view(-1, BINS)


def alike(samples: list[Sample]) -> Iterator[list[Sample]]:
    """Layers in a row whose samples have one shape, a few at a time."""
    for _, group in groupby(samples, lambda one: one.values.shape):
        same = list(group)
        yield from (same[i : i + TOGETHER] for i in range(0, len(same), TOGETHER))
