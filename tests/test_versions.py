"""Results at two profiles on one page, and the switch between them in a browser."""

import json
import subprocess
import sys

import nbformat
import pytest
from browser import settle, watched
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from test_site import ABOUT, CONF, PYTHON, SVG, picture

from companion import edition
from companion.site import versions
from residual.store import ROOT

STATIC = f"""
html_sourcelink_suffix = ""
html_static_path = [{str(ROOT / "book" / "_static")!r}]
html_css_files = ["profiles.css"]
html_js_files = [("profiles.js", {{"defer": "defer"}})]
"""
LONG = "word " * 400


def chapter(name):
    """A chapter executed at one profile."""
    drawn = picture({"image/svg+xml": SVG}, ABOUT | {"caption": f"Seen at {name}."})
    told = picture({"text/markdown": f"{LONG} told at {name}."}, None)
    box = picture({"text/html": f'<div id="box">box at {name}</div>'}, None)
    same = picture({"text/markdown": "the same everywhere"}, None)
    outputs = ([drawn], [told, box], [same])
    cells = [new_markdown_cell("# Chapter"), *(new_code_cell("show()", outputs=o) for o in outputs)]
    return new_notebook(cells=cells, metadata=PYTHON)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A little project whose one chapter shows two profiles."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "notebooks").mkdir()
    both = edition.merged({name: chapter(name) for name in ("published", "quick")})
    nbformat.write(both, folder / "notebooks" / "chapter.ipynb")
    (folder / "conf.py").write_text(CONF + STATIC)
    (folder / "index.md").write_text(
        "# Front\n\n```{chapter-figure} fig-made-up\n:chapter: notebooks/chapter\n```\n\n"
        "```{chapter-figure} fig-missing\n:chapter: notebooks/chapter\n:optional:\n```\n\n"
        "```{toctree}\nnotebooks/chapter\n```\n"
    )
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "-q", "-b", "html", ".", "out/html"]
    environment = {"RESIDUAL_EVIDENCE": str(folder / "no-runs"), "PATH": "/usr/bin:/bin"}
    environment["PYTHONPATH"] = str(ROOT / "src")
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "out" / "html"


@pytest.fixture(scope="module")
def soup(built):
    return BeautifulSoup((built / "notebooks" / "chapter.html").read_text("utf-8"), "html.parser")


def test_both_versions_are_in_the_page_and_say_whose_they_are(soup):
    for name in ("published", "quick"):
        text = " ".join(found.get_text() for found in soup.select(f".version.profile-{name}"))
        assert f"Seen at {name}." in text
        assert f"told at {name}." in text
    assert soup.find(string="the same everywhere").find_parent(class_="version") is None


def test_the_second_figure_has_the_number_of_the_first_and_an_id_of_its_own(soup):
    first, second = soup.select("figure")
    assert (first["id"], second["id"]) == ("fig-made-up", "fig-made-up-quick")
    assert first.select_one(".caption-number").get_text().strip() == "Fig. 1"
    assert second.select_one(".caption-number").get_text().strip() == "Fig. 1 (quick)"


def test_ids_are_unique(soup):
    ids = [tag["id"] for tag in soup.select("[id]")]
    assert len(ids) == len(set(ids))
    assert "box-quick" in ids


def test_the_switch_stands_below_the_title_and_waits_for_its_script(soup):
    box = soup.select_one("h1").find_next("fieldset")
    assert box.has_attr("hidden")
    assert [i["value"] for i in box.select("input")] == ["published", "quick"]
    assert [i["value"] for i in box.select("input[checked]")] == ["published"]
    assert "8×8 digits, 200 iterations" in box.get_text()


def test_reading_time_counts_one_version(soup):
    assert "about 2 min" in soup.select_one(".reading-time").get_text()


def test_the_notebook_to_download_and_other_pages_show_one_version(built):
    text = (built / "_sources" / "notebooks" / "chapter.ipynb").read_text("utf-8")
    assert "told at published" in text
    assert "told at quick" not in text
    assert json.loads(text)["nbformat"] == 4
    front = (built / "index.html").read_text("utf-8")
    assert "Seen at published." in front
    assert "Seen at quick." not in front
    assert "Not run: the store has no record for this figure." in front


def test_a_page_without_versions_has_no_switch():
    document = nodes_of("<p>Nothing.</p>")
    versions.add_switch(None, document)
    assert "fieldset" not in document.pformat()


def nodes_of(html):
    """A document with a title and some HTML."""
    from docutils import nodes
    from docutils.utils import new_document

    document = new_document("page")
    document += nodes.section("", nodes.title("", "Title"), nodes.raw("", html, format="html"))
    return document


@pytest.fixture
def page(built, browser):
    """The chapter, opened from disk by a reader without a remembered choice."""
    context = browser.new_context()
    opened = context.new_page()
    with watched(opened) as visit:
        opened.goto((built / "notebooks" / "chapter.html").as_uri())
        settle(opened)
        yield opened
    context.close()
    assert not visit.errors + visit.failed


def seen(page):
    """Which figure is on show."""
    return [f.get_attribute("id") for f in page.locator("figure").all() if f.is_visible()]


def test_the_switch_works_by_keyboard_and_is_remembered(page):
    assert seen(page) == ["fig-made-up"]
    page.locator("fieldset input").first.focus()
    page.keyboard.press("ArrowDown")
    assert seen(page) == ["fig-made-up-quick"]
    page.reload()
    assert seen(page) == ["fig-made-up-quick"]
    page.locator("fieldset label").first.click()
    assert seen(page) == ["fig-made-up"]


def test_an_address_in_a_hidden_version_leads_to_its_twin(page):
    page.locator("fieldset label").nth(1).click()
    page.evaluate("() => scrollTo(0, document.body.scrollHeight)")
    page.evaluate("() => { location.hash = 'fig-made-up'; }")
    page.wait_for_function(
        "() => { const box = document.getElementById('fig-made-up-quick').getBoundingClientRect();"
        " return box.top >= 0 && box.top < innerHeight; }"
    )


def test_print_shows_what_is_published(page):
    page.locator("fieldset label").nth(1).click()
    page.emulate_media(media="print")
    assert seen(page) == ["fig-made-up"]
    assert not page.locator("fieldset").is_visible()


def test_without_script_the_published_version_stands_alone(built, browser):
    context = browser.new_context(java_script_enabled=False)
    opened = context.new_page()
    opened.goto((built / "notebooks" / "chapter.html").as_uri())
    assert seen(opened) == ["fig-made-up"]
    assert not opened.locator("fieldset").is_visible()
    context.close()


def test_a_browser_that_forgets_still_switches(built, browser):
    context = browser.new_context()
    forbidden = "Object.defineProperty(window, 'localStorage', {get() { throw new Error('no'); }})"
    context.add_init_script(forbidden)
    opened = context.new_page()
    opened.goto((built / "notebooks" / "chapter.html").as_uri())
    opened.locator("fieldset label").nth(1).click()
    assert seen(opened) == ["fig-made-up-quick"]
    context.close()
