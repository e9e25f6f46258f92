"""Links from a page to the run records, which the site carries as files of its own."""

from docutils import nodes

FOLDER = "records"
"""Where the records lie in the built site: records/<profile>/<run>.json."""


def record_link(docname: str, name: str, text: str) -> nodes.reference:
    """A link from the page `docname` to the record of the run `name` (profile/run)."""
    up = "../" * docname.count("/")
    link = nodes.reference("", text, refuri=f"{up}{FOLDER}/{name}.json", internal=False)
    link["classes"].append("record")
    return link


def record_links(docname: str, names: list[str]) -> nodes.paragraph:
    """One line that links every run behind a figure."""
    line = nodes.paragraph("", "Run records: ")
    for i, name in enumerate(names):
        line += nodes.Text(", " if i else "")
        line += record_link(docname, name, name)
    return line
