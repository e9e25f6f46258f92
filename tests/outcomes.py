"""For each answer of each claim: made-up evidence to which its rule gives that answer."""

from functools import partial

from made_up import SOURCES, curve, evidence, experiment, network, networks

from residual.claims import Evidence
from residual.experiments import regression
from residual.recipe import KINDS, Recipe
from residual.store import Record

WIDE = (0.1, 1.0, 10.0)  # values so different that an interval holds every threshold
KINDS_BLOCKS = [(kind, blocks) for kind in KINDS for blocks in (1, 3, 9)]
SHORT = {"p20": ("plain", 20), "p56": ("plain", 56), "p110": ("plain", 110)}
SHORT |= {"r20": ("residual", 20), "r56": ("residual", 56), "r110": ("residual", 110)}


def nets(value: str = "train", scale: str = "paper", count: int = 3, **levels) -> list[Record]:
    """Networks of each kind and depth (p20 is plain-20) with a level of one value, which varies by
    a per cent; with a tuple of levels, one a training."""
    made = []
    for name, level in levels.items():
        kind, depth = SHORT[name]
        if isinstance(level, tuple):
            members = SOURCES if scale == "public" else range(6)
            made += [
                network(kind, depth, m, scale, **{value: one}) for m, one in zip(members, level)
            ]
        else:
            made += networks(kind, depth, value, level, scale, count)
    return made


def ours(value: str = "train", **levels) -> Evidence:
    """Our own trainings of full length."""
    return evidence(*nets(value, **levels))


def others(value: str = "train", **levels) -> Evidence:
    """Networks of the second set, of four sources."""
    return evidence(*nets(value, "public", 4, **levels), scale="public")


def short(value: str = "train", **levels) -> Evidence:
    """Our own trainings at the quick profile."""
    return evidence(*nets(value, "quick", **levels), scale="quick")


def with_tests(tests: dict, **trains) -> Evidence:
    """Trainings with two kinds of error."""
    made = nets(**trains)
    for record in made:
        wanted = tests[f"p{record.depth}"]
        record["metrics"]["test_error"] = wanted * (1 + record.member / 100)
    return evidence(*made)


def tried(level: float, rate: float = 0.03, iterations: int | None = None) -> list[Record]:
    """plain-56 at the quick profile, at another learning rate or length."""
    recipe = Recipe.of("quick", "plain", 56, 0, iterations, rate)
    names = ("iterations", "learning_rate", "weight_decay")
    changes = {name: getattr(recipe, name) for name in names}
    return networks("plain", 56, "train", level, "quick", **changes)


def untrained(
    sizes: tuple[float, float] = (1.0, 1.0),
    coherences: tuple[float, float] = (0.5, 0.5),
    kernels: tuple[float, float] = (0.2, 0.2),
    count: int = 3,
) -> Evidence:
    """Our own starts on CIFAR-10: what is measured of plain and residual networks of 56 layers."""
    rows = [
        {
            f"{kind}-56": {"stage_ratio": size * near, "coherence": agreement}
            | {"kernel": kernel * near, "sine": 0.5}
            for kind, size, agreement, kernel in zip(KINDS, sizes, coherences, kernels)
        }
        | {f"{kind}-20": {"sine": 0.5} for kind in KINDS}
        for near in (0.99, 1.0, 1.01, 0.995, 1.005)[:count]
    ]
    found = experiment("untrained-networks", rows, scale="desk")
    return evidence(scale="desk", experiments=(found,))


def built(**changes) -> Record:
    """What follows from constructions."""
    exact = {"weights_zero_train": True, "weights_zero_with_beta": False}
    exact |= {"negative_input": False, "plain": False, "downsampling": False}
    usual = {"identity_floor": 0.0, "equivalence_error": 1e-6, "exact_conditions": exact}
    usual |= {"parameter_counts": {"20": [9, 9]}, "walk": {"56": 0.39, "1202": 0.08}}
    return experiment("constructions", [usual | changes])


