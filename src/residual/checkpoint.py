"""Checkpoints whose name carries their digest, so that a damaged one is never resumed from."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import load, save
from torch import Tensor

from residual.files import writing
from residual.store import digest, write_atomically

KEPT = 2  # the newest, and the last good one should the newest be damaged

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Checkpoint:
    """A training's state, and on what each part of the way to it was computed, oldest first."""

    state: dict[str, Tensor]
    history: list[dict]


def checkpoints(folder: Path) -> list[Path]:
    """Checkpoints in a run's folder, newest first."""
    return sorted(folder.glob("checkpoint-*.safetensors"), reverse=True)


def save_checkpoint(folder: Path, iteration: int, checkpoint: Checkpoint) -> None:
    """Write the state after `iteration` iterations, and drop all but the newest two.

    StoreError if it cannot be written; the earlier checkpoints are then still there.
    """
    tensors = {name: tensor.contiguous().cpu() for name, tensor in checkpoint.state.items()}
    content = save(tensors, {"history": json.dumps(checkpoint.history)})
    name = f"checkpoint-{iteration:08d}-{digest(content)[:16]}.safetensors"
    write_atomically(folder / name, content)
    for old in checkpoints(folder)[KEPT:]:
        old.unlink()


def load_checkpoint(folder: Path) -> Checkpoint | None:
    """The newest checkpoint whose content fits its name, or None; a damaged one is named."""
    for path in checkpoints(folder):
        with writing(path):
            content = path.read_bytes()
        if digest(content)[:16] == path.stem.rsplit("-", 1)[-1]:
            return Checkpoint(load(content), history_of(path))
        log.warning("%s is damaged: going on from the one before it.", path)
    return None


def history_of(path: Path) -> list[dict]:
    """The history in a checkpoint's header."""
    with safe_open(path, "pt") as file:
        return json.loads((file.metadata() or {}).get("history", "[]"))


def remove_checkpoints(folder: Path) -> None:
    """Delete a finished run's checkpoints."""
    for path in checkpoints(folder):
        path.unlink(missing_ok=True)
