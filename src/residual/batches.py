"""The batch schedule: which images an iteration sees, and how each is cropped and flipped.

Randomness is a function of (seed, iteration): a resumed, a replayed and an uninterrupted run see
the same batches, on any device. The bits come from Philox, a counter-based generator (Salmon et
al. 2011) whose stream is fixed by its definition, so they do not change with a library's version.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

ORDER, CROP, FLIP = range(3)  # one stream of bits for each use


@dataclass(frozen=True)
class Schedule:
    """The batches of I consecutive iterations, as small integer tensors."""

    index: Tensor  # (I, B) int64, into the training set
    offset: Tensor  # (I, B, 2) int64, row and column of the crop in the padded image
    flip: Tensor  # (I, B) bool

    def digest(self) -> str:
        """SHA-256 of all three tensors."""
        sha = hashlib.sha256()
        for tensor in (self.index, self.offset, self.flip):
            sha.update(tensor.numpy().tobytes())
        return sha.hexdigest()


def schedule(
    seed: int, start: int, stop: int, images: int, batch: int, padding: int, flips: bool
) -> Schedule:
    """The iterations from start to stop - 1.

    Batches are cut from an endless row of permutations of the whole set, one an epoch, so that
    every batch is full and every image is seen once an epoch. An offset is uniform on
    0 … 2·padding, and half of the images are flipped if `flips` is set.
    """
    epochs = range(start * batch // images, (stop * batch - 1) // images + 1)
    row = np.concatenate([permutation(seed, epoch, images) for epoch in epochs])
    first = start * batch - epochs[0] * images
    index = row[first : first + (stop - start) * batch].reshape(-1, batch)
    iterations = range(start, stop)
    crops = np.stack([bits(seed, CROP, i, 2 * batch) for i in iterations])
    sides = np.stack([bits(seed, FLIP, i, batch) for i in iterations])
    return Schedule(
        torch.from_numpy(index),
        torch.from_numpy((crops % (2 * padding + 1)).astype(np.int64).reshape(-1, batch, 2)),
        torch.from_numpy((sides % 2 == 1) & flips),
    )


@lru_cache(maxsize=4)
def permutation(seed: int, epoch: int, images: int) -> np.ndarray:
    """The order of the training images in one epoch: (images,) int64."""
    return np.argsort(bits(seed, ORDER, epoch, images), kind="stable")


def bits(seed: int, stream: int, counter: int, count: int) -> np.ndarray:
    """`count` random 64-bit words that belong to (seed, stream, counter) and to nothing else."""
    return np.random.Philox(key=[seed, stream], counter=[0, 0, 0, counter]).random_raw(count)


def augment(images: Tensor, mean: Tensor, offset: Tensor, flip: Tensor, padding: int) -> Tensor:
    """Random crops of zero-padded, mean-subtracted images, some mirrored (§4.2).

    Takes images (N, H, W, C) in uint8, the per-pixel mean (H, W, C) on the scale 0 … 1, offsets
    (N, 2) and flips (N,); returns float32 (N, C, H, W) in channels-last memory. With offset =
    padding and no flip, an image comes back as `normalise` gives it.
    """
    n, height, width, _ = images.shape
    across = torch.arange(width, device=images.device).expand(n, width)
    across = torch.where(flip[:, None], width - 1 - across, across)  # (N, W)
    rows = torch.arange(height, device=images.device) + offset[:, :1]  # (N, H)
    columns = across + offset[:, 1:]  # (N, W)
    tall, wide = height + 2 * padding, width + 2 * padding
    picture = torch.arange(n, device=images.device)[:, None] * tall
    position = (picture + rows)[:, :, None] * wide + columns[:, None, :]  # (N, H, W)
    border = (0, 0, padding, padding, padding, padding)
    pixels = F.pad(images.float() / 255 - mean, border).flatten(0, 2)
    pixels = pixels.index_select(0, position.flatten())  # (N·H·W, C); quicker than pixels[position]
    return pixels.view(images.shape).permute(0, 3, 1, 2)


def normalise(images: Tensor, mean: Tensor) -> Tensor:
    """Images (N, H, W, C) in uint8 as float32 (N, C, H, W), per-pixel mean subtracted (§4.2)."""
    return (images.float() / 255 - mean).permute(0, 3, 1, 2)
