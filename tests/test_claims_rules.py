"""Every rule on made-up records: each verdict that it can give, what happens at a threshold, and
what pairs, sets, families, short profiles and lost trainings do to it."""

from dataclasses import replace
from itertools import product

import outcomes as made
import pytest
from made_up import SOURCES, curve, evidence, network, networks

from residual.claims import (
    CAVEAT,
    CLAIMS,
    INCONCLUSIVE,
    NOT_RUN,
    NOT_SUPPORTED,
    SUPPORTED,
    Finding,
    about_nearness,
    judge,
)

BY_ID = {claim.id: claim for claim in CLAIMS}
EACH = [(name, key) for name, found in made.OUTCOMES.items() for key in found]


def found(name, given):
    return judge(BY_ID[name], given)


def verdict(name, given):
    return found(name, given).verdict


def reasons(name, given):
    """The reasons of a finding by their names."""
    return {reason.name: reason.told for reason in found(name, given).reasons}


def alike(kind, depth, count=3, **given):
    """Trainings that agree to the last bit, so that an interval is a point."""
    return [network(kind, depth, seed, **given) for seed in range(count)]


# Each verdict of each rule


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_answers_are_the_verdicts_that_the_rule_gives(claim):
    assert set(made.OUTCOMES[claim.id]) == set(claim.answers)


@pytest.mark.parametrize(("name", "key"), EACH, ids=map("/".join, EACH))
def test_each_answer_is_reached(name, key):
    given = found(name, made.OUTCOMES[name][key]())
    assert (f"{given.verdict}:{given.answer}" if given.answer else given.verdict) == key


# Exactly at a threshold, and just beside it


def points(value="train", **levels):
    """Networks of each name whose trainings are all alike."""
    nets = {name: made.SHORT[name] for name in levels}
    return evidence(
        *(r for name, net in nets.items() for r in alike(*net, **{value: levels[name]}))
    )


def shares(share):
    """Errors of plain nets of which this share of the rise in test error goes with training."""
    errors = ((20, 10.0, 10.0), (56, 10.0 + 8 * share, 18.0))
    return evidence(*(r for d, a, b in errors for r in alike("plain", d, train=a, test=b)))


def sizes(plain, residual=1.0):
    """Starts of which the gradients differ between the stages, but agree between images."""
    return made.untrained((plain, residual), (0.0, 0.5)), made.untrained((plain, residual))


def exact(measurements):
    """An experiment's evidence in which all seeds are alike."""
    record = next(iter(measurements.experiments.values()))
    record.content["measurements"] = record.content["measurements"][1:2] * 3
    return measurements


def accumulating(last, ratio=0.05):
    return evidence(*alike("residual", 56, ratio=ratio, last_ratio=last))


def undecayed(std=1.0, ratio=0.05):
    """ResNet-56s without decay on γ that respond so strongly, beside those with it (1 and 0.05)."""
    free = alike("residual", 56, std=std, ratio=ratio, decay_gamma=False)
    return evidence(*alike("residual", 56, ratio=0.05), *free)


def one_costs(block):
    """ResNet-56s that respond more with each block, of which one alone costs anything: just above
    the middle of its stage the correlation is just above zero, just below the middle just below."""
    return evidence(*made.lesions([float(i == block) for i in range(27)]))


def deleted(joint, rise=0.0):
    """ResNet-56 without 18 blocks, each of which costs so much, beside a ResNet-20 that errs 10 %;
    the error is so written that the ratio of shares is `joint`/10 exactly."""
    twice = (joint * 100 + 0.5 * (joint / 10 - 1)) / 100
    deep = alike("residual", 56, joint=twice, rises=[rise] * 27)
    return evidence(*deep, *alike("residual", 20, test=10.0))


