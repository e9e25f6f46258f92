"""The page that computes a trained network in the reader's browser: its directives and files."""

import json
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from companion.samples import Sample
from companion.site.links import page_link, record_link
from companion.site.networks import FOLDER, LOADER, Shown, common, files, shown
from companion.site.packages import ONNX_RUNTIME
from companion.site.phrases import of_page, of_touch
from companion.site.tables import Cell, table
from residual.store import digest

PARTS = ("engine", "elements", "chart", "view")
SCRIPTS = (*(f"touch-{part}.js" for part in PARTS), "touch.js")
STYLE = "touch.css"
USED = "touch-identity"  # marks a page in the environment's metadata


class TouchIdentity(SphinxDirective):
    """The interactive part of the page; a sentence where the store has no network to show."""

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()
        networks, images = shown()
        if images is None:
            return [nodes.paragraph("", of_page()["not_run"])]
        self.env.metadata[self.env.docname][USED] = True
        up = "../" * self.env.docname.count("/")
        return [nodes.raw("", markup(f"{up}{FOLDER}/", networks, images), format="html")]


class TouchFiles(SphinxDirective):
    """A table of the networks that the page runs, to download."""

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()
        header = ("Network", "File", "Size", "Test error", "Trained in", "SHA-256 of the file")
        rows = [file_row(self.env.docname, network) for network in shown()[0]]
        made = table("The networks of this page, as ONNX files.", header, rows)
        made["classes"].append("digests")
        return [made] if rows else []


def file_row(docname: str, network: Shown) -> list[Cell]:
    """One network's file, and the record of its training."""
    name, run = f"{network.name}.onnx", network.run
    return [
        network.label,
        page_link(docname, f"{FOLDER}/{name}", name),
        megabytes(len(network.onnx)),
        f"{network.error:.1f} %",
        record_link(docname, run.name, run.name),
        nodes.literal("", digest(network.onnx)),
    ]


def megabytes(size: int) -> str:
    """A size in bytes as people say it."""
    return f"{size / 1e6:.1f} MB"


def markup(base: str, networks: tuple[Shown, ...], images: Sample) -> str:
    """The place that the script fills, with all that it must know as JSON."""
    shape = images.images.shape
    about = {
        "base": base,
        "loader": LOADER,
        "runtime": f"ONNX Runtime Web {ONNX_RUNTIME.version}",
        "bytes": sum(len(content) for content in common().values()),
        "networks": [network.facts() for network in networks],
        "phrases": of_touch(),
        "images": {"shape": shape, "labels": images.labels.tolist(), "names": images.names},
    }
    held = json.dumps(about, sort_keys=True).replace("<", "\\u003c")
    without = f'<p class="touch-message">{escape(of_page()["no_script"])}</p>'
    return (
        f'<div class="touch"><noscript>{without}</noscript>'
        f'<script type="application/json">{held}</script></div>'
    )


def add_scripts(
    app: Sphinx, docname: str, _template: str, _context: dict, _doctree: object
) -> None:
    """Give the page its scripts and its style; no other page loads them."""
    if USED in app.env.metadata.get(docname, {}):
        app.add_css_file(STYLE)
        for name in SCRIPTS:
            app.add_js_file(name, loading_method="defer")


def write_files(app: Sphinx, error: Exception | None) -> None:
    """Put what the page loads below touch/ of the built site."""
    used = any(USED in about for about in app.env.metadata.values())
    if error is not None or app.builder.format != "html" or not used:
        return
    target = Path(app.outdir) / FOLDER
    target.mkdir(parents=True, exist_ok=True)
    for name, content in files().items():
        (target / name).write_bytes(content)
