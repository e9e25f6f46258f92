"""The book from its sources: papermill executes the chapters, Jupyter Book builds the site."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import papermill

from residual.paths import ROOT

CHAPTERS = (
    "01_degradation",
    "02_residual_reformulation",
    "03_zero_weight_identity",
    "04_response_std",
)
PAGES = ("_config.yml", "_toc.yml", "index.md", "book")
BUILD = ROOT / "_build"


class BookError(RuntimeError):
    """The site could not be built; the log above says why."""


def build(parameters: dict) -> Path:
    """Execute all chapters with these parameters and build the site; its landing page.

    Parameters that are a chapter's own defaults are not injected.
    """
    site = BUILD / "site"
    shutil.rmtree(site, ignore_errors=True)
    (site / "notebooks").mkdir(parents=True)
    for name in PAGES:
        copy(ROOT / name, site / name)
    for chapter in CHAPTERS:
        execute(ROOT / "notebooks" / f"{chapter}.ipynb", site / "notebooks", parameters)
    return assemble(site)


def copy(source: Path, target: Path) -> None:
    """Copy a file or a folder."""
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy(source, target)


def execute(source: Path, folder: Path, parameters: dict) -> None:
    """Execute one notebook into the folder, with figures as SVG and without traces of the machine."""
    target = folder / source.name
    defaults = papermill.inspect_notebook(str(source))
    injected = {
        name: value
        for name, value in parameters.items()
        if repr(value) != defaults[name]["default"]
    }
    os.environ["RESIDUAL_FIGURES"] = "svg"
    print(f"Executing {source.name}", flush=True)
    papermill.execute_notebook(
        str(source),
        str(target),
        injected,
        kernel_name="python3",
        progress_bar=False,
        log_output=False,
        cwd=str(source.parent),
    )
    nbformat.write(neutral(nbformat.read(target, as_version=4)), target)


def neutral(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook without paths, clocks and random ids: the same from one build to the next."""
    notebook.metadata.pop("papermill", None)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
    return notebook


def assemble(site: Path) -> Path:
    """Run Jupyter Book on the executed chapters; any warning is an error."""
    shutil.rmtree(BUILD / "html", ignore_errors=True)
    jupyter_book = Path(sys.executable).with_name("jupyter-book")
    command = [jupyter_book, "build", "-W", "-n", "--keep-going", "--path-output", ROOT, site]
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if result.returncode:
        raise BookError(result.stdout[-4000:] + result.stderr[-4000:])
    return BUILD / "html" / "index.html"


def refresh() -> None:
    """Execute the source notebooks in place, with figures as PNG: what `make notebooks` does."""
    os.environ["RESIDUAL_FIGURES"] = "png"
    for chapter in CHAPTERS:
        path = ROOT / "notebooks" / f"{chapter}.ipynb"
        papermill.execute_notebook(
            str(path), str(path), kernel_name="python3", progress_bar=False, cwd=str(path.parent)
        )
        nbformat.write(neutral(nbformat.read(path, as_version=4)), path)


if __name__ == "__main__":
    refresh()
