"""Note 002, §3: F = 0 makes a block an identity, and how near to it blocks start."""

import statistics as middle
from dataclasses import replace

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
from residual.claims.evidence import Evidence, block_values, names
from residual.claims.stacks import arrivals, in_time, plain_over_residual
from residual.constructions import exact_conditions, sample_block, zero_scale
from residual.statistics import FEWEST_SEEDS, Interval, geometric_mean, number
from residual.store import Record

LIMITS = {
    "weights_zero_with_beta": "W = 0 but β₂ or the running mean₂ not zero",
    "negative_input": "x < 0, which ReLU cuts off",
    "plain": "a plain block",
    "downsampling": "a block that halves the maps",
}
"""In words: where setting F to zero gives no identity."""

ZEROED = {"whole": ("nothing",), "block": ("block",), "layer": ("conv1", "conv2")}
NEAR = 0.1  # ‖F(x)‖/‖x‖ below which a block is near the identity


def near_identity(runs: list[Record], when: str) -> Interval:
    """Median over the identity-shortcut blocks of ‖F(x)‖/‖x‖, over seeds."""
    return geometric_mean([max(middle.median(block_values(r, "ratio", when)), 1e-12) for r in runs])


def identity_by_default(evidence: Evidence) -> Finding:
    """ResNet-56 at He initialisation decides; ResNet-20 and zero-γ starts stand beside."""
    runs = evidence.networks("residual", 56)
    found = near_identity(runs, "initial")
    values = found.named("he_median_ratio")
    first = [block_values(run, "ratio", "initial")[0] for run in runs]
    values["he_first_block_ratio"] = geometric_mean(first).estimate
    if evidence.has("residual", 20):
        beside = near_identity(evidence.networks("residual", 20), "initial")
        values |= beside.named("he_median_ratio_resnet20")
    block, x = sample_block(residual=True)
    block.norm2.bias.data.zero_()  # the start of training: β = 0
    block.norm2.running_mean.zero_()
    values["zero_gamma_ratio"] = float((zero_scale(block)(x) - x).detach().norm() / x.norm())
    sentence = (
        f"Before training, the median of ‖F(x)‖/‖x‖ over the blocks of ResNet-56 is {found} with "
        f"He initialisation ({number(values['he_first_block_ratio'])} in its first block) and "
        f"{number(values['zero_gamma_ratio'])} with γ₂ at zero."
    )
    rule = found.upper < NEAR, found.lower >= NEAR
    return conclude(*rule, sentence, values, names(runs), found.seeds)


def zero_is_identity(evidence: Evidence) -> Finding:
    """Exact: the conditions under which F = 0 gives H(x) = x bit for bit."""
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
    """Output variance exactly zero in a zeroed plain block and not in a residual one.

    The test errors with one block or one layer zeroed at a time are reported beside.
    """
    record = evidence.experiment("zero-kills-plain")
    variance = {
        kind: [m[f"{kind}_variance"] for m in record.measurements] for kind in ("plain", "residual")
    }
    holds = max(variance["plain"]) == 0 and min(variance["residual"]) > 0
    values = {f"{kind}_variance": max(v) for kind, v in variance.items()}
    for kind in ("plain", "residual"):
        for words, zeroed in ZEROED.items():
            rows = [r for m in record.measurements for r in m["rows"] if r["kind"] == kind]
            errors = [r["test_error"] for r in rows if r["zeroed"] in zeroed]
            values[f"{kind}_{words}_test_error_percent"] = middle.median(errors)
    sentence = (
        f"A plain block at zero gives an output of variance {number(values['plain_variance'])}. "
        "With one block zeroed, the median test error is "
        f"{number(values['plain_block_test_error_percent'])} % in the plain net and "
        f"{number(values['residual_block_test_error_percent'])} % in the residual net; with one "
        f"layer, {number(values['plain_layer_test_error_percent'])} % and "
        f"{number(values['residual_layer_test_error_percent'])} %."
    )
    return conclude(holds, not holds, sentence, values, [record.name], len(record.seeds))


