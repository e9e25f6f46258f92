"""Captions, tables and sentences of the chapter on degradation; its cells draw the figures."""

from collections.abc import Sequence

import pandas as pd

from companion.tables import (
    by_network,
    finals,
    gradients,
    logged_finals,
    logs,
    responses,
    spread,
)
from companion.words import (
    change_with_depth,
    count,
    error_rate,
    experiment_scale,
    names,
    network,
    networks,
    points,
    scale,
)
from residual import paper
from residual.claims import SCALES
from residual.peers import Curve
from residual.recipe import KINDS
from residual.statistics import geometric_mean, listed, number, ratio
from residual.store import Record, every

GRADIENTS = {"gradient": "‖∇W‖", "ratio": "‖∇W‖/‖W‖", "scale_free": "‖∇W‖·‖W‖"}
STARTS = {"he": "He", "gaussian": "Gaussian, std 0.01"}
UNSCALED = "wd0.0001"  # the variant of a short run that has the paper's own weight decay


def error_words(frame: pd.DataFrame, value: str, what: str, note: str) -> tuple[str, str]:
    """Caption and alt text of a figure of errors: what happens with depth, then a note.

    The frame has kind, depth, network and the column `value` (final errors, per cent), one row a
    training; `what` names the error.
    """
    found = [change_with_depth(frame, kind, value, what) for kind in KINDS]
    means = by_network(frame, value)
    told = ", ".join(f"{n} {m:.1f}" for n, m in zip(means["network"], means["mean"]))
    alt = f"Errors in per cent of {networks(frame)}. Mean final {what}: {told} per cent."
    return " ".join([*filter(None, found), note]), alt


def figure_6_words(logged: Sequence[Curve]) -> dict:
    """All that `display.figure` wants for Figure 6 at full length, from the logs that it shows."""
    frame, ends = logs(logged), logged_finals(logged)
    means = frame.groupby(["network", "iteration"])[["train_error", "held_out"]].mean()
    sources = frame["member"].nunique()
    note = (
        f"Trained and logged by others: {count(len(logged), 'training')} of {sources} sources at "
        "the paper's full length, each a thin line; bold: mean test error, dotted: mean running "
        "training error; diamonds: the paper's own final test errors (plain: read off its Fig. 6 "
        "by eye)."
    )
    caption, alt = error_words(ends, "test_error", "test error", note)
    means = means.rename(columns={"held_out": "test_error"}).reset_index()
    return {"caption": caption, "alt": alt, "data": means, "records": names(frame)}


def final_words(ends: pd.DataFrame) -> dict:
    """All that `display.figure` wants for final test errors against depth."""
    note = (
        "Each dot is a training by others at full length, with the final test error that its "
        f"authors logged ({len(ends)} of {ends['member'].nunique()} sources); grey: the paper's "
        "own (ResNets: Table 6; plain nets: read off Fig. 6 by eye)."
    )
    caption, alt = error_words(ends, "test_error", "test error", note)
    return {"caption": caption, "alt": alt, "data": ends, "records": names(ends)}


def papers_own(depths: Sequence[int]) -> pd.DataFrame:
    """The paper's final test errors at these depths, per cent: kind, depth, test_error."""
    told = {"plain": paper.PLAIN_TEST_ERROR, "residual": paper.TEST_ERROR_MEAN}
    rows = [(kind, d, errors[d]) for kind, errors in told.items() for d in depths if d in errors]
    return pd.DataFrame(rows, columns=["kind", "depth", "test_error"])


