"""Pieces of work that take turns in one process, so that a device always has something to do.

A piece of work is a generator. Where others may go on, it yields a function that says whether it
has something to do itself: a chunk of iterations is done, say, or a lock is free.
"""

import traceback
from collections import deque
from collections.abc import Callable, Generator, Hashable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import TypeVar

from residual.interrupts import heeded

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")
Ready = Callable[[], bool]
Work = Generator[Ready, None, Result]


def always() -> bool:
    """Ready at any time."""
    return True


class Turn:
    """A piece of work under way in a lane: a context that surrounds each of its turns."""

    def __init__(self, key: Hashable, work: Work, lane: AbstractContextManager) -> None:
        self.key, self.work, self.lane = key, work, lane
        self.wanted: Ready = always
        self.future: Future = Future()

    def ready(self) -> bool:
        """Whether the work has something to do; an error is the work's own, which meets it next."""
        try:
            return self.wanted()
        except Exception:
            return True

    def goes_on(self) -> bool:
        """Take one turn; whether the work has not ended with it."""
        try:
            with self.lane:
                self.wanted = next(self.work)
            return True
        except StopIteration as end:
            self.future.set_result(end.value)
        except Exception as error:
            forget(error)
            self.future.set_exception(error)
        return False


def in_turn(
    works: dict[Key, Work], lanes: Sequence[AbstractContextManager]
) -> Iterator[tuple[Key, Future]]:
    """Each piece of work with a future that is done, as they end; as many at once as lanes.

    An error ends one piece and none of the others; an interruption closes them all, at the next
    turn if a piece swallowed it. Where none is ready, the one that has waited longest goes on, and
    waits itself.
    """
    waiting, free, under_way = deque(works.items()), list(lanes), deque[Turn]()
    with heeded() as heed:
        try:
            while waiting or under_way:
                heed()
                while waiting and free:
                    under_way.append(Turn(*waiting.popleft(), free.pop()))
                turn = next((turn for turn in under_way if turn.ready()), under_way[0])
                under_way.remove(turn)
                if turn.goes_on():
                    under_way.append(turn)
                else:
                    free.append(turn.lane)
                    yield turn.key, turn.future
        finally:
            for turn in under_way:
                turn.work.close()


def finish(work: Work, lane: AbstractContextManager):
    """The result of one piece of work alone, or its error."""
    ((_, future),) = in_turn({None: work}, [lane])
    return future.result()


def forget(error: BaseException | None) -> None:
    """Let go of what the frames of an error hold: a network in them would keep its memory."""
    while error:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
