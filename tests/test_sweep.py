"""Many recipes: read or trained, in one process, in several, on a cluster; and killed ones."""

import errno
import multiprocessing
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from filelock import FileLock, Timeout

from residual import store
from residual.errors import ParameterError, RecordError, StoreError, SweepError
from residual.progress import Watch, estimate
from residual.recipe import Recipe, recipes
from residual.sweep import Options, Outcome, ensure, sweep, told, train
from residual.workers import cluster

PROGRAM = """
import signal
import sys
from pathlib import Path
from residual import sweep
from residual.recipe import recipes
from residual.train import fit

def told(training, *rest):
    print("from", int(training.seen["done"]), flush=True)  # the iteration where it goes on
    fit(training, *rest)

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's "&" has it ignored
    sweep.fit = told
    root, jobs, seeds, iterations = sys.argv[1:]
    wanted = recipes("quick", ["residual"], [8], list(range(int(seeds))), int(iterations))
    how = {"jobs": int(jobs), "threads": 1, "checkpoint_seconds": -1}
    sweep.ensure(wanted, sweep.Options("cpu", Path(root), **how))
"""


def tiny(seeds: list[int], iterations: int = 6) -> list[Recipe]:
    return recipes("quick", ["residual"], [8], seeds, iterations)


def stripped(run: store.Record) -> dict:
    """All of a record that depends neither on the clock nor on the machine."""
    return {k: v for k, v in run.content.items() if k not in ("provenance", "digest")}


def program(root: Path, jobs: int, seeds: int, iterations: int) -> subprocess.Popen:
    """A process of its own that trains recipes of these seeds."""
    numbers = [str(number) for number in (jobs, seeds, iterations)]
    command = [sys.executable, "-c", PROGRAM, str(root), *numbers]
    if jobs > 1:  # whose processes import the program again
        root.mkdir(exist_ok=True)
        (root / "program.py").write_text(PROGRAM)
        command = [sys.executable, str(root / "program.py"), str(root), *numbers]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def wait_for(root: Path, pattern: str, least: str = "") -> None:
    """Wait until a file of this name, or one that sorts behind `least`, is in the store."""
    for _ in range(1200):
        if any(path.name >= least for path in root.glob(f"quick/*/{pattern}")):
            return
        time.sleep(0.05)
    raise TimeoutError(pattern)


@pytest.fixture
def own(tmp_path, monkeypatch) -> Path:
    """A store of the reader's own, beside a committed one that is empty."""
    monkeypatch.setenv("RESIDUAL_RUNS", str(tmp_path / "own"))
    monkeypatch.setenv("RESIDUAL_EVIDENCE", str(tmp_path / "evidence"))
    return tmp_path / "own"


def test_what_is_missing_is_trained_into_the_readers_store(own, tmp_path):
    (made,) = ensure(tiny([0]))
    assert made.folder.parent == own / "quick"
    assert not (tmp_path / "evidence").exists()
    assert [outcome.trained for outcome in sweep(tiny([0, 1]), Options(jobs=1))] == [False, True]


def test_evidence_comes_before_the_readers_own(own, tmp_path):
    (there,) = ensure(tiny([0]), Options(runs=tmp_path / "evidence"))
    assert ensure(tiny([0]))[0].folder == there.folder
    assert not own.exists()


def test_a_damaged_run_does_not_stop_the_others(tmp_path):
    options = Options("cpu", tmp_path, jobs=1)
    for recipe in tiny([0, 1]):
        folder = tmp_path / "quick" / recipe.name
        folder.mkdir(parents=True)
        (folder / "record.json").write_text("{")
    first, _, third = sweep(tiny([0, 1, 2]), options)
    assert isinstance(first.error, RecordError)
    assert third.run["metrics"]
    with pytest.raises(RecordError, match="s0"):
        ensure(tiny([0]), options)
    with pytest.raises(SweepError, match=r"2 of 3 runs failed(.|\n)*s0(.|\n)*s1"):
        ensure(tiny([0, 1, 2]), options)


def test_another_recipe_under_the_same_name_does_not_stop_the_others(tmp_path):
    near = [replace(tiny([0])[0], weight_decay=decay) for decay in (0.02000001, 0.02000004)]
    options = Options("cpu", tmp_path, jobs=1)
    ensure(near[:1], options)
    taken, trained = sweep([near[1], *tiny([1])], options)
    assert isinstance(taken.error, ParameterError)
    assert trained.run["metrics"]


def test_it_says_what_it_will_train_and_how_long_that_takes(tmp_path, capsys):
    ensure(tiny([0]), Options("cpu", tmp_path))
    told = capsys.readouterr().out
    assert "Training one network (residual-8-it6-s0) into " in told


