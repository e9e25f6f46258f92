"""Every rule on made-up records: the verdicts that it can give, and what happens at a threshold."""

from dataclasses import replace
from itertools import chain

import pytest
from made_up import SOURCES, curve, evidence, experiment, network, networks

from residual.claims import (
    CAVEAT,
    CLAIMS,
    INCONCLUSIVE,
    NOT_RUN,
    NOT_SUPPORTED,
    SUPPORTED,
    Finding,
    about_argument,
    about_identity,
    about_zero,
    judge,
)
from residual.experiments import regression

BY_ID = {claim.id: claim for claim in CLAIMS}
KINDS = ("plain", "residual")
WIDE = (0.1, 1.0, 10.0)  # values so different that an interval holds every threshold


def verdict(name, given):
    """The claim's verdict, which must be one that the claim declares."""
    found = judge(BY_ID[name], given).verdict
    assert found in (*BY_ID[name].verdicts, NOT_RUN)
    return found


def spread(kind, depth, value, levels=WIDE, **given):
    """Three trainings with these levels of a value."""
    return [network(kind, depth, s, **{value: level}, **given) for s, level in enumerate(levels)]


def pair(value, plain, residual, depths=(20, 56), **given):
    """Plain and residual networks of each depth, with levels of one value."""
    return [
        record
        for depth in depths
        for kind, level in zip(KINDS, (plain, residual))
        for record in networks(kind, depth, value, level, **given)
    ]


def resnets(value, level, depths=(20, 56), **given):
    """Residual networks of each depth, all with one level of a value."""
    return [r for depth in depths for r in networks("residual", depth, value, level, **given)]


def alike(kind, depth, **given):
    """Three trainings that agree to the last bit, so that an interval is a point."""
    return [network(kind, depth, seed, **given) for seed in range(3)]


def plain_errors(shallow, deep, tests=(1.0, 2.0), scale="paper"):
    made = networks("plain", 20, "train", shallow, scale, test=tests[0])
    made += networks("plain", 56, "train", deep, scale, test=tests[1])
    return evidence(*made, scale=scale)


def test_degradation_compares_the_two_plain_networks():
    for name, field in (("degradation-train", "train"), ("degradation-test", "test")):
        for shallow, deep, expected in ((1, 2, SUPPORTED), (2, 1, NOT_SUPPORTED)):
            made = [networks("plain", d, field, e) for d, e in ((20, shallow), (56, deep))]
            assert verdict(name, evidence(*chain.from_iterable(made))) == expected
        made = networks("plain", 20, field, 1.0) + spread("plain", 56, field)
        assert verdict(name, evidence(*made)) == INCONCLUSIVE


def test_two_trainings_on_a_side_are_too_few():
    made = networks("plain", 20, "train", 1.0) + networks("plain", 56, "train", 9.0, count=2)
    found = judge(BY_ID["degradation-train"], evidence(*made))
    assert (found.verdict, found.seeds) == (INCONCLUSIVE, 2)
    assert "Too few trainings: 2" in found.reason


def test_a_short_profile_supports_with_a_caveat_and_never_refutes():
    assert verdict("degradation-train", plain_errors(1, 9, scale="quick")) == CAVEAT
    found = judge(BY_ID["degradation-train"], plain_errors(9, 1, scale="quick"))
    assert found.verdict == INCONCLUSIVE
    assert "600 iterations" in found.reason


def test_a_share_of_the_rise_in_test_error_decides_on_overfitting():
    def share(train, deep=10.0):
        made = networks("plain", 20, "train", 5.0, test=10.0)
        made += networks("plain", 56, "train", 5.0 + train, test=10.0 + deep)
        for i, record in enumerate(made):  # no two trainings are alike
            record["metrics"]["test_error"] += 0.01 * i
        return evidence(*made)

    assert verdict("not-overfitting", share(10.0)) == SUPPORTED
    assert verdict("not-overfitting", share(1.0)) == NOT_SUPPORTED
    assert verdict("not-overfitting", share(1.0, deep=-3.0)) == INCONCLUSIVE
    found = judge(BY_ID["not-overfitting"], share(46.0, deep=40.0))
    assert found.verdict == INCONCLUSIVE
    assert "cannot overfit" in found.reason