AT = [
    ("degradation-train", points(p20=10.0, p56=10.0), INCONCLUSIVE),
    ("degradation-train", points(p20=10.0, p56=10.001), SUPPORTED),
    ("degradation-train", points(p20=10.0, p56=9.999), NOT_SUPPORTED),
    ("degradation-test", points("test", p20=10.0, p56=10.0), INCONCLUSIVE),
    ("degradation-test", points("test", p20=10.0, p56=10.01), SUPPORTED),
    ("degradation-test", points("test", p20=10.0, p56=9.99), NOT_SUPPORTED),
    ("not-overfitting", points(p20=10.0, p56=10.0), NOT_SUPPORTED),
    ("not-overfitting", points(p20=10.0, p56=50.0), SUPPORTED),
    ("not-overfitting", points(p20=10.0, p56=50.1), INCONCLUSIVE),
    ("not-overfitting", shares(0.5), SUPPORTED),
    ("not-overfitting", shares(0.49), CAVEAT),
    ("vanishing-gradients", points("gradients", p56=(0.1, 1.0)), NOT_SUPPORTED),
    ("vanishing-gradients", points("gradients", p56=(0.099, 1.0)), SUPPORTED),
    ("gradients-go-wrong", exact(made.untrained((10.0, 1.0), (0.5, 0.5))), NOT_SUPPORTED),
    ("gradients-go-wrong", exact(made.untrained((10.1, 1.0), (0.5, 0.5))), CAVEAT),
    ("gradients-go-wrong", exact(made.untrained((0.1, 1.0), (0.5, 0.5))), NOT_SUPPORTED),
    ("gradients-go-wrong", exact(made.untrained((0.09, 1.0), (0.5, 0.5))), CAVEAT),
    ("gradients-go-wrong", exact(made.untrained((20.0, 10.0), (0.5, 0.5))), CAVEAT),
    ("gradients-go-wrong", exact(made.untrained((20.0, 10.1), (0.5, 0.5))), NOT_SUPPORTED),
    ("gradients-go-wrong", exact(made.untrained((20.0, 1.0), (0.2, 0.2))), SUPPORTED),
    ("gradients-go-wrong", exact(made.untrained((20.0, 1.0), (0.21, 0.21))), CAVEAT),
    ("solution-exists", made.solution(1e-4), SUPPORTED),
    ("solution-exists", made.solution(1.1e-4), NOT_SUPPORTED),
    ("solution-exists", made.solution(0.0, same=False), NOT_SUPPORTED),
    ("identity-is-hard", made.regressions((0.0, 0.0, 0.5), 0.05), SUPPORTED),
    ("identity-is-hard", made.regressions((0.0, 0.0, 0.49), 0.05), INCONCLUSIVE),
    ("identity-is-hard", made.regressions((0.0, 0.0, 0.5), 0.051), INCONCLUSIVE),
    ("identity-is-hard", made.regressions((0.5, 0.0, 0.0), (0.05, 0.9, 0.9)), SUPPORTED),
    ("identity-is-hard", made.regressions(0.0999, 0.0), NOT_SUPPORTED),
    ("identity-is-hard", made.regressions(0.1, 0.0), INCONCLUSIVE),
    ("residual-cures", points(r20=5.0, r56=5.0, p56=9.0), SUPPORTED),
    ("residual-cures", points(r20=5.0, r56=5.01, p56=9.0), NOT_SUPPORTED),
    ("residual-cures", points(r20=5.0, r56=5.0, p56=5.0), INCONCLUSIVE),
    ("residual-cures", points(r20=5.0, r56=5.0, p56=4.99), NOT_SUPPORTED),
    ("weights-go-to-zero", made.descents(made.everywhere(10.0)), SUPPORTED),
    ("weights-go-to-zero", made.descents(made.everywhere(9.99)), NOT_SUPPORTED),
    ("zero-is-fixed", made.returning(response=0.1), SUPPORTED),
    ("zero-is-fixed", made.returning(response=0.101), NOT_SUPPORTED),
    ("zero-is-fixed", made.returning(fall=10.0), SUPPORTED),
    ("zero-is-fixed", made.returning(fall=9.99), CAVEAT),
    ("zero-is-fixed", made.returning(gradient=1e-12), NOT_SUPPORTED),
    ("decay-pulls-to-zero", made.decayed(0.1, 0.1, 0.1), SUPPORTED),
    ("decay-pulls-to-zero", made.decayed(0.101, 0.101, 0.101), NOT_SUPPORTED),
    ("hundreds-of-layers", made.deep((45, 90, 90), (5, 5, 44.9)), SUPPORTED),
    ("hundreds-of-layers", made.deep((90, 90, 90), (5, 5, 45)), NOT_SUPPORTED),
    ("hundreds-of-layers", made.deep((1, 1, 44.9), (5, 5, 5)), NOT_SUPPORTED),
    ("hundreds-of-layers", made.deep((44.9, 90, 90), (5, 5, 5)), INCONCLUSIVE),
    ("cured-by-surplus", deleted(20.0), CAVEAT),
    ("cured-by-surplus", deleted(20.01), NOT_SUPPORTED),
    ("cured-by-surplus", deleted(20.0, rise=1.0), CAVEAT),
    ("cured-by-surplus", deleted(20.0, rise=1.01), INCONCLUSIVE),
    ("response-near-zero", points("ratio", r20=0.0999, r56=0.0999), SUPPORTED),
    ("response-near-zero", points("ratio", r20=0.1, r56=0.1), NOT_SUPPORTED),
    ("response-smaller", made.both("std", (1.0,) * 3, (1.0,) * 3), INCONCLUSIVE),
    ("response-smaller", made.both("std", (1.001,) * 3, (1.0,) * 3), SUPPORTED),
    ("response-smaller", made.both("std", (0.999,) * 3, (1.0,) * 3), NOT_SUPPORTED),
    ("plain-range-wide", made.both("std", (1.0,) * 3, (1.0,) * 3), INCONCLUSIVE),
    ("plain-range-wide", made.both("std", (1.001,) * 3, (1.0,) * 3), SUPPORTED),
    ("plain-range-wide", made.both("std", (0.999,) * 3, (1.0,) * 3), NOT_SUPPORTED),
    ("order-of-magnitude", made.both("std", (10.0,) * 3, (1.0,) * 3), SUPPORTED),
    ("order-of-magnitude", made.both("std", (9.99,) * 3, (1.0,) * 3), NOT_SUPPORTED),
    ("within-a-tenth", made.within(0.9, 0.9), SUPPORTED),
    ("within-a-tenth", made.within(0.899, 0.899), NOT_SUPPORTED),
    ("mean-is-zero", made.within(0.0999, 0.0999, name="mean"), SUPPORTED),
    ("mean-is-zero", made.within(0.1, 0.1, name="mean"), NOT_SUPPORTED),
    ("deeper-is-smaller", points("std", r20=2.0, r56=2.0, r110=1.0), INCONCLUSIVE),
    ("deeper-is-smaller", points("std", r20=2.0, r56=1.99, r110=1.98), SUPPORTED),
    ("deeper-is-smaller", points("std", r20=2.0, r56=2.01, r110=1.0), NOT_SUPPORTED),
    ("deeper-is-smaller", points("std", r20=2.0, r56=1.99, r110=2.0), CAVEAT),
    ("nearer-the-identity", made.both("sine", (0.5,) * 3, (0.5,) * 3), INCONCLUSIVE),
    ("nearer-the-identity", made.both("sine", (0.501,) * 3, (0.5,) * 3), SUPPORTED),
    ("nearer-the-identity", made.both("sine", (0.499,) * 3, (0.5,) * 3), NOT_SUPPORTED),
    ("identity-by-default", points("initial_ratio", r56=0.1), NOT_SUPPORTED),
    ("identity-by-default", points("initial_ratio", r56=0.0999), SUPPORTED),
    ("response-means-dispensable", evidence(*made.lesions([1.0] * 27)), CAVEAT),
    ("response-means-dispensable", evidence(*made.lesions([1.001] * 27)), NOT_SUPPORTED),
    ("large-only-when-needed", evidence(*made.lesions([0.0] * 27)), INCONCLUSIVE),
    ("large-only-when-needed", one_costs(23), CAVEAT),
    ("large-only-when-needed", one_costs(22), NOT_SUPPORTED),
    ("preconditioning", made.curved(2.0, (1.0,) * 3), INCONCLUSIVE),
    ("preconditioning", made.curved(2.0, (1.001,) * 3), CAVEAT),
    ("preconditioning", made.curved(0.5, (1.0,) * 3), INCONCLUSIVE),
    ("preconditioning", made.curved(0.5, (0.999,) * 3), NOT_SUPPORTED),
    ("chain-is-valid", accumulating(0.05), INCONCLUSIVE),
    ("chain-is-valid", accumulating(0.0499), NOT_SUPPORTED),
    ("chain-is-valid", undecayed(), INCONCLUSIVE),
    ("chain-is-valid", undecayed(std=1.001), NOT_SUPPORTED),
    ("chain-is-valid", undecayed(ratio=0.0501), NOT_SUPPORTED),
    ("learning-is-easier", made.epochs((2, 2, 2)), INCONCLUSIVE),
    ("learning-is-easier", made.epochs((101,) * 3, (100,) * 3), CAVEAT),
    ("learning-is-easier", made.epochs((99,) * 3, (100,) * 3), NOT_SUPPORTED),
    ("learning-is-easier", made.epochs((3,) * 3, deep=(2,) * 3), INCONCLUSIVE),
    ("learning-is-easier", made.epochs((3,) * 3, deep=(1,) * 3), NOT_SUPPORTED),
]


