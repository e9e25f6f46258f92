"""The one kind of error that a wrong parameter gives, and the checks that raise it."""

from collections.abc import Sequence


class ParameterError(ValueError):
    """A parameter has a value that is not allowed: one sentence, no traceback in a notebook."""

    def __init__(self, name: str, value: object, allowed: str) -> None:
        super().__init__(f"{name}: {value!r} is not allowed; {allowed}.")
        self.parts = name, value, allowed

    def __reduce__(self) -> tuple:
        """How it travels between processes."""
        return type(self), self.parts

    def _render_traceback_(self) -> list[str]:
        """What IPython prints instead of a traceback."""
        return [f"ParameterError: {self}"]


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


def check_depth(value: object, name: str = "depths") -> None:
    """Raise ParameterError unless the value is a depth 6n+2 with n ≥ 1 (§4.2 of the paper)."""
    if not is_integer(value) or value < 8 or value % 6 != 2 or value > 6002:
        raise ParameterError(
            name, value, "a depth is 6n+2 with n from 1 to 1000, such as 8, 14, 20 or 56"
        )


def check_list(name: str, values: object, check, what: str) -> list[int]:
    """The values as a list, each one checked; ParameterError if empty, repeated or no list."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Sequence) or not values:
        raise ParameterError(name, values, f"give a list of {what} with at least one entry")
    for value in values:
        check(value)
    if len(set(values)) < len(values):
        raise ParameterError(name, values, "name each value once")
    return list(values)
