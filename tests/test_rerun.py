"""The re-run box of a chapter: the command is the chapter's own, the buttons lead somewhere."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import nbformat
import projects
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from test_site import PYTHON

from companion.book import CHAPTERS
from companion.site import rerun
from residual.store import ROOT

ADDRESS = "https://github.com/some-one/a.book"
CONF = """
extensions = ["myst_nb", "companion.site"]
nb_execution_mode = "off"
html_theme = "basic"
html_copy_source = True
html_sourcelink_suffix = ""
"""


def config(folder, url, branch="main"):
    path = folder / "_config.yml"
    path.write_text(yaml.safe_dump({"repository": {"url": url, "branch": branch}}))
    return path


def built(folder, url):
    """The chapter's page of a little project whose repository has this address."""
    config(folder, url)
    (folder / "conf.py").write_text(CONF)
    (folder / "index.md").write_text("# Front\n\n```{toctree}\nnotebooks/one\n```\n")
    (folder / "notebooks").mkdir()
    cells = [
        new_markdown_cell("# One\n\nText."),
        new_code_cell("depths = [20, 56]\nseeds = None", metadata={"tags": ["parameters"]}),
        new_code_cell("depths = [8]", metadata={"tags": ["injected-parameters"]}),
    ]
    nbformat.write(new_notebook(cells=cells, metadata=PYTHON), folder / "notebooks" / "one.ipynb")
    page = projects.built(folder) / "notebooks" / "one.html"
    return projects.soup(page).select_one("details.rerun"), page


def test_without_an_address_the_box_offers_the_command_and_the_notebook(tmp_path):
    box, page = built(tmp_path, "")
    assert box.summary.get_text() == "Re-run this chapter"
    assert "papermill notebooks/one.ipynb out.ipynb" in box.pre.get_text()
    assert "{depths: [8], seeds: null}" in box.pre.get_text()
    (button,) = box.select("a.button")
    assert button.has_attr("download")
    assert (page.parent / button["href"]).is_file()
    assert "once the repository has a public address" in box.get_text()


def test_what_papermill_was_given_is_folded(tmp_path):
    _, page = built(tmp_path, "")
    cell = projects.soup(page).select_one(".tag_injected-parameters")
    assert cell.details.summary.get_text().strip().startswith("The parameters of this edition")
    assert "depths = [8]" in cell.details.pre.get_text()
    assert projects.soup(page).select_one(".tag_parameters > .cell_input pre")


def test_with_an_address_both_services_are_offered(tmp_path):
    box, _ = built(tmp_path, ADDRESS)
    assert [a.get_text() for a in box.select("a.button")] == [
        "Download the notebook",
        "Open in Colab",
        "Open in Binder",
    ]
    assert f"git clone --quiet --depth 1 --branch main {ADDRESS}" in box.get_text()
    assert "public address" not in box.get_text()


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_targets_name_files_of_this_checkout(tmp_path, chapter):
    owner, name, branch = rerun.repository(config(tmp_path, ADDRESS + ".git", "trunk"))
    assert (owner, name, branch) == ("some-one", "a.book", "trunk")
    path = f"notebooks/{chapter}.ipynb"
    colab, binder = rerun.targets(owner, name, branch, path).values()
    head = "https://colab.research.google.com/github/some-one/a.book/blob/trunk/"
    assert colab == head + path
    assert (ROOT / colab.removeprefix(head)).is_file()
    parts = urlsplit(binder)
    assert binder.startswith("https://mybinder.org/v2/gh/some-one/a.book/trunk?")
    (inside,) = parse_qs(parts.query)["urlpath"]
    assert (ROOT / inside.removeprefix("lab/tree/")).is_file()


def test_binder_finds_the_environment_at_the_root_and_installs_the_checkout():
    told = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert "--editable=." in told["dependencies"][-1]["pip"]


@pytest.mark.parametrize("url", ["", None, "https://example.org/a/b", "https://github.com/a"])
def test_what_is_no_repository_on_github_has_no_targets(tmp_path, url):
    assert rerun.repository(config(tmp_path, url)) is None


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_papermill_takes_the_line_of_a_chapter(tmp_path, chapter):
    path = ROOT / "notebooks" / f"{chapter}.ipynb"
    values = rerun.parameters(path)
    assert set(values) == {"profile", "depths", "seeds", "device", "iterations"}
    line = rerun.papermill_line(f"notebooks/{chapter}", values)
    program, source, target, *options = shlex.split(line.replace("\\\n", " "))
    assert (ROOT / source).is_file()
    command = [str(Path(sys.executable).with_name(program)), source, str(tmp_path / target)]
    command += [*options, "--prepare-only", "--no-progress-bar"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert rerun.parameters(tmp_path / target) == values
    cells = nbformat.read(tmp_path / target, as_version=4).cells
    assert any("injected-parameters" in cell.metadata.get("tags", []) for cell in cells)


def test_papermill_is_on_the_path_of_the_environment():
    assert shutil.which("papermill", path=str(Path(sys.executable).parent))
