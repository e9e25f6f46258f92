"""How long a training will take, measured on the device at hand before it starts."""

import time

import torch

from residual.errors import ParameterError
from residual.graph import snapshot
from residual.trainer import Trainer

LONG_HOURS = 3.0  # beyond this a training wants to be asked for explicitly
WORTH_MEASURING = 50_000  # depth × iterations: below it no machine takes hours
REHEARSED = 2


def seconds_left(trainer: Trainer) -> float:
    """Seconds to the end of the recipe, from two iterations after one to warm up.

    The trainer's state is put back, so that the training is the same with or without a rehearsal.
    """
    state = snapshot(trainer)
    done = int(trainer.iteration)
    count = min(REHEARSED, trainer.recipe.iterations - done - 1)
    if count < 1:
        return 0.0
    trainer.visit(done, done + count + 1)
    trainer.step()
    wait(trainer.device)
    begun = time.monotonic()
    for _ in range(count):
        trainer.step()
    wait(trainer.device)
    seconds = (time.monotonic() - begun) / count
    trainer.restore(state)
    return seconds * (trainer.recipe.iterations - done)


def wait(device: torch.device) -> None:
    """Wait until the device has done what it was told to."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def refuse_long(trainer: Trainer) -> None:
    """ParameterError with an estimate if the training would take more than `LONG_HOURS`."""
    recipe = trainer.recipe
    if recipe.depth * recipe.iterations < WORTH_MEASURING:
        return
    hours = seconds_left(trainer) / 3600
    if hours > LONG_HOURS:
        raise ParameterError(
            "allow_long",
            False,
            f"{recipe.profile}/{recipe.name} would take about {hours:.0f} hours on "
            f"{trainer.device.type} here: ask for it with --long (allow_long=True), or take "
            "fewer iterations, a smaller profile or a faster device",
        )
