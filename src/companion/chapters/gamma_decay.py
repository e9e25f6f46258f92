"""Does weight decay on γ make responses small? Frames, words and table of trainings without it."""

from collections.abc import Sequence

import pandas as pd
from scipy.stats import gmean

from companion import tables
from companion.chapters.response_std import by_training, identity_blocks, second_layers
from companion.settings import Settings
from companion.words import count, scale
from residual import store
from residual.claims.about_argument import NO_GAMMA_DECAY
from residual.statistics import Interval, geometric_mean, number, ratio
from residual.store import Record

PAIR = ("190123-1", "190124-0")  # trainings of one source that differ in decay on γ alone


def with_and_without(chosen: Settings) -> list[Record]:
    """Trained ResNet-56 with decay on γ and without it, of the largest scale that has both."""
    for name in chosen.scales:
        found = [r for r in store.every(name) if (r.kind, r.depth) == ("residual", 56)]
        kept = [r for r in found if r.variant in ("", NO_GAMMA_DECAY)]
        if {r.variant for r in kept} == {"", NO_GAMMA_DECAY}:
            return kept
    return []


def trainings(records: Sequence[Record]) -> pd.DataFrame:
    """Trained ResNets with decay on γ and without it, one row a training.

    Columns: run, member, variant, std and ratio (medians of the std of F(x) over blocks and of
    ‖F(x)‖/‖x‖ over identity blocks), train_error, test_error.
    """
    layers = by_training(second_layers(tables.responses(records)))
    blocks = by_training(identity_blocks(tables.responses(records, what="blocks")), "ratio")
    found = pd.concat([layers, blocks], axis=1).reset_index()
    about = pd.DataFrame([tables.about(r) for r in records])[
        ["run", "member", "variant", "network"]
    ]
    errors = tables.finals(records)[["run", "train_error", "test_error"]]
    return found.merge(about, on="run").merge(errors, on="run")


def against(frame: pd.DataFrame, column: str) -> Interval:
    """How many times larger a column of `trainings` is without decay on γ than with it, where a
    source (or seed) stands for several trainings with decay by their geometric mean."""
    free = frame["variant"] == NO_GAMMA_DECAY
    usual = frame[~free].groupby("member")[column].agg(gmean)
    return ratio(frame[free][column].tolist(), usual.tolist())


def matched(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """The pairs of trainings in `trainings` that differ in decay on γ alone: of ours those of one
    seed, of others one pair of one source."""
    if frame["run"].str.startswith("public/").any():
        pairs = [frame[frame["run"].str.endswith(PAIR)]]
    else:
        pairs = [part for _, part in frame.groupby("member")]
    return [pair for pair in pairs if len(pair) == 2]


def matched_sentence(frame: pd.DataFrame) -> str:
    """How the pairs of `matched` differ; empty where there is none."""
    pairs = [pair.sort_values("variant", ascending=False) for pair in matched(frame)]
    if not pairs:
        return ""
    std, beside, error = (
        geometric_mean([pair[c].iloc[0] / pair[c].iloc[1] for pair in pairs]).estimate
        for c in ("std", "ratio", "test_error")
    )
    return (
        f"{whose(frame)}Trainings that differ in this alone: {count(len(pairs), 'pair')}, in which "
        f"without decay on γ the median std of F(x) is {number(std, 2)} times, the median "
        f"‖F(x)‖/‖x‖ {number(beside, 2)} times and the test error {number(error, 2)} times what it "
        "is with it."
    )


def whose(frame: pd.DataFrame) -> str:
    """Which sources left decay on γ out, and in how many of their trainings; empty of our own."""
    told = []
    for source, part in frame.groupby("member"):
        free = (part["variant"] == NO_GAMMA_DECAY).sum()
        if free and isinstance(source, str):
            trainings = count(len(part), "training")
            told.append(f"{source} left decay on γ out in {free} of its {trainings}. ")
    return "".join(told)


def means_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Geometric means of `trainings`: with decay on γ, all and of the sources that have both, and
    without decay."""
    free = frame["variant"] == NO_GAMMA_DECAY
    both = frame["member"].isin(frame[free]["member"])
    groups = {"yes, all": ~free, "yes, of sources with both": ~free & both, "no": free}
    rows = []
    for name, chosen in groups.items():
        part = frame[chosen]
        if len(part):
            means = {c: geometric_mean(part[c].tolist()).estimate for c in ("std", "ratio")}
            rows.append(
                {
                    "decay on γ": name,
                    "trainings": len(part),
                    "median std of F(x)": means["std"],
                    "median ‖F(x)‖/‖x‖": means["ratio"],
                    "test error, %": part["test_error"].mean(),
                }
            )
    return pd.DataFrame(rows)


def gamma_words(frame: pd.DataFrame, records: Sequence[Record]) -> dict[str, str]:
    """Caption, alt text and origin of the figure of ResNets with and without decay on γ."""
    times = {column: against(frame, column) for column in ("std", "ratio")}
    told = (
        f"Without decay on γ the std of F(x) is {number(times['std'].estimate, 2)} times and "
        f"‖F(x)‖/‖x‖ {number(times['ratio'].estimate, 2)} times what it is with decay"
    )
    return {
        "caption": (
            f"{told}. A dot is a training of {frame['network'].iloc[0]}; lines join those that "
            "differ in this alone."
        ),
        "alt": f"Median ‖F(x)‖/‖x‖ against median std of F(x). {told}.",
        "origin": (
            f"{scale(records)}. Welch's intervals on logarithms: std {times['std']}, ‖F(x)‖/‖x‖ "
            f"{times['ratio']}."
        ),
    }
