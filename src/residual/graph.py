"""A whole iteration as one CUDA graph: captured once, then replayed without the host's help."""

import logging
from collections.abc import Callable

import torch

from residual.trainer import Trainer

WARM_UP = 3  # iterations that let the libraries choose kernels and take their memory

log = logging.getLogger(__name__)


def iteration(trainer: Trainer) -> Callable[[], None]:
    """The trainer's `step`: on CUDA as a captured graph, elsewhere as it is.

    Call it when `visit` has made the next batches known. If capture fails, a note says why and
    the iterations are computed one operation at a time, with the same numbers.
    """
    if trainer.device.type != "cuda":
        return trainer.step
    try:
        return captured(trainer)
    except RuntimeError as error:
        log.warning("The iteration could not be captured (%s): going on without a graph.", error)
        return trainer.step


def captured(trainer: Trainer) -> Callable[[], None]:
    """The replay of a captured `step`; the trainer's state is what it was before.

    Warm-up runs on a stream of its own, as capture demands, and each of its iterations starts
    from the same state, so that the iteration's number stays inside the visited batches.
    """
    state = snapshot(trainer)
    stream = torch.cuda.Stream(trainer.device)
    stream.wait_stream(torch.cuda.current_stream(trainer.device))
    try:
        with torch.cuda.stream(stream):
            rehearse(trainer, state, WARM_UP)
        torch.cuda.current_stream(trainer.device).wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            trainer.step()
    finally:
        torch.cuda.synchronize(trainer.device)
        trainer.restore(state)
    return graph.replay


def snapshot(trainer: Trainer) -> dict[str, torch.Tensor]:
    """A copy of the trainer's state, on its device."""
    return {name: tensor.clone() for name, tensor in trainer.state().items()}


def rehearse(trainer: Trainer, state: dict[str, torch.Tensor], count: int) -> None:
    """Compute the next iteration `count` times, each time from the given state."""
    for _ in range(count):
        trainer.step()
        trainer.restore(state)
