"""The command for a compute node: several networks at once, with four packages."""

import subprocess
import sys

import pytest
from test_imports import ABSENT

from residual import store
from residual.recipe import recipes
from residual.train import train

WITHOUT = f"""
import runpy, sys
import sklearn.datasets  # the small data set of these tests; CIFAR-10 needs none of it
for name in {ABSENT}:
    sys.modules.setdefault(name, None)
sys.argv[0] = "residual.node"
runpy.run_module("residual.node", run_name="__main__")
"""


def call(root, *words):
    """The command in a process that cannot import the book's packages."""
    common = ("--depths", "8", "--iterations", "4", "--threads", "1", "--runs", str(root))
    command = [sys.executable, "-c", WITHOUT, *common, *words]
    return subprocess.run(command, capture_output=True, text=True)


def test_trains_several_at_once_as_each_alone(tmp_path):
    done = call(tmp_path / "there", "--seeds", "0,1", "--jobs", "3")
    assert done.returncode == 0, done.stderr
    wanted = recipes("quick", ["plain", "residual"], [8], [0, 1], 4)
    for recipe in wanted:
        assert f"{recipe.name} done: " in done.stdout
        assert f"{recipe.name}: 4/4 iterations" in done.stdout
        run, alone = (
            store.find(recipe, tmp_path / "there"),
            train(recipe, "cpu", tmp_path, threads=1),
        )
        assert run["metrics"] == alone["metrics"]
        assert run["curves"] == alone["curves"]


def test_goes_on_past_a_failed_run_and_reads_what_is_there(tmp_path):
    assert call(tmp_path, "--kinds", "plain").returncode == 0
    (path,) = tmp_path.rglob("record.json")
    path.write_text(path.read_text().replace('"depth": 8', '"depth": 9'))
    again = call(tmp_path, "--jobs", "2")
    assert again.returncode == 1
    assert "plain-8-it4-s0 failed: The record" in again.stdout
    assert "residual-8-it4-s0 done" in again.stdout
    assert again.stderr.strip().splitlines()[-1] == "1 of 2 runs failed: plain-8-it4-s0"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--depths", "8,9"), "9 is not allowed"),
        (("--depths", "eight"), "'eight' is not a list of integers"),
        (("--kinds", "plane"), "'plane' is not allowed"),
        (("--jobs", "0"), "jobs"),
    ],
)
def test_a_mistake_is_one_sentence_and_writes_nothing(words, said, tmp_path):
    done = call(tmp_path, *words)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())
