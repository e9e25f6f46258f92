"""The four chapters as files, and as papermill runs them with other parameters."""

import ast
import json
import subprocess
import sys

import nbformat
import papermill
import pytest

from companion.book import CHAPTERS
from residual import store
from residual.store import ROOT

FOLDER = ROOT / "notebooks"
PARAMETERS = {"profile", "depths", "seeds", "device", "iterations"}


@pytest.fixture(params=CHAPTERS)
def chapter(request):
    return nbformat.read(FOLDER / f"{request.param}.ipynb", as_version=4)


def code(notebook):
    """The code cells."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_there_is_one_chapter_a_note_section():
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == sorted(CHAPTERS)


def test_the_first_code_cell_holds_the_five_parameters(chapter):
    first = code(chapter)[0]
    assert first.metadata.tags == ["parameters"]
    names = {t.id for node in ast.parse(first.source).body for t in node.targets}
    assert names == PARAMETERS


def test_cells_are_short_and_import_the_library_only_where_they_show_it(chapter):
    lengths = sorted(len(cell.source.splitlines()) for cell in code(chapter))
    assert lengths[-1] <= 15
    assert lengths[len(lengths) // 2] <= 5


def test_stored_outputs_are_whole_and_say_nothing_of_the_machine(chapter):
    assert all(cell.execution_count for cell in code(chapter))
    outputs = [output for cell in code(chapter) for output in cell.outputs]
    assert len(outputs) > 8
    assert not [o for o in outputs if o.output_type in ("error", "stream")]
    text = json.dumps(chapter)
    for trace in (str(ROOT), "/home/", "/tmp/", "/Users/", "image/svg"):
        assert trace not in text


def test_every_stored_picture_has_label_caption_and_alt_text(chapter):
    outputs = [output for cell in code(chapter) for output in cell.outputs]
    pictures = [o for o in outputs if "image/png" in o.get("data", {})]
    assert pictures
    for picture in pictures:
        about = picture.metadata["residual"]
        assert about["label"].startswith("fig-")
        assert len(about["caption"]) > 40
        assert len(about["alt"]) > 40
        assert about["caption"] in picture.data["text/plain"]


def test_labels_are_unique_in_the_book():
    labels = [
        output.metadata["residual"]["label"]
        for name in CHAPTERS
        for cell in code(nbformat.read(FOLDER / f"{name}.ipynb", as_version=4))
        for output in cell.outputs
        if "residual" in output.get("metadata", {})
    ]
    assert len(labels) == len(set(labels))


def execute(name, folder, monkeypatch, **parameters):
    """Run a chapter on an empty store; the executed copy as text."""
    monkeypatch.setenv("RESIDUAL_EVIDENCE", str(folder / "runs"))
    monkeypatch.setenv("RESIDUAL_RUNS", str(folder / "runs"))
    target = folder / f"{name}.ipynb"
    papermill.execute_notebook(
        str(FOLDER / f"{name}.ipynb"), str(target), parameters, progress_bar=False
    )
    return target.read_text()


def test_other_depths_show_everywhere(tmp_path, monkeypatch):
    text = execute("01_degradation", tmp_path, monkeypatch, depths=[8, 14], iterations=4)
    for name in ("plain-8", "plain-14", "ResNet-8", "ResNet-14"):
        assert name in text
    stored = {run.recipe.name for run in store.every("quick", tmp_path / "runs")}
    kinds = ("plain", "residual")
    assert stored == {f"{kind}-{depth}-it4-s0" for kind in kinds for depth in (8, 14)}


def test_a_wrong_parameter_stops_a_chapter_with_one_sentence(tmp_path, monkeypatch):
    with pytest.raises(papermill.PapermillExecutionError, match="depths: 21 is not allowed"):
        execute("02_residual_reformulation", tmp_path, monkeypatch, depths=[21])
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
@pytest.mark.parametrize("depths", [[8], [14, 26, 38]], ids=str)
@pytest.mark.parametrize("name", CHAPTERS)
def test_every_chapter_takes_any_depths(name, depths, tmp_path, monkeypatch):
    text = execute(name, tmp_path, monkeypatch, depths=depths, iterations=20)
    assert all(f"{depth}" in text for depth in depths)
    assert '"output_type": "error"' not in text


@pytest.mark.slow
def test_the_quick_profile_from_an_empty_store_shows_degradation(tmp_path, monkeypatch):
    execute("01_degradation", tmp_path, monkeypatch)
    errors = {
        (run.recipe.kind, run.recipe.depth): run["metrics"]["train_error"]
        for run in store.every("quick", tmp_path / "runs")
    }
    assert errors["plain", 56] > errors["plain", 20] + 20
    assert errors["plain", 56] > errors["residual", 56] + 10
    assert errors["residual", 20] < 5


def test_pytest_collects_the_tests_and_the_four_chapters_and_nothing_else():
    command = [sys.executable, "-m", "pytest", "--nbval", "--collect-only", "-q"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = {line.split("::")[0] for line in shown.splitlines() if "::" in line}
    notebooks = {f"notebooks/{name}.ipynb" for name in CHAPTERS}
    assert {name for name in files if name.endswith(".ipynb")} == notebooks
    assert all(name.startswith("tests/test_") for name in files - notebooks)
