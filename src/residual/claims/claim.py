"""What a claim is, and what a rule says of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from residual.claims.evidence import Evidence
from residual.statistics import FEWEST_SEEDS

SUPPORTED = "supported"
CAVEAT = "supported with a caveat"
NOT_SUPPORTED = "not supported"
INCONCLUSIVE = "inconclusive"
NOT_RUN = "not run"

AGREES, DIFFERS, SILENT = "agrees", "differs", "silent"


@dataclass(frozen=True)
class Finding:
    """What a rule found in the records: verdict, sentence, values, evidence, and why.

    `values` have their units in their names; `runs` are names in the store; `seeds` is the number
    on the smaller side of the comparison (0 where seeds play no part).
    """

    verdict: str | None
    sentence: str
    values: dict[str, float]
    runs: tuple[str, ...] = ()
    seeds: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Claim:
    """One statement of a note (000 or 002), what the paper says of it, and its decision rule.

    `paper` is agrees, differs or silent, `where` the paper's section or figure. `verdicts` are the
    values that the rule can take beside "not run"; none for a claim about the paper alone. `exact`
    claims are computed on the spot, and hold for every profile.
    """

    id: str
    note: str
    section: str
    english: str
    chinese: str
    paper: str
    where: str
    quantity: str
    unit: str
    rule: str
    verdicts: tuple[str, ...]
    judge: Callable[[Evidence], Finding]
    exact: bool = False


@dataclass(frozen=True)
class Verdict:
    """A claim's finding at a profile (`exact` where no profile matters)."""

    id: str
    profile: str
    verdict: str | None
    sentence: str
    values: dict[str, float]
    runs: tuple[str, ...]
    seeds: int
    reason: str


def conclude(
    holds: bool,
    fails: bool,
    sentence: str,
    values: dict[str, float],
    runs: Sequence[str],
    seeds: int,
    caution: str = "",
) -> Finding:
    """Supported if the rule holds, not supported if it fails, inconclusive between the two.

    A caution turns "supported" into "supported with a caveat" and is given as the reason.
    """
    verdict = SUPPORTED if holds else NOT_SUPPORTED if fails else INCONCLUSIVE
    reasons = [caution] if caution else []
    if verdict == SUPPORTED and caution:
        verdict = CAVEAT
    if verdict == INCONCLUSIVE:
        reasons.insert(0, too_few(seeds) or "The interval contains the threshold.")
    return Finding(verdict, sentence, values, tuple(runs), seeds, " ".join(reasons))


def too_few(seeds: int) -> str:
    """Why nothing follows from so few seeds; empty where there are enough."""
    if seeds >= FEWEST_SEEDS:
        return ""
    return f"Too few seeds: {seeds} on a side, where the rule wants {FEWEST_SEEDS}."


def at_paper(evidence: Evidence, found: Finding) -> Finding:
    """The finding at the paper profile; below it the values stand, and nothing is judged."""
    if not evidence.short:
        return found
    reason = (
        f"The paper profile alone is judged: at the {evidence.profile} profile responses still "
        "measure the initialisation, which is shown beside."
    )
    return replace(found, verdict=NOT_RUN, reason=reason)
