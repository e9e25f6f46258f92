"""Sweeps: one interface for this process, several processes and a Dask cluster."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from residual import store
from residual.errors import ParameterError, SweepError
from residual.recipe import Recipe, recipes
from residual.sweep import ensure, sweep


@pytest.fixture(autouse=True)
def interruptible(on_interrupt):
    """Ctrl-C interrupts, also where the tests were started in the background, which ignores it."""
    on_interrupt(signal.default_int_handler)


def tiny(seeds: list[int], iterations: int = 6) -> list[Recipe]:
    """Networks of depth 8 that train in a second."""
    return recipes("quick", ["residual"], [8], seeds, iterations)


def wait_for_a_lock(root: Path, seconds: float = 60) -> None:
    """Until a training has begun in a store; AssertionError if none does."""
    end = time.monotonic() + seconds
    while not list(root.glob("*/*/run.lock")):
        assert time.monotonic() < end, f"no training began in {root}"
        time.sleep(0.01)


def stripped(run: store.Record) -> dict:
    """A record without what depends on the clock or the machine."""
    return {k: v for k, v in run.content.items() if k not in ("provenance", "digest")}


def test_reads_what_is_there_and_trains_the_rest(tmp_path):
    (first,) = sweep(tiny([0]), root=tmp_path)
    again = sweep(tiny([1, 0]), root=tmp_path)
    assert [o.recipe.seed for o in again] == [1, 0]
    assert [o.trained for o in again] == [True, False]
    assert again[1].run.content == first.run.content


def test_goes_on_past_a_failed_run(tmp_path):
    (folder,) = [tmp_path / "quick" / r.name for r in tiny([0])]
    folder.mkdir(parents=True)
    (folder / "record.json").write_text("{")
    made = sweep(tiny([0, 1]), root=tmp_path)
    assert isinstance(made[0].error, RecordError)
    assert made[0].run is None
    assert made[1].error is None
    assert 0 <= made[1].run["metrics"]["test_error"] <= 100


def test_ensure_raises_the_one_error_or_names_them_all(tmp_path):
    for recipe in tiny([0, 1]):
        (tmp_path / "quick" / recipe.name).mkdir(parents=True)
        (tmp_path / "quick" / recipe.name / "record.json").write_text("{")
    with pytest.raises(RecordError, match="s0"):
        ensure(tiny([0]), root=tmp_path)
    with pytest.raises(SweepError, match=r"2 of 2 runs failed(.|\n)*s0(.|\n)*s1"):
        ensure(tiny([0, 1]), root=tmp_path)


@pytest.mark.parametrize("jobs", [0, -1, 1.5, True, "2"])
def test_jobs_is_a_positive_integer(jobs, tmp_path):
    with pytest.raises(ParameterError, match="jobs"):
        sweep(tiny([0]), root=tmp_path, jobs=jobs)
    assert not list(tmp_path.iterdir())


def test_errors_travel_between_processes():
    import pickle

    error = ParameterError("depths", 21, "a depth is 6n+2")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_processes_give_the_same_records(tmp_path):
    here = ensure(tiny([0, 1]), root=tmp_path / "here", threads=1)
    there = ensure(tiny([0, 1]), root=tmp_path / "there", threads=1, jobs=2)
    assert [stripped(run) for run in here] == [stripped(run) for run in there]
    assert all(run["provenance"]["threads"] == 1 for run in there)


def test_a_killed_process_costs_time_and_nothing_else(tmp_path):
    wanted = tiny([0, 1, 2], iterations=60)
    here = ensure(wanted, root=tmp_path / "here", threads=1)
    before, killed = set(multiprocessing.active_children()), []

    def kill_one():
        wait_for_a_lock(tmp_path / "there")
        workers = [c for c in multiprocessing.active_children() if "Spawn" in c.name]
        killed.append(next(c.pid for c in workers if c not in before))
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    there = ensure(wanted, root=tmp_path / "there", threads=1, jobs=2)
    killer.join()
    assert killed
    assert [stripped(run) for run in here] == [stripped(run) for run in there]


def test_an_unknown_scheduler_is_one_sentence(tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("residual.cluster.CONNECT_SECONDS", 1)
    with pytest.raises(ParameterError, match=r"scheduler: 'tcp://127\.0\.0\.1:9'"):
        sweep(tiny([0]), root=tmp_path, scheduler="tcp://127.0.0.1:9")


@pytest.fixture
def dask(tmp_path):
    """A scheduler and two workers with their nannies, as processes on loopback: its address."""
    pytest.importorskip("distributed")
    file = tmp_path / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    command = [sys.executable, "-m", "dask"]
    common = ["--no-dashboard", "--scheduler-file", str(file)]
    worker = ["worker", *common, "--nworkers", "1", "--nthreads", "1", "--host", "127.0.0.1"]
    places = ["--local-directory", str(tmp_path / "scratch")]
    started = [
        subprocess.Popen(
            [*command, "scheduler", *common, "--host", "127.0.0.1", "--port", "0"], **quiet
        )
    ]
    started += [subprocess.Popen([*command, *worker, *places], **quiet) for _ in range(2)]
    from distributed import Client

    with Client(scheduler_file=str(file), timeout=60) as client:
        client.wait_for_workers(2, timeout=60)
        yield client
    for process in started[::-1]:
        process.terminate()
    for process in started:
        process.wait(30)


def test_dask_gives_the_same_records_and_outlives_a_killed_worker(dask, tmp_path):
    wanted = tiny([0, 1, 2], iterations=60)
    here = ensure(wanted, root=tmp_path / "here", threads=2)
    pids = list(dask.run(os.getpid).values())
    assert len(set(pids)) == 2
    assert set(dask.run(os.getenv, "OMP_NUM_THREADS").values()) == {"1"}
    killer = threading.Thread(target=kill_once_training, args=(tmp_path / "there", pids[0]))
    killer.start()
    address = dask.scheduler.address
    there = ensure(wanted, root=tmp_path / "there", threads=2, scheduler=address)
    killer.join()
    assert pids[0] not in dask.run(os.getpid).values()
    assert [stripped(run) for run in here] == [stripped(run) for run in there]


def kill_once_training(root: Path, pid: int) -> None:
    """Kill a worker as soon as a training has taken its lock."""
    wait_for_a_lock(root)
    os.kill(pid, signal.SIGKILL)


def test_a_run_trained_into_another_store_is_adopted(tmp_path):
    (run,) = ensure(tiny([0]), root=tmp_path / "far")
    weights = (run.folder / "weights.safetensors").read_bytes()
    near = store.adopt(run, weights, tmp_path / "near")
    assert store.find(run.recipe, tmp_path / "near").content == run.content == near.content
    assert near.weights().keys() == run.weights().keys()


SWEEP = """
from pathlib import Path
from residual.recipe import recipes
from residual.sweep import ensure

if __name__ == "__main__":
    wanted = recipes("quick", ["residual"], [8], [0, 1], 200)
    ensure(wanted, root=Path({root!r}), jobs={jobs}, processes={processes})
"""


@pytest.mark.parametrize(
    ("jobs", "processes"), [(2, False), pytest.param(2, True, marks=pytest.mark.slow)]
)
def test_an_interrupted_sweep_ends_soon_and_goes_on_later(jobs, processes, tmp_path):
    how = {"root": str(tmp_path), "jobs": jobs, "processes": processes}
    (tmp_path / "script.py").write_text(SWEEP.format(**how))
    command = [sys.executable, str(tmp_path / "script.py")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    wait_for_a_lock(tmp_path)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) != 0
    assert not list(tmp_path.glob("*/*/record.json"))
    (made,) = sweep(tiny([0], 200), root=tmp_path)
    assert made.error is None
