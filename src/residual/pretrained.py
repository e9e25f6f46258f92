"""Trained networks by name, such as `load("quick/residual-20-s0")`."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from residual.data import data_folder
from residual.data import load as load_data
from residual.errors import ParameterError, home, unknown
from residual.models import Network
from residual.recipe import PROFILES
from residual.store import committed, own, read, reading, there

CIFAR10_MEAN = Path(__file__).with_name("cifar10_mean.npy")
"""Per-pixel mean of CIFAR-10's training images on the scale 0 … 1: (32, 32, 3) float32."""


def load(name: str, file: str | Path | None = None) -> Network:
    """A trained network in eval mode, by the name of its record.

    A run of ours comes from the committed store or from the reader's own, and its weights are
    checked against the record's digest. A network of others, such as public/akamaster/residual-20,
    comes from the `file` that its source published. `network.normalise` takes uint8 images
    (N, 3, 32, 32), for digits (N, 1, 8, 8), and returns what the network expects;
    `network.features` gives every block's output. ParameterError names the nearest names if there
    is none of this name, RecordError damaged weights, PeerError a file that is not the published
    one, and DataError says that a network of others needs CIFAR-10 for its mean.
    """
    if not isinstance(name, str):
        allowed = "name a record in quotes, such as 'quick/residual-20-s0'"
        raise ParameterError("name", name, allowed)
    if name.startswith("public/"):
        return of_others(name, file)
    places = (root / name / "record.json" for root in (committed(), own()))
    held = [path for path in places if there(path)]
    held.sort(key=lambda path: not there(path.with_name("weights.safetensors")))
    if not held or "recipe" not in (record := read(held[0])).content:
        raise unknown("name", name, known())
    if file is not None:
        told = "only a network of others, public/…, comes from a file; a run of ours has its own"
        raise ParameterError("file", str(file), told)
    model = record.network()
    mean = torch.from_numpy(mean_of(record.recipe.dataset))  # (H, W, C)
    mean = mean.permute(2, 0, 1)  # (C, H, W)
    shape = tuple(mean.shape)
    model.normalise = lambda images: as_given(images, shape).float() / 255 - mean.to(images.device)
    return model


def as_given(images: Tensor, shape: tuple[int, ...] = (3, 32, 32)) -> Tensor:
    """The same images; ParameterError unless they are a uint8 tensor (N, *shape)."""
    allowed = f"give a torch.uint8 tensor (N, {', '.join(map(str, shape))})"
    if not isinstance(images, Tensor):
        raise ParameterError("images", type(images).__name__, allowed)
    if images.dtype != torch.uint8 or tuple(images.shape[1:]) != shape:
        raise ParameterError("images", f"{images.dtype} {tuple(images.shape)}", allowed)
    return images


def known() -> list[str]:
    """The names of all runs whose weights are at hand."""
    found = [
        path.parent.relative_to(root).as_posix()
        for root in (committed(), own())
        for profile in PROFILES
        for path in (root / profile).glob("*/weights.safetensors")
    ]
    return sorted(set(found))


def mean_of(dataset: str) -> np.ndarray:
    """The per-pixel mean that a run's inputs are normalised by: (H, W, C) float32."""
    return np.load(CIFAR10_MEAN) if dataset == "cifar10" else load_data(dataset).mean.numpy()


def of_others(name: str, file: str | Path | None) -> Network:
    """A network of others from its file, whose digest must be the published one."""
    from residual.peers import PeerError, network, scaling, sources, training_indices
    from residual.store import digest

    found = {peer.name: (source, peer) for source in sources() for peer in source.peers}
    if name not in found:
        raise unknown("name", name, found)
    source, peer = found[name]
    if file is None:
        raise ParameterError("file", file, f"name the file {peer.file} of {source.repository}")
    path = home(str(file))
    if not there(path):
        raise ParameterError("file", str(file), f"there is no such file; it is {peer.file} there")
    with reading(path):
        content = path.read_bytes()
    if digest(content) != peer.sha256:
        raise PeerError(f"{file} is not the published file {peer.file}: its SHA-256 differs.")
    model = network(peer, content)
    images = torch.zeros(0)
    if source.mean == "pixels":  # of its own training images
        train = load_data("cifar10", data_folder()).train
        images = train.images[torch.from_numpy(training_indices(source, train.labels.numpy()))]
    scaled = scaling(source.mean, source.std, images)
    model.normalise = lambda given: scaled(as_given(given).permute(0, 2, 3, 1))
    return model
