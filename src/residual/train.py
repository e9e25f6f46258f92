"""Training a recipe: `train(recipe) -> Run`. The one training loop.

    python -m residual.train --profile paper --kind residual --depth 56 --seed 0

needs only torch, torchvision, numpy and safetensors.
"""

import argparse
import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import torch

from residual import graph, store
from residual.checkpoint import remove_checkpoints
from residual.data import load
from residual.describe import describe
from residual.errors import DataError, EngineError, ParameterError, RecordError, check_integer
from residual.estimate import refuse_long
from residual.files import lockable, own
from residual.keeper import Keeper, resume
from residual.memory import enough_memory
from residual.provenance import DEVICES, computed_on, pick_device, provenance
from residual.recipe import KINDS, PROFILES, Recipe, recipes
from residual.threads import computing_with
from residual.trainer import LOG_POINTS, Trainer
from residual.turns import Work, always, in_turn

CHECKPOINT_SECONDS = 60.0
MOST_JOBS = 256

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
    threads: int | None = None,
    allow_long: bool = False,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
) -> store.Record:
    """The recipe's run: trained, from its checkpoint if there is one, unless the store has it.

    `root` is the store of runs, `data` the folder of CIFAR-10, `threads` the number of CPU
    threads (None: one a core). A process that asks for a run which another is training waits and
    reads. ParameterError for a device that is not there and for a run of many hours that was not
    allowed, DataError for data that are missing or damaged, StoreError when the store cannot be
    written, TrainingError when memory runs out, RecordError when the run's record is damaged.
    """
    how = device, root, data, progress, threads, allow_long, checkpoint_seconds
    ((_, future),) = train_together([recipe], 1, *how)
    return future.result()


def train_together(
    recipes: Sequence[Recipe],
    at_once: int,
    device: str = "auto",
    root: Path | None = None,
    data: Path | None = None,
    progress: Progress = silent,
    threads: int | None = None,
    allow_long: bool = False,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
) -> Iterator[tuple[Recipe, Future]]:
    """Each recipe with its run, or its error, in a future that is done; in order of their ends.

    `at_once` of them take turns in this process, iteration by iteration: on CUDA each on a stream
    of its own, so that small networks fill a GPU together. Each has its own lock, checkpoints and
    record, the same as if it were trained alone; one that fails does not stop the others.
    """
    check_integer("jobs", at_once, 1, MOST_JOBS)
    target = pick_device(device)
    how = target, root, data, progress, allow_long, checkpoint_seconds
    with computing_with(threads):
        works = {recipe: training(recipe, *how) for recipe in recipes}
        yield from in_turn(works, graph.lanes(target, min(at_once, len(works))))


def training(
    recipe: Recipe,
    target: torch.device,
    root: Path | None,
    data: Path | None,
    progress: Progress,
    allow_long: bool,
    checkpoint_seconds: float,
) -> Work[store.Record]:
    """A recipe's run, as a piece of work that takes turns with others."""
    started = datetime.now(UTC).isoformat(timespec="seconds")
    dataset, folder = (
        load(recipe.dataset, data),
        (root or store.own()) / recipe.profile / recipe.name,
    )
    with lockable(folder) as lock, enough_memory(f"{recipe.profile}/{recipe.name}", target):
        yield from own(lock)
        if run := store.find(recipe, root or store.own()):
            return run
        trainer = Trainer(recipe, dataset, target)
        here = computed_on(target)
        history = resume(trainer, folder, here)
        if not allow_long:
            refuse_long(trainer)
        yield from fit(trainer, Keeper(folder, checkpoint_seconds, here, history), progress)
        record = describe(trainer)
        images, seconds = int(trainer.iteration) * recipe.batch_size, float(trainer.seconds)
        record["provenance"] = provenance(target, started, seconds, images, history)
        weights = {n: t.contiguous().cpu() for n, t in trainer.model.state_dict().items()}
        run = store.write({"recipe": asdict(recipe)} | record, root or store.own(), weights)
        remove_checkpoints(folder)
    return run


def fit(trainer: Trainer, keeper: Keeper, progress: Progress) -> Work[None]:
    """Iterate to the end of the recipe, or until the loss is no longer finite.

    Others may take a turn before each iteration, and while the device works on the last of those
    that it was told: their losses are read when it is done.
    """
    done, saved, step = int(trainer.iteration), time.monotonic(), None
    if not done:
        trainer.observe_gradients(0)
    for stop in [point for point in trainer.recipe.points(LOG_POINTS) if point > done]:
        begun = time.monotonic()
        trainer.visit(done, stop)
        step = step or graph.iteration(trainer)
        for _ in range(done, stop):
            yield always
            step()
        yield graph.arrival(trainer.device)
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
        if run := store.find(recipe, given.runs):
            print(f"{run.name} is there already")
            return
        places = given.device, given.runs, given.data, print_progress
        run = train(recipe, *places, given.threads, given.long, given.checkpoint_seconds)
    except (ParameterError, DataError, RecordError, EngineError) as error:
        sys.exit(str(error))
    print(f"{run.name}: {run['metrics']}")


def print_progress(recipe: Recipe, done: int) -> None:
    """A line at each log point."""
    print(f"{recipe.name}: {done}/{recipe.iterations} iterations", flush=True)


if __name__ == "__main__":
    main()