def test_gradients_are_judged_free_of_scale():
    def plain(first, **given):
        made = spread("plain", 56, "gradients", [(first * f, 1.0) for f in (0.9, 1, 1.1)], **given)
        return evidence(*made)

    assert verdict("vanishing-gradients", plain(1e-3)) == SUPPORTED
    assert verdict("vanishing-gradients", plain(2.0)) == NOT_SUPPORTED
    made = spread("plain", 56, "gradients", [(f, 1.0) for f in (*WIDE[:2], 0.05)])
    assert verdict("vanishing-gradients", evidence(*made)) == INCONCLUSIVE
    made = networks("plain", 56, "weight", 1.0, gradients=(1e-4, 1.0))
    for record in made:  # the first stage has grown a hundredfold: only its size is new
        rows = record["gradients"]["weight"]
        record["gradients"]["weight"] = [[100.0] * 19 + row[19:] for row in rows]
    assert verdict("vanishing-gradients", evidence(*made)) == NOT_SUPPORTED


def test_the_residual_network_cures_if_it_neither_degrades_nor_loses_to_the_plain_one():
    def nets(shallow, deep, plain):
        made = networks("residual", 20, "train", shallow) + networks("residual", 56, "train", deep)
        return evidence(*made, *networks("plain", 56, "train", plain))

    assert verdict("residual-cures", nets(5.0, 5.2, 9.0)) == SUPPORTED
    assert verdict("residual-cures", nets(5.0, 7.0, 9.0)) == NOT_SUPPORTED
    assert verdict("residual-cures", nets(5.0, 5.0, 4.0)) == NOT_SUPPORTED
    made = networks("residual", 20, "train", 1.0) + spread("residual", 56, "train")
    assert verdict("residual-cures", evidence(*made, *networks("plain", 56, "train", 9.0))) == (
        INCONCLUSIVE
    )


@pytest.mark.parametrize(
    ("plain", "residual", "deepest", "expected"),
    [
        (90, 5, 7, SUPPORTED),
        (90, 5, None, CAVEAT),
        (90, 50, 7, NOT_SUPPORTED),
        (20, 5, 7, NOT_SUPPORTED),
    ],
)
def test_hundreds_of_layers_are_trainable_below_half_the_error_of_guessing(
    plain, residual, deepest, expected
):
    made = pair("train", plain, residual, depths=(110,))
    made += networks("residual", 1202, "train", deepest) if deepest else []
    assert verdict("hundreds-of-layers", evidence(*made)) == expected


def test_some_plain_nets_that_train_leave_hundreds_of_layers_open():
    made = networks("residual", 110, "train", 5.0) + spread("plain", 110, "train", (20, 90, 90))
    assert verdict("hundreds-of-layers", evidence(*made)) == INCONCLUSIVE


@pytest.mark.parametrize(("kind", "expected"), [("residual", NOT_SUPPORTED), ("plain", CAVEAT)])
def test_a_training_of_110_layers_that_diverged_counts_as_guessing(kind, expected):
    made = pair("train", 89.0, 5.0, depths=(110,))
    made[0 if kind == "plain" else -1]["metrics"]["train_error"] = None
    assert verdict("hundreds-of-layers", evidence(*made)) == expected


def test_hundreds_of_layers_of_others_come_from_logs_and_say_how_few():
    logs = [curve("residual", 110, source, 7.0) for source in SOURCES[:3]]
    logs += [curve("plain", 110, "anna", 90.0), curve("residual", 1202, "bert", 7.5)]
    found = judge(BY_ID["hundreds-of-layers"], evidence(scale="public", logs=tuple(logs)))
    assert found.verdict == CAVEAT
    assert "1 plain and 3 residual trainings" in found.reason


def paths(identity, others, shallow=1.0, plain=50.0, permutation=None):
    """Networks with each kind of shortcut: training errors at depth 56."""
    made = networks("residual", 20, "train", shallow) + networks("residual", 56, "train", identity)
    made += networks("plain", 20, "train", shallow) + networks("plain", 56, "train", plain)
    for shortcut in ("half", "permutation", "orthogonal"):
        deep = permutation if shortcut == "permutation" and permutation else others
        for depth, error in ((20, shallow), (56, deep)):
            made += networks("residual", depth, "train", error, shortcut=shortcut)
    return evidence(*made)


