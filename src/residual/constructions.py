"""Networks and blocks built by hand: exact identities, and a residual block written as a plain."""

import copy
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from residual.models import BasicBlock, Network, conv3x3, initialise
from residual.provenance import computing_with


@torch.no_grad()
def identity_block(x: Tensor) -> BasicBlock:
    """A plain block with Dirac kernels that returns x ≥ 0, (N, C, H, W).

    Its BN undoes itself: γ = √(σ² + ε) and β = μ, with the mean μ and the biased variance σ² of
    each channel of x. In train mode this holds for x itself.
    """
    block = BasicBlock(x.shape[1], x.shape[1], residual=False).to(x.device)
    variance, mean = torch.var_mean(x, (0, 2, 3), correction=0)  # (C,)
    for conv in (block.conv1, block.conv2):
        nn.init.dirac_(conv.weight)
    for norm in (block.norm1, block.norm2):
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.copy_(mean)
    return block


@torch.no_grad()
def deepened(model: Network, depth: int, images: Tensor) -> Network:
    """A plain net of a larger depth that computes the same as a plain net, in eval mode.

    Each stage keeps its blocks and gains identity blocks behind them. Their BN statistics are
    those of `images` (N, channels, H, W) inside the net in its present mode, so that in train
    mode the two nets agree on that batch as well.
    """
    running, deep = copy.deepcopy(model), copy.deepcopy(model)
    per_stage = len(model.blocks) // 3
    added = (depth - 2) // 6 - per_stage
    x = running.norm(running.conv(images)).relu()
    blocks: list[nn.Module] = []
    for i, block in enumerate(running.blocks):
        x = block(x)  # changes the moving averages of the copy that runs, in train mode
        blocks.append(deep.blocks[i])
        if (i + 1) % per_stage == 0:
            blocks += [identity_block(x) for _ in range(added)]
    deep.blocks = nn.Sequential(*blocks)
    return deep.train(model.training)


@torch.no_grad()
def zero_weights(block: BasicBlock) -> BasicBlock:
    """The block with all weights of F at zero; F(x) = 0 needs β₂ = 0 and running mean₂ = 0 too."""
    for conv in (block.conv1, block.conv2):
        conv.weight.zero_()
    return block


@torch.no_grad()
def zero_scale(block: BasicBlock) -> BasicBlock:
    """The block with γ₂ = β₂ = 0, which makes F(x) = 0 whatever its convolutions are."""
    block.norm2.weight.zero_()
    block.norm2.bias.zero_()
    return block


