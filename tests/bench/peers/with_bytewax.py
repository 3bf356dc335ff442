"""On bytewax: `python -m tests.bench.peers.with_bytewax TASK`.

A stateful batch operator keyed by partition, as its manual has it for custom state; the records of
one poll come together, what they cause goes out through its Kafka sink, which waits for the broker
after each batch. Without a recovery store no progress is kept: a restart begins with the first
record. The sink takes no partition: the case's number chooses it, as Java's client would.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic
from bytewax.testing import run_main

from schemas import topics
from tests.bench.peers.common import Task, Work, end

if TYPE_CHECKING:
    from collections.abc import Callable


class Judge(StatefulBatchLogic):
    """One partition."""

    def __init__(self, work: Work) -> None:
        self.work = work

    def on_batch(self, values: list[Any]) -> tuple[list[Any], bool]:
        partition = values[0].partition
        batch = self.work.many(partition, values)
        out = [KafkaSinkMessage(key=o.key, value=o.value, topic=o.topic) for o in batch.outputs]
        out += [self.state(partition, key, value) for key, value in batch.state]
        self.work.meter.durable(len(values), len(out))
        return out, False

    def state(self, _partition: int, key: bytes, value: bytes | None) -> Any:
        """Give what goes on of a state."""
        return KafkaSinkMessage(key=key, value=value, topic=topics.CASE_STATE.name)

    def snapshot(self) -> None:
        return None


def judging(task: Task, make: Callable[[], Judge]) -> tuple[Dataflow, Any]:
    """Make the flow up to what the judges give."""
    flow = Dataflow("bench")
    source = KafkaSource(
        [task.bootstrap], [topic.name for topic in topics.INPUTS], tail=False, batch_size=4000
    )
    read = op.input("read", flow, source)
    keyed = op.key_on("by_partition", read, lambda message: str(message.partition))
    judged = op.stateful_batch("judge", keyed, lambda _: make())
    return flow, op.map("bare", judged, lambda pair: pair[1])


def write(task: Task, out: Any) -> None:
    """Let records out to Kafka."""
    config = {
        "linger.ms": "1", "compression.type": "lz4", "enable.idempotence": "true",
        "queue.buffering.max.messages": "1000000", "partitioner": "murmur2_random",
    }  # fmt: skip
    op.output("write", out, KafkaSink([task.bootstrap], None, add_config=config))


def main(argument: str) -> None:
    task = Task.from_argument(argument)
    work = Work(task)
    flow, out = judging(task, lambda: Judge(work))
    write(task, out)
    run_main(flow)
    end(work.meter)


if __name__ == "__main__":
    main(sys.argv[1])
