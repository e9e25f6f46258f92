"""The claims ledger as MyST text: each claim with its verdict, its rule, its numbers, its runs."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from companion.display import PAPER
from companion.pages import badge, record_link, table, verdicts
from companion.words import count, unbroken
from residual.claims import CLAIMS, CONSTRUCTION, NOT_RUN, PUBLISHED, SCALES, Claim, Verdict
from residual.store import ROOT

HEADLINES = (
    "degradation-train",
    "degradation-test",
    "residual-cures",
    "identity-not-just-a-path",
    "weights-go-to-zero",
    "response-near-zero",
    "order-of-magnitude",
)
"""The claims that the landing page shows: of each part of the argument, the one that carries it."""


def headlines() -> str:
    """The claims that carry the argument, with their verdicts."""
    chosen = [claim for claim in CLAIMS if claim.id in HEADLINES]
    told = f"Of the {len(CLAIMS)} claims, these {len(chosen)} carry the argument of notes and book:"
    return f"{told}\n\n{ledger_table(chosen)}"


def ledger_table(claims: Sequence[Claim] = CLAIMS) -> str:
    """Claims in one table, each linked to its card on the ledger's page."""
    rows = []
    for claim in claims:
        found = verdicts(PUBLISHED)[claim.id]
        link = f"{{ref}}`{claim.english} <claim-{claim.id}>`"
        rows.append((link, badge(found.verdict), basis(found)))
    return table(("Claim", "Verdict", "Judged at"), rows)


def basis(verdict: Verdict) -> str:
    """The scale, and the number of trainings on the smaller side; a dash where nothing was run."""
    if verdict.verdict in (NOT_RUN, None) and not verdict.values:
        return "–"
    form = next(claim.form for claim in CLAIMS if claim.id == verdict.id)
    if form == CONSTRUCTION:
        return form + (f", checked at {verdict.scale}" if verdict.scale in SCALES else "")
    word = "source" if verdict.scale == "public" else "seed"
    told = verdict.scale + (f", {count(verdict.seeds, word)}" if verdict.seeds else "")
    return f"{told} (shown, not judged)" if verdict.verdict in (NOT_RUN, None) else told


def ledger(note: str) -> str:
    """All claims of one note as cards that other pages can refer to as claim-ID."""
    chosen = [claim for claim in CLAIMS if claim.note == note]
    return "\n\n".join(card(claim, verdicts(PUBLISHED)[claim.id]) for claim in chosen)


def card(claim: Claim, verdict: Verdict) -> str:
    """One claim: words, finding, rule; other scales, numbers and records in folds."""
    where = f" ({claim.where})" if claim.where else ""
    unit = f" ({claim.unit})" if claim.unit else ""
    parts = [
        f"{badge(verdict.verdict)} **{claim.english}** (`{claim.id}`)",
        f'<span lang="zh">{claim.chinese}</span>',
        f"{verdict.sentence} {verdict.reason}".strip(),
        f"- *Kind:* {claim.form}; stands in {claim.stands_in}. {PAPER[claim.paper]}{where}.\n"
        f"- *Measured:* {claim.quantity}{unit}.\n"
        f"- *Rule:* {claim.rule}.\n"
        f"- *Judged at:* {basis(verdict)}{chapters(claim.id)}.",
    ]
    for other in elsewhere(verdict):
        told = f"{badge(other.verdict)} {other.sentence} {other.reason}"
        links = ", ".join(record_link(name) for name in other.runs)
        told += f"\n\nRun records: {links}." if links else ""
        parts.append(fold(f"The same claim at scale {other.scale}", told))
    if verdict.values:
        rows = [(name.replace("_", " "), f"{v:.4g}") for name, v in verdict.values.items()]
        parts.append(fold("Numbers", table(("Quantity", "Value"), rows)))
    if verdict.runs:
        links = "\n".join(f"- {record_link(name)}" for name in verdict.runs)
        parts.append(fold(f"Run records: {len(verdict.runs)}", links))
    content = unbroken("\n\n".join(parts))
    return f"(claim-{claim.id})=\n::::{{card}}\n:class-card: claim\n\n{content}\n::::"


def fold(title: str, content: str) -> str:
    """Content that opens at a click."""
    return f":::{{dropdown}} {title}\n{content.strip()}\n:::"


def elsewhere(shown: Verdict) -> list[Verdict]:
    """The verdicts of the same claim at the other scales that have something to show."""
    others = [scale for scale in SCALES if scale != shown.scale and shown.scale in SCALES]
    found = [verdicts(scale)[shown.id] for scale in others]
    return [verdict for verdict in found if verdict.verdict != NOT_RUN or verdict.values]


def chapters(claim_id: str) -> str:
    """Links to the chapters that show the claim, as words that continue a sentence."""
    found = []
    for path in sorted(Path(ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text("utf-8"))["cells"]
        code = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
        if any(re.search(rf'\bclaim\([^)]*"{claim_id}"', text) for text in code):
            title = next(line for c in cells for line in c["source"] if line.startswith("# "))
            found.append(f"[{title[2:].strip()}](../notebooks/{path.name})")
    return f"; put to the test in {', '.join(found)}" if found else ""