def test_the_identity_must_be_the_only_path_that_does_not_degrade():
    assert verdict("identity-not-just-a-path", paths(1.1, 20.0)) == SUPPORTED
    assert verdict("identity-not-just-a-path", paths(1.1, 1.2)) == NOT_SUPPORTED
    better = judge(BY_ID["identity-not-just-a-path"], paths(40.0, 20.0))
    assert better.verdict == NOT_SUPPORTED
    assert "Below the identity ends:" in better.reason
    assert "At depth 56 at most" not in better.reason
    permuted = judge(BY_ID["identity-not-just-a-path"], paths(1.1, 20.0, permutation=1.1))
    assert permuted.verdict == NOT_SUPPORTED
    assert "Against the others alone the condition for support is met." in permuted.reason
    neither = judge(BY_ID["identity-not-just-a-path"], paths(30.0, 31.0, permutation=1.1))
    assert "That is no rival" in neither.reason
    assert "the condition for support" not in neither.reason
    assert verdict("identity-not-just-a-path", paths(30.0, 31.0)) == INCONCLUSIVE


def regressions(plain, residual, blocks=(1, 3, 9, 27)):
    """Errors left by depth: a level, or one value a seed."""
    sides = {"plain": plain, "residual": residual}
    level = lambda side, s: side[s] if isinstance(side, tuple) else side * (1 + s / 100)  # noqa: E731
    rows = [
        {
            "rows": [
                {"kind": k, "blocks": b, "iterations": 3000, "loss": level(side, s)}
                for b in blocks
                for k, side in sides.items()
            ]
        }
        for s in range(3)
    ]
    settings = regression.SETTINGS | {"lengths": [3000], "blocks": list(blocks)}
    return evidence(experiments=(experiment("identity-is-hard", rows, settings),))


@pytest.mark.parametrize("name", ["identity-is-hard", "zero-is-easy"])
def test_a_depth_counts_where_one_kind_beats_the_constant(name):
    assert verdict(name, regressions(0.1, 1e-4)) == SUPPORTED
    assert verdict(name, regressions(0.1, 0.05)) == NOT_SUPPORTED
    assert verdict(name, regressions((0.3, 0.003, 0.03), (1e-4, 0.1, 3e-3))) == INCONCLUSIVE
    assert verdict(name, regressions(10.0, 0.4)) == INCONCLUSIVE  # the constant leaves 0.363


def test_precision_is_not_shown_and_dirac_kernels_are_simple():
    def perturbed(nonzero):
        rows = [
            {"kind": k, "blocks": 9, "epsilon": e, "error": e**power}
            for k, power in (("plain", 1), ("residual", 2))
            for e in (0.001, 0.003, 0.01)
        ]
        settings = {"nonzero": nonzero, "blocks": [9], "epsilons": [0.001, 0.003, 0.01]}
        found = experiment("complex-weights", [{"rows": rows}] * 3, settings)
        return judge(BY_ID["complex-weights"], evidence(experiments=(found,)))

    assert perturbed(0.007).verdict == NOT_SUPPORTED
    assert perturbed(0.007).values["residual_power_of_epsilon"] == pytest.approx(2)
    assert perturbed(0.9).verdict == INCONCLUSIVE


def solution(difference, same=True):
    one = {"eval_logit_difference": difference, "same_predictions": same}
    one |= {f"{name}_train_error": 1.0 for name in ("shallow", "copied", "control", "random")}
    return evidence(experiments=(experiment("solution-exists", [one] * 3),))


def test_a_constructed_solution_must_give_the_same_logits():
    assert verdict("solution-exists", solution(1e-4)) == SUPPORTED
    assert verdict("solution-exists", solution(2e-4)) == NOT_SUPPORTED
    assert verdict("solution-exists", solution(0.0, same=False)) == NOT_SUPPORTED


def test_blocks_by_default_are_judged_before_training():
    for level, expected in ((0.05, SUPPORTED), (0.5, NOT_SUPPORTED)):
        made = networks("residual", 56, "initial_ratio", level)
        assert verdict("identity-by-default", evidence(*made)) == expected
    made = spread("residual", 56, "initial_ratio", (0.05, 0.1, 0.2))
    assert verdict("identity-by-default", evidence(*made)) == INCONCLUSIVE


