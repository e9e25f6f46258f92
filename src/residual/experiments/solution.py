"""The solution that plain-56 could copy from plain-20, and where training takes it (§1 of 002)."""

import copy
from itertools import pairwise
from math import isfinite

import torch

from residual import store
from residual.constructions import deepened
from residual.experiments.place import Place
from residual.probes import error, significant
from residual.train import Training, fit

CURVE_POINTS = 40
SETTINGS = {"shallow": 20, "deep": 56, "images": 500}  # images of the exact comparison


def measure(chosen: dict, seed: int, place: Place) -> dict:
    """Differences between the two networks, then the training errors of three starts (per cent).

    `copied` is the built network trained on, `control` the trained shallow network trained on by
    the same recipe, `random` the usual start of the deep one.
    """
    shallow = place.trained("plain", chosen["shallow"], seed)
    images, _ = place.training_images(chosen["images"])
    deep = deepened(shallow, chosen["deep"], images)
    trained = copy.deepcopy(shallow).train()
    in_training = deepened(trained, chosen["deep"], images)
    with torch.no_grad():
        a, b = shallow(images), deep(images)
        difference = (trained(images) - in_training(images)).abs().max()
    training = place.training("plain", chosen["deep"], seed)
    training.model.load_state_dict(deep.state_dict())
    batches = training.batches(training.train)
    found = {
        "same_predictions": bool((a.argmax(1) == b.argmax(1)).all()),
        "eval_logit_difference": significant(float((a - b).abs().max())),
        "train_mode_logit_difference": significant(float(difference)),
        "shallow_train_error": significant(error(shallow, batches)),
        "copied_start_train_error": significant(training.evaluate(training.train)),
    }
    control = place.training("plain", chosen["shallow"], seed, copy.deepcopy(shallow))
    found |= trained_on(control, "control") | trained_on(training, "copied")
    if run := store.find(training.recipe, place.root):
        table = run["curves"]["training"]
        return found | {
            "random_train_error": run["metrics"]["train_error"],
            "random_loss": {"iteration": table["iteration"], "loss": table["loss"]},
        }
    return found | trained_on(place.training("plain", chosen["deep"], seed), "random")


def trained_on(training: Training, name: str) -> dict:
    """Training error at the end of a training, and its loss averaged over each fortieth."""
    fit(training)
    losses = training.seen["loss"].cpu().double()
    points = [0, *training.recipe.points(CURVE_POINTS)]
    means = [float(losses[a:b].mean()) for a, b in pairwise(points)]
    left = [significant(mean) if isfinite(mean) else None for mean in means]
    return {
        f"{name}_train_error": significant(training.evaluate(training.train)),
        f"{name}_loss": {"iteration": points[1:], "loss": left},
    }
