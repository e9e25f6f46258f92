"""Networks that others trained, measured by us, and the note's numbers beside all we have."""

import pandas as pd
from residual.claims.responses import TENFOLD

from companion import figures, tables
from companion.chapter import scale
from companion.chapter.display import Picture
from companion.chapter.responses import comparison, median_words, medians, numbers
from companion.chapter.words import listed, names, networks
from companion.figures.style import network
from residual import paper, store
from residual.experiments.thirty_four import BLOCKS
from residual.probes.tally import TENTH
from residual.recipe import KINDS
from residual.statistics import number, per_cent
from residual.store import Record, every

LABELLED = "Weights trained by others ({}), measured by us"
PAIR, PAIR_DEPTH = "figure-7-networks", 2 * sum(BLOCKS) + 2


def of_source(source: str) -> list[Record]:
    """The networks of one public reproduction that the store has."""
    return [peer for peer in every("public") if peer.member == source]


def figure_7(source: str, label: str) -> Picture | None:
    """Fig. 7 from the networks of one public reproduction, at the paper's full length.

    None where the store has no record of them.
    """
    if not (measured := of_source(source)):
        return None
    frame = tables.peer_responses(measured)
    caption = (
        f"{LABELLED.format(source)}: {comparison(frame)} Top: layers in "
        "original order; bottom: the same values sorted. CIFAR-10, full length, one run each."
    )
    alt = (
        f"Two line charts of standard deviation by layer for {networks(frame)}. "
        f"Medians: {listed(median_words(frame))}."
    )
    return Picture(figures.figure_7(frame), label, caption, alt, names(frame), frame)


def jacobian(source: str, label: str) -> Picture | None:
    """Singular values of each block's Jacobian, at a source's largest depth measured of both kinds.

    At its largest depth where none was; None where no record has them. The data are those of all
    depths.
    """
    every_depth = tables.peer_jacobians(of_source(source))
    if every_depth.empty:
        return None
    kinds = every_depth.groupby("depth")["kind"].nunique()
    frame = every_depth[every_depth["depth"] == kinds[kinds == kinds.max()].index.max()]
    kept = frame[~frame["widening"]].groupby(["depth", "kind"])[["low", "median", "high"]].median()
    told = [
        f"{number(low, 2)} to {number(high, 2)} in {network(kind, depth)} (middle "
        f"{number(middle, 2)})"
        for (depth, kind), (low, middle, high) in zip(kept.index, kept.to_numpy())
    ]
    caption = (
        f"{LABELLED.format(source)}: singular values of each block's Jacobian before its last "
        f"ReLU, where the identity has all of them at one. Eight tenths of them lie, in the median "
        f"block that keeps its shape, from {listed(told)}. Lines are medians, bands go from 10 % "
        "to 90 %, both estimated, so that values of a few hundredths are not told from zero. "
        "CIFAR-10, full length, one run each."
    )
    alt = (
        f"Bands of singular values against block for {networks(frame)}, with a line at one; from "
        f"{listed(told)}."
    )
    drawn = figures.jacobian_bands(frame)
    return Picture(drawn, label, caption, alt, names(every_depth), every_depth)


def table_of_all() -> pd.DataFrame:
    """Every network of others: reported and measured errors, and the note's numbers.

    Training errors are missing where a record of an earlier measurement has none.
    """
    rows = []
    for peer in every("public"):
        row = {"source": peer.member, "network": network(peer.kind, peer.depth)}
        row["reported test error, %"] = peer["reported"]["test_error"]
        row["measured test error, %"] = peer["metrics"]["test_error"]
        row["training error, %"] = peer["metrics"].get("train_error")
        rows.append(row | numbers(tables.peer_responses([peer])))
    return pd.DataFrame(rows)


def note_beside_all(runs: list[Record]) -> pd.DataFrame:
    """The note's three numbers: what it says, what the paper has, our runs, and others' networks.

    Our 34-layer pair stands with our runs where the store has it at their profile.
    """
    ours, remark = tables.responses(runs), ""
    record = store.experiment(PAIR, runs[0].recipe.profile)
    if record is not None:
        ours = pd.concat([ours, pair_responses(record)], ignore_index=True)
        remark = f" ({PAIR_DEPTH} layers: width {record['settings']['width']})"
    columns, words = ["quantity", "the note", "the paper", "ours"], f"ours, {scale.of_runs(runs)}"
    measured = every("public")
    told = [networks_row(ours, remark), factor_row(ours), share_row(ours)]
    if measured:
        others = tables.peer_responses(measured)
        columns.append("others' weights")
        words += "; others' weights: CIFAR-10, full length"
        for row, theirs in zip(told, (by_source(others, f) for f in (networks, factors, shares))):
            row.append(theirs)
    return scale.scaled(pd.DataFrame(told, columns=columns), words)


def networks_row(ours: pd.DataFrame, remark: str) -> list[str]:
    """Which networks are compared, ours with a remark."""
    said = listed([network(kind, PAIR_DEPTH) for kind in KINDS])
    drawn = listed([network(*pair) for pair in paper.FIGURE_7_NETWORKS])
    drawn += " on CIFAR-10 (§4.2, Fig. 7)"
    return ["networks compared", said, drawn, networks(ours) + remark]


def factor_row(ours: pd.DataFrame) -> list[str]:
    """How much smaller residual responses are."""
    low, high = paper.FIGURE_7_AXIS
    drawn = f"“generally smaller”; no factor, an axis from {low} to {high} (§4.2, Fig. 7)"
    name = "median std of the 3×3 layers, plain over residual"
    return [name, f"about {TENFOLD:.0f}: an order of magnitude", drawn, factors(ours)]


def share_row(ours: pd.DataFrame) -> list[str]:
    """How many of them are small."""
    said, drawn = "the great majority", "no such share: Fig. 7 shows standard deviations"
    return [f"share of F(x) within ±{TENTH}", said, drawn, shares(ours)]


def pair_responses(record: Record) -> pd.DataFrame:
    """The trained 34-layer pair in the form of `tables.responses`."""
    frames = [
        pd.DataFrame(measured[kind]["responses"]["final"]["layers"]).assign(
            kind=kind, depth=PAIR_DEPTH, seed=seed, run=record.name
        )
        for seed, measured in zip(record.seeds, record.measurements)
        for kind in KINDS
    ]
    return pd.concat(frames, ignore_index=True)


def by_source(frame: pd.DataFrame, words) -> str:
    """What is said of each source's networks, where anything can be."""
    told = {source: words(part) for source, part in frame.groupby("source")}
    return "; ".join(f"{source}: {text}" for source, text in told.items() if text)


def factors(frame: pd.DataFrame) -> str:
    """Plain over residual median at each depth with both kinds; empty without one."""
    wide = medians(frame).pivot(index="depth", columns="kind", values="std")
    if not set(KINDS) <= set(wide.columns):
        return ""
    found = (wide["plain"] / wide["residual"]).dropna()
    return ", ".join(f"{number(ratio)} at depth {depth}" for depth, ratio in found.items())


def shares(frame: pd.DataFrame) -> str:
    """Mean share of the elements of F(x) within ±0.1, over blocks and seeds, for each ResNet."""
    f_only = frame[(frame["kind"] == "residual") & frame["layer"].str.endswith(".2")]
    found = f_only.groupby("depth")["within_tenth"].mean()
    return ", ".join(
        f"{per_cent(share)} in {network('residual', depth)}" for depth, share in found.items()
    )
