"""Rules on the identity mapping (note 002, §1 to 4): how hard it is, and what zero weights do."""

from math import ceil, log10
from statistics import fmean, median

from residual.claims.about_responses import relative_response
from residual.claims.evidence import Evidence, MissingRecordError, block_values, names
from residual.claims.verdicts import (
    CAVEAT,
    INCONCLUSIVE,
    NOT_SUPPORTED,
    SUPPORTED,
    Finding,
    conclude,
)
from residual.constructions import (
    equivalence_error,
    exact_conditions,
    parameter_counts,
    sample_block,
    zero_scale,
)
from residual.experiments.regression import CONSTANT
from residual.recipe import KINDS
from residual.statistics import Interval, geometric_mean, listed, number, per_cent, ratio, slope

TENFOLD, FEW_BLOCKS, NEAR = 10.0, 9, 0.1
EQUAL = 1e-5  # relative output difference of two functions that are the same
FLOOR = 1e-12  # sizes below it are rounding
LIMITS = {
    "weights_zero_with_beta": "W = 0 but β₂ or the running mean₂ not zero",
    "negative_input": "x < 0, which ReLU cuts off",
    "plain": "a plain block",
    "downsampling": "a block that halves the maps",
}
"""In words: where setting F to zero gives no identity."""

ZEROED = {"whole": ("nothing",), "block": ("block",), "layer": ("conv1", "conv2")}
DESCENTS = {
    ("no-bn", False): "without BN",
    ("bn", False): "with BN",
    ("no-bn", True): "without BN, with decay",
    ("bn", True): "with BN and decay",
}
"""The blocks that learn the identity, by form and whether their weights decay."""


def identity_is_hard(evidence: Evidence) -> Finding:
    """Error that plain stacks leave over that of residual ones, where one of them learnt at all."""
    return identity_regressions(evidence)


def zero_is_easy(evidence: Evidence) -> Finding:
    """The same result as `identity_is_hard`, which both statements of the note rest on."""
    return identity_regressions(evidence)


def identity_regressions(evidence: Evidence) -> Finding:
    """Plain over residual error after the longest training, at the depths that count.

    A depth counts where at least one kind beats the constant predictor. Supported if the lower
    end reaches ten at some counting depth of at most nine blocks, not supported if the upper end is
    below ten at every counting depth.
    """
    record = evidence.experiment("identity-is-hard")
    lengths = record["settings"]["lengths"]
    values: dict[str, float] = {"constant_predictor_error": CONSTANT}
    told, counting = [], {}
    for blocks in record["settings"]["blocks"]:
        for length in lengths:
            sides = {kind: errors_left(record, kind, blocks, length) for kind in KINDS}
            left = {kind: geometric_mean(errors).estimate for kind, errors in sides.items()}
            if length == lengths[-1]:
                interval = ratio(*sides.values())
                values |= interval.named(f"error_ratio_{blocks}_blocks")
                counts = min(left.values()) < CONSTANT
                counting |= {blocks: interval} if counts else {}
                pair = " against ".join(number(left[kind], 2) for kind in KINDS)
                told.append(f"{pair} at {counted(blocks)}{'' if counts else ' (does not count)'}")
            for kind, error in left.items():
                values[f"{kind}_error_{blocks}_blocks_{length}_iterations"] = error
    sentence = (
        f"Relative squared error after {lengths[-1]:,} iterations, plain against residual: "
        f"{'; '.join(told)}. The best constant leaves {number(CONSTANT)}."
    )
    few = [interval for blocks, interval in counting.items() if blocks <= FEW_BLOCKS]
    if not counting:
        reason = "At no depth did either kind beat the constant predictor."
        seeds = len(record.seeds)
        return Finding(INCONCLUSIVE, sentence, values, (record.name,), seeds, reason)
    return conclude(
        any(interval.lower >= TENFOLD for interval in few),
        all(interval.upper < TENFOLD for interval in counting.values()),
        sentence,
        values,
        [record.name],
        min(interval.seeds for interval in counting.values()),
    )


def errors_left(record, kind: str, blocks: int, length: int) -> list[float]:
    """The error left by a kind of stack after so many iterations, one a seed."""
    rows = [row for m in record.measurements for row in m["rows"]]
    key = (kind, blocks, length)
    chosen = [r for r in rows if (r["kind"], r["blocks"], r["iterations"]) == key]
    return [max(row["loss"], FLOOR) for row in chosen]


def counted(blocks: int) -> str:
    """1 block, 3 blocks."""
    return f"{blocks} block{'s' if blocks != 1 else ''}"


