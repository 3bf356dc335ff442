"""A tick whose records never come is told, and told again; its partition is not ended for it."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from streams.runtime.barriers import TELL_AFTER, TELL_AGAIN, Blocked
from streams.runtime.ports import Barrier, Fatal
from streams.runtime.positions import Partition
from streams.runtime.watchdog import Stalls

STEPS, TICKS = Partition("steps", 2), Partition("ticks", 2)


def look(blocked, named=9, applied=5, end=7, seconds=10.0, times=1):
    with capture_logs() as lines:
        for _ in range(times):
            found = blocked.observe({2: [Barrier("steps", named, applied)]}, {STEPS: end}, seconds)
    return found, lines


def test_it_names_partition_topic_barrier_and_how_far_the_input_is():
    _, lines = look(Blocked(), times=1 + int(TELL_AFTER / 10))
    assert lines == [
        {
            "event": "a tick waits for records that are not there",
            "log_level": "warning",
            "partition": 2,
            "topic": "steps",
            "barrier": 9,
            "applied": 5,
            "end": 7,
            "seconds": 30,
        }
    ]


def test_it_is_told_again_now_and_then_also_while_the_input_grows():
    blocked = Blocked()
    look(blocked, times=4)
    assert look(blocked, applied=6, times=int(TELL_AGAIN / 10) - 1)[1] == []
    assert len(look(blocked, applied=7)[1]) == 1


def test_another_barrier_begins_anew():
    blocked = Blocked()
    look(blocked, times=3)
    assert look(blocked, named=10, end=9, times=3)[1] == []


def test_what_is_there_and_only_not_applied_yet_is_for_the_watchdog():
    assert look(Blocked(), end=9, times=9) == (set(), [])


def test_the_watchdog_spares_what_no_restart_brings_and_the_metric_still_shows_it():
    stalls, seen = Stalls(timeout=3.0), ({2: {TICKS: 4}}, {TICKS: 5})
    for _ in range(9):
        stalls.observe(*seen, 1.0, {2: 0}, {2})
    assert stalls.stalled(2) == 8.0
    with pytest.raises(Fatal):
        stalls.observe(*seen, 1.0, {2: 0})
