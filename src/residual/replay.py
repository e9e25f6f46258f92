"""Replaying the first iterations of a recorded run: `verify(run) -> Replay`.

On the CPU model, PyTorch version and thread count of the record, the losses must be the record's
to the last bit. Elsewhere sums are rounded in another order, and training amplifies that: at depth
20 a difference of 1e-7 in the first loss is one of 1e-2 four iterations later, and in a plain net
of depth 110 the first losses already differ by 1e-2. So the tolerance is measured, not chosen. The
start is computed again in ways that differ by rounding alone (another thread count or precision,
first weights changed in their last bit), and the record may be `SLACK` times as far from the plain
replay as the farthest of them. Where that is more than `USELESS`, nothing is compared any more.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import accumulate
from pathlib import Path

import torch

from residual.data import Dataset, load
from residual.describe import first_batches
from residual.errors import DataError, ParameterError, RecordError, StoreError
from residual.provenance import (
    computed_on,
    computing_with,
    device_name,
    devices_here,
    instruction_set,
    source_digest,
)
from residual.store import Record, committed, find, put, reading, there, write_atomically
from residual.train import Training

FILE, NOT_REPLAYED = "replays.json", "not replayed"
EXACT, WITHIN, DIFFERS = "exact", "within tolerance", "differs"
IMPOSSIBLE = "cannot be replayed here"

SLACK, LEAST, USELESS = 4.0, 1e-4, 0.1
NUDGES = 3  # starts with other last bits; one alone may happen to stay near


@dataclass(frozen=True)
class Replay:
    """What a replay showed: a verdict, a sentence, and what it rests on.

    `verdict` is exact, within tolerance, differs, or cannot be replayed here; `same_source` says
    whether the present code made the record, `compared` how many losses were compared, and
    `deviation` is their largest relative difference.
    """

    name: str
    verdict: str
    sentence: str
    same_source: bool
    compared: int = 0
    deviation: float | None = None


def verify(run: Record, data: Path | None = None) -> Replay:
    """Replay the first iterations of a run and compare their losses with the record's."""
    same = run["provenance"]["source_digest"] == source_digest()
    try:
        dataset = load(run.recipe.dataset, data)
    except (DataError, StoreError) as error:
        return Replay(run.name, IMPOSSIBLE, str(error), same)
    if dataset.digest != run["data"]["digest"]:
        sentence = f"The data set {dataset.name} here is not the one that the record names."
        return Replay(run.name, IMPOSSIBLE, sentence, same)
    with computing_with(run["provenance"]["threads"]):
        verdict, sentence, *numbers = compare(run, dataset)
    return Replay(run.name, verdict, sentence, same, *numbers)


def compare(run: Record, dataset: Dataset) -> tuple:
    """Verdict, sentence, number of losses compared and their largest deviation."""
    recorded = run["replay"]["losses"]
    if not recorded:
        return IMPOSSIBLE, "The record holds no loss: the first one was not finite."
    device, precision = where(run)
    training = Training(run.recipe, dataset, device, precision=precision)
    expected = run["replay"].get("itinerary")
    if expected and first_batches(training) != expected:
        return DIFFERS, "The first batches are not those of the record."
    count = len(recorded) if device.type == run["provenance"]["device_type"] else 1
    recorded = recorded[:count]
    found = losses(training, count)
    if found == recorded and len(found) == len(run["replay"]["losses"]):
        return EXACT, f"All {count} losses are the record's to the last bit.", count, 0.0
    if same_machine(run, device):
        first = next(i for i, (f, r) in enumerate(zip(found, recorded), start=1) if f != r)
        sentence = f"On a machine like the record's the loss of iteration {first} differs."
        return DIFFERS, sentence, count, max(deviations(found, recorded))
    return judge(found, recorded, rounding(run, dataset, device, precision, found))


def judge(found: list[float], recorded: list[float], tolerances: list[float]) -> tuple:
    """Verdict, sentence, count and deviation of losses that need not agree to the last bit."""
    useful = [t for t in tolerances if t <= USELESS]
    if not useful:
        return IMPOSSIBLE, "Rounding alone changes even the first loss by more than a tenth."
    differences = deviations(found, recorded)[: len(useful)]
    within = all(d <= t for d, t in zip(differences, useful))
    sentence = (
        f"Made on another machine or version: of {len(useful)} losses compared, the largest "
        f"relative difference is {max(differences):.1e}, where rounding explains {useful[-1]:.1e}."
    )
    return WITHIN if within else DIFFERS, sentence, len(useful), max(differences)


def where(run: Record) -> tuple[torch.device, torch.dtype]:
    """Device and precision of the replay: the record's kind of device, or else the CPU."""
    kind = run["provenance"]["device_type"]
    if kind not in devices_here():
        return torch.device("cpu"), torch.float32
    return torch.device(kind), torch.bfloat16 if kind == "cuda" else torch.float32


