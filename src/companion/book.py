"""The book from its sources: papermill executes the chapters, Jupyter Book builds the site."""

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import nbformat
import papermill

from companion import edition
from companion.chapter import settings
from companion.chapter.display import rendered
from companion.chapter.settings import PUBLISHED
from companion.figures import error_curves
from residual.errors import EngineError
from residual.provenance import usable_cores
from residual.store import ROOT

CHAPTERS = (
    "01_degradation",
    "02_residual_reformulation",
    "03_zero_weight_identity",
    "04_response_std",
)
PAGES = ("_config.yml", "_toc.yml", "index.md", "book", "locale")
BUILD = ROOT / "_build"
KEY_FIGURE = ROOT / "book" / "_static" / "key-figure.svg"
ENGLISH = "en"
KERNELS = 2  # chapters executed at once
QUIET = ["--IPKernelApp.log_level=CRITICAL"]  # what a cell raises comes by papermill


class BookError(EngineError):
    """A chapter stopped or the site could not be built; the message holds the end of the log."""


def build(parameters: dict, language: str = ENGLISH) -> Path:
    """Execute all chapters with these parameters and build the site; its landing page.

    Without a profile the site shows the published records, and beside them smaller profiles. The
    parameters that are a chapter's own defaults are not injected. `language` names a folder of
    locale/; the site of another language than English lies below _build/<language>/.
    """
    if language != ENGLISH and not (ROOT / "locale" / language).is_dir():
        raise BookError(f"language: {language} is not allowed; locale/ has no such folder.")
    named = parameters.get("profile")
    executed = execute_all([named] if named else edition.profiles(parameters), parameters)
    site = (BUILD if language == ENGLISH else BUILD / language / "_build") / "site"
    shutil.rmtree(site, ignore_errors=True)
    (site / "notebooks").mkdir(parents=True)
    for name in PAGES:
        copy(ROOT / name, site / name)
    speak(site / "_config.yml", language)
    for name, notebooks in executed.items():
        nbformat.write(edition.merged(notebooks), site / "notebooks" / name)
    return assemble(site)


def execute_all(
    profiles: list[str], parameters: dict
) -> dict[str, dict[str, nbformat.NotebookNode]]:
    """Each chapter's file name with its executions by profile, a few kernels at a time."""
    sources = [ROOT / "notebooks" / f"{chapter}.ipynb" for chapter in CHAPTERS]
    jobs = [(source, profile) for profile in profiles for source in sources]
    kernels = min(KERNELS, usable_cores())
    variables = {"RESIDUAL_FIGURES": "svg", "OMP_NUM_THREADS": str(usable_cores() // kernels)}
    made: dict[str, dict] = {source.name: {} for source in sources}
    # Processes, since papermill changes the folder of the one that it runs in.
    with environment(variables), ProcessPoolExecutor(kernels, get_context("spawn")) as pool:
        futures = [
            pool.submit(execute, s, BUILD / "executed" / p, parameters | {"profile": p})
            for s, p in jobs
        ]
        try:
            for (source, profile), future in zip(jobs, futures):
                made[source.name][profile] = nbformat.read(future.result(), as_version=4)
        except Exception:
            pool.shutdown(cancel_futures=True)
            raise
    return made


def speak(config: Path, language: str) -> None:
    """Set the language in a copy of _config.yml."""
    told = config.read_text("utf-8")
    config.write_text(told.replace(f"language: {ENGLISH}\n", f"language: {language}\n"), "utf-8")


def copy(source: Path, target: Path) -> None:
    """Copy a file or a folder."""
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy(source, target)


def execute(source: Path, folder: Path, parameters: dict) -> Path:
    """Execute one notebook into the folder: figures as SVG, no trace of the machine."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / source.name
    print(f"Executing {source.name} ({parameters.get('profile', 'as it is')})", flush=True)
    try:
        with environment({"RESIDUAL_FIGURES": "svg"}):
            run(source, target, changed(source, parameters))
    except papermill.PapermillExecutionError as error:
        raise BookError(f"{source.name} stopped: {error.ename}: {error.evalue}") from error
    nbformat.write(neutral(nbformat.read(target, as_version=4)), target)
    return target


def run(source: Path, target: Path, parameters: dict) -> None:
    """Execute a notebook with papermill, in the folder of the sources."""
    papermill.execute_notebook(
        str(source),
        str(target),
        parameters,
        kernel_name="python3",
        progress_bar=False,
        cwd=str(source.parent),
        extra_arguments=QUIET,
    )


@contextmanager
def environment(variables: dict[str, str]) -> Iterator[None]:
    """Environment variables for what happens inside, kernels included; put back afterwards."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def changed(source: Path, parameters: dict) -> dict:
    """The parameters that differ from the notebook's own."""
    defaults = papermill.inspect_notebook(str(source))
    own = {name: ast.literal_eval(about["default"]) for name, about in defaults.items()}
    return {name: value for name, value in parameters.items() if value != own[name]}


def neutral(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook without paths, clocks and random ids: the same from one build to the next."""
    notebook.metadata.pop("papermill", None)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
    return notebook


def assemble(site: Path) -> Path:
    """Make the editions to go, then the site; any warning is an error."""
    output = site.parent
    for name in ("epub", "editions", "html"):
        shutil.rmtree(output / name, ignore_errors=True)
    jupyter_book(site, "--builder", "custom", "--custom-builder", "epub")
    jupyter_book(site)
    return output / "html" / "index.html"


def jupyter_book(site: Path, *options: str) -> None:
    """Run Jupyter Book once; what an earlier run has read is not read again."""
    program = Path(sys.executable).with_name("jupyter-book")
    top = site.parent.parent  # Jupyter Book writes into its folder _build
    command = [program, "build", "-W", "-n", "--keep-going", "--path-output", top, *options, site]
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if result.returncode:
        raise BookError(result.stdout[-4000:] + result.stderr[-4000:])


def refresh() -> None:
    """Execute the source notebooks in place, with figures as PNG, and draw README's figure.

    What `make notebooks` does after a change of code or records.
    """
    for chapter in CHAPTERS:
        path = ROOT / "notebooks" / f"{chapter}.ipynb"
        run(path, path, {})
        nbformat.write(neutral(nbformat.read(path, as_version=4)), path)
    KEY_FIGURE.write_bytes(key_figure())


def key_figure() -> bytes:
    """README's figure as SVG: the first of the book, from the largest profile that has it."""
    return rendered(error_curves(settings(PUBLISHED).runs()), "svg")


if __name__ == "__main__":
    refresh()
