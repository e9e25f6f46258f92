"""Frames, captions and tables of the chapter on responses; its cells draw the figures."""

from collections.abc import Callable, Sequence
from functools import partial

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from companion import style, tables
from companion.display import cell
from companion.words import count, network, networks, scale
from residual.claims.about_responses import std_of
from residual.claims.evidence import layer_median, paired
from residual.models import Network
from residual.peers.curves import BATCHES
from residual.peers.trajectories import LAST, SOURCE, trajectories
from residual.probes import Batches, block_ratios, responses
from residual.recipe import KINDS, PROFILES
from residual.statistics import (
    Interval,
    geometric_mean,
    listed,
    mean_correlation,
    number,
    rank_correlation,
)
from residual.store import Record

BANDS = "Lines: medians over trainings; bands: lowest to highest."
CLIPPED = "clipped"  # the variant whose gradients were clipped
WHEN = {"before": {"ls": "--", "errorbar": None}, "trained": {}}
EPOCHS = PROFILES["paper"].iterations / BATCHES
FOLLOWED = {
    "std": "std of F(x)",
    "sine": "sine of the angle",
    "ratio": "‖F(x)‖/‖x‖",
    "gamma": "|γ₂|",
}
"""What is followed in the course of training, by its column of `over_training`."""
DROPS = (EPOCHS / 2, 3 * EPOCHS / 4)  # epochs at which the paper's learning rate drops
BESIDE = {"textcoords": "offset points", "va": "center", "annotation_clip": False}


def lines(ax: Axes, frame: pd.DataFrame, x: str, y: str, name: str = "", **look: object) -> None:
    """Draw a line for each network of a frame: the median over its trainings, in a band from the
    lowest to the highest. A line is called by its network, and by `name`; `look` is passed on to
    seaborn."""
    for (depth, kind), part in frame.groupby(["depth", "kind"]):
        label = ", ".join([network(kind, depth), *([name] if name else [])])
        about = {"x": x, "y": y, "color": style.HUES[kind], "label": label}
        about |= {"estimator": "median", "errorbar": ("pi", 100), "legend": False}
        sns.lineplot(part, ax=ax, **(about | look))


def by_training(frame: pd.DataFrame, column: str = "std") -> pd.Series:
    """Median of a column over layers or blocks, by (depth, kind, run)."""
    return frame.groupby(["depth", "kind", "run"])[column].median()


def medians(frame: pd.DataFrame, column: str = "std") -> pd.Series:
    """The median over layers or blocks by training, then over trainings, by (depth, kind)."""
    return by_training(frame, column).groupby(level=["depth", "kind"]).median()


def second_layers(frame: pd.DataFrame) -> pd.DataFrame:
    """Those rows of a frame of layers that make F(x): the second layer of each block."""
    return frame[frame["layer"].str.endswith(".2")]


def identity_blocks(frame: pd.DataFrame) -> pd.DataFrame:
    """Those rows of a frame of blocks whose shortcut is an identity."""
    return frame[~frame["widening"].astype(bool)]


def figure_7_words(frame: pd.DataFrame, records: Sequence[Record]) -> dict[str, str]:
    """Captions, alt text and origin of the figure of responses by layer, plain beside residual."""
    found, told, chinese = medians(frame), [], []
    for depth in sorted(frame["depth"].unique()):
        if {(depth, kind) for kind in KINDS} <= set(found.index):
            sizes = [number(found[depth, kind], 2) for kind in KINDS]
            told.append(f"{' and '.join(sizes)} at depth {depth}")
            chinese.append(f"深度 {depth} 时为 {sizes[0]} 与 {sizes[1]}")
    shown = [f"{network(kind, d)} {number(v, 2)}" for (d, kind), v in found.items()]
    return {
        "caption": (
            "Standard deviation of each layer's response after training. Its median in plain and "
            f"in residual networks: {listed(told) or ', '.join(shown)}. {BANDS}"
        ),
        "chinese": (
            "训练结束后各层响应值的标准差。传统网络与残差网络的中位数："
            f"{'，'.join(chinese) or ', '.join(shown)}。线为各次训练的中位数，色带为最低至最高。"
        ),
        "alt": f"Lines of std by layer for {networks(frame)}: {listed(shown)}.",
        "origin": (
            f"{scale(records)}. Batch normalisation with moving averages, as published. Every "
            "second layer of a residual network makes F(x); the layers between feed it."
        ),
    }


