"""What is measured: rates of the full loop, of the bare step, of matrix products, of the usual way;
of one network on all cores against one a core; and of a compiled step.

All ways are timed in turn, round after round, in one process, and medians are taken, so that a
machine that slows down slows all of them down.
"""

import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from statistics import median

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.usual import usual
from residual import probes
from residual.data import Dataset
from residual.provenance import computing_with, usable_cores
from residual.recipe import Recipe
from residual.train import EVAL_BATCH, Training, graph

GEMM = 2048  # rows and columns of the matrices multiplied; four times as many on a GPU
PASSES = 3  # a backward pass costs two forward passes


def wait(device: torch.device) -> None:
    """Wait until the device has done what it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def seconds(device: torch.device, work: Callable[[], object]) -> float:
    """How long some work takes on the device."""
    wait(device)
    begun = time.perf_counter()
    work()
    wait(device)
    return time.perf_counter() - begun


def interleaved(ways: dict[str, Callable], rounds: int, device: torch.device) -> dict[str, list]:
    """Seconds of each way in each round, after one round to warm up."""
    for way in ways.values():
        way()
    timed: dict[str, list] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            timed[name].append(seconds(device, way))
    return timed


def gemm(device: torch.device) -> tuple[Callable[[], Tensor], float]:
    """A matrix product in the training's precision, and its floating-point operations."""
    kind = torch.bfloat16 if device.type == "cuda" else torch.float32
    side = GEMM * 4 if device.type == "cuda" else GEMM
    a, b = (torch.randn(side, side, device=device, dtype=kind) for _ in range(2))
    return lambda: a @ b, 2.0 * side**3


