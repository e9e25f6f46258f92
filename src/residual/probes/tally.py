"""Statistics of one layer's outputs over many batches, read where the layer is computed."""

import torch
from torch import Tensor

from residual.probes.common import significant

SAMPLED = 512  # positions of a batch that give percentiles, shares and the channels' spread
TENTH = 0.1  # the interval of note 000, §2


class Tally:
    """Sums of every value that a layer gave, and the values at some positions of each batch."""

    def __init__(self) -> None:
        self.elements, self.total, self.squares = 0, 0.0, 0.0
        self.sampled: list[Tensor] = []  # (P, C) a batch

    def add(self, output: Tensor) -> None:
        """Read one batch (N, C, H, W), which the network changes in place right after.

        Sums and norms are taken by image in single precision and added up in double precision.
        The sampled positions are spread evenly over the images and over the map.
        """
        by_position = output.detach().float().permute(0, 2, 3, 1)  # (N, H, W, C)
        images = by_position.flatten(1)  # (N, H·W·C): of channels-last memory no copy
        self.elements += images.numel()
        self.total += float(images.sum(1).double().sum())
        self.squares += float(torch.linalg.vector_norm(images, dim=1).double().square().sum())
        positions = by_position.flatten(0, 2)  # (N·H·W, C)
        step = (len(positions) // SAMPLED) | 1  # odd: every column is met
        self.sampled.append(positions[::step].clone())

    def row(self) -> dict[str, float]:
        """std and mean of every value; of the sample channel_std (the median over channels), the
        share within ±0.1, and the 1 % and 99 % percentiles."""
        values = torch.cat(self.sampled).double().cpu()  # (P, C)
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
