"""The scale that a figure or a table shows, in words, and always from the records shown."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import pandas as pd

from companion.chapter.words import listed, seeds
from residual.claims.evidence import DATASETS
from residual.recipe import PROFILES
from residual.store import Record


def several(shown: Iterable[Record]) -> bool:
    """Whether some network was trained with more than one seed, so that there is a spread."""
    return max(Counter((r.recipe.kind, r.recipe.depth) for r in shown).values()) > 1


def of_runs(shown: Sequence[Record]) -> str:
    """Profile, data set, iterations, seeds and device of runs of one profile."""
    recipes = [run.recipe for run in shown]
    counts = Counter((r.kind, r.depth, r.variant) for r in recipes).values()
    lengths = [f"{n:,}" for n in sorted({r.iterations for r in recipes})]
    parts = [
        DATASETS[recipes[0].dataset],
        f"{listed(lengths)} iterations",
        seeds(max(counts)) if len(set(counts)) == 1 else f"{min(counts)} to {seeds(max(counts))}",
        devices(run["provenance"]["device"] for run in shown),
    ]
    return f"profile {recipes[0].profile}: {', '.join(parts)}"


def of_experiment(shown: Record, images: bool = False, trained: bool = False) -> str:
    """The same of an experiment: `images` of its profile, if it uses them, and networks that were
    `trained` by its recipe on them."""
    profile = PROFILES[shown["profile"]]
    length = shown["settings"].get("iterations", profile.iterations if trained else None)
    parts = [DATASETS[profile.dataset]] if images or trained else []
    parts += [f"{length:,} iterations"] if length else []
    parts += [seeds(len(shown.seeds)), devices([shown["provenance"]["device"]])]
    return f"profile {profile.name}: {', '.join(parts)}"


def of_profile(name: str) -> str:
    """What a profile's own recipe says."""
    profile = PROFILES[name]
    return f"profile {name}: {DATASETS[profile.dataset]}, {profile.iterations:,} iterations"


def devices(names: Iterable[str]) -> str:
    """On which devices; trade-mark signs left out."""
    plain = {name.replace("(R)", "").replace("(TM)", "") for name in names}
    plain = {re.sub(r"\b1 threads\b", "1 thread", name) for name in plain}
    return "on " + listed(sorted(plain))


def scaled(frame: pd.DataFrame, words: str) -> pd.DataFrame:
    """The frame with the words on its scale, which `table` shows below it."""
    frame.attrs["scale"] = words
    return frame
