"""The archive to deposit: complete, and described as CITATION.cff says."""

import json
import zipfile

import pytest
import yaml

from companion import archive
from residual.store import ROOT


@pytest.fixture
def deposited(tmp_path, monkeypatch):
    """An archive of a few sources and a small site, opened."""
    kept = ["CITATION.cff", "runs/quick/plain-20-s0/record.json", "src/residual/models.py"]
    monkeypatch.setattr(archive, "tracked", lambda: kept)
    site = tmp_path / "html"
    (site / "book").mkdir(parents=True)
    for name in ("index.html", "book/claims.html"):
        (site / name).write_text(name)
    with zipfile.ZipFile(archive.write(tmp_path / "deposit.zip", site)) as opened:
        yield opened


def test_it_holds_sources_records_and_the_site(deposited):
    names = set(deposited.namelist())
    assert {"site/index.html", "site/book/claims.html"} <= names
    for name in ("runs/quick/plain-20-s0/record.json", "src/residual/models.py"):
        assert deposited.read(f"sources/{name}") == (ROOT / name).read_bytes()


def test_its_description_says_what_the_citation_file_says(deposited):
    told = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    graph = json.loads(deposited.read("ro-crate-metadata.json"))["@graph"]
    entities = {entity["@id"]: entity for entity in graph}
    root = entities["./"]
    assert (root["name"], root["version"]) == (told["title"], told["version"])
    assert root["license"] == f"https://spdx.org/licenses/{told['license']}"
    (author,), (paper,) = root["author"], root["citation"]
    assert entities[author["@id"]]["name"] == told["authors"][0]["name"]
    assert paper["@id"] == f"https://doi.org/{told['references'][0]['doi']}"
    described = {part["@id"] for part in root["hasPart"]}
    assert {"site/", "sources/CITATION.cff"} <= described


def test_what_is_missing_is_told(tmp_path, monkeypatch):
    with pytest.raises(archive.ArchiveError, match="build it first with `make book`"):
        archive.write(tmp_path / "deposit.zip", tmp_path)
    monkeypatch.setattr(archive, "ROOT", tmp_path)
    with pytest.raises(archive.ArchiveError, match="is no clone"):
        archive.tracked()
