"""Captions, tables and sentences of the chapter on degradation; its cells draw the figures."""

from collections.abc import Collection, Sequence

import pandas as pd
from scipy.stats import gmean

from companion.display import cell
from companion.tables import by_network, finals, logged_finals, logs, spread
from companion.words import (
    SPACE,
    change_with_depth,
    count,
    error_rate,
    experiment_scale,
    names,
    network,
    networks,
    points,
)
from residual import paper, peers
from residual.peers import Curve
from residual.recipe import KINDS
from residual.statistics import FEWEST_SEEDS, listed, number
from residual.store import Record, every


def error_words(frame: pd.DataFrame, note: str) -> tuple[str, str]:
    """Caption and alt text of a figure of errors: what happens with depth, then a note.

    The frame has kind, depth, network and test_error (final, per cent), one row a training.
    """
    found = [change_with_depth(frame, kind) for kind in KINDS]
    means = by_network(frame, "test_error")
    told = ", ".join(f"{n} {m:.1f}" for n, m in zip(means["network"], means["mean"]))
    alt = f"Errors in per cent of {networks(frame)}. Mean final test error: {told} per cent."
    return " ".join([*filter(None, found), note]), alt


def figure_6_words(logged: Sequence[Curve]) -> dict:
    """All that `display.figure` wants for Figure 6 at full length, from the logs that it shows."""
    frame, ends = logs(logged), logged_finals(logged)
    sources = frame["member"].nunique()
    note = (
        f"Trained by others at the paper's full length: {count(len(logged), 'training')} from "
        f"{sources} sources that logged the test error of each epoch, each a thin line; bold: mean "
        "test error, dotted: mean running training error; diamonds: the paper's own final test "
        "errors (plain: read off its Fig. 6 by eye)."
    )
    caption, alt = error_words(ends, note)
    columns = ["network", "member", "iteration", "train_error", "held_out"]
    data = frame[columns].rename(columns={"held_out": "test_error"})  # each training
    return {"caption": caption, "alt": alt, "data": data, "records": names(frame)}


def final_words(ends: pd.DataFrame) -> dict:
    """All that `display.figure` wants for final test errors against depth."""
    note = (
        "Each dot is a training by others at full length, with the final test error that its "
        f"authors report ({len(ends)} from {ends['member'].nunique()} sources); grey: the paper's "
        "own (ResNets: Table 6; plain nets: read off Fig. 6 by eye)."
    )
    caption, alt = error_words(ends, note)
    return {"caption": caption, "alt": alt, "data": ends, "records": names(ends)}


def papers_own(depths: Sequence[int]) -> pd.DataFrame:
    """The paper's final test errors at these depths, per cent: kind, depth, test_error."""
    told = {"plain": paper.PLAIN_TEST_ERROR, "residual": paper.TEST_ERROR_MEAN}
    rows = [(kind, d, errors[d]) for kind, errors in told.items() for d in depths if d in errors]
    return pd.DataFrame(rows, columns=["kind", "depth", "test_error"])


def table_6(own: Sequence[Record], depths: Collection[int]) -> pd.DataFrame:
    """Final errors by network in per cent, mean ± std (number of trainings).

    The paper's test error; those of networks that others trained at full length, measured by us or
    logged by their authors; and those of our own runs. Training errors are in eval mode, without
    augmentation. Networks and columns for which there is nothing are left out.
    """
    measured, ours = finals(every("public")), finals(own)
    scale = f"ours ({own[0].scale})" if own else "ours"
    columns = {
        "test error, logged": by_network(logged_finals(peers.curves()), "test_error"),
        "test error, measured": by_network(measured, "test_error"),
        "training error, measured": by_network(measured, "train_error"),
        f"test error, {scale}": by_network(ours, "test_error"),
        f"training error, {scale}": by_network(ours, "train_error"),
    }
    rows = []
    for depth, kind in ((d, k) for d in sorted(depths) for k in KINDS):
        row = {"network": network(kind, depth), "paper": paper_error(kind, depth)}
        for name, frame in columns.items():
            part = frame[(frame["kind"] == kind) & (frame["depth"] == depth)]
            row[name] = spread(part)[0] if len(part) else None
        rows.append(row)
    found = pd.DataFrame(rows).set_index("network")
    return found.dropna(how="all").dropna(axis=1, how="all").reset_index()


