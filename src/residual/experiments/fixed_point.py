"""W = 0 as a fixed point of descent: stationary, returned to, or left (§3 of note 002)."""

import torch
from torch import Tensor

from residual.experiments.place import Place, relative
from residual.experiments.regression import MOMENTUM, inputs
from residual.experiments.weights import DECAY, weight_norm
from residual.models import BasicBlock, initialise
from residual.probes import significant

OTHER = 0.5  # the target that is not the identity: H(x) = x/2


def settings(profile: str) -> dict:
    """Perturbation relative to the He start, learning rate, decays, iterations and sizes."""
    sizes = {"batch": 16, "width": 16, "side": 4}
    descent = {"learning_rate": 0.1, "decays": [0.0, DECAY], "iterations": 3000}
    return sizes | {"epsilon": 0.1, "target": OTHER} | descent


def measure(chosen: dict, seed: int, place: Place) -> dict:
    """Gradients at W = 0, then descent from a perturbation of it, for either target."""
    rows = []
    for form in ("no-bn", "bn"):
        for decay in chosen["decays"]:
            start, end, _ = descend(chosen, form, seed, 1.0, decay, place)
            keys = ("weight_norm", "response")
            ends = {f"{k}_start": significant(v) for k, v in zip(keys, start)}
            ends |= {f"{k}_end": significant(v) for k, v in zip(keys, end)}
            about = {"form": form, "decay": decay > 0, "epsilon": chosen["epsilon"]}
            rows.append(about | ends)
    _, _, losses = descend(chosen, "no-bn", seed, OTHER, 0.0, place)
    return {
        "rows": rows,
        "gradient_no_bn": gradients(chosen, "no-bn", seed, 1.0, place),
        "gradient_bn": gradients(chosen, "bn", seed, 1.0, place),
        "gradient_bn_other_target": gradients(chosen, "bn", seed, OTHER, place),
        "saddle_gradient": max(gradients(chosen, "no-bn", seed, OTHER, place).values()),
        "saddle_loss_start": significant(float((1 - OTHER) ** 2 / OTHER**2)),
        "saddle_loss_end": significant(losses[-1]),
    }


def near_zero(form: str, width: int, seed: int, epsilon: float) -> BasicBlock:
    """A residual block whose convolutions are ε times their He start; ε = 0 is W = 0."""
    made = BasicBlock(width, width, residual=True, norm=form != "no-bn")
    initialise(made, seed)
    with torch.no_grad():
        for conv in (made.conv1, made.conv2):
            conv.weight *= epsilon
    return made


def gradients(chosen: dict, form: str, seed: int, scale: float, place: Place) -> dict[str, float]:
    """Norm of the gradient of each parameter at W = 0, for the target scale·x."""
    made = near_zero(form, chosen["width"], seed, 0.0).to(place.device)
    x = inputs(chosen, seed, 0, place.device)
    relative(made(x.clone()), scale * x).backward()
    return {name: significant(float(p.grad.norm())) for name, p in made.named_parameters()}


def descend(chosen: dict, form: str, seed: int, scale: float, decay: float, place: Place) -> tuple:
    """(‖W‖, ‖F(x)‖/‖x‖) before and after descent from the perturbation, and the losses."""
    made = near_zero(form, chosen["width"], seed, chosen["epsilon"]).to(place.device)
    rate = chosen["learning_rate"]
    optimizer = torch.optim.SGD(made.parameters(), rate, MOMENTUM, weight_decay=decay, fused=True)
    sizes: list[float] = []
    made.norm2.register_forward_hook(lambda _m, _i, f: sizes.append(float(f.detach().norm())))
    states, losses = [], []
    for iteration in range(chosen["iterations"] + 1):
        x: Tensor = inputs(chosen, seed, iteration, place.device)
        loss = relative(made(x.clone()), scale * x)
        losses.append(float(loss.detach()))
        states.append((weight_norm(made), sizes[-1] / float(x.norm())))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return states[0], states[-1], losses
