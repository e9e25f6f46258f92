"""The records that rules read: networks, experiments and logs of one scale."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from statistics import geometric_mean, median

from residual.claims.verdicts import Measure, rated
from residual.experiments import EXPERIMENTS, measured
from residual.peers import Curve, curves, reported, sources
from residual.store import Record, every, experiment

SCALES = ("paper", "public", "desk", "quick")
"""In the order in which a verdict is shown: the largest scale that can judge comes first."""

SIZES = {"digits": {"train": 1437, "test": 360}, "cifar10": {"train": 50_000, "test": 10_000}}
"""Images of each data set."""

Network = tuple[str, int] | tuple[str, int, str]
"""Kind and depth, and a variant if it is one."""

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
    others: dict[str, "Evidence"] = field(default_factory=dict)

    def at(self, scale: str) -> "Evidence":
        """The evidence of another scale of the same store, read once."""
        return self.others.setdefault(scale, Evidence(scale, self.root))

    @cached_property
    def records(self) -> tuple[Record, ...]:
        """All networks of the scale: those given, or those in the store."""
        return tuple(every(self.scale, self.root)) if self.given is None else self.given

    @cached_property
    def all_logs(self) -> tuple[Curve, ...]:
        """All logged trainings; only the scale `public` has any."""
        if self.scale != "public":
            return ()
        if self.given_logs is not None:
            return self.given_logs
        return (*curves(self.root), *reported(self.root))

    @cached_property
    def parts(self) -> dict[tuple[str, str, bool], "Evidence"]:
        """What `only` and `without` have made."""
        return {}

    def only(self, fact: str, value: str, is_it: bool = True) -> "Evidence":
        """The same evidence from the sources whose name, code or set has this value, or, if not
        `is_it`, from all the others; made once."""
        if (fact, value, is_it) not in self.parts:
            both = (self.records, self.all_logs)
            kept, logs = (
                tuple(f for f in one if (facts(f)[fact] == value) is is_it) for one in both
            )
            self.parts[fact, value, is_it] = replace(self, given=kept, given_logs=logs)
        return self.parts[fact, value, is_it]

    def without(self, fact: str, value: str) -> "Evidence":
        """The same evidence from all the other sources."""
        return self.only(fact, value, is_it=False)

    def with_exact_statistics(self) -> "Evidence":
        """The same evidence, responses read with BN statistics averaged exactly."""
        read = {"given": self.records, "given_logs": self.all_logs}
        return replace(self, **read, state="final_exact")

    def tried(self, kind: str, depth: int, variant: str = "") -> list[Record]:
        """The trainings of one kind, depth and variant, those that diverged among them."""
        return self.by_network.get((kind, depth, variant), [])

    @cached_property
    def by_network(self) -> dict[tuple[str, int, str], list[Record]]:
        """All networks by kind, depth and variant."""
        groups: dict[tuple[str, int, str], list[Record]] = {}
        for record in self.records:
            groups.setdefault((record.kind, record.depth, record.variant), []).append(record)
        return groups

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
        """Logged trainings of one network, but for variants of its recipe."""
        wanted = [log for log in self.all_logs if (log.kind, log.depth) == (kind, depth)]
        return [log for log in wanted if not recipes_of_others().get(log.name, ("", ""))[0]]

    def pairs(
        self, first: Network, second: Network, value: Callable[[Record], float]
    ) -> dict[str, tuple[float, float]]:
        """A value of two networks, each pair from one seed or from one source and recipe.

        A network is its kind, depth and, if it has one, variant. Several trainings of one source,
        and pairs of several recipes, enter as their geometric mean.
        """
        return paired(self.found(*first), self.found(*second), value)

    def ratio(
        self,
        name: str,
        first: Network,
        second: Network,
        value: Callable[[Record], float],
        threshold: float = 1.0,
        group: str = "",
        judged: bool = True,
    ) -> Measure:
        """The measure of first over second by pairs; MissingRecordError if there is no pair."""
        found = {member: a / b for member, (a, b) in self.pairs(first, second, value).items()}
        if not found:
            for network in (first, second):
                self.networks(*network)
            told = " and ".join("-".join(map(str, network)) for network in (first, second))
            raise MissingRecordError(f"{told} at scale {self.scale}: no pair of one recipe.")
        return rated(name, found, threshold, group, judged=judged)

    def logged_ratio(
        self,
        name: str,
        first: Network,
        second: Network,
        value: Callable[[Curve], float | None],
        group: str = "logs",
        judged: bool = False,
    ) -> list[Measure]:
        """The same of what sources logged, which stands beside if not judged; none without a pair.

        `value` is positive, or None where a log does not tell it.
        """
        sides = []
        for network in (first, second):
            known = {(log.source, recipe(log)): value(log) for log in self.logs(*network)}
            sides.append({key: v for key, v in known.items() if v is not None})
        found = {key[0]: v / sides[1][key] for key, v in sides[0].items() if key in sides[1]}
        return [rated(name, found, 1.0, group, judged=judged)] if found else []

    def experiment(self, name: str) -> Record:
        """An experiment's record; MissingRecordError if there is none with today's settings."""
        if name not in self.experiments:
            if not (found := experiment(name, self.scale, self.root)):
                raise MissingRecordError(f"The experiment {name} was not run at {self.scale}.")
            if not measured(found, EXPERIMENTS[name].settings(self.scale)):
                raise MissingRecordError(f"{found.name} was measured with other settings.")
            self.experiments[name] = found
        return self.experiments[name]

    def stored(self, name: str) -> Record | None:
        """An experiment's record if there is one with today's settings."""
        try:
            return self.experiment(name)
        except MissingRecordError:
            return None

    @property
    def constructions(self) -> dict:
        """What algebra gives and no run changes: from the committed record of that name."""
        if "constructions" not in self.experiments:
            self.experiments["constructions"] = Evidence("quick").experiment("constructions")
        return self.experiments["constructions"].measurements[0]

    @property
    def full_length(self) -> bool:
        """Whether the networks of the scale were trained for the paper's 64,000 iterations."""
        return self.scale in ("paper", "public")


