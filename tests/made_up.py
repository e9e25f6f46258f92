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
"""Sources of made-up networks of others, each with a code of its own."""


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
    kernel: float = 0.5,
    sine: float = 0.5,
    joint: float = 1.0,
    **changes: object,
) -> Record:
    """A network whose 3×3 layers all respond alike, unless `stds` gives those of F(x) by block.

    `ratio` is ‖F(x)‖/‖x‖ of every block, `last_ratio` of the last; `gradients` are ‖∇W‖/‖W‖ of the
    first stage and of the others; `rises` are what test error gains when a block is deleted, and
    `joint` is the test error without the first 18 identity blocks. `changes` make another recipe. A
    `member` that is a name makes a network of others, and `changes` are then facts of its source
    (set, code) or of itself (recipe, variant, label).
    """
    blocks = (depth - 2) // 2
    third = blocks // 3
    names = ["stem"] + [f"{i}.{k}" for i in range(1, blocks + 1) for k in (1, 2)]
    columns = {"mean": 0.0, "within_tenth": 0.5, "low": -2.0 * std, "high": 2.0 * std}
    columns |= layer or {}
    wide = [i in (third, 2 * third) for i in range(blocks)]

    def table(level: float, size: float) -> dict:
        made = {"layer": names, "std": [level] * len(names)}
        if stds is not None:
            made["std"] = [level] + [s for value in stds for s in (level, value)]
        made["channel_std"] = made["std"]
        made |= {name: [value] * len(names) for name, value in columns.items()}
        sizes = [size] * (blocks - 1) + [size if last_ratio is None else last_ratio]
        block = {"block": list(range(1, blocks + 1)), "ratio": sizes, "widening": wide}
        return {"layers": made, "blocks": block | {"gamma": [1.0] * blocks}}

    row = [1.0] + [gradients[b >= third] for b in range(blocks) for _ in (1, 2)]
    whole = train if test is None else test
    lesions = [1.0] + [1.0 + rise for rise in rises or [0.0] * blocks]
    angles = {"block": list(range(1, blocks + 1)), "sine": [sine] * blocks, "widening": wide}
    deleted = [i + 1 for i in range(blocks) if not wide[i]][:18]
    surplus = {"deleted": deleted, "whole": whole, "joint": joint, "shuffled": whole}
    content = {
        "metrics": {"train_error": train, "test_error": whole, "diverged_at": None},
        "gradients": {"layer": names, "ratio": [row, row], "weight": [[weight] * len(row)] * 2},
        "responses": {
            "final": table(std, ratio),
            "final_exact": table(std if exact_std is None else exact_std, ratio),
        },
        "probes": {
            "lesions": {"test_error": lesions},
            "angles": {"final": angles, "final_exact": angles},
            "kernel": {"participation": kernel, "images": 128},
            "surplus": surplus | {"images": 10_000},
        },
        "provenance": {"device": "a made-up device"},
    }
    if isinstance(member, str):
        about = {"recipe": "one", "variant": "", "label": ""} | changes
        facts = {"set": about.pop("set", "second"), "code": about.pop("code", member)}
        content |= {"source": {"name": member} | facts}
        content |= {"network": {"kind": kind, "depth": depth} | about}
        content |= {"data": {"train_images": 50_000}}
        content["gradients"] |= {"ratio": [row], "weight": [[weight] * len(row)]}
        content["gradients"]["he"] = [2 * weight] * len(row)
        content["probes"]["jacobian"] = {"participation": [participation] * blocks} | {
            "widening": wide
        }
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


def curve(
    kind: str,
    depth: int,
    source: str,
    final: float | None = None,
    train: tuple[float, ...] | None = None,
    **facts: object,
) -> Curve:
    """A logged training that ends at a test error; `train` is its training error by epoch, and
    facts are those of a `Curve`. Without either it is a final error that was only reported."""
    errors = train or ((final,) if final else ())
    points = tuple(391.0 * (i + 1) for i in range(len(errors)))
    held_out = (final or 0.0,) * len(points)
    told = {"set": "second", "code": source} | facts
    return Curve(source, kind, depth, points, errors, "test", held_out, final, **told)


def experiment(
    name: str, measurements: list[dict], settings: dict | None = None, scale: str = "quick"
) -> Record:
    """A record of an experiment."""
    content = {
        "experiment": name,
        "profile": scale,
        "settings": settings or {},
        "seeds": list(range(len(measurements))),
        "measurements": measurements,
        "provenance": {"device": "a made-up device"},
    }
    return Record(Path("made-up"), content)


def evidence(
    *records: Record,
    scale: str = "paper",
    experiments: tuple = (),
    logs: tuple = (),
    beside: tuple[Evidence, ...] = (),
) -> Evidence:
    """Evidence from made-up records alone: nothing is read from a store. `beside` is that of other
    scales, which a rule may look at."""
    named = {e["experiment"]: e for e in experiments}
    others = {one.scale: one for one in beside}
    return Evidence(
        scale, Path("nowhere"), tuple(records), tuple(logs), experiments=named, others=others
    )