def table_6(logged: Sequence[Curve], own: Sequence[Record], depths: Sequence[int]) -> pd.DataFrame:
    """Test errors by network: the paper's, those of trainings logged or measured by others at full
    length, and those of our own runs; mean ± std (number of trainings), per cent.

    Training errors of weights published by others, measured by us in eval mode on the images that
    they were trained on, have a column of their own.
    """
    told = {("plain", d): f"{e} (by eye, Fig. 6)" for d, e in paper.PLAIN_TEST_ERROR.items()}
    told |= {("residual", d): f"{e}" for d, e in paper.TEST_ERROR_MEAN.items()}
    columns = {
        "test error, logged": by_network(logged_finals(logged), "test_error"),
        "training error, measured": training_errors(every("public")),
        f"test error, ours ({own[0].scale})": by_network(finals(own), "test_error"),
        f"training error, ours ({own[0].scale})": by_network(finals(own), "train_error"),
    }
    rows = []
    for depth, kind in ((d, k) for d in sorted(depths) for k in KINDS):
        row = {"network": network(kind, depth), "paper": told.get((kind, depth))}
        for name, frame in columns.items():
            part = frame[(frame["kind"] == kind) & (frame["depth"] == depth)]
            row[name] = spread(part)[0] if len(part) else None
        rows.append(row)
    return pd.DataFrame(rows)


def training_errors(records: Sequence[Record]) -> pd.DataFrame:
    """Mean training error in eval mode by network; empty with the right columns without records."""
    if not records:
        return pd.DataFrame(columns=["depth", "kind", "network", "mean", "std", "n"])
    return by_network(finals(records), "train_error")


def rises(frame: pd.DataFrame) -> pd.DataFrame:
    """How both final errors of plain nets change from the shallowest to the deepest, by training.

    Columns: member, training and test error (points), and what such a pair looks like. Empty with
    one depth, or where no training (seed or source) has both.
    """
    columns = ["member", "training error, points", "test error, points", "looks like"]
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
    told = listed([f"{n} of {len(found)} look like {kind}" for kind, n in kinds.items()])
    return (
        f"From the shallowest plain net to the deepest the training error changes by "
        f"{points(train)} and the test error by {points(test)} (means). Of the trainings {told}. "
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
        if f"{start}_loss" in measured
    ]
    return pd.concat(frames, ignore_index=True)


def solution_words(record: Record) -> tuple[str, str]:
    """Caption and alt text of the figure on training on from the constructed solution."""
    ends = pd.DataFrame(record.measurements).mean(numeric_only=True)
    shallow, deep = (network("plain", record["settings"][d]) for d in ("shallow", "deep"))
    told = [
        f"{deep} built from {shallow} goes from a training error of "
        f"{error_rate(ends.copied_start_train_error)} to {error_rate(ends.copied_train_error)}"
    ]
    if "control_train_error" in ends:
        told.append(
            f"{shallow} trained on by the same recipe ends at "
            f"{error_rate(ends.control_train_error)}"
        )
    told.append(f"{deep} from a random start at {error_rate(ends.random_train_error)}")
    caption = f"{listed(told)} (means; {experiment_scale(record, trained=True)})."
    return caption, f"Lines of training loss against iteration from each start: {listed(told)}."


def stage_ratios(records: Sequence[Record]) -> pd.DataFrame:
    """Gradients of the first stage over those of the last, before training and at its end.

    Medians over the layers of a stage, geometric means over trainings, for three measures of a
    gradient. Networks of others have the end alone.
    """
    frame = gradients(records)
    frame = frame[frame["layer"] != "stem"]
    last = frame.groupby("run")["iteration"].transform("max")
    frame = frame[(frame["iteration"] == last) | (frame["iteration"] == 0)].assign(
        when=lambda f: [
            "before" if i == 0 and r[:6] != "public" else "end"
            for i, r in zip(f["iteration"], f["run"])
        ]
    )
    keys = ["scale", "depth", "kind", "network", "when", "run", "stage"]
    stages = frame.groupby(keys)[list(GRADIENTS)].median().unstack("stage")
    rows = []
    for (which, _, _, name, when), part in stages.groupby(level=keys[:-2]):
        row = {"scale": which, "network": name, "when": when}
        for column, words in GRADIENTS.items():
            row[words] = number(geometric_mean(part[column, 1] / part[column, 3]).estimate)
        rows.append(row | {"trainings": len(part)})
    return pd.DataFrame(rows)


