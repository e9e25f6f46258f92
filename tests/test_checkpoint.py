"""Checkpoints: two are kept, and a damaged one is passed over."""

import errno

import pytest
import torch

from residual import files
from residual.checkpoint import (
    Checkpoint,
    checkpoints,
    load_checkpoint,
    remove_checkpoints,
    save_checkpoint,
)
from residual.errors import StoreError


def keep(folder, *iterations: int) -> None:
    """Checkpoints that hold the number of their iteration."""
    for iteration in iterations:
        state = {"iteration": torch.tensor(iteration), "weights": torch.full((3, 5), iteration)}
        save_checkpoint(folder, iteration, Checkpoint(state, [{"until": iteration}]))


def found(folder) -> int | None:
    """The iteration of the checkpoint that would be resumed from."""
    checkpoint = load_checkpoint(folder)
    return checkpoint and int(checkpoint.state["iteration"])


def test_keeps_the_newest_two(tmp_path):
    keep(tmp_path, 5, 10, 100)
    assert [path.name[11:19] for path in checkpoints(tmp_path)] == ["00000100", "00000010"]
    assert found(tmp_path) == 100
    assert load_checkpoint(tmp_path).history == [{"until": 100}]


def test_none_where_there_is_none(tmp_path):
    assert found(tmp_path) is None


def test_comes_back_bit_for_bit(tmp_path):
    state = {"a": torch.randn(4, 3), "b": torch.tensor(1)}
    state["nan"] = torch.tensor([float("nan"), -0.0])
    save_checkpoint(tmp_path, 1, Checkpoint(state, []))
    loaded = load_checkpoint(tmp_path).state
    for name, tensor in state.items():
        assert loaded[name].numpy().tobytes() == tensor.numpy().tobytes()


DAMAGES = [lambda b: b[:-1], lambda b: b[:40] + b"?" + b[41:], lambda b: b""]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_one_is_named_and_the_one_before_taken(damage, tmp_path, caplog):
    keep(tmp_path, 5, 10)
    newest = checkpoints(tmp_path)[0]
    newest.write_bytes(damage(newest.read_bytes()))
    assert found(tmp_path) == 5
    assert str(newest) in caplog.text


def test_a_full_disk_keeps_the_earlier_ones(tmp_path, monkeypatch):
    keep(tmp_path, 5, 10)

    def full(_handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        keep(tmp_path, 15)
    assert found(tmp_path) == 10


def test_remove(tmp_path):
    keep(tmp_path, 5, 10)
    remove_checkpoints(tmp_path)
    assert not list(tmp_path.iterdir())
