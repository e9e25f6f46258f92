"""Training: resumable, never lost in vain, and clear about what stops it."""

import errno
import os

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from residual import estimate, files, graph, store
from residual import train as training
from residual.data import load
from residual.describe import describe
from residual.errors import ParameterError, StoreError, TrainingError
from residual.estimate import refuse_long, seconds_left
from residual.recipe import Recipe, recipes
from residual.provenance import computing_with, usable_cores
from residual.train import train
from residual.trainer import Trainer
from residual.turns import always


def tiny(iterations: int = 8, kind: str = "residual", seed: int = 0) -> Recipe:
    (recipe,) = recipes("quick", [kind], [8], [seed], iterations)
    return recipe


def trainer(recipe: Recipe | None = None) -> Trainer:
    recipe = recipe or tiny()
    return Trainer(recipe, load(recipe.dataset), torch.device("cpu"))


def advance(one: Trainer, stop: int) -> Trainer:
    start = int(one.iteration)
    one.visit(start, stop)
    for _ in range(start, stop):
        one.step()
    return one


def equal(one: dict, other: dict) -> bool:
    """Whether two states are the same to the last bit."""
    same = (one[n].numpy().tobytes() == other[n].numpy().tobytes() for n in one)
    return one.keys() == other.keys() and all(same)


def test_a_run_that_is_there_is_read_and_not_trained(tmp_path, monkeypatch):
    first = train(tiny(), root=tmp_path)
    monkeypatch.setattr(training, "Trainer", None)
    assert train(tiny(), root=tmp_path).content == first.content


def test_state_survives_a_round_trip():
    one = advance(trainer(), 3)
    state = graph.snapshot(one)
    other = trainer()
    other.restore(state)
    assert equal(advance(one, 8).state(), advance(other, 8).state())


def test_a_checkpoint_of_other_code_does_not_fit():
    state = graph.snapshot(trainer())
    del state["momentum.conv.weight"]
    other = trainer()
    before = graph.snapshot(other)
    with pytest.raises(ValueError, match="do not fit"):
        other.restore(state)
    assert equal(other.state(), before)


def test_a_rehearsal_leaves_no_trace():
    one, other = trainer(), trainer()
    one.visit(0, 8)
    state = graph.snapshot(one)
    graph.rehearse(one, state, 3)
    assert equal(one.state(), state)
    assert seconds_left(one) > 0
    assert equal(one.state(), state)
    assert equal(advance(one, 8).state(), advance(other, 8).state())


def test_buffers_of_the_batches_stay_where_they_are():
    one = trainer(tiny(1000))
    places = [t.data_ptr() for t in (one.index, one.offset, one.flip, one.first)]
    for start in (0, 10, 20):
        one.visit(start, start + 10)
        expected = one.itinerary(start, start + 10)
        assert torch.equal(one.index[:10], expected.index)
        assert torch.equal(one.offset[:10], expected.offset)
        assert int(one.first) == start
    assert [t.data_ptr() for t in (one.index, one.offset, one.flip, one.first)] == places


class NoReading(TorchDispatchMode):
    """Fails when a tensor's value is read back to the host."""

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        assert "_local_scalar_dense" not in str(function), "a value is read back to the host"
        return function(*arguments, **(keywords or {}))


def test_an_iteration_reads_nothing_back_to_the_host():
    one = trainer()
    one.visit(0, 8)
    with NoReading():
        one.step()
        one.step()
        with pytest.raises(AssertionError, match="read back"):
            one.losses[one.iteration]


def test_a_diverged_run_is_recorded_as_diverged(tmp_path, monkeypatch):
    recipe = Recipe("quick", "plain", 8, 0, "digits", 8, learning_rate=99.0, norm=False)
    run = train(recipe, root=tmp_path)
    assert run["metrics"]["diverged_at"] > 1
    assert run["metrics"]["test_error"] is None
    assert store.find(recipe, tmp_path).content == run.content