@pytest.mark.parametrize(
    ("variance", "expected"), [((0.0, 1.0), SUPPORTED), ((1e-9, 1.0), NOT_SUPPORTED)]
)
def test_a_zeroed_plain_block_does_not_vary(variance, expected):
    rows = [
        {"kind": k, "zeroed": z, "test_error": 1.0}
        for k in KINDS
        for z in ("nothing", "block", "conv1", "conv2")
    ]
    one = {"rows": rows} | {f"{k}_variance": v for k, v in zip(KINDS, variance)}
    found = evidence(experiments=(experiment("zero-kills-plain", [one] * 3),))
    assert verdict("zero-kills-plain", found) == expected


def descents(fall, response=1e6, dead=0.0, only=None):
    """Blocks that learn the identity: how far ‖W‖ and F(x) fall in each of four settings."""

    def row(form, decay, s):
        here = fall if only in (None, (form, decay)) else 1.0
        ends = {"weight_norm": 1 / here, "response": 1 / response, "gamma_norm": 1.0}
        made = {"form": form, "decay": decay, "learning_rate": 0.1, "loss_end": 1e-6}
        made |= {"dead_fraction": dead} | {f"{k}_start": 1.0 + s / 100 for k in ends}
        return made | {f"{k}_end": v for k, v in ends.items()}

    rows = [
        {"rows": [row(f, d, s) for f in ("no-bn", "bn") for d in (False, True)]} for s in range(3)
    ]
    return evidence(experiments=(experiment("weights-go-to-zero", rows),))


def test_weights_must_fall_tenfold_in_blocks_that_live():
    assert verdict("weights-go-to-zero", descents(100.0)) == SUPPORTED
    assert verdict("weights-go-to-zero", descents(100.0, only=("no-bn", True))) == CAVEAT
    assert verdict("weights-go-to-zero", descents(1.0)) == NOT_SUPPORTED
    assert verdict("weights-go-to-zero", descents(100.0, dead=1.0)) != SUPPORTED
    assert verdict("weights-go-to-zero", descents(10.0, only=("bn", True))) == INCONCLUSIVE


@pytest.mark.parametrize(
    ("gradient", "fall", "expected"),
    [(0.0, 100.0, SUPPORTED), (0.0, 1.0, CAVEAT), (0.1, 100.0, NOT_SUPPORTED)],
)
def test_zero_is_fixed_and_perhaps_stable(gradient, fall, expected):
    rows = [
        {
            "form": form,
            "decay": decay,
            "epsilon": 0.1,
            "weight_norm_start": 1.0,
            "weight_norm_end": 1 / fall,
        }
        | {"response_start": 1.0, "response_end": 0.1}
        for form in ("no-bn", "bn")
        for decay in (False, True)
    ]
    one = {"rows": rows, "gradient_no_bn": {"conv1.weight": gradient}, "gradient_bn": {"a": 0.0}}
    one |= {"saddle_loss_start": 1.0, "saddle_loss_end": 0.1}
    found = evidence(experiments=(experiment("zero-is-fixed", [one] * 3, {"epsilons": [0.1]}),))
    assert verdict("zero-is-fixed", found) == expected


@pytest.mark.parametrize(
    ("end", "expected"),
    [((0.01,) * 3, SUPPORTED), ((0.5,) * 3, NOT_SUPPORTED), (WIDE, INCONCLUSIVE)],
)
def test_decay_alone_must_bring_a_block_tenfold_nearer(end, expected):
    rows = [
        {f"{kind}_{form}": [1.0, value] for kind in KINDS for form in ("bn", "no_bn")}
        | {"weight_fraction": [1.0, 0.03]}
        for value in ([0.01, 0.1, 1.0] if end == WIDE else end)
    ]
    found = experiment("decay-pulls-to-zero", rows, {"iterations": 64_000})
    assert verdict("decay-pulls-to-zero", evidence(experiments=(found,))) == expected


RESPONSES = (("response-smaller", "std", 1), ("order-of-magnitude", "std", 10))


