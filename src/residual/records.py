"""Records of experiments that train none of the paper's networks, beside the runs of a profile.

runs/<profile>/experiments/<name>/record.json has the form of a run record: plain JSON, what
depends on the clock or the machine under `provenance`, and a digest of all the other keys.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from residual.files import digest, write_atomically
from residual.paths import runs_folder
from residual.runs import RecordError, canonical

KEYS = ("experiment", "profile", "settings", "seeds", "measurements", "provenance", "digest")


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
    record["digest"] = digest(canonical(record))
    write_atomically(folder / "record.json", (json.dumps(record, indent=1) + "\n").encode())
    return Experiment(folder, record)


def find_experiment(name: str, profile: str, root: Path | None = None) -> Experiment | None:
    """The record if the store has it, else None; RecordError names a damaged file."""
    path = experiment_folder(name, profile, root) / "record.json"
    if not path.is_file():
        return None
    try:
        record = json.loads(path.read_bytes())
        if missing := set(KEYS) - record.keys():
            raise ValueError(f"it lacks {', '.join(sorted(missing))}")
        if digest(canonical(record)) != record["digest"]:
            raise ValueError("its content does not match its digest")
        if (record["profile"], record["experiment"]) != (profile, name):
            raise ValueError(f"it holds {record['profile']}/{record['experiment']}")
    except (OSError, ValueError, TypeError, AttributeError) as error:
        advice = "Restore it, or delete its folder to run the experiment again."
        raise RecordError(f"The record {path} is damaged: {error}. {advice}") from error
    return Experiment(path.parent, record)
