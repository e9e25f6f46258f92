"""Weights of others in our networks: names, zero placement, digests, records."""

import io
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from residual.cli import main
from residual.data import Dataset, Split
from residual.errors import RecordError
from residual.models import build
from residual.peers import (
    SOURCES,
    Peer,
    PeerError,
    measure,
    measurement,
    network,
    opened,
    published,
    scaled,
)
from residual.store import ROOT, digest, every, read, write

MARTYN, AKAMASTER = SOURCES
PLACES = [Path(os.environ.get("RESIDUAL_PEERS", "none")), ROOT.parent / "shared" / "weights"]
WEIGHTS = next((place for place in PLACES if place.is_dir()), None)
needs_weights = pytest.mark.skipif(
    WEIGHTS is None, reason="no published weights here: name their folder in RESIDUAL_PEERS"
)


def randomised(depth: int, zeros: str = "after"):
    """A residual net whose BN does something, in eval mode."""
    model = build("residual", depth, zeros=zeros)
    generator = torch.Generator().manual_seed(1)
    for name, tensor in model.state_dict().items():
        if "norm" in name and tensor.is_floating_point():
            tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)
    return model.eval()


def martyn_block(index: int, n: int) -> str:
    stage, i = divmod(index, n)
    return f"stack1.{i}" if not stage else f"stack{stage + 1}" + (f"b.{i - 1}" if i else "a")


def akamaster_block(index: int, n: int) -> str:
    return f"layer{index // n + 1}.{index % n}"


LAYOUTS = {
    "a-martyn": ("", martyn_block, {"conv": "convIn", "norm": "bnIn", "classifier": "fcOut"}),
    "akamaster": (
        "module.",
        akamaster_block,
        {"conv": "conv1", "norm": "bn1", "classifier": "linear"},
    ),
}


