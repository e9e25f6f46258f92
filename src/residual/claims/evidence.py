"""The records that rules read: networks, experiments and logs of one scale."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from statistics import median

from residual.experiments import EXPERIMENTS, measured
from residual.peers import Curve, curves
from residual.recipe import DATASETS, PROFILES
from residual.store import Record, every, experiment

SCALES = ("paper", "public", "desk", "quick")
"""In the order in which a verdict is shown: the largest scale that can judge comes first."""

FLOOR = 1e-12
"""Errors and sizes below it are rounding."""


class MissingRecordError(LookupError):
    """A rule needs a record that the store lacks; the message says which."""


@dataclass(frozen=True)
class Evidence:
    """The records of one scale in a store; nothing is read before a rule asks for it.

    On the scale `public` a source stands where a seed stands in our own trainings. `state` says
    which BN statistics rules read responses with: final (moving averages) or final_exact.
    """

    scale: str
    root: Path | None = None
    given: tuple[Record, ...] | None = None
    given_logs: tuple[Curve, ...] | None = None
    state: str = "final"
    experiments: dict[str, Record] = field(default_factory=dict)

    @cached_property
    def records(self) -> tuple[Record, ...]:
        """All networks of the scale: those given, or those in the store."""
        return tuple(every(self.scale, self.root)) if self.given is None else self.given

    @cached_property
    def all_logs(self) -> tuple[Curve, ...]:
        """All logged trainings; only the scale `public` has any."""
        if self.scale != "public":
            return ()
        return tuple(curves(self.root)) if self.given_logs is None else self.given_logs

    def without(self, source: str) -> "Evidence":
        """The same evidence, one source left out."""
        records = tuple(record for record in self.records if record.member != source)
        logs = tuple(log for log in self.all_logs if log.source != source)
        return replace(self, given=records, given_logs=logs)

    def with_exact_statistics(self) -> "Evidence":
        """The same evidence, responses read with BN statistics averaged exactly."""
        return replace(self, given=self.records, state="final_exact")

    def tried(self, kind: str, depth: int, variant: str = "") -> list[Record]:
        """The trainings of one kind, depth and variant, those that diverged among them."""
        wanted = (kind, depth, variant)
        return [r for r in self.records if (r.kind, r.depth, r.variant) == wanted]

    def found(self, kind: str, depth: int, variant: str = "") -> list[Record]:
        """The trained networks of one kind, depth and variant that did not diverge."""
        tried = self.tried(kind, depth, variant)
        return [r for r in tried if r["metrics"]["train_error"] is not None]

    def networks(self, kind: str, depth: int, variant: str = "") -> list[Record]:
        """The same; MissingRecordError if there is none."""
        if not (found := self.found(kind, depth, variant)):
            name = "-".join(part for part in (kind, str(depth), variant) if part)
            tried = self.tried(kind, depth, variant)
            what = "every training diverged" if tried else "no such network"
            raise MissingRecordError(f"{name} at scale {self.scale}: {what}.")
        return found

    def logs(self, kind: str, depth: int) -> list[Curve]:
        """Logged trainings of one network whose final test error is known."""
        wanted = [log for log in self.all_logs if (log.kind, log.depth) == (kind, depth)]
        return [log for log in wanted if log.final_test_error is not None]

    def experiment(self, name: str) -> Record:
        """An experiment's record; MissingRecordError if there is none with today's settings."""
        if name not in self.experiments:
            if not (found := experiment(name, self.scale, self.root)):
                raise MissingRecordError(f"The experiment {name} was not run at {self.scale}.")
            if not measured(found, EXPERIMENTS[name].settings(self.scale)):
                raise MissingRecordError(f"{found.name} was measured with other settings.")
            self.experiments[name] = found
        return self.experiments[name]

    @property
    def full_length(self) -> bool:
        """Whether the networks of the scale were trained for the paper's 64,000 iterations."""
        return self.scale in ("paper", "public")

    @property
    def length(self) -> str:
        """The caveat of trainings shorter than the paper's; empty at full length."""
        if self.full_length:
            return ""
        profile = PROFILES[self.scale]
        return (
            f"After {profile.iterations:,} iterations ({DATASETS[profile.dataset]}), where the "
            f"paper has {PROFILES['paper'].iterations:,}."
        )


def metric(records: Sequence[Record], name: str) -> list[float]:
    """One of the final metrics of each network, in per cent."""
    return [record["metrics"][name] for record in records]


def rows_of(record: Record, **wanted: object) -> list[dict]:
    """The rows of an experiment, of all seeds in order, that have these values."""
    found = [row for measured in record.measurements for row in measured["rows"]]
    return [row for row in found if all(row[key] == value for key, value in wanted.items())]


def layer_values(run: Record, column: str, when: str, second: bool = False) -> list[float]:
    """A column of the responses of the 3×3 layers; `second`: only those that make F(x).

    MissingRecordError if one of them overflowed when it was measured.
    """
    table = run["responses"][when]["layers"]
    if None in table[column]:
        raise MissingRecordError(f"{run.name}: {column} of a response is no finite number.")
    pairs = zip(table["layer"], table[column])
    return [value for layer, value in pairs if not second or layer.endswith(".2")]


def identity_blocks(run: Record) -> list[int]:
    """The blocks, counted from 0, whose shortcut is an identity: all but the two that widen."""
    widening = run["responses"]["final"]["blocks"]["widening"]
    return [i for i, wide in enumerate(widening) if not wide]


def block_values(run: Record, column: str, when: str = "final") -> list[float]:
    """A column of the block table, for the blocks whose shortcut is an identity."""
    table = run["responses"][when]["blocks"]
    pairs = zip(table[column], table["widening"])
    return [value for value, wide in pairs if not wide and value is not None]


def block_stds(run: Record, when: str) -> list[float]:
    """The std of F(x) of each block whose shortcut is an identity, in order."""
    stds = layer_values(run, "std", when, second=True)
    return [stds[i] for i in identity_blocks(run)]


def medians(runs: Sequence[Record], column: str, when: str, second: bool = False) -> list[float]:
    """Median over a network's 3×3 layers, for each network."""
    return [median(layer_values(run, column, when, second)) for run in runs]
