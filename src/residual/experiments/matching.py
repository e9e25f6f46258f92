"""Starts at which another path is met by as large an F as the identity is (note 002, §3).

Half of x, or a mixture that ReLU then cuts, lets the signal shrink from block to block, while
batch normalisation keeps F(x) as large as it was: before any training F drowns what the shortcut
returns. A smaller γ₂ in all blocks makes up for that, and tells the path from its start.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import product
from math import exp, log

from residual import probes
from residual.experiments.place import Place
from residual.probes import identity_median, significant
from residual.statistics import geometric_mean
from residual.store import Record

RETURNED = {"half": 0.5}
"""‖what the shortcut returns‖/‖x‖; the other shortcuts keep the norm."""

SETTINGS = {
    "depths": [20, 56],
    "shortcuts": ["half", "orthogonal"],  # a permutation starts as the identity does
    "smallest": 1e-7,  # γ₂ is looked for from here to one
    "close": 0.05,  # a start whose ratio is so near the identity's (by logarithm) matches already
    "images": 500,
}


def measure(chosen: dict, seed: int, place: Place) -> dict:
    """For each depth and path, with and without the last ReLU: the ratio of the identity, that of
    the path at γ₂ = 1, and the γ₂ at which the two are equal."""
    rows = []
    for depth, last_relu in product(chosen["depths"], (True, False)):
        at_start = partial(ratio, chosen, seed, place, depth, last_relu)
        wanted = at_start("identity", 1.0)
        for shortcut in chosen["shortcuts"]:
            path = partial(at_start, shortcut)
            row = {"depth": depth, "last_relu": last_relu, "shortcut": shortcut}
            row |= {"identity_ratio": significant(wanted), "own_ratio": significant(path(1.0))}
            rows.append(row | {"gamma": equalising(chosen, path, wanted)})
    return {"rows": rows}


def equalising(chosen: dict, path: Callable[[float], float], wanted: float) -> float:
    """The γ₂ at which a path, a function of it, has the wanted ratio; 1 if it is close there."""

    def off(log_gamma: float) -> float:
        """How far the path's ratio is above the wanted one, as a logarithm."""
        return log(path(exp(log_gamma)) / wanted)

    from scipy.optimize import brentq  # judging imports this module and finds no root

    if abs(off(0.0)) <= chosen["close"]:
        return 1.0
    return significant(exp(brentq(off, log(chosen["smallest"]), 0.0, xtol=0.002)))


def ratio(
    chosen: dict, seed: int, place: Place, depth: int, last_relu: bool, shortcut: str, gamma: float
) -> float:
    """Median over the identity blocks of ‖F(x)‖ over the norm of what the shortcut returns.

    Before training, on training images, with their exact BN statistics.
    """
    images, _ = place.training_images(chosen["images"])
    batches = images.split(250)
    recipe = replace(place.recipe("residual", depth, seed), shortcut=shortcut)
    recipe = replace(recipe, last_relu=last_relu, gamma=gamma)
    start = recipe.network(images.shape[1]).to(place.device)
    table = probes.block_ratios(probes.exact_statistics(start, batches), batches)
    return identity_median(table, "ratio") / RETURNED.get(shortcut, 1.0)


def matched_gamma(record: Record, depth: int, shortcut: str, last_relu: bool) -> float:
    """Where γ₂ starts in the trainings with a matched start: one number for all seeds.

    The geometric mean over the seeds of the record, rounded to three significant digits.
    """
    key = {"depth": depth, "last_relu": last_relu, "shortcut": shortcut}
    rows = [row for found in record.measurements for row in found["rows"]]
    gammas = [row["gamma"] for row in rows if key.items() <= row.items()]
    return float(f"{geometric_mean(gammas).estimate:.3g}")
