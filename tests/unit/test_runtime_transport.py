"""The chunk consumer by itself: what it yields, gives back, seeks and commits."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from weakref import WeakSet

import pytest
from faust.transport.consumer import Consumer
from faust.types import TP

from streams.runtime.positions import Partition, Positions
from streams.runtime.transport import ChunkConsumer
from tests.fakes import CountedMetrics, Ended, stopper

STEPS, TICKS = Partition("steps", 0), Partition("ticks", 0)


class Thread:
    """The consumer's thread: a position for each partition, and the seeks that were made."""

    def __init__(self) -> None:
        self.positions: dict = {}
        self.seeks: list = []

    def position_now(self, tp):
        return self.positions.get(tp)

    async def seek_all(self, offsets):
        self.seeks.append(dict(offsets))
        self.positions.update(offsets)

    async def earliest_offsets(self, *partitions):
        return dict.fromkeys(partitions, self.low)

    low = 0


class Chunks(ChunkConsumer):
    """A chunk consumer without Kafka: `fetches` are what the next calls find."""

    should_stop = False

    def __init__(self, starts) -> None:  # not Faust's, which would start threads
        self.metrics = CountedMetrics()
        self.fail_stop = stopper(self.metrics)
        self.app = SimpleNamespace(consumer_generation_id=3)
        self.settings = SimpleNamespace(revoke_timeout=0.05)
        self._thread = Thread()
        self.positions = Positions(chunk_records=2)
        self.starts = lambda generation: starts if generation == 3 else None
        self.settled = 0
        self.generation = None
        self.flow_active = True
        self._active_partitions = set(starts)
        self._buffered_partitions = set()
        self._unacked_messages = WeakSet()
        self._committed_offset = {}
        self._read_offset = {}
        self._waiting_for_ack = None
        self._n_acked = 0
        self.fetches: list = []
        self.during = lambda: None

    async def settle(self):
        self.settled += 1

    async def _wait_next_records(self, _timeout):
        found = self.fetches.pop(0)
        for tp, offsets in found.items():
            self._thread.positions[tp] = offsets[-1] + 1
        self.during()
        records = {TP(*tp): [record(tp, o) for o in offsets] for tp, offsets in found.items()}
        return records, self._active_partitions


def record(tp, offset):
    return SimpleNamespace(
        topic=tp.topic, offset=offset, key=b"k", value=b"v", timestamp=1, headers=()
    )


@pytest.fixture
def consumer(monkeypatch):
    async def perform_seek(_self):
        """Faust's own asks the broker."""

    monkeypatch.setattr(Consumer, "perform_seek", perform_seek)
    made = Chunks({STEPS: 10, TICKS: 5})
    asyncio.run(made.perform_seek())
    made._thread.seeks.clear()
    return made


def get(consumer, *fetches):
    """Fetch as often as there are fetches; give all that was yielded."""
    consumer.fetches = list(fetches)

    async def drain():
        return [pair for _ in fetches async for pair in consumer.getmany(1.0)]

    return asyncio.run(drain())


def spans(found):
    return [(tp, m.value.first, m.value.next, m.value.records) for tp, m in found]


def test_a_message_carries_a_chunk_and_stands_at_the_last_offset_of_its_span(consumer):
    found = get(consumer, {STEPS: [10, 11, 12], TICKS: [5]})
    assert spans(found) == [(STEPS, 10, 12, 2), (STEPS, 12, 13, 1), (TICKS, 5, 6, 1)]
    _, first = found[0]
    assert (first.topic, first.partition, first.offset) == ("steps", 0, 11)
    assert first.generation_id == 3
    assert first.tp == TP("steps", 0)


def test_reading_starts_where_the_state_ends(consumer):
    consumer.positions.begin({})
    asyncio.run(consumer.perform_seek())
    assert consumer._thread.seeks == [{STEPS: 10, TICKS: 5}]
    assert consumer.positions.expected == {STEPS: 10, TICKS: 5}


def test_a_commit_beyond_the_state_ends_the_process(consumer):
    consumer._committed_offset = {STEPS: 11}
    with pytest.raises(Ended):
        asyncio.run(consumer.perform_seek())
    assert consumer.metrics.counts == {"fail stop state_lost": 1}


def test_without_a_take_over_nothing_is_sought(consumer):
    consumer.app.consumer_generation_id = 4
    asyncio.run(consumer.perform_seek())
    assert consumer._thread.seeks == []
    assert consumer.generation == 3


def test_a_fetch_that_a_rebalance_overtook_is_not_delivered(consumer):
    def rebalance():
        consumer.app.consumer_generation_id = 4

    consumer.during = rebalance
    assert get(consumer, {STEPS: [10]}) == []
    assert consumer.metrics.counts == {"gave back": 1}
    assert consumer._thread.seeks == []  # the take-over of generation 4 will seek