def gradient_words(records: Sequence[Record]) -> tuple[str, str]:
    """Caption and alt text of the figure of gradients by layer."""
    found = stage_ratios(records)
    before = found[found["when"] == "before"]
    told = listed([f"{v} in {n}" for n, v in zip(before["network"], before["‖∇W‖·‖W‖"])])
    ends = found[found["when"] == "end"]
    ended = listed([f"{v} in {n}" for n, v in zip(ends["network"], ends["‖∇W‖·‖W‖"])])
    caption = (
        f"Before training (thin) ‖∇W‖·‖W‖ of the first stage over that of the last is {told}; at "
        f"the end (bold) {ended}. Below one a gradient shrinks on the way back, above one it grows "
        f"(medians over layers; {scale(records)})."
    )
    alt = f"Three panels of gradient size by layer on logarithmic scales: at the end {ended}."
    return caption, alt


def start_table(record: Record) -> pd.DataFrame:
    """First stage over last before training, by form of net, for each measure of a gradient."""
    rows = []
    for measured in record.measurements:
        for row in measured["rows"]:
            layers = pd.DataFrame({"layer": row["layer"], "ratio": row["ratio"]})
            blocks = (len(layers) - 1) // 2
            layers["block"] = [0, *(1 + i // 2 for i in range(2 * blocks))]
            first = layers[layers["block"].between(1, blocks // 3)]["ratio"].median()
            last = layers[layers["block"] > 2 * blocks // 3]["ratio"].median()
            name = network(row["kind"], record["settings"]["depth"])
            told = {"network": name, "BN": "yes" if row["norm"] else "no"}
            rows.append(told | {"start": STARTS[row["start"]], "ratio": first / last})
    groups = pd.DataFrame(rows).groupby(["network", "BN", "start"], sort=False)["ratio"]
    found = groups.apply(lambda v: number(geometric_mean(v).estimate)).reset_index()
    return found.rename(columns={"ratio": "‖∇W‖/‖W‖, first stage over last"})


def first_updates(records: Sequence[Record]) -> pd.DataFrame:
    """The size of each layer's first update relative to its weights: η‖∇W‖/‖W‖ at iteration 0."""
    rates = {record.name: record.recipe.rate(0) for record in records}
    frame = gradients(records)
    frame = frame[frame["iteration"] == 0]
    return frame.assign(update=frame["run"].map(rates) * frame["ratio"])


def update_words(frame: pd.DataFrame, records: Sequence[Record]) -> tuple[str, str]:
    """Caption and alt text of the figure of first updates."""
    largest = frame.groupby(["depth", "kind", "network", "run"])["update"].max()
    means = largest.groupby(level=["depth", "kind", "network"]).apply(
        lambda v: geometric_mean(v).estimate
    )
    told = listed([f"{number(v, 2)} in {key[2]}" for key, v in means.items()])
    caption = (
        f"The first update of a layer over its weights, learning rate times ‖∇W‖/‖W‖; the largest "
        f"of a net is {told} (geometric means). Above the line at one, a single step is larger "
        f"than the weights that it changes ({scale(records)})."
    )
    return caption, f"Lines of update size by layer, logarithmic; the largest: {told}."


def under_both_decays(scales: Sequence[str], depth: int) -> list[Record]:
    """The networks of a depth under the scaled and the paper's λ, from the first scale that has
    both with ‖W‖ measured; an empty list where none has."""
    for name in scales:
        found = [r for r in every(name) if r.depth == depth and "weight" in r["gradients"]]
        found = [r for r in found if r.variant in ("", UNSCALED)]
        if len({r.variant for r in found}) == 2:
            return found
    return []


def norms(records: Sequence[Record]) -> pd.DataFrame:
    """‖W‖ of each 3×3 layer over its value before training, with the `decay` of its run."""
    decays = {r.name: "the paper's λ" if r.variant == UNSCALED else "scaled λ" for r in records}
    frame = gradients(records)
    start = frame[frame["iteration"] == 0].set_index(["run", "layer"])["weight"]
    index = pd.MultiIndex.from_frame(frame[["run", "layer"]])
    return frame.assign(
        growth=frame["weight"].to_numpy() / start.reindex(index).to_numpy(),
        decay=frame["run"].map(decays),
    )


def norm_words(frame: pd.DataFrame, records: Sequence[Record]) -> tuple[str, str]:
    """Caption and alt text of the figure of ‖W‖ over training."""
    last = frame.groupby("run")["iteration"].transform("max")
    ends = frame[(frame["iteration"] == last) & (frame["stage"] == 1)]
    by_run = ends.groupby(["depth", "kind", "network", "decay", "run"])["growth"].median()
    found = by_run.groupby(level=[0, 1, 2, 3]).apply(lambda v: geometric_mean(v).estimate)
    told = listed([f"{number(v, 2)} in {k[2]} ({k[3]})" for k, v in found.items()])
    caption = (
        f"‖W‖ of the first stage over its value before training: at the end {told} "
        f"(medians over layers; {scale(records)})."
    )
    return caption, f"Lines of relative weight norm against iteration, logarithmic: {told}."


def identity_words(frame: pd.DataFrame, record: Record) -> tuple[str, str]:
    """Caption and alt text of the figure of stacks that learn to return their input."""
    left = frame.groupby(["blocks", "kind"])["loss"].apply(lambda v: geometric_mean(v).estimate)
    wide = left.unstack()
    found = listed(
        [
            f"{number(w.plain, 2)} and {number(w.residual, 2)} at {w.Index}"
            for w in wide.itertuples()
        ]
    )
    caption = (
        "Relative squared error that descent leaves when a stack learns to return its input, plain "
        f"and residual: {found} blocks. Dots are seeds, lines geometric means; the dotted line is "
        "the best constant, and a depth above it on both lines tells nothing (the best of "
        f"{len(record['settings']['learning_rates'])} learning rates each; "
        f"{experiment_scale(record)})."
    )
    return caption, f"Error left against number of blocks, logarithmic: {found} blocks."


def controls(records: Sequence[Record]) -> pd.DataFrame:
    """Every recipe under which a network was trained, and the error that it ends with."""
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
    keys = ["scale", "learning rate", "iterations", "weight decay", "BN", "low start"]
    found = by_network(frame, "train_error", *keys).sort_values(["scale", "mean"])
    found["training error, %"] = spread(found)
    return found[["network", *keys, "training error, %"]]


def short_profiles() -> pd.DataFrame:
    """Is a short profile a model of the full length? One row a scale of ours, and public.

    The order of the four final training errors, lowest first; the median response of plain over
    residual at depth 56; and ‖W‖ at the end over its He value, first stage of ResNet-56.
    """
    rows = []
    for name in reversed(SCALES):
        records = [r for r in every(name) if r.depth in (20, 56)]
        for variant in sorted({r.variant for r in records} & {"", UNSCALED}):
            chosen = [r for r in records if r.variant == variant]
            if len({(r.kind, r.depth) for r in chosen}) == 4:
                rows.append({"scale": f"{name} {'(λ = 1e-4)' * bool(variant)}".strip()})
                rows[-1] |= short_profile(chosen)
    return pd.DataFrame(rows)


def short_profile(records: Sequence[Record]) -> dict[str, str]:
    """One row of that table, from the four networks of a scale."""
    errors = by_network(finals(records), "train_error").sort_values("mean")
    order = " < ".join(f"{n} ({m:.2f})" for n, m in zip(errors["network"], errors["mean"]))
    deep = responses([r for r in records if r.depth == 56])
    medians = deep.groupby(["kind", "run"])["std"].median()
    grown = gradients([r for r in records if (r.kind, r.depth) == ("residual", 56)])
    grown = grown[(grown["stage"] == 1) & (grown["layer"] != "stem")]
    last = grown[grown["iteration"] == grown.groupby("run")["iteration"].transform("max")]
    # A 3×3 layer of 16 channels in and out has 9·16·16 weights of variance 2/(9·16): ‖W‖² = 32.
    growth = last.groupby("run")["weight"].median() / 32**0.5
    return {
        "training errors, lowest first, %": order,
        "response, plain over ResNet": number(
            ratio(medians["plain"].tolist(), medians["residual"].tolist()).estimate
        ),
        "‖W‖ over its He value, ResNet": (
            number(geometric_mean(growth).estimate, 2) if growth.notna().all() else "not measured"
        ),
        "trainings": min(len(last["run"].unique()), len(medians["plain"])),
    }
