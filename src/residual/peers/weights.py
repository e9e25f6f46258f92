"""From a published weight file to our network: digest, names of layers, scaling of inputs."""

import io
import re
from pathlib import Path

import torch
from torch import Tensor

from residual.errors import DataError
from residual.models import Network
from residual.peers.sources import Peer, Source
from residual.store import digest


class PeerError(DataError):
    """Weights are missing or are not the published ones; the message names the file."""


def published(folder: Path, source: Source, peer: Peer) -> bytes:
    """The content of a weight file; PeerError if it is missing or not the published one.

    Below `folder`, it lies in a clone of the repository or a plain folder named after the source.
    """
    plain = folder / source.name
    path = next((p for p in (plain, plain / source.path) if (p / peer.file).is_file()), None)
    if path is None:
        raise PeerError(
            f"{peer.file} is not in {plain} or its folder {source.path}/: "
            f"run `git clone {source.repository} {plain}`."
        )
    content = (path / peer.file).read_bytes()
    if digest(content) != peer.sha256:
        raise PeerError(
            f"{path / peer.file} is not the file of commit {source.commit}: its SHA-256 differs."
        )
    return content


def opened(content: bytes) -> dict:
    """What a weight file holds, on the CPU; nothing in it is executed."""
    return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)


def network(source: Source, peer: Peer, loaded: dict) -> Network:
    """Our network with a source's weights, in eval mode; PeerError if they do not fit it.

    `loaded` is a state dict, or holds one under `state_dict`. Weights from early versions of
    PyTorch lack BN's counter of batches, which eval mode ignores.
    """
    model = Network(peer.depth, peer.kind == "residual", zeros=source.zeros)
    ours = model.state_dict()
    state: dict[str, Tensor] = loaded.get("state_dict", loaded)
    theirs = {our_key(key, peer.depth): tensor for key, tensor in state.items()}
    absent = [k for k in ours.keys() - theirs.keys() if not k.endswith("num_batches_tracked")]
    misfits = [k for k, t in theirs.items() if k not in ours or ours[k].shape != t.shape]
    if absent or misfits:
        raise PeerError(
            f"{peer.file} does not hold {peer.kind}-{peer.depth}: "
            f"{', '.join(sorted(absent + misfits)[:3])} missing or of another shape."
        )
    model.load_state_dict(theirs, strict=False)
    return model.eval()


OUTSIDE = {
    "convIn": "conv",
    "bnIn": "norm",
    "fcOut": "classifier",
    "conv1": "conv",
    "bn1": "norm",
    "linear": "classifier",
}
"""Modules outside the blocks, theirs to ours."""


def our_key(key: str, depth: int) -> str:
    """The name in our state dict of a source's tensor.

    Blocks are `stack1.i`, `stack2a`, `stack2b.i` … in one source and `layer1.i`, `layer2.i` … in
    the other; ours are numbered through the network.
    """
    head, *rest = key.removeprefix("module.").split(".")
    found = re.fullmatch(r"(?:stack|layer)([123])([ab]?)", head)
    if not found:
        return ".".join([OUTSIDE.get(head, head), *rest])
    index = 0 if found[2] == "a" else int(rest.pop(0)) + (found[2] == "b")
    block = (int(found[1]) - 1) * ((depth - 2) // 6) + index
    return ".".join(["blocks", str(block), rest[0].replace("bn", "norm"), *rest[1:]])


def scaled(images: Tensor, source: Source) -> Tensor:
    """Images (N, H, W, C) in uint8 as the source's networks expect them: float32 (N, C, H, W)."""
    pixels = images.float() / 255
    mean, std = pixels.new_tensor(source.mean), pixels.new_tensor(source.std)  # (C,)
    return ((pixels - mean) / std).permute(0, 3, 1, 2)
