"""Networks of others: facts checked when loaded, weights by order, bias folded, curves, records."""

import io
from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest
import torch

from residual import peers, store
from residual.models import Network
from residual.peers import PeerError, sources
from residual.peers.loading import scaling
from residual.peers.sources import FACTS, training_indices

SOURCE = sources()[0]
NEW = """
[newcomer]
repository = "https://example.org/newcomer"
commit = "abc"
licence = "MIT"
path = "weights"
code = "newcomer"
zeros = "after"
mean = [0.5, 0.5, 0.5]
split = "all"
recipe = "as in the paper"
reported_in = "README.md"
published_epoch = true

[newcomer.networks.plain-8]
file = "plain8.pt"
test_error = 12.5
sha256 = "0"
"""


def saved(state):
    """A state dict as the content of a file."""
    file = io.BytesIO()
    torch.save(state, file)
    return file.getvalue()


def trained(kind="residual", depth=8, zeros="after"):
    """A network whose statistics are not trivial, in eval mode."""
    torch.manual_seed(0)
    model = Network(depth, kind == "residual", zeros=zeros)
    for layer in model.layers().values():
        layer.running_mean.normal_()
        layer.running_var.uniform_(0.5, 2.0)
    return model.eval()


def peer_of(content, kind="residual", depth=8):
    digest = sha256(content).hexdigest()
    return replace(SOURCE.peers[0], kind=kind, depth=depth, file="net.pt", sha256=digest)


def test_the_forty_networks_of_six_sources_are_declared():
    found = [peer for source in sources() for peer in source.peers]
    kinds = [peer.kind for peer in found]
    assert (kinds.count("plain"), kinds.count("residual")) == (16, 24)
    assert len({peer.sha256 for peer in found}) == 40


def test_a_source_is_an_entry_in_the_file(tmp_path):
    path = tmp_path / "peers.toml"
    path.write_text(FACTS.read_text("utf-8") + NEW, "utf-8")
    newcomer = sources(path)[-1]
    assert (newcomer.name, newcomer.peers[0].name) == ("newcomer", "public/newcomer/plain-8")
    content = saved(trained("plain").state_dict())
    model = peers.network(newcomer, peer_of(content, "plain"), content)
    x = scaling(newcomer, torch.zeros(0))(torch.full((1, 8, 8, 3), 255, dtype=torch.uint8))
    assert torch.equal(x, torch.full((1, 3, 8, 8), 0.5))
    assert torch.equal(model(x), trained("plain")(x))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('licence = "MIT"\n', ""), "newcomer lacks licence"),
        (("published_epoch = true", "published_epoch = 1"), "published_epoch must be of type bool"),
        (('zeros = "after"', 'zeros = "front"'), "newcomer.zeros is one of after, split"),
        (("test_error = 12.5", 'test_error = "low"'), "plain-8.test_error must be of type float"),
        (("networks.plain-8", "networks.flat"), "networks.flat is not named kind-depth"),
        (('code = "newcomer"', 'code = "newcomer"\ncolour = 1'), "unknown field, colour"),
    ],
)
def test_a_wrong_fact_is_named(tmp_path, change, words):
    path = tmp_path / "peers.toml"
    path.write_text(NEW.replace(*change), "utf-8")
    with pytest.raises(PeerError, match=words):
        sources(path)


def test_layers_are_matched_by_order_and_a_bias_before_bn_is_absorbed():
    model, generator = trained(), torch.Generator().manual_seed(1)
    theirs, bias = {}, None
    for key, tensor in model.state_dict().items():
        layer, _, part = key.rpartition(".")
        if part == "running_mean":
            theirs[f"module.{key}"] = tensor + bias
        elif part != "num_batches_tracked":
            theirs[f"module.{key}"] = tensor
        if tensor.dim() == 4:
            bias = torch.randn(len(tensor), generator=generator)
            theirs[f"module.{layer}.bias"] = bias
    content = saved({"state_dict": theirs, "best_prec1": 90.0})
    x = torch.randn(2, 3, 16, 16, generator=generator)
    found = peers.network(SOURCE, peer_of(content), content)
    assert torch.allclose(found(x), model(x), atol=1e-4)


class Hostile:
    """An object that would run code when it is unpickled."""

    def __reduce__(self):
        return exec, ("raise SystemExit",)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (saved(Hostile()), "holds no plain weights"),
        (b"<html>not found</html>", "holds no plain weights"),
        (saved(trained(depth=14).state_dict()), "are needed"),
        (saved({k: v[..., :1] for k, v in trained().state_dict().items() if v.dim()}), "not fit"),
    ],
)
def test_a_file_that_is_not_the_network_is_named(content, words):
    with pytest.raises(PeerError, match=words):
        peers.network(SOURCE, peer_of(content), content)


def test_a_missing_or_altered_file_says_what_to_do(tmp_path):
    peer = peer_of(b"right")
    with pytest.raises(PeerError, match="git clone"):
        peers.published(tmp_path, SOURCE, peer)
    (tmp_path / SOURCE.name).mkdir()
    (tmp_path / SOURCE.name / peer.file).write_bytes(b"wrong")
    with pytest.raises(PeerError, match="SHA-256 differs"):
        peers.published(tmp_path, SOURCE, peer)
    (tmp_path / SOURCE.name / peer.file).write_bytes(b"right")
    assert peers.published(tmp_path, SOURCE, peer) == b"right"


def test_a_source_that_kept_images_aside_trained_on_the_others():
    (source,) = (s for s in sources() if s.split != "all")
    labels = np.arange(50_000) % 10
    chosen = training_indices(source, labels)
    assert len(chosen) == len(set(chosen)) == 45_000
    assert np.bincount(labels[chosen]).tolist() == [4_500] * 10
    images = torch.full((2, 4, 4, 3), 51, dtype=torch.uint8)
    assert not scaling(source, images)(images).any()  # the mean of its own pixels is subtracted


def test_measured_errors_are_the_reported_ones():
    records = store.every("public")
    assert len(records) >= 20
    for record in records:
        reported = record["reported"]
        if reported["published_epoch"]:
            measured = record["metrics"]["test_error"]
            assert measured == pytest.approx(reported["test_error"], abs=0.0101), record.name


def test_logs_keep_validation_and_test_errors_apart():
    logs = peers.curves()
    assert len(logs) == 65
    for log in logs:
        assert len(log.iterations) == len(log.held_out) == len(log.train_error) > 100
        assert 60_000 < log.iterations[-1] < 70_000
        if log.held_out_on == "test":
            assert log.final_test_error == log.held_out[-1]
    apart = {log.source for log in logs if log.held_out_on == "validation"}
    assert apart == {"robertkoller", "wooyeolBaek"}
