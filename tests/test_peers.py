"""Networks of others: facts checked when loaded, weights by order, bias folded, curves, records."""

import io
import shutil
from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from residual import load, peers, probes, store
from residual.data import Dataset, Split
from residual.errors import RecordError
from residual.models import Network
from residual.peers import PeerError, sources, trajectories
from residual.peers.loading import architecture, scaling
from residual.peers.measurement import admitted, as_tested, is_recorded, measure_one
from residual.peers.sources import FACTS, training_indices
from residual.probes import identity_median

SOURCE = sources()[0]
SECOND = {source.name: source for source in sources() if source.set == "second"}
NEW = """
[newcomer]
repository = "https://example.org/newcomer"
commit = "abc"
licence = "MIT"
path = "weights"
code = "newcomer"
set = "second"
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


def peer_of(content, kind="residual", depth=8, **more):
    digest = sha256(content).hexdigest()
    given = {"kind": kind, "depth": depth, "file": "net.pt", "sha256": digest} | more
    return replace(SOURCE.peers[0], **given)


def test_the_networks_of_both_sets_are_declared():
    for name, plain, residual in (("first", 16, 24), ("second", 17, 40)):
        found = [peer for source in sources() if source.set == name for peer in source.peers]
        kinds = [peer.kind for peer in found]
        assert (kinds.count("plain"), kinds.count("residual")) == (plain, residual)
    found = [peer for source in sources() for peer in source.peers]
    assert len({peer.sha256 for peer in found}) == len({peer.name for peer in found}) == 97


def test_a_recipe_is_a_property_of_a_network():
    (wooyeol,) = (source for source in sources() if source.name == "wooyeolBaek")
    clipped = {peer.name for peer in wooyeol.peers if peer.variant == "clipped"}
    assert clipped == {"public/wooyeolBaek/plain-56"}
    assert len({peer.recipe for peer in wooyeol.peers}) == 2
    at = {peer.name.split("/")[-1]: peer.recipe for peer in SECOND["tanjeffreyz"].peers}
    assert at["plain-20"] == at["residual-20"] != at["plain-56"] == at["residual-56"]
    free = [p.label for p in SECOND["ironjr"].peers if p.variant == "no-gamma-decay"]
    assert len(free) == 5
    assert not any(label.startswith("190123") for label in free)


def test_a_source_is_an_entry_in_the_file(tmp_path):
    path = tmp_path / "peers.toml"
    path.write_text(FACTS.read_text("utf-8") + NEW, "utf-8")
    newcomer = sources(path)[-1]
    assert (newcomer.name, newcomer.peers[0].name) == ("newcomer", "public/newcomer/plain-8")
    content = saved(trained("plain").state_dict())
    model = peers.network(peer_of(content, "plain"), content)
    x = scaling(newcomer.mean, newcomer.std)(torch.full((1, 8, 8, 3), 255, dtype=torch.uint8))
    assert torch.equal(x, torch.full((1, 3, 8, 8), 0.5))
    assert torch.equal(model(x), trained("plain")(x))


def test_a_network_of_others_is_loaded_by_name_from_its_file(tmp_path, monkeypatch):
    content = saved(trained("plain").state_dict())
    path, file = tmp_path / "peers.toml", tmp_path / "plain8.pt"
    file.write_bytes(content)
    entry = NEW.replace('sha256 = "0"', f'sha256 = "{sha256(content).hexdigest()}"')
    path.write_text(FACTS.read_text("utf-8") + entry, "utf-8")
    monkeypatch.setattr(peers, "sources", lambda: sources(path))
    model = load("public/newcomer/plain-8", file)
    images = torch.full((2, 3, 32, 32), 200, dtype=torch.uint8)
    x = model.normalise(images)
    assert torch.equal(model(x), trained("plain")(images.float() / 255 - 0.5))
    file.write_bytes(saved(trained("plain", zeros="split").state_dict()) + b"another")
    with pytest.raises(PeerError, match=r"is not the published file plain8\.pt"):
        load("public/newcomer/plain-8", file)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('licence = "MIT"\n', ""), "newcomer lacks licence"),
        (("published_epoch = true", "published_epoch = 1"), "published_epoch must be of type bool"),
        (('zeros = "after"', 'zeros = "front"'), "plain-8.zeros is one of after, split"),
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
    found = peers.network(peer_of(content), content)
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
        peers.network(peer_of(content), content)


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
    assert not scaling("pixels", images=images)(
        images
    ).any()  # the mean of its own pixels is subtracted


def test_an_image_may_be_centred_by_its_own_mean():
    images = torch.arange(2 * 4 * 4 * 3, dtype=torch.uint8).view(2, 4, 4, 3)
    scaled = scaling("image")(images)
    assert scaled.mean((2, 3)).abs().max() < 1e-6
    assert scaled[0, 0, 3, 3] - scaled[0, 0, 0, 0] == pytest.approx(45 / 255)


def randomised(model):
    """The model with weights and statistics drawn anew, in eval mode."""
    generator = torch.Generator().manual_seed(3)
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            drawn = torch.rand(tensor.shape, generator=generator)
            tensor.copy_(drawn + 0.5 if "norm" in name or "path.1" in name else drawn - 0.5)
    return model.eval()


@pytest.mark.parametrize("shortcut", ["projection", "average-pooled"])
def test_a_widening_block_may_have_another_shortcut(shortcut):
    peer = peer_of(b"", shortcut=shortcut, zeros="split")
    model = randomised(architecture(peer))
    content = saved(model.state_dict())
    x = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    found = peers.network(peer_of(content, shortcut=shortcut, zeros="split"), content)
    assert torch.allclose(found(x), model(x))
    before = found.features(x)[1]  # (N, 16, 32, 32)
    block = found.blocks[1]
    if shortcut == "projection":
        path = [*block.path]
        expected = F.conv2d(before, path[0].weight, stride=2)
        expected = F.batch_norm(
            expected, path[1].running_mean, path[1].running_var, path[1].weight, path[1].bias
        )
    else:
        expected = F.pad(F.avg_pool2d(before, 2), (0, 0, 0, 0, 8, 8))
    assert torch.allclose(block.shortcut(before), expected, atol=1e-5)


def test_a_bare_network_has_biases_and_no_relu_after_its_stem():
    peer = peer_of(b"", shortcut="projection", bare=True)
    model = randomised(architecture(peer))
    x = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    stem = F.conv2d(x, model.conv.weight, model.conv.bias, padding=1)
    assert torch.allclose(model.features(x)[0], stem, atol=1e-5)
    assert stem.min() < 0
    assert [type(layer) for layer in model.blocks[1].path] == [nn.Conv2d]
    content = saved(model.state_dict())
    found = peers.network(peer_of(content, shortcut="projection", bare=True), content)
    assert torch.allclose(found(x), model(x))


def test_a_projection_that_is_not_used_is_left_out():
    model = randomised(architecture(peer_of(b"", "plain", bare=True)))
    state = model.state_dict()
    state["model.3.conv_downsample.weight"] = torch.ones(32, 16, 1, 1)
    state["model.3.conv_downsample.bias"] = torch.ones(32)
    content = saved(state)
    x = torch.randn(2, 3, 32, 32)
    assert torch.equal(peers.network(peer_of(content, "plain", bare=True), content)(x), model(x))


def test_layers_of_one_kind_are_matched_whatever_stands_between_them():
    model = trained()
    norms = {k: v for k, v in model.state_dict().items() if "norm" in k}
    content = saved(norms | model.state_dict())  # BN first
    x = torch.randn(2, 3, 32, 32)
    assert torch.equal(peers.network(peer_of(content), content)(x), model(x))


def test_arrays_without_names_are_read():
    model, arrays = trained(), []
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            spread = (layer.running_var + layer.eps).rsqrt()
            arrays += [layer.bias, layer.weight, layer.running_mean, spread]
        elif isinstance(layer, nn.Linear):
            arrays += [layer.weight.T, layer.bias]
        elif isinstance(layer, nn.Conv2d):
            arrays += [layer.weight]
    file = io.BytesIO()
    np.savez(file, *(array.detach().numpy() for array in arrays))
    content = file.getvalue()
    found = peers.network(peer_of(content, file="net.npz"), content)
    x = torch.randn(2, 3, 32, 32)
    assert torch.allclose(found(x), model(x), atol=1e-5)


@pytest.mark.parametrize(
    "more",
    [{"shortcut": "projection"}, {"shortcut": "average-pooled"}, {"bare": True}],
    ids=["projection", "average-pooled", "bare"],
)
def test_every_probe_works_on_every_variant(more):
    model = randomised(architecture(peer_of(b"", **more)))
    x, labels = torch.randn(6, 3, 32, 32), torch.arange(6)
    blocks = probes.block_ratios(model, [x])
    assert probes.responses(model, [x])["layer"] == list(model.layers())
    assert len(probes.gradient_ratios(model, x, labels)["ratio"]) == len(model.layers())
    assert len(probes.lesions(model, [(x, labels)])["test_error"]) == 4
    assert len(probes.jacobian(model, x[:1], 4)["rms"]) == 3
    assert probes.angles(probes.exact_statistics(model, [x]), [x])["sine"][1:] == [None, None]
    assert 0 < probes.kernel(model, x) <= 1
    assert probes.surplus(model, blocks, [(x, labels)])["deleted"] == []


def test_admission_is_by_a_reported_error_or_by_a_bound():
    def record(measured, reported, kind="plain", **more):
        return store.Record(None, {
            "network": {"kind": kind, "depth": 8},
            "reported": {"test_error": reported},
            "metrics": {"test_error": measured} | more,
        })  # fmt: skip

    assert admitted(record(10.3, 10.0))
    assert not admitted(record(10.31, 10.0))
    assert admitted(record(7.0, 8.75, test_error_as_reported=8.8))
    assert not admitted(record(8.75, 8.75, test_error_as_reported=9.2))
    assert admitted(record(19.9, None))
    assert not admitted(record(20.0, None))
    assert not admitted(record(12.0, None, "residual"))
    assert admitted(record(11.9, None, "residual"))


def test_a_source_that_never_calls_eval_is_tested_as_it_did():
    model = randomised(Network(8, True))
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (8, 32, 32, 3), dtype=torch.uint8, generator=generator)
    source = replace(SOURCE, tested_in_batches=4, tested_mean=[0.5] * 3, tested_std=[0.2] * 3)
    x = (images.permute(0, 3, 1, 2) / 255 - 0.5) / 0.2
    seen = torch.cat([model.train()(part).argmax(1) for part in x.split(4)])
    model = randomised(Network(8, True))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert as_tested(model, source, Split(images, seen)) == 0
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_an_older_record_is_completed_and_keeps_its_values(tmp_path):
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (40, 32, 32, 3), dtype=torch.uint8, generator=generator)
    data = Dataset(
        "cifar10",
        Split(pixels, torch.arange(40) % 10),
        Split(pixels, torch.arange(40) % 10),
        4,
        True,
    )
    content, device = saved(trained().state_dict()), torch.device("cpu")
    peer = replace(peer_of(content), test_error=None)
    first = measure_one(SOURCE, peer, content, data, device, tmp_path)
    assert is_recorded(SOURCE, peer, tmp_path)
    kept = {name: table for name, table in first["probes"].items() if name != "angles"}
    older = first.content | {
        "measurement": 3,
        "probes": kept,
        "metrics": {"train_error": 1.0, "test_error": 2.0},
    }
    store.write(older, tmp_path)
    assert not is_recorded(SOURCE, peer, tmp_path)
    second = measure_one(SOURCE, peer, content, data, device, tmp_path)
    assert second["metrics"] == older["metrics"]
    assert second["probes"] == first["probes"]
    assert second["provenance"]["completes"] == older["provenance"]
    assert is_recorded(SOURCE, replace(peer, variant="clipped"), tmp_path)
    assert store.read(second.folder / "record.json").variant == "clipped"


def test_a_label_is_part_of_a_name():
    (source,) = (source for source in sources() if source.name == "ironjr")
    assert source.peers[0].name == "public/ironjr/residual-56-190123-0"
    content = {"network": source.peers[0].facts(), "source": source.facts()}
    assert store.Record(None, content).name == source.peers[0].name
    assert store.Record(None, content).variant == ""


def test_medians_of_a_checkpoint_are_over_identity_blocks():
    model = trained(depth=14)
    x = torch.randn(4, 3, 32, 32)
    found, blocks = trajectories.state(model, [x]), probes.block_ratios(model, [x])
    identity = [r for r, wide in zip(blocks["ratio"], blocks["widening"]) if not wide]
    assert found["ratio"] == pytest.approx(np.median(identity), rel=1e-5)
    assert found["gamma"] == 1
    assert set(found) == {"std", "sine", "ratio", "gamma"}


def test_checkpoints_of_a_clone_are_measured_in_order(tmp_path, monkeypatch):
    peer = peer_of(b"", "residual", 8, file="net/weights/final", bare=True)
    peer = replace(peer, source="tanjeffreyz")
    source = replace(SECOND["tanjeffreyz"], path="models", peers=(peer,))
    monkeypatch.setattr(trajectories, "sources", lambda: (source,))
    pixels = torch.randint(0, 256, (8, 32, 32, 3), dtype=torch.uint8)
    data = Dataset(
        "cifar10", Split(pixels, torch.arange(8)), Split(pixels, torch.arange(8)), 4, True
    )
    said = []
    trajectories.measure(tmp_path, data, tmp_path, said.append)
    assert "no checkpoints" in said[0]
    assert trajectories.trajectories(tmp_path) == {}
    folder = tmp_path / "tanjeffreyz" / "models" / "net" / "weights"
    folder.mkdir(parents=True)
    model = randomised(architecture(peer))
    for name in (*(f"cp_{epoch}" for epoch in range(0, 160, 20)), "final"):
        torch.save(model.state_dict(), folder / name)
        with torch.no_grad():
            model.blocks[0].norm2.weight *= 2  # γ₂ of the first block doubles
    trajectories.measure(tmp_path, data, tmp_path, said.append)
    found = trajectories.trajectories(tmp_path)["residual-8"]
    assert found["epoch"] == [1, 21, 41, 61, 81, 101, 121, 141, 160]
    assert found["gamma"][8] == pytest.approx(256 * found["gamma"][0], rel=1e-4)
    assert found["ratio"] == sorted(found["ratio"])


def test_a_trajectory_ends_at_the_network_that_was_measured():
    found = trajectories.trajectories()
    assert len(found) == 12
    for name, columns in found.items():
        assert columns["epoch"] == [1, *range(21, 160, 20), 160]
        path = store.committed() / "public" / trajectories.SOURCE / name / "record.json"
        if path.is_file():
            record = store.read(path)
            assert columns["sha256"][-1] == record["source"]["sha256"]
            table = record["responses"]["final_exact"]["blocks"]
            assert columns["ratio"][-1] == pytest.approx(identity_median(table, "ratio"), rel=0.05)
            assert columns["gamma"][-1] == pytest.approx(identity_median(table, "gamma"), rel=1e-4)


def test_damaged_trajectories_are_named(tmp_path):
    assert trajectories.trajectories(tmp_path) == {}
    path = trajectories.place(tmp_path)
    path.parent.mkdir(parents=True)
    for text in ("", "{}", '{"trainings": {}, "digest": "0"}'):
        path.write_text(text, "utf-8")
        with pytest.raises(RecordError, match=r"trajectories\.json is damaged"):
            trajectories.trajectories(tmp_path)


def test_measured_errors_are_the_reported_ones():
    records = store.every("public")
    assert len(records) >= 40
    for record in records:
        assert admitted(record), record.name
        reported = record["reported"]["test_error"]
        if reported is not None and record["source"].get("set") != "second":
            assert record["metrics"]["test_error"] == pytest.approx(reported, abs=0.0101)


def test_logs_keep_validation_and_test_errors_apart():
    logs = peers.curves()
    assert len(logs) == 94
    for log in logs:
        assert len(log.iterations) == len(log.held_out) == len(log.train_error) > 90
        assert 60_000 < log.iterations[-1] < 80_000
        if log.held_out_on == "test":
            assert log.final_test_error == log.held_out[-1]
    apart = {log.source for log in logs if log.held_out_on == "validation"}
    assert apart == {"robertkoller", "wooyeolBaek"}


def test_who_logged_which_training_error_is_told():
    logs = peers.curves()
    evaluated = {log.source for log in logs if not log.running}
    assert evaluated == {log.source for log in logs if log.code == "a-martyn"}
    assert {log.source for log in logs if log.set == "second"} == {
        "jsg921019", "ByungKeon-Ko", "gluoncv", "tanjeffreyz", "ltzhenry",
    }  # fmt: skip


def test_a_reported_error_without_a_log_has_no_points():
    found = {curve.name: curve for curve in peers.reported()}
    very_deep = {"plain-110", "residual-110", "residual-1202"}
    of = {"AidenTag": very_deep, "tomgoldstein": very_deep - {"residual-1202"}}
    of |= dict.fromkeys(("akamaster", "JazhielSegura"), very_deep - {"plain-110"})
    assert set(found) == {f"public/{source}/{name}" for source in of for name in of[source]}
    assert found["public/AidenTag/plain-110"].final_test_error > 90
    assert found["public/AidenTag/plain-110"].low_start is True
    assert not any(curve.iterations for curve in found.values())


def test_epochs_are_counted_to_the_first_error_below():
    curve = peers.Curve("a", "plain", 20, (391, 782, 1173), (50, 20, 19.9), "test", (1,) * 3, 1)
    assert curve.epochs_to(20) == 3
    assert curve.epochs_to(10) is None


@pytest.fixture
def logs(tmp_path):
    """A store with two logs, one table of final errors, and their digests."""
    public = store.committed() / "public"
    names = ["a-martyn/plain-20/curve.csv", "robertkoller/plain-20/curve.csv"]
    names += ["final-test-errors.csv"]
    for name in names:
        target = tmp_path / "public" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(public / name, target)
    listed(tmp_path, names)
    return tmp_path


def listed(root, names):
    """Write the list of digests as a new one of what is there."""
    folder = root / "public"
    lines = [f"{sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (folder / "SHA256SUMS").write_text("".join(lines), "utf-8")


LOG = "a-martyn/plain-20/curve.csv"


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (LOG, lambda text: "".join(text.splitlines(True)[:8])),
        (LOG, lambda text: ""),
        (LOG, lambda text: text.replace("57.402", "57.403")),
        ("final-test-errors.csv", lambda text: text.replace("9.52", "9.51")),
    ],
)
def test_an_altered_log_is_named(logs, name, change):
    path = logs / "public" / name
    path.write_text(change(path.read_text("utf-8")) + "\n", "utf-8")
    with pytest.raises(RecordError, match=f"{name} is damaged: its content is not what SHA256SUMS"):
        peers.curves(logs)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("epoch,train_error_eval,test_error\n", "it has no rows"),
        ("epoch,train_error_eval,test_error\n1,50,101\n", "101 is no error in per cent"),
        ("epoch,train_error_eval,test_error\n1,50,nan\n", "nan is no error in per cent"),
        ("epoch,train_error_eval,test_error\n1,50,\n", "could not convert"),
        ("epoch,train_error_eval,test_error\n2,50,50\n1,50,50\n", "epochs do not increase"),
        ("epoch,loss,test_error\n1,50,50\n", "'loss'"),
    ],
)
def test_a_listed_file_that_is_no_log_is_named(logs, text, words):
    (logs / "public" / LOG).write_text(text, "utf-8")
    listed(logs, [LOG, "robertkoller/plain-20/curve.csv", "final-test-errors.csv"])
    with pytest.raises(RecordError, match=f"{LOG} is damaged: .*{words}"):
        peers.curves(logs)


def test_a_log_that_is_gone_or_not_listed_is_named(logs):
    assert len(peers.curves(logs)) == 2
    path = logs / "public" / LOG
    kept = path.read_bytes()
    path.unlink()
    with pytest.raises(RecordError, match=f"{LOG} is damaged: .*No such file"):
        peers.curves(logs)
    path.write_bytes(kept.replace(b"\n", b"\r\n"))  # as git may check it out elsewhere
    assert len(peers.curves(logs)) == 2
    listed(logs, ["robertkoller/plain-20/curve.csv", "final-test-errors.csv"])
    with pytest.raises(RecordError, match=f"{LOG} is damaged: its content is not what"):
        peers.curves(logs)


def test_a_store_without_logs_has_none(tmp_path):
    assert peers.curves(tmp_path) == peers.reported(tmp_path) == []
