"""One set of pins: pyproject.toml, environment.yml and the lock agree."""

import re
import tomllib

import yaml

from residual.store import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def pins():
    """Every requirement of pyproject.toml, extras included."""
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    return {pin for group in groups for pin in group}


def test_environment_yml_has_the_same_pins():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    *plain, nested = environment["dependencies"]
    assert f"python{PROJECT['requires-python']}" in plain
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
