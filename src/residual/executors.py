"""Where the runs of a sweep are trained: one interface, that of `concurrent.futures`."""

import multiprocessing
import queue
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from residual.progress import Bar
from residual.recipe import Recipe
from residual.train import Progress

News = list[tuple[Recipe, int]]


@dataclass(frozen=True)
class Crew:
    """An executor, the progress to hand to its trainings, and what that has told us since."""

    executor: Executor
    progress: Progress
    news: Callable[[], News]


class InProcess(Executor):
    """Computes a call when it is submitted, in this process."""

    def submit(self, function: Callable, /, *arguments: object) -> Future:
        """A future that is done; Ctrl-C is not caught."""
        future: Future = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future


@dataclass(frozen=True)
class Reporter:
    """A progress that tells another process."""

    queue: queue.Queue

    def __call__(self, recipe: Recipe, done: int) -> None:
        self.queue.put((recipe, done))


@contextmanager
def this_process(bar: Bar) -> Iterator[Crew]:
    """One run after the other, here."""
    yield Crew(InProcess(), bar, list)


@contextmanager
def processes(jobs: int) -> Iterator[Crew]:
    """`jobs` runs at once, each in a process of its own; on one GPU they share it.

    When this process is interrupted they are ended too; what they have written is kept.
    """
    context = multiprocessing.get_context("spawn")
    before = set(multiprocessing.active_children())
    with context.Manager() as manager:
        told = manager.Queue()
        executor = ProcessPoolExecutor(jobs, context, initializer=end_on_interrupt)
        try:
            yield Crew(executor, Reporter(told), lambda: drain(told))
            executor.shutdown()
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            for child in set(multiprocessing.active_children()) - before:
                child.terminate()
            raise


def end_on_interrupt() -> None:
    """Let Ctrl-C end this process at once and without a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def drain(told: queue.Queue) -> News:
    """What a queue holds, without waiting."""
    news: News = []
    while True:
        try:
            news.append(told.get_nowait())
        except queue.Empty:
            return news
