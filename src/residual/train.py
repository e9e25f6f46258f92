"""Training a recipe: `train(recipe) -> Run`. The one training loop.

    python -m residual.train --profile paper --kind residual --depth 56 --seed 0

needs only torch, torchvision, numpy and safetensors.
"""

import argparse
import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch

from residual import graph, runs
from residual.checkpoint import Checkpoint, load_checkpoint, remove_checkpoints, save_checkpoint
from residual.data import DataError, load
from residual.describe import describe
from residual.errors import EngineError, TrainingError
from residual.estimate import refuse_long
from residual.files import locked
from residual.parameters import ParameterError
from residual.provenance import DEVICES, computed_on, pick_device, provenance
from residual.recipe import KINDS, PROFILES, Recipe, recipes
from residual.threads import computing_with
from residual.trainer import LOG_POINTS, Trainer

CHECKPOINT_SECONDS = 60.0

Progress = Callable[[Recipe, int], None]
"""Called now and then with the recipe and the number of iterations done."""

log = logging.getLogger(__name__)


def silent(recipe: Recipe, done: int) -> None:
    """The progress that shows nothing."""


@dataclass(frozen=True)
class Keeper:
    """Where a training's checkpoints go, how often, what this process computes on, and what the
    parts before it were computed on."""

    folder: Path
    seconds: float
    here: dict
    history: list[dict]

    def keep(self, trainer: Trainer) -> None:
        """Write a checkpoint."""
        done = int(trainer.iteration)
        history = [*self.history, {"until": done} | self.here]
        save_checkpoint(self.folder, done, Checkpoint(trainer.state(), history))


def train(
    recipe: Recipe,
    device: str = "auto",
    root: Path | None = None,
    data: Path | None = None,
    progress: Progress = silent,
    threads: int | None = None,
    allow_long: bool = False,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
) -> runs.Run:
    """The recipe's run: trained, from its checkpoint if there is one, unless the store has it.

    `root` is the store of runs, `data` the folder of CIFAR-10, `threads` the number of CPU
    threads (None: one a core). A process that asks for a run which another is training waits and
    reads. ParameterError for a device that is not there and for a run of many hours that was not
    allowed, DataError for data that are missing or damaged, StoreError when the store cannot be
    written, TrainingError when memory runs out, RecordError when the run's record is damaged.
    """
    started = datetime.now(UTC).isoformat(timespec="seconds")
    target, dataset = pick_device(device), load(recipe.dataset, data)
    folder = runs.folder_of(recipe, root)
    with computing_with(threads), locked(folder), enough_memory(recipe, target):
        if run := runs.find(recipe, root):
            return run
        trainer = Trainer(recipe, dataset, target)
        here = computed_on(target)
        history = resume(trainer, folder, here)
        if not allow_long:
            refuse_long(trainer)
        fit(trainer, Keeper(folder, checkpoint_seconds, here, history), progress)
        record = describe(trainer)
        images, seconds = int(trainer.iteration) * recipe.batch_size, float(trainer.seconds)
        record["provenance"] = provenance(target, started, seconds, images, history)
        weights = {n: t.contiguous().cpu() for n, t in trainer.model.state_dict().items()}
        run = runs.write(recipe, record, weights, root)
        remove_checkpoints(folder)
    return run


def resume(trainer: Trainer, folder: Path, here: dict) -> list[dict]:
    """Put the trainer where its newest good checkpoint is.

    Gives what the parts of the way to it were computed on, where that was not as `here`.
    """
    checkpoint = load_checkpoint(folder)
    if checkpoint is None:
        return []
    try:
        trainer.restore(checkpoint.state)
    except ValueError as error:
        log.warning("%s starts from the beginning: %s.", trainer.recipe.name, error)
        return []
    return [part for part in checkpoint.history if part != {"until": part["until"]} | here]


@contextmanager
def enough_memory(recipe: Recipe, device: torch.device) -> Iterator[None]:
    """Turns the several ways of running out of memory into one TrainingError with advice."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        known = isinstance(error, (MemoryError, torch.OutOfMemoryError))
        if not known and "can't allocate memory" not in str(error):
            raise
        raise TrainingError(
            f"{recipe.profile}/{recipe.name} does not fit into the memory of {device.type}: end "
            "what else uses it, train fewer networks at once (--jobs) or a shallower one, then "
            "give the same command again; it goes on from its last checkpoint."
        ) from error


def fit(trainer: Trainer, keeper: Keeper, progress: Progress) -> None:
    """Iterate to the end of the recipe, or until the loss is no longer finite."""
    done, saved, step = int(trainer.iteration), time.monotonic(), None
    if not done:
        trainer.observe_gradients(0)
    for stop in [point for point in trainer.recipe.points(LOG_POINTS) if point > done]:
        begun = time.monotonic()
        trainer.visit(done, stop)
        step = step or graph.iteration(trainer)
        for _ in range(done, stop):
            step()
        finite = trainer.losses[done:stop].isfinite().all()  # the device is waited for here
        trainer.seconds += time.monotonic() - begun
        done = stop
        progress(trainer.recipe, done)
        if not finite:
            return
        if done in trainer.evaluations:
            trainer.observe(trainer.evaluations.index(done))
        if time.monotonic() - saved > keeper.seconds:
            keeper.keep(trainer)
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
    parser.add_argument("--threads", type=int, help="CPU threads (default: one a core)")
    parser.add_argument("--long", action="store_true", help="allow a run of many hours")
    parser.add_argument("--checkpoint-seconds", type=float, default=CHECKPOINT_SECONDS)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        cell = [given.kind], [given.depth], [given.seed]
        (recipe,) = recipes(given.profile, *cell, given.iterations)
        if run := runs.find(recipe, given.runs):
            print(f"{run.name} is there already")
            return
        places = given.device, given.runs, given.data, print_progress
        run = train(recipe, *places, given.threads, given.long, given.checkpoint_seconds)
    except (ParameterError, DataError, runs.RecordError, EngineError) as error:
        sys.exit(str(error))
    print(f"{run.name}: {run['metrics']}")


def print_progress(recipe: Recipe, done: int) -> None:
    """A line at each log point."""
    print(f"{recipe.name}: {done}/{recipe.iterations} iterations", flush=True)


if __name__ == "__main__":
    main()
