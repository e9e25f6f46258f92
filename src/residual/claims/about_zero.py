"""Rules on zero weights (note 002, §3): what they do, and whether training reaches them."""

from math import exp
from statistics import fmean, median

from residual.claims.evidence import FLOOR, Evidence, rows_of
from residual.claims.verdicts import TENFOLD, Finding, conclude
from residual.constructions import exact_conditions
from residual.experiments.regression import MOMENTUM
from residual.experiments.weights import DECAY
from residual.recipe import KINDS
from residual.statistics import Interval, geometric_mean, listed, number, per_cent
from residual.store import Record

LIMITS = {
    "weights_zero_with_beta": "W = 0 but β₂ or the running mean₂ not zero",
    "negative_input": "x < 0, which ReLU cuts off",
    "plain": "a plain block",
    "downsampling": "a block that halves the maps",
}
"""In words: where setting F to zero gives no identity."""

DESCENTS = {
    ("no-bn", False): "without BN",
    ("bn", False): "with BN",
    ("no-bn", True): "without BN, with decay",
    ("bn", True): "with BN and decay",
}
"""The blocks that learn the identity, by form and whether their weights decay."""


def zero_is_identity(evidence: Evidence) -> Finding:
    """By construction: the conditions under which F = 0 gives H(x) = x bit for bit."""
    found = exact_conditions()
    holds = all(exact for name, exact in found.items() if name not in LIMITS)
    limits = [LIMITS.get(name, name) for name, exact in found.items() if not exact]
    sentence = (
        "With W = 0 (and β₂ = 0, running mean₂ = 0) or with γ₂ = β₂ = 0 a block with identity "
        f"shortcut {'returns' if holds else 'does not return'} x ≥ 0 bit for bit. "
        f"Not so: {'; '.join(limits)}."
    )
    values = {f"{name}_exact": float(exact) for name, exact in found.items()}
    caution = "Only under these conditions." if limits else ""
    return conclude(holds, not holds, sentence, values, [], 0, caution)


def zero_kills_plain(evidence: Evidence) -> Finding:
    """By construction: the output of a zeroed plain block does not vary, a residual one's does.

    The test errors with one block or one layer zeroed at a time are reported beside.
    """
    record = evidence.experiment("zero-kills-plain")
    variance = {kind: [m[f"{kind}_variance"] for m in record.measurements] for kind in KINDS}
    holds = max(variance["plain"]) == 0 and min(variance["residual"]) > 0
    values = {f"{kind}_variance": max(v) for kind, v in variance.items()}
    zeroings = {"whole": ("nothing",), "block": ("block",), "layer": ("conv1", "conv2")}
    for kind in KINDS:
        for words, zeroed in zeroings.items():
            rows = rows_of(record, kind=kind)
            errors = [row["test_error"] for row in rows if row["zeroed"] in zeroed]
            values[f"{kind}_{words}_test_error_percent"] = median(errors)
    sentence = (
        f"A plain block at zero gives an output of variance {number(values['plain_variance'])}. "
        "With one block zeroed, the median test error is "
        f"{number(values['plain_block_test_error_percent'])} % in the plain net and "
        f"{number(values['residual_block_test_error_percent'])} % in the residual net; with one "
        f"layer, {number(values['plain_layer_test_error_percent'])} % and "
        f"{number(values['residual_layer_test_error_percent'])} %."
    )
    return conclude(holds, not holds, sentence, values, [record], 0)


def chosen_rows(record: Record, form: str, decay: bool) -> list[dict]:
    """For each seed the descent of one form that leaves the least loss with live units.

    A block whose inner units are all dead computes F = 0 for every input and will for ever: it is
    dead, not an identity that was learnt, so its learning rate is not chosen. Seeds whose blocks
    all died or diverged are left out.
    """
    chosen = []
    for measured in record.measurements:
        rows = [r for r in measured["rows"] if (r["form"], r["decay"]) == (form, decay)]
        alive = [r for r in rows if r.get("dead_fraction", 1) < 1]
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
        every = rows_of(record, form=form, decay=decay)
        key = f"{form}_{'decay' if decay else 'no_decay'}".replace("-", "_")
        values[f"all_dead_fraction_{key}"] = fmean(r.get("dead_fraction", 1) == 1 for r in every)
        rows = chosen_rows(record, form, decay)
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
    fails = bool(weights) and all(weight.upper < TENFOLD for weight in weights)
    seeds = min((weight.seeds for weight in weights), default=0)
    everywhere = len(part) in (0, len(DESCENTS))
    caution = "" if everywhere else f"The weights fall so far only {listed(part)}."
    if part == [DESCENTS["bn", True]]:
        rate = median(r["learning_rate"] for r in chosen_rows(record, "bn", True))
        alone = exp(-rate * DECAY * record["settings"]["iterations"] / (1 - MOMENTUM))
        caution += (
            f" That is the decay's doing: at the learning rate of {rate:g} it leaves "
            f"{number(alone, 2)} of them by itself. F(x) is small through γ₂, which ends at "
            f"{number(1 / values['gamma_fall_bn_decay_times'], 2)} of its start."
        )
        caution += by_rounding(record)
    return conclude(bool(part), fails, sentence, values, [record], seeds, caution)


