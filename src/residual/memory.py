"""What is said when memory runs out."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from residual.errors import TrainingError


@contextmanager
def enough_memory(name: str, device: torch.device) -> Iterator[None]:
    """Turns the several ways of running out of memory into one TrainingError with advice.

    `name` is the run that needs it.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        known = isinstance(error, (MemoryError, torch.OutOfMemoryError))
        if not known and "can't allocate memory" not in str(error):
            raise
        raise TrainingError(
            f"{name} does not fit into the memory of {device.type}: end "
            "what else uses it, train fewer networks at once (--jobs) or a shallower one, then "
            "give the same command again; it goes on from its last checkpoint."
        ) from error
