"""A few test images to look at, small enough to be kept beside the records.

    python -m companion.samples        # write the sample of CIFAR-10 anew, from the data set

The digits come with scikit-learn, so theirs is taken from the set itself. That of CIFAR-10 is three
files in runs/samples/: a lossless strip of the images, the per-pixel mean of the training images,
and what belongs to them, with a digest.
"""

import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from residual.data import Dataset, load
from residual.errors import DataError
from residual.store import ROOT, write_atomically

FOLDER = ROOT / "runs" / "samples"
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

    `images` (N, H, W, C) in uint8, `labels` (N,) in uint8, `mean` (H, W, C) in float32 on the
    scale 0 … 1, as `Dataset.mean`; `source` is the data set's digest.
    """

    dataset: str
    source: str
    images: np.ndarray
    labels: np.ndarray
    mean: np.ndarray

    @property
    def names(self) -> tuple[str, ...]:
        return NAMES[self.dataset]

    @property
    def digest(self) -> str:
        """SHA-256 of pixels, labels and mean, in this order."""
        sha = hashlib.sha256()
        for array in (self.images, self.labels, self.mean):
            sha.update(np.ascontiguousarray(array).tobytes())
        return sha.hexdigest()


def sample(dataset: Dataset, count: int = COUNT) -> Sample:
    """The first `count` test images of a data set in memory."""
    first = dataset.test.head(count)
    labels = first.labels.to(torch.uint8).numpy()
    return Sample(dataset.name, dataset.digest, first.images.numpy(), labels, dataset.mean.numpy())


def find(name: str, folder: Path = FOLDER) -> Sample | None:
    """The sample of a data set by name; None if it was not kept. DataError if it is damaged."""
    if name == "digits":
        return sample(load("digits"))
    return read(name, folder) if (folder / f"{name}.json").is_file() else None


def write(kept: Sample, folder: Path = FOLDER) -> None:
    """Write the strip, the mean, and the JSON that names their digest last."""
    strip, mean = io.BytesIO(), io.BytesIO()
    Image.fromarray(np.concatenate(list(kept.images), axis=1)).save(strip, "PNG", optimize=True)
    np.save(mean, kept.mean, allow_pickle=False)
    about = {"dataset": kept.dataset, "source": kept.source, "labels": kept.labels.tolist()}
    about |= {"names": kept.names, "digest": kept.digest}
    write_atomically(folder / f"{kept.dataset}.png", strip.getvalue())
    write_atomically(folder / f"{kept.dataset}.npy", mean.getvalue())
    write_atomically(folder / f"{kept.dataset}.json", (json.dumps(about, indent=1) + "\n").encode())


def read(name: str, folder: Path = FOLDER) -> Sample:
    """A sample from its three files; DataError if they are not what was written."""
    try:
        about = json.loads((folder / f"{name}.json").read_text("utf-8"))
        labels = np.array(about["labels"], np.uint8)
        with Image.open(folder / f"{name}.png", formats=["PNG"]) as strip:
            images = np.stack(np.split(np.asarray(strip), len(labels), axis=1))  # (N, H, W, C)
        mean = np.load(folder / f"{name}.npy", allow_pickle=False)
        kept = Sample(about["dataset"], about["source"], images, labels, mean)
        intact = kept.digest == about["digest"] and kept.names == tuple(about["names"])
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"The sample of {name} in {folder} is damaged: {error}.") from error
    if not intact:
        raise DataError(f"The sample of {name} in {folder} is damaged: its digest differs.")
    return kept


if __name__ == "__main__":
    write(sample(load("cifar10")))
