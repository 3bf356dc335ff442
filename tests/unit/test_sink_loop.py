"""The loop: nothing is committed that is not inserted, and a failure costs only time."""

# Fakes take the arguments of what they stand for.
# ruff: noqa: ARG002

from __future__ import annotations

from itertools import pairwise

import pytest
from clickhouse_driver.errors import NetworkError, ServerException
from kafka import TopicPartition
from kafka.errors import CommitFailedError, KafkaTimeoutError

from schemas import topics
from streams.sink.batches import Batcher, Partition, Refused
from streams.sink.inserts import SchemaDiffers
from streams.sink.loop import STALL_SECONDS, Sink, Stalled
from streams.sink.offsets import Gap, HistoryGap
from tests.support import history
from tests.support.history import Metrics, Sent

TOPIC = topics.EVENTS.name
ZERO, ONE = TopicPartition(TOPIC, 0), TopicPartition(TOPIC, 1)


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Consumer:
    """A consumer of records in memory; polling takes the clock's time."""

    def __init__(self, clock, logs):
        self.clock, self.logs = clock, logs
        self.positions = dict.fromkeys(logs, 0)
        self.committed = {}
        self.held = set()
        self.failing_commits = 0
        self.away = False
        self.silent = False
        self.listener = None
        self.polls = 0

    def subscribe(self, topics, listener):
        self.listener = listener

    def assignment(self):
        return set(self.positions)

    def poll(self, timeout_ms, max_records):
        self.polls += 1
        found = {}
        for tp, position in self.positions.items():
            if self.silent or tp in self.held:
                continue
            if records := self.logs[tp][position : position + 2]:
                found[tp] = records
                self.positions[tp] += len(records)
        if not found:
            self.clock.now += timeout_ms / 1000
        return found

    def pause(self, *partitions):
        self.held |= set(partitions)

    def paused(self):
        return set(self.held)

    def resume(self, *partitions):
        self.held -= set(partitions)

    def commit(self, offsets, timeout_ms):
        if self.failing_commits:
            self.failing_commits -= 1
            raise CommitFailedError("rebalanced")
        self.committed.update({tp: found.offset for tp, found in offsets.items()})

    def end_offsets(self, partitions, timeout_ms):
        if self.away:
            raise KafkaTimeoutError
        return {tp: len(self.logs[tp]) for tp in partitions}

    def position(self, tp, timeout_ms):
        return self.positions[tp]

    def rebalance(self, *given):
        """Revoke everything, as the eager protocol does, and give some partitions (back).

        Those that are given back keep their position and pause, as kafka-python does it.
        """
        self.listener.on_partitions_revoked(list(self.positions))
        self.take(*given)

    def take(self, *given):
        self.positions = {tp: self.positions.get(tp, self.committed.get(tp, 0)) for tp in given}
        self.held &= set(given)
        self.listener.on_partitions_assigned(list(given))

    def lose(self):
        """Be thrown out of the group."""
        self.listener.on_partitions_lost(list(self.positions))
        self.positions = {}
        self.held.clear()


class Writer:
    def __init__(self):
        self.errors = []
        self.batches = []
        self.attempts = []
        self.refuse = set()

    def write(self, batch):
        self.attempts.append(batch)
        if self.errors:
            raise self.errors.pop(0)
        self.batches.append(batch)
        records = [entry.record for entries in batch.entries.values() for entry in entries]
        return [Refused(r, "events", "bad") for r in records if r.offset in self.refuse]

    def written(self):
        return [
            (entry.record.partition, entry.record.offset)
            for batch in self.batches
            for entries in batch.entries.values()
            for entry in entries
        ]


class Letters:
    def __init__(self):
        self.sent = []
        self.errors = []

    def send(self, refused):
        if self.errors:
            raise self.errors.pop(0)
        self.sent += refused


class Offsets:
    """The history's own offsets: what it may check, and what was written when."""

    def __init__(self, writer):
        self.writer = writer
        self.checked = []
        self.errors = []
        self.kept = {}
        self.lost = None

    def hold(self):
        if self.lost is not None:
            raise HistoryGap([self.lost])

    def check(self, partitions, *, adopt):
        assert adopt
        self.checked.append(set(partitions))
        if self.errors:
            raise self.errors.pop(0)

    def keep(self, offsets):
        written = self.writer.written()
        for partition, following in offsets.items():
            assert (partition.partition, following - 1) in written
        self.kept.update(offsets)


