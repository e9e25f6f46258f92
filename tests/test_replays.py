"""What replays showed is kept with its record, and says nothing of another one."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from residual import replays, store
from residual.cli import main
from residual.errors import RecordError
from residual.recipe import recipes
from residual.replay import DIFFERS, EXACT, IMPOSSIBLE, WITHIN, Replay
from residual.store import ROOT
from residual.train import train


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A short run in a store of its own."""
    (recipe,) = recipes("quick", ["plain"], [8], [0], 4)
    return train(recipe, "cpu", tmp_path_factory.mktemp("runs"), threads=1)


def seen(run, verdict):
    return run, Replay(run.name, verdict, "A sentence.", True, 4, 0.0)


def test_without_a_replay_a_run_is_not_replayed(run, tmp_path):
    assert replays.load(tmp_path) == {}
    assert replays.status(run, {}) == replays.NOT_REPLAYED


def test_an_outcome_is_kept_with_machine_version_and_day(run, tmp_path):
    path = replays.save([seen(run, EXACT)], tmp_path)
    assert path == tmp_path / "replays.json"
    (kept,) = replays.load(tmp_path).values()
    assert (kept["verdict"], kept["threads"], kept["same_source"]) == (EXACT, 1, True)
    assert all(kept[name] for name in ("device", "torch", "source_digest", "date"))
    assert replays.status(run, replays.load(tmp_path)) == f"exact, {kept['date']}"


def test_an_outcome_says_nothing_of_a_record_made_anew(run, tmp_path):
    replays.save([seen(run, EXACT)], tmp_path)
    other = replace(run, content=run.content | {"digest": "0" * 64})
    assert replays.status(other, replays.load(tmp_path)) == replays.NOT_REPLAYED


def test_what_cannot_be_replayed_here_takes_nothing_away(run, tmp_path):
    replays.save([seen(run, IMPOSSIBLE)], tmp_path)
    assert replays.status(run, replays.load(tmp_path)).startswith(IMPOSSIBLE)
    replays.save([seen(run, EXACT)], tmp_path)
    replays.save([seen(run, IMPOSSIBLE)], tmp_path)
    assert replays.status(run, replays.load(tmp_path)).startswith(EXACT)
    replays.save([seen(run, DIFFERS)], tmp_path)
    assert replays.status(run, replays.load(tmp_path)).startswith(DIFFERS)


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / "replays.json").write_text("{")
    with pytest.raises(RecordError, match=r"replays\.json is damaged"):
        replays.load(tmp_path)


def test_the_command_keeps_outcomes_only_if_told_to(run):
    store = run.folder.parents[1]
    words = ["verify", run.recipe.name, "--runs", str(store)]
    assert CliRunner().invoke(main, words).exit_code == 0
    assert not (store / "replays.json").exists()
    shown = CliRunner().invoke(main, [*words, "--record"])
    assert (shown.exit_code, "replays.json" in shown.output) == (0, True)
    assert replays.status(run, replays.load(store)).startswith(EXACT)


def test_a_wrong_name_is_one_sentence(run):
    words = ["verify", "plain-14-s0", "--runs", str(run.folder.parents[1])]
    shown = CliRunner().invoke(main, words)
    assert shown.exit_code == 2
    assert "run: 'plain-14-s0' is not allowed" in shown.output


def test_committed_outcomes_are_of_committed_records():
    stored = {run.name: run for name in store.PROFILES for run in store.every(name, ROOT / "runs")}
    for name, kept in replays.load(ROOT / "runs").items():
        assert kept["verdict"] in (EXACT, WITHIN, IMPOSSIBLE), name
        assert kept["record"] == stored[name]["digest"], name
        assert json.dumps(kept).count("/") < 4, "a path of the machine?"
