"""Frames, captions and tables of the chapter on responses; its cells draw the figures."""

from collections.abc import Sequence

import pandas as pd

from companion import tables
from companion.display import cell
from companion.settings import Settings
from companion.words import experiment_scale, network, networks, scale
from residual.claims import CHAIN, CLAIMS, NOT_RUN, evaluate
from residual.claims.about_argument import accumulation, lesion_correlation, rises, untrained_of
from residual.claims.about_responses import falls, relative_medians, relative_response
from residual.claims.evidence import Evidence, block_stds, identity_blocks, rows_of
from residual.claims.evidence import medians as medians_of
from residual.recipe import KINDS
from residual.statistics import difference, geometric_mean, listed, mean_correlation, number, ratio
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


def jacobian_frame(records: Sequence[Record]) -> pd.DataFrame:
    """Participation ratio of each block's Jacobian, trained and untrained: kind, block, state."""
    frames = [
        pd.DataFrame(r["probes"]["jacobian"]).assign(**tables.about(r), state="trained")
        for r in records
    ]
    baseline = untrained_of(Evidence("public"))
    for seed, measured in zip(baseline.seeds, baseline.measurements):
        for kind in KINDS:
            frame = pd.DataFrame(measured[kind])
            frames.append(
                frame.assign(kind=kind, state="untrained", run=baseline.name, member=seed)
            )
    frame = pd.concat(frames, ignore_index=True)
    return frame[~frame["widening"].astype(bool)]


def jacobian_words(frame: pd.DataFrame, records: Sequence[Record]) -> tuple[str, str]:
    """Caption and alt text of the figure of participation ratios."""
    found = frame.groupby(["state", "kind", "run", "member"])["participation"].median()
    found = found.groupby(level=["state", "kind"]).median()
    told = [
        f"{number(found[state, 'plain'], 2)} against {number(found[state, 'residual'], 2)} {state}"
        for state in ("untrained", "trained")
    ]
    caption = (
        "Participation ratio of the singular values of each identity block's Jacobian before its "
        f"last ReLU (1: all equal, as in an identity), plain against residual: {listed(told)}. "
        f"Medians over blocks and trainings ({scale(records)}; untrained: He start, BN statistics "
        "averaged exactly)."
    )
    return caption, f"Participation ratio against block in two panels: {listed(told)}."


def rivals() -> pd.DataFrame:
    """The rival explanations of small responses, measured on trained networks: two at full length,
    and decay on γ on the profile quick, where it is shown and not judged."""
    full, own = Evidence("public"), Evidence("quick")
    grown = accumulation(full.networks("residual", 56), "final")
    desk = Evidence("desk").found("residual", 56)
    before = f"; before training, desk: {accumulation(desk, 'initial')}" if desk else ""
    (fall,) = falls([full.networks("plain", depth) for depth in (20, 56)], "final")
    rows = [
        {
            "rival": "signal accumulates along the shortcut",
            "measured": "‖F(x)‖/‖x‖ of ResNet-56, last identity block over first, trained",
            "value": f"{grown}{before}",
            "holds": "yes" if grown.upper < 1 else "no" if grown.lower > 1 else "undecided",
        },
        {
            "rival": "depth alone",
            "measured": "median std of plain-20 over plain-56: no shortcut anywhere",
            "value": str(fall),
            "holds": "yes" if fall.lower > 1 else "no" if fall.upper < 1 else "undecided",
        },
    ]
    pair = [own.found("residual", 56, variant) for variant in ("no-gamma-decay", "")]
    if all(pair):
        free = ratio(*(medians_of(group, "std", "final") for group in pair))
        relative = ratio(*(relative_medians(group, "final") for group in pair))
        rows.append(
            {
                "rival": "weight decay shrinks γ",
                "measured": "median std of ResNet-56 without decay on γ over with it, quick",
                "value": f"{free}; of ‖F(x)‖/‖x‖, since x grows as well: {relative}",
                "holds": "needs the paper's length",
            }
        )
    return pd.DataFrame(rows)


def curvature(settings: Settings) -> str:
    """The participation ratio of the Gauss–Newton matrix at initialisation, residual over plain;
    nothing where the experiment was not run."""
    if not (record := settings.stored("preconditioning")):
        return ""
    sides = [
        [row["participation"] for row in rows_of(record, kind=kind, matrix="gauss_newton")]
        for kind in reversed(KINDS)
    ]
    return (
        "Of the Gauss–Newton matrix, which concerns descent itself, the participation ratio before "
        f"training is in the residual network {ratio(*sides)} times that of the plain one "
        f"({experiment_scale(record, images=True)})."
    )


def kept_large() -> str:
    """Does a network whose responses stay large train worse? The short answer of the profile quick;
    nothing where it has no training without decay on γ."""
    own = Evidence("quick")
    free, usual = (own.found("residual", 56, variant) for variant in ("no-gamma-decay", ""))
    if not free or not usual:
        return ""
    stds = [geometric_mean(medians_of(group, "std", "final")).estimate for group in (free, usual)]
    beside = [relative_response(group, "final").estimate for group in (free, usual)]
    errors = [[r["metrics"]["train_error"] for r in group] for group in (free, usual)]
    return (
        f"On the digits ResNet-56 without decay on γ ends with a median std of "
        f"{number(stds[0], 2)} in place of {number(stds[1], 2)} and a median ‖F(x)‖/‖x‖ of "
        f"{number(beside[0], 2)} in place of {number(beside[1], 2)} (geometric means); its "
        f"training error minus that with decay is {difference(*errors)} percentage points "
        f"({scale(free)})."
    )


def chain(settings: Settings) -> pd.DataFrame:
    """The note's line of argument, link by link, with the verdict measured for each."""
    ids = {name for _, name, _ in CHAIN}
    found = {verdict.id: verdict for verdict in evaluate(settings.profile, ids=ids)}
    words = {claim.id: claim.english for claim in CLAIMS}
    return pd.DataFrame(
        {
            "link": link,
            "claim": words[name],
            "measured on": on,
            "verdict": found[name].verdict,
            "scale": found[name].scale if found[name].verdict != NOT_RUN else "–",
        }
        for link, name, on in CHAIN
    )
