"""The command line: help reads well; a mistake is one sentence, and nothing is written."""

import errno
import io
import json
import subprocess
import sys

import click
import pytest
import torch
from click.testing import CliRunner

from residual import cli
from residual.cli import main
from residual.models import SHORTCUTS
from residual.provenance import DEVICES
from residual.recipe import KINDS, PROFILES


def call(*words):
    """Run the console script in this process."""
    return CliRunner().invoke(main, list(words))


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_command_has_help(name):
    assert f"  {name}" in call("--help").output
    assert call(name, "--help").exit_code == 0
    assert all(option.help for option in main.commands[name].params if option.name == "runs")


def test_help_names_every_choice():
    told = call("train", "--help").output
    for choice in (*SHORTCUTS, *DEVICES, *PROFILES, *KINDS):
        assert choice in told


def test_help_is_there_without_pytorch():
    code = """import sys
sys.modules["torch"] = sys.modules["numpy"] = None  # importing either is an ImportError
from residual.cli import main
main(["--help"])"""
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    assert "Train every combination" in shown.stdout


MISTAKES = [
    (("train", "--depths", "21"), "depths: 21 is not allowed"),
    (("train", "--depths", "twenty"), "is not a list of integers"),
    (("train", "--depths", ""), "is not a list of integers"),
    (("train", "--seeds", "-1"), "seeds: -1 is not allowed"),
    (("train", "--profile", "huge"), "choose one of quick, desk, paper"),
    (("train", "--kinds", "dense"), "plain, residual"),
    (("train", "--device", "tpu"), "choose one of auto, cpu, cuda, mps"),
    (("train", "--shortcut", "twice"), "choose one of identity, half"),
    (("train", "--iterations", "0"), "iterations: 0 is not allowed"),
    (("train", "--depths", "20,20"), "name each value once"),
    (("verify", "plain-14-s0"), "holds no records"),
    (("claims",), "holds no records"),
    (("claims", "--profile", "huge"), "'huge' is not allowed"),
    (("train", "--threads", "0"), "threads: 0 is not allowed"),
    (("train", "--shortcut", "half"), "a plain network has no shortcut: add --kinds residual"),
    (("train", "--no-norm", "--zero-gamma"), "without batch normalisation there is no γ"),
]


@pytest.mark.parametrize(("words", "told"), MISTAKES, ids=lambda v: " ".join(v) if v else "")
def test_a_mistake_is_one_sentence_and_writes_nothing(words, told, tmp_path):
    shown = call(*words, "--runs", str(tmp_path))
    assert shown.exit_code == 2
    assert told in shown.output
    assert "Traceback" not in shown.output
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(torch.cuda.is_available(), reason="CUDA is here")
def test_cuda_without_cuda_is_one_sentence(tmp_path):
    shown = call("train", "--depths", "8", "--device", "cuda", "--runs", str(tmp_path))
    assert shown.exit_code == 2
    assert "device: 'cuda' is not allowed; PyTorch finds only cpu here" in shown.output


def test_a_store_that_cannot_be_written_is_told_before_anything_is_trained(tmp_path):
    (tmp_path / "file").write_text("in the way")
    place = tmp_path / "file" / "runs"
    shown = call("train", "--depths", "8", "--seeds", "0,1", "--runs", str(place))
    assert shown.exit_code == 2
    assert shown.output.count("cannot be written") == 1


def test_missing_data_say_where_they_were_looked_for_and_what_to_do(tmp_path):
    words = ("train", "--profile", "desk", "--depths", "8", "--kinds", "plain")
    shown = call(*words, "--runs", str(tmp_path / "runs"), "--data", str(tmp_path / "nowhere"))
    assert shown.exit_code == 2
    assert str(tmp_path / "nowhere") in shown.output
    assert "residual data" in shown.output


@pytest.mark.parametrize("encoding", ["cp1252", "gbk", "cp437", "koi8-r", "latin-1"])
def test_a_console_of_any_encoding_shows_what_it_can(encoding, monkeypatch):
    """Nothing is lost that changes a number: the minus sign stays one."""
    told = "−3.99 γ ≤ 1 · 残差 ‖F‖ ½"
    monkeypatch.setattr(main.commands["data"], "callback", lambda data: click.echo(told))
    console = io.TextIOWrapper(io.BytesIO(), encoding, newline="")
    monkeypatch.setattr(sys, "stdout", console)
    main(["data"], standalone_mode=False)
    console.flush()
    shown = console.buffer.getvalue().decode(encoding)
    assert shown.startswith("-3.99 ")
    assert shown.split()[1] in ("γ", "gamma")
    assert shown.split()[2] in ("≤", "<=")


