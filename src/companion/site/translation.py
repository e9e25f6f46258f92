"""What makes the pages, notebooks included, translatable with Sphinx's gettext catalogues."""

from docutils import nodes
from myst_nb.sphinx_ import Parser
from myst_parser.parsers.sphinx_ import MystParser
from sphinx.application import Sphinx

TRANSLATED = ":<translated>"
"""How Sphinx ends the source path of a sentence that it takes from a catalogue."""


COMPUTED = {"claim", "result", "results", "tally", "tally-legend"}
"""Classes of what our directives make from the records."""


class TranslationParser(Parser):
    """myst-nb's parser, which by itself takes a translated sentence for a whole notebook."""

    def parse(self, inputstring: str, document: nodes.document) -> None:
        """Parse a page, or the translation of one of its sentences."""
        if str(document["source"]).endswith(TRANSLATED):
            MystParser.parse(self, inputstring, document)
        else:
            super().parse(inputstring, document)


def drop_results(app: Sphinx, document: nodes.document, docname: str) -> None:
    """Leave what is computed out of the catalogue: it changes with the runs."""
    if app.builder.name != "gettext":
        return
    for node in list(document.findall(nodes.Element)):
        if node.get("nb_element") == "cell_code_output" or COMPUTED & set(node.get("classes", ())):
            node.parent.remove(node)
