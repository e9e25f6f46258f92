"""The processes that train beside this one: of this machine, or the workers of a Dask scheduler."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager

from residual.errors import ParameterError, first_line


@contextmanager
def executor(scheduler: str | None, jobs: int) -> Iterator[Executor]:
    """Processes of this machine, or the workers of a Dask scheduler.

    An interruption ends the processes at once; what they have written is kept.
    """
    if scheduler:
        with cluster(scheduler) as client:
            yield client.get_executor(pure=False)
        return
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), end_in_time)
    try:
        yield pool
        pool.shutdown()
    except BaseException:
        for child in set(multiprocessing.active_children()) - others:
            child.terminate()
        pool.shutdown(wait=False, cancel_futures=True)
        raise


def end_in_time() -> None:
    """Let this process end at once with Ctrl-C, and with the process that started it.

    Without the second, workers of a killed process would wait for ever: they hold each other's
    pipes open.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)

    def follow() -> None:
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def cluster(address: str):
    """A client of the Dask scheduler at an address such as tcp://host:8786.

    Start its workers with one thread each. ParameterError if Dask is not installed or no scheduler
    answers.
    """
    try:
        from distributed import Client

        return Client(address, timeout=10)
    except ImportError as error:
        advice = "it needs Dask: pip install distributed"
        raise ParameterError("scheduler", address, advice) from error
    except Exception as error:  # an address has many ways to be wrong
        advice = f"no Dask scheduler answers there ({first_line(error)}); start one with `dask "
        raise ParameterError("scheduler", address, advice + "scheduler`") from error
