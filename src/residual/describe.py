"""What a finished training says of itself: the measured part of its run record."""

from math import isfinite

from torch import Tensor

from residual import probes
from residual.data import Split
from residual.probes import significant
from residual.trainer import Trainer, network

PROBED = 2000  # images that the probes see: the first of the test set, or of the training set
CURVE_POINTS = 100
REPLAYED = 8  # iterations whose losses are kept at full precision


def describe(trainer: Trainer) -> dict:
    """Curves, metrics, responses, gradients, probes and replay of a trained network.

    If the loss stopped being finite, metrics.diverged_at is the iteration at which it did, and
    what can no longer be measured is null.
    """
    dataset = trainer.dataset
    record = {
        "data": {"name": dataset.name, "digest": dataset.digest},
        "curves": curves(trainer),
        "gradients": gradients(trainer),
        "replay": replay(trainer, REPLAYED),
    }
    if diverged := diverged_at(trainer):
        empty = {"train_error": None, "test_error": None, "diverged_at": diverged}
        record["replay"] = replay(trainer, min(REPLAYED, diverged - 1))
        return record | {"metrics": empty, "responses": {}, "probes": {}}
    metrics = {
        "train_error": trainer.evaluate(trainer.train),
        "test_error": trainer.evaluate(trainer.test),
        "diverged_at": None,
    }
    measured = {"responses": responses(trainer), "probes": {"lesions": lesions(trainer)}}
    return record | {"metrics": metrics} | measured


def replay(trainer: Trainer, count: int) -> dict:
    """What lets anyone replay the first iterations: their losses, and a digest of their batches."""
    batches = trainer.itinerary(0, min(REPLAYED, trainer.recipe.iterations))
    return {"losses": trainer.losses[:count].tolist(), "itinerary": batches.digest()}


def diverged_at(trainer: Trainer) -> int | None:
    """The first iteration, counted from 1, whose loss is not finite; None if all are."""
    bad = (~trainer.losses[: int(trainer.iteration)].isfinite()).nonzero()
    return int(bad[0]) + 1 if len(bad) else None


def curves(trainer: Trainer) -> dict:
    """Training loss and running error averaged over each hundredth, test error where measured.

    `training` and `test` are tables: iteration, learning_rate (at that iteration), loss,
    train_error_batch (per cent, on augmented batches); iteration, test_error (per cent).
    """
    rows, start, recipe = [], 0, trainer.recipe
    losses, errors = trainer.losses.double().cpu(), trainer.errors.double().cpu()
    for stop in recipe.points(CURVE_POINTS):
        loss, error = float(losses[start:stop].mean()), float(errors[start:stop].mean())
        if not isfinite(loss):
            break
        rows.append((stop, recipe.rate(stop - 1), significant(loss), significant(error)))
        start = stop
    names = ("iteration", "learning_rate", "loss", "train_error_batch")
    training = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    tests = zip(trainer.evaluations, trainer.test_errors.tolist())
    seen = [(i, e) for i, e in tests if isfinite(e)]
    test = {"iteration": [i for i, _ in seen], "test_error": [significant(e) for _, e in seen]}
    return {"training": training, "test": test}


def gradients(trainer: Trainer) -> dict:
    """‖∇W‖/‖W‖ (ratio) and ‖W‖ (weight) by layer (columns), at initialisation and at each
    evaluation (rows). So ‖∇W‖ is ratio · weight, and the scale-free ‖∇W‖·‖W‖ ratio · weight²."""
    pairs = zip([0, *trainer.evaluations], trainer.gradients)
    seen = [(i, table.tolist()) for i, table in pairs if table.isfinite().all()]
    rows = {
        name: [[significant(value) for value in table[k]] for _, table in seen]
        for k, name in enumerate(("ratio", "weight"))
    }
    names = list(trainer.model.layers())
    return {"layer": names, "iteration": [i for i, _ in seen]} | rows


def images(trainer: Trainer, split: Split) -> list[Tensor]:
    """The images that the probes see, in batches."""
    return [batch for batch, _ in trainer.batches(split.head(PROBED))]


def responses(trainer: Trainer) -> dict:
    """Responses and ‖F(x)‖/‖x‖ on test images: at initialisation, trained, and trained with BN
    statistics averaged exactly over training images.

    At initialisation the statistics are exact too, since moving averages have not moved yet.
    """
    train, test = images(trainer, trainer.train), images(trainer, trainer.test)
    start = network(trainer.recipe, trainer.dataset).to(trainer.device)
    measured = {
        "initial": probes.exact_statistics(start, train),
        "final": trainer.model,
        "final_exact": probes.exact_statistics(trainer.model, train),
    }
    return {
        when: {
            "layers": probes.responses(model, test),
            "blocks": probes.block_ratios(model, test),
        }
        for when, model in measured.items()
    }


def lesions(trainer: Trainer) -> dict:
    """Test error with one block deleted at a time, on the images that the probes see."""
    seen = list(trainer.batches(trainer.test.head(PROBED)))
    with trainer.autocast():
        return probes.lesions(trainer.model, seen)
