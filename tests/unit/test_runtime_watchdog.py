"""What counts as standing still."""

from __future__ import annotations

import threading

import pytest

from streams.runtime.ports import Fatal
from streams.runtime.positions import Partition
from streams.runtime.watchdog import LoopWatch, Stalls
from tests.support.wait import eventually

STEPS, TICKS = Partition("steps", 2), Partition("ticks", 2)


def look(stalls, steps, high, seconds=1.0, ticks=0, writes=0):
    applied = {2: {STEPS: steps, TICKS: ticks}}
    stalls.observe(applied, {STEPS: high, TICKS: 0}, seconds, {2: writes})


def test_lag_without_a_move_adds_up_and_ends_with_its_reason():
    stalls = Stalls(timeout=3.0)
    for expected in (0.0, 1.0, 2.0, 3.0):
        look(stalls, 5, 9)
        assert stalls.stalled(2) == expected
    assert stalls.lag(2) == {"steps": 4, "ticks": 0}
    with pytest.raises(Fatal, match=r"partition 2 has lag .* not moved for 4 s"):
        look(stalls, 5, 9)


def test_any_move_clears_it():
    stalls = Stalls(timeout=3.0)
    for applied in (5, 5, 5, 6):
        look(stalls, applied, 9)
    assert stalls.stalled(2) == 0.0


def test_a_write_is_a_move():
    stalls = Stalls(timeout=3.0)
    for writes in range(10):
        look(stalls, 5, 9, writes=writes)
    assert stalls.stalled(2) == 0.0
    look(stalls, 5, 9, writes=9)
    assert stalls.stalled(2) == 1.0


def test_no_lag_is_no_stall_however_long_it_lasts():
    stalls = Stalls(timeout=3.0)
    for _ in range(10):
        look(stalls, 9, 9)
    assert stalls.stalled(2) == 0.0


def test_a_partition_that_comes_back_begins_anew():
    stalls = Stalls(timeout=3.0)
    look(stalls, 5, 9)
    look(stalls, 5, 9)
    stalls.observe({}, {}, 1.0, {})
    look(stalls, 5, 9)
    assert stalls.stalled(2) == 0.0
    assert stalls.lag(7) == {}


def test_a_log_that_ends_below_what_was_applied_is_fatal_at_the_second_look():
    stalls = Stalls(timeout=3.0)
    look(stalls, 9, 5)
    with pytest.raises(Fatal, match=r"steps\[2\] ends at 5, but 9 is next to apply"):
        look(stalls, 9, 5)


def test_an_end_that_was_behind_only_once_is_forgiven():
    stalls = Stalls(timeout=3.0)
    for high in (5, 9, 5, 9):
        look(stalls, 9, high)


class Stopped:
    def __init__(self) -> None:
        self.reasons: list = []
        self.called = threading.Event()

    def __call__(self, kind, reason):
        self.reasons.append((kind, reason))
        self.called.set()


def test_an_event_loop_that_stands_still_ends_the_process():
    stop = Stopped()
    watch = LoopWatch(0.03, stop, every=0.01)
    watch.start()
    assert stop.called.wait(5)
    watch.close()
    assert stop.reasons[0] == ("loop", "the event loop stands still for 0 s")


def test_a_turning_event_loop_is_left_alone():
    stop = Stopped()
    watch = LoopWatch(0.2, stop, every=0.01)
    watch.start()
    looks = iter(range(50))
    eventually(lambda: watch.alive() or next(looks, None) is None, 5, interval=0.01)
    watch.close()
    watch._thread.join(5)
    assert stop.reasons == []


def test_looks_are_counted_not_seconds():
    """A frozen process gets one late look when it is continued, and goes on."""
    stop = Stopped()
    watch = LoopWatch(2.0, stop, every=1.0)
    waits = iter([False, False, True])  # however long each of them took
    watch._closed.wait = lambda _seconds: next(waits)
    watch.alive()
    watch._watch()
    assert stop.reasons == []
