"""A training is a function of its recipe: resumed, killed or watched, it gives the same bits."""

import errno
import os
from dataclasses import replace

import pytest
import torch

from residual import store, train
from residual.checkpoints import checkpoint, checkpoints, resume
from residual.data import load
from residual.errors import ParameterError, StoreError
from residual.probes import error
from residual.recipe import Recipe
from residual.sweep import Options
from residual.sweep import train as run
from residual.train import Training, fit

RECIPE = Recipe.of("quick", "residual", 8, 0, 12)
CPU = torch.device("cpu")


def begun(recipe: Recipe = RECIPE) -> Training:
    return Training(recipe, load("digits"), CPU)


def bits(training: Training) -> dict[str, bytes]:
    state = training.state() | {"seen.seconds": torch.zeros(())}
    return {name: tensor.contiguous().numpy().tobytes() for name, tensor in state.items()}


def stopped(folder, at: int, recipe: Recipe = RECIPE) -> None:
    """Train with a checkpoint at each iteration, and break off after `at` of them."""
    training = begun(recipe)

    def breaks_off(done: int) -> None:
        if done > at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(training, lambda: checkpoint(training, folder, []), breaks_off)


@pytest.fixture(scope="module")
def whole() -> Training:
    training = begun()
    fit(training)
    return training


def test_a_training_learns():
    training = begun(replace(Recipe.of("quick", "residual", 8, 0, 60), weight_decay=1e-4))
    fit(training)
    assert error(training.model, training.batches(training.test)) < 40
    assert float(training.seen["loss"][-1]) < float(training.seen["loss"][0]) / 2


def test_resumed_it_is_the_same_training_to_the_last_bit(tmp_path, whole):
    stopped(tmp_path, 5)
    training = begun()
    resume(training, tmp_path)
    assert int(training.seen["done"]) == 5
    fit(training)
    assert bits(training) == bits(whole)


def test_a_damaged_checkpoint_is_named_and_the_one_before_it_taken(tmp_path, whole, caplog):
    stopped(tmp_path, 5)
    newest, before = checkpoints(tmp_path)
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes(content)
    training = begun()
    resume(training, tmp_path)
    assert f"{newest} is damaged" in caplog.text
    assert int(training.seen["done"]) == 4
    before.unlink()
    fresh = begun()
    assert resume(fresh, tmp_path) == []
    assert int(fresh.seen["done"]) == 0
    fit(training)
    assert bits(training) == bits(whole)


def test_a_checkpoint_of_other_code_is_not_taken(tmp_path, caplog):
    stopped(tmp_path, 5)
    (tmp_path / "checkpoint-old.safetensors").write_bytes(b"something of the reader's own")
    other = begun(replace(RECIPE, depth=14))
    assert resume(other, tmp_path) == []
    assert "tensors do not fit" in caplog.text


@pytest.mark.parametrize("decay_gamma", [True, False])
def test_each_iteration_moves_the_weights_by_the_schedule_and_the_decay(decay_gamma):
    """SGD written out (§3.4, §4.2): v ← 0.9 v + ∇W + λW, W ← W − ηv, with η falling tenfold."""
    training = begun(replace(RECIPE, iterations=8, weight_decay=0.5, decay_gamma=decay_gamma))
    rates = iter([0.1, 0.1, 0.1, 0.1, 0.01, 0.01, 0.001, 0.001])
    named = dict(training.model.named_parameters())
    before = {name: p.detach().clone() for name, p in named.items()}
    velocity = {name: torch.zeros_like(p) for name, p in named.items()}

    def follow(_done: int) -> None:
        rate = next(rates)
        for name, p in named.items():
            scale = ".norm" in name or name.startswith("norm")
            free = scale and name.endswith("weight") and not decay_gamma
            pull = 0.0 if free else 0.5
            velocity[name] = 0.9 * velocity[name] + p.grad + pull * before[name]
            expected = before[name] - rate * velocity[name]
            assert torch.allclose(p, expected, rtol=1e-4, atol=1e-6), (name, rate)
            before[name] = p.detach().clone()

    fit(training, progress=follow)
    assert next(rates, None) is None


def test_decay_spares_the_scales_if_told_so():
    spared, decayed = (begun(replace(RECIPE, decay_gamma=b)) for b in (False, True))
    gammas = {id(block.norm2.weight) for block in spared.model.blocks}
    (free,) = (g for g in spared.optimizer.param_groups if g["weight_decay"] == 0)
    assert gammas <= {id(p) for p in free["params"]}
    assert [g["weight_decay"] for g in decayed.optimizer.param_groups] == [RECIPE.weight_decay]


def test_the_record_says_what_was_seen(tmp_path):
    made = run(RECIPE, Options("cpu", tmp_path, threads=1))
    assert made["gradients"]["iteration"][0] == 0
    assert made["curves"]["test"]["iteration"][-1] == made["curves"]["training"]["iteration"][-1]
    assert made["curves"]["test"]["test_error"][-1] == pytest.approx(
        made["metrics"]["test_error"], rel=1e-5
    )
    assert made["provenance"]["threads"] == 1
    assert made["provenance"]["resumed_from"] == []
    assert run(RECIPE, Options("cpu", tmp_path)).content == made.content  # read, not trained


def test_a_diverged_run_is_recorded_as_diverged(tmp_path):
    recipe = replace(RECIPE, kind="plain", learning_rate=99.0, norm=False)
    made = run(recipe, Options("cpu", tmp_path))
    assert made["metrics"]["diverged_at"] > 1
    assert made["metrics"]["test_error"] is None
    assert store.find(recipe, tmp_path).content == made.content


def test_a_part_computed_with_other_threads_is_told(tmp_path):
    def breaks_off(done: int) -> None:
        if done > 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(RECIPE, Options("cpu", tmp_path, threads=1, checkpoint_seconds=-1), breaks_off)
    (part,) = run(RECIPE, Options("cpu", tmp_path, threads=2))["provenance"]["resumed_from"]
    assert (part["until"], part["threads"]) == (5, 1)


def test_a_full_disk_leaves_a_store_that_goes_on(tmp_path, monkeypatch):
    real, count = os.fsync, iter(range(1000))

    def fills_up(handle):
        if next(count) > 8:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    options = Options("cpu", tmp_path, checkpoint_seconds=-1)
    with monkeypatch.context() as patched:
        patched.setattr(store.os, "fsync", fills_up)
        with pytest.raises(StoreError, match="No space left"):
            run(RECIPE, options)
    assert store.find(RECIPE, tmp_path) is None
    assert run(RECIPE, options)["metrics"]["diverged_at"] is None


@pytest.mark.parametrize("threads", [0, 1.5, True, "two"])
def test_threads_is_a_positive_integer(threads, tmp_path):
    with pytest.raises(ParameterError, match="threads"):
        run(RECIPE, Options("cpu", tmp_path, threads=threads))
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_cuda_the_captured_iteration_is_the_plain_one(monkeypatch):
    cuda = torch.device("cuda")
    captured, plain = (Training(RECIPE, load("digits"), cuda) for _ in "ab")
    fit(captured)
    monkeypatch.setattr(train, "graph", lambda training, _start: training.step)
    fit(plain)
    assert torch.allclose(captured.seen["loss"][:4], plain.seen["loss"][:4], rtol=1e-2)
    assert captured.seen["loss"].isfinite().all()