def zero_is_easy(evidence: Evidence) -> Finding:
    """Iterations to the tolerance, plain over residual: more at every depth measured.

    A stack that does not reach the tolerance counts as the budget, so such a ratio is a lower
    bound; where the residual stack does not reach it either, the ratio is 1 and nothing follows.
    """
    record = evidence.experiment("identity-is-hard")
    by_depth = plain_over_residual(record.measurements, "iterations_to_tolerance", 1.0)
    values: dict[str, float] = {}
    for blocks, interval in by_depth.items():
        values |= interval.named(f"iterations_ratio_{blocks}_blocks")
    there = arrivals(record.measurements, list(by_depth))
    sentence = (
        f"Iterations to a relative squared error of {record['settings']['tolerance']:g}, out of "
        f"{record['settings']['iterations']:,}, plain over residual: {in_time(by_depth, there)}"
    )
    found = list(by_depth.values())
    holds, fails = all(i.lower > 1 for i in found), any(i.upper < 1 for i in found)
    seeds = min(i.seeds for i in found)
    verdict = conclude(holds, fails, sentence, values, [record.name], seeds)
    if verdict.verdict == INCONCLUSIVE and not all(there.values()) and seeds >= FEWEST_SEEDS:
        return replace(verdict, reason="Where neither kind arrived, nothing follows.")
    return verdict


CLAIMS = (
    Claim(
        id="identity-by-default",
        note="002",
        section="3",
        english="The shortcut has done the identity already; the layers only correct it slightly.",
        chinese="快捷连接已经完成恒等映射，各层只需做微小修正。",
        paper=SILENT,
        where="§3.1 supposes it",
        quantity="median over blocks of ‖F(x)‖/‖x‖ at He initialisation, ResNet-56",
        unit="ratio",
        rule="supported if the upper end < 0.1; not supported if the lower end ≥ 0.1",
        verdicts=(SUPPORTED, NOT_SUPPORTED, INCONCLUSIVE),
        judge=identity_by_default,
    ),
    Claim(
        id="zero-is-identity",
        note="002",
        section="3",
        english="With all weights of F at zero, F(x) = 0 and H(x) = x.",
        chinese="F 的权重全为零时，F(x)=0 且 H(x)=x。",
        paper=AGREES,
        where="§3.1",
        quantity="whether a block returns its input bit for bit, under each condition",
        unit="1 if exact, else 0",
        rule="with a caveat if exact where β₂ = 0 and x ≥ 0 and not elsewhere",
        verdicts=(CAVEAT, NOT_SUPPORTED),
        judge=zero_is_identity,
        exact=True,
    ),
    Claim(
        id="zero-kills-plain",
        note="002",
        section="3",
        english="By contrast, a plain layer at zero forgets its input.",
        chinese="与之相对，传统网络的一层若为零，就丢失全部输入。",
        paper=SILENT,
        where="",
        quantity="output variance of a zeroed block; test error with one block zeroed",
        unit="variance; per cent",
        rule="supported if the plain variance is exactly 0 and the residual one is not",
        verdicts=(SUPPORTED, NOT_SUPPORTED),
        judge=zero_kills_plain,
    ),
    Claim(
        id="zero-is-easy",
        note="002",
        section="3, 4",
        english="Driving F to zero is natural and very easy for descent; a plain net has it hard.",
        chinese="把 F 推向零对梯度下降很自然：残差网络非常容易，传统网络非常困难。",
        paper=SILENT,
        where="§3.1 only suggests it",
        quantity="iterations to a fixed tolerance on the identity, plain over residual, by depth",
        unit="ratio",
        rule="supported if every lower end > 1; not supported if some upper end < 1",
        verdicts=(SUPPORTED, NOT_SUPPORTED, INCONCLUSIVE),
        judge=zero_is_easy,
    ),
)
