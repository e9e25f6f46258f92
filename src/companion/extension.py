"""The Sphinx extension of the site: parts computed from records, figures, local MathJax."""

import json
import os
import re
from functools import cache
from html import escape
from pathlib import Path
from shutil import copyfile
from textwrap import shorten

from docutils import nodes
from docutils.parsers.rst import directives
from myst_nb.core.render import MimeData, NbElementRenderer
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective, SphinxRole

from companion import boxes, explorer, forest, ledger, notes, pages, strips, touch
from companion.build import STAMP
from companion.display import figures, panels, stored
from companion.npm import MATHJAX
from companion.search import BothLanguages
from residual import claims, store
from residual.claims.wording import word
from residual.peers.curves import FINALS, final_test_errors
from residual.peers.trajectories import SOURCE

PARTS = {
    "result-summary": pages.result_summary,
    "error-table": pages.error_table,
    "peer-table": pages.peer_table,
    "provenance-table": pages.provenance_table,
    "benchmark-table": pages.benchmark_table,
    "loadable-table": pages.loadable_table,
    "short-profile-table": pages.short_profile_table,
    "citation": pages.citation,
    "headlines": ledger.headlines,
    "first-answers": ledger.first_answers,
    "log-table": pages.log_table,
    "forest": forest.forest,
    "option-table": pages.option_table,
    "explorers": explorer.links,
    "touch-bars": touch.bars_and_errors,
    "touch-files": touch.files_table,
}
"""What a page can ask for by name: functions that give MyST text."""

SECTIONS = {"ledger": ledger.ledger, "notes": notes.notes}
"""The same for text with headings, which stands in the page's source before Sphinx reads it."""

HELD = {"record.json": ".json", "curve.csv": ".csv"}
"""What the site copies of a network's folder, and how the copy's name ends."""

TABLES = (f"public/{FINALS}", f"public/{SOURCE}/trajectories.json")
"""What it copies of several networks at once."""

PICTURE = "_static/key-figure.png"  # what the preview of a link to a page shows
FORMULAS = "tex-svg.js"  # one file, which needs no fonts, so that it works on a page from disk


class Computed(SphinxDirective):
    """A part of a page that is computed from the records when the site is built."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        pages.note_inputs(self.env)
        return self.parse_text_to_nodes(PARTS[self.name](*self.arguments))


def put_sections(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put text with headings where a page asks for it, such as ```{ledger} 002```."""
    names = "|".join(SECTIONS)

    def computed(found: re.Match) -> str:
        pages.note_inputs(app.env)
        return SECTIONS[found[1]](*found[2].split())

    source[0] = re.sub(rf"^```\{{({names})\}}(.*)\n```$", computed, source[0], flags=re.MULTILINE)


@cache
def draw_strip(name: str) -> str:
    """The strip of a claim in a language, such as degradation-train.en, as SVG."""
    claim, _, language = name.rpartition(".")
    found = boxes.everywhere(claims.judged(claim))
    return strips.strip(boxes.BY_ID[claim], found, language)


DRAWN = {"strip": draw_strip, "forest": forest.drawn}
"""What draws the image of an address such as strip:degradation-train.en."""


def draw(app: Sphinx, doctree: nodes.document) -> None:
    """Draw the images whose address names what draws them."""
    for image in doctree.findall(nodes.image):
        scheme, _, name = image["uri"].partition(":")
        if scheme in DRAWN:
            image["uri"] = keep(app.env, f"{scheme}-{name}.svg", DRAWN[scheme](name))
            image["classes"].append(scheme)


def keep(env: BuildEnvironment, name: str, svg: str) -> str:
    """Write a picture where Sphinx finds it; its address for the page that is being read."""
    folder = Path(env.app.outdir).parent / "jupyter_execute"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(svg, "utf-8")
    here = Path(env.doc2path(env.docname)).parent
    return Path(os.path.relpath(folder / name, here)).as_posix()


class RecordLink(SphinxRole):
    """A link to a run record in the built site, by its name in the store."""

    def run(self) -> tuple[list[nodes.Node], list]:
        return [nodes.raw("", linked(self.env.docname, self.text), format="html")], []


def linked(docname: str, name: str) -> str:
    """A record's name as HTML, linked to the copy of its record, and to its log and the table of
    final errors where it stands in them.

    The first of these is the name's own link. A reader's own run, of which there is no copy, is
    named.
    """
    folder = store.committed()
    there = [f"{name}{end}" for file, end in HELD.items() if (folder / name / file).is_file()]
    there += [TABLES[0]] if name.removeprefix("public/") in finals() else []
    if not there:
        return escape(name)
    first, *rest = (f"{up(docname)}records/{escape(path)}" for path in there)
    told = ("final error" if path in TABLES else "log" for path in there[1:])
    further = "".join(f' (<a href="{address}">{word}</a>)' for address, word in zip(rest, told))
    return f'<a href="{first}">{escape(name)}</a>{further}'


@cache
def finals() -> dict[str, float]:
    """The final test errors that stand in a table of their own, by source/network."""
    return final_test_errors(store.committed() / "public")


