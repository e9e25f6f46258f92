"""Reading the regressions of stacks of blocks: plain against residual, by depth."""

from residual.recipe import KINDS
from residual.statistics import Interval, geometric_mean, listed, number, ratio

LOSS_FLOOR = 1e-12  # relative squared errors below it are rounding


def plain_over_residual(measurements: list[dict], column: str, floor: float) -> dict[int, Interval]:
    """Plain over residual of a column of the identity regressions, by number of blocks."""
    table: dict[tuple[str, int], list[float]] = {}
    for row in (row for m in measurements for row in m["rows"]):
        table.setdefault((row["kind"], row["blocks"]), []).append(max(row[column], floor))
    depths = sorted({blocks for _, blocks in table})
    return {d: ratio(table["plain", d], table["residual", d]) for d in depths}


def error_left(measurements: list[dict], kind: str, blocks: int) -> float:
    """Geometric mean over seeds of the error that is left."""
    rows = [row for m in measurements for row in m["rows"]]
    chosen = [r["loss"] for r in rows if (r["kind"], r["blocks"]) == (kind, blocks)]
    return geometric_mean([max(loss, LOSS_FLOOR) for loss in chosen]).estimate


def counted(blocks: int) -> str:
    """1 block, 3 blocks."""
    return f"{blocks} block{'s' if blocks != 1 else ''}"


def arrives(measurements: list[dict], kind: str, blocks: int) -> bool:
    """Whether a kind of stack reached the tolerance with every seed."""
    rows = [row for m in measurements for row in m["rows"]]
    return all(r["reached"] for r in rows if (r["kind"], r["blocks"]) == (kind, blocks))


BOUNDS = {("residual",): "at least ", ("plain",): "at most "}
"""What a ratio is where one kind alone arrived: the other one counts as the whole budget."""


def arrivals(measurements: list[dict], depths: list[int]) -> dict[int, tuple[str, ...]]:
    """The kinds that reached the tolerance with every seed, by number of blocks."""
    return {d: tuple(k for k in KINDS if arrives(measurements, k, d)) for d in depths}


def in_time(found: dict[int, Interval], there: dict[int, tuple[str, ...]]) -> str:
    """Ratios of iterations by depth, those at which a kind arrived; where none did, in words."""
    told = [
        f"{BOUNDS.get(kinds, '')}{number(found[d].estimate)} at {counted(d)}"
        for d, kinds in there.items()
        if kinds
    ]
    late = [d for d, kinds in there.items() if not kinds]
    return f"{'; '.join(told) or 'nothing to compare'}." + (f" {nowhere(late)}" if late else "")


def nowhere(depths: list[int]) -> str:
    """At which depths neither kind arrived."""
    *others, last = depths
    where = listed([*map(str, others), counted(last)])
    return f"At {where} neither kind arrived in time with every seed."
