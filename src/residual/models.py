"""The paper's CIFAR-10 networks (He et al. 2015, §4.2): plain and residual, any depth 6n+2."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from residual.errors import check_choice, check_depth

KINDS = ("plain", "residual")
ZEROS = ("after", "split")
SHORTCUTS = ("identity", "half", "permutation", "orthogonal")


class BasicBlock(nn.Module):
    """Two 3×3 convolutions, with or without the shortcut: H(x) = F(x) + x, then ReLU (Fig. 2).

    A block that widens the maps halves them as well. Its shortcut has no parameters (option A):
    every second pixel, with zeros in the new channels. So plain and residual blocks have the same
    parameters, and differ by this one argument.
    """

    zeros = "after"  # where the shortcut's new channels go; "split" puts half before the old ones
    last_relu = True  # whether a ReLU follows the addition, as in the paper

    def __init__(self, inputs: int, outputs: int, residual: bool, norm: bool = True) -> None:
        super().__init__()
        self.residual, self.widening = residual, outputs - inputs
        self.stride = 2 if self.widening else 1
        self.conv1 = conv3x3(inputs, outputs, self.stride)
        self.norm1 = nn.BatchNorm2d(outputs) if norm else nn.Identity()
        self.conv2 = conv3x3(outputs, outputs)
        self.norm2 = nn.BatchNorm2d(outputs) if norm else nn.Identity()
        self.register_buffer("map", None)  # (C, C, 1, 1): what a shortcut does that is no identity

    def forward(self, x: Tensor) -> Tensor:
        f = self.norm1(self.conv1(x)).relu_()
        f = self.norm2(self.conv2(f))  # F(x), before the addition
        h = f.add_(self.shortcut(x)) if self.residual else f
        return h.relu_() if self.last_relu else h

    def shortcut(self, x: Tensor) -> Tensor:
        if self.widening:
            x = x[:, :, :: self.stride, :: self.stride]  # (N, C, H/2, W/2)
            before = self.widening // 2 if self.zeros == "split" else 0
            x = F.pad(x, (0, 0, 0, 0, before, self.widening - before))  # now 2C
        return x if self.map is None else F.conv2d(x, self.map)


class Network(nn.Module):
    """Stem, three stages of n blocks with 16, 32 and 64 filters, global average pool, classifier.

    Takes (N, channels, H, W) and returns logits (N, 10). Depth 6n+2 counts the 3×3 convolutions
    and the classifier. Convolutions have no bias (inferred from the paper's parameter counts).
    The new channels of a shortcut are zeros `after` the old ones, or `split` around them; the
    paper does not say which. Without `norm` there is no batch normalisation. ParameterError unless
    the depth is 6n+2.
    """

    def __init__(
        self, depth: int, residual: bool, channels: int = 3, norm: bool = True, zeros: str = "after"
    ) -> None:
        super().__init__()
        check_depth(depth)
        n = (depth - 2) // 6
        widths = [16] * n + [32] * n + [64] * n
        self.conv = conv3x3(channels, 16)
        self.norm = nn.BatchNorm2d(16) if norm else nn.Identity()
        self.blocks = nn.Sequential(
            *(BasicBlock(i, o, residual, norm) for i, o in zip([16, *widths], widths))
        )
        for block in self.blocks:
            block.zeros = zeros
        self.classifier = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, 10) of normalised images (N, channels, H, W), before any softmax."""
        x = self.stem(x)  # (N, 16, H, W)
        x = self.blocks(x)  # (N, 64, H/4, W/4)
        return self.classifier(x.mean((2, 3)))  # (N, 10)

    def stem(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x)).relu_()

    def features(self, x: Tensor) -> list[Tensor]:
        """The output of the stem and of each block in order, for normalised images."""
        found = [self.stem(x)]
        for block in self.blocks:
            found.append(block(found[-1]))
        return found

    def layers(self) -> dict[str, nn.Module]:
        """What follows each 3×3 convolution (BN, or nothing), in order: where responses are read.

        Names are `stem`, then `1.1`, `1.2` for the two layers of block 1, and so on.
        """
        named: dict[str, nn.Module] = {"stem": self.norm}
        for i, block in enumerate(self.blocks, start=1):
            named |= {f"{i}.1": block.norm1, f"{i}.2": block.norm2}
        return named


def conv3x3(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    """A 3×3 convolution with padding 1 and no bias."""
    return nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)


def initialise(model: nn.Module, seed: int, gamma: float = 1.0) -> None:
    """He initialisation with fan-in for every weight, zero biases, γ = 1, β = 0; on the CPU.

    A plain and a residual net of one depth and seed start from the same weights. The last γ of
    each block starts at `gamma`; at 0, F(x) = 0 (Goyal et al. 2017, §5.1).
    """
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, BasicBlock) and isinstance(module.norm2, nn.BatchNorm2d):
            nn.init.constant_(module.norm2.weight, gamma)


def build(
    kind: str,
    depth: int,
    seed: int = 0,
    channels: int = 3,
    norm: bool = True,
    gamma: float = 1.0,
    zeros: str = "after",
    shortcut: str = "identity",
    last_relu: bool = True,
) -> Network:
    """An initialised network; `kind` is plain or residual.

    `channels`, `norm` and `zeros` are as in `Network`, `gamma` as in `initialise`. Without
    `last_relu` a block returns the sum F(x) + x itself, or F(x) in a plain net.

    `shortcut` says what the shortcuts of a residual network compute: the `identity` (the paper's),
    `half` of their input, or a fixed random `permutation` or `orthogonal` mixture of its channels,
    another one in each block. The mixtures follow from the seed and are never trained.
    ParameterError names a wrong value.
    """
    check_choice("kind", kind, KINDS)
    check_choice("zeros", zeros, ZEROS)
    check_choice("shortcut", shortcut, SHORTCUTS)
    model = Network(depth, kind == "residual", channels, norm, zeros)
    initialise(model, seed, gamma)
    generator = torch.Generator().manual_seed(seed)
    for block in model.blocks:
        block.last_relu = last_relu
        if shortcut != "identity":
            block.map = shortcut_map(shortcut, block.conv2.out_channels, generator)
    return model


def shortcut_map(shortcut: str, channels: int, generator: torch.Generator) -> Tensor:
    """The 1×1 convolution (channels, channels, 1, 1) that a shortcut computes in `build`."""
    matrix = torch.eye(channels)
    if shortcut == "half":
        matrix /= 2
    elif shortcut == "permutation":
        matrix = matrix[torch.randperm(channels, generator=generator)]
    else:
        nn.init.orthogonal_(matrix, generator=generator)
    return matrix[:, :, None, None]


def plain(depth: int, seed: int = 0) -> Network:
    """The paper's plain network (§3.3, §4.2) of a depth 6n+2, at the initialisation of a seed.

    It takes normalised images (N, 3, 32, 32) and returns logits (N, 10). ParameterError for
    another depth.
    """
    return build("plain", depth, seed)


def resnet(depth: int, seed: int = 0) -> Network:
    """The paper's residual network (option A, §3.3, §4.2), otherwise as `plain`, with the same
    weights for the same depth and seed."""
    return build("residual", depth, seed)
