"""The built site: complete, closed, and fit to be read in a browser.

The fixture `site` of conftest.py says when it is built.
"""

import gzip
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from browser import SIZES, opened, settle, watched
from bs4 import BeautifulSoup

from companion import book
from residual.store import ROOT

HTML = ROOT / "_build" / "html"
TEXTS = {".html", ".js", ".css", ".json", ".ipynb", ".svg", ".txt", ".md"}
PAGES = (
    "index",
    "notebooks/01_degradation",
    "notebooks/02_residual_reformulation",
    "notebooks/03_zero_weight_identity",
    "notebooks/04_response_std",
    "book/results",
    "book/touch",
    "book/claims",
    "book/status",
    "book/provenance",
    "book/speed",
    "book/teaching",
    "book/protocol",
    "book/deviations",
    "book/glossary",
    "book/references",
)
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
BROKEN = """async () => {
    const found = [...document.images];
    await Promise.allSettled(found.map(i => i.decode()));
    return found.filter(i => !i.naturalWidth).map(i => i.getAttribute('src'));
}"""
PAPER = {"width": 718, "height": 1010}  # px of A4 within margins of 1 cm
CUT = """() => [...document.querySelectorAll('article *')]
    .filter(e => e.checkVisibility() && !e.closest('mjx-container'))
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1 || (e.matches('pre')
        && e.scrollWidth > e.clientWidth + 1))
    .map(e => `${e.tagName}: ${e.textContent.slice(0, 60)}`)"""
STOPS_WHERE_WIDE = """() => [...document.querySelectorAll('pre, .cell_output > .output')]
    .filter(e => e.checkVisibility())
    .every(e => e.getAttribute('tabindex') === (e.scrollWidth - e.clientWidth > 2 ? '0' : null))"""
ALL_PICTURES = """() => [...document.images].every(i => i.complete && i.naturalWidth)"""
DRAWINGS = """async () => {
    const all = [...document.querySelectorAll('figure.result img')];
    const found = all.filter(i => i.checkVisibility());
    await Promise.all(found.map(i => i.decode()));
    const fits = i => i.getBoundingClientRect().right <= innerWidth;
    return found.map(i => [i.currentSrc.split('/').pop(), i.naturalWidth, fits(i)]);
}"""
PROSE = """() => {
    const copy = document.querySelector('.bd-article').cloneNode(true);
    copy.querySelectorAll('mjx-container, pre, code, script').forEach(e => e.remove());
    return copy.textContent;
}"""
LATEX = re.compile(r"\$\$|\\(frac|lVert|left|text|mathrm|\(|\[)")


def soup(path):
    return BeautifulSoup(path.read_text("utf-8"), "html.parser")


def test_landing_page_is_the_page_itself(site):
    page = soup(site / "index.html")
    assert page.find("meta", attrs={"http-equiv": "refresh"}) is None
    assert page.h1.get_text().startswith("Identity by Default")


def test_every_page_of_the_contents_is_there_and_no_other(site):
    found = {str(p.relative_to(site).with_suffix("")) for p in site.rglob("*.html")}
    own = {name for name in found if not name.startswith(("_", "editions", "genindex", "search"))}
    assert own == set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_links_and_files_of_a_page_exist(site, name):
    path = site / f"{name}.html"
    page = soup(path)
    wanted = [(t.name, t.get("href") or t.get("src")) for t in page.select("a, link, script, img")]
    missing = []
    for tag, target in wanted:
        parts = urlsplit(target or "")
        if parts.scheme or parts.netloc:
            assert tag == "a", f"{name} loads {target}"
            continue
        file = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if not file.is_file():
            missing.append(target)
        elif parts.fragment and file.suffix == ".html":
            known = page if file == path else soup(file)
            if known.find(id=unquote(parts.fragment)) is None:
                missing.append(target)
    assert not missing


