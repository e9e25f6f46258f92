"""What the exercises compute: against what is known by other means, and on made-up runs."""

import math

import pandas as pd
import pytest
from made_up import network

from companion.chapters import exercises
from residual.data import load
from residual.experiments.decay import fractions
from residual.recipe import Recipe


def test_the_sizes_of_the_training_sets_are_those_of_the_data():
    assert exercises.SIZES["digits"]["train"] == len(load("digits").train.labels)


def test_epochs_are_images_seen_over_images_there():
    recipe = Recipe.of("paper", "plain", 20)
    assert exercises.epochs(recipe) == 64_000 * 128 / 50_000


def test_weight_decay_alone_acts_as_an_effective_rate_of_ten_times():
    recipe = Recipe.of("paper", "residual", 20)
    steps = sum(recipe.rate(i) for i in range(recipe.iterations))
    expected = math.exp(-10 * recipe.weight_decay * steps)
    assert fractions(recipe)[-1] == pytest.approx(expected, rel=0.02)


def test_one_iteration_of_decay_is_rate_times_decay():
    recipe = Recipe("quick", "plain", 8, 0, "digits", 1)
    assert fractions(recipe)[-1] == 1 - recipe.rate(0) * recipe.weight_decay


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
    made = [network("plain", 8, exact_std=3.0, std=3.0), network("residual", 8, std=1.5)]
    table = exercises.plain_over_residual(made)
    assert table["depth"].tolist() == [8]
    assert table.iloc[0, 1:].tolist() == pytest.approx([2.0] * 4)


def test_an_answer_is_folded_with_its_sentences_before_its_tables(monkeypatch):
    shown = []
    monkeypatch.setattr(exercises, "display", shown.append)
    exercises.answer("It is", "", "so.", pd.DataFrame({"n": [2], "share": [0.0123]}))
    text = shown[0].data
    assert text.startswith("<details><summary>Answer</summary>\n\nIt is so.\n\n| n | share |")
    assert "| 2 | 0.0123 |" in text


def test_the_block_that_is_missed_most_is_counted_over_trainings():
    frames = [
        pd.DataFrame({"block": range(1, 10), "rise": [0.0] * 9}).assign(
            run=f"run {i}", network="ResNet-20", depth=20
        )
        for i in range(3)
    ]
    for frame, worst in zip(frames, (4, 4, 9)):
        frame.loc[frame["block"] == worst, "rise"] = 5.0
    (row,) = exercises.missed_most(pd.concat(frames, ignore_index=True)).to_numpy().tolist()
    assert row == ["ResNet-20", "4", "2 of 3", "2 of 3"]


def test_the_targets_with_another_winner_are_named():
    columns = {
        "plain, 30 iterations": [0.7, 0.3],
        "residual, 30 iterations": [0.3, 0.2],
        "plain, 60 iterations": [0.6, 0.1],
        "residual, 60 iterations": [0.1, 0.2],
    }
    found = pd.DataFrame({"target": ["1·x", "0·x"]} | columns)
    assert exercises.other_winner(found) == "0·x"
    assert exercises.other_winner(found[:1]) == ""
