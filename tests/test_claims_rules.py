"""Every rule on made-up records: each verdict that a claim declares is reached, and no other."""

import pytest
from made_up import JITTER, evidence, experiment, run, seeds

from residual.claims import CAVEAT, CLAIMS, INCONCLUSIVE, NOT_RUN, NOT_SUPPORTED, SUPPORTED, judge

BY_ID = {claim.id: claim for claim in CLAIMS}
WIDE = (0.1, 1.0, 10.0)  # seeds so different that an interval holds every threshold
THREE = range(3)


def errors(plain20, plain56, profile="paper", tests=(1.0, 1.0)):
    """Three seeds of plain-20 and plain-56 with training errors and test errors."""
    made = [run("plain", 20, s, profile, plain20[s], tests[0] + JITTER[s]) for s in THREE]
    made += [run("plain", 56, s, profile, plain56[s], tests[1] + JITTER[s]) for s in THREE]
    return evidence(*made, profile=profile)


def rows(*forms, **columns):
    """Three measurements with one row for each form; a column is a level, or one value a seed."""
    return [
        {
            "rows": [
                dict(form) | {n: v[s] if isinstance(v, tuple) else v for n, v in own.items()}
                for form, own in forms
            ]
        }
        for s in THREE
    ]


def regression(column, plain, residual, blocks=(1, 3, 9, 27), reached=True):
    """Identity regressions with given levels of a column by kind, at every depth."""
    forms = [
        ({"kind": kind, "blocks": b, "epsilon": 0.01, "reached": reached}, {column: level})
        for b in blocks
        for kind, level in (("plain", plain), ("residual", residual))
    ]
    name = "complex-weights" if column == "error" else "identity-is-hard"
    settings = {"tolerance": 0.01, "nonzero": 0.007, "iterations": 100}
    return evidence(experiments=(experiment(name, rows(*forms), settings),))


def solution(difference, same=True):
    """A constructed solution with a logit difference."""
    one = {"eval_logit_difference": difference, "same_predictions": same}
    one |= {
        "train_mode_logit_difference": 0.0,
        "copied_train_error": 1.0,
        "random_train_error": 2.0,
        "shallow_train_error": 1.0,
        "copied_start_train_error": 1.0,
    }
    return evidence(experiments=(experiment("solution-exists", [one] * 3),))


def nets(value, plain, residual, depths=(20, 56), **given):
    """Pairs of plain and residual nets with levels of one value."""
    groups = [(k, d, v) for d in depths for k, v in (("plain", plain), ("residual", residual))]
    return evidence(*(r for k, d, v in groups for r in seeds(k, d, value, v, **given)))


def resnets(value, levels, depths=(56,), **given):
    """ResNets with one value a seed."""
    return evidence(
        *(
            run("residual", d, s, **({value: v} | given))
            for d in depths
            for s, v in enumerate(levels)
        )
    )


def cures(res20, res56, plain56, profile="paper"):
    """ResNet-20, ResNet-56 and plain-56 with constant errors."""
    cells = (("residual", 20, res20), ("residual", 56, res56), ("plain", 56, plain56))
    made = [
        run(k, d, s, profile, e if not isinstance(e, tuple) else e[s])
        for k, d, e in cells
        for s in THREE
    ]
    return evidence(*made, profile=profile)


def hundreds(plain, residual, deepest=None):
    """Plain-110, ResNet-110 and perhaps ResNet-1202."""
    made = [run("plain", 110, s, error=plain[s]) for s in THREE]
    made += [run("residual", 110, s, error=residual[s]) for s in THREE]
    made += [] if deepest is None else [run("residual", 1202, 0, error=deepest)]
    return evidence(*made)


def zeroing(plain, residual):
    """Variances of zeroed blocks."""
    errors = {"nothing": 5.0, "block": 50.0, "conv1": 20.0, "conv2": 40.0}
    test = [
        {"kind": k, "block": int(what != "nothing"), "zeroed": what, "test_error": error}
        for k in ("plain", "residual")
        for what, error in errors.items()
    ]
    one = {"plain_variance": plain, "residual_variance": residual, "rows": test}
    return evidence(experiments=(experiment("zero-kills-plain", [one]),))


