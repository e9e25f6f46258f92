"""Note 002, §2 to §4: what learning F = H − x changes, and what it does not."""

from math import ceil, log10

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
from residual.claims.evidence import Evidence, metric, names
from residual.claims.stacks import plain_over_residual
from residual.constructions import equivalence_error, parameter_counts
from residual.statistics import difference, number, per_cent

MARGIN_POINTS, TENFOLD = 0.5, 10.0
EQUAL = 1e-5
PRECISION, PRECISE_BLOCKS = 0.01, 9  # relative perturbation and depth at which it is judged


def complex_weights(evidence: Evidence) -> Finding:
    """Precise: at 1 % perturbation and 9 blocks, plain errs at least ten times as much.

    Both kinds are perturbed by the same absolute amounts, relative to the norm of a Dirac kernel.
    "Complicated" is false by construction (one weight in 9·C differs from zero), so the best that
    the claim can reach is a caveat.
    """
    record = evidence.experiment("complex-weights")
    chosen = [
        {"rows": [row for row in m["rows"] if row["epsilon"] == PRECISION]}
        for m in record.measurements
    ]
    by_depth = plain_over_residual(chosen, "error", 1e-30)
    interval = by_depth[PRECISE_BLOCKS]
    values: dict[str, float] = {"nonzero_weights_fraction": record["settings"]["nonzero"]}
    for blocks, found in by_depth.items():
        values |= found.named(f"error_ratio_{blocks}_blocks")
    sentence = (
        f"The plain solution is simple: {per_cent(values['nonzero_weights_fraction'], 2)} of its "
        f"weights differ from zero. Perturbed by {per_cent(PRECISION)}, {PRECISE_BLOCKS} plain "
        f"blocks err {interval} times as much as residual ones."
    )
    holds = interval.lower >= TENFOLD
    caution = "It must be precise, and it is not complicated: Dirac kernels." if holds else ""
    fails = interval.upper < TENFOLD
    return conclude(holds, fails, sentence, values, [record.name], interval.seeds, caution)


def above(error: float) -> float:
    """The power of ten above an error of rounding, which does not depend on the machine."""
    return 10.0 ** ceil(log10(max(error, 1e-16)))


def same_capacity(evidence: Evidence) -> Finding:
    """Exact: equal parameter counts at every depth; a wider plain block that equals a residual."""
    counts = parameter_counts()
    equal = all(plain == residual for plain, residual in counts.values())
    error = equivalence_error()
    values: dict[str, float] = {"plain_equivalent_error": error}
    values |= {f"depth_{d}_parameters": plain for d, (plain, _) in counts.items()}
    sentence = (
        f"Plain and residual nets have {'the same' if equal else 'different'} numbers of "
        f"parameters at depths {', '.join(map(str, counts))}; a plain block of twice the inner "
        f"width computes a residual block to within {number(above(error))}."
    )
    caution = "At equal width the two families of functions differ; the equivalent is wider."
    holds = equal and error <= EQUAL
    return conclude(holds, not holds, sentence, values, [], 0, caution)


def residual_cures(evidence: Evidence) -> Finding:
    """ResNet-56 not worse than ResNet-20 by more than half a point, and better than plain-56."""
    plain = evidence.networks("plain", 56)
    shallow, deep = evidence.networks("residual", 20), evidence.networks("residual", 56)
    errors = [metric(runs, "train_error") for runs in (shallow, deep, plain)]
    growth, gain = difference(errors[1], errors[0]), difference(errors[2], errors[1])
    sentence = (
        f"The final training error of ResNet-56 minus that of ResNet-20 is {growth} percentage "
        f"points; that of plain-56 minus that of ResNet-56 is {gain}."
    )
    return conclude(
        growth.upper <= MARGIN_POINTS and gain.lower > 0,
        growth.lower > MARGIN_POINTS or gain.upper < 0,
        sentence,
        growth.named("resnet_growth_points") | gain.named("gain_over_plain_points"),
        names(shallow, deep, plain),
        min(growth.seeds, gain.seeds),
        evidence.short,
    )


