"""The networks are the paper's: parameters, shapes, option A, initialisation."""

import pytest
import torch

from residual import paper
from residual.errors import ParameterError
from residual.models import BasicBlock, Network, build, plain, resnet


@pytest.mark.parametrize("depth", paper.PARAMETERS)
def test_parameters_are_those_of_the_paper(depth):
    with torch.device("meta"):
        counted = [
            sum(p.numel() for p in Network(depth, residual).parameters())
            for residual in (False, True)
        ]
    assert counted[0] == counted[1]
    assert float(f"{counted[0] / 1e6:.{3 if depth == 1202 else 2}g}") == paper.PARAMETERS[depth]


@pytest.mark.parametrize("depth", [8, 20, 56])
def test_depth_counts_3x3_convolutions_and_the_classifier(depth):
    model = resnet(depth)
    convolutions = [m for m in model.modules() if isinstance(m, torch.nn.Conv2d)]
    assert len(convolutions) + 1 == depth
    assert len(model.layers()) == depth - 1


def test_stages_halve_the_maps_and_double_the_filters():
    model, shapes = resnet(20), []
    for block in model.blocks:
        block.register_forward_hook(lambda _m, _i, out: shapes.append(tuple(out.shape[1:])))
    assert model(torch.zeros(2, 3, 32, 32)).shape == (2, 10)
    assert shapes == [(16, 32, 32)] * 3 + [(32, 16, 16)] * 3 + [(64, 8, 8)] * 3


def test_plain_and_residual_start_from_the_same_weights():
    pairs = zip(plain(14, seed=3).state_dict().items(), resnet(14, seed=3).state_dict().items())
    assert all(a == b and torch.equal(x, y) for (a, x), (b, y) in pairs)


def test_the_seed_decides_the_weights():
    first, same, other = (resnet(8, seed).conv.weight for seed in (0, 0, 1))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_he_initialisation_has_variance_two_over_fan_in():
    weight = resnet(56).blocks[-1].conv2.weight  # 64 → 64, so 36,864 values
    assert weight.std().item() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.02)


def test_option_a_subsamples_and_pads_with_zeros():
    block, x = BasicBlock(16, 32, residual=True), torch.rand(2, 16, 8, 8)
    y = block.shortcut(x)
    assert torch.equal(y[:, :16], x[:, :, ::2, ::2])
    assert y[:, 16:].count_nonzero() == 0


def test_zeros_may_be_split_around_the_old_channels():
    block = build("residual", 8, zeros="split").blocks[1]
    x = torch.rand(2, 16, 8, 8)
    assert torch.equal(block.shortcut(x)[:, 8:24], x[:, :, ::2, ::2])


def test_residual_block_is_f_plus_x():
    block, x = BasicBlock(16, 16, residual=True).eval(), torch.rand(2, 16, 8, 8)
    f = block.norm2(block.conv2(block.norm1(block.conv1(x)).relu()))
    assert torch.equal(block(x), (f + x).relu())


def test_plain_block_is_f_alone():
    block, x = BasicBlock(16, 16, residual=False).eval(), torch.rand(2, 16, 8, 8)
    f = block.norm2(block.conv2(block.norm1(block.conv1(x)).relu()))
    assert torch.equal(block(x), f.relu())


@pytest.mark.parametrize("kind", ["plain", "residual"])
def test_without_the_last_relu_a_block_returns_the_sum(kind):
    block, x = build(kind, 8, last_relu=False).blocks[0].eval(), torch.randn(2, 16, 8, 8)
    f = block.norm2(block.conv2(block.norm1(block.conv1(x)).relu()))
    assert torch.equal(block(x), f + x if kind == "residual" else f)
    assert block(x).min() < 0


def test_zero_gamma_makes_every_identity_block_exact():
    for block in build("residual", 20, gamma=0.0).blocks:
        x = torch.rand(2, block.conv1.in_channels, 8, 8)
        if not block.widening:
            assert torch.equal(block(x.clone()), x)


def test_without_norm_there_is_no_batch_normalisation():
    model = build("plain", 8, norm=False)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in model.modules())
    assert model(torch.rand(2, 3, 32, 32)).shape == (2, 10)


@pytest.mark.parametrize(("kind", "depth"), [("ResNet", 20), ("residual", 18), ("plain", 2)])
def test_a_kind_or_depth_that_the_paper_has_not_is_named(kind, depth):
    with pytest.raises(ParameterError, match="is not allowed"):
        build(kind, depth)
