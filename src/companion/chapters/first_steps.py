"""Gradients, the first steps of a training and ‖W‖ over it, in chapter 1; and the table that sets
our short profiles beside the full length."""

from collections.abc import Sequence

import pandas as pd
from scipy.stats import gmean

from companion.tables import by_network, finals, gradients, responses, stage
from companion.words import NAMES, names, network, scale
from residual.claims import SCALES, judged
from residual.claims.about_depth import VANISHED
from residual.recipe import KINDS
from residual.statistics import listed, number
from residual.store import Record, every

STARTS = {"he": "He", "gaussian": "Gaussian, std 0.01"}
UNSCALED = "wd0.0001"  # the variant of a short run that has the paper's own weight decay


def first_and_last(records: Sequence[Record]) -> pd.DataFrame:
    """‖∇W‖·‖W‖ of each layer before training and at its end, by `when`: before or end."""
    frame = gradients(records)
    last = frame.groupby("run")["iteration"].transform("max")
    frame = frame[(frame["iteration"] == last) | (frame["iteration"] == 0)]
    return frame.assign(when=["end" if i else "before" for i in frame["iteration"]])


def stage_ratios(frame: pd.DataFrame) -> dict[str, dict[str, float]]:
    """‖∇W‖·‖W‖ of the first stage over that of the last, by network: before training and at its
    end.

    From `first_and_last`; medians over the layers of a stage, geometric means over trainings.
    """
    inner = frame[frame["layer"] != "stem"]
    keys = ["when", "depth", "kind", "network", "run", "stage"]
    stages = inner.groupby(keys)["scale_free"].median().unstack("stage")
    ratios = (stages[1] / stages[3]).groupby(level=keys[:-2]).agg(gmean)
    return {when: part.droplevel([0, 1, 2]).to_dict() for when, part in ratios.groupby("when")}


def residual_sentence(scale: str) -> str:
    """What the rule's measure of vanishing gradients gives for trained ResNet-56 at that scale;
    empty where it is not smaller than that of plain-56."""
    measures = judged("vanishing-gradients", scale).measures
    at_end = [m for m in measures if m.group.split("/")[0] == "end"]
    ends = {kind: next((m for m in at_end if m.name == kind), None) for kind in KINDS}
    plain, residual = ends.values()
    if not plain or not residual or residual.interval.upper >= plain.interval.estimate:
        return ""
    small = sum(value < VANISHED for value in residual.trainings.values())
    return (
        f"By this measure {network('residual', 56)}, which trains well, ends at "
        f"{number(residual.interval.estimate, 2)}, {small} of {len(residual.trainings)} below "
        f"{VANISHED:g}. So a small ratio at the end of training is no sign of trouble by itself."
    )


def gradient_words(frame: pd.DataFrame, records: Sequence[Record]) -> dict:
    """All that `display.figure` wants for gradients by layer, from `first_and_last`."""
    found = stage_ratios(frame)
    deepest = frame["depth"].max()
    told = {}
    for when, ratios in found.items():
        of = [(network(k, deepest), NAMES[k]) for k in KINDS if network(k, deepest) in ratios]
        told[when] = listed([f"{number(ratios[name], 2)} ({kind})" for name, kind in of])
    spoken = {"before": "before training", "end": "at the end"}
    parts = listed([f"{told[when]} {spoken[when]}" for when in spoken if when in told])
    return {
        "caption": (
            f"First stage over last, ‖∇W‖·‖W‖ at depth {deepest} is {parts}. Below 0.1 gradients "
            "would vanish, above 10 they explode."
        ),
        "alt": f"Lines of gradient size by layer, logarithmic. First stage over last: {parts}.",
        "origin": (
            f"Medians over layers of a stage, geometric means over trainings; {scale(records)}. "
            "Where ‖∇W‖ is alike in all layers the ratio is 0.5 before training, since ‖W‖ of the "
            "first stage is then half that of the last."
        ),
        "data": frame[["run", "layer", "iteration", "gradient", "ratio", "scale_free"]],
        "records": names(frame),
    }


