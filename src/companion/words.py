"""Numbers, names, comparisons and scales as words, so that a sentence follows what was measured."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import pandas as pd

from residual.claims.wording import word
from residual.recipe import DATASETS, PROFILES
from residual.statistics import listed
from residual.store import Record

NAMES = {"plain": "plain", "residual": "ResNet"}
ERRORS = {"test_error": ("test error", "测试误差"), "train_error": ("training error", "训练误差")}
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
    members = {(r.kind, r.depth, r.variant, r.member) for r in records}
    counts = Counter(member[:3] for member in members).values()
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


def where(scale: str) -> str:
    """A scale in a stranger's words, to begin a sentence with: Full length, by others."""
    told = word("scales", scale)
    return told[0].upper() + told[1:]


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


def change_with_depth(frame: pd.DataFrame, kind: str, value: str = "test_error") -> str:
    """How the mean error changes from the shallowest to the deepest net of a kind.

    `value` is the frame's column, test_error or train_error, in per cent. With one depth it gives
    that depth's mean; nothing where the frame has none of the kind.
    """
    if not (found := both_ends(frame, kind, value)):
        return ""
    low, high, shallow, deep = found
    what = "mean " * (max(len(shallow), len(deep)) > 1) + ERRORS[value][0]
    if low == high:
        return f"{network(kind, low)} ends with a {what} of {error_rate(shallow.mean())}."
    verb = direction(shallow.mean(), deep.mean(), ("stays at", "rises", "falls"))
    told = span(shallow.mean(), deep.mean())
    return f"From {network(kind, low)} to {network(kind, high)} the {what} {verb} {told}."


def change_in_chinese(frame: pd.DataFrame, kind: str, value: str = "test_error") -> str:
    """The same in Chinese."""
    if not (found := both_ends(frame, kind, value)):
        return ""
    low, high, shallow, deep = found
    what = ("平均" if max(len(shallow), len(deep)) > 1 else "") + ERRORS[value][1]
    first, last = error_rate(shallow.mean()), error_rate(deep.mean())
    if low == high:
        return f"{network(kind, low)} 的{what}为 {first}。"
    verb = direction(shallow.mean(), deep.mean(), ("保持为", "升至", "降至"))
    told = f"保持为 {last}" if verb == "保持为" else f"由 {first} {verb} {last}"
    return f"从 {network(kind, low)} 到 {network(kind, high)}，{what}{told}。"


def both_ends(frame: pd.DataFrame, kind: str, value: str) -> tuple | None:
    """The least and the greatest depth of a kind, and the values at each; None without any."""
    part = frame[frame["kind"] == kind].dropna(subset=[value])
    if part.empty:
        return None
    ends = part["depth"].min(), part["depth"].max()
    return *ends, *(part.loc[part["depth"] == depth, value] for depth in ends)


def direction(first: float, last: float, told: tuple[str, str, str]) -> str:
    """Which of three words (same, more, less) says how one percentage becomes another."""
    same = error_rate(first) == error_rate(last)
    return told[0] if same else told[1] if last > first else told[2]


def span(first: float, last: float) -> str:
    """From one percentage to another; one alone where nothing changes."""
    before, after = error_rate(first), error_rate(last)
    return before if before == after else f"from {before} to {after}"


def overlap(frame: pd.DataFrame, kind: str, value: str = "test_error") -> str:
    """Whether the trainings of the shallowest and of the deepest net of a kind overlap; nothing
    where there is one depth. One training of a network says that chance is not ruled out."""
    found = both_ends(frame, kind, value)
    if not found or found[0] == found[1]:
        return ""
    low, high, shallow, deep = found
    names = f"{network(kind, high)} lies {{}} every {network(kind, low)}"
    if min(len(shallow), len(deep)) < 2:
        return f"One training of {network(kind, low)} or {network(kind, high)}: it may be chance."
    if deep.min() > shallow.max():
        return f"Every {names.format('above')}."
    if deep.max() < shallow.min():
        return f"Every {names.format('below')}."
    return f"The trainings of {network(kind, low)} and {network(kind, high)} overlap."