def over(
    records: Sequence[Record],
    first: tuple[str, int],
    second: tuple[str, int],
    read: Callable[[Record], float],
) -> Interval | None:
    """A value of one network (kind, depth) over another's, by pairs of one seed, or of one source
    and recipe, as the rules compare them; None without a pair."""
    sides = [[r for r in records if (r.kind, r.depth) == network] for network in (first, second)]
    ratios = [a / b for a, b in paired(*sides, read).values()]
    return geometric_mean(ratios) if ratios else None


def exact_sentence(records: Sequence[Record]) -> str:
    """What exact averages in batch normalisation change of the ratio plain over residual, and what
    the ratio is channel by channel."""
    told, channels = [], []
    for depth in sorted({record.depth for record in records}):
        sides = [(kind, depth) for kind in KINDS]
        moving, exact = (
            over(records, *sides, partial(std_of, when=when)) for when in ("final", "final_exact")
        )
        if not moving:
            continue
        told.append(f"{number(exact.estimate)} in place of {number(moving.estimate)} at {depth}")
        within = over(records, *sides, lambda r: layer_median(r, "channel_std", "final"))
        channels.append(f"{within} at {depth}")
    if not told:
        return ""
    return (
        f"With averages computed exactly, plain over residual is {listed(told)} layers. The "
        "standard deviation of the figure also holds how far channels lie apart; within a channel, "
        f"on average, plain over residual is {listed(channels)} layers."
    )


def spread_words(frame: pd.DataFrame, records: Sequence[Record]) -> dict[str, str]:
    """Caption, alt text and origin of the figure of the range of F(x) by block."""
    depth = int(frame["depth"].iloc[0])
    within = shares_within(frame)
    told = listed([f"{share:.0f} % in {network(kind, depth)}" for kind, share in within.items()])
    return {
        "caption": (
            f"What F(x) is, block by block. Thick: one standard deviation to either side of the "
            f"mean; thin: 98 % of all values; grey: ±0.1, which holds {told}."
        ),
        "alt": f"Bars of the range of F(x) by block, with ±0.1 shaded, which holds {told}.",
        "origin": (
            f"{scale(records)}. Medians over trainings; F(x) is the output of a block's second "
            "layer, plain or residual. Shares are means over blocks, then over trainings."
        ),
    }


def shares_within(frame: pd.DataFrame) -> dict[str, float]:
    """Share of F(x) within ±0.1, in per cent, by kind: means over blocks, trainings and sources."""
    by_run = frame.groupby(["kind", "member", "run"])["within_tenth"].mean()
    found = 100 * by_run.groupby(level=["kind", "member"]).mean().groupby(level="kind").mean()
    return {kind: float(found[kind]) for kind in KINDS if kind in found}


def bars(ax: Axes, frame: pd.DataFrame) -> None:
    """Draw the range of F(x) by block: mean ± std thick, 1 % to 99 % thin, kinds side by side."""
    columns = ["low", "high", "mean", "std"]
    found = frame.groupby(["kind", "block"], as_index=False)[columns].median()
    for kind, aside in zip(KINDS, (-0.2, 0.2)):
        part = found[found["kind"] == kind]
        x, centre, std = part["block"] + aside, part["mean"], part["std"]
        ax.vlines(x, part["low"], part["high"], style.HUES[kind], lw=1)
        ax.vlines(x, centre - std, centre + std, style.HUES[kind], lw=4)


