"""Records of experiments that train none of the paper's networks, beside the runs of a profile.

runs/<profile>/experiments/<name>/record.json has the form of a run record: plain JSON, what
depends on the clock or the machine under `provenance`, and a digest of all the other keys.
"""

from dataclasses import dataclass
from pathlib import Path

from residual.paths import runs_folder
from residual.sealed import seal, unseal

KEYS = ("experiment", "profile", "settings", "seeds", "measurements")
ADVICE = "Restore it, or delete its folder to run the experiment again."


@dataclass(frozen=True)
class Experiment:
    """One experiment at one profile: where its record lies, and what the record says."""

    folder: Path
    record: dict

    @property
    def name(self) -> str:
        """profile/experiments/name, as in the store."""
        return f"{self.record['profile']}/experiments/{self.record['experiment']}"

    @property
    def seeds(self) -> list[int]:
        return self.record["seeds"]

    @property
    def measurements(self) -> list[dict]:
        """What was measured with each seed, in the order of `seeds`."""
        return self.record["measurements"]

    def __getitem__(self, key: str):
        return self.record[key]


def experiment_folder(name: str, profile: str, root: Path | None = None) -> Path:
    """Where an experiment's record is kept."""
    return (root or runs_folder()) / profile / "experiments" / name


def write_experiment(name: str, profile: str, content: dict, root: Path | None) -> Experiment:
    """Write a record atomically; `content` holds settings, seeds, measurements and provenance."""
    folder = experiment_folder(name, profile, root)
    record = {"experiment": name, "profile": profile} | content
    return Experiment(folder, seal(record, folder / "record.json"))


def find_experiment(name: str, profile: str, root: Path | None = None) -> Experiment | None:
    """The record if the store has it, else None; RecordError names a damaged file."""
    path = experiment_folder(name, profile, root) / "record.json"
    if not path.is_file():
        return None
    return Experiment(path.parent, unseal(path, KEYS, place, ADVICE))


def place(record: dict) -> tuple[str, ...]:
    """The folders that an experiment's record lies in."""
    return record["profile"], "experiments", record["experiment"]
