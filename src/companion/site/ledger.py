"""The claims ledger: each claim with its verdict, its rule, its numbers and its runs."""

import re
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from companion.chapter.ledger import PAPER
from companion.chapter.words import seeds
from companion.site.links import folded, page_link, record_links
from companion.site.tables import table
from companion.site.verdicts import badge, elsewhere, published, slug
from residual.claims import NOT_RUN, Claim, Verdict


class Ledger(SphinxDirective):
    """All claims of one note as cards that other pages can refer to as `claim-ID`.

    ```{ledger} 002
    ```
    """

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()
        return [
            self.card(claim, verdict)
            for claim, verdict in published()
            if claim.note == self.arguments[0]
        ]

    def card(self, claim: Claim, verdict: Verdict) -> nodes.container:
        """One claim."""
        name = f"claim-{claim.id}"
        std = self.env.get_domain("std")
        std.note_hyperlink_target(name, self.env.docname, name, claim.english)
        head = nodes.paragraph("", "", badge(verdict.verdict), nodes.Text(" "))
        head += nodes.strong("", claim.english)
        chinese = nodes.paragraph("", claim.chinese, classes=["language-zh"])
        card = nodes.container("", head, chinese, ids=[name])
        card["classes"] += ["claim", slug(verdict.verdict)]
        card += nodes.paragraph("", f"{verdict.sentence} {verdict.reason}".strip())
        card += fields(claim, verdict)
        for docname, title in chapters_of(claim.id, Path(self.env.srcdir)):
            link = page_link(self.env.docname, f"{docname}.html#{claim.id}", title)
            card += nodes.paragraph("", "", nodes.Text("Put to the test in the chapter "), link)
        for other in elsewhere(verdict):
            line = nodes.paragraph("", "", nodes.Text(f"Profile {other.profile}: "))
            line += [badge(other.verdict), nodes.Text(f" {other.sentence}")]
            card += folded(f"The same claim at the {other.profile} profile", [line])
        if verdict.values:
            rows = [(name.replace("_", " "), f"{v:.4g}") for name, v in verdict.values.items()]
            card += folded("Numbers", [table("Measured values", ("Quantity", "Value"), rows)])
        if verdict.runs:
            card += record_links(self.env.docname, verdict.runs)
        return card


class LedgerTable(SphinxDirective):
    """Every claim in one table, each linked to its card on the ledger's page."""

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()
        header = ("Claim", "Our verdict", "Paper", "Note", "Judged from")
        rows = []
        for claim, v in published():
            link = nodes.reference("", claim.english, refid=f"claim-{claim.id}")
            place = f"{claim.note} §{claim.section}" if claim.section != "–" else "the paper"
            rows.append((link, badge(v.verdict), claim.paper, place, judged_from(v)))
        made = table("All claims and their verdicts.", header, rows)
        made["classes"].append("wrapped")
        return [made]


def chapters_of(claim_id: str, srcdir: Path) -> list[tuple[str, str]]:
    """(docname, title) of the executed chapters that show the claim's box."""
    found = []
    for path in sorted((srcdir / "notebooks").glob("*.ipynb")):
        text = path.read_text("utf-8")
        if f'class=\\"claim\\" id=\\"{claim_id}\\"' in text:
            title = re.search(r'"# ([^"\\]+)', text)
            found.append((f"notebooks/{path.stem}", title[1] if title else path.stem))
    return found


def fields(claim: Claim, verdict: Verdict) -> nodes.definition_list:
    """Where the claim stands, what was measured and how it is judged."""
    where = f" ({claim.where})" if claim.where else ""
    unit = f" ({claim.unit})" if claim.unit else ""
    told = {
        "Stands in": f"note {claim.note}, §{claim.section}"
        if claim.section != "–"
        else "the paper",
        "The paper": PAPER[claim.paper] + where,
        "Measured": f"{claim.quantity}{unit}",
        "Rule": claim.rule,
        "Judged from": judged_from(verdict),
    }
    items = [
        nodes.definition_list_item(
            "", nodes.term("", name), nodes.definition("", nodes.paragraph("", text))
        )
        for name, text in told.items()
    ]
    return nodes.definition_list("", *items, classes=["fields"])


def judged_from(verdict: Verdict) -> str:
    """The profile and the number of seeds on the smaller side; a dash where nothing was run.

    What was measured for a claim that these runs cannot decide is shown, and said to be no more.
    """
    if verdict.profile == "exact":
        return "no training needed"
    if verdict.verdict == NOT_RUN and not verdict.values:
        return "–"
    told = verdict.profile + (f", {seeds(verdict.seeds)}" if verdict.seeds else "")
    return f"{told} (shown, not judged)" if verdict.verdict in (NOT_RUN, None) else told
