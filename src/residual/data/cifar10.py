"""CIFAR-10 from disk: the official batches or our packed shards, verified bit for bit.

The digests are those of the official files' pixels and labels (Krizhevsky 2009); both forms must
give exactly these bytes.
"""

import hashlib
from pathlib import Path

import numpy as np
from PIL import Image

from residual.data.errors import DataError

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
SIDE = 100  # a packed shard is a mosaic of 100×100 images

Parts = tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def read(folder: Path) -> Parts:
    """((images, labels), (images, labels)) of training and test set, from whichever form is there.

    Images are (N, 32, 32, 3) uint8, labels (N,) int64. DataError when neither form lies in the
    folder, or when a byte differs from the official files.
    """
    if (folder / PACKED).is_dir():
        return verify(*read_packed(folder / PACKED), folder / PACKED)
    if (folder / OFFICIAL).is_dir():
        return verify(*read_official(folder), folder / OFFICIAL)
    raise DataError(
        f"CIFAR-10 is not in {folder} (looked for {PACKED}/ and {OFFICIAL}/ there): "
        "fetch it with `residual data`, or name a folder that holds it in RESIDUAL_DATA."
    )


def read_official(folder: Path) -> Parts:
    """The official pickled batches, through torchvision, which checks their MD5 before it reads."""
    from torchvision.datasets import CIFAR10

    try:
        train, test = CIFAR10(str(folder), train=True), CIFAR10(str(folder), train=False)
    except RuntimeError as error:
        raise DataError(f"{folder / OFFICIAL} is incomplete or damaged: {error}") from error
    return tuple((s.data, np.array(s.targets, dtype=np.int64)) for s in (train, test))


def read_packed(folder: Path) -> Parts:
    """Our own form: one lossless WebP mosaic a batch, and labels.npy with all 60,000 labels."""
    try:
        batches = [from_mosaic(folder / f"{name}.webp") for name in BATCHES]
        labels = np.load(folder / "labels.npy", allow_pickle=False).astype(np.int64)
    except (OSError, ValueError) as error:
        raise DataError(f"{folder} is incomplete or damaged: {error}") from error
    return (np.concatenate(batches[:5]), labels[:50_000]), (batches[5], labels[50_000:])


def from_mosaic(path: Path) -> np.ndarray:
    """The 10,000 images of a shard: (10000, 32, 32, 3) uint8."""
    with Image.open(path) as picture:
        mosaic = np.asarray(picture.convert("RGB"))  # (3200, 3200, 3)
    tiles = mosaic.reshape(SIDE, 32, SIDE, 32, 3).swapaxes(1, 2)
    return np.ascontiguousarray(tiles.reshape(-1, 32, 32, 3))


def to_mosaic(images: np.ndarray, path: Path) -> None:
    """Write 10,000 images as one lossless shard."""
    tiles = images.reshape(SIDE, SIDE, 32, 32, 3).swapaxes(1, 2)
    Image.fromarray(tiles.reshape(SIDE * 32, SIDE * 32, 3)).save(path, lossless=True, quality=60)


def pack(parts: Parts, folder: Path) -> None:
    """Write both sets as shards for a machine without network (102 MB in all)."""
    (train, train_labels), (test, test_labels) = parts
    folder.mkdir(parents=True, exist_ok=True)
    for name, images in zip(BATCHES, np.concatenate([train, test]).reshape(6, -1, 32, 32, 3)):
        to_mosaic(images, folder / f"{name}.webp")
    labels = np.concatenate([train_labels, test_labels]).astype(np.uint8)
    np.save(folder / "labels.npy", labels, allow_pickle=False)


def verify(train: tuple, test: tuple, where: Path) -> Parts:
    """The same arrays, if every pixel and label is the official one; else DataError."""
    batches = np.concatenate([train[0], test[0]]).reshape(6, -1, 32, 32, 3)
    for (name, digest), images in zip(BATCHES.items(), batches):
        if sha256(images.transpose(0, 3, 1, 2)) != digest:
            raise DataError(f"{where}: the images of {name} are not the official ones.")
    for (name, digest), labels in zip(LABELS.items(), (train[1], test[1])):
        if sha256(labels.astype(np.uint8)) != digest:
            raise DataError(f"{where}: the {name} labels are not the official ones.")
    return train, test


def sha256(array: np.ndarray) -> str:
    """SHA-256 of an array's elements in C order."""
    return hashlib.sha256(np.ascontiguousarray(array)).hexdigest()
