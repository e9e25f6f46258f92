"""Training loss on a random two-dimensional slice through trained weights (Li et al. 2018)."""

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from residual.experiments.place import Place
from residual.models import Network
from residual.probes import significant
from residual.recipe import KINDS

HIGHEST = 1e6  # losses above it, or not finite, are recorded as it
SETTINGS = {"depth": 56, "points": 11, "reach": 1.0, "images": 256}


def measure(chosen: dict, seed: int, place: Place) -> dict:
    """Loss of plain and residual net at each point: `loss[i][j]` at `axis[i]`, `axis[j]`.

    The slice is spanned by two filter-normalised random directions; the trained weights are at
    (0, 0), in eval mode, with the BN statistics of training.
    """
    images, labels = place.training_images(chosen["images"])
    axis = torch.linspace(-chosen["reach"], chosen["reach"], chosen["points"]).tolist()
    surfaces = {}
    for kind in KINDS:
        model = place.trained(kind, chosen["depth"], seed)
        pair = [direction(model, 2 * seed + k) for k in range(2)]
        surfaces[kind] = [
            [loss(model, moved(model, pair, (a, b)), images, labels) for b in axis] for a in axis
        ]
    return {"axis": [significant(a) for a in axis]} | surfaces


def direction(model: Network, seed: int) -> dict[str, Tensor]:
    """A Gaussian direction in which every filter has the norm of the model's filter (§4 there).

    BN parameters and biases do not move.
    """
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for name, module in model.named_modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            weight = module.weight.detach()
            noise = torch.randn(weight.shape, generator=generator).to(weight.device)
            sizes = weight.flatten(1).norm(dim=1) / noise.flatten(1).norm(dim=1)  # (filters,)
            found[f"{name}.weight"] = noise * sizes.reshape(-1, *[1] * (weight.dim() - 1))
    return found


@torch.no_grad()
def moved(
    model: Network, pair: list[dict[str, Tensor]], steps: tuple[float, float]
) -> dict[str, Tensor]:
    """The model's parameters at a point of the slice, by name."""
    found = dict(model.named_parameters())
    for along, step in zip(pair, steps):
        found |= {name: found[name] + step * value for name, value in along.items()}
    return found


@torch.no_grad()
def loss(model: Network, parameters: dict[str, Tensor], images: Tensor, labels: Tensor) -> float:
    """Cross-entropy of the model with these parameters."""
    found = float(F.cross_entropy(functional_call(model, parameters, images), labels))
    return significant(found if found < HIGHEST else HIGHEST)
