"""Gradients by layer before training: with and without BN, He start and small Gaussian."""

import torch
from torch import nn

from residual.experiments.place import Place
from residual.models import build
from residual.probes import gradient_ratios
from residual.recipe import KINDS

GAUSSIAN_STD = 0.01  # the usual start before He et al. 2015b, as in Krizhevsky et al. 2012
SETTINGS = {"depth": 56, "batch": 128, "starts": ["he", "gaussian"], "gaussian_std": GAUSSIAN_STD}


def measure(chosen: dict, seed: int, place: Place) -> dict:
    """‖∇W‖/‖W‖ of every 3×3 layer, in double precision, since small ones underflow in single."""
    images, labels = place.training_images(chosen["batch"])
    if place.device.type == "mps":  # has no double precision
        images, labels = images.cpu(), labels.cpu()
    rows = []
    for kind in KINDS:
        for norm in (True, False):
            for start in chosen["starts"]:
                model = build(kind, chosen["depth"], seed, images.shape[1], norm)
                if start == "gaussian":
                    small_gaussian(model, seed, chosen["gaussian_std"])
                model = model.double().to(images.device)
                table = gradient_ratios(model, images.double(), labels)
                rows.append({"kind": kind, "norm": norm, "start": start} | table)
    return {"rows": rows}


@torch.no_grad()
def small_gaussian(model: nn.Module, seed: int, std: float) -> None:
    """Every weight from a normal distribution of one small standard deviation."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            module.weight.normal_(0, std, generator=generator)
