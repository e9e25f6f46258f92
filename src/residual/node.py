"""Many trainings on one machine without the book's packages, several of them at once.

    python -m residual.node --profile paper --depths 20,56 --seeds 0,1,2 --jobs 4

needs only torch, torchvision, numpy and safetensors, as on a compute node without network; the
digits of the quick profile come with scikit-learn. On CUDA each training that runs has a stream of
its own. The same command again goes on where it stopped.
"""

import argparse
import logging
import sys
from concurrent.futures import Future
from pathlib import Path

from residual.errors import DataError, EngineError, ParameterError, RecordError
from residual.provenance import DEVICES
from residual.recipe import KINDS, PROFILES, Recipe, recipes
from residual.train import CHECKPOINT_SECONDS, print_progress, train_together


def main() -> None:
    """Train what the store lacks; a line for each end, and exit status 1 if one failed."""
    given = parser().parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    cells = given.kinds.split(","), numbers(given.depths), numbers(given.seeds)
    places = given.device, given.runs, given.data, print_progress
    how = given.threads, given.long, given.checkpoint_seconds
    try:
        wanted = recipes(given.profile, *cells, given.iterations)
        made = train_together(wanted, given.jobs, *places, *how)
        failed = [recipe.name for recipe, future in made if not told(recipe, future)]
    except (ParameterError, DataError, RecordError, EngineError) as error:
        sys.exit(str(error))
    if failed:
        sys.exit(f"{len(failed)} of {len(wanted)} runs failed: {', '.join(failed)}")


def told(recipe: Recipe, future: Future) -> bool:
    """Say in a line what became of a recipe; whether it has a run."""
    error = future.exception()
    end = f"failed: {error}" if error else f"done: {future.result()['metrics']}"
    print(f"{recipe.name} {end}", flush=True)
    return error is None


def numbers(text: str) -> list[int]:
    """Integers with commas between them."""
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        sys.exit(f"{text!r} is not a list of integers such as 20,56")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="python -m residual.node", description=__doc__)
    made.add_argument("--profile", choices=PROFILES, default="quick")
    made.add_argument("--kinds", default=",".join(KINDS), help="with commas between them")
    made.add_argument("--depths", default="20,56", help="each is 6n+2")
    made.add_argument("--seeds", default="0")
    made.add_argument("--jobs", type=int, default=1, help="networks that take turns")
    made.add_argument("--iterations", type=int, help="instead of the profile's")
    made.add_argument("--device", choices=DEVICES, default="auto")
    made.add_argument("--runs", type=Path, help="the store of run records")
    made.add_argument("--data", type=Path, help="the folder that holds CIFAR-10")
    made.add_argument("--threads", type=int, help="CPU threads (default: one a core)")
    made.add_argument("--long", action="store_true", help="allow runs of many hours")
    made.add_argument("--checkpoint-seconds", type=float, default=CHECKPOINT_SECONDS)
    return made


if __name__ == "__main__":
    main()
