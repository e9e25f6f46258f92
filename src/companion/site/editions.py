"""Where the editions to go lie in the site, and the links to them on the landing page."""

from pathlib import Path
from shutil import copyfile

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from companion.site.epub import PROJECT
from companion.site.words import words

FOLDER = "editions"
"""Beside the built site while it is built, and in it afterwards."""


def forms() -> dict[str, tuple[str, str]]:
    """Each edition's suffix with its name and what it is for."""
    return {
        "epub": (words("EPUB"), words("for an e-reader or a reading app")),
        "html": (words("One HTML file"), words("for a phone or a browser, without a server")),
    }


class EditionLinks(nodes.General, nodes.Element):
    """Stands for the links until the page is written, when the editions are there."""


class Editions(SphinxDirective):
    """Links to the editions, each with the size of its file; nothing in the editions themselves.

    ```{editions}
    ```
    """

    def run(self) -> list[nodes.Node]:
        return [EditionLinks()]


def link_editions(app: Sphinx, document: nodes.document, docname: str) -> None:
    """Put the links where the directive stands."""
    for place in list(document.findall(EditionLinks)):
        shown = [] if app.builder.name == "epub" else list_of(beside(app), docname)
        place.replace_self(shown)


def list_of(folder: Path, docname: str) -> list[nodes.Node]:
    """A list of the editions in a folder; a sentence if it has none."""
    items = []
    for suffix, (name, purpose) in forms().items():
        path = folder / f"{PROJECT}.{suffix}"
        if path.is_file():
            target = f"{'../' * docname.count('/')}{FOLDER}/{path.name}"
            link = nodes.reference("", name, refuri=target, internal=False)
            told = nodes.Text(f", {size(path.stat().st_size)}: {purpose}")
            items.append(nodes.list_item("", nodes.paragraph("", "", link, told)))
    if not items:
        return [nodes.paragraph("", words("The command `residual book` makes them."))]
    return [nodes.bullet_list("", *items)]


def size(count: int) -> str:
    """A number of bytes as people say it."""
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.0f} kB"


def beside(app: Sphinx) -> Path:
    """The editions that were made for this site."""
    return Path(app.outdir).parent / FOLDER


def keep_editions(app: Sphinx, error: Exception | None) -> None:
    """Put the finished editions beside the site; into the site, once that is finished."""
    if error is not None or app.builder.name not in ("epub", "html"):
        return
    made = app.builder.name == "epub"
    source, target = (app.outdir, beside(app)) if made else (beside(app), app.outdir / FOLDER)
    for suffix in forms():
        path = Path(source) / f"{PROJECT}.{suffix}"
        if path.is_file():
            target.mkdir(parents=True, exist_ok=True)
            copyfile(path, target / path.name)
