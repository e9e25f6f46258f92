"""Note 000, §1 and §2: how near to zero F(x) is. Judged at the paper profile."""

from itertools import pairwise
from statistics import fmean, median

from residual.claims.claim import (
    AGREES,
    CAVEAT,
    INCONCLUSIVE,
    NOT_SUPPORTED,
    SILENT,
    SUPPORTED,
    Claim,
    Finding,
    at_paper,
    conclude,
)
from residual.claims.evidence import Evidence, MissingRecordError, layer_values, medians, names
from residual.claims.identity import NEAR, near_identity
from residual.claims.responses import DEPTHS
from residual.statistics import Interval, geometric_mean, mean, number, ratio
from residual.store import Record

GREAT_MAJORITY, HALF = 0.9, 0.5
USUAL = (SUPPORTED, NOT_SUPPORTED, INCONCLUSIVE)


def of_resnets(evidence: Evidence) -> dict[int, list[Record]]:
    """ResNet-20 and ResNet-56, as far as the store has them."""
    found = {d: evidence.networks("residual", d) for d in DEPTHS if evidence.has("residual", d)}
    if not found:
        raise MissingRecordError(f"No ResNet-20 or ResNet-56 at the {evidence.profile} profile.")
    return found


def share_within(runs: list[Record], when: str) -> Interval:
    """Share of the elements of F(x) within ±0.1, mean over blocks, over seeds."""
    return mean([fmean(layer_values(run, "within_tenth", when, second=True)) for run in runs])


def mean_over_std(runs: list[Record], when: str) -> Interval:
    """Median over blocks of |mean|/std of F(x), over seeds."""
    columns = [[layer_values(r, c, when, True) for c in ("mean", "std")] for r in runs]
    return mean([median(abs(m) / max(s, 1e-12) for m, s in zip(*c)) for c in columns])


def within_a_tenth(evidence: Evidence) -> Finding:
    """Share of the elements of F(x) within ±0.1, in the deepest ResNet of the two."""
    values: dict[str, float] = {}
    for depth, runs in of_resnets(evidence).items():
        before, judged = (share_within(runs, when) for when in ("initial", "final"))
        values |= before.named(f"share_{depth}_initial_fraction")
        values |= judged.named(f"share_{depth}_final_fraction")
        layers = [fmean(layer_values(r, "within_tenth")) for r in runs]
        values |= mean(layers).named(f"share_{depth}_all_layers_fraction")
    half = "more" if judged.lower >= HALF else "less" if judged.upper < HALF else "perhaps half"
    sentence = f"In ResNet-{depth}, a share of {judged} of the elements of F(x) is within ±0.1"
    sentence += "" if half == "perhaps half" else f", {half} than half"
    sentence += f"; before training it is {number(before.estimate)}."
    rule = judged.lower >= GREAT_MAJORITY, judged.upper < GREAT_MAJORITY
    return at_paper(evidence, conclude(*rule, sentence, values, names(runs), judged.seeds))


def mean_is_zero(evidence: Evidence) -> Finding:
    """Median over the layers that make F(x) of |mean|/std, against a tenth."""
    values: dict[str, float] = {}
    for depth, runs in of_resnets(evidence).items():
        before, judged = (mean_over_std(runs, when) for when in ("initial", "final"))
        values |= before.named(f"mean_over_std_{depth}_initial_ratio")
        values |= judged.named(f"mean_over_std_{depth}_final_ratio")
    sentence = (
        f"In ResNet-{depth}, the median of |mean|/std of F(x) over blocks is {judged} after "
        f"training and {number(before.estimate)} before."
    )
    rule = judged.upper < NEAR, judged.lower >= NEAR
    return at_paper(evidence, conclude(*rule, sentence, values, names(runs), judged.seeds))