def complex_weights(evidence: Evidence) -> Finding:
    """By construction: Dirac kernels are not complicated, and "precise" depends on the noise.

    The output error of a perturbed identity grows with ε in a plain stack and with ε² in a residual
    one, so that their ratio at one ε decides nothing; the powers are read off the measurements.
    """
    record = evidence.experiment("complex-weights")
    rows = [row for m in record.measurements for row in m["rows"]]
    blocks = max(b for b in record["settings"]["blocks"] if b <= FEW_BLOCKS)
    values: dict[str, float] = {"nonzero_weights_fraction": record["settings"]["nonzero"]}
    power, error = {}, {}
    small = sorted(record["settings"]["epsilons"])[:3]
    for kind in KINDS:
        chosen = [r for r in rows if (r["kind"], r["blocks"]) == (kind, blocks)]
        curve = [geometric_mean([r["error"] for r in chosen if r["epsilon"] == e]) for e in small]
        power[kind] = slope(small, [interval.estimate for interval in curve])
        error[kind] = curve[-1].estimate
        values |= {f"{kind}_power_of_epsilon": power[kind]}
        values |= {f"{kind}_error_at_{small[-1]:g}_fraction": error[kind]}
    sentence = (
        f"The plain solution is simple: {per_cent(values['nonzero_weights_fraction'], 2)} of its "
        f"weights differ from zero. In {counted(blocks)} the output error grows as ε to the "
        f"{number(power['plain'], 2)} in plain and to the {number(power['residual'], 2)} in "
        f"residual stacks; noise of {per_cent(small[-1])} moves the output by "
        f"{per_cent(error['plain'], 2)} and {per_cent(error['residual'], 2)}."
    )
    simple = values["nonzero_weights_fraction"] < NEAR
    return conclude(False, simple, sentence, values, [record.name], 0)


def above(error: float) -> float:
    """The power of ten above an error of rounding, which does not depend on the machine."""
    return 10.0 ** ceil(log10(max(error, 1e-16)))


def same_capacity(evidence: Evidence) -> Finding:
    """By construction: equal parameter counts; a wider plain block that equals a residual one."""
    counts = parameter_counts()
    equal = all(plain == residual for plain, residual in counts.values())
    error = equivalence_error()
    values: dict[str, float] = {"plain_equivalent_relative_difference": error}
    values |= {f"depth_{d}_parameters": plain for d, (plain, _) in counts.items()}
    sentence = (
        f"Plain and residual nets have {'the same' if equal else 'different'} numbers of "
        f"parameters at depths {', '.join(map(str, counts))}; a plain block of twice the inner "
        f"width computes a residual block to a relative difference within {number(above(error))}."
    )
    caution = "At equal width the two families of functions differ; the equivalent is wider."
    holds = equal and error <= EQUAL
    return conclude(holds, not holds, sentence, values, [], 0, caution)


def identity_by_default(evidence: Evidence) -> Finding:
    """ResNet-56 at He initialisation decides; ResNet-20 and zero-γ starts stand beside."""
    runs = evidence.networks("residual", 56)
    if not all("initial" in run["responses"] for run in runs):
        raise MissingRecordError("Networks of others were not measured before their training.")
    found = relative_response(runs, "initial")
    values = found.named("he_median_ratio")
    first = [block_values(run, "ratio", "initial")[0] for run in runs]
    values["he_first_block_ratio"] = geometric_mean(first).estimate
    if evidence.has("residual", 20):
        beside = relative_response(evidence.networks("residual", 20), "initial")
        values |= beside.named("he_median_ratio_resnet20")
    block, x = sample_block(residual=True)
    block.norm2.bias.data.zero_()  # the start of training: β = 0
    block.norm2.running_mean.zero_()
    values["zero_gamma_ratio"] = float((zero_scale(block)(x) - x).detach().norm() / x.norm())
    sentence = (
        f"Before training, the median of ‖F(x)‖/‖x‖ over the identity blocks of ResNet-56 is "
        f"{found} with He initialisation ({number(values['he_first_block_ratio'])} in its first "
        f"block) and {number(values['zero_gamma_ratio'])} with γ₂ at zero."
    )
    rule = found.upper < NEAR, found.lower >= NEAR
    return conclude(*rule, sentence, values, names(runs), found.seeds)