def log(partition, count):
    sent = (history.event("c", "received", "2026-03-02T09:00:00Z", offset=n) for n in range(count))
    return [
        Sent(s.topic, s.value, s.key, partition=partition, offset=n) for n, s in enumerate(sent)
    ]


class Bench:
    """A sink between fakes."""

    def __init__(self, logs, max_rows=4, max_age=1.0, *, compared=False):
        self.clock = Clock()
        self.consumer = Consumer(self.clock, logs)
        self.writer, self.letters, self.metrics = Writer(), Letters(), Metrics()
        self.offsets = Offsets(self.writer)
        self.sink = Sink(
            self.consumer,
            self.writer,
            self.letters,
            Batcher(max_rows, max_age),
            self.metrics,
            offsets=self.offsets if compared else None,
            monotonic=self.clock,
            wall=lambda: 2e9,
            chance=lambda: 0.0,
        )
        self.sink.subscribe()

    def steps(self, count):
        for _ in range(count):
            self.sink.step()


@pytest.fixture
def bench():
    return Bench({ZERO: log(0, 6), ONE: log(1, 3)})


def test_all_is_inserted_once_and_committed(bench):
    bench.steps(30)
    assert sorted(bench.writer.written()) == [(0, n) for n in range(6)] + [(1, n) for n in range(3)]
    assert bench.consumer.committed == {ZERO: 6, ONE: 3}
    assert bench.metrics.lags[TOPIC] == 0


def test_nothing_is_committed_before_it_is_inserted(bench):
    bench.writer.errors = [NetworkError("gone")] * 3
    for _ in range(100):
        bench.sink.step()
        inserted = bench.writer.written()
        for tp, offset in bench.consumer.committed.items():
            assert all((tp.partition, n) in inserted for n in range(offset))
    assert bench.consumer.committed == {ZERO: 6, ONE: 3}


def test_a_failing_batch_is_tried_again_unchanged_and_nothing_more_is_read(bench):
    bench.writer.errors = [NetworkError("gone")] * 5
    bench.steps(2)
    assert bench.consumer.held
    positions = dict(bench.consumer.positions)
    polls = bench.consumer.polls
    while len(bench.writer.attempts) < 5:
        bench.sink.step()
    assert bench.consumer.positions == positions
    assert bench.consumer.polls > polls + 5, "the consumer must be polled while it waits"
    assert all(attempt is bench.writer.attempts[0] for attempt in bench.writer.attempts)
    assert bench.metrics.retries == {"weather": 5}
    bench.steps(80)
    assert not bench.consumer.held
    assert bench.consumer.committed == {ZERO: 6, ONE: 3}


def test_waits_grow(bench):
    bench.writer.errors = [NetworkError("gone")] * 4
    moments = []
    while len(bench.writer.attempts) < 5:
        before = len(bench.writer.attempts)
        bench.sink.step()
        if len(bench.writer.attempts) > before:
            moments.append(bench.clock.now)
    waits = [later - sooner for sooner, later in pairwise(moments)]
    assert waits == sorted(waits)
    assert waits[0] == pytest.approx(0.5, abs=0.21)
    assert waits[3] == pytest.approx(4.0, abs=0.21)


def test_lag_counts_what_is_held_while_clickhouse_is_away(bench):
    bench.writer.errors = [NetworkError("gone")] * 1000
    bench.steps(100)
    assert bench.metrics.lags[TOPIC] == 9


def test_tables_that_differ_are_waited_for(bench):
    bench.writer.errors = [SchemaDiffers("run `jiancha migrate`"), ServerException("", 60)]
    bench.steps(40)
    assert bench.metrics.retries == {"operator": 2}
    assert bench.consumer.committed == {ZERO: 6, ONE: 3}


def test_a_fault_of_our_own_is_not_tried_again(bench):
    bench.writer.errors = [TypeError("no such thing")]
    with pytest.raises(TypeError, match="no such thing"):
        bench.steps(10)
    assert bench.consumer.committed == {}