def response_near_zero(evidence: Evidence) -> Finding:
    """Median over blocks of ‖F(x)‖/‖x‖ after training, beside that before."""
    values: dict[str, float] = {}
    for depth, runs in of_resnets(evidence).items():
        before = near_identity(runs, "initial")
        judged = near_identity(runs, "final")
        values |= before.named(f"ratio_{depth}_initial") | judged.named(f"ratio_{depth}_final")
    sentence = (
        f"In ResNet-{depth}, the median of ‖F(x)‖/‖x‖ over blocks is {judged} after training "
        f"and {number(before.estimate)} before."
    )
    rule = judged.upper < NEAR, judged.lower >= NEAR
    return at_paper(evidence, conclude(*rule, sentence, values, names(runs), judged.seeds))


def deeper_is_smaller(evidence: Evidence) -> Finding:
    """Median std falls from ResNet-20 to 56 and on to 110; a caveat where 110 was not run."""
    depths = (20, 56, 110) if evidence.has("residual", 110) else (20, 56)
    runs = [evidence.networks("residual", depth) for depth in depths]
    levels = {w: [medians(group, "std", w) for group in runs] for w in ("initial", "final")}
    before, steps = ([ratio(a, b) for a, b in pairwise(groups)] for groups in levels.values())
    values: dict[str, float] = {}
    for when, groups in levels.items():
        for depth, level in zip(depths, groups):
            values |= geometric_mean(level).named(f"median_std_{depth}_{when}")
    alone = "" if len(depths) == 3 else "ResNet-110 was not run."
    told = "; ".join(
        f"{a} over {b}: {step} ({number(start.estimate)} before training)"
        for a, b, step, start in zip(depths, depths[1:], steps, before)
    )
    result = conclude(
        all(s.lower > 1 for s in steps),
        any(s.upper < 1 for s in steps),
        f"Median std of the 3×3 layers of ResNets, {told}. {alone}".strip(),
        values,
        names(*runs),
        min(s.seeds for s in steps),
        alone,
    )
    return at_paper(evidence, result)


CLAIMS = (
    Claim(
        id="within-a-tenth",
        note="000",
        section="2",
        english="The great majority of residual responses lie between −0.1 and 0.1.",
        chinese="绝大多数残差响应值落在 [−0.1, 0.1] 之内。",
        paper=SILENT,
        where="Fig. 7 gives no such share",
        quantity="share of the elements of F(x) within ±0.1, mean over blocks",
        unit="fraction",
        rule="supported if the lower end ≥ 0.9; not supported if the upper end < 0.9",
        verdicts=USUAL,
        judge=within_a_tenth,
    ),
    Claim(
        id="mean-is-zero",
        note="000",
        section="2",
        english="The mean of the responses is usually 0.",
        chinese="响应值的均值通常为 0。",
        paper=SILENT,
        where="",
        quantity="median over blocks of |mean|/std of F(x)",
        unit="ratio",
        rule="supported if the upper end < 0.1; not supported if the lower end ≥ 0.1",
        verdicts=USUAL,
        judge=mean_is_zero,
    ),
    Claim(
        id="response-near-zero",
        note="000",
        section="1",
        english="After training, F(x) is usually very close to zero.",
        chinese="训练之后，F(x) 通常非常接近 0。",
        paper=SILENT,
        where="§4.2 says closer to zero than the plain ones",
        quantity="median over blocks of ‖F(x)‖/‖x‖, trained",
        unit="ratio",
        rule="supported if the upper end < 0.1; not supported if the lower end ≥ 0.1",
        verdicts=USUAL,
        judge=response_near_zero,
    ),
    Claim(
        id="deeper-is-smaller",
        note="000",
        section="–",
        english="Deeper ResNets respond less in each layer (the paper's own statement).",
        chinese="ResNet 越深，每层的响应值越小（论文的说法）。",
        paper=AGREES,
        where="§4.2, Fig. 7",
        quantity="median std of the 3×3 layers: ResNet-20 over 56, and 56 over 110",
        unit="ratio",
        rule="supported if every lower end > 1; not supported if some upper end < 1",
        verdicts=(SUPPORTED, CAVEAT, NOT_SUPPORTED, INCONCLUSIVE),
        judge=deeper_is_smaller,
    ),
)
