"""Trained networks with one block or layer set to zero (§3 of note 002)."""

import copy
from collections.abc import Iterator

import torch
from torch import Tensor

from residual.constructions import zero_scale
from residual.experiments.place import Place
from residual.models import Network
from residual.probes import error, significant
from residual.recipe import KINDS

SETTINGS = {"depth": 20, "images": 2000}  # images of the test set


def measure(chosen: dict, seed: int, place: Place) -> dict:
    """Test error (per cent) by what is zeroed, and the output variance of a zeroed block."""
    rows, variances = [], {}
    for kind in KINDS:
        model = place.trained(kind, chosen["depth"], seed)
        training = place.training(kind, chosen["depth"], seed)
        batches = list(training.batches(training.test.head(chosen["images"])))
        for block, what, damaged in zeroings(model):
            wrong = significant(error(damaged, batches))
            rows.append({"kind": kind, "block": block, "zeroed": what, "test_error": wrong})
        variances[f"{kind}_variance"] = zeroed_variance(model, batches[0][0])
    return {"rows": rows} | variances


def zeroings(model: Network) -> Iterator[tuple[int, str, Network]]:
    """The whole network (block 0), then copies with γ₂ = β₂ = 0, or one convolution at zero."""
    yield 0, "nothing", model
    for i in range(len(model.blocks)):
        whole = copy.deepcopy(model)
        zero_scale(whole.blocks[i])
        yield i + 1, "block", whole
        for name in ("conv1", "conv2"):
            part = copy.deepcopy(model)
            torch.nn.init.zeros_(getattr(part.blocks[i], name).weight)
            yield i + 1, name, part


@torch.no_grad()
def zeroed_variance(model: Network, images: Tensor) -> float:
    """Variance over images and positions of the output of block 2 at zero, mean over channels.

    Differences from the first element are exact, so a constant output has exactly zero variance.
    """
    damaged = copy.deepcopy(model).eval()
    x = damaged.norm(damaged.conv(images)).relu()
    output = zero_scale(damaged.blocks[1])(damaged.blocks[0](x))  # (N, C, H, W)
    shifted = (output - output[:1, :, :1, :1]).cpu().double()
    return significant(float(shifted.var((0, 2, 3)).mean()))