def up(docname: str) -> str:
    """The relative URL of the site's root, seen from a page."""
    return "../" * docname.count("/")


class Figures:
    """The myst-nb plugin that makes a numbered figure of a picture of `companion.display`."""

    mime_priority_overrides: tuple = ()

    @staticmethod
    def handle_mime(
        renderer: NbElementRenderer, data: MimeData, inline: bool
    ) -> list[nodes.Element] | None:
        """The figure; None for an output that is not ours, which is left to myst-nb."""
        about = data.output_metadata.get("companion")
        if inline or not about or data.mime_type != "image/svg+xml":
            return None
        env, document = renderer.renderer.sphinx_env, renderer.renderer.document
        if name := about.get("strip"):
            uri = keep(env, f"{name}.chapter.svg", data.content)
            return [nodes.image(uri=uri, alt=about["alt"], classes=["strip"])]
        made = nodes.figure("", pictures(env, data.content, about))
        made["names"].append(nodes.fully_normalize_name(about["label"]))
        holder = nodes.Element()
        with renderer.renderer.current_node_context(holder):
            renderer.renderer.nested_render_text(both(about), data.line or 0, inline=True)
        words = [p for c in holder for p in (c.children if isinstance(c, nodes.paragraph) else [c])]
        made += nodes.caption(about["caption"], "", *words)
        if about["csv"] or about["records"] or about["origin"]:
            made += nodes.legend("", origin(env.docname, about))
        document.note_explicit_target(made, made)
        return [made]


def pictures(env: BuildEnvironment, svg: str, about: dict) -> nodes.container:
    """The panels of a figure, each a picture of its own, so that they can stand in a column."""
    row = nodes.container(classes=["panels"])
    for number, panel in enumerate(panels(svg, about), start=1):
        uri = keep(env, f"{about['label']}-{number}.svg", panel)
        row += nodes.image(uri=uri, alt=about["alt"] if number == 1 else "")
    return row


def both(about: dict) -> str:
    """A figure's caption with its Chinese, as MyST."""
    return " ".join(
        [about["caption"], *(f"[{c}]{{.language-zh}}" for c in [about["chinese"]] if c)]
    )


def origin(docname: str, about: dict) -> nodes.raw:
    """Below a figure: its data as CSV and, folded, where it comes from, with its run records."""
    root, parts = up(docname), []
    if about["csv"]:
        parts.append(f'<a href="{root}figures/{about["label"]}.csv">Data (CSV)</a>')
    if about["origin"] or about["records"]:
        links = "".join(f"<li>{linked(docname, name)}</li>" for name in about["records"])
        told = f"<p>{escape(about['origin'])}</p>" * bool(about["origin"])
        listing = f"<p>Runs: {len(about['records'])}</p><ul>{links}</ul>" * bool(links)
        scales = dict.fromkeys(
            re.findall(rf"\bscale ({'|'.join(claims.SCALES)})\b", about["origin"])
        )
        short = "; ".join(word("scales", scale) for scale in scales)
        title = "Where this comes from" + f": {escape(short)}" * bool(short)
        fold = f"<summary>{title}</summary>{told}{listing}"
        parts.append(f"<details>{fold}</details>")
    return nodes.raw("", f'<div class="origin">{" ".join(parts)}</div>', format="html")


class ChapterFigure(SphinxDirective):
    """A chapter's figure on another page, without a number of its own, that leads to the chapter.

    ```{chapter-figure} fig-figure-6
    :chapter: notebooks/01_degradation
    ```
    """

    required_arguments = 1
    option_spec = {"chapter": directives.unchanged_required}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        label, chapter = self.arguments[0], self.options["chapter"]
        path = Path(self.env.srcdir) / f"{chapter}.ipynb"
        self.env.note_dependency(str(path))
        try:
            content, about = stored(path, label)
        except KeyError as error:
            raise self.error(str(error)) from error
        row = pictures(self.env, content["image/svg+xml"], about)
        self.set_source_info(row)
        there = self.env.app.builder.get_relative_uri(self.env.docname, chapter)
        for image in [image for image in row if image["alt"]]:  # one link, which has a name
            link = nodes.reference("", "", refuri=f"{there}#{label}", internal=True)
            image.replace_self(link)
            link += image
        words = self.parse_inline(both(about))[0]
        return [Unnumbered("", row, nodes.caption("", "", *words))]


class Unnumbered(nodes.figure):
    """Drawn like a figure; Sphinx numbers only nodes whose class is the figure's own."""


def not_drawn(
    app: Sphinx, env: BuildEnvironment, node: nodes.Element, words: nodes.Node
) -> nodes.reference | None:
    """In place of a reference to a figure that a chapter does not draw with these parameters, one
    to the chapter; None for another target."""
    chapters = dict(claim.figure.split("#")[::-1] for claim in claims.CLAIMS if "#" in claim.figure)
    chapter = chapters.get(node.get("reftarget"))
    if not chapter:
        return None
    address = app.builder.get_relative_uri(env.docname, f"notebooks/{chapter}")
    return nodes.reference("", "", words, refuri=address, internal=True)


