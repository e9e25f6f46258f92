"""Figures that can be explored in place; the drawing itself stays for print and without scripts.

`attach` puts an empty, hidden element below a figure's picture. The script explorer.js fills it:
it loads D3, Observable Plot and the data only when the figure comes near the window, so that they
are no part of a page's first load. Data are scripts that assign to a global, since a page opened
from disk may not fetch files.
"""

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from companion.site.packages import D3, PLOT, member
from companion.site.phrases import of_buttons
from companion.site.record_sources import sources
from companion.site.series import data

FOLDER = "explorer"
"""Below _static: the libraries with their licences, and the data of each kind."""

LIBRARIES = {"d3": (D3, "dist/d3.min.js"), "plot": (PLOT, "dist/plot.umd.min.js")}
SHARED = "explorers"  # the key of a page's metadata: the kinds of explorer on it
BUILDERS = ("html", "dirhtml")

PLACES = {
    "fig-degradation-curves": "curves",
    "fig-degradation-depth": "finals",
    "fig-reformulation-curves": "curves",
    "fig-reformulation-depth": "finals",
    "fig-lesions": "lesions",
    "fig-responses": "responses",
    "fig-responses-peers": "responses",
    "fig-ratios": "ratios",
    "fig-response-lesions": "lesions",
}
"""Which figure becomes which kind of explorer; the figure's runs are what it shows at first."""


def attach(
    figure: nodes.Element, label: str, names: Sequence[str], env: BuildEnvironment, view: str
) -> None:
    """Put an explorer below the picture of a figure that has one.

    `names` are the runs in the figure, `view` is what a reader sees first: explore or static.
    """
    kind = PLACES.get(label)
    if kind is None:
        return
    about = {"kind": kind, "runs": " ".join(names), "root": "../" * env.docname.count("/")}
    about |= {"view": view, "words": json.dumps(of_buttons(), ensure_ascii=False)}
    told = " ".join(f'data-{key}="{escape(value)}"' for key, value in about.items())
    figure.insert(1, nodes.raw("", f'<div class="explorer" {told} hidden></div>', format="html"))
    env.metadata[env.docname].setdefault(SHARED, []).append(kind)


def add_scripts(app: Sphinx, page: str, template: str, context: dict, doctree: Any) -> None:
    """Load the explorers' script and style on pages that have one."""
    if app.builder.name in BUILDERS and app.env.metadata.get(page, {}).get(SHARED):
        app.add_css_file("explorer.css")
        app.add_js_file("explorer.js", loading_method="defer")


def write_explorers(app: Sphinx, error: Exception | None) -> None:
    """Put libraries and data below _static, if any page has an explorer."""
    kinds = {kind for about in app.env.metadata.values() for kind in about.get(SHARED, ())}
    if error is not None or app.builder.name not in BUILDERS or not kinds:
        return
    folder = Path(app.outdir) / "_static" / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, (package, path) in LIBRARIES.items():
        (folder / f"{name}.js").write_bytes(member(package, path))
        (folder / f"{name}-LICENSE.txt").write_bytes(member(package, "LICENSE"))
    found = sources()
    for kind in sorted(kinds):
        (folder / f"{kind}.js").write_text(script(kind, data(kind, found)), "utf-8")


def script(kind: str, content: dict) -> str:
    """The data of one kind as a script."""
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    return f"(globalThis.explorerData ??= {{}}).{kind} = {text};\n"
