"""Pictures of starts and of exact solutions follow their records."""

from dataclasses import replace

import made_up
import pytest

from companion.chapter import reformulation, settings, starts
from companion.chapter.settings import Settings
from residual.claims import Evidence
from residual.claims.reformulation import PRECISE_BLOCKS, PRECISION


@pytest.fixture
def chosen(monkeypatch):
    """Settings whose experiments are made up: {name: measurements}."""
    given = {}
    kind = type(settings())
    monkeypatch.setattr(kind, "has_experiment", lambda _self, name: name in given)
    monkeypatch.setattr(kind, "experiment", lambda _self, name: given[name])
    return settings(), given


def test_noise_on_the_exact_solution_is_told_by_kind(chosen):
    about, given = chosen
    rows = [
        {"kind": kind, "blocks": blocks, "epsilon": epsilon, "error": scale * epsilon * blocks}
        for kind, scale in (("plain", 1.0), ("residual", 0.1))
        for blocks in (1, PRECISE_BLOCKS)
        for epsilon in (PRECISION, 10 * PRECISION)
    ]
    given["complex-weights"] = made_up.experiment("complex-weights", [{"rows": rows}] * 2)
    picture = starts.perturbation(about, "fig-made-up")
    assert "plain blocks by 9 % and that of as many residual ones by 0.9 %" in picture.caption
    assert "plain over residual 10." in picture.caption
    assert len(picture.data) == 2 * len(rows)


def test_the_error_left_is_told_at_every_depth_or_not_at_all(chosen):
    about, given = chosen
    assert starts.identity_by_depth(about, "fig-none") is None
    rows = [
        {"kind": kind, "blocks": blocks, "loss": loss * blocks, "losses": [1.0, loss]}
        for kind, loss in (("plain", 0.2), ("residual", 0.001))
        for blocks in (1, 3)
    ]
    settled = {"iterations": 100, "learning_rates": [0.1]}
    given["identity-is-hard"] = made_up.experiment("identity-is-hard", [{"rows": rows}], settled)
    caption = starts.identity_by_depth(about, "fig-made-up").caption
    assert "0.2 and 0.001 at 1 and 0.6 and 0.003 at 3 blocks" in caption
    assert "1 seed" in caption


def made_up_starts(monkeypatch, given):
    """Runs of a residual net from its usual start, and from γ = 0 as `given`."""
    runs = [start_run(seed, ratio=2.0) for seed in (0, 1)]
    monkeypatch.setattr(starts, "zero_gamma_runs", lambda _settings: given)
    monkeypatch.setattr(Settings, "runs", lambda _settings, _kinds: runs)


def start_run(seed, ratio):
    """A made-up run with what the figure reads."""
    made = made_up.run("residual", 56, seed, ratio=ratio, error=10.0 * ratio)
    made.content["curves"] = {"test": {"iteration": [10, 20], "test_error": [90.0, 50.0]}}
    for when in ("initial", "final"):
        blocks = made.content["responses"][when]["blocks"]
        blocks["ratio"] = [ratio * (when == "final")] * len(blocks["block"])
    return made


def test_both_starts_are_told(monkeypatch):
    made_up_starts(monkeypatch, [start_run(0, ratio=0.5)])
    picture = starts.zero_gamma(settings(), "fig-made-up")
    assert "from He the median ‖F(x)‖/‖x‖ goes from 0 to 2" in picture.caption
    assert "ends at 20.0 % (test 20.0 %, 2 seeds)" in picture.caption
    assert "from zero γ the median ‖F(x)‖/‖x‖ goes from 0 to 0.5" in picture.caption
    assert "ends at 5.00 % (test 5.00 %, 1 seed)" in picture.caption


def test_without_a_zero_start_nothing_is_shown(monkeypatch, tmp_path):
    made_up_starts(monkeypatch, [])
    assert starts.zero_gamma(settings(), "fig-none") is None
    monkeypatch.undo()
    monkeypatch.setenv("RESIDUAL_EVIDENCE", str(tmp_path))
    assert starts.zero_gamma_runs(settings("paper")) == []  # days of training are not started here


def test_published_takes_the_largest_profile_with_both_starts(monkeypatch):
    store = {("desk", False), ("quick", False), ("quick", True)}
    monkeypatch.setattr(starts, "seeds_of", lambda r: [0] * ((r.profile, r.zero_gamma) in store))
    assert starts.with_both_starts(settings("published")).profile == "quick"
    store.add(("desk", True))
    assert starts.with_both_starts(settings("published")).profile == "desk"


def test_a_zero_start_is_trained_where_that_takes_seconds(monkeypatch, tmp_path):
    monkeypatch.setenv("RESIDUAL_EVIDENCE", str(tmp_path))
    monkeypatch.setenv("RESIDUAL_RUNS", str(tmp_path))
    chosen = settings(depths=[8], iterations=2)
    (run,) = starts.zero_gamma_runs(chosen)
    assert run.recipe == replace(chosen.recipe("residual", 8), zero_gamma=True)
    assert [r.name for r in starts.zero_gamma_runs(chosen)] == [run.name]


def test_networks_that_were_not_run_are_told_so(monkeypatch):
    ran = made_up.seeds("plain", 110, "error", 90.0) + made_up.seeds("residual", 110, "error", 7.0)
    evidence = Evidence("paper", given=tuple(ran))
    monkeypatch.setattr(reformulation, "Evidence", lambda _profile: evidence)
    told = reformulation.very_deep_table(settings("paper")).set_index("network")
    assert told.loc["plain-110", "training error, %"].startswith("90.00 ±")
    assert told.loc["ResNet-110", "seeds"] == 3
    assert told.loc["ResNet-1202", "training error, %"] == "not run"
    monkeypatch.setattr(reformulation, "Evidence", lambda _p: Evidence("paper", given=()))
    assert reformulation.very_deep(settings("paper"), "fig-none") is None