def weights(no_bn, bn):
    """How much is left of ‖W‖ in each form, where F falls a hundredfold."""
    common = {"response_start": 1.0, "response_end": 0.01, "weight_norm_start": 1.0}
    common |= {"gamma_norm_start": 1.0, "gamma_norm_end": 0.01}
    left = {"no-bn": no_bn, "bn": bn, "gamma": 1.0}
    made = rows(*(({"form": f}, common | {"weight_norm_end": v}) for f, v in left.items()))
    made = [m | {"scaled_response_change": 1e-7} for m in made]
    return evidence(experiments=(experiment("weights-go-to-zero", made),))


def fixed(gradient, left):
    """A gradient at W = 0, and what is left of a perturbation."""
    common = {"response_start": 1.0, "response_end": 0.01, "weight_norm_start": 1.0}
    made = rows(({"form": "no-bn"}, common | {"weight_norm_end": left}))
    extra = {"gradient_no_bn": {"conv1.weight": gradient}, "gradient_bn": {"norm2.bias": 1.0}}
    extra |= {"saddle_gradient": 0.0, "saddle_loss_start": 1.0, "saddle_loss_end": 0.1}
    return evidence(experiments=(experiment("zero-is-fixed", [m | extra for m in made]),))


def decay(left):
    """What is left of the distance to the identity."""
    made = [
        {
            "weight_fraction": [1.0, 0.03],
            "residual_bn": [1.0, left[s]],
            "residual_no_bn": [1.0, 0.1],
        }
        | {"plain_bn": [0.0, 1.0], "plain_no_bn": [0.0, 1.0]}
        for s in THREE
    ]
    return evidence(experiments=(experiment("decay-pulls-to-zero", made, {"iterations": 64_000}),))


def spectra(initial, trained):
    """Plain spreads, where residual ones are 1."""
    levels = {"initial": initial, "trained": trained}
    forms = [
        ({"kind": k, "matrix": m, "when": w}, {"spread": level if k == "plain" else 1.0})
        for m in ("jacobian", "gauss_newton")
        for w, level in levels.items()
        for k in ("plain", "residual")
    ]
    return evidence(experiments=(experiment("preconditioning", rows(*forms)),))


def orders(*lists, lesions=None):
    """ResNet-8 stands for 56: std of F(x) by block, one list a seed."""
    blocks = 27
    made = []
    for s, order in enumerate(lists):
        damage = None if lesions is None else [1.0, *(lesions[s] * blocks)[:blocks]]
        stds = [v + 0.001 * i for i, v in enumerate((order * blocks)[:blocks])]
        made.append(run("residual", 56, s, stds=stds, lesions=damage))
    return evidence(*made)


def chain(last, free=None, profile="paper"):
    """‖F‖/‖x‖ of the last block beside 1, and std without decay on γ beside 1."""
    made = [run("residual", 56, s, profile, last_ratio=last[s]) for s in THREE]
    if free is not None:
        made += [run("residual", 56, s, profile, std=free[s], decay_gamma=False) for s in THREE]
    return evidence(*made, profile=profile)


RISING, FALLING, MIXED = [1.0, 2.0, 3.0], [3.0, 2.0, 1.0], [2.0, 1.0, 3.0]
HIGH, LOW, NOISY = (5.0, 5.1, 4.9), (1.0, 1.1, 0.9), (0.0, 5.0, 10.0)

