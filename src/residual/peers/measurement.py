"""Measuring others' networks with our probes, and recording what comes out."""

import copy
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor

from residual import probes
from residual.data import Dataset, Split, load
from residual.describe import PROBED, response_tables
from residual.models import Network
from residual.peers import trajectories
from residual.peers.loading import Scaling, network, published, scaling
from residual.peers.sources import Peer, PeerError, Source, sources, training_indices
from residual.probes import significant
from residual.provenance import pick_device, provenance
from residual.store import Record, committed, every, read, there, write
from residual.train import EVAL_BATCH

MEASUREMENT = 4  # the way of measuring; a record with an older number is completed
GRADIENT_BATCH = 128  # training images whose gradient is taken, as in our own runs
SPECTRAL, STEPS = 4, 24  # test images, and Lanczos steps, for the Jacobians of the blocks
LESIONED = 1000  # test images on which blocks are deleted one at a time
TANGENT = 128  # test images of the tangent kernel
DEEPEST = 56  # the depth at which the tangent kernel and surplus blocks are measured
TOLERANCE, WORST = 0.3, {"plain": 20.0, "residual": 12.0}
"""Admission (Registration 3): test error within so many points of a reported one, or below."""


def batches(
    split: Split, scaled: Scaling, size: int = EVAL_BATCH
) -> Iterator[tuple[Tensor, Tensor]]:
    """Scaled images and labels in order, without augmentation."""
    for images, labels in zip(split.images.split(size), split.labels.split(size)):
        yield scaled(images), labels


def measure(
    folder: Path,
    root: Path | None = None,
    device: str = "auto",
    data: Path | None = None,
    say: Callable[[str], None] = print,
) -> list[Record]:
    """Measure the networks that the store lacks, complete older records; the records of all.
    Then the checkpoints of `trajectories`, where the store lacks them.

    `folder` holds one subfolder a source: a clone of its repository, or the weight files alone.
    PeerError names a file that is missing or altered, and networks that are not admitted;
    DataError says what is wrong with CIFAR-10.
    """
    pairs = [(source, peer) for source in sources() for peer in source.peers]
    wanted = [pair for pair in pairs if not is_recorded(*pair, root)]
    say(f"{len(pairs) - len(wanted)} of {len(pairs)} networks are in the store already.")
    contents = {peer: published(folder, source, peer) for source, peer in wanted}
    dataset = load("cifar10", data) if wanted else None
    for source, peer in wanted:
        found = measure_one(source, peer, contents[peer], dataset, pick_device(device), root)
        reported = "none reported" if peer.test_error is None else f"reported {peer.test_error} %"
        say(
            f"{found.name}: test error {found['metrics']['test_error']:.2f} %, {reported}, "
            f"training error {found['metrics']['train_error']:.2f} %, "
            f"{found['provenance']['seconds']:.0f} s"
        )
    if refused := [record.name for record in every("public", root) if not admitted(record)]:
        raise PeerError(
            f"{', '.join(refused)}: not admitted, since the test error is neither within "
            f"{TOLERANCE} points of the reported one nor, where none is reported, below "
            f"{WORST['plain']:.0f} % (plain) or {WORST['residual']:.0f} % (residual): say so in "
            "peers.toml and take the record out of the store."
        )
    if not there(trajectories.place(root)):
        trajectories.measure(folder, dataset or load("cifar10", data), root, say)
    return every("public", root)


def is_recorded(source: Source, peer: Peer, root: Path | None) -> bool:
    """Whether the store has this network's record, by the present measurement; what peers.toml now
    says of it is written into it. RecordError if there is a record that is damaged."""
    path = (root or committed()) / peer.name / "record.json"
    if not there(path):
        return False
    found = read(path)
    if found.content != (restated := found.content | facts(source, peer)):
        write(restated, root or committed())
    return found["measurement"] == MEASUREMENT


def facts(source: Source, peer: Peer) -> dict:
    """What a record says of a network before anything is measured."""
    return {
        "source": source.facts() | {"file": peer.file, "sha256": peer.sha256},
        "network": peer.facts(),
        "reported": {
            "test_error": peer.test_error,
            "published_epoch": source.published_epoch,
            "where": source.reported_in,
        },
    }


def admitted(record: Record) -> bool:
    """Whether a network passes Registration 3's test: its test error, measured as its source did,
    lies within 0.3 points of the reported one; or below 20 % (plain) or 12 % (residual), where the
    source reports none."""
    reported, metrics = record["reported"]["test_error"], record["metrics"]
    if reported is None:
        return metrics["test_error"] < WORST[record.kind]
    away = abs(metrics.get("test_error_as_reported", metrics["test_error"]) - reported)
    return round(away, 6) <= TOLERANCE


