"""The EPUB edition: Sphinx's builder, with MathML, our own style, and the same bytes each time."""

import re
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_DNS, uuid5
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from bs4 import BeautifulSoup
from sphinx.application import Sphinx
from sphinx.builders.epub3 import Epub3Builder
from sphinx.config import Config

from companion.site import mathml
from companion.site.cover import cover
from companion.site.drawings import lighter
from companion.site.pages import clean
from companion.site.single import single_page
from companion.site.style import style
from residual import store

PROJECT = "identity-by-default"
STYLE = "edition.css"
COVER = "_static/cover.png"
FIRST = (1980, 1, 1, 0, 0, 0)
"""The earliest moment that a zip archive can hold: that of every file in it."""


def configure(app: Sphinx, config: Config) -> None:
    """Say what book this is; the same for every builder, so that they share what was read."""
    config.version = version(PROJECT)
    config.epub_basename = PROJECT
    config.html_math_renderer = config.html_math_renderer or "mathjax"  # MathML: editions only
    config.epub_title = config.html_title or config.project
    config.epub_description = "Why deep residual networks work, claim by claim."
    config.epub_author = config.epub_publisher = config.author or "unknown"
    config.epub_contributor = config.epub_author
    config.epub_copyright = config.copyright or config.epub_author
    config.epub_identifier = f"urn:uuid:{uuid5(NAMESPACE_DNS, f'{PROJECT} {config.version}')}"
    config.epub_scheme, config.epub_uid = "UUID", "identifier"
    config.epub_cover = (COVER, "epub-cover.html")
    config.epub_tocscope, config.epub_tocdup, config.epub_tocdepth = "includehidden", False, 2
    config.epub_show_urls, config.epub_use_index = "no", False
    config.epub_css_files = []


class Epub(Epub3Builder):
    """Two editions of the same pages: <project>.epub, and <project>.html in a single file."""

    math_renderer_name = mathml.NAME

    def init_css_files(self) -> None:
        self._css_files = []
        self.add_css_file(STYLE)

    def add_css_file(self, filename: str, **options: Any) -> None:
        """Take our style sheet alone; extensions offer theirs."""
        if filename == STYLE:
            super().add_css_file(filename, **options)

    def add_js_file(self, filename: str | None, **options: Any) -> None:
        """Take no script."""

    def copy_static_files(self) -> None:
        """Our style and the cover; nothing of a theme."""
        folder = Path(self.outdir) / "_static"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / STYLE).write_text(style(), "utf-8")
        (folder / Path(COVER).name).write_bytes(cover(self.config.epub_title))

    def copy_image_files(self) -> None:
        """Copy the pictures; drawings are made light."""
        super().copy_image_files()
        for path in (Path(self.outdir) / self.imagedir).glob("*.svg"):
            path.write_text(lighter(path.read_text("utf-8")), "utf-8")

    def content_metadata(self) -> dict[str, Any]:
        """As Sphinx says it, with the date of the newest run record for the time of building."""
        return super().content_metadata() | {"date": last_run()}

    def handle_finish(self) -> None:
        """Make each page fit, pack them, and join them in one file."""
        pages = sorted(self.env.found_docs)
        for page in pages:
            path = Path(self.get_outfilename(page))
            made = clean(BeautifulSoup(path.read_text("utf-8"), "html.parser"), page, pages)
            made.html.attrs |= {"lang": self.config.language, "xml:lang": self.config.language}
            path.write_text(str(made), "utf-8")
        super().handle_finish()
        told = self.config.epub_title, self.contents(), style(), self.config.language
        whole = single_page(Path(self.outdir), *told)
        (Path(self.outdir) / f"{PROJECT}.html").write_text(whole, "utf-8")

    def contents(self) -> list[tuple[str, str]]:
        """(page, title) of every page in reading order; chapters have their number."""
        found = {n["refuri"].removesuffix(".xhtml"): n["text"] for n in self.refnodes}
        numbers = {page: self.env.toc_secnumbers.get(page, {}).get("", ()) for page in found}
        return [
            (page, "".join(f"{number}. " for number in numbers[page]) + text)
            for page, text in found.items()
            if "#" not in page
        ]

    def build_content(self) -> None:
        """Write content.opf; it says which pages hold formulas, and which file is the cover."""
        super().build_content()
        path = Path(self.outdir) / "content.opf"
        path.write_text(re.sub(r"<item [^>]*/>", self.item, path.read_text("utf-8")), "utf-8")

    def toc_metadata(self, level: int, navpoints: list) -> dict[str, Any]:
        """As Sphinx says it, with the identifier itself in place of its name."""
        return super().toc_metadata(level, navpoints) | {"uid": self.config.epub_identifier}

    def item(self, match: re.Match) -> str:
        """One entry of the manifest with the properties that its file needs."""
        name = re.search(r'href="([^"]*)"', match[0])[1]
        if "properties=" in match[0]:
            return match[0]
        held = (Path(self.outdir) / name).read_bytes() if name.endswith(".xhtml") else b""
        told = "cover-image" if name == COVER else "mathml" * (b"<math" in held)
        return match[0].replace("/>", f'properties="{told}"/>') if told else match[0]

    def build_epub(self) -> None:
        """Pack all files; the type comes first and is not compressed."""
        folder = Path(self.outdir)
        first = ["mimetype", "META-INF/container.xml", "content.opf", "toc.ncx"]
        with ZipFile(folder / f"{self.config.epub_basename}.epub", "w") as archive:
            for name in dict.fromkeys([*first, *sorted(self.files)]):
                entry = ZipInfo(name, FIRST)
                entry.compress_type = ZIP_STORED if name == "mimetype" else ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, (folder / name).read_bytes())


def last_run() -> str:
    """When the newest run of the store started, as EPUB writes it; the store's edition is as old.

    An empty store has the first moment of the calendar.
    """
    found = [run for profile in store.profiles() for run in store.every(profile)]
    started = [datetime.fromisoformat(run["provenance"]["started"]) for run in found]
    last = max(started, default=datetime(*FIRST, tzinfo=UTC))
    return last.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
