"""Replaying the first iterations of a recorded run: `verify(run) -> Replay`.

On the CPU model, PyTorch version and thread count of the record, the losses must be the record's
to the last bit. Elsewhere sums are rounded in another order, and training amplifies that: at depth
20 a difference of 1e-7 in the first loss is one of 1e-2 four iterations later, and in a plain net
of depth 110 the first losses already differ by 1e-2. So the tolerance is measured, not chosen: the
start is computed again here in ways that differ by rounding alone (another thread count, or float32
in place of bfloat16; and first weights changed in their last bit), and the record may be `SLACK`
times as far from the plain replay as the farthest of them. Iterations after which this is more than
`USELESS` prove nothing and are not compared.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib.metadata import version
from itertools import accumulate
from pathlib import Path

import torch

from residual.data import Dataset, load
from residual.errors import DataError
from residual.provenance import device_name, instruction_set, source_digest
from residual.store import Record
from residual.threads import computing_with
from residual.trainer import Trainer

EXACT, WITHIN, DIFFERS = "exact", "within tolerance", "differs"
IMPOSSIBLE = "cannot be replayed here"

SLACK, LEAST, USELESS = 4.0, 1e-4, 0.1
NUDGES = 3  # starts with other last bits; one alone may happen to stay near


@dataclass(frozen=True)
class Replay:
    """What a replay showed: a verdict, a sentence, and what it rests on.

    `verdict` is exact, within tolerance, differs, or cannot be replayed here; `deviation` the
    largest relative difference of the `compared` losses; `same_source` whether the present code
    is the code that made the record.
    """

    name: str
    verdict: str
    sentence: str
    same_source: bool
    compared: int = 0
    deviation: float | None = None


class Rehearsal(Trainer):
    """A trainer in a precision of choice."""

    precision = torch.float32

    def autocast(self) -> AbstractContextManager:
        if self.precision == torch.float32:
            return nullcontext()
        return torch.autocast(self.device.type, self.precision, cache_enabled=False)


def verify(run: Record, data: Path | None = None) -> Replay:
    """Replay the first iterations of a run and compare their losses with the record's."""
    same = run["provenance"]["source_digest"] == source_digest()
    try:
        dataset = load(run.recipe.dataset, data)
    except DataError as error:
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
    trainer = Rehearsal(run.recipe, dataset, device)
    expected = run["replay"].get("itinerary")
    if expected and trainer.itinerary(0, min(8, run.recipe.iterations)).digest() != expected:
        return DIFFERS, "The first batches are not those of the record."
    count = len(recorded) if device.type == run["provenance"]["device_type"] else 1
    recorded = recorded[:count]
    found = losses(trainer, precision, count)
    if found == recorded and len(found) == len(run["replay"]["losses"]):
        return EXACT, f"All {count} losses are the record's to the last bit.", count, 0.0
    if same_machine(run, device):
        first = next(i for i, pair in enumerate(zip(found, recorded)) if pair[0] != pair[1])
        deviation = max(deviations(found, recorded))
        sentence = f"On a machine like the record's the loss of iteration {first + 1} differs."
        return DIFFERS, sentence, count, deviation
    return judge(found, recorded, rounding(run, dataset, device, precision, found))


def judge(found: list[float], recorded: list[float], tolerances: list[float]) -> tuple:
    """Verdict, sentence, count and deviation of losses that need not agree to the last bit."""
    useful = [t for t in tolerances if t <= USELESS]
    if not useful:
        return IMPOSSIBLE, "Rounding alone changes even the first loss by more than a tenth."
    differences = list(deviations(found, recorded))[: len(useful)]
    within = all(d <= t for d, t in zip(differences, useful))
    sentence = (
        f"Made on another machine or version: of {len(useful)} losses compared, the largest "
        f"relative difference is {max(differences):.1e}, where rounding explains {useful[-1]:.1e}."
    )
    return WITHIN if within else DIFFERS, sentence, len(useful), max(differences)


def where(run: Record) -> tuple[torch.device, torch.dtype]:
    """Device and precision of the replay: the record's kind of device, or else the CPU."""
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    kind = run["provenance"]["device_type"]
    if not present.get(kind):
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
    """By how much rounding may change each loss, relatively: from other ways to compute them."""
    other, threads = precision, torch.get_num_threads()
    if device.type == "cpu" and run["provenance"]["device_type"] == "cpu":
        threads = 2 if threads == 1 else threads // 2
    else:
        other = torch.bfloat16 if precision == torch.float32 else torch.float32
    with computing_with(threads):
        ways = [losses(Rehearsal(run.recipe, dataset, device), other, len(found))]
    for seed in range(NUDGES):
        trainer = Rehearsal(run.recipe, dataset, device)
        nudge(trainer, seed)
        ways.append(losses(trainer, precision, len(found)))
    farthest = map(max, zip(*(deviations(way, found) for way in ways)))
    return list(accumulate((max(LEAST, SLACK * d) for d in farthest), max))


@torch.no_grad()
def nudge(trainer: Rehearsal, seed: int) -> None:
    """Change every parameter in its last bit, up or down at random."""
    generator = torch.Generator().manual_seed(seed)
    for p in trainer.model.parameters():
        side = torch.randint(0, 2, p.shape, generator=generator).to(p) * 2 - 1
        p.mul_(1 + torch.finfo(p.dtype).eps * side)


def losses(trainer: Rehearsal, precision: torch.dtype, count: int) -> list[float]:
    """The losses of the first iterations."""
    trainer.precision = precision
    trainer.visit(0, count)
    for _ in range(count):
        trainer.step()
    return trainer.losses[:count].tolist()


def deviations(found: list[float], expected: list[float]) -> Iterator[float]:
    """The relative difference of each pair."""
    return (abs(f - e) / max(abs(e), 1e-12) for f, e in zip(found, expected))