def paper_error(kind: str, depth: int) -> str | None:
    """The paper's test error of a network as the paper gives it; None where it gives none."""
    if kind == "plain":
        read, limit = paper.PLAIN_TEST_ERROR.get(depth), paper.PLAIN_ERROR_ABOVE.get(depth)
        return f"≈{SPACE}{read}" if read else f">{SPACE}{limit}" if limit else None
    best, mean = paper.RESIDUAL_TEST_ERROR.get(depth), paper.TEST_ERROR_MEAN.get(depth)
    if best is None or best == mean:
        return best and f"{best:.2f}"
    return f"{mean:.2f}{SPACE}±{SPACE}{paper.TEST_ERROR_STD[depth]:.2f} (best{SPACE}{best:.2f})"


def rises(frame: pd.DataFrame) -> pd.DataFrame:
    """How both final errors of plain nets change from the shallowest to the deepest, by training.

    Columns: the training (its seed or source), both rises (points), and what such a pair looks
    like. Empty with one depth, or where no training has both.
    """
    columns = ["training", "training error, points", "test error, points", "looks like"]
    plain = frame[frame["kind"] == "plain"]
    low, high = plain["depth"].min(), plain["depth"].max()
    if low == high or plain.empty:
        return pd.DataFrame(columns=columns)
    values = ["train_error", "test_error"]
    shallow, deep = (plain[plain["depth"] == d].set_index("member")[values] for d in (low, high))
    change = (deep - shallow).dropna()
    rows = [(member, *pair, looks_like(*pair)) for member, *pair in change.itertuples()]
    return pd.DataFrame(rows, columns=columns)


def looks_like(train: float, test: float) -> str:
    """What a rise in training error and a rise in test error look like together."""
    if test <= 0:
        return "no harm"
    return "degradation" if train > 0 else "overfitting"


def rise_sentence(found: pd.DataFrame) -> str:
    """What the table of rises shows, in one sentence."""
    if found.empty:
        return "One depth has nothing to be compared with: give the chapter two."
    train, test = found.iloc[:, 1].mean(), found.iloc[:, 2].mean()
    kinds = found["looks like"].value_counts()
    told = listed([f"{n} of {len(found)} trainings look like {kind}" for kind, n in kinds.items()])
    return (
        f"From the shallowest plain net to the deepest the training error changes by "
        f"{points(train)} and the test error by {points(test)} (means). {told}. "
        "Overfitting would lower the first and raise the second."
    )


def solution_curves(record: Record) -> pd.DataFrame:
    """Training loss from each start of the experiment: start, seed, iteration, loss.

    `copied` is the deep plain net built from a trained shallow one, `control` that shallow net
    trained on by the same recipe, `random` the deep net from a random start.
    """
    frames = [
        pd.DataFrame(measured[f"{start}_loss"]).assign(start=start, seed=seed)
        for seed, measured in zip(record.seeds, record.measurements)
        for start in ("copied", "control", "random")
    ]
    return pd.concat(frames, ignore_index=True)


