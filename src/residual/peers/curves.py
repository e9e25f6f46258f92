"""Training logs that others published, as numbers: curve.csv beside the records."""

import csv
from dataclasses import dataclass
from pathlib import Path

from residual.store import committed

FINAL_TEST_ERRORS = "final-test-errors.csv"
BATCHES = 391  # iterations of an epoch of 50,000 images in batches of 128
SPLIT_BATCHES = 352  # of 45,000 images


@dataclass(frozen=True)
class Curve:
    """One training that its authors logged; all errors in per cent.

    `train_error` is the running error over an epoch, on augmented images in training mode.
    `held_out` is the error on `test` images, or on 5,000 `validation` images that the source kept
    aside; `final_test_error` is None where the source does not say.
    """

    source: str
    kind: str
    depth: int
    iterations: tuple[float, ...]
    train_error: tuple[float, ...]
    held_out_on: str
    held_out: tuple[float, ...]
    final_test_error: float | None

    @property
    def name(self) -> str:
        """public/source/kind-depth, as in the store of records."""
        return f"public/{self.source}/{self.kind}-{self.depth}"


def curves(root: Path | None = None) -> list[Curve]:
    """All logged trainings in the store, in order of source, depth and kind."""
    folder = (root or committed()) / "public"
    finals = final_test_errors(folder / FINAL_TEST_ERRORS)
    found = [read_curve(path, finals) for path in folder.glob("*/*/curve.csv")]
    return sorted(found, key=lambda c: (c.source, c.depth, c.kind))


def final_test_errors(path: Path) -> dict[str, float]:
    """Final test errors of sources whose curves hold a validation error, by source/kind-depth."""
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {row["network"]: float(row["test_error"]) for row in csv.DictReader(file)}


def read_curve(path: Path, finals: dict[str, float]) -> Curve:
    """One log; epochs become iterations, so that all can be drawn on one axis."""
    source, network = path.parts[-3:-1]
    kind, depth = network.split("-")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    first = rows[0].keys()
    held_out_on = "validation" if "validation_error" in first else "test"
    per_row = 1 if "iteration" in first else SPLIT_BATCHES if held_out_on != "test" else BATCHES
    x = "iteration" if "iteration" in first else "epoch"
    held_out = tuple(float(row[f"{held_out_on}_error"]) for row in rows)
    last = held_out[-1] if held_out_on == "test" else finals.get(f"{source}/{network}")
    return Curve(
        source,
        kind,
        int(depth),
        tuple(float(row[x]) * per_row for row in rows),
        tuple(float(row["train_error_running"]) for row in rows),
        held_out_on,
        held_out,
        last,
    )
