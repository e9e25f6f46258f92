"""Recipes to records: what a store has is read, what it lacks is trained, here or on a cluster."""

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import accumulate
from pathlib import Path

import torch

from residual.checkpoints import checkpoint, checkpoints, resume
from residual.data import load
from residual.describe import describe
from residual.errors import ReaderError, SweepError, check_integer, first_line
from residual.progress import GLANCE_SECONDS, Watch, estimate
from residual.provenance import computed_on, computing_with, pick_device, provenance, usable_cores
from residual.recipe import Recipe
from residual.store import Record, find, locked, own, prepare, put, write
from residual.train import Training, fit
from residual.workers import executor

ATTEMPTS = 3  # processes that a run may lose; it goes on from its checkpoint each time
GPU_JOBS = 4  # by default, since one of these networks leaves most of a GPU idle
SOON = 30.0  # seconds: a shorter sweep is done before other processes have started
BESIDE = 1.0  # seconds, at least, that a run takes beside its iterations: evaluation and probes


@dataclass(frozen=True)
class Options:
    """Where and how runs are trained.

    `runs` is the store that is read and written (None: the committed one is read first, then the
    reader's own, into which is trained), `data` the place of CIFAR-10 (None: `data_folder`),
    `jobs` the trainings at once (None: one a core on a CPU, four on a GPU, one if all are done
    within `SOON`), `scheduler` the address of a Dask scheduler whose workers train instead,
    `threads` the CPU threads of each (None: the cores, shared among the jobs),
    `checkpoint_seconds` the time between checkpoints.
    """

    device: str = "auto"
    runs: Path | None = None
    data: Path | None = None
    jobs: int | None = None
    scheduler: str | None = None
    threads: int | None = None
    checkpoint_seconds: float = 60.0


@dataclass(frozen=True)
class Outcome:
    """What became of one recipe: the record of its `run`, or the `error` that ended it.

    `trained` says whether it was trained now, or had been there.
    """

    recipe: Recipe
    run: Record | None
    error: Exception | None
    trained: bool


def train(
    recipe: Recipe,
    options: Options = Options(),
    progress: Callable[[int], None] = lambda done: None,
) -> Record:
    """The recipe's record: read if the store has it, else trained, from its last checkpoint.

    A process that asks for a run which another is training waits and reads. ParameterError for a
    device that is not there, DataError for data that are missing or damaged, StoreError when the
    store cannot be written, RecordError when the run's record is damaged.
    """
    device, root = pick_device(options.device), options.runs or own()
    data, folder = load(recipe.dataset, options.data), root / recipe.profile / recipe.name
    with computing_with(options.threads), locked(folder):
        if found := find(recipe, root):
            return found
        about, here, saved = provenance(device), computed_on(device), time.monotonic()
        training = Training(recipe, data, device)
        history = resume(training, folder)

        def save() -> None:
            nonlocal saved
            if time.monotonic() - saved > options.checkpoint_seconds:
                done = int(training.seen["done"])
                checkpoint(training, folder, [*history, {"until": done} | here])
                saved = time.monotonic()

        fit(training, save, progress)
        elsewhere = [part for part in history if part != {"until": part["until"]} | here]
        about["resumed_from"] = elsewhere
        about["seconds"] = round(float(training.seen["seconds"]), 3)
        content = {"recipe": asdict(recipe)} | describe(training) | {"provenance": about}
        weights = {n: t.contiguous().cpu() for n, t in training.model.state_dict().items()}
        run = write(content, root, weights)
        for path in checkpoints(folder):
            path.unlink(missing_ok=True)
    return run


def ensure(recipes: list[Recipe], options: Options = Options()) -> list[Record]:
    """The records of these recipes, in their order; those that are missing are trained.

    If runs failed, raises the error of the one that did, or a SweepError that names them all; the
    others are in the store.
    """
    made = sweep(recipes, options)
    failed = [o for o in made if o.error]
    if len({str(o.error) for o in failed}) > 1:
        reasons = "\n".join(f"{o.recipe.profile}/{o.recipe.name}: {o.error}" for o in failed)
        raise SweepError(f"{len(failed)} of {len(made)} runs failed.\n{reasons}")
    if failed:
        raise failed[0].error
    return [o.run for o in made]


