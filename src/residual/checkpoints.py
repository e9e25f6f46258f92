"""Checkpoints of a training: files that carry their own digest, so that a damaged one is known."""

import json
import logging
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import load, save

from residual.store import digest, write_atomically
from residual.train import Training

KEPT = 2  # the newest, and the one before it should the newest be damaged

log = logging.getLogger(__name__)


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints in a run's folder, newest first."""
    return sorted(folder.glob("checkpoint-[0-9]*-*.safetensors"), reverse=True)


def checkpoint(training: Training, folder: Path, history: list[dict]) -> None:
    """Write the training's state under a name that carries its digest, and drop older ones.

    `history` lists the machine and code version that computed each part, oldest first.
    """
    tensors = {name: tensor.contiguous().cpu() for name, tensor in training.state().items()}
    content = save(tensors, {"history": json.dumps(history)})
    name = f"checkpoint-{int(training.seen['done']):08d}-{digest(content)[:16]}.safetensors"
    write_atomically(folder / name, content)
    for old in checkpoints(folder)[KEPT:]:
        old.unlink()


def resume(training: Training, folder: Path) -> list[dict]:
    """Go on from the newest good checkpoint, if there is one; gives its history.

    A damaged checkpoint is named and passed over, and so is one whose tensors do not fit.
    """
    shapes = {name: tensor.shape for name, tensor in training.state().items()}
    for path in checkpoints(folder):
        content = path.read_bytes()
        if digest(content)[:16] != path.stem.rsplit("-", 1)[-1]:
            log.warning("%s is damaged: going on from the one before it.", path)
            continue
        kept = load(content)
        if {name: tensor.shape for name, tensor in kept.items()} != shapes:
            log.warning("%s was made by other code: its tensors do not fit.", path)
            continue
        training.restore(kept)
        with safe_open(path, "pt") as file:
            return json.loads(file.metadata()["history"])
    return []