CASES = [
    ("degradation-train", SUPPORTED, errors(LOW, HIGH)),
    ("degradation-train", CAVEAT, errors(LOW, HIGH, "desk")),
    ("degradation-train", NOT_SUPPORTED, errors(HIGH, LOW)),
    ("degradation-train", INCONCLUSIVE, errors(NOISY, NOISY)),
    ("degradation-train", INCONCLUSIVE, errors((1.0,) * 3, (1.0,) * 3)),  # exactly zero
    ("degradation-test", SUPPORTED, errors(LOW, LOW, tests=(1, 5))),
    ("degradation-test", CAVEAT, errors(LOW, LOW, "quick", (1, 5))),
    ("degradation-test", NOT_SUPPORTED, errors(LOW, LOW, tests=(5, 1))),
    ("degradation-test", INCONCLUSIVE, errors(LOW, LOW, tests=(1, 1))),
    ("not-overfitting", SUPPORTED, errors(LOW, HIGH, tests=(1, 5))),
    ("not-overfitting", CAVEAT, errors(LOW, HIGH, "desk", (1, 5))),
    ("not-overfitting", NOT_SUPPORTED, errors(LOW, HIGH, tests=(1, 50))),
    ("not-overfitting", INCONCLUSIVE, errors(LOW, NOISY, tests=(1, 9))),
    ("not-overfitting", INCONCLUSIVE, errors(LOW, HIGH, tests=(1, 1))),  # nothing to account for
    ("solution-exists", SUPPORTED, solution(1e-4)),
    ("solution-exists", NOT_SUPPORTED, solution(1.01e-4)),
    ("solution-exists", NOT_SUPPORTED, solution(0.0, same=False)),
    (
        "vanishing-gradients",
        SUPPORTED,
        evidence(*(run("plain", 56, s, gradients=(0.01, 1)) for s in THREE)),
    ),
    (
        "vanishing-gradients",
        CAVEAT,
        evidence(
            *(run("plain", 56, s, "desk", gradients=(0.01, 1)) for s in THREE), profile="desk"
        ),
    ),
    (
        "vanishing-gradients",
        NOT_SUPPORTED,
        evidence(*(run("plain", 56, s, gradients=(9, 1)) for s in THREE)),
    ),
    (
        "vanishing-gradients",
        INCONCLUSIVE,
        evidence(*(run("plain", 56, s, gradients=(w / 10, 1)) for s, w in enumerate(WIDE))),
    ),
    ("identity-is-hard", SUPPORTED, regression("loss", 1.0, 0.1)),
    ("identity-is-hard", NOT_SUPPORTED, regression("loss", 0.99, 0.1)),
    ("identity-is-hard", INCONCLUSIVE, regression("loss", WIDE, 0.1)),
    ("complex-weights", CAVEAT, regression("error", 1.0, 0.1)),
    ("complex-weights", NOT_SUPPORTED, regression("error", 0.9, 0.1)),
    ("complex-weights", INCONCLUSIVE, regression("error", WIDE, 0.1)),
    ("residual-cures", SUPPORTED, cures(1.0, 1.5, 5.0)),  # half a point exactly
    ("residual-cures", CAVEAT, cures(1.0, 1.0, 5.0, "desk")),
    ("residual-cures", NOT_SUPPORTED, cures(1.0, 1.6, 5.0)),
    ("residual-cures", NOT_SUPPORTED, cures(1.0, 1.0, 0.5)),
    ("residual-cures", INCONCLUSIVE, cures(1.0, NOISY, 50.0)),
    ("hundreds-of-layers", SUPPORTED, hundreds(HIGH, LOW, 0.1)),
    ("hundreds-of-layers", CAVEAT, hundreds(HIGH, LOW)),
    ("hundreds-of-layers", CAVEAT, hundreds(HIGH, LOW, 5.0)),
    ("hundreds-of-layers", NOT_SUPPORTED, hundreds(LOW, HIGH)),
    ("hundreds-of-layers", INCONCLUSIVE, hundreds(NOISY, NOISY)),
    ("identity-by-default", SUPPORTED, resnets("ratio", (0.09,) * 3)),
    ("identity-by-default", NOT_SUPPORTED, resnets("ratio", (0.11,) * 3)),
    ("identity-by-default", INCONCLUSIVE, resnets("ratio", (0.01, 0.1, 1.0))),
    ("zero-kills-plain", SUPPORTED, zeroing(0.0, 0.1)),
    ("zero-kills-plain", NOT_SUPPORTED, zeroing(1e-12, 0.1)),
    ("zero-is-easy", SUPPORTED, regression("iterations_to_tolerance", 100, 50)),
    ("zero-is-easy", NOT_SUPPORTED, regression("iterations_to_tolerance", 50, 100)),
    ("zero-is-easy", INCONCLUSIVE, regression("iterations_to_tolerance", 100, 100)),
    ("weights-go-to-zero", SUPPORTED, weights(0.1, 0.1)),
    ("weights-go-to-zero", CAVEAT, weights(0.1, 0.5)),
    ("weights-go-to-zero", NOT_SUPPORTED, weights(0.5, 0.5)),
    ("weights-go-to-zero", INCONCLUSIVE, weights(tuple(w / 10 for w in WIDE), 0.5)),
    ("zero-is-fixed", SUPPORTED, fixed(0.0, 0.1)),
    ("zero-is-fixed", CAVEAT, fixed(0.0, 1.0)),
    ("zero-is-fixed", NOT_SUPPORTED, fixed(1e-6, 0.1)),
    ("zero-is-fixed", INCONCLUSIVE, fixed(0.0, tuple(w / 10 for w in WIDE))),
    ("decay-pulls-to-zero", SUPPORTED, decay((0.1,) * 3)),
    ("decay-pulls-to-zero", NOT_SUPPORTED, decay((0.11,) * 3)),
    ("decay-pulls-to-zero", INCONCLUSIVE, decay((0.01, 0.1, 1.0))),
    ("response-smaller", SUPPORTED, nets("std", 2.0, 1.0)),
    ("response-smaller", NOT_SUPPORTED, nets("std", 1.0, 2.0)),
    ("response-smaller", INCONCLUSIVE, nets("std", 1.0, 1.0)),
    ("plain-range-wide", SUPPORTED, nets("std", 2.0, 1.0)),
    ("plain-range-wide", NOT_SUPPORTED, nets("std", 1.0, 2.0)),
    ("plain-range-wide", INCONCLUSIVE, nets("std", 1.0, 1.0)),
    ("order-of-magnitude", SUPPORTED, nets("std", 11.0, 1.0)),
    ("order-of-magnitude", NOT_SUPPORTED, nets("std", 9.0, 1.0)),
    ("order-of-magnitude", INCONCLUSIVE, nets("std", 10.0, 1.0)),
    ("within-a-tenth", SUPPORTED, resnets("layer", ({"within_tenth": 0.9},) * 3)),
    ("within-a-tenth", NOT_SUPPORTED, resnets("layer", ({"within_tenth": 0.89},) * 3)),
    (
        "within-a-tenth",
        INCONCLUSIVE,
        resnets("layer", [{"within_tenth": v} for v in (0.8, 0.9, 1)]),
    ),
    ("mean-is-zero", SUPPORTED, resnets("layer", ({"mean": -0.09},) * 3)),
    ("mean-is-zero", NOT_SUPPORTED, resnets("layer", ({"mean": -0.1},) * 3)),
    ("mean-is-zero", INCONCLUSIVE, resnets("layer", [{"mean": v} for v in (0.0, 0.1, 0.2)])),
    ("response-near-zero", SUPPORTED, resnets("ratio", (0.09,) * 3)),
    ("response-near-zero", NOT_SUPPORTED, resnets("ratio", (0.11,) * 3)),
    ("response-near-zero", INCONCLUSIVE, resnets("ratio", (0.01, 0.1, 1.0))),
    ("large-only-when-needed", CAVEAT, orders(RISING, RISING, RISING)),
    (
        "large-only-when-needed",
        NOT_SUPPORTED,
        orders([3.0, 2.0, 1.0], [2.0, 1.0, 3.0], [1.0, 3.0, 2.0]),
    ),
    ("large-only-when-needed", INCONCLUSIVE, orders(RISING, FALLING, RISING)),
    ("response-means-dispensable", SUPPORTED, orders(*[RISING] * 3, lesions=[RISING] * 3)),
    ("response-means-dispensable", NOT_SUPPORTED, orders(*[RISING] * 3, lesions=[FALLING] * 3)),
    (
        "response-means-dispensable",
        INCONCLUSIVE,
        orders(*[RISING] * 3, lesions=[RISING, FALLING, MIXED]),
    ),
    ("preconditioning", SUPPORTED, spectra(2.0, 2.0)),
    ("preconditioning", CAVEAT, spectra(2.0, 0.5)),
    ("preconditioning", NOT_SUPPORTED, spectra(0.5, 0.5)),
    ("preconditioning", INCONCLUSIVE, spectra(1.0, 1.0)),
    ("chain-is-valid", NOT_SUPPORTED, chain((0.5,) * 3)),
    ("chain-is-valid", NOT_SUPPORTED, chain((1.0,) * 3, free=(2.0,) * 3)),
    ("chain-is-valid", INCONCLUSIVE, chain((1.0,) * 3, free=(1.0,) * 3)),
]


