"""The library knows nothing of the book, and imports point one way."""

import ast
import subprocess
import sys
from pkgutil import walk_packages

import residual
from residual.store import ROOT

SOURCE = ROOT / "src" / "residual"
ORDER = [
    {"errors", "paper", "statistics"},
    {"models"},
    {"recipe"},
    {"store", "probes"},
    {"data"},
    {"provenance", "constructions", "batches"},
    {"train"},
    {"describe", "checkpoints"},
    {"replay"},
    {"claims", "peers", "sweep", "experiments", "pretrained"},
    {"cli"},
]
"""What stands further down may import what stands above it, and what stands on its line."""

ABSENT = {"companion", "pandas", "matplotlib", "seaborn", "IPython", "sphinx", "papermill"}


def imported(path):
    """The parts of the library that a module imports."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("residual"):
            names = [f"{node.module}.{name.name}" for name in node.names]
            yield from (name.split(".")[1] for name in names)


def test_imports_point_one_way():
    level = {part: i for i, parts in enumerate(ORDER) for part in parts}
    for path in SOURCE.rglob("*.py"):
        part = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        wrong = [other for other in imported(path) if level.get(other, 0) > level.get(part, 99)]
        assert not wrong, f"{path.name} imports {wrong}"


def test_the_library_needs_nothing_of_the_book():
    modules = [info.name for info in walk_packages(residual.__path__, "residual.")]
    code = "".join(f"import {name}\n" for name in modules if not name.endswith("__main__"))
    code += f"import sys; assert not {ABSENT} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True)
