"""The store of run records: runs/<profile>/<kind>-<depth>[-<variant>]-s<seed>/record.json.

A record is plain JSON. Everything that depends on the clock or the machine stands under
`provenance`, so the rest compares bit for bit; `digest` is the SHA-256 of all the other keys.
"""

from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path

from safetensors.torch import load, save
from torch import Tensor

from residual.files import digest, write_atomically
from residual.paths import runs_folder
from residual.recipe import PROFILES, Recipe
from residual.sealed import RecordError, seal, text, unseal

KEYS = ("recipe", "data", "curves", "metrics", "responses", "gradients", "probes", "replay")
"""What a record holds beside `weights` (a digest), `provenance` and its own `digest`."""

ADVICE = "Restore it, or delete its folder to train again."


@dataclass(frozen=True)
class Run:
    """One training: where its record lies, and what the record says."""

    folder: Path
    record: dict

    @property
    def recipe(self) -> Recipe:
        return Recipe(**self.record["recipe"])

    @property
    def name(self) -> str:
        """profile/kind-depth[-variant]-sSEED, as in the store."""
        return f"{self.recipe.profile}/{self.recipe.name}"

    def __getitem__(self, key: str):
        return self.record[key]

    def weights(self) -> dict[str, Tensor]:
        """The trained weights beside the record; RecordError if they are not there or damaged."""
        path = self.folder / "weights.safetensors"
        if not path.is_file():
            raise RecordError(f"{path} is not in the store. {ADVICE}")
        content = path.read_bytes()
        if digest(content) != self.record["weights"]:
            raise RecordError(f"{path} is damaged: it does not fit its record. {ADVICE}")
        return load(content)


def folder_of(recipe: Recipe, root: Path | None = None) -> Path:
    """Where a recipe's run is kept."""
    return (root or runs_folder()) / recipe.profile / recipe.name


def write(recipe: Recipe, record: dict, weights: dict[str, Tensor], root: Path | None) -> Run:
    """Write weights, then the record that names their digest; both atomically.

    What is not finite, such as a statistic that overflowed, is null in the record.
    """
    folder = folder_of(recipe, root)
    content = save(weights)
    write_atomically(folder / "weights.safetensors", content)
    record = finite({"recipe": asdict(recipe)} | record | {"weights": digest(content)})
    record = seal(record, folder / "record.json")
    return Run(folder, record)


def adopt(run: Run, weights: bytes, root: Path | None) -> Run:
    """The same run in this store: written there if it was trained into a store elsewhere."""
    folder = folder_of(run.recipe, root)
    if not (folder / "record.json").is_file():
        write_atomically(folder / "weights.safetensors", weights)
        write_atomically(folder / "record.json", text(run.record))
    return Run(folder, run.record)


def finite(value):
    """The same JSON value with null for each number that is not finite."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def read(path: Path) -> Run:
    """One record, checked against its own digest; RecordError names the file and the fault."""
    return Run(path.parent, unseal(path, (*KEYS, "weights"), place, ADVICE))


def place(record: dict) -> tuple[str, ...]:
    """The folders that a run's record lies in."""
    recipe = Recipe(**record["recipe"])
    return recipe.profile, recipe.name


def find(recipe: Recipe, root: Path | None = None) -> Run | None:
    """The recipe's run if the store has it, else None; RecordError if it is damaged."""
    path = folder_of(recipe, root) / "record.json"
    return read(path) if path.is_file() else None


def every(profile: str, root: Path | None = None) -> list[Run]:
    """All runs of a profile in the store, in order of depth, kind and seed."""
    found = [read(p) for p in ((root or runs_folder()) / profile).glob("*/record.json")]
    return sorted(found, key=lambda r: (r.recipe.depth, r.recipe.kind, r.recipe.name))


def seeds_of(recipe: Recipe, root: Path | None = None) -> list[int]:
    """The seeds for which the store has this recipe's run."""
    head = recipe.name.removesuffix(str(recipe.seed))
    found = ((root or runs_folder()) / recipe.profile).glob(f"{head}*/record.json")
    ends = [path.parent.name.removeprefix(head) for path in found]
    return sorted(int(end) for end in ends if end.isdigit())


def profiles_in_store(root: Path | None = None) -> list[str]:
    """The profiles that have at least one record, smallest first."""
    base = root or runs_folder()
    return [name for name in PROFILES if next((base / name).glob("*/record.json"), None)]
