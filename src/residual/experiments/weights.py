"""What falls while a residual block learns the identity: ‖W‖, ‖F(x)‖ or γ₂ (§3 of note 002)."""

import torch

from residual.experiments.place import Place
from residual.experiments.regression import WORST, descent, inputs
from residual.models import BasicBlock, initialise
from residual.probes import significant

QUANTITIES = ("loss", "weight_norm", "response", "gamma_norm")
DECAY = 1e-4  # the paper's
SETTINGS = {
    "forms": ["no-bn", "bn", "gamma"],  # `gamma` trains γ₂ alone
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
    return {"rows": rows}


def one_block(form: str, width: int, seed: int) -> BasicBlock:
    """One residual block at its He start."""
    made = BasicBlock(width, width, residual=True, norm=form != "no-bn")
    initialise(made, seed)
    for name, parameter in made.named_parameters():
        parameter.requires_grad = form != "gamma" or name == "norm2.weight"
    return made


def watched(
    block: BasicBlock,
    chosen: dict,
    seed: int,
    rate: float,
    decay: float,
    device: torch.device,
    scale: float = 1.0,
) -> list[tuple[float, ...]]:
    """The `QUANTITIES` of a block before each update while it learns to return scale·x.

    They are the loss, ‖W‖ over both convolutions, ‖F(x)‖/‖x‖, and ‖γ₂‖ (0 without BN).
    """
    sizes: list[float] = []
    block.norm2.register_forward_hook(lambda _m, _i, f: sizes.append(float(f.detach().norm())))
    rows = []
    for x, loss in descent(block, chosen, seed, rate, device, decay, scale):
        norms = [conv.weight.detach().norm() for conv in (block.conv1, block.conv2)]
        gamma = getattr(block.norm2, "weight", torch.zeros(())).detach()
        weight = float(torch.stack(norms).norm())
        rows.append((loss, weight, sizes[-1] / float(x.norm()), float(gamma.norm())))
    return rows


def descend(chosen: dict, form: str, seed: int, rate: float, decay: float, place: Place) -> dict:
    """Regression of one block onto its input; start, end and some thirty points of each quantity.

    `dead_fraction` is the share of inner units that ReLU leaves at zero for a whole last batch; it
    is missing where the descent diverged.
    """
    block = one_block(form, chosen["width"], seed).to(place.device)
    rows = watched(block, chosen, seed, rate, decay, place.device)
    about = {"form": form, "decay": decay > 0, "learning_rate": rate}
    if not rows[-1][0] < WORST:
        return about | {"loss_end": WORST}
    about["dead_fraction"] = dead_fraction(
        block, inputs(chosen, seed, chosen["iterations"], place.device)
    )
    step = max(1, len(rows) // 30)
    kept = sorted({*range(0, len(rows), step), len(rows) - 1})
    columns = {name: [significant(rows[i][k]) for i in kept] for k, name in enumerate(QUANTITIES)}
    ends = {f"{n}_{w}": c[i] for n, c in columns.items() for w, i in (("start", 0), ("end", -1))}
    return about | ends | {"curve": {"iteration": kept} | columns}


@torch.no_grad()
def dead_fraction(block: BasicBlock, x: torch.Tensor) -> float:
    """Share of the inner channels of a block that are zero for all of x (N, C, H, W)."""
    inner = block.norm1(block.conv1(x)).relu()
    return significant(float((inner.amax((0, 2, 3)) == 0).cpu().double().mean()))