@pytest.mark.parametrize(("name", "value", "threshold"), RESPONSES)
def test_responses_must_differ_at_every_judged_depth(name, value, threshold):
    more, less = 2.0 * threshold, 0.5 * threshold
    assert verdict(name, evidence(*pair(value, more, 1.0))) == SUPPORTED
    assert verdict(name, evidence(*pair(value, less, 1.0))) == NOT_SUPPORTED
    mixed = pair(value, more, 1.0, depths=(20,)) + pair(value, less, 1.0, depths=(56,))
    assert verdict(name, evidence(*mixed)) == INCONCLUSIVE


def test_ranges_are_those_of_the_percentiles():
    for level, expected in ((2.0, SUPPORTED), (0.5, NOT_SUPPORTED)):
        assert verdict("plain-range-wide", evidence(*pair("std", level, 1.0))) == expected
    made = [
        r for d in (20, 56) for r in spread("plain", d, "std") + networks("residual", d, "std", 1)
    ]
    assert verdict("plain-range-wide", evidence(*made)) == INCONCLUSIVE


def test_nine_tenths_must_lie_within_a_tenth_at_every_depth():
    def nets(*shares):
        made = [
            resnets("std", 1.0, (d,), layer={"within_tenth": s}) for d, s in zip((20, 56), shares)
        ]
        return evidence(*chain.from_iterable(made))

    assert verdict("within-a-tenth", nets(0.91, 0.95)) == SUPPORTED
    assert verdict("within-a-tenth", nets(0.2, 0.5)) == NOT_SUPPORTED
    assert verdict("within-a-tenth", nets(0.2, 0.95)) == INCONCLUSIVE


def means(level, depth):
    """ResNets whose layers have this mean at a standard deviation of about one."""
    return resnets("std", 1.0, (depth,), layer={"mean": level})


def ratios(level, depth):
    """ResNets with this ‖F(x)‖/‖x‖ in every block."""
    return resnets("ratio", level, (depth,))


@pytest.mark.parametrize(
    ("name", "made"), [("mean-is-zero", means), ("response-near-zero", ratios)]
)
def test_means_and_relative_responses_must_be_below_a_tenth_at_every_depth(name, made):
    assert verdict(name, evidence(*made(0.05, 20), *made(0.05, 56))) == SUPPORTED
    assert verdict(name, evidence(*made(0.2, 20), *made(0.3, 56))) == NOT_SUPPORTED
    assert verdict(name, evidence(*made(0.05, 20), *made(0.3, 56))) == INCONCLUSIVE


def test_deeper_must_respond_less_at_each_step():
    def nets(*levels):
        made = [resnets("std", level, (d,)) for d, level in zip((20, 56, 110), levels)]
        return evidence(*chain.from_iterable(made))

    assert verdict("deeper-is-smaller", nets(3.0, 2.0, 1.0)) == SUPPORTED
    assert verdict("deeper-is-smaller", nets(3.0, 2.0, 2.5)) == CAVEAT
    assert verdict("deeper-is-smaller", nets(1.0, 2.0, 3.0)) == NOT_SUPPORTED
    assert verdict("deeper-is-smaller", nets(2.0, 2.0, 2.0)) == INCONCLUSIVE


def ordered(count=3, reverse=False):
    """Residual networks whose blocks respond in one order, and are missed in that or the other."""
    order = [1.0 + i for i in range(27)]
    missed = order[::-1] if reverse else order
    return [network("residual", 56, s, stds=order, rises=missed) for s in range(count)]


def test_the_order_of_blocks_is_tested_by_permutation():
    assert verdict("large-only-when-needed", evidence(*ordered())) == CAVEAT
    shuffled = [[float((i * k) % 29) for i in range(1, 28)] for k in (3, 7, 11)]
    made = [network("residual", 56, s, stds=stds) for s, stds in enumerate(shuffled)]
    assert verdict("large-only-when-needed", evidence(*made)) == INCONCLUSIVE
    assert verdict("large-only-when-needed", evidence(*ordered(2))) == INCONCLUSIVE


