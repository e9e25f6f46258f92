"""Dask distributed as an executor for sweeps over several machines (`residual[cluster]`)."""

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from residual.errors import ParameterError
from residual.executors import Crew, drain
from residual.recipe import Recipe

TOPIC = "residual-progress"
CONNECT_SECONDS = 10


@contextmanager
def cluster(address: str) -> Iterator[Crew]:
    """The workers of the Dask scheduler at an address such as tcp://host:8786.

    A run whose worker dies goes to another one, where it continues from its checkpoint if the
    store is shared. ParameterError if Dask is not installed or no scheduler answers.
    """
    try:
        from distributed import Client
    except ImportError as error:
        advice = "it needs Dask: pip install 'identity-by-default[cluster]'"
        raise ParameterError("scheduler", address, advice) from error
    try:
        client = Client(address, timeout=CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        advice = "no Dask scheduler answers there; start one with `dask scheduler`"
        raise ParameterError("scheduler", address, advice) from error
    told: queue.SimpleQueue = queue.SimpleQueue()
    with client:
        client.subscribe_topic(TOPIC, lambda event: told.put(unpack(event[1])))
        executor = client.get_executor(pure=False)
        try:
            yield Crew(executor, report, lambda: drain(told))
        except BaseException:
            executor.shutdown(wait=False)
            raise


def report(recipe: Recipe, done: int) -> None:
    """The progress of a training on a worker: an event that the scheduler passes on."""
    from distributed import get_worker

    get_worker().log_event(TOPIC, {"recipe": asdict(recipe), "done": done})


def unpack(event: dict) -> tuple[Recipe, int]:
    """Recipe and iterations of an event."""
    return Recipe(**event["recipe"]), event["done"]


@contextmanager
def alone() -> Iterator[None]:
    """One training at a time in a Dask worker, which may have several threads; else nothing."""
    try:
        from distributed import Lock, get_worker

        worker = get_worker()
    except (ImportError, ValueError):
        yield
        return
    with Lock(f"residual-{worker.address}"):
        yield
