"""Faults of the theme and of Sphinx that keep readers out, mended in the written page."""

import re

from bs4 import BeautifulSoup, NavigableString, Tag

UNIT = re.compile(r"(?<=\d) (?=%)")
"""The space between a number and its unit, at which no line may end."""

NETWORK = re.compile(r"\b((?:plain|ResNet)-\d+)\b")
"""A network's name, at whose hyphen no line may end."""

SENTENCES = "main p, main li, main td, main dd, main figcaption"
"""Where numbers stand in sentences; code is left as it is."""

SHORT, LONG = 18, 60
"""A cell of at most so many characters stays on one line; one of more needs room for its lines."""

MANY_COLUMNS = {"results": 5, "table": 8}
"""From so many columns on a table of a class is wider than the text; the latter a chapter's."""

WORDY = 5
"""From so many columns on any of these tables is, if one of its cells has lines."""


def landmarks(soup: BeautifulSoup) -> None:
    """Make the side bar, with the mark and the search, a landmark; a theme's script wants a div."""
    for side in soup.select("#pst-primary-sidebar"):
        side["role"], side["aria-label"] = "complementary", "Book"


def names(soup: BeautifulSoup) -> None:
    """Name controls by the words on them, not by others that speech control cannot match."""
    for tag in soup.select("button.search-button-field, details > summary"):
        del tag["aria-label"]
    for icon in soup.select("i[class*=fa-], span[class*=fa-]"):
        icon["aria-hidden"] = "true"


def references(soup: BeautifulSoup) -> None:
    """Drop roles of the bibliography that ARIA has withdrawn."""
    for tag in soup.select(".citation-list, .citation"):
        del tag["role"]


def one_caption(soup: BeautifulSoup) -> None:
    """Join the two captions that docutils writes where a figure has more than a picture above."""
    for inner in soup.select("figcaption figcaption"):
        inner.unwrap()


def drawings(soup: BeautifulSoup) -> None:
    """Give each figure's picture a place of its own, which scrolls where the picture is wider."""
    for picture in soup.select("article figure.result > img, article figure.result > a:has(> img)"):
        picture.wrap(soup.new_tag("div", attrs={"class": "drawing"}))


def wide_tables(soup: BeautifulSoup) -> None:
    """Let tables of many columns go on into the margin.

    The theme's script draws the contents back there for `full-width`, and fails on a page that has
    no contents.
    """
    classes = ["many-columns"]
    if soup.select_one(".bd-sidebar-secondary"):
        classes.append("full-width")
    for box in soup.select(".pst-scrollable-table-container:has(> table)"):
        kinds = [MANY_COLUMNS[name] for name in box.table.get("class", ()) if name in MANY_COLUMNS]
        wordy = any(length(cell) > LONG for cell in box.select("td"))
        if kinds and len(box.select("thead th")) >= (WORDY if wordy else min(kinds)):
            box["class"] += classes


def cells(soup: BeautifulSoup) -> None:
    """Mark the cells of tables that are not to be squeezed: short names, and sentences."""
    for cell in soup.select("article td"):
        size = length(cell)
        name = "short" if size <= SHORT else "long" if size > LONG else None
        if name:
            cell["class"] = [*cell.get("class", ()), name]


def length(cell: Tag) -> int:
    """How many characters a cell of a table has."""
    return len(cell.get_text(strip=True))


def units(soup: BeautifulSoup) -> None:
    """Keep a number and its per cent sign on one line."""
    for text in sentences(soup, UNIT):
        text.replace_with(UNIT.sub("\u00a0", text))


def networks(soup: BeautifulSoup) -> None:
    """Keep a network's name, such as ResNet-20, on one line."""
    for text in sentences(soup, NETWORK):
        parts = NETWORK.split(text)
        whole = {"class": "network"}
        parts[1::2] = [soup.new_tag("span", attrs=whole, string=name) for name in parts[1::2]]
        text.replace_with(*parts)


def sentences(soup: BeautifulSoup, pattern: re.Pattern) -> list[NavigableString]:
    """The texts in sentences that hold a pattern; code is left out."""
    found = {id(t): t for tag in soup.select(SENTENCES) for t in tag(string=pattern)}.values()
    return [text for text in found if not text.find_parent(("code", "pre", "script"))]


def print_button(soup: BeautifulSoup) -> None:
    """Leave printing to print.js: a script in an attribute would need an unsafe policy."""
    for button in soup.select("button[onclick='window.print()']"):
        del button["onclick"]
