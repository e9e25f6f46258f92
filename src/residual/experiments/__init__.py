"""Small studies beside the training runs: `ensure(name, profile) -> Record`.

Each measures one seed at a time and writes it down at once. Its record lies beside the profile's
runs and is read where it is there. EXPERIMENTS names them, most of them by the claim that reads
them.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from residual import store
from residual.errors import check_choice, check_list, check_seed
from residual.experiments import (
    built,
    decay,
    fixed_point,
    gradients,
    matching,
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
    """What an experiment measures with one seed, its settings, and the seeds.

    `measure(settings, seed, place)` returns plain data. The settings are plain data too; `given`
    may be a function that scales them to a profile.
    """

    measure: Callable[[dict, int, Place], dict]
    given: dict | Callable[[str], dict]
    seeds: tuple[int, ...] = (0, 1, 2)

    def settings(self, profile: str) -> dict:
        """The settings at a profile."""
        return self.given(profile) if callable(self.given) else self.given


FIVE = (0, 1, 2, 3, 4)
EXPERIMENTS: dict[str, Study] = {
    "solution-exists": Study(solution.measure, solution.SETTINGS),
    "vanishing-gradients": Study(gradients.measure, gradients.SETTINGS),
    "identity-is-hard": Study(regression.measure, regression.SETTINGS),
    "identity-without-bn": Study(regression.measure, regression.WITHOUT_BN),
    "complex-weights": Study(perturbation.measure, perturbation.SETTINGS),
    "zero-kills-plain": Study(zeroing.measure, zeroing.SETTINGS),
    "weights-go-to-zero": Study(weights.measure, weights.SETTINGS),
    "zero-is-fixed": Study(fixed_point.measure, fixed_point.SETTINGS, FIVE),
    "decay-pulls-to-zero": Study(decay.measure, decay.SETTINGS),
    "figure-7-networks": Study(thirty_four.measure, thirty_four.settings),
    "preconditioning": Study(spectra.measure, spectra.SETTINGS, FIVE),
    "untrained-jacobians": Study(spectra.measure_full_size, spectra.FULL_SIZE, FIVE),
    "untrained-networks": Study(untrained.measure, untrained.SETTINGS, FIVE),
    "matched-starts": Study(matching.measure, matching.SETTINGS, FIVE),
    "constructions": Study(built.measure, built.SETTINGS, (0,)),
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
    study, wanted = EXPERIMENTS[name], None
    if seeds is not None:
        wanted = check_list("seeds", seeds, check_seed, "seeds")
    settings = study.settings(profile)
    for folder in [root] if root else [None, store.own()]:
        found = store.experiment(name, profile, folder)
        here = measured(found, settings)
        if here and set(wanted or here) <= here.keys():
            return found
    place, into = Place(profile, pick_device(device), root), root or store.own()
    store.prepare(into)
    with store.locked(into / profile / "experiments" / name):
        known = {}
        for folder in [root] if root else [None, into]:
            known |= measured(store.experiment(name, profile, folder), settings)
        about, begun = provenance(place.device), time.monotonic()
        for seed in wanted or study.seeds:
            if seed not in known:
                known[seed] = study.measure(settings, seed, place)
                about["seconds"] = round(time.monotonic() - begun, 3)
                store.write(content(name, profile, settings, known, about), into)
        about["seconds"] = round(time.monotonic() - begun, 3)
        return store.write(content(name, profile, settings, known, about), into)


def content(name: str, profile: str, settings: dict, known: dict[int, dict], about: dict) -> dict:
    """An experiment's record, from what it measured with each seed and its provenance."""
    return {
        "experiment": name,
        "profile": profile,
        "settings": settings,
        "seeds": sorted(known),
        "measurements": [known[seed] for seed in sorted(known)],
        "provenance": about,
    }


def measured(found: Record | None, settings: dict) -> dict[int, dict]:
    """What a record holds by seed; nothing if it was made with other settings."""
    if found is None or found["settings"] != settings:
        return {}
    return dict(zip(found.seeds, found.measurements))
