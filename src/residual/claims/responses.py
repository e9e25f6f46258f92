"""Note 000, §2: responses of plain and residual layers compared. Judged at the paper profile."""

from statistics import fmean, median

from residual.claims.claim import (
    AGREES,
    CAVEAT,
    DIFFERS,
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
from residual.recipe import KINDS
from residual.statistics import Interval, number, ratio
from residual.store import Record

DEPTHS = (20, 56)
TENFOLD = 10.0
USUAL = (SUPPORTED, CAVEAT, NOT_SUPPORTED, INCONCLUSIVE)


def pairs(evidence: Evidence) -> dict[int, tuple[list[Record], list[Record]]]:
    """Plain and residual networks of equal depth, for the depths that the store has."""
    both = [d for d in DEPTHS if evidence.has("plain", d) and evidence.has("residual", d)]
    if not both:
        raise MissingRecordError(
            f"No plain and residual pair of one depth at the {evidence.profile} profile."
        )
    return {d: (evidence.networks("plain", d), evidence.networks("residual", d)) for d in both}


def spans(runs: list[Record], when: str) -> list[float]:
    """Median over layers of the 1–99 % range, for each run."""
    ends = [(layer_values(r, "high", when), layer_values(r, "low", when)) for r in runs]
    return [median(h - low for h, low in zip(high, lows)) for high, lows in ends]


def compare(evidence: Evidence, what: str, words: str, threshold: float) -> Finding:
    """Plain over residual at each depth: supported if every lower end passes the threshold.

    Holding at one depth and not at another is a caveat.
    """
    found: dict[int, Interval] = {}
    before: dict[int, Interval] = {}
    values: dict[str, float] = {}
    for depth, (plain, residual) in pairs(evidence).items():
        for when in ("final", "initial"):
            sides = [
                spans(r, when) if what == "range" else medians(r, "std", when)
                for r in (plain, residual)
            ]
            values |= (interval := ratio(*sides)).named(f"{what}_ratio_{depth}_{when}")
            (found if when == "final" else before)[depth] = interval
        values |= other_readings(plain, residual, depth) if what == "std" else {}
    strict = threshold == 1
    over = {d: i.lower > 1 if strict else i.lower >= threshold for d, i in found.items()}
    told = "; ".join(
        f"{interval} at depth {d} ({number(before[d].estimate)} before training)"
        for d, interval in found.items()
    )
    held = [d for d, holds in over.items() if holds]
    caution = (
        "" if all(over.values()) or not held else f"Only at depth {', '.join(map(str, held))}."
    )
    result = conclude(
        bool(held),
        all(i.upper < threshold for i in found.values()),
        f"{words}, plain over residual: {told}.",
        values,
        names(*(group for pair in pairs(evidence).values() for group in pair)),
        min(i.seeds for i in found.values()),
        caution,
    )
    return at_paper(evidence, result)


def other_readings(plain: list[Record], residual: list[Record], depth: int) -> dict[str, float]:
    """The ratio of the stds of F(x) alone, and of the stds by channel."""
    second = [medians(r, "std", "final", second=True) for r in (plain, residual)]
    channel = [medians(r, "channel_std", "final") for r in (plain, residual)]
    named = ratio(*second).named(f"std_ratio_{depth}_second_layers")
    return named | ratio(*channel).named(f"channel_std_ratio_{depth}_final")


def response_smaller(evidence: Evidence) -> Finding:
    """Ratio of the median stds of the 3×3 layers."""
    return compare(evidence, "std", "Median std of the 3×3 layers", 1)


def plain_range_wide(evidence: Evidence) -> Finding:
    """Ratio of the median 1–99 % ranges of the 3×3 layers."""
    return compare(evidence, "range", "Median 1–99 % range of the 3×3 layers", 1)


def order_of_magnitude(evidence: Evidence) -> Finding:
    """The ratio of medians against ten."""
    return compare(evidence, "std", "Median std of the 3×3 layers", TENFOLD)


def figure_7_networks(evidence: Evidence) -> Finding:
    """About the paper: no verdict. The 34-layer pair that the note names stands beside."""
    sentence = "Figure 7 shows plain-20/56 and ResNet-20/56/110 on CIFAR-10."
    try:
        record = evidence.experiment("figure-7-networks")
    except MissingRecordError:
        return Finding(None, sentence + " The 34-layer pair: not run.", {})
    values: dict[str, float] = {}
    for kind in KINDS:
        nets = [m[kind] for m in record.measurements]
        stds = [median(n["responses"]["final"]["layers"]["std"]) for n in nets]
        values[f"{kind}_34_median_std"] = float(f"{fmean(stds):.6g}")
        errors = [n["metrics"]["train_error"] for n in nets]
        values[f"{kind}_34_train_error_percent"] = float(f"{fmean(errors):.6g}")
    sentence += (
        f" In the 34-layer pair, width {record['settings']['width']}, the median std of the 3×3 "
        f"layers is {number(values['plain_34_median_std'])} (plain) and "
        f"{number(values['residual_34_median_std'])} (residual)."
    )
    return Finding(None, sentence, values, (record.name,), len(record.seeds))


CLAIMS = (
    Claim(
        id="figure-7-networks",
        note="000",
        section="2",
        english="Figure 7 of the paper compares a 34-layer plain net with a 34-layer ResNet.",
        chinese="论文图 7 比较的是 34 层传统网络与 34 层 ResNet。",
        paper=DIFFERS,
        where="§4.2, Fig. 7: plain-20/56 and ResNet-20/56/110 on CIFAR-10",
        quantity="the networks that the figure shows",
        unit="",
        rule="about the paper alone",
        verdicts=(),
        judge=figure_7_networks,
    ),
    Claim(
        id="response-smaller",
        note="000",
        section="2",
        english="Responses of residual functions are smaller than those of plain layers.",
        chinese="残差函数的响应值小于传统网络各层的响应值。",
        paper=AGREES,
        where="§4.2, Fig. 7",
        quantity="median over 3×3 layers of the std after BN, plain over residual, equal depth",
        unit="ratio",
        rule="supported if the lower end > 1; not supported if the upper end < 1",
        verdicts=USUAL,
        judge=response_smaller,
    ),
    Claim(
        id="plain-range-wide",
        note="000",
        section="2",
        english="Plain responses spread over a wide range.",
        chinese="传统网络的响应值分布范围很广。",
        paper=SILENT,
        where="Fig. 7 shows standard deviations only",
        quantity="median over 3×3 layers of the 1–99 % range, plain over residual",
        unit="ratio",
        rule="supported if the lower end > 1; not supported if the upper end < 1",
        verdicts=USUAL,
        judge=plain_range_wide,
    ),
    Claim(
        id="order-of-magnitude",
        note="000",
        section="2",
        english="Residual responses are smaller by about an order of magnitude.",
        chinese="残差响应值通常小一个数量级。",
        paper=SILENT,
        where="§4.2 says generally smaller; the axis of Fig. 7 runs from 0 to 3",
        quantity="median over 3×3 layers of the std after BN, plain over residual",
        unit="ratio",
        rule="supported if the lower end ≥ 10; not supported if the upper end < 10",
        verdicts=USUAL,
        judge=order_of_magnitude,
    ),
)
