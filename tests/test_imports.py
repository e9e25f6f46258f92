"""Imports point one way, and what trains needs four packages only."""

import ast
import subprocess
import sys

import pytest

from residual.paths import ROOT

SOURCE = ROOT / "src" / "residual"
LEVELS = [
    {"allocation", "interrupts"},
    {"paths", "errors", "parameters", "paper", "itinerary", "statistics", "turns"},
    {"recipe", "models", "data", "files", "threads", "memory", "provenance"},
    {"sealed", "probes", "checkpoint", "constructions", "progress", "options", "samples"},
    {"runs", "onnx_export"},
    {"records", "trainer"},
    {"describe", "graph", "keeper", "replay", "claims"},
    {"estimate", "peers", "replays"},
    {"train", "tables"},
    {"figures", "executors", "experiments", "node"},
    {"cluster"},
    {"sweep"},
    {"chapter", "commands"},
    {"edition"},
    {"book", "site"},
    {"cli"},
]

ABSENT = ("pandas", "matplotlib", "click", "tqdm", "sklearn", "scipy", "IPython", "papermill")
ABSENT += ("rich", "pooch", "seaborn", "distributed", "sphinx")  # torch needs filelock itself


def modules():
    """Every module file with its first part of the name below `residual`."""
    return [(p, p.relative_to(SOURCE).parts[0].removesuffix(".py")) for p in SOURCE.rglob("*.py")]


def imported(path):
    """The first parts below `residual` that a module imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "residual":
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("residual."):
            found.add(node.module.split(".")[1])
    return found


def level(part):
    """The place of a module in the order; every module must have one."""
    return next(i for i, names in enumerate(LEVELS) if part in names)


@pytest.mark.parametrize(
    ("path", "part"), modules(), ids=lambda v: v if isinstance(v, str) else v.name
)
def test_a_module_imports_only_what_lies_below_it(path, part):
    if part == "__init__":
        return
    for other in imported(path) - {part}:
        assert level(other) < level(part), f"{part} imports {other}"


def test_what_judges_and_draws_does_not_train():
    for part in ("claims", "figures"):
        for path in (SOURCE / part).glob("*.py"):
            assert not imported(path) & {"train", "trainer", "sweep", "experiments"}, path.name


def test_training_needs_four_packages_only():
    """Every other dependency of the project is made impossible to import."""
    code = f"import sys; sys.modules.update(dict.fromkeys({ABSENT})); import residual.node"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_modules_stay_small():
    long = {p.name: n for p, _ in modules() if (n := len(p.read_text().splitlines())) > 200}
    assert not long
