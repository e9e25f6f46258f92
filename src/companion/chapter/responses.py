"""Pictures and sentences of the chapter on small responses."""

from statistics import fmean

import pandas as pd
from residual.claims.identity import near_identity

from companion import figures, tables
from companion.chapter import scale
from companion.chapter.display import Picture
from companion.chapter.settings import Settings
from companion.chapter.words import listed, names, networks
from companion.figures.style import network
from residual.claims import CHAIN, Evidence, evaluate
from residual.claims.evidence import medians as claimed_medians
from residual.claims.evidence import metric
from residual.statistics import geometric_mean, number, per_cent
from residual.store import Record


def figure_7(settings: Settings, runs: list[Record], when: str, label: str) -> Picture:
    """The paper's Fig. 7 from records, `when` final or initial."""
    frame = tables.responses(runs, when)
    words = {
        "initial": "before training",
        "final": "trained",
        "final_exact": "trained, with BN statistics averaged exactly over training images",
    }
    caption = (
        f"Standard deviations of layer responses, {words[when]}: {comparison(frame)} "
        f"Top: layers in original order; bottom: the same values sorted"
        f"{'. Means over seeds' * scale.several(runs)} ({scale.of_runs(runs)})."
    )
    alt = (
        f"Two line charts of standard deviation by layer for {networks(frame)}. "
        f"Medians: {listed(median_words(frame))}."
    )
    return Picture(figures.figure_7(frame), label, caption, alt, names(frame), frame)


MATTERS = 0.05  # relative change of a median std, below which both statistics tell the same


def statistics_sentence(runs: list[Record]) -> str:
    """Whether it matters that BN statistics are moving averages: the change if they are exact."""
    moving, exact = (
        medians(tables.responses(runs, when)).set_index(["kind", "depth"])["std"]
        for when in ("final", "final_exact")
    )
    change = exact / moving - 1
    told = [
        f"{number(100 * value, 2)} % in {network(kind, depth)}"
        for (kind, depth), value in change.items()
    ]
    large = [network(*pair) for pair, value in change.items() if abs(value) >= MATTERS]
    verdict = f"it matters in {listed(large)}" if large else "it hardly matters here"
    return (
        f"With exact statistics the median standard deviation changes by {listed(told)}: "
        f"{verdict} (the line is drawn at {per_cent(MATTERS)})."
    )


def medians(frame: pd.DataFrame) -> pd.DataFrame:
    """Median std over layers of each run, geometric mean over seeds: one row a network."""
    found = frame.groupby(["depth", "kind"]).apply(middle, "std", include_groups=False)
    return found.rename("std").reset_index()


def middle(frame: pd.DataFrame, column: str) -> float:
    """The median of a column in each run, and their geometric mean over seeds, as the claims do."""
    return geometric_mean(frame.groupby("seed")[column].median()).estimate


def median_words(frame: pd.DataFrame) -> list[str]:
    """Each network with its median, as words."""
    found = medians(frame).itertuples(index=False)
    return [f"{network(kind, depth)} {std:.2f}" for depth, kind, std in found]


def comparison(frame: pd.DataFrame) -> str:
    """At which depths the residual net has the smaller median, and by what factor."""
    wide = medians(frame).pivot(index="depth", columns="kind", values="std")
    if not {"plain", "residual"} <= set(wide.columns):
        return f"medians {listed(median_words(frame))}."
    ratios = (wide["plain"] / wide["residual"]).dropna()
    return (
        "the median of the plain net is "
        + listed([f"{ratio:.2f} times" for ratio in ratios])
        + f" that of the ResNet at depth{'s' * (len(ratios) > 1)} "
        + f"{listed([str(d) for d in ratios.index])}."
    )


