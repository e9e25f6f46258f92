"""Lesions share the work of the blocks below, and must not differ from the plain way for it."""

import pytest
import torch

from residual import probes
from residual.models import build


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
        with probes.deleted(block):
            expected.append(probes.error(model, batches))
    found = probes.lesions(model, batches)
    assert found["block"] == list(range(7))
    assert found["test_error"] == pytest.approx(expected, rel=1e-5)
    assert len(set(expected)) > 1
    assert model.training
