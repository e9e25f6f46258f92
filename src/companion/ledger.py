"""The claims ledger as MyST text: claims in the notes' order, each with answer and strip."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from companion import boxes
from companion.pages import record_link
from residual.claims import CLAIMS, PUBLISHED, Claim, Verdict, judged
from residual.store import ROOT

HEADLINES = (
    "degradation-train",
    "residual-cures",
    "gradients-go-wrong",
    "identity-not-just-a-path",
    "weights-go-to-zero",
    "response-near-zero",
    "nearer-the-identity",
)
"""The claims that the landing page shows: of each part of the argument, the one that carries it."""

FIRST = (
    "degradation-train",
    "residual-cures",
    "identity-not-just-a-path",
    "weights-go-to-zero",
    "response-near-zero",
)
"""Those that answer the question of the title, on its first screen."""


def first_answers() -> str:
    """The question of the title in some lines: answers in English, then in Chinese."""
    english, chinese = zip(*(boxes.answers(boxes.BY_ID[name], shown(name)) for name in FIRST))
    return "\n\n".join("\n".join(f"- {line}" for line in lines) for lines in (english, chinese))


def shown(name: str) -> Verdict:
    """The published verdict of a claim."""
    return judged(PUBLISHED)[name]


def headlines() -> str:
    """The claims that carry the argument, each with its answer and strip."""
    return "\n\n".join(row(boxes.BY_ID[name], shown(name)) for name in HEADLINES)


def row(claim: Claim, found: Verdict) -> str:
    """One claim, its answer and its strip, linked to its place on the ledger."""
    link = f"{{ref}}`{claim.text['en']} <claim-{claim.id}>`"
    parts = [link, *boxes.answers(claim, found), boxes.strip(claim, found)]
    return "\n\n".join(filter(None, parts))


def ledger(note: str) -> str:
    """All claims of one note, in its order, under headings that pages refer to as claim-ID."""
    chosen = [claim for claim in CLAIMS if claim.note == note]
    return "\n\n".join(card(claim, shown(claim.id)) for claim in chosen)


def card(claim: Claim, found: Verdict) -> str:
    """One claim: its words, its answer, its strip; numbers, rule and runs in folds."""
    links = ", ".join(record_link(name) for name in found.runs)
    parts = [
        f"(claim-{claim.id})=\n### {claim.text['en']}",
        f"`{claim.id}` · {boxes.chinese(claim.text['zh'])}",
        *boxes.answers(claim, found),
        boxes.strip(claim, found),
        boxes.fold(claim, found, chapters(claim.id), f"*Runs:* {links}." if links else ""),
    ]
    return "\n\n".join(filter(None, parts))


def chapters(claim_id: str) -> str:
    """Links to the chapters that show the claim; nothing where none does."""
    found = []
    for path in sorted(Path(ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text("utf-8"))["cells"]
        code = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
        if any(re.search(rf'\bverdict\([^)]*"{claim_id}"', text) for text in code):
            title = next(line for c in cells for line in c["source"] if line.startswith("# "))
            found.append(f"[{title[2:].strip()}](../notebooks/{path.name})")
    return f"*Put to the test in* {', '.join(found)}." if found else ""


def figure_link(claim: Claim) -> str:
    """A link to the figure that shows the claim, or to the chapter, from a page of book/."""
    chapter, _, label = claim.figure.partition("#")
    return f"#{label}" if label else f"../notebooks/{chapter}.ipynb"


def counted(claims: Sequence[Claim], verdict: str) -> int:
    """How many of these claims came out so."""
    return sum(shown(claim.id).verdict == verdict for claim in claims)
