"""The measured part of a run record: what is computed from a finished training."""

from itertools import pairwise
from math import isfinite

from torch import Tensor

from residual import probes
from residual.data import Split
from residual.models import Network
from residual.probes import significant
from residual.train import Training

PROBED = 2000  # images that the probes see: the first of the test set, or of the training set
CURVE_POINTS = 100
REPLAYED = 8  # iterations whose losses are kept at full precision


def describe(training: Training) -> dict:
    """Curves, metrics, responses, gradients, probes and replay of a trained network.

    If the loss stopped being finite, metrics.diverged_at is the iteration at which it did, and
    what can no longer be measured is null.
    """
    data = training.data
    diverged = diverged_at(training)
    losses = training.seen["loss"][: diverged - 1 if diverged else None][:REPLAYED]
    record = {
        "data": {"name": data.name, "digest": data.digest},
        "curves": curves(training),
        "gradients": gradients(training),
        "replay": {"losses": losses.tolist(), "itinerary": first_batches(training)},
    }
    if diverged:
        empty = {"train_error": None, "test_error": None, "diverged_at": diverged}
        return record | {"metrics": empty, "responses": {}, "probes": {}}
    metrics = {
        "train_error": training.evaluate(training.train),
        "test_error": training.evaluate(training.test),
        "diverged_at": None,
    }
    measured = {"responses": responses(training), "probes": {}}
    with training.autocast():
        seen = list(training.batches(training.test.head(PROBED)))
        measured["probes"]["lesions"] = probes.lesions(training.model, seen)
    return record | {"metrics": metrics} | measured


def first_batches(training: Training) -> str:
    """The digest of the batches of the first iterations."""
    return training.schedule(0, min(REPLAYED, training.recipe.iterations)).digest()


def diverged_at(training: Training) -> int | None:
    """The first iteration, counted from 1, whose loss is not finite; None if all are."""
    bad = (~training.seen["loss"][: int(training.seen["done"])].isfinite()).nonzero()
    return int(bad[0]) + 1 if len(bad) else None


def curves(training: Training) -> dict:
    """Training loss and running error averaged over each hundredth, test error where measured.

    `training` and `test` are tables: iteration, learning_rate (at that iteration), loss,
    train_error_batch (per cent, on augmented batches); iteration, test_error (per cent).
    """
    recipe = training.recipe
    losses, errors = training.seen["loss"].cpu().double(), training.seen["error"].cpu().double()
    names = ("iteration", "learning_rate", "loss", "train_error_batch")
    rows = []
    for start, stop in pairwise([0, *recipe.points(CURVE_POINTS)]):
        loss, error = float(losses[start:stop].mean()), float(errors[start:stop].mean())
        if not isfinite(loss):
            break
        rows.append((stop, recipe.rate(stop - 1), significant(loss), significant(error)))
    averages = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    tests = zip(training.evaluations, training.seen["test_error"].tolist())
    seen = [(i, significant(error)) for i, error in tests if isfinite(error)]
    test = {"iteration": [i for i, _ in seen], "test_error": [error for _, error in seen]}
    return {"training": averages, "test": test}


def gradients(training: Training) -> dict:
    """‖∇W‖/‖W‖ (ratio) and ‖W‖ (weight) by layer (columns), at initialisation and at each
    evaluation (rows). So ‖∇W‖ is ratio · weight, and the scale-free ‖∇W‖·‖W‖ ratio · weight²."""
    pairs = zip([0, *training.evaluations], training.seen["gradients"])
    seen = [(i, table.tolist()) for i, table in pairs if table.isfinite().all()]
    rows = {
        name: [[significant(value) for value in table[k]] for _, table in seen]
        for k, name in enumerate(("ratio", "weight"))
    }
    names = list(training.model.layers())
    return {"layer": names, "iteration": [i for i, _ in seen]} | rows


def images(training: Training, split: Split) -> list[Tensor]:
    """The images that the probes see, in batches."""
    return [batch for batch, _ in training.batches(split.head(PROBED))]


def responses(training: Training) -> dict:
    """Responses and ‖F(x)‖/‖x‖ on test images: at initialisation, trained, and trained with BN
    statistics averaged exactly over training images.

    At initialisation the statistics are exact too, since moving averages have not moved yet.
    """
    train, test = images(training, training.train), images(training, training.test)
    start = training.recipe.network(training.data.channels).to(training.device)
    measured = {
        "initial": probes.exact_statistics(start, train),
        "final": training.model,
        "final_exact": probes.exact_statistics(training.model, train),
    }
    return {when: response_tables(model, test) for when, model in measured.items()}


def response_tables(model: Network, test: list[Tensor]) -> dict:
    """Responses by layer and by block on test images."""
    return {"layers": probes.responses(model, test), "blocks": probes.block_ratios(model, test)}