def test_a_response_that_overflowed_is_named_and_not_compared():
    made = pair("std", 2.0, 1.0)
    deep = next(r for r in made if (r.kind, r.depth) == ("plain", 56))
    deep["responses"]["final"]["layers"]["std"][3] = None
    found = judge(BY_ID["response-smaller"], evidence(*made))
    assert found.verdict == NOT_RUN
    assert "plain-56" in found.reason


def test_blocks_that_respond_less_are_missed_less():
    assert verdict("response-means-dispensable", evidence(*ordered())) == SUPPORTED
    assert verdict("response-means-dispensable", evidence(*ordered(reverse=True))) == NOT_SUPPORTED
    mixed = [*ordered(2), ordered(reverse=True)[0]]
    assert verdict("response-means-dispensable", evidence(*mixed)) == INCONCLUSIVE


def small_networks(jacobian, gauss_newton):
    """Participation ratios of small untrained networks, residual ones at these levels."""
    rows = [
        {"kind": kind, "matrix": matrix, "participation": level}
        for matrix, residual in (("jacobian", jacobian), ("gauss_newton", gauss_newton))
        for kind, level in (("plain", 0.2), ("residual", residual))
    ]
    seeds = [
        {"rows": [row | {"participation": row["participation"] * (1 + s / 100)} for row in rows]}
        for s in range(5)
    ]
    return evidence(scale="quick", experiments=(experiment("preconditioning", seeds),))


def test_preconditioning_wants_both_states_of_the_jacobian(monkeypatch):
    assert verdict("preconditioning", small_networks(0.8, 0.2)) == CAVEAT
    assert verdict("preconditioning", small_networks(0.1, 0.8)) == NOT_SUPPORTED
    assert verdict("preconditioning", small_networks(0.2, 0.8)) == INCONCLUSIVE

    def table(level):
        return {"participation": [level] * 27, "widening": [False] * 27}

    seeds = [{"plain": table(0.2 + s / 100), "residual": table(0.8 + s / 100)} for s in range(5)]
    baseline = experiment("untrained-jacobians", seeds)
    monkeypatch.setattr(about_argument, "untrained_of", lambda _: baseline)

    def trained(residual):
        made = networks("plain", 56, "participation", 0.2, "public", 4)
        made += networks("residual", 56, "participation", residual, "public", 6)
        return evidence(*made, scale="public")

    assert verdict("preconditioning", trained(0.8)) == CAVEAT
    rule = BY_ID["preconditioning"].judge
    assert rule(trained(0.8)).verdict == SUPPORTED
    assert rule(trained(0.2)).reason == "Only for the Jacobian at initialisation."
    monkeypatch.setattr(about_argument, "ratio_p", lambda *_: 0.03)  # twice is too much for Holm
    assert rule(trained(0.8)).verdict == INCONCLUSIVE


def test_one_rival_breaks_the_chain():
    def nets(last, plain):
        made = networks("residual", 56, "ratio", 1.0, last_ratio=last)
        made += networks("plain", 20, "std", plain) + networks("plain", 56, "std", 1.0)
        return evidence(*made)

    assert verdict("chain-is-valid", nets(0.2, 1.0)) == NOT_SUPPORTED
    assert verdict("chain-is-valid", nets(2.0, 3.0)) == NOT_SUPPORTED
    assert verdict("chain-is-valid", nets(2.0, 1.0)) == INCONCLUSIVE
    assert verdict("chain-is-valid", evidence(scale="quick")) == NOT_RUN


def at_the_threshold(field, level, depths=(20, 56), kind="residual", **given):
    """Trainings whose value of one field is exactly a threshold, or just beside it."""
    return [r for depth in depths for r in alike(kind, depth, **{field: level}, **given)]


def ends(kind, depth, error):
    """Trainings that end at this training error."""
    return alike(kind, depth, train=error)


def responding(plain):
    """Plain networks whose layers respond so many times as strongly as those of residual ones."""
    return at_the_threshold("std", plain, kind="plain") + at_the_threshold("std", 1.0)


def shortcuts(other):
    """Networks with each kind of shortcut: ends at depth 56 where the identity ends at 1."""
    made = ends("residual", 20, 1.0) + ends("residual", 56, 1.0)
    made += ends("plain", 20, 1.0) + ends("plain", 56, 9.0)
    for shortcut in ("half", "permutation", "orthogonal"):
        for depth, error in ((20, 1.0), (56, other)):
            made += alike("residual", depth, train=error, shortcut=shortcut)
    return made