@pytest.mark.parametrize("name", PAGES)
def test_pictures_have_words_and_tables_have_headers(site, name):
    page = soup(site / f"{name}.html")
    assert all(image.get("alt", "").strip() for image in page.select("article img"))
    assert all(table.select("th") for table in page.select("article table"))
    assert page.html.get("lang")


@pytest.mark.parametrize("name", PAGES[1:5])
def test_chapters_show_numbered_figures_with_captions(site, name):
    figures = soup(site / f"{name}.html").select("article figure.result")
    assert figures
    for figure in figures:
        assert figure.get("id", "").startswith("fig-")
        assert figure.select_one(".caption-number")
        assert figure.select_one(".caption-text").get_text(strip=True)


def test_every_icon_in_use_is_drawn(site):
    drawn = set(
        re.findall(r"\.(fa-[a-z-]+) {", (site / "_static" / "icons.css").read_text("utf-8"))
    )
    icons = [i for name in PAGES for i in soup(site / f"{name}.html").select(".fa-solid, .fas")]
    used = {c for icon in icons for c in icon["class"] if c.startswith("fa-")}
    assert used - {"fa-solid", "fa-lg", "fa-fw"} <= drawn


@pytest.mark.parametrize("name", PAGES[:5])
def test_a_page_is_light(site, browser, address, name):
    page = browser.new_page()
    with watched(page) as visit:
        page.goto(f"{address}{name}.html")
        settle(page)
    page.close()
    paths = {urlsplit(url).path.lstrip("/") for url in visit.asked if url.startswith(address)}
    loaded = sum(len(gzip.compress((site / path).read_bytes())) for path in paths)
    assert loaded < 1_000_000


def test_output_names_no_path_of_the_machine(site):
    private = [str(p) for p in {ROOT, Path.home(), Path(tempfile.gettempdir())}]
    found = [
        f"{file.relative_to(site)}: {path}"
        for file in site.rglob("*")
        if file.suffix in TEXTS
        for path in private
        if f"{path}/" in file.read_text("utf-8")
    ]
    assert not found


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("way", ["file", "server"])
def test_every_page_opens_cleanly(site, browser, address, way, size):
    home = address if way == "server" else f"{site.as_uri()}/"
    context = browser.new_context(viewport=SIZES[size])
    troubles = {}
    for name in PAGES:
        page = context.new_page()
        with watched(page) as visit:
            page.goto(f"{home}{name}.html")
            settle(page)
        trouble = {
            "errors": visit.errors,
            "failed": visit.failed,
            "foreign": visit.foreign(home),
            "broken": page.evaluate(BROKEN),
            "latex": LATEX.findall(page.evaluate(PROSE)),
            "overflow": page.evaluate(OVERFLOW),
        }
        page.close()
        troubles |= {f"{name} {what}": found for what, found in trouble.items() if found}
    context.close()
    assert not troubles


def test_without_a_network_the_site_is_whole(site, browser):
    context = browser.new_context(offline=True)
    page = context.new_page()
    with watched(page) as visit:
        page.goto((site / "notebooks/02_residual_reformulation.html").as_uri())
        settle(page)
    assert not visit.errors + visit.failed
    context.close()


def test_the_search_finds_a_word(site, browser):
    page = browser.new_page()
    page.goto(f"{(site / 'search.html').as_uri()}?q=degradation")
    page.wait_for_selector("#search-results li a")
    assert page.locator("#search-results li").count() > 1
    page.close()


def test_the_theme_switches_to_dark(site, browser):
    page = browser.new_page(color_scheme="light")
    page.goto((site / "index.html").as_uri())
    for _ in range(3):
        page.locator(".theme-switch-button:visible").first.click()
        if page.locator("html").get_attribute("data-theme") == "dark":
            break
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.close()