def operations(recipe: Recipe) -> float:
    """Floating-point operations of one iteration's convolutions and classifier."""
    n = (recipe.depth - 2) // 6
    stem, first = 9 * 3 * 16 * 1024, 9 * 16 * 16 * 1024
    stages = 2 * n * first + 2 * (2 * n * first - first // 2)
    return 2.0 * PASSES * recipe.batch_size * (stem + stages + 640)


class Bare:
    """The step alone: one batch that is there already, in the training's own network."""

    def __init__(self, training: Training) -> None:
        self.training = training
        size = training.recipe.batch_size
        images, labels = next(training.batches(training.train.head(size)))
        self.images = images.repeat(-(-size // len(images)), 1, 1, 1)[:size]
        self.images = self.images.contiguous(memory_format=torch.channels_last)
        self.labels = labels.repeat(-(-size // len(labels)))[:size]

    def step(self) -> None:
        """Forward, backward, update."""
        training = self.training
        with training.autocast():
            logits = training.model(self.images)
        training.optimizer.zero_grad()
        F.cross_entropy(logits.float(), self.labels).backward()
        training.optimizer.step()


def rates(recipe: Recipe, dataset: Dataset, device: torch.device, rounds: int, count: int) -> dict:
    """Images a second of the loop, the bare step and the usual way, and shares of the GEMM rate.

    The loop is all that a training does between two evaluations, its batches included.
    """
    loop, bare = Training(recipe, dataset, device), Bare(Training(recipe, dataset, device))
    other = usual(recipe, dataset.train, device)
    product, product_operations = gemm(device)
    step = graph(loop, 0)

    def whole() -> None:
        for i in range(count):
            loop.rate.fill_(recipe.rate(i))
            loop.seen["loss"][i], loop.seen["error"][i] = step(*loop.batch(i))
        loop.seen["loss"][:count].isfinite().all().item()

    ways = {
        "loop": whole,
        "step": lambda: [bare.step() for _ in range(count)],
        "usual": lambda: [next(other) for _ in range(count)],
        "gemm": lambda: [product() for _ in range(8)],
    }
    timed = interleaved(ways, rounds, device)
    speed = {name: recipe.batch_size * count / median(timed[name]) for name in timed}
    flops = 8 * product_operations / median(timed["gemm"])
    bound = flops / operations(recipe) * recipe.batch_size
    return {
        "depth": recipe.depth,
        "kind": recipe.kind,
        "loop_images_per_second": speed["loop"],
        "step_images_per_second": speed["step"],
        "usual_images_per_second": speed["usual"],
        "gemm_flops_per_second": flops,
        "loop_over_step": median(s / t for s, t in zip(timed["step"], timed["loop"])),
        "loop_over_usual": median(u / t for u, t in zip(timed["usual"], timed["loop"])),
        "loop_over_gemm": speed["loop"] / bound,
        "milliseconds_per_iteration": 1e3 * median(timed["loop"]) / count,
    }


def probing(recipe: Recipe, dataset: Dataset, device: torch.device, rounds: int) -> dict:
    """Time of the responses probe over that of a plain forward pass on the same images."""
    training = Training(recipe, dataset, device)
    images = [batch for batch, _ in training.batches(training.test.head(2 * EVAL_BATCH))]

    def forward() -> None:
        with probes.evaluating(training.model):
            for batch in images:
                training.model(batch)

    ways = {"forward": forward, "probe": lambda: probes.responses(training.model, images)}
    timed = interleaved(ways, rounds, device)
    ratios = [p / f for p, f in zip(timed["probe"], timed["forward"])]
    return {"depth": recipe.depth, "probe_over_forward": median(ratios)}


def abreast(recipe: Recipe, dataset: Dataset, rounds: int, count: int) -> dict:
    """Images a second on a CPU: one network on all cores, against one a core with one thread each.

    The second counts the images of all networks, which train in processes of their own, as in
    `residual train --jobs`. An iteration is forward, backward and update.
    """
    cores = usable_cores()
    alone = Bare(Training(recipe, dataset, torch.device("cpu")))

    def one() -> None:
        with computing_with(cores):
            for _ in range(count):
                alone.step()

    with ExitStack() as stack:
        spawn = multiprocessing.get_context("spawn")
        small = Dataset(dataset.name, dataset.train.head(1000), dataset.test.head(1000), 4, True)
        pools = [ProcessPoolExecutor(1, spawn, prepare, (recipe, small)) for _ in range(cores)]
        for pool in pools:
            stack.enter_context(pool)

        def each() -> None:
            for future in [pool.submit(advance, count) for pool in pools]:
                future.result()

        timed = interleaved({"one": one, "each": each}, rounds, torch.device("cpu"))
    images = recipe.batch_size * count
    return {
        "depth": recipe.depth,
        "cores": cores,
        "one_images_per_second": images / median(timed["one"]),
        "each_images_per_second": cores * images / median(timed["each"]),
        "each_over_one": median(cores * o / e for o, e in zip(timed["one"], timed["each"])),
    }


def prepare(recipe: Recipe, dataset: Dataset) -> None:
    """Make this process ready to train one network with one thread."""
    global prepared
    torch.set_num_threads(1)
    prepared = Bare(Training(recipe, dataset, torch.device("cpu")))


def advance(count: int) -> None:
    """So many iterations of the network of this process."""
    for _ in range(count):
        prepared.step()


def compiled(
    recipe: Recipe, dataset: Dataset, device: torch.device, rounds: int, count: int
) -> dict:
    """The rate of the bare step with torch.compile over its rate without; empty where none works.

    Inductor makes code for a CPU with the system's C++ compiler.
    """
    eager = Bare(Training(recipe, dataset, device))
    other = Bare(Training(recipe, dataset, device))
    other.training.model = torch.compile(other.training.model)
    ways = {
        name: lambda step=bare.step: [step() for _ in range(count)]
        for name, bare in (("eager", eager), ("compiled", other))
    }
    try:
        timed = interleaved(ways, rounds, device)
    except torch._dynamo.exc.TorchDynamoException:  # no compiler here
        return {}
    ratio = median(e / c for e, c in zip(timed["eager"], timed["compiled"]))
    return {"depth": recipe.depth, "compiled_over_eager": ratio}