def measure_one(
    source: Source,
    peer: Peer,
    content: bytes,
    dataset: Dataset,
    device: torch.device,
    root: Path | None = None,
) -> Record:
    """Measure one network in float32 and write its record; `content` is the weight file.

    A record of an older measurement keeps its values, and gets the probes that it lacks.
    """
    machine, begun = provenance(device) | {"precision": "float32"}, time.monotonic()
    path = (root or committed()) / peer.name / "record.json"
    older = read(path).content if there(path) else None
    model = network(peer, content).to(device, memory_format=torch.channels_last)
    chosen = torch.from_numpy(training_indices(source, dataset.train.labels.numpy()))
    train = Split(dataset.train.images[chosen], dataset.train.labels[chosen]).to(device)
    test = dataset.test.to(device)
    scaled = scaling(source.mean, source.std, train.images)
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        averaged = [batch for batch, _ in batches(train.head(PROBED), scaled)]
        states = {"final": model, "final_exact": probes.exact_statistics(model, averaged)}
        measured = older or describe(states, train, test, scaled)
        probed = measured["probes"] | further(states, test, scaled, measured["responses"])
        metrics = measured["metrics"]
        if peer.test_error is not None and (source.tested_mean or source.tested_in_batches):
            metrics = metrics | {"test_error_as_reported": as_tested(model, source, test)}
    machine["seconds"] = round(time.monotonic() - begun, 3)
    if older:
        machine["completes"] = older["provenance"]
    record = {
        "measurement": MEASUREMENT,
        "data": {
            "name": dataset.name,
            "digest": dataset.digest,
            "trained_on": len(train.labels),
            "train_images": len(train.labels),
        },
        "metrics": metrics,
        "responses": measured["responses"],
        "gradients": measured["gradients"],
        "probes": probed,
        "provenance": machine,
    }
    return write(facts(source, peer) | record, root or committed())


def describe(states: dict[str, Network], train: Split, test: Split, scaled: Scaling) -> dict:
    """The measured part of a record: errors in per cent, without augmentation, and what the
    probes see on the first test images. `train` are the images that the source trained on, and
    `states` the network with the BN statistics of its file (final) and exact ones (final_exact)."""
    probed = [batch for batch, _ in batches(test.head(PROBED), scaled)]
    model = states["final"]
    return {
        "metrics": {
            "train_error": probes.error(model, batches(train, scaled)),
            "test_error": probes.error(model, batches(test, scaled)),
        },
        "responses": {when: response_tables(state, probed) for when, state in states.items()},
        "gradients": gradients(model, *next(batches(train.head(GRADIENT_BATCH), scaled))),
        "probes": {
            "lesions": probes.lesions(model, list(batches(test.head(LESIONED), scaled))),
            "jacobian": probes.jacobian(model, probed[0][:SPECTRAL], STEPS),
        },
    }


def further(
    states: dict[str, Network], test: Split, scaled: Scaling, responses: dict
) -> dict[str, dict]:
    """The probes that came with the fourth measurement; two of them at depth 56 alone."""
    seen, model = list(batches(test.head(PROBED), scaled)), states["final"]
    images = [batch for batch, _ in seen]
    found = {"angles": {when: probes.angles(state, images) for when, state in states.items()}}
    if len(model.layers()) + 1 == DEEPEST:
        participation = probes.kernel(model, images[0][:TANGENT])
        found["kernel"] = {"participation": participation, "images": TANGENT}
        if model.blocks[0].residual:
            found["surplus"] = probes.surplus(model, responses["final"]["blocks"], seen)
    return found


def as_tested(model: Network, source: Source, test: Split) -> float:
    """Test error in per cent by the source's own way of testing, where it is another one: with
    test images scaled otherwise, or with each batch's own BN statistics, since it never calls
    eval()."""
    images = test.images if source.tested_mean == "pixels" else None
    mean, std = source.tested_mean or source.mean, source.tested_std or source.std
    if not source.tested_in_batches:
        return probes.error(model, batches(test, scaling(mean, std, images)))
    tested = copy.deepcopy(model)
    for layer in tested.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.running_mean = layer.running_var = None  # then eval mode, too, takes the batch's
    return probes.error(tested, batches(test, scaling(mean, std, images), source.tested_in_batches))


def gradients(model: Network, images: Tensor, labels: Tensor) -> dict:
    """The table of gradients of our own records, with one row: the end of training.

    `he` is ‖W‖ that He initialisation gives on average: √(2·filters) for a 3×3 convolution.
    """
    found = probes.gradient_ratios(model, images, labels)
    return {
        "layer": found["layer"],
        "ratio": [found["ratio"]],
        "weight": [found["weight"]],
        "he": [significant((2 * c.out_channels) ** 0.5) for c in probes.convolutions(model)],
    }
