"""The ledger: each statement of the two notes, its decision rule, and the verdict of the records.

A rule reads records and trains nothing. To add a claim, write its words into claims.yaml and its
rule, a function of the same name, into one of the modules `about_…`.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from functools import cache
from operator import attrgetter
from pathlib import Path

from residual.claims import (
    about_argument,
    about_depth,
    about_identity,
    about_nearness,
    about_responses,
    about_shortcuts,
    about_zero,
)
from residual.claims.about_argument import CHAIN
from residual.claims.evidence import SCALES, Evidence, MissingRecordError, facts
from residual.claims.verdicts import (
    CAVEAT,
    DIFFERS,
    INCONCLUSIVE,
    NOT_RUN,
    NOT_SUPPORTED,
    SUPPORTED,
    Claim,
    Finding,
    Measure,
    Reason,
    Verdict,
)
from residual.claims.wording import LANGUAGES, answer, load_claims, measure_words, reason, word
from residual.errors import check_choice
from residual.recipe import DATASETS, PROFILES
from residual.statistics import FEWEST_SEEDS

__all__ = [
    "BY_ID",
    "CHAIN",
    "CLAIMS",
    "PUBLISHED",
    "SCALES",
    "Claim",
    "Evidence",
    "Measure",
    "Verdict",
]
__all__ += ["as_json", "evaluate", "first_judged", "judge", "judged"]
__all__ += ["REVIEW"]
__all__ += ["CAVEAT", "DIFFERS", "INCONCLUSIVE", "NOT_RUN", "NOT_SUPPORTED", "SUPPORTED"]

SUBJECTS = (
    about_depth,
    about_shortcuts,
    about_identity,
    about_zero,
    about_responses,
    about_nearness,
    about_argument,
)
RULES = {
    name.replace("_", "-"): rule
    for module in SUBJECTS
    for name, rule in vars(module).items()
    if getattr(rule, "__module__", "") == module.__name__
}
CLAIMS = load_claims(RULES)
BY_ID = {claim.id: claim for claim in CLAIMS}

PUBLISHED = "published"
CONSTRUCTION = "by construction"
REVIEW = ("@context", "@type", "claimReviewed", "reviewRating")
"""The terms of schema.org in a claim's JSON."""
SETS = ("second", "first", "both")
"""Of networks of others: those found on 30 November 2026, those before, and all."""


def judge(claim: Claim, evidence: Evidence, reasons: bool = True) -> Verdict:
    """One claim's verdict from the records of one scale; "not run" names what is missing.

    Without `reasons` it is not tried which networks of others carry it.
    """
    try:
        if evidence.scale == "public":
            found = of_others(claim, evidence, reasons)
        else:
            found = claim.judge(evidence)
    except MissingRecordError as missing:
        found = Finding(NOT_RUN, reasons=(Reason("missing", {"what": str(missing)}),))
    if lost := not_counted(found, evidence):
        found = because(found, Reason("diverged", {"which": ", ".join(lost)}))
    if claim.needs_length and not evidence.full_length:
        found = shortened(found, evidence)
    scale = evidence.scale if claim.form == "measured" or found.runs else claim.form
    return Verdict(**vars(found), id=claim.id, scale=scale)


def because(found: Finding, *reasons: Reason) -> Finding:
    """The same finding with further reasons."""
    return replace(found, reasons=(*found.reasons, *reasons))


def not_counted(found: Finding, evidence: Evidence) -> list[str]:
    """The trainings that diverged of the networks that a finding rests on, but for those in it."""
    if not found.runs:
        return []
    lost = [run for run in evidence.records if run["metrics"]["train_error"] is None]
    if not lost:
        return []
    of_network = attrgetter("kind", "depth", "variant")
    used = {of_network(run) for run in evidence.records if run.name in found.runs}
    return [run.name for run in lost if run.name not in found.runs and of_network(run) in used]


