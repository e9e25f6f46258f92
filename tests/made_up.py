"""Made-up records for the rules: just the keys that they read, with chosen values."""

from dataclasses import asdict, replace
from pathlib import Path

from residual.claims import Evidence
from residual.recipe import Recipe
from residual.store import Record

JITTER = (-0.01, 0.0, 0.01)
"""Relative differences between three seeds."""


def run(
    kind: str,
    depth: int,
    seed: int = 0,
    profile: str = "paper",
    error: float | None = 1.0,
    test_error: float | None = None,
    std: float = 1.0,
    first_std: float | None = None,
    layer: dict | None = None,
    ratio: float = 1.0,
    last_ratio: float | None = None,
    gradients: tuple[float, float] = (1.0, 1.0),
    lesions: list[float] | None = None,
    stds: list[float] | None = None,
    decay_gamma: bool = True,
) -> Record:
    """A run whose 3×3 layers all respond alike, unless `stds` gives the second ones by block.

    `ratio` is ‖F(x)‖/‖x‖ of every block, `last_ratio` of the last; `gradients` are ‖∇W‖/‖W‖ of the
    first stage and of the others; `first_std` is std before training.
    """
    recipe = replace(Recipe.of(profile, kind, depth, seed), decay_gamma=decay_gamma)
    blocks = (depth - 2) // 2
    names = ["stem"] + [f"{i}.{k}" for i in range(1, blocks + 1) for k in (1, 2)]
    columns = {"mean": 0.0, "within_tenth": 0.5, "low": -2.0 * std, "high": 2.0 * std} | (
        layer or {}
    )

    def table(level: float) -> dict:
        made = {"layer": names, "std": [level] * len(names)}
        if stds is not None:
            made["std"] = [level] + [s for value in stds for s in (level, value)]
        made["channel_std"] = made["std"]
        made |= {name: [value] * len(names) for name, value in columns.items()}
        last = ratio if last_ratio is None else last_ratio
        sizes = {"ratio": [ratio] * (blocks - 1) + [last], "widening": [False] * blocks}
        return {"layers": made, "blocks": {"block": list(range(1, blocks + 1))} | sizes}

    third = blocks // 3
    row = [1.0] + [
        gradients[0] if b < third else gradients[1] for b in range(blocks) for _ in (1, 2)
    ]
    tested = error if test_error is None else test_error
    record = {
        "recipe": asdict(recipe),
        "metrics": {"train_error": error, "test_error": tested, "diverged_at": None},
        "gradients": {"layer": names, "iteration": [0, 1], "ratio": [row, row]},
        "responses": {"initial": table(first_std or std), "final": table(std)},
        "probes": {"lesions": {"test_error": lesions or [1.0] * (blocks + 1)}},
        "provenance": {"device": "a made-up device"},
    }
    return Record(Path("made-up"), record)


def seeds(kind: str, depth: int, value: str, level: float, count: int = 3, **given) -> list[Record]:
    """One run a seed, with one value that differs by a per cent between seeds."""
    levels = [level * (1 + JITTER[s % 3]) for s in range(count)]
    return [run(kind, depth, s, **({value: v} | given)) for s, v in enumerate(levels)]


def experiment(name: str, measurements: list[dict], settings: dict | None = None) -> Record:
    """A record of an experiment at the paper profile."""
    record = {
        "experiment": name,
        "profile": "paper",
        "settings": settings or {},
        "seeds": list(range(len(measurements))),
        "measurements": measurements,
        "provenance": {"device": "a made-up device"},
    }
    return Record(Path("made-up"), record)


def evidence(*runs: Record, profile: str = "paper", experiments: tuple = ()) -> Evidence:
    """Evidence from made-up records alone: nothing is read from a store."""
    named = {e.content["experiment"]: e for e in experiments}
    return Evidence(profile, Path("nowhere"), tuple(runs), named)
