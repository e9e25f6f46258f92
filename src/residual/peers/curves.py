"""Training logs that others published, as numbers: curve.csv beside the records."""

import csv
import io
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import nan
from pathlib import Path

from residual.errors import RecordError
from residual.store import committed, digest

FACTS = Path(__file__).with_name("logs.toml")
FINALS, DIGESTS = "final-test-errors.csv", "SHA256SUMS"
BATCHES = 391  # iterations of an epoch of 50,000 images in batches of 128
TRAINING = {"train_error_running": True, "train_error_eval": False}
HELD_OUT = {("test_error",): "test", ("validation_error",): "validation", (): "none"}


@dataclass(frozen=True)
class Curve:
    """One training that its authors logged; all errors in per cent.

    `train_error` is on augmented images: if `running`, an average over the batches of an epoch, in
    training mode as they were met; else measured in eval mode after the epoch. `held_out` is the
    error on `test` images, or on 5,000 `validation` images that the source kept aside; on `none`,
    and NaN, where no test error in eval mode was taken over from its log;
    `final_test_error` is None where the source does not say. `code` and `set` are as in peers.toml,
    `low_start` says whether the training began at a low learning rate (§4.2, None: not known), and
    `an_epoch` how many iterations an epoch has. Where only the final test error was published, the
    log is empty.
    """

    source: str
    kind: str
    depth: int
    iterations: tuple[float, ...]
    train_error: tuple[float, ...]
    held_out_on: str
    held_out: tuple[float, ...]
    final_test_error: float | None
    running: bool = True
    code: str = ""
    set: str = ""
    low_start: bool | None = None
    an_epoch: int = BATCHES

    @property
    def name(self) -> str:
        """public/source/kind-depth, as in the store of records."""
        return f"public/{self.source}/{self.kind}-{self.depth}"

    def epochs_to(self, error: float) -> float | None:
        """Epochs until the logged training error is first below `error` per cent; None if never."""
        reached = (i for i, e in zip(self.iterations, self.train_error) if e < error)
        first = next(reached, None)
        return None if first is None else first / self.an_epoch


@cache
def facts() -> dict[str, dict]:
    """What logs.toml says of each source of logs."""
    return tomllib.loads(FACTS.read_text("utf-8"))


def curves(root: Path | None = None) -> list[Curve]:
    """All logged trainings in the store, in order of source, depth and kind.

    RecordError if a file is missing, altered, not listed in SHA256SUMS, or no log.
    """
    folder = (root or committed()) / "public"
    there = {path.relative_to(folder).as_posix() for path in folder.glob("*/*/curve.csv")}
    listed = {name for name in digests(folder) if name.endswith("curve.csv")}
    finals = final_test_errors(folder)
    found = [read_curve(folder, name, finals) for name in there | listed]
    return sorted(found, key=lambda c: (c.source, c.depth, c.kind))


def reported(root: Path | None = None) -> list[Curve]:
    """Trainings of which only the final test error was published: curves without points."""
    folder = (root or committed()) / "public"
    logged = {
        f"public/{path.parent.relative_to(folder).as_posix()}"
        for path in folder.glob("*/*/curve.csv")
    }
    made = [curve(name, (), (), "test", (), e) for name, e in final_test_errors(folder).items()]
    return [found for found in made if found.name not in logged]


def final_test_errors(folder: Path) -> dict[str, float]:
    """Final test errors of sources whose logs hold a validation error, or that published no log,
    by source/kind-depth."""
    if not (folder / FINALS).is_file() and FINALS not in digests(folder):
        return {}
    with checking(folder / FINALS):
        return {row["network"]: percent(row["test_error"]) for row in table(folder, FINALS)}


def read_curve(folder: Path, name: str, finals: dict[str, float]) -> Curve:
    """One log; epochs become iterations, so that all can be drawn on one axis."""
    network = name.removesuffix("/curve.csv")
    with checking(folder / name):
        rows = table(folder, name)
        x, train, *rest = rows[0]
        split, running = HELD_OUT[tuple(rest)], TRAINING[train]
        per_row = {"iteration": 1, "epoch": facts()[network.split("/")[0]]["an_epoch"]}[x]
        iterations = tuple(float(row[x]) * per_row for row in rows)
        if any(later <= earlier for earlier, later in pairwise(iterations)):
            raise ValueError(f"{x}s do not increase")
        error = tuple(percent(row[train]) for row in rows)
        held_out = tuple(percent(row[rest[0]]) if rest else nan for row in rows)
    last = held_out[-1] if split == "test" else finals.get(network)
    return curve(network, iterations, error, split, held_out, last, running)


def curve(network: str, *log) -> Curve:
    """The curve of source/kind-depth, with what logs.toml says of its source."""
    source, _, name = network.partition("/")
    kind, _, depth = name.partition("-")
    told = {"low_start": {}} | facts()[source]
    given = {"code": told["code"], "set": told["set"], "an_epoch": told["an_epoch"]}
    return Curve(source, kind, int(depth), *log, **given, low_start=told["low_start"].get(name))


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of each log and table of others, by its path below the folder."""
    listing = folder / DIGESTS
    lines = listing.read_text("utf-8").splitlines() if listing.is_file() else []
    return {name: sha256 for sha256, name in (line.split(maxsplit=1) for line in lines)}


def table(folder: Path, name: str) -> list[dict[str, str]]:
    """The rows of a CSV file of the store; ValueError if its digest is not the listed one."""
    content = (folder / name).read_bytes().replace(b"\r\n", b"\n")  # as git may check it out
    if digest(content) != digests(folder).get(name):
        raise ValueError(f"its content is not what {DIGESTS} lists")
    if not (rows := list(csv.DictReader(io.StringIO(content.decode("utf-8"))))):
        raise ValueError("it has no rows")
    return rows


def percent(value: str) -> float:
    """An error in per cent; ValueError unless it is a number from 0 to 100."""
    if not 0 <= (error := float(value)) <= 100:
        raise ValueError(f"{value} is no error in per cent")
    return error


@contextmanager
def checking(path: Path) -> Iterator[None]:
    """Turns what can be wrong with a file into a RecordError that names it."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecordError(f"The log {path} is damaged: {error}. Restore it from git.") from error
