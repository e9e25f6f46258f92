"""The one progress bar of a sweep: what is done, what runs, how long it takes still."""

import io
import re
import sys

from residual.progress import Bar
from residual.recipe import recipes

TOLD = re.compile(r"(\d+) of (\d+) runs done, (\d+) running \((\S+)\): +(\d+)% .*gone, (\S+) left")


class Terminal(io.StringIO):
    """Text that is kept, from a stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_counts_what_is_done_and_running_and_tells_the_time_left(monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(sys, "stderr", Terminal())
    shallow, deep = recipes("quick", ["plain"], [8, 32], [0], 10)
    with Bar([shallow, deep]) as bar:
        for recipe, done in ((shallow, 5), (shallow, 10), (deep, 5)):
            bar(recipe, done)
            bar.bar.refresh()
    states = [TOLD.search(line) for line in sys.stderr.getvalue().split("\r")]
    seen = [state.groups()[:5] for state in states if state]
    assert seen[-1] == ("1", "2", "1", deep.name, "60")  # depth counts: (8 + 16) of 40
    assert ("0", "2", "1", shallow.name, "10") in seen
    left = [state[6] for state in states if state]
    assert re.fullmatch(r"[\d:]+", left[-1])


def test_leaves_nothing_behind_and_shows_nothing_in_a_file(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    (recipe,) = recipes("quick", ["plain"], [8], [0], 10)
    with Bar([recipe]) as bar:
        bar(recipe, 10)
    assert sys.stderr.getvalue()
    assert not sys.stderr.getvalue().split("\r")[-1].strip()
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with Bar([recipe]) as bar:
        bar(recipe, 10)
    assert not sys.stderr.getvalue()
