"""CUDA: an iteration captured once as a graph, and a stream for each of several networks."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from residual.trainer import Trainer
from residual.turns import Ready, always

WARM_UP = 3  # iterations that let the libraries choose kernels and take their memory
CLOSE = 0.01  # relative difference allowed between the losses of a replay and of the plain step

log = logging.getLogger(__name__)


def lanes(device: torch.device, count: int) -> list[AbstractContextManager]:
    """Contexts for networks that train at once: on CUDA a stream each, elsewhere nothing.

    A network's graph is captured and replayed on one and the same stream: the libraries have
    scratch memory for each stream, which two graphs at work at once must not share.
    """
    if device.type != "cuda":
        return [nullcontext() for _ in range(count)]
    return [torch.cuda.stream(new_stream(device)) for _ in range(count)]


def new_stream(device: torch.device) -> torch.cuda.Stream:
    """A stream that goes on where the current one is."""
    stream = torch.cuda.Stream(device)
    stream.wait_stream(torch.cuda.current_stream(device))
    return stream


def arrival(device: torch.device) -> Ready:
    """Says, without waiting, whether the device has done what it was told in this lane so far."""
    if device.type != "cuda":
        return always
    event = torch.cuda.Event()
    event.record()
    return event.query


def iteration(trainer: Trainer) -> Callable[[], None]:
    """The trainer's `step`: on CUDA as a captured graph, elsewhere as it is.

    Call it when `visit` has made the next batches known. If capture fails, a note says why and
    the iterations are computed one operation at a time, with the same numbers. The trainer's state
    is afterwards what it was before; an error while it is put back ends the training.
    """
    if trainer.device.type != "cuda":
        return trainer.step
    state, step = snapshot(trainer), trainer.step
    try:
        step = captured(trainer, state)
    except Exception as error:  # capture fails with errors of many types
        log.warning("The iteration could not be captured (%s): going on without a graph.", error)
    trainer.restore(state)
    return step


def captured(trainer: Trainer, state: dict[str, Tensor]) -> Callable[[], None]:
    """The replay of a captured `step`, once it has given the loss that the plain step gives.

    RuntimeError if it gives another one. Other networks may be at work on their streams meanwhile:
    only calls of this thread can spoil the capture.
    """
    stream = torch.cuda.current_stream(trainer.device)
    if stream == torch.cuda.default_stream(trainer.device):  # which cannot be captured
        stream = new_stream(trainer.device)
    try:
        with torch.cuda.stream(stream):
            expected = rehearse(trainer, state, WARM_UP)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
                trainer.step()
            check(trainer, graph.replay, expected)
    finally:
        torch.cuda.synchronize(trainer.device)
    return graph.replay


def check(trainer: Trainer, replay: Callable[[], None], expected: Tensor) -> None:
    """RuntimeError unless a replay goes one iteration further, with about the expected loss."""
    before = int(trainer.iteration)
    replay()
    if int(trainer.iteration) != before + 1:
        raise RuntimeError("a replay does not go one iteration further")
    found = trainer.losses[before]
    if not torch.isclose(found, expected, rtol=CLOSE, equal_nan=True):
        raise RuntimeError(f"a replay gives the loss {found:g}, the plain step {expected:g}")


def snapshot(trainer: Trainer) -> dict[str, Tensor]:
    """A copy of the trainer's state, on its device."""
    return {name: tensor.clone() for name, tensor in trainer.state().items()}


def rehearse(trainer: Trainer, state: dict[str, Tensor], count: int) -> Tensor:
    """Compute the next iteration `count` times, each time from the given state; gives its loss."""
    row, loss = int(state["iteration"]), torch.tensor(torch.nan)
    for _ in range(count):
        trainer.step()
        loss = trainer.losses[row].clone()
        trainer.restore(state)
    return loss
