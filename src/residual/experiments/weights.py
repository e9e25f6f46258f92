"""What falls while a residual block learns the identity: ‖W‖, ‖F(x)‖ or γ₂ (§3 of note 002)."""

import torch
from torch import nn

from residual.experiments.place import Place, relative
from residual.experiments.regression import MOMENTUM, WORST, inputs
from residual.models import BasicBlock, initialise
from residual.probes import significant

FORMS = ("no-bn", "bn", "gamma")
QUANTITIES = ("loss", "weight_norm", "response", "gamma_norm")
DECAY = 1e-4  # the paper's


def settings(profile: str) -> dict:
    """Learning rates, iterations and sizes; `gamma` trains γ₂ alone."""
    return {
        "forms": list(FORMS),
        "decays": [0.0, DECAY],
        "learning_rates": [0.01, 0.1, 1.0],
        "iterations": 3000,
        "batch": 16,
        "width": 16,
        "side": 4,
    }


def measure(chosen: dict, seed: int, place: Place) -> dict:
    """A descent for each form, decay and learning rate."""
    rows = [
        descend(chosen, form, seed, rate, decay, place)
        for form in chosen["forms"]
        for decay in chosen["decays"]
        for rate in chosen["learning_rates"]
    ]
    return {"rows": rows, "scaled_response_change": scale_invariance(chosen, seed, place)}


def block(form: str, width: int, seed: int) -> BasicBlock:
    """One residual block at its He start."""
    made = BasicBlock(width, width, residual=True, norm=form != "no-bn")
    initialise(made, seed)
    for name, parameter in made.named_parameters():
        parameter.requires_grad = form != "gamma" or name == "norm2.weight"
    return made


def weight_norm(made: BasicBlock) -> float:
    """‖W‖ over both convolutions."""
    return float(torch.stack([made.conv1.weight.norm(), made.conv2.weight.norm()]).norm().detach())


def descend(chosen: dict, form: str, seed: int, rate: float, decay: float, place: Place) -> dict:
    """Regression of one block onto its input; start, end and curves of each quantity.

    `dead_fraction` is the share of inner units that ReLU leaves at zero for a whole last batch; it
    is missing where the descent diverged.
    """
    made = block(form, chosen["width"], seed).to(place.device)
    trained = [p for p in made.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(trained, rate, MOMENTUM, weight_decay=decay, fused=True)
    seen: list[float] = []
    made.norm2.register_forward_hook(lambda _m, _i, f: seen.append(float(f.detach().norm())))
    about = {"form": form, "decay": decay > 0, "learning_rate": rate}
    rows = []
    for iteration in range(chosen["iterations"] + 1):
        x = inputs(chosen, seed, iteration, place.device)
        loss = relative(made(x.clone()), x)
        gamma = made.norm2.weight.detach().norm() if form != "no-bn" else torch.zeros(())
        rows.append(
            (float(loss.detach()), weight_norm(made), seen[-1] / float(x.norm()), float(gamma))
        )
        if not rows[-1][0] < WORST:
            return about | {"loss_end": WORST}
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return about | {"dead_fraction": dead_fraction(made, x)} | summary(rows)


@torch.no_grad()
def dead_fraction(made: BasicBlock, x: torch.Tensor) -> float:
    """Share of the inner channels of a block that are zero for all of x (N, C, H, W)."""
    inner = made.norm1(made.conv1(x)).relu()
    return significant(float((inner.amax((0, 2, 3)) == 0).double().mean()))


def summary(rows: list[tuple[float, ...]]) -> dict:
    """Start, end and some thirty points of each quantity."""
    step = max(1, len(rows) // 30)
    kept = sorted({*range(0, len(rows), step), len(rows) - 1})
    columns = {name: [significant(rows[i][k]) for i in kept] for k, name in enumerate(QUANTITIES)}
    ends = {f"{n}_{w}": c[i] for n, c in columns.items() for w, i in (("start", 0), ("end", -1))}
    return ends | {"curve": {"iteration": kept} | columns}


def scale_invariance(chosen: dict, seed: int, place: Place) -> float:
    """Relative change of F(x) in a block with BN when all its weights are divided by ten."""
    made = block("bn", chosen["width"], seed).to(place.device)
    x = inputs(chosen, seed, 0, place.device)
    outputs = []
    made.norm2.register_forward_hook(lambda _m, _i, f: outputs.append(f.detach().clone()))
    with torch.no_grad():
        made(x.clone())
        for conv in (m for m in made.modules() if isinstance(m, nn.Conv2d)):
            conv.weight /= 10
        made(x.clone())
    return significant(float((outputs[1] - outputs[0]).norm() / outputs[0].norm()))
