"""The Sphinx extension behind the site: numbered figures, tables of results, local MathJax."""

from sphinx.application import Sphinx

from companion.site import explorers, mathml, touch
from companion.site.assets import (
    copy_mathjax,
    trim,
    use_local_mathjax,
    without_eval,
    without_measuring,
)
from companion.site.benchmarks import BenchmarkFigure, BenchmarkTable
from companion.site.chapters import add_head
from companion.site.editions import EditionLinks, Editions, keep_editions, link_editions
from companion.site.epub import Epub, configure
from companion.site.figures import ChapterFigure, write_data
from companion.site.finish import finish_pages
from companion.site.images import finish_drawings
from companion.site.ledger import Ledger, LedgerTable
from companion.site.networks import forget as forget_networks
from companion.site.provenance import ProvenanceTable, StatusTable, copy_records
from companion.site.results import Degradation, ErrorTable, TrainingTime
from companion.site.search import BilingualSearch, write_texts
from companion.site.sources import PeerTable
from companion.site.summary import ResultSummary
from companion.site.translation import TranslationParser, drop_results
from companion.site.verdicts import forget, publish_verdicts
from companion.site.versions import add_switch, number_seconds, one_version
from companion.site.words import load, translate_theme


def setup(app: Sphinx) -> dict[str, bool]:
    """Register what the pages use; Sphinx calls this."""
    # Jupyter Book sets this for an extension that we leave out.
    app.add_config_value("comments_config", {}, "html")
    app.add_directive("chapter-figure", ChapterFigure)
    app.add_directive("provenance-table", ProvenanceTable)
    app.add_directive("status-table", StatusTable)
    app.add_directive("peer-table", PeerTable)
    app.add_directive("benchmark-table", BenchmarkTable)
    app.add_directive("benchmark-figure", BenchmarkFigure)
    app.add_directive("error-table", ErrorTable)
    app.add_directive("degradation-table", Degradation)
    app.add_directive("training-time", TrainingTime)
    app.add_directive("result-summary", ResultSummary)
    app.add_directive("ledger", Ledger)
    app.add_directive("ledger-table", LedgerTable)
    app.add_directive("touch-identity", touch.TouchIdentity)
    app.add_directive("touch-files", touch.TouchFiles)
    app.add_search_language(BilingualSearch)
    app.add_directive("editions", Editions)
    app.add_node(EditionLinks)
    app.add_builder(Epub, override=True)
    app.add_html_math_renderer(mathml.NAME, (mathml.visit_inline, None), (mathml.visit_block, None))
    app.add_source_parser(TranslationParser, override=True)
    load(app)
    app.connect("config-inited", configure)
    app.connect("config-inited", translate_theme, priority=950)  # after _toc.yml was read
    app.connect("doctree-resolved", link_editions)
    app.connect("doctree-resolved", drop_results)
    app.connect("builder-inited", lambda app: forget())
    app.connect("builder-inited", lambda app: forget_networks())
    app.connect("html-page-context", touch.add_scripts)
    app.connect("config-inited", use_local_mathjax)
    app.connect("doctree-read", add_switch)
    app.connect("doctree-read", add_head)
    app.connect("doctree-resolved", number_seconds)
    app.connect("html-page-context", explorers.add_scripts)
    app.connect("build-finished", copy_mathjax)
    app.connect("build-finished", finish_drawings)
    app.connect("build-finished", copy_records)
    app.connect("build-finished", publish_verdicts)
    app.connect("build-finished", write_data)
    app.connect("build-finished", one_version)
    app.connect("build-finished", touch.write_files)
    app.connect("build-finished", explorers.write_explorers)
    app.connect("build-finished", trim)
    app.connect("build-finished", without_eval)
    app.connect("build-finished", without_measuring)
    app.connect("build-finished", write_texts)
    app.connect("build-finished", finish_pages, priority=900)  # the theme writes a style sheet then
    app.connect("build-finished", keep_editions, priority=901)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
