"""The translators' catalogues: in step with the pages, free of the machine, and used."""

import re
from unittest.mock import Mock

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from projects import built, soup
from test_site import PYTHON

from companion.site import catalogues, words
from companion.site.words import LOCALE
from residual.store import ROOT

TEMPLATES = (catalogues.PAGES, catalogues.DOMAIN)
FILES = [LOCALE / f"{name}.pot" for name in TEMPLATES] + catalogues.translations()
CHINESE = re.compile(r"[\u4e00-\u9fff]")
CONF = """
extensions = ["myst_nb", "companion.site"]
nb_execution_mode = "off"
html_theme = "basic"
html_copy_source = True
language = "zh_CN"
locale_dirs = ["locale"]
gettext_compact = "pages"
"""
TRANSLATED = """
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

msgid "Chapter"
msgstr "章节"

msgid "A *sentence* with $x$."
msgstr "一个*句子*和 $x$。"

msgid "Printed."
msgstr "印出。"
"""


@pytest.fixture(scope="module")
def made():
    """The templates as they would be written now."""
    return catalogues.templates()


def ids(catalog):
    return {message.id for message in catalog if message.id}


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_template_is_in_step_with_the_pages(made, name):
    kept = catalogues.read(LOCALE / f"{name}.pot")
    assert ids(kept) == ids(made[name]), "run `make catalogues`"
    assert (LOCALE / f"{name}.pot").read_text("utf-8") == catalogues.text(made[name])


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(LOCALE)))
def test_a_catalogue_says_nothing_of_clock_or_machine(path):
    text = path.read_text("utf-8")
    assert "Date" not in text.partition("\n\n")[0]
    for place in re.findall(r"^#: (.*)$", text, flags=re.M):
        assert all((ROOT / name).is_file() for name in place.split()), place


def test_results_are_not_for_translators(made):
    printed = "the mean test error rises from"
    assert not [message for message in ids(made[catalogues.PAGES]) if printed in message]


@pytest.mark.parametrize("path", catalogues.translations(), ids=lambda path: path.stem)
def test_a_translation_is_in_step_and_in_chinese(path):
    kept = catalogues.read(path)
    assert ids(kept) == ids(catalogues.read(LOCALE / f"{path.stem}.pot"))
    done = [message for message in kept if message.id and message.string]
    assert done
    assert all(CHINESE.search(message.string) for message in done if message.id != "EPUB")
    for message in done:
        holes = (re.findall(r"%s|\{[a-z]+\}`[^`]*`", text) for text in (message.id, message.string))
        assert [h[:4] for h in sorted(next(holes))] == [h[:4] for h in sorted(next(holes))]


def test_the_furniture_is_wholly_translated():
    (path,) = [p for p in catalogues.translations() if p.stem == catalogues.DOMAIN]
    assert not [m.id for m in catalogues.read(path) if m.id and not m.string]


def test_the_landing_page_is_wholly_translated():
    (path,) = [p for p in catalogues.translations() if p.stem == catalogues.PAGES]
    messages = [m for m in catalogues.read(path) if ("index.md", None) in m.locations]
    assert len(messages) > 20
    assert not [m.id for m in messages if not m.string]


def test_notebooks_pages_and_furniture_speak_the_language_of_the_edition(tmp_path):
    (tmp_path / "conf.py").write_text(CONF)
    folder = tmp_path / "locale" / "zh_CN" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "pages.po").write_text(TRANSLATED)
    (tmp_path / "index.md").write_text("# Front\n\n```{toctree}\nnotebooks/one\n```\n")
    (tmp_path / "notebooks").mkdir()
    parameters = new_code_cell("seeds = None", metadata={"tags": ["parameters"]})
    printed = new_output("display_data", data={"text/markdown": "Shown."})
    cells = [
        new_markdown_cell("# Chapter\n\nA *sentence* with $x$."),
        parameters,
        new_code_cell("say()", outputs=[printed]),
    ]
    nbformat.write(new_notebook(cells=cells, metadata=PYTHON), tmp_path / "notebooks/one.ipynb")
    out = built(tmp_path)
    chapter = soup(out / "notebooks/one.html")
    assert chapter.html["lang"] == "zh-CN"
    assert chapter.h1.get_text().startswith("章节")
    assert chapter.find("em").get_text() == "句子"
    assert CHINESE.search(chapter.select_one(".reading-time").get_text())
    assert CHINESE.search(chapter.select_one("details.rerun summary").get_text())
    front = soup(out / "index.html")
    assert front.select_one(".toctree-wrapper a").get_text() == "章节"


def test_the_captions_of_the_contents_and_the_themes_words_are_translated(monkeypatch):
    monkeypatch.setattr(words, "words", {"Chapters": "章节"}.get)
    part, other = Mock(caption="Chapters"), Mock(caption="Something else")
    options = {"toc_title": "Inhalt"}
    pages = {"index": Mock(subtrees=[part, other])}
    config = Mock(html_theme_options=options, external_site_map=pages)
    words.translate_theme(None, config)
    assert (part.caption, other.caption) == ("章节", "Something else")
    assert options == {"toc_title": "Inhalt"}
