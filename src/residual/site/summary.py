"""The claims ledger at a glance: how many claims came out how."""

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from residual.site.verdicts import ORDER, published, slug


class ResultSummary(SphinxDirective):
    """A count for each verdict that occurs, computed from the records."""

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()
        verdicts = [verdict.verdict for _, verdict in published()]
        counts = [(name, verdicts.count(name)) for name in ORDER if name in verdicts]
        items = [tally_item(name, count) for name, count in counts]
        profiles = sorted({v.profile for _, v in published() if v.verdict in ORDER[:-1]})
        text = f"{len(verdicts)} claims; judged from: {', '.join(profiles) or 'no run yet'}."
        paper_only = verdicts.count(None)
        if paper_only:
            text += f" Claims about the paper alone, without a verdict of ours: {paper_only}."
        return [nodes.bullet_list("", *items, classes=["tally"]), nodes.paragraph("", text)]


def tally_item(verdict: str, count: int) -> nodes.list_item:
    """One count with its verdict."""
    line = nodes.paragraph("", "", nodes.strong("", str(count)), nodes.Text(f" {verdict}"))
    return nodes.list_item("", line, classes=[slug(verdict)])
