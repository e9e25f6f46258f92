"""What a build does again, and what it leaves alone because nothing beneath it has changed."""

import json
import shutil
from types import SimpleNamespace
from unittest.mock import Mock

import nbformat
import pytest
import yaml
from jupyter_book.sphinx import build_sphinx

from companion import build, extension, pages
from residual.store import ROOT


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout of the book's sources alone, in which each call of a program is only noted."""
    root, called = tmp_path / "checkout", []
    for name in ("_config.yml", "_toc.yml", "CITATION.cff", "index.md"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    for name in ("src/rule.py", "book/page.md", "book/other.md", "runs/quick/a/record.json"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    for chapter in build.CHAPTERS:
        (root / "notebooks").mkdir(exist_ok=True)
        (root / "notebooks" / f"{chapter}.ipynb").write_text("{}")
    monkeypatch.setenv("RESIDUAL_EVIDENCE", str(root / "runs"))
    monkeypatch.setenv("RESIDUAL_RUNS", str(root / "my-runs"))
    monkeypatch.setattr(build, "ROOT", root)

    def execute(folder, _parameters):
        called.append("chapters")

    def sphinx(command, **_options):
        called.append("sphinx")
        (root / "_build" / "html").mkdir(exist_ok=True)
        (root / "_build" / "html" / "index.html").touch()
        failed = root / "book" / "page.md"
        return SimpleNamespace(returncode=failed.read_text() == "wrong", stdout="", stderr="")

    monkeypatch.setattr(build.npm, "obtain", lambda: None)
    monkeypatch.setattr(build, "execute_all", execute)
    monkeypatch.setattr(build, "subprocess", SimpleNamespace(run=sphinx))
    return root, called


def built(root, called, **parameters):
    """What one build does."""
    called.clear()
    build.build(parameters, root / "_build")
    return called


def test_chapters_are_executed_again_only_if_what_they_rest_on_has_changed(checkout):
    root, called = checkout
    assert built(root, called) == ["chapters", "sphinx"]
    assert built(root, called) == []
    for name in ("src/rule.py", "runs/quick/a/record.json", "_config.yml"):
        (root / name).write_text((root / name).read_text() + "\n")
        assert built(root, called) == ["chapters", "sphinx"], name
    (root / "my-runs/quick/b").mkdir(parents=True)
    (root / "my-runs/quick/b/record.json").write_text(json.dumps({}))
    assert built(root, called) == ["chapters", "sphinx"]
    assert built(root, called, depths=[8]) == ["chapters", "sphinx"]


def test_of_the_pages_only_those_that_changed_are_copied(checkout):
    root, called = checkout
    built(root, called)
    copies = {name: root / "_build/site/book" / name for name in ("page.md", "other.md")}
    before = {name: path.stat().st_mtime_ns for name, path in copies.items()}
    (root / "book/page.md").write_text("new words")
    assert built(root, called) == ["sphinx"]
    assert copies["page.md"].read_text() == "new words"
    assert copies["other.md"].stat().st_mtime_ns == before["other.md"]


def test_a_page_that_is_gone_leaves_nothing_behind(checkout):
    root, called = checkout
    built(root, called)
    left = root / "_build/html/book/other.html"
    left.parent.mkdir(parents=True)
    left.touch()
    (root / "book/other.md").unlink()
    assert built(root, called) == ["chapters", "sphinx"]
    assert not left.exists()
    assert not (root / "_build/site/book/other.md").exists()


def test_after_a_failure_every_page_is_read_again(checkout):
    root, called = checkout
    built(root, called)
    (root / "book/page.md").write_text("wrong")
    (root / "_build/.doctrees").mkdir()
    with pytest.raises(build.BookError):
        built(root, called)
    assert called == ["sphinx"]
    assert not (root / "_build/.doctrees").exists()
    assert not (root / "_build/html").exists()


def test_after_an_interruption_the_site_is_made_again(checkout, monkeypatch):
    root, called = checkout
    built(root, called)
    (root / "book/page.md").write_text("new words")
    sphinx = build.subprocess.run
    monkeypatch.setattr(build.subprocess, "run", Mock(side_effect=KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        built(root, called)
    monkeypatch.setattr(build.subprocess, "run", sphinx)
    assert built(root, called) == ["sphinx"]
    assert built(root, called) == []


@pytest.mark.parametrize("there", [True, False])
def test_a_computed_page_depends_on_the_stamp_of_the_build(there, tmp_path):
    noted = []
    env = SimpleNamespace(
        srcdir=tmp_path,
        note_dependency=lambda path: noted.append(path),
        note_reread=lambda: noted.append("always"),
    )
    if there:
        (tmp_path / build.STAMP).touch()
    pages.note_inputs(env)
    assert noted == [str(tmp_path / build.STAMP) if there else "always"]


URL = "https://github.com/someone/fork"
NEEDS_ADDRESS = (
    "https://mybinder.org/v2/gh/someone/fork/main?urlpath=lab/tree/notebooks/chapter.ipynb",
    "https://colab.research.google.com/github/someone/fork/blob/main/notebooks/chapter.ipynb",
    "https://github.com/someone/fork/edit/main/notebooks/chapter.ipynb",
)


@pytest.mark.filterwarnings("ignore")  # Sphinx looks at names of PyTorch that are deprecated
@pytest.mark.parametrize("url", ["", URL])
def test_an_address_brings_its_buttons_and_is_cited(url, tmp_path, monkeypatch):
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    config["repository"]["url"] = url
    source = tmp_path / "source"
    shutil.copytree(ROOT / "book" / "_static", source / "book" / "_static")
    shutil.copy(ROOT / "book" / "references.bib", source / "book")
    (source / "_config.yml").write_text(yaml.dump(config))
    toc = {"format": "jb-book", "root": "index", "chapters": [{"file": "notebooks/chapter"}]}
    (source / "_toc.yml").write_text(yaml.dump(toc))
    (source / "index.md").write_text("# A book\n\nWords.")
    chapter = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# A chapter")])
    (source / "notebooks").mkdir()
    nbformat.write(build.with_install(chapter, url), source / "notebooks" / "chapter.ipynb")
    monkeypatch.setattr(extension, "write_files", lambda _app, _error: None)
    place = {"path_config": source / "_config.yml", "noconfig": True, "really_quiet": True}
    place["confoverrides"] = {"latex_individualpages": False}  # which its command sets
    assert build_sphinx(source, tmp_path / "html", **place) == 0
    page = (tmp_path / "html" / "notebooks" / "chapter.html").read_text("utf-8")
    assert [address in page for address in NEEDS_ADDRESS] == [bool(url)] * len(NEEDS_ADDRESS)
    assert ('content="https://someone.github.io/fork/_static' in page) == bool(url)
    assert "find_spec" not in page
    shutil.copy(ROOT / "CITATION.cff", source)
    monkeypatch.setattr(pages, "ROOT", source)
    assert (URL in pages.citation()) == bool(url)


def test_a_chapter_installs_the_library_from_the_address_that_the_book_has():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# A chapter")])
    for _ in range(2):  # the second call replaces the cell of the first
        notebook = build.with_install(notebook, URL)
    install, title = notebook.cells
    assert f"git clone --quiet --depth 1 {URL} book" in install.source
    assert build.with_install(notebook, "").cells == [title]
