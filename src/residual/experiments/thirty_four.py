"""The 34-layer pair that note 000 names (§2), with a stem for small images.

The paper's 34-layer networks are for ImageNet (Table 1): basic blocks 3-4-6-3 behind a 7×7
convolution and a pooling, widths from 64. Here a 3×3 stem takes their place, the width is a
parameter, and shortcuts are option A.
"""

from torch import nn

from residual import probes
from residual.describe import images, response_tables
from residual.experiments.place import Place
from residual.models import BasicBlock, Network, conv3x3, initialise
from residual.recipe import KINDS, PROFILES
from residual.train import fit

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


def settings(profile: str) -> dict:
    """The first stage's width: what two CPU cores allow, or the paper's."""
    width = {"quick": 8, "desk": 16, "paper": 64}[profile]
    return {"width": width, "iterations": PROFILES[profile].iterations}


def measure(chosen: dict, seed: int, place: Place) -> dict:
    """Errors (per cent) and responses of the plain and of the residual net, before and after."""
    return {kind: trained(chosen, kind, seed, place) for kind in KINDS}


def trained(chosen: dict, kind: str, seed: int, place: Place) -> dict:
    """One network of the pair, in the form of a run record's responses and metrics."""
    model = Basic34(kind == "residual", place.dataset().channels, chosen["width"])
    initialise(model, seed)
    training = place.training(kind, CARRIER, seed, model)
    test = images(training, training.test)
    start = probes.exact_statistics(training.model, images(training, training.train))
    found = {"responses": {"initial": response_tables(start, test)}}
    fit(training)
    found["responses"]["final"] = response_tables(training.model, test)
    errors = {
        "train_error": training.evaluate(training.train),
        "test_error": training.evaluate(training.test),
    }
    return found | {"metrics": {name: probes.significant(e) for name, e in errors.items()}}
