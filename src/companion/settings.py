"""The five parameters of every chapter, checked, and the records that they name.

`published` decides for each comparison: it takes the largest scale that has every network that the
comparison needs, three times each, as an interval asks; or else the largest that has each at least
once. Where none has, what is missing is trained at the smallest scale, into the reader's own store;
a line says first what, and how long it takes. Another profile reads and trains at that scale alone.
"""

import ast
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

from residual import experiments, store
from residual.claims import PUBLISHED, SCALES
from residual.errors import (
    ParameterError,
    check_choice,
    check_depth,
    check_integer,
    check_list,
    check_seed,
)
from residual.provenance import pick_device
from residual.recipe import KINDS, PROFILES, Recipe
from residual.statistics import FEWEST_SEEDS
from residual.store import Record
from residual.sweep import Options, ensure


@dataclass(frozen=True)
class Settings:
    """A chapter's parameters; ParameterError is one sentence on the first wrong one, and StoreError
    says where the records are not.

    `profile` is one of the three profiles, or published; `seeds` None means all in the store, and
    `iterations` None the profile's own.
    """

    profile: str = PUBLISHED
    depths: Sequence[int] = (20, 56)
    seeds: Sequence[int] | None = None
    device: str = "auto"
    iterations: int | None = None

    def __post_init__(self) -> None:
        check_choice("profile", self.profile, (*PROFILES, PUBLISHED))
        listed = "depths 6n+2 (papermill: -y 'depths: [20, 56]')"
        check_list("depths", self.depths, check_depth, listed)
        if self.seeds is not None:
            listed = "seeds (papermill: -y 'seeds: [0, 1]'; for all in the store -y 'seeds: null')"
            check_list("seeds", self.seeds, check_seed, listed)
        if self.iterations == "null":  # as papermill's -p passes it
            allowed = "the profile's own is written -y 'iterations: null' for papermill"
            raise ParameterError("iterations", self.iterations, allowed)
        if self.iterations is not None:
            check_integer("iterations", self.iterations, 1, 10_000_000)
        pick_device(self.device)
        check_names(vars(sys.modules["__main__"]).get("In", ()))
        store.evidence()

    @property
    def deep(self) -> int:
        return max(self.depths)

    @property
    def scales(self) -> tuple[str, ...]:
        """The scales that records may come from, largest first.

        Networks of others have no seeds, and all have the paper's length.
        """
        if self.profile != PUBLISHED:
            return (self.profile,)
        asked = self.seeds is not None or self.iterations is not None
        return tuple(name for name in SCALES if not (asked and name == "public"))

    @property
    def ours(self) -> tuple[str, ...]:
        """Those of the scales at which the networks are trained by us."""
        return tuple(name for name in self.scales if name != "public")

    @cached_property
    def scale(self) -> str:
        """The scale that shows both kinds of network at all depths of the chapter."""
        return self.largest(self.scales, KINDS)

    @cached_property
    def own_scale(self) -> str:
        """The same among the scales of ours."""
        return self.largest(self.ours, KINDS)

    def largest(self, scales: Sequence[str], kinds: Sequence[str]) -> str:
        """The first of these scales that has every network often enough for an interval, or the
        first that has every network and seed asked for, or the last."""
        ways = [(scale, fewest) for fewest in (FEWEST_SEEDS, 1) for scale in scales]
        return next((s for s, fewest in ways if self.complete(s, kinds, fewest)), scales[-1])

    def complete(self, scale: str, kinds: Sequence[str], fewest: int) -> bool:
        """Whether the store has every network of the chapter at a scale, with the seeds asked for
        or with so many."""
        pairs = [(kind, depth) for depth in self.depths for kind in kinds]
        if scale == "public":
            folder = store.committed() / "public"
            return all(any(folder.glob(f"*/{k}-{d}/record.json")) for k, d in pairs)
        wanted = set(self.seeds or ())
        recipes = [self.recipe(scale, *pair) for pair in pairs]
        groups = [set(stored_seeds(recipe)) for recipe in recipes]
        if wanted:  # a reader's own count as well
            groups = [g | {*store.seeds_of(r, store.own())} for g, r in zip(groups, recipes)]
        return all(wanted <= found and len(found) >= (len(wanted) or fewest) for found in groups)

    def recipe(self, scale: str, kind: str, depth: int) -> Recipe:
        """The recipe of one network of ours under these settings, with seed 0."""
        return Recipe.of(scale, kind, depth, iterations=self.iterations)

    def runs(self, kinds: Sequence[str] = KINDS, own: bool = False) -> list[Record]:
        """The networks of these kinds at the chapter's depths, at the scale that shows them.

        `own` leaves networks of others out. What no store has is trained.
        """
        scale = self.largest(self.ours if own else self.scales, kinds)
        if scale == "public":
            found = [r for r in store.every(scale) if not r.variant]
            return [r for r in found if r.kind in kinds and r.depth in self.depths]
        wanted = []
        for depth in sorted(self.depths):
            for kind in kinds:
                usual = self.recipe(scale, kind, depth)
                seeds = self.seeds or stored_seeds(usual) or [0]
                wanted += [replace(usual, seed=seed) for seed in seeds]
        return ensure(wanted, Options(self.device))

    def variants(self, kind: str, depth: int) -> list[Record]:
        """Every committed training of ours of one network, under whichever recipe."""
        found = [record for scale in self.ours for record in store.every(scale)]
        return [r for r in found if (r.kind, r.depth) == (kind, depth)]

    def experiment(self, name: str) -> Record:
        """An experiment's record at the largest scale that has it, with the seeds that it has;
        where none has it is run now, with the seeds asked for or seed 0 alone."""
        wanted = list(self.seeds) if self.seeds else [0]
        return self.stored(name) or experiments.ensure(name, self.ours[-1], wanted, self.device)

    def stored(self, name: str) -> Record | None:
        """The same, where the store has it at a scale that may be shown; else None."""
        return next(filter(None, (store.experiment(name, scale) for scale in self.ours)), None)


def check_names(cells: Sequence[str]) -> None:
    """ParameterError if, among the executed cells of a notebook, papermill's own gives a parameter
    that no chapter has, such as a misspelt one."""
    known = [field.name for field in fields(Settings)]
    for cell in cells:
        given = ast.parse(cell).body if cell.startswith("# Parameters\n") else []
        for line in given:
            if (name := line.targets[0].id) not in known:
                allowed = f"a chapter's parameters are {', '.join(known)}"
                raise ParameterError(name, ast.unparse(line.value), allowed)


def stored_seeds(recipe: Recipe) -> list[int]:
    """The seeds of a recipe in the committed store; where it has none, those a reader trained."""
    return store.seeds_of(recipe) or store.seeds_of(recipe, store.own())
