"""Many recipes: what the store has is read, what it lacks is trained, here or elsewhere."""

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from residual import store
from residual.cluster import alone, cluster
from residual.data import data_folder
from residual.errors import RecordError, SweepError, check_integer
from residual.executors import Crew
from residual.executors import processes as processes_of
from residual.progress import Bar
from residual.provenance import pick_device
from residual.recipe import Recipe
from residual.threads import usable_cores
from residual.train import MOST_JOBS, Progress, train, train_together

GLANCE_SECONDS = 0.5  # how often the display is brought up to date
GPU_JOBS = 4  # by default, since one of these networks leaves most of a GPU idle


@dataclass(frozen=True)
class Outcome:
    """What became of one recipe: its run, or the error that ended it."""

    recipe: Recipe
    run: store.Record | None
    error: Exception | None
    trained: bool


@dataclass(frozen=True)
class Order:
    """How to train, in a form that another process or machine understands."""

    device: str
    root: Path
    data: Path
    threads: int | None
    allow_long: bool

    def train(self, recipe: Recipe, progress: Progress) -> tuple[store.Record, bytes]:
        """Train one recipe where this is called: the run, and the content of its weights' file."""
        how = self.threads, self.allow_long
        with alone():
            run = train(recipe, self.device, self.root, self.data, progress, *how)
        return run, (run.folder / "weights.safetensors").read_bytes()


def sweep(
    recipes: list[Recipe],
    device: str = "auto",
    root: Path | None = None,
    data: Path | None = None,
    jobs: int | None = None,
    scheduler: str | None = None,
    threads: int | None = None,
    allow_long: bool = False,
    processes: bool | None = None,
) -> list[Outcome]:
    """An outcome for each recipe, in their order; a failed run does not stop the others.

    `jobs` runs at once (None: `GPU_JOBS` on a GPU, else one), or as many as the Dask `scheduler`
    has workers. They take turns in this process, or with `processes` have one each (None: on a
    CPU). `threads` is each run's number of CPU threads, which the last bits of its numbers depend
    on; None takes the cores of this machine, divided by the processes. Shows one progress bar.
    """
    kind = "cluster" if scheduler else pick_device(device).type
    jobs = jobs if jobs is not None else GPU_JOBS if kind == "cuda" else 1
    check_integer("jobs", jobs, 1, MOST_JOBS)
    apart = jobs > 1 and (kind != "cuda" if processes is None else processes)
    found = {recipe: look(recipe, root) for recipe in recipes}
    missing = [recipe for recipe, outcome in found.items() if outcome is None]
    if missing:
        threads = threads or max(1, usable_cores() // (jobs if apart else 1))
        places = (root or store.own()).resolve(), (data or data_folder()).resolve()
        order = Order(device, *places, threads, allow_long)
        with Bar(missing) as bar:
            if apart or scheduler:
                made = elsewhere(missing, order, crew(jobs, scheduler), bar)
            else:
                made = here(missing, order, jobs, bar)
        found |= {outcome.recipe: outcome for outcome in made}
    return [found[recipe] for recipe in recipes]


def look(recipe: Recipe, root: Path | None) -> Outcome | None:
    """The outcome of a recipe that need not be trained: its run is there, or is damaged."""
    try:
        run = store.find(recipe, root)
        if run is None and root is None:
            run = store.find(recipe, store.own())
    except RecordError as error:
        return Outcome(recipe, None, error, trained=False)
    return run and Outcome(recipe, run, None, trained=False)


def here(recipes: list[Recipe], order: Order, jobs: int, bar: Bar) -> list[Outcome]:
    """Train all recipes in this process, so many in turn."""
    places, how = (order.device, order.root, order.data), (order.threads, order.allow_long)
    made = train_together(recipes, jobs, *places, bar, *how)
    return [outcome(recipe, future.result) for recipe, future in made]


def crew(jobs: int, scheduler: str | None) -> AbstractContextManager[Crew]:
    """Who trains elsewhere: a Dask cluster, or processes of this machine."""
    return cluster(scheduler) if scheduler else processes_of(jobs)


def elsewhere(
    recipes: list[Recipe], order: Order, crew: AbstractContextManager[Crew], bar: Bar
) -> list[Outcome]:
    """Train all recipes in other processes, and keep the bar up to date meanwhile.

    A run that was trained into another machine's store is brought into this one.
    """
    with crew as workers:
        submit, progress = workers.executor.submit, workers.progress
        futures = {submit(order.train, recipe, progress): recipe for recipe in recipes}
        pending, made = set(futures), []
        while pending:
            finished, pending = wait(pending, GLANCE_SECONDS, FIRST_COMPLETED)
            for recipe, done in workers.news():
                bar(recipe, done)
            for future in finished:
                result = partial(adopted, future, order.root)
                made.append(outcome(futures[future], result))
    return made


def adopted(future: Future, root: Path) -> store.Record:
    """The run of a finished future, in this machine's store."""
    return store.adopt(*future.result(), root)


def outcome(recipe: Recipe, result: Callable[[], store.Record]) -> Outcome:
    """What became of a training, by what its result is or raises."""
    try:
        return Outcome(recipe, result(), None, trained=True)
    except Exception as error:
        return Outcome(recipe, None, error, trained=True)


def ensure(
    recipes: list[Recipe],
    device: str = "auto",
    root: Path | None = None,
    data: Path | None = None,
    jobs: int | None = None,
    scheduler: str | None = None,
    threads: int | None = None,
    allow_long: bool = False,
    processes: bool | None = None,
) -> list[store.Record]:
    """The runs of these recipes, in their order; those that are missing are trained.

    Parameters as for `sweep`. If runs failed, raises the error of the one that did, or a
    SweepError that names them all; the others are in the store.
    """
    how = threads, allow_long, processes
    made = sweep(recipes, device, root, data, jobs, scheduler, *how)
    failed = [o for o in made if o.error]
    if len({str(o.error) for o in failed}) > 1:
        reasons = "\n".join(f"{o.recipe.profile}/{o.recipe.name}: {o.error}" for o in failed)
        raise SweepError(f"{len(failed)} of {len(made)} runs failed.\n{reasons}") from None
    if failed:
        raise failed[0].error
    return [o.run for o in made]
