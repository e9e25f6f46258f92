"""Weight decay alone, by the paper's schedule: what is left of weights, and of two blocks' maps."""

import copy

import torch
from torch import Tensor

from residual.experiments.place import Place, positive
from residual.models import BasicBlock, initialise
from residual.probes import significant
from residual.recipe import Recipe

POINTS = 16


def settings(profile: str) -> dict:
    """The paper's own schedule at every profile, since nothing is trained."""
    recipe = Recipe.of("paper", "residual", 56)
    return {
        "iterations": recipe.iterations,
        "weight_decay": recipe.weight_decay,
        "momentum": recipe.momentum,
        "learning_rate": recipe.learning_rate,
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
    kept = fractions(Recipe.of("paper", "residual", 56))
    shape = (chosen["batch"], chosen["width"], chosen["side"], chosen["side"])
    x = positive(seed, shape, place.device)
    iterations = [chosen["iterations"] * k // POINTS for k in range(POINTS + 1)]
    columns: dict[str, list] = {
        "iteration": iterations,
        "weight_fraction": [significant(kept[i]) for i in iterations],
    }
    for kind in ("plain", "residual"):
        for norm in (True, False):
            block = BasicBlock(chosen["width"], chosen["width"], kind == "residual", norm)
            initialise(block, seed)
            block = block.to(place.device)
            target = x if kind == "residual" else shrunk(block, 1.0, x)
            name = f"{kind}_{'bn' if norm else 'no_bn'}"
            columns[name] = [distance(shrunk(block, kept[i], x), target) for i in iterations]
    return columns


@torch.no_grad()
def shrunk(block: BasicBlock, factor: float, x: Tensor) -> Tensor:
    """The output when every parameter is multiplied by the factor."""
    made = copy.deepcopy(block)
    for parameter in made.parameters():
        parameter *= factor
    return made(x.clone())


def distance(output: Tensor, target: Tensor) -> float:
    """‖output − target‖/‖target‖."""
    return significant(float((output - target).norm() / target.norm()))
