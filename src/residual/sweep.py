"""Many recipes: what the store has is read, what it lacks is trained."""

from pathlib import Path

from residual import runs
from residual.progress import Bar
from residual.recipe import Recipe
from residual.train import train


def ensure(
    recipes: list[Recipe], device: str = "auto", root: Path | None = None, data: Path | None = None
) -> list[runs.Run]:
    """The runs of these recipes, in their order; those that are missing are trained.

    Shows a progress bar with the time left in a terminal or in Jupyter while it trains.
    RecordError for a damaged record, DataError for missing data.
    """
    found = {recipe: runs.find(recipe, root) for recipe in recipes}
    missing = [recipe for recipe, run in found.items() if run is None]
    if missing:
        with Bar(missing) as progress:
            found |= {recipe: train(recipe, device, root, data, progress) for recipe in missing}
    return [found[recipe] for recipe in recipes]
