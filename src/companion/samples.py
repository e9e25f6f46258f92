"""A few test images to look at, small enough to be kept beside the records.

    python -m companion.samples        # write the sample of CIFAR-10 anew, from the data set

The digits come with scikit-learn, so theirs are taken from the set itself.
"""

from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from residual.data import load
from residual.errors import DataError
from residual.pretrained import mean_of
from residual.store import ROOT

FILE = ROOT / "runs" / "samples" / "cifar10.npz"
COUNT = 24
NAMES = {
    "digits": tuple("0123456789"),
    "cifar10": (
        *("airplane", "automobile", "bird", "cat", "deer"),
        *("dog", "frog", "horse", "ship", "truck"),
    ),
}
"""The classes of each data set, in the order of its labels."""


@dataclass(frozen=True)
class Sample:
    """The first test images of a data set.

    `images` (N, H, W, C) and `labels` (N,) in uint8, `mean` (H, W, C) in float32 on the scale
    0 … 1, as `Dataset.mean`, and the `names` of the classes.
    """

    images: np.ndarray
    labels: np.ndarray
    mean: np.ndarray
    names: tuple[str, ...]


def find(dataset: str, file: Path = FILE) -> Sample | None:
    """The sample of a data set by name; None if it was not kept. DataError if it is damaged."""
    if dataset == "digits":
        arrays = first(dataset)
    elif file.is_file():
        try:
            with np.load(file) as kept:
                arrays = {name: kept[name] for name in ("images", "labels")}
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise DataError(f"The sample {file} is damaged: {error}.") from error
    else:
        return None
    return Sample(**arrays, mean=mean_of(dataset), names=NAMES[dataset])


def first(dataset: str) -> dict[str, np.ndarray]:
    """The first test images of a data set and their labels."""
    part = load(dataset).test.head(COUNT)
    return {"images": part.images.numpy(), "labels": part.labels.numpy().astype(np.uint8)}


if __name__ == "__main__":
    np.savez_compressed(FILE, **first("cifar10"))
