"""What a sweep tells of its progress: a bar or lines, and how long it may take."""

import heapq
import sys
import time

from tqdm import tqdm

from residual.provenance import usable_cores
from residual.recipe import Recipe
from residual.store import Record

GLANCE_SECONDS = 1.0  # how often the bar is brought up to date
BAR = "{desc} {percentage:3.0f}% {bar} {elapsed} gone, {remaining} left"


class Watch:
    """A bar on a terminal or in a notebook. Elsewhere, such as in the file of a batch queue, lines:
    one at each tenth of the work, and one at the end of each run.

    Work is counted in iterations times layers.
    """

    def __init__(self, total: int) -> None:
        kernel = sys.modules.get("ipykernel.kernelapp")
        notebook = kernel is not None and kernel.IPKernelApp.initialized()
        self.lines = not sys.stderr.isatty() and not notebook
        how = {"bar_format": BAR, "mininterval": GLANCE_SECONDS, "leave": False}
        self.bar = tqdm(total=total, disable=self.lines, **how)
        self.total, self.tenth = total, 0
        self.begun, self.first = time.monotonic(), -1  # the work found done, by checkpoints

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def say(self, text: str) -> None:
        """Print a line at once, above the bar if there is one."""
        self.bar.write(text)
        sys.stdout.flush()

    def update(self, done: int, name: str = "") -> None:
        """Show how much is done, all in all, and which run is under way."""
        if name:
            self.bar.set_description_str(name, refresh=False)
        self.bar.update(done - self.bar.n)
        self.first = done if self.first < 0 else self.first
        tenth = 10 * done // self.total
        if self.lines and self.tenth < tenth < 10 and done > self.first:
            gone = time.monotonic() - self.begun
            left = gone * (self.total - done) / (done - self.first)
            self.say(f"{10 * tenth} % after {duration(gone)}, about {duration(left)} left.")
            self.tenth = tenth

    def of(self, recipe: Recipe, start: int, done: int) -> None:
        """Show that a recipe has done so many iterations, where `start` was done before it."""
        self.update(start + done * recipe.depth, recipe.name)

    def ended(self, recipe: Recipe, run: Record | None) -> None:
        """Say how a run ended: its record, or None if it failed."""
        if not self.lines:
            return
        name = f"{recipe.profile}/{recipe.name}"
        if run is None:
            return self.say(f"Failed: {name}.")
        found, seconds = run["metrics"], run["provenance"]["seconds"]
        if found["diverged_at"] is None:
            error = f"test error {found['test_error']:.2f} %"
        else:
            error = f"diverged at iteration {found['diverged_at']}"
        self.say(f"Ended: {name}, {error}, {duration(seconds)}.")


def estimate(seconds: list[float], jobs: int, threads: int | None, device: str) -> str:
    """About how long trainings of so many seconds each take on a device, in words."""
    if not seconds:
        return "no estimate without their data."
    places = [0.0] * jobs  # when each of the processes is free
    for each in seconds:
        heapq.heapreplace(places, places[0] + each)
    cores = usable_cores() / (threads or 1)  # of the CPU, for so many processes
    slower = max(1.0, jobs / max(1.0, cores)) if device == "cpu" else 1.0
    alone, total = duration(seconds[0] * slower), duration(max(places) * slower)
    return f"about {alone} for the first, {total} in all, {jobs} at once on {device}."


def duration(seconds: float) -> str:
    """A time in a unit that suits it; at least a second."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
