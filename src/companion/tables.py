"""Records as tidy data frames: what figures and sentences are computed from.

Every frame names its records: kind, depth, network, member (the seed of a training of ours, the
source of a network of others) and run (the record's name); of records also variant and scale.
"""

from collections.abc import Iterable
from math import nan

import numpy as np
import pandas as pd

from companion.words import SPACE, network
from residual.peers import Curve
from residual.recipe import PROFILES
from residual.store import Record

KEYS = ["depth", "kind", "network"]
FULL_LENGTH = PROFILES["paper"].iterations


def about(record: Record) -> dict:
    """What names a record in a frame."""
    told = {"kind": record.kind, "depth": record.depth}
    told |= {"network": network(record.kind, record.depth), "member": record.member}
    return told | {"variant": record.variant, "scale": record.scale, "run": record.name}


def probed(records: Iterable[Record], name: str) -> list[Record]:
    """Those records that have a probe of this name; a training that diverged has none."""
    return [record for record in records if record["probes"] and name in record["probes"]]


def joined(frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Frames one below the other; empty where there is none."""
    found = list(frames)
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def finals(records: Iterable[Record]) -> pd.DataFrame:
    """One row a network: train_error and test_error in per cent, at the end, in eval mode."""
    names = ("train_error", "test_error")
    rows = [about(r) | {name: r["metrics"][name] for name in names} for r in records]
    return pd.DataFrame(rows, columns=None if rows else [*KEYS, "run", *names])


def curves(records: Iterable[Record]) -> pd.DataFrame:
    """Our own runs' test_error by iteration, one row a point."""
    return joined(pd.DataFrame(r["curves"]["test"]).assign(**about(r)) for r in records)


def logs(logged: Iterable[Curve]) -> pd.DataFrame:
    """Training logs of others, one row a logged point, errors in per cent.

    Columns: iteration, epoch, share (of the training, per cent), train_error (on augmented images;
    `Curve.running` tells which state of the network it is of), held_out (error), held_out_on (test
    or validation), and kind, depth, network, member, run.
    """
    return joined(
        pd.DataFrame(
            {"iteration": c.iterations, "train_error": c.train_error, "held_out": c.held_out}
        ).assign(
            share=100 * np.array(c.iterations) / c.iterations[-1],
            epoch=np.array(c.iterations) / c.an_epoch,
            held_out_on=c.held_out_on,
            **of_log(c),
        )
        for c in logged
    )


def mean_log(frame: pd.DataFrame) -> pd.DataFrame:
    """The mean log of each network: kind, depth, network, share (of the training, per cent), mean.

    The mean is of held-out errors. Trainings are logged at different steps, so each is read at the
    same 201 shares of its length.
    """
    grid, frames = np.linspace(0, 100, 201), []
    for keys, part in frame.groupby(["kind", "depth", "network"]):
        runs = [np.interp(grid, run["share"], run["held_out"]) for _, run in part.groupby("run")]
        named = dict(zip(("kind", "depth", "network"), keys))
        frames.append(pd.DataFrame({"share": grid, "mean": np.mean(runs, axis=0)} | named))
    return joined(frames)


def logged_finals(logged: Iterable[Curve]) -> pd.DataFrame:
    """One row a logged training with a known final test_error, in per cent."""
    rows = [of_log(c) | {"test_error": c.final_test_error} for c in logged]
    found = pd.DataFrame(rows, columns=None if rows else [*KEYS, "run", "test_error"])
    return found.dropna(subset=["test_error"])


def of_log(curve: Curve) -> dict:
    """What names a log in a frame."""
    told = {"kind": curve.kind, "depth": curve.depth, "member": curve.source}
    told |= {"network": network(curve.kind, curve.depth)}
    return told | {"run": curve.name}


def responses(records: Iterable[Record], when: str = "final", what: str = "layers") -> pd.DataFrame:
    """The responses of each network: one row a layer (or block), `position` counting from 1.

    `when` is initial, final, or final_exact (BN statistics averaged exactly); networks of others
    have no initial ones and are left out there.
    """
    return joined(
        pd.DataFrame(r["responses"][when][what])
        .assign(**about(r))
        .assign(position=lambda f: range(1, len(f) + 1))
        for r in records
        if r["responses"] and when in r["responses"]
    )


def gradients(records: Iterable[Record]) -> pd.DataFrame:
    """Gradients of every 3×3 convolution before training (iteration 0) and at evaluations.

    Columns: layer, position, stage (1 to 3), iteration, weight (‖W‖), ratio (‖∇W‖/‖W‖), gradient
    (‖∇W‖) and scale_free (‖∇W‖·‖W‖, which the scale of W before BN does not change). Networks of
    others have one iteration: the end. Records made before ‖W‖ was measured have no weight.
    """
    frames = []
    for record in records:
        found = record["gradients"]
        layers, iterations = found["layer"], found.get("iteration", [FULL_LENGTH])
        ratio = np.array(found["ratio"], dtype=float)  # (iterations, layers), null as NaN
        weight = np.array(found["weight"], float) if "weight" in found else np.full_like(ratio, nan)
        frames.append(
            pd.DataFrame(
                {
                    "layer": layers * len(iterations),
                    "ratio": ratio.ravel(),
                    "weight": weight.ravel(),
                    "position": [*range(1, len(layers) + 1)] * len(iterations),
                    "stage": [stage(name, record.depth) for name in layers] * len(iterations),
                    "iteration": np.repeat(iterations, len(layers)),
                    "gradient": (ratio * weight).ravel(),
                    "scale_free": (ratio * weight**2).ravel(),
                }
            ).assign(**about(record))
        )
    return joined(frames)


def stage(layer: str, depth: int) -> int:
    """The stage, 1 to 3, of a layer such as stem or 4.2 (the second layer of block 4)."""
    if layer == "stem":
        return 1
    return 1 + (int(layer.split(".")[0]) - 1) // ((depth - 2) // 6)


def lesions(records: Iterable[Record]) -> pd.DataFrame:
    """Test error with one block deleted: block, test_error, and `rise` over the whole network."""
    frames = []
    for record in probed(records, "lesions"):
        frame = pd.DataFrame(record["probes"]["lesions"]).assign(**about(record))
        whole = frame["test_error"].iloc[0]
        frames.append(frame.iloc[1:].assign(rise=frame["test_error"].iloc[1:] - whole))
    return joined(frames)


def rows(experiment: Record) -> pd.DataFrame:
    """All rows that an experiment recorded, of every seed; columns of lists and dictionaries are
    left out."""
    pairs = zip(experiment.seeds, experiment.measurements)
    found = [{"seed": seed} | row for seed, measured in pairs for row in measured["rows"]]
    return pd.DataFrame(
        {k: v for k, v in row.items() if not isinstance(v, (list, dict))} for row in found
    )


def by_network(frame: pd.DataFrame, value: str, *more: str) -> pd.DataFrame:
    """Mean, std and number n of a column over trainings, one row a network (and `more` columns)."""
    keys = [*KEYS, *more]
    grouped = frame.dropna(subset=[value]).groupby(keys, as_index=False)[value]
    return grouped.agg(mean="mean", std="std", n="count")


def spread(frame: pd.DataFrame) -> list[str]:
    """mean ± std (n) of each row of `by_network`; mean (1) with one training."""
    told = []
    for mean, std, n in zip(frame["mean"], frame["std"], frame["n"]):
        text = f"{mean:.2f}" + (f"{SPACE}±{SPACE}{std:.2f}" if n > 1 else "")
        told.append(f"{text} ({n})".replace("-", "−"))
    return told
