"""Pages of the site made fit for an edition: closed, without scripts, links within the edition."""

import posixpath
import re
from collections.abc import Callable, Collection
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag

from companion.site.access import one_caption

ONLY_ON_THE_SITE = "site-only"
"""A class for what an edition leaves out: links to files beside the pages, what needs scripts."""

OTHER_VERSIONS = ".version:not(.profile-published), .profile-switch, .explorer"
"""What needs the switch between profiles or another script to be seen."""

SCRIPTED = "script, link[rel~=preload], iframe, canvas, button, input, select, form, template"
NUMBERS = ("aria-labelledby", "aria-describedby", "aria-controls", "for", "headers")
"""Attributes that refer to ids of the same page."""

CAMEL_CASE = ("viewBox", "preserveAspectRatio", "gradientUnits", "clipPathUnits")
"""Attributes of SVG that the parser of HTML writes small."""


def docname_of(page: str, path: str) -> str:
    """The name of the page that a link's path leads to, seen from the page `page`."""
    target = posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(path)))
    return re.sub(r"\.x?html$", "", target)


def clean(soup: BeautifulSoup, page: str, pages: Collection[str]) -> BeautifulSoup:
    """Leave out what needs a script or a file that the edition has not; wrap wide tables.

    `page` is the name of this page, `pages` are those of the edition.
    """
    for unwanted in soup.select(f"{SCRIPTED}, {OTHER_VERSIONS}, .{ONLY_ON_THE_SITE}"):
        unwanted.decompose()
    one_caption(soup)
    for element in soup.find_all("noscript"):
        element.unwrap()
    for line in soup.select("summary p"):
        line.decompose() if "expanded" in line.get("class", ()) else line.unwrap()
    for element in soup.find_all(True):
        for name in [n for n in element.attrs if n.startswith("on") or n == "tabindex"]:
            del element[name]
        restore_case(element)
    for table in soup.find_all("table"):
        table.wrap(soup.new_tag("div", attrs={"class": "scroll", "tabindex": "0"}))
    point(soup, page, lambda name, fragment: address(page, name, fragment), pages)
    return soup


def restore_case(element: Tag) -> None:
    """Write the attributes of inline SVG as XML wants them."""
    for name in CAMEL_CASE:
        if name.lower() in element.attrs:
            element[name] = element.attrs.pop(name.lower())


def address(page: str, name: str, fragment: str) -> str:
    """The link from one page of an EPUB to a place of another."""
    if name == page and fragment:
        return f"#{fragment}"
    path = posixpath.relpath(f"{name}.xhtml", posixpath.dirname(page) or ".")
    return f"{path}#{fragment}" if fragment else path


def point(
    soup: BeautifulSoup, page: str, made: Callable[[str, str], str], pages: Collection[str]
) -> None:
    """Give links to pages the address `made(page, fragment)`; links to other files become text."""
    for link in soup.find_all("a", href=True):
        parts = urlsplit(link["href"])
        if parts.scheme or parts.netloc:
            continue
        name = docname_of(page, parts.path) if parts.path else page
        if name in pages:
            link["href"] = made(name, unquote(parts.fragment))
        else:
            link.name = "span"
            del link["href"]


def prefixed(article: Tag, prefix: str) -> None:
    """Put a prefix before every id, and before what refers to one, so that pages can be joined."""
    for element in article.find_all(True):
        if element.get("id"):
            element["id"] = f"{prefix}{element['id']}"
        for name in NUMBERS:
            if element.get(name):
                words = element[name] if isinstance(element[name], list) else element[name].split()
                element[name] = " ".join(f"{prefix}{word}" for word in words)
