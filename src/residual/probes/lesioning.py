"""What a network gets wrong, whole and with one block deleted; and its gradients."""

import copy
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from residual.models import Network
from residual.probes.common import Table, evaluating, significant


def error(model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> float:
    """Share of wrong predictions in eval mode, in per cent."""
    wrong, count = torch.zeros((), dtype=torch.int64), 0
    with evaluating(model):
        for images, labels in batches:
            wrong = wrong + (model(images).argmax(1) != labels).sum().to(wrong)
            count += len(labels)
    return 100 * int(wrong) / count


def lesions(model: Network, batches: list[tuple[Tensor, Tensor]]) -> Table:
    """Test error with one block deleted at a time (Veit et al. 2016, §4.1), in per cent.

    Row 0 is the whole network; the others are its blocks in order, counted from 1. A deleted
    block's input goes through its shortcut alone, also in a plain net.
    """
    wrong, count = torch.zeros(len(model.blocks) + 1, dtype=torch.int64), 0
    with evaluating(model):
        for images, labels in batches:
            x = model.norm(model.conv(images)).relu_()
            for i, block in enumerate(model.blocks, start=1):
                bare = block.shortcut(x)
                y = model.blocks[i:](bare.relu() if block.last_relu else bare)
                wrong[i] += mistakes(model.classifier(y.mean((2, 3))), labels)
                x = block(x)  # computed once for all deletions above
            wrong[0] += mistakes(model.classifier(x.mean((2, 3))), labels)
            count += len(labels)
    errors = [significant(100 * w / count) for w in wrong.tolist()]
    return {"block": list(range(len(errors))), "test_error": errors}


def mistakes(logits: Tensor, labels: Tensor) -> int:
    """How many predictions are wrong."""
    return int((logits.argmax(1) != labels).sum())


def gradient_ratios(model: Network, images: Tensor, labels: Tensor) -> Table:
    """‖∇W‖/‖W‖ (ratio) and ‖W‖ (weight) of every 3×3 convolution for one batch in train mode."""
    probed = copy.deepcopy(model).train()
    probed.zero_grad()
    F.cross_entropy(probed(images).float(), labels).backward()
    weights = [m.weight for m in probed.modules() if isinstance(m, nn.Conv2d)]
    sizes = torch.stack([torch.stack([w.grad.norm(), w.detach().norm()]) for w in weights]).cpu()
    return {
        "layer": list(model.layers()),
        "ratio": [significant(float(gradient / weight)) for gradient, weight in sizes],
        "weight": [significant(float(weight)) for _, weight in sizes],
    }
