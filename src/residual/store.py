"""The store of records: plain JSON files that carry the digest of their own content.

    runs/<scale>/<kind>-<depth>[-<variant>]-s<seed>/record.json   a training of ours
    runs/<scale>/experiments/<name>/record.json                   an experiment
    runs/public/<source>/<kind>-<depth>/record.json               a network that others published

What depends on the clock or the machine stands under `provenance`, so that all the rest compares
bit for bit; `digest` is the SHA-256 of all the other keys. The committed store is evidence and is
only read; what a reader trains lies in a store of their own.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from safetensors.torch import load, save
from torch import Tensor

from residual.errors import ParameterError, RecordError, StoreError
from residual.models import Network
from residual.recipe import Recipe

CHECKOUT = Path(__file__).resolve().parents[2]
ROOT = CHECKOUT if (CHECKOUT / "pyproject.toml").is_file() else Path.cwd()
"""The checkout that this library lies in; the current folder if it was installed without one."""

KEYS = {
    "recipe": "data curves metrics responses gradients probes replay weights",
    "experiment": "profile settings seeds measurements",
    "network": "source reported data metrics responses gradients probes",
}
"""The key that tells what a record is of, and what such a record holds beside `provenance`."""


def committed() -> Path:
    """The store that the book, its ledger and the tests read: RESIDUAL_EVIDENCE, or runs/."""
    return Path(os.environ.get("RESIDUAL_EVIDENCE") or ROOT / "runs")


def own() -> Path:
    """The store of what a reader trains: RESIDUAL_RUNS, or my-runs/ in the checkout."""
    return Path(os.environ.get("RESIDUAL_RUNS") or ROOT / "my-runs")


@dataclass(frozen=True)
class Record:
    """A training of ours, an experiment, or a network of others: where it lies, what it says."""

    folder: Path
    content: dict

    def __getitem__(self, key: str):
        return self.content[key]

    @property
    def name(self) -> str:
        """Its place in a store: quick/plain-20-s0, public/akamaster/residual-20."""
        if "recipe" in self.content:
            return f"{self.scale}/{self.recipe.name}"
        if "experiment" in self.content:
            return f"{self.scale}/experiments/{self['experiment']}"
        return f"public/{self.member}/{self.kind}-{self.depth}"

    @property
    def scale(self) -> str:
        """One of quick, desk, paper, and public."""
        if "recipe" in self.content:
            return self["recipe"]["profile"]
        return self.content.get("profile", "public")

    @cached_property
    def recipe(self) -> Recipe:
        return Recipe(**self["recipe"])

    @property
    def kind(self) -> str:
        return (self.content.get("recipe") or self["network"])["kind"]

    @property
    def depth(self) -> int:
        return (self.content.get("recipe") or self["network"])["depth"]

    @cached_property
    def variant(self) -> str:
        """What differs from the scale's own recipe; empty for it and for networks of others."""
        return self.recipe.variant if "recipe" in self.content else ""

    @property
    def member(self) -> int | str:
        """The seed of a training of ours, the source of a network of others."""
        return self["recipe"]["seed"] if "recipe" in self.content else self["source"]["name"]

    @property
    def seeds(self) -> list[int]:
        """The seeds of an experiment."""
        return self["seeds"]

    @property
    def measurements(self) -> list[dict]:
        """What an experiment measured with each seed, in the order of `seeds`."""
        return self["measurements"]

    @property
    def weights_file(self) -> Path:
        """Where its weights lie, if they were kept: a committed record may have none."""
        return self.folder / "weights.safetensors"

    def network(self) -> Network:
        """The trained network, in eval mode; RecordError as for `weights`."""
        weights = self.weights()
        model = self.recipe.network(weights["conv.weight"].shape[1])
        model.load_state_dict(weights)
        return model.eval()

    def weights(self) -> dict[str, Tensor]:
        """The trained weights beside the record; RecordError if they are not there or damaged."""
        path = self.weights_file
        if not path.is_file():
            which = f"--kinds {self.kind} --depths {self.depth} --seeds {self.member}"
            raise RecordError(
                f"{path} was not kept. Train it again with `residual train --profile {self.scale} "
                f"{which} --runs {own()}` and the options that its name tells: networks are looked "
                "for there as well."
            )
        content = path.read_bytes()
        if digest(content) != self["weights"]:
            raise RecordError(f"{path} is damaged: it does not fit its record. Restore it.")
        return load(content)


