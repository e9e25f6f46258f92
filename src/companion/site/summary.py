"""The claims ledger at a glance: how many claims came out how."""

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from companion.site.verdicts import ORDER, published, slug
from companion.site.words import verdict_word
from residual.claims import NOT_RUN, Verdict
from residual.recipe import PROFILES


class ResultSummary(SphinxDirective):
    """A count for each verdict that occurs, computed from the records."""

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()
        verdicts = [verdict.verdict for _, verdict in published()]
        counts = [(name, verdicts.count(name)) for name in ORDER if name in verdicts]
        items = [tally_item(name, count) for name, count in counts]
        return [
            nodes.bullet_list("", *items, classes=["tally"]),
            nodes.paragraph("", legend([v for _, v in published()]), classes=["tally-legend"]),
        ]


def legend(verdicts: list[Verdict]) -> str:
    """How many claims there are, and from which profiles they are judged."""
    judged = [v.profile for v in verdicts if v.verdict not in (None, NOT_RUN)]
    text = f"{len(verdicts)} claims."
    for profile in dict.fromkeys(p for p in (*PROFILES, "exact") if p in judged):
        where = "without training" if profile == "exact" else f"from the {profile} profile"
        text += f" Judged {where}: {judged.count(profile)}."
    about_paper = [v.verdict for v in verdicts].count(None)
    return text + f" About the paper alone: {about_paper}." * bool(about_paper)


def tally_item(verdict: str, count: int) -> nodes.list_item:
    """One count with its verdict."""
    line = nodes.paragraph(
        "", "", nodes.strong("", str(count)), nodes.Text(f" {verdict_word(verdict)}")
    )
    return nodes.list_item("", line, classes=[slug(verdict)])
