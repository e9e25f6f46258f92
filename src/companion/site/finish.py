"""The last touches to the written pages, in one pass over each."""

from collections.abc import Callable
from pathlib import Path

from bs4 import BeautifulSoup
from sphinx.application import Sphinx

from companion.site import access, weight
from companion.site.policy import add_policy
from companion.site.sheets import Sheets

Touch = Callable[[BeautifulSoup], None]

TOUCHES: tuple[Touch, ...] = (
    weight.one_viewport,
    weight.one_title,
    weight.describe,
    weight.theme_at_once,
    weight.scripts,
    weight.no_preloads,
    weight.no_advertising,
    weight.pictures_wait,
    access.landmarks,
    access.names,
    access.references,
    access.one_caption,
    access.drawings,
    access.wide_tables,
    access.cells,
    access.units,
    access.networks,
    access.print_button,
)
"""What is done to every page, in this order."""


def finish_pages(app: Sphinx, error: Exception | None) -> None:
    """Mend every page that this build has written; a finished page has its policy already."""
    if error is not None or app.builder.name != "html":
        return
    folder = Path(app.outdir)
    pages = {path: parsed(path) for path in sorted(folder.rglob("*.html"))}
    new = {path: soup for path, soup in pages.items() if soup.head and not finished(soup)}
    for path, soup in new.items():
        for touch in TOUCHES:
            touch(soup)
        weight.picture_sizes(soup, path)
        weight.narrow_drawings(soup, path)
    sheets = Sheets(folder / "_static", pages.values())
    for path, soup in new.items():
        sheets.join(soup, path)
        add_policy(soup, path.relative_to(folder).with_suffix("").as_posix())
        path.write_bytes(str(soup).encode())


def parsed(path: Path) -> BeautifulSoup:
    """A written page."""
    return BeautifulSoup(path.read_text("utf-8"), "html.parser")


def finished(soup: BeautifulSoup) -> bool:
    """Whether an earlier build has finished this page."""
    return soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"}) is not None