def test_a_short_sweep_starts_no_process_and_shares_the_cores_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr("residual.sweep.executor", None)
    monkeypatch.setattr("residual.sweep.usable_cores", lambda: 4)
    made = ensure(tiny([0, 1]), Options("cpu", tmp_path))
    assert [run["provenance"]["threads"] for run in made] == [2, 2]


def test_what_another_process_trained_meanwhile_is_read(tmp_path, monkeypatch):
    (made,) = ensure(tiny([0]), Options("cpu", tmp_path / "there"))
    monkeypatch.setattr("residual.sweep.fit", None)
    folder = tmp_path / "here" / made.name
    folder.mkdir(parents=True)
    with ThreadPoolExecutor(1) as pool:
        with FileLock(folder / "run.lock"):
            waiting = pool.submit(train, made.recipe, Options("cpu", tmp_path / "here"))
            store.put(made.content, made.weights_file.read_bytes(), tmp_path / "here")
        assert waiting.result().content == made.content


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_processes_give_the_same_records_and_one_that_is_killed_costs_time_only(tmp_path):
    wanted, before, killed = tiny([0, 1], 60), set(multiprocessing.active_children()), []

    def kill_one() -> None:
        wait_for(tmp_path / "there", "run.lock")
        workers = [c for c in multiprocessing.active_children() if c not in before]
        killed.append(next(c.pid for c in workers if "Spawn" in c.name))
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    there = ensure(wanted, Options("cpu", tmp_path / "there", threads=1, jobs=2))
    killer.join()
    here = ensure(wanted, Options("cpu", tmp_path / "here", threads=1, jobs=1))
    assert killed
    assert [stripped(run) for run in here] == [stripped(run) for run in there]


def interrupted(process):
    """The exit status of a process after Ctrl-C, which is given again where a library drops it."""
    for _ in range(60):
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            return process.wait(1)
        except subprocess.TimeoutExpired:
            continue
    return process.wait(1)


def test_workers_end_with_the_process_that_started_them(tmp_path):
    with program(tmp_path, 2, 2, 20_000) as process:
        wait_for(tmp_path, "run.lock")
        process.kill()
    for path in tmp_path.rglob("run.lock"):  # a worker holds its run's as long as it lives
        with FileLock(path).acquire(timeout=20):
            pass


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_an_interrupted_sweep_ends_soon_and_goes_on_later(jobs, tmp_path):
    with program(tmp_path, jobs, 2, 400) as process:
        wait_for(tmp_path, "checkpoint-*")
        assert interrupted(process) != 0
    assert not list(tmp_path.glob("*/*/record.json"))
    assert list(tmp_path.glob("*/*/checkpoint-*"))
    begun = {path.parent.name for path in tmp_path.glob("*/*/run.lock")}
    assert len(begun) == jobs  # the second run was not begun where the first was interrupted


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 20))]
)
def test_killed_at_any_moment_another_process_goes_on_and_it_is_the_same_run(seed, tmp_path):
    chance, place = random.Random(seed), tmp_path / "killed"
    with program(place, 1, 1, 60) as first:
        wait_for(place, "checkpoint-*")
        with program(place, 1, 1, 60) as second:  # which waits for the first
            wait_for(place, "checkpoint-*", f"checkpoint-{chance.randrange(1, 30):08}")
            (lock,) = place.glob("*/*/run.lock")
            with pytest.raises(Timeout):
                FileLock(lock).acquire(timeout=0)
            first.kill()
            told, _ = second.communicate()
    assert second.returncode == 0
    assert int(re.findall(r"^from (\d+)$", told, re.MULTILINE)[-1]) > 0
    (wanted,) = tiny([0], 60)
    options = Options("cpu", place, threads=1)
    (resumed,) = ensure([wanted], options)
    (whole,) = ensure([wanted], replace(options, runs=tmp_path / "whole"))
    assert stripped(resumed) == stripped(whole)
    left = {path.name for path in resumed.folder.iterdir()}
    assert left <= {"record.json", "weights.safetensors", "run.lock"}


@pytest.mark.slow
def test_workers_of_a_dask_scheduler_give_the_same_records(tmp_path):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as up:
        options = Options("cpu", tmp_path / "there", threads=1, scheduler=up.scheduler_address)
        there = ensure(tiny([0, 1]), options)
    here = ensure(tiny([0, 1]), Options("cpu", tmp_path / "here", threads=1, jobs=1))
    assert [stripped(run) for run in here] == [stripped(run) for run in there]


def test_no_scheduler_is_one_sentence(tmp_path):
    pytest.importorskip("distributed")
    with pytest.raises(ParameterError, match=r"scheduler: 'nowhere'.*no Dask scheduler"):
        sweep(tiny([0]), Options("cpu", tmp_path, scheduler="nowhere"))


