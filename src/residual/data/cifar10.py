"""CIFAR-10 from disk: the official batches or our packed shards, verified bit for bit.

The digests are those of the official files' pixels and labels (Krizhevsky 2009); both forms must
give exactly these bytes.
"""

import hashlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

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

OFFICIAL, PACKED = "cifar-10-batches-py", "cifar-10-packed"
LABEL_FILE = "labels.npy"
SIDE = 100  # a packed shard is a mosaic of 100×100 images

Parts = tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def read(folder: Path) -> Parts:
    """((images, labels), (images, labels)) of training and test set, from whichever form is there.

    Images are (N, 32, 32, 3) uint8, labels (N,) int64. DataError when neither form lies in the
    folder, or when a byte differs from the official files.
    """
    found = find(folder)
    if found is None:
        raise DataError(
            f"CIFAR-10 is not in {folder} (looked for {PACKED}/ and {OFFICIAL}/ there): "
            "fetch it with `residual data`, or name a folder that holds it in RESIDUAL_DATA."
        )
    reader = read_packed if (found / LABEL_FILE).exists() else read_official
    return verify(*reader(found), found)


def find(folder: Path) -> Path | None:
    """Where the set lies: a subfolder with its usual name, or the folder itself; None if nowhere.

    The packed form is taken before the official one.
    """
    named = [folder / name for name in (PACKED, OFFICIAL) if (folder / name).is_dir()]
    held = [folder] if any((folder / name).is_file() for name in (LABEL_FILE, *BATCHES)) else []
    return next(iter(named + held), None)


def read_official(folder: Path) -> Parts:
    """The official pickled batches through torchvision, after the MD5 of each file has matched."""
    from torchvision.datasets import CIFAR10
    from torchvision.datasets.utils import check_integrity

    meta = CIFAR10.meta["filename"], CIFAR10.meta["md5"]
    for name, md5 in [*CIFAR10.train_list, *CIFAR10.test_list, meta]:
        if not (folder / name).is_file():
            raise DataError(f"{folder} is incomplete: {name} is missing.")
        if not check_integrity(str(folder / name), md5):
            raise DataError(f"{folder / name} is not the official file: its MD5 differs.")
    place = folder.resolve()
    reader = type("Official", (CIFAR10,), {"base_folder": place.name})
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "dtype")  # the pickles date from before NumPy 2
        train, test = (reader(str(place.parent), train=part) for part in (True, False))
    return tuple((s.data, np.array(s.targets, dtype=np.int64)) for s in (train, test))


def read_packed(folder: Path) -> Parts:
    """Our own form: one lossless WebP mosaic a batch, and labels.npy with all 60,000 labels."""
    batches = [from_mosaic(folder / f"{name}.webp") for name in BATCHES]
    with naming(folder / LABEL_FILE):
        labels = np.load(folder / LABEL_FILE, allow_pickle=False).astype(np.int64)
    parts = np.concatenate(batches[:5]), batches[5]
    return (parts[0], labels[: len(parts[0])]), (parts[1], labels[len(parts[0]) :])


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Whatever goes wrong in reading a file becomes a DataError that names it."""
    try:
        yield
    except FileNotFoundError as error:
        raise DataError(f"{path.parent} is incomplete: {path.name} is missing.") from error
    except Exception as error:  # decoders of damaged files raise errors of every kind
        raise DataError(f"{path} is damaged: {error}.") from error


def from_mosaic(path: Path) -> np.ndarray:
    """The images of a shard: (SIDE², 32, 32, 3) uint8."""
    with naming(path), Image.open(path, formats=["WEBP"]) as picture:
        mosaic = np.asarray(picture.convert("RGB"))  # (32·SIDE, 32·SIDE, 3)
        tiles = mosaic.reshape(SIDE, 32, SIDE, 32, 3).swapaxes(1, 2)
    return np.ascontiguousarray(tiles.reshape(-1, 32, 32, 3))


def to_mosaic(images: np.ndarray, path: Path) -> None:
    """Write SIDE² images as one lossless shard."""
    tiles = images.reshape(SIDE, SIDE, 32, 32, 3).swapaxes(1, 2)
    Image.fromarray(tiles.reshape(SIDE * 32, SIDE * 32, 3)).save(path, lossless=True, quality=60)


def pack(parts: Parts, folder: Path) -> None:
    """Write both sets as shards for a machine without network (102 MB in all)."""
    (train, train_labels), (test, test_labels) = parts
    folder.mkdir(parents=True, exist_ok=True)
    for name, images in zip(
        BATCHES, np.concatenate([train, test]).reshape(len(BATCHES), -1, 32, 32, 3)
    ):
        to_mosaic(images, folder / f"{name}.webp")
    labels = np.concatenate([train_labels, test_labels]).astype(np.uint8)
    np.save(folder / LABEL_FILE, labels, allow_pickle=False)


def verify(train: tuple, test: tuple, where: Path) -> Parts:
    """The same arrays, if every pixel and label is the official one; else DataError."""
    batches = np.concatenate([train[0], test[0]]).reshape(len(BATCHES), -1, 32, 32, 3)
    for (name, digest), images in zip(BATCHES.items(), batches):
        if sha256(images.transpose(0, 3, 1, 2)) != digest:
            raise DataError(f"{where} is damaged: the images of {name} are not the official ones.")
    for (name, digest), labels in zip(LABELS.items(), (train[1], test[1])):
        if sha256(labels.astype(np.uint8)) != digest:
            file = f" in {LABEL_FILE}" if (where / LABEL_FILE).exists() else ""
            raise DataError(
                f"{where} is damaged: the {name} labels{file} are not the official ones."
            )
    return train, test


def sha256(array: np.ndarray) -> str:
    """SHA-256 of an array's elements in C order."""
    return hashlib.sha256(np.ascontiguousarray(array)).hexdigest()
