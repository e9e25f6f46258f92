"""`python -m benchmarks --depths 20,56,110`: a table, and benchmarks/results/<device>.json."""

import argparse
import json
import os
import re
import sys
from pathlib import Path

import torch

from benchmarks.measure import abreast, compiled, probing, rates
from residual.data import Dataset, Split, load
from residual.errors import DataError, ParameterError
from residual.provenance import DEVICES, computing_with, device_name, pick_device, provenance
from residual.recipe import Recipe

RESULTS = Path(__file__).parent / "results"
COLUMNS = {
    "depth": "{}",
    "loop_images_per_second": "{:,.0f}",
    "step_images_per_second": "{:,.0f}",
    "usual_images_per_second": "{:,.0f}",
    "loop_over_step": "{:.1%}",
    "loop_over_gemm": "{:.1%}",
    "loop_over_usual": "{:.2f}",
    "milliseconds_per_iteration": "{:,.1f}",
    "probe_over_forward": "{:.2f}",
    "compiled_over_eager": "{:.2f}",
    "one_images_per_second": "{:,.0f}",
    "each_images_per_second": "{:,.0f}",
    "each_over_one": "{:.2f}",
}


def images(folder: Path | None) -> Dataset:
    """CIFAR-10, or random images of its shape where it is not there: speed does not differ."""
    try:
        return load("cifar10", folder)
    except DataError:
        generator = torch.Generator().manual_seed(0)
        shape = (5000, 32, 32, 3)
        pixels = torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)
        split = Split(pixels, torch.randint(0, 10, shape[:1], generator=generator))
        return Dataset("random", split, split, padding=4, flips=True)


def measured(given: argparse.Namespace) -> dict:
    """All measurements, with where and when they were made."""
    device, dataset, load_average = pick_device(given.device), images(given.data), os.getloadavg()
    rows = []
    with computing_with(given.threads):
        made, name = provenance(device), device_name(device)
        for depth in given.depths:
            recipe = Recipe.of("desk", "residual", depth)
            row = rates(recipe, dataset, device, given.rounds, given.iterations)
            row |= probing(recipe, dataset, device, given.rounds)
            if given.compile:
                row |= compiled(recipe, dataset, device, given.rounds, given.iterations)
            if device.type == "cpu":
                row |= abreast(recipe, dataset, given.rounds, given.iterations)
            rows.append(row)
    return {
        "device": name,
        "data": dataset.name,
        "batch_size": 128,
        "rounds": given.rounds,
        "iterations_per_round": given.iterations,
        "load_average_before": load_average[0],
        "rows": rows,
        "provenance": made,
    }


def show(result: dict) -> None:
    """Print the measurements as a table."""
    print(result["device"])
    for name, form in COLUMNS.items():
        shown = (form.format(row[name]) if name in row else "–" for row in result["rows"])
        print(f"{name:28}", *(f"{cell:>10}" for cell in shown))


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--depths", default="20,32,44,56,110")
    parser.add_argument("--device", choices=DEVICES, default="auto")
    parser.add_argument("--threads", type=int, help="CPU threads (default: one a core)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--iterations", type=int, default=2, help="timed together in a round")
    parser.add_argument(
        "--compile", action="store_true", help="measure torch.compile too (minutes a depth)"
    )
    parser.add_argument("--data", type=Path, help="the folder that holds CIFAR-10")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the JSON file goes")
    given = parser.parse_args()
    try:
        given.depths = [int(part) for part in given.depths.split(",")]
        result = measured(given)
    except ValueError as error:
        sys.exit(f"Error: {error}" if isinstance(error, ParameterError) else f"depths: {error}")
    show(result)
    given.output.mkdir(parents=True, exist_ok=True)
    slug = re.sub(r"[^a-z0-9]+", "-", result["device"].lower()).strip("-")
    path = given.output / f"{slug}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(path.name)


if __name__ == "__main__":
    main()
