"""Numbers, names, comparisons and scales as words, so that a sentence follows what was measured."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import pandas as pd

from residual.recipe import DATASETS, PROFILES
from residual.statistics import listed
from residual.store import Record

NAMES = {"plain": "plain", "residual": "ResNet"}
HYPHEN, SPACE = "\u2011", "\u00a0"  # neither breaks a line


def network(kind: str, depth: int) -> str:
    """A network's name in figures and sentences, such as ResNet-20, that never breaks a line."""
    return f"{NAMES[kind]}{HYPHEN}{depth}"


def networks(frame: pd.DataFrame) -> str:
    """The networks of a frame with kind and depth, named and listed."""
    pairs = frame[["kind", "depth"]].drop_duplicates().itertuples(index=False)
    return listed([network(kind, depth) for kind, depth in pairs])


def error_rate(value: float) -> str:
    """An error rate, given in per cent: one decimal, two below ten."""
    return f"{value:.2f}{SPACE}%" if value < 10 else f"{value:.1f}{SPACE}%"


def points(value: float) -> str:
    """A difference of two percentages, with its sign."""
    return f"{value:+.1f}{SPACE}points".replace("-", "−")


def unbroken(text: str) -> str:
    """A sentence in which no line breaks before a per cent sign or within n = 4."""
    return re.sub(r"(?<=\d) (?=%)|(?<=\bn) (?==)|(?<=n =) (?=\d)", SPACE, text)


def count(number: int, word: str) -> str:
    """So many of something: 1 seed, 5 seeds."""
    return f"{number:,}{SPACE}{word}" + "s" * (number != 1)


def names(frame: pd.DataFrame) -> tuple[str, ...]:
    """The records that a frame was made from."""
    return tuple(frame["run"].drop_duplicates())


def trainings(records: Sequence[Record]) -> str:
    """How many trainings stand behind each network: 5 seeds, or 4 to 6 sources."""
    counts = Counter((r.kind, r.depth, r.variant) for r in records).values()
    word = "source" if records[0].scale == "public" else "seed"
    low, high = min(counts), max(counts)
    return count(high, word) if low == high else f"{low} to {count(high, word)}"


def scale(records: Sequence[Record]) -> str:
    """Scale, data set, length and number of trainings of the records shown, for a caption."""
    if not records:
        return "no record"
    if records[0].scale == "public":
        return f"scale public: trained by others on CIFAR-10 at full length, {trainings(records)}"
    recipes = [record.recipe for record in records]
    lengths = listed([f"{n:,}" for n in sorted({r.iterations for r in recipes})])
    parts = [DATASETS[recipes[0].dataset], f"{lengths} iterations", trainings(records)]
    return f"scale {recipes[0].profile}: {', '.join(parts)}"


def experiment_scale(record: Record, images: bool = False, trained: bool = False) -> str:
    """Scale, data set, length and number of seeds of an experiment, for a caption.

    `images`: it uses the scale's images, and not random inputs; `trained`: it trains networks by
    the scale's recipe.
    """
    profile = PROFILES[record.scale]
    length = record["settings"].get("iterations", profile.iterations if trained else None)
    parts = [DATASETS[profile.dataset] if images or trained else "random inputs"]
    parts += [f"{length:,} iterations"] if isinstance(length, int) else []
    return f"scale {profile.name}: {', '.join([*parts, count(len(record.seeds), 'seed')])}"


def devices(records: Iterable[Record]) -> str:
    """On which devices; trade-mark signs left out."""
    told = {r["provenance"]["device"].replace("(R)", "").replace("(TM)", "") for r in records}
    return listed(sorted(re.sub(r"\b1 threads\b", "1 thread", name) for name in told))


def change_with_depth(frame: pd.DataFrame, kind: str) -> str:
    """How the mean test_error changes from the shallowest to the deepest net of a kind.

    Says whether every training of one lies beyond every training of the other. With one depth it
    gives that depth's mean; nothing where the frame has none of the kind.
    """
    part = frame[frame["kind"] == kind].dropna(subset=["test_error"])
    if part.empty:
        return ""
    low, high = part["depth"].min(), part["depth"].max()
    shallow, deep = (part.loc[part["depth"] == depth, "test_error"] for depth in (low, high))
    mean = "mean " * (max(len(shallow), len(deep)) > 1)
    if low == high:
        return f"{network(kind, low)} ends with a {mean}test error of {error_rate(shallow.mean())}."
    change = deep.mean() - shallow.mean()
    same = error_rate(shallow.mean()) == error_rate(deep.mean())
    verb = "stays at" if same else "rises" if change > 0 else "falls"
    return (
        f"From {network(kind, low)} to {network(kind, high)} the {mean}test error {verb} "
        f"{span(shallow.mean(), deep.mean())}{overlap(shallow, deep)}."
    )


def span(first: float, last: float) -> str:
    """From one percentage to another; one alone where nothing changes."""
    before, after = error_rate(first), error_rate(last)
    return before if before == after else f"from {before} to {after}"


def overlap(shallow: pd.Series, deep: pd.Series) -> str:
    """Whether the trainings of two networks overlap; nothing where one side has a single one."""
    if min(len(shallow), len(deep)) < 2:
        return ""
    for side, apart in (
        ("above", deep.min() > shallow.max()),
        ("below", deep.max() < shallow.min()),
    ):
        if apart:
            return f"; every training of the deeper net lies {side} all of the shallower one"
    return "; the trainings of the two overlap"