@pytest.mark.parametrize(("name", "given", "expected"), AT, ids=[f"{n}-{e}" for n, _, e in AT])
def test_a_threshold_belongs_to_the_side_that_the_rule_says(name, given, expected):
    assert verdict(name, given) == expected


@pytest.mark.parametrize(("p", "expected"), [(0.05, INCONCLUSIVE), (0.0499, CAVEAT)])
def test_an_order_repeats_if_chance_gives_it_less_than_once_in_twenty(monkeypatch, p, expected):
    monkeypatch.setattr(about_nearness, "concordance", lambda parts: ([1.0] * 3, p))
    assert verdict("large-only-when-needed", evidence(*made.lesions(made.RISING))) == expected


# What single rules look at


def test_gradients_are_judged_free_of_scale():
    nets = networks("plain", 56, "weight", 1.0, gradients=(1e-4, 1.0))
    for record in nets:  # the first stage has grown a hundredfold: only its size is new
        rows = record["gradients"]["weight"]
        record["gradients"]["weight"] = [[100.0] * 19 + row[19:] for row in rows]
    given = found("vanishing-gradients", evidence(*nets))
    assert given.verdict == NOT_SUPPORTED
    assert given.measure("relative").interval.estimate == pytest.approx(1e-4, rel=0.01)