def way(plain: float | tuple, residual: float | tuple, count: int = 3) -> Record:
    """Stacks of 1, 3 and 9 blocks with this share of the way to the identity left (by block, if
    it is a tuple)."""
    left = {
        (kind, blocks): side[i] if isinstance(side, tuple) else side
        for kind, side in zip(KINDS, (plain, residual))
        for i, blocks in enumerate((1, 3, 9))
    }
    rows = [
        {"kind": k, "blocks": b, "iterations": 3000, "loss": left[k, b] * regression.CONSTANT}
        for k, b in KINDS_BLOCKS
    ]
    settings = {"blocks": [1, 3, 9], "lengths": [3000]}
    return experiment("identity-is-hard", [{"rows": rows}] * count, settings)


def regressions(plain, residual, count: int = 3) -> Evidence:
    """The same as evidence."""
    return evidence(scale="quick", experiments=(way(plain, residual, count), built()))


def descents(falls: dict[tuple[str, bool], float], loss: float = 1e-7, dead: float = 0.5):
    """Blocks that learn the identity: how far ‖W‖ falls in each setting, by form and decay."""
    quantities = ("weight_norm", "response", "gamma_norm")

    def row(form: str, decay: bool, fall: float) -> dict:
        made = {"form": form, "decay": decay, "learning_rate": 0.1, "dead_fraction": dead}
        made |= {f"{name}_start": 1.0 for name in quantities}
        made |= {"weight_norm_end": 1 / fall, "response_end": 1e-6, "gamma_norm_end": 1e-6}
        return made | {"loss_start": 1.0, "loss_end": loss}

    levels = {
        setting: fall if isinstance(fall, tuple) else (fall,) * 3 for setting, fall in falls.items()
    }
    rows = [{"rows": [row(*s, level[seed]) for s, level in levels.items()]} for seed in range(3)]
    found = experiment("weights-go-to-zero", rows, {"learning_rates": [0.1]})
    return evidence(scale="quick", experiments=(found,))


def everywhere(fall: float) -> dict[tuple[str, bool], float]:
    """A fall of ‖W‖ in all four settings."""
    return {(form, decay): fall for form in ("no-bn", "bn") for decay in (False, True)}


def returning(
    response: float | tuple = 1e-3, fall: float = 100.0, gradient: float = 0.0, plain: float = 0.9
) -> Evidence:
    """Descents from near W = 0: ‖F(x)‖/‖x‖ at their end (by seed, if a tuple), and how far ‖W‖
    falls; a plain stack has this share of the way to the identity left."""
    ends = response if isinstance(response, tuple) else (response,) * 3

    def rows(end: float) -> list[dict]:
        return [
            {"form": form, "decay": decay, "epsilon": epsilon, "response_start": 1.0}
            | {"weight_norm_start": 1.0, "weight_norm_end": 1 / fall, "response_end": end}
            for form, decay in everywhere(1.0)
            for epsilon in (0.01, 0.1)
        ]

    norms = {"gradient_no_bn": {"conv1.weight": gradient}, "gradient_bn": {"norm2.bias": 0.0}}
    found = experiment("zero-is-fixed", [{"rows": rows(end)} | norms for end in ends])
    return evidence(scale="quick", experiments=(found, way(plain, 0.0), built()))


def perturbed(nonzero: float) -> Evidence:
    """Noise on exact identity weights, of which this share differs from zero."""
    rows = [
        {"kind": kind, "blocks": 9, "epsilon": epsilon, "error": epsilon**power}
        for kind, power in zip(KINDS, (1, 2))
        for epsilon in (0.001, 0.003, 0.01)
    ]
    settings = {"nonzero": nonzero, "blocks": [9], "epsilons": [0.001, 0.003, 0.01]}
    found = experiment("complex-weights", [{"rows": rows}] * 3, settings)
    return evidence(scale="quick", experiments=(found,))


def solution(difference: float, same: bool = True) -> Evidence:
    """A deep network built from a shallow one, whose logits differ so much."""
    one = {"eval_logit_difference": difference, "same_predictions": same}
    one |= {f"{name}_train_error": 1.0 for name in ("shallow", "copied", "control", "random")}
    return evidence(scale="quick", experiments=(experiment("solution-exists", [one] * 3),))


