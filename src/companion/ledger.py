"""The claims ledger as MyST text: claims in the notes' order, each with answer and strip."""

import json
import re
from collections.abc import Sequence
from functools import cache

from companion import boxes
from companion.pages import record_link
from residual.claims import CLAIMS, Claim, Verdict, judged
from residual.store import ROOT

HEADLINES = (
    "degradation-train",
    "not-overfitting",
    "vanishing-gradients",
    "residual-cures",
    "identity-not-just-a-path",
    "weights-go-to-zero",
    "order-of-magnitude",
)
"""The claims that the landing page shows: of each part of the argument, the one that carries it."""

FIRST = {
    "degradation-train": ("Does depth hurt plain networks?", "深度损害传统网络吗？"),
    "residual-cures": ("Do shortcuts cure it?", "快捷连接能治愈吗？"),
    "identity-not-just-a-path": ("Must the path be the identity?", "旁路必须是恒等吗？"),
    "weights-go-to-zero": ("Do weights go to zero?", "权重趋于零吗？"),
    "response-near-zero": ("Is F(x) near zero?", "F(x) 接近零吗？"),
}
"""The claims that answer the title's question on its first screen, and what each answers."""


def first_answers() -> str:
    """The question of the title in some lines: answers in English, then in Chinese."""
    lists: tuple[list[str], list[str]] = [], []
    for name, asked in FIRST.items():
        told = boxes.answers(boxes.BY_ID[name], judged(name))
        for one, question, answer in zip(lists, asked, told):
            one.append(f"- {question} {answer}")
    return "\n\n".join("\n".join(one) for one in lists)


def headlines() -> str:
    """The claims that carry the argument, each with its answer and strip."""
    return "\n\n".join(row(boxes.BY_ID[name], judged(name)) for name in HEADLINES)


def row(claim: Claim, found: Verdict) -> str:
    """One claim, its answer and its strip, linked to its place on the ledger."""
    link = f"{{ref}}`{claim.text['en']} <claim-{claim.id}>`"
    parts = [link, *boxes.answers(claim, found), boxes.strip(claim, found)]
    return "\n\n".join(filter(None, parts))


def ledger(note: str) -> str:
    """All claims of one note, in its order, under headings that pages refer to as claim-ID."""
    chosen = [claim for claim in CLAIMS if claim.note == note]
    return "\n\n".join(card(claim, judged(claim.id)) for claim in chosen)


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
    found = [link for link, shown in shown_in().items() if claim_id in shown]
    return f"*Put to the test in* {', '.join(found)}." if found else ""


@cache
def shown_in() -> dict[str, set[str]]:
    """The claims whose verdict a chapter shows, by the link to it."""
    found = {}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text("utf-8"))["cells"]
        code = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
        title = next(line for c in cells for line in c["source"] if line.startswith("# "))
        told = re.findall(r"\bverdict\(([^)]*)\)", code)
        shown = {name for arguments in told for name in re.findall(r'"([^"]+)"', arguments)}
        found[f"[{title[2:].strip()}](../notebooks/{path.name})"] = shown
    return found


def figure_link(claim: Claim, words: str) -> str:
    """A link to the figure that shows the claim, or to the chapter, from a page of book/."""
    chapter, _, label = claim.figure.partition("#")
    return f"{{ref}}`{words} <{label}>`" if label else f"[{words}](../notebooks/{chapter}.ipynb)"


def counted(claims: Sequence[Claim], verdict: str) -> int:
    """How many of these claims came out so."""
    return sum(judged(claim.id).verdict == verdict for claim in claims)