def zero_is_identity(evidence: Evidence) -> Finding:
    """By construction: the conditions under which F = 0 gives H(x) = x bit for bit."""
    found = exact_conditions()
    needed = ("weights_zero_train", "weights_zero_eval")
    needed += ("gamma_beta_zero_train", "gamma_beta_zero_eval")
    holds = all(found[name] for name in needed)
    limits = [LIMITS.get(name, name) for name, exact in found.items() if not exact]
    sentence = (
        "With W = 0 (and β₂ = 0, running mean₂ = 0) or with γ₂ = β₂ = 0 a block with identity "
        f"shortcut {'returns' if holds else 'does not return'} x ≥ 0 bit for bit. "
        f"Not so: {'; '.join(limits)}."
    )
    values = {f"{name}_exact": float(exact) for name, exact in found.items()}
    caution = f"Conditions apply: no identity with {'; '.join(limits)}." if limits else ""
    return conclude(holds, not holds, sentence, values, [], 0, caution)


def zero_kills_plain(evidence: Evidence) -> Finding:
    """By construction: the output of a zeroed plain block does not vary, a residual one's does.

    The test errors with one block or one layer zeroed at a time are reported beside.
    """
    record = evidence.experiment("zero-kills-plain")
    variance = {kind: [m[f"{kind}_variance"] for m in record.measurements] for kind in KINDS}
    holds = max(variance["plain"]) == 0 and min(variance["residual"]) > 0
    values = {f"{kind}_variance": max(v) for kind, v in variance.items()}
    for kind in KINDS:
        for words, zeroed in ZEROED.items():
            rows = [r for m in record.measurements for r in m["rows"] if r["kind"] == kind]
            errors = [r["test_error"] for r in rows if r["zeroed"] in zeroed]
            values[f"{kind}_{words}_test_error_percent"] = median(errors)
    sentence = (
        f"A plain block at zero gives an output of variance {number(values['plain_variance'])}. "
        "With one block zeroed, the median test error is "
        f"{number(values['plain_block_test_error_percent'])} % in the plain net and "
        f"{number(values['residual_block_test_error_percent'])} % in the residual net; with one "
        f"layer, {number(values['plain_layer_test_error_percent'])} % and "
        f"{number(values['residual_layer_test_error_percent'])} %."
    )
    return conclude(holds, not holds, sentence, values, [record.name], 0)


def chosen_rows(measurements: list[dict], form: str, decay: bool) -> list[dict]:
    """For each seed the descent of one form that leaves the least loss with live units.

    A block whose inner units are all dead computes F = 0 for every input and will for ever: it is
    dead, not an identity that was learnt, so its learning rate is not chosen. Seeds whose blocks
    all died or diverged are left out.
    """
    chosen = []
    for measured in measurements:
        rows = [r for r in measured["rows"] if (r["form"], r["decay"]) == (form, decay)]
        alive = [r for r in rows if "dead_fraction" in r and r["dead_fraction"] < 1]
        if alive:
            chosen.append(min(alive, key=lambda row: row["loss_end"]))
    return chosen


def falls_of(rows: list[dict], quantity: str) -> Interval:
    """How many times smaller a quantity is at the end than at the start, over seeds."""
    starts, ends = ([max(r[f"{quantity}_{w}"], FLOOR) for r in rows] for w in ("start", "end"))
    return geometric_mean([a / b for a, b in zip(starts, ends)])


def weights_go_to_zero(evidence: Evidence) -> Finding:
    """Tenfold fall of ‖W‖ and of F as a block learns the identity, in each of four settings.

    With and without BN, without weight decay and with the paper's; a caveat where it falls so far
    in some of them only.
    """
    record = evidence.experiment("weights-go-to-zero")
    values: dict[str, float] = {}
    told, weights, tenfold = [], [], {}
    for (form, decay), words in DESCENTS.items():
        every = [r for m in record.measurements for r in m["rows"]]
        every = [r for r in every if (r["form"], r["decay"]) == (form, decay)]
        dead = fmean(r.get("dead_fraction", 1.0) == 1 for r in every)
        key = f"{form}_{'decay' if decay else 'no_decay'}".replace("-", "_")
        values[f"all_dead_fraction_{key}"] = dead
        rows = chosen_rows(record.measurements, form, decay)
        if not rows:
            told.append(f"{words} every block died")
            continue
        weight, response = falls_of(rows, "weight_norm"), falls_of(rows, "response")
        weights.append(weight)
        values |= weight.named(f"weight_fall_{key}_times")
        values |= response.named(f"response_fall_{key}_times")
        values[f"dead_units_fraction_{key}"] = fmean(r["dead_fraction"] for r in rows)
        if form == "bn":
            values |= falls_of(rows, "gamma_norm").named(f"gamma_fall_{key}_times")
        tenfold[words] = weight.lower >= TENFOLD and response.lower >= TENFOLD
        told.append(
            f"{words} ‖W‖ ends at {number(1 / weight.estimate, 2)} and ‖F(x)‖ at "
            f"{number(1 / response.estimate, 2)} of its start"
        )
    sentence = f"As a block learns the identity: {'; '.join(told)}."
    part = [words for words, holds in tenfold.items() if holds]
    everywhere = len(part) == len(DESCENTS)
    return conclude(
        bool(part),
        all(w.upper < TENFOLD for w in weights),
        sentence,
        values,
        [record.name],
        min((w.seeds for w in weights), default=0),
        "" if everywhere or not part else f"The weights fall so far only {listed(part)}.",
    )


