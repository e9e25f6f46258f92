"""A training's checkpoints: when they are written, and how it goes on from one."""

import logging
from dataclasses import dataclass
from pathlib import Path

from residual.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from residual.trainer import Trainer

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Keeper:
    """Where a training's checkpoints go, how often, what this process computes on, and what the
    parts before it were computed on."""

    folder: Path
    seconds: float
    here: dict
    history: list[dict]

    def keep(self, trainer: Trainer) -> None:
        """Write a checkpoint."""
        done = int(trainer.iteration)
        history = [*self.history, {"until": done} | self.here]
        save_checkpoint(self.folder, done, Checkpoint(trainer.state(), history))


def resume(trainer: Trainer, folder: Path, here: dict) -> list[dict]:
    """Put the trainer where its newest good checkpoint is.

    Gives what the parts of the way to it were computed on, where that was not as `here`.
    """
    checkpoint = load_checkpoint(folder)
    if checkpoint is None:
        return []
    try:
        trainer.restore(checkpoint.state)
    except ValueError as error:
        log.warning("%s starts from the beginning: %s.", trainer.recipe.name, error)
        return []
    return [part for part in checkpoint.history if part != {"until": part["until"]} | here]
