"""One self-contained HTML file from the pages of the EPUB edition."""

import mimetypes
from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from urllib.parse import unquote

from bs4 import BeautifulSoup, Tag

from companion.site.images import narrow_forms, narrow_source
from companion.site.pages import point, prefixed

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""What the file may load: nothing that it does not hold."""

FRAME = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
{style}
</style>
</head>
<body>
{contents}
<main>
{articles}
</main>
</body>
</html>
"""


def single_page(
    folder: Path, title: str, contents: Sequence[tuple[str, str]], style: str, language: str
) -> str:
    """The whole edition as HTML; `contents` holds (page, title) in reading order.

    `folder` holds the pages and their pictures; `style` is the style sheet.
    """
    pages, narrow = [page for page, _ in contents], narrow_forms(folder)
    return FRAME.format(
        language=language,
        policy=POLICY,
        title=escape(title),
        style=style,
        contents=navigation(contents),
        articles="\n".join(str(article(folder, page, pages, narrow)) for page in pages),
    )


def navigation(contents: Sequence[tuple[str, str]]) -> str:
    """The table of contents, folded; titles are HTML already."""
    items = "\n".join(f'<li><a href="#{slug(page)}">{title}</a></li>' for page, title in contents)
    listed = f"<ul>\n{items}\n</ul>"
    return (
        f'<nav aria-label="Contents"><details><summary>Contents</summary>{listed}</details></nav>'
    )


def article(folder: Path, page: str, pages: Sequence[str], narrow: Mapping[str, Path]) -> Tag:
    """One page of the edition: ids made unique, links within the file, pictures inside it.

    `narrow` holds the drawings for narrow screens by the file names of the usual ones.
    """
    soup = BeautifulSoup((folder / f"{page}.xhtml").read_text("utf-8"), "html.parser")
    body = soup.select_one('[role="main"]')
    prefixed(body, f"{slug(page)}--")
    point(body, page, place, pages)
    for image in body.find_all("img"):
        path = (folder / page).parent / unquote(image["src"])
        image["src"] = data(path)
        if path.name in narrow:
            image.wrap(soup.new_tag("picture"))
            image.insert_before(narrow_source(soup, data(narrow[path.name])))
    if page != pages[0]:
        lower(body)
    body.name, body.attrs = "article", {"id": slug(page)}
    return body


def slug(page: str) -> str:
    """A page's name as an id."""
    return page.replace("/", "-")


def place(page: str, fragment: str) -> str:
    """The link to a place in a page."""
    return f"#{slug(page)}--{fragment}" if fragment else f"#{slug(page)}"


def data(path: Path) -> str:
    """A picture as a data: URI."""
    kind = mimetypes.types_map.get(path.suffix, "image/svg+xml")
    return f"data:{kind};base64,{b64encode(path.read_bytes()).decode()}"


def lower(body: Tag) -> None:
    """Move headings down one level, so that the title of the book alone is the first."""
    for level in range(5, 0, -1):
        for heading in body.find_all(f"h{level}"):
            heading.name = f"h{level + 1}"