def rising_to(deep):
    """Plain networks whose two errors rise alike, from 10 per cent to this one."""
    return ends("plain", 20, 10.0) + ends("plain", 56, deep)


def accumulating(last, plain=1.0):
    """Residual networks whose last block has so many times the ‖F(x)‖/‖x‖ of the others; plain
    ones of which the shallow respond so many times as strongly as the deep."""
    made = alike("residual", 56, ratio=1.0, last_ratio=last)
    return made + alike("plain", 20, std=plain) + alike("plain", 56, std=1.0)


@pytest.mark.parametrize(
    ("name", "records", "expected"),
    [
        ("degradation-train", rising_to(10.0), INCONCLUSIVE),
        ("degradation-test", rising_to(10.0), INCONCLUSIVE),
        ("not-overfitting", rising_to(50.0), SUPPORTED),
        ("not-overfitting", rising_to(50.1), INCONCLUSIVE),
        ("vanishing-gradients", alike("plain", 56, gradients=(0.1, 1.0)), NOT_SUPPORTED),
        ("vanishing-gradients", alike("plain", 56, gradients=(0.099, 1.0)), SUPPORTED),
        (
            "residual-cures",
            [
                *ends("residual", 20, 5.0),
                *ends("residual", 56, 5.5),
                *ends("plain", 56, 9),
            ],
            SUPPORTED,
        ),
        (
            "residual-cures",
            [
                *ends("residual", 20, 5.0),
                *ends("residual", 56, 5.6),
                *ends("plain", 56, 9),
            ],
            NOT_SUPPORTED,
        ),
        (
            "residual-cures",
            [
                *ends("residual", 20, 5.0),
                *ends("residual", 56, 5.0),
                *ends("plain", 56, 5),
            ],
            INCONCLUSIVE,
        ),
        (
            "hundreds-of-layers",
            ends("residual", 110, 44.9) + ends("plain", 110, 45.0),
            CAVEAT,
        ),
        (
            "hundreds-of-layers",
            ends("residual", 110, 45.0) + ends("plain", 110, 90.0),
            NOT_SUPPORTED,
        ),
        (
            "hundreds-of-layers",
            ends("residual", 110, 1.0) + ends("plain", 110, 44.9),
            NOT_SUPPORTED,
        ),
        ("identity-not-just-a-path", shortcuts(1.5), NOT_SUPPORTED),
        ("identity-not-just-a-path", shortcuts(1.6), SUPPORTED),
        ("identity-by-default", at_the_threshold("initial_ratio", 0.1), NOT_SUPPORTED),
        ("identity-by-default", at_the_threshold("initial_ratio", 0.099), SUPPORTED),
        ("response-smaller", responding(1.0), INCONCLUSIVE),
        ("plain-range-wide", responding(1.0), INCONCLUSIVE),
        ("order-of-magnitude", responding(10.0), SUPPORTED),
        ("order-of-magnitude", responding(9.9), NOT_SUPPORTED),
        ("within-a-tenth", at_the_threshold("layer", {"within_tenth": 0.9}, (56,)), SUPPORTED),
        ("within-a-tenth", at_the_threshold("layer", {"within_tenth": 0.89}), NOT_SUPPORTED),
        ("mean-is-zero", at_the_threshold("layer", {"mean": 0.1}), NOT_SUPPORTED),
        ("mean-is-zero", at_the_threshold("layer", {"mean": 0.099}), SUPPORTED),
        ("response-near-zero", at_the_threshold("ratio", 0.1), NOT_SUPPORTED),
        ("response-near-zero", at_the_threshold("ratio", 0.099), SUPPORTED),
        ("deeper-is-smaller", at_the_threshold("std", 1.0, (20, 56, 110)), INCONCLUSIVE),
        ("response-means-dispensable", at_the_threshold("rises", [0.0] * 27), NOT_SUPPORTED),
        ("chain-is-valid", accumulating(1.0), INCONCLUSIVE),
        ("chain-is-valid", accumulating(0.99), NOT_SUPPORTED),
        ("chain-is-valid", accumulating(2.0, plain=1.01), NOT_SUPPORTED),
    ],
)
def test_a_threshold_belongs_to_the_side_that_the_rule_says(name, records, expected):
    assert verdict(name, evidence(*records)) == expected


