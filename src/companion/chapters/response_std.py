"""Frames, captions and tables of the chapter on responses; its cells draw the figures."""

from collections.abc import Sequence

import pandas as pd

from companion import tables
from companion.display import cell
from companion.words import network, networks, scale
from residual.claims.about_argument import lesion_correlation, rises
from residual.claims.evidence import block_stds, identity_blocks
from residual.recipe import KINDS
from residual.statistics import listed, mean_correlation, number, ratio
from residual.store import Record

FAR = 3.0  # times: trainings of one network whose responses differ by more are named
STATES = {"final": "moving averages", "final_exact": "exact averages", "initial": "before training"}


def by_training(frame: pd.DataFrame) -> pd.Series:
    """Median std over layers, by (depth, kind, run)."""
    return frame.groupby(["depth", "kind", "run"])["std"].median()


def medians(frame: pd.DataFrame) -> pd.Series:
    """Median std over layers by training, then the median over trainings, by (depth, kind)."""
    return by_training(frame).groupby(level=["depth", "kind"]).median()


def far_apart(frame: pd.DataFrame) -> str:
    """Lists the trainings of each network whose trainings differ by more than a factor of three."""
    told = ""
    for (depth, kind), values in by_training(frame).groupby(level=["depth", "kind"]):
        if values.max() > FAR * values.min():
            each = listed([number(value, 2) for value in sorted(values)])
            lowest = values.idxmin()[-1].split("/")[1]
            told += (
                f" The trainings of {network(kind, depth)} lie far apart, at {each}; the lowest is "
                f"that of {lowest}."
            )
    return told


BANDS = "Lines are medians over trainings in network order, bands go from the lowest to the highest"


def figure_7_words(
    frame: pd.DataFrame, records: Sequence[Record], state: str, drawn: str
) -> tuple[str, str]:
    """Caption and alt text of a figure of responses by layer, in one state of the statistics of
    batch normalisation; `drawn` says what lines and panels are."""
    found = medians(frame)
    told = []
    for depth in sorted(frame["depth"].unique()):
        if {(depth, kind) for kind in KINDS} <= set(found.index):
            plain, residual = found[depth, "plain"], found[depth, "residual"]
            told.append(
                f"{number(plain, 2)} against {number(residual, 2)} at depth {depth} "
                f"(ratio {number(plain / residual, 3)})"
            )
    apart = far_apart(frame)
    if apart:
        apart += " So their median, given here, and their geometric mean, in verdicts, differ."
    caption = (
        f"Median standard deviation over all 3×3 layers and trainings, plain against residual: "
        f"{'; '.join(told) or 'one kind alone'}.{apart} {drawn} (BN: {STATES[state]}; "
        f"{scale(records)})."
    )
    shown = [f"{network(kind, d)} {number(v, 2)}" for (d, kind), v in found.items()]
    return caption, f"Lines of std by layer for {networks(frame)}: {listed(shown)}."


def three_numbers(records: Sequence[Record]) -> pd.DataFrame:
    """What the note puts numbers on, by network: all layers and F(x) alone, kept apart."""
    frame = tables.responses(records)
    rows = []
    for (_, _, name), part in frame.groupby(["depth", "kind", "network"]):
        f_alone = part[part["layer"].str.endswith(".2")].assign(
            offset=lambda f: f["mean"].abs() / f["std"]
        )
        ends = part.groupby("run")[["low", "high"]].median().median()
        means = f_alone.groupby("run")[["within_tenth", "offset"]].mean().median()
        rows.append(
            {
                "network": name,
                "trainings": part["run"].nunique(),
                "median std, all layers": medians(part).item(),
                "median std, F(x)": medians(f_alone).item(),
                "1 % to 99 %, median layer": " … ".join(
                    cell(ends[end], 2) for end in ("low", "high")
                ),
                "within ±0.1, F(x), %": 100 * means["within_tenth"],
                "mean of |mean|/std, F(x)": means["offset"],
            }
        )
    return pd.DataFrame(rows)


