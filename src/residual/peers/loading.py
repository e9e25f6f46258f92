"""From a published weight file to our network: digest, variant, order of layers, inputs."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from residual.models import BasicBlock, Network
from residual.peers.sources import Peer, PeerError, Source
from residual.store import digest

Scaling = Callable[[Tensor], Tensor]
"""Takes images (N, H, W, C) in uint8, returns float32 (N, C, H, W) as a network expects them."""

LASAGNE = {4: "weight norm.bias norm.weight norm.running_mean norm.running_var", 2: "weight bias"}
"""What Lasagne lists for a convolution with BN, and for a classifier."""


class Rerouted(BasicBlock):
    """A widening block of a residual network whose shortcut is a module, `path`."""

    def __init__(self, inputs: int, outputs: int, path: nn.Module) -> None:
        super().__init__(inputs, outputs, residual=True)
        self.path = path

    def shortcut(self, x: Tensor) -> Tensor:
        return self.path(x)


class Bare(Network):
    """A network whose first convolution has a bias, and neither BN nor ReLU after it."""

    def __init__(self, depth: int, residual: bool, zeros: str) -> None:
        super().__init__(depth, residual, zeros=zeros)
        self.conv.bias, self.norm = nn.Parameter(torch.zeros(16)), nn.Identity()

    def stem(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x))


def architecture(peer: Peer) -> Network:
    """The network that a peer declares: ours, or with another stem or widening shortcuts."""
    model = (Bare if peer.bare else Network)(peer.depth, peer.kind == "residual", zeros=peer.zeros)
    for i, block in enumerate(model.blocks):
        if block.widening and block.residual and peer.shortcut != "identity":
            model.blocks[i] = rerouted(block, peer)
    return model


def rerouted(block: BasicBlock, peer: Peer) -> Rerouted:
    """A widening block with the shortcut that a peer declares.

    `projection` is the paper's option B, a 1×1 convolution with BN (with a bias instead in a bare
    network); `average-pooled` is option A with means of 2×2 pixels where A takes every second one.
    """
    inputs, outputs = block.conv1.in_channels, block.conv1.out_channels
    if peer.shortcut == "average-pooled":
        before = (outputs - inputs) // 2 if peer.zeros == "split" else 0
        zeros = nn.ZeroPad3d((0, 0, 0, 0, before, outputs - inputs - before))
        return Rerouted(inputs, outputs, nn.Sequential(nn.AvgPool2d(2), zeros))
    path = [nn.Conv2d(inputs, outputs, 1, stride=2, bias=peer.bare)]
    path += [] if peer.bare else [nn.BatchNorm2d(outputs)]
    return Rerouted(inputs, outputs, nn.Sequential(*path))


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


def network(peer: Peer, content: bytes) -> Network:
    """Our network with a source's weights, in eval mode; PeerError if they do not fit it.

    All sources list layers of one kind in network order, so 3×3 convolutions, BNs, projections and
    the classifier are matched each by their place among their kind, and by their shapes. What is
    declared to have no projection leaves those of the file out. Nothing in the file is executed.
    """
    try:
        theirs = sorted(layers(state(peer, content)), key=sort_of)
    except Exception as error:  # a damaged or hostile file raises errors of many types
        raise PeerError(f"{peer.file} holds no plain weights: {error}.") from error
    model = architecture(peer)
    ordered = [m for m in model.modules() if isinstance(m, (nn.Conv2d, nn.BatchNorm2d, nn.Linear))]
    ours = sorted(ordered, key=sort_of)
    if "1×1" not in map(sort_of, ours):
        theirs = [layer for layer in theirs if sort_of(layer) != "1×1"]
    if len(theirs) != len(ours):
        raise PeerError(
            f"{peer.file} does not hold {peer.kind}-{peer.depth}: it has {len(theirs)} layers, "
            f"where {len(ours)} are needed."
        )
    given = dict(zip(ours, theirs))
    bias: Tensor | float = 0.0  # of the convolution before a BN, which subtracts its mean: so
    for layer in ordered:  # mean − bias does the same, and our convolutions need no bias
        found = dict(given[layer])
        if isinstance(layer, nn.BatchNorm2d):
            found["running_mean"] = found["running_mean"] - bias
        absorbs = isinstance(layer, nn.Conv2d) and layer.bias is None
        bias = found.pop("bias", 0.0) if absorbs else 0.0
        try:
            layer.load_state_dict(found)
        except RuntimeError as error:
            raise PeerError(
                f"{peer.file} does not hold {peer.kind}-{peer.depth}: "
                f"one of its layers does not fit {layer}."
            ) from error
    return model.eval()


def state(peer: Peer, content: bytes) -> dict[str, Tensor]:
    """The tensors of a file by name."""
    file = io.BytesIO(content)
    if peer.file.endswith(".npz"):
        return lasagne(np.load(file))
    loaded = torch.load(file, map_location="cpu", weights_only=True)
    return loaded.get("state_dict", loaded)


def lasagne(arrays: dict[str, np.ndarray]) -> dict[str, Tensor]:
    """The tensors of a Lasagne network, whose arrays are numbered and have no names.

    Its classifier lies the other way round, and its BN keeps 1/√(variance + ε), with another ε.
    """
    made: dict[str, Tensor] = {}
    for i in range(len(arrays)):
        tensor = torch.from_numpy(arrays[f"arr_{i}"])
        if tensor.dim() > 1:
            first, parts = i, iter(LASAGNE[tensor.dim()].split())
        part = next(parts)
        if part == "norm.running_var":
            tensor = tensor.double() ** -2 - nn.BatchNorm2d(1).eps
        made[f"{first}.{part}"] = tensor.T if tensor.dim() == 2 else tensor
    return made


def layers(tensors: dict[str, Tensor]) -> list[dict[str, Tensor]]:
    """A state dict as layers in order, each with its tensors; BN's counter of batches left out."""
    found: dict[str, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        layer, _, part = key.rpartition(".")
        if part != "num_batches_tracked":
            found.setdefault(layer, {})[part] = tensor
    return list(found.values())


def sort_of(layer: nn.Module | dict[str, Tensor]) -> str:
    """The kind of a layer of ours or of a file: 3×3, 1×1, norm or classifier."""
    weight = layer["weight"] if isinstance(layer, dict) else layer.weight
    if weight.dim() == 4:
        return "×".join(map(str, weight.shape[2:]))
    return {1: "norm", 2: "classifier"}[weight.dim()]


def scaling(
    mean: list | str, std: list | tuple | None = None, images: Tensor | None = None
) -> Scaling:
    """How a source's networks expect images: on 0 … 1, minus `mean`, divided by `std`.

    Both are by channel, or the mean is that of each pixel of the `images` (N, H, W, C), the
    source's own training images ("pixels"), or every image's own by channel ("image").
    """
    if mean == "pixels":
        centre = images.double().mean(0) / 255  # (H, W, C)
    elif mean != "image":
        centre = torch.tensor(mean, dtype=torch.float64)  # (C,)
    spread = torch.tensor(std or (1.0, 1.0, 1.0), dtype=torch.float64)

    def scaled(given: Tensor) -> Tensor:
        pixels = given.float() / 255
        away = pixels.mean((1, 2), keepdim=True) if mean == "image" else centre.to(pixels)
        return ((pixels - away) / spread.to(pixels)).permute(0, 3, 1, 2)

    return scaled
