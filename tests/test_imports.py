"""The library knows nothing of the book, and imports point one way."""

import ast
import os
import subprocess
import sys

from residual.store import ROOT

SOURCE = ROOT / "src" / "residual"
ORDER = [
    {"errors", "paper", "statistics"},
    {"models"},
    {"recipe", "console"},
    {"store", "probes", "cifar10"},
    {"data"},
    {"provenance", "constructions", "batches"},
    {"train", "workers", "progress"},
    {"describe", "checkpoints"},
    {"replay"},
    {"claims", "peers", "sweep", "experiments", "pretrained"},
    {"cli"},
]
"""What stands further down may import what stands above it, and what stands on its line."""


def imported(path):
    """The full names of all that a module imports, wherever it does so."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path.name} imports relatively"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def test_imports_point_one_way():
    level = {part: i for i, parts in enumerate(ORDER) for part in parts}
    for path in SOURCE.rglob("*.py"):
        part = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        names = [name.split(".") for name in imported(path)]
        assert part[:2] == "__" or part in level, f"say where {part} stands"
        assert part == "cli" or "companion" not in [name[0] for name in names], path.name
        others = [name[1] for name in names if name[0] == "residual" and name[1:]]
        wrong = [other for other in others if level.get(other, 0) > level.get(part, 99)]
        assert not wrong, f"{path.name} imports {wrong}"


ONLY_THE_LIBRARY = """
import importlib, pkgutil, runpy, sys
sys.modules.update(dict.fromkeys(["companion", "matplotlib", "seaborn", "papermill"]))  # absent
import residual
for found in pkgutil.walk_packages(residual.__path__, "residual."):
    if not found.name.endswith("__main__"):
        importlib.import_module(found.name)
assert not sys.modules.keys() & {"pandas", "IPython", "sphinx"}
sys.argv[0] = "residual"
runpy.run_module("residual", run_name="__main__")
"""


def test_the_library_imports_and_trains_without_the_books_packages(tmp_path):
    words = ["train", "--depths", "8", "--kinds", "plain", "--iterations", "2"]
    words += ["--runs", str(tmp_path / "路径 with spaces")]
    command = [sys.executable, "-c", ONLY_THE_LIBRARY, *words]
    plain = os.environ | {"LANG": "C"}
    shown = subprocess.run(command, capture_output=True, encoding="utf-8", env=plain)
    assert shown.returncode == 0, shown.stderr
    assert "quick/plain-8-it2-s0" in shown.stdout