@pytest.mark.parametrize("stored", [None, "light", "dark"])
def test_the_reader_never_sees_another_theme(site, browser, stored):
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    if stored:
        page.goto((site / "search.html").as_uri())
        page.evaluate(f"() => localStorage.setItem('mode', '{stored}')")
    page.add_init_script(
        """window.themes = [];
        const note = () => window.themes.push(document.documentElement.dataset.theme);
        addEventListener('DOMContentLoaded', note);  // before the theme's own script acts
        addEventListener('load', note);"""
    )
    page.goto((site / "notebooks/01_degradation.html").as_uri(), wait_until="load")
    assert page.evaluate("() => window.themes") == [stored or "dark"] * 2
    context.close()


@pytest.mark.parametrize("size", SIZES)
def test_what_a_page_puts_off_comes_without_being_looked_at(site, browser, size):
    page = browser.new_page(viewport=SIZES[size])
    page.goto((site / "notebooks/01_degradation.html").as_uri())
    page.wait_for_function(ALL_PICTURES, timeout=20_000)
    skipped = page.evaluate(
        "() => [...document.querySelectorAll('article > section > section')]"
        ".filter(s => getComputedStyle(s).contentVisibility !== 'visible').length"
    )
    assert skipped == 0
    page.close()


def test_pictures_that_still_wait_are_printed(site, browser):
    page = browser.new_page()
    page.route("**/later.js*", lambda route: route.abort())
    page.goto((site / "notebooks/01_degradation.html").as_uri())
    assert not page.evaluate(ALL_PICTURES)
    page.pdf()
    found = page.evaluate(
        "() => [...document.querySelectorAll('article img')].filter(i => i.checkVisibility())"
        ".map(i => i.complete && i.naturalWidth > 0)"
    )
    assert found
    assert all(found)
    page.close()


