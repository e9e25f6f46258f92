"""The ledger: each statement of the two notes, its decision rule, and the verdict of the records.

A rule reads records and trains nothing. To add a claim, write its words into claims.yaml and its
rule, a function of the same name, into one of the modules `about_…`.
"""

from collections.abc import Collection, Iterable
from dataclasses import asdict, replace
from operator import attrgetter
from pathlib import Path

from residual.claims import (
    about_argument,
    about_depth,
    about_identity,
    about_responses,
    about_shortcuts,
    about_zero,
)
from residual.claims.about_argument import CHAIN
from residual.claims.evidence import SCALES, Evidence, MissingRecordError
from residual.claims.verdicts import (
    CAVEAT,
    CHOICES,
    INCONCLUSIVE,
    NOT_RUN,
    NOT_SUPPORTED,
    SUPPORTED,
    Claim,
    Finding,
    Verdict,
    load_claims,
)
from residual.errors import check_choice
from residual.statistics import FEWEST_SEEDS, listed

__all__ = ["CHAIN", "CHOICES", "CLAIMS", "PUBLISHED", "SCALES", "Claim", "Evidence"]
__all__ += ["Verdict", "as_json", "evaluate", "first_judged", "judge"]
__all__ += ["CAVEAT", "INCONCLUSIVE", "NOT_RUN", "NOT_SUPPORTED", "SUPPORTED"]

SUBJECTS = (
    about_depth,
    about_shortcuts,
    about_identity,
    about_zero,
    about_responses,
    about_argument,
)
RULES = {
    name.replace("_", "-"): rule
    for module in SUBJECTS
    for name, rule in vars(module).items()
    if getattr(rule, "__module__", "") == module.__name__
}
CLAIMS = load_claims(RULES)

PUBLISHED = "published"
CONSTRUCTION = "by construction"
OTHERS = (
    "Trained by others: recipes differ a little, published runs may be selected, and some sources "
    "share one code."
)
SAME = "The verdict stays the same whichever source is left out."


def judge(claim: Claim, evidence: Evidence) -> Verdict:
    """One claim's verdict from the records of one scale; "not run" names what is missing."""
    try:
        found = claim.judge(evidence)
        if evidence.scale == "public" and found.seeds:
            found = of_others(claim, evidence, found)
    except MissingRecordError as missing:
        found = Finding(NOT_RUN, "Not run.", {}, reason=str(missing))
    if lost := not_counted(found, evidence):
        told = f"Not counted, since they diverged: {listed(lost)}."
        found = replace(found, reason=f"{found.reason} {told}".strip())
    if claim.needs_length and not evidence.full_length:
        found = shortened(found, evidence)
    scale = CONSTRUCTION if claim.form == CONSTRUCTION and not found.runs else evidence.scale
    return Verdict(**vars(found), id=claim.id, scale=scale)


def not_counted(found: Finding, evidence: Evidence) -> list[str]:
    """The trainings that diverged of the networks that a finding rests on, but for those in it."""
    if not found.runs:
        return []
    others = [run for run in evidence.records if run.name not in found.runs]
    of_network = attrgetter("kind", "depth", "variant")
    used = {of_network(run) for run in evidence.records if run.name in found.runs}
    lost = [run for run in others if run["metrics"]["train_error"] is None]
    return [run.name for run in lost if of_network(run) in used]


def shortened(found: Finding, evidence: Evidence) -> Finding:
    """A finding about the end of a training, from a short one: it can support, not refute."""
    reason = f"{found.reason} {evidence.length}".strip()
    if found.verdict == SUPPORTED:
        return replace(found, verdict=CAVEAT, reason=reason)
    if found.verdict == NOT_SUPPORTED:
        told = f"{reason} A short training cannot refute a claim about the end of a long one."
        return replace(found, verdict=INCONCLUSIVE, reason=told)
    return replace(found, reason=reason) if found.verdict == CAVEAT else found


def of_others(claim: Claim, evidence: Evidence, found: Finding) -> Finding:
    """A finding from networks of others: at best a caveat, and only if it is sturdy.

    Moving and exact BN statistics must give the same verdict, and the reason names each source
    without which the verdict would be another, an undecided one too.
    """
    exact = claim.judge(evidence.with_exact_statistics())
    if exact.verdict != found.verdict:
        told = f"With exact BN statistics the verdict is {exact.verdict}: {exact.sentence}"
        return replace(found, verdict=INCONCLUSIVE, reason=f"{found.reason} {told}".strip())
    networks = {record.member for record in evidence.records}
    sources = sorted(networks | {log.source for log in evidence.all_logs})
    others = {source: verdict_without(claim, evidence, source) for source in sources}
    changed = {source: v for source, v in others.items() if v != found.verdict}
    could_not = "it could not be judged"
    carried = [
        f"without {s} {could_not if v == NOT_RUN else f'it is {v}'}" for s, v in changed.items()
    ]
    told = f"Leaving one source out: {'; '.join(carried)}." if carried else SAME
    if found.verdict == INCONCLUSIVE:
        return replace(found, reason=f"{found.reason} {told}".strip())
    verdict = CAVEAT if found.verdict == SUPPORTED else found.verdict
    return replace(found, verdict=verdict, reason=f"{found.reason} {OTHERS} {told}".strip())


def verdict_without(claim: Claim, evidence: Evidence, source: str) -> str | None:
    """The verdict of a rule when one source is left out; "not run" if too little is left."""
    try:
        return claim.judge(evidence.without(source)).verdict
    except MissingRecordError:
        return NOT_RUN


def evaluate(
    scale: str, root: Path | None = None, ids: Collection[str] | None = None
) -> list[Verdict]:
    """The verdicts of all claims, or of those with these ids, from the records of a scale.

    They come in the order of CLAIMS. `published` takes for each claim the first of `SCALES` that
    gives a verdict, and never mixes two in one comparison. ParameterError for another scale,
    RecordError for a damaged record.
    """
    check_choice("scale", scale, (*SCALES, PUBLISHED))
    sources = [Evidence(name, root) for name in (SCALES if scale == PUBLISHED else (scale,))]
    wanted = [claim for claim in CLAIMS if ids is None or claim.id in ids]
    return [first_judged(judge(claim, source) for source in sources) for claim in wanted]


def first_judged(verdicts: Iterable[Verdict]) -> Verdict:
    """Of a claim's verdicts, largest scale first, the first that judges; else the first with
    measured values, else the last, which says what the smallest scale lacks.

    A scale with too few trainings for an interval does not judge.
    """
    seen = []
    for verdict in verdicts:
        seen.append(verdict)
        few = verdict.verdict == INCONCLUSIVE and 0 < verdict.seeds < FEWEST_SEEDS
        if verdict.verdict not in (NOT_RUN, None) and not few:
            return verdict
    return next((v for v in seen if v.values or v.runs), seen[-1])


def as_json(verdicts: list[Verdict]) -> list[dict]:
    """The verdicts as plain JSON, each with its claim's words, rule and place."""
    claims = {claim.id: claim for claim in CLAIMS}
    words = ("form", "note", "section", "english", "chinese", "paper", "where", "quantity", "unit")
    return [
        {"id": v.id, "scale": v.scale}
        | asdict(v)
        | {name: getattr(claims[v.id], name) for name in (*words, "rule")}
        for v in verdicts
    ]