def note_beside_all(scales: dict[str, Sequence[Record]]) -> pd.DataFrame:
    """The note's three numbers: what it says, what the paper has, and each scale's measurement."""
    columns = {
        "": [
            "networks of Figure 7",
            "plain over residual at depth 56: std of all layers, medians over trainings",
            "elements of F(x) within ±0.1 in ResNet-56: medians over trainings",
        ],
        "note": ["a 34-layer pair", "an order of magnitude", "the great majority"],
        "paper": ["plain-20/56, ResNet-20/56/110", "generally smaller (§4.2)", "does not say"],
    }
    for name, records in scales.items():
        frame = tables.responses([r for r in records if r.depth == 56])
        found = medians(frame)
        residual = frame[(frame["kind"] == "residual") & frame["layer"].str.endswith(".2")]
        within = residual.groupby("run")["within_tenth"].mean().median()
        columns[name] = [
            networks(tables.finals(records)),
            number(found[56, "plain"] / found[56, "residual"], 3),
            f"{100 * within:.0f} %",
        ]
    return pd.DataFrame(columns)


def deeper_words(frame: pd.DataFrame, records: Sequence[Record]) -> tuple[str, str]:
    """Caption and alt text of the figure of median responses against depth."""
    groups = {pair: list(part) for pair, part in by_training(frame).groupby(level=[0, 1])}
    depths = {kind: [d for d, other in groups if other == kind] for kind in KINDS}
    falls = {
        kind: ratio(groups[min(found), kind], groups[max(found), kind])
        for kind, found in depths.items()
        if len(found) > 1
    }
    told = [
        f"{network(k, min(depths[k]))} over {network(k, max(depths[k]))}: {interval}"
        for k, interval in falls.items()
    ] or ["one depth"]
    sure = [kind for kind, interval in falls.items() if interval.lower > 1]
    finding = f"falls with depth in {listed(sure)} nets" if sure else "against depth"
    open_to = [kind for kind, i in falls.items() if i.lower <= 1 <= i.upper]
    settled = f" In {listed(open_to)} nets the trainings do not settle it." if open_to else ""
    caption = (
        f"Median std of all 3×3 layers {finding} (geometric means over trainings): "
        f"{listed(told)}.{settled}{far_apart(frame)} Dots are trainings, lines their medians "
        f"({scale(records)})."
    )
    return caption, f"Median std against depth, a line for each kind: {listed(told)}."


def ratio_words(frame: pd.DataFrame, records: Sequence[Record]) -> tuple[str, str]:
    """Caption and alt text of the figure of ‖F(x)‖/‖x‖ by block."""
    kept = frame[~frame["widening"].astype(bool)]
    groups = kept.groupby(["network", "run"])["ratio"].median().groupby(level="network")
    told = listed([f"{number(v, 2)} in {name}" for name, v in groups.median().items()])
    caption = (
        f"How large the correction is beside its input: the median of ‖F(x)‖/‖x‖ over identity "
        f"blocks is {told}, trained. Lines and numbers are medians over trainings, bands go from "
        f"the lowest to the highest; dotted: a tenth ({scale(records)})."
    )
    return caption, f"‖F(x)‖/‖x‖ against block, a line for each network: {told}."


def lesion_points(records: Sequence[Record]) -> pd.DataFrame:
    """Rise in test error (points) when a block is deleted against its std of F(x), identity blocks.

    Columns: kind, network, run, block, std, rise.
    """
    return tables.joined(
        pd.DataFrame(
            {
                "block": [i + 1 for i in identity_blocks(run)],
                "std": block_stds(run, "final"),
                "rise": rises(run),
            }
        ).assign(**tables.about(run))
        for run in records
        if run["probes"]  # a training that diverged has none
    )


def lesion_words(records: Sequence[Record]) -> tuple[str, str]:
    """Caption and alt text of the figure of rise against std."""
    told = []
    for kind in KINDS:
        group = [r for r in records if r.kind == kind]
        if group:
            rho = mean_correlation([lesion_correlation(run, "final") for run in group])
            few = len(identity_blocks(group[0])) < 3  # a rank correlation of one or two is none
            told.append(f"{'none' if few else rho} in {network(kind, group[0].depth)}")
    caption = (
        "Does a small response mean a dispensable block? Spearman's ρ over identity blocks "
        f"between the std of F(x) and the rise in test error on deletion is {listed(told)}. A dot "
        f"is a block of one training ({scale(records)})."
    )
    return caption, f"Rise in test error against std of F(x), logarithmic: ρ is {listed(told)}."