@pytest.mark.parametrize("address", ["tls://127.0.0.1:9", "tcp://127.0.0.1:9", "ucx://a", "//"])
def test_a_scheduler_that_cannot_be_reached_is_one_sentence(address, monkeypatch):
    distributed = pytest.importorskip("distributed")
    real = distributed.Client
    monkeypatch.setattr(distributed, "Client", lambda *_, **__: real(address, timeout=1))
    with pytest.raises(
        ParameterError, match=r"^scheduler: .*no Dask scheduler answers there \(.+\)"
    ):
        cluster(address)


@pytest.mark.parametrize(
    ("error", "scheduler", "said"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried"), None, "not enough memory.*one job"),
        (RuntimeError("[enforce fail] not enough memory: you tried"), None, "could not train it"),
        (MemoryError(), None, r"not enough memory \(MemoryError\)"),
        (BrokenProcessPool("A process was terminated"), None, "3 processes that trained it ended"),
        (RuntimeError("Error during deserialization"), "tcp://a:1", "a worker of tcp://a:1.*needs"),
        (ModuleNotFoundError("No module named 'residual'"), "tcp://a:1", "needs this package"),
        (OSError(5, "Input/output error"), None, "Input/output error"),
    ],
    ids=str,
)
def test_an_error_that_is_not_ours_is_one_sentence(error, scheduler, said):
    found = told(Outcome(tiny([0])[0], None, error, trained=True), scheduler).error
    assert isinstance(found, SweepError)
    assert found.__cause__ is error
    assert re.match(rf"quick/residual-8-it6-s0: .*{said}", str(found))
    assert "\n" not in str(found)


def test_a_run_whose_machine_fails_does_not_stop_the_others(tmp_path, monkeypatch):
    def fails(recipe, options, progress):
        if recipe.seed == 0:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return train(recipe, options, progress)

    monkeypatch.setattr("residual.sweep.train", fails)
    failed, made = sweep(tiny([0, 1]), Options("cpu", tmp_path, jobs=1))
    assert "not enough memory (CUDA out of memory)" in str(failed.error)
    assert made.run["metrics"]


def test_a_mistake_of_the_code_keeps_its_traceback():
    error = KeyError("curves")
    assert told(Outcome(tiny([0])[0], None, error, trained=True), None).error is error


def test_a_batch_queue_gets_lines_at_each_tenth_and_at_the_end(tmp_path, capsys):
    ensure(tiny([0], 20), Options("cpu", tmp_path, jobs=1))
    first, *tenths, last = capsys.readouterr().out.splitlines()
    assert first.startswith("Training one network (residual-8-it20-s0) into ")
    assert [line.split(" % after ")[0] for line in tenths] == [str(n) for n in range(10, 100, 10)]
    assert all(line.endswith(" left.") for line in tenths)
    assert re.fullmatch(r"Ended: quick/residual-8-it20-s0, test error \d+\.\d\d %, \d+ s\.", last)


def test_a_batch_queue_is_told_of_a_training_that_diverged(tmp_path, capsys):
    wanted = replace(tiny([0], 400)[0], kind="plain", learning_rate=99.0, weight_decay=90.0)
    ensure([wanted], Options("cpu", tmp_path, jobs=1))
    last = capsys.readouterr().out.splitlines()[-1]
    assert re.search(r", diverged at iteration \d+, \d+ s\.$", last)


def test_lines_of_a_resumed_sweep_count_what_was_done_before(monkeypatch, capsys):
    clock = iter([0.0, 10.0, 20.0])
    monkeypatch.setattr("residual.progress.time.monotonic", lambda: next(clock))
    with Watch(100) as watch:
        watch.update(50)  # by a checkpoint
        watch.update(60)
    assert capsys.readouterr().out == "60 % after 10 s, about 40 s left.\n"


@pytest.mark.parametrize(
    ("jobs", "threads", "total"), [(2, 1, "20 s"), (3, 1, "15 s"), (1, 2, "30 s"), (2, 2, "40 s")]
)
def test_an_estimate_is_for_the_processes_that_run(jobs, threads, total, monkeypatch):
    """Three runs of ten seconds on two cores: two at once take as long as four would."""
    monkeypatch.setattr("residual.progress.usable_cores", lambda: 2)
    words = estimate([10.0] * 3, jobs, threads, "cpu")
    assert f"{total} in all" in words


def test_a_store_is_tried_before_anything_is_trained(tmp_path, monkeypatch):
    def full(*_words, **_names):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store.tempfile, "NamedTemporaryFile", full)
    monkeypatch.setattr("residual.sweep.expected", None)
    with pytest.raises(StoreError, match="No space left"):
        sweep(tiny([0]), Options("cpu", tmp_path))


@pytest.mark.parametrize("jobs", [0, 1.5, 257])
def test_jobs_is_a_positive_integer(jobs, tmp_path):
    with pytest.raises(ParameterError, match="jobs"):
        sweep(tiny([0]), Options("cpu", tmp_path, jobs=jobs))