def zero_is_fixed(evidence: Evidence) -> Finding:
    """By construction: is W = 0 fixed, stable, easily reached? Each word is judged by itself.

    For the target identity all gradients vanish at W = 0, with BN too, since the loss is at its
    minimum; only another target gives β₂ one. Stable means that descent from a small perturbation
    returns to W = 0, not only to F = 0.
    """
    record = evidence.experiment("zero-is-fixed")
    measured = record.measurements
    gradients = [
        v for m in measured for key in ("no_bn", "bn") for v in m[f"gradient_{key}"].values()
    ]
    fixed = max(gradients) == 0
    falls = {
        decay: falls_of(
            [r for m in measured for r in m["rows"] if (r["form"], r["decay"]) == ("no-bn", decay)],
            "weight_norm",
        )
        for decay in (False, True)
    }
    response = falls_of(
        [r for m in measured for r in m["rows"] if (r["form"], r["decay"]) == ("no-bn", False)],
        "response",
    )
    escape = geometric_mean(
        [max(m["saddle_loss_end"], FLOOR) / m["saddle_loss_start"] for m in measured]
    )
    values = {"largest_gradient_norm_at_zero": max(gradients)}
    values |= falls[False].named("weight_fall_no_decay_times")
    values |= falls[True].named("weight_fall_with_decay_times")
    values |= response.named("response_fall_times") | escape.named("saddle_loss_fraction")
    stable = falls[False].lower >= TENFOLD
    words = {
        "fixed": "yes" if fixed else "no",
        "stable": "yes" if stable else "only towards F = 0",
    }
    sentence = (
        f"Fixed: {words['fixed']} (for the target identity the largest gradient norm at W = 0 is "
        f"{number(max(gradients))}, with BN and without). Stable: {words['stable']} (from a small "
        f"perturbation ‖W‖ ends at {number(1 / falls[False].estimate, 2)} of its size, with the "
        f"paper's decay at {number(1 / falls[True].estimate, 2)}, and ‖F(x)‖ at "
        f"{number(1 / response.estimate, 2)}). Easily reached: see zero-is-easy. When the target "
        f"is another, descent leaves W = 0 and ends at {number(escape.estimate)} of the loss there."
    )
    verdict = NOT_SUPPORTED if not fixed else SUPPORTED if stable else CAVEAT
    reason = "" if verdict != CAVEAT else "Stationary, but descent returns to F = 0, not to W = 0."
    return Finding(verdict, sentence, values, (record.name,), 0, reason)


def decay_pulls_to_zero(evidence: Evidence) -> Finding:
    """By construction: weight decay alone over the paper's 64,000 iterations, with BN.

    The block without BN and the distance of a plain block from its useful map stand beside.
    """
    record = evidence.experiment("decay-pulls-to-zero")
    rows = record.measurements
    falls_by = {
        form: geometric_mean(
            [m[f"residual_{form}"][0] / max(m[f"residual_{form}"][-1], FLOOR) for m in rows]
        )
        for form in ("bn", "no_bn")
    }
    lost = {f: geometric_mean([max(m[f"plain_{f}"][-1], FLOOR) for m in rows]) for f in falls_by}
    values = {"weight_fraction_left": rows[0]["weight_fraction"][-1]}
    for form, fall in falls_by.items():
        values |= fall.named(f"residual_distance_fall_{form}_times")
        values |= lost[form].named(f"plain_distance_{form}_ratio")
    sentence = (
        f"Weight decay alone leaves {per_cent(values['weight_fraction_left'])} of every weight "
        f"after {record['settings']['iterations']:,} iterations. A residual block comes "
        f"{number(falls_by['bn'].estimate)} times nearer to the identity with BN and "
        f"{number(falls_by['no_bn'].estimate)} times without; a plain block ends at a relative "
        f"distance of {number(lost['bn'].estimate)} (with BN) and "
        f"{number(lost['no_bn'].estimate)} (without) from its map."
    )
    judged = falls_by["bn"]
    rule = judged.lower >= TENFOLD, judged.upper < TENFOLD
    return conclude(*rule, sentence, values, [record.name], 0)
