"""The records of others' networks: runs/peers/<source>/<kind>-<depth>/record.json."""

from dataclasses import dataclass
from pathlib import Path

from residual.paths import runs_folder
from residual.sealed import seal, unseal

KEYS = ("source", "network", "reported", "data", "metrics", "responses", "probes")
"""What a record holds beside `provenance` and its own `digest`."""

MEASUREMENT = 2
"""What is measured, and how. 2: training error and Jacobians; percentiles and shares from sampled
positions of the map. A record with a lower number, or with none, is measured again."""

ADVICE = "Restore it, or delete its folder and run `residual peers` again."


@dataclass(frozen=True)
class Measured:
    """One network of others: where its record lies, and what the record says."""

    folder: Path
    record: dict

    @property
    def source(self) -> str:
        return self.record["source"]["name"]

    @property
    def kind(self) -> str:
        return self.record["network"]["kind"]

    @property
    def depth(self) -> int:
        return self.record["network"]["depth"]

    @property
    def name(self) -> str:
        """peers/source/kind-depth, as in the store."""
        return f"peers/{self.source}/{self.kind}-{self.depth}"

    @property
    def current(self) -> bool:
        """Whether the record holds all that is measured now, measured as it is now."""
        return self.record.get("measurement") == MEASUREMENT

    def __getitem__(self, key: str):
        return self.record[key]


def record_path(source: str, kind: str, depth: int, root: Path | None = None) -> Path:
    """Where a network's record is kept."""
    return (root or runs_folder()) / "peers" / source / f"{kind}-{depth}" / "record.json"


def write(record: dict, root: Path | None = None) -> Measured:
    """Add the digest and write the record atomically to its place."""
    found = Measured(Path(), record)
    path = record_path(found.source, found.kind, found.depth, root)
    return Measured(path.parent, seal(record, path))


def read(path: Path) -> Measured:
    """One record, checked against its own digest; RecordError names the file and the fault."""
    return Measured(path.parent, unseal(path, KEYS, place, ADVICE))


def place(record: dict) -> tuple[str, ...]:
    """The folders that a network's record lies in."""
    return tuple(Measured(Path(), record).name.split("/"))


def every(root: Path | None = None) -> list[Measured]:
    """All records of others' networks in the store, in order of source, depth and kind."""
    found = [read(path) for path in (root or runs_folder()).glob("peers/*/*/record.json")]
    return sorted(found, key=lambda m: (m.source, m.depth, m.kind))
