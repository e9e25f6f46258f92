"""How equal the singular values of networks are before training (note 000, §3).

Exactly, for small networks: nine blocks of four channels on digits, whose 2×2 neighbourhoods are
the channels. Estimated, for the blocks of networks of full size: the baseline of trained ones.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import update_bn

from residual import probes
from residual.batches import normalise
from residual.data import load
from residual.experiments.place import Place
from residual.experiments.regression import stack
from residual.models import build
from residual.probes import significant
from residual.probes.spectrum import before_relu
from residual.recipe import KINDS

CLASSES = 10


SETTINGS = {"blocks": 9, "width": 4, "images": 16}
FULL_SIZE = {"depth": 56, "images": 4, "steps": 24, "statistics": 2000}  # as for public networks


def measure(chosen: dict, seed: int, place: Place) -> dict:
    """Participation ratios by kind: of the blocks' Jacobians, and of the Gauss–Newton matrix."""
    images, _ = digits(place.device)
    rows = []
    for kind in KINDS:
        model = network(chosen, kind, seed, images.shape[2]).to(place.device)
        update_bn([images], model)
        fixed, seen = model.cpu().double().eval(), images.cpu()[: chosen["images"]].double()
        for matrix, values in (
            ("jacobian", block_values(fixed[0], seen)),
            ("gauss_newton", gauss_newton_values(fixed, seen)),
        ):
            ratios = participation(values)
            found = significant(float(ratios.median()))
            rows.append({"kind": kind, "matrix": matrix, "participation": found})
    return {"rows": rows}


def measure_full_size(chosen: dict, seed: int, place: Place) -> dict:
    """The table of `probes.jacobian` for each kind: He start, BN statistics averaged exactly."""
    train, _ = place.training_images(chosen["statistics"])
    test = place.images(place.dataset().test, chosen["images"])
    found = {}
    for kind in KINDS:
        model = build(kind, chosen["depth"], seed, train.shape[1]).to(place.device)
        fixed = probes.exact_statistics(model, train.split(250))
        found[kind] = probes.jacobian(fixed, test, chosen["steps"])
    return found


def participation(values: Tensor) -> Tensor:
    """(Σσ²)²/(n·Σσ⁴) of the singular values in each row of (M, n): 1 where all are equal."""
    square = values.square()
    return square.sum(1) ** 2 / (values.shape[1] * square.square().sum(1))


def digits(device: torch.device) -> tuple[Tensor, Tensor]:
    """Training digits as (N, 4, 4, 4), and labels (N,)."""
    dataset = load("digits")
    images = normalise(dataset.train.images, dataset.mean)  # (N, 1, 8, 8)
    return F.pixel_unshuffle(images, 2).to(device), dataset.train.labels.to(device)


def network(chosen: dict, kind: str, seed: int, side: int) -> nn.Sequential:
    """A stack of blocks and a linear classifier on all of its outputs."""
    blocks = stack(kind, chosen["blocks"], chosen["width"], seed)
    classifier = nn.Linear(chosen["width"] * side * side, CLASSES)
    generator = torch.Generator().manual_seed(seed)
    nn.init.kaiming_normal_(classifier.weight, nonlinearity="relu", generator=generator)
    nn.init.zeros_(classifier.bias)
    return nn.Sequential(blocks, nn.Flatten(), classifier)


def block_values(blocks: nn.Sequential, x: Tensor) -> Tensor:
    """Singular values of each block's Jacobian before its last ReLU, a row an image and block."""
    found = []
    for block in blocks:
        x = x.detach().requires_grad_()
        output = before_relu(block, x).flatten(1)  # (N, D)
        basis = torch.eye(output.shape[1], dtype=x.dtype)
        # images do not mix in eval mode, so the sum over images has each image's own Jacobian
        (rows,) = torch.autograd.grad(output.sum(0), x, basis, is_grads_batched=True)
        found.append(torch.linalg.svdvals(rows.flatten(2).transpose(0, 1)))  # (N, D)
        x = block(x)
    return torch.cat(found)


def gauss_newton_values(model: nn.Sequential, x: Tensor) -> Tensor:
    """Singular values (1, N·10) of the logits' Jacobian J by the parameters.

    Their squares are the eigenvalues of the Gauss–Newton matrix JᵀJ that are not zero.
    """
    logits = model(x).flatten()  # (N·10,)
    rows = torch.autograd.grad(
        logits, list(model.parameters()), torch.eye(len(logits)).double(), is_grads_batched=True
    )
    parameters = torch.cat([row.flatten(1) for row in rows], 1)  # (N·10, P)
    return torch.linalg.svdvals(parameters)[None]
