"""Jacobians of the blocks of untrained networks on CIFAR-10: the baseline of trained ones."""

from residual import probes
from residual.experiments.place import Place
from residual.models import build
from residual.recipe import KINDS


def settings(profile: str) -> dict:
    """Depth, and as many images and Lanczos steps as for the networks of others."""
    return {"depth": 56, "images": 4, "steps": 24, "statistics": 2000}


def measure(chosen: dict, seed: int, place: Place) -> dict:
    """The table of `probes.jacobian` for each kind: He start, BN statistics averaged exactly."""
    train, _ = place.training_images(chosen["statistics"])
    test = place.test_images(chosen["images"])
    found = {}
    for kind in KINDS:
        model = build(kind, chosen["depth"], seed, train.shape[1]).to(place.device)
        fixed = probes.exact_statistics(model, train.split(250))
        found[kind] = probes.jacobian(fixed, test, chosen["steps"])
    return found
