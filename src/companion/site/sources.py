"""Where the networks of others come from: a row for each of their records."""

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from companion.figures.style import network
from companion.site.links import record_link
from companion.site.provenance import device_words, moment
from companion.site.tables import table
from residual.store import Record, every

HEADER = ("Network", "Repository", "Commit", "Licence", "Weight file", "SHA-256 of the file")
HEADER += ("Reported, %", "Record, %", "Measured on", "Device", "PyTorch", "Data", "Digest")


class PeerTable(SphinxDirective):
    """One table a source; a sentence where the store has none."""

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()
        measured = every("public")
        if not measured:
            return [nodes.paragraph("", "Not measured: the store holds no record of others.")]
        return [
            table(
                f"Trained by others ({source}), measured by us.",
                HEADER,
                [peer_row(self.env.docname, peer) for peer in measured if peer.member == source],
            )
            for source in sorted({peer.member for peer in measured})
        ]


def peer_row(docname: str, peer: Record) -> list[str | nodes.Node]:
    """One record; digests are cut to twelve digits, test errors are in per cent."""
    source, made = peer["source"], peer["provenance"]
    return [
        record_link(docname, peer.name, network(peer.kind, peer.depth)),
        nodes.reference("", source["repository"].split("://")[-1], refuri=source["repository"]),
        nodes.literal("", source["commit"]),
        source["licence"],
        f"{source['path']}/{source['file']}",
        nodes.literal("", source["sha256"][:12]),
        f"{peer['reported']['test_error']:.2f}",
        f"{peer['metrics']['test_error']:.2f}",
        moment(made["started"]),
        device_words([made["device"]]),
        made["versions"]["torch"],
        nodes.literal("", peer["data"]["digest"][:12]),
        nodes.literal("", peer["digest"][:12]),
    ]
