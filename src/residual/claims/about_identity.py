"""Rules on the identity mapping (note 002, §1 to 3): how hard it is to learn and to write down."""

from dataclasses import replace

from residual.claims.about_responses import relative_median
from residual.claims.evidence import Evidence, MissingRecordError, by_member, rows_of
from residual.claims.verdicts import (
    TENTH,
    Finding,
    Measure,
    Reason,
    averaged,
    conclude,
    rated,
    single,
)
from residual.experiments.regression import CONSTANT
from residual.recipe import KINDS
from residual.statistics import geometric_mean, slope
from residual.store import Record

FEW_BLOCKS = 9
LEFT, LEARNT, EASY = 0.5, 0.05, 0.1
EQUAL = 1e-5  # relative output difference of two functions that are the same


def identity_is_hard(evidence: Evidence) -> Finding:
    """What is left of the way from the best constant to exact identity weights, by depth.

    (error − bound)/(constant − bound) after the longest training at the better learning rate.
    Supported if at some depth of at most nine blocks the plain stack surely leaves half and the
    residual one at most 0.05; refuted if at every depth the plain stack surely leaves less than a
    tenth. Beside it the note's own stack, which has no BN.
    """
    record = evidence.experiment("identity-is-hard")
    bounds = {"plain": evidence.constructions["identity_floor"], "residual": 0.0}
    depths = record["settings"]["blocks"]
    way = {(k, b): way_left(record, k, b, bounds[k]) for b in depths for k in KINDS}
    holds = any(
        way["plain", b].interval.lower >= LEFT and way["residual", b].interval.upper <= LEARNT
        for b in depths
        if b <= FEW_BLOCKS
    )
    fails = all(way["plain", b].interval.upper < EASY for b in depths)
    beside, records = [], [record]
    if bare := evidence.stored("identity-without-bn"):
        records.append(bare)
        beside = [
            replace(way_left(bare, k, b, 0.0), group=f"{b} blocks/no-bn", judged=False)
            for b in bare["settings"]["blocks"]
            for k in KINDS
        ]
    measures = [*way.values(), *beside]
    return conclude(holds, fails, measures, records, numbers={"bound": bounds["plain"]})


def way_left(record: Record, kind: str, blocks: int, bound: float) -> Measure:
    """The share of the way to the identity that a stack has left, over seeds."""
    longest = record["settings"]["lengths"][-1]
    rows = rows_of(record, kind=kind, blocks=blocks, iterations=longest)
    left = {
        str(seed): (row["loss"] - bound) / (CONSTANT - bound)
        for seed, row in zip(record.seeds, rows)
    }
    threshold = LEFT if kind == "plain" else LEARNT
    return averaged(f"{kind}_left", left, threshold, f"{blocks} blocks")


zero_is_easy = identity_is_hard  # both statements of the note rest on this one result


def complex_weights(evidence: Evidence) -> Finding:
    """By construction: Dirac kernels are not complicated, and "precise" depends on the noise.

    The output error of a perturbed identity grows with ε in a plain stack and with ε² in a residual
    one, so that their ratio at one ε decides nothing; the powers are read off the measurements.
    """
    record = evidence.experiment("complex-weights")
    blocks = max(b for b in record["settings"]["blocks"] if b <= FEW_BLOCKS)
    numbers: dict[str, float] = {"nonzero_percent": 100 * record["settings"]["nonzero"]}
    measures = []
    small = sorted(record["settings"]["epsilons"])[:3]
    for kind in KINDS:
        curve = []
        for epsilon in small:
            noisy = rows_of(record, kind=kind, blocks=blocks, epsilon=epsilon)
            curve.append(geometric_mean([row["error"] for row in noisy]).estimate)
        measures.append(single(f"{kind}_power", slope(small, curve)))
        numbers[f"{kind}_percent"] = 100 * curve[-1]
    numbers["noise_percent"] = 100 * small[-1]
    fails = record["settings"]["nonzero"] < TENTH
    return conclude(False, fails, measures, [record], 0, numbers)


def same_capacity(evidence: Evidence) -> Finding:
    """By construction: equal parameter counts, and a plain block that computes a residual one.

    The equivalent is twice as wide inside, so at equal width the families of functions differ.
    """
    counts = evidence.constructions["parameter_counts"]
    error = evidence.constructions["equivalence_error"]
    equal = all(plain == residual for plain, residual in counts.values())
    holds = equal and error <= EQUAL
    caution = [Reason("wider")]
    return conclude(holds, not holds, [single("error", error, EQUAL)], caution=caution)


def identity_by_default(evidence: Evidence) -> Finding:
    """By construction: BN at γ = 1, β = 0 and the depth fix ‖F(x)‖/‖x‖ before training.

    ResNet-56 at He initialisation is checked against a tenth; ResNet-20 and what a random walk
    gives at this depth and at 1202 stand beside.
    """
    runs = evidence.networks("residual", 56)
    if not all("initial" in run["responses"] for run in runs):
        raise MissingRecordError("Networks of others were not measured before their training.")

    def ratios(records) -> dict[str, float]:
        return by_member(records, lambda run: relative_median(run, "initial"))

    found = rated("ratio", ratios(runs), TENTH, "56")
    shallow = evidence.found("residual", 20)
    beside = [rated("ratio", ratios(shallow), TENTH, "20", judged=False)] if shallow else []
    numbers = {f"walk_{depth}": v for depth, v in evidence.constructions["walk"].items()}
    rule = found.interval.upper < TENTH, found.interval.lower >= TENTH
    return conclude(*rule, [found, *beside], runs + shallow, numbers=numbers)
