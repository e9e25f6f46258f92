"""W = 0 as a fixed point of descent: stationary, returned to, or left (§3 of note 002)."""

from itertools import product

import torch

from residual.experiments.place import Place, relative
from residual.experiments.regression import inputs
from residual.experiments.weights import DECAY, QUANTITIES, one_block, watched
from residual.models import BasicBlock
from residual.probes import significant

OTHER = 0.5  # the target that is not the identity: H(x) = x/2
SETTINGS = {
    "batch": 16,
    "width": 16,
    "side": 4,
    "epsilons": [0.01, 0.1],  # sizes of the perturbation, relative to the He start
    "target": OTHER,
    "learning_rate": 0.1,
    "decays": [0.0, DECAY],
    "iterations": 3000,
}


def measure(chosen: dict, seed: int, place: Place) -> dict:
    """Gradients at W = 0, then descent from a perturbation of it, for either target."""
    rows = []
    for form, epsilon, decay in product(("no-bn", "bn"), chosen["epsilons"], chosen["decays"]):
        found = descend(chosen, form, epsilon, seed, 1.0, decay, place)
        row = {"form": form, "decay": decay > 0, "epsilon": epsilon}
        for when, i in (("start", 0), ("end", -1)):
            seen = dict(zip(QUANTITIES, found[i]))
            row |= {f"{k}_{when}": significant(seen[k]) for k in ("weight_norm", "response")}
        rows.append(row)
    largest = max(chosen["epsilons"])
    last_loss, *_ = descend(chosen, "no-bn", largest, seed, OTHER, 0.0, place)[-1]
    return {
        "rows": rows,
        "gradient_no_bn": gradients(chosen, "no-bn", seed, 1.0, place),
        "gradient_bn": gradients(chosen, "bn", seed, 1.0, place),
        "saddle_loss_start": significant(float((1 - OTHER) ** 2 / OTHER**2)),
        "saddle_loss_end": significant(last_loss),
    }


@torch.no_grad()
def near_zero(form: str, width: int, seed: int, epsilon: float) -> BasicBlock:
    """A residual block whose convolutions are ε times their He start; ε = 0 is W = 0."""
    block = one_block(form, width, seed)
    for conv in (block.conv1, block.conv2):
        conv.weight *= epsilon
    return block


def gradients(chosen: dict, form: str, seed: int, scale: float, place: Place) -> dict[str, float]:
    """Norm of the gradient of each parameter at W = 0, for the target scale·x."""
    block = near_zero(form, chosen["width"], seed, 0.0).to(place.device)
    x = inputs(chosen, seed, 0, place.device)
    relative(block(x.clone()), scale * x).backward()
    return {name: significant(float(p.grad.norm())) for name, p in block.named_parameters()}


def descend(
    chosen: dict, form: str, epsilon: float, seed: int, scale: float, decay: float, place: Place
) -> list:
    """What `watched` sees of a descent from ε times a He start to the target scale·x."""
    block = near_zero(form, chosen["width"], seed, epsilon).to(place.device)
    return watched(block, chosen, seed, chosen["learning_rate"], decay, place.device, scale)