def three_numbers(records: Sequence[Record]) -> pd.DataFrame:
    """What the note puts numbers on, by network: all layers and F(x) alone, kept apart."""
    frame = tables.responses(records)
    rows = []
    for (_, _, name), part in frame.groupby(["depth", "kind", "network"]):
        f_alone = second_layers(part).assign(offset=lambda f: f["mean"].abs() / f["std"])
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
            "plain over residual at depth 56, std of all layers",
            "values of F(x) within ±0.1 in ResNet-56",
        ],
        "note": ["a 34-layer pair", "an order of magnitude", "the great majority"],
        "paper": ["plain-20/56, ResNet-20/56/110", "generally smaller (§4.2)", "does not say"],
    }
    for name, records in scales.items():
        frame = tables.responses([r for r in records if r.depth == 56])
        found = medians(frame)
        columns[name] = [
            networks(tables.finals(records)),
            f"{number(found[56, 'plain'] / found[56, 'residual'], 3)} times",
            f"{shares_within(second_layers(frame))['residual']:.0f} %",
        ]
    return pd.DataFrame(columns)


def fall(records: Sequence[Record], kind: str) -> tuple[int, int, Interval] | None:
    """How many times larger the median std is in the shallowest than in the deepest network of a
    kind, by pairs, with the two depths; None without a pair."""
    depths = sorted({record.depth for record in records if record.kind == kind})
    if len(depths) < 2:
        return None
    ends = depths[0], depths[-1]
    times = over(records, *((kind, d) for d in ends), partial(std_of, when="final"))
    return times and (*ends, times)


def deeper_words(records: Sequence[Record]) -> dict[str, str]:
    """Caption, alt text and origin of the figure of median responses against depth."""
    found = {kind: fall(records, kind) for kind in KINDS}
    ends = {kind: one for kind, one in found.items() if one}
    told = [
        f"{number(times.estimate)} times from {network(kind, shallow)} to {network(kind, deep)}"
        for kind, (shallow, deep, times) in ends.items()
    ]
    each = [
        f"{network(kind, shallow)} over {network(kind, deep)}: {times}"
        for kind, (shallow, deep, times) in ends.items()
    ]
    falls = f"The median response falls {listed(told)}." if told else "No pair of depths."
    return {
        "caption": f"{falls} A dot is a training, lines join their medians.",
        "alt": f"Median std against depth, a line for each kind. {falls}",
        "origin": (
            f"{scale(records)}. Medians over all 3×3 layers; falls are geometric means over pairs "
            f"of one seed, or of one source and recipe. {'; '.join(each)}."
        ),
    }


def before_and_after(trained: Sequence[Record], own: Sequence[Record]) -> pd.DataFrame:
    """Responses by block: of ours before training, and of trained networks; `when` says which."""
    frames = {
        "before": tables.responses(own, "initial", "blocks"),
        "trained": tables.responses(trained, "final", "blocks"),
    }
    return tables.joined(frame.assign(when=when) for when, frame in frames.items())


def ratio_words(
    frame: pd.DataFrame, records: Sequence[Record], own: Sequence[Record]
) -> dict[str, str]:
    """Caption, alt text and origin of the figure of ‖F(x)‖/‖x‖ by block, before and after."""
    told = []
    kept = identity_blocks(frame)
    for depth in sorted(kept["depth"].unique()):
        found = {
            when: number(medians(part, "ratio").item(), 2)
            for when, part in kept[kept["depth"] == depth].groupby("when")
        }
        told.append(
            f"from {found.get('before', '–')} to {found.get('trained', '–')} in "
            f"{network('residual', depth)}"
        )
    return {
        "caption": (
            f"How large F(x) is beside its input. Training takes the median over identity blocks "
            f"{listed(told)}. Solid: trained, dashed: before training; dotted: a tenth."
        ),
        "alt": f"‖F(x)‖/‖x‖ by block, before and after training: {listed(told)}.",
        "origin": f"Trained: {scale(records)}. {BANDS} Before training: ours, {scale(own)}.",
    }


