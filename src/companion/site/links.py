"""Links from a page to other files of the site, the run records above all."""

from collections.abc import Iterable

from docutils import nodes

from companion.site.words import words

FOLDER = "records"
"""Where the records lie in the built site: records/<profile>/<run>.json."""


def record_link(docname: str, name: str, text: str) -> nodes.reference:
    """A link from the page `docname` to the record of the run `name` (profile/run)."""
    return page_link(docname, f"{FOLDER}/{name}.json", text)


def page_link(docname: str, target: str, text: str) -> nodes.reference:
    """A link from the page `docname` to a file of the built site, named from its root."""
    up = "../" * docname.count("/")
    return nodes.reference("", text, refuri=f"{up}{target}", internal=False)


def record_links(docname: str, names: Iterable[str]) -> list[nodes.Node]:
    """Links to all the records behind a result, folded away."""
    links = [record_link(docname, name, name) for name in names]
    items = (nodes.list_item("", nodes.paragraph("", "", link)) for link in links)
    return folded(words("Run records: %s") % len(links), [nodes.bullet_list("", *items)])


def folded(title: str, content: list[nodes.Node], kind: str = "") -> list[nodes.Node]:
    """Content that opens at a click, in formats other than HTML open from the start.

    `kind` is a class for the style sheet.
    """
    named = f' class="{kind}"' if kind else ""
    start = nodes.raw("", f"<details{named}><summary>{title}</summary>", format="html")
    return [start, *content, nodes.raw("", "</details>", format="html")]
