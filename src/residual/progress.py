"""A progress bar for terminals and Jupyter that leaves nothing in a stored output."""

import sys

from tqdm import tqdm

from residual.recipe import Recipe


class Bar:
    """Iterations of several trainings as one bar, in units of work (depth × iterations)."""

    def __init__(self, recipes: list[Recipe]) -> None:
        self.done = dict.fromkeys(recipes, 0)
        self.bar = tqdm(
            total=sum(recipe.iterations * recipe.depth for recipe in recipes),
            bar_format="{desc}: {percentage:3.0f}% {bar} {elapsed} gone, {remaining} left",
            disable=not (in_jupyter() or sys.stderr.isatty()),
            leave=False,
        )

    def __call__(self, recipe: Recipe, done: int) -> None:
        """Note that a recipe has done so many iterations."""
        before, self.done[recipe] = self.done[recipe], done
        finished = sum(done >= recipe.iterations for recipe, done in self.done.items())
        running = sum(0 < done < recipe.iterations for recipe, done in self.done.items())
        counts = f"{finished} of {len(self.done)} runs done, {running} running ({recipe.name})"
        self.bar.set_description_str(counts, refresh=False)
        self.bar.update((done - before) * recipe.depth)

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *_error: object) -> None:
        self.bar.close()
        if in_jupyter():
            from IPython.display import clear_output

            clear_output()


def in_jupyter() -> bool:
    """Whether this process is a notebook's kernel."""
    return "ipykernel" in sys.modules and "IPython" in sys.modules and _kernel_runs()


def _kernel_runs() -> bool:
    from IPython import get_ipython

    return type(get_ipython()).__name__ == "ZMQInteractiveShell"
