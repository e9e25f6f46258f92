"""What the argument of note 000 proves: Jacobians, rival explanations, the chain link by link."""

from collections.abc import Sequence

import pandas as pd

from companion import tables
from companion.settings import Settings
from companion.words import experiment_scale, scale
from residual.claims import CHAIN, CLAIMS, NOT_RUN, evaluate
from residual.claims.about_argument import accumulation, untrained_of
from residual.claims.about_responses import falls, relative_medians, relative_response
from residual.claims.evidence import Evidence, rows_of
from residual.claims.evidence import medians as medians_of
from residual.recipe import KINDS
from residual.statistics import difference, geometric_mean, listed, number, ratio
from residual.store import Record


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
