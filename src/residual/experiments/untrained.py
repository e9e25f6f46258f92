"""What depth and the shortcut do before any training, in networks of full size on CIFAR-10.

The baseline of claims on trained networks: gradients, curvature and nearness to the identity.
"""

from residual import probes
from residual.experiments.place import Place, positive
from residual.models import Network, build
from residual.probes import identity_median, significant
from residual.recipe import KINDS

SETTINGS = {
    "shallow": 20,  # of it only responses and angles
    "deep": 56,
    "statistics": 1000,  # training images that BN statistics are averaged over
    "images": 500,  # test images of responses and angles
    "kernel_images": 128,
    "batch": 128,  # images of the gradients
    "step": 0.05,  # from an image to its neighbour, relative to the images' root mean square
}


def measure(chosen: dict, seed: int, place: Place) -> dict:
    """By network, such as plain-56: medians over the identity blocks of ‖F(x)‖/‖x‖ (ratio) and of
    the sine of the angle between x and what the block returns before its last ReLU (sine); of the
    deep ones kernel, stage_ratio and coherence as well (see `probes`)."""
    train, _ = place.training_images(chosen["statistics"])
    test = place.images(place.dataset().test, chosen["images"]).split(250)
    found = {}
    for depth in (chosen["shallow"], chosen["deep"]):
        for kind in KINDS:
            start = build(kind, depth, seed, train.shape[1]).to(place.device)
            fixed = probes.exact_statistics(start, train.split(250))
            tables = probes.block_ratios(fixed, test), probes.angles(fixed, test)
            columns = zip(("ratio", "sine"), tables)
            row = {name: significant(identity_median(table, name)) for name, table in columns}
            if depth == chosen["deep"]:
                row |= gradients(chosen, start, seed, place)
                images = place.images(place.dataset().test, chosen["kernel_images"])
                row["kernel"] = probes.kernel(fixed, images)
            found[f"{kind}-{depth}"] = row
    return found


def gradients(chosen: dict, model: Network, seed: int, place: Place) -> dict[str, float]:
    """How sizes of gradients differ between stages, and their likeness at neighbouring images."""
    images, labels = place.training_images(chosen["batch"])
    table = probes.gradient_ratios(model, images, labels)
    size = images.square().mean().sqrt()
    nearby = images + chosen["step"] * size * positive(seed, tuple(images.shape), place.device)
    return {
        "stage_ratio": significant(probes.stage_ratio(table["ratio"], table["weight"])),
        "coherence": probes.coherence(model, images, nearby),
    }
