"""What blocks do in the course of a training: the checkpoints that tanjeffreyz published."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

import torch

from residual import probes
from residual.data import Dataset
from residual.errors import RecordError
from residual.peers.loading import network, scaling
from residual.peers.sources import sources
from residual.probes import significant
from residual.provenance import provenance
from residual.store import canonical, committed, digest, there, write_atomically
from residual.train import EVAL_BATCH

SOURCE = "tanjeffreyz"
EPOCHS = range(0, 160, 20)  # cp_0 lies at the end of the first epoch, cp_20 at that of the 21st
LAST = 160
IMAGES, STATISTICS = 500, 1000  # test images that probes see, training images that BN averages


def place(root: Path | None = None) -> Path:
    """Where the trajectories lie in a store."""
    return (root or committed()) / "public" / SOURCE / "trajectories.json"


def trajectories(root: Path | None = None) -> dict[str, dict[str, list]]:
    """By training, such as residual-56, columns over its checkpoints: epoch (epochs done), and
    medians over the identity blocks of std (of F(x)), ratio (‖F(x)‖/‖x‖), sine (of the angle
    between a block's input and output) and gamma (|γ₂|).

    On 500 test images, BN statistics averaged over 1,000 training images: those in the files saw
    test images. Empty if they were not measured; RecordError if the file is damaged.
    """
    path = place(root)
    if not there(path):
        return {}
    try:
        content = json.loads(path.read_bytes())
        if digest(canonical(content)) != content["digest"]:
            raise ValueError("its content does not match its digest")
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise RecordError(f"{path} is damaged: {error}. Restore it from git.") from error
    return content["trainings"]


def measure(folder: Path, dataset: Dataset, root: Path | None, say: Callable[[str], None]) -> None:
    """Measure every checkpoint in a clone of the source below `folder`, and write the table; only
    say so if there is no clone with checkpoints."""
    (source,) = (source for source in sources() if source.name == SOURCE)
    if not list((folder / source.name).glob("**/cp_0")):
        return say(f"{SOURCE}: no checkpoints below {folder / source.name}.")
    scaled, made = scaling(source.mean, source.std), {}
    test = scaled(dataset.test.images[:IMAGES]).split(EVAL_BATCH)
    train = scaled(dataset.train.images[:STATISTICS]).split(EVAL_BATCH)
    for peer in source.peers:
        final = folder / source.name / source.path / peer.file
        files = {epoch + 1: final.with_name(f"cp_{epoch}") for epoch in EPOCHS} | {LAST: final}
        rows = []
        for epoch, path in files.items():
            content = path.read_bytes()
            model = network(replace(peer, file=str(path)), content)
            exact = probes.exact_statistics(model.to(memory_format=torch.channels_last), train)
            rows.append({"epoch": epoch} | state(exact, test) | {"sha256": digest(content)})
        name = peer.name.rpartition("/")[2]
        made[name] = probes.columns(rows)
        say(f"{SOURCE}, {name}: {len(rows)} checkpoints")
    content = {
        "source": source.facts(),
        "images": IMAGES,
        "statistics": STATISTICS,
        "trainings": made,
        "provenance": provenance(torch.device("cpu")),
    }
    text = json.dumps(content | {"digest": digest(canonical(content))}, indent=1) + "\n"
    write_atomically(place(root), text.encode())


def state(model: torch.nn.Module, images: list[torch.Tensor]) -> dict[str, float]:
    """Medians over the identity blocks of one network."""
    layers, blocks = probes.responses(model, images), probes.block_ratios(model, images)
    second = [std for name, std in zip(layers["layer"], layers["std"]) if name.endswith(".2")]
    columns = {"std": second, "sine": probes.angles(model, images)["sine"]}
    columns |= {"ratio": blocks["ratio"], "gamma": blocks["gamma"]}
    return {
        name: significant(median(v for v, wide in zip(column, blocks["widening"]) if not wide))
        for name, column in columns.items()
    }