@pytest.mark.parametrize("name", PAGES[1:5])
def test_a_link_into_a_page_leads_there_on_a_phone(site, browser, name):
    page = browser.new_page(viewport=SIZES["phone"])
    sections = [s["id"] for s in soup(site / f"{name}.html").select("article > section > section")]
    for section in (sections[len(sections) // 2], sections[-2]):
        page.goto((site / f"{name}.html").as_uri() + f"#{section}")
        settle(page)
        top = page.evaluate(f"() => document.getElementById('{section}').getBoundingClientRect().y")
        assert 0 <= top < SIZES["phone"]["height"] / 3
    page.close()


def test_the_dark_theme_prints_on_white(site, browser):
    page = browser.new_page(color_scheme="dark")
    page.goto((site / "index.html").as_uri())
    seen = "() => { window.seen = document.documentElement.dataset.theme; }"
    page.evaluate(f"() => addEventListener('beforeprint', {seen})")
    page.pdf()
    assert page.evaluate("() => window.seen") == "light"
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.close()


def test_paper_cuts_nothing_off(site, browser):
    page = browser.new_page(viewport=PAPER)
    page.emulate_media(media="print")
    wide = {}
    for name in PAGES:
        page.goto((site / f"{name}.html").as_uri())
        settle(page)
        wide[name] = page.evaluate(CUT)
    page.close()
    assert not {name: found for name, found in wide.items() if found}


@pytest.mark.parametrize("name", [*PAGES[:5], "book/results", "book/speed"])
def test_a_phone_shows_drawings_made_for_it(site, browser, name):
    page = opened(browser, site / f"{name}.html", viewport=SIZES["phone"])
    drawings = page.evaluate(DRAWINGS)
    page.close()
    assert drawings
    assert not [d for d in drawings if not (d[0].endswith("-narrow.svg") and d[1] < 360 and d[2])]


@pytest.mark.parametrize("width", [768, 991, 992, 1199, 1200])
@pytest.mark.parametrize("name", ["book/provenance", "notebooks/01_degradation"])
def test_no_window_is_too_narrow_for_tables_and_margin_notes(site, browser, name, width):
    page = opened(browser, site / f"{name}.html", viewport={"width": width, "height": 900})
    assert page.evaluate(OVERFLOW) == 0
    page.close()


@pytest.mark.parametrize("size", SIZES)
def test_what_scrolls_sideways_says_so(site, browser, size):
    page = opened(browser, site / "book/provenance.html", viewport=SIZES[size])
    table = page.locator(".pst-scrollable-table-container.more-right").first
    table.wait_for()
    assert table.evaluate("e => e.tabIndex") == 0
    table.evaluate("e => e.scrollTo(e.scrollWidth, 0)")
    page.locator(".pst-scrollable-table-container.more-left:not(.more-right)").first.wait_for()
    page.close()


@pytest.mark.parametrize("size", SIZES)
def test_a_box_is_a_stop_for_the_keyboard_while_it_is_wider_than_its_place(site, browser, size):
    page = opened(browser, site / "notebooks/01_degradation.html", viewport=SIZES[size])
    page.wait_for_function(STOPS_WHERE_WIDE)
    folded = page.locator("pre[tabindex]").count()
    page.evaluate("() => document.querySelectorAll('details').forEach(e => { e.open = true; })")
    page.wait_for_function(STOPS_WHERE_WIDE)
    assert page.locator("pre[tabindex]").count() > folded
    page.set_viewport_size({"width": 320, "height": 900})
    page.wait_for_function(STOPS_WHERE_WIDE)
    page.close()


def test_the_contents_come_back_under_the_keyboard_beside_a_margin_note(site, browser):
    page = opened(browser, site / "notebooks/01_degradation.html", viewport=SIZES["desktop"])
    column = page.locator(".bd-sidebar-secondary.hide")
    column.wait_for()
    note = page.locator("aside.margin").first.bounding_box()
    assert column.bounding_box()["height"] <= note["y"]
    link = column.locator("nav a").first
    link.focus()
    page.wait_for_function(
        "() => getComputedStyle(document.querySelector('nav.page-toc')).opacity == 1"
    )
    assert column.bounding_box()["height"] > 100
    page.close()


def test_folded_code_opens(site, browser):
    page = browser.new_page()
    page.goto((site / "notebooks/01_degradation.html").as_uri())
    folded = page.locator("details.hide").first
    code = folded.locator("pre").first
    assert not code.is_visible()
    folded.locator("summary").click()
    code.wait_for(state="visible")
    page.close()


def digests(folder):
    """The SHA-256 of every file below a folder, by its path."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {p.relative_to(folder): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.mark.slow
def test_building_twice_gives_the_same_bytes(tmp_path):
    """A second time here, and as somebody else would: in another folder."""
    book.build({})
    first = digests(HTML)
    book.build({})
    assert digests(HTML) == first
    for name in (*book.PAGES, "notebooks", "src", "runs", "benchmarks"):
        book.copy(ROOT / name, tmp_path / name)
    code = "from companion import book; print(book.build({}))"
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "src")}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
    assert digests(tmp_path / "_build" / "html") == first


def test_the_pages_lead_one_to_the_next(site):
    """Next and previous, page after page, in the order of the contents."""

    def target(page, way):
        link = page.select_one(f"a.{way}")
        return link and (site / name).parent.joinpath(link["href"]).resolve()

    found = {"right-next": [], "left-prev": []}
    for name in PAGES:
        page = BeautifulSoup((site / f"{name}.html").read_text("utf-8"), "html.parser")
        for way, targets in found.items():
            targets.append(target(page, way))
    order = [(site / f"{name}.html").resolve() for name in PAGES]
    assert found == {"right-next": [*order[1:], None], "left-prev": [None, *order[:-1]]}


@pytest.mark.slow
def test_the_sources_build_without_being_executed(tmp_path):
    """What `jupyter-book build .` does in a clone: from the notebooks' stored results."""
    for name in (*book.PAGES, "notebooks"):
        book.copy(ROOT / name, tmp_path / name)
    program = Path(sys.executable).with_name("jupyter-book")
    subprocess.run([program, "build", "-W", "-n", "."], cwd=tmp_path, check=True)
    assert (tmp_path / "_build" / "html" / "notebooks" / "04_response_std.html").is_file()