def sizes(model: Network, batches: Batches) -> dict[str, float]:
    """What rescaling γ and β changes, and what it does not, as a row of a table."""
    layers, blocks = (pd.DataFrame(probe(model, batches)) for probe in (responses, block_ratios))
    return {
        "median std": layers["std"].median(),
        "median share within ±0.1": layers["within_tenth"].median(),
        "median ‖F(x)‖/‖x‖": blocks["ratio"].median(),
    }


def over_training(depths: Sequence[int]) -> pd.DataFrame:
    """What blocks do in the course of the trainings whose checkpoints one source published.

    One row a checkpoint: kind, depth, network, run, epoch, std (of F(x)), ratio (‖F(x)‖/‖x‖), sine
    (of the angle), gamma (|γ₂|), each a median over the identity blocks.
    Trainings with the shortcuts of our own networks alone; an empty frame where none of these
    depths was measured.
    """
    frames = []
    for name, columns in trajectories().items():
        kind, depth, *label = name.split("-")
        if int(depth) in depths and "projection" not in label:
            about = {"kind": kind, "depth": int(depth), "network": network(kind, int(depth))}
            frames.append(
                pd.DataFrame(columns)
                .drop(columns="sha256")
                .assign(**about, run=f"public/{SOURCE}/{name}")
            )
    return tables.joined(frames)


def over_training_words(frame: pd.DataFrame) -> dict[str, str]:
    """Captions, alt text and origin of the figure of responses in the course of training."""
    ends = frame[frame["epoch"].isin([frame["epoch"].min(), LAST])]
    found = ends.groupby(["depth", "kind", "network", "epoch"])[[*FOLLOWED]].median()
    told: dict[str, list[str]] = {column: [] for column in FOLLOWED}
    for (_, _, name), part in found.groupby(level=["depth", "kind", "network"]):
        for column, sentences in told.items():
            first, last = (number(value, 2) for value in part[column])
            sentences.append(f"{first} to {last} in {name}")
    deep = frame["depth"].max()
    whole = " ".join(f"{FOLLOWED[c][0].upper()}{FOLLOWED[c][1:]}: {listed(told[c])}." for c in told)
    falls, turns = (listed([t for t in told[c] if t.endswith(str(deep))]) for c in ("std", "sine"))
    return {
        "caption": (
            f"The median std of F(x) goes from {falls}; the sine of the angle by which a block "
            f"turns from {turns}. Dotted: the learning rate drops."
        ),
        "alt": f"Lines by epoch. {whole}",
        "origin": (
            f"Checkpoints of {SOURCE}, {count(frame['run'].nunique(), 'training')}, at the ends of "
            f"epochs {listed([str(e) for e in sorted(frame['epoch'].unique())])}; on test images, "
            f"BN statistics averaged over training images. {BANDS} The first epoch of 56 layers "
            f"was at a low learning rate. All {len(trajectories())} trainings, also those of other "
            f"depths and with projections, are in trajectories.json, to which the page on public "
            f"trainings leads. {whole}"
        ),
    }


def clipped_sentence(records: Sequence[Record]) -> str:
    """What the plain network trained with clipped gradients has; empty where there is none."""
    told = []
    for record in records:
        if (record.kind, record.variant) == ("plain", CLIPPED):
            frame = second_layers(tables.responses([record]))
            told.append(
                f"In {network('plain', record.depth)} of {record.member}, whose gradients were "
                f"clipped, {shares_within(frame)['plain']:.0f} % of F(x) lies within ±0.1. Size "
                "alone is no sign of a shortcut."
            )
    return " ".join(told)


