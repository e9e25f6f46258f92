"""Runs as tidy data frames: what figures and sentences are computed from."""

from collections.abc import Iterable

import pandas as pd

from residual.store import Record


def finals(runs: Iterable[Record]) -> pd.DataFrame:
    """One row a run: kind, depth, seed, train_error, test_error (per cent, at the end)."""
    return pd.DataFrame([about(run) | errors(run) for run in runs])


def errors(run: Record) -> dict[str, float | None]:
    """The two final errors of a run; missing where it diverged."""
    return {name: run["metrics"][name] for name in ("train_error", "test_error")}


def about(run: Record) -> dict:
    """What names a run in a table."""
    recipe = run.recipe
    return {"kind": recipe.kind, "depth": recipe.depth, "seed": recipe.seed, "run": run.name}


def curves(runs: Iterable[Record], which: str) -> pd.DataFrame:
    """The curve `training` or `test` of each run, one row a point."""
    frames = [pd.DataFrame(run["curves"][which]).assign(**about(run)) for run in runs]
    return pd.concat(frames, ignore_index=True)


def responses(runs: Iterable[Record], when: str = "final", what: str = "layers") -> pd.DataFrame:
    """The responses of each run: one row a layer (or block), `position` counting from 1."""
    frames = [
        pd.DataFrame(run["responses"][when][what])
        .assign(**about(run))
        .assign(position=lambda f: range(1, len(f) + 1))
        for run in runs
        if run["responses"]
    ]
    return pd.concat(frames, ignore_index=True)


def peer_responses(measured: Iterable[Record], what: str = "layers") -> pd.DataFrame:
    """The same of networks that others trained, with the column `source`; they have one seed."""
    frames = [
        pd.DataFrame(peer["responses"]["final"][what])
        .assign(kind=peer.kind, depth=peer.depth, seed=0, run=peer.name, source=peer.member)
        .assign(position=lambda f: range(1, len(f) + 1))
        for peer in measured
    ]
    return pd.concat(frames, ignore_index=True)


def peer_jacobians(measured: Iterable[Record]) -> pd.DataFrame:
    """Singular values of the blocks of networks that others trained: one row a block.

    Empty where no record has them.
    """
    frames = [
        pd.DataFrame(peer["probes"]["jacobian"])
        .assign(kind=peer.kind, depth=peer.depth, run=peer.name, source=peer.member)
        .rename(columns={"block": "position"})
        for peer in measured
        if "jacobian" in peer["probes"]
    ]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def gradients(runs: Iterable[Record]) -> pd.DataFrame:
    """‖∇W‖/‖W‖ of every 3×3 convolution, before training (`iteration` 0) and at evaluations."""
    frames = []
    for run in runs:
        found = run["gradients"]
        for iteration, ratios in zip(found["iteration"], found["ratio"]):
            frame = pd.DataFrame({"position": range(1, len(ratios) + 1), "ratio": ratios})
            frames.append(frame.assign(iteration=iteration, **about(run)))
    return pd.concat(frames, ignore_index=True)


def lesions(runs: Iterable[Record]) -> pd.DataFrame:
    """Test error with one block deleted: block, test_error, and `rise` over the whole network."""
    frames = []
    for run in runs:
        if run["probes"]:
            frame = pd.DataFrame(run["probes"]["lesions"]).assign(**about(run))
            whole = frame["test_error"].iloc[0]
            frames.append(frame.iloc[1:].assign(rise=lambda f, w=whole: f["test_error"] - w))
    return pd.concat(frames, ignore_index=True)


def by_network(frame: pd.DataFrame, value: str) -> pd.DataFrame:
    """Mean, standard deviation and number of seeds of a column, one row a network."""
    grouped = frame.dropna(subset=[value]).groupby(["depth", "kind"], as_index=False)[value]
    return grouped.agg(mean="mean", std="std", n="count")
