"""The commands of the console script that make and check run records: `train` and `verify`."""

import logging
from dataclasses import replace

import click

from residual.options import (
    PROFILE_NAMES,
    Kinds,
    Numbers,
    data_option,
    device_option,
    runs_option,
)
from residual.recipe import PROFILES


@click.command()
@click.option(
    "--profile", default="quick", show_default=True, help=f"One of {', '.join(PROFILES)}."
)
@click.option("--kinds", type=Kinds(), default="plain,residual", show_default=True)
@click.option("--depths", type=Numbers(), default="20,56", show_default=True, help="Each is 6n+2.")
@click.option("--seeds", type=Numbers(), default="0", show_default=True)
@click.option("--iterations", type=int, help="Instead of the profile's own number.")
@click.option("--learning-rate", type=float, help="Instead of the paper's 0.1.")
@click.option("--no-norm", is_flag=True, help="Without batch normalisation.")
@click.option("--zero-gamma", is_flag=True, help="The last scale of each block starts at zero.")
@click.option("--no-gamma-decay", is_flag=True, help="No weight decay on the scales.")
@click.option("--jobs", type=int, help="Runs at once (default: several on a GPU, else 1).")
@click.option(
    "--processes/--in-turn",
    default=None,
    help="Runs at once have a process each (default on a CPU), or take turns in one (on a GPU).",
)
@click.option("--scheduler", help="A Dask scheduler whose workers train, such as tcp://host:8786.")
@click.option("--threads", type=int, help="CPU threads of a run (default: the cores, shared).")
@click.option("--long", "allow_long", is_flag=True, help="Allow runs of many hours.")
@device_option
@runs_option
@data_option
def train(
    profile,
    kinds,
    depths,
    seeds,
    iterations,
    learning_rate,
    no_norm,
    zero_gamma,
    no_gamma_decay,
    jobs,
    processes,
    scheduler,
    threads,
    allow_long,
    device,
    runs,
    data,
) -> None:
    """Train every combination of kinds, depths and seeds that the store lacks.

    A run that fails does not stop the others. Ctrl-C stops all of them; the same command then
    goes on from their last checkpoints.
    """
    from residual.errors import check_choice, check_list
    from residual.recipe import recipes
    from residual.sweep import sweep

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    check_choice("profile", profile, tuple(PROFILES))
    for name, values in (("depths", depths), ("seeds", seeds)):
        check_list(name, values, lambda _value: None, name)
    changes = {"norm": not no_norm, "zero_gamma": zero_gamma, "decay_gamma": not no_gamma_decay}
    changes |= {} if learning_rate is None else {"learning_rate": learning_rate}
    usual = recipes(profile, kinds, depths, seeds, iterations)
    wanted = [replace(recipe, **changes) for recipe in usual]
    how = jobs, scheduler, threads, allow_long, processes
    report(sweep(wanted, device, runs, data, *how))


def report(outcomes: list) -> None:
    """Print a table of a sweep's outcomes, and leave with 1 if one failed.

    If nothing but one and the same error came of it, that error is raised instead.
    """
    from rich.console import Console
    from rich.table import Column, Table

    failed = [outcome for outcome in outcomes if outcome.error]
    if len(failed) == len(outcomes) and len({str(o.error) for o in failed}) == 1:
        raise failed[0].error
    heads = (Column(head, no_wrap=True) for head in ("run", "", "training error", "test error"))
    table = Table(*heads, "")
    for outcome in outcomes:
        name = f"{outcome.recipe.profile}/{outcome.recipe.name}"
        table.add_row(name, *words(outcome))
    Console().print(table)
    if failed:
        raise SystemExit(1)


def words(outcome) -> tuple[str, str, str, str]:
    """State, training error, test error and remark of an outcome."""
    if outcome.error:
        return "failed", "–", "–", str(outcome.error)
    state, errors = "trained" if outcome.trained else "was there", outcome.run["metrics"]
    if errors["diverged_at"]:
        return state, "–", "–", f"diverged at iteration {errors['diverged_at']}"
    return state, f"{errors['train_error']:.2f} %", f"{errors['test_error']:.2f} %", ""


@click.command()
@click.argument("names", metavar="[RUN]...", nargs=-1)
@click.option("--profile", default="quick", show_default=True, help=", ".join(PROFILE_NAMES) + ".")
@click.option("--record", is_flag=True, help="Keep the outcomes in the store, as replays.json.")
@runs_option
@data_option
def verify(names, profile, record, runs, data) -> None:
    """Replay the first iterations of records and compare the losses.

    Of each RUN, such as plain-20-s0, or of every run of the profile. Exactly where CPU model,
    PyTorch version and thread count are the record's; elsewhere within what rounding explains.
    Leaves with 1 if a record differs.
    """
    from rich.console import Console
    from rich.table import Table

    from residual import replay, replays
    from residual.errors import check_choice
    from residual.store import every

    check_choice("profile", profile, PROFILE_NAMES)
    profiles = [*PROFILES] if profile == "published" else [profile]
    stored = [run for one in profiles for run in every(one, runs)]
    for name in names:
        check_choice("run", name, [run.recipe.name for run in stored])
    wanted = [run for run in stored if not names or run.recipe.name in names]
    found = [(run, replay.verify(run, data)) for run in wanted]
    if not found:
        click.echo(f"The store has no record of the profile {profile}.")
        return
    if record:
        click.echo(f"The outcomes are in {replays.save(found, runs)}.")
    table = Table("run", "verdict", "source", "what was seen")
    for _, seen in found:
        source = "the present one" if seen.same_source else "another"
        table.add_row(seen.name, seen.verdict, source, seen.sentence)
    Console().print(table)
    if any(seen.verdict == replay.DIFFERS for _, seen in found):
        raise SystemExit(1)
