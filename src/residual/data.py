"""The two data sets as uint8 tensors in memory, with the digest of every pixel and label."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from residual import cifar10
from residual.errors import DataError, check_choice
from residual.recipe import DATASETS
from residual.store import place

__all__ = ["DataError", "Dataset", "Split", "data_folder", "load"]


def data_folder() -> Path:
    """Where CIFAR-10 is looked for: RESIDUAL_DATA, or data/ in the checkout."""
    return place("RESIDUAL_DATA", "data")


@dataclass(frozen=True)
class Split:
    """Images (N, H, W, C) in uint8 and labels (N,) in int64."""

    images: Tensor
    labels: Tensor

    def to(self, device: torch.device) -> "Split":
        """The same images on a device."""
        return Split(self.images.to(device), self.labels.to(device))

    def head(self, count: int) -> "Split":
        """The first `count` images."""
        return Split(self.images[:count], self.labels[:count])


@dataclass(frozen=True)
class Dataset:
    """A training and a test set, and how the training images are augmented."""

    name: str
    train: Split
    test: Split
    padding: int  # pixels of zero padding before a random crop
    flips: bool  # whether half of the training images are mirrored

    @property
    def mean(self) -> Tensor:
        """Per-pixel mean of the training images on the scale 0 … 1: (H, W, C), float32."""
        return (self.train.images.double().mean(0) / 255).float()

    @property
    def channels(self) -> int:
        return self.train.images.shape[-1]

    @property
    def digest(self) -> str:
        """SHA-256 of all pixels and labels, training set first."""
        sha = hashlib.sha256()
        for split in (self.train, self.test):
            sha.update(split.images.numpy().tobytes())
            sha.update(split.labels.to(torch.uint8).numpy().tobytes())
        return sha.hexdigest()


@cache
def load(name: str, folder: Path | None = None) -> Dataset:
    """The data set `digits` or `cifar10`, read once a process.

    CIFAR-10 is looked for in `folder` (None: `data_folder`), and every byte of it is checked;
    DataError says what is missing or wrong.
    """
    check_choice("dataset", name, tuple(DATASETS))
    if name == "digits":
        return digits()
    parts = cifar10.read(folder or data_folder())
    train, test = (Split(torch.from_numpy(i), torch.from_numpy(y)) for i, y in parts)
    return Dataset("cifar10", train, test, padding=4, flips=True)


def digits() -> Dataset:
    """The 1,797 handwritten digits inside scikit-learn: 8×8 grey images, ten classes.

    Split by class into 1,437 training and 360 test images. Crops with one pixel of padding; no
    flips, since a mirrored digit is another sign.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)  # (1797, 64) with values 0 … 16
    pixels = np.round(images.reshape(-1, 8, 8, 1) * 255 / 16).astype(np.uint8)
    parts = train_test_split(pixels, labels, test_size=360, stratify=labels, random_state=0)
    train_images, test_images, train_labels, test_labels = map(torch.from_numpy, parts)
    train, test = Split(train_images, train_labels), Split(test_images, test_labels)
    return Dataset("digits", train, test, padding=1, flips=False)
