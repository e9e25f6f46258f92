"""From a published weight file to our network: digest, order of layers, scaling of inputs."""

import io
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from residual.models import Network
from residual.peers.sources import Peer, PeerError, Source
from residual.store import digest

Scaling = Callable[[Tensor], Tensor]
"""Takes images (N, H, W, C) in uint8, returns float32 (N, C, H, W) as a network expects them."""


def published(folder: Path, source: Source, peer: Peer) -> bytes:
    """The content of a weight file; PeerError if it is missing or not the published one.

    Below `folder`, it lies in a clone of the repository or in a plain folder named after the
    source.
    """
    plain = folder / source.name
    path = next((p for p in (plain, plain / source.path) if (p / peer.file).is_file()), None)
    if path is None:
        raise PeerError(
            f"{peer.file} is not in {plain} or its folder {source.path}/: run "
            f"`git clone {source.repository} {plain} && git -C {plain} checkout {source.commit}`."
        )
    content = (path / peer.file).read_bytes()
    if digest(content) != peer.sha256:
        raise PeerError(
            f"{path / peer.file} is not the file of commit {source.commit}: its SHA-256 differs."
        )
    return content


def network(source: Source, peer: Peer, content: bytes) -> Network:
    """Our network with a source's weights, in eval mode; PeerError if they do not fit it.

    All sources list their tensors in network order, so layers are matched by their place and
    their shapes. Nothing in the file is executed.
    """
    try:
        loaded = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        theirs = layers(loaded.get("state_dict", loaded))
    except Exception as error:  # a damaged or hostile file raises errors of many types
        raise PeerError(f"{peer.file} holds no plain weights: {error}.") from error
    model = Network(peer.depth, peer.kind == "residual", zeros=source.zeros)
    ours = layers(model.state_dict())
    if len(theirs) != len(ours):
        raise PeerError(
            f"{peer.file} does not hold {peer.kind}-{peer.depth}: it has {len(theirs)} layers, "
            f"where {len(ours)} are needed."
        )
    for (name, mine), (key, tensors) in zip(ours.items(), absorbed(theirs).items()):
        if shapes(mine) != shapes(tensors):
            raise PeerError(
                f"{peer.file} does not hold {peer.kind}-{peer.depth}: {key} does not fit {name}."
            )
        for part, tensor in mine.items():
            tensor.copy_(tensors[part])
    return model.eval()


def layers(state: dict[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """A state dict as layers in order, each with its tensors; BN's counter of batches left out."""
    found: dict[str, dict[str, Tensor]] = {}
    for key, tensor in state.items():
        layer, _, part = key.rpartition(".")
        if part != "num_batches_tracked":
            found.setdefault(layer, {})[part] = tensor
    return found


def absorbed(theirs: dict[str, dict[str, Tensor]]) -> dict[str, dict[str, Tensor]]:
    """Layers without convolution biases: BN subtracts its mean, so mean − bias does the same."""
    made: dict[str, dict[str, Tensor]] = {}
    bias: Tensor | float = 0.0
    for name, tensors in theirs.items():
        kept = dict(tensors)
        if "running_mean" in kept:
            kept["running_mean"] = kept["running_mean"] - bias
        bias = kept.pop("bias", 0.0) if kept["weight"].dim() == 4 else 0.0
        made[name] = kept
    return made


def shapes(tensors: dict[str, Tensor]) -> dict[str, torch.Size]:
    """The shape of each tensor of a layer."""
    return {part: tensor.shape for part, tensor in tensors.items()}


def scaling(source: Source, training_images: Tensor) -> Scaling:
    """How a source's networks expect images; `training_images` (N, H, W, C) are its own."""
    if source.mean == "pixels":
        mean = training_images.double().mean(0) / 255  # (H, W, C)
    else:
        mean = torch.tensor(source.mean, dtype=torch.float64)  # (C,)
    std = torch.tensor(source.std, dtype=torch.float64)

    def scaled(images: Tensor) -> Tensor:
        pixels = images.float() / 255
        return ((pixels - mean.to(pixels)) / std.to(pixels)).permute(0, 3, 1, 2)

    return scaled
