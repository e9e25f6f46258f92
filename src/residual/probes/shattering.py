"""How gradients fare on their way back: their size from stage to stage, and how alike they are."""

import copy
from collections.abc import Sequence
from statistics import median

import torch
from torch import Tensor
from torch.nn import functional as F

from residual.models import Network
from residual.probes.common import significant

SMALLEST = 1e-300  # what stands for a gradient that is zero


def stage_ratio(ratio: Sequence[float], weight: Sequence[float], power: int = 2) -> float:
    """How large the first stage's gradients are beside the last stage's: ‖∇W‖·‖W‖, no unit.

    Far from 1, gradients vanish or explode on their way back (Glorot and Bengio 2010, §4.2.2).
    Takes the columns of `gradient_ratios`, ‖∇W‖/‖W‖ and ‖W‖, with the stem in front. The median
    over the layers of a stage stands for it. ‖∇W‖·‖W‖ does not depend on the scale of W, which
    batch normalisation makes free. The gradient stands beside ‖W‖ to another `power`: 0 for
    ‖∇W‖/‖W‖, 1 for ‖∇W‖.
    """
    _stem, *sizes = [r * w**power for r, w in zip(ratio, weight)]
    stage = len(sizes) // 3
    first, last = median(sizes[:stage]), median(sizes[-stage:])
    return max(first, SMALLEST) / max(last, SMALLEST)


def coherence(model: Network, images: Tensor, nearby: Tensor) -> float:
    """How alike the input gradients at neighbouring images are: mean cosine, from -1 to 1.

    Gradients of the first logit by the image, at images and at nearby ones (N, C, H, W), in train
    mode. One: the gradient hardly changes from an image to its neighbour; zero: it is another one,
    as if drawn anew ("shattered", Balduzzi et al. 2017).
    """
    probed = copy.deepcopy(model).train()
    first, second = input_gradients(probed, images), input_gradients(probed, nearby)
    return significant(float(F.cosine_similarity(first, second).mean()))


def input_gradients(model: Network, x: Tensor) -> Tensor:
    """Gradient of the first logit with respect to each image, flat: (N, C·H·W)."""
    x = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(model(x)[:, 0].sum(), x)
    return gradient.flatten(1)
