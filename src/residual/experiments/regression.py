"""Stacks of blocks that learn to return their own input (note 002, §1 and §3).

Plain and residual stacks start from the same He initialisation and get the same learning rates;
for each kind, depth and length of training the best one counts.
"""

from collections.abc import Iterator
from math import pi

import torch
from torch import Tensor, nn

from residual.constructions import identity_block
from residual.experiments.place import Place, positive, relative
from residual.models import BasicBlock, initialise
from residual.probes import significant
from residual.recipe import KINDS

MOMENTUM = 0.9
CONSTANT = 1 - 2 / pi  # relative squared error of the best constant for a half-normal input
WORST = 1e6  # what a diverged training is recorded as
SETTINGS = {
    "blocks": [1, 3, 9],
    "learning_rates": [0.01, 0.1, 1.0],
    "lengths": [100, 1000, 3000],
    "iterations": 3000,
    "batch": 16,
    "width": 16,
    "side": 4,
    "norm": True,
}
WITHOUT_BN = SETTINGS | {"norm": False}  # the note's own stack: convolution, ReLU


def stack(kind: str, blocks: int, width: int, seed: int, norm: bool = True) -> nn.Sequential:
    """That many blocks of one width, He-initialised: the same weights for both kinds."""
    made = nn.Sequential(
        *(BasicBlock(width, width, kind == "residual", norm) for _ in range(blocks))
    )
    initialise(made, seed)
    return made


def inputs(chosen: dict, seed: int, iteration: int, device: torch.device) -> Tensor:
    """A fresh batch for each iteration: (N, C, H, W), a function of (seed, iteration)."""
    shape = (chosen["batch"], chosen["width"], chosen["side"], chosen["side"])
    return positive(seed * 1_000_003 + iteration, shape, device)


def descent(
    model: nn.Module,
    chosen: dict,
    seed: int,
    rate: float,
    device: torch.device,
    decay: float = 0.0,
    scale: float = 1.0,
) -> Iterator[tuple[Tensor, float]]:
    """Train a model to return scale·x; each iteration's batch x and loss, before its update.

    The loss is the relative squared error. The descent ends with the iterations, or with the first
    loss that is not below `WORST`.
    """
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(trained, rate, MOMENTUM, weight_decay=decay, fused=True)
    for iteration in range(chosen["iterations"] + 1):
        x = inputs(chosen, seed, iteration, device)
        loss = relative(model(x.clone()), scale * x)
        yield x, float(loss.detach())
        if not loss < WORST:
            return
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def measure(chosen: dict, seed: int, place: Place) -> dict:
    """For each kind and depth the error left after each length, and a loss curve."""
    rows = []
    for blocks in chosen["blocks"]:
        for kind in KINDS:
            tried = {}
            for rate in chosen["learning_rates"]:
                model = stack(kind, blocks, chosen["width"], seed, chosen["norm"])
                way = descent(model.to(place.device), chosen, seed, rate, place.device)
                tried[rate] = [loss for _, loss in way]
            for length in chosen["lengths"]:
                rate = min(tried, key=lambda rate: left(tried[rate], length))
                row = {"kind": kind, "blocks": blocks, "iterations": length, "learning_rate": rate}
                row["loss"] = significant(left(tried[rate], length))
                if length == chosen["lengths"][-1]:
                    row["curve"] = curve(tried[rate])
                rows.append(row)
    return {"rows": rows}


@torch.no_grad()
def identity_floor(chosen: dict, batches: int = 100) -> float:
    """The error that a plain block leaves that *is* the identity, in train mode: ‖y − x‖²/‖x‖².

    Dirac kernels, and the γ and β that undo batch normalisation over all inputs; a batch has other
    statistics, and that alone leaves an error. `chosen` are the settings of the experiment; the
    mean over so many batches.
    """
    block = identity_block(inputs(chosen, 0, 0, torch.device("cpu"))).train()
    for norm in (block.norm1, block.norm2):
        nn.init.constant_(norm.weight, (CONSTANT + norm.eps) ** 0.5)  # variance of a half-normal
        nn.init.constant_(norm.bias, (2 / pi) ** 0.5)  # its mean
    found = [inputs(chosen, 0, i, torch.device("cpu")) for i in range(batches)]
    return sum(float(relative(block(x.clone()), x)) for x in found) / batches


def left(losses: list[float], length: int) -> float:
    """The error after so many iterations: the mean of the last tenth; `WORST` if it diverged."""
    if len(losses) <= length:
        return WORST
    tail = losses[length + 1 - max(1, length // 10) : length + 1]
    return min(sum(tail) / len(tail), WORST)


def curve(losses: list[float]) -> dict:
    """The error at some sixty iterations, evenly spaced on a logarithmic scale."""
    last = len(losses) - 1
    kept = sorted({0, *(round(last ** (k / 60)) for k in range(61))})
    return {"iteration": kept, "loss": [significant(min(losses[i], WORST)) for i in kept]}
