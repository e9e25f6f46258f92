"""Links from a page to other files of the site, the run records above all."""

from docutils import nodes

FOLDER = "records"
"""Where the records lie in the built site: records/<profile>/<run>.json."""


def record_link(docname: str, name: str, text: str) -> nodes.reference:
    """A link from the page `docname` to the record of the run `name` (profile/run)."""
    return page_link(docname, f"{FOLDER}/{name}.json", text)


def page_link(docname: str, target: str, text: str) -> nodes.reference:
    """A link from the page `docname` to a file of the built site, named from its root."""
    up = "../" * docname.count("/")
    return nodes.reference("", text, refuri=f"{up}{target}", internal=False)


def record_links(docname: str, names: list[str]) -> nodes.paragraph:
    """One line that links every run behind a figure."""
    line = nodes.paragraph("", "Run records: ")
    for i, name in enumerate(names):
        line += nodes.Text(", " if i else "")
        line += record_link(docname, name, name)
    return line