def test_only_sources_whose_test_error_rises_have_a_share():
    tests = {"p20": 10.0, "p56": 10.0}  # a hundredth more with each seed, at both depths
    measures = found("not-overfitting", made.with_tests(tests, p20=1, p56=2)).measures
    assert "share" not in {measure.name for measure in measures}
    assert verdict("not-overfitting", made.with_tests(tests, p20=1, p56=2)) == CAVEAT


def test_a_training_of_110_layers_that_diverged_counts_as_guessing():
    for kind, expected in (("r110", NOT_SUPPORTED), ("p110", SUPPORTED)):
        levels = {"p110": (89, 89, 89), "r110": (5, 5, 5)}
        levels[kind] = (*levels[kind][:2], None)
        given = made.deep(levels["p110"], levels["r110"])
        assert verdict("hundreds-of-layers", given) == expected


def test_logs_and_reported_errors_of_110_layers_count_and_a_low_start_is_told():
    logs = [curve("residual", 110, source, 7.0, low_start=source == "bert") for source in SOURCES]
    logs += [curve("plain", 110, "anna", 90.0), curve("residual", 1202, "bert", 7.5)]
    given = evidence(scale="public", logs=tuple(logs))
    assert verdict("hundreds-of-layers", given) == CAVEAT
    told = reasons("hundreds-of-layers", given)
    assert told["few-of-110"] == {"plain": 1, "residual": 6}
    assert told["low-start"] == {"which": "bert/residual-110"}


def test_a_dead_block_has_learnt_nothing():
    dead = made.descents(made.everywhere(100.0), dead=1.0)
    assert (verdict("weights-go-to-zero", dead), *reasons("weights-go-to-zero", dead)) == (
        INCONCLUSIVE,
        "nothing-learnt",
    )
    unlearnt = made.descents(made.everywhere(100.0), loss=1e-6)  # of the start, no less
    assert "nothing-learnt" in reasons("weights-go-to-zero", unlearnt)


def test_settings_in_which_weights_fall_are_named():
    given = made.descents(made.everywhere(1.0) | {("bn", False): 50.0})
    assert reasons("weights-go-to-zero", given)["only-at"] == {"group": "bn/rate 0.1"}


