"""Checkpoints whose name carries their digest, so that a damaged one is never resumed from."""

from pathlib import Path

from safetensors.torch import load, save
from torch import Tensor

from residual.files import digest, write_atomically

KEPT = 2  # the newest, and the last good one should the newest be damaged


def checkpoints(folder: Path) -> list[Path]:
    """Checkpoints in a run's folder, newest first."""
    return sorted(folder.glob("checkpoint-*.safetensors"), reverse=True)


def save_checkpoint(folder: Path, iteration: int, state: dict[str, Tensor]) -> None:
    """Write the state after `iteration` iterations, and drop all but the newest two."""
    content = save({name: tensor.contiguous().cpu() for name, tensor in state.items()})
    name = f"checkpoint-{iteration:08d}-{digest(content)[:16]}.safetensors"
    write_atomically(folder / name, content)
    for old in checkpoints(folder)[KEPT:]:
        old.unlink()


def load_checkpoint(folder: Path) -> dict[str, Tensor] | None:
    """The newest checkpoint whose content fits its name, or None."""
    for path in checkpoints(folder):
        content = path.read_bytes()
        if digest(content)[:16] == path.stem.rsplit("-", 1)[-1]:
            return load(content)
    return None


def remove_checkpoints(folder: Path) -> None:
    """Delete a finished run's checkpoints."""
    for path in checkpoints(folder):
        path.unlink()
