"""Pages made lighter and steadier: scripts that wait, pictures whose place is kept."""

import re
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

from bs4 import BeautifulSoup
from PIL import Image

from companion.site.images import ENDING, narrow_source, narrowed

LONGEST = 160
"""Characters of a description: what search engines show."""

SEARCH_SCRIPTS = ("searchtools.js", "language_data.js", "searchindex.js")
UNUSED_SCRIPTS = ("fontawesome.js",)
THEME = """
(() => {
  const root = document.documentElement;
  let mode = "auto";
  try {
    mode = localStorage.getItem("mode") || mode;
  } catch {}
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.mode = mode;
  root.dataset.theme = mode === "auto" ? (dark ? "dark" : "light") : mode;
})();
"""
"""How a page takes on the theme that the reader chose, or else the system's."""

PIXELS = {"pt": 4 / 3, "px": 1.0, "": 1.0}
"""CSS pixels in a unit of SVG's width and height."""


def one_viewport(soup: BeautifulSoup) -> None:
    """Keep one of the three viewport settings that themes and Sphinx write."""
    for tag in soup.select('meta[name="viewport"]')[1:]:
        tag.decompose()


def one_title(soup: BeautifulSoup) -> None:
    """Say the book's name once in the landing page's title."""
    page, _, book = soup.title.get_text().partition(" — ")
    if page == book:
        soup.title.string = book


def describe(soup: BeautifulSoup) -> None:
    """Give a page without a description its first sentences, as many as fit."""
    paragraph = next((p for p in soup.select("article section > p") if not p.get("class")), None)
    if soup.find("meta", attrs={"name": "description"}) or not (paragraph or soup.title):
        return
    text = " ".join((paragraph or soup.title).get_text().split())
    meta = soup.new_tag("meta", attrs={"name": "description", "content": shortened(text)})
    soup.title.insert_before(meta, "\n")


def shortened(text: str) -> str:
    """Whole sentences up to the longest description, or else whole words and an ellipsis."""
    if len(text) <= LONGEST:
        return text
    sentences = [match.end() for match in re.finditer(r"[.?!](?= )|[。？！]", text[:LONGEST])]
    if sentences:
        return text[: sentences[-1]]
    return text[: LONGEST - 1].rsplit(" ", 1)[0] + "…"


def scripts(soup: BeautifulSoup) -> None:
    """Let scripts wait for the page, and search with its index load on the search page only."""
    searching = soup.find(id="search-results") is not None
    for tag in soup("script"):
        file = tag.get("src", "").split("?")[0].rsplit("/", 1)[-1]
        if file in UNUSED_SCRIPTS or (file in SEARCH_SCRIPTS and not searching):
            tag.decompose()
        elif file and not tag.has_attr("async"):
            tag["defer"] = ""
        elif (tag.string or "").startswith("DOCUMENTATION_OPTIONS."):
            tag.decompose()  # for a menu of versions and for search as you type: we have neither
    if searching:
        index = soup.find("script", src=re.compile("searchindex"))
        for file in ("texts.js", "search.js"):
            index.insert_before(
                soup.new_tag("script", attrs={"src": f"_static/{file}", "defer": ""})
            )


def no_advertising(soup: BeautifulSoup) -> None:
    """Leave out the theme's place for advertisements, which stays empty."""
    for tag in soup.select("#ethical-ad-placement"):
        tag.find_parent(class_="sidebar-primary-item").decompose()


def theme_at_once(soup: BeautifulSoup) -> None:
    """Settle the reader's theme before anything is drawn.

    The theme does it in its last script: a dark screen would flash white, and every page be styled
    twice. A browser may refuse the remembered choice to a page opened from disk.
    """
    for tag in soup("script", src=False):
        if "dataset.theme =" in (tag.string or ""):
            tag.string = THEME


def pictures_wait(soup: BeautifulSoup) -> None:
    """Let all pictures but a page's first wait until they are near, or later.js asks for them."""
    for image in soup.select("article img")[1:]:
        image["loading"] = "lazy"


def picture_sizes(soup: BeautifulSoup, page: Path) -> None:
    """Write the width and height of local pictures, so that nothing moves when they arrive."""
    for image in soup.select("img[src]"):
        file = page.parent / image["src"].split("?")[0]
        if file.is_file() and not image.get("width"):
            width, height = size(file)
            image["width"], image["height"] = f"{width:.0f}", f"{height:.0f}"
            image["decoding"] = "async"


def no_preloads(soup: BeautifulSoup) -> None:
    """Let scripts that wait for the page not compete with what shows it."""
    for link in soup.select('link[rel~="preload"][as="script"]'):
        link.decompose()


def narrow_drawings(soup: BeautifulSoup, page: Path) -> None:
    """Offer narrow screens the drawing that was made for them, which lies beside the usual one."""
    for image in soup.select("figure.result .drawing > img[src$='.svg']"):
        narrow = narrowed(page.parent / unquote(image["src"]))
        if not narrow.is_file():
            continue
        width, height = size(narrow)
        source = narrow_source(soup, image["src"].removesuffix(".svg") + ENDING)
        source["width"], source["height"] = f"{width:.0f}", f"{height:.0f}"
        image.wrap(soup.new_tag("picture")).insert(0, source)


def size(file: Path) -> tuple[float, float]:
    """Width and height of a picture in CSS pixels."""
    if file.suffix != ".svg":
        with Image.open(file) as image:
            return image.size
    root = ElementTree.parse(file).getroot()
    if root.get("width"):
        return length(root.get("width")), length(root.get("height"))
    _, _, width, height = map(float, root.get("viewBox").split())
    return width, height


def length(text: str) -> float:
    """A length of SVG in CSS pixels."""
    number, unit = re.fullmatch(r"([\d.]+)([a-z]*)", text).groups()
    return float(number) * PIXELS[unit]