def test_the_version_is_told_where_nothing_is_installed(monkeypatch):
    def missing(name):
        raise cli.metadata.PackageNotFoundError(name)

    installed = cli.version()
    monkeypatch.setattr(cli.metadata, "version", missing)
    assert cli.version() == installed
    monkeypatch.setattr(cli, "__file__", "/nowhere/src/residual/cli.py")
    assert cli.version() == "unknown: it is not installed"


def test_a_home_behind_an_equals_sign_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    words = ("train", "--depths", "8", "--kinds", "plain", "--iterations", "2")
    assert call(*words, "--runs=~/mine").exit_code == 0
    assert (tmp_path / "mine" / "quick" / "plain-8-it2-s0" / "record.json").is_file()
    shown = call(*words, "--runs=~nobody-of-this-name/mine")
    assert shown.exit_code == 2
    assert "names a home that is not known here" in shown.output


def test_any_error_of_the_system_is_one_sentence(monkeypatch):
    def fails(data):
        raise OSError(errno.EIO, "Input/output error", "somewhere")

    monkeypatch.setattr(main.commands["data"], "callback", fails)
    shown = call("data")
    assert (shown.exit_code, shown.output) == (2, "Error: somewhere: Input/output error.\n")


def test_a_weight_decay_of_ones_own_goes_with_any_learning_rate(tmp_path):
    words = ("train", "--depths", "8", "--kinds", "plain", "--iterations", "2")
    slow = (*words, "--learning-rate", "1e-7", "--runs", str(tmp_path))
    shown = call(*slow)
    assert shown.exit_code == 2
    assert "learning_rate: 1e-07 is not allowed" in shown.output
    assert "name one with --weight-decay" in shown.output
    assert call(*slow, "--weight-decay", "0").exit_code == 0
    assert [path.parent.name for path in tmp_path.rglob("record.json")] == [
        "plain-8-it2-lr1e-07-wd0-s0"
    ]


def test_a_stopped_sweep_says_how_it_goes_on(tmp_path, monkeypatch):
    def stops(*_words):
        raise KeyboardInterrupt

    monkeypatch.setattr("residual.sweep.sweep", stops)
    shown = call("train", "--depths", "8", "--runs", str(tmp_path))
    assert shown.exit_code == 130
    assert "The same command goes on from the last checkpoints." in shown.output


def test_runs_of_ones_own_are_verified_by_name_and_the_store_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("RESIDUAL_RUNS", str(tmp_path))
    words = ("train", "--depths", "8", "--kinds", "plain", "--iterations", "2")
    assert call(*words).exit_code == 0
    shown = call("verify", "quick/plain-8-it2-s0", "--record")
    assert shown.exit_code == 0, shown.output
    assert f"The outcomes go into {tmp_path / 'replays.json'}." in shown.output
    assert list(json.loads((tmp_path / "replays.json").read_text())) == ["quick/plain-8-it2-s0"]
    assert call("verify", "plain-8-it3-s0").output.count("quick/plain-8-it2-s0") == 1


def test_peers_say_where_their_records_go(tmp_path):
    shown = call("peers", str(tmp_path), "--runs", str(tmp_path / "mine"))
    assert f"The records go into {tmp_path / 'mine'}." in shown.output
    assert "Traceback" not in shown.output


def test_a_failed_run_is_named_and_the_others_are_trained(tmp_path):
    words = ("train", "--depths", "8", "--iterations", "2", "--jobs", "1", "--runs", str(tmp_path))
    assert call(*words, "--kinds", "plain").exit_code == 0
    (path,) = tmp_path.rglob("record.json")
    path.write_text(path.read_text().replace('"depth": 8', '"depth": 9'))
    alone = call(*words, "--kinds", "plain")
    assert (alone.exit_code, str(path) in alone.output) == (2, True)
    shown = call(*words)
    assert shown.exit_code == 1
    rows = [line.split()[:2] for line in shown.output.splitlines() if line.startswith("quick/")]
    assert rows == [["quick/plain-8-it2-s0", "failed"], ["quick/residual-8-it2-s0", "trained"]]


def test_claims_prints_and_writes_every_claim(tmp_path):
    from residual.claims import CLAIMS

    shown = call("claims", "--profile", "quick", "--json", str(tmp_path / "claims.json"))
    assert shown.exit_code == 0, shown.output
    written = json.loads((tmp_path / "claims.json").read_text())
    assert [claim["id"] for claim in written] == [claim.id for claim in CLAIMS]


def test_verdicts_for_a_place_that_cannot_be_written_are_one_sentence(tmp_path):
    shown = call(
        "claims", "--profile", "paper", "--json", str(tmp_path / "nowhere" / "claims.json")
    )
    assert shown.exit_code == 2
    assert "it cannot be written (No such file or directory)" in shown.output


def test_a_wrong_depth_of_the_book_is_told_before_anything_is_executed():
    shown = call("book", "--depths", "21")
    assert shown.exit_code == 2
    assert "depths: 21 is not allowed" in shown.output
