"""The published profile: each comparison takes the largest profile that has all it needs."""

import re

import pretend
import pytest

from companion import book
from companion.chapter import degradation, identity, ledger, responses, scale, settings, solution
from companion.chapter.display import table
from residual.claims import Verdict
from residual.recipe import Recipe
from residual.store import find


@pytest.fixture
def store(tmp_path, monkeypatch):
    """An empty store, the one that chapters read; nothing may be trained into it."""
    monkeypatch.setenv("RESIDUAL_EVIDENCE", str(tmp_path))
    monkeypatch.setattr("residual.train.fit", None)
    return tmp_path


def add(store, profile, *networks, seeds=(0,)):
    """Made-up runs such as plain-20."""
    for kind, depth in (name.split("-") for name in networks):
        for seed in seeds:
            pretend.pretend(store, profile, kind, int(depth), seed)


ALL = ("plain-20", "plain-56", "residual-20", "residual-56")


def test_a_profile_counts_only_with_every_network(store):
    pretend.committed(store, "quick")
    add(store, "desk", *ALL[:3])
    chosen = settings("published")
    assert chosen.scale() == "quick"
    assert chosen.scale(("plain",)) == "desk"
    assert {run.recipe.profile for run in chosen.runs()} == {"quick"}
    assert {run.recipe.profile for run in chosen.runs(("plain",))} == {"desk"}
    add(store, "desk", "residual-56")
    assert settings("published").scale() == "desk"
    assert settings("published").recipe("plain", 56).iterations == 3200
    assert {run.recipe.profile for run in settings("published").runs()} == {"desk"}


def test_a_profile_counts_only_with_every_seed_asked_for(store):
    pretend.committed(store, "quick")
    add(store, "desk", *ALL)
    assert settings("published", seeds=[0]).scale() == "desk"
    assert settings("published", seeds=[0, 1]).scale() == "quick"
    assert [r.recipe.seed for r in settings("published", [20], [0, 1]).runs(("plain",))] == [0, 1]


def test_an_explicit_profile_is_taken_as_it_is(store):
    add(store, "desk", *ALL)
    for name in ("quick", "desk", "paper"):
        assert settings(name).scale() == name
        assert settings(name).recipe("plain", 20).profile == name
    assert settings("published", [8]).scale() == "quick"


def test_an_experiment_keeps_its_own_profile_and_its_caption_says_so(store):
    pretend.committed(store, "quick")
    add(store, "desk", *ALL)
    chosen = settings("published")
    runs = chosen.runs()
    curves = degradation.curves(chosen, runs, "fig-x").caption
    assert "profile desk: CIFAR-10, 3,200 iterations, 1 seed, on " in curves
    assert "Xeon" in curves
    assert "(R)" not in curves
    shown = solution.training_on(chosen, "fig-y")
    assert "profile quick: 8×8 digits, 200 iterations, 3 seeds, on " in shown.caption
    assert shown.runs == ("quick/experiments/solution-exists",)
    pretend.pretend_experiment(store, "solution-exists", "desk")
    shown = solution.training_on(chosen, "fig-y")
    assert "profile desk: CIFAR-10, 3,200 iterations, 3 seeds" in shown.caption
    assert chosen.experiment("identity-is-hard")["profile"] == "quick"


def test_captions_of_every_picture_name_the_records_shown(store):
    pretend.committed(store, "quick")
    add(store, "desk", *ALL)
    chosen = settings("published")
    runs = chosen.runs()
    drawn = [
        degradation.by_depth(chosen, runs, "fig-a"),
        responses.figure_7(chosen, runs, "final", "fig-b"),
        responses.ratios(chosen, runs, "fig-c"),
        responses.lesions(chosen, runs, "fig-d"),
        solution.gradients(chosen, runs, "fig-e"),
    ]
    assert all("profile desk: CIFAR-10, 3,200 iterations" in p.caption for p in drawn)
    computed = identity.zeroed(chosen, "fig-f").caption
    assert "test images of 8×8 digits" in computed  # CIFAR-10 is not needed for a book
    assert "profile quick" in identity.regression(chosen, "fig-g").caption


def test_a_table_says_its_scale_below_it(store, monkeypatch):
    pretend.committed(store, "quick")
    add(store, "desk", *ALL)
    seen = []
    monkeypatch.setattr("companion.chapter.display.display", lambda shown: seen.append(shown.data))
    chosen = settings("published")
    table(degradation.error_table(chosen.runs()))
    table(degradation.controls(chosen))
    assert seen[0].splitlines()[-1].startswith("*Profile desk: CIFAR-10, 3,200 iterations, 1 seed")
    assert "*Profile quick: 8×8 digits, 200 and 600 iterations, 3 to 5 seeds" in seen[1]


def test_the_controls_are_those_of_one_profile(store):
    pretend.committed(store, "quick")
    add(store, "desk", *ALL)
    assert {run.recipe.profile for run in degradation.tried(settings("published"))} == {"quick"}
    assert {run.recipe.profile for run in degradation.tried(settings("desk"))} == {"desk"}


def test_devices_are_named_once_and_without_signs():
    names = ["Intel(R) Xeon(R), 1 threads", "Intel(R) Xeon(R), 1 threads", "An H100"]
    assert scale.devices(names) == "on An H100 and Intel Xeon, 1 thread"


def test_a_verdict_says_at_which_scale_it_was_judged():
    found = Verdict(
        "degradation-train", "desk", "inconclusive", "A sentence.", {"x": 1.0}, (), 1, ""
    )
    assert "Judged at profile desk: CIFAR-10, 3,200 iterations." in ledger.verdict_box(found)
    exact = Verdict("zero-is-identity", "exact", "supported", "A sentence.", {"x": 1.0}, (), 0, "")
    assert "Judged at" not in ledger.verdict_box(exact)


def test_an_experiment_has_its_own_iterations_not_the_profiles():
    runs = ("quick/experiments/identity-is-hard",)
    found = Verdict("identity-is-hard", "quick", "supported", "Words.", {"x": 1.0}, runs, 3, "")
    assert "Judged at profile quick. Seeds" in ledger.verdict_box(found)


@pytest.mark.parametrize("verdict", ["not run", None])
def test_values_that_were_not_judged_are_said_to_be_shown_only(verdict):
    values = ("A sentence.", {"x": 1.0}, ("desk/plain-20-s0",), 1, "A reason.")
    box = ledger.verdict_box(Verdict("response-smaller", "desk", verdict, *values))
    assert "Shown, not judged, at profile desk: CIFAR-10, 3,200 iterations." in box
    assert "Judged at" not in box
    nothing = Verdict("response-smaller", "desk", verdict, "Not run.", {}, (), 0, "A reason.")
    assert "not judged" not in ledger.verdict_box(nothing)


def test_made_up_runs_are_whole_records(store):
    add(store, "desk", "plain-20")
    run = find(Recipe.of("desk", "plain", 20))
    assert run["curves"]["test"]["iteration"][-1] == run.recipe.iterations


def coordinates(svg: bytes) -> list[float]:
    """Every number of the paths of a drawing."""
    paths = re.findall(rb' d="([^"]*)"', svg)
    return [float(number) for path in paths for number in re.findall(rb"-?\d+(?:\.\d+)?", path)]


def test_the_key_figure_is_drawn_from_the_committed_records(monkeypatch):
    monkeypatch.setenv("RESIDUAL_EVIDENCE", str(pretend.COMMITTED))
    kept = coordinates(book.KEY_FIGURE.read_bytes())
    assert len(kept) > 1000
    assert coordinates(book.key_figure()) == pytest.approx(kept, abs=0.01)
