"""The book from its sources: papermill executes the chapters, Jupyter Book builds the site.

python -m companion.build          # execute the source notebooks in place, store their outputs
residual book                      # execute them elsewhere, and build the site

Where nothing but pages has changed since the last build, the chapters are not executed again, and
Sphinx reads and writes what the change touches; where nothing has, the site is left as it is.
"""

import ast
import os
import shutil
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir, contextmanager
from hashlib import sha256
from importlib.metadata import distributions
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
import papermill
import yaml

from companion import npm
from companion.settings import Settings
from residual.errors import ReaderError, check_choice, home
from residual.provenance import usable_cores
from residual.store import ROOT, committed, own

CHAPTERS = (
    "01_degradation",
    "02_residual_reformulation",
    "03_zero_weight_identity",
    "04_response_std",
)
PAGES = ("_config.yml", "_toc.yml", "index.md", "book")
BUILD = ROOT / "_build"
SPHINX = ("html", ".doctrees", "jupyter_execute")  # the folders that Sphinx fills
UNSEEN = {".pyc", ".lock", ".part"}
KEY_FIGURE = ROOT / "book" / "_static" / "key-figure.png"
STAMP = "made-from"
"""The file beside the pages of a build that tells what its chapters were executed from."""
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
    npm.obtain()
    output = output.absolute()
    site, index = output / "site", output / "html" / "index.html"
    stamp, now = site / STAMP, made_from(parameters)
    anew = not stamp.is_file() or stamp.read_text() != now
    try:
        if anew:
            forget(output, "site", *SPHINX)
        changed = prepare(site)
    except OSError as error:
        told = f"{output} cannot be written ({error.strerror}): name another folder with --output."
        raise BookError(told) from error
    if anew:
        execute_all(site / "notebooks", parameters)
        stamp.write_text(now)
    if anew or changed or not index.is_file():
        index.unlink(missing_ok=True)  # it is there only where the site is whole
        write_site(site, output)
    index.touch()
    return index


def write_site(site: Path, output: Path) -> None:
    """Jupyter Book on the pages and the executed chapters; BookError holds the end of its log."""
    program = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()"]
    # Jupyter Book writes into the folder _build of the path that it is given.
    command = [*program, "build", "-W", "-n", "--keep-going", "--path-output", output.parent, site]
    how = {"capture_output": True, "encoding": "utf-8", "errors": "replace"}
    result = subprocess.run(list(map(str, command)), **how)
    if result.returncode:
        forget(output, *SPHINX)  # it warns of a page only when it reads it
        raise BookError(result.stdout[-4000:] + result.stderr[-4000:])


def made_from(parameters: dict) -> str:
    """A digest of all that the site is made from but the words of its pages.

    Parameters, code, chapters, records, the reader's own among them, measured speeds, how to cite
    it, the configuration, the names of the pages, and the installed packages.
    """
    held = (ROOT / "src", ROOT / "notebooks", ROOT / "benchmarks" / "results", committed(), own())
    packages = sorted(f"{package.name} {package.version}" for package in distributions())
    sha = sha256(repr([sorted(parameters.items()), packages]).encode())
    told = (ROOT / name for name in ("_config.yml", "_toc.yml", "CITATION.cff"))
    for path in [*told, *(path for folder in held for path in below(folder))]:
        sha.update(f"{path}\n".encode() + sha256(path.read_bytes()).digest())
    return sha256(f"{sha.hexdigest()}{[*map(str, pages())]}".encode()).hexdigest()


def below(folder: Path) -> Iterator[Path]:
    """The files below a folder, in order, without what programs leave beside them."""
    for path in sorted(folder.rglob("*")):
        made = path.suffix in UNSEEN or any(
            part[0] == "." for part in path.relative_to(folder).parts
        )
        if path.is_file() and not made and ".egg-info" not in str(path):
            yield path


def pages() -> list[Path]:
    """The sources of the site but for the chapters, relative to the checkout."""
    found = (path for name in PAGES for path in [ROOT / name, *below(ROOT / name)])
    return [path.relative_to(ROOT) for path in found if path.is_file()]


def forget(output: Path, *names: str) -> None:
    """Remove what earlier builds left."""
    for name in names:
        if (output / name).exists():
            shutil.rmtree(output / name)


def prepare(site: Path) -> bool:
    """A folder with copies of the pages, which can be written even if the sources cannot.

    A copy that is there and the same is left alone, so that Sphinx need not read it again; whether
    any is new.
    """
    (site / "notebooks").mkdir(parents=True, exist_ok=True)
    changed = False
    for page in pages():
        content, target = (ROOT / page).read_bytes(), site / page
        if not target.is_file() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            changed = True
    return changed


