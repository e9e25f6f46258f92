"""The benchmark measures what it says, on a small scale."""

import sys

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from residual.recipe import Recipe
from residual.store import ROOT

sys.path.insert(0, str(ROOT))
from benchmarks.__main__ import main
from benchmarks.measure import interleaved, operations


@pytest.mark.parametrize("depth", [20, 56, 110])
def test_operations_are_three_passes_of_what_pytorch_counts(depth):
    recipe = Recipe.of("desk", "residual", depth)
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        recipe.network(3)(torch.empty(1, 3, 32, 32))
    assert operations(recipe) == pytest.approx(3 * 128 * counter.get_total_flops(), rel=2e-3)


def test_ways_are_timed_in_turn():
    calls = []
    ways = {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}
    timed = interleaved(ways, 2, torch.device("cpu"))
    assert calls == ["a", "b"] * 3
    assert [len(seconds) for seconds in timed.values()] == [2, 2]


def test_a_wrong_depth_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--depths", "21", "--output", str(tmp_path)])
    with pytest.raises(SystemExit, match="depths: 21 is not allowed"):
        main()
    assert not list(tmp_path.iterdir())