def solution_words(record: Record) -> tuple[str, str]:
    """Caption and alt text of the figure on training on from the constructed solution."""
    ends = pd.DataFrame(record.measurements).mean(numeric_only=True)
    shallow, deep = (network("plain", record["settings"][d]) for d in ("shallow", "deep"))
    told = [
        f"{deep} built from {shallow} (copied) goes from a training error of "
        f"{error_rate(ends.copied_start_train_error)} to {error_rate(ends.copied_train_error)}",
        f"{shallow} trained on by the same recipe (control) ends at "
        f"{error_rate(ends.control_train_error)}",
        f"{deep} from a random start (random) at {error_rate(ends.random_train_error)}",
    ]
    curves = solution_curves(record)
    last = curves[curves["iteration"] == curves["iteration"].max()]
    losses = last.groupby("start")["loss"].mean()
    left = ", ".join(f"{number(losses[s], 2)} ({s})" for s in ("copied", "control", "random"))
    caption = (
        f"{listed(told)}. Drawn is the training loss, a point the mean of the iterations since the "
        f"one before; it ends at {left} (means; lines with their 95 % band, by bootstrap; "
        f"{experiment_scale(record, trained=True)})."
    )
    return caption, f"Lines of training loss against iteration from each start: {listed(told)}."


def identity_words(frame: pd.DataFrame, record: Record) -> tuple[str, str]:
    """Caption and alt text of the figure of stacks that learn to return their input."""
    left = frame.groupby(["blocks", "kind"])["loss"].agg(gmean).unstack().itertuples()
    pairs = [f"{number(w.plain, 2)} and {number(w.residual, 2)} at {w.Index}" for w in left]
    found = listed(pairs)
    caption = (
        "Relative squared error that descent leaves when a stack learns to return its input, plain "
        f"and residual: {found} blocks (geometric means; a line is a seed). The dotted line is the "
        "best constant (where both kinds end at or above it neither learnt anything), the dashed "
        "one a plain block with exact identity weights (the best of "
        f"{len(record['settings']['learning_rates'])} learning rates each; "
        f"{experiment_scale(record)})."
    )
    return caption, f"Error left against number of blocks, logarithmic: {found} blocks."


RECIPE = ["scale", "learning rate", "iterations", "weight decay", "BN", "low start"]


def controls(records: Sequence[Record]) -> pd.DataFrame:
    """Every recipe under which networks were trained, and the training error that each ends with:
    its mean, its std, the number n that did not diverge, and all of it in words."""
    frame = finals(records)
    recipes = {r.name: r.recipe for r in records}
    for column, told in {
        "learning rate": lambda r: f"{r.learning_rate:g}",
        "iterations": lambda r: r.iterations,
        "weight decay": lambda r: f"{r.weight_decay:.2g}",
        "BN": lambda r: "yes" if r.norm else "no",
        "low start": lambda r: "yes" if r.low_start else "no",
    }.items():
        frame[column] = [told(recipes[name]) for name in frame["run"]]
    grouped = frame.groupby(["kind", "network", *RECIPE], as_index=False)["train_error"]
    found = grouped.agg(mean="mean", std="std", n="count", tried="size")
    found = found.sort_values(["kind", "scale", "mean"])
    found["training error, %"] = [
        text if n else f"all diverged ({tried})"
        for text, n, tried in zip(spread(found), found["n"], found["tried"])
    ]
    return found


def same_network(record: Record) -> bool:
    """Whether a training differs from the paper's in its recipe alone, not in its shortcuts or in
    how the last γ of a block starts and decays."""
    recipe = record.recipe
    own_start = recipe.gamma == 1 and not recipe.zero_gamma
    same = recipe.shortcut == "identity" and recipe.last_relu
    return same and own_start and recipe.decay_gamma


def best_control(found: pd.DataFrame) -> str:
    """Which recipe of `controls` leaves the plain network the lowest error at each scale, by what
    differs; of recipes with enough trainings for a comparison."""
    told = []
    enough = found[(found["n"] >= FEWEST_SEEDS) & (found["kind"] == "plain")]
    for scale, part in enough.groupby("scale"):
        differing = [name for name in RECIPE[1:] if part[name].nunique() > 1]
        if differing:
            best = part.iloc[0]
            traits = [f"{name} {cell(best[name])}" for name in differing]
            told.append(
                f"Of {len(part)} recipes at scale {scale} the one with {listed(traits)} leaves "
                f"{best['network']} the lowest training error in per cent, "
                f"{best['training error, %']}."
            )
    return " ".join(told)