def test_poison_goes_to_the_dead_letters_before_the_commit(bench):
    bench.writer.refuse = {1}
    bench.letters.errors = [KafkaTimeoutError("away")]
    bench.steps(2)
    assert bench.consumer.committed == {}
    bench.steps(40)
    assert {(r.record.partition, r.record.offset, r.what) for r in bench.letters.sent} == {
        (0, 1, "events"), (1, 1, "events"),
    }  # fmt: skip
    assert bench.metrics.retries == {"kafka": 1}
    assert bench.metrics.poison == {"events": 2}
    assert bench.consumer.committed == {ZERO: 6, ONE: 3}


def test_what_cannot_be_read_goes_to_the_dead_letters(bench):
    bench.consumer.logs[ZERO][2] = Sent(TOPIC, b"{", partition=0, offset=2)
    bench.steps(40)
    assert [(r.record.offset, r.what) for r in bench.letters.sent] == [(2, TOPIC)]
    assert bench.metrics.poison == {TOPIC: 1}
    assert bench.consumer.committed == {ZERO: 6, ONE: 3}


def test_unsealed_rows_of_a_lost_partition_are_dropped(bench):
    bench = Bench({ZERO: log(0, 2), ONE: log(1, 2)}, max_rows=100, max_age=1.0)
    bench.sink.step()
    bench.consumer.rebalance(ONE)
    bench.steps(40)
    assert bench.writer.written() == [(1, 0), (1, 1)]
    assert bench.consumer.committed == {ONE: 2}


def test_a_sealed_batch_of_a_lost_partition_is_dropped_and_not_committed(bench):
    bench.writer.errors = [NetworkError("gone")] * 2
    bench.steps(2)
    bench.consumer.rebalance(ONE)
    bench.steps(60)
    assert bench.consumer.committed == {ONE: 3}
    assert all(partition == 1 for partition, _ in bench.writer.written())
    assert {(1, n) for n in range(3)} <= set(bench.writer.written())


def test_what_is_given_back_is_neither_lost_nor_doubled():
    bench = Bench({ZERO: log(0, 6), ONE: log(1, 3)}, max_rows=100, max_age=1.0)
    bench.steps(2)
    bench.consumer.rebalance(ZERO, ONE)
    bench.steps(40)
    assert sorted(bench.writer.written()) == [(0, n) for n in range(6)] + [(1, n) for n in range(3)]
    assert bench.consumer.committed == {ZERO: 6, ONE: 3}


def test_a_sealed_batch_that_is_given_back_is_inserted(bench):
    bench.writer.errors = [NetworkError("gone")]
    bench.steps(2)
    bench.consumer.rebalance(ZERO, ONE)
    bench.steps(40)
    assert sorted(bench.writer.written()) == [(0, n) for n in range(6)] + [(1, n) for n in range(3)]
    assert bench.consumer.committed == {ZERO: 6, ONE: 3}


def test_who_was_thrown_out_begins_again_at_the_commit():
    bench = Bench({ZERO: log(0, 6)}, max_rows=100, max_age=1.0)
    bench.sink.step()
    bench.consumer.lose()
    bench.consumer.take(ZERO)
    bench.steps(40)
    assert bench.writer.written() == [(0, n) for n in range(6)]
    assert bench.consumer.committed == {ZERO: 6}


def test_a_consumer_that_falls_silent_is_ended(bench):
    bench.steps(30)
    bench.consumer.logs[ZERO].append(bench.consumer.logs[ZERO][0])
    bench.consumer.silent = True
    with pytest.raises(Stalled, match="1 records wait"):
        bench.steps(1000)
    assert bench.clock.now == pytest.approx(1000 + STALL_SECONDS, abs=10)


def test_waiting_for_clickhouse_is_no_silence(bench):
    bench.writer.errors = [NetworkError("gone")] * 1000
    bench.steps(3000)
    assert bench.clock.now > 1000 + 2 * STALL_SECONDS


def test_a_failed_commit_is_made_up_for(bench):
    bench.consumer.failing_commits = 1
    bench.steps(40)
    assert bench.metrics.retries["commit"] == 1
    assert bench.consumer.committed == {ZERO: 6, ONE: 3}


