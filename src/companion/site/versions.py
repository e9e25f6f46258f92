"""Outputs of a chapter at several profiles on one page, and the switch between them.

An output whose metadata hold {"residual": {"profiles": […], …}} is one version of its cell (see
`companion.edition`). Every version is in the page; without script, and in print, the published one
is shown alone. `_static/profiles.js` brings the switch to life.
"""

import json
from dataclasses import replace
from html import escape
from pathlib import Path

from docutils import nodes
from myst_nb.core.render import MimeData, NbElementRenderer
from sphinx.application import Sphinx

from companion.chapter.scale import of_profile
from companion.chapter.settings import PUBLISHED
from companion.site.words import words
from residual.recipe import PROFILES


class Version(nodes.container):
    """The results of one output at the profiles that it names."""


def wrapped(renderer: NbElementRenderer, data: MimeData) -> list[nodes.Element]:
    """The output in a container that names its profiles; nothing where it shows nothing."""
    about = dict(data.output_metadata["residual"])
    profiles = about.pop("profiles")
    plain = replace(data, output_metadata=data.output_metadata | {"residual": about})
    shown = renderer.render_mime_type(plain)
    classes = ["version", *(f"profile-{name}" for name in profiles)]
    return [Version("", *shown, classes=classes, profiles=profiles)] if shown else []


def is_second(node: nodes.Node | None) -> bool:
    """Whether a node belongs to a version that is not the one shown first."""
    while node is not None and not isinstance(node, Version):
        node = node.parent
    return node is not None and PUBLISHED not in node["profiles"]


def add_switch(app: Sphinx, document: nodes.document) -> None:
    """Put the switch below the title of a page that has outputs in several versions."""
    found = {name for version in document.findall(Version) for name in version["profiles"]}
    first = next(document.findall(nodes.section), None)
    if not found or first is None:
        return
    names = [PUBLISHED, *(name for name in reversed(PROFILES) if name in found)]
    first.insert(1, nodes.raw("", switch(names), format="html"))


def switch(names: list[str]) -> str:
    """Radio buttons for the profiles; hidden until a script is there to obey them."""
    choices = "".join(
        f'<label><input type="radio" name="profile" value="{name}"'
        f"{' checked' if name == PUBLISHED else ''}> {escape(profile_words(name))}</label>"
        for name in names
    )
    legend = f"<legend>{words('Show results of')}</legend>"
    return f'<fieldset class="profile-switch" hidden>{legend}{choices}</fieldset>'


def profile_words(name: str) -> str:
    """A profile as the switch names it."""
    if name == PUBLISHED:
        return words("published (the largest available)")
    return of_profile(name).removeprefix("profile ").replace(": ", " (") + ")"


def number_seconds(app: Sphinx, document: nodes.document, docname: str) -> None:
    """Give a figure's other version the number of the figure that is shown first."""
    numbers = app.env.toc_fignumbers.get(docname, {}).get("figure", {})
    for figure in document.findall(lambda node: isinstance(node, nodes.figure) and "of" in node):
        if number := numbers.get(nodes.make_id(figure["of"])):
            told = app.config.numfig_format["figure"] % ".".join(map(str, number))
            text = f"{told} ({figure['version']}) "
            caption = next(figure.findall(nodes.caption))
            caption.insert(0, nodes.inline("", text, classes=["caption-number"]))


def one_version(app: Sphinx, error: Exception | None) -> None:
    """Leave one version of each output in the notebooks that the site offers."""
    if error is not None or app.builder.format != "html":
        return
    for path in sorted((Path(app.outdir) / "_sources").rglob("*.ipynb")):
        notebook = json.loads(path.read_text("utf-8"))
        for cell in (c for c in notebook["cells"] if c["cell_type"] == "code"):
            cell["outputs"] = [output for output in cell["outputs"] if is_first(output)]
        text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
        path.write_text(text, "utf-8")


def is_first(output: dict) -> bool:
    """Whether an output of a notebook is the version shown first, or the only one."""
    about = output.get("metadata", {}).get("residual", {})
    return PUBLISHED in about.get("profiles", [PUBLISHED])
