"""Measuring others' networks with our probes, and recording what comes out."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor

from residual import probes
from residual.data import Dataset, Split, load
from residual.describe import PROBED, response_tables
from residual.models import Network
from residual.peers.loading import Scaling, network, published, scaling
from residual.peers.sources import Peer, Source, sources, training_indices
from residual.probes import significant
from residual.provenance import pick_device, provenance
from residual.store import Record, committed, every, read, write
from residual.train import EVAL_BATCH

MEASUREMENT = 3  # the way of measuring; a record with another number is measured again
GRADIENT_BATCH = 128  # training images whose gradient is taken, as in our own runs
SPECTRAL, STEPS = 4, 24  # test images, and Lanczos steps, for the Jacobians of the blocks
LESIONED = 1000  # test images on which blocks are deleted one at a time


def batches(split: Split, scaled: Scaling) -> Iterator[tuple[Tensor, Tensor]]:
    """Scaled images and labels in order, without augmentation."""
    for images, labels in zip(split.images.split(EVAL_BATCH), split.labels.split(EVAL_BATCH)):
        yield scaled(images), labels


def measure(
    folder: Path,
    root: Path | None = None,
    device: str = "auto",
    data: Path | None = None,
    say: Callable[[str], None] = print,
) -> list[Record]:
    """Measure the networks that the store lacks; the records of all.

    `folder` holds one subfolder a source: a clone of its repository, or the weight files alone.
    PeerError names a file that is missing or altered, DataError says what is wrong with CIFAR-10.
    """
    pairs = [(source, peer) for source in sources() for peer in source.peers]
    wanted = [pair for pair in pairs if not is_recorded(pair[1], root)]
    say(f"{len(pairs) - len(wanted)} of {len(pairs)} networks are in the store already.")
    contents = {peer: published(folder, source, peer) for source, peer in wanted}
    dataset = load("cifar10", data) if wanted else None
    for source, peer in wanted:
        found = measure_one(source, peer, contents[peer], dataset, pick_device(device), root)
        say(
            f"{found.name}: test error {found['metrics']['test_error']:.2f} %, "
            f"reported {peer.test_error:.2f} %, "
            f"training error {found['metrics']['train_error']:.2f} %, "
            f"{found['provenance']['seconds']:.0f} s"
        )
    return every("public", root)


def is_recorded(peer: Peer, root: Path | None) -> bool:
    """Whether the store has this network's record, by the present measurement; RecordError if
    there is a record that is damaged."""
    path = (root or committed()) / peer.name / "record.json"
    return path.is_file() and read(path)["measurement"] == MEASUREMENT


def measure_one(
    source: Source,
    peer: Peer,
    content: bytes,
    dataset: Dataset,
    device: torch.device,
    root: Path | None = None,
) -> Record:
    """Measure one network in float32 and write its record; `content` is the weight file."""
    machine, begun = provenance(device) | {"precision": "float32"}, time.monotonic()
    model = network(source, peer, content).to(device, memory_format=torch.channels_last)
    chosen = torch.from_numpy(training_indices(source, dataset.train.labels.numpy()))
    train = Split(dataset.train.images[chosen], dataset.train.labels[chosen])
    scaled = scaling(source, train.images)
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        measured = describe(model, train.to(device), dataset.test.to(device), scaled)
    machine["seconds"] = round(time.monotonic() - begun, 3)
    record = {
        "source": source.facts() | {"file": peer.file, "sha256": peer.sha256},
        "network": {"kind": peer.kind, "depth": peer.depth, "zeros": source.zeros},
        "measurement": MEASUREMENT,
        "reported": {
            "test_error": peer.test_error,
            "published_epoch": source.published_epoch,
            "where": source.reported_in,
        },
        "data": {
            "name": dataset.name,
            "digest": dataset.digest,
            "trained_on": len(train.labels),
            "train_images": len(train.labels),
        },
    }
    return write(record | measured | {"provenance": machine}, root or committed())


def describe(model: Network, train: Split, test: Split, scaled: Scaling) -> dict:
    """The measured part of a record: errors in per cent, without augmentation, and what the
    probes see on the first test images. `train` are the images that the source trained on."""
    probed = [batch for batch, _ in batches(test.head(PROBED), scaled)]
    averaged = [batch for batch, _ in batches(train.head(PROBED), scaled)]
    states = {"final": model, "final_exact": probes.exact_statistics(model, averaged)}
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


def gradients(model: Network, images: Tensor, labels: Tensor) -> dict:
    """The table of gradients of our own records, with one row: the end of training.

    `he` is ‖W‖ that He initialisation gives on average: √(2·filters) for a 3×3 convolution.
    """
    found = probes.gradient_ratios(model, images, labels)
    convolutions = [m for m in model.modules() if isinstance(m, torch.nn.Conv2d)]
    return {
        "layer": found["layer"],
        "ratio": [found["ratio"]],
        "weight": [found["weight"]],
        "he": [significant((2 * c.out_channels) ** 0.5) for c in convolutions],
    }
