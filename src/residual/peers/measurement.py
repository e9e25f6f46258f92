"""Measuring others' networks with our probes, and recording what comes out."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import torch
from torch import Tensor

from residual import probes
from residual.data import Dataset, Split, load
from residual.describe import PROBED
from residual.models import Network
from residual.peers.sources import SOURCES, Peer, Source
from residual.peers.weights import network, opened, published, scaled
from residual.provenance import pick_device, provenance
from residual.store import Record, committed, every, read, write
from residual.trainer import EVAL_BATCH

MEASUREMENT = 2
"""What is measured, and how. 2: training error and Jacobians; percentiles and shares from sampled
positions of the map. A record with a lower number, or with none, is measured again."""

SPECTRAL = 16  # test images on which the Jacobians of the blocks are looked at


def measure(
    folder: Path,
    root: Path | None = None,
    device: str = "auto",
    data: Path | None = None,
    say: Callable[[str], None] = print,
) -> list[Record]:
    """Measure the networks that the store lacks, shallow first; returns the records of all.

    Records of an earlier measurement are measured again and replaced, one by one.
    `folder` holds one subfolder a source: a clone of its repository, or the weight files alone.
    Every file is checked against its digest before the first is loaded. PeerError names a file
    that is missing or altered, DataError says what is wrong with CIFAR-10.
    """
    networks = [(source, peer) for source in SOURCES for peer in source.peers]
    missing = [pair for pair in networks if not is_recorded(*pair, root)]
    contents = {pair: published(folder, *pair) for pair in missing}
    dataset = load("cifar10", data) if missing else None
    for source, peer in sorted(missing, key=lambda pair: pair[1].depth):
        if is_recorded(source, peer, root):  # by another process meanwhile
            continue
        content = contents[source, peer]
        found = measure_one(source, peer, content, dataset, pick_device(device), root)
        say(
            f"{found.name}: test error {found['metrics']['test_error']:.2f} %, "
            f"reported {peer.test_error:.2f} %, "
            f"training error {found['metrics']['train_error']:.2f} %, "
            f"{found['provenance']['seconds']:.0f} s"
        )
    return every("public", root)


def is_recorded(source: Source, peer: Peer, root: Path | None) -> bool:
    """Whether the store has this network's record by the present measurement.

    RecordError if there is a record that is damaged.
    """
    folder = (root or committed()) / "public" / source.name / f"{peer.kind}-{peer.depth}"
    path = folder / "record.json"
    return path.is_file() and read(path).content.get("measurement") == MEASUREMENT


def measure_one(
    source: Source,
    peer: Peer,
    content: bytes,
    dataset: Dataset,
    device: torch.device,
    root: Path | None = None,
) -> Record:
    """Measure one network in float32 and write its record; `content` is the weight file."""
    started, begun = datetime.now(UTC).isoformat(timespec="seconds"), time.monotonic()
    loaded = opened(content)
    model = network(source, peer, loaded).to(device, memory_format=torch.channels_last)
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        measured = describe(model, source, dataset, device)
    machine = provenance(device, started, time.monotonic() - begun, 0) | {"precision": "float32"}
    del machine["images_per_second"]
    record = {
        "source": source.facts() | {"file": peer.file, "sha256": peer.sha256},
        "network": {"kind": peer.kind, "depth": peer.depth, "zeros": source.zeros},
        "measurement": MEASUREMENT,
        "reported": reported(source, peer, loaded),
        "data": {"name": dataset.name, "digest": dataset.digest},
    }
    return write(record | measured | {"provenance": machine}, root or committed())


def reported(source: Source, peer: Peer, loaded: dict) -> dict:
    """The test error that the source reports and where, and whether it is the published epoch's.

    `best_test_error` is the best of all epochs, where the weight file holds it (`best_prec1`).
    All in per cent.
    """
    best = loaded.get("best_prec1")
    return {
        "test_error": peer.test_error,
        "published_epoch": source.published_epoch,
        "where": source.reported_in,
        "best_test_error": None if best is None else round(100 - float(best), 2),
    }


def describe(model: Network, source: Source, dataset: Dataset, device: torch.device) -> dict:
    """The measured part of a record: errors on both whole sets in per cent, without augmentation,
    and what the probes see on the first test images, as in the record of a run of ours."""
    seen = list(batches(dataset.test.head(PROBED), source, device))
    train = [images for images, _ in batches(dataset.train.head(PROBED), source, device)]
    states = {"final": model, "final_exact": probes.exact_statistics(model, train)}
    images = [images for images, _ in seen]
    return {
        "metrics": {
            "train_error": probes.error(model, batches(dataset.train, source, device)),
            "test_error": probes.error(model, batches(dataset.test, source, device)),
        },
        "responses": {
            when: {
                "layers": probes.responses(state, images),
                "blocks": probes.block_ratios(state, images),
            }
            for when, state in states.items()
        },
        "probes": {
            "lesions": probes.lesions(model, seen),
            "jacobian": probes.jacobian(model, images[0][:SPECTRAL]),
        },
    }


def batches(split: Split, source: Source, device: torch.device) -> Iterator[tuple[Tensor, Tensor]]:
    """A set's images as the source scales them, and their labels, in order."""
    pairs = zip(split.images.split(EVAL_BATCH), split.labels.split(EVAL_BATCH))
    return ((scaled(images.to(device), source), labels.to(device)) for images, labels in pairs)
