"""The book from its sources: papermill executes the chapters, Jupyter Book builds the site.

python -m companion.build          # execute the source notebooks in place, store their outputs
residual book                      # execute them elsewhere, and build the site
"""

import ast
import os
import shutil
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
import papermill

from companion import npm
from companion.display import stored
from companion.settings import Settings
from residual.errors import ReaderError, home
from residual.provenance import usable_cores
from residual.store import ROOT

CHAPTERS = (
    "01_degradation",
    "02_residual_reformulation",
    "03_zero_weight_identity",
    "04_response_std",
)
PAGES = ("_config.yml", "_toc.yml", "index.md", "book")
BUILD = ROOT / "_build"
KEY_FIGURE = ROOT / "book" / "_static" / "key-figure.png"
KERNELS = 2  # chapters executed at once
QUIET = ["--IPKernelApp.log_level=CRITICAL"]  # what a cell raises comes by papermill


class BookError(ReaderError, RuntimeError):
    """A chapter stopped or the site could not be built; the message holds the end of the log."""


def build(parameters: dict, output: Path = BUILD) -> Path:
    """Execute all chapters with these parameters and build the site; its landing page.

    Parameters that are a chapter's own defaults are not injected. The site is `output`/html/;
    `output` is named _build, as Jupyter Book wants. What a build needs is tried before it begins:
    ParameterError for a wrong parameter, StoreError for missing records, PackageError for the
    JavaScript that the site ships, BookError where the sources are not at hand, or `output` cannot
    be written.
    """
    if missing := [name for name in (*PAGES, "notebooks") if not (ROOT / name).exists()]:
        raise BookError(f"{ROOT} is no checkout of the book: it lacks {', '.join(missing)}.")
    Settings(**parameters)
    for name in ("RESIDUAL_RUNS", "RESIDUAL_EVIDENCE", "RESIDUAL_DATA"):  # kernels run elsewhere
        if os.environ.get(name):
            os.environ[name] = str(home(os.environ[name]).absolute())
    site = output / "site"
    npm.archive()
    try:
        prepare(site)
    except OSError as error:
        told = f"{output} cannot be written ({error.strerror}): name another folder with --output."
        raise BookError(told) from error
    kernels = min(KERNELS, usable_cores())
    threads = str(max(1, usable_cores() // kernels))
    # Processes, since papermill changes the folder of the one that it runs in.
    with ProcessPoolExecutor(kernels, get_context("spawn")) as pool:
        jobs = [
            pool.submit(execute, chapter, site / "notebooks", parameters, threads)
            for chapter in CHAPTERS
        ]
        for chapter, job in zip(CHAPTERS, jobs):
            job.result()
            print(f"Executed {chapter}", flush=True)
    shutil.rmtree(output / "html", ignore_errors=True)
    program = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    # Jupyter Book writes into the folder _build of the path that it is given.
    command = [*program, "build", "-W", "-n", "--keep-going", "--path-output", output.parent, site]
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if result.returncode:
        raise BookError(result.stdout[-4000:] + result.stderr[-4000:])
    return output / "html" / "index.html"


def prepare(site: Path) -> None:
    """A new folder with copies of the pages, which can be written even if the sources cannot."""
    if site.exists():
        shutil.rmtree(site)
    (site / "notebooks").mkdir(parents=True)
    for name in PAGES:
        for path in [ROOT / name, *(ROOT / name).rglob("*")]:
            if path.is_file():
                target = site / path.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)


def execute(chapter: str, folder: Path, parameters: dict, threads: str | None = None) -> None:
    """Execute one chapter into a folder, without a trace of the machine."""
    source, target = ROOT / "notebooks" / f"{chapter}.ipynb", folder / f"{chapter}.ipynb"
    defaults = papermill.inspect_notebook(str(source))
    own = {name: ast.literal_eval(about["default"]) for name, about in defaults.items()}
    given = {name: value for name, value in parameters.items() if value != own[name]}
    if threads:
        os.environ["OMP_NUM_THREADS"] = threads
    try:
        with own_kernel():
            papermill.execute_notebook(
                str(source),
                str(target),
                given,
                kernel_name="python3",
                progress_bar=False,
                cwd=str(source.parent),
                extra_arguments=QUIET,
            )
    except papermill.PapermillExecutionError as error:
        raise BookError(f"{source.name} stopped: {error.ename}: {error.evalue}") from None
    nbformat.write(neutral(nbformat.read(target, as_version=4)), target)


@contextmanager
def own_kernel() -> Iterator[None]:
    """Kernels are this interpreter, whatever kernels and settings the reader's home holds, and
    whether or not it can be written to."""
    from ipykernel.kernelspec import write_kernel_spec

    with TemporaryDirectory() as folder:
        write_kernel_spec(str(Path(folder, "kernels", "python3")))
        os.environ |= {"JUPYTER_PATH": folder, "JUPYTER_RUNTIME_DIR": folder, "IPYTHONDIR": folder}
        yield


def neutral(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook without paths, clocks and random ids: the same from one build to the next."""
    notebook.metadata.pop("papermill", None)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
    return notebook


def refresh(chapters: tuple[str, ...] = CHAPTERS) -> None:
    """Execute the source notebooks in place, and keep README's figure, the first of the book."""
    for chapter in chapters:
        execute(chapter, ROOT / "notebooks", {})
    pictures, _ = stored(ROOT / "notebooks" / f"{CHAPTERS[0]}.ipynb", "fig-figure-6")
    KEY_FIGURE.write_bytes(b64decode(pictures["image/png"]))


if __name__ == "__main__":
    refresh(tuple(sys.argv[1:]) or CHAPTERS)
