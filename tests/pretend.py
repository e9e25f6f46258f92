"""Stores with made-up runs of the large profiles: committed quick records under another name.

They have every key of a real record and a digest that fits, and say nothing of CIFAR-10.
"""

import json
import shutil
from dataclasses import asdict
from pathlib import Path

from residual import store
from residual.recipe import PROFILES, Recipe
from residual.store import ROOT

COMMITTED = ROOT / "runs"


def pretend(root: Path, profile: str, kind: str, depth: int, seed: int = 0, **changes) -> None:
    """Write the run of a network at a profile, made from that of the quick profile.

    `changes` are metrics or parts of provenance: train_error, test_error, seconds, device …
    """
    source = COMMITTED / "quick" / f"{kind}-{depth}-s{min(seed, 2)}" / "record.json"
    record = json.loads(source.read_text())
    recipe = Recipe.of(profile, kind, depth, seed)
    stretched(record, PROFILES[profile].iterations // PROFILES["quick"].iterations)
    record |= {"recipe": asdict(recipe), "data": {"name": recipe.dataset, "digest": "0" * 64}}
    for name, value in changes.items():
        record["metrics" if name in record["metrics"] else "provenance"][name] = value
    store.write(record, root)


def stretched(record: dict, factor: int) -> None:
    """Curves of a longer training."""
    for curve in record["curves"].values():
        curve["iteration"] = [factor * i for i in curve["iteration"]]


def committed(root: Path, *names: str) -> Path:
    """Copy committed records, such as quick/plain-20-s0, or whole profiles into a store."""
    for name in names:
        shutil.copytree(COMMITTED / name, root / name)
    return root


def pretend_experiment(root: Path, name: str, profile: str) -> None:
    """Write an experiment's record at a profile, made from that of the quick profile."""
    found = store.experiment(name, "quick", COMMITTED)
    content = {key: found[key] for key in ("settings", "seeds", "measurements", "provenance")}
    store.write({"experiment": name, "profile": profile} | content, root)


def desk_store(root: Path, networks: tuple = (("plain", 20), ("plain", 56))) -> Path:
    """A copy of the committed store with desk runs: ResNets 20 and 56, and others by choice."""
    committed(root, "quick", "public")
    for kind, depth in (*networks, ("residual", 20), ("residual", 56)):
        pretend(root, "desk", kind, depth, seconds=1000.0, test_error=20.0 + depth / 10)
    return root