def one_depth_each_way(depth):
    """Plain responds more at one depth, residual at the other."""
    levels = {20: (1.0, 2.0), 56: (1.0, 2.0)} | {depth: (20.0, 1.0)}
    kinds = ("plain", "residual")
    cells = [(k, d, v) for d, pair in levels.items() for k, v in zip(kinds, pair)]
    return evidence(*(r for k, d, v in cells for r in seeds(k, d, "std", v)))


def deeper(*levels):
    """ResNet-20, 56 and perhaps 110 with these stds."""
    pairs = zip((20, 56, 110), levels)
    return evidence(*(r for d, v in pairs for r in seeds("residual", d, "std", v)))


CASES += [
    ("response-smaller", CAVEAT, one_depth_each_way(20)),
    ("plain-range-wide", CAVEAT, one_depth_each_way(56)),
    ("order-of-magnitude", CAVEAT, one_depth_each_way(20)),
    ("deeper-is-smaller", SUPPORTED, deeper(3.0, 2.0, 1.0)),
    ("deeper-is-smaller", CAVEAT, deeper(3.0, 2.0)),
    ("deeper-is-smaller", NOT_SUPPORTED, deeper(3.0, 2.0, 2.5)),
    ("deeper-is-smaller", INCONCLUSIVE, deeper(3.0, 2.0, 2.0)),
]


