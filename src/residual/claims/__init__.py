"""The ledger: each statement of the two notes, its decision rule, and the verdict of the records.

A rule reads records and trains nothing. To add a claim, add a `Claim` to one of the theme modules.
"""

from collections.abc import Collection
from dataclasses import asdict, replace
from pathlib import Path

from residual.claims import (
    chain,
    degradation,
    descent,
    identity,
    levels,
    meaning,
    reformulation,
    responses,
    solution,
)
from residual.claims.chain import CHAIN
from residual.claims.claim import (
    CAVEAT,
    INCONCLUSIVE,
    NOT_RUN,
    NOT_SUPPORTED,
    SUPPORTED,
    Claim,
    Finding,
    Verdict,
)
from residual.claims.evidence import Evidence, MissingRecordError
from residual.errors import check_choice
from residual.recipe import PROFILES

__all__ = ["CHAIN", "CLAIMS", "Claim", "Evidence", "Verdict", "as_json", "evaluate", "judge"]
__all__ += ["CAVEAT", "INCONCLUSIVE", "NOT_RUN", "NOT_SUPPORTED", "SUPPORTED"]

CLAIMS: tuple[Claim, ...] = (
    *degradation.CLAIMS,
    *solution.CLAIMS,
    *reformulation.CLAIMS,
    *identity.CLAIMS,
    *descent.CLAIMS,
    *responses.CLAIMS,
    *levels.CLAIMS,
    *meaning.CLAIMS,
    *chain.CLAIMS,
)

PUBLISHED = "published"


def judge(claim: Claim, evidence: Evidence) -> Verdict:
    """One claim's verdict from the records of one profile; "not run" names what is missing."""
    try:
        found = claim.judge(evidence)
    except MissingRecordError as missing:
        found = Finding(NOT_RUN, "Not run.", {}, reason=str(missing))
    profile = "exact" if claim.exact else evidence.profile
    values = (found.verdict, found.sentence, found.values, found.runs, found.seeds, found.reason)
    return Verdict(claim.id, profile, *values)


def evaluate(
    profile: str, root: Path | None = None, ids: Collection[str] | None = None
) -> list[Verdict]:
    """The verdicts of all claims, or of those with these ids, from the records of a profile.

    They come in the order of CLAIMS. `published` takes for each claim the largest profile that
    gives a verdict, and never mixes two in one comparison. ParameterError for another profile,
    RecordError for a damaged record.
    """
    check_choice("profile", profile, (*PROFILES, PUBLISHED))
    profiles = list(reversed(PROFILES)) if profile == PUBLISHED else [profile]
    sources = [Evidence(name, root) for name in profiles]
    wanted = [claim for claim in CLAIMS if ids is None or claim.id in ids]
    return [largest([judge(claim, source) for source in sources]) for claim in wanted]


def largest(verdicts: list[Verdict]) -> Verdict:
    """The first with a verdict, else the first with measured values; largest profile first."""
    run = [v for v in verdicts if v.verdict not in (NOT_RUN, None)]
    measured = [v for v in verdicts if v.values]
    return (run or measured or verdicts)[0]


def as_json(verdicts: list[Verdict]) -> list[dict]:
    """The verdicts as plain JSON, each with its claim's words, rule and place."""
    claims = {claim.id: claim for claim in CLAIMS}
    told = ("note", "section", "english", "chinese", "paper", "where", "quantity", "unit", "rule")
    return [
        asdict(replace(v, runs=list(v.runs))) | {k: getattr(claims[v.id], k) for k in told}
        for v in verdicts
    ]