def test_blocks_within_stages_are_compared():
    order = [1.0 + i for i in range(27)]
    costs = [100.0 * (i // 9) - i for i in range(27)]  # rising with the stage, falling within it
    given = found("large-only-when-needed", evidence(*made.lesions(costs, order)))
    assert given.verdict == NOT_SUPPORTED
    assert given.measure("within").interval.upper < 0 < given.measure("whole").interval.estimate


def test_an_order_that_may_be_chance_supports_nothing():
    stds = [[float((7 * i + k * i * i) % 31) for i in range(27)] for k in (1, 5, 11)]
    nets = [network("residual", 56, s, stds=one, rises=one) for s, one in enumerate(stds)]
    assert verdict("large-only-when-needed", evidence(*nets)) == INCONCLUSIVE
    assert "order-by-chance" in reasons("large-only-when-needed", evidence(*nets))


def test_the_half_that_responds_less_is_what_must_be_dispensable():
    rises = [0.0] * 13 + [50.0] * 14
    assert verdict("response-means-dispensable", evidence(*made.lesions(rises))) == CAVEAT
    stds = [float(27 - i) for i in range(27)]
    reverse = evidence(*made.lesions(rises, stds))
    assert verdict("response-means-dispensable", reverse) == NOT_SUPPORTED


def test_curvature_is_judged_before_and_after_training():
    for before, after, expected in (
        (2.0, 2.0, CAVEAT),
        (0.5, 2.0, INCONCLUSIVE),
        (2.0, 0.5, INCONCLUSIVE),
        (0.5, 0.5, NOT_SUPPORTED),
    ):
        assert verdict("preconditioning", made.curved(before, after)) == expected
    without = evidence(*made.nets("kernel", p56=0.2, r56=0.6))
    assert verdict("preconditioning", without) == NOT_RUN


def test_rivals_of_the_chain_are_told_one_by_one():
    assert set(reasons("chain-is-valid", made.chained(0.05, free=3.0))) == {
        "free-std",
        "free-relative",
    }
    assert verdict("chain-is-valid", made.chained(0.05, free=0.5)) == INCONCLUSIVE
    assert set(reasons("chain-is-valid", made.chained(0.4, last=0.1))) == {
        "check-fails",
        "accumulates",
    }
    assert verdict("chain-is-valid", evidence(scale="quick")) == NOT_RUN


def test_a_response_that_overflowed_is_named_and_not_compared():
    nets = made.nets("std", p20=2.0, r20=1.0, p56=2.0, r56=1.0)
    deep = next(r for r in nets if (r.kind, r.depth) == ("plain", 56))
    deep["responses"]["final"]["layers"]["std"][3] = None
    given = found("response-smaller", evidence(*nets))
    assert given.verdict == NOT_RUN
    assert "plain-56" in given.reasons[0].told["what"]


# Paths other than the identity


def test_one_counterexample_refutes_even_at_a_short_profile():
    for path in ("half", "orthogonal", "none"):
        others = {"half": 30.0, "orthogonal": 30.0, "none": 30.0} | {path: 0.9}
        given = found("identity-not-just-a-path", made.paths(0.9, others))
        assert given.verdict == NOT_SUPPORTED
        assert {r.told["group"] for r in given.reasons if r.name == "as-good"} == {path}


def test_a_permutation_is_no_rival():
    assert verdict("identity-not-just-a-path", made.paths(0.5, permutation=0.5)) == CAVEAT


@pytest.mark.parametrize(
    ("rival", "shallow", "expected"),
    [
        (0.9, 1.0, NOT_SUPPORTED),
        (0.9, 0.8, INCONCLUSIVE),  # the rival degrades, and so does the identity
        (1.5, 2.0, INCONCLUSIVE),  # as good, but it errs more than 1 %
    ],
)
def test_a_rival_must_not_degrade_and_must_do_well(rival, shallow, expected):
    others = {"half": 30.0, "none": 30.0, "orthogonal": rival}
    given = made.paths(rival, others, shallow)
    assert verdict("identity-not-just-a-path", given) == expected


def test_each_condition_counts():
    bare = {"identity": 0.5, "orthogonal": 0.5}
    assert verdict("identity-not-just-a-path", made.paths(0.5, bare=bare)) == NOT_SUPPORTED
    assert verdict("identity-not-just-a-path", made.paths(0.5, matched=0.5)) == NOT_SUPPORTED
    degrading = {"identity": 20.0, "orthogonal": 0.5}  # there nothing is compared
    assert verdict("identity-not-just-a-path", made.paths(0.5, bare=degrading)) == CAVEAT


def test_support_wants_every_condition_and_a_counterexample_one():
    whole = made.paths()
    bare = [r for r in whole.records if not r.recipe.last_relu]
    left = evidence(
        *(r for r in whole.records if r not in bare),
        scale="quick",
        experiments=whole.experiments.values(),
    )
    assert verdict("identity-not-just-a-path", left) == INCONCLUSIVE
    lack = reasons("identity-not-just-a-path", left)["conditions-lack"]
    assert lack == {"lacking": 8, "compared": 16}
    plain = [r for r in whole.records if r.recipe.shortcut == "identity"]
    only = evidence(*plain, scale="desk")
    assert verdict("identity-not-just-a-path", only) == NOT_RUN


# Pairs


def test_networks_are_compared_within_their_source():
    # every source has a tenfold rise, from levels that differ a hundredfold
    levels = (0.1, 1.0, 5.0)
    given = found("degradation-train", made.others(p20=levels, p56=tuple(10 * v for v in levels)))
    assert given.verdict == CAVEAT
    assert given.measures[0].interval.lower > 9
    assert given.measures[0].trainings == pytest.approx(dict.fromkeys(SOURCES[:3], 10.0), rel=0.01)


def test_a_source_with_one_side_is_no_pair():
    nets = made.nets(scale="public", count=4, p20=1.0, p56=2.0)
    nets += [network("plain", 56, "emil", train=0.001)]
    given = found("degradation-train", evidence(*nets, scale="public"))
    assert set(given.measures[0].trainings) == set(SOURCES[:4])


def test_seeds_of_our_own_are_pairs():
    given = found("degradation-train", made.ours(p20=(1, 2, 3, 4), p56=(2, 4, 6)))
    assert set(given.measures[0].trainings) == {"0", "1", "2"}
    assert given.seeds == 3


def test_two_recipes_are_no_pair():
    nets = made.nets(scale="public", count=4, p20=1.0, p56=2.0)
    for record in nets[-2:]:
        record["network"]["recipe"] = "another"
    given = found("degradation-train", evidence(*nets, scale="public"))
    assert set(given.measures[0].trainings) == set(SOURCES[:2])
    assert (given.verdict, given.seeds) == (INCONCLUSIVE, 2)


def test_pairs_of_two_recipes_of_one_source_enter_as_one():
    nets = made.nets(scale="public", count=4, p20=1.0, p56=2.0)
    for depth, error in ((20, 1.0), (56, 8.0)):
        nets.append(network("plain", depth, "bert", train=error, recipe="another"))
    ratios = found("degradation-train", evidence(*nets, scale="public")).measures[0].trainings
    assert ratios["bert"] == pytest.approx(4.0, rel=0.001)  # of 2 and 8


def test_several_trainings_of_a_source_enter_as_their_geometric_mean():
    nets = made.nets(scale="public", count=4, p20=1.0, p56=2.0)
    nets.append(network("plain", 56, "bert", train=8.0, label="again"))
    given = found("degradation-train", evidence(*nets, scale="public"))
    assert given.measures[0].trainings["bert"] == pytest.approx(4.0, rel=0.001)
    assert given.seeds == 4
    deep = [network("residual", 56, name, ratio=0.3) for name in SOURCES[:3]]
    deep.append(network("residual", 56, "anna", ratio=1.2, label="again"))
    told = found("response-near-zero", evidence(*deep, scale="public")).measures[0].trainings
    assert told == pytest.approx({"anna": 0.6, "bert": 0.3, "carl": 0.3})


def test_the_order_of_blocks_is_that_of_a_sources_mean():
    rising, other = [1.0 + i for i in range(27)], [1.0 + i * 8 % 27 for i in range(27)]
    nets = made.lesions([0.0] * 27, rising, scale="public")
    whole = found("large-only-when-needed", evidence(*nets, scale="public"))
    nets.append(network("residual", 56, "anna", stds=other, label="again"))
    more = found("large-only-when-needed", evidence(*nets, scale="public"))
    stages = [f.measure("agreement", "stage 1").interval.estimate for f in (whole, more)]
    assert stages[0] == 1 > stages[1]


def test_a_variant_enters_no_comparison():
    nets = made.nets(scale="public", count=4, p20=1.0, p56=2.0)
    nets.append(network("plain", 56, "anna", train=90.0, variant="clipped"))
    given = found("degradation-train", evidence(*nets, scale="public"))
    assert given.measures[0].interval.upper < 3


def test_networks_without_errors_are_compared():
    given = found("degradation-train", made.others(p20=(0.0, 0.0, 0.01), p56=(0.5, 0.4, 0.5)))
    assert given.measures[0].trainings["anna"] == pytest.approx(250.5 / 0.5)
    logs = [curve("plain", d, "anna", train=(e,)) for d, e in ((20, 0.0), (56, 0.5))]
    nets = made.nets(scale="public", count=4, p20=1.0, p56=2.0)
    given = found("degradation-train", evidence(*nets, scale="public", logs=tuple(logs)))
    beside = given.measure("ratio", "logs/second")
    assert beside.trainings["anna"] == pytest.approx(250.5 / 0.5)
    assert not beside.judged


# Networks of others: sets, sources, families, statistics


def test_networks_of_others_support_with_a_caveat_at_best():
    given = made.others(p20=1, p56=3)
    assert BY_ID["degradation-train"].judge(given).verdict == SUPPORTED
    assert verdict("degradation-train", given) == CAVEAT
    assert set(reasons("degradation-train", given)) == {"others", "sturdy"}
    assert verdict("degradation-train", made.others(p20=3, p56=1)) == NOT_SUPPORTED


def two_sets(first, second):
    """Plain nets of four sources in each set; plain-56 errs so many times as much as plain-20."""
    names = {"first": [f"old-{name}" for name in SOURCES[:4]], "second": SOURCES[:4]}
    return [
        network("plain", depth, name, train=level * (1 + i / 100), set=one)
        for one, times in (("first", first), ("second", second))
        for depth, level in ((20, 1.0), (56, times))
        for i, name in enumerate(names[one] if depth == 20 else reversed(names[one]))
    ]


@pytest.mark.parametrize(("first", "second"), [(3.0, 0.3), (0.3, 3.0)])
def test_a_changed_rule_is_judged_on_the_second_set_alone(first, second):
    given = found("degradation-train", evidence(*two_sets(first, second), scale="public"))
    assert given.verdict == (CAVEAT if second > 1 else NOT_SUPPORTED)
    groups = {m.group: m.judged for m in given.measures if m.name == "ratio"}
    assert groups == {"second": True, "first": False, "both": False}
    assert given.measure("ratio", "first").interval.estimate == pytest.approx(first, rel=0.01)
    assert given.seeds == 4


def test_an_unchanged_rule_is_judged_on_both_sets():
    nets = [
        network("residual", 56, name, ratio=ratio * (1 + i / 100), set=one)
        for one, ratio in (("first", 0.05), ("second", 0.3))
        for i, name in enumerate(f"{one}-{name}" for name in SOURCES[:3])
    ]
    given = found("response-near-zero", evidence(*nets, scale="public"))
    assert given.verdict == INCONCLUSIVE
    assert [(m.group, m.judged) for m in given.measures if m.name == "ratio"] == [
        ("56/both", True),
        ("56/second", False),
        ("56/first", False),
    ]


def test_our_own_starts_are_of_no_set():
    start = made.untrained()
    nets = made.nets("sine", "public", 3, p20=0.9, r20=0.3, p56=0.9, r56=0.3)
    given = found("nearer-the-identity", evidence(*nets, scale="public", beside=(start,)))
    assert [m.group for m in given.measures if m.name == "start"] == ["20", "56"]


def test_a_source_that_carries_the_verdict_is_named():
    given = made.others(p20=(1, 1, 1), p56=(3.0, 3.1, 2.9))
    assert reasons("degradation-train", given)["fewest"]["who"] == "anna, bert, carl"
    assert not {"sturdy", "carried-by-name"} & reasons("degradation-train", given).keys()
    given = made.others(p20=(1, 1, 1, 1), p56=(3.0, 3.1, 2.9, 0.5))  # the last one disagrees
    told = [r for r in found("degradation-train", given).reasons if r.name == "carried-by-name"]
    assert [r.told for r in told] == [{"who": "dora", "verdict": CAVEAT}]


def test_a_family_of_code_that_carries_the_verdict_is_named():
    nets = made.nets(scale="public", count=4, p20=1.0, p56=3.0)
    nets += [network("plain", d, s, train=e) for s in SOURCES[4:] for d, e in ((20, 1), (56, 3))]
    for record in nets:
        if record.member in SOURCES[:4]:
            record["source"]["code"] = "common"
    given = evidence(*nets, scale="public")
    assert reasons("degradation-train", given)["carried-by-code"] == {
        "who": "common",
        "verdict": INCONCLUSIVE,
    }
    assert "carried-by-name" not in reasons("degradation-train", given)


def test_too_few_sources_are_not_left_out_one_by_one():
    given = found("degradation-train", made.others(p20=(1, 1), p56=(3, 3)))
    assert (given.verdict, [r.name for r in given.reasons]) == (INCONCLUSIVE, ["too-few"])


def with_exact(plain):
    """Networks of others whose plain layers respond twice as strongly with moving statistics, and
    so much with exact ones."""
    nets = made.nets("std", "public", 4, p20=2.0, r20=1.0, p56=2.0, r56=1.0)
    for i, record in enumerate(nets):
        table = record["responses"]["final_exact"]["layers"]
        level = plain if record.kind == "plain" else 1.0
        table["std"] = [level * (1 + i % 4 / 1000)] * len(table["std"])
    return evidence(*nets, scale="public")


def test_exact_statistics_must_agree():
    assert verdict("response-smaller", with_exact(1.5)) == CAVEAT
    assert verdict("response-smaller", with_exact(0.5)) == INCONCLUSIVE
    assert reasons("response-smaller", with_exact(0.5)) == {
        "exact-statistics": {"verdict": NOT_SUPPORTED}
    }


def test_a_caveat_of_the_rule_is_the_same_verdict_for_networks_of_others():
    # with moving statistics every step falls, with exact ones 20 over 56 alone
    nets = [
        network(
            "residual", depth, name, std=level * (1 + i / 1000), exact_std=flat * (1 + i / 1000)
        )
        for depth, level, flat in ((20, 4, 4), (32, 3, 2), (44, 2, 3), (56, 1, 1))
        for i, name in enumerate(SOURCES[:4])
    ]
    assert verdict("deeper-is-smaller", evidence(*nets, scale="public")) == CAVEAT


# Short profiles


def short(p20, p56, *more):
    """Plain nets at the quick profile, and trainings at other rates and lengths."""
    return evidence(*made.nets(scale="quick", p20=p20, p56=p56), *more, scale="quick")


@pytest.mark.parametrize("name", ["degradation-train", "degradation-test"])
def test_at_a_short_profile_the_best_rate_and_length_is_compared(name):
    assert verdict(name, short(1, 9)) == INCONCLUSIVE
    assert "one-recipe-tried" in reasons(name, short(1, 9))
    best, slow = made.tried(3.0), made.tried(60.0, 0.01)
    given = found(name, short(1, 9, *best, *slow))
    assert given.verdict == CAVEAT
    assert given.measures[0].group == "charitable"
    assert given.measures[0].interval.estimate == pytest.approx(3, rel=0.2)
    longer = made.tried(0.9, 0.1, 1800)
    assert verdict(name, short(1, 9, *best, *longer)) == INCONCLUSIVE
    refuting = found(name, short(1, 9, *made.tried(0.01, 0.1, 1800)))
    assert refuting.verdict == INCONCLUSIVE
    assert {r.name for r in refuting.reasons} == {"short-or-longer", "short-refutes-nothing"}


def test_other_changes_of_a_recipe_are_no_charitable_reading():
    changed = networks("plain", 56, "train", 0.5, "quick", norm=False, learning_rate=0.03)
    assert "one-recipe-tried" in reasons("degradation-train", short(1, 9, *changed))


def test_residual_networks_cure_in_the_charitable_reading_at_a_short_profile():
    nets = made.nets(scale="quick", r20=2, r56=1, p56=9)
    assert verdict("residual-cures", evidence(*nets, scale="quick")) == INCONCLUSIVE
    for level, expected in ((3.0, CAVEAT), (0.9, INCONCLUSIVE)):
        given = evidence(*nets, *made.tried(level), scale="quick")
        assert verdict("residual-cures", given) == expected


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_a_short_profile_refutes_no_claim_about_the_end_of_a_training(claim):
    for word in claim.verdicts:
        given = replace(claim, judge=lambda _, word=word: Finding(word, seeds=3))
        weaker, full = (judge(given, evidence(scale=s)).verdict for s in ("quick", "paper"))
        assert full == word
        less = {SUPPORTED: CAVEAT, NOT_SUPPORTED: INCONCLUSIVE} if claim.needs_length else {}
        assert weaker == less.get(word, word)


# Too few, and lost


def test_two_trainings_on_a_side_are_too_few():
    nets = networks("plain", 20, "train", 1.0) + networks("plain", 56, "train", 9.0, count=2)
    assert reasons("degradation-train", evidence(*nets)) == {
        "too-few": {"trainings": 2, "wanted": 3}
    }


COUNTED = [
    (name, key)
    for name, key in EACH
    if BY_ID[name].form == "measured" and key.split(":")[0] != INCONCLUSIVE
]
COUNTED = [pair for pair in COUNTED if pair[0] not in ("hundreds-of-layers",)]


@pytest.mark.parametrize(("name", "key"), COUNTED, ids=map("/".join, COUNTED))
def test_no_measured_verdict_rests_on_fewer_than_three_trainings(name, key):
    given = made.OUTCOMES[name][key]()
    for record in given.experiments.values():
        if len(record["measurements"]) > 1:
            record.content["measurements"] = record["measurements"][:2]
            record.content["seeds"] = record["seeds"][:2]
    for one in given.others.values():
        for record in one.experiments.values():
            record.content["measurements"] = record["measurements"][:2]
    few = [r for r in given.records if r.member in (*SOURCES[:2], 0, 1)]
    logs = tuple(log for log in given.all_logs if log.source in SOURCES[:2])
    left = replace(given, given=tuple(few), given_logs=logs)
    assert verdict(name, left) in (INCONCLUSIVE, NOT_RUN)


def test_a_training_that_diverged_is_named_where_it_is_left_out():
    nets = networks("plain", 20, "train", 1.0) + networks("plain", 56, "train", 9.0, count=4)
    nets[-1]["metrics"]["train_error"] = None
    given = found("degradation-train", evidence(*nets))
    assert (given.verdict, given.seeds) == (SUPPORTED, 3)
    assert reasons("degradation-train", evidence(*nets)) == {
        "diverged": {"which": "paper/plain-56-s3"}
    }
    for record in nets[3:]:
        record["metrics"]["train_error"] = None
    told = reasons("degradation-train", evidence(*nets))
    assert told["missing"] == {"what": "plain-56 at scale paper: every training diverged."}


def test_a_network_on_which_a_probe_was_not_run_is_left_out():
    for name, value in (("nearer-the-identity", "angles"), ("preconditioning", "kernel")):
        given = made.OUTCOMES[name][CAVEAT]()
        lost = given.records[0]
        del lost["probes"][value]
        measures = found(name, given).measures
        counts = {len(m.trainings) for m in measures if m.judged and "before" not in m.group}
        assert min(counts) == max(counts | {min(counts)}) - (len(counts) > 1)
        assert any(str(lost.member) not in m.trainings for m in measures if m.judged)


def test_rivals_are_those_without_the_permutation():
    names = product(("half", "orthogonal", "none"), ("relu", "no-relu"))
    measures = found("identity-not-just-a-path", made.paths()).measures
    judged = {m.group for m in measures if m.judged}
    assert {f"{path}/{relu}/own" for path, relu in names} <= judged
    assert not any("permutation" in group for group in judged)
