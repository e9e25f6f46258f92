"""One archive to deposit: sources, records and built site, described as an RO-Crate.

The description (ro-crate-metadata.json, https://www.researchobject.org/ro-crate) says what
CITATION.cff says: title, authors, licence, version, and the paper that the book is about.
"""

import subprocess
import sys
from pathlib import Path

import yaml
from rocrate.model import ContextEntity
from rocrate.rocrate import ROCrate

from companion.build import BUILD
from residual.errors import ReaderError
from residual.store import ROOT


class ArchiveError(ReaderError, RuntimeError):
    """Something that belongs into the archive is not there; the message says how to make it."""


def tracked() -> list[str]:
    """The files that git keeps, relative to the checkout; ArchiveError where there is no git."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z"]
    try:
        shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise ArchiveError(f"{ROOT} is no clone: git says what an archive holds.") from error
    return [name for name in shown.split("\0") if name and (ROOT / name).is_file()]


def described(told: dict) -> ROCrate:
    """An empty crate that says what a CITATION.cff says."""
    crate = ROCrate()
    crate.name = told["title"]
    crate.description = f"{told['title']}: sources, run records and built site."
    crate.license = f"https://spdx.org/licenses/{told['license']}"
    crate.root_dataset["version"] = str(told["version"])
    for number, author in enumerate(told["authors"], start=1):
        kind = "Organization" if "name" in author else "Person"
        name = author.get("name") or f"{author['given-names']} {author['family-names']}"
        about = {"@type": kind, "name": name}
        maker = author.get("orcid") or f"#author-{number}"
        crate.root_dataset.append_to("author", crate.add(ContextEntity(crate, maker, about)))
    for paper in told.get("references", ()):
        about = {"@type": "ScholarlyArticle", "name": paper["title"]}
        cited = ContextEntity(crate, f"https://doi.org/{paper['doi']}", about)
        crate.root_dataset.append_to("citation", crate.add(cited))
    return crate


def write(target: Path | None = None, site: Path = BUILD / "html") -> Path:
    """Write the archive (None: _build/identity-by-default-VERSION.zip), and say where it is.

    ArchiveError where the site has not been built, or there is no git to list the sources.
    """
    if not (site / "index.html").is_file():
        raise ArchiveError(f"{site} holds no site: build it first with `make book`.")
    told = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    crate = described(told)
    for name in tracked():
        crate.add_file(ROOT / name, f"sources/{name}")
    crate.add_dataset(site, "site", properties={"name": "The built site: open index.html"})
    target = target or BUILD / f"identity-by-default-{told['version']}.zip"
    crate.write_zip(target)
    return target


if __name__ == "__main__":
    try:
        print(f"The archive is {write()}")
    except ReaderError as error:
        sys.exit(f"Error: {error}")