def zeroed(plain: float, residual: float = 1.0) -> Evidence:
    """Output variances of a block at zero."""
    rows = [
        {"kind": kind, "zeroed": what, "test_error": 1.0}
        for kind in KINDS
        for what in ("nothing", "block", "conv1", "conv2")
    ]
    one = {"rows": rows, "plain_variance": plain, "residual_variance": residual}
    return evidence(scale="quick", experiments=(experiment("zero-kills-plain", [one] * 3),))


def decayed(*ends: float, trained: bool = True) -> Evidence:
    """Distances of a block to the identity after decay alone, from 1; one a seed. Beside it, if
    `trained`, a network of others."""
    rows = [
        {f"{kind}_{form}": [1.0, end] for kind in KINDS for form in ("bn", "no_bn")}
        | {"weight_fraction": [1.0, 0.03]}
        for end in ends
    ]
    found = experiment("decay-pulls-to-zero", rows)
    others = evidence(*[network("plain", 56, "anna")] * trained, scale="public")
    return evidence(scale="quick", experiments=(found,), beside=(others,))


GAMMA = 0.25
STARTS = (({}, True), ({"last_relu": False}, False))
"""What changes in a recipe without the last ReLU, and whether it is there."""


def paths(
    identity: float = 1.0,
    rivals: float | dict = 30.0,
    shallow: float = 1.0,
    bare: dict | None = None,
    matched: float | None = None,
    permutation: float = 50.0,
) -> Evidence:
    """Networks with each kind of shortcut at quick: training errors at depth 56.

    `rivals` are those of half, orthogonal and none, `bare` the same without the last ReLU (as with
    it, if not given) and `matched` those under matched starts. At depth 20 all end alike.
    """
    usual = (
        rivals
        if isinstance(rivals, dict)
        else dict.fromkeys(("half", "orthogonal", "none"), rivals)
    )
    usual = {"identity": identity, "permutation": permutation} | usual
    made = []
    for changes, relu in STARTS:
        levels = usual | (bare or {}) if not relu else usual
        for path, deep in levels.items():
            kind = "plain" if path == "none" else "residual"
            given = changes if path in ("none", "identity") else changes | {"shortcut": path}
            own = partial(networks, kind, value="train", scale="quick", **given)
            made += own(depth=20, level=shallow) + own(depth=56, level=deep)
            if path in ("half", "orthogonal"):
                end = deep if matched is None else matched
                made += own(depth=20, level=shallow, gamma=GAMMA)
                made += own(depth=56, level=end, gamma=GAMMA)
    rows = [
        {"depth": depth, "last_relu": relu, "shortcut": path, "gamma": GAMMA}
        for depth in (20, 56)
        for relu in (True, False)
        for path in ("half", "orthogonal")
    ]
    found = experiment("matched-starts", [{"rows": rows}] * 3)
    return evidence(*made, scale="quick", experiments=(found,))


def deep(plain: tuple, residual: tuple, deepest: float | None = 7.0) -> Evidence:
    """Training errors of networks of 110 layers, and of one of 1202."""
    made = nets(p110=plain, r110=residual)
    return evidence(*made, *([network("residual", 1202, train=deepest)] if deepest else []))


def lesions(
    rises: list[float] | None = None,
    stds: list[float] | None = None,
    count: int = 3,
    scale: str = "paper",
    **given,
) -> list[Record]:
    """ResNet-56s of which each block responds, and costs, as much as these lists say."""
    order = [1.0 + i for i in range(27)]
    members = SOURCES if scale == "public" else range(6)
    return [
        network("residual", 56, m, scale, stds=stds or order, rises=rises, **given)
        for m in members[:count]
    ]


def surplus(joint: float | tuple, rises: list[float] | None = None) -> Evidence:
    """ResNet-56 without 18 blocks (by seed, if a tuple) beside ResNet-20, which errs 10 %."""
    joints = joint if isinstance(joint, tuple) else (joint,) * 3
    made = [network("residual", 56, s, joint=j, rises=rises) for s, j in enumerate(joints)]
    return evidence(*made, *networks("residual", 20, "test", 10.0))