def sweep(recipes: list[Recipe], options: Options = Options()) -> list[Outcome]:
    """An outcome for each recipe, in their order; a failed run does not stop the others.

    What is there is read; the rest is trained with one progress bar. An interruption stops all
    trainings, and the same call goes on from their checkpoints.
    """
    device = pick_device(options.device).type
    usual = GPU_JOBS if device == "cuda" else usable_cores()
    jobs = usual if options.jobs is None else options.jobs
    check_integer("jobs", jobs, 1, 256)
    outcomes = {recipe: look(recipe, options.runs) for recipe in recipes}
    missing = [recipe for recipe, outcome in outcomes.items() if outcome is None]
    jobs = min(jobs, len(missing)) or 1
    threads = max(1, usable_cores() // jobs) if options.threads is None else options.threads
    root = (options.runs or own()).absolute()
    given = replace(options, runs=root, threads=threads)
    if missing:
        prepare(root)
        made = [told(one, options.scheduler) for one in trained(missing, given, jobs)]
        outcomes |= dict(zip(missing, made))
    return [outcomes[recipe] for recipe in recipes]


def look(recipe: Recipe, root: Path | None) -> Outcome | None:
    """The outcome of a recipe that need not be trained: its run is there, or is damaged."""
    try:
        run = find(recipe, root) or (find(recipe, own()) if root is None else None)
    except ReaderError as error:
        return Outcome(recipe, None, error, trained=False)
    return run and Outcome(recipe, run, None, trained=False)


def trained(recipes: list[Recipe], options: Options, jobs: int) -> list[Outcome]:
    """Train all recipes: in this process one at a time, or in others."""
    seconds = [] if options.scheduler else expected(recipes, options)
    if options.jobs is None and 0 < sum(seconds) < SOON:
        jobs = 1  # with as many threads, so with the same bits, as `jobs` at once
    works = [recipe.iterations * recipe.depth for recipe in recipes]
    names = ", ".join(recipe.name for recipe in recipes[:3]) + ", …" * (len(recipes) > 3)
    what = "one network" if len(recipes) == 1 else f"{len(recipes)} networks"
    how_long = f"on the workers of {options.scheduler}."
    if not options.scheduler:
        how_long = estimate(seconds, jobs, options.threads, pick_device(options.device).type)
    with Watch(sum(works)) as watch:
        watch.say(f"Training {what} ({names}) into {options.runs}: {how_long}")
        if options.scheduler or jobs > 1:
            return elsewhere(recipes, options, jobs, watch)
        made = []
        for recipe, start in zip(recipes, accumulate(works, initial=0)):
            show = partial(watch.of, recipe, start)
            made.append(outcome(recipe, partial(train, recipe, options, show)))
            watch.ended(recipe, made[-1].run)
        return made


def elsewhere(recipes: list[Recipe], options: Options, jobs: int, watch: Watch) -> list[Outcome]:
    """Train all recipes in other processes; one that was ended from outside is tried again."""
    made: dict[Recipe, Outcome] = {}
    for _ in range(ATTEMPTS):
        left = [r for r in recipes if r not in made or isinstance(made[r].error, BrokenProcessPool)]
        if not left:
            break
        with executor(options.scheduler, jobs) as pool:
            futures = {submitted(pool, recipe, options): recipe for recipe in left}
            waited = set(futures)
            while waited:
                done, waited = wait(waited, GLANCE_SECONDS)
                for future, recipe in ((future, futures[future]) for future in done):
                    made[recipe] = outcome(recipe, partial(kept, recipe, future, options.runs))
                    if not isinstance(made[recipe].error, BrokenProcessPool):
                        watch.ended(recipe, made[recipe].run)
                watch.update(sum(r.depth * seen(r, options.runs) for r in recipes))
    return [made[recipe] for recipe in recipes]


def submitted(pool: Executor, recipe: Recipe, options: Options) -> Future:
    """The training of a recipe in the pool; a pool whose processes are gone gives its error."""
    try:
        return pool.submit(train_there, recipe, options)
    except BrokenProcessPool as error:
        future: Future = Future()
        future.set_exception(error)
        return future


def train_there(recipe: Recipe, options: Options) -> tuple[dict, bytes]:
    """Train one recipe where this is called; the record's content, and its weights' file."""
    run = train(recipe, options)
    return run.content, run.weights_file.read_bytes()


def kept(recipe: Recipe, future: Future, root: Path) -> Record:
    """The run of a finished future, brought into this store if it was trained into another."""
    result = future.result()
    return find(recipe, root) or put(*result, root)


def seen(recipe: Recipe, root: Path) -> int:
    """The iterations that another process is known to have done: those of its last checkpoint."""
    folder = root / recipe.profile / recipe.name
    if (folder / "record.json").is_file():
        return recipe.iterations
    return max((int(path.name.split("-")[1]) for path in checkpoints(folder)), default=0)


def outcome(recipe: Recipe, result: Callable[[], Record]) -> Outcome:
    """What became of a training, by what its result is or raises."""
    try:
        return Outcome(recipe, result(), None, trained=True)
    except Exception as error:
        return Outcome(recipe, None, error, trained=True)


def told(made: Outcome, scheduler: str | None) -> Outcome:
    """The same outcome, where an error that is no mistake of this code is one sentence."""
    error, reason = made.error, first_line(made.error)
    if error is None or isinstance(error, ReaderError):
        return made
    if isinstance(error, BrokenProcessPool):
        advice = (
            f"{ATTEMPTS} processes that trained it ended too soon, as where memory is short, "
            'or where a program that calls this lacks `if __name__ == "__main__":`; try one job at '
            "a time"
        )
    elif isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "out of memory" in reason:
        advice = f"there is not enough memory ({reason}); try one job at a time, or another device"
    elif scheduler:
        advice = (
            f"a worker of {scheduler} could not train it ({reason}); each worker needs this "
            "package, in this version, and the data set"
        )
    elif isinstance(error, (OSError, RuntimeError)):
        advice = f"this machine could not train it ({reason})"
    else:  # a mistake of this code, whose traceback tells most
        return made
    name = f"{made.recipe.profile}/{made.recipe.name}"
    found = SweepError(f"{name}: {advice}. What is in the store stays, and the rest goes on later.")
    found.__cause__ = error
    return replace(made, error=found)


def expected(recipes: list[Recipe], options: Options) -> list[float]:
    """About how many seconds each recipe takes, from two iterations of the first one.

    An empty list where they cannot be computed: the run itself will tell why.
    """
    first = recipes[0]
    try:
        with computing_with(options.threads):
            data = load(first.dataset, options.data)
            training = Training(first, data, pick_device(options.device))
            for begun in (time.monotonic() for _ in range(3)):
                float(training.step(*training.batch(0))[0])  # waits for the device
                seconds = time.monotonic() - begun
    except (ReaderError, RuntimeError, MemoryError, OSError):
        return []
    unit = seconds / first.depth / first.batch_size
    return [BESIDE + unit * r.depth * r.batch_size * r.iterations for r in recipes]
