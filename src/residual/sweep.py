"""Many recipes: what the store has is read, what it lacks is trained, here or elsewhere."""

from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from residual import runs
from residual.cluster import alone, cluster
from residual.errors import SweepError
from residual.executors import Crew, processes, this_process
from residual.parameters import check_integer
from residual.paths import data_folder, runs_folder
from residual.progress import Bar
from residual.provenance import pick_device
from residual.recipe import Recipe
from residual.threads import usable_cores
from residual.train import Progress, train

GLANCE_SECONDS = 0.5  # how often the display is brought up to date


@dataclass(frozen=True)
class Outcome:
    """What became of one recipe: its run, or the error that ended it."""

    recipe: Recipe
    run: runs.Run | None
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

    def train(self, recipe: Recipe, progress: Progress) -> tuple[runs.Run, bytes]:
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
    jobs: int = 1,
    scheduler: str | None = None,
    threads: int | None = None,
    allow_long: bool = False,
) -> list[Outcome]:
    """An outcome for each recipe, in their order; a failed run does not stop the others.

    `jobs` runs at once in processes of their own, or as many as the Dask `scheduler` has workers.
    `threads` is each run's number of CPU threads, which the last bits of its numbers depend on;
    None takes the cores of this machine, divided by `jobs`. Shows one progress bar.
    """
    check_integer("jobs", jobs, 1, 256)
    if not scheduler:
        pick_device(device)
    found = {recipe: look(recipe, root) for recipe in recipes}
    missing = [recipe for recipe, outcome in found.items() if outcome is None]
    if missing:
        threads = threads or max(1, usable_cores() // jobs)
        places = (root or runs_folder()).resolve(), (data or data_folder()).resolve()
        order = Order(device, *places, threads, allow_long)
        with Bar(missing) as bar, crew(jobs, scheduler, bar) as workers:
            found |= {o.recipe: o for o in outcomes(missing, order, workers, bar)}
    return [found[recipe] for recipe in recipes]


def look(recipe: Recipe, root: Path | None) -> Outcome | None:
    """The outcome of a recipe that need not be trained: its run is there, or is damaged."""
    try:
        run = runs.find(recipe, root)
    except runs.RecordError as error:
        return Outcome(recipe, None, error, trained=False)
    return run and Outcome(recipe, run, None, trained=False)


def crew(jobs: int, scheduler: str | None, bar: Bar) -> AbstractContextManager[Crew]:
    """Who trains: a Dask cluster, processes, or this process."""
    if scheduler:
        return cluster(scheduler)
    return processes(jobs) if jobs > 1 else this_process(bar)


def outcomes(recipes: list[Recipe], order: Order, workers: Crew, bar: Bar) -> list[Outcome]:
    """Train all recipes, and keep the bar up to date meanwhile."""
    futures = {
        workers.executor.submit(order.train, recipe, workers.progress): recipe for recipe in recipes
    }
    pending, made = set(futures), []
    while pending:
        finished, pending = wait(pending, GLANCE_SECONDS, FIRST_COMPLETED)
        for recipe, done in workers.news():
            bar(recipe, done)
        made += [outcome(futures[future], future, order.root) for future in finished]
    return made


def outcome(recipe: Recipe, future: Future, root: Path) -> Outcome:
    """What a finished future says; a run that was trained elsewhere is brought into the store."""
    try:
        return Outcome(recipe, runs.adopt(*future.result(), root), None, trained=True)
    except Exception as error:
        return Outcome(recipe, None, error, trained=True)


def ensure(
    recipes: list[Recipe],
    device: str = "auto",
    root: Path | None = None,
    data: Path | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
    threads: int | None = None,
    allow_long: bool = False,
) -> list[runs.Run]:
    """The runs of these recipes, in their order; those that are missing are trained.

    Parameters as for `sweep`. If runs failed, raises the error of the one that did, or a
    SweepError that names them all; the others are in the store.
    """
    made = sweep(recipes, device, root, data, jobs, scheduler, threads, allow_long)
    failed = [o for o in made if o.error]
    if len({str(o.error) for o in failed}) > 1:
        reasons = "\n".join(f"{o.recipe.profile}/{o.recipe.name}: {o.error}" for o in failed)
        raise SweepError(f"{len(failed)} of {len(made)} runs failed.\n{reasons}") from None
    if failed:
        raise failed[0].error
    return [o.run for o in made]