def facts(found: Record | Curve) -> dict:
    """Name, family of code and set of the source of a network or log of others."""
    if isinstance(found, Curve):
        return {"name": found.source, "code": found.code, "set": found.set}
    source = found.content.get("source", {})
    return {"name": found.member, "code": source.get("code", ""), "set": source.get("set", "")}


@cache
def recipes_of_others() -> dict[str, tuple[str, str]]:
    """Variant and recipe of each network of others by its name, from peers.toml."""
    return {peer.name: (peer.variant, peer.recipe) for one in sources() for peer in one.peers}


def recipe(found: Record | Curve) -> str:
    """What must agree for two networks of a source to be compared; seeds of ours always do."""
    if isinstance(found, Curve):
        return recipes_of_others().get(found.name, ("", ""))[1]
    return found.content.get("network", {}).get("recipe", "")


def middle(values: Sequence[float]) -> float:
    """The geometric mean of positive values; one value stands for itself, without rounding."""
    return values[0] if len(values) == 1 else geometric_mean(values)


def paired(
    first: Sequence[Record], second: Sequence[Record], value: Callable[[Record], float]
) -> dict[str, tuple[float, float]]:
    """A value of the trainings of two networks, by source or seed, as `Evidence.pairs` has it."""
    sides = [by_recipe(records, value) for records in (first, second)]
    found: dict[str, list[tuple[float, float]]] = {}
    for key in sides[0]:
        if key in sides[1]:
            found.setdefault(key[0], []).append((sides[0][key], sides[1][key]))
    return {member: tuple(map(middle, zip(*pairs))) for member, pairs in found.items()}