def shortened(found: Finding, evidence: Evidence) -> Finding:
    """A finding about the end of a training, from a short one: it can support, not refute."""
    profile, used = PROFILES[evidence.scale], {PROFILES[evidence.scale].iterations}
    used |= {run.recipe.iterations for run in evidence.records if run.name in found.runs}
    lengths = {"fewest": f"{min(used):,}", "most": f"{max(used):,}"}
    told = {"data": DATASETS[profile.dataset], "paper": f"{PROFILES['paper'].iterations:,}"}
    told |= lengths
    short = Reason("short", told) if len(used) == 1 else Reason("short-or-longer", told)
    if found.verdict in (SUPPORTED, CAVEAT):
        return because(replace(found, verdict=CAVEAT), short)
    if found.verdict == NOT_SUPPORTED:
        open_now = replace(found, verdict=INCONCLUSIVE, answer="")
        return because(open_now, short, Reason("short-refutes-nothing"))
    return found


def of_others(claim: Claim, evidence: Evidence, reasons: bool) -> Finding:
    """A finding from networks of others, on the set of sources that the claim is judged on.

    It is at best a caveat, and only if it is sturdy: moving and exact BN statistics must give the
    same verdict, and `reasons`, if wanted, name each source and each family of code without which
    the verdict would be another, an undecided one too. The other sets stand beside.
    """
    main = of_set(evidence, claim.judged_on)
    found = claim.judge(main)
    exact = at_best(claim.judge(main.with_exact_statistics()).verdict)
    beside = [
        grouped(measure, name)
        for name in SETS
        if name != claim.judged_on
        for measure in measures_of(claim, of_set(evidence, name))
        if not of_ours(measure)
    ]
    measures = tuple(grouped(m, claim.judged_on, m.judged) for m in found.measures)
    found = replace(found, measures=(*measures, *beside))
    if exact != at_best(found.verdict):
        told = Reason("exact-statistics", {"verdict": exact})
        return because(replace(found, verdict=INCONCLUSIVE, answer=""), told)
    if not found.seeds:
        return found
    found = replace(found, verdict=at_best(found.verdict))
    if found.verdict != INCONCLUSIVE:
        found = because(found, Reason("others"))
    if found.seeds < FEWEST_SEEDS or not reasons:
        return found
    carried = list(carriers(claim, main, found.verdict))
    if found.seeds == FEWEST_SEEDS and found.verdict != INCONCLUSIVE:
        carried = together(carried)
    return because(found, *(carried or [Reason("sturdy")]))


def together(carried: list[Reason]) -> list[Reason]:
    """One reason for all sources without which too few are left, where no more than that are."""
    few = [r for r in carried if r.name == "carried-by-name" and r.told["verdict"] == INCONCLUSIVE]
    if len(few) < FEWEST_SEEDS:
        return carried
    who = ", ".join(reason.told["who"] for reason in few)
    rest = [reason for reason in carried if reason not in few]
    return [Reason("fewest", {"who": who, "verdict": INCONCLUSIVE}), *rest]


def at_best(verdict: str) -> str:
    """The verdict as networks of others can give it, supported with a caveat at best."""
    return CAVEAT if verdict == SUPPORTED else verdict


def of_set(evidence: Evidence, name: str) -> Evidence:
    """The evidence of one set of sources."""
    return evidence if name == "both" else evidence.only("set", name)


def grouped(measure: Measure, group: str, judged: bool = False) -> Measure:
    """A measure of a set of sources, and its group says so; those of our own have no set."""
    if not measure.trainings or of_ours(measure):
        return measure
    groups = [part for part in (measure.group, group) if part]
    return replace(measure, group="/".join(groups), judged=judged)


def of_ours(measure: Measure) -> bool:
    """Whether a measure is of our own networks, by seed; sources have names."""
    return all(member.isdecimal() for member in measure.trainings)


def measures_of(claim: Claim, evidence: Evidence) -> tuple[Measure, ...]:
    """What a rule measures on some of the sources; nothing where too little is there."""
    try:
        return tuple(m for m in claim.judge(evidence).measures if m.trainings)
    except MissingRecordError:
        return ()


def carriers(claim: Claim, evidence: Evidence, verdict: str) -> Iterator[Reason]:
    """The sources, and the families of code that several share, without which the verdict would be
    another."""
    code = {f["name"]: f["code"] for f in map(facts, (*evidence.records, *evidence.all_logs))}
    shared = Counter(code.values())
    families = sorted(name for name, sources in shared.items() if name and sources > 1)
    for what, names in (("name", sorted(code)), ("code", families)):
        for name in names:
            if (other := at_best(verdict_of(claim, evidence.without(what, name)))) != verdict:
                yield Reason(f"carried-by-{what}", {"who": name, "verdict": other})


