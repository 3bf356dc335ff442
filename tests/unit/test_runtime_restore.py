"""Restoring from the changelog, against a consumer that says what the test wants."""

from __future__ import annotations

import confluent_kafka
import pytest

from streams.kafka_access import denial
from streams.runtime.ports import Fatal
from streams.runtime.restore import restore
from tests.fakes import ToyTopics, toy_settings

TOPICS = ToyTopics("t")
EOF = confluent_kafka.KafkaError._PARTITION_EOF


class Record:
    def __init__(self, partition, key=None, value=None, error=None) -> None:
        self._fields = partition, key, value, error

    def topic(self):
        return TOPICS.state

    def partition(self):
        return self._fields[0]

    def key(self):
        return self._fields[1]

    def value(self):
        return self._fields[2]

    def error(self):
        return self._fields[3]


def end(partition):
    return Record(partition, error=confluent_kafka.KafkaError(EOF))


class Consumer:
    def __init__(self, *batches) -> None:
        self.batches = list(batches)
        self.assigned: list = []
        self.closed = False

    def __call__(self, configuration):
        self.configuration = configuration
        return self

    def assign(self, partitions):
        self.assigned = [(tp.topic, tp.partition, tp.offset) for tp in partitions]

    def consume(self, _count, _wait):
        return self.batches.pop(0) if self.batches else []

    def close(self):
        self.closed = True


class Log:
    """A logic that keeps what it is given."""

    def __init__(self) -> None:
        self.given: list = []

    def restore(self, key, value):
        self.given.append((key, value))


def run(consumer, tmp_path, abandoned=lambda: False, **settings):
    logics = {0: Log(), 2: Log()}
    count = restore(toy_settings("b:1", TOPICS, tmp_path, **settings), logics, abandoned, consumer)
    return count, logics[0].given, logics[2].given


def test_each_partition_gets_its_records_in_order_to_the_end(tmp_path):
    consumer = Consumer(
        [Record(0, b"a", b"1"), Record(2, b"b", b"2"), Record(0, b"a", None), end(0)],
        [],
        [Record(2, b"c", b"3"), end(2)],
    )
    assert run(consumer, tmp_path) == (
        4,
        [(b"a", b"1"), (b"a", None)],
        [(b"b", b"2"), (b"c", b"3")],
    )
    assert consumer.assigned == [("t.state", 0, 0), ("t.state", 2, 0)]
    assert consumer.closed


@pytest.mark.parametrize(("flag", "level"), [(True, "read_committed"), (False, "read_uncommitted")])
def test_what_an_earlier_owner_left_open_is_not_read(flag, level, tmp_path):
    consumer = Consumer([end(0), end(2)])
    run(consumer, tmp_path, read_committed=flag)
    assert consumer.configuration["isolation.level"] == level


def test_an_error_of_the_client_is_no_end(tmp_path):
    trouble = Record(0, error=confluent_kafka.KafkaError(confluent_kafka.KafkaError._TRANSPORT))
    consumer = Consumer([trouble], [Record(0, b"a", b"1"), end(0), end(2)])
    assert run(consumer, tmp_path)[0] == 1


def test_a_topic_that_may_not_be_read_is_fatal_at_once(tmp_path):
    refused = confluent_kafka.KafkaError(confluent_kafka.KafkaError.TOPIC_AUTHORIZATION_FAILED)
    consumer = Consumer([Record(0, error=refused)])
    with pytest.raises(Fatal, match="the state cannot be read") as fatal:
        run(consumer, tmp_path)
    assert denial(fatal.value)
    assert consumer.closed


def test_standing_still_is_fatal_and_says_where_and_why(tmp_path):
    trouble = Record(
        0, error=confluent_kafka.KafkaError(confluent_kafka.KafkaError._TRANSPORT, "no route")
    )
    consumer = Consumer([end(2)], [trouble])
    with pytest.raises(Fatal, match="restoring partitions 0 stood still for 0 s: no route"):
        run(consumer, tmp_path, restore_stall=0.05)
    assert consumer.closed


def test_a_newer_rebalance_ends_it_early(tmp_path):
    consumer = Consumer([Record(0, b"a", b"1")])
    answers = iter([False, True])
    assert run(consumer, tmp_path, abandoned=lambda: next(answers))[0] is None
    assert consumer.closed
