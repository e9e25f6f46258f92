"""Formulas as MathML, for the editions in which no script runs."""

import re
from html import escape
from xml.etree import ElementTree

from docutils import nodes
from latex2mathml import converter
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

LOGGER = logging.getLogger(__name__)

NAME = "mathml"
"""The name of this renderer among Sphinx's."""

INNER = re.compile(r"\\(begin|end)\{(?:aligned|align|split)\}")
"""Environments that the converter knows under another name, or would number by itself."""


class FormulaError(ValueError):
    """A formula that cannot be converted whole; the message holds its TeX."""


def mathml(tex: str, display: str) -> str:
    """TeX as a <math> element; `display` is inline or block.

    FormulaError for TeX that the converter does not know, which it would otherwise show as it is.
    """
    try:
        made = converter.convert(INNER.sub(r"\\\1{align*}", tex), display=display)
        root = ElementTree.fromstring(made)
    except Exception as error:  # the converter raises whatever its parser stumbles on
        raise FormulaError(f"no MathML for {tex!r}: {type(error).__name__}") from error
    if "\\" in "".join(root.itertext()):
        raise FormulaError(f"no MathML for {tex!r}: unknown command")
    return made


def visit_inline(translator: HTML5Translator, node: nodes.math) -> None:
    """A formula in a line of text."""
    translator.body.append(converted(node, "inline"))
    raise nodes.SkipNode


def visit_block(translator: HTML5Translator, node: nodes.math_block) -> None:
    """A formula in a line of its own, with its number if it has one."""
    number = f'<span class="eqno">({node["number"]})</span>' if node.get("number") else ""
    start = translator.starttag(node, "div", CLASS="formula")
    translator.body.append(f"{start}{converted(node, 'block')}{number}</div>\n")
    raise nodes.SkipNode


def converted(node: nodes.math | nodes.math_block, display: str) -> str:
    """The node's formula; a warning, which stops the book, and its TeX where that fails."""
    try:
        return mathml(node.astext(), display)
    except FormulaError as error:
        LOGGER.warning("%s", error, location=node)
        return f"<code>{escape(node.astext())}</code>"
