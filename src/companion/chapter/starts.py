"""Pictures of starts and of exact solutions: how precise, how hard by depth, and with γ at zero."""

from dataclasses import replace

import pandas as pd
from residual.claims.reformulation import PRECISE_BLOCKS, PRECISION

from companion import figures, tables
from companion.chapter import scale
from companion.chapter.display import Picture
from companion.chapter.settings import SMALLEST, Settings
from companion.chapter.words import error_rate, listed, names, seeds
from companion.figures.style import network
from residual.statistics import geometric_mean, number
from residual.store import Record, seeds_of
from residual.sweep import Options, ensure


def perturbation(settings: Settings, label: str) -> Picture:
    """The identity's exact solution with noise on its weights: what the output loses."""
    record = settings.experiment("complex-weights")
    frame = rows_of(record)
    judged = frame[(frame["blocks"] == PRECISE_BLOCKS) & (frame["epsilon"] == PRECISION)]
    err = {kind: geometric_mean(part["error"]).estimate for kind, part in judged.groupby("kind")}
    caption = (
        f"Noise of {100 * PRECISION:g} % on every kernel of the exact identity moves the output of "
        f"{PRECISE_BLOCKS} plain blocks by {number(100 * err['plain'], 2)} % and that of as many "
        f"residual ones by {number(100 * err['residual'], 2)} %: plain over residual "
        f"{number(err['plain'] / err['residual'])}. "
        "Blocks without BN; noise relative to the norm of a Dirac kernel; means "
        f"({scale.of_experiment(record)})."
    )
    alt = (
        "Two panels, plain and residual, of relative output error against relative noise on "
        "logarithmic scales, a rising line for each number of blocks; "
        f"at {100 * PRECISION:g} % and {PRECISE_BLOCKS} blocks the plain one is at "
        f"{number(err['plain'], 2)}, the residual one at {number(err['residual'], 2)}."
    )
    drawn = figures.perturbed_errors(frame)
    return Picture(drawn, label, caption, alt, (record.name,), frame)


def rows_of(record: Record) -> pd.DataFrame:
    """The rows of an experiment with one table a seed, without what is no plain value."""
    pairs = zip(record.seeds, record.measurements)
    rows = [{"seed": seed} | row for seed, measured in pairs for row in measured["rows"]]
    plain = [{k: v for k, v in row.items() if not isinstance(v, (list, dict))} for row in rows]
    return pd.DataFrame(plain)


def identity_by_depth(settings: Settings, label: str) -> Picture | None:
    """Error left by stacks that learn to return their input, against their depth.

    None where the store has no such record: it takes minutes, and the chapter on zero weights
    makes it.
    """
    if not settings.has_experiment("identity-is-hard"):
        return None
    record = settings.experiment("identity-is-hard")
    frame = rows_of(record)
    left = frame.groupby(["blocks", "kind"])["loss"].apply(lambda part: geometric_mean(part))
    wide = left.map(lambda interval: interval.estimate).unstack()
    found = [
        f"{number(w.plain, 2)} and {number(w.residual, 2)} at {w.Index}" for w in wide.itertuples()
    ]
    caption = (
        "Relative squared error that descent leaves when a stack learns to return its input, plain "
        f"and residual: {listed(found)} blocks. Dots are seeds, lines geometric means (the best of "
        f"{len(record['settings']['learning_rates'])} learning rates for each; "
        f"{scale.of_experiment(record)})."
    )
    alt = (
        "Error left against number of blocks on logarithmic scales, a line for plain and one for "
        f"residual stacks: {listed(found)} blocks."
    )
    return Picture(figures.errors_left(frame), label, caption, alt, (record.name,), frame)


def zero_gamma_runs(settings: Settings) -> list[Record]:
    """The deepest residual net trained from γ₂ = 0 in each block: every seed in the store.

    Where it has none, seed 0 is trained at the quick profile; larger ones give an empty list.
    """
    usual = replace(settings.recipe("residual", settings.deep), zero_gamma=True)
    wanted = settings.seeds or seeds_of(usual)
    if not wanted and settings.profile == SMALLEST:
        wanted = [0]
    return ensure([replace(usual, seed=seed) for seed in wanted], Options(settings.device))


def with_both_starts(settings: Settings) -> Settings:
    """The largest profile whose store has the deepest residual net from both starts."""
    for fixed in (replace(settings, profile=name) for name in settings.profiles):
        usual = fixed.recipe("residual", settings.deep)
        if seeds_of(usual) and seeds_of(replace(usual, zero_gamma=True)):
            return fixed
    return replace(settings, profile=settings.profiles[-1])


def zero_gamma(settings: Settings, label: str) -> Picture | None:
    """The deepest residual net from both starts; None where the store has no zero-γ run."""
    fixed = with_both_starts(settings)
    usual = [run for run in fixed.runs(("residual",)) if run.recipe.depth == settings.deep]
    sides = {"He": usual, "zero γ": zero_gamma_runs(fixed)}
    if not all(any(run["responses"] for run in group) for group in sides.values()):
        return None
    blocks = pd.concat([block_frame(group, start) for start, group in sides.items()])
    curves = pd.concat(
        [tables.curves(group, "test").assign(start=start) for start, group in sides.items()]
    )
    told = [in_words(start, group, blocks) for start, group in sides.items()]
    caption = (
        f"{network('residual', settings.deep)} from a He start and with the last scale γ₂ of each "
        f"block at zero, where every block starts as its shortcut: {'; '.join(told)}. First "
        "panel: bold trained, thin before training; second: test error "
        f"({scale.of_runs(sides['zero γ'])})."
    )
    alt = (
        "In one panel a line of ‖F(x)‖/‖x‖ against block for each start, before and after "
        f"training; in the other test error against iteration for both starts: {'; '.join(told)}."
    )
    records = names(blocks)
    return Picture(figures.zero_gamma(blocks, curves), label, caption, alt, records, blocks)


def block_frame(runs: list[Record], start: str) -> pd.DataFrame:
    """‖F(x)‖/‖x‖ of each block before and after training, with the start."""
    frames = [
        tables.responses(runs, when, "blocks").assign(when=when, start=start)
        for when in ("initial", "final")
    ]
    return pd.concat(frames, ignore_index=True)


def near_zero(blocks: pd.DataFrame) -> float:
    """Median ratio of each run, geometric mean over seeds; zero where one of them is."""
    medians = blocks.groupby("seed")["ratio"].median()
    return geometric_mean(medians).estimate if medians.min() > 0 else 0.0


def in_words(start: str, runs: list[Record], blocks: pd.DataFrame) -> str:
    """A start's ratio before and after training, and the errors that it ends with."""
    errors = tables.finals(runs)
    identity = blocks[(blocks["start"] == start) & ~blocks["widening"].astype(bool)]
    before, after = (near_zero(identity[identity["when"] == when]) for when in ("initial", "final"))
    return (
        f"from {start} the median ‖F(x)‖/‖x‖ goes from {number(before, 2)} to "
        f"{number(after, 2)}, and the mean training error ends at "
        f"{error_rate(errors['train_error'].mean())} (test "
        f"{error_rate(errors['test_error'].mean())}, {seeds(len(errors))})"
    )