def execute_all(folder: Path, parameters: dict) -> None:
    """Execute the chapters into a folder, some at once, each in a kernel of its own."""
    kernels = min(KERNELS, usable_cores())
    with own_kernel(), ThreadPoolExecutor(kernels) as pool:
        os.environ["OMP_NUM_THREADS"] = str(max(1, usable_cores() // kernels))
        jobs = [pool.submit(execute, name, folder, parameters) for name in CHAPTERS]
        try:
            for chapter, job in zip(CHAPTERS, jobs):
                job.result()
                print(f"Executed {chapter}", flush=True)
        except BaseException:  # Ctrl-C, or a chapter that stopped
            print("Waiting for the chapters that are being executed.", flush=True)
            pool.shutdown(cancel_futures=True)
            raise


def execute(chapter: str, folder: Path, parameters: dict) -> None:
    """Execute one chapter into a folder, without a trace of the machine."""
    source, target = ROOT / "notebooks" / f"{chapter}.ipynb", folder / f"{chapter}.ipynb"
    defaults = papermill.inspect_notebook(str(source))
    own = {name: ast.literal_eval(about["default"]) for name, about in defaults.items()}
    given = {name: value for name, value in parameters.items() if value != own[name]}
    try:
        papermill.execute_notebook(
            str(source),
            str(target),
            given,
            kernel_name="python3",
            progress_bar=False,
            extra_arguments=QUIET,
        )
    except papermill.PapermillExecutionError as error:
        raise BookError(f"{source.name} stopped: {error.ename}: {error.evalue}") from None
    nbformat.write(neutral(nbformat.read(target, as_version=4)), target)


@contextmanager
def own_kernel() -> Iterator[None]:
    """Kernels are this interpreter, whatever kernels and settings the reader's home holds, and
    whether or not it can be written to; they start where the chapters lie.

    The folder is that of the process, so all its threads must want the same one, and paths must be
    absolute: papermill, too, changes it and back when it writes.
    """
    from ipykernel.kernelspec import write_kernel_spec

    before = dict(os.environ)
    with TemporaryDirectory() as folder, chdir(ROOT / "notebooks"):
        write_kernel_spec(str(Path(folder, "kernels", "python3")))
        os.environ |= {"JUPYTER_PATH": folder, "JUPYTER_RUNTIME_DIR": folder, "IPYTHONDIR": folder}
        try:
            yield
        finally:
            os.environ.clear()
            os.environ |= before


def neutral(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook without paths, clocks and random ids: the same from one build to the next."""
    notebook.metadata.pop("papermill", None)
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
    return notebook


INSTALL = """\
from importlib.util import find_spec
from pathlib import Path

if find_spec("residual") is None:  # in Colab
    !git clone --quiet --depth 1 {url} book
    !pip install --quiet ./book pandas matplotlib seaborn
if Path("book/notebooks").is_dir():  # also after the runtime was restarted
    %cd book/notebooks"""
"""The first cell of a chapter in a book that has an address; the site does not show it."""


def with_install(notebook: nbformat.NotebookNode, url: str) -> nbformat.NotebookNode:
    """The chapter with the cell that installs the library from an address; without one if the
    address is empty."""
    notebook.cells = [c for c in notebook.cells if "install" not in c.metadata.get("tags", [])]
    if url:
        cell = nbformat.v4.new_code_cell(INSTALL.format(url=url))
        cell.metadata.tags = ["install", "remove-cell"]
        notebook.cells.insert(0, cell)
    return notebook


def refresh(chapters: tuple[str, ...] = CHAPTERS) -> None:
    """Execute the source notebooks in place, and keep README's figure, the first of the book."""
    from companion.display import stored  # with what draws figures, which a build does not use

    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    for chapter in chapters:
        path = ROOT / "notebooks" / f"{chapter}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        nbformat.write(with_install(notebook, config["repository"]["url"]), path)
        with own_kernel(), TemporaryDirectory() as made:  # a chapter that stops leaves its source
            execute(chapter, Path(made), {})
            shutil.copyfile(Path(made, path.name), path)
    pictures, _ = stored(ROOT / "notebooks" / f"{CHAPTERS[0]}.ipynb", "fig-figure-6")
    KEY_FIGURE.write_bytes(b64decode(pictures["image/png"]))


if __name__ == "__main__":
    try:
        for given in sys.argv[1:]:
            check_choice("chapter", given, CHAPTERS)
        refresh(tuple(sys.argv[1:]) or CHAPTERS)
    except ReaderError as error:
        sys.exit(f"Error: {error}")
