"""Made-up records for the rules: just the keys that they read, with chosen values."""

from dataclasses import asdict, replace
from pathlib import Path

from residual.claims import Evidence
from residual.peers import Curve
from residual.recipe import Recipe
from residual.store import Record

JITTER = (-0.01, 0.0, 0.01, 0.005, -0.005, 0.002)
"""Relative differences between trainings."""

SOURCES = ("anna", "bert", "carl", "dora", "emil", "fred")
"""Sources of made-up networks of others; anna to dora have plain ones as well."""


def network(
    kind: str,
    depth: int,
    member: int | str = 0,
    scale: str = "paper",
    train: float | None = 1.0,
    test: float | None = None,
    std: float = 1.0,
    exact_std: float | None = None,
    stds: list[float] | None = None,
    layer: dict | None = None,
    ratio: float = 1.0,
    last_ratio: float | None = None,
    initial_ratio: float | None = None,
    gradients: tuple[float, float] = (1.0, 1.0),
    weight: float = 1.0,
    rises: list[float] | None = None,
    participation: float = 0.5,
    **changes: object,
) -> Record:
    """A network whose 3×3 layers all respond alike, unless `stds` gives those of F(x) by block.

    `ratio` is ‖F(x)‖/‖x‖ of every block, `last_ratio` of the last; `gradients` are ‖∇W‖/‖W‖ of the
    first stage and of the others; `rises` are what test error gains when a block is deleted;
    `changes` make another recipe. A `member` that is a name makes a network of others.
    """
    blocks = (depth - 2) // 2
    third = blocks // 3
    names = ["stem"] + [f"{i}.{k}" for i in range(1, blocks + 1) for k in (1, 2)]
    columns = {"mean": 0.0, "within_tenth": 0.5, "low": -2.0 * std, "high": 2.0 * std}
    columns |= layer or {}

    def table(level: float, size: float) -> dict:
        made = {"layer": names, "std": [level] * len(names)}
        if stds is not None:
            made["std"] = [level] + [s for value in stds for s in (level, value)]
        made["channel_std"] = made["std"]
        made |= {name: [value] * len(names) for name, value in columns.items()}
        sizes = [size] * (blocks - 1) + [size if last_ratio is None else last_ratio]
        wide = [i in (third, 2 * third) for i in range(blocks)]
        block = {"block": list(range(1, blocks + 1)), "ratio": sizes, "widening": wide}
        return {"layers": made, "blocks": block | {"gamma": [1.0] * blocks}}

    row = [1.0] + [gradients[b >= third] for b in range(blocks) for _ in (1, 2)]
    whole = train if test is None else test
    lesions = [1.0] + [1.0 + rise for rise in rises or [0.0] * blocks]
    content = {
        "metrics": {"train_error": train, "test_error": whole, "diverged_at": None},
        "gradients": {"layer": names, "ratio": [row, row], "weight": [[weight] * len(row)] * 2},
        "responses": {
            "final": table(std, ratio),
            "final_exact": table(std if exact_std is None else exact_std, ratio),
        },
        "probes": {"lesions": {"test_error": lesions}},
        "provenance": {"device": "a made-up device"},
    }
    if isinstance(member, str):
        content |= {"source": {"name": member}, "network": {"kind": kind, "depth": depth}}
        content["gradients"] |= {"ratio": [row], "weight": [[weight] * len(row)]}
        wide = content["responses"]["final"]["blocks"]["widening"]
        values = [participation] * blocks
        content["probes"]["jacobian"] = {"participation": values, "widening": wide}
        return Record(Path("made-up"), content)
    recipe = replace(Recipe.of(scale, kind, depth, member), **changes)
    content["recipe"] = asdict(recipe)
    start = ratio if initial_ratio is None else initial_ratio
    content["responses"]["initial"] = table(1.0, start)
    return Record(Path("made-up"), content)


def networks(
    kind: str, depth: int, value: str, level: float, scale: str = "paper", count: int = 3, **given
) -> list[Record]:
    """Several trainings with one value that differs by a per cent between them."""
    members = SOURCES if scale == "public" else range(6)
    return [
        network(kind, depth, member, scale, **({value: level * (1 + JITTER[i])} | given))
        for i, member in enumerate(members[:count])
    ]


def curve(kind: str, depth: int, source: str, final: float | None) -> Curve:
    """A logged training that ends at a test error."""
    return Curve(source, kind, depth, (1.0,), (final or 0.0,), "test", (final or 0.0,), final)


def experiment(name: str, measurements: list[dict], settings: dict | None = None) -> Record:
    """A record of an experiment at the quick profile."""
    content = {
        "experiment": name,
        "profile": "quick",
        "settings": settings or {},
        "seeds": list(range(len(measurements))),
        "measurements": measurements,
        "provenance": {"device": "a made-up device"},
    }
    return Record(Path("made-up"), content)


def evidence(
    *records: Record, scale: str = "paper", experiments: tuple = (), logs: tuple = ()
) -> Evidence:
    """Evidence from made-up records alone: nothing is read from a store."""
    named = {e["experiment"]: e for e in experiments}
    return Evidence(scale, Path("nowhere"), tuple(records), tuple(logs), experiments=named)
