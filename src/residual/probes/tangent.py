"""How evenly a network learns different images: its empirical neural tangent kernel."""

from contextlib import ExitStack

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from residual.models import Network
from residual.probes.common import evaluating, significant


def kernel(model: Network, images: Tensor) -> float:
    """Participation ratio of the eigenvalues of the tangent kernel of N images (N, C, H, W).

    K_ij is the sum over classes c of ⟨∇f_c(x_i), ∇f_c(x_j)⟩, where f are the logits and ∇ is taken
    by all parameters, in eval mode (Jacot et al. 2018, §4). Gradient descent learns along
    eigenvectors of K, as fast as their eigenvalues are large. The ratio (Σλ)²/(N·Σλ²) is 1 where
    all N are equal, and 1/N where one is all there is: the normalisation of `jacobian`.
    """
    gram = torch.zeros(len(images), len(images), dtype=torch.float64)

    def add(gradient: Tensor) -> None:  # (N, …) of one parameter, for one class
        each = gradient.flatten(1)
        gram.add_((each @ each.T).cpu().double())

    def watch(layer: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        # The hook sees the gradient of this output, even if it is changed in place later.
        output.register_hook(
            lambda g: [add(p) for p in by_image(layer, inputs[0].detach(), g)] and g
        )

    with ExitStack() as hooks, evaluating(model), torch.enable_grad():
        for layer in model.modules():
            if isinstance(layer, (nn.Conv2d, nn.BatchNorm2d, nn.Linear)):
                hooks.enter_context(layer.register_forward_hook(watch))
        logits = model(images).sum(0)  # images do not mix in eval mode
        for i, logit in enumerate(logits):
            torch.autograd.grad(logit, model.conv.weight, retain_graph=i + 1 < len(logits))
    square = gram.square().sum() * len(images)
    return significant(float(gram.trace() ** 2 / square))


def by_image(layer: nn.Module, x: Tensor, g: Tensor) -> list[Tensor]:
    """The gradients of a layer's parameters for each image, from its input and the gradient of its
    output: weight (N, …), and bias (N, outputs) if it has one."""
    if isinstance(layer, nn.Linear):
        return [g[:, :, None] * x[:, None, :], g]
    if isinstance(layer, nn.BatchNorm2d):
        shape = (1, -1, 1, 1)
        centred = x - layer.running_mean.view(shape)
        scaled = centred * (layer.running_var + layer.eps).rsqrt().view(shape)
        return [(g * scaled).sum((2, 3)), g.sum((2, 3))]
    patches = F.unfold(x, layer.kernel_size, padding=layer.padding, stride=layer.stride)
    weight = g.flatten(2) @ patches.transpose(1, 2)  # (N, outputs, inputs · 9)
    return [weight] if layer.bias is None else [weight, g.sum((2, 3))]