@pytest.mark.parametrize(
    ("name", "expected", "given"), CASES, ids=[f"{c[0]}: {c[1]}" for c in CASES]
)
def test_a_rule_gives_this_verdict(name, expected, given):
    found = judge(BY_ID[name], given)
    assert found.verdict == expected, found
    assert found.sentence.endswith(".")
    assert "nan" not in found.sentence
    assert found.verdict not in (CAVEAT, INCONCLUSIVE) or found.reason


@pytest.mark.parametrize("claim", [c for c in CLAIMS if not c.exact], ids=lambda c: c.id)
def test_each_declared_verdict_is_reached_and_no_other(claim):
    assert {expected for name, expected, _ in CASES if name == claim.id} == set(claim.verdicts)


SEEDED = [c for c in CASES if c[1] != INCONCLUSIVE and INCONCLUSIVE in BY_ID[c[0]].verdicts]
BARE = [c for c in SEEDED if not (c[0] == "zero-is-fixed" and c[1] == NOT_SUPPORTED)]


@pytest.mark.parametrize(("name", "expected", "given"), BARE, ids=[f"{c[0]}: {c[1]}" for c in BARE])
def test_two_seeds_are_too_few(name, expected, given):
    experiments = tuple(
        experiment(e.content["experiment"], e.measurements[:2], e["settings"])
        for e in given.experiments.values()
    )
    runs = [r for r in given.runs if r.recipe.seed < 2]
    found = judge(BY_ID[name], evidence(*runs, profile=given.profile, experiments=experiments))
    assert found.verdict == INCONCLUSIVE
    assert found.seeds < 3