def start_table(record: Record) -> pd.DataFrame:
    """First stage over last before training, by form of net, for each measure of a gradient."""
    rows, depth = [], record["settings"]["depth"]
    for measured in record.measurements:
        for row in measured["rows"]:
            stages = [stage(layer, depth) for layer in row["layer"]]
            layers = pd.Series(row["ratio"], stages).iloc[1:]  # without the stem
            told = {"network": network(row["kind"], depth), "BN": "yes" if row["norm"] else "no"}
            found = layers[1].median() / layers[3].median()
            rows.append(told | {"start": STARTS[row["start"]], "ratio": found})
    groups = pd.DataFrame(rows).groupby(["network", "BN", "start"], sort=False)["ratio"]
    found = groups.agg(gmean).map(number).reset_index()
    return found.rename(columns={"ratio": "‖∇W‖/‖W‖, first stage over last"})


def first_updates(records: Sequence[Record]) -> pd.DataFrame:
    """The size of each layer's first update relative to its weights: η‖∇W‖/‖W‖ at iteration 0."""
    rates = {record.name: record.recipe.rate(0) for record in records}
    frame = gradients(records)
    frame = frame[frame["iteration"] == 0]
    return frame.assign(update=frame["run"].map(rates) * frame["ratio"])


def update_words(frame: pd.DataFrame, records: Sequence[Record]) -> dict:
    """All that `display.figure` wants for the first updates."""
    largest = frame.groupby(["depth", "kind", "network", "run"])["update"].max()
    means = largest.groupby(level=["depth", "kind", "network"]).agg(gmean)
    deeper = [(key, v) for key, v in means.items() if key[0] >= frame["depth"].median()]
    told = listed([f"{number(v, 2)} in {key[2]}" for key, v in deeper])
    recipes = [record.recipe for record in records]
    low = sorted({r.depth for r in recipes if r.rate(0) < r.learning_rate})
    note = "".join(f" Nets of {depth} layers start at a tenth of the rate." for depth in low)
    return {
        "caption": (
            f"The largest first update of a layer, over its weights, is {told}. Above the dotted "
            "line one step is larger than the weights that it changes."
        ),
        "alt": f"Lines of update size by layer, logarithmic; the largest: {told}.",
        "origin": (
            f"Learning rate times ‖∇W‖/‖W‖ at iteration 0, geometric means over trainings; "
            f"{scale(records)}.{note}"
        ),
        "data": frame[["run", "network", "layer", "update"]],
        "records": names(frame),
    }


def under_both_decays(scales: Sequence[str], depth: int) -> list[Record]:
    """The networks of a depth under the scaled and the paper's λ, from the first scale that has
    both with ‖W‖ measured; an empty list where none has."""
    for name in scales:
        found = [r for r in every(name) if r.depth == depth and "weight" in r["gradients"]]
        found = [r for r in found if r.variant in ("", UNSCALED)]
        if len({r.variant for r in found}) == 2:
            return found
    return []


def beside_110(own: list[Record], scale: str) -> list[Record]:
    """A chapter's networks and those of 110 layers, at one scale.

    That is `scale` where it has all depths of `own`, else the scale of `own`, without 110 layers.
    """
    usual = [record for record in every(scale) if not record.variant]
    depths = {record.depth for record in own}
    same = own if own[0].scale == scale else [r for r in usual if r.depth in depths]
    if {record.depth for record in same} != depths:
        return own
    return same + [r for r in usual if r.depth == 110 and 110 not in depths]


