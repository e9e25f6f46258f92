"""What can go wrong, each told in one sentence, and the checks of parameters."""

import os
from collections.abc import Collection, Sequence
from dataclasses import MISSING, fields
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import get_args


class ReaderError(Exception):
    """Something that a reader can mend; the message says what and how, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        """What IPython prints instead of a traceback."""
        return [f"{type(self).__name__}: {self}"]


class ParameterError(ReaderError, ValueError):
    """A parameter has a value that is not allowed: one sentence names it and what is allowed."""

    def __init__(self, name: str, value: object, allowed: str) -> None:
        super().__init__(f"{name}: {value!r} is not allowed; {allowed}.")
        self.parts = name, value, allowed

    def __reduce__(self) -> tuple:
        """How it travels between processes."""
        return type(self), self.parts


def unknown(parameter: str, name: str, known: Collection[str]) -> ParameterError:
    """The error that nothing has this name, with the nearest of those that are known."""
    near = ", ".join(get_close_matches(name, known, 3, 0)) or "none: train one first"
    return ParameterError(parameter, name, f"nothing has this name, the nearest are {near}")


class DataError(ReaderError, RuntimeError):
    """Data are missing or damaged; the message says where and what to do."""


class RecordError(ReaderError, RuntimeError):
    """A record is damaged; the message names the file. Such a record is never drawn."""


class StoreError(ReaderError, RuntimeError):
    """A store cannot be read or written: a full disk, a missing right, a file in the way."""


class SweepError(ReaderError, RuntimeError):
    """Some runs of a sweep failed; the message names each with its reason."""


def home(path: str | Path) -> Path:
    """The path with `~` as the reader's home; StoreError where there is no such home."""
    found = Path(os.path.expanduser(path))
    if str(found).startswith("~"):
        raise StoreError(f"{path} names a home that is not known here: write the path in full.")
    return found


def is_integer(value: object) -> bool:
    """Whether the value is an int and not a bool."""
    return isinstance(value, int) and not isinstance(value, bool)


def check_choice(name: str, value: object, choices: Sequence[str]) -> None:
    """Raise ParameterError unless the value is one of the choices."""
    if not isinstance(value, str) or value not in choices:
        raise ParameterError(name, value, f"choose one of {', '.join(choices)}")


def check_integer(name: str, value: object, least: int, most: int) -> None:
    """Raise ParameterError unless the value is an integer from least to most."""
    if not is_integer(value) or not least <= value <= most:
        raise ParameterError(name, value, f"it must be an integer from {least} to {most:,}")


def check_depth(value: object) -> None:
    """Raise ParameterError unless the value is a depth 6n+2 with n ≥ 1 (§4.2 of the paper)."""
    if not is_integer(value) or value < 8 or value % 6 != 2 or value > 6002:
        allowed = "a depth is 6n+2 with n from 1 to 1000, such as 8, 14, 20 or 56"
        raise ParameterError("depths", value, allowed)


def check_seed(value: object) -> None:
    """Raise ParameterError unless the value is a seed: an integer from 0 to 2³¹ − 1."""
    check_integer("seeds", value, 0, 2**31 - 1)


def check_list(name: str, values: object, check, what: str) -> list[int]:
    """The values as a list, each one checked; ParameterError if empty, repeated or no list."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Sequence) or not values:
        raise ParameterError(name, values, f"give a list of {what} with at least one entry")
    for value in values:
        check(value)
    if len(set(values)) < len(values):
        raise ParameterError(name, values, "name each value once")
    return list(values)


def checked(kind: type, place: str, given: dict, error: type[Exception]):
    """The dataclass with these fields, each of its annotated type.

    Else an `error` that names the place, and the field that is unknown, missing or of another type.
    """
    known = {field.name: field for field in fields(kind)}
    if unknown := sorted(given.keys() - known.keys()):
        raise error(f"{place} has an unknown field, {unknown[0]}.")
    for name, field in known.items():
        if name not in given:
            if field.default is MISSING:
                raise error(f"{place} lacks {name}.")
            continue
        allowed = get_args(field.type) if isinstance(field.type, UnionType) else (field.type,)
        allowed = tuple(getattr(each, "__origin__", each) for each in allowed)
        if float in allowed:
            allowed += (int,)
        if not isinstance(given[name], allowed):
            words = " or ".join(each.__name__ for each in allowed)
            raise error(f"{place}.{name} must be of type {words}.")
    return kind(**given)


def first_line(error: Exception | None) -> str:
    """The first line of what an error says, without a full stop; its type where it says nothing."""
    return str(error).strip().split("\n")[0].rstrip(". ") or type(error).__name__