def same_machine(run: Record, device: torch.device) -> bool:
    """Whether CPU model, PyTorch version and thread count are the record's, as far as it says."""
    made = run["provenance"]
    return (
        device.type == made["device_type"] == "cpu"
        and made["device"] == device_name(device)
        and made.get("instruction_set", instruction_set()) == instruction_set()
        and made["versions"]["torch"] == version("torch")
        and made["threads"] == torch.get_num_threads()
    )


def rounding(
    run: Record, dataset: Dataset, device: torch.device, precision: torch.dtype, found: list[float]
) -> list[float]:
    """The relative change of each loss that rounding can explain, estimated by computing the losses
    again with small numerical changes."""
    other, threads = precision, torch.get_num_threads()
    if device.type == "cpu" and run["provenance"]["device_type"] == "cpu":
        threads = 2 if threads == 1 else threads // 2
    else:
        other = torch.bfloat16 if precision == torch.float32 else torch.float32
    with computing_with(threads):
        ways = [losses(Training(run.recipe, dataset, device, precision=other), len(found))]
    for seed in range(NUDGES):
        training = Training(run.recipe, dataset, device, precision=precision)
        nudge(training, seed)
        ways.append(losses(training, len(found)))
    farthest = map(max, zip(*(deviations(way, found) for way in ways)))
    return list(accumulate((max(LEAST, SLACK * d) for d in farthest), max))


@torch.no_grad()
def nudge(training: Training, seed: int) -> None:
    """Change every parameter in its last bit, up or down at random."""
    generator = torch.Generator().manual_seed(seed)
    for p in training.model.parameters():
        side = torch.randint(0, 2, p.shape, generator=generator).to(p) * 2 - 1
        p.mul_(1 + torch.finfo(p.dtype).eps * side)


def losses(training: Training, count: int) -> list[float]:
    """The losses of the first iterations."""
    found = []
    for i in range(count):
        training.rate.fill_(training.recipe.rate(i))
        found.append(float(training.step(*training.batch(i))[0]))
    return found


def deviations(found: list[float], expected: list[float]) -> list[float]:
    """The relative difference of each pair."""
    return [abs(f - e) / max(abs(e), 1e-12) for f, e in zip(found, expected)]


def outcomes(root: Path | None = None) -> dict[str, dict]:
    """What replays of a store's runs showed, by run; RecordError if the file cannot be read.

    An entry holds the digest of its record: it says nothing of one that was made anew since.
    """
    path = (root or committed()) / FILE
    with reading(path):
        text = path.read_bytes() if there(path) else b"{}"
    try:
        found = json.loads(text)
        named = {"record", "verdict", "date"}
        if not isinstance(found, dict) or not all(named <= e.keys() for e in found.values()):
            raise ValueError("an entry lacks record, verdict or date")
        return found
    except (TypeError, AttributeError, ValueError) as error:
        raise RecordError(f"{path} is damaged: {error}. Restore it, or delete it.") from error


def keep(seen: Iterable[tuple[Record, Replay]], root: Path | None = None) -> Path:
    """Add or renew the outcomes of these runs, replayed on this machine just now; the file.

    That a run cannot be replayed here takes nothing away from a replay elsewhere.
    """
    entries, path = outcomes(root), (root or committed()) / FILE
    for run, replay in seen:
        if replay.verdict == IMPOSSIBLE and status(run, entries) != NOT_REPLAYED:
            continue
        with computing_with(run["provenance"]["threads"]):
            machine = computed_on(where(run)[0])
        entries[run.name] = {
            "record": run["digest"],
            "verdict": replay.verdict,
            "sentence": replay.sentence,
            "losses_compared": replay.compared,
            "largest_relative_difference": replay.deviation,
            "same_source": replay.same_source,
            "date": datetime.now(UTC).date().isoformat(),
        } | machine
    text = json.dumps(dict(sorted(entries.items())), indent=1, ensure_ascii=False)
    write_atomically(path, f"{text}\n".encode())
    return path


def status(run: Record, entries: dict[str, dict]) -> str:
    """A run's replay in words: the verdict and when, or "not replayed"."""
    kept = entries.get(run.name)
    known = kept and kept["record"] == run["digest"]
    return f"{kept['verdict']}, {kept['date']}" if known else NOT_REPLAYED


def publish(run: Record, root: Path | None = None, data: Path | None = None) -> Record:
    """Copy a run of a reader's own into the committed store, once it has been replayed.

    RecordError if its weights do not fit its record, ParameterError if its replay differs or could
    not be made, or if the store has another record of the run.
    """
    run.weights()
    outcomes(root)  # a damaged file is told before anything is written
    there = find(run.recipe, root)
    if there and there.content != run.content:
        advice = f"{there.folder} holds another record of it: delete that first"
        raise ParameterError("run", run.name, advice)
    replay = verify(run, data)
    if replay.verdict not in (EXACT, WITHIN):
        raise ParameterError("run", run.name, f"its replay must succeed, but: {replay.sentence}")
    weights = run.weights_file.read_bytes()
    published = put(run.content, weights, root or committed())
    keep([(published, replay)], root)
    return published
