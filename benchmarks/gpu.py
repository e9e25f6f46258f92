"""`python -m benchmarks.gpu` (or `make gpu`): what a machine with a GPU can tell, in one report.

Checks of some minutes come first, then the speed, then the paper's four networks at full length, at
once. The report is written after each step. Given again on the same device and code, the command
keeps the steps that are done and goes on from the last checkpoints.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor

from benchmarks.__main__ import images
from benchmarks.measure import probing, rates
from residual.data import Dataset, load
from residual.errors import ReaderError
from residual.provenance import DEVICES, device_name, pick_device, provenance
from residual.recipe import KINDS, PROFILES, Recipe, recipes
from residual.store import own, write_atomically
from residual.sweep import Options, Outcome, sweep
from residual.train import Training, graph

ABREAST = 4  # trainings at once, as `residual train` starts them on a GPU
LONGER = 40  # times the iterations of a check: a training that outlasts the start of its process
CPU = torch.device("cpu")


def advance(training: Training, step: Callable, start: int, stop: int) -> Tensor:
    """Train from one iteration to another with a step; the losses."""
    for i in range(start, stop):
        training.rate.fill_(training.recipe.rate(i))
        training.seen["loss"][i], training.seen["error"][i] = step(*training.batch(i))
    return training.seen["loss"][start:stop].cpu()


def farthest(losses: Tensor, others: Tensor) -> float | None:
    """The largest relative difference of two courses of the loss; None where one diverged."""
    found = float(((losses - others).abs() / others).max())
    return found if math.isfinite(found) else None


def equal(one: Training, other: Training) -> bool:
    """Whether two trainings have the same weights and statistics, bit for bit."""
    pairs = zip(one.model.state_dict().values(), other.model.state_dict().values())
    return all(torch.equal(a, b) for a, b in pairs)


def resumes(recipe: Recipe, data: Dataset, device: torch.device) -> dict:
    """Whether a training that stops half-way and goes on ends with the same bits, and whether one
    that does not stop does, without which the first says nothing."""
    half, end = recipe.iterations // 2, recipe.iterations
    whole, again, first, second = (Training(recipe, data, device) for _ in range(4))
    advance(whole, graph(whole, 0), 0, end)
    advance(again, graph(again, 0), 0, end)
    advance(first, graph(first, 0), 0, half)
    second.restore({name: tensor.clone() for name, tensor in first.state().items()})
    advance(second, graph(second, half), half, end)
    return {"bit_equal": equal(whole, second), "repeats": equal(whole, again)}


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
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):  # float32 is float32
            there = Training(recipe, data, device, precision=precision)
            losses = advance(there, there.step, 0, recipe.iterations)
        found[name] = {"first": farthest(losses[:1], expected[:1])}
        found[name] |= {"largest_difference": farthest(losses, expected)}
    return found


def abreast(given: argparse.Namespace) -> dict:
    """A training of some length, then as many at once as `residual train` starts on a GPU, in
    processes of their own: the longest seconds of both, without the start of a process, and whether
    the one among many ended as it did alone."""
    found, ends = {}, []
    with TemporaryDirectory() as folder:
        for name, count in (("alone", 1), ("abreast", ABREAST)):
            length = LONGER * given.iterations
            wanted = recipes(given.profile, ["residual"], given.depths[:1], range(count), length)
            how = Options(given.device, Path(folder, name), given.data, jobs=count)
            outcomes = sweep(wanted, how)
            if failed := [str(outcome.error) for outcome in outcomes if outcome.error]:
                return found | {"failed": failed[0]}
            found[f"{name}_seconds"] = max(o.run["provenance"]["seconds"] for o in outcomes)
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
    """All steps, the report written after each; those that an earlier call did are kept.

    DataError without the data of the trainings at the end, ParameterError for a wrong one.
    """
    device = pick_device(given.device)
    wanted = recipes(given.profile, list(KINDS), given.depths, [0], given.length)
    load(PROFILES[given.profile].dataset, given.data)
    data = images(given.data)
    path, made = given.output / "gpu-report.json", provenance(device)
    told = {"device": device_name(device), "provenance": made, "data": data.name}
    if device.type == "cuda":
        about = torch.cuda.get_device_properties(device)
        told["gpu"] = {"memory": about.total_memory, "capability": [about.major, about.minor]}
        told["gpu"] |= {"cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version()}
    if path.is_file():
        older = json.loads(path.read_text("utf-8"))
        same = ("versions", "source_digest")
        if all(older["provenance"].get(name) == made.get(name) for name in same):
            told = older if older["device"] == told["device"] else told

    def step(name: str, work: Callable[[], dict]) -> None:
        if name in told and "failed" not in told[name]:
            return
        told[name] = tried(work)
        write_atomically(path, (json.dumps(told, indent=1) + "\n").encode())
        print(f"{name}: {json.dumps(told[name])}", flush=True)

    def timed(depth: int, iterations: int | None = None) -> Recipe:
        recipe = Recipe.of("desk", "residual", depth, iterations=iterations)
        return replace(recipe, batch_size=given.batch_size)

    short = timed(given.depths[0], given.iterations)
    for name, check in CHECKS.items():
        step(name, lambda check=check: check(short, data, device))
    step("abreast", lambda: abreast(given))
    for depth in given.depths:
        how = timed(depth), data, device, given.rounds
        step(f"speed-{depth}", lambda how=how: rates(*how, given.iterations) | probing(*how))
    for outcome in sweep(wanted, Options(given.device, given.runs, given.data)):
        step(outcome.recipe.name, lambda outcome=outcome: ended(outcome))
    return told


def ended(outcome: Outcome) -> dict:
    """The metrics of a training and how long it took; RuntimeError where it failed."""
    if outcome.error:
        raise RuntimeError(str(outcome.error))
    return outcome.run["metrics"] | {"seconds": outcome.run["provenance"]["seconds"]}


def depths(text: str) -> list[int]:
    """Depths with commas between; ValueError, which argparse tells, for anything else."""
    return [int(part) for part in text.split(",")]


def main() -> None:
    """Read the options, do all steps, say where the report is."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--device", choices=DEVICES, default="auto")
    parser.add_argument("--iterations", type=int, default=50, help="of each check")
    parser.add_argument("--batch-size", type=int, default=128, help="of checks and speed")
    parser.add_argument("--rounds", type=int, default=5, help="of the measurement of speed")
    parser.add_argument(
        "--depths", type=depths, default="20,56", help="the checks take the first of them"
    )
    parser.add_argument("--profile", default="paper", help="of the trainings at the end")
    parser.add_argument("--length", type=int, help="their iterations (default: the profile's)")
    parser.add_argument("--data", type=Path, help="the folder that holds CIFAR-10")
    parser.add_argument("--runs", type=Path, help="their store (default: your own)")
    parser.add_argument("--output", type=Path, default=Path(), help="the report's folder")
    given = parser.parse_args()
    try:
        if given.device == "auto" and pick_device("auto").type == "cpu":
            sys.exit("Error: no GPU was found. With --device cpu the script can be tried.")
        report(given)
    except ReaderError as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        sys.exit("Stopped; given again, the command goes on.")
    print(
        f"The report is {given.output / 'gpu-report.json'}: please open an issue with it, and with "
        f"the records below {given.runs or own()}, in the book's repository."
    )


if __name__ == "__main__":
    main()