def test_divergence_at_the_first_iteration_can_be_recorded():
    one = trainer()
    one.losses[0], one.iteration = torch.inf, torch.tensor(1)
    record = describe(one)
    assert record["metrics"]["diverged_at"] == 1
    assert record["replay"]["losses"] == []


def test_what_is_not_finite_is_null_in_a_record():
    assert store.finite({"a": [1.0, float("inf")], "b": (float("nan"), 2)}) == {
        "a": [1.0, None],
        "b": [None, 2],
    }


def test_an_unwritable_store_is_told_before_training(tmp_path, monkeypatch):
    (tmp_path / "quick").write_text("in the way")
    monkeypatch.setattr(training, "Trainer", None)
    with pytest.raises(StoreError, match="cannot be written"):
        train(tiny(), root=tmp_path)


def test_a_full_disk_leaves_a_store_that_goes_on(tmp_path, monkeypatch):
    real, count = os.fsync, iter(range(1000))

    def fills_up(handle):
        if next(count) > 8:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    with monkeypatch.context() as patched:
        patched.setattr(files.os, "fsync", fills_up)
        with pytest.raises(StoreError, match="No space left"):
            train(tiny(), root=tmp_path, checkpoint_seconds=0)
    assert store.find(tiny(), tmp_path) is None
    resumed = train(tiny(), root=tmp_path)
    whole = train(tiny(), root=tmp_path / "whole")
    assert {k: v for k, v in resumed.content.items() if k not in ("provenance", "digest")} == {
        k: v for k, v in whole.content.items() if k not in ("provenance", "digest")
    }


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
    ],
)
def test_out_of_memory_is_one_sentence_with_advice(error, tmp_path, monkeypatch):
    def fails(*_arguments):
        yield always
        raise error

    monkeypatch.setattr(training, "fit", fails)
    with pytest.raises(TrainingError, match=r"memory of cpu.*--jobs.*checkpoint"):
        train(tiny(), "cpu", tmp_path)


def test_another_error_is_not_taken_for_want_of_memory(tmp_path, monkeypatch):
    def fails(*_arguments):
        yield always
        raise RuntimeError("a bug")

    monkeypatch.setattr(training, "fit", fails)
    with pytest.raises(RuntimeError, match="a bug"):
        train(tiny(), "cpu", tmp_path)


def test_a_long_run_wants_to_be_asked_for(monkeypatch):
    one = trainer(tiny(10_000))
    monkeypatch.setattr(estimate, "seconds_left", lambda _trainer: 30 * 3600.0)
    with pytest.raises(ParameterError, match=r"about 30 hours on cpu here.*--long"):
        refuse_long(one)
    monkeypatch.setattr(estimate, "seconds_left", lambda _trainer: 3600.0)
    refuse_long(one)


def test_a_short_run_is_not_rehearsed(monkeypatch):
    monkeypatch.setattr(estimate, "seconds_left", None)
    refuse_long(trainer())


def test_the_threads_are_set_recorded_and_put_back(tmp_path):
    with computing_with(2):
        run = train(tiny(), "cpu", tmp_path, threads=1)
        assert torch.get_num_threads() == 2
    assert run["provenance"]["threads"] == 1
    with computing_with(None):
        assert torch.get_num_threads() == usable_cores()


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, "two"])
def test_threads_is_a_positive_integer(threads, tmp_path):
    with pytest.raises(ParameterError, match="threads"):
        train(tiny(), "cpu", tmp_path, threads=threads)
    assert not list(tmp_path.iterdir())


def test_a_part_computed_elsewhere_is_told(tmp_path, monkeypatch):
    calls = iter(range(100))

    def stops(_recipe, done):
        if done == 5 and next(calls) == 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tiny(), "cpu", tmp_path, None, stops, threads=1, checkpoint_seconds=0)
    run = train(tiny(), "cpu", tmp_path, None, stops, threads=2)
    (part,) = run["provenance"]["resumed_from"]
    assert (part["until"], part["threads"]) == (4, 1)
