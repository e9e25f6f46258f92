"""Note 002, §3: what descent and weight decay do to the weights of F."""

from residual.claims.claim import (
    AGREES,
    CAVEAT,
    INCONCLUSIVE,
    NOT_SUPPORTED,
    SILENT,
    SUPPORTED,
    Claim,
    Finding,
    conclude,
)
from residual.claims.evidence import Evidence
from residual.statistics import Interval, geometric_mean, number, per_cent

TENFOLD = 10.0
FLOOR = 1e-12
SYMBOLS = {"norm1.weight": "γ₁", "norm1.bias": "β₁", "norm2.weight": "γ₂", "norm2.bias": "β₂"}
SYMBOLS |= {"conv1.weight": "W₁", "conv2.weight": "W₂"}
"""The parameters of a block as formulas call them."""


def falls(measurements: list[dict], form: str, quantity: str) -> Interval:
    """How many times smaller a quantity is at the end than at the start, over seeds."""
    rows = [row for m in measurements for row in m["rows"] if row["form"] == form]
    starts, ends = ([max(r[f"{quantity}_{w}"], FLOOR) for r in rows] for w in ("start", "end"))
    return geometric_mean([a / b for a, b in zip(starts, ends)])


def weights_go_to_zero(evidence: Evidence) -> Finding:
    """Tenfold fall of ‖W‖ in a block without BN and in one with BN; a caveat if in one only."""
    record = evidence.experiment("weights-go-to-zero")
    forms = {"no-bn": "without BN", "bn": "with BN"}
    weights = {f: falls(record.measurements, f, "weight_norm") for f in forms}
    responses = {f: falls(record.measurements, f, "response") for f in forms}
    gammas = falls(record.measurements, "bn", "gamma_norm")
    values: dict[str, float] = gammas.named("gamma_fall_bn_times")
    for form in forms:
        name = form.replace("-", "_")
        values |= weights[form].named(f"weight_fall_{name}_times")
        values |= responses[form].named(f"response_fall_{name}_times")
    changes = [m["scaled_response_change"] for m in record.measurements]
    values["response_change_bn_at_a_tenth_of_weights_fraction"] = max(changes)
    alone = falls(record.measurements, "gamma", "response")
    values |= alone.named("response_fall_gamma_alone_times")
    told = "; ".join(
        f"{words} ‖F(x)‖ ends at {number(1 / responses[f].estimate, 2)} of its start and ‖W‖ at "
        f"{number(1 / weights[f].estimate, 2)}"
        for f, words in forms.items()
    )
    scale = number(1 / gammas.estimate, 2)
    sentence = f"As a block learns the identity, {told}, where γ₂ ends at {scale}."
    tenfold = {f: weights[f].lower >= TENFOLD and responses[f].lower >= TENFOLD for f in forms}
    part = " and ".join(words for f, words in forms.items() if tenfold[f])
    return conclude(
        any(tenfold.values()),
        all(w.upper < TENFOLD for w in weights.values()),
        sentence,
        values,
        [record.name],
        gammas.seeds,
        "" if all(tenfold.values()) or not part else f"The weights fall so far only {part}.",
    )