def test_an_inserted_but_uncommitted_partition_that_is_lost_is_not_committed(bench):
    bench.consumer.failing_commits = 10_000
    bench.steps(5)
    bench.consumer.rebalance()
    bench.consumer.failing_commits = 0
    bench.steps(5)
    assert bench.consumer.committed == {}


def test_finishing_inserts_and_commits_what_is_gathered():
    bench = Bench({ZERO: log(0, 2)}, max_rows=100, max_age=100.0)
    bench.sink.step()
    assert bench.writer.batches == []
    bench.sink.finish()
    assert bench.writer.written() == [(0, 0), (0, 1)]
    assert bench.consumer.committed == {ZERO: 2}


def test_finishing_does_not_wait_for_what_fails(bench):
    bench.writer.errors = [NetworkError("gone")] * 1000
    bench.steps(5)
    attempts = len(bench.writer.attempts)
    bench.sink.finish()
    assert len(bench.writer.attempts) == attempts
    assert bench.consumer.committed == {}


def test_finishing_tries_once():
    bench = Bench({ZERO: log(0, 2)}, max_rows=100, max_age=100.0)
    bench.sink.step()
    bench.writer.errors = [NetworkError("gone")] * 1000
    bench.sink.finish()
    assert bench.metrics.retries == {"weather": 1}
    assert bench.consumer.committed == {}


def test_unknown_lag_is_not_reported(bench):
    bench.consumer.away = True
    bench.steps(40)
    assert bench.metrics.lags == {}
    assert bench.consumer.committed == {ZERO: 6, ONE: 3}


@pytest.fixture
def compared():
    made = Bench({ZERO: log(0, 6), ONE: log(1, 3)}, compared=True)
    made.consumer.take(ZERO, ONE)
    return made


def test_offsets_are_written_beside_the_rows_before_they_are_committed(compared):
    for _ in range(30):
        compared.sink.step()
        for tp, offset in compared.consumer.committed.items():
            assert compared.offsets.kept[Partition(*tp)] >= offset
    assert compared.offsets.kept == {Partition(*ZERO): 6, Partition(*ONE): 3}


def test_each_assignment_is_held_against_the_history_once(compared):
    compared.steps(5)
    compared.consumer.rebalance(ONE)
    compared.steps(5)
    assert compared.offsets.checked == [{Partition(*ZERO), Partition(*ONE)}, {Partition(*ONE)}]


def test_nothing_is_inserted_before_the_history_was_compared(compared):
    compared.offsets.errors = [NetworkError("gone")] * 3
    while compared.offsets.errors:
        compared.sink.step()
        assert compared.writer.attempts == []
    compared.steps(30)
    assert compared.metrics.retries["weather"] == 3
    assert compared.consumer.committed == {ZERO: 6, ONE: 3}


def test_a_history_that_lacks_what_was_read_stops_the_sink_and_nothing_is_inserted(compared):
    gap = Gap(Partition(*ZERO), 20, 50, "the history ends at 20, the group at 50")
    compared.offsets.errors = [HistoryGap([gap])]
    with pytest.raises(HistoryGap, match="ends at 20, the group at 50"):
        compared.steps(5)
    compared.sink.finish()
    assert (compared.writer.attempts, compared.consumer.committed) == ([], {})


def test_a_history_that_comes_back_as_an_older_one_gets_nothing_more(compared):
    """The sink ran through it: what it would write on would hide what lies between."""
    compared.steps(3)
    before = compared.consumer.committed.copy()
    written = len(compared.writer.attempts)
    compared.consumer.logs = {**compared.consumer.logs, ZERO: log(0, 12)}
    compared.offsets.lost = Gap(Partition(*ZERO), 0, 4, "the history ends at 0, and had come to 4")
    with pytest.raises(HistoryGap, match="had come to 4"):
        compared.steps(60)
    assert len(compared.writer.attempts) == written
    assert compared.consumer.committed == before


def test_an_insert_whose_offsets_are_not_written_is_not_committed(compared):
    """To write them again is harmless; to commit without them would be a gap."""
    keep, compared.offsets.keep = compared.offsets.keep, lambda _: (_ for _ in ()).throw(OSError)
    compared.steps(5)
    assert compared.consumer.committed == {}
    compared.offsets.keep = keep
    compared.steps(60)
    assert compared.consumer.committed == {ZERO: 6, ONE: 3}