def curved(before: float, after: float | tuple) -> Evidence:
    """Participation ratios of the tangent kernel, residual over plain, before and after."""
    start = untrained(kernels=(0.2, 0.2 * before))
    levels = after if isinstance(after, tuple) else (after * 0.99, after, after * 1.01)
    made = nets("kernel", p56=(0.2,) * 3, r56=tuple(0.2 * level for level in levels))
    return evidence(*made, beside=(start,))


def chained(ratio: float, last: float | None = None, free: float | None = None) -> Evidence:
    """ResNet-56s with this ‖F(x)‖/‖x‖, in the last block another, and, if given, those without
    decay on γ, whose responses are so many times as large."""
    made = networks("residual", 56, "ratio", ratio, last_ratio=last)
    if free:
        made += networks(
            "residual", 56, "std", free, ratio=ratio * free, decay_gamma=False, last_ratio=last
        )
    return evidence(*made)


def epochs(plain: tuple, residual: tuple = (2, 2, 2), deep: tuple = ()) -> Evidence:
    """Logs that fall below 20 % of training error after so many epochs; `deep` is of plain-56, if
    it is not as plain-20."""
    after = {("plain", 20): plain, ("plain", 56): deep or plain}
    after |= {("residual", depth): residual for depth in (20, 56)}
    logs = [
        curve(kind, depth, source, train=(50.0,) * (epoch - 1) + (10.0,))
        for (kind, depth), ends in after.items()
        for source, epoch in zip(SOURCES, ends)
    ]
    return evidence(scale="public", logs=tuple(logs))


def near(value: str, levels: dict, scale: str = "paper") -> Evidence:
    """ResNets of depths 20 and 56 with a level of one value."""
    made = nets(value, scale, 4 if scale == "public" else 3, **levels)
    return evidence(*made, scale=scale)


def within(*shares: float | tuple, name: str = "within_tenth", scale: str = "paper") -> Evidence:
    """ResNets of depths 20 and 56 of whose layers a column has these values."""
    made = []
    for depth, level in zip((20, 56), shares):
        levels = level if isinstance(level, tuple) else (level,) * 3
        members = SOURCES if scale == "public" else range(6)
        made += [
            network("residual", depth, m, scale, layer={name: one})
            for m, one in zip(members, levels)
        ]
    return evidence(*made, scale=scale)


def both(value: str, plain, residual, make=ours) -> Evidence:
    """Plain and residual networks of depths 20 and 56, with levels of one value."""
    return make(value, p20=plain, p56=plain, r20=residual, r56=residual)


CAVEAT = "supported with a caveat"
NO, OPEN, YES = "not supported", "inconclusive", "supported"

ALTERNATING = [float(i % 2) for i in range(27)]
RISING = [float(i) for i in range(27)]

