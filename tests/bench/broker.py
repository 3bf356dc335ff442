"""The bench's topics on the broker: made, filled with the log, emptied, read back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from schemas import topics
from schemas.verdicts import CaseRecord, MoveRecord, decode
from streams.runtime.logic import RESERVED
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from confluent_kafka import Message

    from schemas.topics import Topic
    from tests.bench.hall import Log

TIMEOUT: Final = 30.0
DERIVED: Final = tuple(
    topic for topic in topics.ALL if topic.co_partitioned and topic not in topics.INPUTS
)


class Outcome(NamedTuple):
    """What a run left behind, as far as it may not depend on how the log was cut into batches."""

    events: int
    cases: dict[str, tuple[Any, ...]]
    """Of each case: what is known of it, and each clock's start, due moment and stop."""
    cards: frozenset[str]


class Broker:
    """A broker that holds the log, and a run's outputs until the next."""

    def __init__(self, bootstrap: str, partitions: int) -> None:
        self.bootstrap, self.partitions = bootstrap, partitions
        self._admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 2})

    def fill(self, log: Log) -> None:
        """Make the input topics and put the log in."""
        self._create(topics.INPUTS)
        # Idempotent, so that a retry changes no order: a tick counts on the offsets before it.
        producer = Producer(
            {
                "bootstrap.servers": self.bootstrap,
                "enable.idempotence": True,
                "linger.ms": 20,
                "log_level": 3,  # a broker that has just started lets it try twice
            }
        )
        for partition, (steps, ticks) in enumerate(zip(log.steps, log.ticks, strict=True)):
            for event in steps:
                key = event.case_no.encode()
                self._produce(producer, topics.STEPS.name, event.value, key, partition)
            for tick in ticks:
                self._produce(producer, topics.TICKS.name, tick, None, partition)
        if producer.flush(TIMEOUT):
            raise TimeoutError("the broker does not take the log")

    def empty_outputs(self) -> None:
        """Make the topics that a run writes anew."""
        old = self._known()
        if old:
            for deleted in self._admin.delete_topics(old).values():
                deleted.result(TIMEOUT)
        eventually(lambda: not self._known(), TIMEOUT)
        self._create(DERIVED)

    def outcome(self) -> Outcome:
        """Read back what a run has committed."""
        latest: dict[str, CaseRecord] = {}
        for message in self._read(topics.CASES):
            record = decode(message.value(), CaseRecord)
            known = latest.get(record.case_no)
            if known is None or known.revision < record.revision:
                latest[record.case_no] = record
        moves = [decode(message.value(), MoveRecord) for message in self._read(topics.VERDICTS)]
        return Outcome(
            sum(not message.key().startswith(RESERVED) for message in self._read(topics.EVENTS)),
            {case_no: _facts(record) for case_no, record in latest.items()},
            frozenset(move.card_id for move in moves),
        )

    def _known(self) -> list[str]:
        known = self._admin.list_topics(timeout=TIMEOUT).topics
        return [topic.name for topic in DERIVED if topic.name in known]

    def _create(self, wanted: Sequence[Topic]) -> None:
        new = [NewTopic(t.name, self.partitions, 1, config=t.config()) for t in wanted]
        for made in self._admin.create_topics(new).values():
            made.result(TIMEOUT)

    @staticmethod
    def _produce(
        producer: Producer, topic: str, value: bytes, key: bytes | None, partition: int
    ) -> None:
        while True:
            try:
                producer.produce(topic, value, key, partition)
            except BufferError:
                producer.poll(0.05)
            else:
                return

    def _read(self, topic: Topic) -> Iterator[Message]:
        consumer = Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": "bench-outcome",
                "enable.partition.eof": True,
                "enable.auto.commit": False,
            }
        )
        consumer.assign([TopicPartition(topic.name, n, 0) for n in range(self.partitions)])
        open_, deadline = self.partitions, time.monotonic() + 4 * TIMEOUT
        while open_:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{topic.name} cannot be read to its end")
            for message in consumer.consume(10_000, 0.1):
                error = message.error()
                if error is None:
                    yield message
                elif error.code() == KafkaError._PARTITION_EOF:
                    open_ -= 1
                elif not error.retriable():
                    raise KafkaException(error)
        consumer.close()


def _facts(record: CaseRecord) -> tuple[Any, ...]:
    clocks = [(c.clock_id, c.started_at, c.due_at, c.stopped_at) for c in record.clocks]
    happened = (record.received_at, record.accepted_at, record.decided_at, record.finished_at)
    return (record.events, happened, record.outcome, record.step, clocks)
