"""How the command line meets its reader: paths, lists, mistakes as sentences, any encoding."""

import codecs
import errno
import sys
import unicodedata

import click

from residual.errors import ReaderError, home


class Place(click.Path):
    """A path in which `~` is the reader's home, also behind `=`, where shells leave it alone."""

    def convert(
        self, value: str, parameter: click.Parameter | None, context: click.Context | None
    ) -> object:
        return super().convert(home(value), parameter, context)


class Sentences(click.Group):
    """A group whose commands report a user's mistake as one sentence and exit with 2.

    What the console's encoding lacks is spelt with what it has.
    """

    def main(self, *args: object, **options: object) -> object:
        codecs.register_error("spelt", spelt)
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="spelt")
        return super().main(*args, **options)

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except ReaderError as error:
            click.echo(f"Error: {error}", err=True)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            where = f"{error.filename}: " if error.filename else ""
            click.echo(f"Error: {where}{error.strerror or error}.", err=True)
        context.exit(2)


SPELT = dict(zip("−‑–→≤≥…×·’“”", ("-", "-", "-", "->", "<=", ">=", "...", "x", ".", "'", '"', '"')))


def spelt(error: UnicodeError) -> tuple[str, int]:
    """The part of a text that an encoding cannot hold in letters that each can: α is alpha."""
    part = error.object[error.start : error.end]
    names = [unicodedata.name(c, "") for c in part]
    greek = [n.rsplit(" ", 1)[-1].lower() if n.startswith("GREEK") else "" for n in names]
    plain = [unicodedata.normalize("NFKD", c).encode("ascii", "ignore").decode() for c in part]
    return "".join(SPELT.get(c) or g or p or "?" for c, g, p in zip(part, greek, plain)), error.end


def numbers(value: str | list[int]) -> list[int]:
    """Integers with commas between them, such as 20,56."""
    try:
        return value if isinstance(value, list) else [int(part) for part in value.split(",")]
    except ValueError as error:
        told = f"{value!r} is not a list of integers such as 20,56"
        raise click.BadParameter(told) from error


def show(rows: list[tuple[str, ...]]) -> None:
    """Print rows in columns; the last one is as long as it needs to be."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths)]
        click.echo("  ".join([*cells, row[-1]]).rstrip())
