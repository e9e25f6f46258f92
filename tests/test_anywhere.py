"""Where the project is used: any folder, no git, a checkout that is read-only, or none at all."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from jupyter_client.kernelspec import KernelSpecManager

from companion.build import BookError, build, own_kernel
from companion.npm import PackageError
from residual import store
from residual.cli import main
from residual.errors import StoreError
from residual.store import ROOT

FEW = ["train", "--depths", "8", "--kinds", "plain", "--iterations", "2", "--device", "cpu"]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="rights and paths of Windows are others")
BARE = {"PATH": os.defpath, "LANG": "C", "PYTHONDONTWRITEBYTECODE": "1"}  # and no HOME
DROPPED = "-dac_override,-dac_read_search"  # the rights by which root writes where it may not
MODEST = ["setpriv", f"--bounding-set={DROPPED}", f"--inh-caps={DROPPED}"]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """The sources without git, in a folder whose name has spaces and Chinese characters."""
    folder = tmp_path_factory.mktemp("我的 books") / "identity by default"
    left_out = shutil.ignore_patterns("__pycache__", "*.egg-info", ".git", ".venv", "_build", ".*")
    for name in ("src", "notebooks", "book", "benchmarks", "runs"):
        shutil.copytree(ROOT / name, folder / name, ignore=left_out)
    texts = ("README.md", "LICENSE", "CITATION.cff", "index.md")
    for name in ("pyproject.toml", "_config.yml", "_toc.yml", *texts):
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture
def locked(elsewhere):
    """The same, where nothing may be written."""
    if os.geteuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("root may write everywhere, and there is no setpriv to give that up")
    paths = [elsewhere, *elsewhere.rglob("*")]
    before = {path: path.stat().st_mode for path in paths}
    for path, mode in before.items():
        path.chmod(mode & ~0o222)
    yield elsewhere
    for path, mode in before.items():
        path.chmod(mode)


def residual(source, *words, folder=None):
    """Call the command line of other sources, in a bare environment, without root's rights."""
    modest = MODEST if os.geteuid() == 0 and shutil.which("setpriv") else []
    command = [*modest, sys.executable, "-m", "residual", *words]
    bare = BARE | {"PYTHONPATH": str(source)}
    return subprocess.run(
        command, cwd=folder, env=bare, capture_output=True, encoding="utf-8", check=False
    )


def test_a_checkout_that_cannot_be_written_trains_into_another_store(locked, tmp_path):
    refused = residual(locked / "src", *FEW, folder=locked)
    assert refused.returncode == 2
    assert "cannot be written" in refused.stderr
    assert "--runs" in refused.stderr
    assert "Traceback" not in refused.stderr
    made = residual(locked / "src", *FEW, "--runs", str(tmp_path / "路 径"), folder=locked)
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "路 径" / "quick" / "plain-8-it2-s0" / "record.json").is_file()


@pytest.mark.slow  # `test_a_relative_store…` has the same message without a process
def test_a_book_that_cannot_be_written_says_so(locked):
    shown = residual(locked / "src", "book", folder=locked)
    assert shown.returncode == 2
    assert "name another folder with --output" in shown.stderr


def test_a_relative_store_is_the_same_one_for_the_kernels(tmp_path, monkeypatch):
    monkeypatch.setenv("RESIDUAL_RUNS", "mine")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BookError, match="cannot be written"):
        build({}, tmp_path / "file" / "_build")
    assert os.environ["RESIDUAL_RUNS"] == str(Path("mine").absolute())


@pytest.mark.slow
def test_the_book_is_built_from_a_checkout_that_cannot_be_written(locked, tmp_path):
    shown = residual(locked / "src", "book", "--output", str(tmp_path / "书 out"), folder=locked)
    assert shown.returncode == 0, shown.stderr
    assert (tmp_path / "书 out" / "_build" / "html" / "index.html").is_file()


