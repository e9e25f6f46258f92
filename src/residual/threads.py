"""How many threads a training computes with: the last bits of its numbers depend on it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from residual.allocation import keep_memory
from residual.errors import check_integer

CPUS = Path("/sys/devices/system/cpu")


def usable_cores() -> int:
    """The cores that this process may use; two hardware threads of one core count once."""
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    usable = os.sched_getaffinity(0)
    shared = [CPUS / f"cpu{number}" / "topology" / "thread_siblings_list" for number in usable]
    if all(path.is_file() for path in shared):
        return len({path.read_text() for path in shared})
    return len(usable)


@contextmanager
def computing_with(threads: int | None) -> Iterator[None]:
    """Compute with so many threads (None: a thread a usable core), and go back afterwards.

    Set here because others set it too: a Dask worker, say, starts with OMP_NUM_THREADS=1. Who
    computes keeps its memory from here on (`keep_memory`).
    ParameterError unless it is None or from 1 to 1024.
    """
    if threads is not None:
        check_integer("threads", threads, 1, 1024)
    keep_memory()
    before = torch.get_num_threads()
    torch.set_num_threads(threads or usable_cores())
    try:
        yield
    finally:
        torch.set_num_threads(before)