@pytest.mark.parametrize(
    "name", ["response-smaller", "order-of-magnitude", "response-near-zero", "mean-is-zero"]
)
def test_responses_are_shown_and_not_judged_below_the_paper_profile(name):
    runs = [
        r
        for k in ("plain", "residual")
        for d in (20, 56)
        for r in seeds(k, d, "std", 1.0, profile="quick")
    ]
    found = judge(BY_ID[name], evidence(*runs, profile="quick"))
    assert found.verdict == NOT_RUN
    assert found.values
    assert "paper profile alone is judged" in found.reason
    assert any("initial" in key for key in found.values)


def test_a_tolerance_that_neither_reached_decides_nothing():
    given = regression("iterations_to_tolerance", 100, 100, reached=False)
    found = judge(BY_ID["zero-is-easy"], given)
    assert found.verdict == INCONCLUSIVE
    assert "nothing follows" in found.reason
    assert "nothing to compare. At 1, 3, 9 and 27 blocks neither kind arrived" in found.sentence


def test_a_ratio_is_a_bound_where_one_kind_alone_arrived():
    given = regression("iterations_to_tolerance", 100, 50)
    late = [("plain", 3), ("plain", 9), ("residual", 9)]
    for row in (r for m in given.experiments["identity-is-hard"].measurements for r in m["rows"]):
        row["reached"] = (row["kind"], row["blocks"]) not in late
    sentence = judge(BY_ID["zero-is-easy"], given).sentence
    assert "residual: 2 at 1 block; at least 2 at 3 blocks; 2 at 27 blocks. At 9 b" in sentence


def test_a_block_at_zero_and_a_layer_at_zero_are_told_apart():
    found = judge(BY_ID["zero-kills-plain"], zeroing(0.0, 0.1))
    assert "With one block zeroed, the median test error is 50 %" in found.sentence
    assert "with one layer, 30 % and 30 %." in found.sentence
    assert found.values["plain_whole_test_error_percent"] == 5


def test_too_few_seeds_are_said_where_no_rival_could_be_judged():
    found = judge(BY_ID["chain-is-valid"], evidence(run("residual", 56, 0, last_ratio=0.5)))
    assert found.verdict == INCONCLUSIVE
    assert found.reason.startswith("Too few seeds: 1 on a side, where the rule wants 3.")


@pytest.mark.parametrize(
    ("block", "told"), [(1, "first"), (10, "first"), (9, "last"), (27, "last"), (5, "")]
)
def test_the_strongest_block_has_its_place_in_a_stage(block, told):
    stds = [2.0 if b == block else 1.0 for b in range(1, 28)]
    found = judge(BY_ID["large-only-when-needed"], evidence(run("residual", 56, stds=stds)))
    where = f", the {told} of a stage," if told else ""
    assert f"block {block} of 27{where} responds most" in found.sentence
    assert found.sentence.endswith("With one seed it is unknown whether the order repeats.")
    assert "rank_correlation" not in found.values


def test_responses_by_channel_stand_beside_the_pooled_ones():
    found = judge(BY_ID["response-smaller"], nets("std", 2.0, 1.0))
    assert found.values["channel_std_ratio_20_final"] == pytest.approx(2.0)
    assert "at depth 56 (2 before training)" in found.sentence


def test_a_caveat_is_given_for_stacks_that_learnt_nothing():
    found = judge(BY_ID["identity-is-hard"], regression("loss", 0.9, 0.5))
    assert found.verdict == NOT_SUPPORTED
    assert "neither kind had learnt" in found.reason


def test_a_failed_rule_keeps_no_praise_from_its_caution():
    found = judge(BY_ID["complex-weights"], regression("error", 0.9, 0.1))
    assert "must be precise" not in found.reason