@torch.no_grad()
def plain_equivalent(block: BasicBlock) -> nn.Sequential:
    """A plain stack of twice the inner width that equals a residual block for x ≥ 0, in eval mode.

    The first convolution computes F's inner layer and a copy of x side by side, which ReLU leaves
    as it is; the second adds them: relu(W₂h + x) needs no shortcut.
    """
    width = block.conv2.out_channels
    stack = nn.Sequential(
        conv3x3(width, 2 * width), nn.ReLU(), conv3x3(2 * width, width), nn.ReLU()
    )
    for index, source, norm in ((0, block.conv1, block.norm1), (2, block.conv2, block.norm2)):
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()  # BN in eval mode, (C,)
        bias = norm.bias - scale * norm.running_mean
        kernel = source.weight * scale[:, None, None, None]
        identity = nn.init.dirac_(torch.empty(width, width, 3, 3))
        joined = torch.cat([kernel, identity], dim=index // 2)
        stack[index].weight = nn.Parameter(joined)
        offset = torch.cat([bias, torch.zeros(width)]) if index == 0 else bias
        stack[index].bias = nn.Parameter(offset)
    return stack


@torch.no_grad()
def rescaled(model: Network, factor: float) -> Network:
    """The same function with every response so many times as large, but for the ε of BN.

    Every γ and β is multiplied. The next convolution and batch normalisation undo that, on the
    shortcut x grows like F(x), and the classifier's weights undo the rest.
    """
    made = copy.deepcopy(model)
    for norm in made.layers().values():
        norm.weight *= factor
        norm.bias *= factor
    for block in made.blocks:  # statistics of inputs that have grown as well
        for norm in (block.norm1, block.norm2):
            norm.running_mean *= factor
            norm.running_var *= factor**2
    made.classifier.weight /= factor
    return made


@torch.no_grad()
def renumbered(model: Network) -> Network:
    """The net with identity shortcuts that equals a residual net whose shortcuts permute channels.

    It has the same weights, listed in another order: each block's channels are numbered so that its
    shortcut brings them in their order. ReLU, BN, He initialisation and gradient descent do not
    know that order, so the two nets also train alike. New channels must come after the old ones.
    """
    made = copy.deepcopy(model)
    order = torch.arange(made.conv.out_channels)
    for block in made.blocks:
        block.conv1.weight.copy_(block.conv1.weight[:, order])
        order = torch.cat([order, torch.arange(len(order), block.conv2.out_channels)])
        order = block.map[:, :, 0, 0].argmax(1).argsort()[order]  # undoes the block's permutation
        block.conv2.weight.copy_(block.conv2.weight[order])
        for tensor in (*block.norm2.parameters(), *block.norm2.buffers()):
            if tensor.ndim:  # all but the count of batches
                tensor.copy_(tensor[order])
        block.map = None
    made.classifier.weight.copy_(made.classifier.weight[:, order])
    return made


def sample_block(residual: bool) -> tuple[BasicBlock, Tensor]:
    """A He-initialised block with BN statistics that are not trivial, and an input x ≥ 0."""
    generator = torch.Generator().manual_seed(0)
    block = BasicBlock(16, 16, residual)
    initialise(block, seed=0)
    with torch.no_grad():
        for norm in (block.norm1, block.norm2):
            norm.weight.uniform_(0.5, 1.5, generator=generator)
            norm.bias.normal_(generator=generator)
            norm.running_mean.normal_(generator=generator)
            norm.running_var.uniform_(0.5, 2.0, generator=generator)
    return block, torch.randn(8, 16, 8, 8, generator=generator).relu()


@torch.no_grad()
@computing_with(1)
def equivalence_error() -> float:
    """Largest difference between a residual block and its plain equivalent, over the largest
    output."""
    block, x = sample_block(residual=True)
    expected = block.eval()(x)
    return float((plain_equivalent(block)(x) - expected).abs().max() / expected.abs().max())


def walk(depth: int, samples: int = 4000) -> float:
    """Median over identity blocks of the ‖F‖/‖x‖ that BN alone gives an untrained ResNet.

    At γ = 1 and β = 0 each channel of F has mean 0 and variance 1 whatever the images (De & Smith
    2020). Taken for normal and independent of x, it makes x a random walk x ← max(x + N(0, 1), 0),
    here of so many `samples`; where a stage begins, half of the channels are zero.
    """
    source = np.random.default_rng(0)
    x, ratios = np.maximum(source.standard_normal(samples), 0), []
    per_stage = (depth - 2) // 6
    for block in range(3 * per_stage):
        if block and block % per_stage == 0:
            x = x * source.permutation(np.arange(samples) % 2)
        else:
            ratios.append(1 / np.sqrt(np.mean(x**2)))
        x = np.maximum(x + source.standard_normal(samples), 0)
    return float(np.median(ratios))


@torch.no_grad()
@computing_with(1)
def zero_gamma_ratio() -> float:
    """‖F(x)‖/‖x‖ of a block with γ₂ = 0 and β₂ = 0."""
    block, x = sample_block(residual=True)
    block.norm2.running_mean.zero_()  # the start of training
    return float((zero_scale(block)(x.clone()) - x).norm() / x.norm())


def parameter_counts(depths: tuple[int, ...] = (20, 32, 44, 56, 110)) -> dict:
    """Trainable parameters of the plain and of the residual net, by depth."""
    with torch.device("meta"):
        return {
            depth: tuple(
                sum(p.numel() for p in Network(depth, residual).parameters())
                for residual in (False, True)
            )
            for depth in depths
        }


@computing_with(1)
def exact_conditions() -> dict[str, bool]:
    """Whether a block returns its input bit for bit, under each condition."""
    return {
        "weights_zero_train": returns_input(zero_weights, train=True, offset=False),
        "weights_zero_eval": returns_input(zero_weights, train=False, offset=False),
        "weights_zero_with_beta": returns_input(zero_weights, train=False, offset=True),
        "gamma_beta_zero_train": returns_input(zero_scale, train=True, offset=True),
        "gamma_beta_zero_eval": returns_input(zero_scale, train=False, offset=True),
        "negative_input": returns_input(zero_scale, train=False, offset=True, sign=-1.0),
        "plain": returns_input(zero_weights, train=False, offset=False, residual=False),
        "downsampling": BasicBlock(16, 32, residual=True).widening == 0,
    }


def returns_input(
    zero: Callable[[BasicBlock], BasicBlock],
    train: bool,
    offset: bool,
    sign: float = 1.0,
    residual: bool = True,
) -> bool:
    """Whether H(x) equals x; without `offset`, β₂ and running mean₂ are zero."""
    block, x = sample_block(residual)
    if not offset:
        block.norm2.bias.data.zero_()
        block.norm2.running_mean.zero_()
    x = sign * x
    return bool((zero(block).train(train)(x.clone()) == x).all())
