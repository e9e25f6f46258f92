"""Probes measure what they say, and leave the model as it was."""

import copy
from contextlib import ExitStack, contextmanager

import pytest
import torch

from residual import probes
from residual.models import build, plain, resnet
from residual.probes import spectrum


@pytest.fixture
def images():
    return torch.randn(12, 3, 32, 32, generator=torch.manual_seed(1))


def kept_outputs(model, images):
    """The output of each 3×3 layer after BN, cloned before it is changed in place."""
    seen = {}
    for name, layer in model.layers().items():
        layer.register_forward_hook(lambda _m, _i, out, n=name: seen.update({n: out.clone()}))
    with torch.no_grad():
        model.eval()(images)
    return seen


@pytest.mark.parametrize("build", [plain, resnet])
def test_responses_are_read_after_bn_and_before_what_follows(build, images):
    model = build(8)
    table = probes.responses(model, images.split(1))
    expected = kept_outputs(copy.deepcopy(model), images)
    assert table["layer"] == list(expected)
    assert table["std"] == pytest.approx([x.std().item() for x in expected.values()], rel=1e-3)
    assert table["mean"] == pytest.approx([x.mean().item() for x in expected.values()], abs=1e-4)
    within = [(x.abs() <= 0.1).float().mean().item() for x in expected.values()]
    assert table["within_tenth"] == pytest.approx(within, rel=0.05)  # of a sample of positions
    low = [x.flatten().quantile(0.01).item() for x in expected.values()]
    assert table["low"] == pytest.approx(low, abs=0.05)


def test_responses_do_not_depend_on_the_batches(images):
    model = resnet(8)
    whole, parts = (probes.responses(model, images.split(size)) for size in (12, 5))
    assert whole["std"] == pytest.approx(parts["std"], rel=1e-4)


def test_block_ratio_is_the_norm_of_f_over_that_of_x(images):
    model = resnet(8).eval()
    table = probes.block_ratios(model, [images])
    with torch.no_grad():
        x = model.norm(model.conv(images)).relu()
        block = model.blocks[0]
        f = block.norm2(block.conv2(block.norm1(block.conv1(x)).relu()))
    ratio = (f.flatten(1).norm(dim=1) / x.flatten(1).norm(dim=1)).mean().item()
    assert table["ratio"][0] == pytest.approx(ratio, rel=1e-4)
    assert table["input_norm"][0] == pytest.approx(x.flatten(1).norm(dim=1).mean().item(), rel=1e-4)
    assert table["widening"] == [False, True, True]


def test_a_zeroed_block_has_ratio_zero(images):
    model = resnet(8)
    torch.nn.init.zeros_(model.blocks[0].norm2.weight)
    assert probes.block_ratios(model, [images])["ratio"][0] == 0


def test_error_counts_wrong_predictions(images):
    model = resnet(8).eval()
    right = model(images).argmax(1)
    wrong = (right + 1) % 10
    assert probes.error(model, [(images, right)]) == 0
    assert probes.error(model, [(images, wrong)]) == 100
    assert probes.error(model, [(images[:6], right[:6]), (images[6:], wrong[6:])]) == 50


def test_gradient_ratios_are_those_of_one_backward_pass(images):
    model, labels = resnet(8), torch.arange(12) % 10
    table = probes.gradient_ratios(model, images, labels)
    torch.nn.functional.cross_entropy(model.train()(images), labels).backward()
    weight = model.conv.weight
    assert len(table["ratio"]) == 7
    expected = (weight.grad.norm() / weight.detach().norm()).item()
    assert table["ratio"][0] == pytest.approx(expected, rel=1e-4)


def test_exact_statistics_are_those_of_the_data(images):
    model = resnet(8)
    exact = probes.exact_statistics(model, [images])
    expected = model.conv(images).mean((0, 2, 3))
    assert torch.allclose(exact.norm.running_mean, expected, atol=1e-5)
    assert model.norm.running_mean.count_nonzero() == 0


@pytest.mark.parametrize(
    "probe",
    [
        lambda m, x: probes.responses(m, [x]),
        lambda m, x: probes.block_ratios(m, [x]),
        lambda m, x: probes.lesions(m, [(x, torch.zeros(len(x), dtype=torch.int64))]),
        lambda m, x: probes.gradient_ratios(m, x, torch.zeros(len(x), dtype=torch.int64)),
        lambda m, x: probes.exact_statistics(m, [x]),
        lambda m, x: probes.coherence(m, x, x),
        lambda m, x: probes.angles(m, [x]),
        lambda m, x: probes.kernel(m, x),
        lambda m, x: probes.surplus(
            m, {"ratio": [1.0, 2.0, 3.0]}, [(x, torch.zeros(len(x), dtype=torch.int64))]
        ),
    ],
)
def test_a_probe_leaves_the_model_alone(probe, images):
    model = resnet(8).train()
    before = copy.deepcopy(model.state_dict())
    probe(model, images)
    assert model.training
    assert all(torch.equal(before[name], t) for name, t in model.state_dict().items())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    assert all(p.grad is None for p in model.parameters())


def test_an_image_that_died_on_the_way_has_no_ratio(images):
    model = resnet(8).eval()
    with torch.no_grad():
        model.norm.running_mean.fill_(1.0)  # a black image gives −1 everywhere, and ReLU zero
    with_dead = torch.cat([images, torch.zeros_like(images[:3])])
    found = probes.block_ratios(model, [with_dead])["ratio"][0]
    assert found == pytest.approx(probes.block_ratios(model, [images])["ratio"][0], rel=1e-5)


@pytest.fixture
def maps():
    """A block's input: few enough elements that all singular values can be computed."""
    return torch.rand(3, 16, 6, 6, generator=torch.manual_seed(2))


