"""Note 002, §1: deeper plain networks end worse, and not because they overfit."""

from residual.claims.claim import (
    AGREES,
    CAVEAT,
    INCONCLUSIVE,
    NOT_SUPPORTED,
    SUPPORTED,
    Claim,
    Finding,
    conclude,
)
from residual.claims.evidence import Evidence, metric, names
from residual.statistics import difference, share

USUAL = (SUPPORTED, CAVEAT, NOT_SUPPORTED, INCONCLUSIVE)
HALF = 0.5


def train_rise(evidence: Evidence) -> Finding:
    """Final training error of plain-56 minus that of plain-20."""
    return rise(evidence, "train_error", "training error")


def test_rise(evidence: Evidence) -> Finding:
    """Final test error of plain-56 minus that of plain-20."""
    return rise(evidence, "test_error", "test error")


def rise(evidence: Evidence, name: str, words: str) -> Finding:
    """Supported if the interval of the rise lies above zero, not supported if below."""
    shallow, deep = evidence.networks("plain", 20), evidence.networks("plain", 56)
    gap = difference(metric(deep, name), metric(shallow, name))
    sentence = f"The final {words} of plain-56 minus that of plain-20 is {gap} percentage points."
    return conclude(
        gap.lower > 0,
        gap.upper < 0,
        sentence,
        gap.named("difference_points"),
        names(shallow, deep),
        gap.seeds,
        evidence.short,
    )


def not_overfitting(evidence: Evidence) -> Finding:
    """The share of the rise in test error that goes with a rise in training error.

    Fieller's interval of the ratio of the two differences (statistics.share). Where the test
    error does not surely rise there is nothing to account for: inconclusive.
    """
    shallow, deep = evidence.networks("plain", 20), evidence.networks("plain", 56)
    train, test = (
        (metric(deep, name), metric(shallow, name)) for name in ("train_error", "test_error")
    )
    part, runs = share(train, test), names(shallow, deep)
    if part is None:
        gap = difference(*test)
        sentence = f"The test error does not surely rise with depth ({gap} percentage points)."
        reason = "No rise in test error that anything could account for."
        return Finding(INCONCLUSIVE, sentence, gap.named("test_points"), runs, gap.seeds, reason)
    sentence = (
        "The rise in training error from plain-20 to plain-56 is "
        f"{part} times the rise in test error."
    )
    return conclude(
        part.lower >= HALF,
        part.upper < HALF,
        sentence,
        part.named("share_fraction"),
        runs,
        part.seeds,
        evidence.short,
    )


CLAIMS = (
    Claim(
        id="degradation-train",
        note="002",
        section="1",
        english="A 56-layer plain network ends with a higher training error than a 20-layer one.",
        chinese="56 层传统网络的训练误差高于 20 层传统网络。",
        paper=AGREES,
        where="§1, Fig. 1; §4.2, Fig. 6",
        quantity="final training error of plain-56 minus plain-20 (eval mode, whole training set)",
        unit="percentage points",
        rule="supported if the lower end > 0; not supported if the upper end < 0",
        verdicts=USUAL,
        judge=train_rise,
    ),
    Claim(
        id="degradation-test",
        note="002",
        section="1",
        english="The 56-layer plain network ends with a higher test error as well.",
        chinese="56 层传统网络的测试误差同样更高。",
        paper=AGREES,
        where="§1, Fig. 1; §4.2, Fig. 6",
        quantity="final test error of plain-56 minus plain-20",
        unit="percentage points",
        rule="supported if the lower end > 0; not supported if the upper end < 0",
        verdicts=USUAL,
        judge=test_rise,
    ),
    Claim(
        id="not-overfitting",
        note="002",
        section="1",
        english="The deeper plain network is not worse because it overfits.",
        chinese="更深的传统网络变差，原因不是过拟合。",
        paper=AGREES,
        where="§1",
        quantity="rise in training error over rise in test error, plain-20 to plain-56",
        unit="fraction",
        rule="supported if the lower end ≥ 0.5; not supported if the upper end < 0.5",
        verdicts=USUAL,
        judge=not_overfitting,
    ),
)
