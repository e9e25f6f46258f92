"""Options and types that several commands of the console script share."""

from pathlib import Path

import click

from residual.provenance import DEVICES
from residual.recipe import KINDS, PROFILES

PROFILE_NAMES = [*PROFILES, "published"]

folder = click.Path(file_okay=False, path_type=Path)
runs_option = click.option(
    "--runs", type=folder, help="The store of run records (default: RESIDUAL_RUNS, or runs/)."
)
data_option = click.option(
    "--data", type=folder, help="The folder that holds CIFAR-10 (default: RESIDUAL_DATA, or data/)."
)
device_option = click.option("--device", type=click.Choice(DEVICES), default="auto")


class Numbers(click.ParamType):
    """Integers with commas between them, such as 20,56."""

    name = "numbers"

    def convert(self, value: object, param: click.Parameter, context: click.Context) -> list[int]:
        if isinstance(value, list):
            return value
        try:
            return [int(part) for part in str(value).split(",")]
        except ValueError:
            self.fail(f"{value!r} is not a list of integers such as 20,56", param, context)


class Kinds(click.ParamType):
    """Kinds of network with commas between them."""

    name = "kinds"

    def convert(self, value: object, param: click.Parameter, context: click.Context) -> list[str]:
        kinds = value if isinstance(value, list) else str(value).split(",")
        if not set(kinds) <= set(KINDS) or len(set(kinds)) < len(kinds):
            self.fail(f"{value!r}: name each kind once, of {', '.join(KINDS)}", param, context)
        return kinds
