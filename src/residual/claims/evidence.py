"""The records that rules read: the runs and the experiments of one profile."""

import statistics as middle
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from residual import store
from residual.recipe import PROFILES
from residual.store import Record, every

DATASETS = {"digits": "8×8 digits", "cifar10": "CIFAR-10"}
"""The data sets as readers know them."""


class MissingRecordError(LookupError):
    """A rule needs a record that the store lacks; the message says which."""


@dataclass(frozen=True)
class Evidence:
    """The records of one profile in a store; nothing is read before a rule asks for it."""

    profile: str
    root: Path | None = None
    given: tuple[Record, ...] | None = None
    experiments: dict[str, Record] = field(default_factory=dict)

    @cached_property
    def runs(self) -> tuple[Record, ...]:
        """All runs of the profile: those given, or those in the store."""
        return self.given if self.given is not None else tuple(every(self.profile, self.root))

    def networks(self, kind: str, depth: int, variant: str = "") -> list[Record]:
        """The trained networks of one kind, depth and variant that did not diverge, by seed."""
        found = [r for r in self.runs if (r.recipe.kind, r.recipe.depth) == (kind, depth)]
        found = [r for r in found if r.recipe.variant == variant]
        kept = [r for r in found if r["metrics"]["train_error"] is not None]
        name = "-".join(part for part in (kind, str(depth), variant) if part)
        if not kept:
            what = "every run diverged" if found else "no such run"
            raise MissingRecordError(f"{name} at the {self.profile} profile: {what}.")
        return sorted(kept, key=lambda r: r.recipe.seed)

    def has(self, kind: str, depth: int, variant: str = "") -> bool:
        """Whether there is at least one such network."""
        try:
            return bool(self.networks(kind, depth, variant))
        except MissingRecordError:
            return False

    def experiment(self, name: str) -> Record:
        """An experiment's record; MissingRecordError if the store has none."""
        if name not in self.experiments:
            if not (found := store.experiment(name, self.profile, self.root)):
                raise MissingRecordError(
                    f"The experiment {name} was not run at the {self.profile} profile."
                )
            self.experiments[name] = found
        return self.experiments[name]

    @property
    def short(self) -> str:
        """The caveat of a training shorter than the paper's; empty at the paper profile."""
        profile = PROFILES[self.profile]
        if profile.iterations >= PROFILES["paper"].iterations:
            return ""
        return (
            f"After {profile.iterations:,} iterations ({DATASETS[profile.dataset]}) a deep net may "
            "be slow rather than degraded; the paper trains for "
            f"{PROFILES['paper'].iterations:,}."
        )


def metric(runs: Sequence[Record], name: str) -> list[float]:
    """One of the final metrics of each run, in per cent."""
    return [run["metrics"][name] for run in runs]


def names(*groups: Sequence[Record | Record]) -> tuple[str, ...]:
    """The names of records in the store."""
    return tuple(item.name for group in groups for item in group)


def layer_values(
    run: Record, column: str, when: str = "final", second: bool = False
) -> list[float]:
    """A column of the responses of the 3×3 layers; `second`: only those that make F(x)."""
    table = run["responses"][when]["layers"]
    pairs = zip(table["layer"], table[column])
    return [value for layer, value in pairs if not second or layer.endswith(".2")]


def block_values(run: Record, column: str, when: str = "final") -> list[float]:
    """A column of the block table, for the blocks whose shortcut is an identity."""
    table = run["responses"][when]["blocks"]
    pairs = zip(table[column], table["widening"])
    return [value for value, wide in pairs if not wide and value is not None]


def medians(runs: Sequence[Record], column: str, when: str, second: bool = False) -> list[float]:
    """Median over a network's 3×3 layers, for each run."""
    return [middle.median(layer_values(run, column, when, second)) for run in runs]
