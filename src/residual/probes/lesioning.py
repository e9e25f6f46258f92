"""What a network gets wrong, whole and with one block deleted; and its gradients."""

import copy
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from residual.models import Network
from residual.probes.common import Table, convolutions, evaluating, significant

KEPT = 9  # blocks of a network of 20 layers


def error(model: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> float:
    """Share of wrong predictions in eval mode, in per cent.

    Batches are pairs of normalised images (N, C, H, W) and labels (N,) in int64.
    """
    wrong, count = torch.zeros((), dtype=torch.int64), 0
    with evaluating(model):
        for images, labels in batches:
            wrong = wrong + (model(images).argmax(1) != labels).sum().to(wrong)
            count += len(labels)
    return 100 * int(wrong) / count


def lesions(model: Network, batches: list[tuple[Tensor, Tensor]]) -> Table:
    """Test error with one block deleted at a time (Veit et al. 2016, §4.1), in per cent.

    `batches` are normalised images (N, channels, H, W) with their labels (N,).
    Row 0 is the whole network; the others are its blocks in order, counted from 1. A deleted
    block's input goes through its shortcut alone, also in a plain net.
    """
    wrong, count = torch.zeros(len(model.blocks) + 1, dtype=torch.int64), 0
    with evaluating(model):
        for images, labels in batches:
            x = model.stem(images)
            for i, block in enumerate(model.blocks, start=1):
                bare = block.shortcut(x)
                y = model.blocks[i:](bare.relu() if block.last_relu else bare)
                wrong[i] += mistakes(model.classifier(y.mean((2, 3))), labels)
                x = block(x)  # computed once for all deletions above
            wrong[0] += mistakes(model.classifier(x.mean((2, 3))), labels)
            count += len(labels)
    errors = [significant(100 * w / count) for w in wrong.tolist()]
    return {"block": list(range(len(errors))), "test_error": errors}


def surplus(model: Network, blocks: Table, batches: list[tuple[Tensor, Tensor]]) -> dict:
    """Test error without all blocks that ResNet-20 does not have, deleted together, in per cent.

    Deleted are the identity blocks of least ‖F(x)‖/‖x‖ (column ratio of `blocks`, the table of
    `block_ratios`), as many as leave the nine blocks of a network of 20 layers (Veit et al. 2016,
    §4.2, deletes random ones). Beside this joint error: that of the whole network, and the error
    with its identity blocks in another `order` within each stage (§4.3 there; Greff et al. 2017,
    §5, read such blocks as steps of one estimate). Blocks are counted from 1. `batches` are
    normalised images (N, channels, H, W) with their labels (N,).
    """
    identity = [i for i, block in enumerate(model.blocks) if not block.widening]
    least = sorted(identity, key=lambda i: blocks["ratio"][i])
    deleted = sorted(least[: max(len(model.blocks) - KEPT, 0)])
    order, generator = list(range(len(model.blocks))), torch.Generator().manual_seed(0)
    for width in (16, 32, 64):
        stage = [i for i in identity if model.blocks[i].conv2.out_channels == width]
        for i, j in zip(stage, torch.randperm(len(stage), generator=generator).tolist()):
            order[i] = stage[j]
    joint, shuffled = copy.deepcopy(model), copy.deepcopy(model)
    joint.blocks = nn.Sequential(*(b for i, b in enumerate(joint.blocks) if i not in deleted))
    shuffled.blocks = nn.Sequential(*(shuffled.blocks[i] for i in order))
    return {
        "deleted": [i + 1 for i in deleted],
        "order": [i + 1 for i in order],
        "whole": significant(error(model, batches)),
        "joint": significant(error(joint, batches)),
        "shuffled": significant(error(shuffled, batches)),
        "images": sum(len(labels) for _, labels in batches),
    }


def mistakes(logits: Tensor, labels: Tensor) -> int:
    """How many predictions are wrong."""
    return int((logits.argmax(1) != labels).sum())


def gradient_ratios(model: Network, images: Tensor, labels: Tensor) -> Table:
    """‖∇W‖/‖W‖ (ratio) and ‖W‖ (weight) of every 3×3 convolution for one batch in train mode:
    normalised images (N, channels, H, W) and their labels (N,)."""
    probed = copy.deepcopy(model).train()
    probed.zero_grad()
    F.cross_entropy(probed(images).float(), labels).backward()
    weights = [conv.weight for conv in convolutions(probed)]
    sizes = torch.stack([torch.stack([w.grad.norm(), w.detach().norm()]) for w in weights]).cpu()
    return {
        "layer": list(model.layers()),
        "ratio": [significant(float(gradient / weight)) for gradient, weight in sizes],
        "weight": [significant(float(weight)) for _, weight in sizes],
    }
