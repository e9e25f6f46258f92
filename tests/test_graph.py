"""Capture: the state is left as it was, and a replay that computes something else is not used.

Without CUDA a stand-in plays its part: `replay` is the plain step, or goes wrong.
"""

from contextlib import contextmanager, nullcontext

import pytest
import torch

from residual import graph
from residual.data import load
from residual.recipe import recipes
from residual.trainer import Trainer
from residual.turns import always

CPU = torch.device("cpu")


def trainer(device: torch.device = CPU) -> Trainer:
    (recipe,) = recipes("quick", ["residual"], [8], [0], 8)
    one = Trainer(recipe, load(recipe.dataset), device)
    one.visit(0, 8)
    return one


def same(one: dict, other: dict) -> bool:
    return all(one[n].cpu().numpy().tobytes() == other[n].cpu().numpy().tobytes() for n in one)


class Stream:
    """A CUDA stream that does everything at once."""

    def __init__(self, _device=None) -> None:
        self.waited = []

    def wait_stream(self, other) -> None:
        self.waited.append(other)


@pytest.fixture
def cuda(monkeypatch):
    """What `graph` uses of torch.cuda, on the CPU; holds what was captured, and how."""
    seen = {"current": Stream(), "default": Stream(), "replays": 0}

    class Graph:
        def replay(self) -> None:
            seen["replays"] += 1
            seen["trainer"].step()

    @contextmanager
    def on(stream):
        before, seen["current"] = seen["current"], stream
        yield
        seen["current"] = before

    @contextmanager
    def capture(_graph, stream, capture_error_mode):
        seen["captured"] = stream, capture_error_mode
        state = graph.snapshot(seen["trainer"])
        yield
        seen["trainer"].restore(state)  # what is captured is not computed

    for name, value in {
        "current_stream": lambda _device: seen["current"],
        "default_stream": lambda _device: seen["default"],
        "Stream": Stream,
        "stream": on,
        "CUDAGraph": Graph,
        "graph": capture,
        "synchronize": lambda _device: None,
    }.items():
        monkeypatch.setattr(graph.torch.cuda, name, value)
    monkeypatch.setattr(Trainer, "autocast", lambda _self: nullcontext())
    return seen


def pretend(seen: dict) -> Trainer:
    """A trainer on the CPU that says it is on a GPU."""
    one = seen["trainer"] = trainer()
    one.device = torch.device("cuda")
    return one


def test_on_a_cpu_lanes_are_nothing_and_the_work_is_done_at_once():
    assert [type(lane) for lane in graph.lanes(CPU, 3)] == [nullcontext] * 3
    assert graph.arrival(CPU) is always
    one = trainer()
    assert graph.iteration(one) == one.step


def test_a_capture_leaves_the_state_as_it_was(cuda, caplog):
    one = pretend(cuda)
    before = graph.snapshot(one)
    step = graph.iteration(one)
    assert (cuda["replays"], caplog.text) == (1, "")
    assert same(one.state(), before)
    step()
    assert cuda["replays"] == 2
    assert int(one.iteration) == 1


def test_a_graph_is_captured_on_the_stream_that_it_is_replayed_on(cuda):
    graph.iteration(pretend(cuda))
    assert cuda["captured"] == (cuda["current"], "thread_local")


def test_the_default_stream_is_never_captured(cuda):
    default = cuda["current"] = cuda["default"]
    graph.iteration(pretend(cuda))
    stream, _ = cuda["captured"]
    assert stream is not default
    assert default in stream.waited


@pytest.mark.parametrize(
    "fault",
    [
        lambda one: None,
        lambda one: one.iteration.add_(1),
        lambda one: (one.step(), one.losses[0].mul_(1.1)),
        lambda one: (one.step(), one.iteration.add_(1)),
    ],
)
def test_a_replay_that_computes_something_else_is_not_used(fault, cuda, caplog, monkeypatch):
    one = pretend(cuda)
    before = graph.snapshot(one)
    monkeypatch.setattr(graph.torch.cuda.CUDAGraph, "replay", lambda _self: fault(one))
    assert graph.iteration(one) == one.step
    assert "a replay" in caplog.text
    assert same(one.state(), before)


class NotARuntimeError(Exception):
    pass


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("operation not permitted when stream is capturing"),
        torch.AcceleratorError("operation not permitted"),
        torch.OutOfMemoryError("not permitted: no memory"),
        NotARuntimeError("not permitted"),
        AssertionError("not permitted"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_failed_capture_is_a_note_and_leaves_no_trace(error, caplog, monkeypatch):
    def fails(one, _state):
        one.iteration += 1
        one.losses[0] = 3.0
        raise error

    one = trainer()
    one.device = torch.device("cuda")
    before = graph.snapshot(one)
    monkeypatch.setattr(graph, "captured", fails)
    assert graph.iteration(one) == one.step
    assert "not permitted" in caplog.text
    assert same(one.state(), before)


def test_a_state_that_cannot_be_put_back_ends_the_training(monkeypatch):
    def fails(one, _state):
        monkeypatch.setattr(one, "restore", lambda _state: 1 / 0)
        raise RuntimeError("the device is lost")

    one = trainer()
    one.device = torch.device("cuda")
    monkeypatch.setattr(graph, "captured", fails)
    with pytest.raises(ZeroDivisionError):
        graph.iteration(one)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_on_cuda_a_capture_succeeds_and_computes_the_step(caplog):
    device = torch.device("cuda")
    (lane,) = graph.lanes(device, 1)
    with lane:
        one, other = trainer(device), trainer(device)
        before = graph.snapshot(one)
        step = graph.iteration(one)
        assert same(one.state(), before)
        for _ in range(3):
            step()
            other.step()
        ready = graph.arrival(device)
        torch.cuda.synchronize()
        assert ready()
    assert caplog.text == ""
    assert one.losses[:3].tolist() == pytest.approx(other.losses[:3].tolist(), rel=0.02)
