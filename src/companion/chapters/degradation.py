"""Captions, tables and sentences of the chapter on degradation; its cells draw the figures."""

from collections.abc import Collection, Sequence

import pandas as pd

from companion.chapters.first_steps import first_and_last, stage_ratios
from companion.display import cell
from companion.tables import by_network, finals, logged_finals, logs, spread
from companion.words import (
    ERRORS,
    SPACE,
    change_in_chinese,
    change_with_depth,
    count,
    error_rate,
    experiment_scale,
    names,
    network,
    overlap,
    points,
    scale,
    where,
)
from residual import paper, peers
from residual.claims.evidence import recipe, recipes_of_others
from residual.peers import Curve
from residual.recipe import KINDS, PROFILES
from residual.statistics import FEWEST_SEEDS, listed
from residual.store import Record, every


def error_words(frame: pd.DataFrame, note: str, value: str = "test_error") -> dict:
    """Captions and alt text of a figure of errors, and what its fold says of overlap.

    The frame has kind, depth, network and the error (final, per cent), one row a training; `note`
    says how to read the drawing.
    """
    found = [change_with_depth(frame, kind, value) for kind in KINDS]
    means = by_network(frame, value)
    told = ", ".join(f"{n} {m:.2g}" for n, m in zip(means["network"], means["mean"]))
    return {
        "caption": " ".join([*filter(None, found), note]),
        "chinese": "".join(change_in_chinese(frame, kind, value) for kind in KINDS),
        "alt": f"Mean final {ERRORS[value][0]} in per cent: {told}.",
        "origin": " ".join(filter(None, (overlap(frame, kind, value) for kind in KINDS))),
    }


def figure_6_words(shown: Sequence[Curve]) -> dict:
    """All that `display.figure` wants for Figure 6 at full length, from the logs that it shows."""
    frame = logs(shown)
    note = "Bold: means; thin: single trainings; diamonds: the paper's own (plain: by eye)."
    about = error_words(logged_finals(shown), note)
    about["origin"] += (
        f" Logged by those who trained at full length: {count(len(shown), 'training')} from "
        f"{frame['member'].nunique()} sources. The paper's plain nets: read off its Fig. 6 by eye."
    )
    columns = ["network", "member", "iteration", "train_error", "held_out"]
    data = frame[columns].rename(columns={"held_out": "test_error"})  # each training
    return {**about, "data": data, "records": names(frame)}


def final_words(ends: pd.DataFrame) -> dict:
    """All that `display.figure` wants for final test errors against depth."""
    about = error_words(ends, "A dot is a training; grey: the paper's own.")
    about["origin"] += (
        f" Reported by those who trained at full length: {count(len(ends), 'training')} from "
        f"{ends['member'].nunique()} sources. The paper's: Table 6, and its Fig. 6 read by eye for "
        "plain nets."
    )
    return {**about, "chinese": "", "data": ends, "records": names(ends)}


def training_words(frame: pd.DataFrame) -> dict:
    """All that `display.figure` wants for training errors at full length against depth."""
    note = "A thin line joins the networks of one source; bold: their mean."
    about = error_words(frame, note, "train_error")
    about["origin"] += (
        f" Weights that {frame['member'].nunique()} sources published after training at full "
        "length, run by us in eval mode over the training images, without augmentation."
    )
    if "paulblum00" in set(frame["member"]):
        about["origin"] += " Of paulblum00 a tenth of these images was held out, unknown which."
    data = frame[["run", "kind", "depth", "train_error", "test_error"]]
    return {**about, "data": data, "records": names(frame)}


def short_words(records: Sequence[Record], points: pd.DataFrame) -> dict:
    """All that `display.figure` wants for the test error over our own short trainings."""
    about = error_words(finals(records), "Bold: means; thin: single trainings.")
    about["origin"] = f"{scale(records)}. {about['origin']}"
    return {**about, "chinese": "", "data": points, "records": names(points)}


def unfinished(records: Sequence[Record]) -> str:
    """What a figure of our own trainings says in it: how much of the paper's length they have."""
    longest = max(record.recipe.iterations for record in records)
    whole = PROFILES["paper"].iterations
    if longest >= whole:
        return ""
    return f"unfinished: {longest:,} of {whole:,} iterations"


def papers_own(depths: Sequence[int]) -> pd.DataFrame:
    """The paper's final test errors at these depths, per cent: kind, depth, test_error."""
    told = {"plain": paper.PLAIN_TEST_ERROR, "residual": paper.TEST_ERROR_MEAN}
    rows = [(kind, d, errors[d]) for kind, errors in told.items() for d in depths if d in errors]
    return pd.DataFrame(rows, columns=["kind", "depth", "test_error"])


def logged() -> list[Curve]:
    """The logs of others that enter comparisons: none of a variant of its source's recipe."""
    variants = recipes_of_others()
    return [log for log in peers.curves() if not variants.get(log.name, ("", ""))[0]]


def public() -> list[Record]:
    """The networks of others that enter comparisons: no variants."""
    return [record for record in every("public") if not record.variant]


