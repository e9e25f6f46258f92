"""Several networks in turn in one process: each is the one that it is alone."""

import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from residual import store
from residual import train as training
from residual.errors import ParameterError, TrainingError
from residual.recipe import Recipe, recipes
from residual.sweep import sweep
from residual.train import train, train_together

CLOCK = {"provenance", "digest"}


def several() -> list[Recipe]:
    """Three networks that differ in kind, depth, seed and length."""
    (a,) = recipes("quick", ["residual"], [8], [0], 12)
    (b,) = recipes("quick", ["plain"], [8], [1], 7)
    (c,) = recipes("quick", ["residual"], [14], [2], 9)
    return [a, b, c]


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> dict[Recipe, store.Record]:
    """Each network trained by itself."""
    root = tmp_path_factory.mktemp("alone")
    return {recipe: train(recipe, "cpu", root, threads=1) for recipe in several()}


def assert_same(run: store.Record, other: store.Record) -> None:
    """Records, but for the clock and the machine, and files of weights are equal."""
    for key in other.content.keys() - CLOCK:
        assert run[key] == other[key], key
    files = [(r.folder / "weights.safetensors").read_bytes() for r in (run, other)]
    assert files[0] == files[1]


@pytest.mark.parametrize("at_once", [2, 3])
def test_together_is_bit_for_bit_as_alone(at_once, alone, tmp_path):
    seen = []
    made = dict(
        train_together(
            several(), at_once, "cpu", tmp_path, progress=lambda r, _: seen.append(r), threads=1
        )
    )
    assert made.keys() == alone.keys()
    assert seen[:2] == several()[:2]  # they took turns
    for recipe, future in made.items():
        assert_same(future.result(), alone[recipe])
        assert not list(future.result().folder.glob("checkpoint-*"))


def test_one_that_diverges_or_fails_does_not_touch_the_others(alone, tmp_path, monkeypatch):
    good, bad, full = several()
    bad = replace(bad, learning_rate=99.0, norm=False, seed=0, iterations=8)
    real = training.Trainer.step

    def step(self):
        if self.recipe == full and int(self.iteration) == 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        real(self)

    monkeypatch.setattr(training.Trainer, "step", step)
    made = dict(train_together([bad, good, full], 3, "cpu", tmp_path, threads=1))
    assert made[bad].result()["metrics"]["diverged_at"]
    assert isinstance(made[full].exception(), TrainingError)
    assert_same(made[good].result(), alone[good])
    monkeypatch.undo()
    assert_same(train(full, "cpu", tmp_path, threads=1), alone[full])


def test_a_run_of_another_process_is_waited_for_last(alone, tmp_path):
    busy, free = several()[:2]
    folder = store.folder_of(busy, tmp_path)
    program = """
import sys, time
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("owns", flush=True)
    sys.stdin.readline()
"""
    folder.mkdir(parents=True)
    command = [sys.executable, "-c", program, str(folder / "run.lock")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, text=True) as owner:
        assert owner.stdout.readline() == "owns\n"
        made = train_together([busy, free], 2, "cpu", tmp_path, threads=1)
        recipe, future = next(made)
        assert recipe == free
        assert_same(future.result(), alone[free])
        owner.communicate("go\n")
    ((recipe, future),) = made
    assert_same(future.result(), alone[busy])


@pytest.mark.parametrize("at_once", [0, -1, 1.5, True, "2"])
def test_jobs_is_a_positive_integer(at_once, tmp_path):
    with pytest.raises(ParameterError, match="jobs"):
        list(train_together(several(), at_once, root=tmp_path))
    assert not list(tmp_path.iterdir())


def test_an_interruption_gives_all_locks_back(alone, tmp_path):
    def stops(recipe, done):
        if recipe == several()[1] and done == 3:
            raise KeyboardInterrupt

    how = {"threads": 1, "checkpoint_seconds": 0}
    with pytest.raises(KeyboardInterrupt):
        list(train_together(several(), 3, "cpu", tmp_path, progress=stops, **how))
    for recipe, future in train_together(several(), 3, "cpu", tmp_path, **how):
        assert_same(future.result(), alone[recipe])


TOGETHER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_together import several
from residual.train import print_progress, train_together
how = {"progress": print_progress, "threads": 1, "checkpoint_seconds": 0}
for recipe, future in train_together(several(), 3, "cpu", Path(sys.argv[1]), **how):
    future.result()
"""


@pytest.mark.parametrize("line", [8, 17, 24])
def test_killed_and_resumed_all_are_as_alone(line, alone, tmp_path):
    command = [sys.executable, "-c", TOGETHER, str(tmp_path), os.path.dirname(__file__)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for _ in range(line):
            assert "iterations" in process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    kept = {store.folder_of(r, tmp_path).name: r for r in alone}
    assert {path.parent.name for path in tmp_path.rglob("checkpoint-*")} <= kept.keys()
    assert len(list(tmp_path.rglob("checkpoint-*"))) >= 2
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    for recipe, run in alone.items():
        again = store.find(recipe, tmp_path)
        assert again["provenance"]["resumed_from"] == []
        assert_same(again, run)


def test_a_sweep_may_take_turns_in_one_process(alone, tmp_path):
    made = sweep(several(), "cpu", tmp_path, jobs=3, threads=1, processes=False)
    assert [outcome.recipe for outcome in made] == several()
    for outcome in made:
        assert_same(outcome.run, alone[outcome.recipe])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_on_cuda_together_is_as_alone_within_rounding(tmp_path, caplog):
    alone = {recipe: train(recipe, "cuda", tmp_path / "alone") for recipe in several()}
    for recipe, future in train_together(several(), 3, "cuda", tmp_path / "together"):
        losses = [run["replay"]["losses"] for run in (future.result(), alone[recipe])]
        assert losses[0] == pytest.approx(losses[1], rel=0.05)
    assert "could not be captured" not in caplog.text