def zero_is_fixed(evidence: Evidence) -> Finding:
    """Fixed if every gradient of W is exactly zero at W = 0 without BN; stable if descent from a
    perturbation ε takes ‖W‖ to a tenth of ε or less.

    Stationary without returning is a caveat: descent reaches F = 0, not W = 0. Where some gradient
    is not zero, the claim fails.
    """
    record = evidence.experiment("zero-is-fixed")
    rows = record.measurements
    gradient = max(v for m in rows for v in m["gradient_no_bn"].values())
    returned = falls(rows, "no-bn", "weight_norm")
    response = falls(rows, "no-bn", "response")
    moving = sorted({SYMBOLS[k] for m in rows for k, v in m["gradient_bn"].items() if v > 0})
    escape = geometric_mean(
        [max(m["saddle_loss_end"], FLOOR) / m["saddle_loss_start"] for m in rows]
    )
    values = {"gradient_norm_at_zero_no_bn": gradient} | returned.named("weight_fall_times")
    values |= response.named("response_fall_times") | escape.named("saddle_loss_fraction")
    values["gradient_norm_saddle"] = max(m["saddle_gradient"] for m in rows)
    sentence = (
        f"At W = 0 without BN the largest gradient norm is {number(gradient)}; with BN "
        f"{', '.join(moving) or 'nothing'} gets one still. From a small perturbation descent takes "
        f"‖F(x)‖ to {number(1 / response.estimate, 2)} of its start and ‖W‖ to "
        f"{number(1 / returned.estimate, 2)}. With a target other than the identity, descent "
        f"from the same perturbation ends at {number(escape.estimate)} of the loss at W = 0"
    )
    saddle = values["gradient_norm_saddle"] == 0 and escape.estimate < 1
    sentence += ", which is then a saddle." if saddle else "."
    stationary = gradient == 0
    returns = returned.lower >= TENFOLD
    settled = returns or returned.upper < TENFOLD
    caution = "" if returns else "Stationary, but descent returns to F = 0 and not to W = 0."
    return conclude(
        stationary and settled,
        not stationary,
        sentence,
        values,
        [record.name],
        len(rows),
        caution if settled else "",
    )


def decay_pulls_to_zero(evidence: Evidence) -> Finding:
    """Weight decay alone over the paper's 64,000 iterations: tenfold nearer to the identity.

    Judged with BN, as in the paper's blocks; the block without BN and the distance of a plain
    block from its useful map stand beside.
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
        f"{number(falls_by['no_bn'].estimate)} times without; a plain block ends at a "
        f"relative distance of {number(lost['bn'].estimate)} and {number(lost['no_bn'].estimate)} "
        "from its map."
    )
    judged = falls_by["bn"]
    rule = judged.lower >= TENFOLD, judged.upper < TENFOLD
    return conclude(*rule, sentence, values, [record.name], judged.seeds)


CLAIMS = (
    Claim(
        id="weights-go-to-zero",
        note="002",
        section="3",
        english="To reach the identity, the optimiser simply pushes the weights of F to zero.",
        chinese="要实现恒等映射，优化器只需把 F 的权重推向零。",
        paper=AGREES,
        where="§3.1",
        quantity="fall of ‖W‖, of ‖F(x)‖ and of γ₂ while a block learns the identity",
        unit="times",
        rule="supported if ‖W‖ and F fall ≥ 10 times with and without BN; a caveat if in one",
        verdicts=(SUPPORTED, CAVEAT, NOT_SUPPORTED, INCONCLUSIVE),
        judge=weights_go_to_zero,
    ),
    Claim(
        id="zero-is-fixed",
        note="002",
        section="3",
        english="W = 0 is a stable fixed point that is easily reached.",
        chinese="权重全为零是一个稳定且容易达到的不动点。",
        paper=SILENT,
        where="",
        quantity="gradient at W = 0; fall of ‖W‖ and of F after a perturbation; escape elsewhere",
        unit="gradient norm; times",
        rule="supported if the gradient is 0 and ‖W‖ falls ≥ 10 times; a caveat if only the first",
        verdicts=(SUPPORTED, CAVEAT, NOT_SUPPORTED, INCONCLUSIVE),
        judge=zero_is_fixed,
    ),
    Claim(
        id="decay-pulls-to-zero",
        note="002",
        section="3",
        english="L2 regularisation by itself draws the weights to zero.",
        chinese="L2 正则化本身就在把权重推向零。",
        paper=SILENT,
        where="",
        quantity="distance of a block to the identity under weight decay alone, start over end",
        unit="times",
        rule="supported if the lower end ≥ 10 after 64,000 iterations with BN; not if upper < 10",
        verdicts=(SUPPORTED, NOT_SUPPORTED, INCONCLUSIVE),
        judge=decay_pulls_to_zero,
    ),
)
