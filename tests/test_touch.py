"""Touch the identity: the exported graph and the sample of images."""

import base64
import gzip
import re
from dataclasses import asdict

import numpy as np
import onnx
import pytest
import torch
from companion.onnx_export import export
from companion.site import networks
from onnx.reference import ReferenceEvaluator

from companion import samples
from residual import probes, store
from residual.batches import normalise
from residual.data import data_folder, load
from residual.errors import DataError
from residual.models import build
from residual.recipe import Recipe

ALL = ("logits", "response", "ratio", "change")


def made_up(kind="residual", depth=8, channels=3, zeros="after"):
    """A network whose BN statistics, scales and offsets are not trivial, in eval mode."""
    model = build(kind, depth, seed=1, channels=channels, zeros=zeros)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for layer in model.layers().values():
            layer.weight.uniform_(0.5, 1.5, generator=generator)
            layer.bias.normal_(generator=generator).mul_(0.3)
            layer.running_mean.normal_(generator=generator).mul_(0.3)
            layer.running_var.uniform_(0.5, 2.0, generator=generator)
    return model.eval()


def noise(count, channels, side):
    return torch.randn(count, channels, side, side, generator=torch.Generator().manual_seed(3))


def run(content, images, alpha):
    """The graph's outputs by name."""
    given = {"images": images.numpy(), "alpha": np.array(alpha, np.float32)}
    with np.errstate(invalid="ignore"):  # a block that gets nothing has the ratio 0/0
        return dict(zip(ALL, ReferenceEvaluator(onnx.load_from_string(content)).run(ALL, given)))


@torch.no_grad()
def scaled(model, images, alpha):
    """The logits of a network whose blocks have factors, written out once more."""
    x = model.norm(model.conv(images)).relu()
    for factor, block in zip(alpha, model.blocks):
        f = factor * block.norm2(block.conv2(block.norm1(block.conv1(x)).relu()))
        x = (f + block.shortcut(x) if block.residual else f).relu()
    return model.classifier(x.mean((2, 3)))


@pytest.fixture(scope="module")
def shown():
    """The networks of the page and its images."""
    networks.forget()
    found, images = networks.shown()
    assert images is not None
    return found, images


def tensors(images):
    return normalise(torch.from_numpy(images.images), torch.from_numpy(images.mean))


def rebuilt(network, channels):
    recipe = network.run.recipe
    model = build(recipe.kind, recipe.depth, channels=channels)
    model.load_state_dict(network.run.weights())
    return model.eval()


@pytest.mark.parametrize("zeros", ["after", "split"])
@pytest.mark.parametrize("kind", ["residual", "plain"])
@pytest.mark.parametrize("alpha", [[1, 1, 1], [0, 0, 0], [0.3, 1, 0.8], [1, 0, 1]])
def test_the_graph_is_the_network_with_factors(kind, zeros, alpha):
    model, images = made_up(kind, zeros=zeros), noise(2, 3, 32)
    found = run(export(model, 32, {}), images, alpha)
    np.testing.assert_allclose(found["logits"], scaled(model, images, alpha), atol=1e-4)
    if alpha == [1, 1, 1]:
        with torch.no_grad():
            np.testing.assert_allclose(found["logits"], model(images), atol=1e-4)


def test_its_measurements_are_those_of_the_probes():
    model, images = made_up(), noise(3, 3, 16)
    found = run(export(model, 16, {}), images, [1, 1, 1])
    table = probes.responses(model, [images])
    std = dict(zip(table["layer"], table["std"]))
    np.testing.assert_allclose(found["response"], [std[f"{i}.2"] for i in (1, 2, 3)], rtol=1e-4)
    ratios = probes.block_ratios(model, [images])["ratio"]
    np.testing.assert_allclose(found["ratio"], ratios, rtol=1e-4)


def test_at_zero_every_block_returns_its_shortcut_bit_for_bit():
    found = run(export(made_up(), 16, {}), noise(2, 3, 16), [0, 0, 0])
    assert not found["response"].any()
    assert not found["ratio"].any()
    assert not found["change"].any()
    assert run(export(made_up(), 16, {}), noise(2, 3, 16), [1, 1, 1])["change"].all()


def test_a_plain_net_at_zero_forgets_its_input():
    """Its answers are equal up to the evaluator's last matrix product, which rounds row by row."""
    whole, without = (
        run(export(made_up("plain"), 16, {}), noise(4, 3, 16), alpha)["logits"]
        for alpha in ([1, 1, 1], [1, 0, 1])
    )
    assert np.ptp(without, axis=0).max() < 1e-6 < 1e-3 < np.ptp(whole, axis=0).max()