def by_recipe(
    records: Sequence[Record], value: Callable[[Record], float]
) -> dict[tuple[str, str], float]:
    """A positive value by source (or seed) and recipe: geometric means over its trainings.

    Trainings for which the value is None, since it was not measured, are left out.
    """
    groups: dict[tuple[str, str], list[float]] = {}
    for record in records:
        if (found := value(record)) is not None:
            groups.setdefault((str(record.member), recipe(record)), []).append(found)
    return {key: middle(values) for key, values in groups.items()}


def by_member(
    records: Sequence[Record],
    value: Callable[[Record], float],
    average: Callable[[list[float]], float] = middle,
) -> dict[str, float]:
    """A value by source (or seed); several trainings of one source enter as their average."""
    groups: dict[str, list[float]] = {}
    for record in records:
        groups.setdefault(str(record.member), []).append(value(record))
    return {member: average(values) for member, values in groups.items()}


def share(error: float, images: int) -> float:
    """An error in per cent of so many images as a share that has a logarithm.

    (wrong + ½)/(images + 1), so that a network without errors can be compared as well.
    """
    return (error * images / 100 + 0.5) / (images + 1)


def wrong(which: str) -> Callable[[Record], float]:
    """Reads the final error, of train or test images, as a share that has a logarithm."""

    def read(record: Record) -> float:
        images = SIZES["digits" if record.scale == "quick" else "cifar10"][which]
        if which == "train":
            images = record.content.get("data", {}).get("train_images", images)
        return share(record["metrics"][f"{which}_error"], images)

    return read


def logged(which: str) -> Callable[[Curve], float | None]:
    """Reads the same from a log; None where it does not tell this error."""

    def read(log: Curve) -> float | None:
        errors = log.train_error if which == "train" else (log.final_test_error,)
        known = [error for error in errors if error is not None]
        return share(known[-1], SIZES["cifar10"][which]) if known else None

    return read


def metric(records: Sequence[Record], name: str) -> list[float]:
    """One of the final metrics of each network, in per cent."""
    return [record["metrics"][name] for record in records]


def rows_of(record: Record, **wanted: object) -> list[dict]:
    """The rows of an experiment, of all seeds in order, that have these values."""
    found = [row for measured in record.measurements for row in measured["rows"]]
    return [row for row in found if all(row[key] == value for key, value in wanted.items())]


@cache
def layer_values(run: Record, column: str, when: str, second: bool = False) -> tuple[float, ...]:
    """A column of the responses of the 3×3 layers; `second`: only those that make F(x).

    MissingRecordError if one of them overflowed when it was measured.
    """
    table = run["responses"][when]["layers"]
    if None in table[column]:
        raise MissingRecordError(f"{run.name}: {column} of a response is no finite number.")
    pairs = zip(table["layer"], table[column])
    return tuple(value for layer, value in pairs if not second or layer.endswith(".2"))


@cache
def identity_blocks(run: Record) -> tuple[int, ...]:
    """The blocks, counted from 0, whose shortcut is an identity: all but the two that widen."""
    widening = run["responses"]["final"]["blocks"]["widening"]
    return tuple(i for i, wide in enumerate(widening) if not wide)


@cache
def block_values(run: Record, column: str, when: str = "final") -> tuple[float, ...]:
    """A column of the block table, for the blocks whose shortcut is an identity."""
    table = run["responses"][when]["blocks"]
    pairs = zip(table[column], table["widening"])
    return tuple(value for value, wide in pairs if not wide and value is not None)


def block_stds(run: Record, when: str) -> list[float]:
    """The std of F(x) of each block whose shortcut is an identity, in order."""
    stds = layer_values(run, "std", when, second=True)
    return [stds[i] for i in identity_blocks(run)]


@cache
def layer_median(run: Record, column: str, when: str, second: bool = False) -> float:
    """Median of a column over the 3×3 layers."""
    return median(layer_values(run, column, when, second))