def hundreds_of_layers(evidence: Evidence) -> Finding:
    """ResNet-110 ends lower than plain-110; "thousands" rests on ResNet-1202, or is a caveat.

    Without ResNet-1202, or if one of its runs ends no lower than the mean of plain-110, the claim
    holds with a caveat.
    """
    plain, deep = evidence.networks("plain", 110), evidence.networks("residual", 110)
    gap = difference(metric(plain, "train_error"), metric(deep, "train_error"))
    values, runs = gap.named("plain_minus_resnet_points"), names(plain, deep)
    caution, line = "ResNet-1202 was not run.", "ResNet-1202: not run."
    if evidence.has("residual", 1202):
        deepest = evidence.networks("residual", 1202)
        errors, limit = metric(deepest, "train_error"), metric(plain, "train_error")
        values["resnet_1202_train_error_percent"] = max(errors)
        runs, line = runs + names(deepest), f"ResNet-1202 ends at {number(max(errors))} %."
        learns = max(errors) < sum(limit) / len(limit)
        caution = "" if learns else "ResNet-1202 ends no lower than plain-110."
    sentence = f"Training error of plain-110 minus ResNet-110: {gap} percentage points. {line}"
    caution = " ".join(part for part in (caution, evidence.short) if part)
    return conclude(gap.lower > 0, gap.upper < 0, sentence, values, runs, gap.seeds, caution)


CLAIMS = (
    Claim(
        id="complex-weights",
        note="002",
        section="3",
        english="A plain stack needs a precise and complicated set of weights to be an identity.",
        chinese="传统网络要模拟恒等映射，需要一组精确而复杂的权重。",
        paper=SILENT,
        where="",
        quantity="output error of perturbed identity solutions, plain over residual",
        unit="ratio",
        rule="with a caveat if the lower end ≥ 10 at 1 % and 9 blocks; not supported if upper < 10",
        verdicts=(CAVEAT, NOT_SUPPORTED, INCONCLUSIVE),
        judge=complex_weights,
    ),
    Claim(
        id="same-capacity",
        note="002",
        section="2",
        english="Residual learning only re-writes the target as F(x) = H(x) − x.",
        chinese="残差学习只是改写目标：F(x) = H(x) − x。",
        paper=AGREES,
        where="§3.1; §3.3",
        quantity="parameter counts by depth; error of a plain equivalent of a residual block",
        unit="parameters; largest output difference",
        rule="with a caveat if all counts are equal and the equivalent errs by ≤ 10⁻⁵",
        verdicts=(CAVEAT, NOT_SUPPORTED),
        judge=same_capacity,
        exact=True,
    ),
    Claim(
        id="residual-cures",
        note="002",
        section="2, 4",
        english="The residual network does not degrade with depth.",
        chinese="残差网络不随深度退化。",
        paper=AGREES,
        where="§4.2, Fig. 6 and Table 6",
        quantity="final training error: ResNet-56 minus ResNet-20, and plain-56 minus ResNet-56",
        unit="percentage points",
        rule=(
            "supported if the first upper end ≤ 0.5 and the second lower end > 0; "
            "not supported if the first lower end > 0.5 or the second upper end < 0"
        ),
        verdicts=(SUPPORTED, CAVEAT, NOT_SUPPORTED, INCONCLUSIVE),
        judge=residual_cures,
    ),
    Claim(
        id="hundreds-of-layers",
        note="002",
        section="4",
        english="Residual learning makes networks of hundreds or thousands of layers trainable.",
        chinese="残差学习使数百甚至上千层的网络可以训练。",
        paper=AGREES,
        where="§4.2, Table 6",
        quantity="final training error of plain-110 minus ResNet-110; that of ResNet-1202",
        unit="percentage points",
        rule="supported if the lower end > 0 and ResNet-1202 ends lower than plain-110",
        verdicts=(SUPPORTED, CAVEAT, NOT_SUPPORTED, INCONCLUSIVE),
        judge=hundreds_of_layers,
    ),
)
