"""One owned partition: order, waiting ticks, holes, and what a rebalance has to wait for."""

from __future__ import annotations

import pytest

from streams.runtime.partition import OwnedPartition
from streams.runtime.ports import Fatal
from streams.runtime.positions import Partition
from tests.fakes import (
    CountedMetrics,
    FakeReader,
    ToyLogic,
    ToyTopics,
    chunk,
    encode_tick,
    hole,
    message,
    toy_settings,
)

TOPICS = ToyTopics("t")


class Written:
    """A group commit that only notes what it got."""

    def __init__(self) -> None:
        self.finished: list = []
        self.calls = 0

    def add(self, finished, _records):
        self.finished.extend(finished)
        self.calls += 1


class Bench:
    def __init__(self, tmp_path, **settings) -> None:
        self.logic = ToyLogic(0, TOPICS)
        self.writer = Written()
        self.reader = FakeReader()
        self.metrics = CountedMetrics()
        self.owned = OwnedPartition(
            0,
            self.logic,
            producer=None,
            writer=self.writer,
            settings=toy_settings("b:1", TOPICS, tmp_path, **settings),
            metrics=self.metrics,
        )

    def take_in(self, *messages):
        for each in messages:
            self.reader.open.add(each)  # as Faust's stream does
            self.owned.take_in(each, self.reader)


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def steps(*offsets, **span):
    return message(chunk(TOPICS.steps, 0, list(offsets)), **span)


def ticks(first, *barriers):
    values = [encode_tick(first + i, {TOPICS.steps: b}) for i, b in enumerate(barriers)]
    offsets = list(range(first, first + len(barriers)))
    return message(chunk(TOPICS.ticks, 0, offsets, values))


def test_a_step_is_finished_at_once(bench):
    one = steps(0, 1)
    bench.take_in(one)
    assert bench.writer.finished == [one]
    assert bench.metrics.counts[f"chunk {TOPICS.steps}"] == 2


def test_a_tick_waits_for_what_it_names_and_comes_before_later_ones(bench):
    early, late = ticks(0, 3), ticks(1, 0)
    bench.take_in(early, late)
    assert bench.writer.finished == []
    assert bench.owned.waiting_ticks == 2
    step = steps(0, 1, 2)
    bench.take_in(step)
    assert bench.writer.finished == [step, early, late]
    assert bench.owned.waiting_ticks == 0
    assert bench.owned.last_tick_ms == 1001


def test_a_rebalance_waits_for_no_waiting_tick_but_for_one_that_is_to_be_written(bench):
    tick, step = ticks(0, 1), steps(0)
    bench.take_in(tick)
    assert tick not in bench.reader.open
    bench.take_in(step)
    assert {tick, step} <= bench.reader.open


def test_effects_of_a_partly_applied_chunk_are_handed_to_the_writer(bench):
    bench.take_in(ticks(0, 0, 5))
    assert bench.writer.finished == []
    assert bench.writer.calls == 1
    assert bench.logic.meta["ticks"] == 1


def test_a_marker_after_the_last_step_releases_a_tick_that_names_it(bench):
    tick, step = ticks(0, 4), steps(0, 1, 2, next_=4)
    bench.take_in(tick, step)
    assert bench.writer.finished == [step, tick]


def test_a_hole_alone_releases_a_tick_that_names_it(bench):
    tick, step, marker = ticks(0, 4), steps(0, 1, 2), hole(TOPICS.steps, 0, 3, 4)
    bench.take_in(tick, step)
    assert bench.writer.finished == [step]
    bench.take_in(marker)
    assert bench.writer.finished == [step, tick, marker]
    assert bench.owned.applied()[Partition(TOPICS.steps, 0)] == 4


def test_a_hole_behind_a_waiting_tick_is_finished_after_it(bench):
    tick, marker, step = ticks(0, 1), hole(TOPICS.ticks, 0, 1, 3), steps(0)
    bench.take_in(tick, marker)
    assert bench.writer.finished == []
    assert marker not in bench.reader.open
    bench.take_in(step)
    assert bench.writer.finished == [step, tick, marker]
    assert bench.owned.applied()[Partition(TOPICS.ticks, 0)] == 3


def test_chunks_given_out_of_order_are_fatal(bench):
    first, second = ticks(0, 1), ticks(1, 1)
    bench.take_in(first, second)
    bench.logic.apply = lambda given: [second.value.chunk, given]
    with pytest.raises(Fatal, match="out of order"):
        bench.take_in(steps(0))


def test_a_chunk_that_was_never_handed_over_is_fatal(bench):
    bench.logic.apply = lambda _given: [chunk(TOPICS.steps, 0, [0])]
    with pytest.raises(Fatal, match="out of order"):
        bench.take_in(steps(0))


def test_after_a_rewind_what_waited_is_taken_again(bench):
    bench.take_in(ticks(0, 1))
    bench.owned.rewind()
    assert bench.owned.waiting_ticks == 0
    again, step = ticks(0, 1), steps(0)
    bench.take_in(again, step)
    assert bench.writer.finished == [step, again]
    assert bench.logic.meta["ticks"] == 1


def test_reading_starts_where_the_state_ends_or_at_what_there_is(bench):
    bench.take_in(steps(0, 1))
    lows = {Partition(topic, 0): 7 for topic in TOPICS.inputs}
    assert bench.owned.starts(lows) == {
        Partition(TOPICS.steps, 0): 2,
        Partition(TOPICS.rulings, 0): 7,
        Partition(TOPICS.ticks, 0): 7,
    }


def test_ticks_stay_in_the_broker_while_too_many_wait(tmp_path):
    bench = Bench(tmp_path, waiting_records=4)
    tp = Partition(TOPICS.ticks, 0)
    bench.take_in(ticks(0, 1, 1, 1))
    assert tp not in bench.reader.paused
    bench.take_in(ticks(3, 2, 2, 2))
    assert tp in bench.reader.paused
    bench.take_in(steps(0))
    assert tp in bench.reader.paused  # three wait: more than half
    bench.take_in(steps(1))
    assert tp not in bench.reader.paused