def verdict_of(claim: Claim, evidence: Evidence) -> str:
    """The bare verdict of a rule; "not run" if too little is there."""
    try:
        return claim.judge(evidence).verdict
    except MissingRecordError:
        return NOT_RUN


def evaluate(
    scale: str,
    root: Path | None = None,
    ids: Collection[str] | None = None,
    reasons: bool = True,
) -> list[Verdict]:
    """The verdicts of all claims, or of those with these ids, from the records of a scale.

    They come in the order of CLAIMS. `published` takes for each claim the first of `SCALES` that
    gives a verdict, and never mixes two in one comparison. Without `reasons` it is not told which
    networks of others carry a verdict, which takes most of the time. ParameterError for another
    scale or id, RecordError for a damaged record.
    """
    check_choice("scale", scale, (*SCALES, PUBLISHED))
    for name in ids or ():
        check_choice("claim", name, tuple(BY_ID))
    stores: dict[str, Evidence] = {}
    for name in SCALES if scale == PUBLISHED else (scale,):
        stores[name] = Evidence(name, root, others=stores)
    sources = list(stores.values())
    wanted = [claim for claim in CLAIMS if ids is None or claim.id in ids]
    return [first_judged(judge(claim, s, reasons) for s in sources) for claim in wanted]


@cache
def judged(name: str, scale: str = PUBLISHED) -> Verdict:
    """The verdict of the claim of that id from the committed store, as published or at one scale;
    judged once a process. ParameterError for another id or scale, RecordError for a damaged
    record."""
    check_choice("scale", scale, (*SCALES, PUBLISHED))
    check_choice("claim", name, tuple(BY_ID))
    if scale == PUBLISHED:
        return first_judged(judged(name, one) for one in SCALES)
    evidence = COMMITTED.setdefault(scale, Evidence(scale, others=COMMITTED))
    return judge(BY_ID[name], evidence)


COMMITTED: dict[str, Evidence] = {}
"""What `judged` has read, by scale."""


def first_judged(verdicts: Iterable[Verdict]) -> Verdict:
    """Of a claim's verdicts, largest scale first, the first that judges; else the first with
    measured values, else the last, which says what the smallest scale lacks.

    A scale with too few trainings for an interval does not judge.
    """
    seen = []
    for verdict in verdicts:
        seen.append(verdict)
        few = verdict.verdict == INCONCLUSIVE and 0 < verdict.seeds < FEWEST_SEEDS
        if verdict.verdict != NOT_RUN and not few:
            return verdict
    return next((v for v in seen if v.measures), seen[-1])


def as_json(verdicts: list[Verdict]) -> list[dict]:
    """The verdicts as plain JSON, in both languages: answer, measures with the value of each
    training, reasons, runs, and each claim's words, rule and place."""
    return [claim_as_json(BY_ID[verdict.id], verdict) for verdict in verdicts]


def claim_as_json(claim: Claim, found: Verdict) -> dict:
    """One claim and its verdict as plain JSON, in schema.org's terms for a claim that is reviewed
    and in our own."""
    review = {
        "@context": "https://schema.org",
        "@type": "ClaimReview",
        "claimReviewed": claim.text["en"],
        "reviewRating": {"@type": "Rating", "alternateName": found.verdict},
    }
    both = {
        "claim": claim.text,
        "verdict_in": {one: word("verdicts", found.verdict, one) for one in LANGUAGES},
        "answer": {one: answer(claim, found, one) for one in LANGUAGES},
    }
    measures = [
        {
            "name": measure.name,
            "group": measure.group,
            "words": {one: measure_words(claim, measure, one) for one in LANGUAGES},
            "estimate": measure.interval.estimate,
            **measure.interval.ends(),
            "trainings": dict(measure.trainings),
            "threshold": measure.threshold,
            "judged": measure.judged,
        }
        for measure in found.measures
    ]
    why = [
        {"name": each.name} | {one: reason(each, one) for one in LANGUAGES}
        for each in found.reasons
    ]
    place = ("form", "note", "section", "paper", "where", "quantity", "rule")
    return (
        review
        | {"id": found.id, "scale": found.scale, "verdict": found.verdict}
        | both
        | {"measures": measures, "numbers": dict(found.numbers), "reasons": why}
        | {"seeds": found.seeds, "runs": list(found.runs)}
        | {name: getattr(claim, name) for name in place}
    )
