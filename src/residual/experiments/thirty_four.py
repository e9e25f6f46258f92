"""The 34-layer pair that note 000 names (§2), with a stem for small images.

The paper's 34-layer networks are for ImageNet (Table 1): basic blocks 3-4-6-3 behind a 7×7
convolution and a pooling, widths from 64. Here a 3×3 stem takes their place, the width is a
parameter, and shortcuts are option A.
"""

import torch
from torch import nn

from residual import probes
from residual.describe import images
from residual.experiments.place import Place, train_unrecorded
from residual.models import BasicBlock, Network, conv3x3, initialise
from residual.recipe import KINDS, PROFILES, Recipe
from residual.trainer import Trainer, sgd

BLOCKS = (3, 4, 6, 3)
CARRIER = 32  # its recipe gives the schedule; 34 is no depth 6n+2


class Basic34(Network):
    """Stem, four stages of 3, 4, 6 and 3 basic blocks, global average pool, classifier.

    Takes (N, channels, H, W) and returns logits (N, 10); each later stage halves the maps and
    doubles the width.
    """

    def __init__(self, residual: bool, channels: int = 3, width: int = 64) -> None:
        nn.Module.__init__(self)
        widths = [width << stage for stage, count in enumerate(BLOCKS) for _ in range(count)]
        self.conv, self.norm = conv3x3(channels, width), nn.BatchNorm2d(width)
        self.blocks = nn.Sequential(
            *(BasicBlock(i, o, residual) for i, o in zip([width, *widths], widths))
        )
        self.classifier = nn.Linear(widths[-1], 10)


class Trainer34(Trainer):
    """The one trainer, with a 34-layer net in place of the recipe's."""

    def __init__(self, recipe: Recipe, width: int, place: Place) -> None:
        dataset = place.dataset()
        super().__init__(recipe, dataset, place.device)
        model = Basic34(recipe.kind == "residual", dataset.channels, width)
        initialise(model, recipe.seed)
        self.model = model.to(place.device, memory_format=torch.channels_last).train()
        self.optimizer = sgd(self.model, recipe, self.rate)
        rows = PROFILES[recipe.profile].evaluations + 1
        self.gradients = torch.full((rows, len(model.layers())), torch.nan, dtype=torch.float64)


def settings(profile: str) -> dict:
    """The first stage's width: what two CPU cores allow, or the paper's."""
    width = {"quick": 8, "desk": 16, "paper": 64}[profile]
    return {"width": width, "iterations": PROFILES[profile].iterations}


def measure(chosen: dict, seed: int, place: Place) -> dict:
    """Errors (per cent) and responses of the plain and of the residual net, before and after."""
    return {kind: trained(chosen, kind, seed, place) for kind in KINDS}


def trained(chosen: dict, kind: str, seed: int, place: Place) -> dict:
    """One network of the pair, in the form of a run record's responses and metrics."""
    trainer = Trainer34(place.recipe(kind, CARRIER, seed), chosen["width"], place)
    start = probes.exact_statistics(trainer.model, images(trainer, trainer.train))
    found = {"responses": {"initial": tables(trainer, start)}}
    train_unrecorded(trainer)
    found["responses"]["final"] = tables(trainer, trainer.model)
    errors = {
        "train_error": trainer.evaluate(trainer.train),
        "test_error": trainer.evaluate(trainer.test),
    }
    return found | {"metrics": {name: probes.significant(e) for name, e in errors.items()}}


def tables(trainer: Trainer, model: Network) -> dict:
    """Responses by layer and by block on test images."""
    test = images(trainer, trainer.test)
    return {"layers": probes.responses(model, test), "blocks": probes.block_ratios(model, test)}
