"""The records of others' networks: runs/peers/<source>/<kind>-<depth>/record.json."""

import json
from dataclasses import dataclass
from pathlib import Path

from residual.files import digest, write_atomically
from residual.paths import runs_folder
from residual.runs import RecordError, canonical

KEYS = ("source", "network", "reported", "data", "metrics", "responses", "probes")
"""What a record holds beside `provenance` and its own `digest`."""


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

    def __getitem__(self, key: str):
        return self.record[key]


def record_path(source: str, kind: str, depth: int, root: Path | None = None) -> Path:
    """Where a network's record is kept."""
    return (root or runs_folder()) / "peers" / source / f"{kind}-{depth}" / "record.json"


def write(record: dict, root: Path | None = None) -> Measured:
    """Add the digest and write the record atomically to its place."""
    record = record | {"digest": digest(canonical(record))}
    found = Measured(Path(), record)
    path = record_path(found.source, found.kind, found.depth, root)
    write_atomically(path, (json.dumps(record, indent=1) + "\n").encode())
    return Measured(path.parent, record)


def read(path: Path) -> Measured:
    """One record, checked against its own digest; RecordError names the file and the fault."""
    try:
        record = json.loads(path.read_bytes())
        missing = {*KEYS, "provenance", "digest"} - record.keys()
        if missing:
            raise ValueError(f"it lacks {', '.join(sorted(missing))}")
        if digest(canonical(record)) != record["digest"]:
            raise ValueError("its content does not match its digest")
        found = Measured(path.parent, record)
        if (found.source, f"{found.kind}-{found.depth}") != path.absolute().parts[-3:-1]:
            raise ValueError(f"it holds {found.name}")
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise RecordError(
            f"The record {path} is damaged: {error}. Restore it, or delete its folder and run "
            "`residual peers` again."
        ) from error
    return found


def every(root: Path | None = None) -> list[Measured]:
    """All records of others' networks in the store, in order of source, depth and kind."""
    found = [read(path) for path in (root or runs_folder()).glob("peers/*/*/record.json")]
    return sorted(found, key=lambda m: (m.source, m.depth, m.kind))
