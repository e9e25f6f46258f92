"""What the probes share: modes, hooks and tables."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from statistics import median

import torch
from torch import Tensor, nn

from residual.models import Network

Batches = Iterable[Tensor]
Table = dict[str, list]


def significant(value: float) -> float:
    """Six significant digits: what a table keeps."""
    return float(f"{value:.6g}")


def convolutions(model: Network) -> list[nn.Conv2d]:
    """The 3×3 convolutions in network order, as `Network.layers` names them."""
    return [model.conv] + [conv for block in model.blocks for conv in (block.conv1, block.conv2)]


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


def identity_median(table: Table, column: str) -> float:
    """The median of a column over the identity-shortcut blocks that have a value."""
    pairs = zip(table[column], table["widening"])
    return median(value for value, wide in pairs if not wide and value is not None)


def columns(rows: list[dict]) -> Table:
    """Rows with the same keys as a table of columns."""
    return {name: [row[name] for row in rows] for name in rows[0]}
