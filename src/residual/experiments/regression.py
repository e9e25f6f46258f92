"""Stacks of blocks that learn to return their own input (notes 002, §1 and §3).

Plain and residual stacks start from the same He initialisation and get the same learning rates;
for each kind and depth the best one counts.
"""

import torch
from torch import Tensor, nn

from residual.experiments.place import Place, positive, relative
from residual.models import BasicBlock, initialise
from residual.probes import significant

MOMENTUM = 0.9
WORST = 1e6  # what a diverged training is recorded as


def settings(profile: str) -> dict:
    """Depths in blocks, learning rates, iterations and sizes at a profile."""
    large = profile == "paper"
    return {
        "blocks": [1, 3, 9, 27],
        "learning_rates": [0.01, 0.1, 1.0],
        "iterations": {"quick": 100, "desk": 1000, "paper": 3000}[profile],
        "batch": 64 if large else 16,
        "width": 16,
        "side": 8 if large else 4,
        "tolerance": 0.01,
        "norm": True,
    }


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


def descend(chosen: dict, model: nn.Module, seed: int, rate: float, device: torch.device) -> list:
    """Relative squared error of each iteration's batch, before its update; stops if not finite."""
    optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=MOMENTUM, fused=True)
    losses = []
    for iteration in range(chosen["iterations"] + 1):
        x = inputs(chosen, seed, iteration, device)
        loss = relative(model(x.clone()), x)
        losses.append(float(loss.detach()))
        if not losses[-1] < WORST:
            break
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


def reached(losses: list[float], tolerance: float, budget: int) -> int:
    """The first iteration after which the error is within the tolerance; the budget if none is."""
    return next((i for i, loss in enumerate(losses) if loss <= tolerance), budget)


def measure(chosen: dict, seed: int, place: Place) -> dict:
    """For each kind and depth: the error left (mean of the last tenth) and the way to it."""
    rows = []
    for blocks in chosen["blocks"]:
        for kind in ("plain", "residual"):
            tried = []
            for rate in chosen["learning_rates"]:
                model = stack(kind, blocks, chosen["width"], seed, chosen["norm"])
                tried.append(
                    (rate, descend(chosen, model.to(place.device), seed, rate, place.device))
                )
            rows.append({"kind": kind, "blocks": blocks} | best(chosen, tried))
    return {"rows": rows}


def best(chosen: dict, tried: list[tuple[float, list[float]]]) -> dict:
    """The row of the learning rate that leaves the least error, and of the fastest one."""
    budget, tolerance = chosen["iterations"], chosen["tolerance"]

    def left(losses: list[float]) -> float:
        tail = losses[-max(1, budget // 10) :]
        return sum(tail) / len(tail) if len(losses) == budget + 1 else WORST

    rate, losses = min(tried, key=lambda pair: left(pair[1]))
    return {
        "learning_rate": rate,
        "loss": significant(min(left(losses), WORST)),
        "iterations_to_tolerance": min(reached(seen, tolerance, budget) for _, seen in tried),
        "reached": any(min(seen) <= tolerance for _, seen in tried),
        "losses": [significant(loss if loss < WORST else WORST) for loss in losses],
    }
