"""Numbers and comparisons as words, so that a sentence follows what was measured."""

import pandas as pd

from companion.figures.style import network
from residual.statistics import listed


def error_rate(value: float) -> str:
    """An error rate, given in per cent: one decimal, two below ten."""
    return f"{value:.2f} %" if value < 10 else f"{value:.1f} %"


def seeds(count: int) -> str:
    """So many seeds."""
    return f"{count} seed" + ("s" if count != 1 else "")


def sides(first: int, second: int) -> str:
    """The number of seeds on two sides."""
    return f"{seeds(first)} each" if first == second else f"{seeds(first)} and {second}"


def networks(frame: pd.DataFrame) -> str:
    """The networks of a frame with kind and depth, named and listed."""
    pairs = frame[["kind", "depth"]].drop_duplicates().itertuples(index=False)
    return listed([network(kind, depth) for kind, depth in pairs])


def names(frame: pd.DataFrame) -> tuple[str, ...]:
    """The records that a frame was made from."""
    return tuple(frame["run"].drop_duplicates())


def change_with_depth(frame: pd.DataFrame, kind: str, value: str, what: str) -> str:
    """How the mean of a column changes from the shallowest to the deepest net of a kind.

    Says whether every seed of one lies beyond every seed of the other. With one depth it gives
    that depth's mean.
    """
    part = frame[frame["kind"] == kind].dropna(subset=[value])
    if part.empty:
        return ""
    low, high = part["depth"].min(), part["depth"].max()
    shallow, deep = (part.loc[part["depth"] == depth, value] for depth in (low, high))
    if low == high:
        return (
            f"{network(kind, low)} ends with a {what} of {error_rate(shallow.mean())} "
            f"({'mean of ' * (len(shallow) > 1)}{seeds(len(shallow))})."
        )
    change = deep.mean() - shallow.mean()
    verb = "rises" if change > 0 else "falls" if change < 0 else "stays at"
    return (
        f"From {network(kind, low)} to {network(kind, high)} the "
        f"{'mean ' * (max(len(shallow), len(deep)) > 1)}{what} {verb} "
        f"{span(shallow.mean(), deep.mean())} "
        f"({sides(len(shallow), len(deep))}){overlap(shallow, deep)}."
    )


def span(first: float, last: float) -> str:
    """From one percentage to another; one alone where nothing changes."""
    return error_rate(first) if first == last else f"from {error_rate(first)} to {error_rate(last)}"


def overlap(shallow: pd.Series, deep: pd.Series) -> str:
    """Whether the seeds of two networks overlap; nothing where one side has a single seed."""
    if min(len(shallow), len(deep)) < 2:
        return ""
    for side, apart in (
        ("above", deep.min() > shallow.max()),
        ("below", deep.max() < shallow.min()),
    ):
        if apart:
            return f"; every seed of the deeper net lies {side} every seed of the shallower one"
    return "; the seeds of the two overlap"