def test_images_of_which_nothing_is_left_have_no_ratio():
    found = run(export(made_up("plain"), 16, {}), noise(2, 3, 16), [0, 1, 1])
    assert np.isnan(found["ratio"][1])


def test_the_file_has_the_same_bytes_at_every_export():
    about = {"record": "made/up", "weights": "w"}
    assert export(made_up(), 32, about) == export(made_up(), 32, about)


def test_what_a_script_hands_over_comes_back_and_names_no_time():
    content = networks.script({"one": b"a" * 1000, "two": bytes(range(256))})
    texts = dict(re.findall(r'touchParts\["(\w+)"\] = "([^"]*)";', content.decode()))
    packed = {name: base64.b64decode(text) for name, text in texts.items()}
    assert gzip.decompress(packed["one"]) == b"a" * 1000
    assert gzip.decompress(packed["two"]) == bytes(range(256))
    assert all(data[4:8] == bytes(4) for data in packed.values())  # gzip's clock


def test_the_stored_networks_answer_as_in_pytorch(shown):
    found, images = shown
    assert (found[0].run.recipe.kind, found[0].run.recipe.depth) == networks.OFFERED[0]
    few = tensors(images)[:4]
    alpha = torch.rand(9, generator=torch.Generator().manual_seed(4)).tolist()
    for network in [n for n in found if n.run.recipe.depth == 20]:
        model = rebuilt(network, images.mean.shape[2])
        for factors in ([1] * 9, alpha):
            logits = run(network.onnx, few, factors)["logits"]
            np.testing.assert_allclose(logits, scaled(model, few, factors), atol=1e-4)


def test_a_file_names_its_record_and_its_weights(shown):
    for network in shown[0]:
        held = onnx.load_from_string(network.onnx).metadata_props
        about = {entry.key: entry.value for entry in held}
        assert about["record"] == network.run.name
        assert about["weights"] == network.run["weights"]
        assert about["data"] == network.run["data"]["digest"] == shown[1].source


def test_the_kept_sample_is_intact():
    kept = samples.read("cifar10")
    assert kept.images.shape == (samples.COUNT, 32, 32, 3)
    assert len(kept.names) == 10
    assert kept.labels.max() < 10


def test_the_kept_sample_is_the_data_set_s():
    try:
        dataset = load("cifar10")
    except DataError:
        pytest.skip(f"CIFAR-10 is not in {data_folder()}: fetch it with `residual data`")
    assert samples.sample(dataset).digest == samples.read("cifar10").digest
    assert dataset.digest == samples.read("cifar10").source


def test_a_sample_comes_back_as_it_was_written_and_damage_is_seen(tmp_path):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
    labels, mean = np.arange(5, dtype=np.uint8), rng.random((32, 32, 3), dtype=np.float32)
    kept = samples.Sample("cifar10", "made up", images, labels, mean)
    samples.write(kept, tmp_path)
    assert samples.read("cifar10", tmp_path).digest == kept.digest
    np.save(tmp_path / "cifar10.npy", mean + 1)
    with pytest.raises(DataError, match="digest differs"):
        samples.read("cifar10", tmp_path)
    (tmp_path / "cifar10.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match="damaged"):
        samples.read("cifar10", tmp_path)
    assert samples.find("cifar10", tmp_path / "empty") is None


def test_the_largest_profile_with_weights_and_images_is_shown(tmp_path, monkeypatch):
    wanted = [("quick", "residual"), ("desk", "residual"), ("desk", "plain"), ("paper", "plain")]
    for profile, kind in wanted:
        recipe = Recipe.of(profile, kind, 20)
        model = build(kind, 20, channels=1 if recipe.dataset == "digits" else 3)
        record = {key: {} for key in store.KEYS["recipe"].split()} | {
            "metrics": {"test_error": 12.3}
        }
        record |= {"data": {"digest": "made up"}, "provenance": {}, "recipe": asdict(recipe)}
        store.write(record, tmp_path, model.state_dict())
    monkeypatch.setenv("RESIDUAL_EVIDENCE", str(tmp_path))
    networks.forget()
    found, images = networks.shown()
    assert [network.run.name for network in found] == ["desk/residual-20-s0", "desk/plain-20-s0"]
    assert images.dataset == "cifar10"
    (image, alpha) = onnx.load_from_string(found[0].onnx).graph.input
    assert [d.dim_value for d in image.type.tensor_type.shape.dim][1:] == [3, 32, 32]
    assert [d.dim_value for d in alpha.type.tensor_type.shape.dim] == [9]
    networks.forget()


def test_a_store_without_weights_shows_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("RESIDUAL_EVIDENCE", str(tmp_path))
    networks.forget()
    assert networks.shown() == ((), None)
    assert networks.files() == {}
    networks.forget()