def ratios(settings: Settings, runs: list[Record], label: str) -> Picture:
    """‖F(x)‖/‖x‖ block by block, before and after training."""
    frame = tables.responses(runs, "final", "blocks")
    start = tables.responses(runs, "initial", "blocks")
    residual = frame[(frame["kind"] == "residual") & ~frame["widening"]]
    before = start[(start["kind"] == "residual") & ~start["widening"]]
    found = [
        f"{middle(before[before['depth'] == depth], 'ratio'):.2f} before and "
        f"{middle(part, 'ratio'):.2f} after training in {network('residual', depth)}"
        for depth, part in residual.groupby("depth")
    ]
    caption = (
        f"Median ‖F(x)‖/‖x‖ over the blocks with identity shortcut: {listed(found)}. Bold: "
        f"trained; thin: at initialisation ({scale.of_runs(runs)})."
    )
    alt = f"Lines of the ratio against block for {networks(frame)}, before and after training."
    return Picture(figures.response_ratio(runs), label, caption, alt, names(frame), frame)


def lesions(settings: Settings, runs: list[Record], label: str) -> Picture:
    """Rise in test error with one block deleted."""
    frame = tables.lesions(runs)
    each = frame.groupby(["depth", "kind"], as_index=False)["rise"].median()
    found = [f"{rise:.1f} in {network(kind, depth)}" for depth, kind, rise in each.to_numpy()]
    drawn = "Bold lines are means over seeds, thin ones the seeds"
    caption = (
        f"Median rise in test error, in points, when one block is deleted: {listed(found)}. "
        f"{drawn if scale.several(runs) else 'A line a network'} ({scale.of_runs(runs)})."
    )
    alt = f"Rise in test error against the deleted block for {networks(frame)}."
    return Picture(figures.lesion_bars(runs), label, caption, alt, names(frame), frame)


def three_numbers(runs: list[Record]) -> pd.DataFrame:
    """The note's numbers from our records: order of magnitude, and the share within ±0.1."""
    grouped = tables.responses(runs).groupby(["depth", "kind"])
    found = pd.DataFrame([{"network": network(k, d)} | numbers(f) for (d, k), f in grouped])
    return scale.scaled(found, scale.of_runs(runs))


def numbers(frame: pd.DataFrame) -> dict:
    """What the note puts numbers on, for the layers of one network."""
    f_only = frame[frame["layer"].str.endswith(".2")]
    low, high = frame["low"].median(), frame["high"].median()
    return {
        "median std, all 3×3 layers": middle(frame, "std"),
        "median std, F(x)": middle(f_only, "std"),
        "1 % to 99 %, median layer": f"{low:.2f} … {high:.2f}".replace("-", "−"),
        "within ±0.1, %": 100 * frame["within_tenth"].mean(),
    }


def gamma_control(settings: Settings) -> pd.DataFrame:
    """ResNet-56 with and without weight decay on γ, at the largest profile that has both.

    Median std of the 3×3 layers and ‖F(x)‖/‖x‖ of the identity blocks, trained, geometric means
    over seeds; final errors (per cent), means. Empty where the store has no such run.
    """
    both = {"yes": "", "no": "no-gamma-decay"}
    sources = map(Evidence, settings.profiles)
    ran = (e for e in sources if all(e.has("residual", 56, v) for v in both.values()))
    if (evidence := next(ran, None)) is None:
        return pd.DataFrame()
    groups = {d: evidence.networks("residual", 56, variant) for d, variant in both.items()}
    name = {"network": network("residual", 56)}
    rows = [name | {"decay on γ": decay} | sizes(group) for decay, group in groups.items()]
    shown = [run for group in groups.values() for run in group]
    return scale.scaled(pd.DataFrame(rows), scale.of_runs(shown))


def sizes(runs: list[Record]) -> dict:
    """How large responses are, and what the networks err by."""
    return {
        "median std": geometric_mean(claimed_medians(runs, "std", "final")).estimate,
        "median ‖F(x)‖/‖x‖": near_identity(runs, "final").estimate,
        "training error, %": fmean(metric(runs, "train_error")),
        "test error, %": fmean(metric(runs, "test_error")),
        "seeds": len(runs),
    }


def chain(settings: Settings) -> pd.DataFrame:
    """The note's line of argument, link by link, with the verdict measured for each."""
    ids = {name for _, name in CHAIN}
    verdicts = {verdict.id: verdict for verdict in evaluate(settings.profile, ids=ids)}
    rows = [
        {
            "link": link,
            "claim": name,
            "verdict": verdicts[name].verdict,
            "profile": verdicts[name].profile,
            "measured": verdicts[name].sentence,
        }
        for link, name in CHAIN
    ]
    return pd.DataFrame(rows)