def preview(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None
) -> None:
    """Say in a page's head what a link to it shows elsewhere: title, description and picture.

    The description is the page's own, or its first paragraph. Addresses are whole where
    `html_baseurl` is set, as most previews want, and lead there from the page where it is not.
    """
    if doctree is None:
        return
    told = {node.get("name"): node["content"] for node in doctree.findall(nodes.meta)}
    own = told.get("description")
    prose = (p for p in doctree.findall(nodes.paragraph) if isinstance(p.parent, nodes.section))
    first = " ".join(next(prose, nodes.paragraph()).astext().split())
    about = {
        "og:type": "website",
        "og:site_name": context["docstitle"],
        "og:title": re.sub("<[^>]*>", "", context["title"]),
        "og:description": own or shorten(first, 200, placeholder=" …"),
        "og:image": (app.config.html_baseurl or up(pagename)) + PICTURE,
    }
    tags = [f'<meta property="{name}" content="{escape(text)}">' for name, text in about.items()]
    if not own:
        tags.append(f'<meta name="description" content="{escape(about["og:description"])}">')
    if pagename == "book/claims":
        tags.append(reviews(app.config.html_baseurl or up(pagename)))
    context["metatags"] += "\n" + "\n".join(tags)
    if context["title"] == context["docstitle"]:
        context["docstitle"] = ""  # the landing page has the book's title, and needs it once


def reviews(base: str) -> str:
    """The published verdicts for search engines: schema.org's ClaimReview as JSON-LD."""
    told = [
        {name: row[name] for name in claims.REVIEW}
        | {"url": f"{base}book/claims.html#claim-{row['id']}"}
        for row in claims.as_json([claims.judged(claim.id) for claim in claims.CLAIMS])
    ]
    text = json.dumps(told, ensure_ascii=False).replace("<", "\\u003c")
    return f'<script type="application/ld+json">{text}</script>'


LAUNCHERS = {
    "binderhub_url": "https://mybinder.org",
    "colab_url": "https://colab.research.google.com",
}


def offer_repository(_app: Sphinx, config: Config) -> None:
    """Where the book has an address (`repository.url`), buttons that need one: to the repository,
    to edit a page, to run a chapter on Binder or Colab; and where its pages are, if `html_baseurl`
    does not say so, which is where GitHub publishes them."""
    options = config.html_theme_options
    if url := options.get("repository_url"):
        if found := re.fullmatch(r"https://github\.com/([^/]+)/([^/]+?)/?", url):
            pages_there = f"https://{found[1]}.github.io/{found[2]}/"
            config.html_baseurl = config.html_baseurl or pages_there
        options |= {"use_repository_button": True, "use_edit_page_button": True}
        options["launch_buttons"] |= LAUNCHERS


def write_files(app: Sphinx, error: Exception | None) -> None:
    """Put beside the pages what they link to: records, verdicts, data of figures, explorers."""
    if error is not None or app.builder.format != "html":
        return
    site = Path(app.outdir)
    if (Path(app.srcdir) / STAMP).is_file() and (site / "claims.json").is_file():
        return  # an earlier build from the same records and code has written them, this one last
    (formulas,) = MATHJAX.members(f"es5/{FORMULAS}")
    (site / "_static" / "mathjax").mkdir(parents=True, exist_ok=True)
    (site / "_static" / "mathjax" / FORMULAS).write_bytes(formulas)
    for file, end in HELD.items():
        for path in sorted(store.committed().glob(f"*/**/{file}")):
            name = path.parent.relative_to(store.committed()).as_posix()
            copy = site / "records" / f"{name}{end}"
            copy.parent.mkdir(parents=True, exist_ok=True)
            copyfile(path, copy)
    for name in TABLES:
        if (store.committed() / name).is_file():
            copyfile(store.committed() / name, site / "records" / name)
    (site / "figures").mkdir(exist_ok=True)
    for path in sorted(Path(app.srcdir).glob("notebooks/*.ipynb")):
        for _, about in figures(path):
            if about["csv"]:
                (site / "figures" / f"{about['label']}.csv").write_text(about["csv"], "utf-8")
    explorer.write(site / "explorers")
    touch.write(app)
    told = claims.as_json([claims.judged(claim.id) for claim in claims.CLAIMS])
    text = json.dumps(told, indent=1, ensure_ascii=False) + "\n"
    (site / "claims.json").write_text(text, "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register what the pages use; Sphinx calls this."""
    app.add_search_language(BothLanguages)
    # Jupyter Book sets this for an extension that we leave out.
    app.add_config_value("comments_config", {}, "html")
    for name in PARTS:
        app.add_directive(name, Computed)
    app.add_directive("chapter-figure", ChapterFigure)
    app.connect("config-inited", offer_repository)
    app.connect("source-read", put_sections)
    app.connect("doctree-read", draw, priority=100)  # before Sphinx collects the images
    app.add_role("record", RecordLink())
    app.add_directive("touch-identity", touch.TouchIdentity)
    app.connect("missing-reference", not_drawn)
    app.connect("html-page-context", preview)
    app.connect("build-finished", write_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
