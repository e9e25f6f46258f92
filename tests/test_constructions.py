"""Networks built by hand do exactly what they are built for."""

import pytest
import torch

from residual import constructions
from residual.models import BasicBlock, build
from residual.probes import block_ratios, responses


@pytest.mark.parametrize("training", [False, True])
def test_a_deepened_plain_net_computes_the_same(training):
    images = torch.randn(32, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    shallow = build("plain", 8, seed=1)
    shallow(images)  # moves the running statistics
    shallow.train(training)
    deep = constructions.deepened(shallow, 20, images)
    assert len(deep.blocks) == 9
    assert deep.training == training
    assert (deep(images) - shallow(images)).abs().max() < 1e-4


def test_deepening_leaves_the_source_as_it_was():
    images = torch.randn(4, 3, 8, 8)
    shallow = build("plain", 8).train()
    before = {name: t.clone() for name, t in shallow.state_dict().items()}
    constructions.deepened(shallow, 14, images)
    assert all(torch.equal(before[name], t) for name, t in shallow.state_dict().items())


def test_an_identity_block_returns_its_input():
    x = torch.randn(8, 16, 4, 4).relu()
    block = constructions.identity_block(x).eval()
    assert (block(x) - x).abs().max() < 1e-5
    assert not block.residual


def test_a_wider_plain_stack_equals_a_residual_block_for_inputs_that_are_not_negative():
    assert constructions.equivalence_error() < 1e-5
    block, x = constructions.sample_block(residual=True)
    negative = x - 5
    with torch.no_grad():
        difference = constructions.plain_equivalent(block)(negative) - block.eval()(negative)
    assert difference.abs().max() > 0.1


def test_permuted_shortcuts_are_identities_renumbered_and_train_alike():
    permuted = build("residual", 14, seed=3, shortcut="permutation").double()
    identical = constructions.renumbered(permuted)
    assert all(block.map is None for block in identical.blocks)
    source = torch.Generator().manual_seed(0)
    images = torch.randn(8, 3, 8, 8, generator=source, dtype=torch.double)  # (N, C, H, W)
    for net in (permuted, identical):
        steps = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9, weight_decay=0.01)
        for _ in range(3):
            steps.zero_grad()
            net(images).square().mean().backward()
            steps.step()
        net.eval()
    with torch.no_grad():
        expected = permuted(images)
        assert (identical(images) - expected).abs().max() < 1e-9 * expected.abs().max()
        usual = build("residual", 14, seed=3).double().eval()
        assert (usual(images) - expected).abs().max() > 0.1 * expected.abs().max()


@pytest.mark.parametrize("kind", ["plain", "residual"])
def test_the_size_of_all_responses_is_a_free_scale(kind):
    images = torch.randn(32, 3, 8, 8, generator=torch.Generator().manual_seed(0)).double()
    model = build(kind, 14).double()
    model(images)  # moves the running statistics
    model.eval()
    large = constructions.rescaled(model, 10.0)
    usual, larger = responses(model, [images])["std"], responses(large, [images])["std"]
    assert larger == pytest.approx([10 * std for std in usual], rel=1e-3)
    ratios = [block_ratios(net, [images])["ratio"] for net in (model, large)]
    assert ratios[1] == pytest.approx(ratios[0], rel=1e-3)
    with torch.no_grad():
        assert torch.allclose(large(images), model(images), rtol=1e-3, atol=1e-4)


def test_a_halved_shortcut_is_the_identity_with_larger_responses():
    images = torch.randn(32, 3, 8, 8, generator=torch.Generator().manual_seed(0)).double()
    half, identical = (build("residual", 14, shortcut=s).double() for s in ("half", "identity"))
    with torch.no_grad():
        for net in (half, identical):
            for block in net.blocks:
                block.norm1.eps = 1e-30  # BN then ignores the scale of x
        for place, block in enumerate(identical.blocks, start=1):
            block.norm2.weight *= 2**place
        identical.classifier.weight /= 2 ** len(identical.blocks)
        assert torch.allclose(half(images), identical(images), rtol=1e-6)


def test_zero_is_exact_under_its_conditions_only():
    found = constructions.exact_conditions()
    exact = {name for name, holds in found.items() if holds}
    assert exact == {
        "weights_zero_train",
        "weights_zero_eval",
        "gamma_beta_zero_train",
        "gamma_beta_zero_eval",
    }


def test_zero_weights_zero_both_convolutions():
    block = constructions.zero_weights(BasicBlock(4, 4, residual=True))
    assert not block.conv1.weight.any()
    assert not block.conv2.weight.any()
