"""Singular values of small networks, exactly: input–output Jacobian and Gauss–Newton matrix.

Networks of nine blocks of four channels on digits, whose 2×2 neighbourhoods are the channels.
"""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import update_bn

from residual.batches import normalise, permutation
from residual.data import load
from residual.experiments.place import Place
from residual.experiments.regression import MOMENTUM, stack
from residual.probes import significant
from residual.recipe import KINDS

CLASSES = 10


def settings(profile: str) -> dict:
    """Depth, training and the images on which the matrices are computed."""
    training = {"iterations": 200 if profile == "quick" else 2000, "batch": 128}
    return {"blocks": 9, "width": 4, "learning_rate": 0.1, "images": 16} | training


def measure(chosen: dict, seed: int, place: Place) -> dict:
    """Spread and condition number by kind, matrix and moment (initial, trained)."""
    images, labels = digits(place.device)
    rows = []
    for kind in KINDS:
        model = network(chosen, kind, seed, images.shape[2]).to(place.device)
        for when in ("initial", "trained"):
            if when == "trained":
                train(chosen, model, seed, images, labels)
            fixed = copy.deepcopy(model)
            update_bn([images], fixed)
            for matrix, values in spectra(fixed.cpu().double().eval(), chosen, images.cpu()):
                about = {"kind": kind, "when": when, "matrix": matrix}
                rows.append(about | spread(values))
    return {"rows": rows}


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


def train(chosen: dict, model: nn.Module, seed: int, images: Tensor, labels: Tensor) -> None:
    """Plain SGD with momentum at one learning rate."""
    model.train()
    optimizer = torch.optim.SGD(
        model.parameters(), lr=chosen["learning_rate"], momentum=MOMENTUM, fused=True
    )
    per_epoch = len(labels) // chosen["batch"]
    for iteration in range(chosen["iterations"]):
        epoch, place = divmod(iteration, per_epoch)
        order = torch.from_numpy(permutation(seed, epoch, len(labels)))
        index = order[place * chosen["batch"] : (place + 1) * chosen["batch"]].to(labels.device)
        loss = F.cross_entropy(model(images[index]), labels[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def spectra(model: nn.Sequential, chosen: dict, images: Tensor) -> list[tuple[str, Tensor]]:
    """Singular values, largest first: of the stack's Jacobian by image (N, D), and of the
    Gauss–Newton matrix JᵀJ of the logits' parameter Jacobian, its non-zero part (1, N·10)."""
    x = images[: chosen["images"]].double().requires_grad_()
    outputs = model[0](x.clone()).flatten(1)  # (N, D)
    basis = torch.eye(outputs.shape[1], dtype=x.dtype)
    # images do not mix in eval mode, so the sum over images has each image's own Jacobian
    (jacobian,) = torch.autograd.grad(outputs.sum(0), x, basis, is_grads_batched=True)
    by_image = jacobian.flatten(2).transpose(0, 1)  # (N, D, D)
    logits = model(x.detach()).flatten()  # (N·10,)
    rows = torch.autograd.grad(
        logits, list(model.parameters()), torch.eye(len(logits)).double(), is_grads_batched=True
    )
    parameters = torch.cat([row.flatten(1) for row in rows], 1)  # (N·10, P)
    return [
        ("jacobian", torch.linalg.svdvals(by_image)),
        ("gauss_newton", torch.linalg.svdvals(parameters).square()[None]),
    ]


def spread(values: Tensor) -> dict[str, float]:
    """Largest over median and over smallest singular value, geometric means over matrices.

    Values below 1e-12 of the largest are rounding and count as that.
    """
    values = values.detach().clamp(min=1e-12 * float(values.max()))
    middle = values.median(dim=1).values
    found = {"spread": values[:, 0] / middle, "condition": values[:, 0] / values[:, -1]}
    return {name: significant(float(ratio.log().mean().exp())) for name, ratio in found.items()}
