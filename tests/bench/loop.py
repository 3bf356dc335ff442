"""The same work without our runtime: `python -m tests.bench.loop plain|transactions TASK`.

A bare confluent-kafka loop: read, let each partition's logic work, write, commit. It knows no
rebalance, restores nothing, and without transactions a crash leaves it wrong: it is the limit that
the worker is measured against, not a way to do it.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Final, Protocol

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from schemas import topics
from streams.runtime import memory
from streams.runtime.ports import Chunk, InputTopic
from tests.bench.task import Meter, Task, bench_metrics, bench_rules, partition_logic, report

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from confluent_kafka import Message

    from streams.runtime.logic import CasePartition
    from streams.runtime.ports import Batch

BATCH: Final = 8000
"""Records a turn."""
WAIT: Final = 0.05
TIMEOUT: Final = 30.0
COMMIT_EVERY: Final = 1.0

Written = dict[int, "Batch"]
"""What each partition has to write."""


class Output(Protocol):
    """How a turn's records become durable."""

    def write(self, batches: Written, consumer: Consumer, read: Sequence[TopicPartition]) -> None:
        """Write all of it, and see to it that the offsets are committed."""

    def flush(self) -> None:
        """Return when everything is durable."""


class Plain:
    """An idempotent producer; a flush and a commit now and then, so that no turn waits."""

    def __init__(self, task: Task) -> None:
        self._producer = Producer(_producer(task))
        self._committed = time.monotonic()

    def write(self, batches: Written, consumer: Consumer, _read: Sequence[TopicPartition]) -> None:
        _produce(self._producer, batches)
        self._producer.poll(0)
        if time.monotonic() - self._committed > COMMIT_EVERY:
            self.flush()
            consumer.commit(asynchronous=True)
            self._committed = time.monotonic()

    def flush(self) -> None:
        if self._producer.flush(TIMEOUT):
            raise TimeoutError("the broker took too long")


class Transactions:
    """One transactional producer, the offsets within its transactions."""

    def __init__(self, task: Task) -> None:
        self._producer = Producer({**_producer(task), "transactional.id": task.group})
        self._producer.init_transactions(TIMEOUT)

    def write(self, batches: Written, consumer: Consumer, read: Sequence[TopicPartition]) -> None:
        self._producer.begin_transaction()
        _produce(self._producer, batches)
        offsets = consumer.position(list(read))
        self._producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata())
        self._producer.commit_transaction(TIMEOUT)

    def flush(self) -> None:
        """Nothing is left open by a turn."""


OUTPUTS: Final[dict[str, type[Plain | Transactions]]] = {
    "plain": Plain,
    "transactions": Transactions,
}


def run(task: Task, output: Output) -> None:
    """Read the log to its end, and report."""
    consumer = Consumer(_consumer(task))
    consumer.subscribe([topic.name for topic in topics.INPUTS])
    logics = _logics(task)
    meter, done = Meter(task.records), False
    memory.settle()
    while not done:
        messages = consumer.consume(BATCH, WAIT)
        if not messages:
            continue
        meter.begin()
        read = [*chunks_of(messages)]
        for chunk in read:
            logics[chunk.partition].apply(chunk)
        batches = {number: logics[number].take() for number in {c.partition for c in read}}
        output.write(batches, consumer, [TopicPartition(c.topic, c.partition) for c in read])
        written = sum(len(batch.outputs) + len(batch.state) for batch in batches.values())
        done = meter.durable(len(messages), written)
    output.flush()
    report(meter.read())
    consumer.close()


def _logics(task: Task) -> list[CasePartition]:
    rules = bench_rules()
    metrics = bench_metrics(rules)
    numbers = range(task.partitions)
    logics = [partition_logic(number, task.partitions, rules, metrics) for number in numbers]
    for logic in logics:
        logic.restored({topic.name: InputTopic(None, 0, 0) for topic in topics.INPUTS})
    return logics


def chunks_of(messages: Sequence[Message]) -> Iterable[Chunk]:
    """Sort records by topic and partition, each in order."""
    found: dict[tuple[str, int], tuple[list[Any], ...]] = {}
    for message in messages:
        if message.error() is not None:
            raise KafkaException(message.error())
        place = message.topic(), message.partition()
        columns = found.get(place)
        if columns is None:
            columns = found[place] = ([], [], [], [], [])
        offsets, keys, values, timestamps, headers = columns
        offsets.append(message.offset())
        keys.append(message.key())
        values.append(message.value())
        timestamps.append(message.timestamp()[1])
        headers.append(message.headers() or ())
    for (topic, partition), columns in found.items():
        yield Chunk(topic, partition, *columns)


def _produce(producer: Producer, batches: Written) -> None:
    for number, batch in batches.items():
        for topic, partition, key, value, headers in batch.outputs:
            place = -1 if partition is None else partition
            producer.produce(topic, value, key, place, on_delivery=_delivered, headers=headers)
        for key, value in batch.state:
            producer.produce(topics.CASE_STATE.name, value, key, number, on_delivery=_delivered)


def _delivered(error: object, _message: object) -> None:
    if error is not None:
        raise RuntimeError(f"a record was refused: {error}")


def _producer(task: Task) -> dict[str, Any]:
    return {
        "bootstrap.servers": task.bootstrap,
        "enable.idempotence": True,
        "partitioner": "murmur2_random",
        "linger.ms": 1,
        "compression.type": "lz4",
        "message.max.bytes": topics.CASE_STATE.max_message_bytes,
        "queue.buffering.max.messages": 1_000_000,
        "delivery.report.only.error": True,
    }


def _consumer(task: Task) -> dict[str, Any]:
    return {
        "bootstrap.servers": task.bootstrap,
        "group.id": task.group,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "queued.min.messages": 100_000,
        "fetch.queue.backoff.ms": 5,
        "fetch.wait.max.ms": 50,
    }


def main(output: str, argument: str) -> int:
    task = Task.from_argument(argument)
    run(task, OUTPUTS[output](task))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