def read(path: Path) -> Record:
    """One record, checked against its digest and its place; RecordError names file and fault."""
    try:
        content = json.loads(path.read_bytes())
        record = Record(path.parent, content)
        kind = next((key for key in KEYS if key in content), "recipe")
        if missing := {kind, *KEYS[kind].split(), "provenance", "digest"} - content.keys():
            raise ValueError(f"it lacks {', '.join(sorted(missing))}")
        if digest(canonical(content)) != content["digest"]:
            raise ValueError("its content does not match its digest")
        place = tuple(record.name.split("/"))
        if path.absolute().parent.parts[-len(place) :] != place:
            raise ValueError(f"it holds {record.name}")
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise RecordError(
            f"The record {path} is damaged: {error}. Restore it, or delete its folder to make it "
            "again."
        ) from error
    return record


def write(content: dict, root: Path, weights: dict[str, Tensor] | None = None) -> Record:
    """Write weights, then the record that names their digest; both atomically.

    What is not finite, such as a statistic that overflowed, is null in the record.
    """
    content = json.loads(json.dumps(content), parse_constant=lambda _not_finite: None)
    kept = save(weights) if weights is not None else None
    if kept is not None:
        content["weights"] = digest(kept)
    return put(content | {"digest": digest(canonical(content))}, kept, root)


def put(content: dict, weights: bytes | None, root: Path) -> Record:
    """Write a complete record, and the file of its weights, to their place in a store."""
    record = Record(root / Record(root, content).name, content)
    if weights is not None:
        write_atomically(record.weights_file, weights)
    text = json.dumps(content, indent=1) + "\n"
    write_atomically(record.folder / "record.json", text.encode())
    return record


def find(recipe: Recipe, root: Path | None = None) -> Record | None:
    """The recipe's training if the store has it, else None; RecordError if it is damaged.

    ParameterError if the store has another recipe's under its name, which keeps six digits.
    """
    path = (root or committed()) / recipe.profile / recipe.name / "record.json"
    found = read(path) if path.is_file() else None
    if found and found.recipe != recipe:
        raise ParameterError("recipe", recipe.name, f"{path} holds another one of this name")
    return found


def experiment(name: str, scale: str, root: Path | None = None) -> Record | None:
    """An experiment's record if the store has it, else None; RecordError if it is damaged."""
    path = (root or committed()) / scale / "experiments" / name / "record.json"
    return read(path) if path.is_file() else None


def every(scale: str, root: Path | None = None) -> list[Record]:
    """All networks of a scale, in order of depth, kind, variant and seed (or source)."""
    below = "*/*/record.json" if scale == "public" else "*/record.json"
    found = [read(path) for path in ((root or committed()) / scale).glob(below)]
    return sorted(found, key=lambda r: (r.depth, r.kind, r.variant, r.member))


def seeds_of(recipe: Recipe, root: Path | None = None) -> list[int]:
    """The seeds for which the store has this recipe's training."""
    head = recipe.name.removesuffix(str(recipe.seed))
    found = ((root or committed()) / recipe.profile).glob(f"{head}*/record.json")
    ends = [path.parent.name.removeprefix(head) for path in found]
    return sorted(int(end) for end in ends if end.isdigit())


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def canonical(content: dict) -> bytes:
    """A record without its digest as JSON bytes that depend on its values alone."""
    kept = {key: value for key, value in content.items() if key != "digest"}
    return json.dumps(kept, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a reader never sees half of it; StoreError if that cannot be done."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(".part", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns an OSError into a StoreError that names the path and says what to do."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written ({error.strerror or error}): free some space, mend the "
            "folder's rights or name another store with --runs, then give the same command again; "
            "a training goes on from its last checkpoint."
        ) from error
