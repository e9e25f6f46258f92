"""Training a recipe: `train(recipe) -> Run`. The one training loop.

    python -m residual.train --profile paper --kind residual --depth 56 --seed 0

needs only torch, torchvision, numpy and safetensors.
"""

import argparse
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from residual import runs
from residual.checkpoint import load_checkpoint, remove_checkpoints, save_checkpoint
from residual.data import DataError, load
from residual.describe import describe
from residual.parameters import ParameterError
from residual.provenance import DEVICES, pick_device, provenance
from residual.recipe import KINDS, PROFILES, Recipe, recipes
from residual.trainer import Trainer

LOG_POINTS = 100  # a training is watched at each hundredth of its way
CHECKPOINT_SECONDS = 60

Progress = Callable[[Recipe, int], None]
"""Called now and then with the recipe and the number of iterations done."""


def silent(recipe: Recipe, done: int) -> None:
    """The progress that shows nothing."""


def train(
    recipe: Recipe,
    device: str = "auto",
    root: Path | None = None,
    data: Path | None = None,
    progress: Progress = silent,
) -> runs.Run:
    """Train a recipe, from its checkpoint if there is one, and record the run.

    `root` is the store of runs, `data` the folder of CIFAR-10. ParameterError for a device that
    is not there, DataError for data that are missing or damaged.
    """
    started = datetime.now(UTC).isoformat(timespec="seconds")
    trainer = Trainer(recipe, load(recipe.dataset, data), pick_device(device))
    folder = runs.folder_of(recipe, root)
    if state := load_checkpoint(folder):
        trainer.restore(state)
    fit(trainer, folder, progress)
    record = describe(trainer)
    images, seconds = int(trainer.iteration) * recipe.batch_size, float(trainer.seconds)
    record["provenance"] = provenance(trainer.device, started, seconds, images)
    weights = {n: t.contiguous().cpu() for n, t in trainer.model.state_dict().items()}
    run = runs.write(recipe, record, weights, root)
    remove_checkpoints(folder)
    return run


def fit(trainer: Trainer, folder: Path, progress: Progress) -> None:
    """Iterate to the end of the recipe, or until the loss is no longer finite."""
    done, saved = int(trainer.iteration), time.monotonic()
    if not done:
        trainer.observe_gradients(0)
    for stop in [point for point in trainer.recipe.points(LOG_POINTS) if point > done]:
        begun = time.monotonic()
        trainer.visit(done, stop)
        for _ in range(done, stop):
            trainer.step()
        finite = trainer.losses[done:stop].isfinite().all()  # the device is waited for here
        trainer.seconds += time.monotonic() - begun
        done = stop
        progress(trainer.recipe, done)
        if not finite:
            return
        if done in trainer.evaluations:
            trainer.observe(trainer.evaluations.index(done))
        if time.monotonic() - saved > CHECKPOINT_SECONDS:
            save_checkpoint(folder, done, trainer.state())
            saved = time.monotonic()


def main() -> None:
    """The command line for a machine without the book's packages."""
    parser = argparse.ArgumentParser(prog="python -m residual.train", description=__doc__)
    parser.add_argument("--profile", choices=PROFILES, default="quick")
    parser.add_argument("--kind", choices=KINDS, default="residual")
    parser.add_argument("--depth", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--iterations", type=int, help="instead of the profile's")
    parser.add_argument("--device", choices=DEVICES, default="auto")
    parser.add_argument("--runs", type=Path, help="the store of run records")
    parser.add_argument("--data", type=Path, help="the folder that holds CIFAR-10")
    given = parser.parse_args()
    try:
        cell = [given.kind], [given.depth], [given.seed]
        (recipe,) = recipes(given.profile, *cell, given.iterations)
        if run := runs.find(recipe, given.runs):
            print(f"{run.name} is there already")
            return
        run = train(recipe, given.device, given.runs, given.data, print_progress)
    except (ParameterError, DataError, runs.RecordError) as error:
        sys.exit(str(error))
    print(f"{run.name}: {run['metrics']}")


def print_progress(recipe: Recipe, done: int) -> None:
    """A line at each log point."""
    print(f"{recipe.name}: {done}/{recipe.iterations} iterations", flush=True)


if __name__ == "__main__":
    main()