OUTCOMES = {
    "degradation-train": {
        YES: lambda: ours(p20=1, p56=2),
        CAVEAT: lambda: others(p20=1, p56=2),
        NO: lambda: ours(p20=2, p56=1),
        OPEN: lambda: ours(p20=1, p56=WIDE),
        f"{OPEN}:one-recipe": lambda: short(p20=1, p56=2),
    },
    "degradation-test": {
        YES: lambda: ours("test", p20=1, p56=2),
        CAVEAT: lambda: others("test", p20=1, p56=2),
        NO: lambda: ours("test", p20=2, p56=1),
        OPEN: lambda: ours("test", p20=1, p56=WIDE),
        f"{OPEN}:one-recipe": lambda: short("test", p20=1, p56=2),
    },
    "not-overfitting": {
        YES: lambda: with_tests({"p20": 5, "p56": 9}, p20=1, p56=5),
        CAVEAT: lambda: with_tests({"p20": 5, "p56": 15}, p20=1, p56=2),
        NO: lambda: ours(p20=2, p56=1),
        OPEN: lambda: ours(p20=1, p56=WIDE),
        f"{OPEN}:untrained": lambda: ours(p20=1, p56=60),
    },
    "vanishing-gradients": {
        YES: lambda: ours("gradients", p56=((9e-4, 1), (1e-3, 1), (1.1e-3, 1))),
        CAVEAT: lambda: others("gradients", p56=((9e-4, 1), (1e-3, 1), (1.1e-3, 1))),
        NO: lambda: ours("gradients", p56=((1.9, 1), (2, 1), (2.1, 1)), r56=((1, 1),) * 3),
        OPEN: lambda: ours("gradients", p56=tuple((level, 1) for level in WIDE)),
    },
    "gradients-go-wrong": {
        YES: lambda: untrained((70, 1), (0, 0.5)),
        CAVEAT: lambda: untrained((70, 1)),
        NO: lambda: untrained(),
        OPEN: lambda: untrained((70, 1), (0, 0.5), count=2),
    },
    "solution-exists": {YES: lambda: solution(1e-5), NO: lambda: solution(1e-3)},
    "identity-is-hard": {
        YES: lambda: regressions((0.0, 0.1, 0.9), 0.0),
        NO: lambda: regressions(0.01, 0.0),
        OPEN: lambda: regressions(0.3, 0.0),
    },
    "same-capacity": {
        CAVEAT: lambda: evidence(experiments=(built(),)),
        NO: lambda: evidence(experiments=(built(equivalence_error=2e-5),)),
    },
    "residual-cures": {
        YES: lambda: ours(r20=2, r56=1, p56=4),
        CAVEAT: lambda: others(r20=2, r56=1, p56=4),
        NO: lambda: ours(r20=1, r56=2, p56=4),
        OPEN: lambda: ours(r20=1, r56=WIDE, p56=4),
    },
    "zero-is-identity": {
        CAVEAT: lambda: evidence(experiments=(built(),)),
        NO: lambda: evidence(experiments=(built(exact_conditions={"weights_zero_train": False}),)),
    },
    "weights-go-to-zero": {
        YES: lambda: descents(everywhere(100)),
        CAVEAT: lambda: descents(everywhere(1) | {("no-bn", False): 100}),
        NO: lambda: descents(everywhere(1) | {("bn", True): 100}),
        OPEN: lambda: descents(everywhere(1) | {("no-bn", False): (1.0, 10.0, 100.0)}),
    },
    "zero-is-easy": {
        YES: lambda: regressions((0.0, 0.1, 0.9), 0.0),
        NO: lambda: regressions(0.01, 0.0),
        OPEN: lambda: regressions(0.9, 0.3),
    },
    "complex-weights": {NO: lambda: perturbed(0.007), OPEN: lambda: perturbed(0.9)},
    "zero-is-fixed": {
        YES: returning,
        CAVEAT: lambda: returning(fall=1.0),
        NO: lambda: returning(response=0.5),
        OPEN: lambda: returning(response=(0.01, 0.1, 0.2)),
        f"{OPEN}:not-easy": lambda: returning(plain=0.3),
    },
    "decay-pulls-to-zero": {
        YES: lambda: decayed(0.01, 0.01, 0.01),
        f"{YES}:alone": lambda: decayed(0.01, 0.01, 0.01, trained=False),
        NO: lambda: decayed(0.5, 0.5, 0.5),
        OPEN: lambda: decayed(0.01, 0.1, 1.0),
    },
    "zero-kills-plain": {YES: lambda: zeroed(0.0), NO: lambda: zeroed(1e-9)},
    "identity-not-just-a-path": {
        CAVEAT: paths,
        NO: lambda: paths(0.5, {"half": 30.0, "none": 30.0, "orthogonal": 0.5}),
        f"{NO}:no-relu": lambda: paths(0.5, bare={"orthogonal": 0.5}),
        OPEN: lambda: paths(5.0, 30.0),
    },
    "hundreds-of-layers": {
        YES: lambda: deep((90, 90, 90), (5, 5, 5)),
        CAVEAT: lambda: deep((90, 90, 90), (5, 5, 5), None),
        NO: lambda: deep((90, 90, 90), (5, 5, 50)),
        OPEN: lambda: deep((20, 90, 90), (5, 5, 5)),
    },
    "cured-by-surplus": {
        CAVEAT: lambda: surplus(12.0),
        NO: lambda: surplus((40.0, 41.0, 42.0)),
        OPEN: lambda: surplus((8.0, 20.0, 50.0)),
    },
    "response-near-zero": {
        YES: lambda: near("ratio", {"r20": 0.05, "r56": 0.04}),
        CAVEAT: lambda: near("ratio", {"r20": 0.05, "r56": 0.04}, "public"),
        NO: lambda: near("ratio", {"r20": 0.5, "r56": 0.3}),
        OPEN: lambda: near("ratio", {"r20": 0.5, "r56": 0.04}),
    },
    "figure-7-networks": {"differs from the paper": evidence},
    "response-smaller": {
        YES: lambda: both("std", 2.0, 1.0),
        CAVEAT: lambda: both("std", 2.0, 1.0, others),
        NO: lambda: both("std", 0.5, 1.0),
        OPEN: lambda: ours("std", p20=2.0, r20=1.0, p56=0.5, r56=1.0),
    },
    "plain-range-wide": {
        YES: lambda: both("std", 2.0, 1.0),
        CAVEAT: lambda: both("std", 2.0, 1.0, others),
        NO: lambda: both("std", 0.5, 1.0),
        OPEN: lambda: ours("std", p20=2.0, r20=1.0, p56=0.5, r56=1.0),
    },
    "order-of-magnitude": {
        YES: lambda: both("std", 20.0, 1.0),
        CAVEAT: lambda: both("std", 20.0, 1.0, others),
        NO: lambda: both("std", 2.0, 1.0),
        OPEN: lambda: ours("std", p20=20.0, r20=1.0, p56=2.0, r56=1.0),
    },
    "within-a-tenth": {
        YES: lambda: within(0.95, 0.91),
        CAVEAT: lambda: within(0.95, 0.91, scale="public"),
        NO: lambda: within(0.2, 0.3),
        OPEN: lambda: within(0.2, 0.95),
    },
    "mean-is-zero": {
        YES: lambda: within(0.01, 0.02, name="mean"),
        CAVEAT: lambda: within(0.01, 0.02, name="mean", scale="public"),
        NO: lambda: within(0.2, 0.3, name="mean"),
        OPEN: lambda: within(0.2, 0.02, name="mean"),
    },
    "deeper-is-smaller": {
        YES: lambda: ours("std", r20=3.0, r56=2.0, r110=1.0),
        CAVEAT: lambda: ours("std", r20=3.0, r56=2.0, r110=2.5),
        NO: lambda: ours("std", r20=1.0, r56=2.0, r110=3.0),
        OPEN: lambda: ours("std", r20=2.0, r56=WIDE, r110=2.0),
    },
    "nearer-the-identity": {
        YES: lambda: both("sine", 0.9, 0.3),
        CAVEAT: lambda: both("sine", 0.9, 0.3, others),
        NO: lambda: ours("sine", p20=0.9, r20=0.3, p56=0.2, r56=0.3),
        OPEN: lambda: ours("sine", p20=0.9, r20=0.3, p56=WIDE, r56=1.0),
    },
    "identity-by-default": {
        YES: lambda: ours("initial_ratio", r56=0.05),
        NO: lambda: ours("initial_ratio", r56=0.4),
        OPEN: lambda: ours("initial_ratio", r56=(0.05, 0.1, 0.2)),
    },
    "response-means-dispensable": {
        CAVEAT: lambda: evidence(*lesions([0.0] * 13 + [9.0] * 14)),
        NO: lambda: evidence(*lesions([9.0] * 27)),
        OPEN: lambda: evidence(*[r for s in (0, 1, 2) for r in lesions([s * 1.0] * 27)[s : s + 1]]),
    },
    "large-only-when-needed": {
        CAVEAT: lambda: evidence(*lesions(RISING)),
        NO: lambda: evidence(*lesions(RISING[::-1])),
        OPEN: lambda: evidence(*lesions(ALTERNATING)[:2]),
    },
    "preconditioning": {
        CAVEAT: lambda: curved(2.0, 3.0),
        NO: lambda: curved(0.5, 0.4),
        OPEN: lambda: curved(2.0, 0.4),
    },
    "chain-is-valid": {
        NO: lambda: chained(0.4),
        f"{NO}:rival": lambda: chained(0.05, last=0.01),
        OPEN: lambda: chained(0.05),
    },
    "learning-is-easier": {
        CAVEAT: lambda: epochs((4, 5, 6)),
        NO: lambda: epochs((1, 1, 1)),
        OPEN: lambda: epochs((1, 4, 16)),
    },
}
