"""Lesions share the work of the blocks below, and must not differ from the plain way for it."""

from contextlib import contextmanager

import pytest
import torch

from residual import probes
from residual.models import build


@contextmanager
def deleted(block):
    """The block does nothing: its input goes through the shortcut alone, also in a plain net."""
    handle = block.register_forward_hook(lambda b, inputs, _o: b.shortcut(inputs[0]).relu())
    with handle:
        yield


@pytest.mark.parametrize("kind", ["plain", "residual"])
def test_each_lesion_is_the_error_without_that_block(kind):
    model, generator = build(kind, 14), torch.Generator().manual_seed(0)
    images = torch.rand(64, 3, 32, 32, generator=generator)
    halves = [images[:40], images[40:]]
    model.train()
    model(images)
    batches = [(x, torch.arange(len(x)) % 10) for x in halves]
    expected = [probes.error(model, batches)]
    for block in model.blocks:
        with deleted(block):
            expected.append(probes.error(model, batches))
    found = probes.lesions(model, batches)
    assert found["block"] == list(range(7))
    assert found["test_error"] == pytest.approx(expected, rel=1e-5)
    assert len(set(expected)) > 1
    assert model.training


def test_deleting_a_block_is_zeroing_its_f():
    model, images = build("residual", 8).eval(), torch.rand(12, 3, 32, 32)
    labels = torch.arange(12) % 10
    found = probes.lesions(model, [(images, labels)])
    torch.nn.init.zeros_(model.blocks[1].norm2.weight)
    assert probes.error(model, [(images, labels)]) == pytest.approx(
        found["test_error"][2], rel=1e-5
    )
