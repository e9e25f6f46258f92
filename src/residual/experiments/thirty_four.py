"""The 34-layer pair that note 000 names (§2), with a stem for small images.

The paper's 34-layer networks are for ImageNet (Table 1): basic blocks 3-4-6-3 behind a 7×7
convolution and a pooling, widths from 64. Here a 3×3 stem takes their place, the width is a
parameter, and shortcuts are option A.
"""

from torch import nn

from residual import probes
from residual.describe import images
from residual.experiments.place import Place, train_unrecorded
from residual.models import BasicBlock, Network, conv3x3, initialise
from residual.recipe import KINDS, PROFILES, Recipe
from residual.train import Training

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


def training34(recipe: Recipe, width: int, place: Place) -> Training:
    """The recipe's training, with a 34-layer net in place of the recipe's."""
    model = Basic34(recipe.kind == "residual", place.dataset().channels, width)
    initialise(model, recipe.seed)
    return Training(recipe, place.dataset(), place.device, model)


def settings(profile: str) -> dict:
    """The first stage's width: what two CPU cores allow, or the paper's."""
    width = {"quick": 8, "desk": 16, "paper": 64}[profile]
    return {"width": width, "iterations": PROFILES[profile].iterations}


def measure(chosen: dict, seed: int, place: Place) -> dict:
    """Errors (per cent) and responses of the plain and of the residual net, before and after."""
    return {kind: trained(chosen, kind, seed, place) for kind in KINDS}


def trained(chosen: dict, kind: str, seed: int, place: Place) -> dict:
    """One network of the pair, in the form of a run record's responses and metrics."""
    training = training34(place.recipe(kind, CARRIER, seed), chosen["width"], place)
    start = probes.exact_statistics(training.model, images(training, training.train))
    found = {"responses": {"initial": tables(training, start)}}
    train_unrecorded(training)
    found["responses"]["final"] = tables(training, training.model)
    errors = {
        "train_error": training.evaluate(training.train),
        "test_error": training.evaluate(training.test),
    }
    return found | {"metrics": {name: probes.significant(e) for name, e in errors.items()}}


def tables(training: Training, model: Network) -> dict:
    """Responses by layer and by block on test images."""
    test = images(training, training.test)
    return {"layers": probes.responses(model, test), "blocks": probes.block_ratios(model, test)}
