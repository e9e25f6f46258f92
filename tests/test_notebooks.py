"""The four chapters as files, and as papermill runs them with other parameters."""

import ast
import json
from base64 import b64decode
from pathlib import Path

import nbformat
import papermill
import pytest

from companion import display
from residual import store
from residual.store import ROOT

FOLDER = ROOT / "notebooks"
CHAPTERS = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
PARAMETERS = {"profile", "depths", "seeds", "device", "iterations"}


@pytest.fixture(params=CHAPTERS)
def chapter(request):
    return nbformat.read(FOLDER / f"{request.param}.ipynb", as_version=4)


def code(notebook):
    """The code cells."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook):
    """All outputs."""
    return [output for cell in code(notebook) for output in cell.outputs]


def test_the_first_code_cell_holds_the_five_parameters(chapter):
    first = next(cell for cell in code(chapter) if "install" not in cell.metadata.tags)
    assert first.metadata.tags == ["parameters"]
    names = {t.id for node in ast.parse(first.source).body for t in node.targets}
    assert names == PARAMETERS


def test_cells_are_short(chapter):
    assert max(len(cell.source.splitlines()) for cell in code(chapter)) <= 25
    shown = [cell for cell in code(chapter) if "hide-input" not in cell.metadata.tags]
    lengths = sorted(len(cell.source.splitlines()) for cell in shown)  # plots open at a click
    assert lengths[len(lengths) // 2] <= 7


def test_stored_outputs_are_whole_and_say_nothing_of_the_machine(chapter):
    assert all(cell.execution_count for cell in code(chapter))
    assert len(outputs(chapter)) > 8
    assert not [o for o in outputs(chapter) if o.output_type in ("error", "stream")]
    text = json.dumps(chapter)
    assert str(ROOT) not in text
    for folder in ("home", "root", "tmp", "Users"):
        assert f"/{folder}/" not in text


def test_every_stored_figure_has_a_label_of_its_own_a_caption_and_an_alt_text():
    labels = []
    for name in CHAPTERS:
        stored = outputs(nbformat.read(FOLDER / f"{name}.ipynb", as_version=4))
        figures = [output for output in stored if "image/png" in output.get("data", {})]
        assert figures
        for about in (figure.metadata["companion"] for figure in figures):
            assert about["label"].startswith("fig-")
            assert min(len(about["caption"]), len(about["alt"])) > 40
            assert len(about["caption"].split()) <= 45  # the rest stands in the fold
            labels.append(about["label"])
    assert len(labels) == len(set(labels))


def test_the_key_figure_is_the_one_that_chapter_1_shows():
    pictures, _ = display.stored(FOLDER / "01_degradation.ipynb", "fig-figure-6")
    image = (ROOT / "book" / "_static" / "key-figure.png").read_bytes()
    assert image == b64decode(pictures["image/png"])


def execute(name, folder: Path, monkeypatch, **parameters):
    """Run a chapter on the committed evidence and an own empty store; the executed copy as text."""
    monkeypatch.setenv("RESIDUAL_RUNS", str(folder / "mine"))
    target = folder / f"{name}.ipynb"
    papermill.execute_notebook(
        str(FOLDER / f"{name}.ipynb"), str(target), parameters, progress_bar=False
    )
    return target.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A folder in which the first chapter trains, and the others find what it trained."""
    return tmp_path_factory.mktemp("shared")


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_depth_that_is_not_there_is_trained_and_shown(name, shared, monkeypatch):
    before = sorted(store.committed().rglob("record.json"))
    text = execute(name, shared, monkeypatch, depths=[8], iterations=20)
    assert "ResNet\\u20118" in text or "ResNet\u20118" in text
    assert (shared / "mine" / "quick" / "residual-8-it20-s0" / "record.json").is_file()
    assert sorted(store.committed().rglob("record.json")) == before


@pytest.mark.slow
@pytest.mark.parametrize("name", CHAPTERS)
@pytest.mark.parametrize(
    "given", [{"depths": [20, 56]}, {"depths": [14, 26, 38], "iterations": 50}], ids=str
)
def test_other_depths_run(name, given, tmp_path, monkeypatch):
    execute(name, tmp_path, monkeypatch, **given)


def test_a_wrong_depth_ends_a_chapter_with_one_sentence(tmp_path, monkeypatch):
    with pytest.raises(papermill.PapermillExecutionError, match="depths: 21 is not allowed"):
        execute("01_degradation", tmp_path, monkeypatch, depths=[21])
