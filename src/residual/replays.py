"""What replays of committed records showed, and where: replays.json in the store.

One entry a run, by name: verdict, sentence, where and when it was replayed, and the digest of the
record, so that an entry says nothing of a record that has been made anew since.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from residual.errors import RecordError
from residual.provenance import computed_on
from residual.replay import IMPOSSIBLE, Replay, where
from residual.store import Record, committed, write_atomically
from residual.threads import computing_with

FILE = "replays.json"
NOT_REPLAYED = "not replayed"


def load(root: Path | None = None) -> dict[str, dict]:
    """The entries by run, none without the file; RecordError if it cannot be read."""
    path = (root or committed()) / FILE
    try:
        return json.loads(path.read_text("utf-8")) if path.is_file() else {}
    except ValueError as error:
        raise RecordError(f"{path} is damaged: {error}. Restore it, or delete it.") from error


def save(seen: Iterable[tuple[Record, Replay]], root: Path | None = None) -> Path:
    """Add or renew the entries of these runs; the file.

    That a run cannot be replayed here takes nothing away from a replay elsewhere.
    """
    entries = load(root)
    for run, replay in seen:
        if replay.verdict != IMPOSSIBLE or status(run, entries) == NOT_REPLAYED:
            entries[run.name] = entry(run, replay)
    path = (root or committed()) / FILE
    text = json.dumps(dict(sorted(entries.items())), indent=1, ensure_ascii=False) + "\n"
    write_atomically(path, text.encode())
    return path


def entry(run: Record, replay: Replay) -> dict:
    """What is kept of one replay, made on this machine just now."""
    with computing_with(run["provenance"]["threads"]):
        machine = computed_on(where(run)[0])
    return {
        "record": run["digest"],
        "verdict": replay.verdict,
        "sentence": replay.sentence,
        "losses_compared": replay.compared,
        "largest_relative_difference": replay.deviation,
        "same_source": replay.same_source,
        "date": datetime.now(UTC).date().isoformat(),
    } | machine


def of(run: Record, entries: dict[str, dict]) -> dict | None:
    """The entry of a run's present record, if there is one."""
    found = entries.get(run.name)
    return found if found and found["record"] == run["digest"] else None


def status(run: Record, entries: dict[str, dict]) -> str:
    """A run's replay in words: the verdict and when, or "not replayed"."""
    found = of(run, entries)
    return f"{found['verdict']}, {found['date']}" if found else NOT_REPLAYED