@pytest.fixture(scope="module")
def wheel(elsewhere, tmp_path_factory):
    """The wheel of the sources."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--wheel-dir", folder, elsewhere], check=True)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """What the wheel puts into an environment."""
    folder = tmp_path_factory.mktemp("packages")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


LOADED = """
import torch
from residual import load
network = load("quick/residual-20-s0")
print(tuple(network(network.normalise(torch.zeros(2, 1, 8, 8, dtype=torch.uint8))).shape))
"""


@pytest.mark.slow
def test_the_wheel_alone_in_an_empty_environment_trains_and_loads(wheel, tmp_path):
    uv, place = shutil.which("uv") or f"{sysconfig.get_path('scripts')}/uv", tmp_path / "empty"
    pins = tmp_path / "pins.txt"  # the lock's versions, without the book's packages
    lock = (ROOT / "requirements.lock").read_text()
    pins.write_text(re.sub(r" \\\n( +--hash=\S+( \\)?\n?)+", "\n", lock))
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, place], check=True)
    python = place / "bin" / "python"
    install = [uv, "pip", "install", "--quiet", "--python", python, "-c", pins, wheel]
    subprocess.run(install, check=True)
    here = {"cwd": tmp_path, "env": BARE, "check": True, "capture_output": True, "text": True}
    shown = subprocess.run([place / "bin" / "residual", *FEW], **here).stdout
    assert "quick/plain-8-it2-s0  trained" in shown
    here["env"] = BARE | {"RESIDUAL_EVIDENCE": str(ROOT / "runs")}
    assert subprocess.run([python, "-c", LOADED], **here).stdout.strip() == "(2, 10)"
    told = (
        "import importlib.util as u; print(*map(u.find_spec, ['pandas', 'matplotlib', 'sphinx']))"
    )
    assert subprocess.run([python, "-c", told], **here).stdout.split() == ["None"] * 3


def test_an_installed_wheel_trains_into_the_current_folder(installed, tmp_path):
    made = residual(installed, *FEW, folder=tmp_path)
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "my-runs" / "quick" / "plain-8-it2-s0" / "record.json").is_file()
    assert (installed / "residual" / "cifar10_mean.npy").is_file()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("book",), "is no checkout of the book: it lacks _config.yml"),
        (("claims",), "holds no records, and without them there is nothing to show"),
    ],
)
def test_what_needs_a_checkout_says_so(installed, tmp_path, words, told):
    shown = residual(installed, *words, folder=tmp_path)
    assert shown.returncode == 2
    assert told in shown.stderr
    assert "Traceback" not in shown.stderr
    assert not list(tmp_path.iterdir())


def test_an_installed_wheel_finds_the_records_of_the_checkout_it_is_called_in(installed, elsewhere):
    shown = residual(installed, "claims", "--profile", "quick", folder=elsewhere / "notebooks")
    assert shown.returncode == 0, shown.stderr
    assert "degradation-train" in shown.stdout


@pytest.mark.parametrize(
    ("words", "variable"),
    [
        (("train", "--depths", "8"), "RESIDUAL_RUNS"),
        (("publish", "quick/plain-8-s0"), "RESIDUAL_RUNS"),
        (("claims",), "RESIDUAL_EVIDENCE"),
        (("book",), "RESIDUAL_EVIDENCE"),
        (("data",), "RESIDUAL_DATA"),
        (("train", "--profile", "desk", "--depths", "8"), "RESIDUAL_DATA"),
    ],
)
def test_without_rights_a_command_says_so_in_one_sentence(words, variable, tmp_path, monkeypatch):
    monkeypatch.setenv("RESIDUAL_RUNS", str(tmp_path / "mine"))
    if os.geteuid() == 0:

        def refuses(path="."):
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(store.os, "listdir", refuses)
    (tmp_path / "closed").mkdir(mode=0o000)
    monkeypatch.setenv(variable, str(tmp_path / "closed"))
    shown = CliRunner().invoke(main, list(words))
    assert shown.exit_code == 2
    assert "closed cannot be read (Permission denied): mend that" in shown.output


def test_a_cache_that_cannot_be_written_is_told_before_a_build_begins(tmp_path, monkeypatch):
    def refuses(*_words, **_names):
        raise PermissionError("[Errno 13] Permission denied: '/home/x' | Pooch could not create")

    monkeypatch.setattr("companion.npm.pooch.retrieve", refuses)
    with pytest.raises(PackageError, match=r"Permission denied: '/home/x'\).*XDG_CACHE_HOME"):
        build({}, tmp_path / "_build")
    assert not list(tmp_path.iterdir())


def test_a_build_without_evidence_ends_before_it_begins(tmp_path, monkeypatch):
    monkeypatch.setenv("RESIDUAL_EVIDENCE", str(tmp_path / "nowhere"))
    with pytest.raises(StoreError, match="holds no records"):
        build({}, tmp_path / "_build")
    assert not list(tmp_path.iterdir())


def test_a_chapters_kernel_is_this_interpreter_whatever_home_holds(tmp_path, monkeypatch):
    foreign = tmp_path / ".local" / "share" / "jupyter" / "kernels" / "python3"
    foreign.mkdir(parents=True)
    told = {"argv": ["/nowhere/python", "{connection_file}"], "display_name": "", "language": ""}
    (foreign / "kernel.json").write_text(json.dumps(told))
    for name in ("JUPYTER_PATH", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, str(tmp_path))  # to be put back afterwards
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    with own_kernel():
        assert KernelSpecManager().get_kernel_spec("python3").argv[0] == sys.executable


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "settings"),
    [
        (("--nbval-lax",), {}),
        (("--nbval", "--nbval-current-env"), {}),
        (("--nbval",), {"PYTHONWARNINGS": "default"}),
    ],
    ids=str,
)
def test_one_notebook_alone_is_green_however_nbval_is_called(options, settings):
    command = [sys.executable, "-m", "pytest", "-q", *options, "02_residual_reformulation.ipynb"]
    shown = subprocess.run(
        command, cwd=ROOT / "notebooks", env=os.environ | settings, capture_output=True, text=True
    )
    assert shown.returncode == 0, shown.stdout
