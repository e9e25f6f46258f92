"""The command line: help reads well; a mistake is one sentence, and nothing is written."""

import json
import re

import pytest
import torch
from click.testing import CliRunner

from residual.cli import main


def call(*words, **environment):
    """Run the console script in this process."""
    return CliRunner().invoke(main, list(words), env=environment)


def test_help_names_every_command():
    shown = call("--help")
    assert shown.exit_code == 0
    for name in ("data", "train", "verify", "book", "claims"):
        assert f"  {name}" in shown.output


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_command_and_option_has_help(name):
    command = main.commands[name]
    assert command.help
    assert call(name, "--help").exit_code == 0


MISTAKES = [
    (("train", "--depths", "21"), "depths: 21 is not allowed"),
    (("train", "--depths", "twenty"), "is not a list of integers"),
    (("train", "--depths", ""), "is not a list of integers"),
    (("train", "--seeds", "-1"), "seeds: -1 is not allowed"),
    (("train", "--profile", "huge"), "choose one of quick, desk, paper"),
    (("train", "--kinds", "dense"), "plain, residual"),
    (("train", "--iterations", "0"), "iterations: 0 is not allowed"),
    (("train", "--depths", "20,20"), "name each value once"),
    (("book", "--depths", "21"), "depths: 21 is not allowed"),
    (("book", "--profile", "huge"), "published"),
    (("claims", "--profile", "huge"), "profile: 'huge' is not allowed"),
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
    assert not list(tmp_path.iterdir())


def test_missing_data_say_where_they_were_looked_for_and_what_to_do(tmp_path):
    words = ("train", "--profile", "desk", "--depths", "8", "--kinds", "plain")
    shown = call(*words, "--runs", str(tmp_path / "runs"), "--data", str(tmp_path / "nowhere"))
    assert shown.exit_code == 2
    assert str(tmp_path / "nowhere") in shown.output
    assert "residual data" in shown.output


def test_train_reports_errors_and_reads_what_is_there(tmp_path):
    words = ("train", "--depths", "8", "--kinds", "plain", "--iterations", "4")
    words += ("--runs", str(tmp_path))
    first, second = call(*words), call(*words)
    assert first.exit_code == 0, first.output
    assert "plain-8-it4-s0" in first.output
    assert second.exit_code == 0
    assert len(list(tmp_path.rglob("record.json"))) == 1


def test_a_damaged_record_is_named(tmp_path):
    words = ("train", "--depths", "8", "--kinds", "plain", "--iterations", "4")
    words += ("--runs", str(tmp_path))
    call(*words)
    (path,) = tmp_path.rglob("record.json")
    path.write_text(path.read_text().replace('"depth": 8', '"depth": 9'))
    shown = call(*words)
    assert shown.exit_code == 2
    assert str(path) in shown.output


def test_one_failed_run_does_not_stop_the_others_and_the_table_names_it(tmp_path):
    words = ("train", "--depths", "8", "--iterations", "4", "--runs", str(tmp_path))
    call(*words, "--kinds", "plain")
    (path,) = tmp_path.rglob("record.json")
    path.write_text(path.read_text().replace('"depth": 8', '"depth": 9'))
    shown = call(*words, "--kinds", "plain,residual", "--seeds", "0,1")
    states = {
        name: state
        for line in shown.output.splitlines()
        for name, state in re.findall(r"((?:plain|residual)-8-it4-s\d)\W+(failed|trained)", line)
    }
    assert states == {
        "plain-8-it4-s0": "failed",
        "plain-8-it4-s1": "trained",
        "residual-8-it4-s0": "trained",
        "residual-8-it4-s1": "trained",
    }
    assert shown.exit_code == 1


def test_claims_prints_and_writes_every_claim(tmp_path):
    from residual.claims import CLAIMS

    shown = call("claims", "--profile", "quick", "--json", str(tmp_path / "claims.json"))
    assert shown.exit_code == 0, shown.output
    written = json.loads((tmp_path / "claims.json").read_text())
    assert [claim["id"] for claim in written] == [claim.id for claim in CLAIMS]
