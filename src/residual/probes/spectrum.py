"""Singular values of each block's Jacobian in full-size networks, estimated.

The Jacobian J of a block has up to 16,384 rows for each image. So the singular values come from
stochastic Lanczos quadrature (Ubaru, Chen & Saad 2017, SIAM J. Matrix Anal. Appl. 38:4): products
with J and Jᵀ give a small tridiagonal matrix, whose eigenvalues and eigenvectors are nodes and
weights of the spectrum of JJᵀ.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from residual.models import BasicBlock, Network
from residual.probes.common import Table, columns, evaluating, significant

ROUNDING = 1e-4  # of the matrix: what is smaller beside the diagonal is taken for zero
STEPS = 32  # products with JJᵀ for each image
SHARES = {"low": 0.1, "median": 0.5, "high": 0.9}  # of the singular values that lie below


def jacobian(model: Network, images: Tensor, steps: int = STEPS) -> Table:
    """Singular values of each block's input–output Jacobian on images (N, C, H, W), eval mode.

    The map is the block's up to its last ReLU: F(x) + x in a residual net, F(x) in a plain one;
    where F is zero, all singular values of a residual block are one. One row a block: block (from
    1), largest (mean over images), high, median and low (90, 50 and 10 % over all images and as
    many singular values as the block has outputs), rms, participation, widening (whether the block
    changes the shape). The participation ratio (Σσ²)²/(n·Σσ⁴) is 1 where all n singular values are
    equal, and 1/n where all but one are zero.
    Quantiles are those of some thirty nodes an image: next to a gap, such as the one above exact
    zeros, they are blurred by a few hundredths of the largest value.
    """
    rows = []
    with evaluating(model):
        for i, (block, x) in enumerate(zip(model.blocks, model.features(images)), start=1):
            found = summary(*spectrum(block, x, seed=i, steps=steps))
            rows.append({"block": i} | found | {"widening": bool(block.widening)})
    return columns(rows)


def before_relu(block: BasicBlock, x: Tensor) -> Tensor:
    """What a block returns before its last ReLU."""
    f = block.norm2(block.conv2(block.norm1(block.conv1(x)).relu()))
    return f + block.shortcut(x) if block.residual else f


def spectrum(block: BasicBlock, x: Tensor, seed: int, steps: int = STEPS) -> tuple[Tensor, Tensor]:
    """Nodes and weights of the singular values at each image: two of (N, steps) in float64.

    Weights sum to one for each image. Images do not mix in eval mode, so one product serves all.
    """
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        output = before_relu(block, x)
        u = torch.zeros_like(output, requires_grad=True)
        (pulled,) = torch.autograd.grad(output, x, u, create_graph=True)  # Jᵀu, linear in u
    shape, size = output.shape, output[0].numel()

    def product(v: Tensor) -> Tensor:
        (back,) = torch.autograd.grad(output, x, v.reshape(shape), retain_graph=True)
        (forth,) = torch.autograd.grad(pulled, u, back, retain_graph=True)
        return forth.flatten(1)

    generator = torch.Generator().manual_seed(seed)
    start = torch.randn(shape[0], size, generator=generator).to(x)  # (N, D)
    diagonal, beside = lanczos(product, start, min(steps, size))
    matrix = torch.diag_embed(diagonal)  # (N, steps, steps)
    matrix += torch.diag_embed(beside, 1) + torch.diag_embed(beside, -1)
    values, vectors = torch.linalg.eigh(matrix)
    return values.clamp(min=0).sqrt(), vectors[:, 0].square()


def lanczos(
    product: Callable[[Tensor], Tensor], start: Tensor, steps: int
) -> tuple[Tensor, Tensor]:
    """The tridiagonal matrices of a symmetric product from a start (N, D), on the CPU in float64:
    diagonals (N, steps) and the values beside them (N, steps - 1).

    Every new vector is made orthogonal to all before it, twice, since rounding undoes it. Where
    nothing but rounding is left of it, the matrix ends: zeros follow, which have no weight.
    """
    v = start / start.norm(dim=1, keepdim=True)
    basis, diagonal, beside = [v], [], []
    scale = v.new_zeros(len(v))
    for _ in range(steps):
        w = product(basis[-1])
        diagonal.append((w * basis[-1]).sum(1))
        known = torch.stack(basis, 1)  # (N, so far, D)
        for _ in range(2):
            w = w - torch.einsum("nk,nkd->nd", torch.einsum("nkd,nd->nk", known, w), known)
        size = w.norm(dim=1)
        scale = torch.maximum(scale, diagonal[-1].abs() + size)
        alive = size > ROUNDING * scale
        beside.append(torch.where(alive, size, 0))
        basis.append(w / torch.where(alive, size, torch.inf)[:, None])
    return torch.stack(diagonal, 1).cpu().double(), torch.stack(beside, 1)[:, :-1].cpu().double()


def summary(values: Tensor, weights: Tensor) -> dict[str, float]:
    """Largest, quantiles, root mean square and participation ratio of singular values with weights:
    (N, steps) each."""
    kept = weights > 1e-12
    ordered, order = values[kept].sort()
    share = weights[kept][order] / len(values)
    below = share.cumsum(0) - share / 2
    found = {"largest": values.max(1).values.mean()}
    found |= dict(zip(SHARES, np.interp(list(SHARES.values()), below, ordered)))
    square, fourth = (ordered.square() * share).sum(), (ordered.pow(4) * share).sum()
    found |= {"rms": square.sqrt(), "participation": square**2 / fourth}
    return {name: significant(float(value)) for name, value in found.items()}
