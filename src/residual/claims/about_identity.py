"""Rules on the identity mapping (note 002, §1 to 3): how hard it is to learn and to write down."""

from math import ceil, log10, sqrt

from residual.claims.about_responses import relative_response
from residual.claims.evidence import FLOOR, Evidence, MissingRecordError, block_values, rows_of
from residual.claims.verdicts import TENFOLD, TENTH, Finding, conclude
from residual.constructions import (
    equivalence_error,
    parameter_counts,
    walk,
    zero_gamma_ratio,
)
from residual.experiments.regression import CONSTANT, identity_floor
from residual.recipe import KINDS
from residual.statistics import Interval, geometric_mean, number, per_cent, ratio, slope

FEW_BLOCKS = 9
EQUAL = 1e-5  # relative output difference of two functions that are the same


def error_left(value: float) -> str:
    """An error for a sentence; what is below `FLOOR` is rounding and is not told further."""
    return f"at most {number(FLOOR)} (rounding)" if value <= FLOOR else number(value, 2)


def identity_is_hard(evidence: Evidence) -> Finding:
    """Plain over residual error after the longest training, at the depths that count.

    A depth counts where at least one kind beats the constant predictor. Supported if the lower
    end reaches ten at some counting depth of at most nine blocks, not supported if the upper end is
    below ten at every counting depth.
    """
    record = evidence.experiment("identity-is-hard")
    lengths = record["settings"]["lengths"]
    floor = identity_floor(record["settings"])
    values = {"constant_predictor_error": CONSTANT, "exact_plain_identity_error": floor}
    told: list[str] = []
    counting: dict[int, Interval] = {}
    for blocks in record["settings"]["blocks"]:
        for length in lengths:
            at = {"blocks": blocks, "iterations": length}
            sides = [
                [max(row["loss"], FLOOR) for row in rows_of(record, kind=kind, **at)]
                for kind in KINDS
            ]
            left = [geometric_mean(errors).estimate for errors in sides]
            if length == lengths[-1]:
                interval = ratio(*sides)
                values |= interval.named(f"error_ratio_{blocks}_blocks")
                pair = " against ".join(map(error_left, left))
                ends = f"at least {number(interval.lower, 1)}" if left[1] <= FLOOR else interval
                told.append(f"{pair} at {counted(blocks)}, a ratio of {ends}")
                if left[0] < 2 * floor:
                    told[-1] += (
                        " (where the plain stack errs less than twice as much as exact weights)"
                    )
                if min(left) < CONSTANT:
                    counting[blocks] = interval
                else:
                    told[-1] += " (does not count)"
            for kind, error in zip(KINDS, left):
                values[f"{kind}_error_{blocks}_blocks_{length}_iterations"] = error
    sentence = (
        f"Relative squared error after {lengths[-1]:,} iterations, plain against residual: "
        f"{'; '.join(told)}. The best constant leaves {number(CONSTANT)}; a plain block with exact "
        f"identity weights leaves {number(floor, 2)}, since BN takes each batch's own statistics; "
        "a residual stack escapes that by F = 0."
    )
    few = [interval for blocks, interval in counting.items() if blocks <= FEW_BLOCKS]
    holds = any(interval.lower >= TENFOLD for interval in few)
    fails = bool(counting) and all(interval.upper < TENFOLD for interval in counting.values())
    doubt = "" if counting else "At no depth did either kind beat the constant predictor."
    seeds = len(record.seeds)
    return conclude(holds, fails, sentence, values, [record], seeds, doubt=doubt)


zero_is_easy = identity_is_hard  # both statements of the note rest on this one result


def counted(blocks: int) -> str:
    """1 block, 3 blocks."""
    return f"{blocks} block{'s' if blocks != 1 else ''}"


def complex_weights(evidence: Evidence) -> Finding:
    """By construction: Dirac kernels are not complicated, and "precise" depends on the noise.

    The output error of a perturbed identity grows with ε in a plain stack and with ε² in a residual
    one, so that their ratio at one ε decides nothing; the powers are read off the measurements.
    """
    record = evidence.experiment("complex-weights")
    blocks = max(b for b in record["settings"]["blocks"] if b <= FEW_BLOCKS)
    values: dict[str, float] = {"nonzero_weights_fraction": record["settings"]["nonzero"]}
    power, error = {}, {}
    small = sorted(record["settings"]["epsilons"])[:3]
    for kind in KINDS:
        curve = []
        for epsilon in small:
            noisy = rows_of(record, kind=kind, blocks=blocks, epsilon=epsilon)
            curve.append(geometric_mean([row["error"] for row in noisy]).estimate)
        power[kind], error[kind] = slope(small, curve), curve[-1]
        values |= {f"{kind}_power_of_epsilon": power[kind]}
        values |= {f"{kind}_error_at_{small[-1]:g}_fraction": error[kind]}
    sentence = (
        f"The plain solution is simple: {per_cent(values['nonzero_weights_fraction'], 2)} of its "
        f"weights differ from zero. In {counted(blocks)} the output error grows as ε to the "
        f"{number(power['plain'], 2)} in plain and to the {number(power['residual'], 2)} in "
        f"residual stacks; noise of {per_cent(small[-1])} moves the output by "
        f"{per_cent(error['plain'], 2)} (ε·√(2·blocks) is "
        f"{per_cent(small[-1] * sqrt(2 * blocks), 2)}) and {per_cent(error['residual'], 2)}."
    )
    simple = values["nonzero_weights_fraction"] < TENTH
    return conclude(False, simple, sentence, values, [record], 0)


def same_capacity(evidence: Evidence) -> Finding:
    """By construction: equal parameter counts; a wider plain block that equals a residual one."""
    counts = parameter_counts()
    equal = all(plain == residual for plain, residual in counts.values())
    error = equivalence_error()
    above = 10.0 ** ceil(log10(max(error, 1e-16)))  # which does not depend on the machine
    values: dict[str, float] = {"plain_equivalent_relative_difference": error}
    values |= {f"depth_{d}_parameters": plain for d, (plain, _) in counts.items()}
    sentence = (
        f"Plain and residual nets have {'the same' if equal else 'different'} numbers of "
        f"parameters at depths {', '.join(map(str, counts))}; a plain block of twice the inner "
        f"width computes a residual block to a relative difference within {number(above)}."
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
    if shallow := evidence.found("residual", 20):
        beside = relative_response(shallow, "initial")
        values |= beside.named("he_median_ratio_resnet20")
    values["zero_gamma_ratio"] = zero_gamma_ratio()
    sentence = (
        f"Before training (which is how default is read) the median of ‖F(x)‖/‖x‖ over the "
        "identity blocks of ResNet-56 is "
        f"{found} with He initialisation ({number(values['he_first_block_ratio'])} in its first "
        f"block) and {number(values['zero_gamma_ratio'])} with γ₂ at zero. Batch normalisation at "
        "γ = 1 and β = 0 explains it: if F(x) is taken for normal noise of variance 1, independent "
        "of x, then x is a random walk that is cut off at zero, and the ratio is "
        f"{number(walk(56), 2)} at this depth and {number(walk(1202), 2)} at depth 1202."
    )
    rule = found.upper < TENTH, found.lower >= TENTH
    return conclude(*rule, sentence, values, runs, found.seeds)
