"""The solution that plain-56 could copy from plain-20, and where training takes it (§1 of 002)."""

import copy
from itertools import pairwise
from math import isfinite

import torch
from torch import Tensor

from residual import store
from residual.constructions import deepened
from residual.experiments.place import Place, train_unrecorded
from residual.models import Network
from residual.probes import error, significant
from residual.train import Training

SHALLOW, DEEP = 20, 56
CURVE_POINTS = 40


def settings(profile: str) -> dict:
    """The two depths, and how many images the exact comparison sees."""
    return {"shallow": SHALLOW, "deep": DEEP, "images": 500}


def measure(chosen: dict, seed: int, place: Place) -> dict:
    """Differences between the two networks, then the training errors of three starts (per cent).

    `copied` is the built network trained on, `control` the trained shallow network trained on by
    the same recipe, `random` the usual start of the deep one.
    """
    shallow = place.trained("plain", chosen["shallow"], seed)
    images, _ = place.training_images(chosen["images"])
    deep = deepened(shallow, chosen["deep"], images)
    found = compare(shallow, deep, images)
    trained = copy.deepcopy(shallow).train()
    in_training = deepened(trained, chosen["deep"], images)
    difference = largest(trained(images).detach(), in_training(images).detach())
    training = Training(place.recipe("plain", chosen["deep"], seed), place.dataset(), place.device)
    batches = list(training.batches(training.train))
    found |= {"train_mode_logit_difference": significant(difference)}
    found |= {"shallow_train_error": significant(error(shallow, batches))}
    training.model.load_state_dict(deep.state_dict())
    found |= {"copied_start_train_error": significant(training.evaluate(training.train))}
    train_unrecorded(training)
    control = place.recipe("plain", chosen["shallow"], seed)
    trained_on = Training(control, place.dataset(), place.device, copy.deepcopy(shallow))
    found |= ends(train_unrecorded(trained_on), "control")
    return found | ends(training, "copied") | random_start(chosen, seed, place)


def compare(shallow: Network, deep: Network, images: Tensor) -> dict:
    """Largest logit difference and whether all predictions are the same, in eval mode."""
    with torch.no_grad():
        a, b = shallow.eval()(images), deep.eval()(images)
    same = bool((a.argmax(1) == b.argmax(1)).all())
    return {"same_predictions": same, "eval_logit_difference": significant(largest(a, b))}


def largest(a: Tensor, b: Tensor) -> float:
    """Largest absolute difference."""
    return float((a - b).abs().max())


def ends(training: Training, name: str) -> dict:
    """Final errors of a training, and its loss averaged over each fortieth."""
    losses = training.seen["loss"].double().cpu()
    points = [0, *training.recipe.points(CURVE_POINTS)]
    means = [float(losses[a:b].mean()) for a, b in pairwise(points)]
    left = [significant(mean) if isfinite(mean) else None for mean in means]
    return {
        f"{name}_train_error": significant(training.evaluate(training.train)),
        f"{name}_test_error": significant(training.evaluate(training.test)),
        f"{name}_loss": {"iteration": points[1:], "loss": left},
    }


def random_start(chosen: dict, seed: int, place: Place) -> dict:
    """The same for the usual start: from its run in the store, or trained now."""
    recipe = place.recipe("plain", chosen["deep"], seed)
    if run := store.find(recipe, place.root):
        table = run["curves"]["training"]
        return {
            "random_train_error": run["metrics"]["train_error"],
            "random_test_error": run["metrics"]["test_error"],
            "random_loss": {"iteration": table["iteration"], "loss": table["loss"]},
        }
    return ends(train_unrecorded(Training(recipe, place.dataset(), place.device)), "random")
