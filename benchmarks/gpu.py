"""`python -m benchmarks.gpu` (or `make gpu`): what a machine with a GPU can tell, in one report.

Checks of some minutes come first, then the speed, then the paper's four networks at full length.
The report is written after each step. Given again, the command goes on from the last checkpoint.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor

from benchmarks.__main__ import images
from benchmarks.measure import probing, rates
from residual.data import Dataset
from residual.errors import ReaderError
from residual.provenance import DEVICES, device_name, pick_device, provenance
from residual.recipe import KINDS, Recipe, recipes
from residual.store import write_atomically
from residual.sweep import Options, sweep
from residual.train import Training, graph

ABREAST = 4  # trainings at once, as `residual train` starts them on a GPU
CPU = torch.device("cpu")


def advance(training: Training, step: Callable, start: int, stop: int) -> Tensor:
    """Train from one iteration to another with a step; the losses."""
    for i in range(start, stop):
        training.rate.fill_(training.recipe.rate(i))
        training.seen["loss"][i], training.seen["error"][i] = step(*training.batch(i))
    return training.seen["loss"][start:stop].cpu()


def farthest(losses: Tensor, others: Tensor) -> float:
    """The largest relative difference of two courses of the loss."""
    return float(((losses - others).abs() / others).max())


def resumes(recipe: Recipe, data: Dataset, device: torch.device) -> dict:
    """Whether a training that stops half-way and goes on ends with the same bits."""
    half, end = recipe.iterations // 2, recipe.iterations
    whole, first, second = (Training(recipe, data, device) for _ in range(3))
    losses = advance(whole, graph(whole, 0), 0, end)
    advance(first, graph(first, 0), 0, half)
    second.restore({name: tensor.clone() for name, tensor in first.state().items()})
    advance(second, graph(second, half), half, end)
    pairs = zip(whole.model.state_dict().values(), second.model.state_dict().values())
    equal = all(torch.equal(one, other) for one, other in pairs)
    return {"bit_equal": equal, "last_loss": float(losses[-1])}


def graphs(recipe: Recipe, data: Dataset, device: torch.device) -> dict:
    """Losses of a captured iteration against those of the same step without a graph."""
    with_graph, without = (Training(recipe, data, device) for _ in range(2))
    step = graph(with_graph, 0)
    if step == with_graph.step:
        return {"captured": False}
    losses = advance(with_graph, step, 0, recipe.iterations)
    others = advance(without, without.step, 0, recipe.iterations)
    return {"captured": True, "largest_difference": farthest(losses, others)}


def against_cpu(recipe: Recipe, data: Dataset, device: torch.device) -> dict:
    """Losses in the device's precision, and in float32, against those of the CPU in float32."""
    here = Training(recipe, data, CPU)
    expected = advance(here, here.step, 0, recipe.iterations)
    found = {"cpu_last_loss": float(expected[-1])}
    for name, precision in (("own", None), ("float32", torch.float32)):
        there = Training(recipe, data, device, precision=precision)
        losses = advance(there, there.step, 0, recipe.iterations)
        found[name] = {"first": farthest(losses[:1], expected[:1])}
        found[name] |= {"largest_difference": farthest(losses, expected)}
    return found


def abreast(given: argparse.Namespace) -> dict:
    """One short training, then as many at once as `residual train` starts on a GPU, in processes of
    their own: seconds of both, and whether the one among many ended as it did alone."""
    found, ends = {}, []
    with TemporaryDirectory() as folder:
        for name, count in (("alone", 1), ("abreast", ABREAST)):
            wanted = recipes(
                given.profile, ["residual"], given.depths[:1], range(count), given.iterations
            )
            how = Options(given.device, Path(folder, name), given.data, jobs=count)
            start = time.perf_counter()
            outcomes = sweep(wanted, how)
            found[f"{name}_seconds"] = round(time.perf_counter() - start, 3)
            if failed := [str(outcome.error) for outcome in outcomes if outcome.error]:
                return found | {"failed": failed[0]}
            ends.append(outcomes[0].run["metrics"])
    return found | {"equal": ends[0] == ends[1]}


CHECKS = {"resume": resumes, "graph": graphs, "cpu": against_cpu}


def tried(work: Callable[[], dict]) -> dict:
    """What a check found; the error's words where it could not be done on this device."""
    try:
        return work()
    except (RuntimeError, TypeError, NotImplementedError) as error:
        return {"failed": f"{type(error).__name__}: {str(error).splitlines()[0]}"}


def report(given: argparse.Namespace) -> dict:
    """All steps, the report written after each."""
    device = pick_device(given.device)
    told = {"device": device_name(device), "provenance": provenance(device)}
    path, data = given.output / "gpu-report.json", images(given.data)

    def keep(name: str, found: object) -> None:
        told[name] = found
        write_atomically(path, (json.dumps(told, indent=1) + "\n").encode())
        print(f"{name}: {json.dumps(found)}", flush=True)

    def timed(depth: int, iterations: int | None = None) -> Recipe:
        recipe = Recipe.of("desk", "residual", depth, iterations=iterations)
        return replace(recipe, batch_size=given.batch_size)

    short = timed(given.depths[0], given.iterations)
    for name, check in CHECKS.items():
        keep(name, tried(lambda check=check: check(short, data, device)))
    keep("abreast", tried(lambda: abreast(given)))
    for depth in given.depths:
        made = tried(lambda depth=depth: rates(timed(depth), data, device, given.rounds, 2))
        made |= tried(lambda depth=depth: probing(timed(depth), data, device, given.rounds))
        keep(f"speed-{depth}", made)
    for recipe in recipes(given.profile, list(KINDS), given.depths, [0], given.length):
        (outcome,) = sweep([recipe], Options(given.device, given.runs, given.data))
        ended = {"error": str(outcome.error)} if outcome.error else outcome.run["metrics"]
        spent = {} if outcome.error else {"seconds": outcome.run["provenance"]["seconds"]}
        keep(recipe.name, ended | spent)
    return told


def main() -> None:
    """Read the options, do all steps, say where the report is."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--device", choices=DEVICES, default="auto")
    parser.add_argument("--iterations", type=int, default=50, help="of each check")
    parser.add_argument("--batch-size", type=int, default=128, help="of checks and speed")
    parser.add_argument("--rounds", type=int, default=5, help="of the measurement of speed")
    parser.add_argument("--depths", default="20,56", help="the checks take the first of them")
    parser.add_argument("--profile", default="paper", help="of the trainings at the end")
    parser.add_argument("--length", type=int, help="their iterations (default: the profile's)")
    parser.add_argument("--data", type=Path, help="the folder that holds CIFAR-10")
    parser.add_argument("--runs", type=Path, help="their store (default: your own)")
    parser.add_argument("--output", type=Path, default=Path(), help="the report's folder")
    given = parser.parse_args()
    try:
        given.depths = [int(part) for part in given.depths.split(",")]
        report(given)
    except ReaderError as error:
        sys.exit(f"Error: {error}")
    except ValueError as error:
        sys.exit(f"depths: {error}")
    where = given.output / "gpu-report.json"
    print(f"The report is {where}: please open an issue with it in the book's repository.")


if __name__ == "__main__":
    main()
