"""Rows gather by partition; a batch is sealed by rows and age, and never changes."""

from __future__ import annotations

import pytest

from schemas import topics
from streams.sink import tables
from streams.sink.batches import Batcher, Partition, without
from tests.support.history import Sent

EVENTS, CASES = topics.EVENTS.name, topics.CASES.name
ROW = (tables.EVENTS, ("x",))


def sent(offset, partition=0, topic=EVENTS):
    return Sent(topic, b"{}", partition=partition, offset=offset)


@pytest.fixture
def batcher():
    return Batcher(max_rows=3, max_age=1.0)


def test_nothing_is_due_and_nothing_sealed_at_first(batcher):
    assert not batcher.due(1e9)
    assert batcher.seal() is None


def test_rows_make_it_due(batcher):
    batcher.add(sent(0), [ROW, ROW], now=10.0)
    assert not batcher.due(10.0)
    batcher.add(sent(1), [ROW], now=10.0)
    assert batcher.due(10.0)


def test_age_of_the_oldest_makes_it_due(batcher):
    batcher.add(sent(0), [ROW], now=10.0)
    batcher.add(sent(1), [], now=10.9)
    assert not batcher.due(10.99)
    assert batcher.due(11.0)


def test_a_record_without_rows_still_moves_the_offset(batcher):
    batcher.refuse(sent(7), "no JSON", now=0.0)
    batch = batcher.seal()
    assert batch.offsets == {Partition(EVENTS, 0): 8}
    assert [(r.record.offset, r.what, r.why) for r in batch.refused] == [(7, EVENTS, "no JSON")]
    assert not batch.entries


def test_a_sealed_batch_has_all_tables_in_their_order_and_the_next_offsets(batcher):
    case, clock = (tables.CASES, ("c",)), (tables.CLOCKS, ("k",))
    batcher.add(sent(4, topic=CASES), [case, clock], now=0.0)
    batcher.add(sent(2, 1), [ROW], now=0.0)
    batcher.add(sent(3, 1), [ROW], now=0.0)
    batch = batcher.seal()
    assert [table.name for table in batch.entries] == ["events", "clocks", "cases"]
    assert batch.offsets == {Partition(CASES, 0): 5, Partition(EVENTS, 1): 4}
    assert batch.records_of(EVENTS) == 2
    assert batch.records_of(CASES) == 1


def test_sealing_begins_anew(batcher):
    batcher.add(sent(0), [ROW] * 3, now=0.0)
    first = batcher.seal()
    batcher.add(sent(1), [ROW], now=5.0)
    assert len(first.entries[tables.EVENTS]) == 3
    assert not batcher.due(5.9)
    assert batcher.due(6.0)
    assert batcher.seal().offsets == {Partition(EVENTS, 0): 2}


def test_what_came_from_a_revoked_partition_is_forgotten(batcher):
    batcher.add(sent(0, 0), [ROW, ROW], now=0.0)
    batcher.add(sent(0, 1), [ROW], now=0.0)
    batcher.forget([Partition(EVENTS, 0), Partition(EVENTS, 9)])
    assert not batcher.due(0.5)
    assert batcher.records_of(EVENTS) == 1
    assert batcher.seal().offsets == {Partition(EVENTS, 1): 1}


def test_age_begins_anew_when_all_is_forgotten(batcher):
    batcher.add(sent(0), [ROW], now=0.0)
    batcher.forget([Partition(EVENTS, 0)])
    assert not batcher.due(99.0)
    batcher.add(sent(0), [ROW], now=99.0)
    assert not batcher.due(99.9)


def test_a_sealed_batch_loses_only_what_was_revoked(batcher):
    batcher.add(sent(0, 0), [ROW], now=0.0)
    batcher.refuse(sent(1, 0), "bad", now=0.0)
    batcher.add(sent(0, 1), [ROW], now=0.0)
    batch = batcher.seal()
    left = without(batch, [Partition(EVENTS, 0)])
    assert left.offsets == {Partition(EVENTS, 1): 1}
    assert [entry.record.partition for entry in left.entries[tables.EVENTS]] == [1]
    assert left.refused == ()
    assert left.records_of(EVENTS) == 1
    assert without(batch, [Partition(CASES, 0)]) is batch
    assert without(batch, list(batch.offsets)) is None
