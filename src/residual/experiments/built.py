"""What follows from a construction alone: the same at every scale, and for every seed.

Rules read these numbers from the record, so that judging runs no network.
"""

from residual import constructions
from residual.experiments import regression
from residual.experiments.place import Place
from residual.probes import significant

SETTINGS = {"depths": [20, 32, 44, 56, 110], "walk_depths": [56, 1202], "floor_batches": 100}


def measure(chosen: dict, seed: int, place: Place) -> dict:
    """The numbers of `constructions`, and the error that exact identity weights leave with BN."""
    counts = constructions.parameter_counts(tuple(chosen["depths"]))
    floor = regression.identity_floor(regression.SETTINGS, chosen["floor_batches"])
    return {
        "walk": {str(d): significant(constructions.walk(d)) for d in chosen["walk_depths"]},
        "identity_floor": significant(floor),
        "equivalence_error": significant(constructions.equivalence_error()),
        "exact_conditions": constructions.exact_conditions(),
        "parameter_counts": {str(depth): list(pair) for depth, pair in counts.items()},
        "zero_gamma_ratio": constructions.zero_gamma_ratio(),
    }
