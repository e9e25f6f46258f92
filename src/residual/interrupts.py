"""Ctrl-C that is heeded even where the exception that it raised was swallowed."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def heeded() -> Iterator[Callable[[], None]]:
    """A function that raises KeyboardInterrupt once Ctrl-C has come, however often it is called.

    Ctrl-C raises at once, as ever; but a library that it meets in an import or in a callback may
    drop the exception (the first optimizer imports torch's compiler, for seconds), and the work
    would go on. Changes nothing outside the main thread, nor where Ctrl-C calls no function: it is
    ignored there, or ends the process.
    """
    came, before = threading.Event(), signal.getsignal(signal.SIGINT)

    def remember(number: int, frame: FrameType | None) -> None:
        came.set()
        before(number, frame)

    def heed() -> None:
        if came.is_set():
            raise KeyboardInterrupt

    if not callable(before) or threading.current_thread() is not threading.main_thread():
        yield heed
        return
    signal.signal(signal.SIGINT, remember)
    try:
        yield heed
    finally:
        signal.signal(signal.SIGINT, before)
