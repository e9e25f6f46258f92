"""How precise the identity's weights must be: Dirac kernels against zero kernels, perturbed."""

import torch
from torch import nn

from residual.experiments.place import Place, positive
from residual.experiments.regression import stack
from residual.probes import significant
from residual.recipe import KINDS

WIDTH = 16
SETTINGS = {
    "blocks": [1, 3, 9, 27],
    "epsilons": [0.001, 0.003, 0.01, 0.03, 0.1],
    "width": WIDTH,
    "batch": 32,
    "side": 8,
    "nonzero": significant(1 / (9 * WIDTH)),  # share of a Dirac kernel's weights
}


@torch.no_grad()
def measure(chosen: dict, seed: int, place: Place) -> dict:
    """Relative output error ‖H(x) − x‖/‖x‖ of blocks without BN, for each ε and depth."""
    shape = (chosen["batch"], chosen["width"], chosen["side"], chosen["side"])
    x = positive(seed, shape, place.device)
    rows = []
    for blocks in chosen["blocks"]:
        for epsilon in chosen["epsilons"]:
            for kind in KINDS:
                model = stack(kind, blocks, chosen["width"], seed, norm=False)
                perturb(model, kind, epsilon, seed)
                output = model.to(place.device)(x.clone())
                error = significant(float((output - x).norm() / x.norm()))
                rows.append({"kind": kind, "blocks": blocks, "epsilon": epsilon, "error": error})
    return {"rows": rows}


def perturb(model: nn.Sequential, kind: str, epsilon: float, seed: int) -> None:
    """The exact identity solution, plus noise of ε times the norm of a Dirac kernel.

    Both kinds get the same noise: relative to zero kernels no size is defined.
    """
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            dirac = nn.init.dirac_(torch.empty_like(module.weight))
            noise = torch.randn(dirac.shape, generator=generator)
            noise *= epsilon * dirac.norm() / noise.norm()
            module.weight.copy_(noise + dirac if kind == "plain" else noise)
