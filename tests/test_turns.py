"""Pieces of work in turn: fair, apart from each other, and closed when interrupted."""

import signal
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext

import pytest

from residual.turns import always, finish, forget, in_turn


def piece(name, count, seen, ready=always):
    """Work of so many turns that notes each, and its end."""
    try:
        for i in range(count):
            seen.append(f"{name}{i}")
            yield ready
        return name.upper()
    finally:
        seen.append(f"{name}.")


def lanes(count):
    return [nullcontext() for _ in range(count)]


def test_turns_go_round_and_the_next_begins_when_one_ends():
    seen = []
    works = {n: piece(n, count, seen) for n, count in (("a", 2), ("b", 3), ("c", 1))}
    ends = [(key, future.result()) for key, future in in_turn(works, lanes(2))]
    assert seen == ["a0", "b0", "a1", "b1", "a.", "b2", "c0", "b.", "c."]
    assert ends == [("a", "A"), ("b", "B"), ("c", "C")]


def test_who_has_nothing_to_do_waits_unless_all_wait():
    seen, answers = [], iter([False, False, True, True])
    works = {"a": piece("a", 1, seen, lambda: next(answers)), "b": piece("b", 2, seen)}
    list(in_turn(works, lanes(2)))
    assert seen == ["a0", "b0", "b1", "b.", "a."]
    seen.clear()
    never = {n: piece(n, 1, seen, lambda: False) for n in "ab"}
    list(in_turn(never, lanes(2)))
    assert seen == ["a0", "b0", "a.", "b."]


def test_an_error_ends_one_piece_only():
    def fails():
        yield always
        raise ValueError("mine")

    seen = []
    ends = dict(in_turn({"bad": fails(), "good": piece("g", 3, seen)}, lanes(2)))
    assert str(ends["bad"].exception()) == "mine"
    assert ends["good"].result() == "G"


def test_an_error_while_asking_is_met_by_the_work_itself():
    def broken():
        raise OSError("lost")

    def work():
        yield broken
        broken()

    ((_, future),) = in_turn({0: work()}, lanes(1))
    assert str(future.exception()) == "lost"


def test_an_interruption_closes_all():
    def interrupted():
        yield always
        raise KeyboardInterrupt

    seen = []
    with pytest.raises(KeyboardInterrupt):
        list(in_turn({"i": interrupted(), "a": piece("a", 9, seen)}, lanes(2)))
    assert seen == ["a0", "a."]


def test_each_turn_is_taken_in_the_lane_of_its_work():
    now = []

    class Lane:
        def __init__(self, name):
            self.name = name

        def __enter__(self):
            now.append(self.name)

        def __exit__(self, *_error):
            now.pop()

    def work(found):
        for _ in range(3):
            found.update(now)
            yield always
        assert len(now) == 1
        return found

    found = [f.result() for _, f in in_turn({i: work(set()) for i in range(4)}, map(Lane, "xy"))]
    assert sorted(map(len, found)) == [1] * 4
    assert set.union(*found) == {"x", "y"}
    assert not now


def test_a_failed_piece_keeps_no_memory():
    class Large:
        pass

    kept = []

    @contextmanager
    def told():
        try:
            yield
        except ValueError as error:
            raise RuntimeError("told") from error

    def deep(large):
        raise ValueError

    def work():
        large = Large()
        kept.append(weakref.ref(large))
        with told():
            yield always
            deep(large)

    with pytest.raises(RuntimeError, match="told") as caught:
        finish(work(), nullcontext())
    assert kept[0]() is None
    forget(caught.value)


def test_an_interruption_that_a_piece_swallows_closes_them_all_the_same(on_interrupt):
    on_interrupt(signal.default_int_handler)
    seen = []

    def swallows():
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            seen.append("swallowed")
        yield from piece("s", 9, seen)

    with pytest.raises(KeyboardInterrupt):
        list(in_turn({"a": swallows(), "b": piece("b", 9, seen)}, lanes(2)))
    assert seen == ["swallowed", "s0", "s."]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_ignored_interruption_stays_ignored(on_interrupt):
    on_interrupt(signal.SIG_IGN)

    def goes_on():
        signal.raise_signal(signal.SIGINT)
        yield always
        return "done"

    assert finish(goes_on(), nullcontext()) == "done"


def test_outside_the_main_thread_work_is_done_as_ever():
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(finish, piece("a", 2, []), nullcontext()).result() == "A"
