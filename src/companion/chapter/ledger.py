"""Claims and verdicts as boxes in a chapter."""

from html import escape

from IPython.display import HTML, display

from companion.chapter import scale
from companion.chapter.settings import Settings
from residual.claims import CLAIMS, NOT_RUN, Claim, Verdict, evaluate
from residual.recipe import PROFILES

PAPER = {
    "agrees": "The paper says so",
    "differs": "The paper says otherwise",
    "silent": "The paper does not say",
}

JUDGED = {20, 56}
ELSEWHERE = (
    "The note speaks of depths 20 and 56 at the full length of a profile. The verdict rests on "
    "those runs in the store, not on the depths and iterations chosen for this chapter."
)


def claim(*ids: str) -> None:
    """Display claims: in English and Chinese, where the note makes them, what the paper says."""
    display(HTML("\n".join(claim_box(of(name)) for name in ids)))


def verdict(settings: Settings, *ids: str) -> None:
    """Display what the ledger's rules say of claims on the records of the chapter's profile."""
    found = {v.id: v for v in evaluate(settings.profile, ids=ids)}
    boxes = [verdict_box(found[name]) for name in ids]
    if settings.iterations or JUDGED - set(settings.depths):
        boxes.insert(0, f'<p class="verdict-foot">{ELSEWHERE}</p>')
    display(HTML("\n".join(boxes)))


def of(name: str) -> Claim:
    """The claim with that id."""
    return next(claim for claim in CLAIMS if claim.id == name)


def claim_box(told: Claim) -> str:
    """A claim as HTML; its id is the target of the ledger's link."""
    where = f", {escape(told.where)}" if told.where else ""
    return (
        f'<div class="claim" id="{told.id}"><p class="claim-head">Claim '
        f'<a href="../book/claims.html#claim-{told.id}"><code>{told.id}</code></a> '
        f"· note {told.note}, §{escape(told.section)}</p>"
        f'<p>{escape(told.english)}</p><p lang="zh">{escape(told.chinese)}</p>'
        f'<p class="claim-foot">{PAPER[told.paper]}{where}.</p></div>'
    )


def basis_of(found: Verdict) -> str:
    """What the records of the profile are to a verdict; without one they are shown only."""
    return "Shown, not judged, at" if found.verdict in (NOT_RUN, None) else "Judged at"


def recipe_of(found: Verdict) -> str:
    """The profile, with its recipe where networks trained by it were measured."""
    alone = all("/experiments/" in name for name in found.runs)
    return f"profile {found.profile}" if found.runs and alone else scale.of_profile(found.profile)


def verdict_box(found: Verdict) -> str:
    """A verdict as HTML: the badge, what was measured, and on what it rests."""
    judged = found.verdict or "about the paper"
    kind = judged.replace(" ", "-")
    seeds = f" Seeds on the smaller side: {found.seeds}." if found.seeds else ""
    rests = found.profile in PROFILES and (found.seeds or found.values)
    basis = f" {basis_of(found)} {recipe_of(found)}." if rests else ""
    foot = f"Rule: {of(found.id).rule}.{basis}{seeds} {found.reason}".strip()
    return (
        f'<div class="verdict"><p><span class="badge badge-{kind}">{escape(judged)}</span> '
        f"<code>{found.id}</code>: {escape(found.sentence)}</p>"
        f'<p class="verdict-foot">{escape(foot)}</p></div>'
    )
