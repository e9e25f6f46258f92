"""Figures of the chapters as numbered, captioned figures that any page can refer to.

A notebook displays a picture whose output metadata holds

    {"residual": {"label": "fig-…", "caption": "MyST text", "alt": "text", "runs": ["quick/…"]}}

(`runs` may be left out; `narrow` is the SVG for narrow screens). myst-nb hands it to
`NumberedFigure` through its entry point group.
"""

import base64
import json
import re
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from myst_nb.core.render import MimeData, NbElementRenderer
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from companion.site import versions
from companion.site.explorers import attach
from companion.site.images import keep_narrow, kept_image
from companion.site.links import folded, page_link, record_links
from companion.site.pages import ONLY_ON_THE_SITE
from companion.site.words import words

PICTURES = ("image/svg+xml", "image/png")
"""The media types that become figures, the preferred one first."""

SENTENCE = re.compile(r"(.+?(?:\.(?=\s|$)|$))\s*(.*)", re.DOTALL)
"""The first sentence of a caption, and what follows it."""

DATA = "figures"
"""Where the data of figures lie in the built site: figures/<label>.csv."""


class NumberedFigure:
    """The myst-nb plugin; an output without our metadata is left to myst-nb."""

    mime_priority_overrides: tuple = ()

    @staticmethod
    def handle_mime(
        renderer: NbElementRenderer, data: MimeData, inline: bool
    ) -> list[nodes.Element] | None:
        """The figure for one picture; nothing for a second form of the same picture."""
        about = data.output_metadata.get("residual")
        if about and about.get("profiles") and not inline:
            return versions.wrapped(renderer, data)
        if inline or not about or data.mime_type not in PICTURES:
            return None
        (image,) = renderer.render_image(data)
        image["alt"] = about["alt"]
        keep_narrow(renderer.renderer.sphinx_env, image, about.get("narrow"))
        document = renderer.renderer.document
        place = (data.cell_index, data.output_index)
        name = nodes.fully_normalize_name(about["label"])
        earlier = document.ids.get(document.nameids.get(name))
        if earlier is not None and earlier.get("place") == place:
            keep_preferred(earlier, image, data.mime_type)
            return []
        figure = blank(about, image, place=place, mime_type=data.mime_type)
        figure["classes"].append("result")
        figure["names"].append(name)
        env = renderer.renderer.sphinx_env
        attach(figure, about["label"], about.get("runs", ()), env, "explore")
        figure.append(caption(renderer, about["caption"], data.line or 0))
        if below := origin(env.docname, about):
            figure.append(nodes.legend("", *below))
        document.note_explicit_target(figure, figure)
        return [figure]


def blank(about: dict, image: nodes.image, **attributes: object) -> nodes.figure:
    """A figure without words; a figure's other version gets its number from the first."""
    if "of" not in about:
        return nodes.figure("", image, **attributes)
    second = {name: about[name] for name in ("of", "version")}
    return UnnumberedFigure("", image, **attributes, **second)


def origin(docname: str, about: dict) -> list[nodes.Node]:
    """Links below a figure: its data as CSV, and the run records that it is drawn from."""
    links: list[nodes.Node] = []
    if about.get("csv"):
        told = words("Data of this figure (CSV)")
        link = page_link(docname, f"{DATA}/{about['label']}.csv", told)
        links.append(nodes.paragraph("", "", link, classes=[ONLY_ON_THE_SITE]))
    if about.get("runs"):
        links += record_links(docname, about["runs"])
    return links


def write_data(app: Sphinx, error: Exception | None) -> None:
    """Put the data of every chapter's figures below figures/ of the built site."""
    if error is not None or app.builder.format != "html":
        return
    target = Path(app.outdir) / DATA
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(Path(app.srcdir).glob("notebooks/*.ipynb")):
        cells = json.loads(path.read_text("utf-8"))["cells"]
        for output in (o for c in cells for o in c.get("outputs", [])):
            about = output.get("metadata", {}).get("residual", {})
            if about.get("csv"):
                (target / f"{about['label']}.csv").write_text(about["csv"], "utf-8")


def keep_preferred(figure: nodes.figure, image: nodes.image, mime_type: str) -> None:
    """Show the better of two forms of one picture."""
    if PICTURES.index(mime_type) < PICTURES.index(figure["mime_type"]):
        figure.replace(figure.children[0], image)
        figure["mime_type"] = mime_type


def caption(renderer: NbElementRenderer, text: str, line: int) -> nodes.caption:
    """A caption with the roles, links and formulas of MyST in it."""
    holder = nodes.Element()
    with renderer.renderer.current_node_context(holder):
        renderer.renderer.nested_render_text(text, line, inline=True)
    parts = [p for c in holder for p in (c.children if isinstance(c, nodes.paragraph) else [c])]
    return nodes.caption(text, "", *parts)


class UnnumberedFigure(nodes.figure):
    """Drawn like a figure; Sphinx numbers only nodes whose class is the figure's own."""


class ChapterFigure(SphinxDirective):
    """A chapter's figure on another page, without a number of its own.

        ```{chapter-figure} fig-degradation-curves
        :chapter: notebooks/01_degradation
        ```

    The picture, its alt text and caption come from the executed chapter. With the flag `optional`
    a figure that the store has no records for is a sentence instead of an error; with `short` the
    caption shows its first sentence, which states the finding, and folds the others.
    """

    required_arguments = 1
    option_spec: ClassVar = {
        "chapter": str,
        "optional": directives.flag,
        "short": directives.flag,
    }

    def run(self) -> list[nodes.Node]:
        label, chapter = self.arguments[0], self.options["chapter"]
        path = Path(self.env.srcdir) / f"{chapter}.ipynb"
        self.env.note_dependency(str(path))
        found = picture(path, label)
        if found is None and "optional" in self.options:
            return [nodes.paragraph("", words("Not run: the store has no record for this figure."))]
        if found is None:
            raise self.error(f"{chapter} has no figure {label}; execute it first.")
        mime_type, content, about = found
        suffix = ".svg" if mime_type.startswith("image/svg") else ".png"
        narrow = about.get("narrow")
        image = kept_image(self.env, f"{label}{suffix}", content, about["alt"], narrow)
        self.set_source_info(image)
        first, rest = about["caption"], ""
        if "short" in self.options:
            first, rest = SENTENCE.match(first).groups()
        figure = UnnumberedFigure("", image, classes=["result"])
        figure += nodes.caption("", "", *self.inline(first))
        if rest:
            more = nodes.paragraph("", "", *self.inline(rest))
            figure += nodes.legend("", *folded(words("More about this figure"), [more]))
        attach(figure, label, about.get("runs", ()), self.env, "static")
        return [figure]

    def inline(self, text: str) -> list[nodes.Node]:
        """A part of a caption, with the roles and formulas in it."""
        return self.state.inline_text(text, self.lineno)[0]


def picture(path: Path, label: str) -> tuple[str, bytes, dict] | None:
    """(media type, content, metadata) of the figure with that label in a notebook, if any."""
    cells = json.loads(path.read_text("utf-8"))["cells"] if path.is_file() else []
    for output in (o for c in cells for o in c.get("outputs", [])):
        about = output.get("metadata", {}).get("residual", {})
        present = [m for m in PICTURES if m in output.get("data", {})]
        if about.get("label") == label and present:
            content = "".join(output["data"][present[0]])
            svg = present[0] == "image/svg+xml"
            return present[0], content.encode() if svg else base64.b64decode(content), about
    return None
