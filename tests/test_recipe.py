"""The recipe is the paper's, scaled in iterations; a name stands for one recipe."""

from dataclasses import replace

import pytest

from residual.errors import ParameterError
from residual.recipe import PROFILES, Recipe, recipes
from residual.train import WATCHED


def test_the_paper_profile_is_section_4_2():
    recipe = Recipe.of("paper", "residual", 56)
    assert (recipe.iterations, recipe.batch_size, recipe.learning_rate) == (64_000, 128, 0.1)
    assert (recipe.momentum, recipe.weight_decay) == (0.9, 1e-4)


@pytest.mark.parametrize(
    ("iteration", "rate"),
    [(0, 0.1), (31_999, 0.1), (32_000, 0.01), (47_999, 0.01), (48_000, 0.001), (63_999, 0.001)],
)
def test_the_rate_drops_at_half_and_three_quarters(iteration, rate):
    assert Recipe.of("paper", "plain", 20).rate(iteration) == pytest.approx(rate)


@pytest.mark.parametrize("profile", PROFILES)
def test_drops_scale_with_the_iterations(profile):
    recipe = Recipe.of(profile, "plain", 20)
    rates = [recipe.rate(i) for i in range(recipe.iterations)]
    counts = [sum(rate == value for rate in rates) for value in dict.fromkeys(rates)]
    assert counts == [recipe.iterations // 2, recipe.iterations // 4, recipe.iterations // 4]


def test_depth_110_starts_low_for_400_iterations():
    recipe = Recipe.of("paper", "residual", 110)
    assert recipe.rate(399) == pytest.approx(0.01)
    assert recipe.rate(400) == pytest.approx(0.1)


def test_a_variant_names_what_differs():
    usual = Recipe.of("quick", "plain", 56, 2)
    assert usual.name == "plain-56-s2"
    assert replace(usual, norm=False).name == "plain-56-no-bn-s2"
    slower = Recipe.of("quick", "plain", 56, 2, 400, 0.01)
    assert slower.name == "plain-56-it400-lr0.01-s2"  # its decay follows from these two


def test_different_recipes_never_share_a_name():
    usual = Recipe.of("quick", "plain", 20)
    changes = [
        {"norm": False},
        {"zero_gamma": True},
        {"decay_gamma": False},
        {"iterations": 7},
        {"batch_size": 64},
        {"learning_rate": 0.05},
        {"momentum": 0.5},
        {"weight_decay": 0.0},
        {"seed": 1},
        {"depth": 26},
        {"kind": "residual"},
        {"dataset": "cifar10"},
        {"low_start": True},
        {"last_relu": False},
        {"gamma": 0.5},
    ]
    names = {replace(usual, **change).name for change in changes}
    assert len(names | {usual.name}) == len(changes) + 1


def test_log_points_end_with_the_last_iteration():
    for iterations in (1, 7, 100, 3_201):
        points = replace(Recipe.of("quick", "plain", 20), iterations=iterations).points(100)
        assert points[-1] == iterations
        assert points == sorted(set(points))


def test_recipes_are_every_combination():
    made = recipes("quick", ["plain", "residual"], [8, 14], [0, 1, 2], 50)
    assert len({recipe.name for recipe in made}) == 12
    assert {recipe.iterations for recipe in made} == {50}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("profile", "huge"), ("kind", "dense"), ("depth", 21), ("seed", -1), ("iterations", 0)),
        *(("dataset", "mnist"), ("batch_size", 0), ("momentum", 2.0), ("shortcut", "half")),
        *(("learning_rate", float("nan")), ("weight_decay", float("inf")), ("weight_decay", -1)),
        *(("gamma", 0.0), ("gamma", float("nan"))),
    ],
)
def test_a_wrong_value_is_named(field, value):
    usual = Recipe.of("quick", "plain", 20)
    with pytest.raises(ParameterError, match=str(value)):
        replace(usual, **{field: value})


@pytest.mark.parametrize("change", [{"zero_gamma": True}, {"decay_gamma": False}, {"gamma": 0.5}])
def test_what_batch_normalisation_has_is_not_asked_for_without_it(change):
    with pytest.raises(ParameterError, match="without batch normalisation"):
        replace(Recipe.of("quick", "plain", 20), norm=False, **change)


def test_a_network_is_what_its_recipe_says():
    recipe = replace(Recipe.of("quick", "residual", 8), last_relu=False, gamma=0.25)
    assert recipe.name == "residual-8-no-last-relu-gamma0.25-s0"
    for block in recipe.network(1).blocks:
        assert not block.last_relu
        assert set(block.norm2.weight.tolist()) == {0.25}
        assert set(block.norm1.weight.tolist()) == {1.0}


def test_short_profiles_keep_the_product_of_rate_decay_and_length():
    paper = Recipe.of("paper", "plain", 20)
    product = paper.learning_rate * paper.weight_decay * paper.iterations
    others = [Recipe.of(name, "plain", 20) for name in ("quick", "desk")]
    others += [
        Recipe.of("quick", "plain", 20, 0, 1800),
        Recipe.of("quick", "plain", 20, 0, 90, 0.01),
    ]
    for short in others:
        assert short.learning_rate * short.weight_decay * short.iterations == pytest.approx(
            product, rel=1e-4
        )
    assert Recipe.of("paper", "plain", 20, 0, 64, 0.01).weight_decay == 1e-4


@pytest.mark.parametrize("iterations", [None, 250, 1201])
@pytest.mark.parametrize("profile", PROFILES)
def test_every_evaluation_falls_where_a_training_is_watched(profile, iterations):
    recipe = Recipe.of(profile, "plain", 8, iterations=iterations)
    assert {*recipe.points(PROFILES[profile].evaluations)} <= {*recipe.points(WATCHED)}
