"""What every chapter carries: how long it takes to read, and the notebook behind it."""

import re

from docutils import nodes
from sphinx.application import Sphinx

from residual.site.links import page_link
from residual.site.versions import is_second

FOLDER = "notebooks/"
WORDS_A_MINUTE = 200
"""A slow reader's pace, for prose with formulas."""


def add_reading_time(app: Sphinx, document: nodes.document) -> None:
    """Put the reading time and a link to the notebook under a chapter's title."""
    docname = app.env.docname
    first = next(document.findall(nodes.section), None)
    if not docname.startswith(FOLDER) or first is None:
        return
    line = nodes.paragraph("", f"Reading time: about {minutes(document)} min. ")
    line += page_link(docname, f"_sources/{docname}.ipynb", "Notebook")
    line += nodes.Text(" with its results.")
    line["classes"].append("reading-time")
    first.insert(1, line)


def minutes(document: nodes.document) -> int:
    """Reading time of the prose: paragraphs, each Chinese character as half a word.

    Of results at several profiles, those shown first count.
    """
    text = " ".join(p.astext() for p in document.findall(nodes.paragraph) if not is_second(p))
    chinese = len(re.findall(r"[\u4e00-\u9fff]", text))
    words = len(re.findall(r"[A-Za-z0-9][^\s\u4e00-\u9fff]*", text))
    return max(1, round((words + chinese / 2) / WORDS_A_MINUTE))
