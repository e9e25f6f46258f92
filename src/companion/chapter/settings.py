"""The five parameters of every chapter, checked, and the records that they name.

An explicit profile trains what the store lacks. `published` decides for each comparison: it takes
the largest profile that has all the networks, or the experiment, that the comparison needs; where
none has, the smallest, at which what is missing is trained in seconds.
"""

from dataclasses import dataclass, replace

from residual import experiments, store
from residual.errors import check_choice, check_depth, check_integer, check_list
from residual.provenance import pick_device
from residual.recipe import KINDS, PROFILES, Recipe
from residual.store import Record
from residual.sweep import Options, ensure

PUBLISHED = "published"
SMALLEST, *_ = PROFILES


@dataclass(frozen=True)
class Settings:
    """Checked parameters of a chapter; `profile` is one of the three scales, or published."""

    profile: str
    depths: list[int]
    seeds: list[int] | None
    device: str
    iterations: int | None

    @property
    def shallow(self) -> int:
        return min(self.depths)

    @property
    def deep(self) -> int:
        return max(self.depths)

    @property
    def profiles(self) -> list[str]:
        """The profiles that records may come from, largest first."""
        return list(reversed(PROFILES)) if self.profile == PUBLISHED else [self.profile]

    @property
    def dataset(self) -> str:
        """The data set of what a chapter computes itself: under published, the one in a wheel."""
        return PROFILES[self.profiles[-1]].dataset

    def scale(self, kinds: tuple[str, ...] = KINDS) -> str:
        """The profile of a comparison of these kinds at the chapter's depths."""
        complete = (name for name in self.profiles if self.has_networks(name, kinds))
        return next(complete, self.profiles[-1])

    def has_networks(self, profile: str, kinds: tuple[str, ...] = KINDS) -> bool:
        """Whether the store has every network of the chapter, with every seed asked for."""
        fixed, wanted = replace(self, profile=profile), set(self.seeds or [])
        pairs = [(kind, depth) for depth in self.depths for kind in kinds]
        found = [set(store.seeds_of(fixed.recipe(*pair))) for pair in pairs]
        return all(seeds and wanted <= seeds for seeds in found)

    def recipe(self, kind: str, depth: int, seed: int = 0) -> Recipe:
        """The recipe of one network under these settings."""
        profile = self.scale() if self.profile == PUBLISHED else self.profile
        usual = Recipe.of(profile, kind, depth, seed)
        return usual if self.iterations is None else replace(usual, iterations=self.iterations)

    def seeds_of(self, kind: str, depth: int) -> list[int]:
        """The seeds asked for; without any, those in the store, or seed 0 if it has none."""
        if self.seeds is not None:
            return self.seeds
        return store.seeds_of(self.recipe(kind, depth)) or [0]

    def runs(self, kinds: tuple[str, ...] = KINDS) -> list[store.Record]:
        """All runs of these kinds at the chapter's depths; those not in the store are trained."""
        fixed = replace(self, profile=self.scale(kinds))
        wanted = [
            fixed.recipe(kind, depth, seed)
            for depth in sorted(self.depths)
            for kind in kinds
            for seed in fixed.seeds_of(kind, depth)
        ]
        return ensure(wanted, Options(self.device))

    def experiment(self, name: str) -> Record:
        """An experiment's record; where the store has none it is run now, with seed 0 alone."""
        if self.profile == PUBLISHED and (found := self.largest_experiment(name)):
            return found
        wanted = self.seeds or (None if self.has_experiment(name) else [0])
        return experiments.ensure(name, self.profiles[-1], wanted, self.device)

    def largest_experiment(self, name: str) -> Record | None:
        """The record at the largest profile that has one with every seed asked for."""
        found = (store.experiment(name, profile) for profile in self.profiles)
        return next((e for e in found if e and set(self.seeds or []) <= set(e.seeds)), None)

    def has_experiment(self, name: str) -> bool:
        """Whether the store has that experiment at a profile that may be shown."""
        return any(store.experiment(name, profile) for profile in self.profiles)


def settings(
    profile: str = "quick",
    depths: list[int] = (20, 56),
    seeds: list[int] | None = None,
    device: str = "auto",
    iterations: int | None = None,
) -> Settings:
    """Check a chapter's parameters; ParameterError is one sentence on the first wrong one.

    The profile `published` stands for the largest one that has what a comparison needs; one
    comparison never mixes two.
    """
    check_choice("profile", profile, (*PROFILES, PUBLISHED))
    depths = check_list("depths", depths, check_depth, "depths 6n+2")
    if seeds is not None:
        seeds = check_list("seeds", seeds, check_seed, "seeds (or null for all in the store)")
    if iterations is not None:
        check_integer("iterations", iterations, 1, 10_000_000)
    pick_device(device)
    return Settings(profile, depths, seeds, device, iterations)


def check_seed(value: object) -> None:
    """Raise ParameterError unless the value is a seed."""
    check_integer("seeds", value, 0, 2**31 - 1)