def norms(records: Sequence[Record]) -> pd.DataFrame:
    """‖W‖ of each 3×3 layer over its value before training, with the `decay` of its run."""
    paper = {r.name: r.recipe.weight_decay == 1e-4 for r in records}
    decays = {name: "the paper's λ" if kept else "scaled λ" for name, kept in paper.items()}
    frame = gradients(records)
    start = frame[frame["iteration"] == 0].set_index(["run", "layer"])["weight"]
    index = pd.MultiIndex.from_frame(frame[["run", "layer"]])
    return frame.assign(
        growth=frame["weight"].to_numpy() / start.reindex(index).to_numpy(),
        decay=frame["run"].map(decays),
    )


def norm_words(frame: pd.DataFrame, records: Sequence[Record]) -> dict:
    """All that `display.figure` wants for ‖W‖ over training."""
    last = frame.groupby("run")["iteration"].transform("max")
    ends = frame[(frame["iteration"] == last) & (frame["stage"] == 1)]
    found = ends.groupby(["depth", "kind", "network", "decay"])["growth"].median()
    told = listed([f"{number(v, 2)} in {k[2]} ({k[3]})" for k, v in found.items()])
    return {
        "caption": f"‖W‖ of the first stage ends at so many times its value at the start: {told}.",
        "alt": f"Lines of relative weight norm against iteration, logarithmic: {told}.",
        "origin": f"Medians over layers and trainings; {scale(records)}.",
        "data": frame[["run", "layer", "iteration", "growth"]],
        "records": names(frame),
    }


def short_profiles() -> pd.DataFrame:
    """Is a short profile a model of the full length? One row a scale of ours, and public.

    The `order` of the networks by final training error, as a list and in words; the median response
    of plain over residual at depth 56; and ‖W‖ at the end over its He value, first stage, for both
    nets of 56.
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


def beside_full_length(frame: pd.DataFrame) -> str:
    """What `short_profiles` answers: which short profiles end in the order of the full length."""
    orders = frame.set_index("scale")["order"]
    short = [name for name in orders.index if name not in ("public", "paper")]
    pairs = [[network(kind, depth) for depth in (20, 56)] for kind in KINDS]
    told = []
    for words, nets in (("All four errors", orders["public"]), *((listed(p), p) for p in pairs)):
        ranked = {name: [net for net in orders[name] if net in nets] for name in orders.index}
        same = [name for name in short if ranked[name] == ranked["public"]]
        told.append(f"{words}: {listed(same or ['none'])}.")
    return (
        f"Which short profiles end in the order of the full length? {' '.join(told)} What the "
        "ratio of responses is worth at full length is said by "
        "{ref}`response-smaller <claim-response-smaller>`."
    )


def short_profile(records: Sequence[Record]) -> dict[str, object]:
    """One row of that table, from the four networks of a scale that did not diverge."""
    records = [r for r in records if r["metrics"]["train_error"] is not None]
    errors = by_network(finals(records), "train_error").sort_values("mean")
    told = [f"{n} ({m:.2f})" for n, m in zip(errors["network"], errors["mean"])]
    deep = responses([r for r in records if r.depth == 56])
    medians = deep.groupby(["kind", "run"])["std"].median()
    grown = gradients([r for r in records if r.depth == 56])
    grown = grown[(grown["stage"] == 1) & (grown["layer"] != "stem")]
    last = grown[grown["iteration"] == grown.groupby("run")["iteration"].transform("max")]
    # A 3×3 layer of 16 channels in and out has 9·16·16 weights of variance 2/(9·16): ‖W‖² = 32.
    growth = last.groupby(["kind", "run"])["weight"].median() / 32**0.5
    left = {kind: gmean(growth[kind]) for kind in KINDS}
    return {
        "order": errors["network"].tolist(),
        "training errors, lowest first, %": " < ".join(told),
        "response, plain over ResNet": number(
            medians["plain"].median() / medians["residual"].median()
        ),
        "‖W‖ over its He value, plain and ResNet": (
            listed([number(value, 2) for value in left.values()])
            if growth.notna().all()
            else "not measured"
        ),
        "trainings, at least": min(len(medians[kind]) for kind in KINDS),
    }
