"""The experiments by claim, and `ensure`, which reads a record or makes it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from residual import store
from residual.errors import check_choice, check_integer, check_list
from residual.experiments import (
    decay,
    fixed_point,
    gradients,
    landscape,
    perturbation,
    regression,
    solution,
    spectra,
    thirty_four,
    untrained,
    weights,
    zeroing,
)
from residual.experiments.place import Place
from residual.provenance import pick_device, provenance
from residual.recipe import PROFILES
from residual.store import Record


@dataclass(frozen=True)
class Study:
    """How an experiment is scaled to a profile, what it measures with one seed, and its seeds.

    `settings(profile)` is plain data; `measure(settings, seed, place)` returns plain data too.
    """

    settings: Callable[[str], dict]
    measure: Callable[[dict, int, Place], dict]
    seeds: tuple[int, ...] = (0, 1, 2)


EXPERIMENTS: dict[str, Study] = {
    "solution-exists": Study(solution.settings, solution.measure),
    "vanishing-gradients": Study(gradients.settings, gradients.measure),
    "identity-is-hard": Study(regression.settings, regression.measure),
    "complex-weights": Study(perturbation.settings, perturbation.measure),
    "zero-kills-plain": Study(zeroing.settings, zeroing.measure),
    "weights-go-to-zero": Study(weights.settings, weights.measure),
    "zero-is-fixed": Study(fixed_point.settings, fixed_point.measure),
    "decay-pulls-to-zero": Study(decay.settings, decay.measure),
    "figure-7-networks": Study(thirty_four.settings, thirty_four.measure),
    "loss-surface": Study(landscape.settings, landscape.measure),
    "preconditioning": Study(spectra.settings, spectra.measure, seeds=(0, 1, 2, 3, 4)),
    "untrained-jacobians": Study(untrained.settings, untrained.measure, seeds=(0, 1, 2, 3, 4)),
}


def ensure(
    name: str,
    profile: str,
    seeds: Sequence[int] | None = None,
    device: str = "auto",
    root: Path | None = None,
) -> Record:
    """The record of an experiment: read if the store has it with these seeds, else completed.

    `seeds` None takes the record as it is, or the experiment's own seeds (mostly 0, 1, 2) where
    there is none. ParameterError for a wrong name, profile, seed or device; RecordError for a
    damaged record; DataError where a trained network is needed and its data set is missing.
    """
    check_choice("experiment", name, tuple(EXPERIMENTS))
    check_choice("profile", profile, tuple(PROFILES))
    study, found = EXPERIMENTS[name], store.experiment(name, profile, root)
    if found is None and root is None:
        found = store.experiment(name, profile, store.own())
    if seeds is None:
        wanted = list(found.seeds if found else study.seeds)
    else:
        wanted = check_list("seeds", seeds, check_seed, "seeds")
    settings = study.settings(profile)
    known = measured(found, settings)
    if found and known and set(wanted) <= known.keys():
        return found
    place = Place(profile, pick_device(device), root)
    started, begun = datetime.now(UTC).isoformat(timespec="seconds"), time.monotonic()
    for seed in wanted:
        if seed not in known:
            known[seed] = study.measure(settings, seed, place)
    about = provenance(place.device, started, time.monotonic() - begun, 0)
    content = {"settings": settings, "seeds": sorted(known)}
    content |= {"measurements": [known[s] for s in sorted(known)], "provenance": about}
    content |= {"experiment": name, "profile": profile}
    return store.write(content, root or store.own())


def check_seed(seed: object) -> None:
    """Raise ParameterError unless the value is a seed."""
    check_integer("seeds", seed, 0, 2**31 - 1)


def measured(found: Record | None, settings: dict) -> dict[int, dict]:
    """What a record holds by seed; nothing if it was made with other settings."""
    if found is None or found["settings"] != settings:
        return {}
    return dict(zip(found.seeds, found.measurements))
