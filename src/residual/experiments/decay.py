"""Weight decay alone, by the paper's schedule: what is left of weights, and of two blocks' maps."""

import torch
from torch import Tensor
from torch.func import functional_call

from residual.experiments.place import Place, positive
from residual.models import BasicBlock, initialise
from residual.probes import significant
from residual.recipe import KINDS, Recipe

POINTS = 16
PAPER = Recipe.of("paper", "residual", 56)  # its schedule at every profile: nothing is trained
SETTINGS = {
    "iterations": PAPER.iterations,
    "weight_decay": PAPER.weight_decay,
    "momentum": PAPER.momentum,
    "learning_rate": PAPER.learning_rate,
    "width": 16,
    "batch": 32,
    "side": 8,
}


def fractions(recipe: Recipe) -> list[float]:
    """The share of every parameter that is left before each iteration and at the end.

    SGD with momentum on weight decay alone multiplies every parameter by the same number, so one
    number stands for all.
    """
    left, velocity, kept = 1.0, 0.0, [1.0]
    for iteration in range(recipe.iterations):
        velocity = recipe.momentum * velocity + recipe.weight_decay * left
        left -= recipe.rate(iteration) * velocity
        kept.append(left)
    return kept


def measure(chosen: dict, seed: int, place: Place) -> dict:
    """Relative distances against iterations: a residual block to the identity, a plain block to
    the map that it starts with; with BN in train mode, and without."""
    kept, width = fractions(PAPER), chosen["width"]
    x = positive(seed, (chosen["batch"], width, chosen["side"], chosen["side"]), place.device)
    iterations = [chosen["iterations"] * k // POINTS for k in range(POINTS + 1)]
    left = [kept[i] for i in iterations]
    columns: dict[str, list] = {"iteration": iterations}
    columns["weight_fraction"] = [significant(share) for share in left]
    for kind in KINDS:
        for name, norm in (("bn", True), ("no_bn", False)):
            block = BasicBlock(width, width, kind == "residual", norm)
            initialise(block, seed)
            block = block.to(place.device)
            target = x if kind == "residual" else shrunk(block, 1.0, x)
            distances = [(shrunk(block, s, x) - target).norm() / target.norm() for s in left]
            columns[f"{kind}_{name}"] = [significant(float(d)) for d in distances]
    return columns


@torch.no_grad()
def shrunk(block: BasicBlock, factor: float, x: Tensor) -> Tensor:
    """The output of a block for x when every parameter is multiplied by the factor."""
    parameters = {name: factor * p for name, p in block.named_parameters()}
    return functional_call(block, parameters, x.clone())
