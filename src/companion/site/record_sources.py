"""Where the runs of an explorer come from; runs of two sources are never in one comparison."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from companion.chapter.scale import DATASETS
from residual import store
from residual.recipe import Recipe
from residual.store import Record

OURS = "Our runs"
OTHER_RECIPES = "Our runs, other recipes"
PEERS = "Weights trained by others, measured by us"

DIFFERENCES = {
    "batch_size": "batches of {}",
    "learning_rate": "learning rate {:g}",
    "momentum": "momentum {:g}",
    "weight_decay": "weight decay {:g}",
    "norm": "no batch normalisation",
    "zero_gamma": "last γ of each block 0 at the start",
    "decay_gamma": "no weight decay on γ",
}
"""How a recipe that differs from its profile's is named; data set and iterations always are."""


@dataclass(frozen=True)
class Source:
    """Records that may be compared with each other, and what a reader calls them."""

    id: str
    group: str
    name: str
    records: list[Record]


def sources() -> list[Source]:
    """Every source in the store: ours by profile, the profile's own recipe first; then others'."""
    ours = [source for profile in store.profiles() for source in ours_of(profile)]
    others = sorted(store.every("public"), key=lambda peer: peer.member)
    found = groupby(others, lambda peer: peer.member)
    return sorted(ours, key=lambda s: s.group != OURS) + [theirs(*part) for part in found]


def ours_of(profile: str) -> Iterable[Source]:
    """The sources of one profile, one a recipe."""
    every = store.every(profile)
    for variant in sorted({run.recipe.variant for run in every}):
        records = [run for run in every if run.recipe.variant == variant]
        group, name = OTHER_RECIPES if variant else OURS, words(records[0].recipe)
        yield Source("-".join(filter(None, (profile, variant))), group, name, records)


def words(recipe: Recipe) -> str:
    """Profile, data, iterations, and what differs from the profile's recipe."""
    usual = Recipe.of(recipe.profile, recipe.kind, recipe.depth, recipe.seed)
    parts = [f"{recipe.profile}: {DATASETS[recipe.dataset]}, {recipe.iterations:,} iterations"]
    for name, form in DIFFERENCES.items():
        if getattr(recipe, name) != getattr(usual, name):
            parts.append(form.format(getattr(recipe, name)))
    return ", ".join(parts)


def theirs(name: str, found: Iterable[Record]) -> Source:
    """The networks of one public reproduction."""
    records = list(found)
    dataset = DATASETS[records[0]["data"]["name"]]
    return Source(f"public/{name}", PEERS, f"{name}: {dataset}, full length", records)