@pytest.mark.parametrize(("plain", "expected"), [(1.0, SUPPORTED), (0.999, NOT_SUPPORTED)])
def test_ten_times_the_error_is_enough_for_a_hard_identity(plain, expected):
    left = regressions((plain / 4,) * 3, (0.025,) * 3)
    assert verdict("identity-is-hard", left) == expected


@pytest.mark.parametrize("claim", [c for c in CLAIMS if c.verdicts], ids=lambda claim: claim.id)
def test_a_short_profile_refutes_no_claim_about_the_end_of_a_training(claim):
    for word in claim.verdicts:
        given = replace(claim, judge=lambda _, word=word: Finding(word, "", {}, seeds=3))
        short, full = (judge(given, evidence(scale=s)).verdict for s in ("quick", "paper"))
        assert full == word
        weaker = {SUPPORTED: CAVEAT, NOT_SUPPORTED: INCONCLUSIVE} if claim.needs_length else {}
        assert short == weaker.get(word, word)
        assert short in claim.verdicts


def test_a_training_that_diverged_is_named_where_it_is_left_out():
    made = networks("plain", 20, "train", 1.0) + networks("plain", 56, "train", 9.0, count=4)
    made[-1]["metrics"]["train_error"] = None
    found = judge(BY_ID["degradation-train"], evidence(*made))
    assert (found.verdict, found.seeds) == (SUPPORTED, 3)
    assert found.reason == "Not counted, since they diverged: paper/plain-56-s3."
    for record in made[3:]:
        record["metrics"]["train_error"] = None
    found = judge(BY_ID["degradation-train"], evidence(*made))
    assert found.reason == "plain-56 at scale paper: every training diverged."


def test_algebra_that_does_not_hold_is_not_supported(monkeypatch):
    monkeypatch.setattr(about_identity, "equivalence_error", lambda: 2e-5)
    assert verdict("same-capacity", evidence()) == NOT_SUPPORTED
    monkeypatch.setattr(about_identity, "equivalence_error", lambda: 1e-5)
    assert verdict("same-capacity", evidence()) == CAVEAT
    exact = about_zero.exact_conditions() | {"weights_zero_train": False}
    monkeypatch.setattr(about_zero, "exact_conditions", lambda: exact)
    assert verdict("zero-is-identity", evidence()) == NOT_SUPPORTED


def public(plain56, count=4):
    """Networks of others: training errors of plain-20 at 1, plain-56 at these levels."""
    made = networks("plain", 20, "train", 1.0, "public", count)
    return made + [
        network("plain", 56, source, "public", train=level)
        for source, level in zip(SOURCES, plain56)
    ]


def test_networks_of_others_support_with_a_caveat_at_best():
    found = judge(BY_ID["degradation-train"], evidence(*public((3, 3.1, 2.9, 3)), scale="public"))
    assert found.verdict == CAVEAT
    assert "whichever source is left out" in found.reason


def test_a_source_that_carries_the_verdict_is_named():
    made = networks("plain", 20, "train", 1.0, "public", 3) + [
        network("plain", 56, source, "public", train=level)
        for source, level in zip(SOURCES, (3.0, 3.1, 2.9))
    ]
    found = judge(BY_ID["degradation-train"], evidence(*made, scale="public"))
    assert "without anna it is inconclusive" in found.reason


def test_exact_statistics_must_agree():
    made = []
    for depth in (20, 56):
        made += networks("plain", depth, "std", 2.0, "public", 4, exact_std=1.0)
        made += networks("residual", depth, "std", 1.0, "public", 6)
    for record in made:
        if record.kind == "plain":
            table = record["responses"]["final_exact"]["layers"]
            table["std"] = [0.5 + i / 1000 for i in range(len(table["std"]))]
    found = judge(BY_ID["response-smaller"], evidence(*made, scale="public"))
    assert found.verdict == INCONCLUSIVE
    assert "exact BN statistics" in found.reason
