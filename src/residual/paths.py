"""The folders of the project, each named once."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The checkout that this library lives in."""


def runs_folder() -> Path:
    """The store of run records: RESIDUAL_RUNS, or runs/ in the checkout."""
    return Path(os.environ.get("RESIDUAL_RUNS") or ROOT / "runs")


def data_folder() -> Path:
    """Where CIFAR-10 is looked for: RESIDUAL_DATA, or data/ in the checkout."""
    return Path(os.environ.get("RESIDUAL_DATA") or ROOT / "data")
