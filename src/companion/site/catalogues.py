"""The catalogues for translators: what the pages and our own page furniture say in English.

    python -m companion.site.catalogues      # what `make catalogues` does

writes the templates locale/pages.pot and locale/furniture.pot, and brings every translation below
locale/<language>/LC_MESSAGES/ up to date. A catalogue holds no clock, no line number and no path
but those within the project.
"""

import io
import subprocess
import sys
import tempfile
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from companion.site.words import DOMAIN, LOCALE
from residual.errors import EngineError
from residual.store import ROOT

PAGES = "pages"
"""The catalogue of the pages; _config.yml names it as gettext_compact."""

CODE = ROOT / "src" / "residual" / "site"


class CatalogueError(EngineError):
    """The pages could not be read; the message holds the end of the log."""


def templates() -> dict[str, Catalog]:
    """Both templates, made anew from the pages and from the code."""
    return {PAGES: pages(), DOMAIN: furniture()}


def furniture() -> Catalog:
    """What the code of the site says to readers."""
    catalog = Catalog(project="Identity by Default", charset="utf-8")
    found = extract_from_dir(CODE, [("**.py", "python")], keywords={"words": None})
    for name, _line, message, comments, _context in sorted(found):
        place = (CODE.relative_to(ROOT) / name).as_posix()
        catalog.add(message, locations=[(place, None)], auto_comments=comments)
    return catalog


def pages() -> Catalog:
    """What the pages say, without the results that their cells print."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(Path(sys.executable).with_name("jupyter-book")), "build", "-W", "-n"]
        command += ["--keep-going", "--path-output", folder, "--builder", "custom"]
        command += ["--custom-builder", "gettext", str(ROOT)]
        done = subprocess.run(command, capture_output=True, text=True)
        made = Path(folder) / "_build" / "gettext" / f"{PAGES}.pot"
        if done.returncode or not made.is_file():
            raise CatalogueError(done.stdout[-2000:] + done.stderr[-2000:])
        with made.open("rb") as file:
            return placed(read_po(file), made.parent)


def placed(catalog: Catalog, folder: Path) -> Catalog:
    """The catalogue with places named from the project's root; `folder` is what they start from."""
    made = Catalog(project="Identity by Default", charset="utf-8")
    for message in catalog:
        if message.id:
            found = {(folder / name).resolve() for name, _ in message.locations}
            names = sorted(path.relative_to(ROOT).as_posix() for path in found)
            made.add(message.id, locations=[(name, None) for name in names])
    return made


def text(catalog: Catalog) -> str:
    """A catalogue as a file, the same bytes each time."""
    file = io.BytesIO()
    write_po(file, catalog, width=100, include_lineno=False, ignore_obsolete=True)
    lines = file.getvalue().decode().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(VOLATILE))


VOLATILE = (
    "#\n",
    "# FIRST AUTHOR",
    "# Copyright",
    "# This file is distributed",
    "#, fuzzy\n",
    '"POT-Creation-Date',
    '"PO-Revision-Date',
    '"Last-Translator',
    '"Language-Team',
    '"Report-Msgid-Bugs-To',
    '"Project-Id-Version',
    '"Generated-By',
)
"""Lines of the header that tell of a clock, a person or a version."""


def translations() -> list[Path]:
    """Every translated catalogue."""
    return sorted(LOCALE.glob("*/LC_MESSAGES/*.po"))


def read(path: Path) -> Catalog:
    """A catalogue from a file; its language is the folder's."""
    language = path.parent.parent.name if path.suffix == ".po" else None
    with path.open("rb") as file:
        return read_po(file, locale=language)


def main() -> None:
    """Write the templates and bring the translations up to date with them."""
    LOCALE.mkdir(exist_ok=True)
    made = templates()
    for name, catalog in made.items():
        (LOCALE / f"{name}.pot").write_text(text(catalog), "utf-8")
    for path in translations():
        catalog = read(path)
        catalog.update(made[path.stem], no_fuzzy_matching=True)
        path.write_text(text(catalog), "utf-8")


if __name__ == "__main__":
    main()
