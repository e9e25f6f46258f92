"""Processes of a sweep that die: replaced, and their calls made again, but not for ever."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from residual.errors import WorkerError
from residual.executors import ATTEMPTS, Processes

CONTEXT = multiprocessing.get_context("spawn")


def dies(folder: Path, times: int) -> int:
    """Note the process, kill it the first so many times, then say how many there were."""
    (folder / str(os.getpid())).touch()
    if len(list(folder.iterdir())) <= times:
        os.kill(os.getpid(), signal.SIGKILL)
    return len(list(folder.iterdir()))


@pytest.fixture
def workers():
    """Two calls at once; no process outlives them."""
    executor = Processes(2, CONTEXT)
    yield executor
    executor.end()


def test_a_call_outlives_its_process_and_the_others_do_not_notice(workers, tmp_path):
    (tmp_path / "a").mkdir()
    killed = workers.submit(dies, tmp_path / "a", 1)
    others = [workers.submit(pow, 2, i) for i in range(6)]
    assert [other.result(60) for other in others] == [2**i for i in range(6)]
    assert killed.result(60) == 2


def test_a_call_that_always_loses_its_process_fails_and_the_next_does_not(workers, tmp_path):
    fatal = workers.submit(dies, tmp_path, 1000)
    with pytest.raises(WorkerError, match=r"--jobs.*checkpoint"):
        fatal.result(120)
    assert len(list(tmp_path.iterdir())) == ATTEMPTS
    assert workers.submit(abs, -3).result(60) == 3


def test_an_error_is_no_death(workers):
    with pytest.raises(ValueError, match="invalid literal"):
        workers.submit(int, "x").result(60)


def test_when_all_are_ended_none_is_replaced(workers):
    sleeping = [workers.submit(time.sleep, 600) for _ in range(3)]
    while len(workers.pools) < 2:
        time.sleep(0.01)
    workers.end()
    for future in sleeping[:2]:
        with pytest.raises(WorkerError, match="ended"):
            future.result(60)
    assert sleeping[2].cancelled()