def theirs(state: dict, layout: str, depth: int) -> dict:
    """Our state dict under the names of a source."""
    prefix, block, outside = LAYOUTS[layout]
    renamed = {}
    for key, tensor in state.items():
        head, *rest = key.split(".")
        if head == "blocks":
            tail = [rest[1].replace("norm", "bn"), *rest[2:]]
            name = ".".join([block(int(rest[0]), (depth - 2) // 6), *tail])
        else:
            name = ".".join([outside[head], *rest])
        renamed[prefix + name] = tensor
    return renamed


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.name)
@pytest.mark.parametrize("depth", [8, 20])
def test_every_layer_finds_its_place(source, depth):
    model, x = randomised(depth, source.zeros), torch.rand(2, 3, 32, 32)
    peer = replace(source.peers[-1], depth=depth)
    loaded = network(source, peer, theirs(model.state_dict(), source.name, depth))
    assert torch.equal(loaded(x), model(x))


def test_bn_counters_may_be_absent_and_nothing_else():
    peer = replace(AKAMASTER.peers[0], depth=8)
    state = theirs(randomised(8).state_dict(), "akamaster", 8)
    early = {key: t for key, t in state.items() if not key.endswith("num_batches_tracked")}
    assert network(AKAMASTER, peer, early)
    for key in ("module.layer2.0.bn1.running_var", "module.linear.bias"):
        with pytest.raises(PeerError, match="does not hold residual-8"):
            network(AKAMASTER, peer, {k: t for k, t in early.items() if k != key})


def test_weights_of_another_depth_do_not_fit():
    state = theirs(randomised(14).state_dict(), "a-martyn", 14)
    with pytest.raises(PeerError, match="does not hold residual-8"):
        network(MARTYN, replace(MARTYN.peers[-1], depth=8), state)


def test_the_two_zero_placements_differ_by_the_order_of_channels_alone():
    """Renaming the channels of stages 2 and 3 turns a net of one kind into one of the other."""
    after, x = randomised(14), torch.rand(4, 3, 32, 32)
    second = [*range(16, 24), *range(16), *range(24, 32)]
    third = [*range(32, 48), *second, *range(48, 64)]
    orders = [list(range(16))] * 2 + [second] * 2 + [third] * 2
    split, before = build("residual", 14, zeros="split").eval(), list(range(16))
    state = after.state_dict()
    for i, order in enumerate(orders):
        for layer in (1, 2):
            name = f"blocks.{i}.conv{layer}.weight"
            state[name] = state[name][order][:, before]
            for part in ("weight", "bias", "running_mean", "running_var"):
                state[f"blocks.{i}.norm{layer}.{part}"] = state[f"blocks.{i}.norm{layer}.{part}"][
                    order
                ]
            before = order
    state["classifier.weight"] = state["classifier.weight"][:, third]
    split.load_state_dict(state)
    assert torch.allclose(split(x), after(x), rtol=1e-4, atol=1e-4)
    wrong = build("residual", 14).eval()
    wrong.load_state_dict(state)
    assert not torch.allclose(wrong(x), after(x), rtol=1e-2)


def test_inputs_are_scaled_by_channel():
    images = torch.zeros(1, 2, 2, 3, dtype=torch.uint8)
    images[..., 1] = 255
    x = scaled(images, AKAMASTER)
    assert x.shape == (1, 3, 2, 2)
    expected = [-0.485 / 0.229, (1 - 0.456) / 0.224, -0.406 / 0.225]
    assert x[0, :, 0, 0].tolist() == pytest.approx(expected)


def test_digests_and_names_are_distinct():
    peers = [peer for source in SOURCES for peer in source.peers]
    assert len({peer.sha256 for peer in peers}) == len(peers) == 12
    for peer in AKAMASTER.peers:  # the source puts the digest's head into the name
        assert peer.file.split("-")[1].removesuffix(".th") == peer.sha256[:8][: len(peer.file) - 12]


def made_up(tmp_path, monkeypatch):
    """A source with one network of depth 8, in the layout of a clone, and a made-up data set."""
    stream = io.BytesIO()
    torch.save(theirs(randomised(8).state_dict(), "a-martyn", 8), stream)
    peer = Peer("residual", 8, "net.pt", 50.0, digest(stream.getvalue()))
    source = replace(MARTYN, peers=(peer,))
    path = tmp_path / "a-martyn" / "pretrained" / "net.pt"
    path.parent.mkdir(parents=True)
    path.write_bytes(stream.getvalue())
    random = np.random.default_rng(0)
    images = torch.from_numpy(random.integers(0, 256, (40, 32, 32, 3), dtype=np.uint8))
    split = Split(images, torch.from_numpy(random.integers(0, 10, 40)))
    dataset = Dataset("cifar10", split, split, 4, True)
    monkeypatch.setattr(measurement, "SOURCES", (source,))
    monkeypatch.setattr(measurement, "load", lambda *_arguments: dataset)
    return source, path


def test_a_record_is_written_once_and_read_back(tmp_path, monkeypatch):
    made_up(tmp_path, monkeypatch)
    said, root = [], tmp_path / "runs"
    (found,) = measure(tmp_path, root, "cpu", say=said.append)
    assert (found.name, found.kind, found.depth) == ("public/a-martyn/residual-8", "residual", 8)
    assert len(said) == 1
    assert "reported 50.00 %" in said[0]
    assert all(0 <= found["metrics"][name] <= 100 for name in ("train_error", "test_error"))
    assert found["responses"]["final"]["layers"]["layer"] == list(build("plain", 8).layers())
    assert len(found["probes"]["lesions"]["test_error"]) == 4
    assert len(found["probes"]["jacobian"]["median"]) == 3
    assert found.current
    assert found["source"]["licence"] == "BSD-3-Clause"
    assert (found.folder / "record.json").stat().st_size < 60_000
    again = measure(tmp_path / "nowhere", root, "cpu", say=said.append)
    assert [m.content for m in again] == [found.content]
    assert len(said) == 1


@pytest.mark.parametrize("version", [None, 1])
def test_a_record_of_an_earlier_measurement_is_measured_again(version, tmp_path, monkeypatch):
    made_up(tmp_path, monkeypatch)
    said, root = [], tmp_path / "runs"
    (found,) = measure(tmp_path, root, "cpu", say=said.append)
    old = {key: value for key, value in found.content.items() if key != "measurement"}
    write(old | ({} if version is None else {"measurement": version}), root)
    assert not every("public", root)[0].current
    (again,) = measure(tmp_path, root, "cpu", say=said.append)
    assert again.current
    assert len(said) == 2
    assert all(again[key] == found[key] for key in found.content.keys() - {"provenance", "digest"})


def test_training_error_is_that_of_the_training_set(tmp_path, monkeypatch):
    source, path = made_up(tmp_path, monkeypatch)
    dataset = measurement.load("cifar10", None)
    model = network(source, source.peers[0], opened(path.read_bytes()))
    wrong = (dataset.train.labels + 1) % 10
    swapped = replace(dataset, train=Split(dataset.train.images, wrong))
    device = torch.device("cpu")
    first, second = (
        measurement.describe(model, source, d, device)["metrics"] for d in (dataset, swapped)
    )
    assert first["train_error"] == first["test_error"] == second["test_error"]
    assert second["train_error"] != first["train_error"]


def test_measuring_twice_gives_the_same_digest_but_for_the_clock(tmp_path, monkeypatch):
    made_up(tmp_path, monkeypatch)
    first, second = (
        measure(tmp_path, tmp_path / name, "cpu", say=str)[0].content for name in ("a", "b")
    )
    assert all(first[key] == second[key] for key in first.keys() - {"provenance", "digest"})


def test_an_altered_file_is_named_and_never_loaded(tmp_path, monkeypatch):
    _, path = made_up(tmp_path, monkeypatch)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(PeerError, match=r"net\.pt is not the file of commit a977915"):
        measure(tmp_path, tmp_path / "runs", "cpu")
    assert not (tmp_path / "runs").exists()


def test_a_missing_file_says_what_to_clone(tmp_path):
    with pytest.raises(PeerError, match=r"git clone https://github\.com/a-martyn/resnet .*a-mar"):
        published(tmp_path, MARTYN, MARTYN.peers[0])


def test_the_command_without_weights_is_one_sentence(tmp_path):
    words = ["peers", str(tmp_path / "none"), "--runs", str(tmp_path)]
    shown = CliRunner().invoke(main, words)
    assert shown.exit_code == 2
    assert "git clone" in shown.output
    assert not list(tmp_path.iterdir())


def test_a_damaged_record_is_named(tmp_path, monkeypatch):
    made_up(tmp_path, monkeypatch)
    (found,) = measure(tmp_path, tmp_path / "runs", "cpu", say=str)
    path = found.folder / "record.json"
    path.write_text(path.read_text().replace('"depth": 8', '"depth": 14'))
    with pytest.raises(RecordError, match=r"record\.json is damaged: .*digest"):
        read(path)


def test_our_records_agree_with_what_the_sources_report():
    """To 0.01 points: the reported figures are rounded, a test error is a multiple of 0.01."""
    stored = every("public", ROOT / "runs")
    found = [record for record in stored if record["reported"]["published_epoch"]]
    assert len(found) == 12
    for record in found:
        error, reported = record["metrics"]["test_error"], record["reported"]["test_error"]
        assert error == pytest.approx(reported, abs=0.0051), record.name


@needs_weights
@pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.name)
def test_published_weights_fit_our_networks(source):
    for peer in source.peers:
        assert network(source, peer, opened(published(WEIGHTS, source, peer)))
