"""The words of our own page furniture, in the language of the edition.

English stands in the code; other languages in locale/<language>/LC_MESSAGES/furniture.po, which
`make catalogues` keeps in step with the code.
"""

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.locale import get_translation
from sphinx.util.i18n import CatalogRepository

from residual.store import ROOT

DOMAIN = "furniture"
LOCALE = ROOT / "locale"

translate = get_translation(DOMAIN)


def words(message: str) -> str:
    """A message of the furniture in the edition's language, as it is where no translation is."""
    return str(translate(message))


def load(app: Sphinx) -> None:
    """Compile the catalogue of the edition's language if it is outdated, and read it."""
    language = app.config.language
    for catalogue in CatalogRepository(LOCALE.parent, [LOCALE.name], language, "utf-8").catalogs:
        if catalogue.domain == DOMAIN and catalogue.is_outdated():
            catalogue.write_mo(language)
    app.add_message_catalog(DOMAIN, str(LOCALE))


def translate_theme(app: Sphinx, config: Config) -> None:
    """The theme's words that _config.yml sets, and the captions of _toc.yml."""
    own = {
        "Search this book": words("Search this book"),
        "On this page": words("On this page"),
        "Chapters": words("Chapters"),
        "Results": words("Results"),
        "About": words("About"),
    }
    options = config.html_theme_options
    for name in ("search_bar_text", "toc_title"):
        if name in options:
            options[name] = own.get(options[name], options[name])
    pages = getattr(config, "external_site_map", {})
    for part in (part for page in pages.values() for part in page.subtrees):
        part.caption = own.get(part.caption, part.caption)


def verdict_word(verdict: str) -> str:
    """A verdict in the edition's language."""
    told = {
        "supported": words("supported"),
        "supported with a caveat": words("supported with a caveat"),
        "not supported": words("not supported"),
        "inconclusive": words("inconclusive"),
        "not run": words("not run"),
        "about the paper": words("about the paper"),
    }
    return told[verdict]
