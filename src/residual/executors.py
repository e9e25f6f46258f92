"""Processes that train the runs of a sweep: one interface, that of `concurrent.futures`."""

import multiprocessing
import queue
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass

from residual.errors import WorkerError
from residual.recipe import Recipe
from residual.train import Progress

ATTEMPTS = 3  # processes that a call may cost; a run goes on from its checkpoint each time

News = list[tuple[Recipe, int]]


@dataclass(frozen=True)
class Crew:
    """An executor, the progress to hand to its trainings, and what that has told us since."""

    executor: Executor
    progress: Progress
    news: Callable[[], News]


@dataclass(frozen=True)
class Reporter:
    """A progress that tells another process."""

    queue: queue.Queue

    def __call__(self, recipe: Recipe, done: int) -> None:
        self.queue.put((recipe, done))


class Processes(Executor):
    """So many calls at once, each in a process of its own, which is replaced when it dies.

    A pool of several processes ends with any of them; here each thread looks after a pool of one,
    so that the others go on, and the call that lost its process is known and tried again.
    """

    def __init__(self, jobs: int, context: multiprocessing.context.BaseContext) -> None:
        self.context, self.own = context, threading.local()
        self.threads, self.ending = ThreadPoolExecutor(jobs), False
        self.pools: list[ProcessPoolExecutor] = []
        self.changing = threading.Lock()  # no process starts while all of them are ended
        self.others = set(multiprocessing.active_children())

    def submit(self, function: Callable, /, *arguments: object) -> Future:
        """A future of the call; WorkerError in it if `ATTEMPTS` processes died of it."""
        return self.threads.submit(self.insist, function, arguments)

    def insist(self, function: Callable, arguments: tuple) -> object:
        """The result of a call, made again if its process dies."""
        for _ in range(ATTEMPTS):
            try:
                return self.begin(function, arguments).result()
            except BrokenProcessPool:
                self.own.pool = None
        raise WorkerError(
            f"Its process was ended from outside {ATTEMPTS} times, most likely for want of memory: "
            "train fewer networks at once (--jobs), then give the same command again; it goes on "
            "from its last checkpoint."
        )

    def begin(self, function: Callable, arguments: tuple) -> Future:
        """Hand a call to this thread's process, a new one if there is none."""
        with self.changing:
            if self.ending:
                raise WorkerError("It was not trained, since the sweep was ended.")
            if not getattr(self.own, "pool", None):
                self.own.pool = ProcessPoolExecutor(1, self.context, end_on_interrupt)
                self.pools.append(self.own.pool)
            return self.own.pool.submit(function, *arguments)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Begin no other call, and end the processes once theirs are done."""
        self.threads.shutdown(wait, cancel_futures=cancel_futures)
        for pool in self.pools:
            pool.shutdown(wait, cancel_futures=cancel_futures)

    def end(self) -> None:
        """End all processes at once; what they have written is kept."""
        with self.changing:
            self.ending = True
            for child in set(multiprocessing.active_children()) - self.others:
                child.terminate()
        self.shutdown(wait=False, cancel_futures=True)


@contextmanager
def processes(jobs: int) -> Iterator[Crew]:
    """`jobs` runs at once, each in a process of its own; on one GPU they share it.

    When this process is interrupted they are ended too; what they have written is kept.
    """
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        told, executor = manager.Queue(), Processes(jobs, context)
        try:
            yield Crew(executor, Reporter(told), lambda: drain(told))
            executor.shutdown()
        except BaseException:
            executor.end()
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
