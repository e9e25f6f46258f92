"""The libraries that the site ships: only the release that is meant, also without network."""

import io
import os
import tarfile

import pytest

from companion.site import packages
from companion.site.packages import Package, PackageError
from residual.store import digest


def archived(content):
    """An npm archive of one file, main.js."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        about = tarfile.TarInfo("package/main.js")
        about.size = len(content)
        tar.addfile(about, io.BytesIO(content))
    return file.getvalue()


@pytest.fixture
def registry(monkeypatch, tmp_path):
    """An npm client that gives @made/up 1.0.0, and an empty cache; returns the package."""
    content, tools = archived(b"let x"), tmp_path / "bin"
    package = Package("@made/up", "1.0.0", digest(content))
    tools.mkdir()
    (tmp_path / "registry.tgz").write_bytes(content)
    (tools / "npm").write_text(f"#!/bin/sh\ncp {tmp_path}/registry.tgz {package.archive}\n")
    (tools / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setattr(packages, "user_cache_path", lambda name: tmp_path / "cache" / name)
    return package


def test_a_file_is_fetched_once_and_then_read_from_the_cache(registry, tmp_path):
    assert packages.member(registry, "main.js") == b"let x"
    (tmp_path / "bin" / "npm").write_text("#!/bin/sh\nexit 1\n")
    assert packages.member(registry, "main.js") == b"let x"


def test_another_release_is_refused_and_not_kept(registry, tmp_path):
    (tmp_path / "registry.tgz").write_bytes(archived(b"let y"))
    with pytest.raises(PackageError, match="is not the release"):
        packages.member(registry, "main.js")
    assert not list((tmp_path / "cache").rglob("*.tgz"))


def test_a_failing_client_says_what_to_do(registry, tmp_path):
    (tmp_path / "bin" / "npm").write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(PackageError, match="while there is a network"):
        packages.member(registry, "main.js")


def test_a_missing_file_is_named(registry):
    with pytest.raises(PackageError, match="has no file"):
        packages.member(registry, "other.js")


def test_without_npm_on_the_path_the_wheel_has_one(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    node, script = packages.client()
    assert os.access(node, os.X_OK)
    assert script.endswith("npm-cli.js")