def table_6(own: Sequence[Record], depths: Collection[int]) -> pd.DataFrame:
    """Final errors by network in per cent, mean ± std (number of trainings).

    The paper's test error; those of networks that others trained at full length, measured by us or
    reported by their authors; and those of our own runs. Training errors are in eval mode, without
    augmentation. Networks and columns for which there is nothing are left out.
    """
    measured, ours = finals(public()), finals(own)
    ran = f"ours ({own[0].scale})" if own else "ours"
    columns = {
        "test error, reported": by_network(
            logged_finals([*logged(), *peers.reported()]), "test_error"
        ),
        "test error, measured": by_network(measured, "test_error"),
        "training error, measured": by_network(measured, "train_error"),
        f"test error, {ran}": by_network(ours, "test_error"),
        f"training error, {ran}": by_network(ours, "train_error"),
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


def rises(records: Sequence[Record]) -> pd.DataFrame:
    """How both final errors of plain nets change from the shallowest to the deepest, by training.

    Pairs are of one seed, or of one source and recipe. Columns: the training, both rises (points),
    and what such a pair looks like. Empty with one depth, or where no training has both.
    """
    columns = ["training", "training error, points", "test error, points", "looks like"]
    plain = [record for record in records if record.kind == "plain"]
    depths = sorted({record.depth for record in plain})
    if len(depths) < 2:
        return pd.DataFrame(columns=columns)
    frame = finals(plain).assign(recipe=[recipe(record) for record in plain])
    values, pair = ["train_error", "test_error"], ["member", "recipe"]
    shallow, deep = (
        frame[frame["depth"] == depth].groupby(pair)[values].mean()
        for depth in (depths[0], depths[-1])
    )
    change = (deep - shallow).dropna().droplevel("recipe")
    rows = [(member, *both, looks_like(*both)) for member, *both in change.itertuples()]
    return pd.DataFrame(rows, columns=columns)


def looks_like(train: float, test: float) -> str:
    """What a rise in training error and a rise in test error look like together."""
    if test <= 0:
        return "no harm"
    return "degradation" if train > 0 else "overfitting"


def rise_sentence(found: pd.DataFrame) -> str:
    """What the table of rises shows, in one or two sentences."""
    if found.empty:
        return "One depth has nothing to be compared with: give the chapter two."
    train, test = found.iloc[:, 1].mean(), found.iloc[:, 2].mean()
    changes = (
        f"From the shallowest plain net to the deepest the training error changes by "
        f"{points(train)} and the test error by {points(test)}"
    )
    if len(found) == 1:
        return f"{changes}, in a single training of each: too few to say what it looks like."
    kinds = found["looks like"].value_counts()
    told = listed(
        [f"{n} of {len(found)} pairs of trainings look like {k}" for k, n in kinds.items()]
    )
    return f"{changes} (means). {told}."


def recap(plain: Sequence[Record], own: Sequence[Record], built: Record | None) -> list[str]:
    """What the chapter found, in a sentence each: errors, gradients, the constructed solution."""
    found = rises(plain)
    told = []
    if len(found):
        both = ((found.iloc[:, 1] > 0) & (found.iloc[:, 2] > 0)).sum()
        told.append(
            f"{where(plain[0].scale)}: from the shallowest plain network to the deepest both "
            f"errors rise in {both} of {count(len(found), 'pair')} of trainings."
        )
    before = stage_ratios(first_and_last(own)).get("before", {})
    deepest = network("plain", max(record.depth for record in own))
    if deepest in before:
        ratio = before[deepest]
        how = "vanish" if ratio < 0.1 else "explode" if ratio > 10 else "neither vanish nor explode"
        told.append(f"On their way back through an untrained {deepest} the gradients {how}.")
    if built:
        ends = pd.DataFrame(built.measurements).mean(numeric_only=True)
        kept = "keeps" if ends.copied_train_error <= ends.control_train_error else "loses"
        told.append(
            "A deep plain network can be built that does all that the shallow one does; training "
            f"by the common recipe {kept} it."
        )
    return told


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


def solution_words(record: Record) -> dict:
    """All that `display.figure` wants for training on from the constructed solution."""
    ends = pd.DataFrame(record.measurements).mean(numeric_only=True)
    shallow, deep = (network("plain", record["settings"][d]) for d in ("shallow", "deep"))
    told = [
        f"{deep} built from {shallow} goes from {error_rate(ends.copied_start_train_error)} "
        f"training error to {error_rate(ends.copied_train_error)}",
        f"{shallow} itself, trained on, ends at {error_rate(ends.control_train_error)}",
        f"a random {deep} at {error_rate(ends.random_train_error)}",
    ]
    return {
        "caption": f"{listed(told)}. Drawn is the training loss; bold: means of seeds.",
        "alt": f"Lines of training loss against iteration from each start: {listed(told)}.",
        "origin": f"Means over the iterations since the last point; "
        f"{experiment_scale(record, trained=True)}.",
        "data": solution_curves(record),
        "records": [record.name],
    }


STARTS = {
    "copied": ("built from the shallow net", "-"),
    "random": ("random start", "--"),
    "control": ("shallow net, trained on", ":"),
}
"""What the figure of the constructed solution calls its three starts, and their dashes."""

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
    """Whether a training differs from the paper's in its recipe alone, not in its shortcuts, its
    last ReLU or in how the last γ of a block starts and decays."""
    recipe = record.recipe
    own_start = recipe.gamma == 1 and not recipe.zero_gamma
    same = recipe.shortcut == "identity" and recipe.last_relu
    return same and own_start and recipe.decay_gamma


def best_control(found: pd.DataFrame) -> str:
    """Which recipe of `controls` leaves the plain network the lowest error at each scale, by what
    differs; of recipes with enough trainings for a comparison."""
    told = []
    enough = found[(found["n"] >= FEWEST_SEEDS) & (found["kind"] == "plain")]
    for which, part in enough.groupby("scale"):
        differing = [name for name in RECIPE[1:] if part[name].nunique() > 1]
        if differing:
            best = part.iloc[0]
            traits = [f"{name} {cell(best[name])}" for name in differing]
            told.append(
                f"{where(which)}: of {len(part)} recipes the best for {best['network']} has "
                f"{listed(traits)} and ends at {error_rate(best['mean'])} training error."
            )
    return " ".join(told)
