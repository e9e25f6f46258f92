"""What the exercises compute: against what is known by other means, and on made-up runs."""

import math

import pytest
from made_up import run

from companion.chapter import exercises
from residual.data import load
from residual.recipe import Recipe


def test_the_sizes_of_the_training_sets_are_those_of_the_data():
    assert exercises.TRAINING_IMAGES["digits"] == len(load("digits").train.labels)


def test_epochs_are_images_seen_over_images_there():
    recipe = Recipe.of("paper", "plain", 20)
    assert exercises.epochs(recipe) == 64_000 * 128 / 50_000


def test_weight_decay_alone_acts_as_an_effective_rate_of_ten_times():
    recipe = Recipe.of("paper", "residual", 20)
    steps = sum(recipe.rate(i) for i in range(recipe.iterations))
    expected = math.exp(-10 * recipe.weight_decay * steps)
    assert exercises.decayed(recipe) == pytest.approx(expected, rel=0.02)


def test_one_iteration_of_decay_is_rate_times_decay():
    recipe = Recipe("quick", "plain", 8, 0, "digits", 1)
    assert exercises.decayed(recipe) == 1 - recipe.rate(0) * recipe.weight_decay


def test_final_errors_come_by_seed_and_leave_diverged_runs_out():
    made = [run("plain", 8, 2, error=3.0), run("plain", 8, 0, error=1.0)]
    made += [run("plain", 8, 1, error=None), run("residual", 8, 0, error=9.0)]
    assert exercises.final_errors(made, "plain", 8) == [1.0, 3.0]
    assert exercises.final_errors(made, "plain", 14) == []


@pytest.mark.parametrize(
    ("train", "test", "told"),
    [
        (1.0, 1.0, "degradation"),
        (-1.0, 1.0, "overfitting"),
        (0.0, 1.0, "overfitting"),
        (1.0, -1.0, "no harm"),
        (-1.0, 0.0, "no harm"),
    ],
)
def test_a_pair_of_rises_has_a_pattern(train, test, told):
    shallow = [run("plain", 8, s, error=5.0, test_error=6.0) for s in (0, 1)]
    deep = [run("plain", 14, 0, error=5.0 + train, test_error=6.0 + test)]
    ((seed, *rises, words),) = exercises.depth_changes(shallow + deep, "plain").to_numpy()
    assert (seed, words) == (0, told)
    assert rises == pytest.approx([train, test])


def test_one_depth_has_no_change():
    assert exercises.depth_changes([run("plain", 8)], "plain").empty


def test_a_gradient_agrees_with_itself_and_less_with_one_farther_away():
    assert exercises.gradient_agreement("plain", 8, step=0.0) == pytest.approx(1.0)
    near, far = (exercises.gradient_agreement("residual", 8, step) for step in (0.01, 1.0))
    assert 1.0 > near > far


def test_a_stack_comes_nearer_to_its_target_and_a_residual_one_faster_to_the_identity():
    left = {kind: exercises.errors_left(kind, 1.0, (5, 30)) for kind in ("plain", "residual")}
    assert left["residual"][30] < left["residual"][5]
    assert left["residual"][30] < left["plain"][30] / 2


def test_untrained_ratios_fall_with_depth():
    assert exercises.untrained_ratio(26) < exercises.untrained_ratio(8)


def test_measures_are_ratios_of_medians_plain_over_residual():
    made = [run("plain", 8, std=3.0), run("residual", 8, std=1.5)]
    for one in made:
        tables = one.content["responses"]
        layers = tables["final"]["layers"]
        layers["channel_std"] = [2 * std for std in layers["std"]]
        tables["final_exact"] = tables["final"]
    table = exercises.plain_over_residual(made)
    assert table["depth"].tolist() == [8]
    assert table.iloc[0, 1:].tolist() == [2.0] * 4