def angles(records: Sequence[Record], untrained: Record | None) -> pd.DataFrame:
    """Sine of the angle between a block's input and what it makes of it before its last ReLU.

    Columns: depth, kind, run, when, block, sine; identity blocks alone. Trained networks block by
    block; of untrained ones of ours the median over blocks, at the first and the last block.
    """
    frames = [
        pd.DataFrame(r["probes"]["angles"]["final"]).assign(**tables.about(r), when="trained")
        for r in tables.probed(records, "angles")
    ]
    if not frames:
        return pd.DataFrame()
    found = identity_blocks(tables.joined(frames))
    keys = ["depth", "kind", "run", "member", "when", "block", "sine"]
    before = []
    for seed, measured in zip(untrained.seeds, untrained.measurements) if untrained else ():
        for (kind, depth), blocks in found.groupby(["kind", "depth"])["block"]:
            if one := measured.get(f"{kind}-{depth}"):
                ends = {"block": [blocks.min(), blocks.max()], "sine": one["sine"]}
                about = {"kind": kind, "depth": depth, "member": seed, "when": "before"}
                before.append(pd.DataFrame(ends).assign(**about, run=untrained.name))
    return tables.joined([*before, found])[keys]


def angle_words(frame: pd.DataFrame, records: Sequence[Record]) -> dict[str, str]:
    """Caption, alt text and origin of the figure of angles by block."""
    told, found = [], medians(frame[frame["when"] == "trained"], "sine")
    for depth in sorted(frame["depth"].unique()):
        if {(depth, kind) for kind in KINDS} <= set(found.index):
            sizes = [number(found[depth, kind], 2) for kind in KINDS]
            told.append(f"{' and '.join(sizes)} at depth {depth}")
    return {
        "caption": (
            "How far a block turns its input (0: not at all, 1: a right angle). Median sine, plain "
            f"and residual: {listed(told) or 'one kind alone'}. Solid: trained; bands: lowest to "
            "highest; dashed: before training."
        ),
        "alt": f"Sine of the angle by block, plain and residual: {listed(told)}.",
        "origin": (
            f"Trained: {scale(tables.probed(records, 'angles'))}. Before training: ours, on "
            "CIFAR-10, the median over blocks. Identity blocks alone; before the last ReLU."
        ),
    }


def lesion_points(records: Sequence[Record]) -> pd.DataFrame:
    """Rise in test error (points) when a block is deleted against its std of F(x), identity blocks.

    Columns: kind, network, run, block, std, rise.
    """
    deleted = tables.lesions(records)
    if deleted.empty:
        return deleted
    layers = second_layers(tables.responses(records))
    stds = layers.assign(block=layers["layer"].str.split(".").str[0].astype(int))
    blocks = identity_blocks(tables.responses(records, what="blocks"))[["run", "block"]]
    found = deleted.merge(stds[["run", "block", "std"]], on=["run", "block"])
    found = found.merge(blocks, on=["run", "block"])
    return found[[*tables.KEYS, "member", "run", "block", "std", "rise"]]


def correlation(frame: pd.DataFrame) -> str:
    """Spearman's ρ between std and rise, the mean over trainings by Fisher's z, as a word; "none"
    where a training has fewer than three identity blocks."""
    groups = [part for _, part in frame.groupby("run")]
    if min(map(len, groups)) < 3:
        return "none"
    found = mean_correlation([rank_correlation(part["std"], part["rise"]) for part in groups])
    return number(found.estimate, 2)


def lesion_words(frame: pd.DataFrame, records: Sequence[Record]) -> dict[str, str]:
    """Caption, alt text and origin of the figure of rise against std."""
    told = [f"{correlation(part)} in {name}" for name, part in frame.groupby("network")]
    return {
        "caption": (
            "What deleting a block costs, against how strongly it responds. The rank correlation ρ "
            f"is {listed(told)}. A dot is an identity block of one training."
        ),
        "alt": f"Rise in test error against std of F(x), logarithmic: ρ is {listed(told)}.",
        "origin": f"{scale(records)}. ρ: Spearman's, mean over trainings by Fisher's z.",
    }


def measures_sentence(found: pd.DataFrame) -> str:
    """How far the measures of `exercises.plain_over_residual` agree at the deepest networks."""
    if found.empty:
        return "There is one kind of network alone."
    deepest = found.loc[found["depth"].idxmax()]
    values = deepest.drop("depth")
    return (
        f"At depth {deepest['depth']:.0f} the plain network's median is between "
        f"{number(values.min(), 2)} and {number(values.max(), 2)} times the residual one's, "
        "by the measure."
    )
