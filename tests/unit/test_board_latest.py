"""One reading serves everyone, and the last good one outlives an outage."""

from __future__ import annotations

import threading

import pytest

from streams.board.history import HistoryAway
from streams.board.latest import FRESH_SECONDS, Latest


class Source:
    """Something to read, which takes `takes` seconds and can be away."""

    def __init__(self):
        self.now, self.takes, self.reads, self.away = 100.0, 0.0, 0, None

    def clock(self):
        return self.now

    def read(self):
        self.reads += 1
        self.now += self.takes
        if self.away:
            raise HistoryAway(self.away)
        return self.reads


@pytest.fixture
def source():
    return Source()


@pytest.fixture
def latest(source):
    return Latest(source.read, source.clock)


def test_a_hundred_readers_cost_one_reading(source, latest):
    assert {latest.get().value for _ in range(100)} == {1}
    assert source.reads == 1


def test_it_is_read_again_when_it_is_no_longer_fresh(source, latest):
    latest.get()
    source.now += FRESH_SECONDS - 0.01
    assert latest.get().value == 1
    source.now += 0.01
    assert latest.get().value == 2


def test_a_slow_reading_is_kept_longer(source, latest):
    source.takes = 2.0
    latest.get()
    source.now += 9.9
    assert latest.get().value == 1
    source.now += 0.1
    assert latest.get().value == 2


def test_an_outage_shows_the_last_value_and_says_why(source, latest):
    latest.get()
    source.away, source.now = "unreachable", source.now + 5
    assert (latest.get().value, latest.get().away) == (1, "unreachable")
    assert source.reads == 2, "an outage is not hammered"
    source.away, source.now = None, source.now + 5
    assert (latest.get().value, latest.get().away) == (3, None)


def test_without_any_value_the_outage_is_raised(source, latest):
    source.away = "not_migrated"
    for _ in range(3):
        with pytest.raises(HistoryAway) as caught:
            latest.get()
        assert caught.value.why == "not_migrated"
    assert source.reads == 1


def test_while_one_reads_the_others_get_the_last_value():
    begun, go = threading.Event(), threading.Event()
    values = iter([1, 2])
    now = [0.0]

    def read():
        value = next(values)
        if value == 2:
            begun.set()
            assert go.wait(10)
        return value

    latest = Latest(read, lambda: now[0])
    latest.get()
    now[0] = 10.0
    reader = threading.Thread(target=latest.get)
    reader.start()
    assert begun.wait(10)
    assert latest.get().value == 1
    go.set()
    reader.join(10)
    assert latest.get().value == 2
