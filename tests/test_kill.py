"""kill -9 of a real training at random moments: resumed, it is the same run to the last bit."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from residual import store
from residual.recipe import Recipe, recipes

(RECIPE,) = recipes("quick", ["residual"], [8], [3], 24)
ARGUMENTS = ["--depth=8", "--seed=3", "--iterations=24", "--threads=1", "--checkpoint-seconds=0"]
SLOW_WRITES = """
import os, runpy, sys, time
real = os.fsync
def fsync(handle):
    print("writes", flush=True)
    time.sleep(0.2)
    real(handle)
os.fsync = fsync
sys.argv[0] = "residual.train"
runpy.run_module("residual.train", run_name="__main__")
"""


def start(root: Path, slow_writes: bool = False) -> subprocess.Popen:
    """A process that trains the run and writes a checkpoint at each of its 24 iterations."""
    program = ["-c", SLOW_WRITES] if slow_writes else ["-m", "residual.train"]
    command = [sys.executable, *program, *ARGUMENTS, "--runs", str(root)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def complete(root: Path) -> store.Record:
    """The run, trained to its end by a process of its own."""
    with start(root) as process:
        process.communicate()
    assert process.returncode == 0
    return store.find(RECIPE, root)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> store.Record:
    """The run without an interruption."""
    return complete(tmp_path_factory.mktemp("whole"))


def kill_at_line(process: subprocess.Popen, word: str, count: int, delay: float) -> None:
    """Kill the process some seconds after its count-th line that holds the word."""
    with process:
        for line in process.stdout:
            count -= word in line
            if not count:
                break
        time.sleep(delay)
        process.kill()


def assert_same(run: store.Record, whole: store.Record) -> None:
    """Both records, but for the clock and the machine, and both files of weights are equal."""
    clock = {"provenance", "digest"}
    for key in whole.content.keys() - clock:
        assert run[key] == whole[key], key
    names = [(r.folder / "weights.safetensors").read_bytes() for r in (run, whole)]
    assert names[0] == names[1]


def check(seed: int, root: Path, whole: store.Record) -> None:
    """Kill at a random moment (every third time while a file is written), then finish."""
    chance = random.Random(seed)
    during_write = seed % 3 == 2
    word, delay = ("writes", chance.uniform(0, 0.2)) if during_write else ("/24 ", 0.0)
    line = chance.randrange(2, 10 if during_write else 24)
    kill_at_line(start(root, during_write), word, line, delay or chance.uniform(0, 0.02))
    folder = store.folder_of(RECIPE, root)
    assert list(folder.glob("checkpoint-*")) or (folder / "record.json").is_file()
    run = complete(root)
    assert run["provenance"]["resumed_from"] == []
    assert_same(run, whole)
    assert {path.name for path in folder.iterdir()} <= {
        "record.json",
        "weights.safetensors",
        "run.lock",
    }


@pytest.mark.parametrize("seed", range(3))
def test_killed_and_resumed(seed, tmp_path, whole):
    check(seed, tmp_path, whole)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3, 25))
def test_killed_and_resumed_often(seed, tmp_path, whole):
    check(seed, tmp_path, whole)


def test_of_two_processes_one_trains_and_the_other_reads(tmp_path, whole):
    first, second = start(tmp_path), start(tmp_path)
    lines = [process.communicate()[0].count("iterations") for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0)
    assert sorted(lines) == [0, 24]
    assert_same(store.find(RECIPE, tmp_path), whole)


def test_the_recipe_here_is_the_one_that_is_killed():
    assert Recipe("quick", "residual", 8, 3, "digits", 24) == RECIPE