def by_rounding(record: Record) -> str:
    """Says so where several learning rates leave a loss of rounding alone, with BN and decay, so
    that the choice between them tells nothing."""
    rows = [r for r in rows_of(record, form="bn", decay=True) if r["loss_end"] < FLOOR]
    rates = sorted({row["learning_rate"] for row in rows})
    if len(rates) < 2:
        return ""
    left = [
        fmean(
            r["weight_norm_end"] / r["weight_norm_start"]
            for r in rows
            if r["learning_rate"] == rate
        )
        for rate in rates
    ]
    each = listed([f"{number(share, 2)} (rate {rate:g})" for share, rate in zip(left, rates)])
    return (
        f" But at {len(rates)} learning rates nothing but rounding is left of the loss, so that "
        f"the choice between them tells nothing: ‖W‖ ends at {each}."
    )


def zero_is_fixed(evidence: Evidence) -> Finding:
    """By construction: is W = 0 fixed, stable, easily reached? Each word is judged by itself.

    For the target identity all gradients vanish at W = 0, with BN too, since the loss is at its
    minimum; only another target gives β₂ one. Stable means that descent from a small perturbation
    returns to W = 0, not only to F = 0.
    """
    record = evidence.experiment("zero-is-fixed")
    measured = record.measurements
    gradients = [m[f"gradient_{form}"] for m in measured for form in ("no_bn", "bn")]
    largest = max(norm for by_parameter in gradients for norm in by_parameter.values())
    epsilon = max(record["settings"]["epsilons"])
    free, decayed = (
        rows_of(record, form="no-bn", decay=decay, epsilon=epsilon) for decay in (False, True)
    )
    weight, weight_decayed = falls_of(free, "weight_norm"), falls_of(decayed, "weight_norm")
    response = falls_of(free, "response")
    escape = geometric_mean(
        [max(m["saddle_loss_end"], FLOOR) / m["saddle_loss_start"] for m in measured]
    )
    values = {"largest_gradient_norm_at_zero": largest}
    values |= weight.named("weight_fall_no_decay_times")
    values |= weight_decayed.named("weight_fall_with_decay_times")
    values |= response.named("response_fall_times") | escape.named("saddle_loss_fraction")
    normed = rows_of(record, form="bn", decay=False, epsilon=epsilon)
    values["bn_response_start_ratio"] = fmean(row["response_start"] for row in normed)
    values["bn_response_end_ratio"] = max(fmean(row["response_end"] for row in normed), FLOOR)
    values["bn_weight_growth_times"] = 1 / falls_of(normed, "weight_norm").estimate
    fixed, stable = largest == 0, weight.lower >= TENFOLD
    sentence = (
        f"Fixed: {'yes' if fixed else 'no'} (for the target identity the largest gradient norm at "
        f"W = 0 is {number(largest)}, with BN and without). Stable: "
        f"{'yes' if stable else 'only towards F = 0'} (from "
        f"{per_cent(epsilon)} of a He start ‖W‖ ends at "
        f"{number(1 / weight.estimate, 2)} of its size, with the paper's decay at "
        f"{number(1 / weight_decayed.estimate, 2)}, and ‖F(x)‖ at "
        f"{number(1 / response.estimate, 2)}; with BN the same start makes F(x) "
        f"{number(values['bn_response_start_ratio'], 2)} times as large as x at once, "
        f"{number(values['bn_response_end_ratio'], 2)} times in the end, and ‖W‖ ends at "
        f"{number(values['bn_weight_growth_times'], 2)} times its size). Easily reached: see "
        "zero-is-easy. For another target, x/2, β₂ alone has a gradient at W = 0; without BN "
        f"descent from near W = 0 ends at {number(escape.estimate)} of the loss there."
    )
    caution = ""
    if fixed and not stable:
        caution = "Stationary, but descent returns to F = 0, not to W = 0."
    return conclude(fixed, not fixed, sentence, values, [record], 0, caution)


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
        f"{number(lost['no_bn'].estimate)} (without) from its map. By γ₂ alone a residual block "
        f"would come {number(1 / values['weight_fraction_left'])} times nearer; with BN its ε "
        "adds to that, since the kernels and γ₁ shrink as well, and with them the "
        "variance that it is added to. This is a block by itself, its input held fixed: in a "
        "network with BN decay shrinks x along with F(x), so that ‖F(x)‖/‖x‖ stays as it was while "
        "the variances are far above the ε of BN."
    )
    judged = falls_by["bn"]
    rule = judged.lower >= TENFOLD, judged.upper < TENFOLD
    return conclude(*rule, sentence, values, [record], 0)
