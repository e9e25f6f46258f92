"""Records as files: plain JSON that carries the digest of its own content."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from residual.files import digest, write_atomically


class RecordError(RuntimeError):
    """A record is damaged; the message names the file. Such a record is never drawn."""


def canonical(record: dict) -> bytes:
    """A record without its digest as JSON bytes that depend on its values alone."""
    kept = {key: value for key, value in record.items() if key != "digest"}
    return json.dumps(kept, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def text(record: dict) -> bytes:
    """A record as the content of its file."""
    return (json.dumps(record, indent=1) + "\n").encode()


def seal(record: dict, path: Path) -> dict:
    """Write a record with its digest, atomically; the record with the digest."""
    sealed = record | {"digest": digest(canonical(record))}
    write_atomically(path, text(sealed))
    return sealed


def unseal(
    path: Path, keys: Iterable[str], place: Callable[[dict], tuple[str, ...]], advice: str
) -> dict:
    """A record that has these keys, fits its digest, and lies in the folders that `place` names.

    RecordError names the file, the fault and the advice.
    """
    try:
        record = json.loads(path.read_bytes())
        if missing := {*keys, "provenance", "digest"} - record.keys():
            raise ValueError(f"it lacks {', '.join(sorted(missing))}")
        if digest(canonical(record)) != record["digest"]:
            raise ValueError("its content does not match its digest")
        parts = place(record)
        if path.absolute().parent.parts[-len(parts) :] != parts:
            raise ValueError(f"it holds {'/'.join(parts)}")
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise RecordError(f"The record {path} is damaged: {error}. {advice}") from error
    return record
