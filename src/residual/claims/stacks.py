"""Reading the regressions of stacks of blocks: plain against residual, by depth."""

from residual.statistics import Interval, geometric_mean, ratio

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
