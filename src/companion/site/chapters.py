"""What every chapter carries: how long it takes to read, the notebook, how to run it again."""

import re

from docutils import nodes
from sphinx.application import Sphinx

from companion.site.links import page_link
from companion.site.pages import ONLY_ON_THE_SITE
from companion.site.rerun import rerun_box
from companion.site.versions import is_second
from companion.site.words import words

FOLDER = "notebooks/"
WORDS_A_MINUTE = 200
"""A slow reader's pace, for prose with formulas."""


def add_head(app: Sphinx, document: nodes.document) -> None:
    """Put reading time, notebook and the way to run it again under a chapter's title."""
    docname = app.env.docname
    first = next(document.findall(nodes.section), None)
    if not docname.startswith(FOLDER) or first is None:
        return
    fold_parameters(document)
    line = nodes.paragraph("", words("Reading time: about %s min.") % minutes(document))
    link = page_link(docname, f"_sources/{docname}.ipynb", words("Notebook with its results"))
    line += nodes.inline("", " ", link, classes=[ONLY_ON_THE_SITE])
    line["classes"].append("reading-time")
    first[1:1] = [line, *rerun_box(app, docname)]


def fold_parameters(document: nodes.document) -> None:
    """Fold the cell that papermill puts below a chapter's parameters, under words of its own."""
    for cell in document.findall(nodes.container):
        if "tag_injected-parameters" in cell["classes"]:
            told = words("The parameters of this edition")
            cell.attributes |= {"hide_mode": "input", "prompt_show": told, "prompt_hide": told}


def minutes(document: nodes.document) -> int:
    """Reading time of the prose: paragraphs, each Chinese character as half a word.

    Of results at several profiles, those shown first count.
    """
    text = " ".join(p.astext() for p in document.findall(nodes.paragraph) if not is_second(p))
    chinese = len(re.findall(r"[\u4e00-\u9fff]", text))
    words = len(re.findall(r"[A-Za-z0-9][^\s\u4e00-\u9fff]*", text))
    return max(1, round((words + chinese / 2) / WORDS_A_MINUTE))