def test_a_fetch_from_before_a_take_over_is_given_back_to_the_new_generation(consumer):
    def rebalance_and_take_over():
        consumer.app.consumer_generation_id = 4
        consumer.generation = 4
        consumer.positions.begin({STEPS: 10})

    consumer.during = rebalance_and_take_over
    assert get(consumer, {STEPS: [10], TICKS: [5]}) == []
    assert consumer._thread.seeks == [{STEPS: 10}]


def test_a_fetch_while_the_flow_is_stopped_is_given_back(consumer):
    consumer.during = lambda: setattr(consumer, "flow_active", False)
    assert get(consumer, {STEPS: [10]}) == []
    assert consumer._thread.seeks == [{STEPS: 10}]


def test_a_rebalance_between_two_chunks_ends_the_delivery(consumer):
    consumer.fetches = [{STEPS: [10, 11, 12]}]

    async def take_one():
        fetch = consumer.getmany(1.0)
        await anext(fetch)
        consumer.app.consumer_generation_id = 4
        return [pair async for pair in fetch]

    assert asyncio.run(take_one()) == []


def test_what_came_for_a_partition_that_was_paused_meanwhile_is_given_back(consumer):
    consumer._active_partitions.discard(TICKS)
    assert spans(get(consumer, {TICKS: [5]})) == []
    assert consumer._thread.seeks == [{TICKS: 5}]


def test_what_came_for_a_partition_whose_buffer_is_full_is_delivered(consumer):
    consumer._active_partitions.discard(TICKS)
    consumer._buffered_partitions.add(TICKS)
    assert spans(get(consumer, {TICKS: [5]})) == [(TICKS, 5, 6, 1)]


def test_a_hole_is_fetched_again_and_then_delivered(consumer):
    assert spans(get(consumer, {STEPS: [12]}, {STEPS: [12]})) == [(STEPS, 10, 13, 1)]
    assert consumer._thread.seeks == [{STEPS: 10}]
    assert consumer.metrics.counts == {"looked again": 1, "holes": 2}


def test_a_marker_at_the_tail_is_fetched_again_and_delivered_without_records(consumer):
    def marker():
        consumer._thread.positions[STEPS] = 11

    consumer.during = marker
    assert spans(get(consumer, {}, {})) == [(STEPS, 10, 11, 0)]


def test_records_that_retention_removed_end_the_process(consumer):
    consumer._thread.low = 12
    with pytest.raises(Ended):
        get(consumer, {STEPS: [12]}, {STEPS: [12]})
    assert consumer.metrics.counts["fail stop data_gone"] == 1


def test_a_position_that_is_being_looked_up_says_nothing(consumer):
    def reset():
        consumer._thread.positions[STEPS] = None

    consumer.during = reset
    assert get(consumer, {}) == []


def test_what_is_acknowledged_in_order_is_what_may_be_committed(consumer):
    found = get(consumer, {STEPS: [10, 11, 12]})
    assert consumer._new_offset(STEPS) == 10
    assert consumer.ack(found[0][1]) is True
    assert consumer._new_offset(STEPS) == 12
    assert consumer.ack(found[0][1]) is False
    assert set(consumer._filter_tps_with_pending_acks()) == {STEPS, TICKS}
    assert consumer._filter_tps_with_pending_acks({"ticks"}) == [TICKS]


def test_an_acknowledgement_out_of_order_ends_the_process(consumer):
    found = get(consumer, {STEPS: [10, 11, 12]})
    with pytest.raises(Ended):
        consumer.ack(found[1][1])
    assert consumer._new_offset(STEPS) == 10


def test_an_acknowledgement_of_another_generation_does_not_count(consumer):
    found = get(consumer, {STEPS: [10]})
    consumer.app.consumer_generation_id = 4
    assert consumer.ack(found[0][1]) is False
    assert consumer._new_offset(STEPS) == 10


def test_a_rebalance_waits_for_what_is_taken_up_and_not_for_what_is_set_aside(consumer):
    (_, message), *_ = get(consumer, {STEPS: [10]})
    consumer.take_up(message)
    assert message in consumer._unacked_messages
    consumer.set_aside(message)
    assert message not in consumer._unacked_messages


def test_writes_without_a_message_are_waited_for_too(consumer, monkeypatch):
    waited = []

    async def wait_empty(self):
        waited.append(self.settled)

    monkeypatch.setattr(Consumer, "wait_empty", wait_empty)
    asyncio.run(consumer.wait_empty())
    assert (waited, consumer.settled) == ([0], 1)


def test_partitions_that_cannot_be_let_go_in_time_end_the_process(consumer, monkeypatch):
    async def never(_self, _revoked):
        await asyncio.Event().wait()

    monkeypatch.setattr(Consumer, "on_partitions_revoked", never)
    with pytest.raises(Ended):
        asyncio.run(consumer.on_partitions_revoked({STEPS}))
    assert consumer.metrics.counts == {"fail stop revoke": 1}