@pytest.mark.parametrize("residual", [False, True])
def test_estimated_singular_values_are_those_of_the_jacobian(residual, maps):
    block = (resnet(8) if residual else plain(8)).blocks[0].eval()
    whole = torch.autograd.functional.jacobian(lambda x: spectrum.before_relu(block, x), maps)
    each = torch.stack([whole[i, :, :, :, i].flatten(3).flatten(0, 2) for i in range(len(maps))])
    exact = torch.linalg.svdvals(each.double())  # (N, D)
    found = spectrum.summary(*spectrum.spectrum(block, maps, seed=0))
    assert found["largest"] == pytest.approx(exact[:, 0].mean().item(), rel=1e-3)
    assert found["rms"] == pytest.approx(exact.square().mean().sqrt().item(), rel=0.1)
    blur = 0.03 * found["largest"]
    for name, share in spectrum.SHARES.items():  # as many lie below as the name says
        assert (exact < found[name] - blur).double().mean() <= share + 0.05, name
        assert (exact <= found[name] + blur).double().mean() >= share - 0.05, name


def test_a_zeroed_block_is_the_identity_or_nothing(images):
    for make, value in ((resnet, 1.0), (plain, 0.0)):
        model = make(8)
        torch.nn.init.zeros_(model.blocks[0].norm2.weight)
        found = probes.jacobian(model, images[:2])
        first = [found[name][0] for name in ("largest", "high", "median", "low", "rms")]
        assert first == pytest.approx([value] * 5, abs=1e-5)
        assert found["widening"] == [False, True, True]
        assert found["block"] == [1, 2, 3]


@contextmanager
def deleted(block):
    """The block does nothing: its input goes through the shortcut alone, also in a plain net."""
    handle = block.register_forward_hook(lambda b, inputs, _o: b.shortcut(inputs[0]).relu())
    with handle:
        yield


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
        with deleted(block):
            expected.append(probes.error(model, batches))
    found = probes.lesions(model, batches)
    assert found["block"] == list(range(7))
    assert found["test_error"] == pytest.approx(expected, rel=1e-5)
    assert len(set(expected)) > 1
    assert model.training


@pytest.mark.parametrize("last_relu", [True, False])
def test_deleting_a_block_is_zeroing_its_f(last_relu):
    model = build("residual", 8, last_relu=last_relu).eval()
    images = torch.rand(12, 3, 32, 32)
    labels = torch.arange(12) % 10
    found = probes.lesions(model, [(images, labels)])
    torch.nn.init.zeros_(model.blocks[1].norm2.weight)
    assert probes.error(model, [(images, labels)]) == pytest.approx(
        found["test_error"][2], rel=1e-5
    )


@pytest.mark.parametrize("make", [plain, resnet])
def test_a_sine_is_that_of_the_angle_between_input_and_output(make, images):
    model = make(14).eval()
    table = probes.angles(model, images.split(5))
    features = model.features(images)
    assert table["block"] == [1, 2, 3, 4, 5, 6]
    assert table["sine"][2] is table["sine"][4] is None
    assert table["widening"] == [False, False, True, False, True, False]
    for i in (0, 1, 3, 5):
        x = features[i].detach().double().flatten()
        y = spectrum.before_relu(model.blocks[i], features[i]).detach().double().flatten()
        expected = (1 - torch.cosine_similarity(x, y, 0) ** 2).sqrt().item()
        assert table["sine"][i] == pytest.approx(expected, rel=1e-4)


def test_a_zeroed_block_turns_nothing(images):
    model = resnet(8)
    torch.nn.init.zeros_(model.blocks[0].norm2.weight)
    assert probes.angles(model, [images])["sine"][0] == pytest.approx(0, abs=1e-3)
    model = plain(8)
    torch.nn.init.zeros_(model.blocks[0].norm2.weight)
    assert probes.angles(model, [images])["sine"][0] is None


@pytest.mark.parametrize("kind", ["plain", "residual"])
def test_the_kernel_is_that_of_all_gradients(kind, images):
    model = build(kind, 8)
    model.train()(images)
    model.eval()
    logits, gram = model(images[:5]), torch.zeros(5, 5, dtype=torch.float64)
    for c in range(10):
        rows = []
        for i in range(5):
            found = torch.autograd.grad(logits[i, c], [*model.parameters()], retain_graph=True)
            rows.append(torch.cat([g.flatten() for g in found]).double())
        gram += torch.stack(rows) @ torch.stack(rows).T
    values = torch.linalg.eigvalsh(gram)
    expected = (values.sum() ** 2 / (5 * values.square().sum())).item()
    assert probes.kernel(model, images[:5]) == pytest.approx(expected, rel=1e-4)


def test_surplus_blocks_are_deleted_together_and_others_shuffled(images):
    model = resnet(26)  # twelve blocks, nine of them kept
    model.train()(images)
    batches = [(images, torch.arange(12) % 10)]
    ratios = [float(i) for i in range(12, 0, -1)]
    found = probes.surplus(model, {"ratio": ratios}, batches)
    assert found["deleted"] == [10, 11, 12]  # of least ratio; 5 and 9 widen
    assert found["images"] == 12
    assert found["whole"] == pytest.approx(probes.error(model, batches))
    with ExitStack() as gone:
        for block in model.blocks[9:]:
            gone.enter_context(deleted(block))
        assert found["joint"] == pytest.approx(probes.error(model, batches))
    order = [i - 1 for i in found["order"]]
    assert order != list(range(12))
    assert all(sorted(order[a:b]) == list(range(a, b)) for a, b in ((0, 4), (4, 8), (8, 12)))
    assert order[4] == 4
    assert order[8] == 8
