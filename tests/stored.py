"""Stores of made-up records on disk: small, readable by the library, with chosen values."""

from pathlib import Path

import made_up

from residual.store import Record, write

STEPS = {"training": [1, 2, 3, 4], "test": [2, 4]}


def curves(level: float) -> dict:
    """Errors that fall to the level, in per cent."""
    training = [level + 8 * left for left in (3, 2, 1, 0)]
    return {
        "training": {"iteration": STEPS["training"], "train_error_batch": training},
        "test": {"iteration": STEPS["test"], "test_error": [level + 20, level]},
    }


def store(root: Path, kind: str, depth: int, level: float, **given) -> Record:
    """Write one run whose errors end at a level and whose F(x) respond less block by block."""
    blocks = (depth - 2) // 2
    stds = [1 - 0.5 * block / blocks for block in range(blocks)]
    lesions = [level + block for block in range(blocks + 1)]
    made = made_up.run(kind, depth, error=level, stds=stds, lesions=lesions, **given)
    rest = {"data": {}, "curves": curves(level), "replay": {}, "provenance": {}}
    return write(made.content | rest, root, {})


def store_peer(root: Path, source: str, kind: str, depth: int) -> Record:
    """Write one network of others, measured as trained only."""
    made = made_up.run(kind, depth).content
    record = {
        "source": {"name": source},
        "network": {"kind": kind, "depth": depth},
        "reported": {"test_error": 8.0},
        "data": {"name": "cifar10"},
        "metrics": {"test_error": 8.0},
        "responses": {"final": made["responses"]["final"]},
        "probes": made["probes"],
        "provenance": {},
    }
    return write(record, root)
