"""The benchmark measures what it says, on a small scale."""

import json
import sys

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from residual import sweep
from residual.recipe import Recipe
from residual.store import ROOT

sys.path.insert(0, str(ROOT))
from benchmarks import gpu, measure
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


def test_the_gpu_script_runs_dry_on_a_cpu_and_goes_on(tmp_path, monkeypatch):
    words = "gpu --device cpu --iterations 20 --batch-size 4 --rounds 1 --depths 8"
    words += " --profile quick --length 2"
    places = ["--runs", str(tmp_path / "runs"), "--output", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", [*words.split(), *places])
    monkeypatch.setenv("RESIDUAL_DATA", str(tmp_path))  # no CIFAR-10: images of its shape
    monkeypatch.setattr(measure, "GEMM", 64)
    monkeypatch.setattr(gpu, "ABREAST", 1)  # processes of their own: test_sweep
    monkeypatch.setattr(gpu, "LONGER", 1)
    gpu.main()
    told = json.loads((tmp_path / "gpu-report.json").read_text())
    assert told["data"] == "random"
    assert told["resume"] == {"bit_equal": True, "repeats": True}
    assert told["graph"] == {"captured": False}
    assert told["cpu"]["float32"]["largest_difference"] == 0
    assert told["abreast"]["equal"] is True
    assert told["abreast"]["abreast_seconds"] > 0
    assert told["speed-8"]["loop_images_per_second"] > 0
    assert {"plain-8-it2-s0", "residual-8-it2-s0"} <= told.keys()
    monkeypatch.setattr(gpu, "CHECKS", {"resume": raised, "new": raised})
    monkeypatch.setattr(gpu, "rates", None)  # what is there is kept, and only that
    monkeypatch.setattr(sweep, "trained", None)
    gpu.main()
    again = json.loads((tmp_path / "gpu-report.json").read_text())
    assert again == told | {"new": {"failed": "RuntimeError: out of memory"}}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--depths 21 --device cpu", "depth"),
        ("--device cpu", "CIFAR-10"),
        ("", "no GPU was found"),
    ],
)
def test_the_gpu_script_says_at_once_what_it_lacks(words, told, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["gpu", *words.split(), "--output", str(tmp_path)])
    monkeypatch.setattr(gpu, "pick_device", lambda _: torch.device("cpu"))
    monkeypatch.setenv("RESIDUAL_DATA", str(tmp_path))
    with pytest.raises(SystemExit, match=told):
        gpu.main()
    assert not list(tmp_path.iterdir())


def raised(*_):
    """What a device may answer."""
    raise RuntimeError("out of memory\nand much more")
