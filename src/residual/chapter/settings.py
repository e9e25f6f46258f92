"""The five parameters of every chapter, checked, and the runs that they name."""

from dataclasses import dataclass, replace

from residual import experiments, runs
from residual.parameters import (
    check_choice,
    check_depth,
    check_integer,
    check_list,
)
from residual.provenance import pick_device
from residual.recipe import KINDS, PROFILES, Recipe
from residual.records import Experiment, find_experiment
from residual.sweep import ensure

PUBLISHED = "published"


@dataclass(frozen=True)
class Settings:
    """Checked parameters of a chapter; `profile` is one of the three scales."""

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

    def recipe(self, kind: str, depth: int, seed: int = 0) -> Recipe:
        """The recipe of one network under these settings."""
        usual = Recipe.of(self.profile, kind, depth, seed)
        return usual if self.iterations is None else replace(usual, iterations=self.iterations)

    def seeds_of(self, kind: str, depth: int) -> list[int]:
        """The seeds asked for; without any, those in the store, or seed 0 if it has none."""
        if self.seeds is not None:
            return self.seeds
        return runs.seeds_of(self.recipe(kind, depth)) or [0]

    def runs(self, kinds: tuple[str, ...] = KINDS) -> list[runs.Run]:
        """All runs of these kinds at the chapter's depths; those not in the store are trained."""
        wanted = [
            self.recipe(kind, depth, seed)
            for depth in sorted(self.depths)
            for kind in kinds
            for seed in self.seeds_of(kind, depth)
        ]
        return ensure(wanted, self.device)

    def experiment(self, name: str) -> Experiment:
        """An experiment's record; where the store has none it is run now, with seed 0 alone."""
        wanted = self.seeds or (None if self.has_experiment(name) else [0])
        return experiments.ensure(name, self.profile, wanted, self.device)

    def has_experiment(self, name: str) -> bool:
        """Whether the store has that experiment at this profile."""
        return find_experiment(name, self.profile) is not None

    @property
    def words(self) -> str:
        """The scale in words, for captions: data set, iterations, what was run."""
        profile = PROFILES[self.profile]
        count = self.iterations or profile.iterations
        dataset = {"digits": "8×8 digits", "cifar10": "CIFAR-10"}[profile.dataset]
        return f"profile {self.profile}: {dataset}, {count:,} iterations"


def settings(
    profile: str = "quick",
    depths: list[int] = (20, 56),
    seeds: list[int] | None = None,
    device: str = "auto",
    iterations: int | None = None,
) -> Settings:
    """Check a chapter's parameters; ParameterError is one sentence on the first wrong one.

    The profile `published` stands for the largest profile in the store that has every network
    asked for, so that one comparison never mixes two.
    """
    check_choice("profile", profile, (*PROFILES, PUBLISHED))
    depths = check_list("depths", depths, check_depth, "depths 6n+2")
    if seeds is not None:
        seeds = check_list("seeds", seeds, check_seed, "seeds (or null for all in the store)")
    if iterations is not None:
        check_integer("iterations", iterations, 1, 10_000_000)
    pick_device(device)
    if profile == PUBLISHED:
        profile = largest_profile(depths)
    return Settings(profile, depths, seeds, device, iterations)


def check_seed(value: object) -> None:
    """Raise ParameterError unless the value is a seed."""
    check_integer("seeds", value, 0, 2**31 - 1)


def largest_profile(depths: list[int]) -> str:
    """The largest profile with a run of both kinds at every depth; quick if there is none."""
    for name in reversed(PROFILES):
        usual = (Recipe.of(name, kind, depth) for depth in depths for kind in KINDS)
        if all(runs.seeds_of(recipe) for recipe in usual):
            return name
    return "quick"
